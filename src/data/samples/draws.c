/* draws.c - the random numbers of a row. */
#include <autodidact/samples.h>

/* Apart from the streams that others draw from with the same seed. */
#define ROWS (UINT64_C(1) << 62)

double ad_draws_unit(const ad_draws *draws, uint64_t index)
{
    return ad_random_unit(draws->seed, draws->position | ROWS, index);
}

int64_t ad_draws_below(const ad_draws *draws, uint64_t index, int64_t n)
{
    return ad_random_below(draws->seed, draws->position | ROWS, index, n);
}
