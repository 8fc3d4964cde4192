/* optim.c - optimizers against ten steps of PyTorch's (tests/oracle/optim.py), and what they leave
 * alone. */
#include "fixture.h"
#include "sparing.h"

#include <autodidact/optim.h>

/* A small network, its loss, and whatever a case does with it. */
typedef struct bench {
    ad_context *ctx;
    fixture file;
    ad_vars *vars;
    ad_graph *graph;
    ad_node *loss;
} bench;

static bool open_bench(bench *b)
{
    *b = (bench){.ctx = ad_context_new(NULL)};
    if (!fixture_open(&b->file, b->ctx, "tests/fixtures/optim.safetensors")) return false;
    b->vars = ad_vars_new(b->ctx, 1);
    b->graph = ad_graph_new(b->ctx);
    ad_tensor x = fixture_get(&b->file, "x"), t = fixture_get(&b->file, "t");
    ad_node *h = ad_linear(b->vars, "fc1", ad_constant(b->graph, AD_F32, x.shape, x.data), 9,
                           (ad_linear_options){0});
    ad_node *y = ad_linear(b->vars, "fc2", ad_tanh(h), 3, (ad_linear_options){0});
    b->loss = ad_mse_loss(y, ad_constant(b->graph, AD_F32, t.shape, t.data));
    ad_load_options options = {.strip = "init.", .allow_unused = true};
    return ad_vars_load_file(b->vars, b->file.file, options) == AD_OK;
}

static void close_bench(bench *b)
{
    ad_graph_free(b->graph);
    ad_vars_free(b->vars);
    fixture_close(&b->file);
    CHECK_INT(ad_context_memory(b->ctx), 0);
    ad_context_free(b->ctx);
}

static ad_program *compile(bench *b, ad_node *const *outputs, int count)
{
    ad_program *program;
    if (ad_compile(&program, b->ctx, outputs, count, NULL) != AD_OK)
        CHECK_FAIL("%s", ad_error(b->ctx));
    return program;
}

static void check_parameters(bench *b, const char *name)
{
    for (int i = 0; i < ad_vars_count(b->vars); ++i) {
        ad_variable *v = ad_vars_at(b->vars, i);
        double error = fixture_error(ad_variable_data(b->vars, v),
                                     fixture_get(&b->file, "%s.%s", name, ad_variable_name(v)));
        if (!(error <= 2e-5))
            CHECK_FAIL("%s: %s differs by %.3g after ten steps", name, ad_variable_name(v), error);
    }
}

typedef ad_optimizer *maker(ad_vars *vars);

/* Ten runs of one program; max_norm > 0 clips. */
static void ten_steps(const char *name, maker *make, double max_norm, bool schedule)
{
    bench b;
    REQUIRE(open_bench(&b));
    ad_optimizer *optimizer = make(b.vars);
    REQUIRE(optimizer);
    ad_node *norm = NULL;
    ad_node *step = max_norm > 0 ? ad_minimize_clipped(optimizer, b.loss, max_norm, &norm)
                                 : ad_minimize(optimizer, b.loss);
    ad_node *outputs[] = {b.loss, step, norm};
    ad_program *program = compile(&b, outputs, norm ? 3 : 2);
    const float *losses = fixture_get(&b.file, "%s.losses", name).data,
                *norms = fixture_get(&b.file, "%s.norms", name).data;
    size_t memory = ad_context_memory(b.ctx);
    for (int i = 0; program && i < 10; ++i) {
        if (schedule) CHECK_INT(ad_optimizer_set_lr(optimizer, 0.02 / (1 + i)), AD_OK);
        CHECK_INT(ad_run(program), AD_OK);
        CHECK_NEAR(ad_result_scalar(program, b.loss), (double)losses[i], 1e-5);
        if (norm) CHECK_NEAR(ad_result_scalar(program, norm), (double)norms[i], 1e-5);
    }
    CHECK_INT(ad_context_memory(b.ctx), memory);
    check_parameters(&b, name);
    ad_program_free(program);
    ad_optimizer_free(optimizer);
    close_bench(&b);
}

