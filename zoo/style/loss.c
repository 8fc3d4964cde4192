/* loss.c - content, style and smoothness as graph. */
#include "zoo/style/style.h"

#include <stdio.h>

/* Gram matrix of features [1, h, w, c]: [c, c], F^T F / (c h w). With a mask m ([1, h, w, 1]) only
 * what lies where it is white counts: (m F)^T (m F) / (c sum m^2). */
ad_node *style_gram(ad_node *features, ad_node *mask)
{
    ad_shape s = ad_node_shape(features);
    double channels = (double)s.dim[3];
    ad_node *flat, *gram, *area;
    if (mask) features = ad_mul(features, mask);
    flat = ad_reshape(features, ad_shape(-1, s.dim[3]));
    gram = ad_matmul_with(flat, flat, (ad_matmul_options){.transpose_a = true});
    if (!mask) return ad_mul_scalar(gram, 1 / (channels * (double)s.dim[1] * (double)s.dim[2]));
    area = ad_add_scalar(ad_sum(ad_square(mask), AD_ALL_AXES, false),
                         1e-6); /* an all-black mask divides by 0 */
    return ad_mul_scalar(ad_div(gram, area), 1 / channels);
}

/* The mask at a layer's resolution. */
static ad_node *mask_at(ad_node *mask, ad_node *features)
{
    ad_shape s = ad_node_shape(features);
    return mask ? ad_adaptive_avg_pool2d(mask, s.dim[1], s.dim[2]) : NULL;
}

/* What each pixel's next one along an axis has more than it; 0 for the last. */
static ad_node *difference(ad_node *x, int axis)
{
    const int64_t before[AD_MAX_RANK] = {0};
    int64_t after[AD_MAX_RANK] = {0}, size = ad_node_shape(x).dim[axis];
    ad_node *next = ad_slice(x, axis, 1, size, 1);
    after[axis] = 1;
    return ad_pad(ad_sub(next, ad_slice(x, axis, 0, size - 1, 1)), before, after, 0);
}

/* Both differences under one root (Rudin, Osher & Fatemi 1992): the sum of their magnitudes is
 * least along the axes, and paints bricks. The 0.01 bounds the root's slope where both are 0. */
static ad_node *total_variation(ad_node *x)
{
    ad_node *squares = ad_add(ad_square(difference(x, 1)), ad_square(difference(x, 2)));
    return ad_sum(ad_sqrt(ad_add_scalar(squares, 0.01)), AD_ALL_AXES, false);
}

/* The other terms are means, this one is a sum over pixels. It counts as it would in a picture of
 * this many, 512 x 390, so that a weight means the same at every size and scale. */
static const double tv_pixels = 200000;

static ad_node *plus(ad_node *a, ad_node *b)
{
    return a && b ? ad_add(a, b) : a ? a : b;
}

ad_node *style_smoothness(const style_settings *settings, ad_node *image)
{
    ad_shape s = ad_node_shape(image);
    if (!(settings->tv_weight > 0)) return NULL;
    double weight = settings->tv_weight * tv_pixels / (double)(s.dim[0] * s.dim[1] * s.dim[2]);
    return ad_name(ad_mul_scalar(total_variation(image), weight), "loss.tv");
}

/* How far the picture is from the frame before, where that is to be trusted. */
static ad_node *drift(const style_settings *settings, ad_node *image, const style_scene *scene)
{
    ad_graph *graph = ad_node_graph(image);
    ad_shape s = ad_node_shape(image);
    if (!scene || !scene->before || !(settings->temporal_weight > 0)) return NULL;
    ad_node *before = ad_constant(graph, AD_F32, s, scene->before->data);
    ad_node *trust = ad_constant(graph, AD_F32, ad_shape(1, s.dim[1], s.dim[2], 1), scene->trust);
    ad_node *off = ad_mul(ad_square(ad_sub(image, before)), trust);
    return ad_name(ad_mul_scalar(ad_mean(off, AD_ALL_AXES, false), settings->temporal_weight),
                   "loss.temporal");
}

style_loss style_loss_build(const style_settings *settings, ad_vars *weights, ad_node *image,
                            const style_scene *scene)
{
    const float *mask = scene ? scene->mask : NULL;
    ad_graph *graph = ad_node_graph(image);
    ad_shape s = ad_node_shape(image);
    const char *layers[STYLE_MAX_LAYERS + 1];
    ad_node *features[STYLE_MAX_LAYERS + 1];
    bool content = settings->content_weight > 0;
    int styles = settings->style_weight > 0 ? settings->style_count : 0;
    double scale; /* of features; what is of their second or fourth power grows with that of it */
    style_loss loss = {0};

    for (int i = 0; i < styles; ++i) layers[i] = settings->style_layers[i];
    if (content) layers[styles] = settings->content_layer;
    vision_build(weights, "", settings->backbone, settings->pooling, image, layers,
                 styles + content, features);

    if (content) {
        ad_node *f = features[styles];
        ad_node *target = ad_input(graph, "target.content", AD_F32, ad_node_shape(f));
        ad_node *mean = ad_mean(ad_square(ad_sub(f, target)), AD_ALL_AXES, false);
        scale = vision_feature_scale(settings->backbone, settings->content_layer);
        loss.content = ad_name(ad_mul_scalar(mean, settings->content_weight * scale * scale),
                               "loss.content");
    }
    ad_node *white = NULL;
    if (mask && styles)
        white = ad_constant(graph, AD_F32, ad_shape(1, s.dim[1], s.dim[2], 1), mask);
    for (int i = 0; i < styles; ++i) {
        char name[32];
        snprintf(name, sizeof name, "target.gram%d", i);
        ad_node *gram = ad_name(style_gram(features[i], mask_at(white, features[i])), "gram.%s",
                                layers[i]);
        ad_node *target = ad_input(graph, name, AD_F32, ad_node_shape(gram));
        ad_node *off = ad_sum(ad_square(ad_sub(gram, target)), AD_ALL_AXES, false);
        scale = vision_feature_scale(settings->backbone, layers[i]);
        loss.style = plus(loss.style, ad_mul_scalar(off, scale * scale * scale * scale));
    }
    if (styles) {
        double weight = settings->style_weight * vision_gram_scale(settings->backbone) / styles;
        loss.style = ad_name(ad_mul_scalar(loss.style, weight), "loss.style");
    }
    loss.tv = style_smoothness(settings, image);
    loss.temporal = drift(settings, image, scene);
    loss.total = ad_name(plus(plus(plus(loss.content, loss.style), loss.tv), loss.temporal),
                         "loss");
    return loss;
}
