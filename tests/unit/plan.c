/* What the planner makes of a graph: fusion, in-place results, memory, packing, and its limits. */
#include <autodidact/nn.h>
#include <autodidact/ops.h>
#include <autodidact/program.h>

#include "check.h"
#include "plan/plan.h"

static ad_context *ctx;
static ad_graph *g;
static ad_vars *vars;

static void open_graph(void)
{
    g = ad_graph_new(ctx);
    vars = ad_vars_new(ctx, 7);
}

static void close_graph(void)
{
    ad_graph_free(g);
    ad_vars_free(vars);
}

static ad_program *compile(ad_node *const *outputs, int count, ad_compile_options options)
{
    ad_program *p = NULL;
    if (ad_compile(&p, ctx, outputs, count, &options) != AD_OK)
        CHECK_FAIL("%s", ad_error(ctx));
    else if (ad_program_verify(p) != AD_OK)
        CHECK_FAIL("%s", ad_error(ctx));
    return p;
}

static int kernels(const ad_program *p)
{
    return ad_program_get_stats(p).kernels;
}

static ad_variable *variable(const char *name, int64_t n, double value)
{
    return ad_var(vars, name, ad_shape(n),
                  (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = value}});
}

static void adam_is_one_kernel(void)
{
    open_graph();
    ad_variable *vp = variable("p", 1000, 1), *vm = variable("m", 1000, 0),
                *vv = variable("v", 1000, 0);
    ad_node *p = ad_read(g, vp), *m = ad_read(g, vm), *v = ad_read(g, vv),
            *grad = ad_input(g, "g", AD_F32, ad_shape(1000));
    m = ad_add(ad_mul_scalar(m, 0.9), ad_mul_scalar(grad, 0.1));
    v = ad_add(ad_mul_scalar(v, 0.999), ad_mul_scalar(ad_mul(grad, grad), 0.001));
    p = ad_sub(p, ad_mul_scalar(ad_div(m, ad_add_scalar(ad_sqrt(v), 1e-8)), 0.01));
    ad_program *program = compile(
        (ad_node *[]){ad_assign(g, vm, m), ad_assign(g, vv, v), ad_assign(g, vp, p)}, 3,
        (ad_compile_options){0});
    REQUIRE(program);
    CHECK_INT(kernels(program), 1);
    CHECK_INT(ad_program_get_stats(program).arena_bytes, 0);
    float gradient[1000], after[1000];
    for (int i = 0; i < 1000; ++i) gradient[i] = 2;
    ad_bind(program, ad_input(g, "unused", AD_F32, ad_shape(1)), gradient, sizeof(float));
    CHECK_CONTAINS(ad_error(ctx), "unused is not an input");
    ad_bind_name(program, "g", gradient, sizeof gradient);
    REQUIRE(ad_run(program) == AD_OK);
    ad_variable_get(vars, vp, after);
    double want = 1 - 0.01 * 0.2 / (sqrt(0.004) + 1e-8);
    for (int i = 0; i < 1000; ++i) CHECK_NEAR(after[i], want, 1e-6);
    CHECK_NEAR(((const float *)ad_result_at(program, 0))[999], 0.2, 1e-6);
    ad_program_free(program);
    close_graph();
}

static void conv_bias_relu_is_one_kernel(void)
{
    open_graph();
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(1, 8, 8, 3));
    ad_node *y = ad_relu(
        ad_conv2d_layer(vars, "conv", x, 4, (ad_conv_layer){.kernel = 3, .conv = {.pad = 1}}));
    ad_node *flat = ad_mul_scalar(ad_reshape(y, ad_shape(64, 4)), 2);
    ad_program *p = compile(&flat, 1, (ad_compile_options){0});
    REQUIRE(p);
    CHECK_INT(kernels(p), 1);
    ad_program_free(p);
    p = compile(&flat, 1, (ad_compile_options){.skip_pass = "fuse"});
    REQUIRE(p);
    CHECK_INT(kernels(p), 4);
    ad_program_free(p);
    close_graph();
}

