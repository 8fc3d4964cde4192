/* optimizer_selection.c - which parameters an optimizer trains, and several of them over one store.
 */
#include "check.h"

#include <autodidact/optim.h>

enum { COUNT = 6 };
static const char *const names[COUNT] = {"actor.w",  "actor.b",  "trunk.w",
                                         "critic.w", "critic.b", "steps"};

/* A loss that depends on every parameter. */
typedef struct bench {
    ad_context *ctx;
    ad_vars *vars;
    ad_graph *graph;
    ad_node *loss;
    ad_variable *variable[COUNT];
    float before[COUNT][5];
} bench;

static void open_bench(bench *b)
{
    *b = (bench){.ctx = ad_context_new(NULL)};
    b->vars = ad_vars_new(b->ctx, 1);
    b->graph = ad_graph_new(b->ctx);
    ad_node *sum = NULL;
    for (int i = 0; i < COUNT; ++i) {
        ad_var_options options = {.init = {AD_INIT_NORMAL, 1, 0, 0}, .buffer = i == COUNT - 1};
        ad_node *p = ad_param(b->graph, b->vars, names[i], ad_shape(5), options);
        sum = sum ? ad_add(sum, ad_square(p)) : ad_square(p);
        b->variable[i] = ad_var_find(b->vars, names[i]);
    }
    b->loss = ad_sum(sum, AD_ALL_AXES, false);
    for (int i = 0; i < COUNT; ++i) ad_variable_get(b->vars, b->variable[i], b->before[i]);
}

static void close_bench(bench *b)
{
    ad_graph_free(b->graph);
    ad_vars_free(b->vars);
    CHECK_INT(ad_context_memory(b->ctx), 0);
    ad_context_free(b->ctx);
}

/* Runs the step once. */
static void run(bench *b, ad_node *step)
{
    ad_program *program;
    if (ad_compile(&program, b->ctx, &step, 1, NULL)) {
        CHECK_FAIL("%s", ad_error(b->ctx));
        return;
    }
    CHECK_INT(ad_run(program), AD_OK);
    ad_program_free(program);
}

/* Which variables have changed since the last call, as the digits of a text: "110000". */
static const char *changed(bench *b)
{
    static char digits[COUNT + 1];
    for (int i = 0; i < COUNT; ++i) {
        float now[5];
        ad_variable_get(b->vars, b->variable[i], now);
        digits[i] = memcmp(now, b->before[i], sizeof now) ? '1' : '0';
        memcpy(b->before[i], now, sizeof now);
    }
    return digits;
}

