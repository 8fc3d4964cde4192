/* image_set.h - what the kinds of picture sets share. */
#ifndef AD_DATA_PICTURES_IMAGE_SET_H
#define AD_DATA_PICTURES_IMAGE_SET_H

#include <autodidact/data.h>

#include "io/source.h"

/* Of one picture of the set. */
static inline int64_t ad_picture_bytes(const ad_image_set *set)
{
    return set->height * set->width * set->channels;
}

/* Memory for `count` pictures of the set's size (height, width and channels are filled in). */
ad_status ad_image_set_reserve(ad_image_set *set, int64_t count);
/* Classes by these names, copied. */
ad_status ad_image_set_classes(ad_image_set *set, const char *const *names, int count);
/* "0", "1", ... */
ad_status ad_image_set_numbered(ad_image_set *set, int count);
void ad_image_set_free_classes(ad_image_set *set);

/* Each fills in the set, or leaves it empty (*is false) where the source is of another kind. */
ad_status ad_read_idx_set(ad_image_set *set, const ad_source *source, const char *path,
                          const ad_image_set_options *options, bool *is);
ad_status ad_read_cifar_set(ad_image_set *set, const ad_source *source, const char *path,
                            const ad_image_set_options *options, bool *is);
/* Pictures in class folders, or with labels in a .csv. */
ad_status ad_read_picture_set(ad_image_set *set, const ad_source *source, const char *path,
                              const ad_image_set_options *options);

#endif
