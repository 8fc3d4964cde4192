/* onnx.c - networks of ONNX files as part of a program: what is said about them, weights as
 * variables, inner values, gradients; and files that are refused. Results are in onnx_values.c.
 * needs: protobuf-c */
#include "context.h"
#include "sparing.h"

#include <autodidact/onnx.h>
#include <autodidact/optim.h>
#include <autodidact/program.h>

#define FIXTURES "tests/fixtures/onnx/"

/* ---- refused ---- */

static const struct {
    const char *file;
    ad_status status;
    const char *says;
} bad[] = {
    {"cut", AD_ERROR_FORMAT, "not an ONNX file, or cut short"},
    {"text", AD_ERROR_FORMAT, "not an ONNX file"},
    {"empty", AD_ERROR_FORMAT, "there is no graph in it"},
    {"no_graph", AD_ERROR_FORMAT, "there is no graph in it"},
    {"circle", AD_ERROR_FORMAT, "node \"n0\" (Add) needs its own result"},
    {"missing", AD_ERROR_FORMAT, "node \"n0\" (Add) reads \"nothing\""},
    {"twice", AD_ERROR_FORMAT, "the value \"sum\" is made twice"},
    {"no_output", AD_ERROR_FORMAT, "the output \"z\" is made by nothing"},
    {"short", AD_ERROR_FORMAT,
     "tensor \"bias\" is float32 [4], which is 4 numbers; the file has 12"},
    {"overflow", AD_ERROR_FORMAT, "tensor \"bias\" has sizes that are negative or too large"},
    {"negative", AD_ERROR_FORMAT, "tensor \"bias\" has sizes that are negative or too large"},
    {"many_axes", AD_ERROR_UNSUPPORTED, "tensor \"bias\" has 9 axes"},
    {"opset", AD_ERROR_UNSUPPORTED, "opset 6"},
    {"outside", AD_ERROR_FORMAT, "\"../values.safetensors\", which is no path inside the folder"},
    {"absolute", AD_ERROR_FORMAT, "\"/etc/passwd\", which is no path inside the folder"},
    {"not_there", AD_ERROR_NOT_FOUND, "nothing.bin"},
    {"beyond", AD_ERROR_FORMAT, "bytes 100000 to 100012 of \"opset.onnx\""},
    {"length", AD_ERROR_FORMAT, "which is 3 numbers; the file has 13 bytes"},
};

static void refused_files(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        char path[256];
        ad_onnx *model;
        snprintf(path, sizeof path, FIXTURES "bad/%s.onnx", bad[i].file);
        CHECK_INT(ad_onnx_open(&model, ctx, path), bad[i].status);
        CHECK(!model);
        CHECK_CONTAINS(ad_error(ctx), path);
        CHECK_CONTAINS(ad_error(ctx), bad[i].says);
    }
    ad_onnx *model;
    CHECK_INT(ad_onnx_open(&model, ctx, FIXTURES "nowhere.onnx"), AD_ERROR_NOT_FOUND);
    CHECK(!model);
}

/* Every beginning of a file, and every file with one byte changed, opens or is refused. */
static void damaged_files(void)
{
    unsigned char bytes[4096];
    FILE *file = fopen(FIXTURES "if.onnx", "rb");
    REQUIRE(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    REQUIRE(size > 100 && size < sizeof bytes);
    for (size_t i = 0; i < 2 * size; ++i) {
        ad_onnx *model;
        if (i >= size) bytes[i - size] ^= 0x15;
        ad_onnx_open_memory(&model, ctx, "damaged", bytes, i < size ? i : size);
        if (i >= size) bytes[i - size] ^= 0x15;
        if (model) (void)ad_onnx_supported(model);
        ad_onnx_free(model);
    }
}

static void in_memory(void)
{
    unsigned char bytes[4096];
    FILE *file = fopen(FIXTURES "external.onnx", "rb");
    REQUIRE(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    ad_onnx *model;
    CHECK_INT(ad_onnx_open_memory(&model, ctx, "bytes", bytes, size), AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx), "bytes: tensor \"weight\" lies in another file");
}

/* ---- building ---- */

typedef struct net {
    ad_onnx *model;
    ad_graph *graph;
    ad_vars *vars;
} net;

static bool open_net(net *n, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, FIXTURES "%s.onnx", name);
    *n = (net){0};
    if (ad_onnx_open(&n->model, ctx, path)) CHECK_FAIL("%s", ad_error(ctx));
    n->graph = ad_graph_new(ctx), n->vars = ad_vars_new(ctx, 1);
    return n->model != NULL;
}

static void close_net(net *n)
{
    ad_graph_free(n->graph);
    ad_vars_free(n->vars);
    ad_onnx_free(n->model);
}

/* Building the first output of a network fed with an input of this shape fails so. */
static void fails(const char *name, ad_shape shape, ad_status status, const char *says)
{
    net n;
    REQUIRE(open_net(&n, name));
    ad_node *x = ad_input(n.graph, "x", AD_F32, shape), *y = x;
    ad_onnx_feed feed = {.name = "x", .node = x};
    CHECK_INT(ad_onnx_build(n.model, n.graph, n.vars, &feed, 1, &(ad_onnx_want){0}, 1,
                            (ad_onnx_options){0}, &y),
              status);
    CHECK(!y);
    CHECK_CONTAINS(ad_error(ctx), says);
    close_net(&n);
}

