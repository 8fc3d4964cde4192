/* sparse.c - sparse matrices and graphs: products with dense ones, and sums, maxima and softmax
 * over the entries of a row.
 *
 * The ops are closed under differentiation. With y = A(value) x for the sparse matrix A,
 *     dL/dx = A(value)^T dL/dy          the same op, by columns
 *     dL/dvalue[e] = <dL/dy[row e], x[column e]>      SPARSE_DOT, whose gradients are products
 * again and the adjoint of a sum over segments spreads, that of spreading sums. Nothing is added
 * atomically: whoever owns a row (or column) goes through its entries in order. */
#include "ops/rules.h"

#include <math.h>

enum { ROW_START, ROW, COLUMN, COLUMN_START, ORDER, PATTERN };

/* ---- shape rules ---- */

bool ad_want_pattern(ad_infer *rule, int64_t *rows, int64_t *columns, int64_t *entries)
{
    static const char *const names[PATTERN] = {"row_start", "row", "column", "column_start",
                                               "order"};
    for (int i = 0; i < PATTERN; ++i) {
        if (rule->inputs[i]->dtype != AD_I32)
            return ad_infer_fail(rule, AD_ERROR_DTYPE, "%s is %s, expected i32", names[i],
                                 ad_dtype_name(rule->inputs[i]->dtype));
        if (rule->inputs[i]->shape.rank != 1)
            return ad_infer_fail(rule, AD_ERROR_SHAPE, "%s is not a vector", names[i]);
    }
    *rows = rule->inputs[ROW_START]->shape.dim[0] - 1;
    *columns = rule->inputs[COLUMN_START]->shape.dim[0] - 1;
    *entries = rule->inputs[ROW]->shape.dim[0];
    if (*rows < 0 || *columns < 0)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "row_start or column_start is empty");
    if (rule->inputs[COLUMN]->shape.dim[0] != *entries ||
        rule->inputs[ORDER]->shape.dim[0] != *entries)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "row, column and order differ in length");
    return true;
}

/* Input `at` begins with `count` of what the word says, and has `rank` axes (0: any). */
static bool want_rows(ad_infer *rule, int at, int64_t count, const char *word, int rank)
{
    ad_shape shape = rule->inputs[at]->shape;
    if (!ad_want_float(rule, at)) return false;
    if (rank && shape.rank != rank)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "input %d has %d axes, expected %d", at,
                             shape.rank, rank);
    if (shape.rank < 1 || shape.dim[0] != count)
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "input %d does not have a row for each of %lld %s", at,
                             (long long)count, word);
    return true;
}

static bool by_column(const void *attr)
{
    return attr && ((const ad_attr_sparse *)attr)->transposed;
}

bool ad_infer_sparse_matmul(ad_infer *rule)
{
    int64_t rows, columns, entries;
    bool t = by_column(rule->attr);
    if (!ad_want_pattern(rule, &rows, &columns, &entries)) return false;
    if (!want_rows(rule, PATTERN, entries, "entries", 2) ||
        !want_rows(rule, PATTERN + 1, t ? rows : columns, t ? "rows" : "columns", 3))
        return false;
    ad_shape value = rule->inputs[PATTERN]->shape, x = rule->inputs[PATTERN + 1]->shape;
    rule->dtype = rule->inputs[PATTERN]->dtype;
    if (rule->inputs[PATTERN + 1]->dtype != rule->dtype)
        return ad_infer_fail(rule, AD_ERROR_DTYPE, "values and rows differ in element type");
    if (value.dim[1] != x.dim[1])
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "values have %lld heads, rows have %lld",
                             (long long)value.dim[1], (long long)x.dim[1]);
    rule->shape = ad_shape(t ? columns : rows, x.dim[1], x.dim[2]);
    return true;
}

