/* classify.h - pictures into classes.
 *
 * Networks:
 *   - mlp: two hidden layers of 256
 *   - lenet: after LeCun et al. 1998, two 5 x 5 convolutions with pooling and two linear layers;
 *     wider, with ReLU and dropout
 *   - resnet20, resnet32: He et al. 2016, section 4.2: 6 n + 2 layers of 16, 32, 64 channels,
 *     shortcuts without parameters (option A)
 *   - resnet18: torchvision's, with its names; for pictures of up to 64 pixels a side the 7 x 7
 *     stem with its pooling becomes a 3 x 3 convolution
 *   - vgg: Simonyan & Zisserman 2015, made compact: 3 x 3 convolutions of 32, 64, 128, 128 channels
 *     with batch norm
 *
 * Files:
 *   - settings.c: what a training is told, and what a network is built from again
 *   - networks.c: mlp, lenet, vgg
 *   - resnet.c: the residual networks
 *   - pictures.c: the data: sets, splits, augmentation
 *   - published.c: networks of others: ImageNet's (zoo/vision), known by their tensors, and ONNX
 *     files
 *   - class_match.c: which class of a network a class of pictures is
 *   - class_names.c: files of labels
 *   - train.c: the system: network, loss, scores, samples
 *   - eval.c, predict.c: the other verbs
 *   - one_picture.c: a picture file brought to what a network sees
 *   - saliency.c: where a network looks */
#ifndef ZOO_CLASSIFY_CLASSIFY_H
#define ZOO_CLASSIFY_CLASSIFY_H

#include "zoo/vision/backbone.h"
#include "zoo/vision/onnx_network.h"

#include <autodidact/autodidact.h>

extern const ad_verb classify_train_verb, classify_eval_verb, classify_predict_verb,
    classify_explain_verb;
extern const ad_system classify_system;

/* ---- settings ---- */

enum { CLASSIFY_CLASSES_MOST = 100000 };

typedef enum classify_kind { /* in the order of the option's choices */
                             CLASSIFY_LENET,
                             CLASSIFY_MLP,
                             CLASSIFY_RESNET20,
                             CLASSIFY_RESNET32,
                             CLASSIFY_RESNET18,
                             CLASSIFY_VGG,
} classify_kind;

/* What a network is built from again. */
typedef struct classify_model {
    int kind;                          /* a classify_kind */
    ad_reals picture, mean, deviation; /* [3] each: height, width, channels; of the pictures'
                                          values, 0 to 1 */
    ad_texts classes;                  /* their names */
    int64_t height, width, channels;   /* as in `picture` */
    bool published;    /* another program's: not in its files, but known by its tensors */
    vision_form form;  /* if so, as what, or: */
    vision_onnx onnx;  /* owned; and: */
    int64_t resize;    /* it sees the centre of a picture whose shorter side is this */
    bool worded;       /* its classes have names */
    bool config_names; /* the config.json beside it names its classes */
} classify_model;

typedef struct classify_data {
    char *path;
    bool grey, skip_bad;
    double validation; /* share of the training pictures */
    int64_t folds;
} classify_data;

typedef struct classify_batches {
    int64_t side, rows; /* side 0: as the pictures are */
} classify_batches;

typedef struct classify_augmentation {
    int64_t crop, shift, cutout; /* pixels */
    bool flip;
    double rotate, zoom, jitter;
} classify_augmentation;

typedef struct classify_training {
    double label_smoothing, dropout;
    char *init;
    bool freeze;
} classify_training;

extern const ad_record classify_model_record, classify_data_record, classify_batches_record,
    classify_augmentation_record, classify_training_record;

/* ---- networks ---- */

/* x [n, height, width, channels], normalised -> logits [n, classes], in the mode's form. */
ad_node *classify_network(const classify_model *model, ad_vars *vars, ad_node *x, ad_mode *mode);
/* In two steps, where it is not another program's: features [n, width], and the last layer, which
 * is its own for each set of classes. */
