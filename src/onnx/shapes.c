/* shapes.c - see shapes.h. */
#include "onnx/shapes.h"

#include <string.h>

static ad_status need_input(const ad_onnx_call *call)
{
    return ad_onnx_in(call, 0) ? AD_OK : ad_onnx_refuse(call, AD_ERROR_FORMAT, "it has no input");
}

ad_status ad_onnx_new_shape(const ad_onnx_call *call, ad_shape *shape)
{
    int64_t list[AD_MAX_RANK], rest = 1;
    int count, free_axis = -1;
    ad_status status = need_input(call);
    if (!status) status = ad_onnx_ints(call, NULL, 1, list, AD_MAX_RANK, &count);
    if (status) return status;
    if (count < 0) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it is not given a shape");
    ad_shape from = call->in[0]->shape;
    bool keep_zero = ad_onnx_int(call, "allowzero", 0) != 0;
    *shape = (ad_shape){.rank = count};
    for (int i = 0; i < count; ++i) {
        if (list[i] == 0 && !keep_zero && i < from.rank) list[i] = from.dim[i];
        if (list[i] < -1 || (list[i] == -1 && free_axis >= 0))
            return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "the new shape has %lld in it%s",
                                  (long long)list[i], list[i] == -1 ? " twice" : "");
        if (list[i] == -1)
            free_axis = i;
        else if (__builtin_mul_overflow(rest, list[i], &rest))
            return ad_onnx_refuse(call, AD_ERROR_SHAPE, "the new shape is too large");
        shape->dim[i] = list[i];
    }
    int64_t elements = ad_shape_count(from);
    if (free_axis >= 0) shape->dim[free_axis] = rest ? elements / rest : 0;
    if (ad_shape_count(*shape) == elements) return AD_OK;
    char a[192], b[192];
    if (free_axis >= 0) shape->dim[free_axis] = -1;
    return ad_onnx_refuse(call, AD_ERROR_SHAPE, "%s does not become %s",
                          ad_shape_text(from, a, sizeof a), ad_shape_text(*shape, b, sizeof b));
}

ad_status ad_onnx_flat_shape(const ad_onnx_call *call, ad_shape *shape)
{
    ad_status status = need_input(call);
    if (status) return status;
    ad_shape from = call->in[0]->shape;
    int64_t axis = ad_onnx_int(call, "axis", 1), rows = 1, columns = 1;
    if (axis < -from.rank || axis > from.rank)
        return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "axis %lld of a value that has %d axes",
                              (long long)axis, from.rank);
    if (axis < 0) axis += from.rank;
    for (int i = 0; i < from.rank; ++i) *(i < axis ? &rows : &columns) *= from.dim[i];
    *shape = ad_shape(rows, columns);
    return AD_OK;
}

ad_status ad_onnx_squeezed_shape(const ad_onnx_call *call, ad_shape *shape)
{
    bool flags[AD_MAX_RANK], none;
    ad_status status = need_input(call);
    if (status) return status;
    ad_shape from = call->in[0]->shape;
    status = ad_onnx_axes(call, "axes", 1, from.rank, flags, &none);
    *shape = (ad_shape){0};
    for (int i = 0; i < from.rank && !status; ++i) {
        bool gone = flags[i] && (from.dim[i] == 1 || !none);
        if (gone && from.dim[i] != 1)
            status = ad_onnx_refuse(call, AD_ERROR_SHAPE, "axis %d has size %lld, expected 1", i,
                                    (long long)from.dim[i]);
        if (!gone) shape->dim[shape->rank++] = from.dim[i];
    }
    return status;
}

ad_status ad_onnx_unsqueezed_shape(const ad_onnx_call *call, ad_shape *shape)
{
    int64_t list[AD_MAX_RANK];
    int count, axis, taken = 0;
    bool added[AD_MAX_RANK] = {0};
    ad_status status = need_input(call);
    if (!status) status = ad_onnx_ints(call, "axes", 1, list, AD_MAX_RANK, &count);
    if (status) return status;
    ad_shape from = call->in[0]->shape;
    int rank = from.rank + (count > 0 ? count : 0);
    if (rank > AD_MAX_RANK)
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "its result would have %d axes", rank);
    for (int i = 0; i < count; ++i) {
        status = ad_onnx_axis(call, list[i], rank, &axis);
        if (status) return status;
        if (added[axis])
            return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "axis %d is there twice", axis);
        added[axis] = true;
    }
    *shape = (ad_shape){.rank = rank};
    for (int i = 0; i < rank; ++i) shape->dim[i] = added[i] ? 1 : from.dim[taken++];
    return AD_OK;
}

