/* saliency.h - where a network looks. */
#ifndef ZOO_CLASSIFY_SALIENCY_H
#define ZOO_CLASSIFY_SALIENCY_H

#include "zoo/classify/classify.h"

/* What the network goes by: how much less sure of class `target` it is (in log-odds) when the
 * details around a place of `pixels` ([height, width, channels], normalised) are blurred away; the
 * mean over all places that cover a pixel (after Zeiler & Fergus 2014, section 4.2, where a grey
 * square hides a place). `heat` [height, width] gets 0 .. 1. Uses trained->pixels. */
ad_status classify_saliency(ad_context *ctx, classify_trained *trained, const float *pixels,
                            int target, float *heat);
/* The picture in grey with the heat laid over it in colour, beside the picture itself. */
ad_status classify_saliency_picture(ad_context *ctx, const ad_image *picture, const float *heat,
                                    ad_image **out);

#endif
