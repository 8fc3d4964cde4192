/* layers.c - what convolutional networks know of classes: norms of the generator that each class
 * scales and shifts in its own way, and the discriminator's projection. */
#include "zoo/gan/gan.h"

#include <stdio.h>

enum { NAME = 64 };

/* [n, channels] of a class's own numbers, from a table [classes, channels]. Of several classes at
 * once, as on a way from one to another, it is their mean. */
static ad_node *of_class(ad_vars *vars, const char *norm, const char *what, ad_node *class,
                         int64_t channels, double first)
{
    char name[NAME];
    ad_shape shape = ad_node_shape(class);
    snprintf(name, sizeof name, "%s.%s.weight", norm, what);
    ad_node *table = ad_param(ad_node_graph(class), vars, name, ad_shape(shape.dim[1], channels),
                              (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = first}});
    return ad_reshape(ad_matmul(class, table), ad_shape(shape.dim[0], 1, 1, channels));
}

ad_node *gan_norm(ad_mode *mode, ad_vars *vars, const char *name, ad_node *x, ad_node *class)
{
    ad_node *update = NULL;
    bool training = mode && mode->training;
    if (!class) return ad_mode_batch_norm(mode, vars, name, x);
    ad_shape shape = ad_node_shape(x);
    int64_t channels = shape.dim[shape.rank - 1];
    x = ad_batch_norm_layer(vars, name, x,
                            (ad_batch_norm_options){.no_affine = true,
                                                    .training = training,
                                                    .update = training ? &update : NULL});
    if (update) ad_mode_update(mode, update);
    x = ad_mul(x, of_class(vars, name, "scale", class, channels, 1));
    return ad_add(x, of_class(vars, name, "shift", class, channels, 0));
}

ad_node *gan_project(ad_node *logits, ad_node *by_class, ad_node *class)
{
    ad_node *own = ad_mul(ad_reshape(by_class, ad_node_shape(class)), class);
    return ad_add(logits, ad_sum(own, ad_axes(1), false));
}