static ad_optimizer *make_sgd(ad_vars *v)
{
    return ad_sgd(v, NULL, (ad_sgd_options){.lr = 0.1});
}
static ad_optimizer *make_momentum(ad_vars *v)
{
    return ad_sgd(v, NULL, (ad_sgd_options){.lr = 0.05, .momentum = 0.9});
}
static ad_optimizer *make_nesterov(ad_vars *v)
{
    return ad_sgd(
        v, NULL,
        (ad_sgd_options){.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true});
}
static ad_optimizer *make_adam(ad_vars *v)
{
    return ad_adam(v, NULL, (ad_adam_options){.lr = 0.02});
}
static ad_optimizer *make_adam_decay(ad_vars *v)
{
    return ad_adam(v, NULL,
                   (ad_adam_options){
                       .lr = 0.02, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6, .weight_decay = 0.1});
}
static ad_optimizer *make_adamw(ad_vars *v)
{
    return ad_adamw(v, NULL, (ad_adam_options){.lr = 0.02, .weight_decay = 0.1});
}

static void sgd(void)
{
    ten_steps("sgd", make_sgd, 0, false);
}
static void momentum(void)
{
    ten_steps("momentum", make_momentum, 0, false);
}
static void nesterov(void)
{
    ten_steps("nesterov", make_nesterov, 0, false);
}
static void adam(void)
{
    ten_steps("adam", make_adam, 0, false);
}
static void adam_decay(void)
{
    ten_steps("adam_decay", make_adam_decay, 0, false);
}
static void adamw(void)
{
    ten_steps("adamw", make_adamw, 0, false);
}
static void clipped(void)
{
    ten_steps("clipped", make_adam, 0.5, false);
}
static void schedule(void)
{
    ten_steps("schedule", make_adam, 0, true);
}

/* Both linears lie in one block, and their updates are one kernel: as many kernels as with one
 * layer's. */
static void one_kernel_updates_all(void)
{
    int kernels[2];
    for (int both = 0; both < 2; ++both) {
        ad_context *ctx = ad_context_new(NULL);
        ad_vars *vars = ad_vars_new(ctx, 1);
        ad_graph *g = ad_graph_new(ctx);
        ad_node *sum = NULL;
        for (int i = 0; i < (both ? 6 : 2); ++i) {
            char name[16];
            snprintf(name, sizeof name, "p%d", i);
            ad_node *p = ad_param(g, vars, name, ad_shape(100),
                                  (ad_var_options){.init = {AD_INIT_NORMAL, 1, 0, 0}});
            sum = sum ? ad_add(sum, p) : p;
        }
        ad_node *loss = ad_mean(ad_square(sum), AD_ALL_AXES, false);
        ad_optimizer *optimizer = ad_adam(vars, NULL, (ad_adam_options){0});
        ad_node *step = ad_minimize(optimizer, loss);
        ad_program *program;
        REQUIRE(ad_compile(&program, ctx, &step, 1, NULL) == AD_OK);
        kernels[both] = ad_program_get_stats(program).kernels;
        ad_program_free(program);
        ad_optimizer_free(optimizer);
        ad_graph_free(g);
        ad_vars_free(vars);
        ad_context_free(ctx);
    }
    /* a copy per parameter into the flat gradient at the most, and none for the update */
    CHECK(kernels[1] - kernels[0] <= 8);
}

/* ---- what stays as it is ---- */

/* The loss is a function of p0 + p2, or of p1 behind a stop: p1, unused, frozen.w keep their
 * values. */
