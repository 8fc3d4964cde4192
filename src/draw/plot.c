/* plot.c - the frame of a plot: title, legend, axes with numbers or names, what was left out. The
 * margins follow from the words that stand in them, a little wider than they are with the letters
 * of the library, since a viewer of SVG may have wider ones. */
#include "draw/plot.h"

#include <math.h>
#include <stdio.h>

enum { LEGEND_ROWS = 4, CATEGORIES_TURNED = 60 };
static const double small = 11, title_size = 14, spare = 1.12, slant_most = 110;
static const double least_width = 100, least_height = 80;

static double width_of(const char *text, double size)
{
    return spare * ad_text_width(text, size, false);
}

/* ---- legend ---- */

static bool in_legend(const ad_plot *plot, int which)
{
    const char *label = plot->series[which].label;
    return !plot->no_legend && label && *label;
}

static void key(ad_plotting *p, int which, double x, double y)
{
    const ad_series *s = &p->plot->series[which];
    ad_colour colour = ad_series_colour(p, which);
    if (s->kind == AD_PLOT_LINE || s->kind == AD_PLOT_STEPS)
        ad_draw_line(
            p->d, x, y, x + 16, y,
            (ad_pen){.stroke = colour, .width = 2.5, .dash = ad_series_dashed(p, which) ? 4 : 0});
    else if (s->kind == AD_PLOT_POINTS)
        ad_draw_circle(p->d, x + 8, y, 4, (ad_pen){.fill = colour});
    else
        ad_draw_rect(p->d, x + 3, y - 5, 10, 10,
                     (ad_pen){.fill = colour, .opacity = s->kind == AD_PLOT_BAND ? 0.35 : 0.9});
}

/* Rows of keys from `top` on, of at most a third of the height; returns where they end. */
static double draw_legend(ad_plotting *p, double left, double right, double top, double bottom)
{
    double x = left, y = top;
    int row = 0, more = 0, rows = (int)((bottom - top) / 3 / 17);
    rows = rows < LEGEND_ROWS ? rows : LEGEND_ROWS;
    char text[48];
    for (int k = 0; k < p->plot->count; ++k) {
        if (!in_legend(p->plot, k)) continue;
        double room = fmin(width_of(p->plot->series[k].label, small), right - left - 22);
        if (x > left && x + 22 + room > right) ++row, x = left, y += 17;
        if (more || row >= rows) {
            ++more;
            continue;
        }
        key(p, k, x, y + 7);
        ad_draw_text(p->d, x + 22, y + 11, p->plot->series[k].label,
                     (ad_letters){.size = small, .colour = AD_QUIET, .most = room});
        x += 22 + room + 14;
    }
    if (more && rows) {
        snprintf(text, sizeof text, "and %d more", more);
        ad_draw_text(p->d, left, top + 17 * rows + 11, text,
                     (ad_letters){.size = small, .colour = AD_QUIET});
        return top + 17 * (rows + 1);
    }
    return x > left ? y + 17 : y;
}

/* ---- axes ---- */

/* What stands along an axis. */
typedef struct ticks {
    ad_tick tick[AD_TICKS_MOST];
    int count;
    double widest;
} ticks;

static void find_ticks(const ad_scale *scale, int wanted, ticks *t)
{
    t->count = ad_ticks(scale, wanted, t->tick);
    t->widest = 0;
    for (int i = 0; i < t->count; ++i)
        t->widest = fmax(t->widest, width_of(t->tick[i].text, small));
}

static double widest_name(const ad_axis *axis)
{
    double widest = 0;
    for (int i = 0; i < axis->category_count; ++i)
        widest = fmax(widest, width_of(axis->categories[i], small));
    return widest;
}

/* As many as stand side by side. */
static void fit_ticks(const ad_scale *scale, double room, ticks *t)
{
    int wanted = (int)fmax(3, room / 75);
    do find_ticks(scale, wanted, t);
    while (t->count > 2 && (t->widest + 12) * (t->count - 1) > room && --wanted > 0);
}

