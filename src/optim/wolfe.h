/* wolfe.h - a line search for the strong Wolfe conditions along one direction. */
#ifndef AD_OPTIM_WOLFE_H
#define AD_OPTIM_WOLFE_H

#include <autodidact/base.h>

/* A point on the line. `slot` is where its gradient is kept; the search has at most four at a time.
 */
typedef struct ad_wolfe_point {
    double t, loss, slope; /* step length; value and derivative along the direction */
    int slot;
} ad_wolfe_point;

enum { AD_WOLFE_SLOTS = 4 };

typedef struct ad_wolfe {
    /* Fills in loss and slope at point->t and keeps the gradient in point->slot. A failure ends the
     * search. */
    ad_status (*evaluate)(void *user, ad_wolfe_point *point);
    void *user;
    double direction_max;    /* largest component of the direction */
    double tolerance_change; /* stop when the bracket moves no component by this much */
    int max_evaluations;
} ad_wolfe;

/* From `start` (t = 0, slope < 0) with the first trial at t. *best is the lowest point that was
 * found, and meets the conditions unless evaluations ran out. */
ad_status ad_wolfe_search(const ad_wolfe *search, ad_wolfe_point start, double t,
                          ad_wolfe_point *best);

#endif
