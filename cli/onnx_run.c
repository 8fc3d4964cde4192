/* onnx_run.c - `autodidact onnx run FILE INPUT...`: what a network makes of tensors and pictures.
 */
#include "cli/onnx.h"
#include "cli/verbs.h"

#include <autodidact/image.h>
#include <autodidact/program.h>
#include <autodidact/table.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct running {
    ad_command *cmd;
    ad_context *ctx;
    ad_onnx *model;
    ad_vars *vars;
    ad_graph *graph;
    ad_program *program;
    ad_cli_given *given; /* [inputs] */
    ad_node **fed;       /* [inputs]; NULL: nothing given */
    ad_onnx_want *wants;
    ad_node **nodes;
    int inputs, count; /* of wants */
} running;

static ad_status room_for_all(running *r)
{
    r->inputs = ad_onnx_input_count(r->model);
    int named = ad_command_count(r->cmd, "values");
    r->count = named ? named : ad_onnx_output_count(r->model);
    r->given = calloc((size_t)r->inputs + 1, sizeof *r->given);
    r->fed = calloc((size_t)r->inputs + 1, sizeof *r->fed);
    r->wants = calloc((size_t)r->count + 1, sizeof *r->wants);
    r->nodes = calloc((size_t)r->count + 1, sizeof *r->nodes);
    if (!r->given || !r->fed || !r->wants || !r->nodes)
        return ad_error_set(r->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < r->count; ++i)
        r->wants[i].name = named ? ad_command_item(r->cmd, "values", i)
                                 : ad_onnx_output_at(r->model, i)->name;
    return AD_OK;
}

static ad_status build(running *r)
{
    r->vars = ad_vars_new(r->ctx, 0);
    r->graph = r->vars ? ad_graph_new(r->ctx) : NULL;
    ad_onnx_feed *feeds = calloc((size_t)r->inputs + 1, sizeof *feeds);
    if (!r->graph || !feeds) {
        free(feeds);
        return ad_error_set(r->ctx, AD_ERROR_MEMORY, "out of memory");
    }
    int count = 0;
    for (int i = 0; i < r->inputs; ++i) {
        const ad_cli_given *given = &r->given[i];
        if (!given->input) continue;
        r->fed[i] = ad_input(r->graph, given->input->name, given->tensor.dtype,
                             given->tensor.shape);
        feeds[count++] = (ad_onnx_feed){given->input->name, r->fed[i], given->channels_last};
    }
    ad_onnx_options options = {.any_size = ad_command_flag(r->cmd, "any-size")};
    ad_status status = ad_onnx_build(r->model, r->graph, r->vars, feeds, count, r->wants, r->count,
                                     options, r->nodes);
    free(feeds);
    return status;
}

static ad_status compute(running *r)
{
    ad_dtype dtype;
    ad_shape shape;
    size_t limit = (size_t)ad_command_size(r->cmd, "memory-limit");
    ad_compile_options options = {.memory_limit = limit};
    ad_status status = ad_compile(&r->program, r->ctx, r->nodes, r->count, &options);
    for (int i = 0; i < r->inputs && !status; ++i) {
        if (!r->fed[i]) continue;
        const char *name = r->given[i].input->name;
        const ad_tensor *tensor = &r->given[i].tensor;
        if (!ad_program_find_input(r->program, name, &dtype, &shape)) continue;
        status = ad_bind_name(r->program, name, tensor->data,
                              ad_shape_bytes(tensor->shape, tensor->dtype));
    }
    return status ? status : ad_run(r->program);
}

/* ---- results ---- */

static ad_tensor result(const running *r, int i)
{
    void *data = (void *)(uintptr_t)ad_result_at(r->program, i);
    return (ad_tensor){ad_node_dtype(r->nodes[i]), ad_node_shape(r->nodes[i]), data};
}

static const char *name_of(const running *r, int i)
{
    return r->wants[i].name;
}

static ad_status show(const running *r)
{
    static const ad_column columns[] = {{.name = "value"},
                                        {.name = "dtype"},
                                        {.name = "shape"},
                                        {"least", .kind = AD_COLUMN_REAL},
                                        {"mean", .kind = AD_COLUMN_REAL},
                                        {"largest", .kind = AD_COLUMN_REAL}};
    char text[192];
    ad_table *t;
    ad_status status = ad_table_new(&t, r->ctx, columns, 6);
    for (int i = 0; i < r->count; ++i) {
        ad_tensor tensor = result(r, i);
        int64_t count = ad_shape_count(tensor.shape);
        double least = INFINITY, most = -INFINITY, sum = 0;
        for (int64_t k = 0; k < count; ++k) {
            double value;
            const char *at = (const char *)tensor.data + (size_t)k * ad_dtype_size(tensor.dtype);
            ad_convert(&value, AD_F64, at, tensor.dtype, 1);
            least = value < least ? value : least, most = value > most ? value : most;
            sum += value;
        }
        ad_table_row(t);
        ad_table_text(t, name_of(r, i));
        ad_table_text(t, ad_dtype_name(tensor.dtype));
        ad_table_text(t, ad_shape_text(tensor.shape, text, sizeof text));
        ad_table_real(t, least), ad_table_real(t, count ? sum / (double)count : NAN);
        ad_table_real(t, most);
    }
    if (!status) status = ad_table_print(t, r->cmd, "value");
    ad_table_free(t);
    return status;
}

