/* layers.c - layers and losses against PyTorch's values and gradients (tests/oracle/nn_layers.py).
 */
#include "fixture.h"

#include <autodidact/nn.h>
#include <autodidact/program.h>

enum { PARAMETERS = 2 };
static const char *const part[PARAMETERS] = {"weight", "bias"};

/* What a case needs: the fixture, variables loaded from it, and a graph with the input. */
typedef struct bench {
    const char *name;
    ad_context *ctx;
    fixture file;
    ad_vars *vars;
    ad_graph *graph;
    ad_node *x;
} bench;

static bool open_bench(bench *b, const char *name)
{
    *b = (bench){.name = name, .ctx = ad_context_new(NULL)};
    if (!fixture_open(&b->file, b->ctx, "tests/fixtures/nn_layers.safetensors")) return false;
    b->vars = ad_vars_new(b->ctx, 1);
    b->graph = ad_graph_new(b->ctx);
    ad_tensor x = fixture_get(&b->file, "%s.x", name);
    b->x = ad_input(b->graph, "x", x.dtype, x.shape);
    return x.data;
}

static void close_bench(bench *b)
{
    ad_graph_free(b->graph);
    ad_vars_free(b->vars);
    fixture_close(&b->file);
    CHECK_INT(ad_context_memory(b->ctx), 0);
    ad_context_free(b->ctx);
}

static ad_status load(bench *b)
{
    ad_status status = ad_vars_load_file(b->vars, b->file.file,
                                         (ad_load_options){.allow_unused = true});
    if (status != AD_OK) CHECK_FAIL("%s", ad_error(b->ctx));
    return status;
}

static ad_program *compile(bench *b, ad_node *const *outputs, int count)
{
    ad_program *program;
    if (ad_compile(&program, b->ctx, outputs, count, NULL) != AD_OK)
        CHECK_FAIL("%s: %s", b->name, ad_error(b->ctx));
    return program;
}

static void run(bench *b, ad_program *program)
{
    if (ad_run(program) != AD_OK) CHECK_FAIL("%s: %s", b->name, ad_error(b->ctx));
}

static void bind(ad_program *program, const ad_node *input, ad_tensor t)
{
    ad_bind(program, input, t.data, ad_shape_bytes(t.shape, t.dtype));
}

static void agrees(const bench *b, const char *what, const void *got, ad_tensor want,
                   double tolerance)
{
    double error = fixture_error(got, want);
    if (!(error <= tolerance)) CHECK_FAIL("%s: %s differs by %.3g", b->name, what, error);
}

/* Value, and gradients of sum(c y) to the input and the parameters. */
static void compare(bench *b, ad_node *y)
{
    char name[128];
    ad_tensor c = fixture_get(&b->file, "%s.c", b->name);
    ad_node *loss = ad_sum(ad_mul(y, ad_constant(b->graph, AD_F32, c.shape, c.data)), AD_ALL_AXES,
                           false);
    ad_node *wrt[1 + PARAMETERS], *outputs[2 + PARAMETERS] = {y};
    const char *what[1 + PARAMETERS];
    int count = 0;
    if (ad_dtype_is_float(ad_node_dtype(b->x))) wrt[count] = b->x, what[count++] = "x";
    for (int i = 0; i < PARAMETERS; ++i) {
        snprintf(name, sizeof name, "%s.%s", b->name, part[i]);
        ad_variable *variable = ad_var_find(b->vars, name);
        CHECK_INT(variable != NULL, fixture_has(&b->file, name));
        if (variable) wrt[count] = ad_read(b->graph, variable), what[count++] = part[i];
    }
    ad_gradients(loss, wrt, count, outputs + 1);
    if (load(b) != AD_OK) return;
    ad_program *program = compile(b, outputs, 1 + count);
    if (!program) return;
    CHECK(ad_shape_equal(ad_node_shape(y), fixture_get(&b->file, "%s.y", b->name).shape));
    bind(program, b->x, fixture_get(&b->file, "%s.x", b->name));
    run(b, program);
    agrees(b, "the value", ad_result_at(program, 0), fixture_get(&b->file, "%s.y", b->name), 1e-5);
    for (int i = 0; i < count; ++i) {
        snprintf(name, sizeof name, "the gradient to %s", what[i]);
        agrees(b, name, ad_result_at(program, 1 + i),
               fixture_get(&b->file, "%s.grad.%s", b->name, what[i]), 2e-5);
    }
    ad_program_free(program);
}

