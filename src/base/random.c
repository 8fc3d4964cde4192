/* random.c - numbers for those who draw outside of graphs: batches, samples. */
#include <autodidact/base.h>

#include "base/philox.h"

/* Apart from the streams of graphs, whose third and fourth words hold small step numbers. */
#define OUTSIDE (UINT64_C(1) << 63)

static ad_philox block(uint64_t seed, uint64_t stream, uint64_t index)
{
    return ad_philox_block(seed, index, stream | OUTSIDE);
}

uint32_t ad_random_word(uint64_t seed, uint64_t stream, uint64_t index)
{
    return block(seed, stream, index).v[0];
}

double ad_random_unit(uint64_t seed, uint64_t stream, uint64_t index)
{
    ad_philox x = block(seed, stream, index);
    uint64_t bits = ((uint64_t)x.v[1] << 32 | x.v[0]) >> 11;
    return (double)bits * 0x1p-53;
}

int64_t ad_random_below(uint64_t seed, uint64_t stream, uint64_t index, int64_t n)
{
    int64_t i = (int64_t)(ad_random_unit(seed, stream, index) * (double)n);
    return i < n ? i : n - 1;
}
