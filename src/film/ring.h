/* ring.h - frames on their way from one thread to another, a bounded number of them.
 *
 * One side puts, the other takes. Whichever ends first says so, and the other one is not left
 * waiting. */
#ifndef AD_FILM_RING_H
#define AD_FILM_RING_H

#include "base/context.h"

#include <pthread.h>

enum { AD_FILM_SLOTS_MOST = 16 };

typedef struct ad_film_slot {
    void *pixels; /* [height, width, channels] */
    double time, duration;
} ad_film_slot;

typedef struct ad_film_ring {
    ad_context *ctx; /* of the memory */
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    size_t bytes; /* of one slot */
    int slots, first, filled;
    bool ended;   /* no more is put */
    bool stopped; /* no more is taken */
    ad_film_slot slot[AD_FILM_SLOTS_MOST];
} ad_film_ring;

ad_status ad_film_ring_init(ad_film_ring *ring, ad_context *ctx, int slots, size_t bytes);
void ad_film_ring_free(ad_film_ring *ring); /* a zeroed one is ignored */

/* The slot to fill next, once there is one; NULL: no more is taken. */
ad_film_slot *ad_film_ring_empty(ad_film_ring *ring);
void ad_film_ring_put(ad_film_ring *ring);
void ad_film_ring_end(ad_film_ring *ring);

/* The slot that was put first, once there is one; NULL: no more is put. */
ad_film_slot *ad_film_ring_full(ad_film_ring *ring);
void ad_film_ring_take(ad_film_ring *ring);
void ad_film_ring_stop(ad_film_ring *ring);

#endif