bool ad_infer_sparse_dot(ad_infer *rule)
{
    int64_t rows, columns, entries;
    if (!ad_want_pattern(rule, &rows, &columns, &entries) ||
        !want_rows(rule, PATTERN, rows, "rows", 3) ||
        !want_rows(rule, PATTERN + 1, columns, "columns", 3))
        return false;
    ad_shape a = rule->inputs[PATTERN]->shape, b = rule->inputs[PATTERN + 1]->shape;
    rule->dtype = rule->inputs[PATTERN]->dtype;
    if (rule->inputs[PATTERN + 1]->dtype != rule->dtype)
        return ad_infer_fail(rule, AD_ERROR_DTYPE, "the operands differ in element type");
    if (a.dim[1] != b.dim[1] || a.dim[2] != b.dim[2])
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "the operands differ in heads or width");
    rule->shape = ad_shape(entries, a.dim[1]);
    return true;
}

/* A value for each entry, whose type and shape the result takes. */
static bool want_entries(ad_infer *rule, int64_t *rows, int64_t *columns)
{
    int64_t entries;
    if (!ad_want_pattern(rule, rows, columns, &entries) ||
        !want_rows(rule, PATTERN, entries, "entries", 0))
        return false;
    rule->dtype = rule->inputs[PATTERN]->dtype;
    rule->shape = rule->inputs[PATTERN]->shape;
    return true;
}

bool ad_infer_segment_reduce(ad_infer *rule)
{
    int64_t rows, columns;
    if (!want_entries(rule, &rows, &columns)) return false;
    rule->shape.dim[0] = by_column(rule->attr) ? columns : rows;
    return true;
}

bool ad_infer_segment_softmax(ad_infer *rule)
{
    int64_t rows, columns;
    return want_entries(rule, &rows, &columns);
}

bool ad_infer_segment_spread(ad_infer *rule)
{
    int64_t rows, columns, entries;
    bool t = by_column(rule->attr);
    if (!ad_want_pattern(rule, &rows, &columns, &entries) ||
        !want_rows(rule, PATTERN, t ? columns : rows, t ? "columns" : "rows", 0))
        return false;
    rule->dtype = rule->inputs[PATTERN]->dtype;
    rule->shape = rule->inputs[PATTERN]->shape;
    rule->shape.dim[0] = entries;
    return true;
}

void ad_print_sparse(ad_text *text, const void *attr)
{
    if (by_column(attr)) ad_text_format(text, ", by_column");
}

/* ---- builders ---- */

static ad_node *make(ad_op op, ad_sparse s, ad_node *a, ad_node *b, const void *attr)
{
    ad_node *inputs[PATTERN + 2] = {s.row_start, s.row, s.column, s.column_start, s.order, a, b};
    return ad_node_new(NULL, op, inputs, b ? PATTERN + 2 : PATTERN + 1, attr);
}

ad_node *ad_sparse_product(ad_sparse s, ad_node *value, ad_node *x, bool transposed)
{
    return make(AD_OP_SPARSE_MATMUL, s, value, x, &(ad_attr_sparse){transposed});
}

ad_node *ad_sparse_matmul(ad_sparse s, ad_node *value, ad_node *x)
{
    return ad_sparse_product(s, value, x, false);
}

ad_node *ad_sparse_dot(ad_sparse s, ad_node *a, ad_node *b)
{
    return make(AD_OP_SPARSE_DOT, s, a, b, NULL);
}

ad_node *ad_segment_sum(ad_sparse s, ad_node *x, bool by_columns)
{
    return make(AD_OP_SEGMENT_SUM, s, x, NULL, &(ad_attr_sparse){by_columns});
}

ad_node *ad_segment_max(ad_sparse s, ad_node *x)
{
    return make(AD_OP_SEGMENT_MAX, s, x, NULL, NULL);
}

ad_node *ad_segment_softmax(ad_sparse s, ad_node *x)
{
    return make(AD_OP_SEGMENT_SOFTMAX, s, x, NULL, NULL);
}

ad_node *ad_segment_spread(ad_sparse s, ad_node *x, bool by_columns)
{
    return make(AD_OP_SEGMENT_SPREAD, s, x, NULL, &(ad_attr_sparse){by_columns});
}

