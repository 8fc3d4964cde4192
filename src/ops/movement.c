/* movement.c - ops that only move elements and can be told by strides: broadcast, reshape, permute,
 * slice. */
#include "ops/rules.h"

#include <string.h>

static ad_attr_dims dims_of(ad_shape shape)
{
    ad_attr_dims attr = {.rank = shape.rank};
    for (int i = 0; i < shape.rank && i < AD_MAX_RANK; ++i) attr.dim[i] = shape.dim[i];
    return attr;
}

/* The shape in the attributes, checked. */
static bool wanted_shape(ad_infer *rule)
{
    const ad_attr_dims *attr = rule->attr;
    char text[192];
    if (attr->rank < 0 || attr->rank > AD_MAX_RANK)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "the new shape has more than %d axes",
                             AD_MAX_RANK);
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = (ad_shape){.rank = (int)attr->rank};
    memcpy(rule->shape.dim, attr->dim, sizeof attr->dim);
    if (!ad_shape_valid(rule->shape))
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "the new shape %s has a negative axis or is too large",
                             ad_shape_text(rule->shape, text, sizeof text));
    return true;
}

/* A fill in another shape is a fill: formulas are full of them. */
static ad_node *refill(const ad_node *x, ad_shape shape)
{
    return ad_fill(x->graph, x->dtype, shape, ((const ad_attr_leaf *)x->attr)->value);
}

/* ---- broadcast ---- */

bool ad_infer_broadcast(ad_infer *rule)
{
    ad_shape from = rule->inputs[0]->shape, joined;
    char text[192];
    if (!wanted_shape(rule)) return false;
    if (from.rank > rule->shape.rank || !ad_shapes_join(from, rule->shape, &joined) ||
        !ad_shape_equal(joined, rule->shape))
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "does not stretch to %s",
                             ad_shape_text(rule->shape, text, sizeof text));
    return true;
}

ad_node *ad_broadcast(ad_node *x, ad_shape shape)
{
    if (!ad_node_poisoned(x)) {
        ad_shape joined;
        if (ad_shape_equal(x->shape, shape)) return x;
        if (x->op == AD_OP_FILL && ad_shape_valid(shape) && x->shape.rank <= shape.rank &&
            ad_shapes_join(x->shape, shape, &joined) && ad_shape_equal(joined, shape))
            return refill(x, shape);
    }
    ad_attr_dims attr = dims_of(shape);
    return ad_node_new(NULL, AD_OP_BROADCAST, &x, 1, &attr);
}

/* The sum over the axes that were put in front or stretched. */
void ad_gradient_broadcast(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_shape from = y->inputs[0]->shape;
    int added = y->shape.rank - from.rank;
    ad_axes axes = {0};
    for (int i = 0; i < y->shape.rank; ++i)
        if (i < added || from.dim[i - added] != y->shape.dim[i]) axes.axis[axes.count++] = i;
    grads[0] = ad_reshape(axes.count ? ad_sum(g, axes, false) : g, from);
}

/* ---- reshape ---- */

bool ad_infer_reshape(ad_infer *rule)
{
    char text[192];
    if (!wanted_shape(rule)) return false;
    if (ad_shape_count(rule->inputs[0]->shape) != ad_shape_count(rule->shape))
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "%lld elements do not fill %s",
                             (long long)ad_shape_count(rule->inputs[0]->shape),
                             ad_shape_text(rule->shape, text, sizeof text));
    return true;
}

/* Replaces a single -1 by what is left. Anything odd stays as it is, for the rule to complain
 * about. */
static ad_shape complete(ad_shape from, ad_shape shape)
{
    int open = -1;
    ad_shape rest = shape;
    for (int i = 0; i < shape.rank && i < AD_MAX_RANK; ++i)
        if (shape.dim[i] == -1) {
            if (open >= 0) return shape;
            open = i;
            rest.dim[i] = 1;
        }
    int64_t known = ad_shape_count(rest), count = ad_shape_count(from);
    if (open >= 0 && known > 0 && count % known == 0) shape.dim[open] = count / known;
    return shape;
}

ad_node *ad_reshape(ad_node *x, ad_shape shape)
{
    if (!ad_node_poisoned(x)) {
        ad_shape full = complete(x->shape, shape);
        char text[192];
        for (int i = 0; i < full.rank && i < AD_MAX_RANK; ++i)
            if (full.dim[i] == -1)
                return ad_refuse(NULL, AD_OP_RESHAPE, &x, 1, AD_ERROR_SHAPE,
                                 "the -1 in %s cannot be worked out",
                                 ad_shape_text(shape, text, sizeof text));
        shape = full;
        if (ad_shape_equal(x->shape, shape)) return x;
        if (x->op == AD_OP_FILL && ad_shape_count(shape) == ad_shape_count(x->shape))
            return refill(x, shape);
    }
    ad_attr_dims attr = dims_of(shape);
    return ad_node_new(NULL, AD_OP_RESHAPE, &x, 1, &attr);
}

