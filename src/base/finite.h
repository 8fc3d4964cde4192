/* finite.h - looking for NaN and infinity where numbers cross a border: weights that are read, and
 * results that C code is to rank, sample from or print. */
#ifndef AD_BASE_FINITE_H
#define AD_BASE_FINITE_H

#include "base/context.h"

#include <autodidact/tensor.h>

/* The index of the first element that is NaN or infinite, or -1; integers never are. About as fast
 * as memory. */
int64_t ad_first_not_finite(const void *data, ad_dtype dtype, int64_t count);

/* AD_OK, or AD_ERROR_NUMERIC: "`what` is not finite: element 12 of 512 is nan". */
ad_status ad_check_finite(ad_context *ctx, const char *what, const void *data, ad_dtype dtype,
                          int64_t count);

#endif
