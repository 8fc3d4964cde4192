/* backbone.c - VGG-16, VGG-19 and the compact VGG-19 from one table. */
#include "zoo/vision/backbone.h"

#include <stdio.h>
#include <string.h>

enum { BLOCKS = 5, POOLING = 0 };

/* The rows of the deepest network in order; the others leave out the last ones of a block. */
typedef struct layer_row {
    int block, number;       /* from 1; number POOLING: 2 x 2 pooling */
    const char *conv, *name; /* before the ReLU (NULL: pooling), and after it */
} layer_row;

static const layer_row rows[] = {
    {1, 1, "conv1_1", "relu1_1"}, {1, 2, "conv1_2", "relu1_2"}, {1, POOLING, NULL, "pool1"},
    {2, 1, "conv2_1", "relu2_1"}, {2, 2, "conv2_2", "relu2_2"}, {2, POOLING, NULL, "pool2"},
    {3, 1, "conv3_1", "relu3_1"}, {3, 2, "conv3_2", "relu3_2"}, {3, 3, "conv3_3", "relu3_3"},
    {3, 4, "conv3_4", "relu3_4"}, {3, POOLING, NULL, "pool3"},  {4, 1, "conv4_1", "relu4_1"},
    {4, 2, "conv4_2", "relu4_2"}, {4, 3, "conv4_3", "relu4_3"}, {4, 4, "conv4_4", "relu4_4"},
    {4, POOLING, NULL, "pool4"},  {5, 1, "conv5_1", "relu5_1"}, {5, 2, "conv5_2", "relu5_2"},
    {5, 3, "conv5_3", "relu5_3"}, {5, 4, "conv5_4", "relu5_4"}, {0},
};

static const int vgg_channels[BLOCKS] = {64, 128, 256, 512, 512};

static const struct {
    const char *name;
    int convolutions[BLOCKS], channels[BLOCKS]; /* of each block; channels 0: VGG's */
} networks[VISION_KINDS] = {
    [VISION_VGG16] = {"vgg16", {2, 2, 3, 3, 3}, {0}},
    [VISION_VGG19] = {"vgg19", {2, 2, 4, 4, 4}, {0}},
    [VISION_COMPACT] = {"compact", {2, 2, 4, 4, 1}, {16, 32, 64, 128, 128}},
};

/* The first row at or behind `row` that the network has; NULL: none. */
static const layer_row *layer_at(vision_kind kind, const layer_row *row)
{
    while (row->block && row->number > networks[kind].convolutions[row->block - 1]) ++row;
    return row->block ? row : NULL;
}

const char *vision_name(vision_kind kind)
{
    return networks[kind].name;
}

int vision_layers(vision_kind kind, const char *names[VISION_MAX_LAYERS])
{
    int count = 0;
    for (const layer_row *row = rows; (row = layer_at(kind, row)); ++row) {
        if (row->conv) names[count++] = row->conv;
        names[count++] = row->name;
    }
    return count;
}

int vision_find(vision_kind kind, const char *layer)
{
    const char *names[VISION_MAX_LAYERS];
    int count = vision_layers(kind, names);
    for (int i = 0; i < count; ++i)
        if (!strcmp(names[i], layer)) return i;
    return -1;
}

void vision_layers_text(vision_kind kind, char *text, size_t size)
{
    const char *names[VISION_MAX_LAYERS];
    int count = vision_layers(kind, names);
    size_t at = 0;
    text[0] = 0;
    for (int i = 0; i < count && at < size; ++i)
        at += (size_t)snprintf(text + at, size - at, "%s%s", i ? ", " : "", names[i]);
}

ad_status vision_detect(ad_context *ctx, ad_file *file, vision_kind *kind)
{
    if (ad_file_find(file, "conv11.weight") >= 0) {
        *kind = VISION_COMPACT;
    } else if (ad_file_find(file, "features.0.weight") >= 0) {
        /* Block 3 has four convolutions in VGG-19, three in VGG-16: number 16 is one, or a pooling.
         */
        *kind = ad_file_find(file, "features.16.weight") >= 0 ? VISION_VGG19 : VISION_VGG16;
    } else {
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: not the weights of vgg16, vgg19 or compact: it has no tensor "
                            "features.0.weight or conv11.weight (%d tensors, the first is %s)",
                            ad_file_path(file), ad_file_count(file),
                            ad_file_count(file) ? ad_file_at(file, 0)->name : "missing");
    }
    return AD_OK;
}

