/* ranks.h - values in order, equal ones together. */
#ifndef AD_SCORE_RANKS_H
#define AD_SCORE_RANKS_H

#include "base/context.h"

typedef struct ad_ranked {
    float value;
    int32_t label;
    int64_t index; /* where it stood */
} ad_ranked;

/* `values` rising, equal ones by index, NaN last; labels may be NULL. Owned by the caller:
 * ad_free with count * sizeof. NULL: no memory (count 0 too is an allocation). */
ad_ranked *ad_rank(ad_context *ctx, const float *values, const int32_t *labels, int64_t count);
/* The end of the stretch of equal values that begins at `from` (a NaN is one by itself). */
int64_t ad_rank_ties(const ad_ranked *ranked, int64_t from, int64_t count);
size_t ad_rank_bytes(int64_t count);

#endif