static void reduction_takes_what_is_in_front(void)
{
    open_graph();
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(30, 20)),
            *y = ad_input(g, "y", AD_F32, ad_shape(600));
    ad_node *d = ad_sub(x, ad_reshape(y, ad_shape(30, 20)));
    ad_node *loss = ad_mean(ad_mul(d, d), AD_ALL_AXES, false);
    ad_program *p = compile(&loss, 1, (ad_compile_options){0});
    REQUIRE(p);
    CHECK_INT(kernels(p), 1);
    ad_program_free(p);
    p = compile((ad_node *[]){loss, d}, 2, (ad_compile_options){0}); /* d is wanted itself */
    REQUIRE(p);
    CHECK_INT(kernels(p), 2);
    ad_program_free(p);
    close_graph();
}

static void concat_is_written_in_place(void)
{
    open_graph();
    ad_node *a = ad_input(g, "a", AD_F32, ad_shape(4, 5)),
            *b = ad_input(g, "b", AD_F32, ad_shape(5, 6));
    ad_node *parts[] = {ad_reshape(ad_matmul(a, b), ad_shape(24)),
                        ad_reshape(ad_sum(a, ad_axes(0), false), ad_shape(5)),
                        ad_reshape(ad_exp(b), ad_shape(30))};
    ad_node *all = ad_concat(parts, 3, 0);
    ad_program *p = compile(&all, 1, (ad_compile_options){0});
    REQUIRE(p);
    CHECK_INT(kernels(p), 3);
    ad_program_free(p);
    ad_node *wide = ad_concat((ad_node *[]){ad_exp(a), ad_neg(a)}, 2, 1); /* interleaved rows */
    p = compile(&wide, 1, (ad_compile_options){0});
    REQUIRE(p);
    CHECK_INT(kernels(p), 2);
    float values[20];
    for (int i = 0; i < 20; ++i) values[i] = (float)i / 10;
    ad_bind_name(p, "a", values, sizeof values);
    REQUIRE(ad_run(p) == AD_OK);
    const float *got = ad_result(p, wide);
    for (int i = 0; i < 20; ++i) {
        CHECK_NEAR(got[i / 5 * 10 + i % 5], exp(values[i]), 1e-6);
        CHECK_NEAR(got[i / 5 * 10 + 5 + i % 5], -values[i], 0);
    }
    ad_program_free(p);
    close_graph();
}

static void variables_swap(void)
{
    open_graph();
    ad_variable *a = variable("a", 5, 1), *b = variable("b", 5, 2), *n = variable("n", 5, 0);
    ad_node *before = ad_read(g, n), *after = ad_add_scalar(before, 1);
    ad_node *outputs[] = {ad_assign(g, a, ad_read(g, b)), ad_assign(g, b, ad_read(g, a)),
                          ad_assign(g, n, after), before, ad_mul(after, ad_add_scalar(before, 10))};
    for (int variant = 0; variant < 2; ++variant) {
        ad_program *p = compile(outputs, 5, (ad_compile_options){.no_passes = variant});
        REQUIRE(p);
        float x[5], zero[5] = {0}, one[5] = {1, 1, 1, 1, 1}, two[5] = {2, 2, 2, 2, 2};
        ad_variable_set(vars, a, one), ad_variable_set(vars, b, two),
            ad_variable_set(vars, n, zero);
        for (int step = 0; step < 3; ++step) {
            REQUIRE(ad_run(p) == AD_OK);
            ad_variable_get(vars, a, x);
            CHECK_NEAR(x[4], step % 2 ? 1 : 2, 0);
            ad_variable_get(vars, b, x);
            CHECK_NEAR(x[4], step % 2 ? 2 : 1, 0);
            CHECK_NEAR(((const float *)ad_result_at(p, 3))[2], step, 0);
            CHECK_NEAR(((const float *)ad_result_at(p, 4))[2], (step + 1) * (step + 10), 0);
            ad_variable_get(vars, n, x);
            CHECK_NEAR(x[0], step + 1, 0);
        }
        ad_program_free(p);
    }
    close_graph();
}

/* A variable and a block that contains it: a read of one sees what the run started with, whatever
 * is written to the other. */
