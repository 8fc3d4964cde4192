/* mobile.c - MobileNet v1 and v2, of depthwise convolutions, and Tiny Darknet. */
#include "zoo/vision/rows.h"

#include <stdio.h>

/* Channels times the width, a multiple of 8, and not less than 0.9 of it. */
static int64_t scaled(const vision_site *s, int channels)
{
    double wanted = channels * (s->form->width > 0 ? s->form->width : 1);
    int64_t c = (int64_t)(wanted + 4) / 8 * 8;
    if (c < 8) c = 8;
    return (double)c < 0.9 * wanted ? c + 8 : c;
}

/* A unit whose channels follow the width; n: channels, kernel, stride, pad */
static ad_node *unit(const vision_site *s, const vision_row *row, ad_node *x)
{
    return vision_unit_at(
        s, row->weight, x, scaled(s, row->n[0]),
        (vision_window){.kernel = row->n[1], .stride = row->n[2], .pad = row->n[3]});
}

/* The last unit of v2 gets no narrower than it is at 1. */
static ad_node *wide_unit(const vision_site *s, const vision_row *row, ad_node *x)
{
    int64_t channels = s->form->width > 1 ? scaled(s, row->n[0]) : row->n[0];
    return vision_unit_at(s, row->weight, x, channels, (vision_window){.kernel = 1, .stride = 1});
}

/* n: stride */
static ad_node *depthwise(const vision_site *s, const vision_row *row, ad_node *x)
{
    int64_t channels = vision_last_dim(x);
    return vision_unit_at(
        s, row->weight, x, channels,
        (vision_window){.kernel = 3, .stride = row->n[0], .pad = 1, .groups = (int)channels});
}

/* ---- v1: transformers' MobileNetV1Model ---- */

#define SEPARABLE(depth, point, channels, stride)                                                  \
    {"layer." depth, depthwise, "mobilenet_v1.layer." depth, .n = {stride}},                       \
    {                                                                                              \
        "layer." point, unit, "mobilenet_v1.layer." point, .n = { channels, 1, 1, 0 }              \
    }

const vision_row vision_mobilenet_v1_rows[] = {
    {"conv_stem", unit, "mobilenet_v1.conv_stem", .n = {32, 3, 2, 1}},
    SEPARABLE("0", "1", 64, 1),
    SEPARABLE("2", "3", 128, 2),
    SEPARABLE("4", "5", 128, 1),
    SEPARABLE("6", "7", 256, 2),
    SEPARABLE("8", "9", 256, 1),
    SEPARABLE("10", "11", 512, 2),
    SEPARABLE("12", "13", 512, 1),
    SEPARABLE("14", "15", 512, 1),
    SEPARABLE("16", "17", 512, 1),
    SEPARABLE("18", "19", 512, 1),
    SEPARABLE("20", "21", 512, 1),
    SEPARABLE("22", "23", 1024, 2),
    SEPARABLE("24", "25", 1024, 1),
    {"pool", .step = vision_mean},
    {"logits", vision_linear, "classifier", .n = {VISION_CLASSES}},
    {0}};

/* ---- v2 ---- */

/* What the three convolutions of a block are called; torchvision counts them, from the depthwise
 * one where nothing is expanded. */
typedef struct block_names {
    const char *expand, *depth, *reduce, *reduce_norm;
} block_names;

static block_names names_of(const vision_site *s, bool expands)
{
    static const block_names transformers = {"expand_1x1", "conv_3x3", "reduce_1x1.convolution",
                                             "reduce_1x1.normalization"};
    static const block_names full = {"conv.0", "conv.1", "conv.2", "conv.3"};
    static const block_names first = {NULL, "conv.0", "conv.1", "conv.2"};
    return s->network->tf_names ? transformers : expands ? full : first;
}

