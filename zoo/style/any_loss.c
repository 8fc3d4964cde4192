/* any_loss.c - see any_loss.h. */
#include "zoo/style/any_loss.h"
#include "zoo/style/style.h"

enum { LOOKED_AT = 4 };

/* [n, ...] -> the mean over n of sum (a - b)^2 / sum b^2. A painting of glaring colours would
 * otherwise count as much as a hundred others. */
static ad_node *relative_error(ad_node *a, ad_node *b)
{
    ad_node *off = ad_flatten(ad_square(ad_sub(a, b)), 1), *size = ad_flatten(ad_square(b), 1);
    off = ad_sum(off, ad_axes(1), false), size = ad_sum(size, ad_axes(1), false);
    return ad_mean(ad_div(off, ad_add_scalar(size, 1e-2)), AD_ALL_AXES, false);
}

/* How far the means and covariances of `seen` are from those of `like`. */
static ad_node *manner_error(ad_node *seen, ad_node *like)
{
    ad_node *mean = ad_mean(seen, ad_axes(1, 2), true), *to = ad_mean(like, ad_axes(1, 2), true);
    return ad_add(
        relative_error(mean, ad_stop_gradient(to)),
        relative_error(style_covariance(seen, mean), ad_stop_gradient(style_covariance(like, to))));
}

static ad_node *content_error(ad_vars *encoder, ad_node *painted, ad_node *const targets[])
{
    ad_node *features[STYLE_ANY_LEVELS], *sum = NULL;
    style_any_encode(encoder, painted, features);
    for (int i = 0; i < STYLE_ANY_LEVELS; ++i) {
        ad_node *term = relative_error(features[i], ad_stop_gradient(targets[i]));
        sum = sum ? ad_add(sum, term) : term;
    }
    return ad_mul_scalar(sum, 1.0 / STYLE_ANY_LEVELS);
}

static ad_node *style_error(ad_vars *encoder, ad_node *painted, ad_node *style)
{
    static const char *const layers[LOOKED_AT] = {"conv1_1", "conv2_1", "conv3_1", "conv4_1"};
    ad_node *like[LOOKED_AT], *seen[LOOKED_AT], *sum = NULL;
    vision_build(encoder, "", VISION_COMPACT, VISION_AVERAGE, style, layers, LOOKED_AT, like);
    vision_build(encoder, "", VISION_COMPACT, VISION_AVERAGE, painted, layers, LOOKED_AT, seen);
    for (int i = 0; i < LOOKED_AT; ++i) {
        ad_node *term = manner_error(ad_relu(seen[i]), ad_relu(like[i]));
        sum = sum ? ad_add(sum, term) : term;
    }
    return ad_mul_scalar(sum, 1.0 / LOOKED_AT);
}

/* Of pixels of 0 to 1: style.h's is 200000 times that of 0 to 255. */
static ad_node *smoothness(ad_node *painted, double weight)
{
    const style_settings settings = {.tv_weight = weight / (200000.0 * 255)};
    return style_smoothness(&settings, painted);
}

style_any_loss style_any_loss_build(ad_vars *encoder, ad_node *style, ad_node *painted,
                                    ad_node *const targets[STYLE_ANY_LEVELS], double content_weight,
                                    double style_weight, double tv_weight)
{
    style_any_loss loss = {0};
    ad_graph *graph = ad_node_graph(painted);
    ad_scope_push(graph, "look");
    loss.content = ad_mul_scalar(content_error(encoder, painted, targets), content_weight);
    loss.style = ad_mul_scalar(style_error(encoder, painted, style), style_weight);
    ad_scope_pop(graph);
    loss.tv = smoothness(painted, tv_weight);
    loss.total = ad_add(loss.content, loss.style);
    if (loss.tv) loss.total = ad_add(loss.total, loss.tv);
    ad_name(loss.total, "loss");
    return loss;
}
