/* networks.c - the networks without shortcuts, and which name is which. */
#include "zoo/classify/classify.h"

#include <stdio.h>
#include <string.h>

static ad_node *drop(ad_node *x, const classify_training *training)
{
    return training && training->dropout > 0 ? ad_dropout(x, training->dropout, training->rng) : x;
}

ad_node *classify_norm(ad_vars *vars, const char *name, ad_node *x, classify_training *training)
{
    ad_batch_norm_options options = {0};
    if (training && training->count < CLASSIFY_UPDATES)
        options = (ad_batch_norm_options){.training = true,
                                          .update = &training->update[training->count++]};
    return ad_batch_norm_layer(vars, name, x, options);
}

static ad_node *mlp(int classes, ad_vars *vars, ad_node *x, classify_training *training)
{
    x = ad_flatten(x, 1);
    x = drop(ad_relu(ad_linear(vars, "fc1", x, 256, (ad_linear_options){0})), training);
    x = drop(ad_relu(ad_linear(vars, "fc2", x, 256, (ad_linear_options){0})), training);
    return ad_linear(vars, "fc", x, classes, (ad_linear_options){0});
}

/* [n, 28, 28, 1] -> [n, 28, 28, 32] -> [n, 14, 14, 64] -> [n, 7, 7, 64] -> [n, 256] -> [n, classes]
 */
static ad_node *lenet(int classes, ad_vars *vars, ad_node *x, classify_training *training)
{
    const ad_conv_layer wide = {.kernel = 5, .conv = {.pad = 2}};
    x = ad_relu(ad_conv2d_layer(vars, "conv1", x, 32, wide));
    x = ad_max_pool2d(x, (ad_window){.size = 2});
    x = ad_relu(ad_conv2d_layer(vars, "conv2", x, 64, wide));
    x = drop(ad_flatten(ad_max_pool2d(x, (ad_window){.size = 2}), 1), training);
    x = drop(ad_relu(ad_linear(vars, "fc1", x, 256, (ad_linear_options){0})), training);
    return ad_linear(vars, "fc", x, classes, (ad_linear_options){0});
}

/* Pairs of convolutions, each pair followed by pooling while there is something to pool. */
static ad_node *vgg(int classes, ad_vars *vars, ad_node *x, classify_training *training)
{
    static const int widths[4] = {32, 64, 128, 128};
    char name[32];
    for (int stage = 0; stage < 4; ++stage) {
        for (int k = 0; k < 2; ++k) {
            snprintf(name, sizeof name, "conv%d_%d", stage + 1, k + 1);
            x = ad_conv2d_layer(vars, name, x, widths[stage],
                                (ad_conv_layer){.kernel = 3,
                                                .conv = {.pad = 1},
                                                .no_bias = true,
                                                .init = {.kind = AD_INIT_KAIMING_NORMAL}});
            snprintf(name, sizeof name, "bn%d_%d", stage + 1, k + 1);
            x = ad_relu(classify_norm(vars, name, x, training));
        }
        ad_shape shape = ad_node_shape(x);
        if (shape.dim[1] >= 4 && shape.dim[2] >= 4)
            x = drop(ad_max_pool2d(x, (ad_window){.size = 2}), training);
    }
    x = ad_mean(x, ad_axes(1, 2), false);
    return ad_linear(vars, "fc", x, classes, (ad_linear_options){0});
}

ad_node *classify_network(const classify_model *m, ad_vars *vars, ad_node *x,
                          classify_training *training)
{
    if (!strcmp(m->kind, "mlp")) return mlp(m->classes, vars, x, training);
    if (!strcmp(m->kind, "vgg")) return vgg(m->classes, vars, x, training);
    if (!strcmp(m->kind, "resnet18")) return classify_resnet18(m->classes, vars, x, training);
    if (!strcmp(m->kind, "resnet20"))
        return classify_resnet_cifar(3, m->classes, vars, x, training);
    if (!strcmp(m->kind, "resnet32"))
        return classify_resnet_cifar(5, m->classes, vars, x, training);
    return lenet(m->classes, vars, x, training);
}

const char *classify_head(const classify_model *model)
{
    (void)model; /* of every network here */
    return "fc";
}
