/* solve.h - running one problem on the CPU's solvers of every instruction set, for kernel tests.
 *
 *     solve_device d;
 *     for (int isa = 0; solve_open(&d, isa, threads); solve_close(&d), ++isa) { solve_run(&d,
 * &problem, in, out); }
 */
#ifndef AD_TESTS_SOLVE_H
#define AD_TESTS_SOLVE_H

#include "base/context.h"
#include "base/cpu.h"
#include "check.h"
#include "device/cpu/cpu_device.h"
#include "ops/attrs.h"

typedef struct solve_device {
    ad_context *ctx;
    ad_device device;
} solve_device;

/* False when this machine lacks the level. */
static inline bool solve_open(solve_device *d, int isa, int threads)
{
    if (isa >= AD_ISAS || isa > (int)ad_cpu_get()->isa) return false;
    const char *name = isa < AD_ISAS - 1 ? ad_isa_name((ad_isa)isa) : NULL; /* NULL: the best */
    d->ctx = ad_context_new(&(ad_context_options){.threads = threads, .isa = name});
    if (!d->ctx) return false;
    ad_cpu_device_open(&d->device, d->ctx);
    return true;
}

static inline void solve_close(solve_device *d)
{
    ad_context_free(d->ctx);
}

/* The first solver that takes the problem runs it; false when none does. */
static inline bool solve_run(solve_device *d, const ad_problem *problem, void *const *in,
                             void *const *out)
{
    int count;
    const ad_solver *const *solvers = d->device.solvers(&d->device, problem->op, &count);
    for (int i = 0; i < count; ++i) {
        if (solvers[i]->bid(problem, &d->device.machine) < 0) continue;
        size_t bytes = solvers[i]->workspace ? solvers[i]->workspace(problem) : 0;
        void *workspace = bytes ? ad_alloc(d->ctx, bytes) : NULL;
        if (workspace) memset(workspace, 0xa5, bytes);
        solvers[i]->run(problem, &(ad_run_args){.in = in,
                                                .out = out,
                                                .workspace = workspace,
                                                .pool = ad_context_pool(d->ctx)});
        ad_free(d->ctx, workspace, bytes);
        return true;
    }
    return false;
}

/* ---- operands ---- */
static inline ad_operand solve_dense(ad_dtype dtype, int rank, const int64_t *dim)
{
    ad_operand o = {.dtype = dtype, .rank = rank};
    int64_t stride = 1;
    for (int i = rank - 1; i >= 0; --i) o.dim[i] = dim[i], o.stride[i] = stride, stride *= dim[i];
    return o;
}
#define DENSE(dtype, ...)                                                                          \
    solve_dense(dtype, (int)(sizeof((int64_t[]){__VA_ARGS__}) / 8), (int64_t[]){__VA_ARGS__})

static inline int64_t solve_count(const ad_operand *o)
{
    int64_t n = 1;
    for (int i = 0; i < o->rank; ++i) n *= o->dim[i];
    return n;
}

/* Element number `index` (row-major over dim) of an operand: its offset. */
static inline int64_t solve_offset(const ad_operand *o, int64_t index)
{
    int64_t offset = 0;
    for (int i = o->rank - 1; i >= 0; --i)
        offset += index % o->dim[i] * o->stride[i], index /= o->dim[i];
    return offset;
}

static inline double solve_get(const ad_operand *o, const void *data, int64_t index)
{
    double value;
    size_t size = ad_dtype_size(o->dtype);
    ad_convert(&value, AD_F64, (const char *)data + solve_offset(o, index) * (int64_t)size,
               o->dtype, 1);
    return value;
}

static inline void solve_set(const ad_operand *o, void *data, int64_t index, double value)
{
    size_t size = ad_dtype_size(o->dtype);
    ad_convert((char *)data + solve_offset(o, index) * (int64_t)size, o->dtype, &value, AD_F64, 1);
}

/* ---- numbers ---- */
static uint64_t solve_seed = 1;
static inline uint64_t solve_bits(void)
{
    uint64_t x = solve_seed += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}
static inline double solve_uniform(double low, double high)
{
    return low + (high - low) * (double)(solve_bits() >> 11) * 0x1p-53;
}
static inline int64_t solve_below(int64_t n)
{
    return (int64_t)(solve_bits() % (uint64_t)n);
}

/* Memory for n elements with a guard behind it that solve_free checks. */
static inline void *solve_memory(ad_dtype dtype, int64_t n)
{
    size_t bytes = (size_t)n * ad_dtype_size(dtype);
    unsigned char *p = malloc(bytes + 128 + 16);
    memcpy(p, &bytes, sizeof bytes);
    memset(p + 16 + bytes, 0x5a, 128);
    memset(p + 16, 0x7f, bytes); /* NaN or something large where a kernel forgets to write */
    return p + 16;
}
static inline void solve_free(void *memory)
{
    unsigned char *p = memory;
    size_t bytes;
    if (!memory) return;
    memcpy(&bytes, p - 16, sizeof bytes);
    for (int i = 0; i < 128; ++i) CHECK(p[bytes + (size_t)i] == 0x5a);
    free(p - 16);
}
static inline void *solve_random(ad_dtype dtype, int64_t n, double low, double high)
{
    void *p = solve_memory(dtype, n);
    ad_operand o = solve_dense(dtype, 1, &n);
    for (int64_t i = 0; i < n; ++i) solve_set(&o, p, i, solve_uniform(low, high));
    return p;
}

#endif
