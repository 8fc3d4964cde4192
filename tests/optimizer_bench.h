/* optimizer_bench.h - the small network that tests/oracle/optim.py trains, and its file. */
#ifndef AD_TESTS_OPTIMIZER_BENCH_H
#define AD_TESTS_OPTIMIZER_BENCH_H

#include "fixture.h"

#include <autodidact/optim.h>

/* A small network, its loss, and whatever a case does with it. */
typedef struct bench {
    ad_context *ctx;
    fixture file;
    ad_vars *vars;
    ad_graph *graph;
    ad_node *loss;
} bench;

static inline bool open_bench(bench *b)
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

static inline void close_bench(bench *b)
{
    ad_graph_free(b->graph);
    ad_vars_free(b->vars);
    fixture_close(&b->file);
    CHECK_INT(ad_context_memory(b->ctx), 0);
    ad_context_free(b->ctx);
}

static inline ad_program *compile(bench *b, ad_node *const *outputs, int count)
{
    ad_program *program;
    if (ad_compile(&program, b->ctx, outputs, count, NULL) != AD_OK)
        CHECK_FAIL("%s", ad_error(b->ctx));
    return program;
}

static inline void check_parameters(bench *b, const char *name)
{
    for (int i = 0; i < ad_vars_count(b->vars); ++i) {
        ad_variable *v = ad_vars_at(b->vars, i);
        double error = fixture_error(ad_variable_data(b->vars, v),
                                     fixture_get(&b->file, "%s.%s", name, ad_variable_name(v)));
        if (!(error <= 2e-5))
            CHECK_FAIL("%s: %s differs by %.3g after ten steps", name, ad_variable_name(v), error);
    }
}

#endif
