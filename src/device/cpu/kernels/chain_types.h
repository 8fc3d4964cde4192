/* chain_types.h - the step functions that are plain C loops (chain_types.c). */
#ifndef AD_CPU_CHAIN_TYPES_H
#define AD_CPU_CHAIN_TYPES_H

#include "device/cpu/chain_run.h"

/* Comparisons, choice, casts and fills of every type; arithmetic of f64, i32, i64 and u8. */
#define AD_PLAIN_DECLARE(isa, level, unused)                                                       \
    ad_chain_kernel ad_chain_plain_kernel_##isa(const ad_chain_step *step);
AD_FOR_ISAS(AD_PLAIN_DECLARE, )

#endif