ad_node *ad_flatten(ad_node *x, int axis)
{
    if (ad_node_poisoned(x)) return ad_node_new(NULL, AD_OP_RESHAPE, &x, 1, NULL);
    int64_t from = ad_axis_of(axis, x->shape.rank), product = 1;
    if (from < 0 || from > x->shape.rank)
        return ad_refuse(NULL, AD_OP_RESHAPE, &x, 1, AD_ERROR_ARGUMENT,
                         "axis %d is outside an input with %d axes", axis, x->shape.rank);
    ad_shape flat = {.rank = (int)from + 1};
    for (int i = 0; i < x->shape.rank; ++i) {
        if (i < from)
            flat.dim[i] = x->shape.dim[i];
        else
            product *= x->shape.dim[i];
    }
    if (from == AD_MAX_RANK) return x;
    flat.dim[from] = product;
    return ad_reshape(x, flat);
}

void ad_gradient_reshape(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_reshape(g, y->inputs[0]->shape);
}

/* ---- permute ---- */

bool ad_infer_permute(ad_infer *rule)
{
    const ad_attr_dims *attr = rule->attr;
    ad_shape from = rule->inputs[0]->shape;
    int64_t seen = 0;
    if (attr->rank != from.rank)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "an order of %lld axes for an input with %d",
                             (long long)attr->rank, from.rank);
    for (int i = 0; i < from.rank; ++i) {
        if (attr->dim[i] < 0 || attr->dim[i] >= from.rank || (seen >> attr->dim[i] & 1))
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT,
                                 "axis %lld in the order is out of range or given twice",
                                 (long long)attr->dim[i]);
        seen |= (int64_t)1 << attr->dim[i];
    }
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape.rank = from.rank;
    for (int i = 0; i < from.rank; ++i) rule->shape.dim[i] = from.dim[attr->dim[i]];
    return true;
}

ad_node *ad_permute(ad_node *x, const int *order)
{
    if (ad_node_poisoned(x)) return ad_node_new(NULL, AD_OP_PERMUTE, &x, 1, NULL);
    ad_attr_dims attr = {.rank = x->shape.rank};
    bool same = true;
    for (int i = 0; i < x->shape.rank; ++i) {
        attr.dim[i] = ad_axis_of(order[i], x->shape.rank);
        same &= attr.dim[i] == i;
    }
    return same ? x : ad_node_new(NULL, AD_OP_PERMUTE, &x, 1, &attr);
}

ad_node *ad_transpose(ad_node *x)
{
    int order[AD_MAX_RANK], rank = ad_node_shape(x).rank;
    if (ad_node_poisoned(x)) return ad_node_new(NULL, AD_OP_PERMUTE, &x, 1, NULL);
    if (rank < 2)
        return ad_refuse(NULL, AD_OP_PERMUTE, &x, 1, AD_ERROR_SHAPE,
                         "a transpose needs 2 axes, the input has %d", rank);
    for (int i = 0; i < rank; ++i) order[i] = i;
    order[rank - 2] = rank - 1;
    order[rank - 1] = rank - 2;
    return ad_permute(x, order);
}

void ad_gradient_permute(ad_node *y, ad_node *g, ad_node **grads)
{
    const ad_attr_dims *attr = y->attr;
    int inverse[AD_MAX_RANK];
    for (int i = 0; i < y->shape.rank; ++i) inverse[attr->dim[i]] = i;
    grads[0] = ad_permute(g, inverse);
}

void ad_print_permute(ad_text *text, const void *attr)
{
    const ad_attr_dims *order = attr;
    for (int i = 0; i < order->rank; ++i)
        ad_text_format(text, i ? ", %lld" : ", order=[%lld", (long long)order->dim[i]);
    ad_text_add(text, order->rank ? "]" : "");
}

/* ---- slice ---- */

bool ad_infer_slice(ad_infer *rule)
{
    const ad_attr_slice *attr = rule->attr;
    ad_shape from = rule->inputs[0]->shape;
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape.rank = from.rank;
    for (int i = 0; i < from.rank; ++i) {
        int64_t begin = attr->begin[i], count = attr->count[i], step = attr->step[i], last;
        if (step == 0)
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "the step along axis %d is 0", i);
        if (count < 0 || begin < 0 ||
            __builtin_mul_overflow(count > 0 ? count - 1 : 0, step, &last) ||
            __builtin_add_overflow(last, begin, &last) || last < 0 ||
            (count > 0 ? begin >= from.dim[i] || last >= from.dim[i] : begin > from.dim[i]))
            return ad_infer_fail(
                rule, AD_ERROR_ARGUMENT,
                "%lld elements from %lld in steps of %lld leave axis %d of size %lld",
                (long long)count, (long long)begin, (long long)step, i, (long long)from.dim[i]);
        rule->shape.dim[i] = count;
    }
    return true;
}

