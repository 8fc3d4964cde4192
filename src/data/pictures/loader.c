/* loader.c - batches made ahead of time by threads of their own.
 *
 * Batches stand in a ring. Readers take numbers in order and fill the slot that the number falls
 * on; the user takes them in order. Asking for another number than the next starts the ring anew
 * there. A batch follows from seed and number alone, so neither the readers' number nor their pace
 * shows in it. Readers allocate nothing. */
#include "base/context.h"
#include "base/philox.h"
#include "data/pictures/augment.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

enum { READERS_MOST = 16, AHEAD_MOST = 1024 };

typedef struct slot {
    float *images;
    int32_t *labels;
    int64_t number, size; /* number -1: empty */
    bool ready;
} slot;

typedef struct epoch_order {
    int64_t epoch; /* -1: none */
    int64_t *index;
} epoch_order;

struct ad_loader {
    ad_context *ctx;
    const ad_image_set *set;
    ad_loader_options options;
    ad_augmenter augmenter;
    int64_t *index; /* the pictures to use */
    int64_t batches, picture;
    int slots, readers;
    slot *ring;
    float *scratch;        /* per reader */
    epoch_order orders[2]; /* of an even and an odd epoch */
    pthread_t threads[READERS_MOST];
    pthread_mutex_t mutex;
    pthread_cond_t filled, freed;
    int64_t next_read, given; /* numbers; given: the user's batch, -1 at first */
    int busy;                 /* readers that fill a slot */
    bool stop, started;
};

/* ---- order ---- */

/* Fisher & Yates with Philox words; the same for a seed and an epoch. */
static void shuffle(const ad_loader *l, int64_t epoch, int64_t *order)
{
    ad_philox block = {{0}};
    for (int64_t i = 0; i < l->options.count; ++i) order[i] = l->index[i];
    for (int64_t i = l->options.count - 1, k = 0; i > 0; --i, ++k) {
        if (k % 2 == 0)
            block = ad_philox_block(l->options.seed, (uint64_t)k / 2,
                                    (uint64_t)epoch << 16 ^ 0x0DE5);
        uint64_t word = (uint64_t)block.v[k % 2 * 2] << 32 | block.v[k % 2 * 2 + 1];
        int64_t j = (int64_t)((unsigned __int128)word * (uint64_t)(i + 1) >> 64), t = order[i];
        order[i] = order[j], order[j] = t;
    }
}

/* The order of an epoch; under the mutex. A reader may still use that of the epoch before. */
static const int64_t *order_of(ad_loader *l, int64_t epoch)
{
    epoch_order *o = &l->orders[epoch % 2];
    if (!l->options.shuffle) return l->index;
    if (o->epoch != epoch) shuffle(l, epoch, o->index), o->epoch = epoch;
    return o->index;
}

/* ---- readers ---- */

static void fill(const ad_loader *l, slot *s, int64_t number, const int64_t *order, float *scratch)
{
    int64_t batch = l->options.batch, first = number % l->batches * batch;
    int64_t left = l->options.count - first;
    s->size = left < batch ? left : batch;
    for (int64_t i = 0; i < s->size; ++i) {
        int64_t index = order[first + i];
        ad_augment_picture(&l->augmenter, (uint64_t)number * (uint64_t)batch + (uint64_t)i, index,
                           scratch, s->images + i * l->picture);
        s->labels[i] = l->set->labels[index];
    }
    memset(s->images + s->size * l->picture, 0,
           (size_t)((batch - s->size) * l->picture) * sizeof(float));
    for (int64_t i = s->size; i < batch; ++i) s->labels[i] = -1;
}

