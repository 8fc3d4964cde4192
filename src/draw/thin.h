/* thin.h - fewer points of a long curve, in which everything that sticks out stays. */
#ifndef AD_DRAW_THIN_H
#define AD_DRAW_THIN_H

#include <stdint.h>

typedef void ad_thin_point(void *user, double x, double y);

/* Calls `point` for about `most` of `count` points in order: both ends, and the least and the
 * greatest of each stretch between. A stretch with a value that is not finite ends with a NaN, so
 * that gaps stay gaps. x NULL: 0, 1, 2, ... */
void ad_thin(const double *x, const double *y, int64_t count, int64_t most, ad_thin_point *point,
             void *user);

#endif
