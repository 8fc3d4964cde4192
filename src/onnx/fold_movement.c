/* fold_movement.c - operations that move elements, of values that are known before the network
 * runs.
 */
#include "onnx/shapes.h"

#include <string.h>

/* The numbers of input 0, or NULL with an error. */
static const double *numbers_of(const ad_onnx_call *call)
{
    return ad_onnx_known(call, 0);
}

ad_status ad_onnx_fold_reshape(const ad_onnx_call *call)
{
    ad_shape shape;
    const char *op = call->node->op;
    ad_status status = !strcmp(op, "Reshape")   ? ad_onnx_new_shape(call, &shape)
                       : !strcmp(op, "Flatten") ? ad_onnx_flat_shape(call, &shape)
                       : !strcmp(op, "Squeeze") ? ad_onnx_squeezed_shape(call, &shape)
                                                : ad_onnx_unsqueezed_shape(call, &shape);
    return status ? status : ad_onnx_give_known(call, 0, shape, numbers_of(call), 0);
}

/* Gives the elements of input 0 at begin + sum of index times stride. */
static ad_status give_strided(const ad_onnx_call *call, ad_shape shape, int64_t begin,
                              const int64_t *stride)
{
    const double *from = numbers_of(call);
    int64_t count = ad_shape_count(shape);
    double *to = from ? ad_onnx_numbers(call, count) : NULL;
    for (int64_t i = 0; to && i < count; ++i) {
        int64_t at = begin, rest = i;
        for (int k = shape.rank - 1; k >= 0; --k) {
            at += rest % shape.dim[k] * stride[k];
            rest /= shape.dim[k];
        }
        to[i] = from[at];
    }
    return ad_onnx_give_known(call, 0, shape, to, 0);
}

static void strides_of(ad_shape shape, int64_t *stride)
{
    int64_t step = 1;
    for (int i = shape.rank - 1; i >= 0; --i) stride[i] = step, step *= shape.dim[i];
}

ad_status ad_onnx_fold_transpose(const ad_onnx_call *call)
{
    int order[AD_MAX_RANK];
    int64_t from[AD_MAX_RANK], to[AD_MAX_RANK];
    ad_status status = ad_onnx_order(call, order);
    if (status) return status;
    ad_shape shape = call->in[0]->shape, turned = shape;
    strides_of(shape, from);
    for (int i = 0; i < shape.rank; ++i)
        turned.dim[i] = shape.dim[order[i]], to[i] = from[order[i]];
    return give_strided(call, turned, 0, to);
}

ad_status ad_onnx_fold_expand(const ad_onnx_call *call)
{
    ad_shape shape;
    int64_t from[AD_MAX_RANK], to[AD_MAX_RANK] = {0};
    ad_status status = ad_onnx_expanded(call, &shape);
    if (status) return status;
    ad_shape narrow = call->in[0]->shape;
    strides_of(narrow, from);
    for (int i = 0; i < narrow.rank; ++i)
        to[shape.rank - narrow.rank + i] = narrow.dim[i] == 1 ? 0 : from[i];
    return give_strided(call, shape, 0, to);
}

ad_status ad_onnx_fold_slice(const ad_onnx_call *call)
{
    ad_onnx_steps ranges[AD_MAX_RANK];
    int64_t stride[AD_MAX_RANK], begin = 0;
    ad_status status = ad_onnx_ranges(call, ranges);
    if (status) return status;
    ad_shape shape = call->in[0]->shape;
    strides_of(shape, stride);
    for (int i = 0; i < shape.rank; ++i) {
        begin += ranges[i].begin * stride[i];
        shape.dim[i] = ranges[i].count;
        stride[i] *= ranges[i].step;
    }
    return give_strided(call, shape, begin, stride);
}

ad_status ad_onnx_fold_tile(const ad_onnx_call *call)
{
    int64_t repeats[AD_MAX_RANK], stride[AD_MAX_RANK];
    ad_status status = ad_onnx_repeats(call, repeats);
    if (status) return status;
    const double *from = numbers_of(call);
    ad_shape narrow = call->in[0]->shape, shape = narrow;
    strides_of(narrow, stride);
    for (int i = 0; i < shape.rank; ++i) shape.dim[i] *= repeats[i];
    int64_t count = ad_shape_count(shape);
    double *to = from ? ad_onnx_numbers(call, count) : NULL;
    for (int64_t i = 0; to && i < count; ++i) {
        int64_t at = 0, rest = i;
        for (int k = shape.rank - 1; k >= 0; --k) {
            at += rest % shape.dim[k] % narrow.dim[k] * stride[k];
            rest /= shape.dim[k];
        }
        to[i] = from[at];
    }
    return ad_onnx_give_known(call, 0, shape, to, 0);
}