static void refused_networks(void)
{
    fails("bad/unknown", ad_shape(2, 3), AD_ERROR_UNSUPPORTED,
          "unknown.onnx: operations that are not supported, in opset 13: com.example.Strange (node "
          "\"n0\"), Loop (node \"n1\")");
    fails("bad/channels", ad_shape(1, 2, 4, 4), AD_ERROR_SHAPE,
          "node \"n0\" (Conv): conv2d: input");
    fails("bad/unknown_shape", ad_shape(1, 2, 4, 4), AD_ERROR_FORMAT, "node \"n1\" (Reshape)");
    fails("bad/nan", ad_shape(2, 3), AD_ERROR_NUMERIC, "nan.onnx: bias is not finite");
    fails("bad/two_scales", ad_shape(2, 3), AD_ERROR_UNSUPPORTED,
          "\"bytes\" is widened with other scales elsewhere");
    fails("conv_9", ad_shape(2, 4, 7, 5), AD_ERROR_SHAPE,
          "input \"x\" is [2, 4, 7, 6], but is given [2, 4, 7, 5]");
    fails("conv_9", ad_shape(2, 4), AD_ERROR_SHAPE, "input \"x\" is");
    fails("gemm_9", ad_shape(2, 3), AD_ERROR_NOT_FOUND, "there is no input \"x\"");
}

static void wants_and_feeds(void)
{
    net n;
    ad_node *y = NULL;
    REQUIRE(open_net(&n, "conv_9"));
    ad_onnx_feed feed = {"x", ad_input(n.graph, "x", AD_F32, ad_shape(2, 7, 6, 4)), true};
    ad_onnx_want want = {.name = "conv00"};
    CHECK_INT(ad_onnx_build(n.model, n.graph, n.vars, &feed, 1, &want, 1, (ad_onnx_options){0}, &y),
              AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "did you mean \"conv0\"?");
    want.name = "conv8"; /* of the other input */
    CHECK_INT(ad_onnx_build(n.model, n.graph, n.vars, &feed, 1, &want, 1, (ad_onnx_options){0}, &y),
              AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "the input \"s\" is needed and not given");
    want = (ad_onnx_want){"n1", true}; /* a node's name */
    CHECK(!ad_onnx_build(n.model, n.graph, n.vars, &feed, 1, &want, 1, (ad_onnx_options){0}, &y));
    CHECK(ad_shape_equal(ad_node_shape(y), ad_shape(2, 4, 5, 6)));
    CHECK_TEXT(ad_node_name(y), "conv1");
    close_net(&n);
}

static void any_size(void)
{
    net n;
    ad_node *y = NULL;
    REQUIRE(open_net(&n, "conv_9"));
    ad_onnx_feed feed = {"x", ad_input(n.graph, "x", AD_F32, ad_shape(1, 9, 11, 4)), true};
    ad_onnx_want want = {"conv0", true};
    CHECK(!ad_onnx_build(n.model, n.graph, n.vars, &feed, 1, &want, 1,
                         (ad_onnx_options){.any_size = true}, &y));
    CHECK(ad_shape_equal(ad_node_shape(y), ad_shape(1, 7, 9, 6)));
    close_net(&n);
}

static void what_is_in_it(void)
{
    net n;
    REQUIRE(open_net(&n, "conv_9"));
    CHECK_INT(ad_onnx_opset(n.model), 9);
    CHECK_TEXT(ad_onnx_producer(n.model), "onnx_files");
    CHECK_INT(ad_onnx_input_count(n.model), 2);
    const ad_onnx_value *x = ad_onnx_input_at(n.model, 0);
    CHECK_TEXT(x->name, "x");
    CHECK_TEXT(x->stored, "float32");
    CHECK(x->dtype == AD_F32 && x->rank == 4 && x->dim[1] == 4 && x->dim[3] == 6);
    CHECK_TEXT(ad_onnx_node_at(n.model, 2).op, "Conv");
    CHECK_TEXT(ad_onnx_node_at(n.model, 2).value, "conv2");
    CHECK(!ad_onnx_supported(n.model));
    float bias[6];
    CHECK_TEXT(ad_onnx_tensor_at(n.model, 1)->name, "w1");
    CHECK(!ad_onnx_tensor_read(n.model, 1, AD_F32, bias, sizeof bias));
    CHECK_INT(ad_onnx_tensor_read(n.model, 1, AD_F32, bias, 5), AD_ERROR_ARGUMENT);
    CHECK(ad_onnx_ending("a.ONNX") && !ad_onnx_ending("a.onnx.txt") && !ad_onnx_ending(".onnx"));
    close_net(&n);
    REQUIRE(open_net(&n, "old_inputs")); /* the weight is listed among them */
    CHECK_INT(ad_onnx_input_count(n.model), 1);
    close_net(&n);
}

