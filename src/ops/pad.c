/* pad.c - ops that make a larger tensor around or out of others: pad, reflection pad and its
 * adjoint, concat. */
#include "ops/rules.h"

#include <string.h>

static bool pads_sane(ad_infer *rule)
{
    const ad_attr_pad *attr = rule->attr;
    for (int i = 0; i < rule->inputs[0]->shape.rank; ++i)
        if (attr->before[i] < 0 || attr->after[i] < 0 || attr->interior[i] < 0)
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT,
                                 "the pad of axis %d is negative (%lld before, %lld after)", i,
                                 (long long)attr->before[i], (long long)attr->after[i]);
    return true;
}

bool ad_infer_pad(ad_infer *rule)
{
    const ad_attr_pad *attr = rule->attr;
    ad_shape from = rule->inputs[0]->shape;
    if (!pads_sane(rule)) return false;
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape.rank = from.rank;
    for (int i = 0; i < from.rank; ++i) {
        int64_t gaps, size;
        if (__builtin_mul_overflow(from.dim[i] > 0 ? from.dim[i] - 1 : 0, attr->interior[i],
                                   &gaps) ||
            __builtin_add_overflow(from.dim[i], gaps, &size) ||
            __builtin_add_overflow(size, attr->before[i], &size) ||
            __builtin_add_overflow(size, attr->after[i], &size))
            return ad_infer_fail(rule, AD_ERROR_SHAPE, "axis %d becomes too large", i);
        rule->shape.dim[i] = size;
    }
    return true;
}

ad_node *ad_pad_with(ad_node *x, const ad_attr_pad *attr)
{
    if (!ad_node_poisoned(x)) {
        bool nothing = true;
        for (int i = 0; i < x->shape.rank; ++i)
            nothing &= !attr->before[i] && !attr->after[i] && !attr->interior[i];
        if (nothing) return x;
    }
    return ad_node_new(NULL, AD_OP_PAD, &x, 1, attr);
}

static ad_attr_pad pads_of(const ad_node *x, const int64_t *before, const int64_t *after)
{
    ad_attr_pad attr = {0};
    memcpy(attr.before, before, (size_t)x->shape.rank * sizeof *before);
    memcpy(attr.after, after, (size_t)x->shape.rank * sizeof *after);
    return attr;
}

ad_node *ad_pad(ad_node *x, const int64_t *before, const int64_t *after, double value)
{
    if (ad_node_poisoned(x)) return ad_node_new(NULL, AD_OP_PAD, &x, 1, NULL);
    ad_attr_pad attr = pads_of(x, before, after);
    attr.value = value;
    return ad_pad_with(x, &attr);
}

void ad_gradient_pad(ad_node *y, ad_node *g, ad_node **grads)
{
    const ad_attr_pad *attr = y->attr;
    ad_shape from = y->inputs[0]->shape;
    ad_attr_slice slice = {0};
    for (int i = 0; i < from.rank; ++i) {
        slice.begin[i] = attr->before[i];
        slice.count[i] = from.dim[i];
        slice.step[i] = attr->interior[i] + 1;
    }
    grads[0] = ad_slice_with(g, &slice);
}

static void print_list(ad_text *text, const char *name, const int64_t *list)
{
    int rank = AD_MAX_RANK;
    while (rank > 0 && list[rank - 1] == 0) --rank;
    if (!rank) return;
    ad_text_format(text, ", %s=[", name);
    for (int i = 0; i < rank; ++i) ad_text_format(text, i ? ", %lld" : "%lld", (long long)list[i]);
    ad_text_add(text, "]");
}

void ad_print_pad(ad_text *text, const void *attr)
{
    const ad_attr_pad *pad = attr;
    print_list(text, "before", pad->before);
    print_list(text, "after", pad->after);
    print_list(text, "interior", pad->interior);
    if (pad->value != 0) ad_text_format(text, ", value=%g", pad->value);
}

/* ---- reflection ---- */

/* For pad_reflect and its adjoint, which go between the same two shapes. */
bool ad_infer_pad_reflect(ad_infer *rule)
{
    const ad_attr_pad *attr = rule->attr;
    ad_shape from = rule->inputs[0]->shape;
    bool grad = rule->op == AD_OP_PAD_REFLECT_GRAD;
    if (!pads_sane(rule)) return false;
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape.rank = from.rank;
    if (grad && !ad_want_float(rule, 0)) return false;
    for (int i = 0; i < from.rank; ++i) {
        int64_t before = attr->before[i], after = attr->after[i], pads, inner = from.dim[i];
        if (attr->interior[i])
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "cannot pad between elements");
        if (__builtin_add_overflow(before, after, &pads) || pads > INT64_MAX - from.dim[i])
            return ad_infer_fail(rule, AD_ERROR_SHAPE, "axis %d becomes too large", i);
        if (grad) inner -= pads;
        if (pads && (before >= inner || after >= inner))
            return ad_infer_fail(
                rule, AD_ERROR_SHAPE,
                "axis %d of size %lld cannot be mirrored by %lld and %lld: each must be smaller", i,
                (long long)inner, (long long)before, (long long)after);
        rule->shape.dim[i] = grad ? inner : inner + pads;
    }
    return true;
}

