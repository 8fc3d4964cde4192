/* plot_series.c - the series of a plot, each cut off at the edges of the area. */
#include "draw/plot.h"
#include "draw/thin.h"

#include <math.h>

enum { THIN_TO = 2000, PATH_MOST = 4096, POINTS_MOST = 20000 };

ad_colour ad_series_colour(const ad_plotting *p, int which)
{
    ad_colour own = p->plot->series[which].colour;
    return own ? own : AD_SERIES(which);
}

bool ad_series_dashed(const ad_plotting *p, int which)
{
    const ad_series *s = &p->plot->series[which];
    return s->dashed || (!s->colour && which >= AD_SERIES_COLOURS);
}

static double opacity(const ad_series *s, double otherwise)
{
    return s->faint ? 0.28 * otherwise : otherwise;
}

/* ---- lines ---- */

/* A polyline that is put together point by point, and begins anew after a gap. */
typedef struct path {
    ad_plotting *p;
    ad_pen pen;
    double *xy; /* [room, 2] */
    int64_t count, room;
    double x, y; /* the last point's place, also beyond the area; NaN: none */
    bool steps, alone;
} path;

static void flush(path *l)
{
    if (l->count == 1) /* a point by itself would be invisible */
        ad_draw_circle(l->p->d, l->xy[0], l->xy[1], 1.5 * l->pen.width,
                       (ad_pen){.fill = l->pen.stroke, .opacity = l->pen.opacity});
    else if (l->count)
        ad_draw_polyline(l->p->d, l->xy, l->count, l->pen);
    l->count = 0;
}

static void put(path *l, double x, double y)
{
    if (l->count == l->room) {
        double last[2] = {l->xy[2 * l->count - 2], l->xy[2 * l->count - 1]};
        flush(l);
        l->xy[0] = last[0], l->xy[1] = last[1], l->count = 1;
    }
    l->xy[2 * l->count] = x, l->xy[2 * l->count + 1] = y, ++l->count;
}

static bool inside(const ad_plotting *p, double x, double y)
{
    return x >= p->left - 1e-6 && x <= p->right + 1e-6 && y >= p->top - 1e-6 &&
           y <= p->bottom + 1e-6;
}

/* Liang & Barsky 1984: the part of a segment within the area, as shares t of it; false: none. */
static bool clip(const ad_plotting *p, const double a[2], const double b[2], double t[2])
{
    double dx = b[0] - a[0], dy = b[1] - a[1];
    double by[4] = {-dx, dx, -dy, dy};
    double room[4] = {a[0] - p->left, p->right - a[0], a[1] - p->top, p->bottom - a[1]};
    t[0] = 0, t[1] = 1;
    for (int i = 0; i < 4; ++i) {
        if (by[i] == 0) {
            if (room[i] < 0) return false;
        } else if (by[i] < 0)
            t[0] = fmax(t[0], room[i] / by[i]);
        else
            t[1] = fmin(t[1], room[i] / by[i]);
    }
    return t[0] <= t[1];
}

static void line_to(path *l, double x, double y)
{
    double a[2] = {l->x, l->y}, b[2] = {x, y}, t[2];
    if (clip(l->p, a, b, t)) {
        if (!l->count) put(l, a[0] + t[0] * (x - a[0]), a[1] + t[0] * (y - a[1]));
        put(l, a[0] + t[1] * (x - a[0]), a[1] + t[1] * (y - a[1]));
        if (t[1] < 1) flush(l);
    } else
        flush(l);
    l->x = x, l->y = y;
}

static void path_point(void *user, double vx, double vy)
{
    path *l = user;
    double x = ad_scale_place(&l->p->x, vx), y = ad_scale_place(&l->p->y, vy);
    if (isnan(x) || isnan(y)) {
        flush(l);
        l->x = NAN;
        return;
    }
    if (!isnan(l->x)) {
        if (l->steps) line_to(l, x, l->y);
        line_to(l, x, y);
        return;
    }
    l->x = x, l->y = y;
    if (inside(l->p, x, y)) put(l, x, y);
}

