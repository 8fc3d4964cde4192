/* cache.c - rows written into a variable in place: what a cache of keys and values is made of. */
#include <autodidact/nn.h>
#include <autodidact/ops.h>
#include <autodidact/program.h>

#include "check.h"
#include "plan/plan.h"

enum { ROWS = 6, WIDTH = 3, NEW = 2 };

typedef struct cached {
    ad_context *ctx;
    ad_graph *g;
    ad_vars *vars;
    ad_variable *table;
    ad_node *at, *rows, *written;
    ad_program *program;
    int32_t begin;
    float data[NEW * WIDTH];
} cached;

static void open(cached *c)
{
    memset(c, 0, sizeof *c);
    c->ctx = ad_context_new(&(ad_context_options){.threads = 2});
    c->g = ad_graph_new(c->ctx);
    c->vars = ad_vars_new(c->ctx, 0);
    c->table = ad_var(c->vars, "table", ad_shape(ROWS, WIDTH),
                      (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = 1}});
    c->at = ad_input(c->g, "at", AD_I32, ad_shape(1));
    c->rows = ad_input(c->g, "rows", AD_F32, ad_shape(NEW, WIDTH));
    c->written = ad_write_rows(ad_read(c->g, c->table), c->at, c->rows);
}

static bool compile(cached *c, ad_node *const *outputs, int count)
{
    if (ad_compile(&c->program, c->ctx, outputs, count, NULL) || ad_program_verify(c->program) ||
        ad_bind(c->program, c->at, &c->begin, sizeof c->begin) ||
        ad_bind(c->program, c->rows, c->data, sizeof c->data)) {
        CHECK_FAIL("%s", ad_error(c->ctx));
        return false;
    }
    return true;
}

static void close(cached *c)
{
    ad_program_free(c->program);
    ad_graph_free(c->g);
    ad_vars_free(c->vars);
    ad_context_free(c->ctx);
}

static void in_place(void)
{
    static const int32_t begins[] = {2, 5, -1, 6, -7, 0};
    float want[ROWS * WIDTH], got[ROWS * WIDTH];
    cached c;
    open(&c);
    ad_node *store = ad_assign(c.g, c.table, c.written);
    if (compile(&c, &store, 1)) {
        CHECK_INT(ad_program_get_stats(c.program).kernels, 1);
        CHECK_INT(ad_program_get_stats(c.program).arena_bytes, 0);
        for (int i = 0; i < ROWS * WIDTH; ++i) want[i] = 1;
        for (int i = 0; i < 6; ++i) {
            c.begin = begins[i];
            for (int k = 0; k < NEW * WIDTH; ++k) c.data[k] = (float)(10 * i + k);
            for (int r = 0; r < NEW; ++r)
                if (c.begin + r >= 0 && c.begin + r < ROWS)
                    memcpy(want + (c.begin + r) * WIDTH, c.data + r * WIDTH, WIDTH * sizeof *want);
            CHECK_INT(ad_run(c.program), AD_OK);
            CHECK_INT(ad_variable_get(c.vars, c.table, got), AD_OK);
            CHECK(!memcmp(want, got, sizeof want));
        }
    }
    close(&c);
}

/* Whoever reads the table by its own name still finds the old value. */
static void old_and_new(void)
{
    cached c;
    open(&c);
    ad_node *before = ad_sum(ad_read(c.g, c.table), AD_ALL_AXES, false);
    ad_node *after = ad_sum(c.written, AD_ALL_AXES, false);
    if (compile(&c, (ad_node *[]){after, before, ad_assign(c.g, c.table, c.written)}, 3)) {
        for (int k = 0; k < NEW * WIDTH; ++k) c.data[k] = 2;
        CHECK_INT(ad_run(c.program), AD_OK);
        CHECK_NEAR(ad_result_scalar(c.program, after), ROWS * WIDTH + NEW * WIDTH, 0);
        CHECK_NEAR(ad_result_scalar(c.program, before), ROWS * WIDTH, 0);
        CHECK_INT(ad_run(c.program), AD_OK);
        CHECK_NEAR(ad_result_scalar(c.program, before), ROWS * WIDTH + NEW * WIDTH, 0);
    }
    close(&c);
}

/* Rows that come from the table itself are not read while they are overwritten. */
static void own_rows(void)
{
    float want[ROWS * WIDTH], got[ROWS * WIDTH];
    cached c;
    open(&c);
    for (int i = 0; i < ROWS * WIDTH; ++i) want[i] = (float)i;
    CHECK_INT(ad_variable_set(c.vars, c.table, want), AD_OK);
    ad_node *table = ad_read(c.g, c.table);
    ad_node *moved = ad_write_rows(table, c.at, ad_slice(table, 0, 0, ROWS - 1, 1));
    ad_node *outputs[2] = {ad_assign(c.g, c.table, moved), ad_sum(c.rows, AD_ALL_AXES, false)};
    c.begin = 1;
    if (compile(&c, outputs, 2)) {
        CHECK_INT(ad_run(c.program), AD_OK);
        CHECK_INT(ad_variable_get(c.vars, c.table, got), AD_OK);
        memmove(want + WIDTH, want, (ROWS - 1) * WIDTH * sizeof *want);
        CHECK(!memcmp(want, got, sizeof want));
    }
    close(&c);
}

static void refusals(void)
{
    cached c;
    open(&c);
    CHECK(ad_node_poisoned(
        ad_write_rows(ad_read(c.g, c.table), c.at, ad_fill(c.g, AD_F32, ad_shape(1, 4), 0))));
    CHECK_CONTAINS(ad_graph_error(c.g), "the rows are not rows of the table");
    close(&c);
}

int main(int argc, char **argv)
{
    return check_main(
        argc, argv,
        (check_case[]){CASE(in_place), CASE(old_and_new), CASE(own_rows), CASE(refusals), {0}});
}
