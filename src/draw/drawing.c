/* drawing.c - collects the marks of a drawing. */
#include "draw/drawing.h"
#include "draw/words.h"

#include <math.h>
#include <string.h>

static const double side_most = 16384, far = 1e6;

ad_status ad_drawing_new(ad_drawing **out, ad_context *ctx, double width, double height,
                         const char *title)
{
    *out = NULL;
    if (!(width >= 1 && width <= side_most && height >= 1 && height <= side_most))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "a drawing of %g x %g: each side from 1 to %g",
                       width, height, side_most);
    ad_drawing *d = ad_zalloc(ctx, sizeof *d);
    if (!d) return AD_ERROR_MEMORY;
    d->ctx = ctx, d->width = width, d->height = height;
    ad_arena_init(&d->arena, ctx);
    ad_text_init(&d->svg, ctx);
    d->title = ad_arena_text(&d->arena, title ? title : "");
    if (!d->title) {
        ad_drawing_free(d);
        return AD_ERROR_MEMORY;
    }
    *out = d;
    return AD_OK;
}

void ad_drawing_free(ad_drawing *d)
{
    if (!d) return;
    ad_free(d->ctx, d->marks, ad_bytes(d->capacity, sizeof *d->marks));
    ad_text_free(&d->svg);
    ad_arena_free(&d->arena);
    ad_free(d->ctx, d, sizeof *d);
}

double ad_drawing_width(const ad_drawing *d)
{
    return d ? d->width : 0;
}

double ad_drawing_height(const ad_drawing *d)
{
    return d ? d->height : 0;
}

static ad_mark *add(ad_drawing *d, ad_mark_kind kind, ad_pen pen)
{
    if (!d || d->status) return NULL;
    if (d->count == d->capacity) {
        int64_t more = 2 * d->capacity + 64;
        ad_mark *grown = ad_realloc(d->ctx, d->marks, ad_bytes(d->capacity, sizeof *grown),
                                    ad_bytes(more, sizeof *grown));
        if (!grown) {
            d->status = AD_ERROR_MEMORY;
            return NULL;
        }
        d->marks = grown, d->capacity = more;
    }
    ad_mark *mark = &d->marks[d->count++];
    if (!(pen.width > 0)) pen.width = 1;
    if (!(pen.opacity > 0)) pen.opacity = 1;
    *mark = (ad_mark){.kind = kind, .pen = pen};
    return mark;
}

static bool all_finite(const double *values, int count)
{
    for (int i = 0; i < count; ++i)
        if (!isfinite(values[i])) return false;
    return true;
}

/* Nothing far beside the picture can be told apart. */
static double near(double v)
{
    return fmin(fmax(v, -far), far);
}

static void add_points(ad_drawing *d, ad_mark_kind kind, const double *xy, int64_t count,
                       ad_pen pen)
{
    ad_mark *mark = count > 0 ? add(d, kind, pen) : NULL;
    if (!mark) return;
    double *copy = ad_arena_alloc(&d->arena, ad_bytes(2 * count, sizeof *copy));
    if (!copy) {
        d->status = AD_ERROR_MEMORY, --d->count;
        return;
    }
    for (int64_t i = 0; i < 2 * count; ++i) copy[i] = near(xy[i]);
    mark->xy = copy, mark->count = count;
}

void ad_draw_polyline(ad_drawing *d, const double *xy, int64_t count, ad_pen pen)
{
    for (int64_t from = 0, end; from < count; from = end + 1) {
        for (end = from; end < count && all_finite(xy + 2 * end, 2); ++end) {
        }
        add_points(d, AD_MARK_POLYLINE, xy + 2 * from, end - from, pen);
    }
}

void ad_draw_line(ad_drawing *d, double x0, double y0, double x1, double y1, ad_pen pen)
{
    double xy[4] = {x0, y0, x1, y1};
    if (all_finite(xy, 4)) ad_draw_polyline(d, xy, 2, pen);
}

void ad_draw_polygon(ad_drawing *d, const double *xy, int64_t count, ad_pen pen)
{
    for (int64_t i = 0; i < count; ++i)
        if (!all_finite(xy + 2 * i, 2)) return;
    add_points(d, AD_MARK_POLYGON, xy, count, pen);
}

static void add_at(ad_drawing *d, ad_mark_kind kind, const double *at, int count, ad_pen pen)
{
    ad_mark *mark = add(d, kind, pen);
    for (int i = 0; mark && i < count; ++i) mark->at[i] = at[i];
}

void ad_draw_rect(ad_drawing *d, double x, double y, double width, double height, ad_pen pen)
{
    if (!all_finite((double[]){x, y, width, height}, 4)) return;
    double x0 = near(x), y0 = near(y), x1 = near(x + width), y1 = near(y + height);
    double at[] = {fmin(x0, x1), fmin(y0, y1), fabs(x1 - x0), fabs(y1 - y0)};
    add_at(d, AD_MARK_RECT, at, 4, pen);
}

void ad_draw_circle(ad_drawing *d, double x, double y, double radius, ad_pen pen)
{
    if (!all_finite((double[]){x, y, radius}, 3)) return;
    add_at(d, AD_MARK_CIRCLE, (double[]){near(x), near(y), fabs(near(radius))}, 3, pen);
}

void ad_draw_group(ad_drawing *d, const char *name)
{
    ad_mark *mark = add(d, AD_MARK_GROUP, (ad_pen){0});
    if (!mark) return;
    mark->text = ad_arena_text(&d->arena, name ? name : "");
    if (!mark->text)
        d->status = AD_ERROR_MEMORY;
    else
        ++d->depth;
}

void ad_draw_group_end(ad_drawing *d)
{
    if (d && d->depth > 0 && add(d, AD_MARK_GROUP_END, (ad_pen){0})) --d->depth;
}

/* ---- text ---- */

void ad_draw_text(ad_drawing *d, double x, double y, const char *text, ad_letters letters)
{
    ad_text cleaned;
    if (!d || d->status || !text || !*text || !isfinite(x) || !isfinite(y)) return;
    if (!(letters.size > 0)) letters.size = 12;
    if (!letters.colour) letters.colour = AD_INK;
    ad_text_init(&cleaned, d->ctx);
    ad_clean_words(&cleaned, text, &letters);
    char *copy = cleaned.failed ? NULL : ad_arena_text(&d->arena, ad_text_get(&cleaned));
    ad_text_free(&cleaned);
    ad_mark *mark = copy ? add(d, AD_MARK_TEXT, (ad_pen){0}) : NULL;
    if (!mark) {
        d->status = AD_ERROR_MEMORY;
        return;
    }
    mark->at[0] = near(x), mark->at[1] = near(y);
    mark->letters = letters, mark->text = copy;
}
