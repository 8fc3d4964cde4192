/* pool.h - a pool of threads that share out numbered tasks.
 *
 * Work is split by the caller into a fixed number of tasks that does not depend on the number of
 * threads; which thread runs a task is left open. A task must not depend on its worker except for
 * scratch memory, so results are the same with any number of threads.
 * Idle workers sleep (after a short spin), and a call returns when its own tasks are done even if
 * a worker was descheduled before it took any. */
#ifndef AD_BASE_POOL_H
#define AD_BASE_POOL_H

#include <stdint.h>

typedef struct ad_pool ad_pool;
typedef void (*ad_task)(void *user, int64_t index, int worker); /* worker: 0 .. ad_pool_size-1 */

ad_pool *ad_pool_new(int threads); /* NULL when threads cannot be started */
void ad_pool_free(ad_pool *pool);
/* The same threads, of which no more than `most` take part: for tasks that have scratch memory for
 * so many. It goes with the pool. */
ad_pool *ad_pool_part(ad_pool *pool, int most);
int ad_pool_size(const ad_pool *pool); /* workers, the caller included; 1 for a NULL pool */

/* Runs task(user, i, worker) for every i in [0, count) and returns when all are done. Not
 * reentrant. A NULL pool, a pool of one, or count == 1 runs in the calling thread. */
void ad_parallel(ad_pool *pool, int64_t count, ad_task task, void *user);

#endif
