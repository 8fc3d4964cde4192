/* scores.c - how right a network is about items that have one label, or several at once. */
#include "zoo/graph/graph.h"

ad_status graph_scores_new(ad_context *ctx, graph_scores *s, const graph_model *m)
{
    *s = (graph_scores){0};
    return m->several ? ad_label_scores_new(&s->several, ctx, m->classes)
                      : ad_class_scores_new(&s->one, ctx, m->classes, NULL);
}

void graph_scores_free(graph_scores *s)
{
    ad_class_scores_free(s->one);
    ad_label_scores_free(s->several);
    *s = (graph_scores){0};
}

void graph_scores_clear(graph_scores *s)
{
    if (s->one) ad_class_scores_clear(s->one);
    if (s->several) ad_label_scores_clear(s->several);
}

ad_status graph_scores_add(graph_scores *s, const graph_batch *b, const float *logits)
{
    int classes = b->set->classes;
    if (s->one) return ad_class_scores_add(s->one, logits, b->label, b->items);
    for (int64_t i = 0; i < b->items; ++i)
        if (b->weight[i] > 0)
            ad_label_scores_add(s->several, logits + i * classes, b->target + i * classes, 1);
    return AD_OK;
}

ad_status graph_scores_result(const graph_scores *s, graph_result *r)
{
    if (s->several) {
        ad_label_result of = ad_label_scores_result(s->several);
        *r = (graph_result){"micro_f1", of.micro_f1, of.loss, of.count};
        return AD_OK;
    }
    ad_class_result of;
    ad_status status = ad_class_scores_result(s->one, &of);
    *r = (graph_result){"accuracy", of.accuracy, of.loss, of.count};
    return status;
}