/* Elements in front of an axis, and behind it. */
static void around(ad_shape shape, int axis, int64_t *outer, int64_t *inner)
{
    *outer = *inner = 1;
    for (int i = 0; i < shape.rank; ++i)
        if (i != axis) *(i < axis ? outer : inner) *= shape.dim[i];
}

ad_status ad_onnx_fold_concat(const ad_onnx_call *call)
{
    int axis;
    int64_t outer, inner, filled = 0;
    ad_onnx_slot *first = ad_onnx_in(call, 0);
    if (!first) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it has no input");
    ad_status status = ad_onnx_axis(call, ad_onnx_int(call, "axis", 1), first->shape.rank, &axis);
    if (status) return status;
    ad_shape shape = first->shape;
    around(shape, axis, &outer, &inner);
    shape.dim[axis] = 0;
    for (int k = 0; k < call->in_count; ++k) {
        ad_shape part = call->in[k] ? call->in[k]->shape : (ad_shape){0};
        int64_t size = part.rank == shape.rank ? part.dim[axis] : -1;
        if (part.rank == shape.rank) part.dim[axis] = shape.dim[axis];
        if (!ad_shape_equal(part, shape))
            return ad_onnx_refuse(call, AD_ERROR_SHAPE, "part %d does not fit the others", k);
        if (__builtin_add_overflow(shape.dim[axis], size, &shape.dim[axis])) shape.dim[axis] = 0;
    }
    double *to = ad_onnx_numbers(call, ad_shape_count(shape));
    for (int k = 0; to && k < call->in_count; ++k) {
        const double *from = ad_onnx_known(call, k);
        int64_t row = call->in[k]->shape.dim[axis] * inner;
        for (int64_t o = 0; from && o < outer; ++o)
            memcpy(to + o * shape.dim[axis] * inner + filled, from + o * row,
                   (size_t)row * sizeof *to);
        filled += row;
    }
    return ad_onnx_give_known(call, 0, shape, to, 0);
}

ad_status ad_onnx_fold_gather(const ad_onnx_call *call)
{
    int axis;
    int64_t outer, inner;
    ad_onnx_slot *slot = ad_onnx_in(call, 0), *rows = ad_onnx_in(call, 1);
    if (!slot || !rows) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it needs two inputs");
    ad_status status = ad_onnx_axis(call, ad_onnx_int(call, "axis", 0), slot->shape.rank, &axis);
    if (status) return status;
    int rank = slot->shape.rank - 1 + rows->shape.rank;
    if (rank > AD_MAX_RANK)
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "its result would have %d axes", rank);
    around(slot->shape, axis, &outer, &inner);
    ad_shape shape = {.rank = rank};
    for (int i = 0; i < rank; ++i)
        shape.dim[i] = i < axis                      ? slot->shape.dim[i]
                       : i < axis + rows->shape.rank ? rows->shape.dim[i - axis]
                                                     : slot->shape.dim[i - rows->shape.rank + 1];
    const double *from = ad_onnx_known(call, 0), *index = ad_onnx_known(call, 1);
    int64_t count = ad_shape_count(rows->shape), size = slot->shape.dim[axis];
    double *to = from && index ? ad_onnx_numbers(call, ad_shape_count(shape)) : NULL;
    for (int64_t o = 0; to && o < outer; ++o)
        for (int64_t i = 0; i < count; ++i) {
            int64_t at = ad_onnx_whole(index[i]);
            if (at < -size || at >= size)
                return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "index %lld of an axis of %lld",
                                      (long long)at, (long long)size);
            at += at < 0 ? size : 0;
            memcpy(to + (o * count + i) * inner, from + (o * size + at) * inner,
                   (size_t)inner * sizeof *to);
        }
    return ad_onnx_give_known(call, 0, shape, to, 0);
}
