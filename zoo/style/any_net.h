/* any_net.h - the project's own network that paints in the manner of any picture that it is shown:
 * the decoder of Huang & Belongie 2017 ("Arbitrary style transfer in real-time with adaptive
 * instance normalization") for the features of Li et al. 2017 ("Universal style transfer via
 * feature transforms").
 *
 * The encoder f is the compact network of zoo/vision, as it is. The photo's features in relu2_1,
 * relu3_1 and relu4_1 are given the means and covariances that the painting's have (match.h), and a
 * decoder g that was trained for that makes a picture of them:
 *
 *     t_l = WCT(f_l(photo), f_l(painting)),   picture = g(t4, t3, t2)
 *
 * Huang & Belongie have AdaIN, means and deviations, in relu4_1 of the whole VGG-19 alone. Here
 * that layer knows edges, not what is light and what is dark (docs/style.md): the finer ones do,
 * and keep edges where they are; and colours go together as in the painting only by covariances.
 * The decoder has no norms, so that what it does is local. */
#ifndef ZOO_STYLE_ANY_NET_H
#define ZOO_STYLE_ANY_NET_H

#include <autodidact/nn.h>

enum { STYLE_ANY_LEVELS = 3, STYLE_ANY_MULTIPLE = 8, STYLE_ANY_LEAST = 32 };

/* Before their ReLUs: [n, h/2, w/2, 32], [n, h/4, w/4, 64] and [n, h/8, w/8, 128]. */
extern const char *const style_any_layers[STYLE_ANY_LEVELS];

/* image [n, h, w, 3] of 0 to 255; both sides multiples of STYLE_ANY_MULTIPLE. `encoder` has the
 * compact network's weights. */
void style_any_encode(ad_vars *encoder, ad_node *image, ad_node *features[STYLE_ANY_LEVELS]);
/* The features as decoded: AdaIN or what else came of them -> [n, h, w, 3] of 0 to 255, not
 * clamped. `width`: channels at a quarter of the size. Parameters "decoder.conv41.weight", ... are
 * found or declared in `vars`. */
ad_node *style_any_decode(ad_vars *vars, int64_t width, ad_node *const targets[STYLE_ANY_LEVELS]);

/* What style_any_decode takes, as inputs of a graph for pictures of that size: for declaring it. */
void style_any_targets(ad_graph *graph, int64_t rows, int64_t side,
                       ad_node *targets[STYLE_ANY_LEVELS]);

/* The decoder in the binary (zoo/style/any.safetensors). */
ad_status style_any_open_embedded(ad_file **file, ad_context *ctx);

/* Means and deviations of each channel, [n, 1, 1, c]: the variance is of samples (over n - 1), plus
 * 1e-5, as the published networks have it. */
typedef struct style_moments {
    ad_node *mean, *deviation;
} style_moments;
style_moments style_moments_of(ad_node *features);
/* Of a picture that has them, one that has `to`. */
ad_node *style_adain(ad_node *features, style_moments to);

/* Covariances of the channels, [n, c, c], over n - 1. */
ad_node *style_covariance(ad_node *features, ad_node *mean);
/* The same plus a hundredth of the mean variance in every direction, so that what hardly varies in
 * one picture is not blown up to what it is in another. */
ad_node *style_ridge(ad_node *covariance);
/* Of `features` such with the mean and the covariance of `like`, both with that ridge (match.h, by
 * Newton and Schulz's iteration: as graph, for training). */
ad_node *style_wct(ad_node *features, ad_node *like);
#endif
