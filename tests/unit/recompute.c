/* Values made again under a memory limit: the same bits in less memory, or a refusal that says how
 * little is possible. */
#include <autodidact/optim.h>

#include "check.h"
#include "base/text.h"
#include "random_graph.h"

static ad_context *ctx;

/* ---- networks that are deep enough ---- */

enum { BATCH = 256, WIDTH = 48, DEPTH = 12, SIDE = 12, CHANNELS = 16, OUTPUTS = 64 };

typedef struct network {
    ad_graph *g;
    ad_vars *vars;
    ad_node *output[OUTPUTS];
    int outputs;
    float *x;
    int64_t count; /* of x */
} network;

static void open_network(network *n, ad_context *in, int64_t count)
{
    *n = (network){.g = ad_graph_new(in), .vars = ad_vars_new(in, 3), .count = count};
    n->x = malloc((size_t)count * sizeof *n->x);
    for (int64_t i = 0; i < count; ++i) n->x[i] = (float)((i * 37 + 11) % 101) / 50 - 1;
}

static void close_network(network *n)
{
    ad_graph_free(n->g);
    ad_vars_free(n->vars);
    free(n->x);
}

/* The loss and its gradient to each parameter. */
static void with_gradients(network *n, ad_node *loss)
{
    ad_node *parameter[OUTPUTS], *gradient[OUTPUTS];
    int count = 0;
    n->output[n->outputs++] = loss;
    for (int i = 0; i < ad_vars_count(n->vars); ++i)
        if (!ad_variable_is_buffer(ad_vars_at(n->vars, i)))
            parameter[count++] = ad_read(n->g, ad_vars_at(n->vars, i));
    ad_gradients(loss, parameter, count, gradient);
    for (int i = 0; i < count; ++i) n->output[n->outputs++] = gradient[i];
}

/* Residual blocks with normalisation, GELU and, with random numbers, dropout. */
static ad_node *perceptron(network *n, ad_node *random)
{
    char name[16];
    ad_node *x = ad_input(n->g, "x", AD_F32, ad_shape(BATCH, WIDTH));
    for (int i = 0; i < DEPTH; ++i) {
        snprintf(name, sizeof name, "wide%d", i);
        ad_node *y = ad_normalize(x, ad_axes(1), 1e-5);
        y = ad_gelu(ad_linear(n->vars, name, y, 3 * (int64_t)WIDTH, (ad_linear_options){0}));
        snprintf(name, sizeof name, "narrow%d", i);
        y = ad_linear(n->vars, name, y, WIDTH, (ad_linear_options){.no_bias = true});
        x = ad_add(x, random ? ad_dropout(y, 0.25, random) : y);
    }
    return ad_mean(ad_square(x), AD_ALL_AXES, false);
}

static void open_perceptron(network *n, ad_context *in)
{
    open_network(n, in, (int64_t)BATCH * WIDTH);
    with_gradients(n, perceptron(n, NULL));
}

static void open_convolutions(network *n, ad_context *in)
{
    open_network(n, in, 8 * SIDE * SIDE * CHANNELS);
    ad_node *x = ad_input(n->g, "x", AD_F32, ad_shape(8, SIDE, SIDE, CHANNELS)), *y = x;
    for (int i = 0; i < 8; ++i) {
        char name[16];
        snprintf(name, sizeof name, "conv%d", i);
        y = ad_conv2d_layer(n->vars, name, y, CHANNELS,
                            (ad_conv_layer){.kernel = 3, .conv = {.pad = 1}, .no_bias = true});
        snprintf(name, sizeof name, "norm%d", i);
        y = ad_relu(ad_group_norm_layer(n->vars, name, y, 4, 0));
        if (i % 2) y = x = ad_add(x, y);
    }
    y = ad_concat((ad_node *[]){ad_max_pool2d(y, (ad_window){.size = 2}),
                                ad_avg_pool2d(y, (ad_window){.size = 2})},
                  2, 3);
    with_gradients(n, ad_mean(ad_square(y), AD_ALL_AXES, false));
}

static ad_program *compile(const network *n, ad_context *in, size_t limit)
{
    ad_program *p = NULL;
    ad_compile_options options = {.memory_limit = limit};
    if (ad_compile(&p, in, (ad_node **)n->output, n->outputs, &options) != AD_OK) return NULL;
    if (ad_program_verify(p) != AD_OK) CHECK_FAIL("limit %zu: %s", limit, ad_error(in));
    return p;
}

