/* image_set.h - what the kinds of picture sets share. */
#ifndef AD_DATA_PICTURES_IMAGE_SET_H
#define AD_DATA_PICTURES_IMAGE_SET_H

#include <autodidact/data.h>

#include "io/source.h"

typedef enum ad_split {
    AD_SPLIT_NONE = 0, /* no split's name */
    AD_SPLIT_TRAIN,
    AD_SPLIT_TEST,
    AD_SPLIT_VALIDATION,
} ad_split;

/* By the names that people give them: "train", "val", "Validation", ... */
ad_split ad_split_of(const char *name, size_t length);
/* What the options ask for; not AD_SPLIT_NONE, which ad_image_set_read refuses. */
ad_split ad_split_wanted(const ad_image_set_options *options);

/* Memory for `count` pictures of the set's size (height, width and channels are filled in). */
ad_status ad_image_set_reserve(ad_image_set *set, int64_t count);
/* Classes by these names, copied. */
ad_status ad_image_set_classes(ad_image_set *set, const char *const *names, int count);
/* "0", "1", ... */
ad_status ad_image_set_numbered(ad_image_set *set, int count);

/* Each fills in the set, or leaves it empty (*is false) where the source is of another kind. */
ad_status ad_read_idx_set(ad_image_set *set, const ad_source *source, const char *path,
                          const ad_image_set_options *options, bool *is);
ad_status ad_read_cifar_set(ad_image_set *set, const ad_source *source, const char *path,
                            const ad_image_set_options *options, bool *is);
/* Pictures in class folders, or with labels in a .csv. */
ad_status ad_read_picture_set(ad_image_set *set, const ad_source *source, const char *path,
                              const ad_image_set_options *options);

/* Whether `name` (its last part) is a picture's, by its ending. */
bool ad_names_picture(const char *name);

#endif
