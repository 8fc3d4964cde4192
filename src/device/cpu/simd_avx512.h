/* simd_avx512.h - simd.h for AVX-512 (f, bw, dq, vl); included by simd.h only. */
#include <immintrin.h>

enum { AD_VF = 16, AD_VD = 8 };
typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;
typedef __m512d vd;
typedef __mmask8 vmd;

static inline vm vm_first(int64_t n)
{
    return (vm)((1u << n) - 1);
}
static inline vmd vmd_first(int64_t n)
{
    return (vmd)((1u << n) - 1);
}

/* ---- floats ---- */
static inline vf vf_set1(float a)
{
    return _mm512_set1_ps(a);
}
static inline vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
static inline void vf_store(float *p, vf a)
{
    _mm512_storeu_ps(p, a);
}
static inline vf vf_load_n(const float *p, int64_t n)
{
    return _mm512_maskz_loadu_ps(vm_first(n), p);
}
static inline void vf_store_n(float *p, vf a, int64_t n)
{
    _mm512_mask_storeu_ps(p, vm_first(n), a);
}
static inline vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}
static inline vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
} /* c - a * b */
static inline vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}
static inline vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}
static inline vf vf_round(vf a) /* to nearest even */
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline vm vf_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
static inline vm vf_le(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}
static inline vm vf_eq(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
static inline vm vf_ne(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ);
}
static inline vf vf_select(vm m, vf yes, vf no)
{
    return _mm512_mask_blend_ps(m, no, yes);
}
static inline float vf_sum(vf a)
{
    return _mm512_reduce_add_ps(a);
} /* a fixed tree */
/* Lanes 0, 2, 4 .. of a, then of b; and lanes 1, 3, 5 .. */
static inline vf vf_evens(vf a, vf b)
{
    const vi even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_permutex2var_ps(a, even, b);
}
static inline vf vf_odds(vf a, vf b)
{
    const vi odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_permutex2var_ps(a, odd, b);
}
static inline vf vf_permute(vf a, vi lane) /* out[i] = a[lane[i]] */
{
    return _mm512_permutexvar_ps(lane, a);
}
static inline vf vf_load_twice(const float *p) /* half a vector, into both halves */
{
    return _mm512_broadcast_f32x8(_mm256_loadu_ps(p));
}
static inline void vf_store_half(float *p, vf a) /* the first */
{
    _mm256_storeu_ps(p, _mm512_castps512_ps256(a));
}
static inline float vf_largest(vf a)
{
    return _mm512_reduce_max_ps(a);
}
static inline float vf_smallest(vf a)
{
    return _mm512_reduce_min_ps(a);
}

/* ---- truth values ---- */
static inline vm vm_and(vm a, vm b)
{
    return a & b;
}
static inline vm vm_or(vm a, vm b)
{
    return a | b;
}
static inline vm vm_not(vm a)
{
    return (vm)~a;
}
static inline bool vm_any(vm a)
{
    return a != 0;
}

/* ---- int32 ---- */
static inline vi vi_set1(int32_t a)
{
    return _mm512_set1_epi32(a);
}
static inline vi vi_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}
static inline void vi_store(int32_t *p, vi a)
{
    _mm512_storeu_si512(p, a);
}
static inline vi vi_load_i8(const void *p)
{
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(p));
}
static inline vi vi_load_u8(const void *p)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(p));
}
static inline vi vi_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}
static inline vi vi_sub(vi a, vi b)
{
    return _mm512_sub_epi32(a, b);
}
static inline vi vi_and(vi a, vi b)
{
    return _mm512_and_si512(a, b);
}
static inline vi vi_or(vi a, vi b)
{
    return _mm512_or_si512(a, b);
}
static inline vi vi_xor(vi a, vi b)
{
    return _mm512_xor_si512(a, b);
}
#define vi_shl(a, bits) _mm512_slli_epi32(a, bits)
#define vi_shr(a, bits) _mm512_srli_epi32(a, bits) /* logical */
#define vi_sar(a, bits) _mm512_srai_epi32(a, bits) /* arithmetic */
static inline vm vi_eq(vi a, vi b)
{
    return _mm512_cmpeq_epi32_mask(a, b);
}
static inline vm vi_gt(vi a, vi b)
{
    return _mm512_cmpgt_epi32_mask(a, b);
}
static inline vi vi_select(vm m, vi yes, vi no)
{
    return _mm512_mask_blend_epi32(m, no, yes);
}
static inline vi vf_to_vi(vf a)
{
    return _mm512_cvtps_epi32(a);
} /* to nearest even */
static inline vf vi_to_vf(vi a)
{
    return _mm512_cvtepi32_ps(a);
}
static inline vi vf_as_vi(vf a)
{
    return _mm512_castps_si512(a);
}
static inline vf vi_as_vf(vi a)
{
    return _mm512_castsi512_ps(a);
}