ad_status ad_onnx_order(const ad_onnx_call *call, int *order)
{
    int64_t list[AD_MAX_RANK];
    int count;
    unsigned seen = 0;
    ad_status status = need_input(call);
    if (!status) status = ad_onnx_ints(call, "perm", -1, list, AD_MAX_RANK, &count);
    if (status) return status;
    int rank = call->in[0]->shape.rank;
    if (count < 0)
        for (count = 0; count < rank; ++count) list[count] = rank - 1 - count;
    for (int i = 0; i < count && count == rank; ++i)
        if (list[i] >= 0 && list[i] < rank) seen |= 1u << (order[i] = (int)list[i]);
    if (count == rank && seen == (1u << rank) - 1) return AD_OK;
    return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "perm is no order of %d axes", rank);
}

ad_status ad_onnx_expanded(const ad_onnx_call *call, ad_shape *shape)
{
    int64_t list[AD_MAX_RANK];
    int count;
    ad_status status = need_input(call);
    if (!status) status = ad_onnx_ints(call, NULL, 1, list, AD_MAX_RANK, &count);
    if (status) return status;
    ad_shape from = call->in[0]->shape;
    if (count < 0) count = 0;
    *shape = (ad_shape){.rank = count > from.rank ? count : from.rank};
    for (int i = 0; i < shape->rank; ++i) {
        int a = i - (shape->rank - from.rank), b = i - (shape->rank - count);
        int64_t have = a < 0 ? 1 : from.dim[a], want = b < 0 ? 1 : list[b];
        if (have != want && have != 1 && want != 1)
            return ad_onnx_refuse(call, AD_ERROR_SHAPE, "size %lld does not stretch to %lld",
                                  (long long)have, (long long)want);
        shape->dim[i] = have == 1 ? want : have;
    }
    if (ad_shape_valid(*shape)) return AD_OK;
    return ad_onnx_refuse(call, AD_ERROR_SHAPE, "its result would be negative or too large");
}

static int64_t clamped(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static ad_onnx_steps range_of(int64_t begin, int64_t end, int64_t step, int64_t size)
{
    ad_onnx_steps r = {.step = step};
    if (begin < 0) begin = begin < -size ? -1 : begin + size; /* -1: in front of all */
    if (end < 0) end = end < -size ? -1 : end + size;
    if (step > 0) {
        r.begin = clamped(begin, 0, size), end = clamped(end, 0, size);
        r.count = end > r.begin ? (end - r.begin - 1) / step + 1 : 0;
    } else {
        r.begin = clamped(begin, 0, size - 1), end = clamped(end, -1, size - 1);
        r.count = r.begin > end && size > 0 ? (r.begin - end - 1) / -step + 1 : 0;
    }
    return r;
}

ad_status ad_onnx_ranges(const ad_onnx_call *call, ad_onnx_steps *ranges)
{
    int64_t begin[AD_MAX_RANK], end[AD_MAX_RANK], step[AD_MAX_RANK], axes[AD_MAX_RANK];
    int begins, ends, steps, axis_count, axis;
    ad_status status = need_input(call);
    if (!status) status = ad_onnx_ints(call, "starts", 1, begin, AD_MAX_RANK, &begins);
    if (!status) status = ad_onnx_ints(call, "ends", 2, end, AD_MAX_RANK, &ends);
    if (!status) status = ad_onnx_ints(call, "axes", 3, axes, AD_MAX_RANK, &axis_count);
    if (!status) status = ad_onnx_ints(call, NULL, 4, step, AD_MAX_RANK, &steps);
    if (status) return status;
    ad_shape from = call->in[0]->shape;
    for (int i = 0; i < from.rank; ++i) ranges[i] = (ad_onnx_steps){0, 1, from.dim[i]};
    if (begins < 0 || begins != ends || (axis_count >= 0 && axis_count != begins) ||
        (steps >= 0 && steps != begins))
        return ad_onnx_refuse(call, AD_ERROR_FORMAT, "starts, ends, axes and steps do not agree");
    for (int i = 0; i < begins; ++i) {
        status = ad_onnx_axis(call, axis_count < 0 ? i : axes[i], from.rank, &axis);
        if (status) return status;
        int64_t by = steps < 0 ? 1 : step[i];
        if (by == 0 || by < -INT32_MAX || by > INT32_MAX)
            by = by > 0 ? INT32_MAX : by < 0 ? -INT32_MAX : 0;
        if (!by) return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "a step is 0");
        ranges[axis] = range_of(begin[i], end[i], by, from.dim[axis]);
    }
    return AD_OK;
}

ad_status ad_onnx_repeats(const ad_onnx_call *call, int64_t *repeats)
{
    int count;
    ad_status status = need_input(call);
    if (!status) status = ad_onnx_ints(call, NULL, 1, repeats, AD_MAX_RANK, &count);
    if (status) return status;
    ad_shape shape = call->in[0]->shape;
    if (count != shape.rank)
        return ad_onnx_refuse(call, AD_ERROR_FORMAT, "%d repeats for %d axes", count, shape.rank);
    for (int i = 0; i < count; ++i)
        if (repeats[i] < 0 || __builtin_mul_overflow(shape.dim[i], repeats[i], &shape.dim[i]) ||
            !ad_shape_valid(shape))
            return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "a repeat is %lld",
                                  (long long)repeats[i]);
    return AD_OK;
}
