/* photos.h - a folder of photos in memory, and random crops of them. */
#ifndef ZOO_VISION_PHOTOS_H
#define ZOO_VISION_PHOTOS_H

#include <autodidact/image.h>
#include <autodidact/watch.h>

typedef struct photo {
    int64_t width, height;
    uint8_t *rgb; /* [height, width, 3] */
} photo;

typedef struct photos {
    photo *photo;
    int64_t count, capacity;
    int64_t skipped; /* files that are named as pictures and are not */
} photos;

/* Reads every picture below `folder`, in the order of their paths; those with a side under `least`
 * are enlarged to it. Files that cannot be read as pictures are counted and skipped; none at all is
 * an error. */
ad_status photos_read(photos *set, ad_context *ctx, const char *folder, int64_t least,
                      const ad_watcher *watcher);
void photos_free(photos *set);

/* Where crop `index` of the sequence that `seed` gives lies. */
typedef struct photo_place {
    const photo *of;
    int64_t top, left;
    bool mirror; /* from right to left */
} photo_place;
photo_place photos_place(const photos *set, uint64_t seed, uint64_t index, int64_t side);
/* Crop `index` of the sequence that `seed` gives: a photo, a place, mirrored or not, into [side,
 * side, 3] of 0 to 255. A pure function of its arguments, so that a run can be resumed anywhere. */
void photos_crop(const photos *set, uint64_t seed, uint64_t index, int64_t side, float *out);

#endif
