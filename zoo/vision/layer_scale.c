/* layer_scale.c - how large a network's features are, so that losses of them can be compared.
 *
 * VGG-19's features are taken as they are. Each layer of the compact network is brought to one root
 * mean square, since its sizes are an accident of how it was trained: some layers kept the
 * teacher's, others were brought near 1 (zoo/backbone/fit.c). Measured on 21 photos and paintings,
 * 256 pixels on the longer side; tests/zoo/style.c measures it again. */
#include "zoo/vision/backbone.h"

#include <string.h>

/* What VGG-19 has in the middle layers for pictures of 0 to 255, roughly. */
static const double common_size = 28;

static const struct {
    const char *layer;
    double size; /* root mean square of the features */
} compact[] = {
    {"conv1_1", 1.09}, {"relu1_1", 2.39}, {"conv1_2", 1.07}, {"relu1_2", 0.98}, {"pool1", 1.17},
    {"conv2_1", 1.12}, {"relu2_1", 1.94}, {"conv2_2", 1.04}, {"relu2_2", 0.91}, {"pool2", 1.04},
    {"conv3_1", 1.18}, {"relu3_1", 1.99}, {"conv3_2", 1.17}, {"relu3_2", 0.59}, {"conv3_3", 1.17},
    {"relu3_3", 0.74}, {"conv3_4", 1.16}, {"relu3_4", 0.86}, {"pool3", 0.97},   {"conv4_1", 1.25},
    {"relu4_1", 1.65}, {"conv4_2", 7.55}, {"relu4_2", 2.55}, {"conv4_3", 1.18}, {"relu4_3", 0.51},
    {"conv4_4", 1.10}, {"relu4_4", 0.33}, {"pool4", 0.44},   {"conv5_1", 1.10}, {"relu5_1", 1.63},
};

double vision_feature_scale(vision_kind kind, const char *layer)
{
    if (kind != VISION_COMPACT) return 1;
    for (size_t i = 0; i < sizeof compact / sizeof *compact; ++i)
        if (!strcmp(compact[i].layer, layer)) return common_size / compact[i].size;
    return 1;
}

/* Gram matrices of 16 or 32 channels that were mapped to 64 or 128 are of low rank, and a picture
 * that has them is found more easily than with VGG-19. Half is as much as leaves the photo in small
 * pictures from noise; docs/style.md has the figures. */
double vision_gram_scale(vision_kind kind)
{
    return kind == VISION_COMPACT ? 0.5 : 1;
}
