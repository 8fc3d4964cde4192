/* op_reduce.c - reductions over axes. */
#include "onnx/build.h"

#include <string.h>

/* Over the flagged axes of the file, in place with size 1. */
static ad_node *reduced(const char *op, ad_node *x, ad_axes axes)
{
    if (!strcmp(op, "ReduceMean")) return ad_mean(x, axes, true);
    if (!strcmp(op, "ReduceSum")) return ad_sum(x, axes, true);
    if (!strcmp(op, "ReduceMax")) return ad_max(x, axes, true);
    if (!strcmp(op, "ReduceMin")) return ad_min(x, axes, true);
    if (!strcmp(op, "ReduceL1")) return ad_sum(ad_abs(x), axes, true);
    if (!strcmp(op, "ReduceL2")) return ad_sqrt(ad_sum(ad_square(x), axes, true));
    if (!strcmp(op, "ReduceSumSquare")) return ad_sum(ad_square(x), axes, true);
    if (!strcmp(op, "ReduceLogSum")) return ad_log(ad_sum(x, axes, true));
    return ad_logsumexp(x, axes, true);
}

/* The same over no axes. */
static ad_node *of_each(const char *op, ad_node *x)
{
    if (!strcmp(op, "ReduceL1") || !strcmp(op, "ReduceL2")) return ad_abs(x);
    if (!strcmp(op, "ReduceSumSquare")) return ad_square(x);
    return strcmp(op, "ReduceLogSum") ? x : ad_log(x);
}

/* Gives y, whose flagged axes have size 1, with them or without. */
static ad_status give_reduced(const ad_onnx_call *call, ad_node *y, const bool *flags, int elem)
{
    ad_onnx_slot *slot = call->in[0];
    if (ad_onnx_int(call, "keepdims", 1)) return ad_onnx_give(call, 0, y, slot->last, elem);
    ad_shape shape = {0};
    for (int i = 0; i < slot->shape.rank; ++i)
        if (!flags[i]) shape.dim[shape.rank++] = slot->shape.dim[i];
    y = ad_reshape(ad_onnx_to_order(y, slot->last, false), shape);
    return ad_onnx_give(call, 0, y, false, elem);
}

ad_status ad_onnx_reduce(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    bool flags[AD_MAX_RANK], none;
    int rank = slot->shape.rank;
    ad_status status = ad_onnx_axes(call, "axes", 1, rank, flags, &none);
    if (status) return status;
    if (none && ad_onnx_int(call, "noop_with_empty_axes", 0))
        return ad_onnx_give(call, 0, of_each(call->node->op, x), slot->last, 0);
    ad_axes axes = {0};
    for (int i = 0; i < rank; ++i)
        if (flags[i]) axes.axis[axes.count++] = ad_onnx_place(rank, i, slot->last);
    if (rank) x = reduced(call->node->op, x, axes);
    return give_reduced(call, x, flags, 0);
}

ad_status ad_onnx_argmax(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    int axis;
    bool flags[AD_MAX_RANK] = {0};
    ad_status status = ad_onnx_axis(call, ad_onnx_int(call, "axis", 0), slot->shape.rank, &axis);
    if (status) return status;
    flags[axis] = true;
    int at = ad_onnx_place(slot->shape.rank, axis, slot->last);
    int64_t size = slot->shape.dim[axis];
    bool reverse = ad_onnx_int(call, "select_last_index", 0) != 0;
    if (!strcmp(call->node->op, "ArgMin")) x = ad_neg(x);
    if (reverse) x = ad_slice(x, at, size - 1, INT64_MIN, -1);
    ad_node *y = ad_cast(ad_argmax(x, at, true), AD_I64);
    if (reverse) y = ad_sub(ad_scalar(ad_node_graph(y), AD_I64, (double)(size - 1)), y);
    return give_reduced(call, y, flags, AD_ONNX_INT64);
}
