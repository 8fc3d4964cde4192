/* onnx.c - published ONNX files of four writers: sums of what onnxruntime computes from the same
 * numbers. argv[1] is the data folder.
 * needs: protobuf-c */
#include "check.h"

#include <autodidact/onnx.h>
#include <autodidact/program.h>

static const char *data_folder;
static ad_context *ctx;

static const struct {
    const char *name;
    int64_t count;
    double sum, absolute_sum, middle; /* of the first output */
} files[] = {
    {"mnist-8.onnx", 10, -1.18498968, 6.10710181, 0.607091367},
    {"squeezenet_cifar10.onnx", 10, 0.999999927, 0.999999927, 0.00146367669},
    {"super_resolution.onnx", 451584, 233952.741, 237696.272, 0.540334702},
    {"wuhan_mnist-sm.onnx", 10, 0.999999993, 0.999999993, 0.00519491406},
};

static void compare(size_t f, ad_program *program, ad_node *y)
{
    const float *values = ad_result(program, y);
    int64_t count = ad_shape_count(ad_node_shape(y));
    double sum = 0, absolute_sum = 0;
    CHECK_INT(count, files[f].count);
    for (int64_t i = 0; i < count; ++i)
        sum += (double)values[i], absolute_sum += fabs((double)values[i]);
    CHECK_NEAR(sum, files[f].sum, 1e-5);
    CHECK_NEAR(absolute_sum, files[f].absolute_sum, 1e-5);
    CHECK_NEAR((double)values[count / 2], files[f].middle, 1e-5);
}

/* The file's own order of axes; free sizes are 1. */
static void run_file(size_t f, ad_onnx *model, ad_graph *graph, ad_vars *vars)
{
    const ad_onnx_value *input = ad_onnx_input_at(model, 0);
    ad_shape shape = {.rank = input->rank};
    for (int i = 0; i < shape.rank; ++i) shape.dim[i] = input->dim[i] < 0 ? 1 : input->dim[i];
    int64_t count = ad_shape_count(shape);
    ad_node *x = ad_input(graph, "x", AD_F32, shape), *y;
    ad_onnx_feed feed = {.node = x};
    ad_program *program = NULL;
    ad_status status = ad_onnx_build(model, graph, vars, &feed, 1, &(ad_onnx_want){0}, 1,
                                     (ad_onnx_options){0}, &y);
    if (!status) status = ad_compile(&program, ctx, &y, 1, NULL);
    if (status) CHECK_FAIL("%s", ad_error(ctx));
    float *data = malloc((size_t)count * sizeof *data);
    REQUIRE(program && data);
    for (int64_t i = 0; i < count; ++i) data[i] = (float)(i * 37 % 101) / 101;
    CHECK(!ad_bind(program, x, data, (size_t)count * sizeof *data));
    CHECK(!ad_run(program));
    compare(f, program, y);
    ad_program_free(program);
    free(data);
}

static void agree_with_onnxruntime(void)
{
    for (size_t f = 0; f < sizeof files / sizeof *files; ++f) {
        char path[1024];
        ad_onnx *model;
        snprintf(path, sizeof path, "%s/parser_samples/onnx/%s", data_folder, files[f].name);
        if (ad_onnx_open(&model, ctx, path)) {
            CHECK_FAIL("%s", ad_error(ctx));
            continue;
        }
        ad_graph *graph = ad_graph_new(ctx);
        ad_vars *vars = ad_vars_new(ctx, 1);
        run_file(f, model, graph, vars);
        ad_graph_free(graph);
        ad_vars_free(vars);
        ad_onnx_free(model);
    }
    CHECK_INT(ad_context_memory(ctx), 0);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: onnx DATA-FOLDER [CASE...]\n");
        return 1;
    }
    data_folder = argv[1];
    ctx = ad_context_new(NULL);
    static const check_case cases[] = {CASE(agree_with_onnxruntime), {0}};
    int code = check_main(argc - 1, argv + 1, cases);
    ad_context_free(ctx);
    return code;
}