static void unused_parameters_stay(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *g = ad_graph_new(ctx);
    ad_var_options normal = {.init = {AD_INIT_NORMAL, 1, 0, 0}};
    static const char *const name[] = {"net.p0", "net.p1", "net.p2", "net.unused", "net2.w"};
    float before[5][7];
    ad_node *p[5];
    for (int i = 0; i < 5; ++i) p[i] = ad_param(g, vars, name[i], ad_shape(7), normal);
    for (int i = 0; i < 5; ++i) ad_variable_get(vars, ad_vars_at(vars, i), before[i]);
    ad_node *sum = ad_add(ad_add(p[0], p[2]), ad_add(ad_stop_gradient(p[1]), p[4]));
    ad_node *loss = ad_mean(ad_square(sum), AD_ALL_AXES, false);
    ad_optimizer *optimizer = ad_sgd(
        vars, "net", (ad_sgd_options){.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1});
    ad_node *step = ad_minimize(optimizer, loss);
    ad_program *program;
    REQUIRE(ad_compile(&program, ctx, (ad_node *[]){step, loss}, 2, NULL) == AD_OK);
    double first = 0, last = 0;
    for (int i = 0; i < 20; ++i) {
        CHECK_INT(ad_run(program), AD_OK);
        last = ad_result_scalar(program, loss);
        if (!i) first = last;
    }
    CHECK(last < 0.5 * first);
    for (int i = 0; i < 5; ++i)
        CHECK_INT(
            memcmp(before[i], ad_variable_data(vars, ad_vars_at(vars, i)), sizeof before[i]) == 0,
            i != 0 && i != 2);
    ad_program_free(program);
    ad_optimizer_free(optimizer);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(ctx);
}

/* f64 parameters are updated in f64: a quadratic is minimised far below f32's resolution. */
static void double_precision(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *g = ad_graph_new(ctx);
    ad_node *p = ad_param(g, vars, "p", ad_shape(9),
                          (ad_var_options){.dtype = AD_F64, .init = {AD_INIT_NORMAL, 1, 0, 0}});
    ad_node *loss = ad_sum(ad_square(ad_add_scalar(p, -1)), AD_ALL_AXES, false);
    ad_optimizer *optimizer = ad_sgd(vars, NULL, (ad_sgd_options){.lr = 0.3, .momentum = 0.1});
    ad_node *step = ad_minimize(optimizer, loss);
    ad_program *program;
    REQUIRE(ad_compile(&program, ctx, (ad_node *[]){step, loss}, 2, NULL) == AD_OK);
    for (int i = 0; i < 60; ++i) CHECK_INT(ad_run(program), AD_OK);
    CHECK(ad_result_scalar(program, loss) < 1e-25);
    ad_program_free(program);
    ad_optimizer_free(optimizer);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(ctx);
}

/* A run that is saved after four steps and continued elsewhere ends with the same bits. */
static void state_can_be_saved(void)
{
    bench whole, half;
    char path[64], state_path[64];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.30s/optim-test.safetensors",
             folder && strlen(folder) <= 30 ? folder : "/tmp");
    snprintf(state_path, sizeof state_path, "%.50s.state", path);
    REQUIRE(open_bench(&whole) && open_bench(&half));
    ad_optimizer *a = make_adam(whole.vars), *b = make_adam(half.vars);
    ad_node *steps[] = {ad_minimize(a, whole.loss), ad_minimize(b, half.loss)};
    ad_program *one = compile(&whole, &steps[0], 1), *two = compile(&half, &steps[1], 1);
    for (int i = 0; i < 4; ++i) ad_run(one);
    CHECK_INT(ad_vars_save(whole.vars, path), AD_OK);
    CHECK_INT(ad_vars_save(ad_optimizer_state(a), state_path), AD_OK);
    for (int i = 0; i < 6; ++i) ad_run(one);
    CHECK_INT(ad_vars_load(half.vars, path, (ad_load_options){0}), AD_OK);
    CHECK_INT(ad_vars_load(ad_optimizer_state(b), state_path, (ad_load_options){0}), AD_OK);
    for (int i = 0; i < 6; ++i) ad_run(two);
    for (int i = 0; i < ad_vars_count(whole.vars); ++i) {
        ad_variable *v = ad_vars_at(whole.vars, i), *w = ad_vars_at(half.vars, i);
        size_t bytes = (size_t)ad_shape_count(ad_variable_shape(v)) * 4;
        CHECK(!memcmp(ad_variable_data(whole.vars, v), ad_variable_data(half.vars, w), bytes));
    }
    remove(path), remove(state_path);
    ad_program_free(one), ad_program_free(two);
    ad_optimizer_free(a), ad_optimizer_free(b);
    close_bench(&whole), close_bench(&half);
}

