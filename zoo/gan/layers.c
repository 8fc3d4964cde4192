/* layers.c - layers of convolutional networks: with the spectral norm that the model asks for,
 * norms and a projection that know the class, and attention. */
#include "zoo/gan/gan.h"

#include <stdarg.h>
#include <stdio.h>

gan_net gan_net_of(const gan_model *model, ad_vars *vars, ad_node *class, ad_mode *mode,
                   bool generator)
{
    return (gan_net){.model = model,
                     .vars = vars,
                     .mode = mode,
                     .class = class,
                     .prefix = generator ? "generator" : "discriminator",
                     .spectral = {.on = model->spectral == GAN_SPECTRAL_BOTH ||
                                        (model->spectral == GAN_SPECTRAL_ONE && !generator),
                                  .mode = mode}};
}

const char *gan_name(const gan_net *net, char name[GAN_NAME], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int used = snprintf(name, GAN_NAME, "%s.", net->prefix);
    vsnprintf(name + used, (size_t)(GAN_NAME - used), format, args);
    va_end(args);
    return name;
}

ad_node *gan_linear(const gan_net *net, const char *name, ad_node *x, int64_t features,
                    ad_linear_options options)
{
    options.spectral = net->spectral;
    return ad_linear(net->vars, name, x, features, options);
}

ad_node *gan_conv(const gan_net *net, const char *name, ad_node *x, int64_t channels,
                  ad_conv_layer options)
{
    options.spectral = net->spectral;
    return ad_conv2d_layer(net->vars, name, x, channels, options);
}

ad_node *gan_conv_transposed(const gan_net *net, const char *name, ad_node *x, int64_t channels,
                             ad_conv_layer options)
{
    options.spectral = net->spectral;
    return ad_conv2d_transposed_layer(net->vars, name, x, channels, 0, options);
}

ad_node *gan_with_class(const gan_net *net, ad_node *z)
{
    ad_node *both[2] = {z, net->class};
    return net->class ? ad_concat(both, 2, 1) : z;
}

ad_node *gan_first_map(const gan_net *net, ad_node *z, int64_t side, ad_init init)
{
    char name[GAN_NAME];
    int64_t n = ad_node_shape(z).dim[0], width = net->model->width;
    ad_node *h = gan_linear(net, gan_name(net, name, "linear"), z, width * side * side,
                            (ad_linear_options){.init = init});
    /* the layer's outputs are channel by channel, as in PyTorch */
    return ad_permute(ad_reshape(h, ad_shape(n, width, side, side)), (int[]){0, 2, 3, 1});
}

/* ---- classes ---- */

/* [n, channels] of a class's own numbers, from a table [classes, channels]. Of several classes at
 * once, as on a way from one to another, it is their mean. */
static ad_node *of_class(const gan_net *net, const char *norm, const char *what, int64_t channels,
                         double first)
{
    char name[2 * GAN_NAME];
    ad_shape shape = ad_node_shape(net->class);
    snprintf(name, sizeof name, "%s.%s.weight", norm, what);
    ad_node *table = ad_param(ad_node_graph(net->class), net->vars, name,
                              ad_shape(shape.dim[1], channels),
                              (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = first}});
    return ad_reshape(ad_matmul(net->class, table), ad_shape(shape.dim[0], 1, 1, channels));
}

ad_node *gan_norm(const gan_net *net, const char *name, ad_node *x)
{
    ad_node *update = NULL;
    bool training = net->mode && net->mode->training;
    if (!net->class) return ad_mode_batch_norm(net->mode, net->vars, name, x);
    int64_t channels = ad_node_shape(x).dim[3];
    x = ad_batch_norm_layer(net->vars, name, x,
                            (ad_batch_norm_options){.no_affine = true,
                                                    .training = training,
                                                    .update = training ? &update : NULL});
    if (update) ad_mode_update(net->mode, update);
    x = ad_mul(x, of_class(net, name, "scale", channels, 1));
    return ad_add(x, of_class(net, name, "shift", channels, 0));
}

ad_node *gan_project(const gan_net *net, ad_node *logits, ad_node *by_class)
{
    ad_node *own = ad_mul(ad_reshape(by_class, ad_node_shape(net->class)), net->class);
    return ad_add(logits, ad_sum(own, ad_axes(1), false));
}

/* ---- attention ---- */

ad_node *gan_attend(const gan_net *net, ad_node *x)
{
    static const char *const parts[3] = {"query", "key", "value"};
    const ad_conv_layer one = {.kernel = 1, .no_bias = true};
    char name[GAN_NAME];
    ad_shape shape = ad_node_shape(x);
    if (!net->model->attention || shape.rank != 4 || shape.dim[1] != net->model->attention)
        return x;
    int64_t channels = shape.dim[3], inner = channels < 8 ? 1 : channels / 8;
    ad_node *part[3];
    for (int i = 0; i < 3; ++i) {
        ad_node *y = gan_conv(net, gan_name(net, name, "attention.%s", parts[i]), x, inner, one);
        part[i] = ad_reshape(y, ad_shape(shape.dim[0], shape.dim[1] * shape.dim[2], 1, inner));
    }
    ad_node *seen = ad_attention(part[0], part[1], part[2], (ad_attention_options){.scale = 1});
    seen = ad_reshape(seen, ad_shape(shape.dim[0], shape.dim[1], shape.dim[2], inner));
    seen = gan_conv(net, gan_name(net, name, "attention.out"), seen, channels, one);
    ad_node *gamma = ad_param(ad_node_graph(x), net->vars, gan_name(net, name, "attention.gamma"),
                              ad_shape(1), (ad_var_options){0});
    return ad_add(x, ad_mul(seen, gamma));
}
