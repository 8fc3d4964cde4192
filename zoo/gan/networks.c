/* networks.c - generators and discriminators.
 *
 * Weights begin as PyTorch's layers do. Names count the layers of each network as a sequence, norms
 * and activations included, as PyTorch's Sequential does. */
#include "zoo/gan/gan.h"

#include <stdio.h>

#define GENERATOR     "generator."
#define DISCRIMINATOR "discriminator."
enum { NAME = 48 };
static const double slope = 0.2; /* of leaky ReLUs */

static const char *layer(char name[NAME], const char *network, int index)
{
    snprintf(name, NAME, "%snet.%d", network, index);
    return name;
}

/* x [n, width] with the class behind it, where there is one. */
static ad_node *beside(ad_node *x, ad_node *class)
{
    ad_node *both[2] = {x, class};
    return class ? ad_concat(both, 2, 1) : x;
}

/* ---- linear layers ---- */

/* [n, latent] -> width / 4 -> width / 2 -> width -> the picture's values */
static ad_node *generate_linear(const gan_model *m, ad_vars *vars, ad_node *h, ad_mode *mode)
{
    char name[NAME];
    int64_t values = m->height * m->breadth * m->channels, n = ad_node_shape(h).dim[0];
    for (int i = 0; i < 3; ++i) {
        h = ad_linear(vars, layer(name, GENERATOR, 3 * i), h, m->width >> (2 - i),
                      (ad_linear_options){0});
        h = ad_mode_batch_norm(mode, vars, layer(name, GENERATOR, 3 * i + 1), h);
        h = ad_leaky_relu(h, slope);
    }
    h = ad_tanh(ad_linear(vars, layer(name, GENERATOR, 9), h, values, (ad_linear_options){0}));
    return ad_reshape(h, ad_shape(n, m->height, m->breadth, m->channels));
}

/* [n, values] -> width / 2 -> width / 4 -> 1 */
static ad_node *judge_linear(const gan_model *m, ad_vars *vars, ad_node *h)
{
    char name[NAME];
    for (int i = 0; i < 2; ++i) {
        h = ad_linear(vars, layer(name, DISCRIMINATOR, 2 * i), h, m->width >> (1 + i),
                      (ad_linear_options){0});
        h = ad_leaky_relu(h, slope);
    }
    return ad_linear(vars, layer(name, DISCRIMINATOR, 4), h, 1, (ad_linear_options){0});
}

/* ---- convolutions of 4 x 4 in steps of 2 ---- */

static const ad_conv_layer convolution = {
    .kernel = 4, .conv = {.stride = 2, .pad = 1}, .no_bias = true};

/* [n, latent] -> [n, base, base, width] -> [n, 2 base, 2 base, width / 2] -> ... -> the picture */
static ad_node *generate_convolutions(const gan_model *m, ad_vars *vars, ad_node *z, ad_node *class,
                                      ad_mode *mode)
{
    char name[NAME];
    int doublings = gan_doublings(m->height);
    int64_t base = m->height >> doublings, n = ad_node_shape(z).dim[0];
    ad_node *h = ad_linear(vars, GENERATOR "linear", beside(z, class), m->width * base * base,
                           (ad_linear_options){0});
    /* the layer's outputs are channel by channel, as in PyTorch */
    h = ad_permute(ad_reshape(h, ad_shape(n, m->width, base, base)), (int[]){0, 2, 3, 1});
    for (int i = 0; i < doublings - 1; ++i) {
        h = ad_conv2d_transposed_layer(vars, layer(name, GENERATOR, 3 * i), h, m->width >> (i + 1),
                                       0, convolution);
        h = ad_relu(gan_norm(mode, vars, layer(name, GENERATOR, 3 * i + 1), h, class));
    }
    return ad_tanh(ad_conv2d_transposed_layer(vars, layer(name, GENERATOR, 3 * doublings - 3), h,
                                              m->channels, 0, convolution));
}

/* [n, side, side, channels] -> [n, side / 2, side / 2, ...] -> ... -> [n, base, base, width] -> 1
 */
static ad_node *judge_convolutions(const gan_model *m, ad_vars *vars, ad_node *h, ad_node *class,
                                   ad_mode *mode)
{
    char name[NAME];
    int doublings = gan_doublings(m->height), index = 0;
    for (int i = 0; i < doublings; ++i) {
        h = ad_conv2d_layer(vars, layer(name, DISCRIMINATOR, index++), h,
                            m->width >> (doublings - 1 - i), convolution);
        if (i && !m->plain)
            h = ad_mode_batch_norm(mode, vars, layer(name, DISCRIMINATOR, index++), h);
        h = ad_leaky_relu(h, slope);
        ++index;
    }
    const ad_conv_layer last = {.kernel = (int)(m->height >> doublings), .no_bias = true};
    ad_node *logits = ad_conv2d_layer(vars, layer(name, DISCRIMINATOR, index), h, 1, last);
    logits = ad_reshape(logits, ad_shape(ad_node_shape(h).dim[0]));
    if (!class) return logits;
    int64_t classes = ad_node_shape(class).dim[1];
    return gan_project(logits, ad_conv2d_layer(vars, DISCRIMINATOR "classes", h, classes, last),
                       class);
}

/* ---- which ---- */

ad_node *gan_generate(const gan_model *m, ad_vars *vars, ad_node *z, ad_node *class, ad_mode *mode)
{
    if (m->kind == GAN_DCGAN) return generate_convolutions(m, vars, z, class, mode);
    return generate_linear(m, vars, beside(z, class), mode);
}

ad_node *gan_judge(const gan_model *m, ad_vars *vars, ad_node *x, ad_node *class, ad_mode *mode)
{
    if (m->kind == GAN_DCGAN) return judge_convolutions(m, vars, x, class, mode);
    ad_node *logits = judge_linear(m, vars, beside(ad_flatten(x, 1), class));
    return ad_reshape(logits, ad_shape(ad_node_shape(x).dim[0]));
}
