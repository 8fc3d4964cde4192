/* shared_store.c - one store of variables in several contexts, each with its own thread. Runs under
 * the thread sanitizer too: programs that meet in a store must be told, not race. */
#include "check.h"

#include <autodidact/optim.h>

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

enum { READERS = 3, WIDTH = 64, ROUNDS = 200 };

static ad_context *small_context(void)
{
    return ad_context_new(&(ad_context_options){.threads = 1});
}

/* x W with W of the store: the store's own context declares W, others find it. */
static ad_node *product(ad_vars *vars, ad_graph *g, ad_node **x)
{
    *x = ad_input(g, "x", AD_F32, ad_shape(1, WIDTH));
    ad_var_options normal = {.init = {.kind = AD_INIT_NORMAL, .a = 1}};
    return ad_matmul(*x, ad_param(g, vars, "w", ad_shape(WIDTH, WIDTH), normal));
}

/* ---- what another context may do ---- */

static void belongs_to_a_context(void)
{
    ad_context *home = small_context(), *other = small_context();
    ad_vars *vars = ad_vars_new(home, 1);
    ad_graph *g = ad_graph_new(other);
    ad_node *x, *y = product(vars, g, &x);
    CHECK(ad_node_poisoned(y));
    CHECK_TEXT(ad_graph_error(g),
               "w is not in this store of another context; it must be declared there first");
    CHECK_INT(ad_graph_status(g), AD_ERROR_NOT_FOUND);
    CHECK_INT(ad_vars_count(vars), 0);
    CHECK_TEXT(ad_error(home), ""); /* it may be busy in another thread */
    ad_graph_free(g);

    REQUIRE(ad_var(vars, "w", ad_shape(WIDTH, WIDTH), (ad_var_options){0}));
    g = ad_graph_new(other);
    CHECK(ad_node_poisoned(ad_param(g, vars, "w", ad_shape(2), (ad_var_options){0})));
    CHECK_CONTAINS(ad_graph_error(g), "w is [64, 64], asked for as [2]");
    CHECK_TEXT(ad_error(home), "");
    ad_graph_free(g);

    g = ad_graph_new(other);
    y = product(vars, g, &x);
    ad_program *program;
    CHECK_INT(ad_compile(&program, other, &y, 1, NULL), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(other), "w is of another context's store, which is not laid out yet");
    CHECK_TEXT(ad_error(home), "");
    CHECK_INT(ad_vars_ready(vars), AD_OK);
    size_t before = ad_context_memory(home);
    CHECK_INT(ad_compile(&program, other, &y, 1, NULL), AD_OK);
    CHECK_INT(ad_context_memory(home), before);
    ad_program_free(program);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(other);
    ad_context_free(home);
}

/* ---- programs that meet: inside a run of one (its tracer), the other is tried ---- */

typedef struct meeting {
    ad_program *other;
    ad_vars *vars;
    ad_variable *w;
    ad_average *average;
    ad_status run, set, load, swap;
    char path[64];
} meeting;

static void meet(void *user, const ad_trace_event *event)
{
    meeting *m = user;
    if (event->kernel != 0) return;
    m->run = ad_run(m->other);
    static float zeros[WIDTH * WIDTH];
    m->set = ad_variable_set(m->vars, m->w, zeros);
    m->load = ad_vars_load(m->vars, m->path, (ad_load_options){0});
    m->swap = ad_average_swap(m->average);
}

static void meets_in_a_run(void)
{
    static const float x0[WIDTH] = {1};
    ad_context *home = small_context(), *other = small_context();
    ad_vars *vars = ad_vars_new(home, 1);
    ad_graph *g = ad_graph_new(home), *h = ad_graph_new(other);
    ad_node *x, *x2, *y = product(vars, g, &x);
    meeting m = {.vars = vars, .w = ad_var_find(vars, "w")};
    ad_node *assign = ad_assign(g, m.w, ad_mul_scalar(ad_read(g, m.w), 0.5));
    snprintf(m.path, sizeof m.path, "/tmp/shared_store_%d.safetensors", (int)getpid());
    REQUIRE(!ad_vars_ready(vars) && !ad_vars_save(vars, m.path));
    ad_node *read = product(vars, h, &x2);
    REQUIRE(!ad_average_new(&m.average, vars, 0.9));
    ad_program *reads_here, *changes_here;
    REQUIRE(!ad_compile(&reads_here, home, &y, 1, NULL));
    REQUIRE(!ad_compile(&changes_here, home, &assign, 1, NULL));
    REQUIRE(!ad_compile(&m.other, other, &read, 1, NULL));
    REQUIRE(!ad_bind(reads_here, x, x0, sizeof x0) && !ad_bind(m.other, x2, x0, sizeof x0));
    ad_tracer tracer = {.first = 1, .last = INT64_MAX, .event = meet, .user = &m};
    ad_trace_programs(home, &tracer);

    CHECK_INT(ad_run(reads_here),
              AD_OK); /* both read: fine; but nothing may be changed meanwhile */
    CHECK_INT(m.run, AD_OK);
    CHECK_INT(m.set, AD_ERROR_ARGUMENT);
    CHECK_INT(m.load, AD_ERROR_ARGUMENT);
    CHECK_INT(m.swap, AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(home), "the block of w is in use");

    CHECK_INT(ad_run(changes_here), AD_OK); /* one changes: the other must not read */
    CHECK_INT(m.run, AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(other), "w is in use: another program changes it or its block");
    CHECK_INT(m.set, AD_ERROR_ARGUMENT);

    ad_trace_programs(home, NULL); /* all claims were given back, also the refused ones */
    static float w[WIDTH * WIDTH];
    CHECK_INT(ad_run(m.other), AD_OK);
    CHECK_INT(ad_variable_get(vars, m.w, w), AD_OK);
    CHECK_INT(ad_variable_set(vars, m.w, w), AD_OK);
    CHECK_INT(ad_vars_load(vars, m.path, (ad_load_options){0}), AD_OK);
    CHECK_INT(ad_average_swap(m.average), AD_OK);
    CHECK_INT(ad_run(changes_here), AD_OK);

    unlink(m.path);
    ad_average_free(m.average);
    ad_program_free(reads_here), ad_program_free(changes_here), ad_program_free(m.other);
    ad_graph_free(g), ad_graph_free(h);
    ad_vars_free(vars);
    ad_context_free(other);
    ad_context_free(home);
}

