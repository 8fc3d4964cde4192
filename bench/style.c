/* style.c - one iteration of style transfer: forward, losses, gradient to the picture.
 *
 *     build/bench/style [WEIGHTS] [--size N] [--threads N] [--iterations N] [--precision bf16]
 *                       [--kernels]
 *
 * Without weights the embedded network is taken.
 * Prints one JSON line: the loss (the same weights give bench/peers the same), the median
 * and the least of the iterations' seconds, and the process's peak memory. --kernels adds a table
 * of where the time goes. The pictures are made from a formula that the peer knows too. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "zoo/style/style.h"

enum { MOST_ITERATIONS = 1000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Waves of several lengths, another phase for each picture. */
static void draw(style_pixels *p, double phase)
{
    for (int64_t y = 0; y < p->height; ++y)
        for (int64_t x = 0; x < p->width; ++x)
            for (int c = 0; c < 3; ++c)
                p->data[(y * p->width + x) * 3 + c] =
                    (float)(127.5 + 60 * sin(0.05 * (double)x + phase + c) +
                            60 * cos(0.083 * (double)y * (c + 1) - phase));
}

static void print_row(void *user, const ad_profile_row *row)
{
    (void)user;
    fprintf(stderr, "%8.2f ms %8.1f GFLOP/s %7.1f GB/s  %-34s %s\n", row->seconds * 1e3,
            row->flops / row->seconds * 1e-9, row->bytes / row->seconds * 1e-9, row->kernel,
            row->node);
}

typedef struct bench {
    const char *weights; /* NULL: the embedded ones */
    int64_t size, threads, iterations;
    bool kernels;
    style_settings settings;
} bench;

static bool parse(bench *b, int argc, char **argv)
{
    for (int i = 1; i < argc; ++i) {
        bool value = i + 1 < argc;
        if (!strcmp(argv[i], "--kernels"))
            b->kernels = true;
        else if (argv[i][0] != '-')
            b->weights = argv[i];
        else if (value && !strcmp(argv[i], "--size"))
            b->size = atoll(argv[++i]);
        else if (value && !strcmp(argv[i], "--threads"))
            b->threads = atoll(argv[++i]);
        else if (value && !strcmp(argv[i], "--iterations"))
            b->iterations = atoll(argv[++i]);
        else if (value && !strcmp(argv[i], "--precision"))
            b->settings.compile.precision = strcmp(argv[++i], "bf16") ? AD_PRECISION_F32
                                                                      : AD_PRECISION_BF16;
        else
            return false;
    }
    return b->size >= 32 && b->threads >= 1 && b->iterations >= 1 &&
           b->iterations <= MOST_ITERATIONS;
}

/* Runs the program and prints the line. */
static ad_status measure(const bench *b, ad_program *program, const style_loss *loss)
{
    double seconds[MOST_ITERATIONS];
    ad_status status = ad_run(program);
    if (b->kernels) ad_profile_start(program);
    for (int64_t i = 0; i < b->iterations && !status; ++i) {
        double start = now();
        status = ad_run(program);
        seconds[i] = now() - start;
    }
    if (status) return status;
    if (b->kernels) ad_profile_read(program, print_row, NULL);
    qsort(seconds, (size_t)b->iterations, sizeof *seconds, by_size);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    ad_program_stats stats = ad_program_get_stats(program);
    printf("{\"loss\": %.9g, \"median\": %.6f, \"least\": %.6f, \"peak_mb\": %.1f, \"arena_mb\": "
           "%.1f, \"gflop\": %.1f}\n",
           ad_result_scalar(program, loss->total), seconds[b->iterations / 2], seconds[0],
           (double)usage.ru_maxrss / 1024, (double)stats.arena_bytes / 1048576, stats.flops * 1e-9);
    return AD_OK;
}

/* The loss at a drawn picture, its gradient, and the targets bound: ready to run. */
static ad_status run(bench *b, ad_context *ctx, ad_file *file)
{
    ad_vars *weights = ad_vars_new(ctx, 0), *vars = ad_vars_new(ctx, 0);
    ad_graph *graph = ad_graph_new(ctx);
    ad_program *program = NULL;
    style_pixels photo = {0}, painting = {0}, picture = {0};
    style_targets targets = {0};
    ad_status status = AD_ERROR_MEMORY;
    if (!weights || !vars || !graph || style_pixels_new(&photo, ctx, b->size, b->size) ||
        style_pixels_new(&painting, ctx, b->size, b->size) ||
        style_pixels_new(&picture, ctx, b->size, b->size))
        goto done;
    draw(&photo, 0), draw(&painting, 1), draw(&picture, 0.5);
    ad_node *image = ad_param(graph, vars, "image", ad_shape(1, b->size, b->size, 3),
                              (ad_var_options){0}),
            *gradient;
    style_loss loss = style_loss_build(&b->settings, weights, image, NULL);
    ad_gradients(loss.total, &image, 1, &gradient);
    status = ad_vars_load_file(weights, file, (ad_load_options){.allow_unused = true});
    if (!status)
        status = style_targets_compute(&targets, ctx, &b->settings, weights, &photo, &painting,
                                       (double[]){1}, 1);
    if (!status) status = ad_variable_set(vars, ad_var_find(vars, "image"), picture.data);
    if (!status)
        status = ad_compile(&program, ctx, (ad_node *[]){loss.total, gradient}, 2,
                            &b->settings.compile);
    if (!status) status = style_targets_bind(&targets, program);
    if (!status) status = measure(b, program, &loss);
done:
    ad_program_free(program);
    style_targets_free(&targets);
    style_pixels_free(&photo);
    style_pixels_free(&painting);
    style_pixels_free(&picture);
    ad_graph_free(graph);
    ad_vars_free(vars);
    ad_vars_free(weights);
    return status;
}

int main(int argc, char **argv)
{
    bench b = {.size = 512,
               .threads = 1,
               .iterations = 5,
               .settings = {.content_weight = 1e5,
                            .style_weight = 3e4,
                            .content_layer = "relu4_2",
                            .style_layers = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"},
                            .style_count = 5}};
    if (!parse(&b, argc, argv)) {
        fprintf(stderr, "usage: style [WEIGHTS] [--size N] [--threads N] [--iterations N] "
                        "[--precision bf16] [--kernels]\n");
        return 2;
    }
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = (int)b.threads});
    ad_file *file = NULL;
    bool failed = !ctx ||
                  (b.weights ? ad_file_open(&file, ctx, b.weights)
                             : vision_open_embedded(&file, ctx)) ||
                  vision_detect(ctx, file, &b.settings.backbone) || run(&b, ctx, file);
    if (failed) fprintf(stderr, "style: %s\n", ctx ? ad_error(ctx) : "out of memory");
    ad_file_close(file);
    ad_context_free(ctx);
    return failed;
}
