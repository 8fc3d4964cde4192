/* build.c - from a file's graph to nodes: what is wanted, in an order in which it can be made. */
#include "onnx/build.h"
#include "base/finite.h"
#include "base/nearest.h"
#include "nn/file_axes.h"

#include <stdio.h>
#include <string.h>

/* ---- one node ---- */

static ad_status open_call(ad_onnx_builder *b, const ad_onnx_op_node *node, ad_onnx_call *call)
{
    size_t slots = (size_t)node->in_count + (size_t)node->out_count + 1;
    *call = (ad_onnx_call){.b = b,
                           .node = node,
                           .in = ad_arena_alloc(&b->arena, slots * sizeof *call->in),
                           .in_count = node->in_count,
                           .out_count = node->out_count,
                           .opset = b->model->opset};
    if (!call->in) return AD_ERROR_MEMORY;
    call->out = call->in + node->in_count;
    for (int i = 0; i < node->in_count; ++i)
        if (*node->in[i] && !(call->in[i] = ad_onnx_slot_find(b, node->in[i])))
            return ad_error_status(b->ctx);
    const ad_name_table *names = &b->scope->graph->names;
    for (int i = 0; i < node->out_count; ++i) {
        if (!*node->out[i]) continue;
        call->out[i] = &b->scope->slots[ad_name_find(names, node->out[i], strlen(node->out[i]))];
        call->out[i]->name = node->out[i];
    }
    return AD_OK;
}

/* Whether it is to be computed now: all inputs are numbers, and it is nothing to train. */
static bool foldable(const ad_onnx_call *call)
{
    bool trained = false, shaped = false;
    for (int i = 0; i < call->in_count; ++i) {
        ad_onnx_slot *slot = call->in[i];
        if (!slot) continue;
        if (!slot->host && !slot->tensor) return false;
        trained |= slot->trained, shaped |= slot->shaped;
    }
    if (trained && !shaped) return false;
    for (int i = 0; i < call->in_count; ++i)
        if (call->in[i] && !ad_onnx_peek(call->b, call->in[i])) return false;
    return call->in_count > 0;
}

static ad_status finish_call(const ad_onnx_call *call)
{
    if (ad_graph_status(call->b->graph))
        return ad_onnx_refuse(call, ad_graph_status(call->b->graph), "%s",
                              ad_graph_error(call->b->graph));
    for (int i = 0; i < call->out_count; ++i) {
        ad_onnx_slot *out = call->out[i];
        if (!out || out->there) {
            bool passed = !out || !out->node;
            for (int j = 0; j < call->in_count && !passed; ++j)
                passed = call->in[j] && call->in[j]->node == out->node;
            if (!passed) ad_name(out->node, "%s", out->name);
        }
    }
    return AD_OK;
}

static ad_status build_node(ad_onnx_builder *b, const ad_onnx_op_node *node)
{
    ad_onnx_call call;
    const ad_onnx_op_row *row = ad_onnx_op_find(node);
    ad_status status = open_call(b, node, &call);
    if (status) return status;
    status = row->fold && foldable(&call) ? row->fold(&call) : row->build(&call);
    return status ? status : finish_call(&call);
}

ad_status ad_onnx_build_scope(ad_onnx_builder *b, const bool *wanted)
{
    const ad_onnx_graph *graph = b->scope->graph;
    int *order = ad_arena_alloc(&b->arena, ((size_t)graph->node_count + 1) * sizeof *order), count;
    if (!order) return AD_ERROR_MEMORY;
    ad_status status = ad_onnx_sort(b->model, graph, wanted, order, &count);
    if (!status) status = ad_onnx_check_known(b->model, graph, order, count);
    for (int i = 0; i < count && !status; ++i) status = build_node(b, &graph->nodes[order[i]]);
    return status;
}

/* ---- what is wanted ---- */

/* "a, b, c and 20 more": results of operations, as many as a sentence bears. */
static void list_values(const ad_onnx *model, char *text, size_t size)
{
    int count = ad_onnx_node_count(model), shown = 0;
    size_t used = 0;
    *text = 0;
    for (; shown < count && used < size - 140; ++shown) {
        int written = snprintf(text + used, size - used, "%s%.100s", shown ? ", " : "",
                               ad_onnx_node_at(model, shown).value);
        used += (size_t)written;
    }
    if (shown < count) snprintf(text + used, size - used, " and %d more", count - shown);
}

