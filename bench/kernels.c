/* kernels.c - how close matrix products and convolutions come to this machine's arithmetic peak.
 *
 *     build/bench/kernels [peak] [gemm] [conv] [--threads N] [--isa NAME] [--only TEXT]
 *
 * With one thread, times are processor time, so that other programs disturb less; with more, they
 * are wall time. Each figure is the best of several runs. Convolutions count the operations of the
 * direct way, whatever the solver does; so Winograd may pass 100 %. Bids are the planner's. */
#define _GNU_SOURCE
#include "base/cpu.h"
#include "base/pool.h"
#include "device/cpu/peak.h"
#include "device/cpu/rates.h"
#include "ops/attrs.h"
#include "plan/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SOLVER_DECLARE(isa, level, name) extern const ad_solver ad_solver_##name##_##isa;
#define SOLVER(op, name)                 AD_FOR_ISAS(SOLVER_DECLARE, name)
#include "device/cpu/solvers.def"
#undef SOLVER
#define SOLVER_ROW(isa, level, name) {level, &ad_solver_##name##_##isa},
static const struct {
    int level;
    const ad_solver *solver;
} solvers[] = {
#define SOLVER(op, name) AD_FOR_ISAS(SOLVER_ROW, name)
#include "device/cpu/solvers.def"
#undef SOLVER
};
enum { SOLVERS = sizeof solvers / sizeof *solvers };

#define PEAK_ROW(isa, level, unused) [level] = {ad_peak_f32_##isa, ad_peak_bf16_##isa},
static const struct {
    double (*f32)(int64_t), (*bf16)(int64_t);
} peaks[AD_ISAS] = {AD_FOR_ISAS(PEAK_ROW, )};

static int threads = 1;
static ad_isa isa;
static const char *only = "";      /* labels must contain it */
static double peak_f32, peak_bf16; /* operations per second of one core */

