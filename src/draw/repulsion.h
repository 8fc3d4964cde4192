/* repulsion.h - the sum over all pairs of points of a force that falls with their distance. */
#ifndef AD_DRAW_REPULSION_H
#define AD_DRAW_REPULSION_H

#include "base/context.h"

typedef struct ad_repulsion ad_repulsion;

/* Room for `count` points, from 1 to INT32_MAX / 2; NULL: no memory. */
ad_repulsion *ad_repulsion_new(ad_context *ctx, int64_t count);
void ad_repulsion_free(ad_repulsion *r); /* NULL is ignored */
/* y [count, 2], finite -> force [count, 2]: with q = 1 / (1 + |y_i - y_j|^2), minus the sum over j
 * of q^2 (y_i - y_j), or of q (y_i - y_j), which reaches `far`. The result: the sum of q over all
 * ordered pairs. */
double ad_repulsion_of(ad_repulsion *r, const float *y, bool far, float *force);

#endif