static void *read_ahead(void *user)
{
    ad_loader *l = user;
    pthread_mutex_lock(&l->mutex);
    float *scratch = l->scratch + l->readers++ * l->picture;
    pthread_cond_broadcast(&l->filled); /* the next reader may start */
    while (!l->stop) {
        /* no further than the ring goes, and no epoch further than orders are kept for */
        int64_t number = l->next_read;
        bool room = number < INT64_MAX && number < l->given + l->slots &&
                    number / l->batches <= l->given / l->batches + 1;
        slot *s = &l->ring[number % l->slots];
        if (!room || (s->number >= 0 && s->number != number && s->number >= l->given) ||
            (s->number >= 0 && !s->ready)) {
            pthread_cond_wait(&l->freed, &l->mutex);
            continue;
        }
        const int64_t *order = order_of(l, number / l->batches);
        ++l->next_read, ++l->busy;
        s->number = number, s->ready = false;
        pthread_mutex_unlock(&l->mutex);
        fill(l, s, number, order, scratch);
        pthread_mutex_lock(&l->mutex);
        s->ready = true, --l->busy;
        pthread_cond_broadcast(&l->filled);
        pthread_cond_broadcast(&l->freed);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

/* ---- the user's side ---- */

static int readers_wanted(const ad_loader *l)
{
    int wanted = l->options.threads ? l->options.threads : 1;
    return wanted < READERS_MOST ? wanted : READERS_MOST;
}

/* As many readers as can be started; one is enough. Signals are for the program's own threads. */
static ad_status start(ad_loader *l)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool more = true;
    for (int i = 0; more && i < readers_wanted(l); ++i) {
        pthread_mutex_lock(&l->mutex);
        more = !pthread_create(&l->threads[i], NULL, read_ahead, l);
        while (more && l->readers == i) pthread_cond_wait(&l->filled, &l->mutex);
        pthread_mutex_unlock(&l->mutex);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    l->started = l->readers > 0;
    return l->started ? AD_OK : ad_fail(l->ctx, AD_ERROR_MEMORY, "a thread cannot be started");
}

static ad_status allocate(ad_loader *l)
{
    const ad_loader_options *o = &l->options;
    size_t index_bytes = ad_bytes(o->count, sizeof(int64_t));
    l->index = ad_alloc(l->ctx, index_bytes);
    l->orders[0].index = ad_alloc(l->ctx, index_bytes);
    l->orders[1].index = ad_alloc(l->ctx, index_bytes);
    l->ring = ad_zalloc(l->ctx, (size_t)l->slots * sizeof *l->ring);
    l->scratch = ad_alloc(l->ctx, ad_bytes(readers_wanted(l) * l->picture, sizeof(float)));
    if (!l->index || !l->orders[0].index || !l->orders[1].index || !l->ring || !l->scratch)
        return AD_ERROR_MEMORY;
    for (int i = 0; i < l->slots; ++i) {
        l->ring[i].number = -1;
        l->ring[i].images = ad_alloc(l->ctx, ad_bytes(o->batch * l->picture, sizeof(float)));
        l->ring[i].labels = ad_alloc(l->ctx, (size_t)o->batch * sizeof(int32_t));
        if (!l->ring[i].images || !l->ring[i].labels) return AD_ERROR_MEMORY;
    }
    return AD_OK;
}

ad_status ad_loader_new(ad_loader **out, const ad_image_set *set, const ad_loader_options *options)
{
    ad_context *ctx = set->ctx;
    *out = NULL;
    ad_loader_options o = *options;
    if (!o.index) o.count = set->count;
    int64_t picture = set->height * set->width * set->channels, values;
    if (o.batch < 1 || o.count < 1 || __builtin_mul_overflow(o.batch, picture, &values))
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "a loader of %lld pictures in batches of %lld: both must be 1 or more, and "
                       "a batch must fit into memory",
                       (long long)o.count, (long long)o.batch);
    if (o.threads < 0 || o.ahead < 0 || o.ahead > AHEAD_MOST)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "a loader with %d threads and %d batches ahead: the former must be 0 or "
                       "more, the latter 0 to %d",
                       o.threads, o.ahead, AHEAD_MOST);
    if (!o.keep_last && o.batch > o.count) o.batch = o.count;
    ad_loader *l = ad_zalloc(ctx, sizeof *l);
    if (!l) return AD_ERROR_MEMORY;
    *l = (ad_loader){.ctx = ctx, .set = set, .options = o, .given = -1};
    ad_augmenter_init(&l->augmenter, set, &o.augment, o.seed);
    l->picture = picture;
    l->batches = o.keep_last ? (o.count + o.batch - 1) / o.batch : o.count / o.batch;
    l->slots = o.ahead ? o.ahead + 1 : 5;
    l->orders[0].epoch = l->orders[1].epoch = -1;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->filled, NULL);
    pthread_cond_init(&l->freed, NULL);
    ad_status status = allocate(l);
    for (int64_t i = 0; i < o.count && !status; ++i) {
        l->index[i] = options->index ? options->index[i] : i;
        if (l->index[i] < 0 || l->index[i] >= set->count)
            status = ad_fail(ctx, AD_ERROR_ARGUMENT, "picture %lld is not in a set of %lld",
                             (long long)l->index[i], (long long)set->count);
    }
    l->options.index = NULL;
    if (status)
        ad_loader_free(l);
    else
        *out = l;
    return status;
}

