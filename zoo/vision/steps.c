/* steps.c - the steps that rows are made of: convolutions, poolings, linear layers. */
#include "zoo/vision/rows.h"

#include <stdio.h>

const char *vision_path(const vision_site *s, char path[VISION_NAME_BYTES], const char *name,
                        const char *suffix)
{
    snprintf(path, VISION_NAME_BYTES, "%s%s%s%s", s->prefix, name, *suffix ? "." : "", suffix);
    return path;
}

int64_t vision_last_dim(ad_node *x)
{
    ad_shape shape = ad_node_shape(x);
    return shape.rank ? shape.dim[shape.rank - 1] : 0;
}

int64_t vision_channels(const vision_site *s, int channels)
{
    int64_t classes = s->form->classes ? s->form->classes : 1000;
    return channels == VISION_CLASSES ? classes : channels;
}

/* ---- convolutions ---- */

static ad_conv_layer layer_of(const vision_site *s, vision_window w, bool no_bias)
{
    return (ad_conv_layer){
        .kernel = w.kernel,
        .kernel_w = w.kernel_w,
        .conv = {.stride = w.stride, .pad = w.pad, .pad_w = w.pad_w, .groups = w.groups},
        .no_bias = no_bias,
        .reflect = s->network->reflect};
}

ad_node *vision_conv(const vision_site *s, const vision_row *row, ad_node *x)
{
    char path[VISION_NAME_BYTES];
    const vision_window window = {.kernel = row->n[1], .stride = row->n[2], .pad = row->n[3]};
    return ad_conv2d_layer(s->vars, vision_path(s, path, row->weight, ""), x,
                           vision_channels(s, row->n[0]), layer_of(s, window, false));
}

ad_node *vision_activate(const vision_site *s, ad_node *x)
{
    if (s->network->leak > 0) return ad_leaky_relu(x, s->network->leak);
    return s->network->clip > 0 ? ad_clamp(x, 0, s->network->clip) : ad_relu(x);
}

/* TensorFlow's "SAME": as many outputs as ceil(size / stride), and where the pad is odd one more
 * behind than in front. */
static ad_node *pad_as_tensorflow(ad_node *x, vision_window *w)
{
    int64_t before[4] = {0}, after[4] = {0};
    if (ad_node_poisoned(x)) return x;
    for (int axis = 1; axis <= 2; ++axis) {
        int64_t size = ad_node_shape(x).dim[axis], stride = w->stride ? w->stride : 1;
        int64_t pad = ((size + stride - 1) / stride - 1) * stride + w->kernel - size;
        before[axis] = pad > 0 ? pad / 2 : 0;
        after[axis] = pad > 0 ? pad - pad / 2 : 0;
    }
    w->pad = w->pad_w = 0;
    if (before[1] == after[1] && before[2] == after[2] && before[1] == before[2]) {
        w->pad = (int)before[1];
        return x;
    }
    return ad_pad(x, before, after, 0);
}

ad_node *vision_conv_norm(const vision_site *s, const char *name, const char *conv,
                          const char *norm, ad_node *x, int64_t channels, vision_window w)
{
    char path[VISION_NAME_BYTES], full[VISION_NAME_BYTES];
    if (s->network->tf_pad) x = pad_as_tensorflow(x, &w);
    snprintf(full, sizeof full, "%s%s%s", name, *name ? "." : "", conv);
    x = ad_conv2d_layer(s->vars, vision_path(s, path, full, ""), x, channels, layer_of(s, w, true));
    snprintf(full, sizeof full, "%s%s%s", name, *name ? "." : "", norm);
    return ad_batch_norm_layer(s->vars, vision_path(s, path, full, ""), x,
                               (ad_batch_norm_options){.eps = s->network->eps});
}

/* Weights in TensorFlow's order of 2015, [out, kh, kw, in], with the norm folded into them. */
static ad_node *folded(const vision_site *s, const char *name, ad_node *x, int64_t channels,
                       vision_window w)
{
    char path[VISION_NAME_BYTES];
    if (ad_node_poisoned(x)) return x;
    ad_graph *graph = ad_node_graph(x);
    int64_t in = vision_last_dim(x), kernel_w = w.kernel_w ? w.kernel_w : w.kernel;
    const ad_var_options by_fan_in = {
        .init = {.kind = AD_INIT_KAIMING_NORMAL, .fan_in = in * w.kernel * kernel_w}};
    snprintf(path, sizeof path, "%sweights_%s", s->prefix, name);
    ad_node *weight = ad_param(graph, s->vars, path, ad_shape(channels, w.kernel, kernel_w, in),
                               by_fan_in);
    snprintf(path, sizeof path, "%sbias_%s", s->prefix, name);
    ad_node *bias = ad_param(graph, s->vars, path, ad_shape(channels), (ad_var_options){0});
    const ad_conv conv = {.stride = w.stride, .pad = w.pad, .pad_w = w.pad_w};
    weight = ad_permute(weight, (int[]){1, 2, 3, 0});
    return ad_add(ad_conv2d(x, weight, conv), bias);
}

ad_node *vision_unit_at(const vision_site *s, const char *name, ad_node *x, int64_t channels,
                        vision_window w)
{
    const vision_network *n = s->network;
    char path[VISION_NAME_BYTES];
    if (!n->conv_suffix) /* of bias alone */
        return vision_activate(s, n->tf_names
                                      ? folded(s, name, x, channels, w)
                                      : ad_conv2d_layer(s->vars, vision_path(s, path, name, ""), x,
                                                        channels, layer_of(s, w, false)));
    return vision_activate(
        s, vision_conv_norm(s, name, n->conv_suffix, n->norm_suffix, x, channels, w));
}

ad_node *vision_unit(const vision_site *s, const vision_row *row, ad_node *x)
{
    return vision_unit_at(
        s, row->weight, x, row->n[0],
        (vision_window){.kernel = row->n[1], .stride = row->n[2], .pad = row->n[3]});
}

/* ---- the rest ---- */

ad_node *vision_relu(const vision_site *s, const vision_row *row, ad_node *x)
{
    (void)s, (void)row;
    return ad_relu(x);
}

ad_node *vision_pool(const vision_site *s, const vision_row *row, ad_node *x)
{
    const ad_window window = {.size = row->n[0],
                              .stride = row->n[1],
                              .pad = row->n[2],
                              .ceil_mode = row->n[3],
                              .exclude_pad = true};
    return s->pooling == VISION_AVERAGE ? ad_avg_pool2d(x, window) : ad_max_pool2d(x, window);
}

ad_node *vision_adapt(const vision_site *s, const vision_row *row, ad_node *x)
{
    (void)s;
    return ad_adaptive_avg_pool2d(x, row->n[0], row->n[0]);
}

ad_node *vision_mean(const vision_site *s, const vision_row *row, ad_node *x)
{
    (void)s, (void)row;
    return ad_mean(x, ad_axes(1, 2), false);
}

ad_node *vision_flatten(const vision_site *s, const vision_row *row, ad_node *x)
{
    (void)s, (void)row;
    return ad_flatten(ad_permute(x, (int[]){0, 3, 1, 2}), 1);
}

ad_node *vision_linear(const vision_site *s, const vision_row *row, ad_node *x)
{
    char path[VISION_NAME_BYTES];
    return ad_linear(s->vars, vision_path(s, path, row->weight, ""), x,
                     vision_channels(s, row->n[0]), (ad_linear_options){0});
}
