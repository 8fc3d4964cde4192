/* settings.c - what a training is told, and what a network is built from again. */
#include "zoo/classify/classify.h"

/* ---- the network ---- */

#define AT(member) AD_AT(classify_model, member)
static const ad_option model_rows[] = {
    {"model", 0, AD_OPTION_CHOICE, AT(kind), .initial = "lenet",
     .choices = "lenet|mlp|resnet20|resnet32|resnet18|vgg", .help = "the network"},
    {"picture", 0, AD_OPTION_REALS, AT(picture), .key = "size", .derived = true, .min = 1,
     .max = 16384},
    {"mean", 0, AD_OPTION_REALS, AT(mean), .derived = true},
    {"deviation", 0, AD_OPTION_REALS, AT(deviation), .derived = true},
    {"class-names", 0, AD_OPTION_TEXTS, AT(classes), .key = "classes", .derived = true},
    {0}};

static ad_status three(ad_context *ctx, const char *where, const char *name, const ad_reals *list)
{
    if (list->count == 3) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: %s has %lld numbers, expected 3", where, name,
                        (long long)list->count);
}

static ad_status check_model(ad_context *ctx, const char *where, const void *value)
{
    const classify_model *m = value;
    ad_status status = three(ctx, where, "size", &m->picture);
    if (!status) status = three(ctx, where, "mean", &m->mean);
    if (!status) status = three(ctx, where, "deviation", &m->deviation);
    if (!status && m->channels != 1 && m->channels != 3)
        status = ad_error_set(ctx, AD_ERROR_FORMAT, "%s: there are %lld channels, expected 1 or 3",
                              where, (long long)m->channels);
    if (!status && (m->classes.count < 1 || m->classes.count > CLASSIFY_CLASSES_MOST))
        status = ad_error_set(ctx, AD_ERROR_FORMAT, "%s: there are %lld classes, expected 1 to %d",
                              where, (long long)m->classes.count, CLASSIFY_CLASSES_MOST);
    return status;
}

static ad_status complete_model(ad_context *ctx, const char *where, void *value)
{
    classify_model *m = value;
    ad_status status = three(ctx, where, "size", &m->picture);
    if (status) return status;
    m->height = (int64_t)m->picture.at[0];
    m->width = (int64_t)m->picture.at[1];
    m->channels = (int64_t)m->picture.at[2];
    return AD_OK;
}

const ad_record classify_model_record = {.title = "network",
                                         .prefix = "classify.",
                                         .options = model_rows,
                                         .size = sizeof(classify_model),
                                         .check = check_model,
                                         .complete = complete_model};

/* ---- the data ---- */

static const ad_option data_rows[] = {
    {"data", 0, AD_OPTION_FILE, AD_AT(classify_data, path), .required = true, .may_change = true,
     .help = "pictures: a folder per class, MNIST or CIFAR files, pictures with a table of labels "
             "(labels.csv), or an archive of these"},
    {"grey", 0, AD_OPTION_FLAG, AD_AT(classify_data, grey), .help = "drop the colour"},
    {"skip-bad", 0, AD_OPTION_FLAG, AD_AT(classify_data, skip_bad),
     .help = "leave broken pictures out instead of stopping"},
    {"val", 0, AD_OPTION_REAL, AD_AT(classify_data, validation), .initial = "0.1", .min = 0,
     .max = 0.5,
     .help = "share of the training pictures to validate with, where the data have no such split"},
    {"folds", 0, AD_OPTION_INT, AD_AT(classify_data, folds), .initial = "0", .min = 0, .max = 1000,
     .help = "cross-validation: train this many networks, each tested on its own part"},
    {0}};
const ad_record classify_data_record = {
    .title = "data", .options = data_rows, .size = sizeof(classify_data)};

static const ad_option batches_rows[] = {
    {"size", 0, AD_OPTION_INT, AD_AT(classify_batches, side), .min = 4, .max = 4096,
     .unit = "PIXELS", .help = "make all pictures squares of this side, else they must be equal"},
    {"batch", 0, AD_OPTION_INT, AD_AT(classify_batches, rows), .initial = "128", .min = 1,
     .max = 65536, .help = "pictures in a step"},
    {0}};
const ad_record classify_batches_record = {
    .title = "batch", .options = batches_rows, .size = sizeof(classify_batches)};

static const ad_option augmentation_rows[] = {
    {"crop", 0, AD_OPTION_INT, AD_AT(classify_augmentation, crop), .initial = "0", .min = 0,
     .max = 256, .unit = "PIXELS", .help = "random crops after padding with this many zeros"},
    {"flip", 0, AD_OPTION_FLAG, AD_AT(classify_augmentation, flip),
     .help = "mirror half of the pictures"},
    {"shift", 0, AD_OPTION_INT, AD_AT(classify_augmentation, shift), .initial = "0", .min = 0,
     .max = 256, .unit = "PIXELS", .help = "random shifts, edges repeated"},
    {"rotate", 0, AD_OPTION_REAL, AD_AT(classify_augmentation, rotate), .initial = "0", .min = 0,
     .max = 180, .unit = "DEGREES", .help = "random rotation by up to this"},
    {"zoom", 0, AD_OPTION_REAL, AD_AT(classify_augmentation, zoom), .initial = "0", .min = 0,
     .max = 0.9, .help = "random scale within 1 - X .. 1 + X"},
    {"jitter", 0, AD_OPTION_REAL, AD_AT(classify_augmentation, jitter), .initial = "0", .min = 0,
     .max = 1, .help = "random brightness, contrast and saturation within 1 - X .. 1 + X"},
    {"cutout", 0, AD_OPTION_INT, AD_AT(classify_augmentation, cutout), .initial = "0", .min = 0,
     .max = 4096, .unit = "PIXELS", .help = "blank a random square of this side"},
    {0}};
const ad_record classify_augmentation_record = {
    .title = "augmentation", .options = augmentation_rows, .size = sizeof(classify_augmentation)};

/* ---- the training ---- */

static const ad_option training_rows[] = {
    {"label-smoothing", 0, AD_OPTION_REAL, AD_AT(classify_training, label_smoothing),
     .initial = "0", .min = 0, .max = 0.9,
     .help = "share of the target that is spread over all classes"},
    {"dropout", 0, AD_OPTION_REAL, AD_AT(classify_training, dropout), .initial = "0", .min = 0,
     .max = 0.95, .help = "in front of linear layers"},
    {"init", 0, AD_OPTION_FILE, AD_AT(classify_training, init),
     .help = "weights to start from; layers that do not fit are new"},
    {"freeze", 0, AD_OPTION_FLAG, AD_AT(classify_training, freeze),
     .help = "train the last layer only"},
    {0}};
const ad_record classify_training_record = {.title = "regularisation and start",
                                            .options = training_rows,
                                            .size = sizeof(classify_training)};
