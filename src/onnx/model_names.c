/* model_names.c - who makes which value, and an order in which to make them.
 *
 * A file says it lists its nodes in such an order; not all do, so it is made here, depth first, for
 * the nodes that are needed and no others. */
#include "onnx/model.h"

#include <string.h>

enum { DEPTH_MOST = 8 };

ad_onnx_source ad_onnx_source_of(const ad_onnx_graph *graph, const char *name)
{
    int32_t number = ad_name_find(&graph->names, name, strlen(name));
    if (number < 0) return (ad_onnx_source){0};
    return graph->sources[number];
}

static ad_status define(ad_onnx *model, ad_onnx_graph *graph, const char *name, ad_onnx_maker by,
                        int index)
{
    int32_t number = ad_name_add(&graph->names, name, strlen(name));
    if (number < 0) return AD_ERROR_MEMORY;
    int64_t before = graph->source_room;
    ad_onnx_source *sources = ad_grow(model->ctx, graph->sources, &graph->source_room,
                                      graph->names.count, sizeof *sources);
    if (!sources) return AD_ERROR_MEMORY;
    for (int64_t i = before; i < graph->source_room; ++i) sources[i] = (ad_onnx_source){0};
    graph->sources = sources;
    if (by && sources[number].by)
        return ad_fail(model->ctx, AD_ERROR_FORMAT, "%s: the value \"%.100s\" is made twice",
                       model->path, name);
    if (by) sources[number] = (ad_onnx_source){by, index};
    return AD_OK;
}

static ad_status define_outputs(ad_onnx *model, ad_onnx_graph *graph)
{
    ad_status status = AD_OK;
    for (int n = 0; n < graph->node_count; ++n)
        for (int i = 0; i < graph->nodes[n].out_count && !status; ++i)
            if (*graph->nodes[n].out[i])
                status = define(model, graph, graph->nodes[n].out[i], AD_ONNX_BY_NODE, n);
    return status;
}

static ad_status missing(ad_onnx *model, const ad_onnx_op_node *node, const char *value)
{
    return ad_fail(model->ctx, AD_ERROR_FORMAT,
                   "%s: node \"%.100s\" (%.60s) reads \"%.100s\", which is no input, no weight "
                   "and no result of a node",
                   model->path, node->name, node->op, value);
}

static ad_status check_reads(ad_onnx *model, ad_onnx_graph *graph, int depth)
{
    ad_status status = AD_OK;
    for (int n = 0; n < graph->node_count && !status; ++n) {
        const ad_onnx_op_node *node = &graph->nodes[n];
        for (int i = 0; i < node->read_count && !status; ++i) {
            if (!*node->reads[i]) continue;
            status = define(model, graph, node->reads[i], AD_ONNX_BY_NOTHING, 0);
            if (!status && !depth && !ad_onnx_source_of(graph, node->reads[i]).by)
                status = missing(model, node, node->reads[i]);
        }
    }
    return status;
}

/* ---- graphs in attributes ---- */

/* Adds what a graph in an attribute reads and does not make to what its node reads. */
static ad_status add_reads(ad_onnx *model, ad_onnx_op_node *node, const ad_onnx_graph *inner)
{
    size_t most = (size_t)node->read_count + (size_t)inner->names.count;
    const char **reads = ad_arena_alloc(&model->arena, (most + 1) * sizeof *reads);
    if (!reads) return AD_ERROR_MEMORY;
    if (node->read_count) memcpy(reads, node->reads, (size_t)node->read_count * sizeof *reads);
    for (int32_t i = 0; i < inner->names.count; ++i) {
        if (inner->sources[i].by) continue;
        reads[node->read_count] = ad_arena_text(&model->arena, ad_name_text(&inner->names, i));
        if (!reads[node->read_count++]) return AD_ERROR_MEMORY;
    }
    node->reads = reads;
    return AD_OK;
}

static ad_status parse_inner(ad_onnx *model, ad_onnx_op_node *node, ad_onnx_attr *attr, int depth)
{
    if (depth == DEPTH_MOST)
        return ad_fail(model->ctx, AD_ERROR_LIMIT, "%s: graphs within graphs, more than %d deep",
                       model->path, DEPTH_MOST);
    attr->inner = ad_arena_alloc(&model->arena, sizeof *attr->inner);
    if (!attr->inner) return AD_ERROR_MEMORY;
    attr->inner->next = model->graph->next;
    model->graph->next = attr->inner;
    ad_status status = ad_onnx_parse_graph(model, attr->graph, attr->graph_bytes, attr->inner);
    if (!status) status = ad_onnx_index(model, attr->inner, depth + 1);
    return status ? status : add_reads(model, node, attr->inner);
}