static void y_axis(ad_plotting *p, const ticks *t)
{
    const ad_axis *axis = &p->plot->y;
    ad_letters letters = {.size = small, .colour = AD_QUIET, .anchor = AD_ANCHOR_END};
    if (axis->categories) {
        double apart = (p->bottom - p->top) / fmax(1, axis->category_count);
        int each = (int)ceil(13 / apart);
        letters.most = fmax(20, slant_most);
        for (int i = 0; i < axis->category_count && !axis->hidden; i += each)
            ad_draw_text(p->d, p->left - 7, ad_scale_place(&p->y, i) + 4, axis->categories[i],
                         letters);
        return;
    }
    for (int i = 0; i < t->count; ++i) {
        double y = ad_scale_place(&p->y, t->tick[i].at);
        ad_draw_line(p->d, p->left, y, p->right, y, (ad_pen){.stroke = AD_GRID});
        ad_draw_text(p->d, p->left - 7, y + 4, t->tick[i].text, letters);
    }
}

static void x_names(ad_plotting *p, bool turned)
{
    const ad_axis *axis = &p->plot->x;
    double apart = (p->right - p->left) / fmax(1, axis->category_count);
    int each = turned ? (int)ceil(13 / apart) : 1;
    for (int i = 0; i < axis->category_count; i += each) {
        double x = ad_scale_place(&p->x, i);
        if (turned)
            ad_draw_text(p->d, x + 4, p->bottom + 7, axis->categories[i],
                         (ad_letters){.size = small,
                                      .colour = AD_QUIET,
                                      .anchor = AD_ANCHOR_END,
                                      .upwards = true,
                                      .most = slant_most});
        else
            ad_draw_text(
                p->d, x, p->bottom + 16, axis->categories[i],
                (ad_letters){.size = small, .colour = AD_QUIET, .anchor = AD_ANCHOR_MIDDLE});
    }
}

static void x_numbers(ad_plotting *p, const ticks *t)
{
    for (int i = 0; i < t->count; ++i) {
        double x = ad_scale_place(&p->x, t->tick[i].at);
        ad_draw_line(p->d, x, p->bottom, x, p->bottom + 4, (ad_pen){.stroke = AD_GRID});
        ad_draw_text(p->d, x, p->bottom + 16, t->tick[i].text,
                     (ad_letters){.size = small, .colour = AD_QUIET, .anchor = AD_ANCHOR_MIDDLE});
    }
}

static void labels(ad_plotting *p, double left, double below)
{
    const ad_plot *plot = p->plot;
    ad_letters letters = {.size = 12, .anchor = AD_ANCHOR_MIDDLE};
    if (plot->x.label) {
        letters.most = p->right - p->left;
        ad_draw_text(p->d, (p->left + p->right) / 2, below, plot->x.label, letters);
    }
    if (plot->y.label) {
        letters.most = p->bottom - p->top, letters.upwards = true;
        ad_draw_text(p->d, left + 12, (p->top + p->bottom) / 2, plot->y.label, letters);
    }
}

/* ---- what was left out ---- */

static void left_out(const ad_plotting *p, char *text, size_t size)
{
    size_t used = 0;
    *text = 0;
    if (p->not_finite)
        used += (size_t)snprintf(text, size, "not finite: %lld", (long long)p->not_finite);
    if (p->not_positive && used < size)
        used += (size_t)snprintf(text + used, size - used, "%snot above 0: %lld", used ? ", " : "",
                                 (long long)p->not_positive);
    if (used) snprintf(text + used, size - used, " (left out)");
}

/* Of points that are too many only each n-th is drawn. */
static void say_thinned(ad_plotting *p)
{
    char text[64];
    if (!p->not_drawn) return;
    snprintf(text, sizeof text, "%lld more points", (long long)p->not_drawn);
    ad_draw_text(p->d, p->right - 4, p->top + 12, text,
                 (ad_letters){.size = 10, .colour = AD_QUIET, .anchor = AD_ANCHOR_END});
}

/* ---- all of it ---- */

static void make_equal(ad_plotting *p)
{
    double across = fabs(p->x.to - p->x.from) / (p->right - p->left);
    double up = fabs(p->y.to - p->y.from) / (p->bottom - p->top), unit = fmax(across, up);
    double x = (unit * (p->right - p->left) - fabs(p->x.to - p->x.from)) / 2;
    double y = (unit * (p->bottom - p->top) - fabs(p->y.to - p->y.from)) / 2;
    p->x.from -= x, p->x.to += x, p->y.from -= y, p->y.to += y;
}

/* The sides of the area, from the outside to the inside. */
typedef struct frame {
    ticks x, y;
    bool turned;  /* names below stand upwards */
    double below; /* of the label of x */
} frame;

