/* symmetric.h - eigenvalues and factors of symmetric matrices. */
#ifndef AD_SCORE_SYMMETRIC_H
#define AD_SCORE_SYMMETRIC_H

#include "base/context.h"

#include <autodidact/watch.h>

/* Of a [n, n], finite, whose content is lost: value[n] in no order. O(n^3), by the context's
 * threads; `watcher` may be NULL. AD_ERROR_NUMERIC where it does not converge, AD_ERROR_MEMORY,
 * AD_ERROR_ARGUMENT where the watcher ends it. */
ad_status ad_symmetric_values(ad_context *ctx, double *a, int64_t n, double *value,
                              const ad_watcher *watcher);

/* a = factor factor^T, but for rounding, of a [n, n] without an eigenvalue below 0: factor [n,
 * *rank], in memory for [n, n]. AD_ERROR_MEMORY. */
ad_status ad_symmetric_factor(ad_context *ctx, const double *a, int64_t n, double *factor,
                              int64_t *rank);

#endif
