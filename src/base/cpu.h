/* cpu.h - which instruction sets this machine has. Filled once; read-only afterwards. */
#ifndef AD_BASE_CPU_H
#define AD_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* Levels of the kernel builds of this processor family, each including the ones before it. */
typedef enum ad_isa {
    AD_ISA_SCALAR = 0,
#if defined(__aarch64__)
    AD_ISA_NEON, /* Advanced SIMD, which every such processor has */
#else
    AD_ISA_AVX2,       /* avx2 + fma + f16c */
    AD_ISA_AVX512,     /* + avx512 f, bw, dq, vl */
    AD_ISA_AVX512BF16, /* + avx512_bf16 */
#endif
    AD_ISAS,
} ad_isa;

typedef enum ad_vendor { AD_VENDOR_OTHER = 0, AD_VENDOR_AMD, AD_VENDOR_INTEL } ad_vendor;

typedef struct ad_cpu_kind ad_cpu_kind; /* cpu_kinds.h */

typedef struct ad_cpu {
    char model[64]; /* the brand string, trimmed; "unknown" where there is none */
    ad_vendor vendor;
    int family, number; /* cpuid's family and model, which tell generations apart; else 0 */
    const ad_cpu_kind *kind;
    bool bf16_dot; /* bf16 dot products are there, and faster than widening to f32 */
    bool amx;      /* bf16 products of whole tiles (amx-tile, amx-bf16), granted to this process */
    ad_isa isa;    /* the highest level that cpu and operating system support */
    int cores;     /* cores this process may run on (affinity mask) */
    size_t l1, l2, l3; /* data cache bytes per core (l3: shared); sensible guesses if unknown */
} ad_cpu;

const ad_cpu *ad_cpu_get(void);
const char *ad_isa_name(ad_isa isa); /* "scalar", "avx2", "avx512", "avx512 bf16", "neon" */
bool ad_isa_parse(const char *name, ad_isa *isa); /* false: no such name */

#endif
