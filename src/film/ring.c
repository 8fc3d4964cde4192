/* ring.c - a ring of slots under one lock. */
#include "film/ring.h"

ad_status ad_film_ring_init(ad_film_ring *r, ad_context *ctx, int slots, size_t bytes)
{
    *r = (ad_film_ring){.ctx = ctx, .bytes = bytes};
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->moved, NULL);
    for (; r->slots < slots; ++r->slots)
        if (!(r->slot[r->slots].pixels = ad_alloc(ctx, bytes))) return AD_ERROR_MEMORY;
    return AD_OK;
}

void ad_film_ring_free(ad_film_ring *r)
{
    if (!r->ctx) return;
    for (int i = 0; i < r->slots; ++i) ad_free(r->ctx, r->slot[i].pixels, r->bytes);
    pthread_cond_destroy(&r->moved);
    pthread_mutex_destroy(&r->mutex);
    *r = (ad_film_ring){0};
}

ad_film_slot *ad_film_ring_empty(ad_film_ring *r)
{
    pthread_mutex_lock(&r->mutex);
    while (!r->stopped && r->filled == r->slots) pthread_cond_wait(&r->moved, &r->mutex);
    ad_film_slot *slot = r->stopped ? NULL : &r->slot[(r->first + r->filled) % r->slots];
    pthread_mutex_unlock(&r->mutex);
    return slot;
}

ad_film_slot *ad_film_ring_full(ad_film_ring *r)
{
    pthread_mutex_lock(&r->mutex);
    while (!r->filled && !r->ended) pthread_cond_wait(&r->moved, &r->mutex);
    ad_film_slot *slot = r->filled ? &r->slot[r->first] : NULL;
    pthread_mutex_unlock(&r->mutex);
    return slot;
}

static void move(ad_film_ring *r, int put, bool ended, bool stopped)
{
    pthread_mutex_lock(&r->mutex);
    if (put < 0) r->first = (r->first + 1) % r->slots;
    r->filled += put;
    r->ended |= ended, r->stopped |= stopped;
    pthread_cond_broadcast(&r->moved);
    pthread_mutex_unlock(&r->mutex);
}

void ad_film_ring_put(ad_film_ring *r)
{
    move(r, 1, false, false);
}

void ad_film_ring_take(ad_film_ring *r)
{
    move(r, -1, false, false);
}

void ad_film_ring_end(ad_film_ring *r)
{
    move(r, 0, true, false);
}

void ad_film_ring_stop(ad_film_ring *r)
{
    move(r, 0, false, true);
}
