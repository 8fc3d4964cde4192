/* block_dot.h - products of a block of quantised numbers with as many 16-bit integers.
 *
 * Vectors are of eight lanes on every instruction set: 256 bits are enough for a block, whose scale
 * and widening cost more in wider ones, and sums are then made in the same order everywhere. */
#ifndef AD_CPU_BLOCK_DOT_H
#define AD_CPU_BLOCK_DOT_H

#include <autodidact/tensor.h>

#include "device/cpu/simd.h"

enum { DOT_LANES = 8 };

/* A block of f32 numbers, rounded; `begin` is what the lanes of a product start from. */
typedef struct rounded {
    int16_t number[AD_BLOCK];
    int32_t begin[DOT_LANES]; /* q4_0, whose numbers are taken as 0 to 15: what that is too much */
    float scale;
} rounded;

/* eight_add: sum + the products with the block at w, each of the lanes a part of them.
 * q4_0 holds number i in the lower half of byte i, number i + 16 in the upper one. */
#if AD_KERNEL_AVX512 || AD_KERNEL_ISA == 1
typedef __m256 eight;

static inline eight eight_zero(void)
{
    return _mm256_setzero_ps();
}

static inline float eight_sum(eight a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static inline __attribute__((always_inline)) eight
eight_add(const ad_quantized FORM, const unsigned char *w, const rounded *x, eight sum)
{
    int16_t half;
    memcpy(&half, w, sizeof half);
    __m256 scale = _mm256_mul_ps(_mm256_cvtph_ps(_mm_set1_epi16(half)), _mm256_set1_ps(x->scale));
    __m128i first = _mm_loadu_si128((const void *)(w + 2));
    __m256i low, high, dot = _mm256_loadu_si256((const void *)x->begin);
    if (FORM == AD_Q8_0) {
        low = _mm256_cvtepi8_epi16(first);
        high = _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)(w + 18)));
    } else {
        __m256i byte = _mm256_cvtepu8_epi16(first);
        low = _mm256_and_si256(byte, _mm256_set1_epi16(15));
        high = _mm256_srli_epi16(byte, 4);
    }
    low = _mm256_madd_epi16(low, _mm256_loadu_si256((const void *)x->number));
    high = _mm256_madd_epi16(high, _mm256_loadu_si256((const void *)(x->number + 16)));
    dot = FORM == AD_Q8_0 ? _mm256_add_epi32(low, high)
                          : _mm256_add_epi32(_mm256_add_epi32(low, high), dot);
    return _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(dot), sum);
}
#elif AD_KERNEL_NEON
typedef float32x4x2_t eight;

static inline eight eight_zero(void)
{
    return (eight){{vdupq_n_f32(0), vdupq_n_f32(0)}};
}

static inline float eight_sum(eight a)
{
    float32x4_t s = vaddq_f32(a.val[0], a.val[1]);
    float32x2_t t = vadd_f32(vget_low_f32(s), vget_high_f32(s));
    return vget_lane_f32(t, 0) + vget_lane_f32(t, 1);
}

/* Sums of neighbours of eight products. */
static inline int32x4_t pairs_of(int16x8_t a, const int16_t *b)
{
    int16x8_t x = vld1q_s16(b);
    return vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(x)), vmull_high_s16(a, x));
}

static inline __attribute__((always_inline)) eight
eight_add(const ad_quantized FORM, const unsigned char *w, const rounded *x, eight sum)
{
    uint16_t half;
    memcpy(&half, w, sizeof half);
    float32x4_t scale = vdupq_n_f32(ad_f16_to_f32(half) * x->scale);
    for (int i = 0; i < 2; ++i) {
        int16x8_t low, high;
        if (FORM == AD_Q8_0) {
            low = vmovl_s8(vreinterpret_s8_u8(vld1_u8(w + 2 + 8 * i)));
            high = vmovl_s8(vreinterpret_s8_u8(vld1_u8(w + 18 + 8 * i)));
        } else {
            uint16x8_t byte = vmovl_u8(vld1_u8(w + 2 + 8 * i));
            low = vreinterpretq_s16_u16(vandq_u16(byte, vdupq_n_u16(15)));
            high = vreinterpretq_s16_u16(vshrq_n_u16(byte, 4));
        }
        int32x4_t dot = vaddq_s32(pairs_of(low, x->number + 8 * i),
                                  pairs_of(high, x->number + 16 + 8 * i));
        dot = vaddq_s32(dot, vld1q_s32(x->begin + 4 * i));
        sum.val[i] = vfmaq_f32(sum.val[i], scale, vcvtq_f32_s32(dot));
    }
    return sum;
}
#else
typedef struct eight {
    float lane[DOT_LANES];
} eight;

static inline eight eight_zero(void)
{
    return (eight){{0}};
}

static inline float eight_sum(eight a)
{
    for (int n = DOT_LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; ++i) a.lane[i] += a.lane[i + n];
    return a.lane[0];
}

static inline int number_of(ad_quantized form, const unsigned char *w, int i)
{
    if (form == AD_Q8_0) return (int8_t)w[2 + i];
    return i < 16 ? w[2 + i] & 15 : w[2 + i - 16] >> 4;
}

static inline eight eight_add(ad_quantized form, const unsigned char *w, const rounded *x,
                              eight sum)
{
    uint16_t half;
    memcpy(&half, w, sizeof half);
    float scale = ad_f16_to_f32(half) * x->scale;
    for (int j = 0; j < DOT_LANES; ++j) {
        int32_t dot = x->begin[j];
        for (int part = 0; part < AD_BLOCK; part += 16)
            for (int i = part + 2 * j; i < part + 2 * j + 2; ++i)
                dot += number_of(form, w, i) * x->number[i];
        sum.lane[j] += scale * (float)dot;
    }
    return sum;
}
#endif
#endif