void ad_loader_free(ad_loader *l)
{
    if (!l) return;
    pthread_mutex_lock(&l->mutex);
    l->stop = true;
    pthread_cond_broadcast(&l->freed);
    pthread_mutex_unlock(&l->mutex);
    for (int i = 0; i < l->readers; ++i) pthread_join(l->threads[i], NULL);
    pthread_cond_destroy(&l->freed);
    pthread_cond_destroy(&l->filled);
    pthread_mutex_destroy(&l->mutex);
    size_t index_bytes = ad_bytes(l->options.count, sizeof(int64_t));
    for (int i = 0; l->ring && i < l->slots; ++i) {
        ad_free(l->ctx, l->ring[i].images, ad_bytes(l->options.batch * l->picture, sizeof(float)));
        ad_free(l->ctx, l->ring[i].labels, (size_t)l->options.batch * sizeof(int32_t));
    }
    ad_free(l->ctx, l->ring, (size_t)l->slots * sizeof *l->ring);
    ad_free(l->ctx, l->scratch, ad_bytes(readers_wanted(l) * l->picture, sizeof(float)));
    ad_free(l->ctx, l->orders[0].index, index_bytes);
    ad_free(l->ctx, l->orders[1].index, index_bytes);
    ad_free(l->ctx, l->index, index_bytes);
    ad_free(l->ctx, l, sizeof *l);
}

int64_t ad_loader_batches(const ad_loader *l)
{
    return l->batches;
}

ad_status ad_loader_batch(ad_loader *l, int64_t number, ad_batch *batch)
{
    if (number < 0 || number >= INT64_MAX / 2)
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT, "batch %lld: numbers count from 0 to 2^62",
                       (long long)number);
    ad_status status = l->started ? AD_OK : start(l);
    if (status) return status;
    pthread_mutex_lock(&l->mutex);
    slot *s = &l->ring[number % l->slots];
    if (number != l->given && number != l->given + 1) { /* elsewhere: the ring anew */
        l->next_read = INT64_MAX;                       /* nothing is begun meanwhile */
        while (l->busy) pthread_cond_wait(&l->filled, &l->mutex);
        l->next_read = number;
        for (int i = 0; i < l->slots; ++i) l->ring[i].number = -1, l->ring[i].ready = false;
    }
    l->given = number; /* which frees the slot of the one before */
    pthread_cond_broadcast(&l->freed);
    while (s->number != number || !s->ready) pthread_cond_wait(&l->filled, &l->mutex);
    *batch = (ad_batch){.size = s->size, .images = s->images, .labels = s->labels};
    pthread_mutex_unlock(&l->mutex);
    return AD_OK;
}
