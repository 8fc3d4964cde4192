/* raster.c - how much of each pixel a shape covers, and painting by that.
 *
 * Areas: each edge adds the area to its right, signed by its direction, as differences along the
 * row; their running sum is the coverage (as in Raph Levien's font-rs, 2016). Strokes and discs:
 * the distance of a pixel's middle from the line, of which the nearest counts. */
#include "draw/raster.h"
#include "base/context.h"

#include <math.h>
#include <string.h>

static size_t cover_bytes(const ad_raster *r)
{
    return ad_bytes(r->height * (r->width + 2), sizeof(float));
}

static void begin_shape(ad_raster *r)
{
    r->left = r->top = INT32_MAX, r->right = r->bottom = 0;
}

ad_status ad_raster_new(ad_raster *r, ad_context *ctx, ad_image *image)
{
    *r = (ad_raster){.ctx = ctx, .image = image, .width = image->width, .height = image->height};
    begin_shape(r);
    r->cover = ad_zalloc(ctx, cover_bytes(r));
    return r->cover ? AD_OK : AD_ERROR_MEMORY;
}

void ad_raster_free(ad_raster *r)
{
    ad_free(r->ctx, r->cover, cover_bytes(r));
}

static void use(ad_raster *r, int left, int top, int right, int bottom)
{
    r->left = left < r->left ? left : r->left, r->top = top < r->top ? top : r->top;
    r->right = right > r->right ? right : r->right;
    r->bottom = bottom > r->bottom ? bottom : r->bottom;
}

/* ---- areas ---- */

/* A piece of an edge within one row: from x to x + dx, `d` of the row's height (signed). */
static void add_piece(float *row, double x, double dx, double d)
{
    double x0 = dx < 0 ? x + dx : x, x1 = dx < 0 ? x : x + dx;
    int from = (int)floor(x0), end = (int)ceil(x1);
    if (end <= from + 1) {
        double share = 0.5 * (x0 + x1) - from;
        row[from] += (float)(d - d * share);
        row[from + 1] += (float)(d * share);
        return;
    }
    /* the area to the left of column c grows with the square in the first and the last pixel */
    double s = 1 / (x1 - x0), before = 0;
    for (int c = from; c < end; ++c) {
        double a = c < x0 ? x0 : c, b = c + 1 > x1 ? x1 : c + 1;
        double in = 0.5 * s * ((a - x0) + (b - x0)) * (b - a) +
                    (c + 1 - b); /* covered of pixel c */
        row[c] += (float)(d * (in - before));
        before = in;
    }
    row[end] += (float)(d * (1 - before));
}

/* Within the picture from side to side. */
static void add_inside(ad_raster *r, double x0, double y0, double x1, double y1)
{
    double sign = 1;
    if (y0 == y1) return;
    if (y0 > y1) {
        double x = x0, y = y0;
        x0 = x1, y0 = y1, x1 = x, y1 = y, sign = -1;
    }
    double slope = (x1 - x0) / (y1 - y0);
    if (y0 < 0) x0 -= y0 * slope, y0 = 0;
    if (y1 > (double)r->height) x1 -= (y1 - (double)r->height) * slope, y1 = (double)r->height;
    if (y0 >= y1) return;
    for (int y = (int)y0; y < (int)ceil(y1); ++y) {
        double from = y > y0 ? y : y0, to = y + 1 < y1 ? y + 1 : y1;
        double a = x0 + (from - y0) * slope, b = x0 + (to - y0) * slope;
        a = fmin(fmax(a, 0), (double)r->width), b = fmin(fmax(b, 0), (double)r->width);
        add_piece(r->cover + y * (r->width + 2), a, b - a, sign * (to - from));
    }
    double low = fmax(0, fmin(x0, x1)), high = fmin((double)r->width, fmax(x0, x1));
    use(r, (int)low, (int)y0, (int)ceil(high) + 1, (int)ceil(y1));
}

