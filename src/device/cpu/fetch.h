/* fetch.h - cache lines of a stream that is read once. */
#ifndef AD_CPU_FETCH_H
#define AD_CPU_FETCH_H

#include <stdbool.h>

/* For one use, `through`: what leaves L1 again does not go to the caches behind it, whose traffic
 * costs a third of the speed on some processors. Else into L2, which may wait for more lines at a
 * time than L1 and is the faster way on others. */
static inline __attribute__((always_inline)) void fetch(const void *memory, bool through)
{
    if (through)
        __builtin_prefetch(memory, 0, 0);
    else
        __builtin_prefetch(memory, 0, 2);
}

#endif
