/* branched.c - SqueezeNet, GoogLeNet and Inception v3, of blocks with branches (branches.c). */
#include "zoo/vision/rows.h"

/* ---- SqueezeNet: the classes are channels ---- */

/* With sizes that round up, as Caffe's. */
#define SHRINK(name)                                                                               \
    {                                                                                              \
        name, vision_pool, NULL, .n = { 3, 2, 0, true }                                            \
    }
#define FIRE(number, at, squeezed, expanded)                                                       \
    {                                                                                              \
        "fire" number, vision_fire, "features." at, .n = { squeezed, expanded, expanded }          \
    }
#define SQUEEZENET_HEAD                                                                            \
    {"conv10", vision_conv, "classifier.1", .n = {VISION_CLASSES, 1, 1, 0}},                       \
        {"relu10", .step = vision_relu},                                                           \
    {                                                                                              \
        "logits", .step = vision_mean                                                              \
    }

const vision_row vision_squeezenet1_0_rows[] = {
    {"conv1", vision_conv, "features.0", .n = {96, 7, 2, 0}},
    {"relu1", .step = vision_relu},
    SHRINK("pool1"),
    FIRE("2", "3", 16, 64),
    FIRE("3", "4", 16, 64),
    FIRE("4", "5", 32, 128),
    SHRINK("pool4"),
    FIRE("5", "7", 32, 128),
    FIRE("6", "8", 48, 192),
    FIRE("7", "9", 48, 192),
    FIRE("8", "10", 64, 256),
    SHRINK("pool8"),
    FIRE("9", "12", 64, 256),
    SQUEEZENET_HEAD,
    {0}};

const vision_row vision_squeezenet1_1_rows[] = {
    {"conv1", vision_conv, "features.0", .n = {64, 3, 2, 0}},
    {"relu1", .step = vision_relu},
    SHRINK("pool1"),
    FIRE("2", "3", 16, 64),
    FIRE("3", "4", 16, 64),
    SHRINK("pool3"),
    FIRE("4", "6", 32, 128),
    FIRE("5", "7", 32, 128),
    SHRINK("pool5"),
    FIRE("6", "9", 48, 192),
    FIRE("7", "10", 48, 192),
    FIRE("8", "11", 64, 256),
    FIRE("9", "12", 64, 256),
    SQUEEZENET_HEAD,
    {0}};

/* ---- GoogLeNet: table 1 of the paper ---- */

#define INCEPTION(name, ...)                                                                       \
    {                                                                                              \
        name, vision_inception, name, .n = { __VA_ARGS__ }                                         \
    }

const vision_row vision_googlenet_rows[] = {{"conv1", vision_unit, "conv1", .n = {64, 7, 2, 3}},
                                            SHRINK("maxpool1"),
                                            {"conv2", vision_unit, "conv2", .n = {64, 1, 1, 0}},
                                            {"conv3", vision_unit, "conv3", .n = {192, 3, 1, 1}},
                                            SHRINK("maxpool2"),
                                            INCEPTION("inception3a", 64, 96, 128, 16, 32, 32),
                                            INCEPTION("inception3b", 128, 128, 192, 32, 96, 64),
                                            SHRINK("maxpool3"),
                                            INCEPTION("inception4a", 192, 96, 208, 16, 48, 64),
                                            INCEPTION("inception4b", 160, 112, 224, 24, 64, 64),
                                            INCEPTION("inception4c", 128, 128, 256, 24, 64, 64),
                                            INCEPTION("inception4d", 112, 144, 288, 32, 64, 64),
                                            INCEPTION("inception4e", 256, 160, 320, 32, 128, 128),
                                            {"maxpool4", vision_pool, NULL, .n = {2, 2, 0, true}},
                                            INCEPTION("inception5a", 256, 160, 320, 32, 128, 128),
                                            INCEPTION("inception5b", 384, 192, 384, 48, 128, 128),
                                            {"avgpool", .step = vision_mean},
                                            {"logits", vision_linear, "fc", .n = {VISION_CLASSES}},
                                            {0}};

/* ---- Inception v3 ---- */

const vision_row vision_inception_v3_rows[] = {
    {"Conv2d_1a_3x3", vision_unit, "Conv2d_1a_3x3", .n = {32, 3, 2, 0}},
    {"Conv2d_2a_3x3", vision_unit, "Conv2d_2a_3x3", .n = {32, 3, 1, 0}},
    {"Conv2d_2b_3x3", vision_unit, "Conv2d_2b_3x3", .n = {64, 3, 1, 1}},
    {"maxpool1", vision_pool, NULL, .n = {3, 2}},
    {"Conv2d_3b_1x1", vision_unit, "Conv2d_3b_1x1", .n = {80, 1, 1, 0}},
    {"Conv2d_4a_3x3", vision_unit, "Conv2d_4a_3x3", .n = {192, 3, 1, 0}},
    {"maxpool2", vision_pool, NULL, .n = {3, 2}},
    {"Mixed_5b", vision_mixed_a, "Mixed_5b", .n = {32}},
    {"Mixed_5c", vision_mixed_a, "Mixed_5c", .n = {64}},
    {"Mixed_5d", vision_mixed_a, "Mixed_5d", .n = {64}},
    {"Mixed_6a", .step = vision_mixed_b, .weight = "Mixed_6a"},
    {"Mixed_6b", vision_mixed_c, "Mixed_6b", .n = {128}},
    {"Mixed_6c", vision_mixed_c, "Mixed_6c", .n = {160}},
    {"Mixed_6d", vision_mixed_c, "Mixed_6d", .n = {160}},
    {"Mixed_6e", vision_mixed_c, "Mixed_6e", .n = {192}},
    {"Mixed_7a", .step = vision_mixed_d, .weight = "Mixed_7a"},
    {"Mixed_7b", .step = vision_mixed_e, .weight = "Mixed_7b"},
    {"Mixed_7c", .step = vision_mixed_e, .weight = "Mixed_7c"},
    {"avgpool", .step = vision_mean},
    {"logits", vision_linear, "fc", .n = {VISION_CLASSES}},
    {0}};

/* As far as Mixed_7a; what follows has no names that were published with the weights. */
const vision_row vision_inception_2015_rows[] = {
    {"conv", vision_unit, "conv", .n = {32, 3, 2, 0}},
    {"conv_1", vision_unit, "conv_1", .n = {32, 3, 1, 0}},
    {"conv_2", vision_unit, "conv_2", .n = {64, 3, 1, 1}},
    {"pool", vision_pool, NULL, .n = {3, 2}},
    {"conv_3", vision_unit, "conv_3", .n = {80, 1, 1, 0}},
    {"conv_4", vision_unit, "conv_4", .n = {192, 3, 1, 0}},
    {"pool_1", vision_pool, NULL, .n = {3, 2}},
    {"mixed", vision_mixed_a, "mixed", .n = {32}},
    {"mixed_1", vision_mixed_a, "mixed_1", .n = {64}},
    {"mixed_2", vision_mixed_a, "mixed_2", .n = {64}},
    {"mixed_3", .step = vision_mixed_b, .weight = "mixed_3"},
    {"mixed_4", vision_mixed_c, "mixed_4", .n = {128}},
    {"mixed_5", vision_mixed_c, "mixed_5", .n = {160}},
    {"mixed_6", vision_mixed_c, "mixed_6", .n = {160}},
    {"mixed_7", vision_mixed_c, "mixed_7", .n = {192}},
    {"mixed_8", .step = vision_mixed_d, .weight = "mixed_8"},
    {0}};
