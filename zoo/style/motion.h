/* motion.h - pairs of crops that show the same, the second moved: what two frames of a film are.
 *
 * The motion is made, so that it is known exactly: turned, nearer or farther, shifted, and bent a
 * little. The second crop has other noise and a slightly other light besides, as frames have. */
#ifndef ZOO_STYLE_MOTION_H
#define ZOO_STYLE_MOTION_H

#include <autodidact/samples.h>

#include "zoo/vision/photos.h"

/* first and second [side, side, 3] of 0 to 255. Of each pixel of the second: the indices `from` [4,
 * side * side] of the four pixels of the first around where it was, plus `base`, and how much of
 * each is there, `part` [4, side * side], which add up to 1; or to 0 where it was not to be seen.
 * `far`: as frames that are several apart. A pure function of its arguments. */
void motion_pair(const photos *set, const ad_draws *draws, int64_t side, bool far, int32_t base,
                 float *first, float *second, int32_t *from, float *part);

#endif