ad_node *ad_slice_with(ad_node *x, const ad_attr_slice *attr)
{
    if (!ad_node_poisoned(x)) {
        bool all = true;
        for (int i = 0; i < x->shape.rank; ++i)
            all &= attr->begin[i] == 0 && attr->count[i] == x->shape.dim[i] &&
                   (attr->step[i] == 1 || attr->count[i] == 0);
        if (all) return x;
    }
    return ad_node_new(NULL, AD_OP_SLICE, &x, 1, attr);
}

static ad_attr_slice everything(ad_shape shape)
{
    ad_attr_slice attr = {0};
    for (int i = 0; i < shape.rank; ++i) attr.count[i] = shape.dim[i], attr.step[i] = 1;
    return attr;
}

ad_node *ad_slice_run(ad_node *x, int axis, int64_t begin, int64_t count, int64_t step)
{
    if (ad_node_poisoned(x)) return ad_node_new(NULL, AD_OP_SLICE, &x, 1, NULL);
    ad_attr_slice attr = everything(x->shape);
    attr.begin[axis] = begin;
    attr.count[axis] = count;
    attr.step[axis] = step;
    return ad_slice_with(x, &attr);
}

ad_node *ad_slice(ad_node *x, int axis, int64_t begin, int64_t end, int64_t step)
{
    if (ad_node_poisoned(x)) return ad_node_new(NULL, AD_OP_SLICE, &x, 1, NULL);
    int64_t at = ad_axis_of(axis, x->shape.rank);
    if (at < 0 || at >= x->shape.rank)
        return ad_refuse(NULL, AD_OP_SLICE, &x, 1, AD_ERROR_ARGUMENT,
                         "axis %d is outside an input with %d axes", axis, x->shape.rank);
    if (step == 0) return ad_refuse(NULL, AD_OP_SLICE, &x, 1, AD_ERROR_ARGUMENT, "the step is 0");
    int64_t size = x->shape.dim[at], first = begin < 0 && begin >= -size ? begin + size : begin,
            stop = end;
    if (end == INT64_MIN && step < 0)
        stop = -1;
    else if (end == INT64_MAX && step > 0)
        stop = size;
    else if (end < 0 && end >= -size)
        stop = end + size;
    bool fits = step > 0 ? first >= 0 && first <= stop && stop <= size
                         : first < size && first >= stop && stop >= -1 && first >= 0;
    if (!fits || (step < 0 && stop < 0 && end != INT64_MIN))
        return ad_refuse(NULL, AD_OP_SLICE, &x, 1, AD_ERROR_ARGUMENT,
                         "%lld to %lld is outside axis %lld of size %lld", (long long)begin,
                         (long long)end, (long long)at, (long long)size);
    uint64_t span = (uint64_t)(step > 0 ? stop - first : first - stop);
    uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    int64_t count = (int64_t)(span / stride + (span % stride != 0));
    return ad_slice_run(x, (int)at, first, count, step);
}

/* The adjoint puts the elements back where they came from, with zeros around and between them. */
void ad_gradient_slice(ad_node *y, ad_node *g, ad_node **grads)
{
    const ad_attr_slice *attr = y->attr;
    ad_shape from = y->inputs[0]->shape;
    ad_attr_pad pad = {0};
    for (int i = 0; i < from.rank; ++i) {
        int64_t begin = attr->begin[i], count = attr->count[i], step = attr->step[i];
        if (step < 0 && count > 0) {
            begin += (count - 1) * step;
            step = -step;
            g = ad_slice_run(g, i, count - 1, count, -1);
        }
        int64_t covered = count > 0 ? (count - 1) * step + 1 : 0;
        pad.interior[i] = count > 1 ? step - 1 : 0;
        pad.before[i] = begin;
        pad.after[i] = from.dim[i] - begin - covered;
    }
    grads[0] = ad_pad_with(g, &pad);
}

void ad_print_slice(ad_text *text, const void *attr)
{
    const ad_attr_slice *slice = attr;
    ad_text_add(text, ", from=[");
    int rank = AD_MAX_RANK;
    while (rank > 0 && slice->step[rank - 1] == 0) --rank;
    for (int i = 0; i < rank; ++i)
        ad_text_format(text, i ? ", %lld" : "%lld", (long long)slice->begin[i]);
    ad_text_add(text, "], step=[");
    for (int i = 0; i < rank; ++i)
        ad_text_format(text, i ? ", %lld" : "%lld", (long long)slice->step[i]);
    ad_text_add(text, "]");
}
