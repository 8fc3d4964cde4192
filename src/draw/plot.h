/* plot.h - the inside of a plot while it is drawn. */
#ifndef AD_DRAW_PLOT_H
#define AD_DRAW_PLOT_H

#include "base/context.h"
#include "draw/axis.h"

#include <autodidact/plot.h>

typedef struct ad_plotting {
    ad_context *ctx;
    ad_drawing *d;
    const ad_plot *plot;
    double left, top, right, bottom; /* of the area with the data */
    ad_scale x, y;
    int bars;                                    /* series of bars */
    double bar_space;                            /* between neighbouring x of bars */
    int bins;                                    /* of histograms, and */
    ad_range binned;                             /*   the values that they are of */
    int64_t not_finite, not_positive, not_drawn; /* values left out; points thinned */
} ad_plotting;

ad_colour ad_series_colour(const ad_plotting *p, int which);
bool ad_series_dashed(const ad_plotting *p, int which);
/* Bins of series `which`, counts or shares: [bins]. */
void ad_plot_count_bins(const ad_plotting *p, int which, double *count);
/* plot_ranges.c: finds bars and bins, and what the axes show. */
ad_status ad_plot_ranges(ad_plotting *p);
/* plot_series.c: draws series `which`. */
ad_status ad_plot_series(ad_plotting *p, int which);

#endif
