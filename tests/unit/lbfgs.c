/* lbfgs.c - L-BFGS against the iterates of torch.optim.LBFGS (tests/oracle/lbfgs.py), and its
 * failures. */
#include "fixture.h"
#include "sparing.h"

#include <autodidact/optim.h>

/* The oracle's functions of x [n]. */
static ad_node *rosenbrock(ad_node *x)
{
    ad_node *a = ad_slice(x, 0, 0, -1, 1), *b = ad_slice(x, 0, 1, INT64_MAX, 1);
    ad_node *valley = ad_mul_scalar(ad_square(ad_sub(b, ad_square(a))), 100);
    return ad_sum(ad_add(valley, ad_square(ad_add_scalar(ad_neg(a), 1))), AD_ALL_AXES, false);
}

static ad_node *ramp(ad_node *x, double first, double step)
{
    ad_node *i = ad_iota(ad_node_graph(x), AD_F32, ad_node_shape(x), 0);
    return ad_add_scalar(ad_mul_scalar(i, step), first);
}

static ad_node *quadratic(ad_node *x)
{
    double step = 3 * log(10) / ((double)ad_node_shape(x).dim[0] - 1);
    ad_node *weight = ad_exp(ramp(x, 0, step));
    return ad_mul_scalar(ad_sum(ad_mul(weight, ad_square(x)), AD_ALL_AXES, false), 0.5);
}

static ad_node *mixed(ad_node *x)
{
    ad_node *logs = ad_mul(ad_log(ad_add_scalar(ad_square(x), 1)), ramp(x, 1, 1));
    ad_node *off = ad_add_scalar(ad_sum(x, AD_ALL_AXES, false), -3);
    return ad_add(ad_sum(logs, AD_ALL_AXES, false), ad_mul_scalar(ad_square(off), 0.05));
}

/* A variable x and a search for the least of `function`. */
typedef struct bench {
    ad_context *ctx;
    ad_vars *vars;
    ad_variable *x;
    ad_graph *graph;
    ad_node *loss, *read;
    ad_lbfgs *search;
} bench;

static void open_bench(bench *b, ad_node *(*function)(ad_node *x), const float *first, int64_t n)
{
    *b = (bench){.ctx = ad_context_new(NULL)};
    b->vars = ad_vars_new(b->ctx, 1);
    b->x = ad_var(b->vars, "x", ad_shape(n), (ad_var_options){0});
    ad_variable_set(b->vars, b->x, first);
    b->graph = ad_graph_new(b->ctx);
    b->read = ad_read(b->graph, b->x);
    b->loss = function(b->read);
}

static bool search(bench *b, ad_lbfgs_options options)
{
    ad_status status = ad_lbfgs_new(&b->search, b->vars, b->x, b->loss, NULL, 0, options, NULL);
    if (status != AD_OK) CHECK_FAIL("%s", ad_error(b->ctx));
    return status == AD_OK;
}

static void close_bench(bench *b)
{
    ad_lbfgs_free(b->search);
    ad_graph_free(b->graph);
    ad_vars_free(b->vars);
    CHECK_INT(ad_context_memory(b->ctx), 0);
    ad_context_free(b->ctx);
}

static const float *value(const bench *b)
{
    return ad_variable_data(b->vars, b->x);
}

/* The oracle's own f32 and f64 iterates differ by up to 4e-5. */
static void same_iterates(const char *name, ad_node *(*function)(ad_node *x), int history)
{
    fixture f;
    bench b;
    ad_context *ctx = ad_context_new(NULL);
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/lbfgs.safetensors"));
    ad_tensor iterates = fixture_get(&f, "%s.iterates", name),
              losses = fixture_get(&f, "%s.losses", name);
    int64_t n = iterates.shape.dim[1];
    const float *row = iterates.data, *loss = losses.data;
    open_bench(&b, function, row, n);
    if (search(&b, (ad_lbfgs_options){.history = history})) {
        size_t memory = ad_context_memory(b.ctx);
        for (int64_t step = 1; step < iterates.shape.dim[0]; ++step) {
            ad_lbfgs_report report;
            CHECK_INT(ad_lbfgs_step(b.search, &report), AD_OK);
            CHECK_NEAR(report.loss, (double)loss[step], 2e-4);
            for (int64_t i = 0; i < n; ++i)
                if (!(fabs((double)value(&b)[i] - (double)row[step * n + i]) <= 3e-4))
                    CHECK_FAIL("%s: after step %lld x[%lld] is %g, expected %g", name,
                               (long long)step, (long long)i, (double)value(&b)[i],
                               (double)row[step * n + i]);
        }
        CHECK_INT(ad_context_memory(b.ctx), memory); /* no step allocates */
    }
    close_bench(&b);
    fixture_close(&f);
    ad_context_free(ctx);
}

