/* resample.c - separable resampling of pictures in linear light, rows first and then columns.
 *
 * Each target sample is a weighted sum of the source samples under a kernel; when shrinking, the
 * kernel is stretched by the ratio, which is the low-pass filter that keeps fine patterns from
 * aliasing. The weights are computed in double once per row and column and sum to one. */
#include <autodidact/image.h>

#include "base/pool.h"
#include "io/image_codec.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

enum { ROWS_PER_TASK = 16 }; /* fixed, so that results don't depend on the number of threads */

/* ---- weights -----------------------------------------------------------------------------------
 */

static double lanczos3(double x)
{
    const double pi = 3.14159265358979323846;
    x = fabs(x);
    if (x < 1e-9) return 1;
    return x < 3 ? 3 * sin(pi * x) * sin(pi * x / 3) / (pi * pi * x * x) : 0;
}

static double cubic(double x)
{
    x = fabs(x);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

static double triangle(double x)
{
    return fmax(0, 1 - fabs(x));
}

typedef struct resample_kernel {
    double (*value)(double x);
    double radius;
} resample_kernel;

static const resample_kernel kernels[] = {
    [AD_IMAGE_LANCZOS] = {lanczos3, 3},
    [AD_IMAGE_CUBIC] = {cubic, 2},
    [AD_IMAGE_LINEAR] = {triangle, 1},
    [AD_IMAGE_AREA] = {NULL, 0.5}, /* exact coverage, see weight_of */
};

/* Target sample i is sum over k < count of weight[i * taps + k] * source[first[i] + k]. */
typedef struct resample_axis {
    int64_t source, target, taps;
    int64_t *first; /* [target] */
    int32_t *count; /* [target] */
    float *weight;  /* [target, taps] */
} resample_axis;

static void axis_free(ad_context *ctx, resample_axis *axis)
{
    ad_free(ctx, axis->first, ad_bytes(axis->target, sizeof *axis->first));
    ad_free(ctx, axis->count, ad_bytes(axis->target, sizeof *axis->count));
    ad_free(ctx, axis->weight, ad_bytes(axis->target, ad_bytes(axis->taps, sizeof *axis->weight)));
}

/* The weight of source sample j for a target sample whose centre is `centre` (source coordinates,
 * sample j covers [j, j + 1]) and whose kernel is stretched by `stretch`. */
static double weight_of(const resample_kernel *kernel, double centre, double stretch, int64_t j)
{
    if (kernel->value) return kernel->value(((double)j + 0.5 - centre) / stretch);
    double low = fmax((double)j, centre - 0.5 * stretch),
           high = fmin((double)j + 1, centre + 0.5 * stretch);
    return fmax(0, high - low);
}

static ad_status axis_make(ad_context *ctx, resample_axis *axis, int64_t source, int64_t target,
                           const resample_kernel *kernel)
{
    double ratio = (double)source / (double)target,
           stretch = kernel->value ? fmax(1, ratio) : ratio;
    double reach = kernel->radius * stretch;
    *axis = (resample_axis){
        .source = source, .target = target, .taps = 2 * (int64_t)ceil(reach) + 1};
    if (axis->taps > source) axis->taps = source;
    axis->first = ad_alloc(ctx, ad_bytes(target, sizeof *axis->first));
    axis->count = ad_alloc(ctx, ad_bytes(target, sizeof *axis->count));
    axis->weight = ad_alloc(ctx, ad_bytes(target, ad_bytes(axis->taps, sizeof *axis->weight)));
    if (!axis->first || !axis->count || !axis->weight) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < target; ++i) {
        double centre = ((double)i + 0.5) * ratio, sum = 0;
        int64_t low = (int64_t)floor(centre - reach),
                high = (int64_t)ceil(centre + reach); /* [low, high) */
        if (low < 0) low = 0;
        if (high > source) high = source;
        if (high - low > axis->taps) high = low + axis->taps;
        for (int64_t j = low; j < high; ++j) sum += weight_of(kernel, centre, stretch, j);
        for (int64_t j = low; j < high; ++j)
            axis->weight[i * axis->taps + j - low] = (float)(weight_of(kernel, centre, stretch, j) /
                                                             sum);
        axis->first[i] = low;
        axis->count[i] = (int32_t)(high - low);
    }
    return AD_OK;
}

/* ---- light -------------------------------------------------------------------------------------
 */

