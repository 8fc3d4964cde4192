/* bands.h - a picture of any size through a network of net.h, in bands of rows, so that memory
 * holds a quarter of its width and height with all channels, and one band, instead of everything at
 * once.
 *
 * Instance norms need the mean and variance of the whole picture. So each stage of the network (it
 * has three kinds: net.h) is run over all bands once for each of its norms, with those before it
 * known, and once more for its result: about two and a half times the arithmetic. Bands overlap by
 * as much as a stage sees; what is painted is what the network paints at once, but for rounding. */
#ifndef ZOO_STYLE_BANDS_H
#define ZOO_STYLE_BANDS_H

#include <autodidact/program.h>

#include "zoo/style/net.h"

/* Rows of the picture, [width, 3] of 0 to 255, for those who have them in another form. */
typedef struct style_rows {
    void *user;
    void (*read)(void *user, int64_t row, float *to);
    void (*write)(void *user, int64_t row, const float *from); /* not clamped */
} style_rows;

/* Both sides are multiples of STYLE_NET_MULTIPLE; `mix` [styles] is how much of each style, NULL
 * where there is one. compile->memory_limit holds for all of it.
 * AD_ERROR_LIMIT: it does not fit; AD_ERROR_NUMERIC: a number is not finite. */
ad_status style_bands_paint(ad_context *ctx, ad_vars *vars, const style_net_form *form,
                            const float *mix, const ad_compile_options *compile, int64_t width,
                            int64_t height, const style_rows *rows);

#endif
