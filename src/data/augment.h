/* augment.h - one picture on its way into a batch. */
#ifndef AD_DATA_AUGMENT_H
#define AD_DATA_AUGMENT_H

#include <autodidact/data.h>

/* Floats that ad_augment_picture needs beside the result: two pictures. */
int64_t ad_augment_scratch(const ad_image_set *set);
/* Picture `index` of the set as floats [height, width, channels]. What is random in it follows from
 * seed and `draw` alone: a number that is different for each picture of each epoch. */
void ad_augment_picture(const ad_image_set *set, const ad_augment *augment, uint64_t seed,
                        uint64_t draw, int64_t index, float *scratch, float *to);

#endif
