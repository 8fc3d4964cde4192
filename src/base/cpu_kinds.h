/* cpu_kinds.h - what was fitted to each kind of processor: the one place for such figures. */
#ifndef AD_BASE_CPU_KINDS_H
#define AD_BASE_CPU_KINDS_H

#include "base/cpu.h"
#include "base/streams.h"

/* Estimates decide which kernels run, and so which bits come out: a function of the kind alone,
 * never of a measurement when a program starts. The figures of streams decide no bits. */
struct ad_cpu_kind {
    const char *name;
    /* Estimates, of one core. */
    double hertz;                       /* under vector load */
    double f32[AD_ISAS], bf16[AD_ISAS]; /* flops a cycle of register tiles over packed panels */
    double steps[AD_ISAS];              /* elementwise operations a cycle */
    double bandwidth, cache_bandwidth;  /* bytes a second, of memory and of the last cache */
    double cache;                       /* bytes of it that a core can count on */
    bool bf16_dot;                      /* bf16 dot products are faster than widening to f32 */
    ad_fetch fetch[AD_STREAMS];
    bool fitted; /* by measuring; else derived from what is known of its units and caches */
};

/* Of this vendor, family and level; never NULL. A processor that nobody has looked at has the
 * figures of one with units as wide. */
const ad_cpu_kind *ad_cpu_kind_of(const ad_cpu *cpu);

#endif
