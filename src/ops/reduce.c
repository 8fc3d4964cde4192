/* reduce.c - sum, mean, max, min, log of a sum of exponentials over any axes; argmax over one. */
#include "ops/rules.h"

#include <math.h>

ad_axes ad_axes_of(const int *axis, size_t count)
{
    ad_axes axes = {.count = count <= AD_MAX_RANK ? (int)count : -1};
    for (int i = 0; i < axes.count; ++i) axes.axis[i] = axis[i];
    return axes;
}

bool ad_mask_from_axes(ad_axes axes, int rank, int64_t *mask)
{
    *mask = axes.count == 0 ? ((int64_t)1 << rank) - 1 : 0;
    if (axes.count < 0 || axes.count > AD_MAX_RANK) return false;
    for (int i = 0; i < axes.count; ++i) {
        int64_t axis = ad_axis_of(axes.axis[i], rank);
        if (axis < 0 || axis >= rank || (*mask >> axis & 1)) return false;
        *mask |= (int64_t)1 << axis;
    }
    return true;
}

ad_axes ad_axes_from_mask(int64_t mask)
{
    ad_axes axes = {0};
    for (int i = 0; i < AD_MAX_RANK; ++i)
        if (mask >> i & 1) axes.axis[axes.count++] = i;
    return axes;
}

static ad_shape reduced_shape(ad_shape shape, int64_t mask, bool keep)
{
    ad_shape result = {0};
    for (int i = 0; i < shape.rank; ++i) {
        if (!(mask >> i & 1))
            result.dim[result.rank++] = shape.dim[i];
        else if (keep)
            result.dim[result.rank++] = 1;
    }
    return result;
}

/* The result of a reduction of x, or its gradient, stretched back over the reduced axes. */
static ad_node *spread(ad_node *reduced, ad_shape shape, int64_t axes)
{
    return ad_broadcast(ad_reshape(reduced, reduced_shape(shape, axes, true)), shape);
}

static int64_t reduced_count(ad_shape shape, int64_t mask)
{
    int64_t count = 1;
    for (int i = 0; i < shape.rank; ++i)
        if (mask >> i & 1) count *= shape.dim[i];
    return count;
}

/* f32, f64, bf16, f16, i32, i64 */
static bool want_summable(ad_infer *rule)
{
    ad_dtype dtype = rule->inputs[0]->dtype;
    return ad_dtype_is_float(dtype) || dtype == AD_I32 || dtype == AD_I64 ||
           ad_infer_fail(rule, AD_ERROR_DTYPE, "takes floats, i32 or i64, the input is %s",
                         ad_dtype_name(dtype));
}

bool ad_infer_reduce(ad_infer *rule)
{
    const ad_attr_reduce *attr = rule->attr;
    ad_shape from = rule->inputs[0]->shape;
    if (!want_summable(rule) || (rule->op == AD_OP_MEAN && !ad_want_float(rule, 0))) return false;
    if (attr->axes < 0 || attr->axes >> from.rank)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "reduces axes that the input does not have");
    if (rule->op != AD_OP_SUM && reduced_count(from, attr->axes) == 0)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "there is nothing to reduce");
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = reduced_shape(from, attr->axes, attr->keep);
    return true;
}

bool ad_infer_logsumexp(ad_infer *rule)
{
    return ad_want_float(rule, 0) && ad_infer_reduce(rule);
}

static ad_node *reduce(ad_op op, ad_node *x, ad_axes axes, bool keep)
{
    if (ad_node_poisoned(x)) return ad_node_new(NULL, op, &x, 1, NULL);
    ad_attr_reduce attr = {.keep = keep};
    if (!ad_mask_from_axes(axes, x->shape.rank, &attr.axes))
        return ad_refuse(NULL, op, &x, 1, AD_ERROR_ARGUMENT,
                         "an axis is out of range or given twice");
    return ad_node_new(NULL, op, &x, 1, &attr);
}

ad_node *ad_sum(ad_node *x, ad_axes axes, bool keep)
{
    return reduce(AD_OP_SUM, x, axes, keep);
}
ad_node *ad_mean(ad_node *x, ad_axes axes, bool keep)
{
    return reduce(AD_OP_MEAN, x, axes, keep);
}
ad_node *ad_max(ad_node *x, ad_axes axes, bool keep)
{
    return reduce(AD_OP_MAX, x, axes, keep);
}
ad_node *ad_min(ad_node *x, ad_axes axes, bool keep)
{
    return reduce(AD_OP_MIN, x, axes, keep);
}
ad_node *ad_logsumexp(ad_node *x, ad_axes axes, bool keep)
{
    return reduce(AD_OP_LOGSUMEXP, x, axes, keep);
}

