/* saliency.h - where a network looks. */
#ifndef ZOO_CLASSIFY_SALIENCY_H
#define ZOO_CLASSIFY_SALIENCY_H

#include "zoo/classify/classify.h"

/* What a trained network goes by: how much less sure it is (in log-odds) of the class that it takes
 * `picture` ([height, width, channels], normalised) for when the details around a place are blurred
 * away; the mean over all places that cover a pixel (after Zeiler & Fergus 2014, section 4.2, where
 * a grey square hides a place). *best gets the class, `heat` [height, width] 0 .. 1. `pixels` is
 * what is bound to the built network's "image". */
ad_status classify_saliency(ad_job *job, float *pixels, const float *picture, int *best,
                            float *heat);
/* The picture in grey with the heat laid over it in colour, beside the picture itself, the longer
 * side of each at least `least` pixels. */
ad_status classify_saliency_picture(ad_context *ctx, const ad_image *picture, const float *heat,
                                    int64_t least, ad_image **out);

#endif
