/* frechet.c - the distance of two normal distributions (Frechet 1957; Dowson & Landau 1982), of
 * features of made and of real pictures: Heusel et al. 2017, "FID".
 *
 *     d = |ma - mb|^2 + tr(A + B - 2 (F^T B F)^1/2)        A = F F^T
 *
 * The product in the root is symmetric, unlike A B, so no eigenvalue is complex; those that
 * rounding takes below 0 count as 0. Any factor F of A gives the same trace. Of fewer rows than
 * features it is the rows themselves, so that nothing of what they lack is rounded into being, and
 * the eigenvalues are as many as the rows; else Cholesky's. */
#include "score/products.h"
#include "score/symmetric.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 1024 /* rows whose part of a covariance is computed at once */ };

static double trace(const double *a, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += a[i * n + i];
    return sum;
}

/* tr (F^T B F)^1/2 of factor [n, rank] and b [n, n]. */
static ad_status trace_of_root(ad_context *ctx, const double *factor, int64_t rank, const double *b,
                               int64_t n, const ad_watcher *watcher, double *sum)
{
    *sum = 0;
    if (!rank) return AD_OK;
    size_t bytes = ad_bytes(n * rank + rank * rank + rank, sizeof(double));
    double *half = ad_alloc(ctx, bytes);
    if (!half) return AD_ERROR_MEMORY;
    double *whole = half + n * rank, *value = whole + rank * rank;
    ad_status status = ad_product_f64(ctx, b, false, factor, n, n, rank, half);
    if (!status) status = ad_product_f64(ctx, factor, true, half, rank, n, rank, whole);
    if (!status) status = ad_symmetric_values(ctx, whole, rank, value, watcher);
    for (int64_t i = 0; i < rank && !status; ++i) *sum += sqrt(fmax(0, value[i]));
    ad_free(ctx, half, bytes);
    return status;
}

static ad_status by_factor_of(ad_context *ctx, const double *a, const double *b, int64_t n,
                              const ad_watcher *watcher, double *sum)
{
    size_t bytes = ad_bytes(n * n, sizeof(double));
    double *factor = ad_alloc(ctx, bytes);
    int64_t rank = 0;
    if (!factor) return AD_ERROR_MEMORY;
    ad_status status = ad_symmetric_factor(ctx, a, n, factor, &rank);
    if (!status) status = trace_of_root(ctx, factor, rank, b, n, watcher, sum);
    ad_free(ctx, factor, bytes);
    return status;
}

static double squared_distance(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

ad_status ad_frechet_of_moments(ad_context *ctx, const double *mean_a, const double *a,
                                const double *mean_b, const double *b, int64_t n, double *distance)
{
    double root;
    ad_status status = by_factor_of(ctx, a, b, n, NULL, &root);
    if (!status)
        *distance = squared_distance(mean_a, mean_b, n) + trace(a, n) + trace(b, n) - 2 * root;
    return status;
}

/* ---- of rows ---- */

/* Rows from `first` on, less their mean, times scale: [count, width]. */
static void centred(const ad_feature_rows *x, const double *mean, double scale, int64_t first,
                    int64_t count, double *to)
{
    int64_t width = x->width;
    for (int64_t r = 0; r < count; ++r)
        for (int64_t i = 0; i < width; ++i) {
            int64_t at = (first + r) * width + i;
            double value = x->features ? (double)x->features[at] : (double)x->bytes[at] / 255;
            to[r * width + i] = (value - mean[i]) * scale;
        }
}

/* The unbiased covariance [width, width]. */
static ad_status find_covariance(ad_context *ctx, const ad_feature_rows *x, const double *mean,
                                 double *covariance)
{
    int64_t width = x->width, chunk = x->count < CHUNK ? x->count : CHUNK;
    size_t bytes = ad_bytes(chunk * width + width * width, sizeof(double));
    double *rows = ad_alloc(ctx, bytes), scale = 1 / sqrt((double)(x->count - 1));
    if (!rows) return AD_ERROR_MEMORY;
    double *part = rows + chunk * width;
    ad_status status = AD_OK;
    memset(covariance, 0, (size_t)(width * width) * sizeof *covariance);
    for (int64_t first = 0; first < x->count && !status; first += chunk) {
        int64_t count = x->count - first < chunk ? x->count - first : chunk;
        centred(x, mean, scale, first, count, rows);
        status = ad_product_f64(ctx, rows, true, rows, width, count, width, part);
        for (int64_t i = 0; i < width * width && !status; ++i) covariance[i] += part[i];
    }
    ad_free(ctx, rows, bytes);
    return status;
}

/* The rows are the factor: [width, count] */
static ad_status by_rows_of(ad_context *ctx, const ad_feature_rows *a, const double *mean,
                            const double *b, const ad_watcher *watcher, double *sum)
{
    int64_t n = a->width, count = a->count;
    size_t bytes = ad_bytes(2 * n * count, sizeof(double));
    double *rows = ad_alloc(ctx, bytes);
    if (!rows) return AD_ERROR_MEMORY;
    double *factor = rows + n * count;
    centred(a, mean, 1 / sqrt((double)(count - 1)), 0, count, rows);
    for (int64_t r = 0; r < count; ++r)
        for (int64_t i = 0; i < n; ++i) factor[i * count + r] = rows[r * n + i];
    ad_status status = trace_of_root(ctx, factor, count, b, n, watcher, sum);
    ad_free(ctx, rows, bytes);
    return status;
}

/* `memory`: [2 width (width + 1)] */
static ad_status find_distance(ad_context *ctx, const ad_feature_rows *a, const ad_feature_rows *b,
                               const ad_watcher *watcher, double *memory, double *distance)
{
    int64_t n = a->width;
    double *mean_a = memory, *mean_b = mean_a + n, *of_a = mean_b + n, *of_b = of_a + n * n, root;
    ad_column_means(a, mean_a), ad_column_means(b, mean_b);
    ad_status status = find_covariance(ctx, a, mean_a, of_a);
    if (!status) status = find_covariance(ctx, b, mean_b, of_b);
    if (!status)
        status = a->count <= n ? by_rows_of(ctx, a, mean_a, of_b, watcher, &root)
                               : by_factor_of(ctx, of_a, of_b, n, watcher, &root);
    if (!status)
        *distance = squared_distance(mean_a, mean_b, n) + trace(of_a, n) + trace(of_b, n) -
                    2 * root;
    return status;
}

ad_status ad_frechet_distance(ad_context *ctx, const ad_feature_rows *a, const ad_feature_rows *b,
                              const ad_watcher *watcher, double *distance)
{
    int64_t width = a->width, numbers = 2 * width * (width + 1);
    if (a->count < 2 || b->count < 2 || width < 1 || b->width != width)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "a Frechet distance is of two rows of each at least, and of one feature");
    *distance = NAN;
    if (!ad_rows_finite(a) || !ad_rows_finite(b)) return AD_OK;
    double *memory = ad_alloc(ctx, ad_bytes(numbers, sizeof(double)));
    if (!memory)
        return ad_fail(ctx, AD_ERROR_MEMORY, "no memory for %lld x %lld covariances",
                       (long long)width, (long long)width);
    bool turn = b->count < a->count; /* the fewer rows are the factor */
    ad_status status = find_distance(ctx, turn ? b : a, turn ? a : b, watcher, memory, distance);
    ad_free(ctx, memory, ad_bytes(numbers, sizeof(double)));
    return status;
}