/* The first picture of [n, c, h, w] or [n, h, w, c]. */
static ad_status write_picture(const running *r, const char *path, double range)
{
    ad_tensor tensor = result(r, 0);
    const int64_t *dim = tensor.shape.dim;
    bool four = tensor.shape.rank == 4 && tensor.dtype == AD_F32 && r->count == 1;
    bool first = four && (dim[1] == 1 || dim[1] == 3), last = four && (dim[3] == 1 || dim[3] == 3);
    char text[192];
    ad_image *image;
    if (!first && !last)
        return ad_error_set(r->ctx, AD_ERROR_SHAPE,
                            "%s: %s is %s, which is no picture of 1 or 3 channels; --values names "
                            "one value, and .npz takes any",
                            path, name_of(r, 0), ad_shape_text(tensor.shape, text, sizeof text));
    int64_t channels = first ? dim[1] : dim[3], height = first ? dim[2] : dim[1];
    int64_t width = first ? dim[3] : dim[2], plane = height * width;
    ad_status status = ad_result_finite(r->program, r->nodes[0], name_of(r, 0));
    if (!status) status = ad_image_new(r->ctx, width, height, (int)channels, &image);
    if (status) return status;
    const float *data = tensor.data;
    for (int64_t i = 0; i < plane * channels; ++i) {
        int64_t at = first ? i % channels * plane + i / channels : i;
        image->data[i] = data[at] / (float)range;
    }
    status = ad_image_write(r->ctx, path, image, NULL);
    ad_image_free(image);
    return status;
}

static ad_status write(const running *r, const char *path)
{
    if (ad_image_ending_known(path))
        return write_picture(r, path, ad_command_real(r->cmd, "range"));
    ad_named_tensor *tensors = calloc((size_t)r->count + 1, sizeof *tensors);
    if (!tensors) return ad_error_set(r->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < r->count; ++i) tensors[i] = (ad_named_tensor){name_of(r, i), result(r, i)};
    ad_status status = ad_file_write(r->ctx, path, tensors, r->count, NULL, 0);
    free(tensors);
    return status;
}

/* ---- the verb ---- */

static ad_status run_model(running *r, const char *output)
{
    ad_status status = ad_onnx_open(&r->model, r->ctx, ad_command_operand(r->cmd, 0));
    if (!status && !ad_command_count(r->cmd, "values")) status = ad_onnx_supported(r->model);
    if (!status) status = room_for_all(r);
    if (!status)
        status = ad_cli_onnx_inputs(r->cmd, r->model, 1, ad_command_real(r->cmd, "range"),
                                    r->given);
    if (!status) status = build(r);
    if (!status) status = compute(r);
    if (status) return status;
    return output ? write(r, output) : show(r);
}

static int run(ad_command *cmd)
{
    running r = {.cmd = cmd, .ctx = ad_command_context(cmd)};
    const char *output = ad_command_text(cmd, "output");
    if (!r.ctx) return AD_EXIT_FAILURE;
    if (output && ad_command_is_operand(cmd, output))
        return ad_command_fail(cmd, "%s: is what is read; the output takes a name of its own",
                               output);
    ad_status status = AD_OK;
    if (output)
        status = ad_image_ending_known(output) ? ad_image_can_write(r.ctx, output)
                                               : ad_file_can_write(r.ctx, output);
    if (!status) status = run_model(&r, output);
    ad_program_free(r.program);
    ad_graph_free(r.graph);
    ad_vars_free(r.vars);
    ad_cli_onnx_inputs_free(r.given, r.inputs);
    free(r.fed), free(r.wants), free(r.nodes);
    ad_onnx_free(r.model);
    int code = ad_command_check(cmd, status);
    if (!code && output) ad_command_note(cmd, "wrote %s", output);
    return code;
}

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE,
     .help = "where the results go: .npz, .npy, .safetensors, or a picture; else a table of them"},
    {"values", 0, AD_OPTION_TEXTS,
     .help = "results by the names of values or nodes, inner ones too, else all outputs"},
    {"range", 0, AD_OPTION_REAL, .min = 1e-6, .max = 65535, .initial = "1",
     .help = "what white is in pictures that are read or written: 1, 255"},
    {"any-size", 0, AD_OPTION_FLAG, .help = "inputs may have other sizes than the file says"},
    AD_OPTION_MEMORY_LIMIT(""),
    AD_COMMON_OPTIONS,
    {0},
};

const ad_verb ad_cli_onnx_run = {
    AD_VERB("onnx", "run", "FILE [INPUT...]", options, run, "run a network of an ONNX file"),
    .description =
        "FILE is a network in the ONNX format; `autodidact info` says what its inputs are and "
        "whether all of its operations are known. Each INPUT is NAME=PATH, or a path alone for the "
        "next input: .npy, .npz, safetensors or any other weights file with a tensor for it (one "
        "with several gives each input the tensor of its name), or a picture, which is resized to "
        "what the network wants.\n\n"
        "  autodidact onnx run mnist.onnx digit.npy -o logits.npy\n"
        "  autodidact onnx run style.onnx photo.jpg --range 255 -o painted.png\n"
        "  autodidact onnx run net.onnx inputs.npz --values conv1,relu5 -o features.npz"};
