/* regression.c - numbers against numbers. */
#include "score/ranks.h"

#include <autodidact/scores.h>
#include <math.h>

/* Pearson's correlation, in two passes, so that large means cost no digits. */
static double correlation(const double *a, const double *b, int64_t count)
{
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    bool varies_a = false, varies_b = false; /* told from the values: their mean is rounded */
    for (int64_t i = 0; i < count; ++i) {
        ma += a[i], mb += b[i];
        varies_a |= a[i] != a[0], varies_b |= b[i] != b[0];
    }
    if (!varies_a || !varies_b) return NAN;
    ma /= (double)count, mb /= (double)count;
    for (int64_t i = 0; i < count; ++i) {
        double x = a[i] - ma, y = b[i] - mb;
        aa += x * x, bb += y * y, ab += x * y;
    }
    return fmax(-1, fmin(1, ab / (sqrt(aa) * sqrt(bb))));
}

static void errors(const float *predicted, const float *truth, int64_t count,
                   ad_regression_result *r)
{
    double mean = 0, squared = 0, absolute = 0, deviation = 0, n = (double)count;
    for (int64_t i = 0; i < count; ++i) mean += (double)truth[i];
    mean /= n;
    bool constant = true;
    for (int64_t i = 0; i < count; ++i) {
        double e = (double)predicted[i] - (double)truth[i], d = (double)truth[i] - mean;
        squared += e * e, absolute += fabs(e), deviation += d * d;
        constant &= truth[i] == truth[0];
    }
    r->mse = squared / n, r->rmse = sqrt(r->mse), r->mae = absolute / n;
    r->r2 = constant ? (squared > 0 ? 0 : 1) : 1 - squared / deviation;
}

/* Mean ranks, from 1 on. */
static bool ranks_of(ad_context *ctx, const float *values, int64_t count, double *rank)
{
    ad_ranked *all = ad_rank(ctx, values, NULL, count);
    for (int64_t i = 0, end; all && i < count; i = end) {
        end = ad_rank_ties(all, i, count);
        for (int64_t k = i; k < end; ++k) rank[all[k].index] = (double)(i + end + 1) / 2;
    }
    ad_free(ctx, all, ad_rank_bytes(count));
    return all != NULL;
}

ad_status ad_regression_scores(ad_context *ctx, const float *predicted, const float *truth,
                               int64_t count, ad_regression_result *r)
{
    *r = (ad_regression_result){count, 0, NAN, NAN, NAN, NAN, NAN, NAN};
    for (int64_t i = 0; i < count; ++i)
        r->not_finite += !isfinite(predicted[i]) || !isfinite(truth[i]);
    if (count <= 0 || r->not_finite) return AD_OK;
    size_t bytes = ad_bytes(2 * count, sizeof(double));
    double *both = ad_alloc(ctx, bytes);
    if (!both) return AD_ERROR_MEMORY;
    errors(predicted, truth, count, r);
    for (int64_t i = 0; i < count; ++i)
        both[i] = (double)predicted[i], both[count + i] = (double)truth[i];
    r->pearson = correlation(both, both + count, count);
    bool ranked = ranks_of(ctx, predicted, count, both) &&
                  ranks_of(ctx, truth, count, both + count);
    if (ranked) r->spearman = correlation(both, both + count, count);
    ad_free(ctx, both, bytes);
    return ranked ? AD_OK : AD_ERROR_MEMORY;
}