/* ---- threads ---- */

typedef struct reader {
    ad_vars *vars;
    const float *expected; /* of x = 1, 0, 0, ...: the first row of W */
    int wrong, busy, runs;
} reader;

static void *read_often(void *user)
{
    reader *r = user;
    static const float x0[WIDTH] = {1};
    ad_context *ctx = small_context();
    ad_graph *g = ad_graph_new(ctx);
    ad_node *x, *y = product(r->vars, g, &x);
    ad_program *program = NULL;
    if (ad_compile(&program, ctx, &y, 1, NULL) || ad_bind(program, x, x0, sizeof x0))
        r->wrong = ROUNDS;
    while (!r->wrong && r->runs < ROUNDS) {
        ad_status status = ad_run(program);
        r->busy += status == AD_ERROR_ARGUMENT;
        r->wrong += status != AD_OK && status != AD_ERROR_ARGUMENT;
        if (status != AD_OK) {
            sched_yield();
            continue;
        }
        ++r->runs;
        const float *got = ad_result(program, y);
        /* a multiple of the first row by some power of two, all of it the same one */
        for (int i = 0; i < WIDTH; ++i)
            r->wrong += got[i] * r->expected[0] != got[0] * r->expected[i];
    }
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
    return NULL;
}

static void run_readers(ad_vars *vars, const float *expected, ad_program *writer, int *busy)
{
    pthread_t threads[READERS];
    reader readers[READERS];
    for (int i = 0; i < READERS; ++i) {
        readers[i] = (reader){.vars = vars, .expected = expected};
        REQUIRE(!pthread_create(&threads[i], NULL, read_often, &readers[i]));
    }
    for (int done = 0, tries = 0; writer && done < 2 * (ROUNDS / 2) && tries < 20000000; ++tries) {
        ad_status status = ad_run(writer);
        CHECK(status == AD_OK || status == AD_ERROR_ARGUMENT);
        done += status == AD_OK;
        *busy += status != AD_OK;
        if (status != AD_OK) sched_yield();
    }
    for (int i = 0; i < READERS; ++i) {
        pthread_join(threads[i], NULL);
        CHECK_INT(readers[i].wrong, 0);
        CHECK_INT(readers[i].runs, ROUNDS);
        *busy += readers[i].busy;
    }
}

/* Whole numbers, so that the products that the readers compare are exact. */
static void fill(ad_vars *vars, float *w)
{
    for (int i = 0; i < WIDTH * WIDTH; ++i) w[i] = (float)(i % 31 + 1);
    REQUIRE(!ad_variable_set(vars, ad_var_find(vars, "w"), w));
}

static void many_read(void)
{
    static float w[WIDTH * WIDTH];
    int busy = 0;
    ad_context *home = small_context();
    ad_vars *vars = ad_vars_new(home, 1);
    ad_var(vars, "w", ad_shape(WIDTH, WIDTH), (ad_var_options){0});
    REQUIRE(!ad_vars_ready(vars));
    fill(vars, w);
    run_readers(vars, w, NULL, &busy);
    CHECK_INT(busy, 0);
    ad_vars_free(vars);
    ad_context_free(home);
}

/* A program that doubles W, then halves it, and so on, between the readers' runs. */
static void one_changes(void)
{
    static float w[WIDTH * WIDTH];
    int busy = 0;
    ad_context *home = small_context();
    ad_vars *vars = ad_vars_new(home, 1);
    ad_graph *g = ad_graph_new(home);
    ad_variable *v = ad_var(vars, "w", ad_shape(WIDTH, WIDTH), (ad_var_options){0});
    ad_variable *factor = ad_var(vars, "factor", (ad_shape){0}, (ad_var_options){0});
    REQUIRE(!ad_vars_ready(vars));
    fill(vars, w);
    float two = 2;
    REQUIRE(!ad_variable_set(vars, factor, &two));
    ad_node *f = ad_read(g, factor);
    ad_node *outputs[] = {ad_assign(g, v, ad_mul(ad_read(g, v), f)),
                          ad_assign(g, factor, ad_reciprocal(f))};
    ad_program *writer = NULL;
    REQUIRE(!ad_compile(&writer, home, outputs, 2, NULL));
    run_readers(vars, w, writer, &busy);
    static float after[WIDTH * WIDTH];
    REQUIRE(!ad_variable_get(vars, v, after));
    CHECK(!memcmp(after, w, sizeof w)); /* an even number of runs */
    ad_program_free(writer);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(home);
}

static const check_case cases[] = {
    CASE(belongs_to_a_context), CASE(meets_in_a_run), CASE(many_read), CASE(one_changes), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
