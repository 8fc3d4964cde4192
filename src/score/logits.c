/* logits.c - what one row of logits says: probabilities, the best classes. */
#include <autodidact/scores.h>
#include <math.h>

int ad_compare_numbers(double a, double b)
{
    if (isnan(a) || isnan(b)) return (isnan(a) != 0) - (isnan(b) != 0);
    return (a > b) - (a < b);
}

int ad_best_class(const float *logits, int classes)
{
    int best = 0;
    for (int c = 1; c < classes; ++c)
        if (logits[c] > logits[best] || (isnan(logits[best]) && !isnan(logits[c]))) best = c;
    return best;
}

void ad_softmax_row(const float *logits, int classes, double *probability)
{
    double top = classes > 0 ? (double)logits[ad_best_class(logits, classes)] : 0, sum = 0;
    for (int c = 0; c < classes; ++c) sum += probability[c] = exp((double)logits[c] - top);
    for (int c = 0; c < classes; ++c) probability[c] /= sum;
}

void ad_sigmoid_row(const float *logits, int labels, double *probability)
{
    for (int c = 0; c < labels; ++c) probability[c] = 1 / (1 + exp(-(double)logits[c]));
}

/* Whether score a stands before score b. */
static bool better(const double *scores, int a, int b)
{
    double x = scores[a], y = scores[b];
    if (isnan(x) || isnan(y)) return isnan(x) == isnan(y) ? a < b : isnan(y);
    return x != y ? x > y : a < b;
}

/* order[0 .. k): a heap whose first is the worst of those kept. */
static void sink(const double *scores, int *order, int at, int k)
{
    for (int child; (child = 2 * at + 1) < k; at = child) {
        if (child + 1 < k && better(scores, order[child], order[child + 1])) ++child;
        if (!better(scores, order[at], order[child])) return;
        int worse = order[child];
        order[child] = order[at], order[at] = worse;
    }
}

int ad_top_classes(const double *scores, int count, int k, int *order)
{
    k = k < count ? k : count;
    if (k <= 0) return 0;
    for (int i = 0; i < k; ++i) order[i] = i;
    for (int i = k / 2 - 1; i >= 0; --i) sink(scores, order, i, k);
    for (int i = k; i < count; ++i)
        if (better(scores, i, order[0])) {
            order[0] = i;
            sink(scores, order, 0, k);
        }
    for (int left = k - 1; left > 0; --left) {
        int worst = order[0];
        order[0] = order[left], order[left] = worst;
        sink(scores, order, 0, left);
    }
    return k;
}
