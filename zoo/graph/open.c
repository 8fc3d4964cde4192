/* open.c - a trained network, and the data that it is shown. */
#include "zoo/graph/graph.h"

static ad_status check(const graph_job *g, const char *path)
{
    ad_context *ctx = g->job.ctx;
    const graph_model *m = g->job.model;
    const ad_graph_set *set = g->set;
    if (set->features != m->features)
        return ad_error_set(ctx, AD_ERROR_SHAPE, "%s: expects %lld features, the data have %lld",
                            path, (long long)m->features, (long long)set->features);
    if (set->of_graphs != m->of_graphs)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "%s: classifies %s, the data label %s", path,
                            m->of_graphs ? "graphs" : "nodes", set->of_graphs ? "graphs" : "nodes");
    if (set->classes != m->classes)
        return ad_error_set(ctx, AD_ERROR_SHAPE, "%s: distinguishes %d classes, the data have %d",
                            path, m->classes, set->classes);
    return AD_OK;
}

ad_status graph_attach(graph_job *g, const char *path)
{
    graph_model *m = g->job.model;
    const graph_source *source = ad_job_value(&g->job, &graph_source_record);
    ad_status status = graph_read(g->job.ctx, source, (graph_part){0}, &g->set);
    if (!status) status = check(g, path);
    if (!status && !m->raw && !source->raw) ad_graph_set_normalise(g->set);
    if (!status) status = graph_scores_new(g->job.ctx, &g->scores, m);
    if (status || ad_file_metadata(ad_trained_file(&g->job), "graph.model")) return status;
    m->several = g->set->targets != NULL; /* a file of PyTorch's does not say */
    return graph_model_texts(g->job.ctx, m, g->set->class_names, g->set->classes);
}