static size_t memory(const ad_program *p)
{
    ad_program_stats stats = ad_program_get_stats(p);
    return stats.arena_bytes + stats.packed_bytes;
}

static bool run(ad_program *p, const network *n)
{
    return ad_bind_name(p, "x", n->x, (size_t)n->count * sizeof *n->x) == AD_OK &&
           ad_run(p) == AD_OK;
}

static bool same_results(const network *n, const ad_program *a, const ad_program *b)
{
    bool same = true;
    for (int i = 0; i < n->outputs; ++i) {
        size_t bytes = (size_t)ad_shape_count(ad_node_shape(n->output[i])) * sizeof(float);
        if (!memcmp(ad_result_at(a, i), ad_result_at(b, i), bytes)) continue;
        CHECK_FAIL("output %d, %s, differs", i, ad_node_name(n->output[i]));
        same = false;
    }
    return same;
}

static size_t share_of(const ad_program *p, int percent)
{
    return memory(p) / 100 * (size_t)percent;
}

/* ---- the cases ---- */

/* Percentages of the memory that it takes without a limit. */
static void keeps_bits(const network *n, const int *percent)
{
    ad_program *whole = compile(n, ctx, 0);
    REQUIRE(whole && run(whole, n));
    for (int before = 0; *percent; ++percent) {
        size_t limit = share_of(whole, *percent);
        ad_program *p = compile(n, ctx, limit);
        if (!p) CHECK_FAIL("%d %%: %s", *percent, ad_error(ctx));
        REQUIRE(p && run(p, n));
        ad_program_stats stats = ad_program_get_stats(p);
        CHECK(memory(p) <= limit);
        CHECK(stats.kernels_again > before);
        CHECK(stats.seconds_again > 0 && stats.seconds_again < stats.seconds);
        before = stats.kernels_again;
        same_results(n, whole, p);
        CHECK(run(p, n)); /* a second run finds everything as the first did */
        same_results(n, whole, p);
        ad_program_free(p);
    }
    ad_program_free(whole);
}

static void perceptron_keeps_bits(void)
{
    network n;
    open_perceptron(&n, ctx);
    keeps_bits(&n, (int[]){80, 65, 50, 40, 0});
    close_network(&n);
}

static void convolutions_keep_bits(void)
{
    network n;
    open_convolutions(&n, ctx);
    keeps_bits(&n, (int[]){90, 80, 70, 0});
    close_network(&n);
}

static void only_under_a_limit(void)
{
    network n;
    open_perceptron(&n, ctx);
    ad_program *whole = compile(&n, ctx, 0);
    REQUIRE(whole);
    ad_program *p = compile(&n, ctx, memory(whole));
    REQUIRE(p);
    CHECK_INT(ad_program_get_stats(whole).kernels_again, 0);
    CHECK_INT(ad_program_get_stats(p).kernels_again, 0);
    CHECK_INT(memory(p), memory(whole));
    ad_program_free(p);
    ad_compile_options without = {.memory_limit = share_of(whole, 75), .skip_pass = "recompute"};
    CHECK_INT(ad_compile(&p, ctx, n.output, n.outputs, &without), AD_ERROR_LIMIT);
    ad_program_free(whole);
    close_network(&n);
}

/* The least that a refusal names. */
static size_t least_named(void)
{
    const char *at = strstr(ad_error(ctx), "at least ");
    return at ? (size_t)strtoull(at + 9, NULL, 10) : 0;
}

static void refusal_names_the_least(void)
{
    network n;
    open_perceptron(&n, ctx);
    CHECK(!compile(&n, ctx, 1000));
    CHECK_CONTAINS(ad_error(ctx), "the memory limit is 1000; its largest buffers: ");
    size_t least = least_named();
    REQUIRE(least > 1000);
    ad_error_clear(ctx);
    ad_program *p = compile(&n, ctx, least);
    if (!p) CHECK_FAIL("%s", ad_error(ctx));
    REQUIRE(p);
    CHECK(memory(p) <= least);
    ad_program_free(p);
    CHECK(!compile(&n, ctx, least - least / 8));
    CHECK_INT(least_named(), least);
    ad_error_clear(ctx);
    close_network(&n);
}

