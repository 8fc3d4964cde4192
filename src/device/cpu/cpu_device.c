/* cpu_device.c - hands out the CPU's solvers and estimates what the machine can do.
 *
 * The figures steer the choice between solvers and between one thread and several. They are
 * estimates from the instruction set, not measurements: a program must start in milliseconds. */
#include "device/cpu/cpu_device.h"

#include "base/cpu.h"
#include "device/cpu/isa.h"

/* The op of each row of solvers.def; the rows of an op stand together. */
static const int ops[] = {
#define SOLVER(op, name) op,
#include "device/cpu/solvers.def"
#undef SOLVER
};
enum { SOLVERS = sizeof ops / sizeof *ops };

#define DECLARE(isa, level, name) extern const ad_solver ad_solver_##name##_##isa;
#define SOLVER(op, name)          AD_FOR_ISAS(DECLARE, name)
#include "device/cpu/solvers.def"
#undef SOLVER

static const ad_solver *const scalar_solvers[SOLVERS] = {
#define SOLVER(op, name) &ad_solver_##name##_scalar,
#include "device/cpu/solvers.def"
#undef SOLVER
};
#if defined(__x86_64__)
static const ad_solver *const avx2_solvers[SOLVERS] = {
#define SOLVER(op, name) &ad_solver_##name##_avx2,
#include "device/cpu/solvers.def"
#undef SOLVER
};
static const ad_solver *const avx512_solvers[SOLVERS] = {
#define SOLVER(op, name) &ad_solver_##name##_avx512,
#include "device/cpu/solvers.def"
#undef SOLVER
};
static const ad_solver *const avx512bf16_solvers[SOLVERS] = {
#define SOLVER(op, name) &ad_solver_##name##_avx512bf16,
#include "device/cpu/solvers.def"
#undef SOLVER
};
#elif defined(__aarch64__)
static const ad_solver *const neon_solvers[SOLVERS] = {
#define SOLVER(op, name) &ad_solver_##name##_neon,
#include "device/cpu/solvers.def"
#undef SOLVER
};
#endif

static const ad_solver *const *find(const ad_solver *const *table, int op, int *count)
{
    int first = 0, end;
    while (first < SOLVERS && ops[first] != op) ++first;
    for (end = first; end < SOLVERS && ops[end] == op;) ++end;
    *count = end - first;
    return table + first;
}

#define LOOKUP(isa, level, unused)                                                                 \
    static const ad_solver *const *isa##_lookup(const ad_device *device, int op, int *count)       \
    {                                                                                              \
        (void)device;                                                                              \
        return find(isa##_solvers, op, count);                                                     \
    }
AD_FOR_ISAS(LOOKUP, )

/* Floats per fused multiply-add and such operations per cycle, as a good kernel sustains them. */
static const struct {
    const ad_solver *const *(*lookup)(const ad_device *device, int op, int *count);
    double f32_per_cycle, bf16_per_cycle;
} levels[AD_ISAS] = {
    [AD_ISA_SCALAR] = {scalar_lookup, 6, 2},
#if defined(__x86_64__)
    [AD_ISA_AVX2] = {avx2_lookup, 28, 10},
    [AD_ISA_AVX512] = {avx512_lookup, 45, 16},
    [AD_ISA_AVX512BF16] = {avx512bf16_lookup, 45, 90},
#elif defined(__aarch64__)
    [AD_ISA_NEON] = {neon_lookup, 14, 7},
#endif
};

#if defined(__x86_64__)
static bool bf16_at_full_speed(int isa)
{
    return isa >= AD_ISA_AVX512BF16;
}

static double bf16_per_cycle(int isa)
{
    enum { AMX_PER_CYCLE = 290 }; /* of 896: the rest waits for panels from L2 */
    if (!bf16_at_full_speed(isa)) return levels[isa].bf16_per_cycle;
    if (ad_cpu_get()->amx) return AMX_PER_CYCLE;
    return ad_cpu_get()->bf16_dot ? levels[isa].bf16_per_cycle
                                  : levels[AD_ISA_AVX512].f32_per_cycle;
}
#else
static bool bf16_at_full_speed(int isa)
{
    return isa < 0;
}

static double bf16_per_cycle(int isa)
{
    return levels[isa].bf16_per_cycle;
}
#endif

ad_status ad_cpu_device_open(ad_device *device, ad_context *ctx)
{
    const double hertz = 2.8e9; /* under sustained vector load, of the usual processors */
    const double core_bandwidth = 10e9;
    int isa = ad_context_isa_level(ctx), threads = ad_context_threads(ctx);
    *device = (ad_device){
        .name = "cpu",
        .runs = true,
        .machine = {.flops_f32 = hertz * levels[isa].f32_per_cycle,
                    .flops_f64 = hertz * levels[isa].f32_per_cycle / 2,
                    .flops_bf16 = hertz * bf16_per_cycle(isa),
                    .bandwidth = core_bandwidth,
                    .overhead = threads > 1 ? 5e-6 : 0,
                    .threads = threads},
        .solvers = levels[isa].lookup,
        .bf16 = bf16_at_full_speed(isa),
    };
    return AD_OK;
}
