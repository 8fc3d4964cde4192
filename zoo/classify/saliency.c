/* saliency.c - see saliency.h. */
#include "zoo/classify/saliency.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 24, SPREAD = 12, BLUR = 8 }; /* along the longer side; a part of it; another */

/* Along one axis: `count` lines of `n` values, `step` apart, with a Gaussian of that deviation;
 * what lies outside does not count. */
static void blur_lines(const float *from, float *to, int64_t count, int64_t line, int64_t n,
                       int64_t step, float deviation)
{
    int64_t reach = (int64_t)ceilf(3 * deviation);
    for (int64_t l = 0; l < count; ++l)
        for (int64_t i = 0; i < n; ++i) {
            float sum = 0, weight = 0;
            for (int64_t k = i < reach ? -i : -reach; k <= reach && i + k < n; ++k) {
                float w = expf(-0.5f * (float)(k * k) / (deviation * deviation));
                sum += w * from[l * line + (i + k) * step], weight += w;
            }
            to[l * line + i * step] = sum / weight;
        }
}

/* The picture without its details. */
static void blur(const classify_model *m, const float *pixels, float *scratch, float *blurred)
{
    int64_t h = m->height, w = m->width, c = m->channels;
    float deviation = (float)(h > w ? h : w) / BLUR;
    for (int64_t k = 0; k < c; ++k) {
        blur_lines(pixels + k, scratch + k, h, w * c, w, c, deviation);
        blur_lines(scratch + k, blurred + k, w, c, h, w * c, deviation);
    }
}

static int by_value(const void *a, const void *b)
{
    return ad_compare_numbers((double)*(const float *)a, (double)*(const float *)b);
}

/* So that the top per cent is 1. */
static void scale(float *heat, int64_t count, float *scratch)
{
    memcpy(scratch, heat, (size_t)count * sizeof *heat);
    qsort(scratch, (size_t)count, sizeof *scratch, by_value);
    float most = fmaxf(scratch[count - 1 - count / 100], 1e-20f);
    for (int64_t i = 0; i < count; ++i) heat[i] = fminf(heat[i] / most, 1);
}

/* log p / (1 - p) of the class. */
static float margin(const float *logits, int classes, int target)
{
    float most = -INFINITY, sum = 0;
    for (int c = 0; c < classes; ++c)
        if (c != target) most = fmaxf(most, logits[c]);
    for (int c = 0; c < classes; ++c)
        if (c != target) sum += expf(logits[c] - most);
    return classes > 1 ? logits[target] - most - logf(sum) : logits[target];
}

/* What is taken away, and by how much at a pixel. */
typedef struct cover {
    const classify_model *model;
    const float *pixels, *blurred;
    int64_t step, across, count; /* between places; places in a row, in all */
    float deviation;
} cover;

static float covered(const cover *c, int64_t place, int64_t y, int64_t x)
{
    int64_t row = place / c->across * c->step, column = place % c->across * c->step;
    float dy = (float)(y - row), dx = (float)(x - column);
    return expf(-0.5f * (dy * dy + dx * dx) / (c->deviation * c->deviation));
}

static void hide(const cover *c, int64_t place, float *to)
{
    const classify_model *m = c->model;
    for (int64_t y = 0, i = 0; y < m->height; ++y)
        for (int64_t x = 0; x < m->width; ++x) {
            float part = covered(c, place, y, x);
            for (int k = 0; k < m->channels; ++k, ++i)
                to[i] = c->pixels[i] + part * (c->blurred[i] - c->pixels[i]);
        }
}

/* drop[place] = how much less sure the network is with that place hidden. */
static ad_status measure(const cover *c, ad_job *job, float *pixels, int *best, float *drop)
{
    const classify_model *m = c->model;
    int64_t size = m->height * m->width * m->channels, rows = job->evaluation.rows;
    int classes = (int)m->classes.count;
    float whole = 0;
    for (int64_t first = -1; first < c->count; first += rows) { /* -1: nothing is hidden */
        int64_t filled = c->count - first < rows ? c->count - first : rows;
        for (int64_t i = 0; i < filled; ++i) {
            if (first + i < 0)
                memcpy(pixels + i * size, c->pixels, (size_t)size * sizeof *pixels);
            else
                hide(c, first + i, pixels + i * size);
        }
        ad_status status = ad_run(job->evaluation.program);
        if (!status) status = classify_result_finite(job);
        if (status) return status;
        const float *logits = ad_result(job->evaluation.program, job->evaluation.result);
        if (first < 0) {
            *best = ad_best_class(logits, classes);
            whole = margin(logits, classes, *best);
        }
        for (int64_t i = first < 0; i < filled; ++i)
            drop[first + i] = fmaxf(whole - margin(logits + i * classes, classes, *best), 0);
    }
    return AD_OK;
}

