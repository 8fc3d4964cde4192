/* loader.c - batches made ahead of time by threads of their own.
 *
 * Batches stand in a ring. Readers take numbers in order and fill the slot that the number falls
 * on; the user takes them in order. Asking for another number than the next starts the ring anew
 * there. A batch follows from seed and number alone, so neither the readers' number nor their pace
 * shows in it. Readers allocate nothing. */
#include "data/samples/loader.h"

#include <signal.h>

static void *read_ahead(void *user)
{
    ad_loader *l = user;
    pthread_mutex_lock(&l->mutex);
    const ad_loader_reader *reader = &l->reader[l->readers++];
    pthread_cond_broadcast(&l->filled); /* the next reader may start */
    while (!l->stop) {
        /* no further than the ring goes, and no epoch further than orders are kept for */
        int64_t number = l->next_read;
        bool room = number < INT64_MAX && number < l->given + l->slots &&
                    number / l->batches <= l->given / l->batches + 1;
        ad_loader_slot *s = &l->ring[number % l->slots];
        if (!room || (s->number >= 0 && s->number != number && s->number >= l->given) ||
            (s->number >= 0 && !s->ready)) {
            pthread_cond_wait(&l->freed, &l->mutex);
            continue;
        }
        const int64_t *order = ad_loader_order_of(l, number);
        ++l->next_read, ++l->busy;
        s->number = number, s->ready = false;
        pthread_mutex_unlock(&l->mutex);
        ad_loader_fill(l, s, number, order, reader);
        pthread_mutex_lock(&l->mutex);
        s->ready = true, --l->busy;
        pthread_cond_broadcast(&l->filled);
        pthread_cond_broadcast(&l->freed);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

/* As many readers as can be started; one is enough. Signals are for the program's own threads. */
static ad_status start(ad_loader *l)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool more = true;
    for (int i = 0; more && i < l->readers_wanted; ++i) {
        pthread_mutex_lock(&l->mutex);
        more = !pthread_create(&l->threads[i], NULL, read_ahead, l);
        while (more && l->readers == i) pthread_cond_wait(&l->filled, &l->mutex);
        pthread_mutex_unlock(&l->mutex);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    l->started = l->readers > 0;
    return l->started ? AD_OK : ad_fail(l->ctx, AD_ERROR_MEMORY, "a thread cannot be started");
}

/* The slot of a batch that readers make. */
static ad_status wait_for(ad_loader *l, int64_t number, ad_loader_slot **out)
{
    ad_status status = l->started ? AD_OK : start(l);
    if (status) return status;
    ad_loader_slot *s = *out = &l->ring[number % l->slots];
    pthread_mutex_lock(&l->mutex);
    if (number != l->given && number != l->given + 1) { /* elsewhere: the ring anew */
        l->next_read = INT64_MAX;                       /* nothing is begun meanwhile */
        while (l->busy) pthread_cond_wait(&l->filled, &l->mutex);
        l->next_read = number;
        for (int i = 0; i < l->slots; ++i) l->ring[i].number = -1, l->ring[i].ready = false;
    }
    l->given = number; /* which frees the slot of the one before */
    pthread_cond_broadcast(&l->freed);
    while (s->number != number || !s->ready) pthread_cond_wait(&l->filled, &l->mutex);
    pthread_mutex_unlock(&l->mutex);
    return AD_OK;
}

/* The slot of a batch that is made here and now, or has been once for all. */
static ad_loader_slot *make(ad_loader *l, int64_t number)
{
    ad_loader_slot *s = l->ring;
    if (l->constant && s->number >= 0) return s;
    ad_loader_fill(l, s, number, ad_loader_order_of(l, number), l->reader);
    s->number = number;
    return s;
}

ad_status ad_loader_batch(ad_loader *l, int64_t number, ad_batch *batch)
{
    ad_status status = AD_OK;
    ad_loader_slot *s;
    if (number < 0 || number >= INT64_MAX / 2)
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT, "batch %lld: numbers count from 0 to 2^62",
                       (long long)number);
    if (l->in_place)
        s = make(l, number);
    else
        status = wait_for(l, number, &s);
    if (status) return status;
    *batch = (ad_batch){.number = number, .size = s->size, .index = s->index, .field = s->field};
    return AD_OK;
}
