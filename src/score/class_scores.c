/* class_scores.c - one label a row: counts per class, the confusion matrix, loss, calibration. */
#include "base/context.h"
#include "score/counts.h"

#include <math.h>
#include <string.h>

enum { BINS_MOST = 1000 };

typedef struct bin {
    int64_t rows, right;
    double probability; /* sum */
} bin;

struct ad_class_scores {
    ad_context *ctx;
    int classes, top_k, bins;
    int64_t *rows, *predicted, *right; /* [classes] each, one block */
    int64_t *confusion;                /* [classes, classes], or NULL */
    bin *bin;                          /* [bins] */
    int64_t count, not_finite, top_right;
    double loss;    /* sum */
    float *margin;  /* two classes: [capacity] second logit minus first, and */
    int32_t *label; /*   its label */
    int64_t kept, capacity;
};

static size_t class_bytes(const ad_class_scores *s)
{
    return ad_bytes(3 * (int64_t)s->classes, sizeof(int64_t));
}

static size_t confusion_bytes(const ad_class_scores *s)
{
    return ad_bytes((int64_t)s->classes * s->classes, sizeof(int64_t));
}

ad_status ad_class_scores_new(ad_class_scores **out, ad_context *ctx, int classes,
                              const ad_class_options *options)
{
    ad_class_options o = options ? *options : (ad_class_options){0};
    *out = NULL;
    if (classes < 1 || o.top_k < 0 || o.calibration_bins < 0 || o.calibration_bins > BINS_MOST)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "scores of %d classes, the %d best, %d bins of calibration: at least one "
                       "class, nothing negative, at most %d bins",
                       classes, o.top_k, o.calibration_bins, BINS_MOST);
    ad_class_scores *s = ad_zalloc(ctx, sizeof *s);
    if (!s) return AD_ERROR_MEMORY;
    s->ctx = ctx, s->classes = classes;
    s->top_k = o.top_k ? o.top_k : 5;
    s->bins = o.calibration_bins ? o.calibration_bins : 15;
    s->rows = ad_zalloc(ctx, class_bytes(s));
    s->bin = ad_zalloc(ctx, (size_t)s->bins * sizeof *s->bin);
    if (classes <= AD_CONFUSION_CLASSES) s->confusion = ad_zalloc(ctx, confusion_bytes(s));
    if (!s->rows || !s->bin || (classes <= AD_CONFUSION_CLASSES && !s->confusion)) {
        ad_class_scores_free(s);
        return AD_ERROR_MEMORY;
    }
    s->predicted = s->rows + classes, s->right = s->predicted + classes;
    *out = s;
    return AD_OK;
}

void ad_class_scores_free(ad_class_scores *s)
{
    if (!s) return;
    ad_free(s->ctx, s->rows, class_bytes(s));
    ad_free(s->ctx, s->bin, (size_t)s->bins * sizeof *s->bin);
    ad_free(s->ctx, s->confusion, confusion_bytes(s));
    ad_free(s->ctx, s->margin, ad_bytes(s->capacity, sizeof *s->margin));
    ad_free(s->ctx, s->label, ad_bytes(s->capacity, sizeof *s->label));
    ad_free(s->ctx, s, sizeof *s);
}

void ad_class_scores_clear(ad_class_scores *s)
{
    memset(s->rows, 0, class_bytes(s));
    memset(s->bin, 0, (size_t)s->bins * sizeof *s->bin);
    if (s->confusion) memset(s->confusion, 0, confusion_bytes(s));
    s->count = s->not_finite = s->top_right = s->kept = 0;
    s->loss = 0;
}

/* Room for the margins of `more` rows; both arrays grow or neither counts as grown. */
static ad_status make_room(ad_class_scores *s, int64_t more)
{
    if (s->classes != 2 || s->kept + more <= s->capacity) return AD_OK;
    int64_t capacity = 2 * s->capacity + more + 64;
    float *margin = ad_alloc(s->ctx, ad_bytes(capacity, sizeof *margin));
    int32_t *label = ad_alloc(s->ctx, ad_bytes(capacity, sizeof *label));
    if (!margin || !label) {
        ad_free(s->ctx, margin, ad_bytes(capacity, sizeof *margin));
        ad_free(s->ctx, label, ad_bytes(capacity, sizeof *label));
        return AD_ERROR_MEMORY;
    }
    if (s->kept) {
        memcpy(margin, s->margin, (size_t)s->kept * sizeof *margin);
        memcpy(label, s->label, (size_t)s->kept * sizeof *label);
    }
    ad_free(s->ctx, s->margin, ad_bytes(s->capacity, sizeof *margin));
    ad_free(s->ctx, s->label, ad_bytes(s->capacity, sizeof *label));
    s->margin = margin, s->label = label, s->capacity = capacity;
    return AD_OK;
}

static bool finite_row(const float *logits, int classes)
{
    bool some = false;
    for (int c = 0; c < classes; ++c) {
        if (isnan(logits[c]) || logits[c] == INFINITY) return false;
        some |= logits[c] != -INFINITY;
    }
    return some;
}

