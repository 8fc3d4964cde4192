/* counts.h - scores of a class from its counts. */
#ifndef AD_SCORE_COUNTS_H
#define AD_SCORE_COUNTS_H

#include <autodidact/scores.h>
#include <math.h>

static inline double ad_score_ratio(int64_t a, int64_t b)
{
    return b ? (double)a / (double)b : NAN;
}

/* What an undefined quotient counts as within a mean. */
static inline double ad_score_or_zero(double x)
{
    return isnan(x) ? 0 : x;
}

static inline ad_class_score ad_score_of_counts(int64_t rows, int64_t predicted, int64_t right)
{
    return (ad_class_score){.rows = rows,
                            .predicted = predicted,
                            .right = right,
                            .precision = ad_score_ratio(right, predicted),
                            .recall = ad_score_ratio(right, rows),
                            .f1 = ad_score_ratio(2 * right, rows + predicted)};
}

#endif
