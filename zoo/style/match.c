/* match.c - see match.h. */
#include "zoo/style/match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static ad_status no_memory(ad_context *ctx)
{
    return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for statistics of features");
}

/* ---- eigenvalues: cyclic Jacobi (Golub & Van Loan, section 8.5) ---- */

/* Columns p and q of the rows of m, turned. */
static void turn(double *m, int64_t n, int64_t p, int64_t q, double c, double s)
{
    for (int64_t k = 0; k < n; ++k) {
        double a = m[p * n + k], b = m[q * n + k];
        m[p * n + k] = c * a - s * b, m[q * n + k] = s * a + c * b;
    }
}

static void annihilate(double *a, double *v, int64_t n, int64_t p, int64_t q)
{
    double off = a[p * n + q];
    double theta = (a[q * n + q] - a[p * n + p]) / (2 * off);
    double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), s = t * c;
    turn(a, n, p, q, c, s); /* rows p and q; the columns follow by symmetry */
    for (int64_t k = 0; k < n; ++k) {
        double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y, a[k * n + q] = s * x + c * y;
    }
    turn(v, n, p, q, c, s);
}

/* a becomes diagonal; row i of v the eigenvector of a[i, i]. */
static void diagonalise(double *a, double *v, int64_t n)
{
    enum { SWEEPS = 30 };
    double whole = 0;
    for (int64_t i = 0; i < n * n; ++i) v[i] = i / n == i % n, whole += a[i] * a[i];
    for (int sweep = 0; sweep < SWEEPS; ++sweep) {
        double off = 0;
        for (int64_t p = 0; p < n; ++p)
            for (int64_t q = p + 1; q < n; ++q) off += a[p * n + q] * a[p * n + q];
        if (!(off > 1e-24 * whole)) return;
        for (int64_t p = 0; p < n; ++p)
            for (int64_t q = p + 1; q < n; ++q)
                if (a[p * n + q] * a[p * n + q] > 1e-30 * whole) annihilate(a, v, n, p, q);
    }
}

ad_status style_symmetric_power(ad_context *ctx, const float *a, int64_t n, double exponent,
                                double *power)
{
    static const double least = 1e-5;
    double *work = malloc((size_t)(2 * n * n) * sizeof *work);
    if (!work) return no_memory(ctx);
    double *v = work + n * n;
    for (int64_t i = 0; i < n * n; ++i)
        work[i] = ((double)a[i] + (double)a[i % n * n + i / n]) / 2; /* rounded apart */
    diagonalise(work, v, n);
    memset(power, 0, (size_t)(n * n) * sizeof *power);
    for (int64_t i = 0; i < n; ++i) {
        if (!(work[i * n + i] > least)) continue;
        double value = pow(work[i * n + i], exponent);
        for (int64_t j = 0; j < n; ++j)
            for (int64_t k = 0; k < n; ++k) power[j * n + k] += value * v[i * n + j] * v[i * n + k];
    }
    free(work);
    return AD_OK;
}

/* ---- statistics ---- */

static int64_t spread_count(const style_statistics *s)
{
    return s->whole ? s->channels * s->channels : s->channels;
}

ad_status style_statistics_new(style_statistics *s, ad_context *ctx, int64_t channels, bool whole)
{
    *s = (style_statistics){.channels = channels, .whole = whole};
    s->mean = calloc((size_t)channels, sizeof *s->mean);
    s->spread = calloc((size_t)spread_count(s), sizeof *s->spread);
    if (s->mean && s->spread) return AD_OK;
    style_statistics_free(s);
    return no_memory(ctx);
}

void style_statistics_free(style_statistics *s)
{
    free(s->mean);
    free(s->spread);
    *s = (style_statistics){0};
}

ad_status style_statistics_add(style_statistics *s, ad_context *ctx, const float *mean,
                               const float *spread, double part)
{
    int64_t count = spread_count(s);
    double *root = NULL;
    if (s->whole) {
        if (!(root = malloc((size_t)count * sizeof *root))) return no_memory(ctx);
        ad_status status = style_symmetric_power(ctx, spread, s->channels, 0.5, root);
        if (status) {
            free(root);
            return status;
        }
    }
    for (int64_t i = 0; i < s->channels; ++i) s->mean[i] += (float)(part * (double)mean[i]);
    for (int64_t i = 0; i < count; ++i)
        s->spread[i] += (float)(part * (root ? root[i] : (double)spread[i]));
    free(root);
    return AD_OK;
}

static void match_deviations(const style_statistics *s, const float *mean, const float *spread,
                             double strength, float *scale, float *shift)
{
    for (int64_t i = 0; i < s->channels; ++i) {
        double ratio = (double)s->spread[i] / (double)spread[i];
        scale[i] = (float)(strength * ratio + 1 - strength);
        shift[i] = (float)(strength * ((double)s->mean[i] - ratio * (double)mean[i]));
    }
}

ad_status style_match(const style_statistics *s, ad_context *ctx, const float *mean,
                      const float *spread, double strength, float *scale, float *shift)
{
    int64_t n = s->channels;
    if (!s->whole) {
        match_deviations(s, mean, spread, strength, scale, shift);
        return AD_OK;
    }
    double *white = malloc((size_t)(2 * n * n) * sizeof *white), *map = white + n * n;
    ad_status status = white ? style_symmetric_power(ctx, spread, n, -0.5, white) : no_memory(ctx);
    if (status) {
        free(white);
        return status;
    }
    memset(map, 0, (size_t)(n * n) * sizeof *map);
    for (int64_t i = 0; i < n; ++i)
        for (int64_t k = 0; k < n; ++k)
            for (int64_t j = 0; j < n; ++j)
                map[i * n + j] += white[i * n + k] * (double)s->spread[k * n + j];
    for (int64_t j = 0; j < n; ++j) {
        double moved = 0;
        for (int64_t i = 0; i < n; ++i) moved += (double)mean[i] * map[i * n + j];
        shift[j] = (float)(strength * ((double)s->mean[j] - moved));
    }
    for (int64_t i = 0; i < n * n; ++i)
        scale[i] = (float)(strength * map[i] + (i / n == i % n ? 1 - strength : 0));
    free(white);
    return AD_OK;
}
