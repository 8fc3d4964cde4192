/* saliency.h - where a network looks. */
#ifndef ZOO_CLASSIFY_SALIENCY_H
#define ZOO_CLASSIFY_SALIENCY_H

#include "zoo/classify/classify.h"

/* How much each pixel of `pixels` ([height, width, channels], normalised) moves the score of class
 * `target` against the others: the mean over many slightly disturbed pictures of the gradient's
 * size (Smilkov et al. 2017, "SmoothGrad"). `heat` [height, width] gets 0 .. 1. */
ad_status classify_saliency(ad_context *ctx, const classify_trained *trained, const float *pixels,
                            int target, float *heat);
/* The picture in grey with the heat laid over it in colour, beside the picture itself. */
ad_status classify_saliency_picture(ad_context *ctx, const ad_image *picture, const float *heat,
                                    ad_image **out);

#endif
