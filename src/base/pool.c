/* pool.c - the thread pool behind ad_parallel.
 *
 * One job at a time. Everything a worker needs to claim a task is one 64-bit ticket: the job's
 * generation in the high half, how many tasks were claimed from its front and from its back in the
 * low half. A claim is a compare-and-swap that counts one more, so a worker that wakes up late,
 * with a job in its hands that is long over, fails to claim and looks again. The caller therefore
 * waits for claimed tasks only, never for a worker to wake up. While the caller writes the fields
 * of a new job the ticket says CLOSED.
 *
 * Workers of even number take tasks from the front, those of odd number from the back. So two of
 * them have about the same halves of every job: what one has written, be it rows of a layer or its
 * half of the weights, is mostly in its own cache when the next job reads it.
 *
 * All atomics are sequentially consistent: a claim that succeeds proves that the fields read before
 * it belong to the claimed job, and a sleeper that sees no job is seen by whoever publishes one. */
#include "base/pool.h"
#include "base/float_mode.h"

#include <autodidact/base.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define CLOSED    UINT32_MAX
#define BACK      ((uint32_t)1 << 16) /* of the low half of a ticket: one claimed from the back */
#define MAX_COUNT 65534               /* tasks of one job; longer calls are cut into jobs */

typedef struct worker {
    struct crew *crew;
    pthread_t thread;
    int index;
} worker;

/* What callers hold: the first `size` workers of a crew. */
struct ad_pool {
    struct crew *crew;
    int size;
};

typedef struct crew {
    _Alignas(64) _Atomic uint64_t ticket;
    _Alignas(64) _Atomic int64_t remaining; /* tasks of the current job not finished yet */
    _Alignas(64) _Atomic(ad_task) task;     /* the job: written while the ticket is closed */
    _Atomic(void *) user;
    _Atomic int64_t count, first; /* task i of the job is task first + i of the call */
    _Atomic ad_float_mode mode;   /* of the caller */
    _Atomic int part;             /* those with lower indices take part */
    _Atomic int sleepers;         /* workers in or about to enter a wait for `work` */
    atomic_bool waiting;          /* the caller is in or about to enter a wait for `done` */
    atomic_bool stop;
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    int size, pauses; /* before sleeping */
    ad_pool *pools;   /* of 1, 2, ... size workers */
    worker workers[]; /* [0] is unused: the caller */
} crew;

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t claimed(uint32_t low)
{
    return low % BACK + low / BACK;
}

static bool has_work(crew *c, int index)
{
    uint32_t low = (uint32_t)c->ticket;
    return low != CLOSED && claimed(low) < c->count && index < c->part;
}

/* Claims and runs tasks until there is none left. */
static void drain(crew *c, int index)
{
    for (;;) {
        uint64_t ticket = c->ticket;
        uint32_t low = (uint32_t)ticket, one = index % 2 ? BACK : 1;
        if (low == CLOSED) return;
        ad_task task = c->task;
        void *user = c->user;
        int64_t first = c->first, count = c->count;
        ad_float_mode mode = c->mode;
        if (claimed(low) >= count || index >= c->part) return;
        if (!atomic_compare_exchange_weak(&c->ticket, &ticket, ticket + one)) continue;
        int64_t task_index = index % 2 ? count - 1 - low / BACK : low % BACK;
        if (ad_float_mode_get() != mode) ad_float_mode_set(mode);
        task(user, first + task_index, index);
        if (--c->remaining == 0 && c->waiting) {
            pthread_mutex_lock(&c->mutex);
            pthread_cond_signal(&c->done);
            pthread_mutex_unlock(&c->mutex);
        }
    }
}

static void *work(void *user)
{
    worker *self = user;
    crew *c = self->crew;
    while (!c->stop) {
        drain(c, self->index);
        for (int i = 0; i < c->pauses && !has_work(c, self->index) && !c->stop; ++i) relax();
        if (has_work(c, self->index)) continue;
        pthread_mutex_lock(&c->mutex);
        ++c->sleepers;
        while (!has_work(c, self->index) && !c->stop) pthread_cond_wait(&c->work, &c->mutex);
        --c->sleepers;
        pthread_mutex_unlock(&c->mutex);
    }
    return NULL;
}

