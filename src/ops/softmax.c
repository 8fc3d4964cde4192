/* softmax.c - softmax, its logarithm, and the cross-entropy of labels. */
#include "ops/rules.h"

bool ad_infer_softmax(ad_infer *rule)
{
    const ad_attr_axis *attr = rule->attr;
    return ad_want_float(rule, 0) && ad_want_axis(rule, attr->axis) && ad_want_elements(rule, 0) &&
           ad_infer_same(rule);
}

static ad_node *along(ad_op op, ad_node *x, int axis)
{
    ad_attr_axis attr = {.axis = ad_axis_of(axis, ad_node_shape(x).rank)};
    return ad_node_new(NULL, op, &x, 1, &attr);
}

ad_node *ad_softmax(ad_node *x, int axis)
{
    return along(AD_OP_SOFTMAX, x, axis);
}
ad_node *ad_log_softmax(ad_node *x, int axis)
{
    return along(AD_OP_LOG_SOFTMAX, x, axis);
}

static ad_axes axis_of(const ad_node *node)
{
    return ad_axes((int)((const ad_attr_axis *)node->attr)->axis);
}

/* y (g - sum(g y)) */
void ad_gradient_softmax(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(y, ad_sub(g, ad_sum(ad_mul(g, y), axis_of(y), true)));
}

/* g - softmax sum(g) */
void ad_gradient_log_softmax(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_sub(g, ad_mul(ad_exp(y), ad_sum(g, axis_of(y), true)));
}

/* x minus its largest, which changes neither value nor gradient but keeps exp from overflowing. */
static ad_node *shifted(ad_node *x, ad_axes axis)
{
    return ad_sub(x, ad_stop_gradient(ad_max(x, axis, true)));
}

ad_node *ad_decompose_softmax(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    ad_axes axis = axis_of(node);
    ad_node *e = ad_exp(shifted(inputs[0], axis));
    return ad_div(e, ad_sum(e, axis, true));
}

ad_node *ad_decompose_log_softmax(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    ad_axes axis = axis_of(node);
    ad_node *s = shifted(inputs[0], axis);
    return ad_sub(s, ad_log(ad_sum(ad_exp(s), axis, true)));
}

/* ---- cross-entropy ---- */

bool ad_infer_cross_entropy(ad_infer *rule)
{
    ad_shape logits = rule->inputs[0]->shape, labels = rule->inputs[1]->shape;
    ad_dtype dtype = rule->inputs[1]->dtype;
    if (!ad_want_float(rule, 0)) return false;
    if (dtype != AD_I32 && dtype != AD_I64)
        return ad_infer_fail(rule, AD_ERROR_DTYPE, "labels are %s, expected i32 or i64",
                             ad_dtype_name(dtype));
    if (logits.rank < 1 || logits.dim[logits.rank - 1] < 1)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "logits need a last axis of classes");
    --logits.rank;
    if (!ad_shape_equal(logits, labels))
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "labels do not have the shape of the logits without their last axis");
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = labels;
    return true;
}

bool ad_infer_cross_entropy_grad(ad_infer *rule)
{
    if (!ad_infer_cross_entropy(rule)) return false;
    if (rule->inputs[2]->dtype != rule->dtype ||
        !ad_shape_equal(rule->inputs[2]->shape, rule->shape))
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "the gradient does not have the shape and type of the loss");
    rule->shape = rule->inputs[0]->shape;
    return true;
}

ad_node *ad_cross_entropy(ad_node *logits, ad_node *labels)
{
    return ad_node_new(NULL, AD_OP_CROSS_ENTROPY, (ad_node *[]){logits, labels}, 2, NULL);
}

void ad_gradient_cross_entropy(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_node_new(NULL, AD_OP_CROSS_ENTROPY_GRAD,
                           (ad_node *[]){y->inputs[0], y->inputs[1], g}, 3, NULL);
}

/* [...] of labels -> [..., 1] */
static ad_node *column(ad_node *x)
{
    ad_shape shape = ad_node_shape(x);
    if (shape.rank < AD_MAX_RANK) shape.dim[shape.rank++] = 1;
    return ad_reshape(x, shape);
}

/* [..., classes]: true at the label. */
static ad_node *at_label(ad_node *labels, ad_shape logits)
{
    return ad_equal(column(labels),
                    ad_iota(ad_node_graph(labels), ad_node_dtype(labels), logits, -1));
}

/* -sum(where(label, log softmax, 0)) */
ad_node *ad_decompose_cross_entropy(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph, (void)node;
    ad_node *chosen = ad_where_or_zero(at_label(inputs[1], inputs[0]->shape),
                                       ad_log_softmax(inputs[0], -1));
    return ad_neg(ad_sum(chosen, ad_axes(-1), false));
}

/* (softmax - onehot) g, and 0 in rows whose label is no class. */
ad_node *ad_decompose_cross_entropy_grad(ad_graph *graph, const ad_node *node,
                                         ad_node *const *inputs)
{
    (void)graph, (void)node;
    ad_node *logits = inputs[0], *labels = inputs[1];
    double classes = (double)logits->shape.dim[logits->shape.rank - 1];
    ad_node *onehot = ad_cast(at_label(labels, logits->shape), logits->dtype);
    ad_node *valid = ad_and(ad_greater_equal(labels, ad_like(labels, 0)),
                            ad_less(labels, ad_like(labels, classes)));
    ad_node *g = column(ad_where_or_zero(valid, inputs[2]));
    return ad_mul(ad_sub(ad_softmax(logits, -1), onehot), g);
}
