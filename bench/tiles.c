/* tiles.c - bytes per second of the elementwise, reduction and row kernels, beside the memory's.
 *
 *     build/bench/tiles [threads [isa]]
 *
 * Each row runs one problem on the solver that the device offers first, on operands larger than the
 * caches and on operands that fit the second level; the figure counts each operand once and is the
 * best of many runs. */
#include "base/context.h"
#include "base/cpu.h"
#include "device/cpu/cpu_device.h"
#include "ops/attrs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bench {
    ad_context *ctx;
    ad_device device;
} bench;

static ad_operand dense(ad_dtype dtype, int rank, const int64_t *dim)
{
    ad_operand o = {.dtype = dtype, .rank = rank};
    int64_t stride = 1;
    for (int i = rank - 1; i >= 0; --i) o.dim[i] = dim[i], o.stride[i] = stride, stride *= dim[i];
    return o;
}
#define DENSE(...)                                                                                 \
    dense(AD_F32, (int)(sizeof((int64_t[]){__VA_ARGS__}) / 8), (int64_t[]){__VA_ARGS__})

static double bytes_of(const ad_operand *o)
{
    double bytes = (double)ad_dtype_size(o->dtype);
    for (int i = 0; i < o->rank; ++i) bytes *= o->stride[i] ? (double)o->dim[i] : 1;
    return bytes;
}

/* Runs until a quarter of a second is over; seconds of the fastest. */
static double time_problem(bench *b, const ad_problem *problem, const ad_solver *solver)
{
    void *in[AD_PROBLEM_INPUTS] = {0}, *out[AD_CHAIN_OUTPUTS] = {0};
    size_t size[AD_PROBLEM_INPUTS + AD_CHAIN_OUTPUTS],
        bytes = solver->workspace ? solver->workspace(problem) : 0;
    void *workspace = bytes ? ad_alloc(b->ctx, bytes) : NULL;
    for (int i = 0; i < problem->n_in; ++i) {
        size[i] = (size_t)bytes_of(&problem->in[i]);
        in[i] = ad_zalloc(b->ctx, size[i]);
        for (size_t k = 0; in[i] && k < size[i] / 4; ++k)
            ((float *)in[i])[k] = (float)(k % 1000) * 1e-3f;
    }
    for (int i = 0; i < problem->n_out; ++i) {
        size[AD_PROBLEM_INPUTS + i] = (size_t)bytes_of(&problem->out[i]);
        out[i] = ad_zalloc(b->ctx, size[AD_PROBLEM_INPUTS + i]);
    }
    double best = 1e9, start = ad_seconds();
    for (int run = 0; run < 3 || ad_seconds() - start < 0.25; ++run) {
        double t = ad_seconds();
        solver->run(problem, &(ad_run_args){.in = in,
                                            .out = out,
                                            .workspace = workspace,
                                            .pool = ad_context_pool(b->ctx)});
        t = ad_seconds() - t;
        if (t < best) best = t;
    }
    for (int i = 0; i < problem->n_in; ++i) ad_free(b->ctx, in[i], size[i]);
    for (int i = 0; i < problem->n_out; ++i) ad_free(b->ctx, out[i], size[AD_PROBLEM_INPUTS + i]);
    ad_free(b->ctx, workspace, bytes);
    return best;
}

static double memory_bandwidth; /* of a copy, bytes read and written */

static void row(bench *b, const char *name, ad_problem *problem)
{
    int count;
    const ad_solver *const *solvers = b->device.solvers(&b->device, problem->op, &count);
    double bytes = 0;
    problem->threads = ad_context_threads(b->ctx);
    for (int i = 0; i < problem->n_in; ++i) bytes += bytes_of(&problem->in[i]);
    for (int i = 0; i < problem->n_out; ++i) bytes += bytes_of(&problem->out[i]);
    if (!count || solvers[0]->bid(problem, &b->device.machine) < 0) {
        printf("%-34s no solver\n", name);
        return;
    }
    double seconds = time_problem(b, problem, solvers[0]);
    printf("%-34s %9.1f us %7.1f GB/s %6.0f %%\n", name, 1e6 * seconds, 1e-9 * bytes / seconds,
           100 * bytes / seconds / memory_bandwidth);
}