/* sRGB to linear by a table of 4096 chords: off by less than 3e-8, and ten times as fast as powf.
 */
enum { CHORDS = 4096 };
static float chord[CHORDS + 2];
static pthread_once_t chord_once = PTHREAD_ONCE_INIT;

static void fill_chords(void)
{
    for (int i = 0; i < CHORDS + 2; ++i) chord[i] = ad_srgb_to_linear((float)i / CHORDS);
}

static float linear_of(float encoded)
{
    float x = (encoded > 0 ? (encoded < 1 ? encoded : 1) : 0) * CHORDS;
    int i = (int)x;
    return chord[i] + (x - (float)i) * (chord[i + 1] - chord[i]);
}

static float clamp(float x)
{
    return x > 0 ? (x < 1 ? x : 1) : 0;
}

typedef struct resample_work {
    const ad_image *from;
    ad_image *to;
    resample_axis x, y;
    bool encoded;
    float *narrow;  /* [from->height, to->width, channels]: after the first pass */
    float *scratch; /* one row per worker */
    int64_t scratch_row;
} resample_work;

/* Encoded and straight to linear and premultiplied. */
static void open_row(const resample_work *work, const float *from, float *to)
{
    int channels = work->from->channels,
        colours = channels == 2 || channels == 4 ? channels - 1 : channels;
    for (int64_t x = 0; x < work->from->width; ++x, from += channels, to += channels) {
        float alpha = colours == channels ? 1 : clamp(from[colours]);
        for (int k = 0; k < colours; ++k)
            to[k] = alpha * (work->encoded ? from[k] : linear_of(from[k]));
        if (colours < channels) to[colours] = alpha;
    }
}

/* The way back. */
static void close_row(const resample_work *work, float *row)
{
    int channels = work->to->channels,
        colours = channels == 2 || channels == 4 ? channels - 1 : channels;
    for (int64_t x = 0; x < work->to->width; ++x, row += channels) {
        float alpha = colours == channels ? 1 : clamp(row[colours]);
        float scale = alpha > 1e-6f ? 1 / alpha : 0;
        for (int k = 0; k < colours; ++k) {
            float value = clamp(row[k] * scale);
            row[k] = work->encoded ? value : clamp(ad_linear_to_srgb(value));
        }
        if (colours < channels) row[colours] = alpha;
    }
}

static void narrow_row(const resample_axis *axis, int channels, const float *from, float *to)
{
    for (int64_t i = 0; i < axis->target; ++i, to += channels) {
        const float *weight = axis->weight + i * axis->taps, *p = from + axis->first[i] * channels;
        float sum[4] = {0};
        for (int32_t j = 0; j < axis->count[i]; ++j, p += channels)
            for (int k = 0; k < channels; ++k) sum[k] += weight[j] * p[k];
        memcpy(to, sum, (size_t)channels * sizeof *to);
    }
}

static void rows_task(void *user, int64_t index, int worker)
{
    const resample_work *work = user;
    int channels = work->from->channels;
    int64_t row = work->from->width * channels, narrow_size = work->to->width * channels;
    int64_t end = (index + 1) * ROWS_PER_TASK < work->from->height ? (index + 1) * ROWS_PER_TASK
                                                                   : work->from->height;
    float *open = work->scratch + worker * work->scratch_row;
    for (int64_t y = index * ROWS_PER_TASK; y < end; ++y) {
        open_row(work, work->from->data + y * row, open);
        narrow_row(&work->x, channels, open, work->narrow + y * narrow_size);
    }
}

static void columns_task(void *user, int64_t index, int worker)
{
    const resample_work *work = user;
    const resample_axis *axis = &work->y;
    int64_t row = work->to->width * work->to->channels;
    int64_t end = (index + 1) * ROWS_PER_TASK < axis->target ? (index + 1) * ROWS_PER_TASK
                                                             : axis->target;
    (void)worker;
    for (int64_t y = index * ROWS_PER_TASK; y < end; ++y) {
        float *restrict to = work->to->data + y * row;
        const float *weight = axis->weight + y * axis->taps;
        memset(to, 0, (size_t)row * sizeof *to);
        for (int32_t j = 0; j < axis->count[y]; ++j) {
            const float *restrict from = work->narrow + (axis->first[y] + j) * row;
            for (int64_t i = 0; i < row; ++i) to[i] += weight[j] * from[i];
        }
        close_row(work, to);
    }
}