/* n: channels, stride, expansion. Figure 3b of the paper, and the shortcut where shapes agree. */
static ad_node *inverted(const vision_site *s, const vision_row *row, ad_node *x)
{
    char name[VISION_NAME_BYTES];
    const vision_window one = {.kernel = 1, .stride = 1};
    const block_names names = names_of(s, row->n[2] > 1);
    int64_t in = vision_last_dim(x), wide = in * row->n[2], channels = scaled(s, row->n[0]);
    ad_node *h = x;
    if (row->n[2] > 1) {
        snprintf(name, sizeof name, "%s.%s", row->weight, names.expand);
        h = vision_unit_at(s, name, h, wide, one);
    }
    snprintf(name, sizeof name, "%s.%s", row->weight, names.depth);
    h = vision_unit_at(
        s, name, h, wide,
        (vision_window){.kernel = 3, .stride = row->n[1], .pad = 1, .groups = (int)wide});
    h = vision_conv_norm(s, row->weight, names.reduce, names.reduce_norm, h, channels, one);
    return in == channels && row->n[1] == 1 ? ad_add(x, h) : h;
}

/* Table 2: block, channels, stride, expansion; in torchvision's numbers and in transformers'. */
#define BLOCKS(BLOCK)                                                                              \
    BLOCK("2", "0", 24, 2), BLOCK("3", "1", 24, 1), BLOCK("4", "2", 32, 2),                        \
        BLOCK("5", "3", 32, 1), BLOCK("6", "4", 32, 1), BLOCK("7", "5", 64, 2),                    \
        BLOCK("8", "6", 64, 1), BLOCK("9", "7", 64, 1), BLOCK("10", "8", 64, 1),                   \
        BLOCK("11", "9", 96, 1), BLOCK("12", "10", 96, 1), BLOCK("13", "11", 96, 1),               \
        BLOCK("14", "12", 160, 2), BLOCK("15", "13", 160, 1), BLOCK("16", "14", 160, 1),           \
        BLOCK("17", "15", 320, 1)
#define TORCHVISION(here, there, channels, stride)                                                 \
    {                                                                                              \
        "features." here, inverted, "features." here, .n = { channels, stride, 6 }                 \
    }
#define TRANSFORMERS(here, there, channels, stride)                                                \
    {                                                                                              \
        "layer." there, inverted, "mobilenet_v2.layer." there, .n = { channels, stride, 6 }        \
    }

const vision_row vision_mobilenet_v2_rows[] = {
    {"features.0", unit, "features.0", .n = {32, 3, 2, 1}},
    {"features.1", inverted, "features.1", .n = {16, 1, 1}},
    BLOCKS(TORCHVISION),
    {"features.18", wide_unit, "features.18", .n = {1280}},
    {"pool", .step = vision_mean},
    {"logits", vision_linear, "classifier.1", .n = {VISION_CLASSES}},
    {0}};

const vision_row vision_mobilenet_v2_tf_rows[] = {
    {"first_conv", unit, "mobilenet_v2.conv_stem.first_conv", .n = {32, 3, 2, 1}},
    {"conv_stem", inverted, "mobilenet_v2.conv_stem", .n = {16, 1, 1}},
    BLOCKS(TRANSFORMERS),
    {"conv_1x1", wide_unit, "mobilenet_v2.conv_1x1", .n = {1280}},
    {"pool", .step = vision_mean},
    {"logits", vision_linear, "classifier", .n = {VISION_CLASSES}},
    {0}};

/* ---- Tiny Darknet ---- */

#define DARK(number, channels, kernel)                                                             \
    {                                                                                              \
        "conv" number, vision_unit, "conv" number, .n = { channels, kernel, 1, kernel / 2 }        \
    }
#define POOL(number)                                                                               \
    {                                                                                              \
        "pool" number, vision_pool, NULL, .n = { 2, 2 }                                            \
    }

const vision_row vision_darknet_tiny_rows[] = {
    DARK("1", 16, 3),
    POOL("1"),
    DARK("2", 32, 3),
    POOL("2"),
    DARK("3", 16, 1),
    DARK("4", 128, 3),
    DARK("5", 16, 1),
    DARK("6", 128, 3),
    POOL("6"),
    DARK("7", 32, 1),
    DARK("8", 256, 3),
    DARK("9", 32, 1),
    DARK("10", 256, 3),
    POOL("10"),
    DARK("11", 64, 1),
    DARK("12", 512, 3),
    DARK("13", 64, 1),
    DARK("14", 512, 3),
    DARK("15", 128, 1),
    {"conv16", vision_conv, "conv16", .n = {VISION_CLASSES, 1, 1, 0}},
    {"logits", .step = vision_mean},
    {0}};