static ad_status unknown_value(const ad_onnx *model, const char *name)
{
    char values[560];
    const ad_name_table *names = &model->graph->names;
    size_t bytes = ((size_t)names->count + 1) * sizeof(char *);
    const char **all = ad_alloc(model->ctx, bytes);
    if (!all) return AD_ERROR_MEMORY;
    for (int32_t i = 0; i < names->count; ++i) all[i] = ad_name_text(names, i);
    const char *nearest = ad_nearest(name, all, (int)names->count);
    list_values(model, values, sizeof values);
    ad_status status = ad_fail(model->ctx, AD_ERROR_NOT_FOUND,
                               "%s: there is no value or node \"%.100s\" in it%s%.100s%s; it "
                               "computes %s",
                               model->path, name, nearest ? " (did you mean \"" : "",
                               nearest ? nearest : "", nearest ? "\"?)" : "", values);
    ad_free(model->ctx, all, bytes);
    return status;
}

/* The number of the value that a want names; -1: there is none. */
static int32_t wanted_value(const ad_onnx *model, const char *name)
{
    const ad_onnx_graph *graph = model->graph;
    if (!name) name = graph->output_count ? graph->outputs[0].name : "";
    int32_t number = ad_name_find(&graph->names, name, strlen(name));
    if (number >= 0) return graph->sources[number].by ? number : -1;
    for (int i = 0; i < graph->node_count; ++i) {
        const ad_onnx_op_node *node = &graph->nodes[i];
        if (strcmp(node->name, name) != 0 || !node->out_count) continue;
        return ad_name_find(&graph->names, node->out[0], strlen(node->out[0]));
    }
    return -1;
}

static ad_status deliver(ad_onnx_builder *b, const ad_onnx_want *want, int32_t number,
                         ad_node **node)
{
    const char *name = ad_name_text(&b->model->graph->names, number);
    ad_onnx_op_node result = {.name = name, .op = "result"};
    ad_onnx_call call = {.b = b, .node = &result};
    ad_onnx_slot *slot = ad_onnx_slot_find(b, name);
    if (!slot) return ad_error_status(b->ctx);
    bool last = want->channels_last && slot->shape.rank >= 3;
    *node = last ? ad_onnx_last(&call, slot) : ad_onnx_plain(&call, slot);
    if (!ad_node_poisoned(*node)) return AD_OK;
    if (!ad_graph_status(b->graph)) return ad_error_status(b->ctx);
    return ad_onnx_refuse(&call, ad_graph_status(b->graph), "%s", ad_graph_error(b->graph));
}

/* ---- weights ---- */

static void widen(const ad_onnx_widening *w, ad_shape shape, float *data)
{
    int64_t inner = 1, count = ad_shape_count(shape);
    for (int i = w->axis + 1; i < shape.rank; ++i) inner *= shape.dim[i];
    for (int64_t i = 0; i < count; ++i) {
        int64_t at = w->count == 1 ? 0 : i / inner % w->count;
        float zero = w->zero ? (float)w->zero[at] : 0;
        data[i] = (data[i] - zero) * (float)w->scale[at];
    }
}

static ad_status fill_one(ad_onnx_builder *b, const ad_onnx_pending *p)
{
    ad_shape shape = p->tensor->shape;
    int64_t count = ad_shape_count(shape);
    size_t bytes = ((size_t)count + 1) * sizeof(float);
    float *file = ad_alloc(b->ctx, bytes), *ours = NULL;
    ad_status status = file ? ad_onnx_tensor_get(b->model, p->tensor, AD_F32, file)
                            : AD_ERROR_MEMORY;
    if (!status && p->widening) widen(p->widening, shape, file);
    if (!status && ad_check_finite(b->ctx, p->tensor->name, file, AD_F32, count))
        status = ad_fail_prefix(b->ctx, "%s", b->model->path);
    if (!status && ad_variable_layout(p->variable) != AD_LAYOUT_SAME) {
        ours = ad_alloc(b->ctx, bytes);
        if (ours) ad_file_reorder(p->variable, ours, file, false);
        if (!ours) status = AD_ERROR_MEMORY;
    }
    if (!status) status = ad_variable_set(b->vars, p->variable, ours ? ours : file);
    ad_free(b->ctx, file, bytes);
    ad_free(b->ctx, ours, bytes);
    return status;
}

