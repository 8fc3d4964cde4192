/* verify.c - holds every node against the op table again: what a pass or a bug may have broken. */
#include "graph/node.h"

/* Runs the op's rule once more without disturbing the graph's own error. */
static bool rule_agrees(ad_graph *graph, const ad_node *node, ad_infer *rule)
{
    ad_status status = graph->status;
    const char *error = graph->error;
    struct ad_scope *scopes = graph->scopes;
    *rule = (ad_infer){.graph = graph,
                       .op = node->op,
                       .n_inputs = node->n_inputs,
                       .inputs = node->inputs,
                       .attr = node->attr};
    graph->status = AD_OK;
    graph->scopes = NULL;
    bool good = ad_ops[node->op].infer(rule);
    graph->status = status;
    graph->error = error;
    graph->scopes = scopes;
    return good;
}

static ad_status verify_node(ad_graph *graph, int id)
{
    const ad_node *node = graph->nodes[id];
    ad_context *ctx = graph->ctx;
    char got[192], want[192];
    if (!node) return ad_fail(ctx, AD_ERROR_ARGUMENT, "node %d is missing", id);
    if (node->id != id)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "node %d says that it is node %d", id, node->id);
    if (node->graph != graph)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "node %d is of another graph", id);
    if (node->op <= AD_OP_POISON || node->op >= AD_OPS)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "node %d has no such op: %d", id, (int)node->op);
    const ad_op_info *info = &ad_ops[node->op];
    const char *name = ad_node_name(node);
    if (node->n_inputs < info->min_inputs ||
        (info->max_inputs >= 0 && node->n_inputs > info->max_inputs))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %s has %d inputs", name, info->name,
                       node->n_inputs);
    for (int i = 0; i < node->n_inputs; ++i) {
        const ad_node *input = node->inputs[i];
        if (!input || input->graph != graph || input->id < 0 || input->id >= id ||
            graph->nodes[input->id] != input)
            return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: input %d does not precede it", name, i);
    }
    if (info->attr_bytes && !node->attr)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: has no attributes", name);
    ad_infer rule;
    if (!rule_agrees(graph, node, &rule)) return ad_fail_prefix(ctx, "%s", name);
    if (rule.dtype != node->dtype)
        return ad_fail(ctx, AD_ERROR_DTYPE, "%s: is %s, its rule gives %s", name,
                       ad_dtype_name(node->dtype), ad_dtype_name(rule.dtype));
    if (!ad_shape_equal(rule.shape, node->shape))
        return ad_fail(ctx, AD_ERROR_SHAPE, "%s: has shape %s, its rule gives %s", name,
                       ad_shape_text(node->shape, got, sizeof got),
                       ad_shape_text(rule.shape, want, sizeof want));
    return AD_OK;
}

ad_status ad_graph_verify(ad_graph *graph)
{
    for (int id = 0; id < graph->n_nodes; ++id) {
        ad_status status = verify_node(graph, id);
        if (status != AD_OK) return status;
    }
    return AD_OK;
}