static void measure_memory(int64_t n)
{
    float *a = calloc((size_t)n, 4), *b = calloc((size_t)n, 4);
    if (!a || !b) exit(1);
    memset(a, 1, (size_t)n * 4);
    double best = 1e9;
    for (int run = 0; run < 8; ++run) {
        double t = ad_seconds();
        memcpy(b, a, (size_t)n * 4);
        t = ad_seconds() - t;
        if (t < best) best = t;
    }
    memory_bandwidth = 8 * (double)n / best;
    printf("memcpy of %lld MB: %.1f GB/s (read and written, one thread)\n", (long long)(n >> 18),
           1e-9 * memory_bandwidth);
    free(a), free(b);
}

static ad_chain_step step(int op, int dst, int a, int b)
{
    ad_chain_step s = {.op = (uint16_t)op,
                       .type = AD_F32,
                       .to = AD_F32,
                       .dst = (uint8_t)dst,
                       .n_src = b < 0 ? 1 : 2};
    s.src[0] = (uint8_t)a, s.src[1] = (uint8_t)(b < 0 ? 0 : b);
    return s;
}

static ad_chain_step number(int dst, double value)
{
    return (ad_chain_step){
        .op = AD_OP_FILL, .type = AD_F32, .to = AD_F32, .dst = (uint8_t)dst, .a = value};
}

/* m' = b1 m + (1 - b1) g; v' = b2 v + (1 - b2) g^2; w' = w - lr m' / (sqrt(v') + eps) */
static ad_chain adam_chain(void)
{
    ad_chain c = {.n_inputs = 4, .n_outputs = 3, .n_registers = 16, .output_register = {6, 9, 14}};
    const ad_chain_step steps[] = {
        number(4, 0.9),           step(AD_OP_MUL, 5, 1, 4),     number(4, 0.1),
        step(AD_OP_MUL, 6, 0, 4), step(AD_OP_ADD, 6, 6, 5),     number(4, 0.999),
        step(AD_OP_MUL, 7, 2, 4), step(AD_OP_SQUARE, 8, 0, -1), number(4, 0.001),
        step(AD_OP_MUL, 8, 8, 4), step(AD_OP_ADD, 9, 7, 8),     step(AD_OP_SQRT, 10, 9, -1),
        number(4, 1e-8),          step(AD_OP_ADD, 10, 10, 4),   step(AD_OP_DIV, 11, 6, 10),
        number(4, 1e-3),          step(AD_OP_MUL, 11, 11, 4),   step(AD_OP_SUB, 14, 3, 11)};
    c.n_steps = (int)(sizeof steps / sizeof *steps);
    memcpy(c.step, steps, sizeof steps);
    return c;
}