/* Parts beside the picture are pressed against its sides, which leaves inside what it was. */
void ad_raster_edge(ad_raster *r, double x0, double y0, double x1, double y1)
{
    double sides[2] = {0, (double)r->width};
    for (int i = 0; i < 2; ++i) {
        double side = sides[i];
        if ((x0 < side) == (x1 < side) || x0 == side || x1 == side) continue;
        double y = y0 + (y1 - y0) * (side - x0) / (x1 - x0);
        ad_raster_edge(r, x0, y0, side, y);
        ad_raster_edge(r, side, y, x1, y1);
        return;
    }
    x0 = fmin(fmax(x0, 0), (double)r->width), x1 = fmin(fmax(x1, 0), (double)r->width);
    add_inside(r, x0, y0, x1, y1);
}

static void blend(float *pixel, const float *colour, float share)
{
    for (int c = 0; c < 3; ++c) pixel[c] += (colour[c] - pixel[c]) * share;
}

static void paint(ad_raster *r, uint32_t rgb, double opacity, bool sums)
{
    float colour[3] = {(float)(rgb >> 16 & 255) / 255, (float)(rgb >> 8 & 255) / 255,
                       (float)(rgb & 255) / 255};
    for (int y = r->top; y < r->bottom && y < r->height; ++y) {
        float *row = r->cover + y * (r->width + 2), sum = 0;
        float *pixel = r->image->data + 3 * (y * r->width + r->left);
        for (int x = r->left; x < r->right && x < r->width; ++x, pixel += 3) {
            sum = sums ? sum + row[x] : row[x];
            float share = fminf(fabsf(sum), 1);
            if (share > 1e-4f) blend(pixel, colour, share * (float)opacity);
        }
        int end = r->right + 1 < r->width + 2 ? r->right + 1 : (int)r->width + 2;
        if (end > r->left) memset(row + r->left, 0, (size_t)(end - r->left) * sizeof *row);
    }
    begin_shape(r);
}

void ad_raster_fill(ad_raster *r, uint32_t rgb, double opacity)
{
    paint(r, rgb, opacity, true);
}

/* ---- strokes ---- */

void ad_raster_line(ad_raster *r, double x0, double y0, double x1, double y1, double width)
{
    double half = width / 2, reach = half + 1, dx = x1 - x0, dy = y1 - y0, l2 = dx * dx + dy * dy;
    double strength = width < 1 ? width : 1; /* of a line thinner than a pixel */
    double inner = half < 0.5 ? 0.5 : half;
    int left = (int)fmax(0, floor(fmin(x0, x1) - reach));
    int right = (int)fmin((double)r->width, ceil(fmax(x0, x1) + reach));
    int top = (int)fmax(0, floor(fmin(y0, y1) - reach));
    int bottom = (int)fmin((double)r->height, ceil(fmax(y0, y1) + reach));
    if (left >= right || top >= bottom) return;
    use(r, left, top, right, bottom);
    for (int y = top; y < bottom; ++y) {
        float *row = r->cover + y * (r->width + 2);
        int from = left, to = right;
        if (fabs(dy) > 1e-9) { /* only where the line passes this row */
            double a = x0 + (y + 0.5 - reach - 1 - y0) * dx / dy;
            double b = x0 + (y + 0.5 + reach + 1 - y0) * dx / dy;
            double slack = reach + 1;
            from = (int)fmax(left, floor(fmin(a, b) - slack));
            to = (int)fmin(right, ceil(fmax(a, b) + slack));
        }
        for (int x = from; x < to; ++x) {
            double px = x + 0.5 - x0, py = y + 0.5 - y0;
            double t = l2 > 0 ? fmin(1, fmax(0, (px * dx + py * dy) / l2)) : 0;
            double ex = px - t * dx, ey = py - t * dy;
            double cover = strength * (inner + 0.5 - sqrt(ex * ex + ey * ey));
            row[x] = fmaxf(row[x], (float)fmin(fmax(cover, 0), strength));
        }
    }
}

void ad_raster_disc(ad_raster *r, double x, double y, double radius)
{
    ad_raster_line(r, x, y, x, y, 2 * radius);
}

void ad_raster_paint(ad_raster *r, uint32_t rgb, double opacity)
{
    paint(r, rgb, opacity, false);
}
