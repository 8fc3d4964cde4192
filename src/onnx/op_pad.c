/* op_pad.c - Pad: with a number, by reflection, with the edge. Negative pads cut off. */
#include "onnx/build.h"

#include <string.h>

/* pads [begin..., end...] of some axes, or all, as before and after of each axis of the node. */
static ad_status read_pads(const ad_onnx_call *call, const ad_onnx_slot *slot, int64_t *before,
                           int64_t *after)
{
    int64_t pads[2 * AD_MAX_RANK], axes[AD_MAX_RANK];
    int count, axis_count, axis, rank = slot->shape.rank;
    const int64_t most = INT32_MAX;
    ad_status status = ad_onnx_ints(call, "pads", 1, pads, 2 * AD_MAX_RANK, &count);
    if (!status) status = ad_onnx_ints(call, NULL, 3, axes, AD_MAX_RANK, &axis_count);
    if (status) return status;
    if (axis_count < 0) axis_count = rank;
    if (count != 2 * axis_count)
        return ad_onnx_refuse(call, AD_ERROR_FORMAT, "%d pads for %d axes", count, axis_count);
    for (int i = 0; i < axis_count; ++i) {
        status = ad_onnx_axis(call, ad_onnx_in(call, 3) ? axes[i] : i, rank, &axis);
        if (status) return status;
        int64_t first = pads[i], second = pads[axis_count + i];
        if (first < -most || first > most || second < -most || second > most)
            return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "pads of %lld and %lld",
                                  (long long)first, (long long)second);
        int at = ad_onnx_place(rank, axis, slot->last);
        before[at] = first, after[at] = second;
    }
    return AD_OK;
}

/* Cuts off what is negative, and leaves what is not. */
static ad_node *cropped(const ad_onnx_call *call, ad_node *x, int64_t *before, int64_t *after)
{
    ad_shape shape = ad_node_shape(x);
    for (int i = 0; i < shape.rank; ++i) {
        int64_t first = before[i] < 0 ? -before[i] : 0, end = shape.dim[i];
        if (after[i] < 0) end += after[i];
        if (first > end) {
            ad_onnx_refuse(call, AD_ERROR_SHAPE, "more is cut off than axis %d has", i);
            return NULL;
        }
        if (first || end < shape.dim[i]) x = ad_slice(x, i, first, end, 1);
        if (before[i] < 0) before[i] = 0;
        if (after[i] < 0) after[i] = 0;
    }
    return x;
}

static ad_node *edge(ad_node *x, int axis, int64_t at, int64_t times)
{
    ad_node *slice = ad_slice(x, axis, at, at + 1, 1);
    ad_shape shape = ad_node_shape(slice);
    shape.dim[axis] = times;
    return ad_broadcast(slice, shape);
}

static ad_node *pad_edge(ad_node *x, const int64_t *before, const int64_t *after)
{
    int rank = ad_node_shape(x).rank;
    for (int i = 0; i < rank && !ad_node_poisoned(x); ++i) {
        int count = 0;
        ad_node *parts[3];
        if (before[i]) parts[count++] = edge(x, i, 0, before[i]);
        parts[count++] = x;
        if (after[i]) parts[count++] = edge(x, i, ad_node_shape(x).dim[i] - 1, after[i]);
        if (count > 1) x = ad_concat(parts, count, i);
    }
    return x;
}

ad_status ad_onnx_pad(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    int64_t before[AD_MAX_RANK] = {0}, after[AD_MAX_RANK] = {0};
    double value = ad_onnx_float(call, "value", 0);
    const char *mode = ad_onnx_text(call, "mode", "constant");
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    ad_status status = read_pads(call, slot, before, after);
    if (!status) status = ad_onnx_known_number(call, 2, value, &value);
    if (status) return status;
    x = cropped(call, x, before, after);
    if (!x) return ad_error_status(call->b->ctx);
    if (!strcmp(mode, "constant"))
        x = ad_pad(x, before, after, value);
    else if (!strcmp(mode, "reflect"))
        x = ad_pad_reflect(x, before, after);
    else if (!strcmp(mode, "edge"))
        x = pad_edge(x, before, after);
    else
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "mode \"%.40s\"", mode);
    return ad_onnx_give(call, 0, x, slot->last, 0);
}