ad_node *ad_segment_mean(ad_sparse s, ad_node *x)
{
    ad_node *sum = ad_segment_sum(s, x, false);
    if (ad_node_poisoned(sum)) return sum;
    ad_shape one = {.rank = x->shape.rank};
    for (int i = 0; i < one.rank; ++i) one.dim[i] = i ? 1 : x->shape.dim[0];
    ad_node *ones = ad_fill(x->graph, x->dtype, one, 1);
    return ad_div(sum, ad_clamp(ad_segment_sum(s, ones, false), 1, INFINITY));
}

/* ---- gradients ---- */

static ad_sparse pattern_of(ad_node *const *inputs)
{
    return (ad_sparse){inputs[ROW_START], inputs[ROW], inputs[COLUMN], inputs[COLUMN_START],
                       inputs[ORDER]};
}

void ad_gradient_sparse_matmul(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_sparse s = pattern_of(y->inputs);
    ad_node *value = y->inputs[PATTERN], *x = y->inputs[PATTERN + 1];
    bool t = by_column(y->attr);
    grads[PATTERN] = t ? ad_sparse_dot(s, x, g) : ad_sparse_dot(s, g, x);
    grads[PATTERN + 1] = ad_sparse_product(s, value, g, !t);
}

void ad_gradient_sparse_dot(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_sparse s = pattern_of(y->inputs);
    grads[PATTERN] = ad_sparse_product(s, g, y->inputs[PATTERN + 1], false);
    grads[PATTERN + 1] = ad_sparse_product(s, g, y->inputs[PATTERN], true);
}

void ad_gradient_segment_sum(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[PATTERN] = ad_segment_spread(pattern_of(y->inputs), g, by_column(y->attr));
}

void ad_gradient_segment_spread(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[PATTERN] = ad_segment_sum(pattern_of(y->inputs), g, by_column(y->attr));
}

/* g shared by the entries that are as large as the maximum */
void ad_gradient_segment_max(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_sparse s = pattern_of(y->inputs);
    ad_node *x = y->inputs[PATTERN];
    ad_node *largest = ad_cast(ad_equal(x, ad_segment_spread(s, y, false)), x->dtype);
    ad_node *ties = ad_clamp(ad_segment_sum(s, largest, false), 1, INFINITY);
    grads[PATTERN] = ad_mul(largest, ad_segment_spread(s, ad_div(g, ties), false));
}

/* y (g - sum over the row of g y) */
void ad_gradient_segment_softmax(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_sparse s = pattern_of(y->inputs);
    ad_node *mean = ad_segment_spread(s, ad_segment_sum(s, ad_mul(g, y), false), false);
    grads[PATTERN] = ad_mul(y, ad_sub(g, mean));
}

/* ---- decompositions ---- */

ad_node *ad_decompose_sparse_matmul(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    ad_shape value = inputs[PATTERN]->shape;
    ad_node *v = ad_reshape(inputs[PATTERN], ad_shape(value.dim[0], value.dim[1], 1));
    bool t = by_column(node->attr);
    ad_node *x = ad_gather(inputs[PATTERN + 1], inputs[t ? ROW : COLUMN]);
    return ad_scatter_add(inputs[t ? COLUMN : ROW], ad_mul(x, v), node->shape.dim[0]);
}

ad_node *ad_decompose_sparse_dot(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph, (void)node;
    ad_node *a = ad_gather(inputs[PATTERN], inputs[ROW]);
    return ad_sum(ad_mul(a, ad_gather(inputs[PATTERN + 1], inputs[COLUMN])), ad_axes(-1), false);
}

ad_node *ad_decompose_segment_sum(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    return ad_scatter_add(inputs[by_column(node->attr) ? COLUMN : ROW], inputs[PATTERN],
                          node->shape.dim[0]);
}

ad_node *ad_decompose_segment_spread(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    return ad_gather(inputs[PATTERN], inputs[by_column(node->attr) ? COLUMN : ROW]);
}

ad_node *ad_decompose_segment_softmax(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph, (void)node;
    ad_sparse s = pattern_of(inputs);
    ad_node *x = inputs[PATTERN], *top = ad_stop_gradient(ad_segment_max(s, x));
    ad_node *e = ad_exp(ad_sub(x, ad_segment_spread(s, top, false)));
    return ad_div(e, ad_segment_spread(s, ad_segment_sum(s, e, false), false));
}
