/* chain_steps.h - the functions that a chain's steps are made of, one per op and register type. */
#ifndef AD_CPU_CHAIN_STEPS_H
#define AD_CPU_CHAIN_STEPS_H

#include "device/cpu/chain_run.h"

/* They work on whole vectors: n is a multiple of AD_CHAIN_PAD, and dst may be one of the operands.
 */
enum { AD_CHAIN_PAD = 16 };

#define AD_STEPS_DECLARE(isa, level, unused)                                                       \
    ad_chain_kernel ad_chain_step_kernel_##isa(const ad_chain_step *step);                         \
    ad_chain_kernel ad_chain_number_kernel_##isa(const ad_chain_step *step, int which);
AD_FOR_ISAS(AD_STEPS_DECLARE, )
/* ad_chain_step_kernel: NULL: no such op on that type.
 * ad_chain_number_kernel: the same with the number step->a for operand `which`, the others in
 * order; NULL: none. */

/* The register type that a memory dtype is loaded as. */
static inline ad_dtype ad_chain_register(ad_dtype memory)
{
    if (memory == AD_BF16 || memory == AD_F16) return AD_F32;
    return memory == AD_BOOL ? AD_U8 : memory;
}

/* Before a loop: its iterations are independent though operands may be the same memory. A hint. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"
#define AD_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define AD_INDEPENDENT _Pragma("GCC ivdep")
#else
#define AD_INDEPENDENT
#endif

#endif
