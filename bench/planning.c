/* planning.c - how long it takes to plan the training step of a deep network.
 *
 *     build/bench/planning [--limit PART] [LAYERS ...]    (50 100 200)
 *
 * The network is small where planning does not look, in the width of its layers, and as deep as is
 * said: with gradients and AdamW that decays matrices only, some 100 nodes and 47 kernels a layer.
 * --limit 0.5 plans it again in half of the memory, which makes values again instead of keeping
 * them. Times are the processor's; of several tries the fastest counts. Stages that take less than
 * a hundredth of it are left out. */
#include "base/clock.h"
#include "plan/plan.h"

#include <autodidact/ops.h>
#include <autodidact/optim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 4, TIME = 64, WIDTH = 64, HEADS = 4, MOST_DEPTHS = 16, TRIES = 3 };

static ad_node *linear(ad_vars *vars, int layer, const char *part, ad_node *x, int64_t features)
{
    char name[32];
    snprintf(name, sizeof name, "layers.%d.%s", layer, part);
    return ad_linear(vars, name, x, features, (ad_linear_options){0});
}

static ad_node *norm(ad_vars *vars, int layer, const char *part, ad_node *x)
{
    char name[32];
    snprintf(name, sizeof name, "layers.%d.%s", layer, part);
    return ad_layer_norm_layer(vars, name, x, 0);
}

/* A layer of GPT-2 on x [batch, time, width]. */
static ad_node *transformer_layer(ad_vars *vars, int layer, ad_node *x)
{
    ad_node *qkv = linear(vars, layer, "qkv", norm(vars, layer, "norm1", x), 3 * (int64_t)WIDTH);
    ad_node *y = ad_self_attention(qkv, HEADS, 0, (ad_attention_options){.causal = true});
    x = ad_add(x, linear(vars, layer, "out", y, WIDTH));
    y = linear(vars, layer, "wide", norm(vars, layer, "norm2", x), 4 * (int64_t)WIDTH);
    return ad_add(x, linear(vars, layer, "narrow", ad_gelu_tanh(y), WIDTH));
}

static void print(const ad_program *program, double seconds)
{
    ad_program_stats stats = ad_program_get_stats(program);
    printf("  plan %.3f s: %d kernels, %.1f MB", seconds, stats.kernels,
           (double)stats.arena_bytes * 1e-6);
    if (stats.kernels_again) printf(", %d kernels again", stats.kernels_again);
    printf("\n   ");
    for (int i = 0; i < program->n_costs; ++i)
        if (program->costs[i].seconds > 0.01 * seconds)
            printf(" %s %.3f", program->costs[i].name, program->costs[i].seconds);
    printf("\n");
}

/* Bytes of the arena; 0: it failed. */
static size_t plan(ad_context *ctx, ad_node *step, size_t limit)
{
    ad_program *fastest = NULL;
    double least = 0;
    ad_compile_options options = {.memory_limit = limit};
    for (int i = 0; i < TRIES; ++i) {
        ad_program *program;
        double begin = ad_thread_seconds();
        if (ad_compile(&program, ctx, &step, 1, &options) != AD_OK) break;
        double seconds = ad_thread_seconds() - begin;
        bool faster = !fastest || seconds < least;
        ad_program_free(faster ? fastest : program);
        if (faster) fastest = program, least = seconds;
    }
    size_t bytes = fastest ? ad_program_get_stats(fastest).arena_bytes : 0;
    if (fastest) print(fastest, least);
    ad_program_free(fastest);
    return bytes;
}

static bool plan_network(ad_context *ctx, int layers, double part)
{
    ad_graph *graph = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_optimizer *optimizer = vars ? ad_adamw(vars, NULL, (ad_adam_options){.weight_decay = 0.1})
                                   : NULL;
    bool done = graph && optimizer;
    if (done) {
        double begin = ad_thread_seconds();
        ad_node *x = ad_input(graph, "x", AD_F32, ad_shape(BATCH, TIME, WIDTH));
        for (int layer = 0; layer < layers; ++layer) x = transformer_layer(vars, layer, x);
        ad_node *loss = ad_mean(ad_square(x), AD_ALL_AXES, false);
        double forward = ad_thread_seconds() - begin;
        done = ad_vars_ready(vars) == AD_OK;
        begin = ad_thread_seconds();
        ad_minimize_options update = {.max_norm = 1, .decay_matrices = true};
        ad_node *step = ad_minimize_with(optimizer, loss, update).step;
        printf("%d layers\n  record %.3f s, gradients and update %.3f s\n", layers, forward,
               ad_thread_seconds() - begin);
        done = done && ad_vars_ready(ad_optimizer_state(optimizer)) == AD_OK;
        size_t bytes = done ? plan(ctx, step, 0) : 0;
        done = bytes && (part <= 0 || plan(ctx, step, (size_t)(part * (double)bytes)));
    }
    ad_optimizer_free(optimizer);
    ad_graph_free(graph);
    ad_vars_free(vars);
    return done;
}

int main(int argc, char **argv)
{
    int layers[MOST_DEPTHS] = {50, 100, 200}, count = 0;
    double part = 0;
    for (int i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "--limit") && i + 1 < argc)
            part = atof(argv[++i]);
        else if (count < MOST_DEPTHS)
            layers[count++] = atoi(argv[i]);
    }
    if (!count) count = 3;
    ad_context *ctx = ad_context_new(NULL);
    bool done = ctx != NULL;
    for (int i = 0; i < count && done; ++i) done = plan_network(ctx, layers[i], part);
    if (ctx && !done) printf("%s\n", ad_error(ctx));
    ad_context_free(ctx);
    return !done;
}