static void parameter_and_block(void)
{
    open_graph();
    enum { N = 4096, AT = 1024 }; /* more than a tile of a chain */
    static float memory[N];
    ad_storage storage = {.ctx = ctx, .data = memory, .bytes = sizeof memory};
    ad_variable block = {.name = "block", .shape = ad_shape(N), .storage = &storage};
    ad_variable second = {
        .name = "second", .shape = ad_shape(AT), .storage = &storage, .offset = AT * sizeof(float)};
    ad_node *whole = ad_read(g, &block), *part = ad_read(g, &second);
    ad_node *y = ad_mul_scalar(part, 3);
    ad_node *reversed = ad_slice(whole, 0, -1, INT64_MIN, -1);
    ad_node *step = ad_assign(g, &block,
                              ad_add(whole, reversed)); /* each element needs two old ones */
    for (int variant = 0; variant < 2; ++variant) {
        for (int i = 0; i < N; ++i) memory[i] = (float)(i % 100 + i / 100);
        ad_program *p = compile((ad_node *[]){step, y, ad_sum(part, AD_ALL_AXES, false)}, 3,
                                (ad_compile_options){.no_passes = variant});
        REQUIRE(p);
        REQUIRE(ad_run(p) == AD_OK);
        double sum = 0;
        for (int i = 0; i < N; ++i) {
            int k = N - 1 - i;
            CHECK_NEAR(memory[i], i % 100 + i / 100 + k % 100 + k / 100, 0);
        }
        for (int i = AT; i < 2 * AT; ++i) {
            CHECK_NEAR(((const float *)ad_result_at(p, 1))[i - AT], 3.0 * (i % 100 + i / 100), 0);
            sum += i % 100 + i / 100;
        }
        CHECK_NEAR(((const float *)ad_result_at(p, 2))[0], sum, 0);
        CHECK_INT(storage.version, variant + 1);
        ad_program_free(p);
    }
    ad_program *p;
    CHECK_INT(ad_compile(&p, ctx, (ad_node *[]){step, ad_assign(g, &second, y)}, 2, NULL),
              AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "second");
    close_graph();
}

static void arena_is_reused(void)
{
    open_graph();
    enum { N = 4096 };
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(N));
    for (int i = 0; i < 20; ++i) x = ad_exp(ad_sub(x, ad_max(x, AD_ALL_AXES, true)));
    ad_program *p = compile(&x, 1, (ad_compile_options){0});
    REQUIRE(p);
    CHECK(ad_program_get_stats(p).arena_bytes <= N * 4 + 4096); /* in place all the way */
    ad_program_free(p);
    p = compile(&x, 1, (ad_compile_options){.skip_pass = "in_place"});
    REQUIRE(p);
    CHECK(ad_program_get_stats(p).arena_bytes >= 2 * N * 4);
    CHECK(ad_program_get_stats(p).arena_bytes <= 2 * N * 4 + 4096);
    ad_program_free(p);
    close_graph();
}

/* The gradient of what a network with square weights says of `passes` batches, one after the other:
 * bytes of the arena. */
static size_t arena_of_passes(int passes)
{
    enum { DEPTH = 6, WIDTH = 32, ROWS = 1024 };
    open_graph();
    ad_node *weight[DEPTH], *gradient[DEPTH], *loss = NULL;
    char name[16];
    for (int i = 0; i < DEPTH; ++i) {
        snprintf(name, sizeof name, "w%d", i);
        weight[i] = ad_read(g, ad_var(vars, name, ad_shape(WIDTH, WIDTH), (ad_var_options){0}));
    }
    for (int k = 0; k < passes; ++k) {
        snprintf(name, sizeof name, "x%d", k);
        ad_node *x = ad_input(g, name, AD_F32, ad_shape(ROWS, WIDTH));
        for (int i = 0; i < DEPTH; ++i) x = ad_leaky_relu(ad_matmul(x, weight[i]), 0.2);
        x = ad_mean(ad_square(x), AD_ALL_AXES, false);
        loss = loss ? ad_add(loss, x) : x;
    }
    ad_gradients(loss, weight, DEPTH, gradient);
    ad_program *p = compile(gradient, DEPTH, (ad_compile_options){0});
    size_t bytes = p ? ad_program_get_stats(p).arena_bytes : 0;
    ad_program_free(p);
    close_graph();
    return bytes;
}

static void passes_follow_each_other(void)
{
    size_t one = arena_of_passes(1), three = arena_of_passes(3);
    CHECK(one > 6 * 1024 * 32 * 4);
    CHECK(three < one + one / 2);
}

