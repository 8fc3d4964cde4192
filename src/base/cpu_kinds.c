/* cpu_kinds.c - a row for each kind of processor.
 *
 * "fitted": to `autodidact bench NAME --kernels 400 --threads 1` on such a machine, streams by
 * trying values; "derived": from the width of its units and its usual clock under vector
 * load. Whoever has such a machine fits its row: docs/performance.md says how. */
#include "base/cpu_kinds.h"

#if defined(__x86_64__)
#define LEVELS(scalar, avx2, avx512, bf16)                                                         \
    {                                                                                              \
        [AD_ISA_SCALAR] = scalar, [AD_ISA_AVX2] = avx2, [AD_ISA_AVX512] = avx512,                  \
        [AD_ISA_AVX512BF16] = bf16                                                                 \
    }

/* Fitted. */
static const ad_cpu_kind zen5 = {.name = "AMD Zen 5",
                                 .hertz = 4.1e9,
                                 .f32 = LEVELS(6, 28, 57, 57),
                                 .bf16 = LEVELS(2, 10, 20, 105),
                                 .steps = LEVELS(0.7, 5, 8, 8),
                                 .bandwidth = 45e9,
                                 .cache_bandwidth = 100e9,
                                 .cache = 8e6,
                                 .bf16_dot = true, /* two a cycle */
                                 .fetch = {[AD_STREAM_ROWS] = {8 << 10, true},
                                           [AD_STREAM_BLOCKS] = {2 << 10, true},
                                           [AD_STREAM_SUMS] = {8 << 10, false},
                                           [AD_STREAM_CHAINS] = {3 << 10, false}},
                                 .fitted = true};
/* Fitted; rates as derived: vectors of 512 bits take two passes through units of 256. */
static const ad_cpu_kind zen4 = {.name = "AMD Zen 4",
                                 .hertz = 3.7e9,
                                 .f32 = LEVELS(6, 28, 29, 29),
                                 .bf16 = LEVELS(2, 10, 10, 55),
                                 .steps = LEVELS(0.7, 5, 6, 6),
                                 .bandwidth = 27e9,
                                 .cache_bandwidth = 80e9,
                                 .cache = 8e6,
                                 .bf16_dot = true,
                                 .fetch = {[AD_STREAM_ROWS] = {4 << 10, false},
                                           [AD_STREAM_BLOCKS] = {8 << 10, false},
                                           [AD_STREAM_SUMS] = {4 << 10, false},
                                           [AD_STREAM_CHAINS] = {1 << 10, false}},
                                 .fitted = true};
/* Derived; also AMD's earlier ones. */
static const ad_cpu_kind zen3 = {.name = "AMD Zen 3",
                                 .hertz = 3.4e9,
                                 .f32 = LEVELS(6, 28, 28, 28),
                                 .bf16 = LEVELS(2, 10, 10, 10),
                                 .steps = LEVELS(0.7, 5, 5, 5),
                                 .bandwidth = 20e9,
                                 .cache_bandwidth = 60e9,
                                 .cache = 8e6,
                                 .fetch = {[AD_STREAM_ROWS] = {8 << 10, true},
                                           [AD_STREAM_BLOCKS] = {2 << 10, true},
                                           [AD_STREAM_SUMS] = {8 << 10, false},
                                           [AD_STREAM_CHAINS] = {3 << 10, false}}};
/* Derived; also processors of other makers. A bf16 dot product runs every other cycle, where two
 * f32 multiply-adds run per cycle: packing to f32 is the faster way. L1 waits for 16 lines, L2 for
 * 48: streams go there. */
static const ad_cpu_kind intel = {.name = "Intel",
                                  .hertz = 3.0e9,
                                  .f32 = LEVELS(6, 28, 62, 62),
                                  .bf16 = LEVELS(2, 10, 20, 62),
                                  .steps = LEVELS(0.7, 5, 7, 7),
                                  .bandwidth = 18e9,
                                  .cache_bandwidth = 60e9,
                                  .cache = 4e6,
                                  .fetch = {[AD_STREAM_ROWS] = {4 << 10, false},
                                            [AD_STREAM_BLOCKS] = {2 << 10, false},
                                            [AD_STREAM_SUMS] = {8 << 10, false},
                                            [AD_STREAM_CHAINS] = {3 << 10, false}}};

const ad_cpu_kind *ad_cpu_kind_of(const ad_cpu *cpu)
{
    enum { ZEN3_AND_4 = 0x19, ZEN5 = 0x1a };
    if (cpu->vendor != AD_VENDOR_AMD) return &intel;
    if (cpu->family >= ZEN5) return &zen5;
    return cpu->family == ZEN3_AND_4 && cpu->isa >= AD_ISA_AVX512 ? &zen4 : &zen3;
}
#else
/* Derived. */
static const ad_cpu_kind others = {.name = "other",
                                   .hertz = 3.0e9,
                                   .f32 = {[AD_ISA_SCALAR] = 6, [AD_ISAS - 1] = 14},
                                   .bf16 = {[AD_ISA_SCALAR] = 2, [AD_ISAS - 1] = 7},
                                   .steps = {[AD_ISA_SCALAR] = 0.7, [AD_ISAS - 1] = 3},
                                   .bandwidth = 20e9,
                                   .cache_bandwidth = 50e9,
                                   .cache = 4e6,
                                   .fetch = {[AD_STREAM_ROWS] = {4 << 10, true},
                                             [AD_STREAM_BLOCKS] = {2 << 10, true},
                                             [AD_STREAM_SUMS] = {4 << 10, false},
                                             [AD_STREAM_CHAINS] = {3 << 10, false}}};

const ad_cpu_kind *ad_cpu_kind_of(const ad_cpu *cpu)
{
    (void)cpu;
    return &others;
}
#endif
