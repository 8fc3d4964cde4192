/* attention.c - the time of causal self-attention, forward and forward with its gradient.
 *
 *     build/bench/attention [--batch 1] [--heads 12] [--dim 64] [--time 1024] [--threads N]
 *
 * Prints the median of the runs in milliseconds, and the rate as PyTorch's papers count it: the
 * products of the lower triangle, 2 forward and 5 backward. bench/peers/attention runs it beside
 * PyTorch. */
#define _GNU_SOURCE
#include <autodidact/ops.h>
#include <autodidact/program.h>

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

static double median(ad_program *program)
{
    enum { RUNS = 31 };
    double seconds[RUNS];
    for (int i = 0; i < RUNS; ++i) {
        double begin = now();
        if (ad_run(program)) return -1;
        seconds[i] = now() - begin;
    }
    qsort(seconds, RUNS, sizeof *seconds, ascending);
    return seconds[RUNS / 2];
}

int main(int argc, char **argv)
{
    long batch = 1, heads = 12, dim = 64, steps = 1024, threads = 0;
    const struct {
        const char *name;
        long *value;
    } options[] = {{"--batch", &batch},
                   {"--heads", &heads},
                   {"--dim", &dim},
                   {"--time", &steps},
                   {"--threads", &threads}};
    for (int i = 1; i + 1 < argc; i += 2)
        for (size_t o = 0; o < sizeof options / sizeof *options; ++o)
            if (!strcmp(argv[i], options[o].name)) *options[o].value = atol(argv[i + 1]);
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = (int)threads});
    ad_graph *g = ad_graph_new(ctx);
    ad_program *forward = NULL, *both = NULL;
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(batch, steps, 3 * heads * dim)), *grad;
    ad_node *w = ad_input(g, "w", AD_F32, ad_shape(batch, steps, heads * dim));
    ad_node *y = ad_self_attention(x, (int)heads, 0, (ad_attention_options){.causal = true});
    ad_gradients_seeded(&y, &w, 1, &x, 1, &grad);
    size_t count = (size_t)(batch * steps * heads * dim);
    float *data = malloc(3 * count * sizeof *data);
    for (size_t i = 0; i < 3 * count; ++i) data[i] = (float)(i * 2654435761u % 1000) / 500 - 1;
    if (ad_compile(&forward, ctx, &y, 1, NULL) ||
        ad_compile(&both, ctx, (ad_node *[]){y, grad}, 2, NULL) || ad_bind(forward, x, data) ||
        ad_bind(both, x, data) || ad_bind(both, w, data)) {
        fprintf(stderr, "%s\n", ad_error(ctx));
        return 1;
    }
    double f = median(forward), b = median(both);
    double pairs = (double)(batch * heads) * (double)steps * ((double)steps + 1) / 2 * (double)dim;
    printf("{\"forward_ms\": %.3f, \"both_ms\": %.3f, \"forward_gflops\": %.1f, "
           "\"both_gflops\": %.1f, \"threads\": %d}\n",
           f * 1e3, b * 1e3, 4 * pairs / f * 1e-9, 14 * pairs / b * 1e-9, ad_context_threads(ctx));
    ad_program_free(forward);
    ad_program_free(both);
    ad_graph_free(g);
    ad_context_free(ctx);
    free(data);
    return 0;
}