static void chains(bench *b, int64_t rows, int64_t cols)
{
    ad_operand x = DENSE(rows * cols), matrix = DENSE(rows, cols), bias = matrix,
               across = DENSE(rows, cols);
    ad_chain copy = {.n_inputs = 1, .n_outputs = 1, .n_registers = 1};
    row(b, "copy",
        &(ad_problem){
            .op = AD_OP_CHAIN, .n_in = 1, .n_out = 1, .chain = &copy, .in = {x}, .out = {x}});
    ad_chain add = {
        .n_inputs = 2, .n_steps = 1, .n_outputs = 1, .n_registers = 3, .output_register = {2}};
    add.step[0] = step(AD_OP_ADD, 2, 0, 1);
    row(b, "add",
        &(ad_problem){
            .op = AD_OP_CHAIN, .n_in = 2, .n_out = 1, .chain = &add, .in = {x, x}, .out = {x}});
    ad_chain gelu = add;
    bias.stride[0] = 0;
    gelu.step[gelu.n_steps++] = step(AD_OP_GELU, 2, 2, -1);
    row(b, "bias + gelu",
        &(ad_problem){.op = AD_OP_CHAIN,
                      .n_in = 2,
                      .n_out = 1,
                      .chain = &gelu,
                      .in = {matrix, bias},
                      .out = {matrix}});
    ad_chain relu = add;
    relu.step[relu.n_steps++] = step(AD_OP_RELU, 2, 2, -1);
    row(b, "bias + relu",
        &(ad_problem){.op = AD_OP_CHAIN,
                      .n_in = 2,
                      .n_out = 1,
                      .chain = &relu,
                      .in = {matrix, bias},
                      .out = {matrix}});
    ad_chain tanh_chain = {
        .n_inputs = 1, .n_steps = 1, .n_outputs = 1, .n_registers = 2, .output_register = {1}};
    tanh_chain.step[0] = step(AD_OP_TANH, 1, 0, -1);
    row(b, "tanh",
        &(ad_problem){
            .op = AD_OP_CHAIN, .n_in = 1, .n_out = 1, .chain = &tanh_chain, .in = {x}, .out = {x}});
    ad_chain adam = adam_chain();
    row(b, "adam (4 read, 3 written)",
        &(ad_problem){.op = AD_OP_CHAIN,
                      .n_in = 4,
                      .n_out = 3,
                      .chain = &adam,
                      .in = {x, x, x, x},
                      .out = {x, x, x}});
    across.stride[0] = 1, across.stride[1] = rows;
    row(b, "transpose",
        &(ad_problem){.op = AD_OP_CHAIN,
                      .n_in = 1,
                      .n_out = 1,
                      .chain = &copy,
                      .in = {across},
                      .out = {matrix}});
    ad_operand heads = DENSE(rows / 64, 12, 64, cols / 12), split = heads;
    split.stride[1] = heads.dim[3], split.stride[2] = 12 * heads.dim[3];
    row(b, "permute 0 2 1 3",
        &(ad_problem){.op = AD_OP_CHAIN,
                      .n_in = 1,
                      .n_out = 1,
                      .chain = &copy,
                      .in = {split},
                      .out = {heads}});
}

static void reductions(bench *b, int64_t rows, int64_t cols)
{
    ad_operand x = DENSE(rows, cols), columns = DENSE(1, cols), sums = DENSE(rows, 1);
    ad_attr_reduce first = {.axes = 1, .eps = 1e-5}, second = {.axes = 2, .eps = 1e-5};
    ad_attr_axis last = {.axis = 1};
    columns.stride[0] = 0, sums.stride[1] = 0;
    row(b, "row sums",
        &(ad_problem){
            .op = AD_OP_SUM, .attr = &second, .n_in = 1, .n_out = 1, .in = {x}, .out = {sums}});
    row(b, "column sums",
        &(ad_problem){
            .op = AD_OP_SUM, .attr = &first, .n_in = 1, .n_out = 1, .in = {x}, .out = {columns}});
    ad_chain square = {
        .n_inputs = 2, .n_steps = 2, .n_outputs = 1, .n_registers = 3, .output_register = {2}};
    square.step[0] = step(AD_OP_SUB, 2, 0, 1), square.step[1] = step(AD_OP_SQUARE, 2, 2, -1);
    row(b, "column sums of (a - b)^2",
        &(ad_problem){.op = AD_OP_SUM,
                      .attr = &first,
                      .n_in = 2,
                      .n_out = 1,
                      .chain = &square,
                      .in = {x, x},
                      .out = {columns}});
    row(b, "row maxima",
        &(ad_problem){
            .op = AD_OP_MAX, .attr = &second, .n_in = 1, .n_out = 1, .in = {x}, .out = {sums}});
    row(b, "softmax",
        &(ad_problem){
            .op = AD_OP_SOFTMAX, .attr = &last, .n_in = 1, .n_out = 1, .in = {x}, .out = {x}});
    row(b, "layer norm",
        &(ad_problem){
            .op = AD_OP_NORMALIZE, .attr = &second, .n_in = 1, .n_out = 1, .in = {x}, .out = {x}});
    row(b, "layer norm gradient",
        &(ad_problem){.op = AD_OP_NORMALIZE_GRAD,
                      .attr = &second,
                      .n_in = 2,
                      .n_out = 1,
                      .in = {x, x},
                      .out = {x}});
    row(b, "instance norm",
        &(ad_problem){
            .op = AD_OP_NORMALIZE, .attr = &first, .n_in = 1, .n_out = 1, .in = {x}, .out = {x}});
}

