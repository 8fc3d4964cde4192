/* storage.c - who may use a storage now: programs of several contexts, each with its own thread,
 * can share one (nn.h). Nobody waits here: a claim that cannot be had is an error of its caller. */
#include "graph/node.h"

#include <stdatomic.h>

bool ad_storage_claim(ad_storage *storage, bool change)
{
    int users = atomic_load_explicit(&storage->users, memory_order_relaxed);
    do {
        if (users < 0 || (change && users > 0)) return false;
    } while (!atomic_compare_exchange_weak_explicit(&storage->users, &users,
                                                    change ? -1 : users + 1, memory_order_acquire,
                                                    memory_order_relaxed));
    return true;
}

void ad_storage_release(ad_storage *storage, bool change)
{
    atomic_fetch_add_explicit(&storage->users, change ? 1 : -1, memory_order_release);
}
