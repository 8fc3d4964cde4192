/* any_net.c - see any_net.h. */
#include "zoo/style/any_net.h"
#include "zoo/vision/backbone.h"

#include <math.h>
#include <stdio.h>

const char *const style_any_layers[STYLE_ANY_LEVELS] = {"conv2_1", "conv3_1", "conv4_1"};

/* Means where the network was trained with maxima: they lose no pixel, which shows in films, and
 * leave no specks (docs/style.md). */
void style_any_encode(ad_vars *encoder, ad_node *image, ad_node *features[STYLE_ANY_LEVELS])
{
    vision_build(encoder, "", VISION_COMPACT, VISION_AVERAGE, image, style_any_layers,
                 STYLE_ANY_LEVELS, features);
    for (int i = 0; i < STYLE_ANY_LEVELS; ++i) features[i] = ad_relu(features[i]);
}

/* ---- statistics ---- */

static const double eps = 1e-5;

/* Pixels of a picture over those that its variance is free in. */
static double bessel(ad_node *features)
{
    ad_shape s = ad_node_shape(features);
    double n = (double)(s.dim[1] * s.dim[2]);
    return n > 1 ? n / (n - 1) : 1;
}

style_moments style_moments_of(ad_node *x)
{
    ad_node *mean = ad_mean(x, ad_axes(1, 2), true);
    ad_node *variance = ad_mean(ad_square(ad_sub(x, mean)), ad_axes(1, 2), true);
    variance = ad_add_scalar(ad_mul_scalar(variance, bessel(x)), eps);
    return (style_moments){mean, ad_sqrt(variance)};
}

ad_node *style_adain(ad_node *x, style_moments to)
{
    double free = bessel(x);
    ad_node *plain = ad_normalize(x, ad_axes(1, 2), eps / free);
    plain = ad_mul_scalar(plain, 1 / sqrt(free));
    return ad_add(ad_mul(plain, to.deviation), to.mean);
}

ad_node *style_covariance(ad_node *x, ad_node *mean)
{
    ad_shape s = ad_node_shape(x);
    int64_t pixels = s.dim[1] * s.dim[2];
    ad_node *rows = ad_reshape(ad_sub(x, mean), ad_shape(s.dim[0], pixels, s.dim[3]));
    ad_node *sum = ad_matmul_with(rows, rows, (ad_matmul_options){.transpose_a = true});
    return ad_mul_scalar(sum, 1 / (double)(pixels > 1 ? pixels - 1 : 1));
}

/* [1, c, c] */
static ad_node *identity(ad_graph *graph, int64_t c)
{
    const ad_shape shape = ad_shape(1, c, c);
    ad_node *same = ad_equal(ad_iota(graph, AD_I32, shape, 1), ad_iota(graph, AD_I32, shape, 2));
    return ad_where(same, ad_fill(graph, AD_F32, shape, 1), ad_fill(graph, AD_F32, shape, 0));
}

ad_node *style_ridge(ad_node *covariance)
{
    static const double part = 0.01;
    int64_t c = ad_node_shape(covariance).dim[2];
    ad_node *one = identity(ad_node_graph(covariance), c);
    ad_node *trace = ad_sum(ad_mul(covariance, one), ad_axes(1, 2), true);
    return ad_add(covariance, ad_mul(one, ad_mul_scalar(trace, part / (double)c)));
}

/* a^(1/2) and a^(-1/2) [n, c, c] (Higham 2008, "Functions of matrices", section 6.3). Each step
 * takes the root of an eigenvalue that is small 1.5 times nearer; the ridge says how small. */
static void roots(ad_node *a, ad_node **root, ad_node **inverse)
{
    enum { STEPS = 15 };
    int64_t c = ad_node_shape(a).dim[2];
    ad_node *one = identity(ad_node_graph(a), c);
    a = ad_add(a, ad_mul_scalar(one, 1e-6));
    ad_node *norm = ad_sqrt(ad_sum(ad_square(a), ad_axes(1, 2), true));
    ad_node *y = ad_div(a, norm), *z = one;
    for (int i = 0; i < STEPS; ++i) {
        ad_node *product = i ? ad_matmul(z, y) : y;
        ad_node *turn = ad_mul_scalar(ad_sub(ad_mul_scalar(one, 3), product), 0.5);
        y = ad_matmul(y, turn), z = i ? ad_matmul(turn, z) : turn;
    }
    *root = ad_mul(y, ad_sqrt(norm)), *inverse = ad_mul(z, ad_rsqrt(norm));
}

ad_node *style_wct(ad_node *x, ad_node *like)
{
    ad_shape s = ad_node_shape(x);
    ad_node *mean = ad_mean(x, ad_axes(1, 2), true), *to = ad_mean(like, ad_axes(1, 2), true);
    ad_node *colour, *white, *unused;
    roots(style_ridge(style_covariance(x, mean)), &unused, &white);
    roots(style_ridge(style_covariance(like, to)), &colour, &unused);
    ad_node *rows = ad_reshape(ad_sub(x, mean), ad_shape(s.dim[0], s.dim[1] * s.dim[2], s.dim[3]));
    return ad_add(ad_reshape(ad_matmul(rows, ad_matmul(white, colour)), s), to);
}

/* ---- the decoder ---- */

static ad_node *convolution(ad_vars *vars, const char *number, ad_node *x, int64_t channels)
{
    char name[32];
    snprintf(name, sizeof name, "decoder.conv%s", number);
    /* PyTorch's default would let eight layers fade to one colour, which takes long to unlearn */
    ad_conv_layer layer = {
        .kernel = 3, .conv = {.pad = 1}, .reflect = true, .init = {.kind = AD_INIT_KAIMING_NORMAL}};
    return ad_name(ad_conv2d_layer(vars, name, x, channels, layer), "%s", name);
}

static ad_node *twice(ad_node *x)
{
    ad_shape s = ad_node_shape(x);
    return ad_resize2d(x, 2 * s.dim[1], 2 * s.dim[2], AD_NEAREST);
}

ad_node *style_any_decode(ad_vars *vars, int64_t width, ad_node *const targets[STYLE_ANY_LEVELS])
{
    /* Colours of 0 to 255 from numbers of about 1: Adam's steps are of one size. */
    static const double middle = 116, spread = 64;
    ad_node *x = twice(ad_relu(convolution(vars, "41", targets[2], width)));
    x = ad_concat((ad_node *[]){x, targets[1]}, 2, 3);
    x = ad_relu(convolution(vars, "33", x, width));
    x = ad_relu(convolution(vars, "32", x, width));
    x = twice(ad_relu(convolution(vars, "31", x, width / 2)));
    x = ad_concat((ad_node *[]){x, targets[0]}, 2, 3);
    x = ad_relu(convolution(vars, "22", x, width / 2));
    x = twice(ad_relu(convolution(vars, "21", x, width / 4)));
    x = ad_relu(convolution(vars, "12", x, width / 4));
    return ad_add_scalar(ad_mul_scalar(convolution(vars, "11", x, 3), spread), middle);
}

void style_any_targets(ad_graph *graph, int64_t rows, int64_t side,
                       ad_node *targets[STYLE_ANY_LEVELS])
{
    static const char *const names[STYLE_ANY_LEVELS] = {"relu2_1", "relu3_1", "relu4_1"};
    for (int i = 0; i < STYLE_ANY_LEVELS; ++i) {
        int64_t at = side >> (i + 1), channels = (int64_t)32 << i;
        targets[i] = ad_input(graph, names[i], AD_F32, ad_shape(rows, at, at, channels));
    }
}