static void rosenbrock_as_torch(void)
{
    same_iterates("rosenbrock", rosenbrock, 100);
}
static void quadratic_as_torch(void)
{
    same_iterates("quadratic", quadratic, 100);
}
static void short_history_as_torch(void)
{
    same_iterates("short_history", mixed, 4);
}

/* Through every size of history, until it says that it is done. */
static void converges(void)
{
    static const int histories[] = {1, 7, 8, 40, 100};
    float first[60];
    for (int i = 0; i < 60; ++i) first[i] = i % 2 ? 1 : -1.2f;
    for (size_t k = 0; k < sizeof histories / sizeof *histories; ++k) {
        bench b;
        ad_lbfgs_report report = {0};
        open_bench(&b, rosenbrock, first, 60);
        REQUIRE(search(&b, (ad_lbfgs_options){.history = histories[k]}));
        int steps = 0;
        while (steps < 2000 && ad_lbfgs_step(b.search, &report) == AD_OK &&
               report.state == AD_LBFGS_RUNNING)
            ++steps;
        CHECK_INT(report.state, AD_LBFGS_CONVERGED);
        CHECK(report.loss < 1e-5);
        CHECK(report.evaluations >= steps);
        int evaluations = report.evaluations;
        CHECK_INT(ad_lbfgs_step(b.search, &report), AD_OK); /* nothing is left to do */
        CHECK_INT(report.evaluations, evaluations);
        close_bench(&b);
    }
}

/* ---- extra values ---- */

static void extra_is_of_the_accepted_iterate(void)
{
    bench b;
    float first[6] = {-1.2f, 1, -1.2f, 1, -1.2f, 1};
    open_bench(&b, rosenbrock, first, 6);
    ad_node *norm = ad_sum(ad_square(b.read), AD_ALL_AXES, false);
    REQUIRE(ad_lbfgs_new(&b.search, b.vars, b.x, b.loss, (ad_node *[]){b.loss, norm}, 2,
                         (ad_lbfgs_options){0}, NULL) == AD_OK);
    CHECK(isnan(ad_lbfgs_extra(b.search, 0)));
    for (int step = 0; step < 30; ++step) {
        ad_lbfgs_report report;
        CHECK_INT(ad_lbfgs_step(b.search, &report), AD_OK);
        double squares = 0;
        for (int i = 0; i < 6; ++i) squares += (double)value(&b)[i] * (double)value(&b)[i];
        CHECK_NEAR(ad_lbfgs_extra(b.search, 0), report.loss, 1e-12);
        CHECK_NEAR(ad_lbfgs_extra(b.search, 1), squares, 1e-6);
    }
    CHECK(isnan(ad_lbfgs_extra(b.search, 2)));
    close_bench(&b);
}

/* ---- failures ---- */

/* Falls ever faster up to x = 3, beyond which it is NaN. */
static ad_node *cliff(ad_node *x)
{
    ad_node *edge = ad_name(ad_sqrt(ad_add_scalar(ad_neg(x), 3)), "edge");
    return ad_sum(ad_sub(ad_mul_scalar(edge, 1e-3), ad_exp(x)), AD_ALL_AXES, false);
}

static void nan_keeps_the_last_good_iterate(void)
{
    bench b;
    float first[2] = {0, 0.5f}, before[2];
    open_bench(&b, cliff, first, 2);
    REQUIRE(search(&b, (ad_lbfgs_options){0}));
    ad_status status = AD_OK;
    ad_lbfgs_report report = {0};
    for (int step = 0; step < 50 && status == AD_OK; ++step) {
        memcpy(before, value(&b), sizeof before);
        status = ad_lbfgs_step(b.search, &report);
    }
    CHECK_INT(status, AD_ERROR_NUMERIC);
    CHECK_CONTAINS(ad_error(b.ctx), "not finite");
    CHECK_CONTAINS(ad_error(b.ctx), "edge"); /* the node where it began */
    CHECK_INT(report.state, AD_LBFGS_FAILED);
    CHECK(!memcmp(before, value(&b), sizeof before));
    double loss = 0;
    for (int i = 0; i < 2; ++i) loss += 1e-3 * sqrt(3 - (double)before[i]) - exp((double)before[i]);
    CHECK_NEAR(report.loss, loss, 1e-6);
    CHECK_INT(ad_lbfgs_step(b.search, &report), AD_ERROR_NUMERIC);
    CHECK(!memcmp(before, value(&b), sizeof before));
    close_bench(&b);
}

static void nan_at_the_start(void)
{
    bench b;
    float first[2] = {0, 9};
    open_bench(&b, cliff, first, 2);
    REQUIRE(search(&b, (ad_lbfgs_options){0}));
    CHECK_INT(ad_lbfgs_step(b.search, NULL), AD_ERROR_NUMERIC);
    CHECK(value(&b)[1] == 9);
    close_bench(&b);
}

