/* op_quantize.c - quantised networks. Eight and sixteen bit integers are whole numbers in f32,
 * which holds them, and products of them up to 2^24, exactly. Rounding passes its gradient on
 * (Bengio, Leonard & Courville 2013, arXiv 1308.3432, "straight through"); saturation stops it. */
#include "onnx/build.h"
#include "onnx/rounding.h"

#include <string.h>

/* A scale or zero point: one number, or one for each place along an axis of a node. */
static ad_node *along_axis(const ad_onnx_call *call, int input, const ad_onnx_slot *slot, int axis)
{
    ad_onnx_slot *from = ad_onnx_in(call, input);
    ad_node *x = ad_onnx_plain(call, from);
    if (!x) return NULL;
    int64_t count = ad_shape_count(from->shape);
    ad_shape shape = {.rank = slot->shape.rank};
    if (count == 1) return ad_reshape(x, (ad_shape){0});
    if (from->shape.rank != 1 || axis >= slot->shape.rank || slot->shape.dim[axis] != count) {
        ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED,
                       "\"%.100s\" has %lld numbers, expected one, or one for each place on axis "
                       "%d (blocks of an axis are not supported)",
                       from->name, (long long)count, axis);
        return NULL;
    }
    for (int i = 0; i < shape.rank; ++i)
        shape.dim[ad_onnx_place(shape.rank, i, slot->last)] = i == axis ? count : 1;
    return ad_reshape(x, shape);
}

static ad_status axis_of(const ad_onnx_call *call, int *axis)
{
    int rank = call->in[0]->shape.rank;
    ad_onnx_slot *scale = ad_onnx_in(call, 1);
    *axis = 0;
    if (!scale || ad_shape_count(scale->shape) == 1) return AD_OK;
    return ad_onnx_axis(call, ad_onnx_int(call, "axis", 1), rank, axis);
}

/* clamp(round(x / scale) + zero). Clamped before as well, far outside of what any type holds:
 * the difference that rounding makes is not to be that of infinities. */
static ad_node *quantised(ad_node *x, ad_node *scale, ad_node *zero, int elem)
{
    double low, high;
    ad_onnx_elem_range(elem, &low, &high);
    ad_node *y = ad_clamp(ad_div(x, scale), -0x1p20, 0x1p20);
    y = ad_add(y, ad_stop_gradient(ad_sub(ad_onnx_round(y), y)));
    if (zero) y = ad_add(y, zero);
    return ad_clamp(y, low, high);
}

ad_status ad_onnx_quantize(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0), *zero_slot = ad_onnx_in(call, 2);
    ad_node *x = ad_onnx_node_of(call, slot), *zero = NULL;
    int axis, elem = zero_slot ? zero_slot->elem : AD_ONNX_UINT8;
    if (!x) return ad_error_status(call->b->ctx);
    if (!zero_slot) elem = (int)ad_onnx_int(call, "output_dtype", AD_ONNX_UINT8);
    if (!ad_onnx_elem_is_small(elem))
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "to %s", ad_onnx_elem_name(elem));
    ad_status status = axis_of(call, &axis);
    if (status) return status;
    ad_node *scale = along_axis(call, 1, slot, axis);
    if (scale && zero_slot && !(zero = along_axis(call, 2, slot, axis))) scale = NULL;
    if (!scale) return ad_error_status(call->b->ctx);
    return ad_onnx_give(call, 0, quantised(x, scale, zero, elem), slot->last, elem);
}

/* ---- back to numbers ---- */

static bool same_widening(const ad_onnx_widening *a, const ad_onnx_widening *b)
{
    if (a->count != b->count || a->axis != b->axis || !a->zero != !b->zero) return false;
    size_t bytes = (size_t)a->count * sizeof *a->scale;
    return !memcmp(a->scale, b->scale, bytes) && (!a->zero || !memcmp(a->zero, b->zero, bytes));
}

