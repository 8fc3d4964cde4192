/* rates.c - what a core sustains, as the planner's figures: those of its kind of processor.
 *
 * Nothing is measured when a program starts: that would take time, and another choice of kernels
 * now and then, which is other bits. */
#include "device/cpu/rates.h"
#include "base/cpu_kinds.h"

static double bf16_per_cycle(const ad_cpu *cpu, const ad_cpu_kind *k, int isa)
{
#if defined(__x86_64__)
    enum { AMX_PER_CYCLE = 270 }; /* of 896: the rest waits for panels from L2 */
    if (isa == AD_ISA_AVX512BF16 && cpu->amx) return AMX_PER_CYCLE;
    if (isa == AD_ISA_AVX512BF16 && !k->bf16_dot) return k->f32[isa];
#else
    (void)cpu;
#endif
    return k->bf16[isa];
}

ad_machine ad_cpu_rates(const ad_cpu *cpu, int isa, int threads)
{
    const ad_cpu_kind *k = ad_cpu_kind_of(cpu);
    return (ad_machine){.flops_f32 = k->hertz * k->f32[isa],
                        .flops_f64 = k->hertz * k->f32[isa] / 2,
                        .flops_bf16 = k->hertz * bf16_per_cycle(cpu, k, isa),
                        .steps = k->hertz * k->steps[isa],
                        .bandwidth = k->bandwidth,
                        .cache_bandwidth = k->cache_bandwidth,
                        .cache = k->cache,
                        .call = 4e-7,
                        .overhead = threads > 1 ? 1.5e-6 : 0, /* idle threads spin */
                        .threads = threads};
}