static ad_status draw_line(ad_plotting *p, int which)
{
    const ad_series *s = &p->plot->series[which];
    int64_t points = p->plot->points > 0 ? p->plot->points : THIN_TO;
    path l = {.p = p, .room = PATH_MOST, .x = NAN, .steps = s->kind == AD_PLOT_STEPS};
    l.pen = (ad_pen){.stroke = ad_series_colour(p, which),
                     .width = s->size > 0 ? s->size
                              : s->faint  ? 1
                                          : 1.8,
                     .opacity = opacity(s, 1),
                     .dash = ad_series_dashed(p, which) ? 5 : 0};
    l.xy = ad_alloc(p->ctx, ad_bytes(2 * l.room, sizeof *l.xy));
    if (!l.xy) return AD_ERROR_MEMORY;
    ad_thin(s->x, s->y, s->count, points, path_point, &l);
    flush(&l);
    ad_free(p->ctx, l.xy, ad_bytes(2 * l.room, sizeof *l.xy));
    return AD_OK;
}

/* ---- points ---- */

static void draw_points(ad_plotting *p, int which)
{
    const ad_series *s = &p->plot->series[which];
    int64_t each = (s->count + POINTS_MOST - 1) / POINTS_MOST;
    double radius = s->size > 0 ? s->size : 2.5;
    ad_pen pen = {.fill = ad_series_colour(p, which),
                  .opacity = opacity(s, s->count > 200 ? 0.75 : 1)};
    for (int64_t i = 0; i < s->count; i += each) {
        double x = ad_scale_place(&p->x, s->x ? s->x[i] : (double)i);
        double y = ad_scale_place(&p->y, s->y[i]);
        if (isnan(x) || isnan(y) || !inside(p, x, y)) continue;
        ad_draw_circle(p->d, x, y, radius, pen);
        if (!s->names) continue;
        bool left = x > (p->left + p->right) / 2; /* names grow towards the middle */
        ad_draw_text(p->d, left ? x - radius - 3 : x + radius + 3, y + 4, s->names[i],
                     (ad_letters){.size = 10,
                                  .colour = AD_QUIET,
                                  .anchor = left ? AD_ANCHOR_END : AD_ANCHOR_START,
                                  .most = 90});
    }
    if (each > 1) p->not_drawn += s->count - (s->count + each - 1) / each;
}

/* ---- bars ---- */

static double held(double v, double low, double high)
{
    return fmin(fmax(v, low), high);
}

/* From `from` to `to` across, `value` high, within the area. */
static void bar(ad_plotting *p, double from, double to, double value, ad_pen pen)
{
    double base = p->y.log ? p->bottom : held(ad_scale_place(&p->y, 0), p->top, p->bottom);
    double y = ad_scale_place(&p->y, value);
    from = held(from, p->left, p->right), to = held(to, p->left, p->right);
    if (isnan(y) || to - from < 1e-9) return;
    y = held(y, p->top, p->bottom);
    if (fabs(y - base) > 1e-9)
        ad_draw_rect(p->d, from, fmin(y, base), to - from, fabs(y - base), pen);
}

typedef struct bars {
    ad_plotting *p;
    ad_pen pen;
    int place; /* among the series of bars */
} bars;

static void one_bar(void *user, double x, double y)
{
    const bars *b = user;
    const ad_plotting *p = b->p;
    double width = 0.8 * p->bar_space / p->bars;
    double from = x - 0.4 * p->bar_space + b->place * width;
    double a = ad_scale_place(&p->x, from), c = ad_scale_place(&p->x, from + width);
    if (p->x.log) { /* a bar of its own width around its place */
        double middle = ad_scale_place(&p->x, x);
        a = middle - 4 + b->place * 8.0 / p->bars, c = a + 8.0 / p->bars;
    }
    if (c - a < 1) c = a + 1;
    if (!isnan(a) && !isnan(c)) bar(b->p, a, c, y, b->pen);
}

