/* symmetric.h - eigenvalues and eigenvectors of symmetric matrices. */
#ifndef AD_SCORE_SYMMETRIC_H
#define AD_SCORE_SYMMETRIC_H

#include "base/context.h"

/* Of a [n, n], finite, whose content is lost: value[n] in no order, and row i of vector [n, n] is
 * the unit eigenvector of value[i]; `vector` may be NULL. O(n^3). AD_ERROR_NUMERIC where it does
 * not converge, AD_ERROR_MEMORY. */
ad_status ad_symmetric_eigen(ad_context *ctx, double *a, int64_t n, double *value, double *vector);

#endif