static void stop(crew *c, int started)
{
    pthread_mutex_lock(&c->mutex);
    c->stop = true;
    pthread_cond_broadcast(&c->work);
    pthread_mutex_unlock(&c->mutex);
    for (int i = 1; i < started; ++i) pthread_join(c->workers[i].thread, NULL);
    pthread_cond_destroy(&c->done);
    pthread_cond_destroy(&c->work);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

static size_t rounded(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

/* How many pauses take so long: 40 to 140 cycles each, by the kind of processor. */
static int pauses_of(double wanted)
{
    enum { TRIES = 3, PAUSES = 256 };
    double least = 0;
    for (int round = 0; round < TRIES; ++round) {
        double begin = ad_seconds();
        for (int i = 0; i < PAUSES; ++i) relax();
        double seconds = ad_seconds() - begin;
        if (round == 0 || seconds < least) least = seconds;
    }
    double count = least > 0 ? wanted / least * PAUSES : 0;
    return count > 100 && count < 1e5 ? (int)count : 4000;
}

ad_pool *ad_pool_new(int threads)
{
    static const double patience = 1e-4; /* seconds */
    if (threads < 1) return NULL;
    size_t own = rounded(sizeof(crew) + (size_t)threads * sizeof(worker));
    crew *c = aligned_alloc(64, own + rounded((size_t)threads * sizeof(ad_pool)));
    if (!c) return NULL;
    *c = (crew){.ticket = CLOSED,
                .size = threads,
                .pauses = threads > 1 ? pauses_of(patience) : 0,
                .pools = (ad_pool *)((char *)c + own)};
    for (int i = 0; i < threads; ++i) c->pools[i] = (ad_pool){c, i + 1};
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->work, NULL);
    pthread_cond_init(&c->done, NULL);
    for (int i = 1; i < threads; ++i) {
        c->workers[i] = (worker){.crew = c, .index = i};
        if (pthread_create(&c->workers[i].thread, NULL, work, &c->workers[i])) {
            stop(c, i);
            return NULL;
        }
    }
    return &c->pools[threads - 1];
}

void ad_pool_free(ad_pool *pool)
{
    if (pool) stop(pool->crew, pool->crew->size);
}

int ad_pool_size(const ad_pool *pool)
{
    return pool ? pool->size : 1;
}

ad_pool *ad_pool_part(ad_pool *pool, int most)
{
    return pool && most < pool->size ? &pool->crew->pools[most > 1 ? most - 1 : 0] : pool;
}

static void wake(crew *c, int64_t wanted)
{
    int64_t sleepers = c->sleepers;
    if (!sleepers) return;
    pthread_mutex_lock(&c->mutex);
    if (wanted >= sleepers || c->part < c->size) /* who is signalled cannot be chosen */
        pthread_cond_broadcast(&c->work);
    else
        for (int64_t i = 0; i < wanted; ++i) pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->mutex);
}

static void finish(crew *c)
{
    for (int i = 0; i < c->pauses && c->remaining; ++i) relax();
    if (!c->remaining) return;
    pthread_mutex_lock(&c->mutex);
    c->waiting = true;
    while (c->remaining) pthread_cond_wait(&c->done, &c->mutex);
    c->waiting = false;
    pthread_mutex_unlock(&c->mutex);
}

static void run_job(crew *c, int part, int64_t first, int64_t count, ad_task task, void *user)
{
    uint64_t generation = (c->ticket >> 32) + 1;
    c->ticket = generation << 32 | CLOSED;
    c->task = task;
    c->user = user;
    c->first = first;
    c->count = count;
    c->part = part;
    c->mode = ad_float_mode_get();
    c->remaining = count;
    c->ticket = generation << 32;
    wake(c, count - 1);
    drain(c, 0);
    finish(c);
}

void ad_parallel(ad_pool *pool, int64_t count, ad_task task, void *user)
{
    if (!pool || pool->size == 1 || count <= 1) {
        for (int64_t i = 0; i < count; ++i) task(user, i, 0);
        return;
    }
    for (int64_t first = 0; first < count; first += MAX_COUNT)
        run_job(pool->crew, pool->size, first,
                count - first < MAX_COUNT ? count - first : MAX_COUNT, task, user);
}
