/* page_plots.c - curves: thinned, as a still picture for pages without JavaScript, and as the
 * numbers that the page's script draws from. */
#include "draw/thin.h"
#include "page/page.h"

#include <autodidact/plot.h>
#include <string.h>

enum {
    POINTS_OF_PAGE = 120000, /* about 2.2 MB */
    POINTS_OF_CURVE = 2000,
    POINTS_OF_STILL = 300,
    PLOTS_MOST = 64,
    WIDTH = 640,
    HEIGHT = 260,
};

/* ---- the still picture ---- */

static ad_status write_still(ad_text *to, const ad_page_plot *plot)
{
    ad_series *series = ad_zalloc(to->ctx, ad_bytes(plot->count, sizeof *series));
    ad_drawing *d = NULL;
    ad_status status = series ? AD_OK : AD_ERROR_MEMORY;
    for (int k = 0; k < plot->count && !status; ++k) {
        const ad_curve *c = &plot->curves[k];
        series[k] = (ad_series){.x = c->x,
                                .y = c->y,
                                .count = c->count,
                                .colour = AD_SERIES(c->colour),
                                .dashed = c->dashed,
                                .faint = c->faint};
    }
    if (!status) status = ad_drawing_new(&d, to->ctx, WIDTH, HEIGHT, plot->title);
    if (!status)
        status = ad_plot_draw(
            d, to->ctx, 0, 0, WIDTH, HEIGHT,
            &(ad_plot){.series = series,
                       .count = plot->count,
                       .points = plot->count > 20 ? POINTS_OF_STILL / 5 : POINTS_OF_STILL});
    const char *svg = status ? NULL : ad_drawing_svg_element(d, "still");
    if (svg)
        ad_text_add(to, svg);
    else if (!status)
        status = AD_ERROR_MEMORY;
    ad_drawing_free(d);
    ad_free(to->ctx, series, ad_bytes(plot->count, sizeof *series));
    return status;
}

/* ---- the numbers ---- */

typedef struct numbers {
    ad_text *to;
    bool first, values;
} numbers;

static void number_point(void *user, double x, double y)
{
    numbers *n = user;
    if (!n->first) ad_text_add(n->to, ",");
    if (n->values)
        ad_text_format(n->to, "%.6g", y);
    else
        ad_text_format(n->to, "%.15g", x);
    n->first = false;
}

static void write_numbers(ad_text *to, const ad_page_plot *plot, int points, double epochs_a_step)
{
    ad_text_add(to, "<script type=\"application/json\">{\"title\":");
    ad_page_json(to, plot->title);
    ad_text_format(to, ",\"epochs\":%.9g,\"curves\":[", epochs_a_step);
    for (int k = 0; k < plot->count; ++k) {
        const ad_curve *c = &plot->curves[k];
        ad_text_add(to, k ? ",{\"label\":" : "{\"label\":");
        ad_page_json(to, c->label);
        ad_text_format(to, ",\"colour\":%d,\"dashed\":%d,\"faint\":%d,\"total\":%lld",
                       c->colour % 8, c->dashed, c->faint, (long long)c->count);
        for (int values = 0; values < 2; ++values) {
            numbers n = {to, true, values};
            ad_text_add(to, values ? "],\"y\":[" : ",\"x\":[");
            ad_thin(c->x, c->y, c->count, points, number_point, &n);
        }
        ad_text_add(to, "]}");
    }
    ad_text_add(to, "]}</script>");
}

static ad_status write_plot(ad_text *to, const ad_page_plot *plot, int points, double epochs_a_step)
{
    ad_text_add(to, "<figure class=\"plot\"><figcaption>");
    ad_page_text(to, plot->title);
    ad_text_add(to, "<span class=\"legend\">");
    for (int k = 0; k < plot->count; ++k) {
        if (plot->curves[k].faint) continue;
        ad_text_format(to, "<span class=\"key c%d%s\">", plot->curves[k].colour % 8,
                       plot->curves[k].dashed ? " dashed" : "");
        ad_page_text(to, plot->curves[k].label);
        ad_text_add(to, "</span>");
    }
    ad_text_add(to, "</span></figcaption>");
    ad_status status = write_still(to, plot);
    write_numbers(to, plot, points, epochs_a_step);
    ad_text_add(to, "</figure>\n");
    return status;
}

/* ---- which curve lies on which plot ---- */

typedef struct plotter {
    ad_context *ctx;
    ad_arena arena;
    ad_page_plot plot[PLOTS_MOST];
    int capacity[PLOTS_MOST], count;
    int runs;
} plotter;

static const char *split_of(const char *name)
{
    return !strncmp(name, "validation/", 11) ? "validation"
           : !strncmp(name, "test/", 5)      ? "test"
                                             : "train";
}

static const char *metric_of(const char *name)
{
    const char *split = split_of(name);
    return strcmp(split, "train") ? name + strlen(split) + 1 : name;
}

static ad_page_plot *plot_of(plotter *p, const char *metric)
{
    for (int i = 0; i < p->count; ++i)
        if (!strcmp(p->plot[i].title, metric)) return &p->plot[i];
    if (p->count == PLOTS_MOST) return NULL;
    p->plot[p->count].title = metric;
    return &p->plot[p->count++];
}

static ad_status add_curve(plotter *p, const char *metric, ad_curve curve)
{
    ad_page_plot *plot = curve.count ? plot_of(p, metric) : NULL;
    if (!plot) return AD_OK;
    int *capacity = &p->capacity[plot - p->plot];
    if (plot->count == *capacity) {
        int more = 2 * *capacity + 4;
        ad_curve *curves = ad_arena_alloc(&p->arena, (size_t)more * sizeof *curves);
        if (!curves) return AD_ERROR_MEMORY;
        if (plot->count) memcpy(curves, plot->curves, (size_t)plot->count * sizeof *curves);
        plot->curves = curves, *capacity = more;
    }
    plot->curves[plot->count++] = curve;
    return AD_OK;
}