/* A convolution NAME below `prefix`: 3 x 3 padded by 1 (the compact network mirrors the border, VGG
 * takes zeros), or 1 x 1. */
static ad_node *convolution(ad_vars *vars, const char *prefix, const char *name, ad_node *x,
                            int channels, int kernel, bool reflect)
{
    char path[128];
    snprintf(path, sizeof path, "%s%s", prefix, name);
    return ad_conv2d_layer(
        vars, path, x, channels,
        (ad_conv_layer){.kernel = kernel, .conv = {.pad = kernel / 2}, .reflect = reflect});
}

/* VGG: RGB minus the mean of ImageNet. Compact: the same, to BGR, by a 1 x 1 layer that takes 0..1.
 */
static ad_node *preprocess(ad_vars *vars, const char *prefix, vision_kind kind, ad_node *image)
{
    static const float mean[3] = {123.675f, 116.28f, 103.53f};
    if (kind == VISION_COMPACT)
        return convolution(vars, prefix, "conv0", ad_mul_scalar(image, 1.0 / 255), 3, 1, false);
    return ad_sub(image, ad_constant(ad_node_graph(image), AD_F32, ad_shape(3), mean));
}

/* What a convolution is called in files: "conv31", or torchvision's number among convolutions,
 * ReLUs and poolings, `position`. */
static void weight_name(char *name, size_t size, vision_kind kind, const layer_row *row,
                        int position)
{
    if (kind == VISION_COMPACT)
        snprintf(name, size, "conv%d%d", row->block, row->number);
    else
        snprintf(name, size, "features.%d", position);
}

/* The compact network's first layer of a block, mapped to VGG's channels. */
static ad_node *mapped_to_vgg(ad_vars *vars, const char *prefix, const layer_row *row, ad_node *x)
{
    char name[32];
    snprintf(name, sizeof name, "conv%d%d_aux", row->block, row->number);
    ad_node *y = convolution(vars, prefix, name, x, vgg_channels[row->block - 1], 1, false);
    return ad_name(ad_relu(y), "%s_mapped", row->name);
}

void vision_build(ad_vars *vars, const char *prefix, vision_kind kind, vision_pooling pooling,
                  ad_node *image, const char *const *layers, int count, ad_node **features)
{
    const bool compact = kind == VISION_COMPACT, average = pooling == VISION_AVERAGE;
    const int *channels = compact ? networks[kind].channels : vgg_channels;
    int found = 0, position = 0;
    char name[32];
    ad_node *x = preprocess(vars, prefix, kind, image);
    for (int i = 0; i < count; ++i) features[i] = NULL;
    for (const layer_row *row = rows; found < count && (row = layer_at(kind, row)); ++row) {
        ad_node *conv = NULL, *mapped = NULL;
        if (row->conv) {
            weight_name(name, sizeof name, kind, row, position);
            conv = convolution(vars, prefix, name, x, channels[row->block - 1], 3, compact);
            conv = ad_name(conv, "%s", row->conv);
            x = ad_name(ad_relu(conv), "%s", row->name);
            position += 2;
        } else {
            const ad_window window = {.size = 2};
            x = average ? ad_avg_pool2d(x, window) : ad_max_pool2d(x, window);
            x = ad_name(x, "%s", row->name);
            position += 1;
        }
        for (int i = 0; i < count; ++i) {
            if (row->conv && !strcmp(layers[i], row->conv)) {
                features[i] = conv, ++found;
            } else if (!strcmp(layers[i], row->name)) {
                if (compact && row->number == 1 && !mapped)
                    mapped = mapped_to_vgg(vars, prefix, row, x);
                features[i] = mapped ? mapped : x, ++found;
            }
        }
    }
}