static void lay_out(ad_plotting *p, double left, double right, double top, double bottom, frame *f)
{
    const ad_plot *plot = p->plot;
    double names = plot->x.categories ? widest_name(&plot->x) : 0;
    f->below = bottom - 4;
    p->bottom = bottom - (plot->x.label ? 20 : 2) - (plot->x.hidden ? 4 : 20);
    p->top = top + 6;
    p->y.a = p->bottom, p->y.b = p->top;
    if (!plot->y.hidden && !plot->y.categories)
        find_ticks(&p->y, (int)((p->bottom - p->top) / 40), &f->y);
    double numbers = plot->y.hidden       ? 0
                     : plot->y.categories ? fmin(widest_name(&plot->y), slant_most * spare)
                                          : f->y.widest;
    p->left = left + numbers + (plot->y.hidden ? 2 : 8) + (plot->y.label ? 20 : 0);
    p->right = right - 14; /* the last number may stand half beside the area */
    double apart = (p->right - p->left) / fmax(1, plot->x.category_count);
    f->turned = plot->x.categories && !plot->x.hidden && names + 8 > apart;
    if (f->turned) {
        p->bottom -= fmin(names, slant_most * spare) - 8;
        p->y.a = p->bottom;
        if (!plot->y.hidden && !plot->y.categories)
            find_ticks(&p->y, (int)((p->bottom - p->top) / 40), &f->y);
    }
    if (p->bottom < p->top + 10) p->bottom = p->y.a = p->top + 10;
    if (p->right < p->left + 10) p->right = p->left + 10;
    p->x.a = p->left, p->x.b = p->right;
}

static void draw_axes(ad_plotting *p, double left, frame *f)
{
    const ad_plot *plot = p->plot;
    y_axis(p, &f->y);
    if (plot->x.categories && !plot->x.hidden)
        x_names(p, f->turned);
    else if (!plot->x.hidden) {
        fit_ticks(&p->x, p->right - p->left, &f->x);
        x_numbers(p, &f->x);
    }
    if (!plot->x.hidden)
        ad_draw_line(p->d, p->left, p->bottom, p->right, p->bottom, (ad_pen){.stroke = AD_QUIET});
    labels(p, left, f->below);
}

ad_status ad_plot_draw(ad_drawing *d, ad_context *ctx, double x, double y, double width,
                       double height, const ad_plot *plot)
{
    ad_plotting p = {.ctx = ctx, .d = d, .plot = plot};
    frame f = {0};
    char note[96];
    double right = x + width, top = y, bottom = y + height;
    if (!(width >= least_width && height >= least_height))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "a plot of %g x %g: at least %g x %g", width, height,
                       least_width, least_height);
    ad_status status = ad_plot_ranges(&p);
    if (status) return status;
    if (plot->title) {
        ad_draw_text(d, x + 2, top + 14, plot->title,
                     (ad_letters){.size = title_size, .bold = true, .most = width - 4});
        top += 24;
    }
    top = draw_legend(&p, x + 2, right, top, bottom);
    left_out(&p, note, sizeof note);
    if (*note) {
        ad_draw_text(d, right - 14, bottom - 2, note,
                     (ad_letters){.size = 10, .colour = AD_QUIET, .anchor = AD_ANCHOR_END});
        bottom -= 13;
    }
    lay_out(&p, x, right, top, bottom, &f);
    if (plot->equal && !p.x.log && !p.y.log) make_equal(&p);
    draw_axes(&p, x, &f);
    for (int pass = 0; pass < 2 && !status; ++pass) /* what is faint lies behind */
        for (int k = 0; k < plot->count && !status; ++k) {
            const ad_series *s = &plot->series[k];
            bool behind = s->faint || s->kind == AD_PLOT_BAND;
            if (behind != (pass == 0)) continue;
            if (s->label) ad_draw_group(d, s->label);
            status = ad_plot_series(&p, k);
            if (s->label) ad_draw_group_end(d);
        }
    say_thinned(&p);
    return status;
}

ad_status ad_plot_new(ad_drawing **out, ad_context *ctx, const ad_plot *plot)
{
    double width = plot->width > 0 ? plot->width : 640;
    double height = plot->height > 0 ? plot->height : 360;
    ad_status status = ad_drawing_new(out, ctx, width, height, plot->title ? plot->title : "plot");
    if (status) return status;
    status = ad_plot_draw(*out, ctx, 6, 6, width - 12, height - 12, plot);
    if (!status) return AD_OK;
    ad_drawing_free(*out);
    *out = NULL;
    return status;
}
