/* scores.c - how well predictions fit the labels. */
#include "zoo/classify/classify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

ad_status classify_scores_new(ad_context *ctx, classify_scores *s, int classes, int64_t pictures)
{
    *s = (classify_scores){.classes = classes, .capacity = pictures};
    s->confusion = calloc((size_t)classes * (size_t)classes, sizeof *s->confusion);
    s->positive = malloc((size_t)(pictures + 1) * sizeof *s->positive);
    s->truth = malloc((size_t)(pictures + 1) * sizeof *s->truth);
    if (s->confusion && s->positive && s->truth) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for the scores of %d classes",
                        classes);
}

void classify_scores_free(classify_scores *s)
{
    free(s->confusion), free(s->positive), free(s->truth);
    *s = (classify_scores){0};
}

void classify_scores_clear(classify_scores *s)
{
    memset(s->confusion, 0, (size_t)s->classes * (size_t)s->classes * sizeof *s->confusion);
    s->loss_sum = 0, s->count = 0;
}

void classify_softmax(const float *logits, int classes, double *probability)
{
    double most = logits[0], sum = 0;
    for (int c = 1; c < classes; ++c) most = fmax(most, logits[c]);
    for (int c = 0; c < classes; ++c) sum += probability[c] = exp(logits[c] - most);
    for (int c = 0; c < classes; ++c) probability[c] /= sum;
}

void classify_scores_add(classify_scores *s, const float *logits, const int32_t *labels,
                         int64_t count)
{
    for (int64_t i = 0; i < count; ++i, logits += s->classes) {
        int best = 0;
        double sum = 0;
        for (int c = 1; c < s->classes; ++c)
            if (logits[c] > logits[best]) best = c;
        for (int c = 0; c < s->classes; ++c) sum += exp((double)logits[c] - logits[best]);
        s->loss_sum += log(fmax(sum, 1)) + logits[best] - logits[labels[i]];
        ++s->confusion[(int64_t)labels[i] * s->classes + best];
        if (s->classes == 2 && s->count < s->capacity) {
            s->positive[s->count] = logits[1] - logits[0];
            s->truth[s->count] = labels[i];
        }
        ++s->count;
    }
}

double classify_accuracy(const classify_scores *s)
{
    int64_t right = 0;
    for (int c = 0; c < s->classes; ++c) right += s->confusion[(int64_t)c * s->classes + c];
    return s->count ? (double)right / (double)s->count : NAN;
}

double classify_balanced_accuracy(const classify_scores *s)
{
    double sum = 0;
    int present = 0;
    for (int c = 0; c < s->classes; ++c) {
        const int64_t *row = s->confusion + (int64_t)c * s->classes;
        int64_t total = 0;
        for (int k = 0; k < s->classes; ++k) total += row[k];
        if (total) sum += (double)row[c] / (double)total, ++present;
    }
    return present ? sum / present : NAN;
}

typedef struct ranked {
    float score;
    int32_t truth;
} ranked;

static int by_score(const void *a, const void *b)
{
    float x = ((const ranked *)a)->score, y = ((const ranked *)b)->score;
    return (x > y) - (x < y);
}

/* Mann & Whitney: the chance that a picture of the second class scores above one of the first, ties
 * counting half. */
double classify_area(classify_scores *s)
{
    int64_t n = s->count < s->capacity ? s->count : s->capacity;
    ranked *all = s->classes == 2 && n ? malloc((size_t)n * sizeof *all) : NULL;
    if (!all) return NAN;
    for (int64_t i = 0; i < n; ++i) all[i] = (ranked){s->positive[i], s->truth[i]};
    qsort(all, (size_t)n, sizeof *all, by_score);
    double ranks = 0, ones = 0;
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && all[end].score == all[i].score; ++end) {
        }
        for (int64_t k = i; k < end; ++k)
            if (all[k].truth) ranks += (double)(i + end + 1) / 2, ++ones;
    }
    double zeros = (double)n - ones;
    free(all);
    return ones > 0 && zeros > 0 ? (ranks - ones * (ones + 1) / 2) / (ones * zeros) : NAN;
}
