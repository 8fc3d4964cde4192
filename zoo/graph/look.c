/* look.c - what a network computes inside, for pictures. */
#include "zoo/graph/drawing.h"

int64_t graph_chosen_node(const graph_look *l)
{
    const int32_t *start = l->batch->edges.row_start;
    int64_t best = 0, most = -1;
    for (int64_t i = 0; i < l->set->nodes; ++i) {
        int64_t n = start[i + 1] - start[i];
        if (n <= 40 && n > most) {
            best = i;
            most = n;
        }
    }
    return best;
}

ad_status graph_look_at(const graph_model *m, ad_program *program, const graph_inside *inside,
                        graph_batch *batch, graph_look *l)
{
    int64_t first = 0;
    graph_batch_fill(batch, &first, 1, AD_GRAPH_NO_SPLIT);
    ad_status status = ad_run(program);
    *l = (graph_look){.set = batch->set, .batch = batch, .layers = m->layers};
    if (status) return status;
    l->embedding = ad_result(program, inside->embedding);
    l->width = ad_node_shape(inside->embedding).dim[1];
    for (int i = 0; i < m->layers; ++i) {
        l->heads[i] = m->heads[i];
        if (inside->attention[i]) l->attention[i] = ad_result(program, inside->attention[i]);
    }
    return AD_OK;
}

/* Frees the drawing. */
static ad_status put(ad_context *ctx, ad_run_folder *run, const char *name, ad_status status,
                     ad_drawing *d)
{
    const char *svg = status ? NULL : ad_drawing_svg(d);
    if (svg)
        status = ad_run_figure(run, name, svg);
    else if (!status)
        status = ad_error_status(ctx);
    ad_drawing_free(d);
    return status;
}

static ad_status put_all(ad_context *ctx, ad_run_folder *run, const graph_look *l)
{
    ad_drawing *d;
    ad_status status = graph_draw_embedding(ctx, l, &d);
    status = put(ctx, run, "embedding", status, d);
    if (status || !l->attention[0]) return status;
    status = graph_draw_neighbourhood(ctx, l, 0, graph_chosen_node(l), &d);
    status = put(ctx, run, "neighbourhood", status, d);
    if (status) return status;
    status = graph_draw_entropy(ctx, l, &d);
    return put(ctx, run, "entropy", status, d);
}

ad_status graph_report(ad_context *ctx, ad_run_folder *run, const graph_model *m, ad_vars *vars,
                       graph_batch *batch)
{
    ad_node *outputs[GRAPH_LAYERS + 2];
    graph_inside inside = {0};
    graph_look look;
    ad_program *program = NULL;
    int count = 0;
    ad_graph *g = ad_graph_new(ctx);
    if (!g) return ad_error_status(ctx);
    graph_inputs in = graph_declare_inputs(g, m, batch->room);
    outputs[count++] = graph_network(m, vars, &in, NULL, &inside);
    outputs[count++] = inside.embedding;
    for (int i = 0; i < m->layers; ++i)
        if (inside.attention[i]) outputs[count++] = inside.attention[i];
    ad_status status = ad_compile(&program, ctx, outputs, count, NULL);
    if (!status) status = graph_batch_bind(batch, program);
    if (!status) status = graph_look_at(m, program, &inside, batch, &look);
    if (!status) status = put_all(ctx, run, &look);
    ad_program_free(program);
    ad_graph_free(g);
    return status;
}
