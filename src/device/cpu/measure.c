/* measure.c - this machine's limits: arithmetic in registers, bytes to and from memory. */
#include "device/cpu/peak.h"
#include "base/context.h"
#include "base/cpu.h"
#include "base/pool.h"

#include <autodidact/program.h>

#include <stdlib.h>

enum { TRIES = 5, ROUNDS = 300000, FLOATS = 8 << 20 }; /* of each of three arrays */

#define PEAK_ROW(isa, level, unused) [level] = {ad_peak_f32_##isa, ad_peak_bf16_##isa},
static const struct {
    double (*f32)(int64_t), (*bf16)(int64_t);
} peaks_of[AD_ISAS] = {AD_FOR_ISAS(PEAK_ROW, )};

typedef struct work {
    double (*kernel)(int64_t);
    double *done; /* [workers]: operations */
    float *a, *b, *c;
    int64_t parts;
} work;

static void compute(void *user, int64_t index, int worker)
{
    const work *w = user;
    (void)worker;
    w->done[index] = w->kernel(ROUNDS);
}

static void stream(void *user, int64_t index, int worker)
{
    const work *w = user;
    (void)worker;
    int64_t end = FLOATS * (index + 1) / w->parts;
    for (int64_t i = FLOATS * index / w->parts; i < end; ++i) w->c[i] = w->a[i] + 3 * w->b[i];
}

/* Operations per second of all threads, the best of several tries. */
static double arithmetic(ad_pool *pool, work *w, double (*kernel)(int64_t))
{
    double best = 0;
    w->kernel = kernel;
    for (int i = 0; i < TRIES; ++i) {
        double begin = ad_seconds(), sum = 0;
        ad_parallel(pool, w->parts, compute, w);
        double seconds = ad_seconds() - begin;
        for (int64_t k = 0; k < w->parts; ++k) sum += w->done[k];
        if (sum / seconds > best) best = sum / seconds;
    }
    return best;
}

static double bandwidth(ad_pool *pool, work *w)
{
    double best = 0;
    for (int i = 0; i <= TRIES; ++i) { /* the first maps the pages */
        double begin = ad_seconds();
        ad_parallel(pool, w->parts, stream, w);
        double rate = 3.0 * FLOATS * sizeof(float) / (ad_seconds() - begin);
        if (i && rate > best) best = rate;
    }
    return best;
}

ad_status ad_measure_peaks(ad_context *ctx, ad_peaks *peaks)
{
    ad_pool *pool = ad_context_pool(ctx);
    int isa = ad_context_isa_level(ctx), threads = ad_pool_size(pool);
    size_t bytes = 3 * (size_t)FLOATS * sizeof(float), sums = (size_t)threads * sizeof(double);
    *peaks = (ad_peaks){0};
    work w = {.parts = threads, .a = ad_zalloc(ctx, bytes), .done = ad_zalloc(ctx, sums)};
    if (w.a && w.done) {
        w.b = w.a + FLOATS, w.c = w.b + FLOATS;
        peaks->flops_f32 = arithmetic(pool, &w, peaks_of[isa].f32);
        peaks->flops_bf16 = arithmetic(pool, &w, peaks_of[isa].bf16);
        peaks->bandwidth = bandwidth(pool, &w);
    }
    bool refused = !w.a || !w.done;
    if (w.a) ad_free(ctx, w.a, bytes);
    if (w.done) ad_free(ctx, w.done, sums);
    return refused ? ad_error_status(ctx) : AD_OK;
}
