/* residual.c - ResNet-18 and ResNet-50. */
#include "zoo/vision/rows.h"

static ad_node *conv1(const vision_site *s, const vision_row *row, ad_node *x)
{
    (void)row;
    return ad_relu(vision_conv_norm(s, "", "conv1", "bn1", x, 64,
                                    (vision_window){.kernel = 7, .stride = 2, .pad = 3}));
}

/* Option B: where the shape changes, a 1 x 1 convolution with batch norm. */
static ad_node *shortcut(const vision_site *s, const vision_row *row, ad_node *x, int64_t channels)
{
    if (vision_last_dim(x) == channels && row->n[1] == 1) return x;
    return vision_conv_norm(s, row->weight, "downsample.0", "downsample.1", x, channels,
                            (vision_window){.kernel = 1, .stride = row->n[1]});
}

/* n: channels, stride */
static ad_node *basic(const vision_site *s, const vision_row *row, ad_node *x)
{
    ad_node *h = vision_conv_norm(s, row->weight, "conv1", "bn1", x, row->n[0],
                                  (vision_window){.kernel = 3, .stride = row->n[1], .pad = 1});
    h = vision_conv_norm(s, row->weight, "conv2", "bn2", ad_relu(h), row->n[0],
                         (vision_window){.kernel = 3, .stride = 1, .pad = 1});
    return ad_relu(ad_add(h, shortcut(s, row, x, row->n[0])));
}

/* n: channels of the narrow part, stride; four times as many come out. */
static ad_node *bottleneck(const vision_site *s, const vision_row *row, ad_node *x)
{
    const vision_window one = {.kernel = 1, .stride = 1};
    ad_node *h = vision_conv_norm(s, row->weight, "conv1", "bn1", x, row->n[0], one);
    h = vision_conv_norm(s, row->weight, "conv2", "bn2", ad_relu(h), row->n[0],
                         (vision_window){.kernel = 3, .stride = row->n[1], .pad = 1});
    h = vision_conv_norm(s, row->weight, "conv3", "bn3", ad_relu(h), 4 * row->n[0], one);
    return ad_relu(ad_add(h, shortcut(s, row, x, 4 * row->n[0])));
}

/* The first block of a stage strides; the stage has the name of its last one, too. */
#define BASIC(name, channels, stride)                                                              \
    {                                                                                              \
        name, basic, name, .n = { channels, stride }                                               \
    }
#define BOTTLENECK(name, channels, stride)                                                         \
    {                                                                                              \
        name, bottleneck, name, .n = { channels, stride }                                          \
    }
#define STAGE(name)                                                                                \
    {                                                                                              \
        .layer = name                                                                              \
    }
#define STEM                                                                                       \
    {"relu", .step = conv1},                                                                       \
    {                                                                                              \
        "maxpool", vision_pool, NULL, .n = { 3, 2, 1 }                                             \
    }
#define HEAD                                                                                       \
    {"avgpool", .step = vision_mean},                                                              \
    {                                                                                              \
        "logits", vision_linear, "fc", .n = { VISION_CLASSES }                                     \
    }

const vision_row vision_resnet18_rows[] = {STEM,
                                           BASIC("layer1.0", 64, 1),
                                           BASIC("layer1.1", 64, 1),
                                           STAGE("layer1"),
                                           BASIC("layer2.0", 128, 2),
                                           BASIC("layer2.1", 128, 1),
                                           STAGE("layer2"),
                                           BASIC("layer3.0", 256, 2),
                                           BASIC("layer3.1", 256, 1),
                                           STAGE("layer3"),
                                           BASIC("layer4.0", 512, 2),
                                           BASIC("layer4.1", 512, 1),
                                           STAGE("layer4"),
                                           HEAD,
                                           {0}};

const vision_row vision_resnet50_rows[] = {STEM,
                                           BOTTLENECK("layer1.0", 64, 1),
                                           BOTTLENECK("layer1.1", 64, 1),
                                           BOTTLENECK("layer1.2", 64, 1),
                                           STAGE("layer1"),
                                           BOTTLENECK("layer2.0", 128, 2),
                                           BOTTLENECK("layer2.1", 128, 1),
                                           BOTTLENECK("layer2.2", 128, 1),
                                           BOTTLENECK("layer2.3", 128, 1),
                                           STAGE("layer2"),
                                           BOTTLENECK("layer3.0", 256, 2),
                                           BOTTLENECK("layer3.1", 256, 1),
                                           BOTTLENECK("layer3.2", 256, 1),
                                           BOTTLENECK("layer3.3", 256, 1),
                                           BOTTLENECK("layer3.4", 256, 1),
                                           BOTTLENECK("layer3.5", 256, 1),
                                           STAGE("layer3"),
                                           BOTTLENECK("layer4.0", 512, 2),
                                           BOTTLENECK("layer4.1", 512, 1),
                                           BOTTLENECK("layer4.2", 512, 1),
                                           STAGE("layer4"),
                                           HEAD,
                                           {0}};
