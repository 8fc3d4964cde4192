/* resnet.c - residual networks: He et al. 2016, section 4.2 (CIFAR) and torchvision's resnet18.
 *
 * Names are torchvision's in both. Weights: Kaiming normal by the number of outputs, as there. */
#include "zoo/classify/classify.h"

#include <stdio.h>

static ad_node *conv(ad_vars *vars, const char *name, ad_node *x, int64_t channels, int kernel,
                     int stride)
{
    return ad_conv2d_layer(
        vars, name, x, channels,
        (ad_conv_layer){.kernel = kernel,
                        .conv = {.stride = stride, .pad = kernel / 2},
                        .no_bias = true,
                        /* by fan out: kernel^2 x channels */
                        .init = {.kind = AD_INIT_KAIMING_NORMAL,
                                 .fan_in = (int64_t)kernel * kernel * channels}});
}

/* Option A: every other pixel, and zeros for the channels that are new. */
static ad_node *shortcut_free(ad_node *x, int64_t channels, int stride)
{
    int64_t have = ad_node_shape(x).dim[3], before = (channels - have) / 2;
    for (int axis = 1; axis <= 2 && stride > 1; ++axis) x = ad_slice(x, axis, 0, INT64_MAX, stride);
    if (have == channels) return x;
    const int64_t front[4] = {0, 0, 0, before}, back[4] = {0, 0, 0, channels - have - before};
    return ad_pad(x, front, back, 0);
}

/* Option B: a 1 x 1 convolution with batch norm. */
static ad_node *shortcut_projected(ad_vars *vars, const char *block, ad_node *x, int64_t channels,
                                   int stride, ad_mode *mode)
{
    char name[64];
    if (ad_node_shape(x).dim[3] == channels && stride == 1) return x;
    snprintf(name, sizeof name, "%s.downsample.0", block);
    x = conv(vars, name, x, channels, 1, stride);
    snprintf(name, sizeof name, "%s.downsample.1", block);
    return ad_mode_batch_norm(mode, vars, name, x);
}

static ad_node *block(ad_vars *vars, const char *stem, ad_node *x, int64_t channels, int stride,
                      bool projected, ad_mode *mode)
{
    char name[64];
    snprintf(name, sizeof name, "%s.conv1", stem);
    ad_node *h = conv(vars, name, x, channels, 3, stride);
    snprintf(name, sizeof name, "%s.bn1", stem);
    h = ad_relu(ad_mode_batch_norm(mode, vars, name, h));
    snprintf(name, sizeof name, "%s.conv2", stem);
    h = conv(vars, name, h, channels, 3, 1);
    snprintf(name, sizeof name, "%s.bn2", stem);
    h = ad_mode_batch_norm(mode, vars, name, h);
    x = projected ? shortcut_projected(vars, stem, x, channels, stride, mode)
                  : shortcut_free(x, channels, stride);
    return ad_relu(ad_add(h, x));
}

static ad_node *stages(ad_vars *vars, ad_node *x, int count, int blocks, int64_t width,
                       bool projected, ad_mode *mode)
{
    char stem[32];
    for (int stage = 0; stage < count; ++stage)
        for (int i = 0; i < blocks; ++i) {
            snprintf(stem, sizeof stem, "layer%d.%d", stage + 1, i);
            x = block(vars, stem, x, width << stage, stage && !i ? 2 : 1, projected, mode);
        }
    return ad_mean(x, ad_axes(1, 2), false);
}

ad_node *classify_resnet_cifar(int blocks, ad_vars *vars, ad_node *x, ad_mode *mode)
{
    x = ad_relu(ad_mode_batch_norm(mode, vars, "bn1", conv(vars, "conv1", x, 16, 3, 1)));
    return stages(vars, x, 3, blocks, 16, false, mode);
}

ad_node *classify_resnet18(ad_vars *vars, ad_node *x, ad_mode *mode)
{
    ad_shape shape = ad_node_shape(x);
    bool small = shape.dim[1] <= 64 && shape.dim[2] <= 64;
    x = small ? conv(vars, "conv1", x, 64, 3, 1) : conv(vars, "conv1", x, 64, 7, 2);
    x = ad_relu(ad_mode_batch_norm(mode, vars, "bn1", x));
    if (!small) x = ad_max_pool2d(x, (ad_window){.size = 3, .stride = 2, .pad = 1});
    return stages(vars, x, 4, 2, 64, true, mode);
}