static void deep_needs_little(void)
{
    network n;
    open_network(&n, ctx, (int64_t)BATCH * WIDTH);
    ad_node *x = ad_input(n.g, "x", AD_F32, ad_shape(BATCH, WIDTH)), *y = x, *gradient;
    for (int i = 0; i < 400; ++i) y = ad_softmax(ad_sin(y), 1);
    ad_node *loss = ad_sum(ad_square(y), AD_ALL_AXES, false);
    ad_gradients(loss, &x, 1, &gradient);
    n.output[n.outputs++] = loss, n.output[n.outputs++] = gradient;
    ad_program *whole = compile(&n, ctx, 0);
    REQUIRE(whole && run(whole, &n));
    ad_program *p = compile(&n, ctx, share_of(whole, 12));
    if (!p) CHECK_FAIL("%s", ad_error(ctx));
    REQUIRE(p && run(p, &n));
    CHECK(ad_program_get_stats(p).seconds < 2.5 * ad_program_get_stats(whole).seconds);
    same_results(&n, whole, p);
    ad_program_free(p);
    ad_program_free(whole);
    close_network(&n);
}

/* ---- training ---- */

/* Three steps with dropout; all variables, and the optimizer's. Returns the bytes needed. */
static size_t train(size_t limit, int threads, float *after, int64_t room, int *again)
{
    ad_context *own = ad_context_new(&(ad_context_options){.threads = threads});
    network n;
    open_network(&n, own, (int64_t)BATCH * WIDTH);
    ad_node *loss = perceptron(&n, ad_rng(n.g, n.vars));
    n.output[n.outputs++] = loss;
    n.output[n.outputs++] = ad_rng_advance(n.g, n.vars);
    ad_optimizer *o = ad_adamw(n.vars, NULL, (ad_adam_options){.lr = 1e-2});
    n.output[n.outputs++] = ad_minimize_clipped(o, loss, 0.5, NULL);
    ad_program *p = compile(&n, own, limit);
    if (!p) CHECK_FAIL("limit %zu: %s", limit, ad_error(own));
    for (int i = 0; i < 3 && p; ++i) CHECK(run(p, &n));
    int64_t at = 0;
    for (int i = 0; i < ad_vars_count(n.vars) && p; ++i) {
        const ad_variable *v = ad_vars_at(n.vars, i);
        if (ad_variable_is_buffer(v)) continue;
        int64_t count = ad_shape_count(ad_variable_shape(v));
        if (at + count > room) break;
        ad_variable_get(n.vars, v, after + at);
        at += count;
    }
    if (p) after[at] = (float)ad_result_scalar(p, loss);
    size_t needed = p ? memory(p) : 0;
    *again = p ? ad_program_get_stats(p).kernels_again : 0;
    ad_program_free(p);
    ad_optimizer_free(o);
    close_network(&n);
    ad_context_free(own);
    return needed;
}

static void training_keeps_bits(void)
{
    enum { ROOM = DEPTH * (6 * WIDTH * WIDTH + 3 * WIDTH) };
    static const int threads[] = {1, 2, 3, 7}, percent[] = {80, 65, 55};
    size_t bytes = (ROOM + 1) * sizeof(float);
    float *want = calloc(ROOM + 1, sizeof *want), *got = calloc(ROOM + 1, sizeof *got);
    int again = 0;
    size_t whole = train(0, 1, want, ROOM, &again);
    CHECK_INT(again, 0);
    for (size_t i = 0; i < 3; ++i)
        for (size_t k = 0; k < (i ? 1 : 4); ++k) {
            size_t limit = whole / 100 * (size_t)percent[i];
            CHECK(train(limit, threads[k], got, ROOM, &again) <= limit);
            CHECK(again > 0);
            if (memcmp(want, got, bytes))
                CHECK_FAIL("%d %%, %d threads: other weights", percent[i], threads[k]);
        }
    free(want);
    free(got);
}

/* ---- memory that is refused ---- */

typedef struct counting {
    int64_t left, held;
} counting;

static void *count_allocate(void *user, size_t bytes)
{
    counting *c = user;
    if (c->left-- == 0) return NULL;
    void *given = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (given) ++c->held;
    return given;
}

static void count_release(void *user, void *given, size_t bytes)
{
    (void)bytes;
    if (given) --((counting *)user)->held;
    free(given);
}