/* The drop at each pixel, from those of the places that cover it. */
static void spread(const cover *c, const float *drop, float *heat)
{
    const classify_model *m = c->model;
    for (int64_t y = 0; y < m->height; ++y)
        for (int64_t x = 0; x < m->width; ++x) {
            float sum = 0, weight = 0;
            for (int64_t place = 0; place < c->count; ++place) {
                float part = covered(c, place, y, x);
                sum += part * drop[place], weight += part;
            }
            heat[y * m->width + x] = sum / weight;
        }
}

ad_status classify_saliency(ad_job *job, float *pixels, const float *picture, int *best,
                            float *heat)
{
    const classify_model *m = job->model;
    int64_t h = m->height, w = m->width, area = h * w, longer = h > w ? h : w;
    int64_t step = longer > PLACES ? longer / PLACES : 1;
    cover c = {.model = m,
               .pixels = picture,
               .step = step,
               .across = (w + step - 1) / step,
               .count = (h + step - 1) / step * ((w + step - 1) / step),
               .deviation = (float)longer / SPREAD};
    float *scratch = calloc((size_t)(area * m->channels), sizeof *scratch);
    float *blurred = calloc((size_t)(area * m->channels), sizeof *blurred);
    float *drop = calloc((size_t)c.count, sizeof *drop);
    ad_status status = AD_ERROR_MEMORY;
    c.blurred = blurred;
    if (scratch && blurred && drop) {
        blur(m, picture, scratch, blurred);
        status = measure(&c, job, pixels, best, drop);
    } else {
        ad_error_set(job->ctx, status, "out of memory");
    }
    if (!status) {
        spread(&c, drop, heat);
        scale(heat, area, scratch);
    }
    free(scratch), free(blurred), free(drop);
    return status;
}

/* Black body colours: 0 black, then red, yellow, white. */
static void glow(float v, float rgb[3])
{
    for (int c = 0; c < 3; ++c) rgb[c] = fminf(fmaxf(3 * v - (float)c, 0), 1);
}

/* Picture, gap, heat over the picture in grey. */
static void lay_out(const ad_image *picture, const ad_image *heat, int64_t gap, ad_image *to)
{
    int64_t w = picture->width, h = picture->height;
    for (int64_t y = 0; y < h; ++y)
        for (int64_t x = 0; x < to->width; ++x) {
            float *pixel = to->data + (y * to->width + x) * 3, rgb[3];
            int64_t px = x < w ? x : x - w - gap;
            const float *from = picture->data + (y * w + (px < 0 ? 0 : px)) * picture->channels;
            float grey = 0;
            for (int c = 0; c < picture->channels; ++c) grey += from[c] / (float)picture->channels;
            for (int c = 0; c < 3; ++c) {
                if (px < 0) {
                    pixel[c] = 1;
                } else if (x < w) {
                    pixel[c] = from[picture->channels == 3 ? c : 0];
                } else {
                    float v = heat->data[y * w + px];
                    glow(v, rgb);
                    pixel[c] = (1 - 0.75f * v) * grey * 0.8f + 0.75f * v * rgb[c];
                }
            }
        }
}

ad_status classify_saliency_picture(ad_context *ctx, const ad_image *picture, const float *heat,
                                    int64_t least, ad_image **out)
{
    int64_t w = picture->width, h = picture->height, longer = w > h ? w : h;
    int64_t side = longer < least ? least : longer, gap = 2 + side / 64;
    ad_image *values = NULL, *larger = NULL, *glowing = NULL;
    *out = NULL;
    ad_status status = ad_image_new(ctx, w, h, 1, &values);
    if (!status) memcpy(values->data, heat, (size_t)(w * h) * sizeof *heat);
    /* each is enlarged by itself, so that the gap keeps its edges */
    if (!status) status = ad_image_fit(ctx, picture, side, NULL, &larger);
    if (!status) status = ad_image_fit(ctx, values, side, NULL, &glowing);
    if (!status) status = ad_image_new(ctx, 2 * larger->width + gap, larger->height, 3, out);
    if (!status) lay_out(larger, glowing, gap, *out);
    ad_image_free(values);
    ad_image_free(larger);
    ad_image_free(glowing);
    return status;
}
