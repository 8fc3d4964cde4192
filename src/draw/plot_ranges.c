/* plot_ranges.c - what a plot has to show: the ranges of its axes, the bins of its histograms. */
#include "draw/plot.h"

#include <math.h>

enum { BINS_LEAST = 5, BINS_MOST = 50, BINS_LIMIT = 1000 };

static double x_of(const ad_series *s, int64_t i)
{
    return s->x ? s->x[i] : (double)i;
}

static void count_left_out(ad_plotting *p, const ad_series *s)
{
    for (int64_t i = 0; i < s->count; ++i) {
        double x = s->kind == AD_PLOT_HISTOGRAM ? s->y[i] : x_of(s, i), y = s->y[i];
        double high = s->kind == AD_PLOT_BAND ? s->high[i] : y;
        if (!isfinite(x) || !isfinite(y) || !isfinite(high))
            ++p->not_finite;
        else if ((p->x.log && x <= 0) ||
                 (p->y.log && s->kind != AD_PLOT_HISTOGRAM && (y <= 0 || high <= 0)))
            ++p->not_positive;
    }
}

/* ---- histograms ---- */

static void find_bins(ad_plotting *p)
{
    int64_t values = 0;
    p->binned = (ad_range){INFINITY, -INFINITY};
    for (int k = 0; k < p->plot->count; ++k) {
        const ad_series *s = &p->plot->series[k];
        if (s->kind != AD_PLOT_HISTOGRAM) continue;
        for (int64_t i = 0; i < s->count; ++i) ad_range_add(&p->binned, s->y[i], p->x.log);
        values = s->count > values ? s->count : values;
    }
    ad_range_finish(&p->binned, 0, p->x.log);
    if (!p->x.log && p->plot->x.from != p->plot->x.to)
        p->binned = (ad_range){p->plot->x.from, p->plot->x.to};
    double root = ceil(sqrt((double)values));
    p->bins = p->plot->bins > 0 ? p->plot->bins : (int)fmin(fmax(root, BINS_LEAST), BINS_MOST);
    p->bins = p->bins < BINS_LIMIT ? p->bins : BINS_LIMIT;
}

void ad_plot_count_bins(const ad_plotting *p, int which, double *count)
{
    const ad_series *s = &p->plot->series[which];
    double width = (p->binned.high - p->binned.low) / p->bins, all = 0;
    for (int b = 0; b < p->bins; ++b) count[b] = 0;
    for (int64_t i = 0; i < s->count; ++i) {
        double v = p->x.log ? (s->y[i] > 0 ? log10(s->y[i]) : NAN) : s->y[i];
        if (!isfinite(v) || v < p->binned.low || v > p->binned.high) continue;
        double at = floor((v - p->binned.low) / width);
        ++count[at < p->bins ? (int)at : p->bins - 1], ++all;
    }
    for (int b = 0; b < p->bins && s->shares && all > 0; ++b) count[b] /= all;
}

static ad_status add_bins(ad_plotting *p, int which, ad_range *x, ad_range *y)
{
    double *count = ad_alloc(p->ctx, ad_bytes(p->bins, sizeof *count));
    if (!count) return AD_ERROR_MEMORY;
    ad_plot_count_bins(p, which, count);
    for (int b = 0; b < p->bins; ++b) ad_range_add(y, count[b], p->y.log);
    x->low = fmin(x->low, p->binned.low), x->high = fmax(x->high, p->binned.high);
    ad_free(p->ctx, count, ad_bytes(p->bins, sizeof *count));
    return AD_OK;
}

/* ---- bars ---- */

/* The least distance between neighbouring x, which need not be in order: O(n) for those that are.
 */
static void find_bar_space(ad_plotting *p, const ad_series *s)
{
    for (int64_t i = 1; i < s->count; ++i) {
        double apart = fabs(x_of(s, i) - x_of(s, i - 1));
        if (apart > 0 && apart < p->bar_space) p->bar_space = apart;
    }
}

/* ---- axes ---- */

static void add_points(const ad_plotting *p, const ad_series *s, ad_range *x, ad_range *y)
{
    for (int64_t i = 0; i < s->count; ++i) {
        double at = x_of(s, i), value = s->y[i];
        if (!isfinite(at) || !isfinite(value)) continue;
        if ((p->x.log && at <= 0) || (p->y.log && value <= 0)) continue;
        ad_range_add(x, at, p->x.log);
        ad_range_add(y, value, p->y.log);
        if (s->kind == AD_PLOT_BAND) ad_range_add(y, s->high[i], p->y.log);
    }
}

static void set(ad_scale *scale, const ad_axis *axis, ad_range range)
{
    scale->from = range.low, scale->to = range.high;
    if (axis->from == axis->to || !isfinite(axis->from) || !isfinite(axis->to)) return;
    if (axis->log && (axis->from <= 0 || axis->to <= 0)) return;
    scale->from = axis->log ? log10(axis->from) : fmin(fmax(axis->from, -1e300), 1e300);
    scale->to = axis->log ? log10(axis->to) : fmin(fmax(axis->to, -1e300), 1e300);
}

/* Bars and bins stand on 0, which then is the edge of the area. */
static void stand_on_zero(ad_range *y, double pad)
{
    double width;
    y->low = fmin(y->low, 0), y->high = fmax(y->high, 0);
    if (y->high == y->low) y->high = 1;
    width = y->high - y->low;
    if (y->low < 0) y->low -= pad * width;
    if (y->high > 0) y->high += pad * width;
}

ad_status ad_plot_ranges(ad_plotting *p)
{
    const ad_plot *plot = p->plot;
    ad_range x = {INFINITY, -INFINITY}, y = x;
    bool stands = false, points = false;
    ad_status status = AD_OK;
    p->x.log = plot->x.log && !plot->x.categories, p->y.log = plot->y.log && !plot->y.categories;
    p->bar_space = INFINITY;
    find_bins(p);
    for (int k = 0; k < plot->count && !status; ++k) {
        const ad_series *s = &plot->series[k];
        count_left_out(p, s);
        stands |= s->kind == AD_PLOT_BARS || s->kind == AD_PLOT_HISTOGRAM;
        points |= s->kind == AD_PLOT_POINTS;
        if (s->kind == AD_PLOT_HISTOGRAM) {
            status = add_bins(p, k, &x, &y);
            continue;
        }
        if (s->kind == AD_PLOT_BARS) ++p->bars, find_bar_space(p, s);
        add_points(p, s, &x, &y);
    }
    if (!isfinite(p->bar_space)) p->bar_space = 1;
    if (p->bars && x.low <= x.high && !p->x.log)
        x.low -= p->bar_space / 2, x.high += p->bar_space / 2;
    ad_range_finish(&x, points && !p->bars ? 0.03 : 0, p->x.log);
    if (stands && !p->y.log)
        stand_on_zero(&y, 0.06);
    else
        ad_range_finish(&y, 0.06, p->y.log);
    if (plot->x.categories) x = (ad_range){-0.5, plot->x.category_count - 0.5};
    if (plot->y.categories) y = (ad_range){-0.5, plot->y.category_count - 0.5};
    set(&p->x, &plot->x, x);
    set(&p->y, &plot->y, y);
    return status;
}
