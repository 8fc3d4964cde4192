/* flicker.h - how much a film flickers: its warping error (Lai, Huang, Wang, Shechtman, Yumer &
 * Yang 2018, "Learning blind video temporal consistency", section 5; Ruder, Dosovitskiy & Brox
 * 2016).
 *
 * Each frame is compared with the one before it, carried along by the optical flow of the film that
 * it was painted from, where that flow is to be trusted: the mean of the squared difference over
 * those pixels and all colours (of 0 to 1), and the mean of that over the frames. */
#ifndef ZOO_FILM_FLICKER_H
#define ZOO_FILM_FLICKER_H

#include "zoo/film/follow.h"

typedef struct film_flicker {
    int64_t pairs;          /* of neighbouring frames, that have a pixel to compare */
    double painted, source; /* warping errors */
    double trusted;         /* the share of pixels that was compared */
} film_flicker;

typedef struct film_flicker_meter film_flicker_meter;

ad_status film_flicker_new(film_flicker_meter **out, ad_context *ctx);
void film_flicker_free(film_flicker_meter *meter); /* NULL is ignored */
/* The next frame and what it was painted from: of one size, three channels each. */
ad_status film_flicker_add(film_flicker_meter *meter, const ad_image *painted,
                           const ad_image *source);
/* Of the frames so far. */
film_flicker film_flicker_get(const film_flicker_meter *meter);

#endif
