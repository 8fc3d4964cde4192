/* frechet.c - the distance of two normal distributions (Frechet 1957; Dowson & Landau 1982), of
 * features of made and of real pictures: Heusel et al. 2017, "FID".
 *
 *     d = |ma - mb|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2)
 *
 * The product in the root is symmetric, unlike A B, so no eigenvalue is complex; those that
 * rounding takes below 0 count as 0. */
#include "score/symmetric.h"

#include <autodidact/scores.h>
#include <math.h>
#include <string.h>

/* c = a b, with b symmetric, [n, n] */
static void multiply(double *c, const double *a, const double *b, int64_t n)
{
    memset(c, 0, (size_t)(n * n) * sizeof *c);
    for (int64_t i = 0; i < n; ++i)
        for (int64_t k = 0; k < n; ++k) {
            double factor = a[i * n + k];
            const double *row = b + k * n;
            double *to = c + i * n;
            for (int64_t j = 0; j < n; ++j) to[j] += factor * row[j];
        }
}

/* root = a^1/2; a is lost, `vector` is scratch. */
static ad_status root_of(ad_context *ctx, double *a, int64_t n, double *value, double *vector,
                         double *root)
{
    ad_status status = ad_symmetric_eigen(ctx, a, n, value, vector);
    if (status) return status;
    memset(root, 0, (size_t)(n * n) * sizeof *root);
    for (int64_t k = 0; k < n; ++k) {
        const double *v = vector + k * n, scale = sqrt(fmax(0, value[k]));
        for (int64_t i = 0; i < n; ++i)
            for (int64_t j = 0; j < n; ++j) root[i * n + j] += scale * v[i] * v[j];
    }
    return AD_OK;
}

static double trace(const double *a, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += a[i * n + i];
    return sum;
}

ad_status ad_frechet_of_moments(ad_context *ctx, const double *mean_a, const double *a,
                                const double *mean_b, const double *b, int64_t n, double *distance)
{
    size_t square = (size_t)(n * n), bytes = ad_bytes((int64_t)(3 * square) + n, sizeof(double));
    double *x = ad_alloc(ctx, bytes);
    if (!x) return ad_fail(ctx, AD_ERROR_MEMORY, "no memory for a Frechet distance");
    double *y = x + square, *root = y + square, *value = root + square;
    double sum = trace(a, n) + trace(b, n);
    for (int64_t i = 0; i < n; ++i) sum += (mean_a[i] - mean_b[i]) * (mean_a[i] - mean_b[i]);
    memcpy(x, a, square * sizeof *x);
    ad_status status = root_of(ctx, x, n, value, y, root);
    if (!status) {
        multiply(x, root, b, n);
        multiply(y, x, root, n);
        status = ad_symmetric_eigen(ctx, y, n, value, NULL);
    }
    for (int64_t i = 0; i < n && !status; ++i) sum -= 2 * sqrt(fmax(0, value[i]));
    if (!status) *distance = sum;
    ad_free(ctx, x, bytes);
    return status;
}

/* ---- of rows ---- */

static bool all_finite(const float *x, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        if (!isfinite(x[i])) return false;
    return true;
}

/* Mean [width] and unbiased covariance [width, width], in two passes; centred is [width]. */
static void moments(const float *x, int64_t count, int64_t width, double *mean, double *covariance,
                    double *centred)
{
    memset(mean, 0, (size_t)width * sizeof *mean);
    memset(covariance, 0, (size_t)(width * width) * sizeof *covariance);
    for (int64_t r = 0; r < count; ++r)
        for (int64_t i = 0; i < width; ++i) mean[i] += (double)x[r * width + i] / (double)count;
    for (int64_t r = 0; r < count; ++r) {
        for (int64_t i = 0; i < width; ++i) centred[i] = (double)x[r * width + i] - mean[i];
        for (int64_t i = 0; i < width; ++i) {
            double factor = centred[i] / (double)(count - 1);
            for (int64_t j = 0; j < width; ++j) covariance[i * width + j] += factor * centred[j];
        }
    }
}

ad_status ad_frechet_distance(ad_context *ctx, const float *a, int64_t a_count, const float *b,
                              int64_t b_count, int64_t width, double *distance)
{
    int64_t numbers = 2 * width * width + 3 * width;
    if (a_count < 2 || b_count < 2 || width < 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "a Frechet distance is of two rows of each at least, and of one feature");
    *distance = NAN;
    if (!all_finite(a, a_count * width) || !all_finite(b, b_count * width)) return AD_OK;
    double *mean_a = ad_alloc(ctx, ad_bytes(numbers, sizeof(double)));
    if (!mean_a)
        return ad_fail(ctx, AD_ERROR_MEMORY, "no memory for %lld x %lld covariances",
                       (long long)width, (long long)width);
    double *mean_b = mean_a + width, *centred = mean_b + width, *of_a = centred + width,
           *of_b = of_a + width * width;
    moments(a, a_count, width, mean_a, of_a, centred);
    moments(b, b_count, width, mean_b, of_b, centred);
    ad_status status = ad_frechet_of_moments(ctx, mean_a, of_a, mean_b, of_b, width, distance);
    ad_free(ctx, mean_a, ad_bytes(numbers, sizeof(double)));
    return status;
}
