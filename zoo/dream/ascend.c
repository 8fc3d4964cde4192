/* ascend.c - steps at one size. */
#include "zoo/dream/dream.h"

#include <math.h>
#include <string.h>

static const uint64_t stream_of_shifts = 0x647265616d; /* "dream" */

/* `to` is `from` shifted circularly to the right and down. */
static void roll(const ad_image *from, ad_image *to, int64_t right, int64_t down)
{
    int64_t w = from->width, h = from->height;
    int64_t dx = ((right % w) + w) % w, dy = ((down % h) + h) % h;
    for (int64_t y = 0; y < h; ++y) {
        const float *line = from->data + y * w * 3;
        float *out = to->data + (y + dy) % h * w * 3;
        memcpy(out + dx * 3, line, (size_t)(w - dx) * 3 * sizeof(float));
        memcpy(out, line + (w - dx) * 3, (size_t)dx * 3 * sizeof(float));
    }
}

/* -s to s */
static int64_t shift_of(const dream_settings *s, uint64_t draw)
{
    double unit = ad_random_unit(s->seed, stream_of_shifts, draw);
    return (int64_t)(unit * (double)(2 * s->shift + 1)) - s->shift;
}

/* Of all values; the deviation with n - 1. */
static void moments(const ad_image *g, double *mean, double *deviation)
{
    int64_t n = g->width * g->height * 3;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; ++i) sum += g->data[i];
    *mean = sum / (double)n;
    for (int64_t i = 0; i < n; ++i) {
        double d = g->data[i] - *mean;
        squares += d * d;
    }
    *deviation = sqrt(squares / (double)(n - 1));
}

/* What black and white are, normalised. */
static void limits(ad_context *ctx, float low[3], float high[3], ad_status *status)
{
    ad_image *pixel;
    *status = ad_image_new(ctx, 2, 1, 3, &pixel);
    if (*status) return;
    for (int i = 3; i < 6; ++i) pixel->data[i] = 1;
    dream_normalise(pixel);
    memcpy(low, pixel->data, 3 * sizeof(float));
    memcpy(high, pixel->data + 3, 3 * sizeof(float));
    ad_image_free(pixel);
}

static void move(ad_image *x, const ad_image *g, const ad_image *mask, double rate, double mean,
                 const float low[3], const float high[3])
{
    for (int64_t i = 0; i < x->width * x->height * 3; ++i) {
        double part = mask ? mask->data[i / 3] : 1;
        float v = (float)(x->data[i] + part * rate * (g->data[i] - mean));
        int c = (int)(i % 3);
        x->data[i] = v < low[c] ? low[c] : v > high[c] ? high[c] : v;
    }
}

ad_status dream_ascend(const dream_settings *s, ad_context *ctx, ad_image *x, const ad_image *mask,
                       dream_progress *progress, uint64_t *draw, dream_watch *watch, void *user,
                       bool *stopped)
{
    dream_gradient *gradient = NULL;
    dream_blur *blur = NULL;
    ad_image *rolled = NULL, *g = NULL;
    float low[3], high[3];
    ad_status status = dream_gradient_new(&gradient, s, ctx, x->width, x->height);
    if (!status) status = dream_blur_new(&blur, ctx, x->width, x->height);
    if (!status) status = ad_image_new(ctx, x->width, x->height, 3, &rolled);
    if (!status) status = ad_image_new(ctx, x->width, x->height, 3, &g);
    if (!status) limits(ctx, low, high, &status);
    progress->width = x->width, progress->height = x->height, progress->steps = s->steps;
    for (int64_t step = 0; step < s->steps && !status && !*stopped; ++step) {
        int64_t down = shift_of(s, *draw), right = shift_of(s, *draw + 1);
        *draw += 2;
        roll(x, rolled, right, down);
        status = dream_gradient_of(gradient, rolled, g, &progress->objective);
        double sigma = 2 * (double)(step + 1) / (double)s->steps + s->smoothing, mean, deviation;
        if (!status) status = dream_blur_apply(blur, sigma, g);
        if (status) break;
        roll(g, rolled, -right, -down);
        moments(rolled, &mean, &deviation);
        if (!isfinite(deviation))
            status = ad_error_set(ctx, AD_ERROR_NUMERIC, "the gradient is not finite");
        else if (deviation > 0) /* else nothing in the picture moves these activations */
            move(x, rolled, mask, s->lr / deviation, mean, low, high);
        progress->step = step + 1;
        if (!status) *stopped = !watch(user, progress);
    }
    ad_image_free(rolled), ad_image_free(g);
    dream_blur_free(blur);
    dream_gradient_free(gradient);
    return status;
}
