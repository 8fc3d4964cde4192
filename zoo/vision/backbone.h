/* backbone.h - image networks by the names of their published weights: what other systems look
 * through, and what says which of ImageNet's classes a picture shows.
 *
 *   vgg16, vgg19     Simonyan & Zisserman 2015, configurations D and E
 *   compact          the VGG-19 encoder distilled to 1/16 of its size by Wang et al. 2020
 *                    ("Collaborative distillation for ultra-resolution universal style transfer"),
 *                    `conv11` .. `conv51`; 1 x 1 layers `conv11_aux` .. map it to VGG's channels
 *   alexnet          Krizhevsky 2014 ("One weird trick for parallelizing ...")
 *   googlenet        Szegedy et al. 2015
 *   resnet18, 50     He et al. 2016; resnet50 strides in its 3 x 3 convolutions, as torchvision's
 *   squeezenet1_0, 1_1   Iandola et al. 2016
 *   inception_v3     Szegedy et al. 2016
 *   inception_2015   the same as it was published first: TensorFlow's names (`weights_mixed_conv`
 *                    as [out, kh, kw, in]), batch norm folded into biases, poolings that do not
 *                    count their pad
 *   mobilenet_v1     Howard et al. 2017, by transformers' names; TensorFlow's pads
 *   mobilenet_v2     Sandler et al. 2018, torchvision's
 *   mobilenet_v2_tf  the same by transformers' names; TensorFlow's pads
 *   darknet_tiny     Redmon's Tiny Darknet: `conv1.conv`, `conv1.bn`, ... `conv16`
 *
 * Where nothing else is said, tensors have torchvision's names, and batch norm is in evaluation
 * form. docs/vision.md lists the layers. Of VGG conv4_2 is before its ReLU, relu4_2 after, pool4
 * after the pooling; in the compact network relu1_1, relu2_1, ... relu5_1 are the mapped, VGG-sized
 * features. The layer "logits" [n, classes] is the last of all but compact and inception_2015. */
#ifndef ZOO_VISION_BACKBONE_H
#define ZOO_VISION_BACKBONE_H

#include <autodidact/io.h>
#include <autodidact/nn.h>

typedef enum vision_kind {
    VISION_VGG16 = 0,
    VISION_VGG19,
    VISION_COMPACT,
    VISION_ALEXNET,
    VISION_GOOGLENET,
    VISION_RESNET18,
    VISION_RESNET50,
    VISION_SQUEEZENET1_0,
    VISION_SQUEEZENET1_1,
    VISION_INCEPTION_V3,
    VISION_INCEPTION_2015,
    VISION_MOBILENET_V1,
    VISION_MOBILENET_V2,
    VISION_MOBILENET_V2_TF,
    VISION_DARKNET_TINY,
    VISION_KINDS,
} vision_kind;

/* Networks are trained with maxima. Looking for a picture, the gradient of means reaches every
 * pixel (Gatys et al. 2016, section 2). Poolings inside of blocks stay as they are. */
typedef enum vision_pooling { VISION_MAX = 0, VISION_AVERAGE } vision_pooling;

enum { VISION_MAX_LAYERS = 48, VISION_CLASSES_MOST = 100000 };

/* How a picture becomes what the network was trained on. */
typedef struct vision_recipe {
    float mean[3], deviation[3]; /* of red, green, blue, 0 to 1 */
    int resize, side;            /* the shorter side, of which the centre is taken */
} vision_recipe;

/* A network as a file has it. */
typedef struct vision_form {
    vision_kind kind;
    int64_t classes; /* of "logits"; 0: 1000 */
    double width;    /* of MobileNets: what channels are multiplied with; 0: 1 */
    int layers;      /* this many of vision_layers are in the file */
    int side;        /* of the pictures that it was trained on, by the file's metadata "side"; 0:
                        the recipe's */
} vision_form;

const char *vision_name(vision_kind kind); /* "vgg19" */
const vision_recipe *vision_recipe_of(vision_kind kind);
/* What tensors begin with that only training needs (auxiliary classifiers); NULL: there are none.
 */
const char *vision_unused(vision_kind kind);

/* Which network a weights file is for, by the tensors in it. Fails naming what was expected. */
ad_status vision_detect(ad_context *ctx, ad_file *file, vision_kind *kind);
/* The same as a question. */
bool vision_knows(const ad_file *file, vision_kind *kind);
/* All of the form. A file that lacks the last layers has fewer; one that lacks a tensor before such
 * that it has is an error naming it. */
ad_status vision_read_form(ad_context *ctx, ad_file *file, vision_form *form);

/* The names of a network's layers in order, at most VISION_MAX_LAYERS; returns their number. */
int vision_layers(vision_kind kind, const char *names[VISION_MAX_LAYERS]);
/* The layer's position in that list; -1: no such layer. */
int vision_find(vision_kind kind, const char *layer);
/* The last layer in front of the classes, as far as the file reaches: what is known of a picture
 * before it is given a name. Of compact the last of all. */
const char *vision_features_layer(const vision_form *form);
/* "conv1_1, relu1_1, ..." - for errors. */
void vision_layers_text(vision_kind kind, char *text, size_t size);
/* The sentence for a layer that the network does not have (with the nearest name, and all there
 * are) or that this file does not reach; AD_OK otherwise. */
ad_status vision_check_layer(ad_context *ctx, const ad_file *file, const vision_form *form,
                             const char *layer);

/* Builds the network on `image` ([n, height, width, 3], RGB, 0 to 255) up to the last of the
 * `count` layers asked for and puts their nodes into `features`; NULL (poison) for a name that is
 * none of the network's. Parameters are found or declared in `vars` under `prefix` + the files'
 * names. VGG sees the image minus ImageNet's mean, not divided by the deviation, as in the papers
 * on style; all others what their recipe says. */
void vision_build(ad_vars *vars, const char *prefix, vision_kind kind, vision_pooling pooling,
                  ad_node *image, const char *const *layers, int count, ad_node **features);
/* The same for any form on `x` that is normalised already. */
void vision_build_form(ad_vars *vars, const char *prefix, const vision_form *form,
                       vision_pooling pooling, ad_node *x, const char *const *layers, int count,
                       ad_node **features);
/* An image of 0 to 255 as the recipe wants it. */
ad_node *vision_normalise(vision_kind kind, ad_node *image);
/* Loads what was built from its file: NaN, a missing tensor or one of another shape is an error
 * that names it. What only training needs (auxiliary classifiers, num_batches_tracked) is passed
 * over; of tensors that are unused otherwise `report` says so (may be NULL). */
ad_status vision_load(ad_vars *vars, ad_file *file, const vision_form *form,
                      ad_load_report *report);

/* What a layer's features are multiplied with, so that losses of different networks are of about
 * one size: 1 for VGG, whose images are of 0 to 255 (layer_scale.c). */
double vision_feature_scale(vision_kind kind, const char *layer);
/* Then, what errors of Gram matrices are multiplied with, so that a weight of them means the same
 * beside a weight of features. */
double vision_gram_scale(vision_kind kind);

/* The weights in the binary: a compact network trained by this project (zoo/backbone). */
ad_status vision_open_embedded(ad_file **file, ad_context *ctx);

#endif