static void results_are_contiguous(void)
{
    open_graph();
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(2, 3));
    ad_node *outputs[] = {x, ad_transpose(x), ad_broadcast(ad_slice(x, 1, 0, 1, 1), ad_shape(2, 2)),
                          ad_fill(g, AD_F32, ad_shape(3), 4)};
    ad_program *p = compile(outputs, 4, (ad_compile_options){0});
    REQUIRE(p);
    float values[6] = {1, 2, 3, 4, 5, 6};
    CHECK(ad_result(p, x) == NULL); /* before the first run */
    ad_bind(p, x, values, sizeof values);
    REQUIRE(ad_run(p) == AD_OK);
    CHECK(ad_result(p, x) != values);
    CHECK_NEAR(((const float *)ad_result(p, x))[5], 6, 0);
    CHECK_NEAR(((const float *)ad_result_at(p, 1))[1], 4, 0);
    CHECK_NEAR(((const float *)ad_result_at(p, 2))[1], 1, 0);
    CHECK_NEAR(((const float *)ad_result_at(p, 2))[2], 4, 0);
    CHECK_NEAR(((const float *)ad_result_at(p, 3))[2], 4, 0);
    CHECK(ad_result_at(p, 4) == NULL && ad_result(p, NULL) == NULL);
    CHECK(isnan(ad_result_scalar(p, x)));
    ad_program_free(p);
    close_graph();
}

static void weights_are_packed_anew(void)
{
    open_graph();
    enum { N = 160 }; /* smaller ones are read where they are */
    ad_variable *w = ad_var(vars, "w", ad_shape(N, N),
                            (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = 1}});
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(N, N)), *y = ad_matmul(x, ad_read(g, w));
    ad_program *p = compile(&y, 1, (ad_compile_options){.pack_all = true});
    REQUIRE(p);
    CHECK(ad_program_get_stats(p).packed_bytes > 0);
    CHECK_INT(kernels(p), 1);
    static float ones[N * N], other[N * N];
    for (int i = 0; i < N * N; ++i) ones[i] = 1, other[i] = 3;
    ad_bind(p, x, ones, sizeof ones);
    REQUIRE(ad_run(p) == AD_OK);
    CHECK_NEAR(((const float *)ad_result(p, y))[7], N, 0);
    ad_variable_set(vars, w, other);
    REQUIRE(ad_run(p) == AD_OK);
    CHECK_NEAR(((const float *)ad_result(p, y))[7], 3 * N, 0);
    ad_program_free(p);
    ad_node *trained[] = {y, ad_assign(g, w, ad_mul_scalar(ad_read(g, w), 2))};
    p = compile(trained, 2, (ad_compile_options){.pack_all = true}); /* it changes in every run */
    REQUIRE(p);
    CHECK_INT(ad_program_get_stats(p).packed_bytes, 0);
    ad_bind(p, x, ones, sizeof ones);
    REQUIRE(ad_run(p) == AD_OK && ad_run(p) == AD_OK);
    CHECK_NEAR(((const float *)ad_result(p, y))[7], 6 * N, 0);
    ad_program_free(p);
    close_graph();
}

/* bf16 operands where the machine has the instruction, else a sentence. */
static void precision_is_lowered(void)
{
    open_graph();
    enum { N = 96 };
    ad_variable *w = ad_var(vars, "w", ad_shape(N, N),
                            (ad_var_options){.init = {.kind = AD_INIT_NORMAL, .a = 1}});
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(N, N));
    ad_node *y = ad_relu(ad_matmul(ad_tanh(x), ad_read(g, w)));
    static float values[N * N];
    for (int i = 0; i < N * N; ++i) values[i] = (float)(i % 17) / 8 - 1;
    ad_program *full = compile(&y, 1, (ad_compile_options){0}), *half;
    REQUIRE(full);
    ad_bind(full, x, values, sizeof values);
    REQUIRE(ad_run(full) == AD_OK);
    ad_status status = ad_compile(&half, ctx, &y, 1,
                                  &(ad_compile_options){.precision = AD_PRECISION_BF16});
    if (status == AD_OK) {
        ad_bind(half, x, values, sizeof values);
        REQUIRE(ad_run(half) == AD_OK);
        CHECK_INT(ad_node_dtype(y), AD_F32);
        for (int i = 0; i < N * N; i += 5)
            CHECK_NEAR(((const float *)ad_result(half, y))[i],
                       ((const float *)ad_result(full, y))[i], 0.2);
    } else {
        CHECK_INT(status, AD_ERROR_UNSUPPORTED);
        CHECK_CONTAINS(ad_error(ctx), "bf16");
    }
    ad_program_free(half);
    ad_program_free(full);
    ad_node *wide = ad_matmul(x, ad_read(g, w)); /* the null device takes anything */
    ad_program *p = compile(
        &wide, 1, (ad_compile_options){.precision = AD_PRECISION_BF16, .device = AD_DEVICE_NULL});
    REQUIRE(p);
    CHECK(kernels(p) <= 3);
    ad_program_free(p);
    close_graph();
}

