/* sizes.h - what cutting sizes into pieces takes. */
#ifndef AD_CPU_SIZES_H
#define AD_CPU_SIZES_H

#include <stdint.h>

static inline int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
/* n rounded up to a multiple of `to`. */
static inline int64_t up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

#endif
