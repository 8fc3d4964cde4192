/* pool.c - the thread pool behind ad_parallel.
 *
 * One job at a time. Everything a worker needs to claim a task is one 64-bit ticket: the job's
 * generation in the high half, the next unclaimed index in the low half. A claim is a
 * compare-and-swap from (g, i) to (g, i + 1), so a worker that wakes up late, with a job in its
 * hands that is long over, fails to claim and looks again. The caller therefore waits for claimed
 * tasks only, never for a worker to wake up. While the caller writes the fields of a new job the
 * ticket says CLOSED.
 *
 * All atomics are sequentially consistent: a claim that succeeds proves that the fields read before
 * it belong to the claimed job, and a sleeper that sees no job is seen by whoever publishes one. */
#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    SPINS = 4000, /* pauses before sleeping: a tenth of a millisecond or two */
};
#define CLOSED    UINT32_MAX
#define MAX_COUNT ((int64_t)1 << 30) /* tasks of one job; longer calls are cut into jobs */

typedef struct worker {
    ad_pool *pool;
    pthread_t thread;
    int index;
} worker;

struct ad_pool {
    _Alignas(64) _Atomic uint64_t ticket;
    _Alignas(64) _Atomic int64_t remaining; /* tasks of the current job not finished yet */
    _Alignas(64) _Atomic(ad_task) task;     /* the job: written while the ticket is closed */
    _Atomic(void *) user;
    _Atomic int64_t count, first; /* ticket index i is task first + i */
    _Atomic int sleepers;         /* workers in or about to enter a wait for `work` */
    atomic_bool waiting;          /* the caller is in or about to enter a wait for `done` */
    atomic_bool stop;
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    int size;
    worker workers[]; /* [0] is unused: the caller */
};

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool has_work(ad_pool *pool)
{
    uint32_t next = (uint32_t)pool->ticket;
    return next != CLOSED && (int64_t)next < pool->count;
}

/* Claims and runs tasks until there is none left. */
static void drain(ad_pool *pool, int index)
{
    for (;;) {
        uint64_t ticket = pool->ticket;
        uint32_t next = (uint32_t)ticket;
        if (next == CLOSED) return;
        ad_task task = pool->task;
        void *user = pool->user;
        int64_t first = pool->first, count = pool->count;
        if ((int64_t)next >= count) return;
        if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1)) continue;
        task(user, first + next, index);
        if (--pool->remaining == 0 && pool->waiting) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

static void *work(void *user)
{
    worker *self = user;
    ad_pool *pool = self->pool;
    while (!pool->stop) {
        drain(pool, self->index);
        for (int i = 0; i < SPINS && !has_work(pool) && !pool->stop; ++i) relax();
        if (has_work(pool)) continue;
        pthread_mutex_lock(&pool->mutex);
        ++pool->sleepers;
        while (!has_work(pool) && !pool->stop) pthread_cond_wait(&pool->work, &pool->mutex);
        --pool->sleepers;
        pthread_mutex_unlock(&pool->mutex);
    }
    return NULL;
}

static void stop(ad_pool *pool, int started)
{
    pthread_mutex_lock(&pool->mutex);
    pool->stop = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i < started; ++i) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

ad_pool *ad_pool_new(int threads)
{
    if (threads < 1) return NULL;
    size_t bytes = sizeof(ad_pool) + (size_t)threads * sizeof(worker);
    ad_pool *pool = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!pool) return NULL;
    *pool = (ad_pool){.ticket = CLOSED, .size = threads};
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (int i = 1; i < threads; ++i) {
        pool->workers[i] = (worker){.pool = pool, .index = i};
        if (pthread_create(&pool->workers[i].thread, NULL, work, &pool->workers[i])) {
            stop(pool, i);
            return NULL;
        }
    }
    return pool;
}

void ad_pool_free(ad_pool *pool)
{
    if (pool) stop(pool, pool->size);
}

int ad_pool_size(const ad_pool *pool)
{
    return pool ? pool->size : 1;
}

static void wake(ad_pool *pool, int64_t wanted)
{
    int64_t sleepers = pool->sleepers;
    if (!sleepers) return;
    pthread_mutex_lock(&pool->mutex);
    if (wanted >= sleepers)
        pthread_cond_broadcast(&pool->work);
    else
        for (int64_t i = 0; i < wanted; ++i) pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
}

static void finish(ad_pool *pool)
{
    for (int i = 0; i < SPINS && pool->remaining; ++i) relax();
    if (!pool->remaining) return;
    pthread_mutex_lock(&pool->mutex);
    pool->waiting = true;
    while (pool->remaining) pthread_cond_wait(&pool->done, &pool->mutex);
    pool->waiting = false;
    pthread_mutex_unlock(&pool->mutex);
}

static void run_job(ad_pool *pool, int64_t first, int64_t count, ad_task task, void *user)
{
    uint64_t generation = (pool->ticket >> 32) + 1;
    pool->ticket = generation << 32 | CLOSED;
    pool->task = task;
    pool->user = user;
    pool->first = first;
    pool->count = count;
    pool->remaining = count;
    pool->ticket = generation << 32;
    wake(pool, count - 1);
    drain(pool, 0);
    finish(pool);
}

void ad_parallel(ad_pool *pool, int64_t count, ad_task task, void *user)
{
    if (!pool || pool->size == 1 || count <= 1) {
        for (int64_t i = 0; i < count; ++i) task(user, i, 0);
        return;
    }
    for (int64_t first = 0; first < count; first += MAX_COUNT)
        run_job(pool, first, count - first < MAX_COUNT ? count - first : MAX_COUNT, task, user);
}