static void limit_is_kept(void)
{
    open_graph();
    ad_node *x = ad_name(ad_exp(ad_input(g, "x", AD_F32, ad_shape(100, 100))), "wide");
    ad_node *y = ad_add(ad_transpose(x), x);
    ad_program *p;
    CHECK_INT(ad_compile(&p, ctx, &y, 1, &(ad_compile_options){.memory_limit = 50000}),
              AD_ERROR_LIMIT);
    CHECK(p == NULL);
    CHECK_CONTAINS(ad_error(ctx), "limit is 50000");
    CHECK_CONTAINS(ad_error(ctx), "wide [100, 100] 40000 bytes");
    p = compile(&y, 1, (ad_compile_options){.memory_limit = 90000});
    ad_program_free(p);
    close_graph();
}

static void null_device_plans(void)
{
    open_graph();
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(100000, 100000));
    ad_node *y = ad_relu(ad_matmul(x, x));
    ad_program *p = compile(&y, 1,
                            (ad_compile_options){.device = AD_DEVICE_NULL, .keep_stages = true});
    REQUIRE(p);
    CHECK_INT(kernels(p), 1);
    CHECK_NEAR(ad_program_get_stats(p).flops, 2e15, 1e-3);
    CHECK(ad_program_get_stats(p).arena_bytes >= 40000000000u);
    CHECK_INT(ad_run(p), AD_ERROR_UNSUPPORTED);
    ad_program_free(p);
    close_graph();
}

static void to_text(void *user, const char *text, size_t length)
{
    strncat(user, text, length < 4095 - strlen(user) ? length : 4095 - strlen(user));
}

static void programs_explain_themselves(void)
{
    open_graph();
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(4, 4));
    ad_node *y = ad_name(ad_relu(ad_matmul(x, x)), "hidden");
    ad_program *p = compile(&y, 1, (ad_compile_options){.keep_stages = true});
    REQUIRE(p);
    char text[4096];
    for (int stage = AD_STAGE_GRAPH; stage <= AD_STAGE_PROGRAM; ++stage) {
        text[0] = 0;
        CHECK_INT(ad_explain(p, (ad_stage)stage, AD_TEXT, to_text, text), AD_OK);
        CHECK_CONTAINS(text, "hidden");
        CHECK_CONTAINS(text, "matmul");
    }
    CHECK_CONTAINS(text, "total: 1 kernels");
    text[0] = 0;
    CHECK_INT(ad_explain(p, AD_STAGE_PASSES, AD_DOT, to_text, text), AD_OK);
    CHECK_CONTAINS(text, "digraph");
    CHECK_INT(ad_explain(p, AD_STAGE_KERNELS, AD_DOT, to_text, text), AD_ERROR_UNSUPPORTED);
    ad_program_free(p);
    p = compile(&y, 1, (ad_compile_options){0});
    CHECK_INT(ad_explain(p, AD_STAGE_GRAPH, AD_TEXT, to_text, text), AD_ERROR_ARGUMENT);
    ad_program_free(p);
    close_graph();
}

/* With `direct` no kernel multiplies in a transformed domain, where one otherwise would. */
static void direct_leaves_winograd_out(void)
{
    open_graph();
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(1, 64, 64, 64));
    ad_node *w = ad_input(g, "w", AD_F32, ad_shape(3, 3, 64, 64));
    ad_node *y = ad_conv2d(x, w, (ad_conv){.pad = 1});
    for (int direct = 0; direct < 2; ++direct) {
        char text[1 << 14] = "";
        ad_program *p = compile(&y, 1, (ad_compile_options){.direct = direct});
        REQUIRE(p);
        CHECK_INT(ad_explain(p, AD_STAGE_PROGRAM, AD_TEXT, to_text, text), AD_OK);
        CHECK((strstr(text, "winograd") == NULL) == (direct == 1));
        ad_program_free(p);
    }
    close_graph();
}

static void rows(void *user, const ad_profile_row *row)
{
    int *n = user;
    CHECK(row->seconds >= 0 && row->kernel[0] && row->node[0]);
    ++*n;
}

