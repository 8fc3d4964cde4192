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
    const graph_choice *c = ad_job_value(&g->job, &graph_choice_record);
    const graph_reading how = {.part = {g->job.part.fold, g->job.part.folds, c->validation},
                               .features = m->features,
                               .raw = m->raw,
                               .watcher = g->job.watcher};
    ad_status status = graph_read(g->job.ctx, source, &how, &g->set);
    if (!status) status = check(g, path);
    if (!status) status = graph_check_weights(g);
    if (!status) status = graph_scores_new(g->job.ctx, &g->scores, m);
    if (status || ad_file_metadata(ad_trained_file(&g->job), "graph.model")) return status;
    m->several = g->set->targets != NULL; /* a file of PyTorch's does not say */
    return graph_model_texts(g->job.ctx, m, g->set->class_names, g->set->classes);
}

ad_status graph_find_node(const graph_job *g, const char *name, int64_t *node)
{
    ad_status status = ad_graph_set_find(g->set, name, node);
    return status ? ad_error_set(g->job.ctx, status, "--node: %s", ad_error(g->job.ctx)) : AD_OK;
}
