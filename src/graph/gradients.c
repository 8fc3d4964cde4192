/* gradients.c - reverse-mode differentiation: a walk from the outputs back that appends nodes.
 *
 * Nodes are numbered so that inputs come first; the walk goes through the numbers downwards, so
 * when it reaches a node all that flows into its adjoint has arrived. Only nodes on a path from a
 * wrt to an output are visited. What it appends are ordinary nodes, which can be differentiated
 * again. (Griewank & Walther, Evaluating Derivatives, 2008, chapter 3.) */
#include "graph/node.h"

#include <autodidact/ops.h>

#include <string.h>

typedef struct walk {
    ad_graph *graph;
    int n;               /* nodes when the walk began; those it makes are beyond */
    int first;           /* see ad_reverse_walk */
    unsigned char *live; /* on a path from a wrt */
    ad_node **adjoint;
    ad_node **parts; /* what one rule gives, as many as the widest node has inputs */
    int widest;
} walk;

static void accumulate(walk *w, const ad_node *node, ad_node *part)
{
    ad_node **sum = &w->adjoint[node->id];
    if (!ad_shape_equal(part->shape, node->shape) || part->dtype != node->dtype) {
        char got[192], want[192];
        if (!ad_node_poisoned(part))
            ad_poison(w->graph, AD_ERROR_SHAPE, "the gradient of %s is %s %s, expected %s %s",
                      ad_node_name(node), ad_dtype_name(part->dtype),
                      ad_shape_text(part->shape, got, sizeof got), ad_dtype_name(node->dtype),
                      ad_shape_text(node->shape, want, sizeof want));
        return;
    }
    *sum = *sum ? ad_add(*sum, part) : part;
}

static void name_adjoint(walk *w, const ad_node *node)
{
    ad_node *adjoint = w->adjoint[node->id];
    if (node->id >= w->first && adjoint->id >= w->n && !adjoint->name)
        ad_name(adjoint, "grad.%s", ad_node_name(node));
}

static void visit(walk *w, ad_node *node)
{
    name_adjoint(w, node);
    if (node->id < w->first || !ad_ops[node->op].gradient) return;
    memset(w->parts, 0, (size_t)node->n_inputs * sizeof *w->parts);
    ad_ops[node->op].gradient(node, w->adjoint[node->id], w->parts);
    for (int i = 0; i < node->n_inputs; ++i)
        if (w->parts[i] && w->live[node->inputs[i]->id])
            accumulate(w, node->inputs[i], w->parts[i]);
}

static void mark_live(walk *w, ad_node *const *wrt, int count)
{
    for (int i = 0; i < count; ++i) w->live[wrt[i]->id] = 1;
    for (int id = w->first; id < w->n; ++id) {
        const ad_node *node = w->graph->nodes[id];
        if (node->n_inputs > w->widest) w->widest = node->n_inputs;
        if (!ad_dtype_is_float(node->dtype)) continue;
        for (int i = 0; i < node->n_inputs; ++i) w->live[id] |= w->live[node->inputs[i]->id];
    }
}

bool ad_reverse_walk(ad_graph *graph, ad_node *const *y, ad_node *const *gy, int outputs, int first,
                     ad_node *const *wrt, int count, ad_node **grads)
{
    walk w = {.graph = graph, .n = graph->n_nodes, .first = first};
    size_t live_bytes = (size_t)w.n, adjoint_bytes = (size_t)w.n * sizeof *w.adjoint,
           parts_bytes = 0;
    w.live = ad_zalloc(graph->ctx, live_bytes);
    w.adjoint = ad_zalloc(graph->ctx, adjoint_bytes);
    if (!w.live || !w.adjoint) goto done;
    mark_live(&w, wrt, count);
    parts_bytes = (size_t)w.widest * sizeof *w.parts;
    w.parts = ad_alloc(graph->ctx, parts_bytes);
    if (!w.parts) goto done;
    for (int k = 0; k < outputs; ++k)
        if (w.live[y[k]->id]) accumulate(&w, y[k], gy[k]);
    for (int id = w.n - 1; id >= 0 && graph->status == AD_OK; --id)
        if (w.live[id] && w.adjoint[id]) visit(&w, graph->nodes[id]);
    for (int i = 0; i < count; ++i) grads[i] = w.adjoint[wrt[i]->id];
done:
    if (!w.live || !w.adjoint || !w.parts)
        ad_poison(graph, AD_ERROR_MEMORY, "%s", ad_error(graph->ctx));
    ad_free(graph->ctx, w.parts, parts_bytes);
    ad_free(graph->ctx, w.adjoint, adjoint_bytes);
    ad_free(graph->ctx, w.live, live_bytes);
    return graph->status == AD_OK;
}

