/* cpu_device.c - hands out the CPU's solvers and, for their bids, what the machine can do. */
#include "device/cpu/cpu_device.h"

#include "base/cpu.h"
#include "device/cpu/isa.h"
#include "device/cpu/rates.h"

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

static const ad_solver *const *(*const lookups[AD_ISAS])(const ad_device *, int, int *) = {
    [AD_ISA_SCALAR] = scalar_lookup,
#if defined(__x86_64__)
    [AD_ISA_AVX2] = avx2_lookup,
    [AD_ISA_AVX512] = avx512_lookup,
    [AD_ISA_AVX512BF16] = avx512bf16_lookup,
#elif defined(__aarch64__)
    [AD_ISA_NEON] = neon_lookup,
#endif
};

static bool bf16_at_full_speed(int isa)
{
#if defined(__x86_64__)
    return isa >= AD_ISA_AVX512BF16;
#else
    return isa < 0;
#endif
}

ad_status ad_cpu_device_open(ad_device *device, ad_context *ctx)
{
    int isa = ad_context_isa_level(ctx);
    *device = (ad_device){
        .target = ad_context_isa(ctx),
        .runs = true,
        .machine = ad_cpu_rates(ad_cpu_get(), isa, ad_context_threads(ctx)),
        .solvers = lookups[isa],
        .bf16 = bf16_at_full_speed(isa),
    };
    return AD_OK;
}
