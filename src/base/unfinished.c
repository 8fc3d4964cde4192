/* unfinished.c - an entry is taken off by whoever exchanges it for NULL first, so that no handler
 * reads a path that its owner has freed. */
#include "base/unfinished.h"

#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

enum { ENTRIES = 64 }; /* files being written at the same time */

typedef _Atomic(const char *) entry;
static entry entries[ENTRIES];

int ad_unfinished_add(const char *path)
{
    for (int i = 0; i < ENTRIES; ++i) {
        const char *free_one = NULL;
        if (atomic_compare_exchange_strong(&entries[i], &free_one, path)) return i;
    }
    return -1;
}

void ad_unfinished_drop(int number)
{
    if (number < 0 || atomic_exchange(&entries[number], NULL)) return;
    for (;;) pause(); /* a handler has it, and ends the process */
}

void ad_unfinished_remove(void)
{
    for (int i = 0; i < ENTRIES; ++i) {
        const char *path = atomic_exchange(&entries[i], NULL);
        if (path) unlink(path);
    }
}
