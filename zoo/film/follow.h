/* follow.h - what a film's frame takes over from the one before it: the painted frame before,
 * carried along by the optical flow of the film itself, and where that is to be trusted (Ruder,
 * Dosovitskiy & Brox 2016, "Artistic style transfer for videos").
 *
 * Of each frame in turn: film_follow_begin finds the flow between it and the last one; where
 * before.painted is there, start from it, or hold the picture to it where before.trust is 1;
 * film_follow_end keeps what was painted for the next frame. */
#ifndef ZOO_FILM_FOLLOW_H
#define ZOO_FILM_FOLLOW_H

#include <autodidact/flow.h>

typedef struct film_follow film_follow;

/* All of it belongs to the film_follow, until the next frame begins; NULL for the first frame. */
typedef struct film_before {
    const ad_image *painted; /* the painted frame before, where things are in this frame */
    const ad_image *trust;   /* one channel: 1 where that is so, 0 where it is not known */
    const ad_flow *flow;     /* from this frame to the one before */
} film_before;

/* `options` may be NULL. */
ad_status film_follow_new(film_follow **out, ad_context *ctx, const ad_flow_options *options);
void film_follow_free(film_follow *follow); /* NULL is ignored */

/* The film's next frame as it is, in the size in which it is painted; all frames have one size. */
ad_status film_follow_begin(film_follow *follow, const ad_image *source, film_before *before);
/* The same frame painted, which has that size, too. It is copied. */
ad_status film_follow_end(film_follow *follow, const ad_image *painted);

/* Moves `image` towards what was painted before: image += amount * trust * (painted - image), where
 * no trust stands for 1 everywhere. Both have as many channels. Nothing for the first frame. */
void film_before_mix(const film_before *before, double amount, ad_image *image);

#endif
