/* convolutions.c - dcgan: convolutions of 4 x 4 in steps of 2, transposed ones in the generator
 * (Radford et al. 2016); wgan-gp's networks, too, whose critic has no batch norm. */
#include "zoo/gan/gan.h"

static const ad_conv_layer convolution = {
    .kernel = 4, .conv = {.stride = 2, .pad = 1}, .no_bias = true};

/* [n, latent] -> [n, base, base, width] -> [n, 2 base, 2 base, width / 2] -> ... -> the picture */
ad_node *gan_generate_convolutions(const gan_net *net, ad_node *z)
{
    const gan_model *m = net->model;
    char name[GAN_NAME];
    int doublings = gan_doublings(m->height);
    ad_node *h = gan_first_map(net, gan_with_class(net, z), m->height >> doublings, (ad_init){0});
    for (int i = 0; i < doublings - 1; ++i) {
        h = gan_conv_transposed(net, gan_name(net, name, "net.%d", 3 * i), h, m->width >> (i + 1),
                                convolution);
        h = ad_relu(gan_norm(net, gan_name(net, name, "net.%d", 3 * i + 1), h));
        h = gan_attend(net, h);
    }
    return ad_tanh(gan_conv_transposed(net, gan_name(net, name, "net.%d", 3 * doublings - 3), h,
                                       m->channels, convolution));
}

/* [n, side, side, channels] -> [n, side / 2, side / 2, ...] -> ... -> [n, base, base, width] -> 1
 */
ad_node *gan_judge_convolutions(const gan_net *net, ad_node *h)
{
    const gan_model *m = net->model;
    char name[GAN_NAME];
    int doublings = gan_doublings(m->height), index = 0;
    for (int i = 0; i < doublings; ++i) {
        h = gan_conv(net, gan_name(net, name, "net.%d", index++), h,
                     m->width >> (doublings - 1 - i), convolution);
        if (i && !m->plain)
            h = ad_mode_batch_norm(net->mode, net->vars, gan_name(net, name, "net.%d", index++), h);
        h = gan_attend(net, ad_leaky_relu(h, 0.2));
        ++index;
    }
    const ad_conv_layer last = {.kernel = (int)(m->height >> doublings), .no_bias = true};
    ad_node *logits = gan_conv(net, gan_name(net, name, "net.%d", index), h, 1, last);
    logits = ad_reshape(logits, ad_shape(ad_node_shape(h).dim[0]));
    if (!net->class) return logits;
    int64_t classes = ad_node_shape(net->class).dim[1];
    return gan_project(net, logits,
                       gan_conv(net, gan_name(net, name, "classes"), h, classes, last));
}