static double now(void)
{
    struct timespec t;
    clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double measure_peak(double (*kernel)(int64_t))
{
    double best = 0;
    for (int i = 0; i < 10; ++i) {
        double begin = now(), operations = kernel(500000), rate = operations / (now() - begin);
        if (rate > best) best = rate;
    }
    return best;
}

static ad_operand operand(ad_dtype dtype, int rank, const int64_t *dim)
{
    ad_operand o = {.dtype = dtype, .rank = rank};
    int64_t stride = 1;
    for (int axis = rank - 1; axis >= 0; --axis) {
        o.dim[axis] = dim[axis], o.stride[axis] = stride;
        stride *= dim[axis];
    }
    return o;
}

static void *new_data(const ad_operand *o, bool fill)
{
    int64_t count = o->stride[0] * o->dim[0];
    size_t size = ad_dtype_size(o->dtype);
    char *data = aligned_alloc(64, ((size_t)count * size + 63) / 64 * 64);
    if (!data) exit(1);
    for (int64_t i = 0; fill && i < count; ++i) {
        float value = (float)(i * 7919 % 2003) / 1001 - 1;
        ad_convert(data + (size_t)i * size, o->dtype, &value, AD_F32, 1);
    }
    return data;
}

static double time_solver(const ad_solver *solver, ad_problem *problem, bool pack)
{
    ad_pool *pool = threads > 1 ? ad_pool_new(threads) : NULL;
    problem->threads = threads;
    void *in[2] = {new_data(&problem->in[0], true), new_data(&problem->in[1], true)};
    void *out[1] = {new_data(&problem->out[0], false)};
    size_t bytes = solver->workspace ? solver->workspace(problem) : 0;
    size_t packed_bytes = pack && solver->packed ? solver->packed(problem) : 0;
    void *workspace = aligned_alloc(64, (bytes + 127) / 64 * 64);
    void *packed = packed_bytes ? aligned_alloc(64, (packed_bytes + 63) / 64 * 64) : NULL;
    if (packed) solver->pack(problem, in[1], packed, workspace, pool);
    ad_run_args args = {
        .in = in, .out = out, .workspace = workspace, .packed = packed, .pool = pool};
    double best = 1e30, total = 0;
    for (int i = 0; i < 3 || (total < 0.3 && i < 2000); ++i) {
        double begin = now();
        solver->run(problem, &args);
        double seconds = now() - begin;
        if (i && seconds < best) best = seconds;
        total += seconds;
    }
    free(in[0]), free(in[1]), free(out[0]), free(workspace), free(packed);
    ad_pool_free(pool);
    return best;
}

static void report(const char *label, ad_problem *problem, double operations, double peak)
{
    ad_machine machine = ad_cpu_rates(ad_cpu_get(), (int)isa, threads);
    problem->threads = threads;
    if (!strstr(label, only)) return;
    for (int i = 0; i < SOLVERS; ++i) {
        const ad_solver *solver = solvers[i].solver;
        if (solvers[i].level != (int)isa || solver->op != problem->op) continue;
        double bid = solver->bid(problem, &machine);
        if (bid < 0) continue;
        double seconds = time_solver(solver, problem, false);
        printf("%-34s %-18s %9.3f ms  %7.1f GFLOP/s  %5.1f %%  (bid %.3f ms, workspace %.1f MB)\n",
               label, solver->name, seconds * 1e3, operations / seconds * 1e-9,
               100 * operations / seconds / (peak * threads), bid * 1e3,
               solver->workspace ? (double)solver->workspace(problem) / (1 << 20) : 0.0);
        fflush(stdout);
    }
}

static void bench_gemm(void)
{
    static const int64_t shapes[][4] = {
        {1, 256, 256, 256},  {1, 512, 512, 512},  {1, 1024, 1024, 1024}, {1, 2048, 2048, 2048},
        {1, 256, 2304, 768}, {1, 256, 768, 3072}, {1, 64, 12544, 576},   {1, 1, 3072, 768},
        {1, 3072, 1, 768},   {1, 37, 1000, 512},  {1, 512, 512, 65536},  {96, 64, 64, 64},
        {512, 16, 16, 16},   {48, 256, 256, 64},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i)
        for (int form = 0; form < (i < 4 && peak_bf16 > 0 ? 4 : 2); ++form) {
            const int64_t *s = shapes[i];
            bool transpose = form & 1;
            ad_dtype dtype = form & 2 ? AD_BF16 : AD_F32;
            ad_attr_matmul attr = {.transpose_b = transpose};
            ad_problem p = {.op = AD_OP_MATMUL, .attr = &attr, .n_in = 2, .n_out = 1};
            p.in[0] = operand(dtype, 3, (int64_t[]){s[0], s[1], s[3]});
            p.in[1] = operand(dtype, 3,
                              transpose ? (int64_t[]){s[0], s[2], s[3]}
                                        : (int64_t[]){s[0], s[3], s[2]});
            p.out[0] = operand(AD_F32, 3, (int64_t[]){s[0], s[1], s[2]});
            char label[64];
            snprintf(label, sizeof label, "%s %dx[%d,%d,%d]%s", ad_dtype_name(dtype), (int)s[0],
                     (int)s[1], (int)s[2], (int)s[3], transpose ? " b'" : "");
            report(label, &p, 2.0 * (double)(s[0] * s[1] * s[2] * s[3]),
                   dtype == AD_BF16 && peak_bf16 > peak_f32 ? peak_bf16 : peak_f32);
        }
}

static void bench_conv(void)
{
    static const struct {
        const char *name;
        int64_t images, size, c, k, taps, stride;
    } layers[] = {
        {"conv1_1", 1, 512, 3, 64, 3, 1},        {"conv1_2", 1, 512, 64, 64, 3, 1},
        {"conv2_1", 1, 256, 64, 128, 3, 1},      {"conv2_2", 1, 256, 128, 128, 3, 1},
        {"conv3_1", 1, 128, 128, 256, 3, 1},     {"conv3_2", 1, 128, 256, 256, 3, 1},
        {"conv4_1", 1, 64, 256, 512, 3, 1},      {"conv4_2", 1, 64, 512, 512, 3, 1},
        {"conv5_1", 1, 32, 512, 512, 3, 1},      {"1x1", 1, 64, 256, 256, 1, 1},
        {"3x3 stride 2", 1, 128, 64, 128, 3, 2}, {"7x7 stride 2", 1, 224, 3, 64, 7, 2},
        {"DCGAN 1-16", 64, 64, 1, 16, 4, 2},     {"DCGAN 16-32", 64, 32, 16, 32, 4, 2},
        {"DCGAN 32-64", 64, 16, 32, 64, 4, 2},   {"DCGAN 64-128", 64, 8, 64, 128, 4, 2},
        {"DCGAN 3-64", 128, 64, 3, 64, 4, 2},    {"DCGAN 256-512", 128, 8, 256, 512, 4, 2},
    };
    static const char *const names[3] = {"forward", "input", "weight"};
    static const int ops[3] = {AD_OP_CONV2D, AD_OP_CONV2D_INPUT_GRAD, AD_OP_CONV2D_WEIGHT_GRAD};
    for (size_t i = 0; i < sizeof layers / sizeof *layers; ++i)
        for (int op = 0; op < 3; ++op) {
            int64_t size = layers[i].size, taps = layers[i].taps, stride = layers[i].stride;
            int64_t pad = (taps - 1) / 2, images = layers[i].images,
                    out = (size + 2 * pad - taps) / stride + 1;
            ad_attr_conv attr = {
                .stride = {stride, stride}, .pad = {pad, pad}, .dilation = {1, 1}, .groups = 1};
            ad_operand x = operand(AD_F32, 4, (int64_t[]){images, size, size, layers[i].c});
            ad_operand w = operand(AD_F32, 4, (int64_t[]){taps, taps, layers[i].c, layers[i].k});
            ad_operand y = operand(AD_F32, 4, (int64_t[]){images, out, out, layers[i].k});
            ad_problem p = {.op = ops[op], .attr = &attr, .n_in = 2, .n_out = 1};
            p.in[0] = op == 1 ? y : x, p.in[1] = op == 2 ? y : w;
            p.out[0] = op == 0 ? y : op == 1 ? x : w;
            char label[64];
            snprintf(label, sizeof label, "%s %s", layers[i].name, names[op]);
            report(label, &p,
                   2.0 * (double)(images * out * out * layers[i].k * layers[i].c * taps * taps),
                   peak_f32);
        }
}

int main(int argc, char **argv)
{
    bool peak = argc < 2, gemm = argc < 2, conv = argc < 2;
    isa = ad_cpu_get()->isa;
    for (int i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "peak"))
            peak = true;
        else if (!strcmp(argv[i], "gemm"))
            gemm = true;
        else if (!strcmp(argv[i], "conv"))
            conv = true;
        else if (!strcmp(argv[i], "--only") && i + 1 < argc)
            only = argv[++i];
        else if (!strcmp(argv[i], "--threads") && i + 1 < argc)
            threads = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--isa") && i + 1 < argc && ad_isa_parse(argv[i + 1], &isa))
            ++i;
        else
            return fprintf(stderr, "unknown argument: %s\n", argv[i]), 2;
    }
    if (threads < 1 || isa > ad_cpu_get()->isa) return fprintf(stderr, "not on this machine\n"), 2;
    if (!peak && !gemm && !conv) gemm = conv = true;
    peak_f32 = measure_peak(peaks[isa].f32);
    peak_bf16 = measure_peak(peaks[isa].bf16);
    printf("%s, %s, %d threads: peak of one core %.1f GFLOP/s f32, %.1f bf16\n",
           ad_cpu_get()->model, ad_isa_name(isa), threads, peak_f32 * 1e-9, peak_bf16 * 1e-9);
    if (gemm) bench_gemm();
    if (conv) bench_conv();
    return 0;
}
