/* residual.c - networks of residual blocks (Gulrajani et al. 2017, appendix C; Miyato et al. 2018,
 * tables 4 to 6).
 *
 * Up to 48 x 48 all blocks have the same width, and the discriminator has two that halve the map
 * before two that do not; larger pictures have a block for each doubling, the last four of which
 * halve the width, and the discriminator one that keeps the map behind those that mirror them. */
#include "zoo/gan/gan.h"

#include <math.h>

/* Glorot & Bengio 2010, as Miyato et al.: convolutions that a ReLU precedes are wider. */
static ad_init glorot(double gain)
{
    return (ad_init){.kind = AD_INIT_XAVIER_UNIFORM, .a = gain};
}

static ad_node *conv(const gan_net *net, int block, const char *part, ad_node *x, int64_t channels)
{
    char name[GAN_NAME];
    return gan_conv(net, gan_name(net, name, "blocks.%d.%s", block, part), x, channels,
                    (ad_conv_layer){.kernel = 3, .conv = {.pad = 1}, .init = glorot(sqrt(2))});
}

static ad_node *shortcut(const gan_net *net, int block, ad_node *x, int64_t channels)
{
    char name[GAN_NAME];
    return gan_conv(net, gan_name(net, name, "blocks.%d.shortcut", block), x, channels,
                    (ad_conv_layer){.kernel = 1, .init = glorot(1)});
}

static bool large(const gan_model *m)
{
    return gan_doublings(m->height) > 3;
}

/* Channels of the generator's map after so many doublings. */
static int64_t width_after(const gan_model *m, int doublings)
{
    int halved = doublings - (gan_doublings(m->height) - 4);
    return large(m) && halved > 0 ? m->width >> halved : m->width;
}

/* ---- the generator ---- */

static ad_node *twice(ad_node *x)
{
    ad_shape shape = ad_node_shape(x);
    return ad_resize2d(x, 2 * shape.dim[1], 2 * shape.dim[2], AD_NEAREST);
}

static ad_node *up(const gan_net *net, int block, ad_node *x, int64_t channels)
{
    char name[GAN_NAME];
    ad_node *h = ad_relu(gan_norm(net, gan_name(net, name, "blocks.%d.norm1", block), x));
    h = conv(net, block, "conv1", twice(h), channels);
    h = ad_relu(gan_norm(net, gan_name(net, name, "blocks.%d.norm2", block), h));
    h = conv(net, block, "conv2", h, channels);
    /* the same as behind it, with a quarter of the work */
    return ad_add(h, twice(shortcut(net, block, x, channels)));
}

/* [n, latent] -> [n, base, base, width] -> [n, 2 base, 2 base, ...] -> ... -> the picture */
ad_node *gan_generate_residual(const gan_net *net, ad_node *z)
{
    const gan_model *m = net->model;
    char name[GAN_NAME];
    int doublings = gan_doublings(m->height);
    /* the papers give the class to the norms alone, which wake up slowly from all being alike */
    ad_node *h = gan_first_map(net, gan_with_class(net, z), m->height >> doublings, glorot(1));
    for (int i = 0; i < doublings; ++i) h = gan_attend(net, up(net, i, h, width_after(m, i + 1)));
    h = ad_relu(gan_norm(net, gan_name(net, name, "norm"), h));
    return ad_tanh(gan_conv(net, gan_name(net, name, "conv"), h, m->channels,
                            (ad_conv_layer){.kernel = 3, .conv = {.pad = 1}, .init = glorot(1)}));
}

/* ---- the discriminator ---- */

static ad_node *half(ad_node *x)
{
    return ad_avg_pool2d(x, (ad_window){.size = 2});
}

/* Pixels come without a ReLU before them. */
static ad_node *down_first(const gan_net *net, ad_node *x, int64_t channels)
{
    ad_node *h = ad_relu(conv(net, 0, "conv1", x, channels));
    h = half(conv(net, 0, "conv2", h, channels));
    return ad_add(h, shortcut(net, 0, half(x), channels));
}

static ad_node *down(const gan_net *net, int block, ad_node *x, int64_t channels, bool halved)
{
    int64_t in = ad_node_shape(x).dim[3];
    ad_node *h = conv(net, block, "conv1", ad_relu(x), in);
    h = conv(net, block, "conv2", ad_relu(h), channels);
    if (halved) h = half(h), x = half(x); /* pooled before a 1 x 1 convolution as behind it */
    return ad_add(h, halved || in != channels ? shortcut(net, block, x, channels) : x);
}

/* [n, side, side, channels] -> ... -> [n, base, base, width] -> sums [n, width] -> 1 */
ad_node *gan_judge_residual(const gan_net *net, ad_node *x)
{
    const gan_model *m = net->model;
    char name[GAN_NAME];
    int doublings = gan_doublings(m->height);
    int blocks = large(m) ? doublings + 1 : 4, halving = large(m) ? doublings : 2;
    ad_node *h = NULL;
    for (int i = 0; i < blocks; ++i) {
        int64_t channels = large(m) ? width_after(m, doublings - i) : m->width / 2;
        h = i ? down(net, i, h, channels, i < halving) : down_first(net, x, channels);
        if (i < halving) h = gan_attend(net, h);
    }
    h = ad_sum(ad_relu(h), ad_axes(1, 2), false);
    ad_node *logits = gan_linear(net, gan_name(net, name, "linear"), h, 1,
                                 (ad_linear_options){.init = glorot(1)});
    logits = ad_reshape(logits, ad_shape(ad_node_shape(h).dim[0]));
    if (!net->class) return logits;
    return gan_project(net, logits,
                       gan_linear(net, gan_name(net, name, "classes"), h,
                                  ad_node_shape(net->class).dim[1],
                                  (ad_linear_options){.no_bias = true, .init = glorot(1)}));
}