#define CLASSIFY_HEAD "fc"
ad_node *classify_features(const classify_model *model, ad_vars *vars, ad_node *x, ad_mode *mode);
ad_node *classify_head(const classify_model *model, ad_vars *vars, ad_node *features);
ad_node *classify_resnet_cifar(int blocks, ad_vars *vars, ad_node *x, ad_mode *mode);
ad_node *classify_resnet18(ad_vars *vars, ad_node *x, ad_mode *mode);

/* ---- one training, or one trained network ---- */

enum { CLASSIFY_MISTAKES = 48 };

typedef struct classify_mistake {
    int64_t picture; /* of the split's set */
    int taken_for;   /* a class */
    float by;        /* how much more likely that is than its own, in logits */
} classify_mistake;

typedef struct classifier {
    ad_job job;
    ad_image_splits pictures;
    ad_train_metric right;
    /* Of the split that was measured last: */
    ad_split scored;
    ad_class_scores *scores;
    classify_mistake mistake[CLASSIFY_MISTAKES]; /* the worst, these first */
    int mistakes;
} classifier;

/* ---- pictures.c ---- */

/* The system's `read`. */
ad_status classify_read(ad_job *job);
/* The model's members that follow from pictures; mean and deviation NULL: 0 and 1. */
ad_status classify_fit(ad_context *ctx, classify_model *model, int64_t height, int64_t width,
                       int channels, char *const *class_names, int64_t classes, const float *mean,
                       const float *deviation);
ad_status classify_set_moments(ad_context *ctx, classify_model *model, const float mean[3],
                               const float deviation[3]);
/* What is done to every picture: brought to the mean 0 and the deviation 1. */
ad_augment classify_normalisation(const classify_model *model);

/* ---- published.c ---- */

/* The system's `recognise`. */
ad_status classify_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                             bool *known);
/* The system's `open`: ONNX files. */
ad_status classify_open_onnx(ad_job *job, const char *path, bool *mine);
/* --pixels of an ONNX file, which all others refuse. */
ad_status classify_read_pixels(ad_command *cmd, ad_job *job);
/* "alexnet", or the path of an ONNX file. */
const char *classify_published_name(const ad_job *job);
/* Pictures that such a network can take at a time, at most `most`. */
int64_t classify_rows(const classify_model *model, int64_t most);
/* Classes by the names in a file; NULL: a published network's by one beside its weights, if there
 * is one. Notes what a person should know. */
ad_status classify_name_classes(ad_job *job, const char *path);

/* The system's `publish`: such networks are not of this system's form. */
ad_status classify_publish(ad_job *job, ad_publication *out);

/* ---- class_match.c ---- */

/* Brings the set's labels to the numbers of the network's classes. A class is called by its number,
 * by one of the words of its name, or by its wnid in a set that has all of them. */
ad_status classify_match(ad_context *ctx, ad_image_set *set, const char *path,
                         const classify_model *model);

/* ---- class_names.c ---- */

/* Replaces the names by as many from a file of labels. */
ad_status classify_read_names(ad_context *ctx, const char *path, ad_texts *classes);
/* The same from memory; `path` stands for the file in errors. */
ad_status classify_parse_names(ad_context *ctx, const char *path, const char *text, size_t bytes,
                               ad_texts *classes);

/* ---- one_picture.c ---- */

typedef struct classify_picture {
    ad_image *image;       /* in the network's size and channels; owned */
    int64_t width, height; /* of the file */
    char done[320];        /* "640 x 480, resized to 32 x 32, made grey"; "": nothing */
} classify_picture;

/* Reads a picture as the network sees it, and normalised to pixels [height, width, channels]. */
ad_status classify_open_picture(ad_context *ctx, const classify_model *model, const char *path,
                                classify_picture *out, float *pixels);

/* ---- train.c ---- */

/* Before what the evaluation program gave is ranked or printed. */
ad_status classify_result_finite(const ad_job *job);

/* Runs over a split; its scores are in c->scores. *done: there is such a split. */
ad_status classify_score(classifier *c, ad_split split, bool *done);

/* ---- explain.c ---- */

/* The system's `sketch`. */
ad_status classify_sketch(ad_job *job);

#endif