static void finite_check_and_profile(void)
{
    open_graph();
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(4)), *y = ad_name(ad_log(x), "logarithm");
    ad_node *z = ad_sum(y, AD_ALL_AXES, false);
    ad_program *p = compile((ad_node *[]){y, z}, 2, (ad_compile_options){.check_finite = true});
    REQUIRE(p);
    float values[4] = {1, 2, 3, 4};
    ad_bind(p, x, values, sizeof values);
    ad_profile_start(p);
    CHECK_INT(ad_run(p), AD_OK);
    int n = 0;
    ad_profile_read(p, rows, &n);
    CHECK_INT(n, kernels(p));
    values[2] = -1;
    CHECK_INT(ad_run(p), AD_ERROR_NUMERIC);
    CHECK_CONTAINS(ad_error(ctx), "logarithm");
    ad_program_free(p);
    close_graph();
}

/* A part of a variable may be assigned once in a program, by whatever name. */
static void assigning_twice_is_refused(void)
{
    open_graph();
    static float memory[64];
    ad_storage storage = {.ctx = ctx, .data = memory, .bytes = sizeof memory};
    ad_variable whole = {.name = "whole", .shape = ad_shape(64), .storage = &storage},
                first = {.name = "first", .shape = ad_shape(16), .storage = &storage},
                second = {.name = "second",
                          .shape = ad_shape(16),
                          .storage = &storage,
                          .offset = 16 * sizeof(float)};
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(16));
    ad_node *to_first = ad_assign(g, &first, x), *to_second = ad_assign(g, &second, ad_neg(x)),
            *to_whole = ad_assign(g, &whole, ad_concat((ad_node *[]){x, x, x, x}, 4, 0)),
            *again = ad_assign(g, &second, x);
    ad_program *p = compile((ad_node *[]){to_first, to_second}, 2, (ad_compile_options){0});
    REQUIRE(p); /* neighbours */
    ad_program_free(p);
    ad_node *three[] = {to_first, to_second, to_whole}, *two[] = {again, to_second};
    CHECK_INT(ad_compile(&p, ctx, three, 3, NULL), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "whole is assigned twice in one program, or overlaps first, which is "
                              "assigned too");
    CHECK_INT(ad_compile(&p, ctx, two, 2, NULL), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "second is assigned twice in one program, or overlaps second, which "
                              "is assigned too");
    close_graph();
}

static void wrong_calls_are_refused(void)
{
    open_graph();
    ad_graph *other = ad_graph_new(ctx);
    ad_program *p;
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(3)), *y = ad_neg(x),
            *far = ad_scalar(other, AD_F32, 1);
    CHECK_INT(ad_compile(&p, ctx, NULL, 0, NULL), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_compile(&p, ctx, (ad_node *[]){y, NULL}, 2, NULL), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "output 1");
    CHECK_INT(ad_compile(&p, ctx, (ad_node *[]){y, far}, 2, NULL), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_compile(&p, ctx, &y, 1, &(ad_compile_options){.skip_pass = "fuze"}),
              AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "fuze");
    CHECK_INT(ad_compile(&p, ctx, &y, 1, &(ad_compile_options){.device = (ad_device_kind)9}),
              AD_ERROR_ARGUMENT);
    p = compile(&y, 1, (ad_compile_options){0});
    REQUIRE(p);
    float first[3] = {1, 2, 3}, second[3] = {4, 5, 6};
    CHECK_INT(ad_bind(p, x, NULL, sizeof first), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_bind(p, x, first, 2 * sizeof *first), AD_ERROR_SHAPE);
    CHECK_TEXT(ad_error(ctx), "input x, f32 [3], takes 12 bytes; it was given 8");
    CHECK_INT(ad_bind_name(p, "x", first, 4 * sizeof *first), AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "it was given 16");
    CHECK_INT(ad_bind(p, NULL, first, sizeof first), AD_ERROR_NOT_FOUND);
    CHECK_INT(ad_bind(p, y, first, sizeof first), AD_ERROR_NOT_FOUND);
    CHECK_INT(ad_bind_name(p, "z", first, sizeof first), AD_ERROR_NOT_FOUND);
    CHECK_INT(ad_run(p), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_bind(p, x, first, sizeof first), AD_OK);
    CHECK_INT(ad_bind(p, x, second, sizeof second), AD_OK);
    REQUIRE(ad_run(p) == AD_OK);
    CHECK_NEAR(((const float *)ad_result(p, y))[0], -4, 0);
    ad_graph_free(g); /* the program lives on */
    g = ad_graph_new(ctx);
    CHECK_INT(ad_bind_name(p, "x", first, sizeof first), AD_OK);
    REQUIRE(ad_run(p) == AD_OK);
    CHECK_NEAR(((const float *)ad_result_at(p, 0))[2], -3, 0);
    ad_program_free(p);
    ad_node *bad = ad_add(ad_input(g, "a", AD_F32, ad_shape(3)),
                          ad_input(g, "b", AD_F32, ad_shape(4)));
    CHECK_INT(ad_compile(&p, ctx, &bad, 1, NULL), AD_ERROR_SHAPE);
    ad_graph_free(other);
    close_graph();
}