static void under_prefixes(void)
{
    static const struct {
        const char *prefix[2];
        int count;
        const char *moves;
    } cases[] = {
        {{NULL}, 0, "111110"},
        {{"critic"}, 1, "000110"},
        {{"actor", "trunk"}, 2, "111000"},
        {{"critic.b", "actor.b"}, 2, "010010"},
        {{"actor", "actor.w"}, 2, "110000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        bench b;
        open_bench(&b);
        ad_optimizer *o = ad_optimizer_new(b.vars, NULL, "sgd:lr=0.1");
        if (cases[i].count)
            CHECK_INT(ad_optimizer_select_under(o, cases[i].prefix, cases[i].count), AD_OK);
        run(&b, ad_minimize(o, b.loss));
        CHECK_TEXT(changed(&b), cases[i].moves);
        ad_optimizer_free(o);
        close_bench(&b);
    }
}

/* The gradient is 2 p, so a step of SGD at rate 0.1 leaves 1 - 0.2 factor of a parameter. */
static void rates_of_parts(void)
{
    static const ad_rate rates[] = {{"critic", 0.5}, {"critic.b", 0.25}, {"actor.w", 0}};
    static const double kept[COUNT] = {1, 0.8, 0.8, 0.9, 0.95, 1};
    bench b;
    open_bench(&b);
    ad_optimizer *o = ad_optimizer_new(b.vars, NULL, "sgd:lr=0.1");
    CHECK_INT(ad_optimizer_set_rates(o, &(ad_rate){"trunk", -1}, 1), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(b.ctx), "the learning rate under trunk is -1, expected 0 or more");
    CHECK_INT(ad_optimizer_set_rates(o, rates, 3), AD_OK);
    run(&b, ad_minimize(o, b.loss));
    for (int i = 0; i < COUNT; ++i) {
        float now[5];
        ad_variable_get(b.vars, b.variable[i], now);
        for (int k = 0; k < 5; ++k)
            CHECK_NEAR((double)now[k], kept[i] * (double)b.before[i][k], 1e-6);
    }
    CHECK_NEAR(ad_optimizer_lr(o), 0.1, 0);
    ad_optimizer_free(o);
    close_bench(&b);
}

/* Adam's first step is as long as the rate: of a part with a factor by that; none again. */
static void rates_of_adam(void)
{
    bench b;
    open_bench(&b);
    ad_optimizer *o = ad_optimizer_new(b.vars, NULL, "adamw:lr=0.1,weight-decay=0.5");
    CHECK_INT(ad_optimizer_set_rates(o, &(ad_rate){"trunk", 0.01}, 1), AD_OK);
    run(&b,
        ad_minimize_with(o, b.loss, (ad_minimize_options){.max_norm = 1, .accumulate = 1}).step);
    for (int i = 0; i < COUNT - 1; ++i) {
        float now[5];
        double rate = i == 2 ? 0.001 : 0.1;
        ad_variable_get(b.vars, b.variable[i], now);
        for (int k = 0; k < 5; ++k) {
            double before = (double)b.before[i][k];
            double want = before * (1 - 0.5 * rate) - (before > 0 ? rate : -rate);
            CHECK_NEAR((double)now[k], want, 1e-5);
        }
    }
    ad_optimizer_free(o);
    close_bench(&b);
}

static void a_rate_of_nothing(void)
{
    bench b;
    open_bench(&b);
    ad_optimizer *o = ad_optimizer_new(b.vars, NULL, "sgd");
    CHECK_INT(ad_optimizer_set_rates(o, &(ad_rate){"trunk.x", 0.5}, 1), AD_OK);
    ad_node *step = ad_minimize(o, b.loss);
    CHECK(ad_node_poisoned(step));
    CHECK_CONTAINS(ad_error(b.ctx), "sgd has a learning rate for what is under trunk.x, where "
                                    "there is no parameter");
    ad_optimizer_free(o);
    close_bench(&b);
}

static void listed_variables(void)
{
    bench b;
    open_bench(&b);
    ad_optimizer *o = ad_optimizer_new(b.vars, "actor", "adam");
    ad_variable *list[] = {b.variable[4], b.variable[0], b.variable[2]};
    CHECK_INT(ad_optimizer_select(o, list, 3), AD_OK);
    run(&b, ad_minimize(o, b.loss));
    CHECK_TEXT(changed(&b), "101010");
    /* frozen later: left alone by what is built from now on */
    ad_vars_freeze(b.vars, "trunk", true);
    ad_graph_free(b.graph);
    b.graph = ad_graph_new(b.ctx);
    ad_node *sum = ad_add(ad_read(b.graph, b.variable[0]), ad_read(b.graph, b.variable[2]));
    run(&b, ad_minimize(o, ad_sum(sum, AD_ALL_AXES, false)));
    CHECK_TEXT(changed(&b), "100000");
    ad_optimizer_free(o);
    close_bench(&b);
}

static void wrong_lists_are_refused(void)
{
    bench b;
    open_bench(&b);
    ad_vars *other = ad_vars_new(b.ctx, 1);
    ad_variable *whole = ad_var(b.vars, "count", ad_shape(1), (ad_var_options){.dtype = AD_I32});
    ad_variable *foreign = ad_var(other, "actor.w", ad_shape(5), (ad_var_options){0});
    ad_variable **v = b.variable;
    ad_optimizer *o = ad_optimizer_new(b.vars, "critic", "adam");
    CHECK_INT(ad_optimizer_select(o, (ad_variable *[]){v[0], foreign}, 2), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(b.ctx), "adam is to train actor.w, which is of another store");
    CHECK_INT(ad_optimizer_select(o, (ad_variable *[]){v[0], v[1], v[0]}, 3), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(b.ctx), "adam is to train actor.w, which is listed twice");
    CHECK_INT(ad_optimizer_select(o, &v[5], 1), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(b.ctx), "adam is to train steps, which is a buffer");
    CHECK_INT(ad_optimizer_select(o, &whole, 1), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(b.ctx), "adam is to train count, which is not of a float type");
    ad_vars_freeze(b.vars, "trunk", true);
    CHECK_INT(ad_optimizer_select(o, &v[2], 1), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(b.ctx), "adam is to train trunk.w, which is frozen");
    CHECK_INT(ad_optimizer_select(o, v, 0), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_optimizer_select_under(o, NULL, 0), AD_ERROR_ARGUMENT);
    /* nothing has changed */
    run(&b, ad_minimize(o, b.loss));
    CHECK_TEXT(changed(&b), "000110");
    ad_optimizer_free(o);
    ad_vars_free(other);
    close_bench(&b);
}

static void a_prefix_without_parameters(void)
{
    bench b;
    open_bench(&b);
    ad_optimizer *o = ad_optimizer_new(b.vars, NULL, "adam");
    CHECK_INT(ad_optimizer_select_under(o, (const char *[]){"actor", "crtic"}, 2), AD_OK);
    CHECK(ad_node_poisoned(ad_minimize(o, b.loss)));
    CHECK_CONTAINS(ad_graph_error(b.graph),
                   "adam is to train what is under crtic, where there is no parameter");
    ad_optimizer_free(o);
    close_bench(&b);
}

static void a_loss_without_them(void)
{
    bench b;
    open_bench(&b);
    ad_optimizer *o = ad_optimizer_new(b.vars, "critic", "adam");
    ad_node *loss = ad_name(ad_sum(ad_read(b.graph, b.variable[0]), AD_ALL_AXES, false), "mine");
    CHECK(ad_node_poisoned(ad_minimize(o, loss)));
    CHECK_CONTAINS(ad_graph_error(b.graph), "the loss mine depends on no parameter under critic");
    ad_optimizer_free(o);
    close_bench(&b);
}

/* Two optimizers take turns on one store; each moves its own, and has its own state. */
static void players_share_a_store(void)
{
    bench b;
    open_bench(&b);
    ad_optimizer *actor = ad_optimizer_new(b.vars, "actor", "adam:lr=0.1");
    ad_optimizer *critic = ad_optimizer_new(b.vars, "critic", "adam:lr=0.2,beta1=0");
    ad_node *step[] = {ad_minimize(actor, b.loss), ad_minimize(critic, b.loss)};
    for (int i = 0; i < 3; ++i) {
        run(&b, step[i % 2]);
        CHECK_TEXT(changed(&b), i % 2 ? "000110" : "110000");
    }
    ad_vars *state[] = {ad_optimizer_state(actor), ad_optimizer_state(critic)};
    int64_t steps[2];
    for (int i = 0; i < 2; ++i)
        ad_variable_get(state[i], ad_var_find(state[i], "adam.step"), &steps[i]);
    CHECK_INT(steps[0], 2);
    CHECK_INT(steps[1], 1);
    CHECK_NEAR(ad_optimizer_lr(critic), 0.2, 0);
    ad_optimizer_free(actor);
    ad_optimizer_free(critic);
    close_bench(&b);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(under_prefixes),
                                     CASE(rates_of_parts),
                                     CASE(rates_of_adam),
                                     CASE(a_rate_of_nothing),
                                     CASE(listed_variables),
                                     CASE(wrong_lists_are_refused),
                                     CASE(a_prefix_without_parameters),
                                     CASE(a_loss_without_them),
                                     CASE(players_share_a_store),
                                     {0}});
}
