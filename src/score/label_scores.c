/* label_scores.c - rows that several labels may fit at once. */
#include "base/context.h"
#include "score/counts.h"

#include <math.h>
#include <string.h>

struct ad_label_scores {
    ad_context *ctx;
    int labels;
    int64_t *rows, *predicted, *right; /* [labels] each, one block: present, predicted, both */
    int64_t count, not_finite, whole;  /* whole: rows with every label right */
    double loss;                       /* sum of the rows' means */
};

static size_t label_bytes(const ad_label_scores *s)
{
    return ad_bytes(3 * (int64_t)s->labels, sizeof(int64_t));
}

ad_status ad_label_scores_new(ad_label_scores **out, ad_context *ctx, int labels)
{
    *out = NULL;
    if (labels < 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "scores of %d labels: at least one", labels);
    ad_label_scores *s = ad_zalloc(ctx, sizeof *s);
    if (!s) return AD_ERROR_MEMORY;
    s->ctx = ctx, s->labels = labels;
    s->rows = ad_zalloc(ctx, label_bytes(s));
    if (!s->rows) {
        ad_label_scores_free(s);
        return AD_ERROR_MEMORY;
    }
    s->predicted = s->rows + labels, s->right = s->predicted + labels;
    *out = s;
    return AD_OK;
}

void ad_label_scores_free(ad_label_scores *s)
{
    if (!s) return;
    ad_free(s->ctx, s->rows, label_bytes(s));
    ad_free(s->ctx, s, sizeof *s);
}

void ad_label_scores_clear(ad_label_scores *s)
{
    memset(s->rows, 0, label_bytes(s));
    s->count = s->not_finite = s->whole = 0, s->loss = 0;
}

static void add_row(ad_label_scores *s, const float *logits, const float *targets)
{
    bool whole = true;
    double loss = 0;
    for (int c = 0; c < s->labels; ++c) {
        double x = (double)logits[c], t = (double)targets[c];
        bool is = t > 0, taken = x > 0;
        /* -t log p - (1 - t) log(1 - p); without 0 * infinity where p is 0 or 1 */
        loss += log1p(exp(-fabs(x))) + (x > 0 ? (t < 1 ? x * (1 - t) : 0) : (t > 0 ? -x * t : 0));
        s->rows[c] += is, s->predicted[c] += taken, s->right[c] += is && taken;
        whole &= is == taken;
    }
    s->loss += loss / s->labels, s->whole += whole;
}

void ad_label_scores_add(ad_label_scores *s, const float *logits, const float *targets,
                         int64_t count)
{
    for (int64_t i = 0; i < count; ++i, logits += s->labels, targets += s->labels) {
        bool nan = false;
        for (int c = 0; c < s->labels; ++c) nan |= isnan(logits[c]) || isnan(targets[c]);
        ++s->count;
        if (nan)
            ++s->not_finite;
        else
            add_row(s, logits, targets);
    }
}

ad_class_score ad_label_scores_of(const ad_label_scores *s, int which)
{
    return ad_score_of_counts(s->rows[which], s->predicted[which], s->right[which]);
}

ad_label_result ad_label_scores_result(const ad_label_scores *s)
{
    ad_label_result r = {s->count, s->not_finite, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    int64_t rows = 0, predicted = 0, right = 0;
    if (!s->count || s->not_finite) return r;
    r.macro_precision = r.macro_recall = r.macro_f1 = 0;
    for (int c = 0; c < s->labels; ++c) {
        ad_class_score of = ad_label_scores_of(s, c);
        rows += of.rows, predicted += of.predicted, right += of.right;
        r.macro_precision += ad_score_or_zero(of.precision) / s->labels;
        r.macro_recall += ad_score_or_zero(of.recall) / s->labels;
        r.macro_f1 += ad_score_or_zero(of.f1) / s->labels;
    }
    r.micro_precision = ad_score_or_zero(ad_score_ratio(right, predicted));
    r.micro_recall = ad_score_or_zero(ad_score_ratio(right, rows));
    r.micro_f1 = ad_score_or_zero(ad_score_ratio(2 * right, rows + predicted));
    r.loss = s->loss / (double)s->count;
    r.subset_accuracy = ad_score_ratio(s->whole, s->count);
    return r;
}