void ad_gradient_sum(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = spread(g, y->inputs[0]->shape, ((const ad_attr_reduce *)y->attr)->axes);
}

static double share(const ad_node *y)
{
    int64_t count = reduced_count(y->inputs[0]->shape, ((const ad_attr_reduce *)y->attr)->axes);
    return 1.0 / (double)count;
}

void ad_gradient_mean(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_gradient_sum(y, ad_mul_scalar(g, share(y)), grads);
}

ad_node *ad_decompose_mean(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    const ad_attr_reduce *attr = node->attr;
    return ad_mul_scalar(ad_node_new(NULL, AD_OP_SUM, inputs, 1, attr), share(node));
}

/* Max and min: g in equal parts to the elements that equal the result. */
void ad_gradient_extreme(ad_node *y, ad_node *g, ad_node **grads)
{
    const ad_attr_reduce *attr = y->attr;
    ad_node *x = y->inputs[0];
    ad_node *winners = ad_equal(x, spread(y, x->shape, attr->axes));
    ad_node *ones = ad_cast(winners, g->dtype);
    ad_node *count = ad_node_new(NULL, AD_OP_SUM, &ones, 1, attr);
    grads[0] = ad_where_or_zero(winners, spread(ad_div(g, count), x->shape, attr->axes));
}

static ad_node *finite_or_zero(ad_node *x)
{
    return ad_where_or_zero(ad_less(ad_abs(x), ad_like(x, INFINITY)), x);
}

/* g exp(x - y): g softmax(x), and 0 where all x are -inf. */
void ad_gradient_logsumexp(ad_node *y, ad_node *g, ad_node **grads)
{
    int64_t axes = ((const ad_attr_reduce *)y->attr)->axes;
    ad_node *x = y->inputs[0];
    ad_node *softmax = ad_exp(ad_sub(x, spread(finite_or_zero(y), x->shape, axes)));
    grads[0] = ad_mul(spread(g, x->shape, axes), softmax);
}

/* m + log(sum(exp(x - m))): m, the largest, keeps exp from overflowing; an infinite one is left
 * out, for it would be subtracted from itself. */
ad_node *ad_decompose_logsumexp(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    const ad_attr_reduce *attr = node->attr;
    ad_node *x = inputs[0], *largest = ad_node_new(NULL, AD_OP_MAX, &x, 1, attr);
    ad_node *m = ad_stop_gradient(finite_or_zero(largest));
    ad_node *e = ad_exp(ad_sub(x, spread(m, x->shape, attr->axes)));
    return ad_add(m, ad_log(ad_node_new(NULL, AD_OP_SUM, &e, 1, attr)));
}

void ad_print_reduce(ad_text *text, const void *attr)
{
    const ad_attr_reduce *reduction = attr;
    ad_axes axes = ad_axes_from_mask(reduction->axes);
    ad_text_add(text, ", axes=[");
    for (int i = 0; i < axes.count; ++i) ad_text_format(text, i ? ", %d" : "%d", axes.axis[i]);
    ad_text_add(text, reduction->keep ? "], keep" : "]");
}

bool ad_infer_argmax(ad_infer *rule)
{
    const ad_attr_axis *attr = rule->attr;
    if (!want_summable(rule) || !ad_want_axis(rule, attr->axis)) return false;
    ad_shape from = rule->inputs[0]->shape;
    int64_t size = from.dim[attr->axis];
    if (size < 1 || size > INT32_MAX)
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "axis %lld has %lld elements, expected 1 to 2147483647",
                             (long long)attr->axis, (long long)size);
    rule->dtype = AD_I32;
    rule->shape = reduced_shape(from, (int64_t)1 << attr->axis, attr->keep);
    return true;
}

ad_node *ad_argmax(ad_node *x, int axis, bool keep)
{
    ad_attr_axis attr = {.axis = ad_axis_of(axis, ad_node_shape(x).rank), .keep = keep};
    return ad_node_new(NULL, AD_OP_ARGMAX, &x, 1, &attr);
}

void ad_print_argmax(ad_text *text, const void *attr)
{
    ad_print_axis(text, attr);
    if (((const ad_attr_axis *)attr)->keep) ad_text_add(text, ", keep");
}
