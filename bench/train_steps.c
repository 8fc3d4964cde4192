/* train_steps.c - one training step of small networks: where the time goes.
 *
 *     build/bench/train_steps [resnet20|vgg|lenet|mlp] [--threads N] [--steps N] [--precision bf16]
 *                             [--kernels]
 *
 * Prints one JSON line per network: the loss after the steps, median and least seconds of a step.
 * --kernels adds a table, the longest first. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zoo/classify/classify.h"

enum { MOST_STEPS = 1000, MOST_ROWS = 4096 };

typedef struct network {
    const char *name;
    ad_node *(*build)(ad_graph *g, ad_vars *vars, ad_node **updates, int *count);
    const char *inputs[2];
} network;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static ad_node *labels(ad_graph *g, int64_t rows)
{
    return ad_input(g, "labels", AD_I32, ad_shape(rows));
}

/* One of zoo/classify's networks, batch 128. */
static ad_node *classifier(const char *kind, int64_t side, int channels, ad_graph *g, ad_vars *vars,
                           ad_node **updates, int *count)
{
    classify_model model = {.height = side, .width = side, .channels = channels, .classes = 10};
    classify_training form = {0};
    snprintf(model.kind, sizeof model.kind, "%s", kind);
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(128, side, side, channels));
    ad_node *loss = ad_cross_entropy_loss(classify_network(&model, vars, x, &form), labels(g, 128));
    for (int i = 0; i < form.count; ++i) updates[(*count)++] = form.update[i];
    return loss;
}

static ad_node *resnet20(ad_graph *g, ad_vars *vars, ad_node **updates, int *count)
{
    return classifier("resnet20", 32, 3, g, vars, updates, count);
}

static ad_node *vgg(ad_graph *g, ad_vars *vars, ad_node **updates, int *count)
{
    return classifier("vgg", 32, 3, g, vars, updates, count);
}

static ad_node *lenet(ad_graph *g, ad_vars *vars, ad_node **updates, int *count)
{
    return classifier("lenet", 28, 1, g, vars, updates, count);
}

static ad_node *mlp(ad_graph *g, ad_vars *vars, ad_node **updates, int *count)
{
    (void)updates, (void)count;
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(64, 4));
    x = ad_relu(ad_linear(vars, "a", x, 128, (ad_linear_options){0}));
    x = ad_relu(ad_linear(vars, "b", x, 128, (ad_linear_options){0}));
    return ad_cross_entropy_loss(ad_linear(vars, "c", x, 2, (ad_linear_options){0}), labels(g, 64));
}

static const network networks[] = {{"resnet20", resnet20, {"x", "labels"}},
                                   {"vgg", vgg, {"x", "labels"}},
                                   {"lenet", lenet, {"x", "labels"}},
                                   {"mlp", mlp, {"x", "labels"}}};

/* ---- measuring ---- */

typedef struct rows {
    ad_profile_row row[MOST_ROWS];
    char kernel[MOST_ROWS][48]; /* the profile's own text is gone after the call */
    int count;
} rows;

static void keep_row(void *user, const ad_profile_row *row)
{
    rows *all = user;
    if (all->count == MOST_ROWS) return;
    snprintf(all->kernel[all->count], sizeof *all->kernel, "%s", row->kernel);
    all->row[all->count] = *row;
    all->row[all->count].kernel = all->kernel[all->count];
    ++all->count;
}

static int longest(const void *a, const void *b)
{
    double x = ((const ad_profile_row *)a)->seconds, y = ((const ad_profile_row *)b)->seconds;
    return (x < y) - (x > y);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_kernels(const ad_program *program)
{
    static rows all;
    all.count = 0;
    ad_profile_read(program, keep_row, &all);
    qsort(all.row, (size_t)all.count, sizeof *all.row, longest);
    for (int i = 0; i < all.count && i < 60; ++i) {
        const ad_profile_row *r = &all.row[i];
        fprintf(stderr, "%8.3f ms %8.1f GFLOP/s %7.1f GB/s  %-40s %s\n", r->seconds * 1e3,
                r->flops / r->seconds * 1e-9, r->bytes / r->seconds * 1e-9, r->kernel, r->node);
    }
}

static int measure(const network *n, int threads, int steps, ad_precision precision, bool kernels)
{
    double seconds[MOST_STEPS];
    ad_node *outputs[128], *updates[64];
    int count = 0, status = 1;
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = threads});
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *g = ad_graph_new(ctx);
    ad_optimizer *sgd = ad_sgd(vars, NULL, (ad_sgd_options){.lr = 0.05, .momentum = 0.9});
    ad_program *program = NULL;
    float *x = calloc(128 * 32 * 32 * 3, sizeof *x);
    int32_t t[1024];
    for (int i = 0; i < 128 * 32 * 32 * 3; ++i) x[i] = (float)(i % 7919 % 1000) * 2e-3f - 1;
    for (int i = 0; i < 1024; ++i) t[i] = i % 2;
    ad_node *loss = n->build(g, vars, updates, &count);
    outputs[0] = loss, outputs[1] = ad_minimize(sgd, loss);
    for (int i = 0; i < count; ++i) outputs[2 + i] = updates[i];
    if (ad_compile(&program, ctx, outputs, 2 + count,
                   &(ad_compile_options){.precision = precision}) ||
        ad_bind_name(program, n->inputs[0], x) || ad_bind_name(program, n->inputs[1], t) ||
        ad_run(program))
        goto done;
    if (kernels) ad_profile_start(program);
    for (int i = 0; i < steps; ++i) {
        double start = now();
        if (ad_run(program)) goto done;
        seconds[i] = now() - start;
    }
    if (kernels) print_kernels(program);
    qsort(seconds, (size_t)steps, sizeof *seconds, by_size);
    printf("{\"network\": \"%s\", \"threads\": %d, \"loss\": %.8g, \"median\": %.6f, \"least\": "
           "%.6f, \"kernels\": %d, \"arena_mb\": %.1f}\n",
           n->name, threads, ad_result_scalar(program, loss), seconds[steps / 2], seconds[0],
           ad_program_get_stats(program).kernels,
           (double)ad_program_get_stats(program).arena_bytes / 1e6);
    status = 0;
done:
    if (status) fprintf(stderr, "%s: %s\n", n->name, ad_error(ctx));
    ad_program_free(program);
    ad_optimizer_free(sgd);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(ctx);
    free(x);
    return status;
}

int main(int argc, char **argv)
{
    int threads = 1, steps = 10, status = 0;
    bool kernels = false;
    const char *only = NULL;
    ad_precision precision = AD_PRECISION_F32;
    for (int i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "--kernels"))
            kernels = true;
        else if (!strcmp(argv[i], "--threads") && i + 1 < argc)
            threads = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--steps") && i + 1 < argc)
            steps = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--precision") && i + 1 < argc)
            precision = strcmp(argv[++i], "bf16") ? AD_PRECISION_F32 : AD_PRECISION_BF16;
        else if (argv[i][0] != '-')
            only = argv[i];
        else
            return fprintf(stderr, "unknown argument: %s\n", argv[i]), 2;
    }
    if (threads < 1 || steps < 1 || steps > MOST_STEPS)
        return fprintf(stderr, "threads and steps are 1 or more, steps at most %d\n", MOST_STEPS),
               2;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; ++i)
        if (!only || !strcmp(only, networks[i].name))
            status |= measure(&networks[i], threads, steps, precision, kernels);
    return status;
}