static void draw_bars(ad_plotting *p, int which)
{
    const ad_series *s = &p->plot->series[which];
    bars b = {p, {.fill = ad_series_colour(p, which), .opacity = opacity(s, 0.9)}, 0};
    for (int k = 0; k < which; ++k) b.place += p->plot->series[k].kind == AD_PLOT_BARS;
    ad_thin(s->x, s->y, s->count, THIN_TO, one_bar, &b);
}

static ad_status draw_histogram(ad_plotting *p, int which)
{
    const ad_series *s = &p->plot->series[which];
    double *count = ad_alloc(p->ctx, ad_bytes(p->bins, sizeof *count));
    double width = (p->binned.high - p->binned.low) / p->bins, many = 0;
    if (!count) return AD_ERROR_MEMORY;
    for (int k = 0; k < p->plot->count; ++k) many += p->plot->series[k].kind == AD_PLOT_HISTOGRAM;
    ad_pen pen = {.fill = ad_series_colour(p, which), .opacity = opacity(s, many > 1 ? 0.55 : 0.9)};
    ad_plot_count_bins(p, which, count);
    ad_scale x = p->x;
    x.log = false; /* bins are of logarithms already */
    for (int b = 0; b < p->bins; ++b) {
        double from = ad_scale_place(&x, p->binned.low + b * width);
        double to = ad_scale_place(&x, p->binned.low + (b + 1) * width);
        double gap = to - from > 5 ? 0.5 : 0;
        if (count[b] > 0) bar(p, from + gap, to - gap, count[b], pen);
    }
    ad_free(p->ctx, count, ad_bytes(p->bins, sizeof *count));
    return AD_OK;
}

/* ---- bands ---- */

/* xy: the lower edge from the start, the upper one behind it backwards. */
static int64_t band_part(ad_plotting *p, const ad_series *s, int64_t from, int64_t each, double *xy,
                         int64_t room)
{
    int64_t count = 0, i = from;
    for (; i < s->count && count < room; i += each) {
        double x = ad_scale_place(&p->x, s->x ? s->x[i] : (double)i);
        double low = ad_scale_place(&p->y, s->y[i]), high = ad_scale_place(&p->y, s->high[i]);
        if (isnan(x) || isnan(low) || isnan(high)) break;
        x = held(x, p->left, p->right);
        xy[2 * count] = x, xy[2 * count + 1] = held(low, p->top, p->bottom);
        double *back = xy + 2 * (2 * room - 1 - count);
        back[0] = x, back[1] = held(high, p->top, p->bottom);
        ++count;
    }
    for (int64_t k = 0; k < 2 * count; ++k) xy[2 * count + k] = xy[2 * (2 * room - count) + k];
    return count;
}

static ad_status draw_band(ad_plotting *p, int which)
{
    const ad_series *s = &p->plot->series[which];
    int64_t each = (s->count + THIN_TO - 1) / THIN_TO, room = THIN_TO + 1;
    double *xy = ad_alloc(p->ctx, ad_bytes(4 * room, sizeof *xy));
    if (!xy) return AD_ERROR_MEMORY;
    for (int64_t at = 0; at < s->count;) {
        int64_t count = band_part(p, s, at, each, xy, room);
        if (count > 1)
            ad_draw_polygon(
                p->d, xy, 2 * count,
                (ad_pen){.fill = ad_series_colour(p, which), .opacity = opacity(s, 0.22)});
        at += (count > 0 ? count : 1) * each;
    }
    ad_free(p->ctx, xy, ad_bytes(4 * room, sizeof *xy));
    return AD_OK;
}

ad_status ad_plot_series(ad_plotting *p, int which)
{
    switch (p->plot->series[which].kind) {
    case AD_PLOT_LINE:
    case AD_PLOT_STEPS: return draw_line(p, which);
    case AD_PLOT_POINTS: draw_points(p, which); return AD_OK;
    case AD_PLOT_BARS: draw_bars(p, which); return AD_OK;
    case AD_PLOT_HISTOGRAM: return draw_histogram(p, which);
    case AD_PLOT_BAND: return draw_band(p, which);
    }
    return AD_OK;
}
