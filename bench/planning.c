/* planning.c - how long it takes to plan the training step of a deep network.
 *
 *     build/bench/planning [--limit PART] [LAYERS ...]    (50 100 200)
 *
 * The network is small where planning does not look, in the width of its layers, and as deep as a
 * transformer gets: with gradients and AdamW, some 60 nodes a layer. --limit 0.5 plans it again in
 * half of the memory, which makes values again instead of keeping them. Times are processor time,
 * so that other programs disturb less. */
#include <autodidact/ops.h>
#include <autodidact/optim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 4, TIME = 64, WIDTH = 64, HEADS = 4, MOST_DEPTHS = 16 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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

static bool compile(ad_context *ctx, ad_node *step, size_t limit, ad_program_stats *stats,
                    double *seconds)
{
    ad_program *program = NULL;
    ad_compile_options options = {.memory_limit = limit};
    double begin = now();
    ad_status status = ad_compile(&program, ctx, &step, 1, &options);
    *seconds = now() - begin;
    if (status != AD_OK) return false;
    *stats = ad_program_get_stats(program);
    ad_program_free(program);
    return true;
}

static bool plan(ad_context *ctx, int layers, double part)
{
    ad_graph *graph = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_optimizer *optimizer = vars ? ad_adamw(vars, NULL, (ad_adam_options){.weight_decay = 0.1})
                                   : NULL;
    bool good = graph && optimizer;
    if (good) {
        double begin = now(), seconds;
        ad_program_stats stats;
        ad_node *x = ad_input(graph, "x", AD_F32, ad_shape(BATCH, TIME, WIDTH));
        for (int layer = 0; layer < layers; ++layer) x = transformer_layer(vars, layer, x);
        ad_node *loss = ad_mean(ad_square(x), AD_ALL_AXES, false);
        double recorded = now() - begin;
        begin = now();
        ad_minimize_options update = {.max_norm = 1, .decay_matrices = true};
        ad_node *step = ad_minimize_with(optimizer, loss, update).step;
        double updated = now() - begin;
        good = ad_vars_ready(ad_optimizer_state(optimizer)) == AD_OK; /* 12 bytes a parameter */
        good = good && compile(ctx, step, 0, &stats, &seconds);
        if (good)
            printf("%4d layers: record %.3f s, gradients and update %.3f s, plan %.3f s (%d "
                   "kernels, %.1f MB)\n",
                   layers, recorded, updated, seconds, stats.kernels,
                   (double)stats.arena_bytes * 1e-6);
        if (good && part > 0) {
            good = compile(ctx, step, (size_t)((double)stats.arena_bytes * part), &stats, &seconds);
            if (good)
                printf("%17s plan %.3f s in %.1f MB (%d kernels, %d of them again)\n", "", seconds,
                       (double)stats.arena_bytes * 1e-6, stats.kernels, stats.kernels_again);
        }
    }
    ad_optimizer_free(optimizer);
    ad_graph_free(graph);
    ad_vars_free(vars);
    return good;
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
    if (!ctx) return 1;
    bool good = true;
    for (int i = 0; i < count && good; ++i) good = plan(ctx, layers[i], part);
    if (!good) printf("%s\n", ad_error(ctx));
    ad_context_free(ctx);
    return !good;
}
