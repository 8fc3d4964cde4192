/* backbone.c - the list of networks, and how their rows become a graph. */
#include "zoo/vision/rows.h"

#include <stdio.h>
#include <string.h>

/* torchvision.transforms.Normalize of its trainings; of those that came from TensorFlow; of those
 * that take 0 to 1. */
#define IMAGENET                                                                                   \
    {0.485f, 0.456f, 0.406f},                                                                      \
    {                                                                                              \
        0.229f, 0.224f, 0.225f                                                                     \
    }
#define HALVES                                                                                     \
    {0.5f, 0.5f, 0.5f},                                                                            \
    {                                                                                              \
        0.5f, 0.5f, 0.5f                                                                           \
    }
#define PLAIN                                                                                      \
    {0, 0, 0},                                                                                     \
    {                                                                                              \
        1, 1, 1                                                                                    \
    }

const vision_network vision_networks[VISION_KINDS] = {
    [VISION_VGG16] = {"vgg16", vision_vgg16_rows, .has = {"features.0.weight", "features.2.weight"},
                      .lacks = "features.16.weight", .recipe = {IMAGENET, 256, 224}},
    [VISION_VGG19] = {"vgg19", vision_vgg19_rows,
                      .has = {"features.2.weight", "features.16.weight"},
                      .lacks = "features.1.weight", .recipe = {IMAGENET, 256, 224}},
    [VISION_COMPACT] = {"compact", vision_compact_rows, .has = {"conv11.weight"}, .reflect = true,
                        .recipe = {PLAIN, 256, 224}},
    [VISION_ALEXNET] = {"alexnet", vision_alexnet_rows,
                        .has = {"features.3.weight", "features.6.weight"},
                        .lacks = "features.1.weight", .recipe = {IMAGENET, 256, 224}},
    [VISION_GOOGLENET] = {"googlenet", vision_googlenet_rows,
                          .has = {"conv1.conv.weight", "inception3a.branch1.conv.weight"},
                          .conv_suffix = "conv", .norm_suffix = "bn", .eps = 1e-3, .unused = "aux",
                          .recipe = {HALVES, 256, 224}},
    [VISION_RESNET18] = {"resnet18", vision_resnet18_rows,
                         .has = {"conv1.weight", "layer1.1.conv2.weight"},
                         .lacks = "layer1.2.conv1.weight", .recipe = {IMAGENET, 256, 224}},
    [VISION_RESNET50] = {"resnet50", vision_resnet50_rows,
                         .has = {"conv1.weight", "layer1.0.conv3.weight"},
                         .lacks = "layer3.6.conv1.weight", .recipe = {IMAGENET, 256, 224}},
    [VISION_SQUEEZENET1_0] = {"squeezenet1_0", vision_squeezenet1_0_rows,
                              .has = {"features.3.squeeze.weight", "features.5.squeeze.weight"},
                              .recipe = {IMAGENET, 256, 224}},
    [VISION_SQUEEZENET1_1] = {"squeezenet1_1", vision_squeezenet1_1_rows,
                              .has = {"features.3.squeeze.weight"},
                              .lacks = "features.5.squeeze.weight", .recipe = {IMAGENET, 256, 224}},
    [VISION_INCEPTION_V3] = {"inception_v3", vision_inception_v3_rows,
                             .has = {"Conv2d_1a_3x3.conv.weight"}, .conv_suffix = "conv",
                             .norm_suffix = "bn", .eps = 1e-3, .unused = "AuxLogits",
                             .recipe = {HALVES, 342, 299}},
    [VISION_INCEPTION_2015] = {"inception_2015", vision_inception_2015_rows,
                               .has = {"weights_conv", "weights_mixed_conv"}, .tf_names = true,
                               .recipe = {{0.50196078f, 0.50196078f, 0.50196078f},
                                          {0.50196078f, 0.50196078f, 0.50196078f},
                                          342,
                                          299}},
    [VISION_MOBILENET_V1] = {"mobilenet_v1", vision_mobilenet_v1_rows,
                             .has = {"mobilenet_v1.conv_stem.convolution.weight"},
                             .conv_suffix = "convolution", .norm_suffix = "normalization",
                             .eps = 1e-3, .clip = 6, .tf_pad = true, .tf_names = true,
                             .measure = "mobilenet_v1.layer.25.convolution.weight",
                             .measure_at_one = 1024, .recipe = {HALVES, 256, 224}},
    [VISION_MOBILENET_V2] = {"mobilenet_v2", vision_mobilenet_v2_rows,
                             .has = {"features.0.0.weight", "features.1.conv.0.0.weight"},
                             .conv_suffix = "0", .norm_suffix = "1", .clip = 6,
                             .measure = "features.17.conv.2.weight", .measure_at_one = 320,
                             .recipe = {IMAGENET, 256, 224}},
    [VISION_MOBILENET_V2_TF] = {"mobilenet_v2_tf", vision_mobilenet_v2_tf_rows,
                                .has = {"mobilenet_v2.conv_stem.first_conv.convolution.weight"},
                                .conv_suffix = "convolution", .norm_suffix = "normalization",
                                .eps = 1e-3, .clip = 6, .tf_pad = true, .tf_names = true,
                                .measure = "mobilenet_v2.layer.15.reduce_1x1.convolution.weight",
                                .measure_at_one = 320, .recipe = {HALVES, 256, 224}},
    [VISION_DARKNET_TINY] = {"darknet_tiny", vision_darknet_tiny_rows,
                             .has = {"conv1.conv.weight", "conv16.weight"}, .conv_suffix = "conv",
                             .norm_suffix = "bn", .eps = 1e-3, .leak = 0.1,
                             .recipe = {PLAIN, 256, 224}},
};

