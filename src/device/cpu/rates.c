/* rates.c - what a core sustains, by the kind of processor.
 *
 * Nothing is measured when a program starts: that would take time, and another choice of kernels
 * now and then, which is other bits. The figures of Zen 5 were fitted to `autodidact bench NAME
 * --kernels 400 --threads 1`; those of other kinds follow from the width of their units and their
 * usual clock under vector load. */
#include "device/cpu/rates.h"

typedef struct kind {
    double hertz;
    double f32[AD_ISAS], bf16[AD_ISAS]; /* flops a cycle of register tiles over packed panels */
    double steps[AD_ISAS];              /* elementwise operations a cycle */
    double bandwidth, cache_bandwidth, cache;
} kind;

#if defined(__x86_64__)
#define LEVELS(scalar, avx2, avx512, bf16)                                                         \
    {                                                                                              \
        [AD_ISA_SCALAR] = scalar, [AD_ISA_AVX2] = avx2, [AD_ISA_AVX512] = avx512,                  \
        [AD_ISA_AVX512BF16] = bf16                                                                 \
    }

static const kind zen5 = {.hertz = 4.1e9,
                          .f32 = LEVELS(6, 28, 57, 57),
                          .bf16 = LEVELS(2, 10, 20, 105),
                          .steps = LEVELS(0.7, 5, 8, 8),
                          .bandwidth = 45e9,
                          .cache_bandwidth = 100e9,
                          .cache = 8e6};
/* Vectors of 512 bits take two passes through units of 256. */
static const kind zen4 = {.hertz = 3.7e9,
                          .f32 = LEVELS(6, 28, 29, 29),
                          .bf16 = LEVELS(2, 10, 10, 55),
                          .steps = LEVELS(0.7, 5, 6, 6),
                          .bandwidth = 30e9,
                          .cache_bandwidth = 80e9,
                          .cache = 8e6};
static const kind zen3 = {.hertz = 3.4e9,
                          .f32 = LEVELS(6, 28, 28, 28),
                          .bf16 = LEVELS(2, 10, 10, 10),
                          .steps = LEVELS(0.7, 5, 5, 5),
                          .bandwidth = 20e9,
                          .cache_bandwidth = 60e9,
                          .cache = 8e6};
/* Also of processors that nobody has looked at. */
static const kind intel = {.hertz = 3.0e9,
                           .f32 = LEVELS(6, 28, 62, 62),
                           .bf16 = LEVELS(2, 10, 20, 62),
                           .steps = LEVELS(0.7, 5, 7, 7),
                           .bandwidth = 18e9,
                           .cache_bandwidth = 60e9,
                           .cache = 4e6};

static const kind *kind_of(const ad_cpu *cpu)
{
    enum { ZEN3_AND_4 = 0x19, ZEN5 = 0x1a };
    if (cpu->vendor != AD_VENDOR_AMD) return &intel;
    if (cpu->family >= ZEN5) return &zen5;
    return cpu->family == ZEN3_AND_4 && cpu->isa >= AD_ISA_AVX512 ? &zen4 : &zen3;
}

static double bf16_per_cycle(const ad_cpu *cpu, const kind *k, int isa)
{
    enum { AMX_PER_CYCLE = 270 }; /* of 896: the rest waits for panels from L2 */
    if (isa < AD_ISA_AVX512BF16) return k->bf16[isa];
    if (cpu->amx) return AMX_PER_CYCLE;
    return cpu->bf16_dot ? k->bf16[isa] : k->f32[isa];
}
#else
static const kind others = {.hertz = 3.0e9,
                            .f32 = {[AD_ISA_SCALAR] = 6, [AD_ISAS - 1] = 14},
                            .bf16 = {[AD_ISA_SCALAR] = 2, [AD_ISAS - 1] = 7},
                            .steps = {[AD_ISA_SCALAR] = 0.7, [AD_ISAS - 1] = 3},
                            .bandwidth = 20e9,
                            .cache_bandwidth = 50e9,
                            .cache = 4e6};

static const kind *kind_of(const ad_cpu *cpu)
{
    (void)cpu;
    return &others;
}

static double bf16_per_cycle(const ad_cpu *cpu, const kind *k, int isa)
{
    (void)cpu;
    return k->bf16[isa];
}
#endif

ad_machine ad_cpu_rates(const ad_cpu *cpu, int isa, int threads)
{
    const kind *k = kind_of(cpu);
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
