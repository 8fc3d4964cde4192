/* vgg.c - AlexNet, VGG-16, VGG-19 and the compact VGG-19: convolutions one behind the other. */
#include "zoo/vision/rows.h"

#include <stdio.h>

/* A convolution and its ReLU; `at` is torchvision's number among convolutions, ReLUs and poolings.
 */
#define CONV(number, at, channels, kernel, stride, pad)                                            \
    {"conv" number, vision_conv, "features." at, .n = {channels, kernel, stride, pad}},            \
    {                                                                                              \
        "relu" number, .step = vision_relu                                                         \
    }
#define PAIR(number, at, channels) CONV(number, at, channels, 3, 1, 1)
#define POOL(number)                                                                               \
    {                                                                                              \
        "pool" number, vision_pool, NULL, .n = { 2 }                                               \
    }
/* Two wide layers, whose first sees `side` x `side` means, and the logits. */
#define HEAD(side, first, second, third)                                                           \
    {"avgpool", vision_adapt, NULL, .n = {side}}, {NULL, .step = vision_flatten},                  \
        {"fc6", vision_linear, "classifier." first, .n = {4096}}, {"relu6", .step = vision_relu},  \
        {"fc7", vision_linear, "classifier." second, .n = {4096}}, {"relu7", .step = vision_relu}, \
    {                                                                                              \
        "logits", vision_linear, "classifier." third, .n = { VISION_CLASSES }                      \
    }

const vision_row vision_alexnet_rows[] = {
    CONV("1", "0", 64, 11, 4, 2),  {"pool1", vision_pool, NULL, .n = {3, 2}},
    CONV("2", "3", 192, 5, 1, 2),  {"pool2", vision_pool, NULL, .n = {3, 2}},
    CONV("3", "6", 384, 3, 1, 1),  CONV("4", "8", 256, 3, 1, 1),
    CONV("5", "10", 256, 3, 1, 1), {"pool5", vision_pool, NULL, .n = {3, 2}},
    HEAD(6, "1", "4", "6"),        {0}};

const vision_row vision_vgg16_rows[] = {PAIR("1_1", "0", 64),
                                        PAIR("1_2", "2", 64),
                                        POOL("1"),
                                        PAIR("2_1", "5", 128),
                                        PAIR("2_2", "7", 128),
                                        POOL("2"),
                                        PAIR("3_1", "10", 256),
                                        PAIR("3_2", "12", 256),
                                        PAIR("3_3", "14", 256),
                                        POOL("3"),
                                        PAIR("4_1", "17", 512),
                                        PAIR("4_2", "19", 512),
                                        PAIR("4_3", "21", 512),
                                        POOL("4"),
                                        PAIR("5_1", "24", 512),
                                        PAIR("5_2", "26", 512),
                                        PAIR("5_3", "28", 512),
                                        POOL("5"),
                                        HEAD(7, "0", "3", "6"),
                                        {0}};

const vision_row vision_vgg19_rows[] = {PAIR("1_1", "0", 64),
                                        PAIR("1_2", "2", 64),
                                        POOL("1"),
                                        PAIR("2_1", "5", 128),
                                        PAIR("2_2", "7", 128),
                                        POOL("2"),
                                        PAIR("3_1", "10", 256),
                                        PAIR("3_2", "12", 256),
                                        PAIR("3_3", "14", 256),
                                        PAIR("3_4", "16", 256),
                                        POOL("3"),
                                        PAIR("4_1", "19", 512),
                                        PAIR("4_2", "21", 512),
                                        PAIR("4_3", "23", 512),
                                        PAIR("4_4", "25", 512),
                                        POOL("4"),
                                        PAIR("5_1", "28", 512),
                                        PAIR("5_2", "30", 512),
                                        PAIR("5_3", "32", 512),
                                        PAIR("5_4", "34", 512),
                                        POOL("5"),
                                        HEAD(7, "0", "3", "6"),
                                        {0}};

/* ---- compact ---- */

/* The first ReLU of a block, mapped to VGG's channels, n[0], by "convX1_aux". */
static ad_node *mapped(const vision_site *s, const vision_row *row, ad_node *x)
{
    char path[VISION_NAME_BYTES];
    ad_node *y = ad_conv2d_layer(s->vars, vision_path(s, path, row->weight, ""), x, row->n[0],
                                 (ad_conv_layer){.kernel = 1, .reflect = true});
    return ad_name(ad_relu(y), "%s_mapped", row->layer);
}

#define SMALL(number, at, channels)                                                                \
    {"conv" number, vision_conv, "conv" at, .n = {channels, 3, 1, 1}},                             \
    {                                                                                              \
        "relu" number, .step = vision_relu                                                         \
    }
#define SMALL_MAPPED(number, at, channels, wide)                                                   \
    {"conv" number, vision_conv, "conv" at, .n = {channels, 3, 1, 1}},                             \
    {                                                                                              \
        "relu" number, vision_relu, "conv" at "_aux", .n = {wide}, .view = mapped                  \
    }

const vision_row vision_compact_rows[] = {/* to BGR minus the mean */
                                          {NULL, vision_conv, "conv0", .n = {3, 1, 1, 0}},
                                          SMALL_MAPPED("1_1", "11", 16, 64),
                                          SMALL("1_2", "12", 16),
                                          POOL("1"),
                                          SMALL_MAPPED("2_1", "21", 32, 128),
                                          SMALL("2_2", "22", 32),
                                          POOL("2"),
                                          SMALL_MAPPED("3_1", "31", 64, 256),
                                          SMALL("3_2", "32", 64),
                                          SMALL("3_3", "33", 64),
                                          SMALL("3_4", "34", 64),
                                          POOL("3"),
                                          SMALL_MAPPED("4_1", "41", 128, 512),
                                          SMALL("4_2", "42", 128),
                                          SMALL("4_3", "43", 128),
                                          SMALL("4_4", "44", 128),
                                          POOL("4"),
                                          SMALL_MAPPED("5_1", "51", 128, 512),
                                          {0}};
