/* networks.c - generators and discriminators: which, and those of linear layers.
 *
 * Weights begin as PyTorch's layers do, unless a paper says otherwise. Names count the layers of
 * each network as a sequence, norms and activations included, as PyTorch's Sequential does. */
#include "zoo/gan/gan.h"

static const double slope = 0.2; /* of leaky ReLUs */

/* [n, latent] -> width / 4 -> width / 2 -> width -> the picture's values */
static ad_node *generate_linear(const gan_net *net, ad_node *z)
{
    const gan_model *m = net->model;
    char name[GAN_NAME];
    int64_t values = m->height * m->breadth * m->channels, n = ad_node_shape(z).dim[0];
    ad_node *h = gan_with_class(net, z);
    for (int i = 0; i < 3; ++i) {
        h = gan_linear(net, gan_name(net, name, "net.%d", 3 * i), h, m->width >> (2 - i),
                       (ad_linear_options){0});
        h = ad_mode_batch_norm(net->mode, net->vars, gan_name(net, name, "net.%d", 3 * i + 1), h);
        h = ad_leaky_relu(h, slope);
    }
    h = ad_tanh(gan_linear(net, gan_name(net, name, "net.9"), h, values, (ad_linear_options){0}));
    return ad_reshape(h, ad_shape(n, m->height, m->breadth, m->channels));
}

/* [n, values] -> width / 2 -> width / 4 -> 1 */
static ad_node *judge_linear(const gan_net *net, ad_node *x)
{
    char name[GAN_NAME];
    ad_node *h = gan_with_class(net, ad_flatten(x, 1));
    for (int i = 0; i < 2; ++i) {
        h = gan_linear(net, gan_name(net, name, "net.%d", 2 * i), h, net->model->width >> (1 + i),
                       (ad_linear_options){0});
        h = ad_leaky_relu(h, slope);
    }
    h = gan_linear(net, gan_name(net, name, "net.4"), h, 1, (ad_linear_options){0});
    return ad_reshape(h, ad_shape(ad_node_shape(x).dim[0]));
}

/* ---- which ---- */

ad_node *gan_generate(const gan_model *m, ad_vars *vars, ad_node *z, ad_node *class, ad_mode *mode)
{
    const gan_net net = gan_net_of(m, vars, class, mode, true);
    if (m->kind == GAN_RESNET) return gan_generate_residual(&net, z);
    return gan_has_maps(m) ? gan_generate_convolutions(&net, z) : generate_linear(&net, z);
}

ad_node *gan_judge(const gan_model *m, ad_vars *vars, ad_node *x, ad_node *class, ad_mode *mode)
{
    const gan_net net = gan_net_of(m, vars, class, mode, false);
    if (m->kind == GAN_RESNET) return gan_judge_residual(&net, x);
    return gan_has_maps(m) ? gan_judge_convolutions(&net, x) : judge_linear(&net, x);
}
