/* gpt.c - the time of a training step of nanoGPT's small recipe: forward, backward, clipping,
 * AdamW.
 *
 *     build/bench/gpt [--layers 4] [--heads 4] [--width 128] [--block 64] [--batch 12] [--vocab 65]
 *                     [--threads N] [--runs 100] [--arch 0|1] [--profile 1]
 *
 * Prints the median in milliseconds; with --profile the kernels by their share. bench/peers/gpt.py
 * is the same step in PyTorch. */
#define _GNU_SOURCE
#include <autodidact/optim.h>

#include "zoo/gpt/gpt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_row(void *user, const ad_profile_row *row)
{
    (void)user;
    printf("%9.1f us %7.1f GF/s %7.1f GB/s  %-28s %s\n", row->seconds * 1e6,
           row->flops / row->seconds * 1e-9, row->bytes / row->seconds * 1e-9, row->kernel,
           row->node);
}

int main(int argc, char **argv)
{
    long layers = 4, heads = 4, width = 128, block = 64, batch = 12, vocab = 65, threads = 0,
         runs = 100, arch = 0, profile = 0;
    const struct {
        const char *name;
        long *value;
    } options[] = {{"--layers", &layers},  {"--heads", &heads},     {"--width", &width},
                   {"--block", &block},    {"--batch", &batch},     {"--vocab", &vocab},
                   {"--runs", &runs},      {"--threads", &threads}, {"--arch", &arch},
                   {"--profile", &profile}};
    for (int i = 1; i + 1 < argc; i += 2)
        for (size_t o = 0; o < sizeof options / sizeof *options; ++o)
            if (!strcmp(argv[i], options[o].name)) *options[o].value = atol(argv[i + 1]);
    gpt_config config = {.arch = arch ? GPT_LLAMA : GPT_GPT2,
                         .layers = layers,
                         .heads = heads,
                         .kv_heads = heads,
                         .width = width,
                         .hidden = 4 * width,
                         .block = block,
                         .vocab = vocab,
                         .eps = 1e-5,
                         .rope_theta = 1e4};
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = (int)threads});
    ad_graph *g = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_program *program = NULL;
    gpt_pass pass = {.config = &config, .vars = vars};
    pass.tokens = ad_input(g, "tokens", AD_I32, ad_shape(batch, block));
    ad_node *labels = ad_input(g, "labels", AD_I32, ad_shape(batch, block));
    ad_node *loss = gpt_loss(&pass, labels);
    ad_optimizer *optimizer = ad_adamw(
        vars, NULL, (ad_adam_options){.lr = 1e-3, .beta2 = 0.99, .weight_decay = 0.1});
    ad_node *step = ad_minimize_clipped(optimizer, loss, 1, NULL);
    int32_t *data = malloc((size_t)(batch * block + 1) * sizeof *data);
    for (long i = 0; i <= batch * block; ++i) data[i] = (int32_t)(i * i % vocab);
    if (ad_compile(&program, ctx, (ad_node *[]){loss, step}, 2, NULL) ||
        ad_bind(program, pass.tokens, data) || ad_bind(program, labels, data + 1)) {
        fprintf(stderr, "%s\n", ad_error(ctx));
        return 1;
    }
    double *seconds = malloc((size_t)runs * sizeof *seconds);
    ad_run(program);
    if (profile) ad_profile_start(program);
    for (long i = 0; i < runs; ++i) {
        double begin = now();
        if (ad_run(program)) return 1;
        seconds[i] = now() - begin;
    }
    qsort(seconds, (size_t)runs, sizeof *seconds, ascending);
    ad_program_stats stats = ad_program_get_stats(program);
    if (profile) ad_profile_read(program, print_row, NULL);
    printf("{\"step_ms\": %.3f, \"least_ms\": %.3f, \"gflops\": %.1f, \"kernels\": %d, "
           "\"arena_mb\": %.1f, \"loss\": %.5f, \"threads\": %d}\n",
           seconds[runs / 2] * 1e3, seconds[0] * 1e3, stats.flops / seconds[runs / 2] * 1e-9,
           stats.kernels, (double)stats.arena_bytes * 0x1p-20, ad_result_scalar(program, loss),
           ad_context_threads(ctx));
    ad_program_free(program);
    ad_optimizer_free(optimizer);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(ctx);
    free(data);
    free(seconds);
    return 0;
}