/* The caller swaps the function between steps, so that the history's direction may lead up: the
 * search starts again from the gradient alone and still arrives. */
static void restarts_where_history_misleads(void)
{
    bench b;
    float first[8] = {3, -2, 1, 4, -1, 2, 5, -3}, sign = 1, target = 0;
    open_bench(&b, quadratic, first, 8);
    ad_node *s = ad_input(b.graph, "sign", AD_F32, (ad_shape){0}),
            *t = ad_input(b.graph, "target", AD_F32, (ad_shape){0});
    ad_node *bent = ad_sum(ad_cos(ad_mul(ad_sub(b.read, t), s)), AD_ALL_AXES, false);
    b.loss = ad_add(quadratic(ad_sub(b.read, t)), ad_mul_scalar(bent, 3));
    REQUIRE(search(&b, (ad_lbfgs_options){.history = 5}));
    ad_bind_name(ad_lbfgs_program(b.search), "sign", &sign, sizeof sign);
    ad_bind_name(ad_lbfgs_program(b.search), "target", &target, sizeof target);
    ad_lbfgs_report report = {0};
    for (int step = 0; step < 6; ++step) {
        sign = step % 2 ? 5.0f : 0.2f;
        target = step % 2 ? 40.0f : -40.0f;
        CHECK_INT(ad_lbfgs_step(b.search, &report), AD_OK);
    }
    sign = 0.5f, target = 1;
    for (int step = 0; step < 200 && report.state == AD_LBFGS_RUNNING; ++step)
        CHECK_INT(ad_lbfgs_step(b.search, &report), AD_OK);
    CHECK(report.gradient_max < 0.05);
    close_bench(&b);
}

static ad_status two_steps(ad_context *ctx)
{
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *g = ad_graph_new(ctx);
    ad_variable *x = vars ? ad_var(vars, "x", ad_shape(5),
                                   (ad_var_options){.init = {AD_INIT_NORMAL, 1, 0, 0}})
                          : NULL;
    ad_lbfgs *l = NULL;
    ad_status status = AD_ERROR_MEMORY;
    if (x && g) {
        ad_lbfgs_options options = {.history = 10};
        status = ad_lbfgs_new(&l, vars, x, quadratic(ad_read(g, x)), NULL, 0, options, NULL);
    }
    for (int step = 0; step < 2 && status == AD_OK; ++step) status = ad_lbfgs_step(l, NULL);
    ad_lbfgs_free(l);
    ad_graph_free(g);
    ad_vars_free(vars);
    return status;
}

static void every_allocation_fails_once(void)
{
    sparing_check(two_steps);
}

static void misuse(void)
{
    bench b;
    float first[3] = {1, 2, 3};
    ad_lbfgs *none;
    open_bench(&b, quadratic, first, 3);
    ad_variable *other = ad_var(b.vars, "other", ad_shape(3), (ad_var_options){0});
    ad_variable *whole = ad_var(b.vars, "whole", ad_shape(3), (ad_var_options){.dtype = AD_I32});
    CHECK_INT(ad_lbfgs_new(&none, b.vars, other, b.loss, NULL, 0, (ad_lbfgs_options){0}, NULL),
              AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(b.ctx), "does not depend on other");
    CHECK_INT(ad_lbfgs_new(&none, b.vars, whole, b.loss, NULL, 0, (ad_lbfgs_options){0}, NULL),
              AD_ERROR_DTYPE);
    CHECK_INT(ad_lbfgs_new(&none, b.vars, NULL, b.loss, NULL, 0, (ad_lbfgs_options){0}, NULL),
              AD_ERROR_DTYPE);
    CHECK_INT(ad_lbfgs_new(&none, b.vars, b.x, b.read, NULL, 0, (ad_lbfgs_options){0}, NULL),
              AD_ERROR_SHAPE);
    CHECK_INT(
        ad_lbfgs_new(&none, b.vars, b.x, b.loss, NULL, 0, (ad_lbfgs_options){.history = -1}, NULL),
        AD_ERROR_ARGUMENT);
    CHECK_INT(ad_lbfgs_new(&none, b.vars, b.x, NULL, NULL, 0, (ad_lbfgs_options){0}, NULL),
              AD_ERROR_ARGUMENT);
    CHECK(!none);
    close_bench(&b);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(rosenbrock_as_torch),
                                     CASE(quadratic_as_torch),
                                     CASE(short_history_as_torch),
                                     CASE(converges),
                                     CASE(extra_is_of_the_accepted_iterate),
                                     CASE(nan_keeps_the_last_good_iterate),
                                     CASE(nan_at_the_start),
                                     CASE(restarts_where_history_misleads),
                                     CASE(every_allocation_fails_once),
                                     CASE(misuse),
                                     {0}});
}