typedef struct counting {
    int64_t calls, left, held;
} counting;

static void *count_allocate(void *user, size_t bytes)
{
    counting *c = user;
    ++c->calls;
    if (c->left-- == 0) return NULL;
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (memory) ++c->held;
    return memory;
}

static void count_release(void *user, void *memory, size_t bytes)
{
    (void)bytes;
    if (memory) --((counting *)user)->held;
    free(memory);
}

static void each_allocation_fails(void)
{
    counting c = {.left = -1};
    ad_context *own = ad_context_new(
        &(ad_context_options){.allocator = {count_allocate, count_release, &c}, .threads = 1});
    ad_graph *graph = ad_graph_new(own);
    ad_vars *store = ad_vars_new(own, 1);
    ad_node *x = ad_input(graph, "x", AD_F32, ad_shape(3, 4));
    ad_node *h = ad_relu(ad_linear(store, "fc", x, 5, (ad_linear_options){0}));
    ad_node *loss = ad_mean(ad_softmax(ad_mul_scalar(h, 1.5), -1), AD_ALL_AXES, false), *grad;
    ad_variable *w = ad_var_find(store, "fc.weight");
    ad_gradients(loss, (ad_node *[]){ad_read(graph, w)}, 1, &grad);
    ad_node *outputs[] = {loss, ad_assign(graph, w, ad_sub(ad_read(graph, w), grad))};
    REQUIRE(ad_vars_ready(store) == AD_OK);
    ad_program *p;
    int failures = 0;
    for (int64_t at = 0;; ++at) {
        int64_t held = c.held;
        c.left = at;
        ad_status status = ad_compile(&p, own, outputs, 2,
                                      &(ad_compile_options){.keep_stages = true});
        c.left = -1;
        if (status == AD_OK) break;
        ++failures;
        CHECK_INT(status, AD_ERROR_MEMORY);
        CHECK(p == NULL);
        if (ad_graph_status(graph) != AD_OK)
            CHECK_FAIL("the graph was spoilt at allocation %lld", (long long)at);
        CHECK(c.held <= held + 2); /* the graph's own arena may have grown */
        if (check_failures) break;
    }
    CHECK(failures > 20);
    REQUIRE(p);
    float values[12] = {1, -1, 2};
    ad_bind(p, x, values, sizeof values);
    int64_t calls = c.calls;
    for (int i = 0; i < 3; ++i) CHECK_INT(ad_run(p), AD_OK);
    CHECK_INT(c.calls, calls); /* a run allocates nothing */
    ad_program_free(p);
    ad_graph_free(graph);
    ad_vars_free(store);
    ad_context_free(own);
    CHECK_INT(c.held, 0);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int failed = check_main(argc, argv,
                            (check_case[]){CASE(adam_is_one_kernel),
                                           CASE(conv_bias_relu_is_one_kernel),
                                           CASE(reduction_takes_what_is_in_front),
                                           CASE(concat_is_written_in_place),
                                           CASE(variables_swap),
                                           CASE(parameter_and_block),
                                           CASE(arena_is_reused),
                                           CASE(passes_follow_each_other),
                                           CASE(results_are_contiguous),
                                           CASE(weights_are_packed_anew),
                                           CASE(precision_is_lowered),
                                           CASE(limit_is_kept),
                                           CASE(null_device_plans),
                                           CASE(programs_explain_themselves),
                                           CASE(direct_leaves_winograd_out),
                                           CASE(finite_check_and_profile),
                                           CASE(assigning_twice_is_refused),
                                           CASE(wrong_calls_are_refused),
                                           CASE(each_allocation_fails),
                                           {0}});
    ad_context_free(ctx);
    return failed;
}
