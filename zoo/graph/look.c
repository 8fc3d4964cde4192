/* look.c - what a network computes inside, for pictures. */
#include "zoo/graph/drawing.h"

int64_t graph_chosen_node(const graph_look *l)
{
    const ad_graph_set *set = l->set;
    int64_t best = 0, degree = set->edge_start[1];
    for (int64_t i = 1; i < set->nodes; ++i) {
        int64_t n = set->edge_start[i + 1] - set->edge_start[i];
        bool more = n > degree && n <= GRAPH_AROUND;
        bool fewer = degree > GRAPH_AROUND && n < degree;
        if (more || fewer) best = i, degree = n;
    }
    return best;
}

static ad_status compute(graph_look *l, const graph_model *m, ad_vars *vars)
{
    ad_node *outputs[GRAPH_LAYERS + 2];
    graph_inside inside = {0};
    int64_t first = 0;
    int count = 0;
    graph_inputs in = graph_declare_inputs(l->graph, m, l->batch.room);
    outputs[count++] = graph_network(m, vars, &in, NULL, &inside);
    outputs[count++] = inside.embedding;
    for (int i = 0; i < m->layers; ++i)
        if (inside.attention[i]) outputs[count++] = inside.attention[i];
    ad_status status = ad_compile(&l->program, l->ctx, outputs, count, NULL);
    if (!status) status = graph_batch_bind(&l->batch, l->program);
    graph_batch_fill(&l->batch, &first, 1, AD_GRAPH_NO_SPLIT);
    if (!status) status = ad_run(l->program);
    if (!status) status = ad_result_finite(l->program, inside.embedding, "the array of embeddings");
    for (int i = 0; i < m->layers && !status; ++i)
        if (inside.attention[i])
            status = ad_result_finite(l->program, inside.attention[i], "the attention");
    if (status) return status;
    l->embedding = ad_result(l->program, inside.embedding);
    l->width = ad_node_shape(inside.embedding).dim[1];
    for (int i = 0; i < m->layers; ++i) {
        l->heads[i] = m->heads[i];
        if (inside.attention[i]) l->attention[i] = ad_result(l->program, inside.attention[i]);
    }
    return AD_OK;
}

ad_status graph_look_open(graph_look *l, ad_context *ctx, const graph_model *m, ad_vars *vars,
                          const ad_graph_set *set)
{
    bool loops = graph_has_loops(m);
    *l = (graph_look){.ctx = ctx, .set = set, .layers = m->layers};
    if (!(l->graph = ad_graph_new(ctx))) return ad_error_status(ctx);
    ad_status status = graph_batch_new(&l->batch, set, graph_room(set, 1, loops), loops);
    return status ? status : compute(l, m, vars);
}

void graph_look_close(graph_look *l)
{
    ad_program_free(l->program);
    ad_graph_free(l->graph);
    graph_batch_free(&l->batch);
}

/* Frees the drawing. */
static ad_status put(ad_run_folder *run, const char *name, ad_status status, ad_drawing *d)
{
    const char *svg = status ? NULL : ad_drawing_svg(d);
    if (svg)
        status = ad_run_figure(run, name, svg);
    else if (!status)
        status = ad_error_status(ad_run_context(run));
    ad_drawing_free(d);
    return status;
}

static ad_status put_all(ad_run_folder *run, const graph_look *l)
{
    ad_drawing *d;
    ad_status status = graph_draw_embedding(l->ctx, l, &d);
    status = put(run, "embedding", status, d);
    if (status || !l->attention[0]) return status;
    status = graph_draw_neighbourhood(l->ctx, l, 0, graph_chosen_node(l), &d);
    status = put(run, "neighbourhood", status, d);
    if (status) return status;
    status = graph_draw_entropy(l->ctx, l, &d);
    return put(run, "entropy", status, d);
}

ad_status graph_report(ad_run_folder *run, const graph_model *m, ad_vars *vars,
                       const ad_graph_set *set)
{
    graph_look look;
    ad_status status = graph_look_open(&look, ad_run_context(run), m, vars, set);
    if (!status) status = put_all(run, &look);
    graph_look_close(&look);
    return status;
}
