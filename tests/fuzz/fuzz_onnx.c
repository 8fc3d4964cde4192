/* Any bytes as an ONNX file: what it says, and what its first output needs, from inputs of the
 * sizes that it asks for. */
#include <autodidact/onnx.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUTS_MOST = 8, SIZE_MOST = 64 };

/* An input as the file describes it; NULL: it cannot be one. */
static ad_node *input(ad_graph *graph, const ad_onnx_value *value, int number)
{
    char name[32];
    ad_shape shape = {.rank = value->rank < 0 ? 4 : value->rank};
    for (int i = 0; i < shape.rank; ++i) {
        int64_t size = value->rank < 0 || value->dim[i] < 0 ? 4 : value->dim[i];
        shape.dim[i] = size < SIZE_MOST ? size : SIZE_MOST;
    }
    snprintf(name, sizeof name, "input%d", number);
    return ad_input(graph, name, value->dtype < AD_DTYPES ? value->dtype : AD_F32, shape);
}

static void build(ad_context *ctx, ad_onnx *model)
{
    ad_graph *graph = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_onnx_feed feeds[INPUTS_MOST];
    ad_node *y;
    int count = ad_onnx_input_count(model);
    if (count > INPUTS_MOST) count = INPUTS_MOST;
    for (int i = 0; i < count; ++i) {
        const ad_onnx_value *value = ad_onnx_input_at(model, i);
        feeds[i] = (ad_onnx_feed){value->name, input(graph, value, i), i % 2 == 1};
    }
    ad_status status = ad_onnx_build(model, graph, vars, feeds, count, &(ad_onnx_want){0}, 1,
                                     (ad_onnx_options){.any_size = true}, &y);
    if (!status && ad_node_poisoned(y)) abort();
    ad_graph_free(graph);
    ad_vars_free(vars);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ad_context *ctx;
    if (!ctx) ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_onnx *model;
    if (!ad_onnx_open_memory(&model, ctx, "fuzz", data, size)) {
        (void)ad_onnx_supported(model);
        (void)ad_onnx_parameters(model);
        build(ctx, model);
    }
    ad_onnx_free(model);
    if (ad_context_memory(ctx)) abort();
    return 0;
}
