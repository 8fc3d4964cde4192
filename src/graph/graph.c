/* graph.c - the life of a graph, and which of its nodes some outputs need. */
#include "graph/node.h"

ad_graph *ad_graph_new(ad_context *ctx)
{
    ad_graph *graph = ad_zalloc(ctx, sizeof *graph);
    if (!graph) return NULL;
    graph->ctx = ctx;
    graph->error = "";
    graph->reads.ctx = ctx;
    ad_arena_init(&graph->arena, ctx);
    graph->poison = ad_arena_alloc(&graph->arena, sizeof *graph->poison);
    if (!graph->poison) {
        ad_graph_free(graph);
        return NULL;
    }
    *graph->poison = (ad_node){.graph = graph, .id = -1, .op = AD_OP_POISON};
    return graph;
}

void ad_graph_free(ad_graph *graph)
{
    if (!graph) return;
    ad_free(graph->ctx, graph->nodes, (size_t)graph->capacity * sizeof *graph->nodes);
    ad_hash_index_free(&graph->reads);
    ad_arena_free(&graph->arena);
    ad_free(graph->ctx, graph, sizeof *graph);
}

ad_context *ad_graph_context(const ad_graph *graph)
{
    return graph->ctx;
}
ad_status ad_graph_status(const ad_graph *graph)
{
    return graph->status;
}
const char *ad_graph_error(const ad_graph *graph)
{
    return graph->error;
}

ad_node **ad_reachable(ad_graph *graph, ad_node *const *outputs, int count, int *n)
{
    size_t bytes = (size_t)graph->n_nodes;
    unsigned char *needed = ad_zalloc(graph->ctx, bytes);
    *n = 0;
    if (!needed) return NULL;
    for (int i = 0; i < count; ++i)
        if (!ad_node_poisoned(outputs[i]) && outputs[i]->graph == graph) needed[outputs[i]->id] = 1;
    int total = 0;
    for (int id = graph->n_nodes - 1; id >= 0; --id) {
        if (!needed[id]) continue;
        const ad_node *node = graph->nodes[id];
        for (int i = 0; i < node->n_inputs; ++i) needed[node->inputs[i]->id] = 1;
        ++total;
    }
    ad_node **nodes = ad_arena_alloc(&graph->arena, (size_t)total * sizeof *nodes + 1);
    if (nodes)
        for (int id = 0; id < graph->n_nodes; ++id)
            if (needed[id]) nodes[(*n)++] = graph->nodes[id];
    ad_free(graph->ctx, needed, bytes);
    return nodes;
}
