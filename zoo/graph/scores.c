/* scores.c - accuracy, mean loss, and micro-F1 where a node can be of several classes. */
#include "zoo/graph/graph.h"

#include <math.h>

int graph_best(const float *logits, int classes)
{
    int best = 0;
    for (int c = 1; c < classes; ++c)
        if (logits[c] > logits[best]) best = c;
    return best;
}

void graph_probabilities(const float *logits, int classes, bool several, double *p)
{
    double sum = 0, top = (double)logits[graph_best(logits, classes)];
    for (int c = 0; c < classes; ++c) {
        p[c] = several ? 1 / (1 + exp(-(double)logits[c])) : exp((double)logits[c] - top);
        sum += p[c];
    }
    for (int c = 0; c < classes && !several; ++c) p[c] /= sum;
}

static void score_several(graph_scores *s, int classes, const float *logits, const float *target)
{
    for (int c = 0; c < classes; ++c) {
        double x = (double)logits[c], t = (double)target[c];
        s->loss += (fmax(x, 0) + log1p(exp(-fabs(x))) - x * t) / classes;
        s->hits += x > 0 && t > 0;
        s->alarms += x > 0 && t <= 0;
        s->misses += x <= 0 && t > 0;
    }
}

static void score_one(graph_scores *s, int classes, const float *logits, int label,
                      int64_t *confusion)
{
    int best = graph_best(logits, classes);
    double sum = 0;
    for (int c = 0; c < classes; ++c) sum += exp((double)logits[c] - (double)logits[best]);
    s->loss += log(fmax(sum, 1)) + (double)logits[best] - (double)logits[label];
    s->right += best == label;
    if (confusion) ++confusion[label * classes + best];
}

void graph_score(graph_scores *s, const graph_model *m, const graph_batch *b, const float *logits,
                 int64_t *confusion)
{
    for (int64_t i = 0; i < b->items; ++i) {
        const float *row = logits + i * m->classes;
        if (m->several ? b->weight[i] <= 0 : b->label[i] < 0) continue;
        ++s->items;
        if (m->several)
            score_several(s, m->classes, row, b->target + i * m->classes);
        else
            score_one(s, m->classes, row, b->label[i], confusion);
    }
}

double graph_accuracy(const graph_scores *s)
{
    double errors = (double)(s->misses + s->alarms), hits = 2 * (double)s->hits;
    if (hits + errors > 0) return hits / (hits + errors);
    return s->items ? (double)s->right / (double)s->items : NAN;
}