ad_status ad_onnx_fill(ad_onnx_builder *b)
{
    ad_status status = b->pending ? ad_vars_ready(b->vars) : AD_OK;
    for (const ad_onnx_pending *p = b->pending; p && !status; p = p->next) status = fill_one(b, p);
    return status;
}

/* ---- the whole ---- */

static ad_status build_all(ad_onnx_builder *b, const ad_onnx_want *wants, int want_count,
                           ad_node **nodes)
{
    ad_onnx_scope scope;
    const ad_onnx_graph *graph = b->model->graph;
    bool *wanted = ad_arena_alloc(&b->arena, (size_t)graph->names.count + 1);
    int32_t *numbers = ad_arena_alloc(&b->arena, ((size_t)want_count + 1) * sizeof *numbers);
    if (!wanted || !numbers) return AD_ERROR_MEMORY;
    for (int i = 0; i < want_count; ++i) {
        numbers[i] = wanted_value(b->model, wants[i].name);
        if (numbers[i] < 0)
            return unknown_value(b->model, wants[i].name ? wants[i].name : "output");
        wanted[numbers[i]] = true;
    }
    ad_status status = ad_onnx_scope_open(b, &scope, graph);
    if (!status) status = ad_onnx_build_scope(b, wanted);
    for (int i = 0; i < want_count && !status; ++i)
        status = deliver(b, &wants[i], numbers[i], &nodes[i]);
    return status ? status : ad_onnx_fill(b);
}

static ad_status check_feeds(const ad_onnx *model, const ad_onnx_feed *feeds, int count)
{
    for (int i = 0; i < count; ++i) {
        bool found = !feeds[i].name;
        for (int j = 0; j < model->graph->input_count && !found; ++j)
            found = !strcmp(model->graph->inputs[j].name, feeds[i].name);
        if (!found)
            return ad_fail(model->ctx, AD_ERROR_NOT_FOUND, "%s: there is no input \"%.100s\"",
                           model->path, feeds[i].name);
    }
    return AD_OK;
}

ad_status ad_onnx_build(const ad_onnx *model, ad_graph *graph, ad_vars *vars,
                        const ad_onnx_feed *feeds, int feed_count, const ad_onnx_want *wants,
                        int want_count, ad_onnx_options options, ad_node **nodes)
{
    for (int i = 0; i < want_count; ++i) nodes[i] = NULL;
    if (ad_graph_status(graph))
        return ad_fail(model->ctx, ad_graph_status(graph), "%s", ad_graph_error(graph));
    ad_status status = check_feeds(model, feeds, feed_count);
    if (status) return status;
    ad_onnx_builder b = {.model = model,
                         .ctx = model->ctx,
                         .graph = graph,
                         .vars = vars,
                         .feeds = feeds,
                         .feed_count = feed_count,
                         .options = options};
    ad_arena_init(&b.arena, model->ctx);
    status = build_all(&b, wants, want_count, nodes);
    ad_arena_free(&b.arena);
    for (int i = 0; i < want_count && status; ++i) nodes[i] = NULL;
    return status;
}

ad_status ad_onnx_supported(const ad_onnx *model)
{
    const ad_onnx_graph *graph = model->graph;
    ad_arena arena;
    ad_arena_init(&arena, model->ctx);
    bool *wanted = ad_arena_alloc(&arena, (size_t)graph->names.count + 1);
    int *order = ad_arena_alloc(&arena, ((size_t)graph->node_count + 1) * sizeof *order), count;
    ad_status status = wanted && order ? AD_OK : AD_ERROR_MEMORY;
    for (int i = 0; i < graph->output_count && !status; ++i) {
        const char *name = graph->outputs[i].name;
        wanted[ad_name_find(&graph->names, name, strlen(name))] = true;
    }
    if (!status) status = ad_onnx_sort(model, graph, wanted, order, &count);
    if (!status) status = ad_onnx_check_known(model, graph, order, count);
    ad_arena_free(&arena);
    return status;
}
