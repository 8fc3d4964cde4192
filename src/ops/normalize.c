/* normalize.c - zero mean and unit variance over some axes, and the four norms that people name. */
#include "ops/rules.h"

/* For normalize (x) and its gradient (x, g). */
bool ad_infer_normalize(ad_infer *rule)
{
    const ad_attr_reduce *attr = rule->attr;
    if (!ad_want_float(rule, 0) || !ad_want_same_dtype(rule) || !ad_want_same_shape(rule) ||
        !ad_want_elements(rule, 0))
        return false;
    if (attr->axes < 1 || attr->axes >> rule->inputs[0]->shape.rank)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT,
                             "normalises over axes that the input does not have");
    if (!(attr->eps >= 0 && attr->eps <= 1e300))
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "eps is %g, expected 0 or more", attr->eps);
    return ad_infer_same(rule);
}

ad_node *ad_normalize(ad_node *x, ad_axes axes, double eps)
{
    if (ad_node_poisoned(x)) return ad_node_new(NULL, AD_OP_NORMALIZE, &x, 1, NULL);
    ad_attr_reduce attr = {.eps = eps};
    if (!ad_mask_from_axes(axes, x->shape.rank, &attr.axes))
        return ad_refuse(NULL, AD_OP_NORMALIZE, &x, 1, AD_ERROR_ARGUMENT,
                         "an axis is out of range or given twice");
    return ad_node_new(NULL, AD_OP_NORMALIZE, &x, 1, &attr);
}

/* x - mean and 1 / sqrt(variance + eps) */
static void center(ad_node *x, const ad_attr_reduce *attr, ad_node **centered, ad_node **inverse)
{
    ad_axes axes = ad_axes_from_mask(attr->axes);
    *centered = ad_sub(x, ad_mean(x, axes, true));
    *inverse = ad_rsqrt(ad_add_scalar(ad_mean(ad_square(*centered), axes, true), attr->eps));
}

ad_node *ad_decompose_normalize(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    ad_node *centered, *inverse;
    center(inputs[0], node->attr, &centered, &inverse);
    return ad_mul(centered, inverse);
}

void ad_gradient_normalize(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_node_new(NULL, AD_OP_NORMALIZE_GRAD, (ad_node *[]){y->inputs[0], g}, 2, y->attr);
}

/* (g - mean(g) - y mean(g y)) / sqrt(variance + eps), y the normalised x */
ad_node *ad_decompose_normalize_grad(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    const ad_attr_reduce *attr = node->attr;
    ad_axes axes = ad_axes_from_mask(attr->axes);
    ad_node *centered, *inverse, *g = inputs[1];
    center(inputs[0], attr, &centered, &inverse);
    ad_node *y = ad_mul(centered, inverse);
    ad_node *along = ad_mul(y, ad_mean(ad_mul(g, y), axes, true));
    return ad_mul(inverse, ad_sub(ad_sub(g, ad_mean(g, axes, true)), along));
}

void ad_print_normalize(ad_text *text, const void *attr)
{
    ad_print_reduce(text, attr);
    ad_text_format(text, ", eps=%g", ((const ad_attr_reduce *)attr)->eps);
}

/* ---- the named norms ---- */

static ad_node *affine(ad_node *x, ad_node *scale, ad_node *shift)
{
    if (scale) x = ad_mul(x, scale);
    return shift ? ad_add(x, shift) : x;
}

/* The axes first .. last - 1 */
static ad_axes span(int first, int last)
{
    ad_axes axes = {0};
    for (int i = first; i < last; ++i) axes.axis[axes.count++] = i;
    return axes;
}

static ad_node *too_flat(ad_node *x, const char *name, int least)
{
    return ad_refuse(NULL, AD_OP_NORMALIZE, &x, 1, AD_ERROR_SHAPE, "%s needs %d axes or more", name,
                     least);
}

ad_node *ad_layer_norm(ad_node *x, ad_node *scale, ad_node *shift, double eps)
{
    return affine(ad_normalize(x, ad_axes(-1), eps), scale, shift);
}

ad_node *ad_instance_norm(ad_node *x, ad_node *scale, ad_node *shift, double eps)
{
    int rank = ad_node_shape(x).rank;
    if (!ad_node_poisoned(x) && rank < 3) return too_flat(x, "instance norm", 3);
    return affine(ad_normalize(x, span(1, rank - 1), eps), scale, shift);
}

ad_node *ad_batch_norm(ad_node *x, ad_node *scale, ad_node *shift, double eps)
{
    int rank = ad_node_shape(x).rank;
    if (!ad_node_poisoned(x) && rank < 2) return too_flat(x, "batch norm", 2);
    return affine(ad_normalize(x, span(0, rank - 1), eps), scale, shift);
}

ad_node *ad_group_norm(ad_node *x, int groups, ad_node *scale, ad_node *shift, double eps)
{
    if (ad_node_poisoned(x)) return ad_node_new(NULL, AD_OP_NORMALIZE, &x, 1, NULL);
    ad_shape shape = x->shape, split = shape;
    int last = shape.rank - 1;
    if (last < 1) return too_flat(x, "group norm", 2);
    if (groups < 1 || shape.dim[last] % groups || shape.rank == AD_MAX_RANK)
        return ad_refuse(NULL, AD_OP_NORMALIZE, &x, 1, AD_ERROR_ARGUMENT,
                         "%lld channels do not divide into %d groups", (long long)shape.dim[last],
                         groups);
    split.rank = shape.rank + 1;
    split.dim[last] = groups;
    split.dim[last + 1] = shape.dim[last] / groups;
    ad_axes axes = span(1, last);
    axes.axis[axes.count++] = last + 1;
    return affine(ad_reshape(ad_normalize(ad_reshape(x, split), axes, eps), shape), scale, shift);
}
