/* scope.c - the values of a graph by name: inputs as they were fed, tensors of the file, and what
 * nodes have made so far. */
#include "onnx/build.h"

#include <stdio.h>
#include <string.h>

ad_status ad_onnx_scope_open(ad_onnx_builder *b, ad_onnx_scope *scope, const ad_onnx_graph *graph)
{
    size_t count = (size_t)graph->names.count;
    *scope = (ad_onnx_scope){graph, NULL, b->scope};
    scope->slots = ad_arena_alloc(&b->arena, (count + 1) * sizeof *scope->slots);
    if (!scope->slots) return AD_ERROR_MEMORY;
    b->scope = scope;
    return AD_OK;
}

/* ---- inputs ---- */

static const ad_onnx_feed *feed_of(const ad_onnx_builder *b, const char *name)
{
    bool only = b->model->graph->input_count == 1;
    for (int i = 0; i < b->feed_count; ++i) {
        const char *fed = b->feeds[i].name;
        if (fed ? !strcmp(fed, name) : only) return &b->feeds[i];
    }
    return NULL;
}

static int elem_of(const ad_onnx_value *value, ad_dtype fed)
{
    for (int elem = AD_ONNX_FLOAT; elem <= AD_ONNX_BFLOAT16; ++elem)
        if (ad_onnx_elem_name(elem) == value->stored) return elem;
    return fed == AD_I32    ? AD_ONNX_INT32
           : fed == AD_I64  ? AD_ONNX_INT64
           : fed == AD_U8   ? AD_ONNX_UINT8
           : fed == AD_BOOL ? AD_ONNX_BOOL
                            : AD_ONNX_FLOAT;
}

static ad_status check_fed(ad_onnx_builder *b, const ad_onnx_value *value, ad_shape shape)
{
    char want[256], got[192];
    bool fits = value->rank < 0 || value->rank == shape.rank;
    for (int i = 0; fits && i < value->rank; ++i)
        fits = b->options.any_size || value->dim[i] < 0 || value->dim[i] == shape.dim[i];
    if (fits) return AD_OK;
    size_t used = 0;
    for (int i = 0; i < value->rank && used < sizeof want; ++i)
        used += (size_t)snprintf(want + used, sizeof want - used,
                                 value->dim[i] < 0 ? "%sany" : "%s%lld", i ? ", " : "",
                                 (long long)value->dim[i]);
    if (!value->rank) *want = 0;
    return ad_fail(b->ctx, AD_ERROR_SHAPE, "%s: input \"%.100s\" is [%s], but is given %s",
                   b->model->path, value->name, want, ad_shape_text(shape, got, sizeof got));
}

static ad_status open_input(ad_onnx_builder *b, ad_onnx_slot *slot, const ad_onnx_value *value)
{
    const ad_onnx_feed *feed = feed_of(b, value->name);
    if (!feed || ad_node_poisoned(feed->node))
        return ad_fail(b->ctx, AD_ERROR_ARGUMENT,
                       "%s: the input \"%.100s\" is needed and not given", b->model->path,
                       value->name);
    ad_shape shape = ad_node_shape(feed->node);
    slot->elem = elem_of(value, ad_node_dtype(feed->node));
    slot->last = feed->channels_last && shape.rank >= 3;
    slot->shape.rank = shape.rank;
    for (int i = 0; i < shape.rank; ++i)
        slot->shape.dim[i] = shape.dim[ad_onnx_place(shape.rank, i, slot->last)];
    ad_dtype dtype = ad_onnx_run_dtype(slot->elem);
    if (dtype >= AD_DTYPES)
        return ad_fail(b->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: input \"%.100s\" is of a type that is not supported (%s)",
                       b->model->path, value->name, value->stored);
    slot->node = ad_node_dtype(feed->node) == dtype ? feed->node : ad_cast(feed->node, dtype);
    return check_fed(b, value, slot->shape);
}

/* ---- all ---- */

static ad_status open_slot(ad_onnx_builder *b, const ad_onnx_scope *scope, ad_onnx_slot *slot,
                           ad_onnx_source source)
{
    slot->there = true;
    if (source.by == AD_ONNX_BY_TENSOR) {
        const ad_onnx_tensor *tensor = &scope->graph->tensors[source.index];
        slot->tensor = tensor, slot->elem = tensor->elem, slot->shape = tensor->shape;
        slot->trained = ad_onnx_elem_is_float(tensor->elem);
        slot->name = tensor->name;
        return AD_OK;
    }
    const ad_onnx_value *value = &scope->graph->inputs[source.index];
    slot->name = value->name;
    if (!scope->outer) return open_input(b, slot, value);
    return ad_fail(b->ctx, AD_ERROR_UNSUPPORTED, "%s: a graph within it has an input \"%.100s\"",
                   b->model->path, value->name);
}

/* A further result of a node that makes its first alone. */
static ad_onnx_slot *not_made(ad_onnx_builder *b, const ad_onnx_scope *scope, int index,
                              const char *name)
{
    const ad_onnx_op_node *node = &scope->graph->nodes[index];
    ad_fail(b->ctx, AD_ERROR_UNSUPPORTED,
            "%s: the result \"%.100s\" of node \"%.100s\" (%.60s) is not supported, only its "
            "first one",
            b->model->path, name, node->name, node->op);
    return NULL;
}

ad_onnx_slot *ad_onnx_slot_find(ad_onnx_builder *b, const char *name)
{
    for (ad_onnx_scope *scope = b->scope; scope; scope = scope->outer) {
        int32_t number = ad_name_find(&scope->graph->names, name, strlen(name));
        if (number < 0 || !scope->graph->sources[number].by) continue;
        ad_onnx_slot *slot = &scope->slots[number];
        if (slot->there) return slot;
        ad_onnx_source source = scope->graph->sources[number];
        if (source.by == AD_ONNX_BY_NODE) return not_made(b, scope, source.index, name);
        return open_slot(b, scope, slot, source) ? NULL : slot;
    }
    ad_fail(b->ctx, AD_ERROR_FORMAT, "%s: \"%.100s\" is read, but nothing makes it", b->model->path,
            name);
    return NULL;
}