#define LAYER_CASE(NAME, BUILD)                                                                    \
    static void NAME(void)                                                                         \
    {                                                                                              \
        bench b;                                                                                   \
        REQUIRE(open_bench(&b, #NAME));                                                            \
        compare(&b, BUILD);                                                                        \
        close_bench(&b);                                                                           \
    }
#define CONV(CHANNELS, ...)                                                                        \
    ad_conv2d_layer(b.vars, b.name, b.x, CHANNELS, (ad_conv_layer){__VA_ARGS__})
#define UP(CHANNELS, PAD, ...)                                                                     \
    ad_conv2d_transposed_layer(b.vars, b.name, b.x, CHANNELS, PAD, (ad_conv_layer){__VA_ARGS__})

LAYER_CASE(linear2, ad_linear(b.vars, b.name, b.x, 4, (ad_linear_options){0}))
LAYER_CASE(linear3, ad_linear(b.vars, b.name, b.x, 4, (ad_linear_options){0}))
LAYER_CASE(conv, CONV(4, .kernel = 3, .conv.pad = 1))
LAYER_CASE(conv_stride, CONV(4, .kernel = 3, .conv = {.pad = 1, .stride = 2}))
LAYER_CASE(conv_dilation, CONV(3, .kernel = 3, .conv = {.pad = 2, .dilation = 2}, .no_bias = true))
LAYER_CASE(conv_groups, CONV(6, .kernel = 3, .conv = {.pad = 1, .groups = 2}))
LAYER_CASE(conv_oblong, CONV(3, .kernel = 3, .kernel_w = 5,
                             .conv = {.pad = 1, .pad_w = 2, .stride = 1, .stride_w = 2}))
LAYER_CASE(conv_reflect, CONV(3, .kernel = 5, .conv.pad = 2, .reflect = true))
LAYER_CASE(transposed, UP(2, 1, .kernel = 3, .conv = {.pad = 1, .stride = 2}))
LAYER_CASE(transposed_groups, UP(6, 0, .kernel = 4, .conv = {.pad = 1, .stride = 2, .groups = 2}))
LAYER_CASE(embedding, ad_embedding(b.vars, b.name, b.x, 10, 4))
LAYER_CASE(layer_norm, ad_layer_norm_layer(b.vars, b.name, b.x, 0))
LAYER_CASE(instance_norm, ad_instance_norm_layer(b.vars, b.name, b.x, 0))
LAYER_CASE(group_norm, ad_group_norm_layer(b.vars, b.name, b.x, 3, 0))
LAYER_CASE(batch_norm,
           ad_batch_norm_layer(b.vars, b.name, b.x, (ad_batch_norm_options){.training = true}))

/* ---- running statistics ---- */

static void check_statistics(bench *b, int batches)
{
    static const char *const statistic[] = {"running_mean", "running_var"};
    char name[64];
    for (int i = 0; i < 2; ++i) {
        snprintf(name, sizeof name, "batch_norm.%s", statistic[i]);
        const void *got = ad_variable_data(b->vars, ad_var_find(b->vars, name));
        agrees(b, statistic[i], got,
               fixture_get(&b->file, "batch_norm.after%d.%s", batches, statistic[i]), 1e-5);
    }
    const int64_t *count = ad_variable_data(b->vars,
                                            ad_var_find(b->vars, "batch_norm.num_batches_tracked"));
    CHECK_INT(*count, batches);
}

static void batch_norm_statistics(void)
{
    bench b;
    REQUIRE(open_bench(&b, "batch_norm"));
    ad_node *update = NULL;
    ad_node *y = ad_batch_norm_layer(b.vars, b.name, b.x,
                                     (ad_batch_norm_options){.training = true, .update = &update});
    ad_node *eval = ad_batch_norm_layer(b.vars, b.name, b.x, (ad_batch_norm_options){0});
    if (load(&b) == AD_OK) {
        ad_program *train = compile(&b, (ad_node *[]){y, update}, 2),
                   *evaluate = compile(&b, &eval, 1);
        if (train && evaluate) {
            bind(train, b.x, fixture_get(&b.file, "batch_norm.x"));
            run(&b, train);
            check_statistics(&b, 1);
            bind(train, b.x, fixture_get(&b.file, "batch_norm.x2"));
            run(&b, train);
            check_statistics(&b, 2);
            bind(evaluate, b.x, fixture_get(&b.file, "batch_norm.x2"));
            run(&b, evaluate);
            agrees(&b, "evaluation", ad_result_at(evaluate, 0),
                   fixture_get(&b.file, "batch_norm.eval"), 1e-5);
        }
        ad_program_free(train);
        ad_program_free(evaluate);
    }
    close_bench(&b);
}

/* ---- losses ---- */

/* Of a matrix whose singular values are known: each step in training form comes nearer, evaluation
 * form has the norm of the vector as it is, and the gradient is that of x / |x|. */
static void spectral_norm(void)
{
    static const float matrix[6] = {3, 0, 0, 0, 0, 2}, one[2] = {1, 1},
                       eye[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *graph = ad_graph_new(ctx);
    ad_mode mode = {.training = true};
    ad_node *x = ad_constant(graph, AD_F32, ad_shape(3, 3), eye), *all[3];
    const ad_linear_options trained = {.no_bias = true, .spectral = {true, &mode}};
    all[0] = ad_linear(vars, "layer", x, 2, trained); /* the weight, transposed */
    ad_node *weight = ad_read(graph, ad_var_find(vars, "layer.weight_orig"));
    ad_gradients(ad_sum(ad_square(all[0]), AD_ALL_AXES, false), &weight, 1, &all[1]);
    REQUIRE(mode.update_count == 1);
    all[2] = mode.updates[0];
    ad_node *tested = ad_linear(vars, "layer", x, 2,
                                (ad_linear_options){.no_bias = true, .spectral = {.on = true}});
    ad_program *train = NULL, *evaluate = NULL;
    REQUIRE(!ad_variable_set(vars, ad_var_find(vars, "layer.weight_orig"), matrix));
    REQUIRE(!ad_variable_set(vars, ad_var_find(vars, "layer.weight_u"), one));
    REQUIRE(!ad_compile(&train, ctx, all, 3, NULL));
    REQUIRE(!ad_compile(&evaluate, ctx, &tested, 1, NULL));
    /* |W^T u| of u = (1, 1) / sqrt 2 */
    REQUIRE(!ad_run(evaluate));
    CHECK_NEAR(*(const float *)ad_result(evaluate, tested), 3 / sqrt(6.5), 1e-6);
    REQUIRE(!ad_run(train)); /* v = (3, 0, 2) / sqrt 13, sigma = |W v| = sqrt (81 + 16) / sqrt 13 */
    CHECK_NEAR(*(const float *)ad_result(train, all[0]), 3 / sqrt(97.0 / 13), 1e-6);
    for (int i = 0; i < 40; ++i) REQUIRE(!ad_run(train));
    REQUIRE(!ad_run(evaluate));
    CHECK_NEAR(*(const float *)ad_result(train, all[0]), 1, 1e-6);
    CHECK_NEAR(*(const float *)ad_result(evaluate, tested), 1, 1e-6);
    /* f = (a^2 + b^2) / a^2 at a = 3, b = 2 */
    const float *gradient = ad_result(train, all[1]);
    CHECK_NEAR(gradient[0], -2.0 * 4 / 27, 1e-5);
    CHECK_NEAR(gradient[5], 2.0 * 2 / 9, 1e-5);
    ad_program_free(train), ad_program_free(evaluate);
    ad_graph_free(graph);
    ad_vars_free(vars);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void losses(void)
{
    bench b = {.name = "loss", .ctx = ad_context_new(NULL)};
    REQUIRE(fixture_open(&b.file, b.ctx, "tests/fixtures/nn_layers.safetensors"));
    b.graph = ad_graph_new(b.ctx);
    ad_tensor p = fixture_get(&b.file, "loss.prediction"), t = fixture_get(&b.file, "loss.target");
    ad_tensor l = fixture_get(&b.file, "loss.labels");
    b.x = ad_input(b.graph, "prediction", p.dtype, p.shape);
    ad_node *target = ad_constant(b.graph, t.dtype, t.shape, t.data);
    ad_node *labels = ad_constant(b.graph, l.dtype, l.shape, l.data);
    enum { LOSSES = 5 };
    static const char *const name[LOSSES] = {"mse", "l1", "huber", "bce", "cross_entropy"};
    ad_node *outputs[2 * LOSSES] = {
        ad_mse_loss(b.x, target), ad_l1_loss(b.x, target), ad_huber_loss(b.x, target, 0.7),
        ad_bce_with_logits_loss(b.x, ad_sigmoid(target)), ad_cross_entropy_loss(b.x, labels)};
    for (int i = 0; i < LOSSES; ++i) ad_gradients(outputs[i], &b.x, 1, &outputs[LOSSES + i]);
    ad_program *program = compile(&b, outputs, 2 * LOSSES);
    if (program) {
        bind(program, b.x, p);
        run(&b, program);
        for (int i = 0; i < LOSSES; ++i) {
            agrees(&b, name[i], ad_result_at(program, i), fixture_get(&b.file, "loss.%s", name[i]),
                   1e-5);
            agrees(&b, name[i], ad_result_at(program, LOSSES + i),
                   fixture_get(&b.file, "loss.grad.%s", name[i]), 1e-5);
        }
    }
    ad_program_free(program);
    close_bench(&b);
}

/* Large logits: no infinity, and the small loss of a right answer keeps its digits. */
static void bce_of_large_logits(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_graph *g = ad_graph_new(ctx);
    static const float logits[4] = {20, -20, 500, -500}, labels[4] = {1, 0, 0, 1};
    ad_node *rows[4];
    for (int i = 0; i < 4; ++i)
        rows[i] = ad_bce_with_logits_loss(ad_constant(g, AD_F32, ad_shape(1), &logits[i]),
                                          ad_constant(g, AD_F32, ad_shape(1), &labels[i]));
    ad_program *program;
    REQUIRE(ad_compile(&program, ctx, rows, 4, NULL) == AD_OK);
    REQUIRE(ad_run(program) == AD_OK);
    CHECK_NEAR(ad_result_scalar(program, rows[0]) * 1e9, 2.0611536, 1e-5);
    CHECK_NEAR(ad_result_scalar(program, rows[1]) * 1e9, 2.0611536, 1e-5);
    CHECK_NEAR(ad_result_scalar(program, rows[2]), 500, 1e-6);
    CHECK_NEAR(ad_result_scalar(program, rows[3]), 500, 1e-6);
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
}

/* ---- what is refused, and by name ---- */

static void refused(const char *sentence, ad_node *(*build)(ad_vars *vars, ad_node *x),
                    ad_shape shape)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_graph *g = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 1);
    CHECK(ad_node_poisoned(build(vars, ad_input(g, "x", AD_F32, shape))));
    CHECK_CONTAINS(ad_graph_error(g), sentence);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(ctx);
}

static ad_node *a_conv(ad_vars *vars, ad_node *x)
{
    return ad_conv2d_layer(vars, "conv7", x, 4, (ad_conv_layer){.kernel = 3, .conv.groups = 3});
}

static ad_node *no_kernel(ad_vars *vars, ad_node *x)
{
    return ad_conv2d_layer(vars, "conv7", x, 4, (ad_conv_layer){0});
}

static ad_node *two_linears(ad_vars *vars, ad_node *x)
{
    ad_linear(vars, "fc", x, 5, (ad_linear_options){0});
    return ad_linear(vars, "fc", x, 6, (ad_linear_options){0});
}

static ad_node *a_batch_norm(ad_vars *vars, ad_node *x)
{
    return ad_batch_norm_layer(vars, "bn1", x, (ad_batch_norm_options){0});
}

static void misuse(void)
{
    refused("conv7: the input x [8, 8, 4] has 3 axes, expected 4", a_conv, ad_shape(8, 8, 4));
    refused("conv7: 4 channels in and 4 out cannot be split into 3 groups", a_conv,
            ad_shape(1, 8, 8, 4));
    refused("conv7: the kernel's size is 0 x 0", no_kernel, ad_shape(1, 8, 8, 4));
    refused("fc.weight is [5, 2], asked for as [6, 2]", two_linears, ad_shape(3, 2));
    refused("bn1", a_batch_norm, ad_shape(3));
}

/* ---- randomness ---- */

static void dropout_moves_on(void)
{
    ad_context *ctx = ad_context_new(NULL);
    float first[64], second[64], again[64];
    for (int round = 0; round < 2; ++round) {
        ad_vars *vars = ad_vars_new(ctx, 77);
        ad_graph *g = ad_graph_new(ctx);
        ad_node *kept = ad_dropout(ad_fill(g, AD_F32, ad_shape(64), 1), 0.5, ad_rng(g, vars));
        ad_node *advance = ad_rng_advance(g, vars);
        ad_program *program;
        REQUIRE(ad_compile(&program, ctx, (ad_node *[]){kept, advance}, 2, NULL) == AD_OK);
        CHECK_INT(ad_run(program), AD_OK);
        memcpy(round ? again : first, ad_result_at(program, 0), sizeof first);
        CHECK_INT(ad_run(program), AD_OK);
        memcpy(second, ad_result_at(program, 0), sizeof second);
        const int64_t *state = ad_variable_data(vars, ad_var_find(vars, "rng.state"));
        CHECK(state[0] == 77 && state[1] == 2);
        ad_program_free(program);
        ad_graph_free(g);
        ad_vars_free(vars);
    }
    int kept = 0;
    for (int i = 0; i < 64; ++i) {
        CHECK(first[i] == 0 || first[i] == 2);
        kept += first[i] == 2;
    }
    CHECK(kept > 16 && kept < 48);
    CHECK(memcmp(first, second, sizeof first));
    CHECK(!memcmp(first, again, sizeof first));
    ad_context_free(ctx);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(linear2),
                                     CASE(linear3),
                                     CASE(conv),
                                     CASE(conv_stride),
                                     CASE(conv_dilation),
                                     CASE(conv_groups),
                                     CASE(conv_oblong),
                                     CASE(conv_reflect),
                                     CASE(transposed),
                                     CASE(transposed_groups),
                                     CASE(embedding),
                                     CASE(layer_norm),
                                     CASE(instance_norm),
                                     CASE(group_norm),
                                     CASE(batch_norm),
                                     CASE(batch_norm_statistics),
                                     CASE(spectral_norm),
                                     CASE(losses),
                                     CASE(bce_of_large_logits),
                                     CASE(misuse),
                                     CASE(dropout_moves_on),
                                     {0}});
}
