/* backbone.c - VGG-16, VGG-19 and the compact VGG-19 from one table each: a row per convolution, a
 * row per pooling, read from top to bottom. */
#include "zoo/vision/backbone.h"

#include <stdio.h>
#include <string.h>

typedef struct layer_row {
    const char *conv, *relu; /* names of the two layers; a pooling row has its name in `relu` */
    int channels;            /* 0: 2 x 2 max pooling */
    const char *weight;      /* parameter prefix in files */
    const char *aux;         /* compact: prefix of the 1 x 1 layer, and */
    int aux_channels;        /* its width */
} layer_row;

static const layer_row vgg16[] = {
    {"conv1_1", "relu1_1", 64, "features.0", NULL, 0},
    {"conv1_2", "relu1_2", 64, "features.2", NULL, 0},
    {NULL, "pool1", 0, NULL, NULL, 0},
    {"conv2_1", "relu2_1", 128, "features.5", NULL, 0},
    {"conv2_2", "relu2_2", 128, "features.7", NULL, 0},
    {NULL, "pool2", 0, NULL, NULL, 0},
    {"conv3_1", "relu3_1", 256, "features.10", NULL, 0},
    {"conv3_2", "relu3_2", 256, "features.12", NULL, 0},
    {"conv3_3", "relu3_3", 256, "features.14", NULL, 0},
    {NULL, "pool3", 0, NULL, NULL, 0},
    {"conv4_1", "relu4_1", 512, "features.17", NULL, 0},
    {"conv4_2", "relu4_2", 512, "features.19", NULL, 0},
    {"conv4_3", "relu4_3", 512, "features.21", NULL, 0},
    {NULL, "pool4", 0, NULL, NULL, 0},
    {"conv5_1", "relu5_1", 512, "features.24", NULL, 0},
    {"conv5_2", "relu5_2", 512, "features.26", NULL, 0},
    {"conv5_3", "relu5_3", 512, "features.28", NULL, 0},
    {NULL, NULL, 0, NULL, NULL, 0},
};

static const layer_row vgg19[] = {
    {"conv1_1", "relu1_1", 64, "features.0", NULL, 0},
    {"conv1_2", "relu1_2", 64, "features.2", NULL, 0},
    {NULL, "pool1", 0, NULL, NULL, 0},
    {"conv2_1", "relu2_1", 128, "features.5", NULL, 0},
    {"conv2_2", "relu2_2", 128, "features.7", NULL, 0},
    {NULL, "pool2", 0, NULL, NULL, 0},
    {"conv3_1", "relu3_1", 256, "features.10", NULL, 0},
    {"conv3_2", "relu3_2", 256, "features.12", NULL, 0},
    {"conv3_3", "relu3_3", 256, "features.14", NULL, 0},
    {"conv3_4", "relu3_4", 256, "features.16", NULL, 0},
    {NULL, "pool3", 0, NULL, NULL, 0},
    {"conv4_1", "relu4_1", 512, "features.19", NULL, 0},
    {"conv4_2", "relu4_2", 512, "features.21", NULL, 0},
    {"conv4_3", "relu4_3", 512, "features.23", NULL, 0},
    {"conv4_4", "relu4_4", 512, "features.25", NULL, 0},
    {NULL, "pool4", 0, NULL, NULL, 0},
    {"conv5_1", "relu5_1", 512, "features.28", NULL, 0},
    {"conv5_2", "relu5_2", 512, "features.30", NULL, 0},
    {"conv5_3", "relu5_3", 512, "features.32", NULL, 0},
    {"conv5_4", "relu5_4", 512, "features.34", NULL, 0},
    {NULL, NULL, 0, NULL, NULL, 0},
};

static const layer_row compact[] = {
    {"conv1_1", "relu1_1", 16, "conv11", "conv11_aux", 64},
    {"conv1_2", "relu1_2", 16, "conv12", NULL, 0},
    {NULL, "pool1", 0, NULL, NULL, 0},
    {"conv2_1", "relu2_1", 32, "conv21", "conv21_aux", 128},
    {"conv2_2", "relu2_2", 32, "conv22", NULL, 0},
    {NULL, "pool2", 0, NULL, NULL, 0},
    {"conv3_1", "relu3_1", 64, "conv31", "conv31_aux", 256},
    {"conv3_2", "relu3_2", 64, "conv32", NULL, 0},
    {"conv3_3", "relu3_3", 64, "conv33", NULL, 0},
    {"conv3_4", "relu3_4", 64, "conv34", NULL, 0},
    {NULL, "pool3", 0, NULL, NULL, 0},
    {"conv4_1", "relu4_1", 128, "conv41", "conv41_aux", 512},
    {"conv4_2", "relu4_2", 128, "conv42", NULL, 0},
    {"conv4_3", "relu4_3", 128, "conv43", NULL, 0},
    {"conv4_4", "relu4_4", 128, "conv44", NULL, 0},
    {NULL, "pool4", 0, NULL, NULL, 0},
    {"conv5_1", "relu5_1", 128, "conv51", "conv51_aux", 512},
    {NULL, NULL, 0, NULL, NULL, 0},
};

static const struct {
    const char *name;
    const layer_row *rows;
    double scale;
} networks[VISION_KINDS] = {
    [VISION_VGG16] = {"vgg16", vgg16, 1},
    [VISION_VGG19] = {"vgg19", vgg19, 1},
    [VISION_COMPACT] = {"compact", compact, 14},
};

const char *vision_name(vision_kind kind)
{
    return networks[kind].name;
}
double vision_feature_scale(vision_kind kind)
{
    return networks[kind].scale;
}

int vision_layers(vision_kind kind, const char *names[VISION_MAX_LAYERS])
{
    int count = 0;
    for (const layer_row *row = networks[kind].rows; row->relu; ++row) {
        if (row->conv) names[count++] = row->conv;
        names[count++] = row->relu;
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

void vision_build(ad_vars *vars, const char *prefix, vision_kind kind, ad_node *image,
                  const char *const *layers, int count, ad_node **features)
{
    int found = 0;
    ad_node *x = preprocess(vars, prefix, kind, image);
    for (int i = 0; i < count; ++i) features[i] = NULL;
    for (const layer_row *row = networks[kind].rows; row->relu && found < count; ++row) {
        ad_node *conv = NULL, *mapped = NULL;
        if (row->channels) {
            conv = convolution(vars, prefix, row->weight, x, row->channels, 3,
                               kind == VISION_COMPACT);
            conv = ad_name(conv, "%s", row->conv);
            x = ad_name(ad_relu(conv), "%s", row->relu);
        } else {
            x = ad_name(ad_max_pool2d(x, (ad_window){.size = 2}), "%s", row->relu);
        }
        for (int i = 0; i < count; ++i) {
            if (row->conv && !strcmp(layers[i], row->conv)) {
                features[i] = conv, ++found;
            } else if (!strcmp(layers[i], row->relu)) {
                if (row->aux && !mapped) {
                    mapped = convolution(vars, prefix, row->aux, x, row->aux_channels, 1, false);
                    mapped = ad_name(ad_relu(mapped), "%s_mapped", row->relu);
                }
                features[i] = mapped ? mapped : x, ++found;
            }
        }
    }
}
