/* any_styles.h - pictures whose manner a network is taught to paint in: crops of paintings and
 * photos at several sizes, in other colours, and generated textures. */
#ifndef ZOO_STYLE_ANY_STYLES_H
#define ZOO_STYLE_ANY_STYLES_H

#include <autodidact/samples.h>

#include "zoo/vision/photos.h"

/* [side, side, 3] of 0 to 255, a function of the draws alone. Half of the pictures are crops of
 * `paintings`, a quarter of `others`, a quarter textures; half of the crops in other colours. */
void style_any_style(const photos *paintings, const photos *others, const ad_draws *draws,
                     int64_t side, float *out);

/* Waves in one direction or several, bent by noise, in a few colours with soft or hard edges.
 * Numbers of the stream from `first` on. */
void style_any_texture(const ad_draws *draws, uint64_t first, int64_t side, float *out);

#endif
