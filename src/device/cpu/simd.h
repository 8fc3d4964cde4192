/* simd.h - the vector words that kernels are written in; one kernel source, compiled once per
 * instruction set with -DAD_KERNEL_ISA=0..4 (see isa.h and the Makefile's kernel rules).
 *
 * vf holds AD_VF floats (16, 8, 4 or 1), vi as many int32, vm one truth value for each; vd holds
 * AD_VD doubles (8, 4, 2 or 1) and vmd their truth values. Names read type_verb: vf_add, vf_load.
 * `_n` loads and stores touch the first n elements only, 0 <= n <= width; the rest loads as 0.
 * vi_load_i8 and vi_load_u8 widen as many bytes, vf_spread_f16 puts one f16 into all lanes.
 * Memory need not be aligned. fma(a, b, c) = a * b + c: fused where the processor fuses, rounded
 * twice in the scalar build. min and max return the second operand when one is NaN, in every build.
 */
#ifndef AD_CPU_SIMD_H
#define AD_CPU_SIMD_H

#include "base/half.h"
#include "device/cpu/isa.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if AD_KERNEL_AVX512
#include "device/cpu/simd_avx512.h"
#elif AD_KERNEL_ISA == 1
#include "device/cpu/simd_avx2.h"
#elif AD_KERNEL_NEON
#include "device/cpu/simd_neon.h"
#else
#include "device/cpu/simd_scalar.h"
#endif

/* What follows is the same for every width. */
static inline vf vf_zero(void)
{
    return vf_set1(0);
}
static inline vd vd_zero(void)
{
    return vd_set1(0);
}
static inline vf vf_neg(vf a)
{
    return vi_as_vf(vi_xor(vf_as_vi(a), vi_set1(INT32_MIN)));
}
static inline vf vf_abs(vf a)
{
    return vi_as_vf(vi_and(vf_as_vi(a), vi_set1(INT32_MAX)));
}
static inline vm vf_gt(vf a, vf b)
{
    return vf_lt(b, a);
}
/* Sums of neighbours: of a, then of b. */
static inline vf vf_pairs(vf a, vf b)
{
    return vf_add(vf_evens(a, b), vf_odds(a, b));
}
/* The sum of a[i] b[i]. */
static inline float vf_dot(const float *a, const float *b, int64_t n)
{
    vf sum = vf_zero();
    int64_t i = 0;
    for (; i + AD_VF <= n; i += AD_VF) sum = vf_fma(vf_load(a + i), vf_load(b + i), sum);
    if (i < n) sum = vf_fma(vf_load_n(a + i, n - i), vf_load_n(b + i, n - i), sum);
    return vf_sum(sum);
}

#endif