/* Checks one list of nodes; false after recording what is wrong. */
static bool usable(ad_graph *graph, ad_node *const *nodes, int count, const char *what)
{
    for (int i = 0; i < count; ++i) {
        if (ad_node_poisoned(nodes[i]) || nodes[i]->graph != graph) {
            ad_poison(graph, AD_ERROR_ARGUMENT, "gradients: %s %d is %s", what, i,
                      nodes[i] && nodes[i]->graph != graph ? "of another graph" : "missing");
            return false;
        }
        if (!ad_dtype_is_float(nodes[i]->dtype)) {
            ad_poison(graph, AD_ERROR_DTYPE, "gradients: %s %s is %s, expected floats", what,
                      ad_node_name(nodes[i]), ad_dtype_name(nodes[i]->dtype));
            return false;
        }
    }
    return true;
}

static bool seeds_fit(ad_graph *graph, ad_node *const *y, ad_node *const *gy, int outputs)
{
    char want[192], got[192];
    for (int k = 0; k < outputs; ++k)
        if (!ad_shape_equal(y[k]->shape, gy[k]->shape) || y[k]->dtype != gy[k]->dtype) {
            ad_poison(graph, AD_ERROR_SHAPE, "gradients: the seed of %s is %s %s, expected %s %s",
                      ad_node_name(y[k]), ad_dtype_name(gy[k]->dtype),
                      ad_shape_text(gy[k]->shape, got, sizeof got), ad_dtype_name(y[k]->dtype),
                      ad_shape_text(y[k]->shape, want, sizeof want));
            return false;
        }
    return true;
}

static ad_graph *graph_of(ad_node *const *nodes, int count)
{
    for (int i = 0; i < count; ++i)
        if (nodes[i]) return nodes[i]->graph;
    return NULL;
}

void ad_gradients_seeded(ad_node *const *y, ad_node *const *gy, int outputs, ad_node *const *wrt,
                         int count, ad_node **grads)
{
    ad_graph *graph = graph_of(y, outputs);
    if (!graph) graph = graph_of(wrt, count);
    for (int i = 0; i < count; ++i) grads[i] = graph ? graph->poison : NULL;
    if (!graph || graph->status != AD_OK || !usable(graph, y, outputs, "output") ||
        !usable(graph, gy, outputs, "seed") || !usable(graph, wrt, count, "wrt") ||
        !seeds_fit(graph, y, gy, outputs))
        return;
    struct ad_scope *scopes = graph->scopes;
    graph->scopes = NULL; /* the names of gradients say where they belong */
    bool good = ad_reverse_walk(graph, y, gy, outputs, 0, wrt, count, grads);
    for (int i = 0; i < count && good; ++i)
        if (!grads[i])
            grads[i] = ad_name(ad_fill(graph, wrt[i]->dtype, wrt[i]->shape, 0), "grad.%s",
                               ad_node_name(wrt[i]));
    if (graph->status != AD_OK)
        for (int i = 0; i < count; ++i) grads[i] = graph->poison;
    graph->scopes = scopes;
}

void ad_gradients(ad_node *y, ad_node *const *wrt, int count, ad_node **grads)
{
    ad_node *seed = NULL;
    if (!ad_node_poisoned(y) && ad_dtype_is_float(y->dtype)) {
        char text[192];
        if (ad_shape_count(y->shape) != 1)
            ad_poison(y->graph, AD_ERROR_SHAPE,
                      "gradients: %s has shape %s, expected a scalar (sum it, or give seeds)",
                      ad_node_name(y), ad_shape_text(y->shape, text, sizeof text));
        seed = ad_fill(y->graph, y->dtype, y->shape, 1);
    }
    ad_gradients_seeded(&y, &seed, 1, wrt, count, grads);
}
