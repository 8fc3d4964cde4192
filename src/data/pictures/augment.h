/* augment.h - one picture on its way into a batch. */
#ifndef AD_DATA_PICTURES_AUGMENT_H
#define AD_DATA_PICTURES_AUGMENT_H

#include <autodidact/data.h>

/* What is worked out once for all pictures. Read only afterwards, by any number of threads. */
typedef struct ad_augmenter {
    const ad_image_set *set;
    ad_augment options;
    bool colours, turns; /* values change before they are normalised; pixels are interpolated */
    float value[3][256]; /* per channel: what a byte becomes when it is gathered */
    float scale[3], offset[3]; /* normalised = value * scale + offset */
} ad_augmenter;

void ad_augmenter_init(ad_augmenter *a, const ad_image_set *set, const ad_augment *options);
/* Bytes that ad_augment_picture needs beside the result. */
size_t ad_augment_scratch(const ad_augmenter *a);
/* Picture `index` of the set as floats [height, width, channels]. What is random in it follows from
 * seed and `draw` alone: a number that is different for each picture of each epoch. */
void ad_augment_picture(const ad_augmenter *a, uint64_t seed, uint64_t draw, int64_t index,
                        float *scratch, float *to);

#endif
