/* leaves.c - nodes without inputs: inputs, variables, constants, fills, iota. */
#include "ops/rules.h"

#include <string.h>

static ad_attr_leaf leaf(ad_dtype dtype, ad_shape shape)
{
    ad_attr_leaf attr = {.rank = shape.rank, .dtype = (int64_t)dtype};
    for (int i = 0; i < shape.rank && i < AD_MAX_RANK; ++i) attr.dim[i] = shape.dim[i];
    return attr;
}

/* Memory was refused. */
static ad_node *refused(ad_graph *graph)
{
    return ad_poison(graph, AD_ERROR_MEMORY, "%s", ad_error(graph->ctx));
}

bool ad_infer_leaf(ad_infer *rule)
{
    const ad_attr_leaf *attr = rule->attr;
    char text[192];
    if (attr->dtype < 0 || attr->dtype >= AD_DTYPES)
        return ad_infer_fail(rule, AD_ERROR_DTYPE, "no such element type: %lld",
                             (long long)attr->dtype);
    if (attr->rank < 0 || attr->rank > AD_MAX_RANK)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "the shape has more than %d axes", AD_MAX_RANK);
    rule->dtype = (ad_dtype)attr->dtype;
    rule->shape = (ad_shape){.rank = (int)attr->rank};
    memcpy(rule->shape.dim, attr->dim, sizeof attr->dim);
    if (!ad_shape_valid(rule->shape))
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "the shape %s has a negative axis or is too large",
                             ad_shape_text(rule->shape, text, sizeof text));
    return true;
}

ad_node *ad_input(ad_graph *graph, const char *name, ad_dtype dtype, ad_shape shape)
{
    if (!graph || graph->status != AD_OK) return graph ? graph->poison : NULL;
    if (!name || !*name)
        return ad_refuse(graph, AD_OP_INPUT, NULL, 0, AD_ERROR_ARGUMENT, "has no name");
    for (int id = 0; id < graph->n_nodes; ++id)
        if (graph->nodes[id]->op == AD_OP_INPUT && !strcmp(graph->nodes[id]->name, name))
            return ad_refuse(graph, AD_OP_INPUT, NULL, 0, AD_ERROR_ARGUMENT,
                             "there is already one called %s", name);
    ad_attr_leaf attr = leaf(dtype, shape);
    attr.name = ad_arena_text(&graph->arena, name);
    if (!attr.name) return refused(graph);
    ad_node *node = ad_node_new(graph, AD_OP_INPUT, NULL, 0, &attr);
    if (!ad_node_poisoned(node)) node->name = attr.name;
    return node;
}

bool ad_infer_variable(ad_infer *rule)
{
    const ad_variable *variable = ((const ad_attr_variable *)rule->attr)->variable;
    if (!variable) return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "is missing (NULL)");
    rule->dtype = variable->dtype;
    rule->shape = variable->shape;
    return true;
}

void ad_print_variable(ad_text *text, const void *attr)
{
    ad_text_format(text, ", variable=%s", ((const ad_attr_variable *)attr)->variable->name);
}

ad_node *ad_read(ad_graph *graph, ad_variable *variable)
{
    if (!graph || graph->status != AD_OK) return graph ? graph->poison : NULL;
    uint64_t hash = ad_hash_mix((uintptr_t)variable);
    int32_t id;
    for (int64_t probe = 0; (id = ad_hash_index_next(&graph->reads, hash, &probe)) >= 0;)
        if (((const ad_attr_variable *)graph->nodes[id]->attr)->variable == variable)
            return graph->nodes[id];
    ad_node *node = ad_node_new(graph, AD_OP_VARIABLE, NULL, 0, &(ad_attr_variable){variable});
    if (ad_node_poisoned(node)) return node;
    node->name = ad_arena_text(&graph->arena, variable->name);
    if (!node->name || !ad_hash_index_put(&graph->reads, hash, node->id)) return refused(graph);
    return node;
}

ad_node *ad_constant(ad_graph *graph, ad_dtype dtype, ad_shape shape, const void *data)
{
    if (!graph || graph->status != AD_OK) return graph ? graph->poison : NULL;
    ad_attr_leaf attr = leaf(dtype, shape);
    int64_t count = ad_shape_count(shape);
    if (count > 0) {
        if (!data)
            return ad_refuse(graph, AD_OP_CONSTANT, NULL, 0, AD_ERROR_ARGUMENT,
                             "has no data (NULL)");
        size_t bytes = ad_bytes(count, ad_dtype_size(dtype));
        void *copy = ad_arena_alloc(&graph->arena, bytes);
        if (!copy) return refused(graph);
        attr.data = memcpy(copy, data, bytes);
    }
    return ad_node_new(graph, AD_OP_CONSTANT, NULL, 0, &attr);
}

ad_node *ad_fill(ad_graph *graph, ad_dtype dtype, ad_shape shape, double value)
{
    ad_attr_leaf attr = leaf(dtype, shape);
    attr.value = value;
    return ad_node_new(graph, AD_OP_FILL, NULL, 0, &attr);
}

ad_node *ad_scalar(ad_graph *graph, ad_dtype dtype, double value)
{
    return ad_fill(graph, dtype, (ad_shape){0}, value);
}

void ad_print_fill(ad_text *text, const void *attr)
{
    ad_text_format(text, ", value=%.9g", ((const ad_attr_leaf *)attr)->value);
}

ad_node *ad_like(const ad_node *x, double value)
{
    return ad_node_poisoned(x) ? (ad_node *)x : ad_fill(x->graph, x->dtype, x->shape, value);
}

bool ad_infer_iota(ad_infer *rule)
{
    const ad_attr_leaf *attr = rule->attr;
    if (!ad_infer_leaf(rule)) return false;
    if (rule->dtype == AD_BOOL) return ad_infer_fail(rule, AD_ERROR_DTYPE, "bool cannot count");
    if (attr->axis < 0 || attr->axis >= attr->rank)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "axis %lld is outside a shape with %d axes",
                             (long long)attr->axis, rule->shape.rank);
    return true;
}

ad_node *ad_iota(ad_graph *graph, ad_dtype dtype, ad_shape shape, int axis)
{
    ad_attr_leaf attr = leaf(dtype, shape);
    attr.axis = ad_axis_of(axis, shape.rank);
    return ad_node_new(graph, AD_OP_IOTA, NULL, 0, &attr);
}

void ad_print_iota(ad_text *text, const void *attr)
{
    ad_text_format(text, ", axis=%lld", (long long)((const ad_attr_leaf *)attr)->axis);
}