/* ---- bf16 and f16 in memory ---- */
static inline __m256i bf16_bits(vf a) /* rounds to nearest even, keeps NaN, as ad_f32_to_bf16 */
{
    vi u = vf_as_vi(a);
    vi r = vi_add(u, vi_add(vi_set1(0x7fff), vi_and(vi_shr(u, 16), vi_set1(1))));
    r = vi_select(vf_ne(a, a), vi_or(u, vi_set1(0x400000)), r);
    return _mm512_cvtepi32_epi16(vi_shr(r, 16));
}
static inline vf vf_load_bf16(const uint16_t *p)
{
    return vi_as_vf(vi_shl(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)), 16));
}
static inline vf vf_load_bf16_n(const uint16_t *p, int64_t n)
{
    return vi_as_vf(vi_shl(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(vm_first(n), p)), 16));
}
static inline void vf_store_bf16(uint16_t *p, vf a)
{
    _mm256_storeu_si256((void *)p, bf16_bits(a));
}
static inline void vf_store_bf16_n(uint16_t *p, vf a, int64_t n)
{
    _mm256_mask_storeu_epi16(p, vm_first(n), bf16_bits(a));
}
static inline vf vf_load_f16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p));
}
static inline vf vf_load_f16_n(const uint16_t *p, int64_t n)
{
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(vm_first(n), p));
}
static inline vf vf_spread_f16(uint16_t a)
{
    return _mm512_cvtph_ps(_mm256_set1_epi16((short)a));
}
static inline void vf_store_f16(uint16_t *p, vf a)
{
    _mm256_storeu_si256((void *)p, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}
static inline void vf_store_f16_n(uint16_t *p, vf a, int64_t n)
{
    _mm256_mask_storeu_epi16(p, vm_first(n), _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}

/* ---- doubles ---- */
static inline vd vd_set1(double a)
{
    return _mm512_set1_pd(a);
}
static inline vd vd_load(const double *p)
{
    return _mm512_loadu_pd(p);
}
static inline void vd_store(double *p, vd a)
{
    _mm512_storeu_pd(p, a);
}
static inline vd vd_load_n(const double *p, int64_t n)
{
    return _mm512_maskz_loadu_pd(vmd_first(n), p);
}
static inline void vd_store_n(double *p, vd a, int64_t n)
{
    _mm512_mask_storeu_pd(p, vmd_first(n), a);
}
static inline vd vd_add(vd a, vd b)
{
    return _mm512_add_pd(a, b);
}
static inline vd vd_sub(vd a, vd b)
{
    return _mm512_sub_pd(a, b);
}
static inline vd vd_mul(vd a, vd b)
{
    return _mm512_mul_pd(a, b);
}
static inline vd vd_div(vd a, vd b)
{
    return _mm512_div_pd(a, b);
}
static inline vd vd_fma(vd a, vd b, vd c)
{
    return _mm512_fmadd_pd(a, b, c);
}
static inline vd vd_min(vd a, vd b)
{
    return _mm512_min_pd(a, b);
}
static inline vd vd_max(vd a, vd b)
{
    return _mm512_max_pd(a, b);
}
static inline vd vd_sqrt(vd a)
{
    return _mm512_sqrt_pd(a);
}
static inline vmd vd_lt(vd a, vd b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ);
}
static inline vmd vd_le(vd a, vd b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ);
}
static inline vmd vd_eq(vd a, vd b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ);
}
static inline vmd vd_ne(vd a, vd b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_NEQ_UQ);
}
static inline vd vd_select(vmd m, vd yes, vd no)
{
    return _mm512_mask_blend_pd(m, no, yes);
}
static inline double vd_sum(vd a)
{
    return _mm512_reduce_add_pd(a);
}
static inline vd vd_load_f32(const float *p)
{
    return _mm512_cvtps_pd(_mm256_loadu_ps(p));
}

/* r[i] lane j <-> r[j] lane i */
static inline void vf_transpose(vf r[16])
{
    __m512i t[16], u[16];
    for (int i = 0; i < 8; ++i) {
        t[2 * i] = _mm512_unpacklo_epi32(vf_as_vi(r[2 * i]), vf_as_vi(r[2 * i + 1]));
        t[2 * i + 1] = _mm512_unpackhi_epi32(vf_as_vi(r[2 * i]), vf_as_vi(r[2 * i + 1]));
    }
    for (int i = 0; i < 4; ++i) { /* u[4 i + j]: lane l of 4 holds column 4 l + j of rows 4 i .. */
        u[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        u[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        u[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        u[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    for (int j = 0; j < 4; ++j) {
        __m512i even0 = _mm512_shuffle_i32x4(u[j], u[4 + j], 0x88);
        __m512i odd0 = _mm512_shuffle_i32x4(u[j], u[4 + j], 0xdd);
        __m512i even1 = _mm512_shuffle_i32x4(u[8 + j], u[12 + j], 0x88);
        __m512i odd1 = _mm512_shuffle_i32x4(u[8 + j], u[12 + j], 0xdd);
        r[j] = vi_as_vf(_mm512_shuffle_i32x4(even0, even1, 0x88));
        r[4 + j] = vi_as_vf(_mm512_shuffle_i32x4(odd0, odd1, 0x88));
        r[8 + j] = vi_as_vf(_mm512_shuffle_i32x4(even0, even1, 0xdd));
        r[12 + j] = vi_as_vf(_mm512_shuffle_i32x4(odd0, odd1, 0xdd));
    }
}
