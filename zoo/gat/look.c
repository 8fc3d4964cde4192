/* look.c - what a network computes inside, for pictures. */
#include "zoo/gat/drawing.h"

#include <stdlib.h>

int64_t gat_chosen_node(const gat_look *l)
{
    const int32_t *start = l->batch->edges.row_start;
    int64_t best = 0, most = -1;
    for (int64_t i = 0; i < l->set->nodes; ++i) {
        int64_t n = start[i + 1] - start[i];
        if (n <= 40 && n > most) best = i, most = n;
    }
    return best;
}

ad_status gat_look_at(const gat_model *m, ad_program *program, const gat_inside *inside,
                      gat_batch *batch, gat_look *l)
{
    int32_t first = 0;
    gat_batch_fill(batch, &first, 1, AD_GRAPH_NO_SPLIT);
    ad_status status = ad_run(program);
    *l = (gat_look){.set = batch->set, .batch = batch, .layers = m->layers};
    if (status) return status;
    l->embedding = ad_result(program, inside->embedding);
    l->width = ad_node_shape(inside->embedding).dim[1];
    for (int i = 0; i < m->layers; ++i) {
        l->heads[i] = m->heads[i];
        if (inside->attention[i]) l->attention[i] = ad_result(program, inside->attention[i]);
    }
    return AD_OK;
}

static ad_status put(ad_context *ctx, ad_run_folder *run, const char *name, gat_svg *svg)
{
    ad_status status = svg->text ? ad_run_figure(run, name, svg->text)
                                 : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    free(svg->text);
    *svg = (gat_svg){0};
    return status;
}

static ad_status put_all(ad_context *ctx, ad_run_folder *run, const gat_look *l)
{
    gat_svg svg = {0};
    ad_status status = gat_draw_embedding(ctx, &svg, l);
    if (!status) status = put(ctx, run, "embedding", &svg);
    if (status || !l->attention[0]) return status;
    gat_draw_neighbourhood(&svg, l, 0, gat_chosen_node(l));
    status = put(ctx, run, "neighbourhood", &svg);
    if (!status) gat_draw_entropy(&svg, l);
    return status ? status : put(ctx, run, "entropy", &svg);
}

ad_status gat_report(ad_context *ctx, ad_run_folder *run, const gat_model *m, ad_vars *vars,
                     gat_batch *batch)
{
    ad_node *outputs[GAT_LAYERS + 2];
    gat_inside inside = {0};
    gat_look look;
    ad_program *program = NULL;
    int count = 0;
    ad_graph *g = ad_graph_new(ctx);
    if (!g) return ad_error_status(ctx);
    gat_inputs in = gat_declare_inputs(g, m, batch->room);
    outputs[count++] = gat_network(m, vars, &in, NULL, &inside);
    outputs[count++] = inside.embedding;
    for (int i = 0; i < m->layers; ++i)
        if (inside.attention[i]) outputs[count++] = inside.attention[i];
    ad_status status = ad_compile(&program, ctx, outputs, count, NULL);
    if (!status) status = gat_batch_bind(batch, program);
    if (!status) status = gat_look_at(m, program, &inside, batch, &look);
    if (!status) status = put_all(ctx, run, &look);
    ad_program_free(program);
    ad_graph_free(g);
    return status;
}