ad_node *ad_pad_reflect(ad_node *x, const int64_t *before, const int64_t *after)
{
    if (ad_node_poisoned(x)) return ad_node_new(NULL, AD_OP_PAD_REFLECT, &x, 1, NULL);
    ad_attr_pad attr = pads_of(x, before, after);
    bool nothing = true;
    for (int i = 0; i < x->shape.rank; ++i) nothing &= !attr.before[i] && !attr.after[i];
    return nothing ? x : ad_node_new(NULL, AD_OP_PAD_REFLECT, &x, 1, &attr);
}

void ad_gradient_pad_reflect(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_op adjoint = y->op == AD_OP_PAD_REFLECT ? AD_OP_PAD_REFLECT_GRAD : AD_OP_PAD_REFLECT;
    grads[0] = ad_node_new(NULL, adjoint, &g, 1, y->attr);
}

/* x[before] .. x[1], x, x[d-2] .. x[d-1-after] */
static ad_node *mirror(ad_node *x, int axis, int64_t before, int64_t after)
{
    int64_t size = ad_node_shape(x).dim[axis];
    ad_node *parts[3];
    int count = 0;
    if (before) parts[count++] = ad_slice_run(x, axis, before, before, -1);
    parts[count++] = x;
    if (after) parts[count++] = ad_slice_run(x, axis, size - 2, after, -1);
    return ad_concat(parts, count, axis);
}

/* Its adjoint: the middle of g, with the flaps folded back onto it. */
static ad_node *fold(ad_node *g, int axis, int64_t before, int64_t after)
{
    int64_t size = ad_node_shape(g).dim[axis] - before - after;
    ad_node *sum = ad_slice_run(g, axis, before, size, 1);
    if (before) {
        ad_attr_pad pad = {0};
        pad.before[axis] = 1;
        pad.after[axis] = size - 1 - before;
        sum = ad_add(sum, ad_pad_with(ad_slice_run(g, axis, before - 1, before, -1), &pad));
    }
    if (after) {
        ad_attr_pad pad = {0};
        pad.before[axis] = size - 1 - after;
        pad.after[axis] = 1;
        sum = ad_add(
            sum, ad_pad_with(ad_slice_run(g, axis, before + size + after - 1, after, -1), &pad));
    }
    return sum;
}

ad_node *ad_decompose_pad_reflect(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    const ad_attr_pad *attr = node->attr;
    ad_node *value = inputs[0];
    for (int i = 0; i < node->shape.rank; ++i)
        if (attr->before[i] || attr->after[i])
            value = (node->op == AD_OP_PAD_REFLECT ? mirror : fold)(value, i, attr->before[i],
                                                                    attr->after[i]);
    return value;
}

/* ---- concat ---- */

bool ad_infer_concat(ad_infer *rule)
{
    int64_t axis = ((const ad_attr_axis *)rule->attr)->axis, size = 0;
    if (!ad_want_same_dtype(rule) || !ad_want_axis(rule, axis)) return false;
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = rule->inputs[0]->shape;
    for (int i = 0; i < rule->n_inputs; ++i) {
        ad_shape shape = rule->inputs[i]->shape;
        bool fits = shape.rank == rule->shape.rank;
        for (int k = 0; k < shape.rank && fits; ++k)
            fits = k == axis || shape.dim[k] == rule->shape.dim[k];
        if (!fits)
            return ad_infer_fail(rule, AD_ERROR_SHAPE,
                                 "input %d differs from input 0 beyond axis %lld", i,
                                 (long long)axis);
        if (__builtin_add_overflow(size, shape.dim[axis], &size))
            return ad_infer_fail(rule, AD_ERROR_SHAPE, "axis %lld becomes too large",
                                 (long long)axis);
    }
    rule->shape.dim[axis] = size;
    return true;
}

ad_node *ad_concat(ad_node *const *x, int count, int axis)
{
    if (count <= 0 || ad_any_poisoned(x, count))
        return ad_node_new(NULL, AD_OP_CONCAT, x, count, NULL);
    ad_attr_axis attr = {.axis = ad_axis_of(axis, x[0]->shape.rank)};
    if (count == 1 && attr.axis >= 0 && attr.axis < x[0]->shape.rank) return x[0];
    return ad_node_new(NULL, AD_OP_CONCAT, x, count, &attr);
}

void ad_gradient_concat(ad_node *y, ad_node *g, ad_node **grads)
{
    int axis = (int)((const ad_attr_axis *)y->attr)->axis;
    int64_t begin = 0;
    for (int i = 0; i < y->n_inputs; ++i) {
        int64_t size = y->inputs[i]->shape.dim[axis];
        grads[i] = ad_slice_run(g, axis, begin, size, 1);
        begin += size;
    }
}

void ad_print_axis(ad_text *text, const void *attr)
{
    ad_text_format(text, ", axis=%lld", (long long)((const ad_attr_axis *)attr)->axis);
}