static ad_status parse_all_inner(ad_onnx *model, ad_onnx_graph *graph, int depth)
{
    ad_status status = AD_OK;
    for (int n = 0; n < graph->node_count; ++n)
        for (int i = 0; i < graph->nodes[n].attr_count && !status; ++i)
            if (graph->nodes[n].attrs[i].graph)
                status = parse_inner(model, &graph->nodes[n], &graph->nodes[n].attrs[i], depth);
    return status;
}

ad_status ad_onnx_index(ad_onnx *model, ad_onnx_graph *graph, int depth)
{
    ad_name_table_init(&graph->names, model->ctx);
    ad_status status = parse_all_inner(model, graph, depth);
    for (int i = 0; i < graph->input_count && !status; ++i)
        status = define(model, graph, graph->inputs[i].name, AD_ONNX_BY_INPUT, i);
    for (int i = 0; i < graph->tensor_count && !status; ++i)
        status = define(model, graph, graph->tensors[i].name, AD_ONNX_BY_TENSOR, i);
    if (!status) status = define_outputs(model, graph);
    if (!status) status = check_reads(model, graph, depth);
    for (int i = 0; i < graph->output_count && !status; ++i) {
        const char *name = graph->outputs[i].name;
        status = define(model, graph, name, AD_ONNX_BY_NOTHING, 0);
        if (!status && !depth && !ad_onnx_source_of(graph, name).by)
            status = ad_fail(model->ctx, AD_ERROR_FORMAT,
                             "%s: the output \"%.100s\" is made by nothing", model->path, name);
    }
    return status;
}

void ad_onnx_graphs_free(ad_onnx *model)
{
    for (ad_onnx_graph *g = model->graph; g; g = g->next) {
        ad_name_table_free(&g->names);
        ad_free(model->ctx, g->sources, (size_t)g->source_room * sizeof *g->sources);
        g->sources = NULL, g->source_room = 0;
    }
}

/* ---- order ---- */

/* The node that makes what a node reads i-th; -1: no node does. */
static int maker(const ad_onnx_graph *graph, const ad_onnx_op_node *node, int i)
{
    ad_onnx_source source = {0};
    if (*node->reads[i]) source = ad_onnx_source_of(graph, node->reads[i]);
    return source.by == AD_ONNX_BY_NODE ? source.index : -1;
}

/* Depth first with a stack of its own: state 0 not met, 1 on the way, 2 done. next[n]: the input of
 * node n to be looked at. */
typedef struct walk {
    const ad_onnx_graph *graph;
    unsigned char *state;
    int *next, *stack, *order, count;
} walk;

/* The node that closes a circle, or -1. */
static int visit(walk *w, int root)
{
    int depth = 0;
    if (w->state[root]) return -1;
    w->stack[depth++] = root, w->state[root] = 1;
    while (depth) {
        int n = w->stack[depth - 1];
        const ad_onnx_op_node *node = &w->graph->nodes[n];
        if (w->next[n] == node->read_count) {
            w->state[n] = 2, w->order[w->count++] = n, --depth;
            continue;
        }
        int from = maker(w->graph, node, w->next[n]++);
        if (from < 0 || w->state[from] == 2) continue;
        if (w->state[from] == 1) return from;
        w->stack[depth++] = from, w->state[from] = 1;
    }
    return -1;
}

ad_status ad_onnx_sort(const ad_onnx *model, const ad_onnx_graph *graph, const bool *wanted,
                       int *order, int *count)
{
    size_t nodes = (size_t)graph->node_count + 1, bytes = nodes * (2 * sizeof(int) + 1);
    unsigned char *memory = ad_zalloc(model->ctx, bytes);
    if (!memory) return AD_ERROR_MEMORY;
    int *next = (int *)memory;
    walk w = {graph, memory + 2 * nodes * sizeof(int), next, next + nodes, order, 0};
    ad_status status = AD_OK;
    for (int64_t v = 0; v < graph->names.count && !status; ++v) {
        if (!wanted[v] || graph->sources[v].by != AD_ONNX_BY_NODE) continue;
        int circle = visit(&w, graph->sources[v].index);
        if (circle >= 0)
            status = ad_fail(model->ctx, AD_ERROR_FORMAT,
                             "%s: node \"%.100s\" (%.60s) needs its own result", model->path,
                             graph->nodes[circle].name, graph->nodes[circle].op);
    }
    *count = w.count;
    ad_free(model->ctx, memory, bytes);
    return status;
}
