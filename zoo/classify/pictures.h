/* pictures.h - the data of a training: sets, splits, loaders. */
#ifndef ZOO_CLASSIFY_PICTURES_H
#define ZOO_CLASSIFY_PICTURES_H

#include "zoo/classify/classify.h"

#define CLASSIFY_DATA_OPTIONS                                                                      \
    {"data", 0, AD_OPTION_FILE, .required = true,                                                  \
     .help =                                                                                       \
         "pictures: a folder per class, MNIST or CIFAR files, a table, or an archive of these"},   \
        {"size",                                                                                   \
         0,                                                                                        \
         AD_OPTION_INT,                                                                            \
         .min = 4,                                                                                 \
         .max = 4096,                                                                              \
         .unit = "PIXELS",                                                                         \
         .help = "make all pictures squares of this side, else they must be equal"},               \
        {"grey", 0, AD_OPTION_FLAG, .help = "drop the colour"},                                    \
    {                                                                                              \
        "skip-bad", 0, AD_OPTION_FLAG, .help = "leave broken pictures out instead of stopping"     \
    }

typedef enum classify_split { CLASSIFY_TRAIN, CLASSIFY_VALIDATION, CLASSIFY_TEST } classify_split;

typedef struct classify_pictures {
    ad_context *ctx;
    ad_image_set *set, *own[2]; /* training data; sets for validation and test where there are */
    int64_t *index[3];          /* per split: which pictures of its set; owned */
    int64_t count[3];
} classify_pictures;

/* Reads what --data names and cuts it up: a test split that is there, else (folds > 1) a fold; a
 * validation split that is there, else the share --val of the training data. */
ad_status classify_pictures_read(ad_command *cmd, ad_train_part part, classify_pictures *pictures);
void classify_pictures_free(classify_pictures *pictures);
const ad_image_set *classify_set(const classify_pictures *pictures, classify_split split);
/* The options of a set as the command line has them. */
ad_image_set_options classify_set_options(ad_command *cmd, const char *split,
                                          const ad_image_set *like);
/* "50000 pictures of 32 x 32 in 10 classes" */
void classify_set_summary(const ad_image_set *set, char *text, size_t size);

#endif
