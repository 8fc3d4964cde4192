/* peak.h - the arithmetic peak of one core, as a yardstick for kernels. */
#ifndef AD_CPU_PEAK_H
#define AD_CPU_PEAK_H

#include "device/cpu/isa.h"

#include <stdint.h>

/* Runs `rounds` rounds of independent fused multiply-adds in registers and returns how many
 * operations (two per multiply-add) that was. Time it. ad_peak_bf16: bf16 dot products, or 0
 * without them. */
#define AD_PEAK_DECLARE(isa, level, unused)                                                        \
    double ad_peak_f32_##isa(int64_t rounds);                                                      \
    double ad_peak_bf16_##isa(int64_t rounds);
AD_FOR_ISAS(AD_PEAK_DECLARE, )

#endif
