/* axis.h - how values become places, and which of them are named. */
#ifndef AD_DRAW_AXIS_H
#define AD_DRAW_AXIS_H

#include <stdbool.h>

/* Values between `from` and `to` (logarithms of them, to the base of ten, where `log`) lie between
 * the places a and b. */
typedef struct ad_scale {
    bool log;
    double from, to, a, b;
} ad_scale;

/* NaN for what has no place: not finite, or not above 0 on a logarithmic scale. */
double ad_scale_place(const ad_scale *scale, double value);

/* A range that grows with values; empty while low > high. */
typedef struct ad_range {
    double low, high;
} ad_range;
void ad_range_add(ad_range *range, double value, bool log);
/* A range that can be shown: never empty, with `pad` of its width added at both ends. */
void ad_range_finish(ad_range *range, double pad, bool log);

enum { AD_TICKS_MOST = 24 };
typedef struct ad_tick {
    double at; /* the value */
    char text[24];
} ad_tick;
/* Round values within the scale, about `wanted` of them; returns how many. */
int ad_ticks(const ad_scale *scale, int wanted, ad_tick ticks[AD_TICKS_MOST]);

#endif
