/* thin.c - see thin.h. */
#include "draw/thin.h"

#include <math.h>

static double x_of(const double *x, int64_t i)
{
    return x ? x[i] : (double)i;
}

void ad_thin(const double *x, const double *y, int64_t count, int64_t most, ad_thin_point *point,
             void *user)
{
    if (count <= most || most < 4) {
        for (int64_t i = 0; i < count; ++i) point(user, x_of(x, i), y[i]);
        return;
    }
    int64_t stretches = most / 2 - 1, inner = count - 2;
    point(user, x_of(x, 0), y[0]);
    for (int64_t s = 0; s < stretches; ++s) {
        int64_t from = 1 + s * inner / stretches, to = 1 + (s + 1) * inner / stretches;
        int64_t least = -1, greatest = -1, gap = -1;
        for (int64_t i = from; i < to; ++i) {
            if (!isfinite(y[i])) {
                gap = i;
                continue;
            }
            if (least < 0 || y[i] < y[least]) least = i;
            if (greatest < 0 || y[i] > y[greatest]) greatest = i;
        }
        if (least >= 0) {
            int64_t first = least < greatest ? least : greatest, second = least + greatest - first;
            point(user, x_of(x, first), y[first]);
            if (second != first) point(user, x_of(x, second), y[second]);
        }
        if (gap >= 0) point(user, x_of(x, gap), NAN);
    }
    point(user, x_of(x, count - 1), y[count - 1]);
}