/* Weights are variables: those that the store has are used as they are, in files they have their
 * names, and training moves them. */
static void weights(void)
{
    net n;
    ad_node *y = NULL, *grads[2];
    REQUIRE(open_net(&n, "old_inputs"));
    ad_onnx_feed feed = {NULL, ad_input(n.graph, "x", AD_F32, ad_shape(1, 3, 3, 2)), true};
    ad_onnx_options options = {.prefix = "net."};
    CHECK(!ad_onnx_build(n.model, n.graph, n.vars, &feed, 1, &(ad_onnx_want){0}, 1, options, &y));
    CHECK_INT(ad_vars_count(n.vars), 1);
    ad_variable *weight = ad_var_find(n.vars, "net.weight");
    REQUIRE(weight && y);
    CHECK_INT(ad_variable_layout(weight), AD_LAYOUT_CONV);
    CHECK(ad_shape_equal(ad_variable_shape(weight), ad_shape(2, 2, 2, 2)));
    float file[16], ours[16], zeros[16] = {0};
    CHECK(!ad_onnx_tensor_read(n.model, 0, AD_F32, file, sizeof file));
    CHECK(!ad_variable_get(n.vars, weight, ours));
    CHECK(file[1] == ours[4] && file[4] == ours[2]); /* [o][i][h][w]: [h][w][i][o] */
    CHECK(!ad_variable_set(n.vars, weight, zeros));
    CHECK(!ad_onnx_build(n.model, n.graph, n.vars, &feed, 1, &(ad_onnx_want){0}, 1, options, &y));
    CHECK(!ad_variable_get(n.vars, weight, ours));
    CHECK(!memcmp(ours, zeros, sizeof ours));

    ad_node *wrt[2] = {feed.node, ad_read(n.graph, weight)};
    ad_gradients(ad_sum(y, AD_ALL_AXES, false), wrt, 2, grads);
    ad_program *program = NULL;
    REQUIRE(!ad_compile(&program, ctx, grads, 2, NULL));
    float x[18];
    for (int i = 0; i < 18; ++i) x[i] = (float)i;
    CHECK(!ad_bind(program, feed.node, x, sizeof x));
    CHECK(!ad_run(program));
    const float *g = ad_result(program, grads[1]); /* [0][0][0]: channel 0 of the four windows */
    CHECK_NEAR((double)g[0], 0 + 2 + 6 + 8, 1e-6);
    ad_program_free(program);
    close_net(&n);
}

/* Gradients pass rounding as if it were not there. */
static void through_rounding(void)
{
    net n;
    ad_node *y = NULL, *grad;
    REQUIRE(open_net(&n, "quantized_10"));
    ad_onnx_feed feed = {"x", ad_input(n.graph, "x", AD_F32, ad_shape(2, 4, 4, 3)), true};
    ad_onnx_want want = {.name = "dequantizelinear1"};
    REQUIRE(!ad_onnx_build(n.model, n.graph, n.vars, &feed, 1, &want, 1, (ad_onnx_options){0}, &y));
    ad_gradients(ad_sum(y, AD_ALL_AXES, false), &feed.node, 1, &grad);
    ad_program *program = NULL;
    REQUIRE(!ad_compile(&program, ctx, &grad, 1, NULL));
    float x[96] = {0.3f, 1e6f}; /* inside; saturated */
    CHECK(!ad_bind(program, feed.node, x, sizeof x));
    CHECK(!ad_run(program));
    const float *g = ad_result(program, grad);
    CHECK_NEAR((double)g[0], 1, 1e-5);
    CHECK_NEAR((double)g[1], 0, 1e-6);
    ad_program_free(program);
    close_net(&n);
}

static ad_status build_poorly(ad_context *poor)
{
    ad_onnx *model = NULL;
    ad_node *y = NULL;
    ad_graph *graph = ad_graph_new(poor);
    ad_vars *vars = ad_vars_new(poor, 1);
    ad_status status = graph && vars ? AD_OK : AD_ERROR_MEMORY;
    if (!status) status = ad_onnx_open(&model, poor, FIXTURES "if.onnx");
    if (!status) {
        ad_onnx_feed feed = {"x", ad_input(graph, "x", AD_F32, ad_shape(1, 2, 3)), false};
        status = ad_onnx_build(model, graph, vars, &feed, 1, &(ad_onnx_want){0}, 1,
                               (ad_onnx_options){0}, &y);
    }
    ad_onnx_free(model);
    ad_graph_free(graph);
    ad_vars_free(vars);
    return status;
}

static void no_memory(void)
{
    sparing_check(build_poorly);
}

static const check_case cases[] = {CASE(refused_files),
                                   CASE(damaged_files),
                                   CASE(in_memory),
                                   CASE(refused_networks),
                                   CASE(wants_and_feeds),
                                   CASE(any_size),
                                   CASE(what_is_in_it),
                                   CASE(weights),
                                   CASE(through_rounding),
                                   CASE(no_memory),
                                   {0}};

int main(int argc, char **argv)
{
    return check_in_context(argc, argv, cases);
}