const char *vision_name(vision_kind kind)
{
    return vision_networks[kind].name;
}

const vision_recipe *vision_recipe_of(vision_kind kind)
{
    return &vision_networks[kind].recipe;
}

const char *vision_unused(vision_kind kind)
{
    return vision_networks[kind].unused;
}

/* ---- layers by name ---- */

static bool is_end(const vision_row *row)
{
    return !row->layer && !row->step;
}

int vision_layers(vision_kind kind, const char *names[VISION_MAX_LAYERS])
{
    int count = 0;
    for (const vision_row *row = vision_networks[kind].rows; !is_end(row); ++row)
        if (row->layer) names[count++] = row->layer;
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

const char *vision_features_layer(const vision_form *form)
{
    const char *layer = NULL;
    int at = 0;
    for (const vision_row *row = vision_networks[form->kind].rows;
         !is_end(row) && at < form->layers && row->n[0] != VISION_CLASSES; ++row)
        if (row->layer) layer = row->layer, ++at;
    return layer;
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

/* ---- the graph ---- */

static ad_node *subtract(ad_node *image, const float mean[3])
{
    return ad_sub(image, ad_constant(ad_node_graph(image), AD_F32, ad_shape(3), mean));
}

ad_node *vision_normalise(vision_kind kind, ad_node *image)
{
    const vision_recipe *r = &vision_networks[kind].recipe;
    float mean[3], factor[3];
    if (ad_node_poisoned(image)) return image;
    for (int c = 0; c < 3; ++c) {
        mean[c] = 255 * r->mean[c];
        factor[c] = 1 / (255 * r->deviation[c]);
    }
    if (mean[0] > 0 || mean[1] > 0 || mean[2] > 0) image = subtract(image, mean);
    if (factor[0] == factor[1] && factor[1] == factor[2])
        return ad_mul_scalar(image, 1.0 / (255 * (double)r->deviation[0]));
    return ad_mul(image, ad_constant(ad_node_graph(image), AD_F32, ad_shape(3), factor));
}

/* The node of `row`, of which `before` is what the rows in front of it gave. What others see of it
 * goes to those of `features` that want it. */
static ad_node *build_row(const vision_site *s, const vision_row *row, ad_node *before,
                          const char *const *layers, int count, ad_node **features)
{
    ad_node *x = row->step ? row->step(s, row, before) : before, *seen = NULL;
    if (row->layer && row->step) x = ad_name(x, "%s", row->layer);
    for (int i = 0; row->layer && i < count; ++i) {
        if (strcmp(layers[i], row->layer) != 0) continue;
        if (!seen) seen = row->view ? row->view(s, row, x) : x;
        features[i] = seen;
    }
    return x;
}

void vision_build_form(ad_vars *vars, const char *prefix, const vision_form *form,
                       vision_pooling pooling, ad_node *x, const char *const *layers, int count,
                       ad_node **features)
{
    const vision_network *network = vision_networks + form->kind;
    const vision_site site = {vars, prefix, network, form, pooling};
    int left = -1, at = 0;
    for (int i = 0; i < count; ++i) {
        int found = vision_find(form->kind, layers[i]);
        if (found > left) left = found;
        features[i] = NULL;
    }
    for (const vision_row *row = network->rows; at <= left && !is_end(row); ++row) {
        x = build_row(&site, row, x, layers, count, features);
        at += row->layer != NULL;
    }
}

void vision_build(ad_vars *vars, const char *prefix, vision_kind kind, vision_pooling pooling,
                  ad_node *image, const char *const *layers, int count, ad_node **features)
{
    static const float vgg_mean[3] = {123.675f, 116.28f, 103.53f};
    const vision_form form = {.kind = kind};
    bool vgg = kind == VISION_VGG16 || kind == VISION_VGG19;
    ad_node *x = vgg ? subtract(image, vgg_mean) : vision_normalise(kind, image);
    vision_build_form(vars, prefix, &form, pooling, x, layers, count, features);
}
