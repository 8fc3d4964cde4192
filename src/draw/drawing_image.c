/* drawing_image.c - a drawing as pixels, and as a file. */
#include "base/file.h"
#include "draw/drawing.h"
#include "draw/words.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* Round ends make dashes longer by the width, as in SVG. */
static void stroke_dashed(ad_raster *r, const double *xy, int64_t count, double scale,
                          const ad_pen *pen)
{
    double on = fmax(pen->dash * scale, 0.5), left = on;
    bool drawing = true;
    for (int64_t i = 1; i < count; ++i) {
        double x = xy[2 * i - 2] * scale, y = xy[2 * i - 1] * scale;
        double dx = xy[2 * i] * scale - x, dy = xy[2 * i + 1] * scale - y, done = 0;
        double length = sqrt(dx * dx + dy * dy);
        while (length - done > 1e-9) {
            double step = fmin(left, length - done), a = done / length, b = (done + step) / length;
            if (drawing)
                ad_raster_line(r, x + a * dx, y + a * dy, x + b * dx, y + b * dy,
                               pen->width * scale);
            done += step, left -= step;
            if (left > 1e-9) continue;
            drawing = !drawing;
            left = drawing ? on : 0.8 * on;
        }
    }
}

static void stroke(ad_raster *r, const double *xy, int64_t count, double scale, const ad_pen *pen)
{
    if (!pen->stroke) return;
    if (pen->dash > 0)
        stroke_dashed(r, xy, count, scale, pen);
    else if (count == 1)
        ad_raster_disc(r, xy[0] * scale, xy[1] * scale, pen->width * scale / 2);
    else
        for (int64_t i = 1; i < count; ++i)
            ad_raster_line(r, xy[2 * i - 2] * scale, xy[2 * i - 1] * scale, xy[2 * i] * scale,
                           xy[2 * i + 1] * scale, pen->width * scale);
    ad_raster_paint(r, ad_colour_rgb(pen->stroke), pen->opacity);
}

static void area(ad_raster *r, const double *xy, int64_t count, double scale, const ad_pen *pen)
{
    if (pen->fill) {
        for (int64_t i = 0, k = count - 1; i < count; k = i++)
            ad_raster_edge(r, xy[2 * k] * scale, xy[2 * k + 1] * scale, xy[2 * i] * scale,
                           xy[2 * i + 1] * scale);
        ad_raster_fill(r, ad_colour_rgb(pen->fill), pen->opacity);
    }
    if (!pen->stroke) return;
    stroke(r, xy, count, scale, pen);
    if (count > 2) {
        double last[4] = {xy[2 * count - 2], xy[2 * count - 1], xy[0], xy[1]};
        stroke(r, last, 2, scale, pen);
    }
}

static void rect(ad_raster *r, const ad_mark *m, double scale)
{
    double x0 = m->at[0], y0 = m->at[1], x1 = x0 + m->at[2], y1 = y0 + m->at[3];
    double xy[] = {x0, y0, x1, y0, x1, y1, x0, y1};
    area(r, xy, 4, scale, &m->pen);
}

static void circle(ad_raster *r, const ad_mark *m, double scale)
{
    enum { SIDES = 64 };
    double xy[2 * SIDES + 2];
    const ad_pen *pen = &m->pen;
    if (pen->fill) {
        ad_raster_disc(r, m->at[0] * scale, m->at[1] * scale, m->at[2] * scale);
        ad_raster_paint(r, ad_colour_rgb(pen->fill), pen->opacity);
    }
    for (int i = 0; i <= SIDES; ++i) {
        double angle = 2 * 3.14159265358979323846 * i / SIDES;
        xy[2 * i] = m->at[0] + m->at[2] * cos(angle);
        xy[2 * i + 1] = m->at[1] + m->at[2] * sin(angle);
    }
    stroke(r, xy, SIDES + 1, scale, pen);
}

static void paint(ad_raster *r, const ad_mark *m, double scale)
{
    switch (m->kind) {
    case AD_MARK_POLYLINE: stroke(r, m->xy, m->count, scale, &m->pen); return;
    case AD_MARK_POLYGON: area(r, m->xy, m->count, scale, &m->pen); return;
    case AD_MARK_RECT: rect(r, m, scale); return;
    case AD_MARK_CIRCLE: circle(r, m, scale); return;
    case AD_MARK_TEXT:
        ad_write_words(r, m->at[0] * scale, m->at[1] * scale, m->text, &m->letters, scale);
        return;
    case AD_MARK_GROUP:
    case AD_MARK_GROUP_END: return;
    }
}

ad_status ad_drawing_image(const ad_drawing *d, double scale, ad_image **out)
{
    ad_raster raster;
    *out = NULL;
    if (!d) return AD_ERROR_MEMORY;
    if (d->status) return d->status;
    if (!(scale > 0 && scale <= 16))
        return ad_fail(d->ctx, AD_ERROR_ARGUMENT, "a drawing at %g times its size: up to 16",
                       scale);
    ad_status status = ad_image_new(d->ctx, (int64_t)ceil(d->width * scale),
                                    (int64_t)ceil(d->height * scale), 3, out);
    if (status) return status;
    int64_t values = (*out)->width * (*out)->height * 3;
    for (int64_t i = 0; i < values; ++i) (*out)->data[i] = 1;
    status = ad_raster_new(&raster, d->ctx, *out);
    for (int64_t i = 0; i < d->count && !status; ++i) paint(&raster, &d->marks[i], scale);
    if (!status) ad_raster_free(&raster);
    if (!status) return AD_OK;
    ad_image_free(*out);
    *out = NULL;
    return status;
}

static ad_status write_text(ad_context *ctx, const char *path, const char *text)
{
    ad_output *output;
    ad_status status = ad_output_open(&output, ctx, path);
    if (status) return status;
    status = ad_output_write(output, text, strlen(text));
    if (!status) return ad_output_commit(output);
    ad_output_discard(output);
    return status;
}

ad_status ad_drawing_write(ad_drawing *d, const char *path)
{
    ad_image *image;
    if (!d) return AD_ERROR_MEMORY;
    const char *dot = strrchr(path, '.');
    if (dot && !strcasecmp(dot, ".svg")) {
        const char *svg = ad_drawing_svg(d);
        return svg ? write_text(d->ctx, path, svg) : AD_ERROR_MEMORY;
    }
    ad_status status = ad_drawing_image(d, 2, &image);
    if (status) return status;
    status = ad_image_write(d->ctx, path, image, NULL);
    ad_image_free(image);
    return status;
}
