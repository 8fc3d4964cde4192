/* plot.h - plots: what is to be seen is described, and becomes a drawing (draw.h).
 *
 *     ad_series series[] = {{.label = "training", .y = loss, .count = steps},
 *                           {.label = "validation", .x = at, .y = seen, .count = 12}};
 *     ad_plot plot = {.title = "Loss", .x = {"step"}, .y = {"nats", .log = true}, series, 2};
 *     ad_drawing *d;
 *     if (!ad_plot_new(&d, ctx, &plot)) status = ad_drawing_write(d, "loss.png");
 *     ad_drawing_free(d);
 *
 * Values that cannot be drawn are never drawn somewhere: those that are not finite leave a gap,
 * those that are not above 0 are left out of logarithmic axes, and a line below the plot says how
 * many. Long series are thinned so that what sticks out stays.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_PLOT_H
#define AUTODIDACT_PLOT_H

#include <autodidact/draw.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_axis {
    const char *label; /* NULL: none */
    bool log;
    double from, to; /* what it shows; both 0: all there is. What lies beyond is cut off */
    const char *const *categories; /* names at 0, 1, 2, ... instead of numbers */
    int category_count;
    bool hidden; /* no ticks and no numbers */
} ad_axis;

typedef enum ad_plot_kind {
    AD_PLOT_LINE = 0,
    AD_PLOT_POINTS,
    AD_PLOT_BARS,      /* from 0; several series stand side by side */
    AD_PLOT_STEPS,     /* each value holds until the next x */
    AD_PLOT_BAND,      /* between y and `high` */
    AD_PLOT_HISTOGRAM, /* of the values y; all histograms of a plot have the same bins */
} ad_plot_kind;

typedef struct ad_series {
    ad_plot_kind kind;
    const char *label;          /* in the legend; NULL: left out */
    const double *x, *y, *high; /* [count]; x NULL: 0, 1, 2, ... */
    int64_t count;
    ad_colour colour; /* 0: AD_SERIES of its place, and from the ninth on dashed */
    bool dashed;
    bool faint;               /* one of many, behind the others */
    double size;              /* width of lines, radius of points; 0: 1.8, 2.5 */
    bool shares;              /* HISTOGRAM: of all its values, instead of counts */
    const char *const *names; /* POINTS: [count], written beside them; NULL: none */
} ad_series;

typedef struct ad_plot {
    const char *title; /* NULL: none */
    ad_axis x, y;
    const ad_series *series;
    int count;
    double width, height; /* 0: 640 x 360; at least 112 x 92 */
    int bins;             /* of histograms; 0: the root of the number of values, 5 to 50 */
    int64_t points;       /* that long lines are thinned to; 0: 2000 */
    bool no_legend;
    bool equal; /* a step to the right is as long as a step up */
} ad_plot;

/* Nothing in a plot is kept: its arrays may go. */
AD_API ad_status ad_plot_new(ad_drawing **out, ad_context *ctx, const ad_plot *plot);
/* As a part of a larger drawing, in the rectangle with this corner and size, at least 100 x 80. */
AD_API ad_status ad_plot_draw(ad_drawing *drawing, ad_context *ctx, double x, double y,
                              double width, double height, const ad_plot *plot);

/* A matrix as coloured cells: confusion, attention, correlation. */
typedef struct ad_heat_map {
    const char *title, *row_label, *column_label;       /* each may be NULL */
    int rows, columns;                                  /* 1 to 512 */
    const double *value;                                /* [rows, columns] */
    const char *const *row_names, *const *column_names; /* NULL: none */
    double from, to; /* values of the palest and the fullest colour; both 0: 0 (or the least, if
                        that is below) and the greatest */
    bool of_rows;    /* colours by the share of the row's sum instead */
    bool diagonal;   /* another colour for the diagonal, as of a confusion matrix */
    bool numbers;    /* written into cells that are large enough */
} ad_heat_map;

AD_API ad_status ad_heat_map_new(ad_drawing **out, ad_context *ctx, const ad_heat_map *map);

#ifdef __cplusplus
}
#endif
#endif
