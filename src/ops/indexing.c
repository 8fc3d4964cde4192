/* indexing.c - rows of a table by index, their adjoint, and one-hot vectors. */
#include "ops/rules.h"

static bool want_indices(ad_infer *rule, int input)
{
    ad_dtype dtype = rule->inputs[input]->dtype;
    return dtype == AD_I32 || dtype == AD_I64 ||
           ad_infer_fail(rule, AD_ERROR_DTYPE, "indices are %s, expected i32 or i64",
                         ad_dtype_name(dtype));
}

bool ad_infer_gather(ad_infer *rule)
{
    ad_shape table = rule->inputs[0]->shape, indices = rule->inputs[1]->shape;
    if (!want_indices(rule, 1)) return false;
    if (table.rank < 1) return ad_infer_fail(rule, AD_ERROR_SHAPE, "the table has no rows");
    if (table.rank - 1 + indices.rank > AD_MAX_RANK)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "the result would have more than %d axes",
                             AD_MAX_RANK);
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = indices;
    for (int i = 1; i < table.rank; ++i) rule->shape.dim[rule->shape.rank++] = table.dim[i];
    return true;
}

ad_node *ad_gather(ad_node *table, ad_node *indices)
{
    return ad_node_new(NULL, AD_OP_GATHER, (ad_node *[]){table, indices}, 2, NULL);
}

void ad_gradient_gather(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_scatter_add(y->inputs[1], g, y->inputs[0]->shape.dim[0]);
}

bool ad_infer_scatter_add(ad_infer *rule)
{
    int64_t rows = ((const ad_attr_rows *)rule->attr)->rows;
    ad_shape indices = rule->inputs[0]->shape, updates = rule->inputs[1]->shape;
    if (!want_indices(rule, 0) || !ad_want_float(rule, 1)) return false;
    if (rows < 0) return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "%lld rows", (long long)rows);
    bool fits = updates.rank >= indices.rank;
    for (int i = 0; i < indices.rank && fits; ++i) fits = updates.dim[i] == indices.dim[i];
    if (!fits)
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "the updates do not begin with the shape of the indices");
    if (updates.rank - indices.rank == AD_MAX_RANK)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "the result would have more than %d axes",
                             AD_MAX_RANK);
    rule->dtype = rule->inputs[1]->dtype;
    rule->shape = (ad_shape){.rank = 1, .dim = {rows}};
    for (int i = indices.rank; i < updates.rank; ++i)
        rule->shape.dim[rule->shape.rank++] = updates.dim[i];
    if (rule->n_inputs == 3 && (rule->inputs[2]->dtype != rule->dtype ||
                                !ad_shape_equal(rule->inputs[2]->shape, rule->shape)))
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "what is added to does not have the shape and type of the result");
    return true;
}

ad_node *ad_scatter_add(ad_node *indices, ad_node *updates, int64_t rows)
{
    return ad_node_new(NULL, AD_OP_SCATTER_ADD, (ad_node *[]){indices, updates}, 2,
                       &(ad_attr_rows){rows});
}

ad_node *ad_scatter_add_to(ad_node *base, ad_node *indices, ad_node *updates)
{
    ad_shape shape = ad_node_shape(base);
    return ad_node_new(NULL, AD_OP_SCATTER_ADD, (ad_node *[]){indices, updates, base}, 3,
                       &(ad_attr_rows){shape.rank ? shape.dim[0] : 0});
}

void ad_gradient_scatter_add(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[1] = ad_gather(g, y->inputs[0]);
    if (y->n_inputs == 3) grads[2] = g;
}

void ad_print_rows(ad_text *text, const void *attr)
{
    ad_text_format(text, ", rows=%lld", (long long)((const ad_attr_rows *)attr)->rows);
}

bool ad_infer_write_rows(ad_infer *rule)
{
    ad_shape table = rule->inputs[0]->shape, rows = rule->inputs[2]->shape;
    if (!want_indices(rule, 1)) return false;
    if (ad_shape_count(rule->inputs[1]->shape) != 1)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "the first row is not a single number");
    if (rule->inputs[0]->dtype != rule->inputs[2]->dtype)
        return ad_infer_fail(rule, AD_ERROR_DTYPE, "table and rows differ in element type");
    bool fits = table.rank >= 1 && table.rank == rows.rank;
    for (int i = 1; i < table.rank && fits; ++i) fits = table.dim[i] == rows.dim[i];
    if (!fits) return ad_infer_fail(rule, AD_ERROR_SHAPE, "the rows are not rows of the table");
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = table;
    return true;
}

ad_node *ad_write_rows(ad_node *table, ad_node *begin, ad_node *rows)
{
    return ad_node_new(NULL, AD_OP_WRITE_ROWS, (ad_node *[]){table, begin, rows}, 3, NULL);
}

/* Rows by their distance from the first, where that is one of the new ones. */
ad_node *ad_decompose_write_rows(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    ad_node *table = inputs[0], *begin = inputs[1];
    int64_t count = inputs[2]->shape.dim[0];
    ad_shape column = ad_shape(table->shape.dim[0]), wide = {.rank = table->shape.rank};
    (void)node;
    ad_node *at = ad_sub(ad_iota(graph, begin->dtype, column, 0), ad_reshape(begin, ad_shape(1)));
    ad_node *new_rows = ad_gather(inputs[2], at);
    ad_node *inside = ad_and(ad_greater_equal(at, ad_like(at, 0)),
                             ad_less(at, ad_like(at, (double)count)));
    for (int i = 0; i < wide.rank; ++i) wide.dim[i] = i ? 1 : column.dim[0];
    return ad_where(ad_reshape(inside, wide), new_rows, table);
}

ad_node *ad_one_hot(ad_node *indices, int64_t depth, ad_dtype dtype)
{
    if (ad_node_poisoned(indices)) return ad_node_new(NULL, AD_OP_EQUAL, &indices, 1, NULL);
    ad_shape shape = indices->shape;
    if ((indices->dtype != AD_I32 && indices->dtype != AD_I64) || depth < 1 ||
        shape.rank == AD_MAX_RANK)
        return ad_refuse(NULL, AD_OP_EQUAL, &indices, 1, AD_ERROR_ARGUMENT,
                         "one_hot of %s with %d axes and depth %lld, expected i32 or i64, at most "
                         "7 axes, depth 1 or more",
                         ad_dtype_name(indices->dtype), shape.rank, (long long)depth);
    shape.dim[shape.rank++] = 1;
    ad_node *column = ad_reshape(indices, shape);
    shape.dim[shape.rank - 1] = depth;
    return ad_cast(ad_equal(column, ad_iota(indices->graph, indices->dtype, shape, -1)), dtype);
}
