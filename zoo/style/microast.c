/* microast.c - see microast.h. Parameters have the published names. */
#include "zoo/style/microast.h"
#include "zoo/style/any_net.h"

#include <stdio.h>

enum { C = STYLE_MICROAST_CHANNELS };

/* ---- layers ---- */

static ad_node *convolution(ad_vars *vars, const char *name, ad_node *x, int64_t channels,
                            ad_conv_layer layer)
{
    char path[64];
    snprintf(path, sizeof path, "%s.conv_layer", name);
    layer.conv.pad = layer.kernel / 2, layer.reflect = true;
    return ad_conv2d_layer(vars, path, x, channels, layer);
}

/* A 3 x 3 convolution in groups, of one channel into several or of several into one. Both are what
 * the planner has fast kernels for, convolutions of each channel by itself: of channels that are
 * repeated, or with the sum over each group's channels behind it. */
static ad_node *grouped(ad_vars *vars, const char *name, ad_node *x, int64_t channels, int stride)
{
    char path[64];
    ad_graph *graph = ad_node_graph(x);
    ad_shape s = ad_node_shape(x);
    int64_t inputs = s.dim[3], groups = channels < inputs ? channels : inputs;
    int64_t into = channels / groups, from = inputs / groups, all = groups * into * from;
    ad_shape apart = ad_shape(s.dim[0], s.dim[1], s.dim[2], groups * from, into);
    snprintf(path, sizeof path, "%s.conv_layer.weight", name);
    ad_node *weight = ad_param(graph, vars, path, ad_shape(3, 3, from, channels),
                               (ad_var_options){.layout = AD_LAYOUT_CONV});
    weight = ad_reshape(ad_transpose(weight), ad_shape(3, 3, 1, all));
    x = ad_reshape(x, ad_shape(s.dim[0], s.dim[1], s.dim[2], inputs, 1));
    x = ad_reshape(ad_broadcast(x, apart), ad_shape(s.dim[0], s.dim[1], s.dim[2], all));
    x = ad_pad_reflect(x, (int64_t[]){0, 1, 1, 0}, (int64_t[]){0, 1, 1, 0});
    x = ad_conv2d(x, weight, (ad_conv){.stride = stride, .groups = (int)all});
    s = ad_node_shape(x);
    x = ad_reshape(x, ad_shape(s.dim[0], s.dim[1], s.dim[2], channels, from));
    snprintf(path, sizeof path, "%s.conv_layer.bias", name);
    ad_node *bias = ad_param(graph, vars, path, ad_shape(channels), (ad_var_options){0});
    return ad_add(ad_sum(x, ad_axes(4), false), bias);
}

/* A convolution in groups and one across all channels. */
static ad_node *separable(ad_vars *vars, const char *const names[2], ad_node *x, int64_t inner,
                          int64_t channels, int stride)
{
    x = ad_relu(grouped(vars, names[0], x, inner, stride));
    return ad_relu(convolution(vars, names[1], x, channels, (ad_conv_layer){.kernel = 1}));
}

typedef struct steering {
    ad_node *factor, *addend; /* [1, 1, 1, C] */
} steering;

/* A residual block. Steered, each convolution's y of x becomes factor y + addend x. */
static ad_node *residual(ad_vars *vars, const char *name, ad_node *x, const steering *by)
{
    ad_node *in = x;
    for (int i = 1; i <= 2; ++i) {
        char path[64];
        snprintf(path, sizeof path, "%s.conv%d", name, i);
        ad_node *y = convolution(vars, path, in, C, (ad_conv_layer){.kernel = 3});
        if (by) y = ad_add(ad_mul(y, by->factor), ad_mul(in, by->addend));
        in = i == 1 ? ad_relu(y) : y;
    }
    return ad_add(x, in);
}

static void encode(ad_vars *vars, ad_node *x, ad_node *stages[STYLE_MICROAST_STAGES])
{
    x = ad_relu(convolution(vars, "enc1.0", x, 16, (ad_conv_layer){.kernel = 9}));
    x = separable(vars, (const char *[]){"enc1.2", "enc1.4"}, x, 32, 32, 2);
    x = separable(vars, (const char *[]){"enc1.6", "enc1.8"}, x, 64, 64, 2);
    stages[0] = residual(vars, "enc1.10", x, NULL);
    stages[1] = residual(vars, "enc2.0", stages[0], NULL);
}

/* ---- the painting ---- */

static ad_node *modulation(ad_vars *vars, const char *what, int stage, ad_node *features)
{
    char name[32];
    snprintf(name, sizeof name, "%s%d.0", what, stage + 1);
    ad_conv_layer each = {.kernel = 3, .conv = {.groups = C}};
    return ad_mean(convolution(vars, name, features, C, each), ad_axes(1, 2), true);
}

ad_node *style_microast_look(ad_vars *encoder, ad_vars *modulator, ad_node *image)
{
    ad_node *stages[STYLE_MICROAST_STAGES], *code[4 * STYLE_MICROAST_STAGES];
    encode(encoder, image, stages);
    for (int i = 0; i < STYLE_MICROAST_STAGES; ++i) {
        style_moments of = style_moments_of(stages[i]);
        ad_node **part = code + 4 * i;
        part[0] = of.mean, part[1] = of.deviation;
        part[2] = modulation(modulator, "weight", i, stages[i]);
        part[3] = modulation(modulator, "bias", i, stages[i]);
    }
    ad_node *all = ad_concat(code, 4 * STYLE_MICROAST_STAGES, 3);
    return ad_reshape(all, ad_shape(STYLE_MICROAST_CODE));
}

/* ---- the picture ---- */

static ad_node *part_of(ad_node *code, int stage, int part)
{
    int64_t at = (4 * stage + part) * C;
    return ad_reshape(ad_slice(code, 0, at, at + C, 1), ad_shape(1, 1, 1, C));
}

/* Means and deviations as the painting's at that stage, as far as `strength` says. */
static ad_node *modulate(ad_node *x, ad_node *code, int stage, ad_node *strength)
{
    style_moments to = {part_of(code, stage, 0), part_of(code, stage, 1)};
    return ad_add(x, ad_mul(ad_sub(style_adain(x, to), x), strength));
}

static ad_node *twice(ad_node *x)
{
    ad_shape s = ad_node_shape(x);
    return ad_resize2d(x, 2 * s.dim[1], 2 * s.dim[2], AD_BILINEAR);
}

ad_node *style_microast_paint(ad_vars *encoder, ad_vars *decoder, ad_node *image, ad_node *code,
                              ad_node *strength)
{
    ad_node *stages[STYLE_MICROAST_STAGES], *x;
    encode(encoder, image, stages);
    x = stages[1];
    for (int i = STYLE_MICROAST_STAGES - 1; i >= 0; --i) {
        const steering by = {part_of(code, i, 2), part_of(code, i, 3)};
        x = modulate(x, code, i, strength);
        x = residual(decoder, i ? "dec1" : "dec2", x, &by);
    }
    x = separable(decoder, (const char *[]){"dec3.1", "dec3.3"}, twice(x), 32, 32, 1);
    x = separable(decoder, (const char *[]){"dec3.6", "dec3.8"}, twice(x), 16, 16, 1);
    return convolution(decoder, "dec3.10", x, 3, (ad_conv_layer){.kernel = 9});
}
