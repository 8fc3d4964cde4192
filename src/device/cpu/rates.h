/* rates.h - what a processor's core sustains, for estimates. */
#ifndef AD_CPU_RATES_H
#define AD_CPU_RATES_H

#include "base/cpu.h"
#include "plan/device.h"

/* Of that processor with kernels of that instruction set level. A function of its kind alone:
 * estimates decide which kernels run, and so which bits come out. */
ad_machine ad_cpu_rates(const ad_cpu *cpu, int isa, int threads);

#endif
