/* op_movement.c - operations that move elements. */
#include "onnx/shapes.h"

#include <string.h>

/* ---- the same elements in another shape ---- */

static ad_status reshaped(const ad_onnx_call *call, ad_status status, ad_shape shape)
{
    ad_node *x = status ? NULL : ad_onnx_plain(call, call->in[0]);
    if (status || !x) return status ? status : ad_error_status(call->b->ctx);
    return ad_onnx_give(call, 0, ad_reshape(x, shape), false, 0);
}

ad_status ad_onnx_reshape(const ad_onnx_call *call)
{
    ad_shape shape;
    ad_status status = ad_onnx_new_shape(call, &shape);
    return reshaped(call, status, shape);
}

ad_status ad_onnx_flatten(const ad_onnx_call *call)
{
    ad_shape shape;
    ad_status status = ad_onnx_flat_shape(call, &shape);
    return reshaped(call, status, shape);
}

ad_status ad_onnx_squeeze(const ad_onnx_call *call)
{
    ad_shape shape;
    ad_status status = ad_onnx_squeezed_shape(call, &shape);
    return reshaped(call, status, shape);
}

ad_status ad_onnx_unsqueeze(const ad_onnx_call *call)
{
    ad_shape shape;
    ad_status status = ad_onnx_unsqueezed_shape(call, &shape);
    return reshaped(call, status, shape);
}

/* The order of axes is kept track of: turning [n, h, w, c] to [n, c, h, w] moves nothing if what
 * follows wants it as it is. */
ad_status ad_onnx_transpose(const ad_onnx_call *call)
{
    int order[AD_MAX_RANK], moves[AD_MAX_RANK];
    ad_status status = ad_onnx_order(call, order);
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = status ? NULL : ad_onnx_node_of(call, slot);
    if (status || !x) return status ? status : ad_error_status(call->b->ctx);
    int rank = slot->shape.rank;
    for (int last = 1; last >= 0; --last) {
        bool still = true;
        for (int i = 0; i < rank; ++i) {
            int to = ad_onnx_place(rank, i, last), from;
            from = ad_onnx_place(rank, order[i], slot->last);
            moves[to] = from;
            still &= to == from;
        }
        if (!last || (still && rank >= 3))
            return ad_onnx_give(call, 0, ad_onnx_permute(x, moves), last, 0);
    }
    return AD_OK;
}

ad_status ad_onnx_expand(const ad_onnx_call *call)
{
    ad_shape shape;
    ad_status status = ad_onnx_expanded(call, &shape);
    ad_node *x = status ? NULL : ad_onnx_plain(call, call->in[0]);
    if (status || !x) return status ? status : ad_error_status(call->b->ctx);
    return ad_onnx_give(call, 0, ad_broadcast(x, shape), false, 0);
}

/* [a, d, b] as [a, 1, d, b] stretched to [a, times, d, b]. */
static ad_node *repeated(ad_node *x, int axis, int64_t times)
{
    if (ad_node_poisoned(x)) return x;
    ad_shape shape = ad_node_shape(x);
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < shape.rank; ++i)
        if (i != axis) *(i < axis ? &outer : &inner) *= shape.dim[i];
    int64_t size = shape.dim[axis];
    x = ad_broadcast(ad_reshape(x, ad_shape(outer, 1, size, inner)),
                     ad_shape(outer, times, size, inner));
    shape.dim[axis] = size * times;
    return ad_reshape(x, shape);
}

ad_status ad_onnx_tile(const ad_onnx_call *call)
{
    int64_t repeats[AD_MAX_RANK];
    ad_status status = ad_onnx_repeats(call, repeats);
    ad_node *x = status ? NULL : ad_onnx_plain(call, call->in[0]);
    if (status || !x) return status ? status : ad_error_status(call->b->ctx);
    for (int i = 0; i < call->in[0]->shape.rank; ++i)
        if (repeats[i] != 1) x = repeated(x, i, repeats[i]);
    return ad_onnx_give(call, 0, x, false, 0);
}

/* ---- parts ---- */

static ad_node *part(ad_node *x, int axis, ad_onnx_steps r)
{
    if (ad_node_poisoned(x)) return x;
    int64_t size = ad_node_shape(x).dim[axis], stop = r.begin + (r.count - 1) * r.step;
    if (r.begin == 0 && r.step == 1 && r.count == size) return x;
    if (r.count == 0) return ad_slice(x, axis, 0, 0, 1);
    if (r.step > 0) return ad_slice(x, axis, r.begin, stop + 1, r.step);
    return ad_slice(x, axis, r.begin, stop == 0 ? INT64_MIN : stop - 1, r.step);
}

ad_status ad_onnx_slice(const ad_onnx_call *call)
{
    ad_onnx_steps ranges[AD_MAX_RANK];
    ad_status status = ad_onnx_ranges(call, ranges);
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = status ? NULL : ad_onnx_node_of(call, slot);
    if (status || !x) return status ? status : ad_error_status(call->b->ctx);
    for (int i = 0; i < slot->shape.rank; ++i)
        x = part(x, ad_onnx_place(slot->shape.rank, i, slot->last), ranges[i]);
    return ad_onnx_give(call, 0, x, slot->last, 0);
}

