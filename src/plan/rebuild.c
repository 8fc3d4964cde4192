/* rebuild.c - a graph made anew by a rule.
 *
 * A pass never changes a node: it makes a new graph. Nodes that nothing needs any more are simply
 * not copied. Names are kept, so that errors and explanations speak of the graph as it was
 * recorded. */
#include "plan/pass.h"

typedef struct ad_graph_list {
    ad_graph *graph;
    struct ad_graph_list *next;
} ad_graph_list;

static bool keep(ad_passes *passes, ad_graph *graph)
{
    ad_graph_list *entry = ad_alloc(passes->ctx, sizeof *entry);
    if (!entry) {
        ad_graph_free(graph);
        return false;
    }
    *entry = (ad_graph_list){graph, passes->made};
    passes->made = entry;
    return true;
}

void ad_passes_free(ad_passes *passes)
{
    while (passes->made) {
        ad_graph_list *next = passes->made->next;
        ad_graph_free(passes->made->graph);
        ad_free(passes->ctx, passes->made, sizeof *passes->made);
        passes->made = next;
    }
}

static ad_node *rebuild_node(ad_passes *passes, ad_graph *graph, const ad_node *old, ad_node **map,
                             ad_rule rule, void *user)
{
    ad_node **inputs = ad_arena_alloc(&graph->arena, (size_t)(old->n_inputs + 1) * sizeof *inputs);
    if (!inputs) return NULL;
    for (int i = 0; i < old->n_inputs; ++i) inputs[i] = map[old->inputs[i]->id];
    ad_node *node = rule ? rule(passes, graph, old, inputs, user) : NULL;
    if (!node) node = ad_node_new(graph, old->op, inputs, old->n_inputs, old->attr);
    if (ad_node_poisoned(node)) return NULL;
    /* f32 results of bf16 operands are the planner's own (pass_precision.c). */
    if (node->op == old->op && ad_ops[old->op].klass == AD_CLASS_CONTRACT) node->dtype = old->dtype;
    if (!node->name) {
        node->name = ad_arena_text(&graph->arena, ad_node_name(old));
        if (!node->name) return NULL;
    }
    return node;
}

bool ad_rebuild(ad_passes *passes, ad_rule rule, void *user)
{
    ad_graph *old = passes->graph, *graph = ad_graph_new(passes->ctx);
    if (!graph || !keep(passes, graph)) return false;
    graph->streams = old->streams;
    graph->planned = true;
    int n = 0;
    ad_node **nodes = ad_reachable(old, passes->outputs, passes->n_outputs, &n);
    ad_node **map = ad_arena_alloc(&graph->arena, (size_t)(old->n_nodes + 1) * sizeof *map);
    ad_node **outputs = ad_arena_alloc(&graph->arena,
                                       (size_t)(passes->n_outputs + 1) * sizeof *outputs);
    if (!nodes || !map || !outputs) return false;
    for (int i = 0; i < n; ++i) {
        map[nodes[i]->id] = rebuild_node(passes, graph, nodes[i], map, rule, user);
        if (map[nodes[i]->id]) continue;
        if (graph->status != AD_OK) ad_fail(passes->ctx, graph->status, "%s", graph->error);
        return false;
    }
    for (int i = 0; i < passes->n_outputs; ++i) outputs[i] = map[passes->outputs[i]->id];
    passes->outputs = outputs;
    passes->graph = graph;
    return true;
}
