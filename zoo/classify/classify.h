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
 *   - model.c: what a network is built from again (its kind, sizes, classes) as metadata
 *   - networks.c: mlp, lenet, vgg
 *   - resnet.c: the residual networks
 *   - pictures.c: the data of a verb: sets, splits, loaders
 *   - saliency.c: where a network looks
 *   - train.c, eval.c, predict.c, explain.c: the verbs */
#ifndef ZOO_CLASSIFY_CLASSIFY_H
#define ZOO_CLASSIFY_CLASSIFY_H

#include <autodidact/autodidact.h>

extern const ad_verb classify_train_verb, classify_eval_verb, classify_predict_verb,
    classify_explain_verb;

enum { CLASSIFY_UPDATES = 128, CLASSIFY_CLASSES = 100000 };

#define CLASSIFY_MODELS "lenet|mlp|resnet20|resnet32|resnet18|vgg"

/* ---- networks ---- */

typedef struct classify_model {
    char kind[16]; /* "resnet20" */
    int64_t height, width;
    int channels, classes;
    char **class_names;          /* [classes]; owned (classify_model_free) */
    float mean[3], deviation[3]; /* of the pictures' values, 0 to 1 */
} classify_model;

/* What a network in training form does besides computing logits. */
typedef struct classify_training {
    double dropout;
    ad_node *rng;                      /* ad_rng; needed with dropout */
    ad_node *update[CLASSIFY_UPDATES]; /* of running statistics */
    int count;
} classify_training;

/* x [n, height, width, channels], normalised -> logits [n, classes]. `training` NULL: in
 * evaluation form. */
ad_node *classify_network(const classify_model *model, ad_vars *vars, ad_node *x,
                          classify_training *training);
ad_node *classify_resnet_cifar(int blocks, int classes, ad_vars *vars, ad_node *x,
                               classify_training *training);
ad_node *classify_resnet18(int classes, ad_vars *vars, ad_node *x, classify_training *training);
/* Batch norm in the form that is asked for. */
ad_node *classify_norm(ad_vars *vars, const char *name, ad_node *x, classify_training *training);
/* The name of the last layer: "fc". A network trained on other classes lends all but this. */
const char *classify_head(const classify_model *model);

/* ---- files ---- */

enum { CLASSIFY_METADATA = 8 };
typedef struct classify_text {
    ad_metadata row[CLASSIFY_METADATA];
    int count;
    char kind[16], size[64], mean[96], deviation[96];
    char *classes; /* a JSON list; owned */
} classify_text;

/* The model as metadata, which point into `text`. */
ad_status classify_model_describe(ad_context *ctx, const classify_model *model,
                                  classify_text *text);
void classify_text_free(classify_text *text);
/* From an opened file's metadata. Errors name the file. */
ad_status classify_model_read(ad_context *ctx, const ad_file *file, classify_model *model);
void classify_model_free(classify_model *model);

/* A trained network, ready to compute `batch` pictures at a time. */
typedef struct classify_trained {
    classify_model model;
    ad_vars *vars;
    ad_graph *graph;
    ad_program *program;
    ad_node *x, *logits;
    int64_t batch;
    float *pixels; /* [batch, height, width, channels]: fill and call ad_run */
} classify_trained;
/* From a run's folder or a weights file; reports errors, and notes broken checkpoints that are
 * passed over. 0 or an exit status. */
int classify_open(ad_command *cmd, const char *path, int64_t batch, classify_trained *trained);
void classify_close(classify_trained *trained);

#endif