/* The sizes of Split's parts: as said, or equal ones of which the last may be smaller. */
static ad_status part_sizes(const ad_onnx_call *call, int64_t size, int64_t *sizes)
{
    int count, parts = call->out_count;
    ad_status status = ad_onnx_ints(call, "split", 1, sizes, parts, &count);
    if (status) return status;
    int64_t each = (size + parts - 1) / parts, sum = 0;
    for (int i = 0; i < parts; ++i) {
        if (count < 0) sizes[i] = each < size - sum ? each : size - sum;
        if (sizes[i] < 0 || (count >= 0 && count != parts))
            return ad_onnx_refuse(call, AD_ERROR_FORMAT, "%d sizes for %d parts", count, parts);
        if (__builtin_add_overflow(sum, sizes[i], &sum)) sum = INT64_MAX;
        if (sum > size) break;
    }
    if (sum == size) return AD_OK;
    return ad_onnx_refuse(call, AD_ERROR_SHAPE, "its parts do not add up to %lld", (long long)size);
}

ad_status ad_onnx_split(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_node_of(call, slot);
    int axis;
    if (!x) return ad_error_status(call->b->ctx);
    ad_status status = ad_onnx_axis(call, ad_onnx_int(call, "axis", 0), slot->shape.rank, &axis);
    int64_t *sizes = ad_arena_alloc(&call->b->arena, ((size_t)call->out_count + 1) * sizeof *sizes),
            begin = 0;
    if (!sizes) return AD_ERROR_MEMORY;
    if (!status) status = part_sizes(call, slot->shape.dim[axis], sizes);
    int at = ad_onnx_place(slot->shape.rank, axis, slot->last);
    for (int i = 0; i < call->out_count && !status; begin += sizes[i++])
        status = ad_onnx_give(call, i, part(x, at, (ad_onnx_steps){begin, 1, sizes[i]}), slot->last,
                              0);
    return status;
}

/* ---- several ---- */

ad_status ad_onnx_concat(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    bool last = false;
    int axis;
    if (!slot) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it has no input");
    ad_status status = ad_onnx_axis(call, ad_onnx_int(call, "axis", 1), slot->shape.rank, &axis);
    ad_node **parts = ad_arena_alloc(&call->b->arena, (size_t)call->in_count * sizeof *parts);
    if (status || !parts) return status ? status : AD_ERROR_MEMORY;
    for (int i = 0; i < call->in_count; ++i) last |= call->in[i] && call->in[i]->last;
    for (int i = 0; i < call->in_count; ++i) {
        last &= call->in[i] && call->in[i]->shape.rank == slot->shape.rank;
        ad_node *node = ad_onnx_node_of(call, call->in[i]);
        if (!node) return ad_error_status(call->b->ctx);
        parts[i] = ad_onnx_to_order(node, call->in[i]->last, last);
    }
    int at = ad_onnx_place(slot->shape.rank, axis, last);
    return ad_onnx_give(call, 0, ad_concat(parts, call->in_count, at), last, 0);
}

/* ---- channels and places ---- */

static ad_status block_of(const ad_onnx_call *call, ad_node *x, int64_t *block)
{
    *block = ad_onnx_int(call, "blocksize", 0);
    if (!x) return ad_error_status(call->b->ctx);
    if (ad_node_shape(x).rank == 4 && *block >= 1 && *block <= 1 << 15) return AD_OK;
    return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "blocks of %lld in a value of %d axes",
                          (long long)*block, ad_node_shape(x).rank);
}

ad_status ad_onnx_depth_to_space(const ad_onnx_call *call)
{
    int64_t k;
    ad_node *x = ad_onnx_last(call, ad_onnx_in(call, 0));
    ad_status status = block_of(call, x, &k);
    if (status) return status;
    ad_shape s = ad_node_shape(x); /* [n, h, w, c] */
    int64_t c = s.dim[3] / (k * k);
    bool crd = !strcmp(ad_onnx_text(call, "mode", "DCR"), "CRD");
    if (crd) {
        x = ad_reshape(x, ad_shape(s.dim[0], s.dim[1], s.dim[2], c, k, k));
        x = ad_permute(x, (int[]){0, 1, 4, 2, 5, 3});
    } else {
        x = ad_reshape(x, ad_shape(s.dim[0], s.dim[1], s.dim[2], k, k, c));
        x = ad_permute(x, (int[]){0, 1, 3, 2, 4, 5});
    }
    x = ad_reshape(x, ad_shape(s.dim[0], s.dim[1] * k, s.dim[2] * k, c));
    return ad_onnx_give(call, 0, x, true, 0);
}

ad_status ad_onnx_space_to_depth(const ad_onnx_call *call)
{
    int64_t k;
    ad_node *x = ad_onnx_last(call, ad_onnx_in(call, 0));
    ad_status status = block_of(call, x, &k);
    if (status) return status;
    ad_shape s = ad_node_shape(x);
    x = ad_reshape(x, ad_shape(s.dim[0], s.dim[1] / k, k, s.dim[2] / k, k, s.dim[3]));
    x = ad_permute(x, (int[]){0, 1, 3, 2, 4, 5});
    x = ad_reshape(x, ad_shape(s.dim[0], s.dim[1] / k, s.dim[2] / k, k * k * s.dim[3]));
    return ad_onnx_give(call, 0, x, true, 0);
}