static void each_allocation_fails(void)
{
    counting c = {.left = -1};
    ad_context *own = ad_context_new(
        &(ad_context_options){.allocator = {count_allocate, count_release, &c}, .threads = 1});
    ad_graph *g = ad_graph_new(own);
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(32, 32)), *y = x, *gradient;
    for (int i = 0; i < 20; ++i) y = ad_softmax(ad_sin(y), 1);
    ad_node *loss = ad_sum(ad_square(y), AD_ALL_AXES, false);
    ad_gradients(loss, &x, 1, &gradient);
    ad_node *outputs[] = {loss, gradient};
    ad_program *p;
    int failures = 0;
    for (int64_t at = 0;; ++at, ++failures) {
        int64_t held = c.held;
        c.left = at;
        ad_status status = ad_compile(&p, own, outputs, 2,
                                      &(ad_compile_options){.memory_limit = 60000});
        c.left = -1;
        if (status == AD_OK) break;
        CHECK_INT(status, AD_ERROR_MEMORY);
        CHECK(c.held <= held + 2); /* the graph's own arena may have grown */
        if (check_failures) break;
    }
    CHECK(failures > 20);
    REQUIRE(p);
    CHECK(ad_program_get_stats(p).kernels_again > 0);
    ad_program_free(p);
    ad_graph_free(g);
    ad_context_free(own);
    CHECK_INT(c.held, 0);
}

/* ---- what it looks like ---- */

static void to_text(void *user, const char *text, size_t length)
{
    ad_text_bytes(user, text, length);
}

static void is_shown(void)
{
    network n;
    ad_text text;
    open_perceptron(&n, ctx);
    ad_program *whole = compile(&n, ctx, 0);
    REQUIRE(whole);
    ad_program *p = compile(&n, ctx, share_of(whole, 60));
    REQUIRE(p);
    ad_text_init(&text, ctx);
    CHECK_INT(ad_explain(p, AD_STAGE_PROGRAM, AD_TEXT, to_text, &text), AD_OK);
    CHECK_CONTAINS(ad_text_get(&text), "(again): ");
    CHECK_CONTAINS(ad_text_get(&text), " kernels recompute values, ");
    ad_text_free(&text);
    ad_program_free(p);
    ad_program_free(whole);
    close_network(&n);
}

/* ---- random graphs ---- */

static bool same_bytes(const void *a, const void *b, size_t bytes)
{
    return !memcmp(a, b, bytes);
}

static int compare(uint64_t seed)
{
    outcome want, got;
    int met = 0;
    ad_program_stats stats;
    start from = random_start(seed);
    ad_graph *g = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_node *outputs[16];
    int count = random_outputs(g, vars, outputs);
    ad_error_clear(ctx);
    if (!run_once(ctx, outputs, count, NULL, vars, &from, &want, &stats))
        CHECK_FAIL("seed %llu: %s", (unsigned long long)seed, ad_error(ctx));
    size_t whole = stats.arena_bytes + stats.packed_bytes;
    for (size_t percent = 95; percent > 20; percent -= 8) {
        size_t limit = whole * percent / 100;
        ad_compile_options options = {.memory_limit = limit};
        if (!limit) break;
        if (!run_once(ctx, outputs, count, &options, vars, &from, &got, &stats)) {
            if (ad_error_status(ctx) != AD_ERROR_LIMIT)
                CHECK_FAIL("seed %llu, %zu bytes: %s", (unsigned long long)seed, limit,
                           ad_error(ctx));
            ad_error_clear(ctx);
            break;
        }
        met += stats.kernels_again > 0;
        CHECK(stats.arena_bytes + stats.packed_bytes <= limit);
        if (!same_bytes(&want, &got, sizeof want))
            CHECK_FAIL("seed %llu, %zu bytes: other values", (unsigned long long)seed, limit);
    }
    ad_graph_free(g);
    ad_vars_free(vars);
    return met;
}

static void random_graphs_keep_bits(void)
{
    int met = 0;
    for (uint64_t seed = 0; seed < 400 && check_failures < 10; ++seed) met += compare(seed);
    CHECK(met > 20);
}

static const check_case cases[] = {CASE(perceptron_keeps_bits),   CASE(convolutions_keep_bits),
                                   CASE(only_under_a_limit),      CASE(refusal_names_the_least),
                                   CASE(deep_needs_little),       CASE(training_keeps_bits),
                                   CASE(each_allocation_fails),   CASE(is_shown),
                                   CASE(random_graphs_keep_bits), {0}};

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 2});
    int failed = check_main(argc, argv, cases);
    ad_context_free(ctx);
    return failed;
}
