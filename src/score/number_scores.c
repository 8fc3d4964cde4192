/* number_scores.c - pairs of numbers gathered from batches; their scores want all of them at once,
 * because of the ranks. */
#include "base/context.h"

#include <autodidact/scores.h>

struct ad_number_scores {
    ad_context *ctx;
    double *value[2]; /* predicted, truth: [capacity], as plots take them */
    int64_t count, capacity[2];
};

ad_status ad_number_scores_new(ad_number_scores **out, ad_context *ctx)
{
    *out = ad_zalloc(ctx, sizeof **out);
    if (!*out) return AD_ERROR_MEMORY;
    (*out)->ctx = ctx;
    return AD_OK;
}

void ad_number_scores_free(ad_number_scores *s)
{
    if (!s) return;
    for (int i = 0; i < 2; ++i)
        ad_free(s->ctx, s->value[i], (size_t)s->capacity[i] * sizeof *s->value[i]);
    ad_free(s->ctx, s, sizeof *s);
}

void ad_number_scores_clear(ad_number_scores *s)
{
    s->count = 0;
}

ad_status ad_number_scores_add(ad_number_scores *s, const float *predicted, const float *truth,
                               int64_t count)
{
    const float *from[2] = {predicted, truth};
    if (count < 1) return AD_OK;
    for (int i = 0; i < 2; ++i) {
        double *more = ad_grow(s->ctx, s->value[i], &s->capacity[i], s->count + count,
                               sizeof *more);
        if (!more) return AD_ERROR_MEMORY;
        s->value[i] = more;
        for (int64_t k = 0; k < count; ++k) more[s->count + k] = (double)from[i][k];
    }
    s->count += count;
    return AD_OK;
}

ad_status ad_number_scores_result(const ad_number_scores *s, ad_regression_result *result)
{
    size_t bytes = ad_bytes(2 * s->count, sizeof(float));
    float *both = ad_alloc(s->ctx, bytes);
    if (!both) return AD_ERROR_MEMORY;
    for (int i = 0; i < 2; ++i)
        for (int64_t k = 0; k < s->count; ++k) both[i * s->count + k] = (float)s->value[i][k];
    ad_status status = ad_regression_scores(s->ctx, both, both + s->count, s->count, result);
    ad_free(s->ctx, both, bytes);
    return status;
}

int64_t ad_number_scores_count(const ad_number_scores *s)
{
    return s->count;
}

const double *ad_number_scores_predicted(const ad_number_scores *s)
{
    return s->value[0];
}

const double *ad_number_scores_truth(const ad_number_scores *s)
{
    return s->value[1];
}
