/* split_name.h - the parts of a data set by the names that people give them. */
#ifndef AD_DATA_PICTURES_SPLIT_NAME_H
#define AD_DATA_PICTURES_SPLIT_NAME_H

#include <autodidact/data.h>

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

#endif