/* Classes that stand before the label in the order of falling logits. */
static int place_of(const float *logits, int classes, int label)
{
    int place = 0;
    for (int c = 0; c < classes; ++c)
        place += logits[c] > logits[label] || (logits[c] == logits[label] && c < label);
    return place;
}

static void add_row(ad_class_scores *s, const float *logits, int32_t label)
{
    int best = ad_best_class(logits, s->classes);
    double sum = 0, top = (double)logits[best];
    for (int c = 0; c < s->classes; ++c) sum += exp((double)logits[c] - top);
    s->loss += log(fmax(sum, 1)) + (top - (double)logits[label]);
    ++s->rows[label], ++s->predicted[best];
    if (best == label) ++s->right[label];
    if (s->confusion) ++s->confusion[(int64_t)label * s->classes + best];
    s->top_right += place_of(logits, s->classes, label) < s->top_k;
    /* bins are open below and closed above; the best class has at least 1 / classes */
    double p = 1 / sum;
    int at = (int)ceil(p * s->bins) - 1;
    bin *b = &s->bin[at < 0 ? 0 : at < s->bins ? at : s->bins - 1];
    ++b->rows, b->probability += p, b->right += best == label;
    if (s->classes == 2) {
        s->margin[s->kept] = logits[1] - logits[0];
        s->label[s->kept++] = label;
    }
}

ad_status ad_class_scores_add(ad_class_scores *s, const float *logits, const int32_t *labels,
                              int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        if (labels[i] >= s->classes)
            return ad_fail(s->ctx, AD_ERROR_ARGUMENT, "label %d of row %lld: there are %d classes",
                           (int)labels[i], (long long)i, s->classes);
    ad_status status = make_room(s, count);
    for (int64_t i = 0; i < count && !status; ++i) {
        const float *row = logits + i * s->classes;
        if (labels[i] < 0) continue;
        ++s->count;
        if (finite_row(row, s->classes))
            add_row(s, row, labels[i]);
        else
            ++s->not_finite;
    }
    return status;
}

ad_class_score ad_class_scores_of(const ad_class_scores *s, int which)
{
    return ad_score_of_counts(s->rows[which], s->predicted[which], s->right[which]);
}

static void means_over_classes(const ad_class_scores *s, ad_class_result *r)
{
    double present = 0, used = 0, right = 0;
    for (int c = 0; c < s->classes; ++c) {
        ad_class_score of = ad_class_scores_of(s, c);
        if (!of.rows && !of.predicted) continue;
        ++used, present += of.rows > 0, right += (double)of.right;
        r->balanced_accuracy += ad_score_or_zero(of.recall);
        r->macro_precision += ad_score_or_zero(of.precision),
            r->macro_recall += ad_score_or_zero(of.recall);
        r->macro_f1 += ad_score_or_zero(of.f1);
        r->weighted_f1 += ad_score_or_zero(of.f1) * (double)of.rows;
    }
    r->accuracy = right / (double)s->count;
    r->balanced_accuracy /= present;
    r->macro_precision /= used, r->macro_recall /= used, r->macro_f1 /= used;
    r->weighted_f1 /= (double)s->count;
}

static double calibration(const ad_class_scores *s)
{
    double error = 0;
    for (int i = 0; i < s->bins; ++i)
        error += fabs((double)s->bin[i].right - s->bin[i].probability);
    return error / (double)s->count;
}

ad_status ad_class_scores_result(const ad_class_scores *s, ad_class_result *r)
{
    *r = (ad_class_result){.count = s->count,
                           .not_finite = s->not_finite,
                           .loss = NAN,
                           .accuracy = NAN,
                           .top_k_accuracy = NAN,
                           .balanced_accuracy = NAN,
                           .macro_precision = NAN,
                           .macro_recall = NAN,
                           .macro_f1 = NAN,
                           .weighted_f1 = NAN,
                           .area_under_roc = NAN,
                           .average_precision = NAN,
                           .calibration_error = NAN};
    if (!s->count || s->not_finite) return AD_OK;
    r->balanced_accuracy = r->macro_precision = r->macro_recall = r->macro_f1 = r->weighted_f1 = 0;
    means_over_classes(s, r);
    r->loss = s->loss / (double)s->count;
    r->top_k_accuracy = ad_score_ratio(s->top_right, s->count);
    r->calibration_error = calibration(s);
    if (s->classes != 2) return AD_OK;
    ad_status status = ad_area_under_roc(s->ctx, s->margin, s->label, s->kept, &r->area_under_roc);
    return status
               ? status
               : ad_average_precision(s->ctx, s->margin, s->label, s->kept, &r->average_precision);
}

const int64_t *ad_class_scores_confusion(const ad_class_scores *s)
{
    return s->confusion;
}

int ad_class_scores_classes(const ad_class_scores *s)
{
    return s->classes;
}