/* A tensor is one variable, so what it stands for is one thing. */
static ad_status keep_widening(const ad_onnx_call *call, ad_onnx_widening *w)
{
    ad_onnx_builder *b = call->b;
    w->tensor = call->in[0]->tensor;
    for (const ad_onnx_widening *other = b->widenings; other; other = other->next)
        if (other->tensor == w->tensor && !same_widening(other, w))
            return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED,
                                  "\"%.100s\" is widened with other scales elsewhere",
                                  call->in[0]->name);
    w->next = b->widenings;
    b->widenings = w;
    return AD_OK;
}

/* A tensor of the file becomes a variable of what it stands for. */
static ad_status widen_tensor(const ad_onnx_call *call, int axis)
{
    ad_onnx_slot *slot = call->in[0], wide = *slot;
    ad_onnx_widening *w = ad_arena_alloc(&call->b->arena, sizeof *w);
    if (!w) return AD_ERROR_MEMORY;
    *w = (ad_onnx_widening){.axis = axis, .count = ad_shape_count(call->in[1]->shape)};
    if (w->count != 1 && (call->in[1]->shape.rank != 1 || w->count != slot->shape.dim[axis]))
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED,
                              "%lld scales for axis %d (blocks of an axis are not supported)",
                              (long long)w->count, axis);
    w->scale = ad_onnx_known(call, 1);
    if (!w->scale) return ad_error_status(call->b->ctx);
    if (ad_onnx_in(call, 2)) {
        if (ad_shape_count(call->in[2]->shape) != w->count)
            return ad_onnx_refuse(call, AD_ERROR_FORMAT, "scales and zero points differ in number");
        w->zero = ad_onnx_known(call, 2);
        if (!w->zero) return ad_error_status(call->b->ctx);
    }
    wide.elem = AD_ONNX_FLOAT, wide.widening = w, wide.host = NULL, wide.node = NULL;
    wide.trained = true;
    ad_status status = keep_widening(call, w);
    return status ? status : ad_onnx_give_same(call, 0, &wide);
}

static ad_node *dequantised(const ad_onnx_call *call, ad_onnx_slot *slot, int axis)
{
    ad_node *x = ad_onnx_node_of(call, slot), *zero = NULL;
    ad_node *scale = x ? along_axis(call, 1, slot, axis) : NULL;
    if (!scale) return NULL;
    if (ad_node_dtype(x) != AD_F32) x = ad_cast(x, AD_F32);
    if (ad_onnx_in(call, 2)) {
        zero = along_axis(call, 2, slot, axis);
        if (!zero) return NULL;
        if (ad_node_dtype(zero) != AD_F32) zero = ad_cast(zero, AD_F32);
    }
    return ad_mul(zero ? ad_sub(x, zero) : x, scale);
}

ad_status ad_onnx_dequantize(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0), *scale = ad_onnx_in(call, 1);
    int axis;
    if (!slot || !scale) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it needs two inputs");
    ad_status status = axis_of(call, &axis);
    if (status) return status;
    if (slot->tensor && !slot->constant && !slot->node && !slot->widening)
        return widen_tensor(call, axis);
    return ad_onnx_give(call, 0, dequantised(call, slot, axis), slot->last, AD_ONNX_FLOAT);
}

/* ---- the older forms ---- */

/* Scale and zero point of uint8 from the smallest and largest number, 0 included. */
ad_status ad_onnx_dynamic_quantize(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    ad_node *none = ad_scalar(ad_node_graph(x), AD_F32, 0);
    ad_node *low = ad_minimum(ad_min(x, AD_ALL_AXES, false), none);
    ad_node *high = ad_maximum(ad_max(x, AD_ALL_AXES, false), none);
    ad_node *scale = ad_mul_scalar(ad_sub(high, low), 1.0 / 255);
    ad_node *zero = ad_clamp(ad_onnx_round(ad_neg(ad_div(low, scale))), 0, 255);
    ad_status status = ad_onnx_give(call, 0, quantised(x, scale, zero, AD_ONNX_UINT8), slot->last,
                                    AD_ONNX_UINT8);
    if (!status) status = ad_onnx_give(call, 1, scale, false, AD_ONNX_FLOAT);
    return status ? status : ad_onnx_give(call, 2, zero, false, AD_ONNX_UINT8);
}
