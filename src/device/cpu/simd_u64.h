/* simd_u64.h - the words of simd.h for vectors of uint64: vl holds AD_VD of them.
 *
 * vl_mul32 multiplies the lower halves of lanes, vl_upper shifts the upper ones down. vl_join takes
 * the lower half of each lane from a and the upper one from the lower half of b; vl_store_words
 * stores both, the lower one first. vl_evens gives lanes 0 of a, 0 of b, 2 of a, 2 of b
 * and so on, vl_odds lanes 1, 1, 3, 3 ..; where there is one lane, that is a, and b. */
#ifndef AD_CPU_SIMD_U64_H
#define AD_CPU_SIMD_U64_H

#include "device/cpu/simd.h"

#if AD_KERNEL_AVX512

typedef __m512i vl;
#define VL(word, ...) _mm512_##word##_epi64(__VA_ARGS__)

static inline vl vl_load(const uint64_t *p)
{
    return _mm512_loadu_si512(p);
}
static inline void vl_store_words(int32_t *p, vl a)
{
    _mm512_storeu_si512(p, a);
}
static inline vl vl_set1(uint64_t a)
{
    return _mm512_set1_epi64((int64_t)a);
}
static inline vl vl_mul32(vl a, vl b)
{
    return _mm512_mul_epu32(a, b);
}
static inline vl vl_xor(vl a, vl b)
{
    return _mm512_xor_si512(a, b);
}
static inline vl vl_join(vl a, vl b)
{
    return _mm512_mask_blend_epi32(0xaaaa, a, _mm512_slli_epi64(b, 32));
}

#elif AD_KERNEL_ISA == 1

typedef __m256i vl;
#define VL(word, ...) _mm256_##word##_epi64(__VA_ARGS__)

static inline vl vl_load(const uint64_t *p)
{
    return _mm256_loadu_si256((const void *)p);
}
static inline void vl_store_words(int32_t *p, vl a)
{
    _mm256_storeu_si256((void *)p, a);
}
static inline vl vl_set1(uint64_t a)
{
    return _mm256_set1_epi64x((int64_t)a);
}
static inline vl vl_mul32(vl a, vl b)
{
    return _mm256_mul_epu32(a, b);
}
static inline vl vl_xor(vl a, vl b)
{
    return _mm256_xor_si256(a, b);
}
static inline vl vl_join(vl a, vl b)
{
    return _mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0xaa);
}

#endif

#if AD_KERNEL_AVX512 || AD_KERNEL_ISA == 1

static inline vl vl_add(vl a, vl b)
{
    return VL(add, a, b);
}
static inline vl vl_upper(vl a)
{
    return VL(srli, a, 32);
}
static inline vl vl_evens(vl a, vl b)
{
    return VL(unpacklo, a, b);
}
static inline vl vl_odds(vl a, vl b)
{
    return VL(unpackhi, a, b);
}
#undef VL

#elif AD_KERNEL_NEON

typedef uint64x2_t vl;

static inline vl vl_load(const uint64_t *p)
{
    return vld1q_u64(p);
}
static inline void vl_store_words(int32_t *p, vl a)
{
    vst1q_s32(p, vreinterpretq_s32_u64(a));
}
static inline vl vl_set1(uint64_t a)
{
    return vdupq_n_u64(a);
}
static inline vl vl_mul32(vl a, vl b)
{
    return vmull_u32(vmovn_u64(a), vmovn_u64(b));
}
static inline vl vl_xor(vl a, vl b)
{
    return veorq_u64(a, b);
}
static inline vl vl_join(vl a, vl b)
{
    return vsliq_n_u64(a, b, 32);
}
static inline vl vl_add(vl a, vl b)
{
    return vaddq_u64(a, b);
}
static inline vl vl_upper(vl a)
{
    return vshrq_n_u64(a, 32);
}
static inline vl vl_evens(vl a, vl b)
{
    return vtrn1q_u64(a, b);
}
static inline vl vl_odds(vl a, vl b)
{
    return vtrn2q_u64(a, b);
}

#else

typedef uint64_t vl;

static inline vl vl_load(const uint64_t *p)
{
    return *p;
}
static inline void vl_store_words(int32_t *p, vl a)
{
    p[0] = (int32_t)(uint32_t)a, p[1] = (int32_t)(uint32_t)(a >> 32);
}
static inline vl vl_set1(uint64_t a)
{
    return a;
}
static inline vl vl_mul32(vl a, vl b)
{
    return (uint64_t)(uint32_t)a * (uint32_t)b;
}
static inline vl vl_xor(vl a, vl b)
{
    return a ^ b;
}
static inline vl vl_join(vl a, vl b)
{
    return (uint32_t)a | b << 32;
}
static inline vl vl_add(vl a, vl b)
{
    return a + b;
}
static inline vl vl_upper(vl a)
{
    return a >> 32;
}
static inline vl vl_evens(vl a, vl b)
{
    (void)b;
    return a;
}
static inline vl vl_odds(vl a, vl b)
{
    (void)a;
    return b;
}

#endif

#endif
