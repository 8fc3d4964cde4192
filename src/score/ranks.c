/* ranks.c - sorting with ties; the area under the ROC curve and average precision, which follow
 * from it. */
#include "score/ranks.h"

#include <autodidact/scores.h>
#include <math.h>
#include <stdlib.h>

static int rising(const void *a, const void *b)
{
    const ad_ranked *x = a, *y = b;
    int order = ad_compare_numbers((double)x->value, (double)y->value);
    if (order) return order;
    return (x->index > y->index) - (x->index < y->index);
}

size_t ad_rank_bytes(int64_t count)
{
    return ad_bytes(count + 1, sizeof(ad_ranked));
}

ad_ranked *ad_rank(ad_context *ctx, const float *values, const int32_t *labels, int64_t count)
{
    ad_ranked *all = ad_alloc(ctx, ad_rank_bytes(count));
    if (!all) return NULL;
    for (int64_t i = 0; i < count; ++i) all[i] = (ad_ranked){values[i], labels ? labels[i] : 0, i};
    qsort(all, (size_t)count, sizeof *all, rising);
    return all;
}

int64_t ad_rank_ties(const ad_ranked *ranked, int64_t from, int64_t count)
{
    int64_t end = from + 1;
    while (end < count && ranked[end].value == ranked[from].value) ++end;
    return end;
}

static bool any_nan(const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        if (isnan(values[i])) return true;
    return false;
}

/* With the mean rank r of each positive, P of them and N negatives:
 * area = (sum of r - P (P + 1) / 2) / (P N). */
static double area_of(const ad_ranked *all, int64_t count)
{
    double ranks = 0, positives = 0;
    for (int64_t i = 0, end; i < count; i = end) {
        end = ad_rank_ties(all, i, count);
        for (int64_t k = i; k < end; ++k)
            if (all[k].label > 0) ranks += (double)(i + end + 1) / 2, ++positives;
    }
    double negatives = (double)count - positives;
    if (positives <= 0 || negatives <= 0) return NAN;
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives);
}

static double precision_of(const ad_ranked *all, int64_t count)
{
    double sum = 0, positives = 0, seen = 0;
    for (int64_t end = count, from; end > 0; end = from) {
        double found = 0;
        for (from = end - 1; from > 0 && all[from - 1].value == all[end - 1].value; --from) {
        }
        for (int64_t k = from; k < end; ++k) found += all[k].label > 0;
        positives += found, seen += (double)(end - from);
        sum += found * positives / seen;
    }
    return positives > 0 ? sum / positives : NAN;
}

static ad_status ranked_score(ad_context *ctx, const float *scores, const int32_t *labels,
                              int64_t count, double (*of)(const ad_ranked *, int64_t), double *out)
{
    *out = NAN;
    if (count <= 0 || any_nan(scores, count)) return AD_OK;
    ad_ranked *all = ad_rank(ctx, scores, labels, count);
    if (!all) return AD_ERROR_MEMORY;
    *out = of(all, count);
    ad_free(ctx, all, ad_rank_bytes(count));
    return AD_OK;
}

ad_status ad_area_under_roc(ad_context *ctx, const float *scores, const int32_t *labels,
                            int64_t count, double *area)
{
    return ranked_score(ctx, scores, labels, count, area_of, area);
}

ad_status ad_average_precision(ad_context *ctx, const float *scores, const int32_t *labels,
                               int64_t count, double *precision)
{
    return ranked_score(ctx, scores, labels, count, precision_of, precision);
}