static void pick_nearest(const ad_image *from, ad_image *to)
{
    for (int64_t y = 0; y < to->height; ++y) {
        int64_t sy = (int64_t)(((double)y + 0.5) * (double)from->height / (double)to->height);
        for (int64_t x = 0; x < to->width; ++x) {
            int64_t sx = (int64_t)(((double)x + 0.5) * (double)from->width / (double)to->width);
            memcpy(to->data + (y * to->width + x) * to->channels,
                   from->data + (sy * from->width + sx) * from->channels,
                   (size_t)from->channels * sizeof(float));
        }
    }
}

static ad_status resample(ad_context *ctx, const resample_kernel *kernel, resample_work *work)
{
    const ad_image *from = work->from;
    ad_pool *pool = ad_context_pool(ctx);
    int64_t narrow_row_size = work->to->width * from->channels;
    size_t narrow_bytes = ad_bytes(from->height, ad_bytes(narrow_row_size, sizeof(float)));
    work->scratch_row = (from->width * from->channels + 15) / 16 * 16;
    size_t scratch_bytes = ad_bytes(ad_pool_size(pool), ad_bytes(work->scratch_row, sizeof(float)));
    ad_status status = axis_make(ctx, &work->x, from->width, work->to->width, kernel);
    if (!status) status = axis_make(ctx, &work->y, from->height, work->to->height, kernel);
    if (!status) work->narrow = ad_alloc(ctx, narrow_bytes);
    if (work->narrow) work->scratch = ad_alloc(ctx, scratch_bytes);
    if (work->scratch) {
        pthread_once(&chord_once, fill_chords);
        ad_parallel(pool, (from->height + ROWS_PER_TASK - 1) / ROWS_PER_TASK, rows_task, work);
        ad_parallel(pool, (work->to->height + ROWS_PER_TASK - 1) / ROWS_PER_TASK, columns_task,
                    work);
    } else {
        status = AD_ERROR_MEMORY;
    }
    ad_free(ctx, work->scratch, scratch_bytes);
    ad_free(ctx, work->narrow, narrow_bytes);
    axis_free(ctx, &work->x);
    axis_free(ctx, &work->y);
    return status;
}

ad_status ad_image_resize(ad_context *ctx, const ad_image *image, int64_t width, int64_t height,
                          const ad_image_resize_options *options, ad_image **out)
{
    ad_image_resize_options defaults = {0};
    if (!options) options = &defaults;
    *out = NULL;
    if (options->filter < AD_IMAGE_LANCZOS || options->filter > AD_IMAGE_NEAREST)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "there is no resampling filter %d",
                       (int)options->filter);
    ad_image *to;
    ad_status status = ad_image_make(ctx, width, height, image->channels, &to);
    if (status) return status;
    to->source = image->source;
    memcpy(to->note, image->note, sizeof to->note);
    if (options->filter == AD_IMAGE_NEAREST) {
        pick_nearest(image, to);
    } else {
        resample_work work = {.from = image, .to = to, .encoded = options->encoded};
        status = resample(ctx, &kernels[options->filter], &work);
    }
    if (status)
        ad_image_free(to);
    else
        *out = to;
    return status;
}

void ad_image_fit_size(int64_t width, int64_t height, int64_t long_side, int64_t *fit_width,
                       int64_t *fit_height)
{
    int64_t longer = width > height ? width : height, shorter = width > height ? height : width;
    int64_t short_side = (int64_t)floor((double)shorter * (double)long_side / (double)longer + 0.5);
    if (short_side < 1) short_side = 1;
    *fit_width = width > height ? long_side : short_side;
    *fit_height = width > height ? short_side : long_side;
    if (width == height) *fit_width = *fit_height = long_side;
}

ad_status ad_image_fit(ad_context *ctx, const ad_image *image, int64_t long_side,
                       const ad_image_resize_options *options, ad_image **out)
{
    int64_t width, height;
    *out = NULL;
    if (long_side < 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "a longer side of %lld pixels is not possible",
                       (long long)long_side);
    ad_image_fit_size(image->width, image->height, long_side, &width, &height);
    if (width == image->width && height == image->height)
        return ad_image_convert(ctx, image, image->channels, NULL, out);
    return ad_image_resize(ctx, image, width, height, options, out);
}