/* The mean of a series over the parts, at the steps that all of them have. */
static ad_status mean_of_parts(plotter *p, const ad_run_info *run, const char *name, ad_curve *mean)
{
    const ad_run_series *first = ad_run_find_series(run->parts[0], name);
    mean->count = 0;
    if (!first || !first->count) return AD_OK;
    size_t bytes = (size_t)first->count * sizeof(double);
    double *x = ad_arena_alloc(&p->arena, bytes), *y = ad_arena_alloc(&p->arena, bytes);
    int *found = ad_arena_alloc(&p->arena, (size_t)first->count * sizeof *found);
    if (!x || !y || !found) return AD_ERROR_MEMORY;
    for (int k = 0; k < run->part_count; ++k) {
        const ad_run_series *s = ad_run_find_series(run->parts[k], name);
        for (int64_t i = 0, j = 0; s && i < first->count; ++i) {
            while (j < s->count && s->step[j] < first->step[i]) ++j;
            if (j < s->count && s->step[j] == first->step[i]) y[i] += s->value[j], ++found[i];
        }
    }
    for (int64_t i = 0; i < first->count; ++i)
        if (found[i] == run->part_count) {
            x[mean->count] = first->step[i];
            y[mean->count++] = y[i] / run->part_count;
        }
    mean->x = x, mean->y = y;
    return AD_OK;
}

/* One run: colours for training and validation. Several: a colour each, validation dashed. */
static ad_curve style(plotter *p, const ad_run_info *run, int number, const char *name)
{
    const char *split = split_of(name);
    bool train = !strcmp(split, "train");
    if (p->runs == 1)
        return (ad_curve){.label = split, .colour = train ? 0 : !strcmp(split, "test") ? 2 : 1};
    const char *label = train ? run->name : ad_arena_format(&p->arena, "%s, %s", run->name, split);
    return (ad_curve){.label = label ? label : "", .colour = number, .dashed = !train};
}

static ad_status add_series(plotter *p, const ad_run_info *run, int number, const char *name)
{
    ad_curve curve = style(p, run, number, name);
    ad_status status = AD_OK;
    for (int k = 0; k < run->part_count && p->runs == 1 && !status; ++k) {
        const ad_run_series *s = ad_run_find_series(run->parts[k], name);
        const char *label = ad_arena_format(&p->arena, "%s, %s", run->parts[k]->name, curve.label);
        if (s)
            status = add_curve(p, metric_of(name),
                               (ad_curve){label ? label : "", curve.colour, false, true, s->step,
                                          s->value, s->count});
    }
    if (run->part_count) {
        if (p->runs == 1) {
            const char *label = ad_arena_format(&p->arena, "%s, mean of %d", curve.label,
                                                run->part_count);
            curve.label = label ? label : "";
        }
        if (!status) status = mean_of_parts(p, run, name, &curve);
    } else {
        const ad_run_series *s = ad_run_find_series(run, name);
        curve.x = s->step, curve.y = s->value, curve.count = s->count;
    }
    return status ? status : add_curve(p, metric_of(name), curve);
}

static ad_status gather(plotter *p, ad_run_info *const *runs)
{
    ad_status status = AD_OK;
    for (int r = 0; r < p->runs && !status; ++r) {
        const ad_run_info *names = runs[r]->part_count ? runs[r]->parts[0] : runs[r];
        for (int i = 0; i < names->series_count && !status; ++i)
            status = add_series(p, runs[r], r, names->series[i].name);
    }
    return status;
}

/* The loss first, then what else is measured, the learning rate last. */
static int rank(const ad_page_plot *plot)
{
    return !strcmp(plot->title, "loss") ? 0 : !strcmp(plot->title, "lr") ? 2 : 1;
}

static ad_status write_plots(ad_text *to, const plotter *p, double epochs_a_step)
{
    ad_status status = AD_OK;
    int curves = 0;
    for (int i = 0; i < p->count; ++i) curves += p->plot[i].count;
    int points = curves ? POINTS_OF_PAGE / curves : 0;
    points = points > POINTS_OF_CURVE ? POINTS_OF_CURVE : points < 20 ? 20 : points;
    ad_text_add(to, "<section id=\"curves\"><h2>Curves</h2><div class=\"controls\" hidden></div>"
                    "<div class=\"plots\">\n");
    for (int wanted = 0; wanted < 3; ++wanted)
        for (int i = 0; i < p->count && !status; ++i)
            if (rank(&p->plot[i]) == wanted)
                status = write_plot(to, &p->plot[i], points, epochs_a_step);
    ad_text_add(to, "</div></section>\n");
    return status;
}

ad_status ad_page_plots(ad_text *to, ad_context *ctx, ad_run_info *const *runs, int count)
{
    plotter *p = ad_zalloc(ctx, sizeof *p);
    if (!p) return AD_ERROR_MEMORY;
    p->ctx = ctx, p->runs = count;
    ad_arena_init(&p->arena, ctx);
    ad_status status = gather(p, runs);
    const ad_run_info *first = runs[0]->part_count ? runs[0]->parts[0] : runs[0];
    if (!status && p->count) status = write_plots(to, p, count == 1 ? first->epochs_a_step : 0);
    ad_arena_free(&p->arena);
    ad_free(ctx, p, sizeof *p);
    return status;
}
