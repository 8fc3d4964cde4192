/* model.c - opening an ONNX file, and what it says about itself. */
#include "onnx/model.h"
#include "base/ending.h"

#include <limits.h>
#include <string.h>

bool ad_onnx_ending(const char *path)
{
    return ad_ends_with_any_case(path, ".onnx");
}

/* Whether the outputs can be made at all: an error now instead of when it is built. */
static ad_status check_order(ad_onnx *model)
{
    const ad_onnx_graph *graph = model->graph;
    size_t flags = (size_t)graph->names.count + 1;
    size_t bytes = ((size_t)graph->node_count + 1) * sizeof(int);
    bool *wanted = ad_alloc(model->ctx, flags);
    int *order = ad_alloc(model->ctx, bytes), count;
    ad_status status = AD_ERROR_MEMORY;
    if (wanted && order) {
        memset(wanted, 1, flags);
        status = ad_onnx_sort(model, graph, wanted, order, &count);
    }
    ad_free(model->ctx, wanted, flags);
    ad_free(model->ctx, order, bytes);
    return status;
}

static ad_status open_bytes(ad_onnx **out, ad_context *ctx, const char *path, bool in_memory,
                            const unsigned char *bytes, size_t size)
{
    *out = NULL;
    ad_onnx *model = ad_zalloc(ctx, sizeof *model);
    if (!model) return AD_ERROR_MEMORY;
    model->ctx = ctx, model->in_memory = in_memory;
    ad_arena_init(&model->arena, ctx);
    model->path = ad_arena_text(&model->arena, path);
    model->graph = ad_arena_alloc(&model->arena, sizeof *model->graph);
    ad_status status = model->path && model->graph ? AD_OK : AD_ERROR_MEMORY;
    if (!status) status = ad_onnx_parse(model, bytes, size);
    if (!status) status = ad_onnx_index(model, model->graph, 0);
    if (!status) status = check_order(model);
    if (status)
        ad_onnx_free(model);
    else
        *out = model;
    return status;
}

ad_status ad_onnx_open(ad_onnx **out, ad_context *ctx, const char *path)
{
    ad_file_bytes file;
    *out = NULL;
    ad_status status = ad_file_bytes_read(&file, ctx, path, INT_MAX);
    if (status) return status;
    status = open_bytes(out, ctx, path, false, file.bytes, file.size);
    ad_file_bytes_free(&file);
    return status;
}

ad_status ad_onnx_open_memory(ad_onnx **out, ad_context *ctx, const char *name, const void *bytes,
                              size_t size)
{
    return open_bytes(out, ctx, name, true, bytes, size);
}

void ad_onnx_free(ad_onnx *model)
{
    if (!model) return;
    ad_context *ctx = model->ctx;
    ad_onnx_graphs_free(model);
    ad_onnx_externals_free(model);
    ad_onnx_parsed_free(model);
    ad_arena_free(&model->arena);
    ad_free(ctx, model, sizeof *model);
}

const char *ad_onnx_path(const ad_onnx *model)
{
    return model->path;
}

const char *ad_onnx_producer(const ad_onnx *model)
{
    return model->producer;
}

int64_t ad_onnx_opset(const ad_onnx *model)
{
    return model->opset;
}

int ad_onnx_input_count(const ad_onnx *model)
{
    return model->graph->input_count;
}

const ad_onnx_value *ad_onnx_input_at(const ad_onnx *model, int index)
{
    return &model->graph->inputs[index];
}

int ad_onnx_output_count(const ad_onnx *model)
{
    return model->graph->output_count;
}

const ad_onnx_value *ad_onnx_output_at(const ad_onnx *model, int index)
{
    return &model->graph->outputs[index];
}

int ad_onnx_tensor_count(const ad_onnx *model)
{
    return model->graph->tensor_count;
}

const ad_onnx_value *ad_onnx_tensor_at(const ad_onnx *model, int index)
{
    return &model->graph->tensor_values[index];
}

ad_status ad_onnx_tensor_read(const ad_onnx *model, int index, ad_dtype dtype, void *data,
                              size_t bytes)
{
    const ad_onnx_tensor *tensor = &model->graph->tensors[index];
    size_t need = ad_shape_bytes(tensor->shape, dtype);
    if (bytes != need)
        return ad_fail(model->ctx, AD_ERROR_ARGUMENT,
                       "%s: tensor \"%.100s\" as %s takes %zu bytes, not %zu", model->path,
                       tensor->name, ad_dtype_name(dtype), need, bytes);
    return ad_onnx_tensor_get(model, tensor, dtype, data);
}

int ad_onnx_node_count(const ad_onnx *model)
{
    return model->graph->node_count;
}

ad_onnx_node ad_onnx_node_at(const ad_onnx *model, int index)
{
    const ad_onnx_op_node *node = &model->graph->nodes[index];
    const char *value = node->out_count ? node->out[0] : "";
    return (ad_onnx_node){node->name, node->op, node->domain, value};
}

/* Floats count, and bytes that DequantizeLinear widens. */
int64_t ad_onnx_parameters(const ad_onnx *model)
{
    const ad_onnx_graph *graph = model->graph;
    int64_t count = 0;
    for (int i = 0; i < graph->tensor_count; ++i)
        if (ad_onnx_elem_is_float(graph->tensors[i].elem))
            count += ad_shape_count(graph->tensors[i].shape);
    for (int n = 0; n < graph->node_count; ++n) {
        const ad_onnx_op_node *node = &graph->nodes[n];
        if (strcmp(node->op, "DequantizeLinear") != 0 || !node->in_count) continue;
        ad_onnx_source source = ad_onnx_source_of(graph, node->in[0]);
        if (source.by == AD_ONNX_BY_TENSOR)
            count += ad_shape_count(graph->tensors[source.index].shape);
    }
    return count;
}