/* One output makes all assigns happen, and has the value of the first. */
static void join_needs_all(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *g = ad_graph_new(ctx);
    ad_variable *a = ad_var(vars, "a", ad_shape(3),
                            (ad_var_options){.init = {AD_INIT_CONSTANT, 2, 0, 0}});
    ad_variable *b = ad_var(vars, "b", ad_shape(2), (ad_var_options){.dtype = AD_I32});
    ad_node *both[] = {ad_assign(g, a, ad_mul_scalar(ad_read(g, a), 3)),
                       ad_assign(g, b, ad_add_scalar(ad_read(g, b), 1))};
    ad_node *joined = ad_join(both, 2);
    CHECK(ad_shape_equal(ad_node_shape(joined), ad_shape(3)));
    CHECK(!ad_join(both, 0));
    ad_program *program;
    REQUIRE(ad_compile(&program, ctx, &joined, 1, NULL) == AD_OK);
    for (int run = 0; run < 2; ++run) CHECK_INT(ad_run(program), AD_OK);
    CHECK(((const float *)ad_variable_data(vars, a))[2] == 18);
    CHECK(((const int32_t *)ad_variable_data(vars, b))[1] == 2);
    CHECK(((const float *)ad_result(program, joined))[2] == 18);
    ad_program_free(program);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(ctx);
}

static ad_status clipped_step(ad_context *ctx)
{
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *g = ad_graph_new(ctx);
    ad_optimizer *optimizer = vars ? ad_adam(vars, "net", (ad_adam_options){.weight_decay = 0.1})
                                   : NULL;
    ad_status status = AD_ERROR_MEMORY;
    if (vars && g && optimizer) {
        ad_node *x = ad_fill(g, AD_F32, ad_shape(4, 3), 0.5);
        ad_node *y = ad_linear(vars, "net.fc", x, 2, (ad_linear_options){0});
        ad_node *norm, *step = ad_minimize_clipped(
                           optimizer, ad_mean(ad_square(y), AD_ALL_AXES, false), 1, &norm);
        ad_program *program;
        status = ad_compile(&program, ctx, (ad_node *[]){step, norm}, 2, NULL);
        if (status == AD_OK) status = ad_run(program);
        ad_program_free(program);
    }
    ad_optimizer_free(optimizer);
    ad_graph_free(g);
    ad_vars_free(vars);
    return status;
}

static void every_allocation_fails_once(void)
{
    sparing_check(clipped_step);
}

static void misuse(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    CHECK(!ad_sgd(vars, NULL, (ad_sgd_options){.lr = -1}));
    CHECK_CONTAINS(ad_error(ctx), "sgd: lr is -1, expected a number of 0 or more");
    CHECK(!ad_sgd(vars, NULL, (ad_sgd_options){.nesterov = true}));
    CHECK(!ad_adam(vars, NULL, (ad_adam_options){.beta1 = 1}));
    CHECK_INT(ad_error_status(ctx), AD_ERROR_ARGUMENT);
    ad_optimizer *optimizer = ad_adam(vars, "net", (ad_adam_options){0});
    CHECK_NEAR(ad_optimizer_lr(optimizer), 1e-3, 1e-15);
    CHECK_INT(ad_optimizer_set_lr(optimizer, -2), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_optimizer_set_lr(optimizer, 0.5), AD_OK);
    CHECK_NEAR(ad_optimizer_lr(optimizer), 0.5, 1e-15);
    ad_graph *g = ad_graph_new(ctx);
    ad_node *p = ad_param(g, vars, "other.p", ad_shape(2), (ad_var_options){0});
    CHECK(ad_node_poisoned(ad_minimize(optimizer, ad_sum(p, AD_ALL_AXES, false))));
    CHECK_CONTAINS(ad_graph_error(g), "what is under net, where there is no parameter");
    ad_graph_free(g);
    ad_optimizer_free(optimizer);
    ad_vars_free(vars);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(sgd),
                                     CASE(momentum),
                                     CASE(nesterov),
                                     CASE(adam),
                                     CASE(adam_decay),
                                     CASE(adamw),
                                     CASE(clipped),
                                     CASE(schedule),
                                     CASE(one_kernel_updates_all),
                                     CASE(unused_parameters_stay),
                                     CASE(double_precision),
                                     CASE(state_can_be_saved),
                                     CASE(join_needs_all),
                                     CASE(every_allocation_fails_once),
                                     CASE(misuse),
                                     {0}});
}
