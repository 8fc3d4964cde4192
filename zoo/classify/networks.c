/* networks.c - the networks without shortcuts, and which name is which. */
#include "zoo/classify/classify.h"

#include <stdio.h>

static ad_node *mlp(ad_vars *vars, ad_node *x, ad_mode *mode)
{
    x = ad_flatten(x, 1);
    x = ad_mode_dropout(mode, ad_relu(ad_linear(vars, "fc1", x, 256, (ad_linear_options){0})));
    return ad_mode_dropout(mode, ad_relu(ad_linear(vars, "fc2", x, 256, (ad_linear_options){0})));
}

/* [n, 28, 28, 1] -> [n, 28, 28, 32] -> [n, 14, 14, 64] -> [n, 7, 7, 64] -> [n, 256] */
static ad_node *lenet(ad_vars *vars, ad_node *x, ad_mode *mode)
{
    const ad_conv_layer wide = {.kernel = 5, .conv = {.pad = 2}};
    x = ad_relu(ad_conv2d_layer(vars, "conv1", x, 32, wide));
    x = ad_max_pool2d(x, (ad_window){.size = 2});
    x = ad_relu(ad_conv2d_layer(vars, "conv2", x, 64, wide));
    x = ad_mode_dropout(mode, ad_flatten(ad_max_pool2d(x, (ad_window){.size = 2}), 1));
    return ad_mode_dropout(mode, ad_relu(ad_linear(vars, "fc1", x, 256, (ad_linear_options){0})));
}

/* Pairs of convolutions, each pair followed by pooling while there is something to pool. */
static ad_node *vgg(ad_vars *vars, ad_node *x, ad_mode *mode)
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
            x = ad_relu(ad_mode_batch_norm(mode, vars, name, x));
        }
        ad_shape shape = ad_node_shape(x);
        if (shape.dim[1] >= 4 && shape.dim[2] >= 4)
            x = ad_mode_dropout(mode, ad_max_pool2d(x, (ad_window){.size = 2}));
    }
    return ad_mean(x, ad_axes(1, 2), false);
}

static ad_node *published(const classify_model *m, ad_vars *vars, ad_node *x)
{
    static const char *const logits = "logits";
    ad_node *out = NULL;
    if (m->onnx.file) /* it was built when it was opened: what is wrong with it is known */
        return vision_onnx_logits(&m->onnx, vars, x, &out) ? NULL : out;
    vision_build_form(vars, "", &m->form, VISION_MAX, x, &logits, 1, &out);
    return out;
}

ad_node *classify_features(const classify_model *m, ad_vars *vars, ad_node *x, ad_mode *mode)
{
    switch ((classify_kind)m->kind) {
    case CLASSIFY_MLP: return mlp(vars, x, mode);
    case CLASSIFY_VGG: return vgg(vars, x, mode);
    case CLASSIFY_RESNET20: return classify_resnet_cifar(3, vars, x, mode);
    case CLASSIFY_RESNET32: return classify_resnet_cifar(5, vars, x, mode);
    case CLASSIFY_RESNET18: return classify_resnet18(vars, x, mode);
    case CLASSIFY_LENET: break;
    }
    return lenet(vars, x, mode);
}

ad_node *classify_head(const classify_model *m, ad_vars *vars, ad_node *features)
{
    return ad_linear(vars, CLASSIFY_HEAD, features, m->classes.count, (ad_linear_options){0});
}

ad_node *classify_network(const classify_model *m, ad_vars *vars, ad_node *x, ad_mode *mode)
{
    if (m->published) return published(m, vars, x);
    return classify_head(m, vars, classify_features(m, vars, x, mode));
}
