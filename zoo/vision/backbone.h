/* backbone.h - the image networks whose features other systems look through.
 *
 *   vgg16, vgg19   Simonyan & Zisserman 2015, configurations D and E, as torchvision numbers them
 *                  (`features.N.weight`), up to relu5_3 / relu5_4.
 *   compact        the VGG-19 encoder distilled to 1/16 of its size by Wang et al. 2020
 *                  ("Collaborative distillation for ultra-resolution universal style transfer"),
 *                  `conv11` .. `conv51`; 1 x 1 layers `conv11_aux` .. map it to VGG's channels.
 *
 * Layers are called as in the literature: conv4_2 before its ReLU, relu4_2 after, pool4 after the
 * pooling. In the compact network relu1_1, relu2_1, ... relu5_1 are the mapped, VGG-sized features.
 */
#ifndef ZOO_VISION_BACKBONE_H
#define ZOO_VISION_BACKBONE_H

#include <autodidact/io.h>
#include <autodidact/nn.h>

typedef enum vision_kind {
    VISION_VGG16 = 0,
    VISION_VGG19,
    VISION_COMPACT,
    VISION_KINDS,
} vision_kind;

/* Networks are trained with maxima. Looking for a picture, the gradient of means reaches every
 * pixel (Gatys et al. 2016, section 2). */
typedef enum vision_pooling { VISION_MAX = 0, VISION_AVERAGE } vision_pooling;

enum { VISION_MAX_LAYERS = 48 };

const char *vision_name(vision_kind kind); /* "vgg19" */

/* Which network a weights file is for, by the tensors in it. Fails naming what was expected. */
ad_status vision_detect(ad_context *ctx, ad_file *file, vision_kind *kind);

/* The names of a network's layers in order, at most VISION_MAX_LAYERS; returns their number. */
int vision_layers(vision_kind kind, const char *names[VISION_MAX_LAYERS]);
/* The layer's position in that list; -1: no such layer. */
int vision_find(vision_kind kind, const char *layer);
/* "conv1_1, relu1_1, ..." - for errors. */
void vision_layers_text(vision_kind kind, char *text, size_t size);

/* Builds the network on `image` ([n, height, width, 3], RGB, 0 to 255) up to the last of the
 * `count` layers asked for and puts their nodes into `features`; NULL (poison) for a name that is
 * none of the network's. Parameters are found or declared in `vars` under `prefix` + the files'
 * names. */
void vision_build(ad_vars *vars, const char *prefix, vision_kind kind, vision_pooling pooling,
                  ad_node *image, const char *const *layers, int count, ad_node **features);

/* What a layer's features are multiplied with, so that losses of different networks are of about
 * one size: 1 for VGG, whose images are of 0 to 255 (layer_scale.c). */
double vision_feature_scale(vision_kind kind, const char *layer);
/* Then, what errors of Gram matrices are multiplied with, so that a weight of them means the same
 * beside a weight of features. */
double vision_gram_scale(vision_kind kind);

/* The weights in the binary: a compact network trained by this project (zoo/backbone). */
ad_status vision_open_embedded(ad_file **file, ad_context *ctx);

#endif