static void windows(bench *b, int64_t size, int64_t channels)
{
    ad_operand x = DENSE(1, size, size, channels), y = DENSE(1, size / 2, size / 2, channels),
               padded = DENSE(1, size + 2, size + 2, channels);
    ad_attr_pool pool = {
        .size = {2, 2}, .stride = {2, 2}, .out = {size / 2, size / 2}, .in = {size, size}};
    ad_attr_pad pad = {.before = {0, 1, 1, 0}, .after = {0, 1, 1, 0}};
    ad_attr_resize twice = {.size = {size, size}, .mode = AD_BILINEAR};
    row(b, "max pool 2x2",
        &(ad_problem){
            .op = AD_OP_MAX_POOL2D, .attr = &pool, .n_in = 1, .n_out = 1, .in = {x}, .out = {y}});
    row(b, "max pool 2x2 gradient",
        &(ad_problem){.op = AD_OP_MAX_POOL2D_GRAD,
                      .attr = &pool,
                      .n_in = 2,
                      .n_out = 1,
                      .in = {x, y},
                      .out = {x}});
    row(b, "average pool 2x2",
        &(ad_problem){
            .op = AD_OP_AVG_POOL2D, .attr = &pool, .n_in = 1, .n_out = 1, .in = {x}, .out = {y}});
    row(b, "average pool 2x2 gradient",
        &(ad_problem){.op = AD_OP_AVG_POOL2D_GRAD,
                      .attr = &pool,
                      .n_in = 1,
                      .n_out = 1,
                      .in = {y},
                      .out = {x}});
    row(b, "reflect pad by 1",
        &(ad_problem){.op = AD_OP_PAD_REFLECT,
                      .attr = &pad,
                      .n_in = 1,
                      .n_out = 1,
                      .in = {x},
                      .out = {padded}});
    row(b, "reflect pad by 1, adjoint",
        &(ad_problem){.op = AD_OP_PAD_REFLECT_GRAD,
                      .attr = &pad,
                      .n_in = 1,
                      .n_out = 1,
                      .in = {padded},
                      .out = {x}});
    row(b, "bilinear resize, twice the size",
        &(ad_problem){
            .op = AD_OP_RESIZE2D, .attr = &twice, .n_in = 1, .n_out = 1, .in = {y}, .out = {x}});
}

int main(int argc, char **argv)
{
    bench b;
    b.ctx = ad_context_new(&(ad_context_options){.threads = argc > 1 ? atoi(argv[1]) : 1,
                                                 .isa = argc > 2 ? argv[2] : NULL});
    if (!b.ctx) {
        fprintf(stderr, "usage: tiles [threads [scalar|avx2|avx512]]\n");
        return 1;
    }
    ad_cpu_device_open(&b.device, b.ctx);
    printf("%s, %s, %d thread(s)\n", ad_cpu_get()->model, ad_context_isa(b.ctx),
           ad_context_threads(b.ctx));
    const int64_t rows[] = {256, 16384};
    for (int k = 0; k < 2; ++k) {
        printf("\n[%lld, 768]\n", (long long)rows[k]);
        measure_memory(rows[k] * 768);
        chains(&b, rows[k], 768);
        reductions(&b, rows[k], 768);
    }
    for (int64_t size = 64; size <= 512; size *= 8) {
        printf("\n[1, %lld, %lld, 64]\n", (long long)size, (long long)size);
        measure_memory(size * size * 64);
        windows(&b, size, 64);
    }
    ad_context_free(b.ctx);
    return 0;
}
