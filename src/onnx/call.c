/* call.c - attributes of an operation, and its results. */
#include "onnx/build.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ad_status ad_onnx_refuse(const ad_onnx_call *call, ad_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ad_vfail(call->b->ctx, status, format, args);
    va_end(args);
    const char *name = call->node->name;
    if (!*name && call->node->out_count) name = call->node->out[0];
    return ad_fail_prefix(call->b->ctx, "%s: node \"%.100s\" (%.60s)", call->b->model->path, name,
                          call->node->op);
}

/* ---- attributes ---- */

const ad_onnx_attr *ad_onnx_attr_find(const ad_onnx_call *call, const char *name)
{
    for (int i = 0; i < call->node->attr_count; ++i)
        if (!strcmp(call->node->attrs[i].name, name)) return &call->node->attrs[i];
    return NULL;
}

int64_t ad_onnx_int(const ad_onnx_call *call, const char *name, int64_t otherwise)
{
    const ad_onnx_attr *attr = ad_onnx_attr_find(call, name);
    return attr ? attr->i : otherwise;
}

double ad_onnx_float(const ad_onnx_call *call, const char *name, double otherwise)
{
    const ad_onnx_attr *attr = ad_onnx_attr_find(call, name);
    return attr ? (double)attr->f : otherwise;
}

const char *ad_onnx_text(const ad_onnx_call *call, const char *name, const char *otherwise)
{
    const ad_onnx_attr *attr = ad_onnx_attr_find(call, name);
    return attr && attr->s ? attr->s : otherwise;
}

ad_onnx_slot *ad_onnx_in(const ad_onnx_call *call, int i)
{
    return i >= 0 && i < call->in_count ? call->in[i] : NULL;
}

static ad_status too_many(const ad_onnx_call *call, const char *what, int64_t count, int most)
{
    return ad_onnx_refuse(call, AD_ERROR_FORMAT, "%s has %lld numbers, expected at most %d", what,
                          (long long)count, most);
}

ad_status ad_onnx_ints(const ad_onnx_call *call, const char *attr, int input, int64_t *list,
                       int most, int *count)
{
    const ad_onnx_attr *found = attr ? ad_onnx_attr_find(call, attr) : NULL;
    ad_onnx_slot *slot = ad_onnx_in(call, input);
    *count = -1;
    if (found) {
        if (found->int_count > (size_t)most)
            return too_many(call, attr, (int64_t)found->int_count, most);
        *count = (int)found->int_count;
        for (int i = 0; i < *count; ++i) list[i] = found->ints[i];
        return AD_OK;
    }
    if (!slot) return AD_OK;
    int64_t n = ad_shape_count(slot->shape);
    if (n > most) return too_many(call, slot->name, n, most);
    const double *numbers = ad_onnx_known(call, input);
    if (!numbers) return ad_error_status(call->b->ctx);
    *count = (int)n;
    for (int i = 0; i < *count; ++i) list[i] = ad_onnx_whole(numbers[i]);
    return AD_OK;
}

ad_status ad_onnx_axis(const ad_onnx_call *call, int64_t axis, int rank, int *out)
{
    *out = 0;
    if (axis < -rank || axis >= rank)
        return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "axis %lld of a value that has %d axes",
                              (long long)axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return AD_OK;
}

ad_status ad_onnx_axes(const ad_onnx_call *call, const char *attr, int input, int rank, bool *flags,
                       bool *none)
{
    int64_t list[AD_MAX_RANK];
    int count, axis;
    ad_status status = ad_onnx_ints(call, attr, input, list, AD_MAX_RANK, &count);
    if (status) return status;
    *none = count <= 0;
    for (int i = 0; i < rank; ++i) flags[i] = *none;
    for (int i = 0; i < count; ++i) {
        status = ad_onnx_axis(call, list[i], rank, &axis);
        if (status) return status;
        flags[axis] = true;
    }
    return AD_OK;
}

/* ---- results ---- */

bool ad_onnx_wants(const ad_onnx_call *call, int out)
{
    return out < call->out_count && call->out[out];
}

static ad_onnx_slot *result(const ad_onnx_call *call, int out, int elem)
{
    ad_onnx_slot *slot = call->out[out];
    slot->there = true;
    slot->elem = elem ? elem : call->in_count && call->in[0] ? call->in[0]->elem : AD_ONNX_FLOAT;
    for (int i = 0; i < call->in_count; ++i)
        if (call->in[i]) {
            slot->trained |= call->in[i]->trained;
            slot->shaped |= call->in[i]->shaped;
        }
    return slot;
}

ad_status ad_onnx_give(const ad_onnx_call *call, int out, ad_node *node, bool last, int elem)
{
    if (!ad_onnx_wants(call, out)) return AD_OK;
    if (ad_node_poisoned(node)) {
        if (ad_graph_status(call->b->graph))
            return ad_onnx_refuse(call, ad_graph_status(call->b->graph), "%s",
                                  ad_graph_error(call->b->graph));
        return ad_error_status(call->b->ctx) ? ad_error_status(call->b->ctx) : AD_ERROR_MEMORY;
    }
    ad_onnx_slot *slot = result(call, out, elem);
    ad_shape shape = ad_node_shape(node);
    slot->node = node, slot->last = last, slot->shape.rank = shape.rank;
    for (int i = 0; i < shape.rank; ++i)
        slot->shape.dim[i] = shape.dim[ad_onnx_place(shape.rank, i, last)];
    return AD_OK;
}

ad_status ad_onnx_give_known(const ad_onnx_call *call, int out, ad_shape shape,
                             const double *numbers, int elem)
{
    if (!numbers) return ad_error_status(call->b->ctx);
    if (!ad_onnx_wants(call, out)) return AD_OK;
    ad_onnx_slot *slot = result(call, out, elem);
    slot->shape = shape, slot->host = numbers;
    slot->trained &= !slot->shaped;
    return AD_OK;
}

ad_status ad_onnx_give_same(const ad_onnx_call *call, int out, const ad_onnx_slot *from)
{
    if (!ad_onnx_wants(call, out)) return AD_OK;
    const char *name = call->out[out]->name;
    *call->out[out] = *from;
    call->out[out]->name = name;
    return AD_OK;
}

double *ad_onnx_numbers(const ad_onnx_call *call, int64_t count)
{
    ad_onnx_builder *b = call->b;
    if (count < 0 || count > AD_ONNX_KNOWN_MOST || b->known > (size_t)64 * AD_ONNX_KNOWN_MOST) {
        ad_onnx_refuse(call, AD_ERROR_LIMIT, "%lld numbers to be known before the network runs",
                       (long long)count);
        return NULL;
    }
    b->known += (size_t)count;
    return ad_arena_alloc(&b->arena, ((size_t)count + 1) * sizeof(double));
}
