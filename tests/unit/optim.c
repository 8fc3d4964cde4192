/* optim.c - what all optimizers share: the gradient's norm is clipped, the rate is set, one kernel
 * updates all, what is not trained stays, memory may run out. The rules are held against others'
 * in optimizer_rules.c. */
#include "optimizer_bench.h"
#include "sparing.h"

/* Ten runs of one program; max_norm > 0 clips. */
static void ten_steps(const char *name, double max_norm, bool schedule)
{
    bench b;
    REQUIRE(open_bench(&b));
    ad_optimizer *optimizer = ad_optimizer_new(b.vars, NULL, ad_file_metadata(b.file.file, name));
    REQUIRE(optimizer);
    ad_node *norm = NULL;
    ad_node *step = max_norm > 0 ? ad_minimize_clipped(optimizer, b.loss, max_norm, &norm)
                                 : ad_minimize(optimizer, b.loss);
    ad_node *outputs[] = {b.loss, step, norm};
    ad_program *program = compile(&b, outputs, norm ? 3 : 2);
    const float *losses = fixture_get(&b.file, "%s.losses", name).data,
                *norms = fixture_get(&b.file, "%s.norms", name).data;
    for (int i = 0; program && i < 10; ++i) {
        if (schedule) CHECK_INT(ad_optimizer_set_lr(optimizer, 0.02 / (1 + i)), AD_OK);
        CHECK_INT(ad_run(program), AD_OK);
        CHECK_NEAR(ad_result_scalar(program, b.loss), (double)losses[i], 1e-5);
        if (norm) CHECK_NEAR(ad_result_scalar(program, norm), (double)norms[i], 1e-5);
    }
    check_parameters(&b, name);
    ad_program_free(program);
    ad_optimizer_free(optimizer);
    close_bench(&b);
}

static void clipped(void)
{
    ten_steps("clipped", 0.5, false);
}
static void schedule(void)
{
    ten_steps("schedule", 0, true);
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
                      (check_case[]){

                          CASE(clipped),
                          CASE(schedule),
                          CASE(one_kernel_updates_all),
                          CASE(unused_parameters_stay),
                          CASE(double_precision),

                          CASE(join_needs_all),
                          CASE(every_allocation_fails_once),
                          CASE(misuse),
                          {0}});
}
