/* simd_avx2.h - simd.h for AVX2 with fma and f16c; included by simd.h only. */
#include <immintrin.h>

enum { AD_VF = 8, AD_VD = 4 };
typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm; /* all bits of a lane set, or none */
typedef __m256d vd;
typedef __m256d vmd;

static inline __m256i first_lanes32(int64_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline __m256i first_lanes64(int64_t n)
{
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
static inline vm vm_first(int64_t n)
{
    return _mm256_castsi256_ps(first_lanes32(n));
}
static inline vmd vmd_first(int64_t n)
{
    return _mm256_castsi256_pd(first_lanes64(n));
}

/* ---- floats ---- */
static inline vf vf_set1(float a)
{
    return _mm256_set1_ps(a);
}
static inline vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
static inline void vf_store(float *p, vf a)
{
    _mm256_storeu_ps(p, a);
}
static inline vf vf_load_n(const float *p, int64_t n)
{
    return _mm256_maskload_ps(p, first_lanes32(n));
}
static inline void vf_store_n(float *p, vf a, int64_t n)
{
    if (n >= AD_VF) /* some processors take a dozen cycles for a masked one, */
        _mm256_storeu_ps(p, a);
    else
        _mm256_maskstore_ps(p, first_lanes32(n), a);
}
static inline vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}
static inline vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return _mm256_fnmadd_ps(a, b, c);
} /* c - a * b */
static inline vf vf_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}
static inline vf vf_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}
static inline vf vf_round(vf a) /* to nearest even */
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline vm vf_lt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
static inline vm vf_le(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LE_OQ);
}
static inline vm vf_eq(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
static inline vm vf_ne(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_NEQ_UQ);
}
static inline vf vf_select(vm m, vf yes, vf no)
{
    return _mm256_blendv_ps(no, yes, m);
}
static inline float vf_sum(vf a) /* a fixed tree */
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
/* Lanes 0, 2, 4 .. of a, then of b; and lanes 1, 3, 5 .. */
static inline vf vf_evens(vf a, vf b)
{
    __m256d both = _mm256_castps_pd(_mm256_shuffle_ps(a, b, 0x88)); /* of a, b, a, b, two each */
    return _mm256_castpd_ps(_mm256_permute4x64_pd(both, 0xd8));
}
static inline vf vf_odds(vf a, vf b)
{
    __m256d both = _mm256_castps_pd(_mm256_shuffle_ps(a, b, 0xdd));
    return _mm256_castpd_ps(_mm256_permute4x64_pd(both, 0xd8));
}
static inline vf vf_permute(vf a, vi lane) /* out[i] = a[lane[i]] */
{
    return _mm256_permutevar8x32_ps(a, lane);
}
static inline vf vf_load_twice(const float *p) /* half a vector, into both halves */
{
    return _mm256_broadcast_ps((const void *)p);
}
static inline void vf_store_half(float *p, vf a) /* the first */
{
    _mm_storeu_ps(p, _mm256_castps256_ps128(a));
}
static inline float vf_largest(vf a)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
static inline float vf_smallest(vf a)
{
    __m128 s = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_min_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_min_ss(s, _mm_movehdup_ps(s)));
}

/* ---- truth values ---- */
static inline vm vm_and(vm a, vm b)
{
    return _mm256_and_ps(a, b);
}
static inline vm vm_or(vm a, vm b)
{
    return _mm256_or_ps(a, b);
}
static inline vm vm_not(vm a)
{
    return _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1)));
}
static inline bool vm_any(vm a)
{
    return _mm256_movemask_ps(a) != 0;
}

/* ---- int32 ---- */
static inline vi vi_set1(int32_t a)
{
    return _mm256_set1_epi32(a);
}
static inline vi vi_load(const int32_t *p)
{
    return _mm256_loadu_si256((const void *)p);
}
static inline void vi_store(int32_t *p, vi a)
{
    _mm256_storeu_si256((void *)p, a);
}
static inline vi vi_load_i8(const void *p)
{
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(p));
}
static inline vi vi_load_u8(const void *p)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(p));
}
static inline vi vi_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}
static inline vi vi_sub(vi a, vi b)
{
    return _mm256_sub_epi32(a, b);
}
static inline vi vi_and(vi a, vi b)
{
    return _mm256_and_si256(a, b);
}
static inline vi vi_or(vi a, vi b)
{
    return _mm256_or_si256(a, b);
}
static inline vi vi_xor(vi a, vi b)
{
    return _mm256_xor_si256(a, b);
}
#define vi_shl(a, bits) _mm256_slli_epi32(a, bits)
#define vi_shr(a, bits) _mm256_srli_epi32(a, bits) /* logical */
#define vi_sar(a, bits) _mm256_srai_epi32(a, bits) /* arithmetic */
static inline vm vi_eq(vi a, vi b)
{
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b));
}
static inline vm vi_gt(vi a, vi b)
{
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(a, b));
}
static inline vi vi_select(vm m, vi yes, vi no)
{
    return _mm256_blendv_epi8(no, yes, _mm256_castps_si256(m));
}
static inline vi vf_to_vi(vf a)
{
    return _mm256_cvtps_epi32(a);
} /* to nearest even */
static inline vf vi_to_vf(vi a)
{
    return _mm256_cvtepi32_ps(a);
}
static inline vi vf_as_vi(vf a)
{
    return _mm256_castps_si256(a);
}
static inline vf vi_as_vf(vi a)
{
    return _mm256_castsi256_ps(a);
}

/* ---- bf16 and f16 in memory ---- */
static inline __m128i bf16_bits(vf a) /* rounds to nearest even, keeps NaN, as ad_f32_to_bf16 */
{
    vi u = vf_as_vi(a);
    vi r = vi_add(u, vi_add(vi_set1(0x7fff), vi_and(vi_shr(u, 16), vi_set1(1))));
    r = vi_shr(vi_select(vf_ne(a, a), vi_or(u, vi_set1(0x400000)), r), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(r), _mm256_extracti128_si256(r, 1));
}
static inline vf vf_load_bf16(const uint16_t *p)
{
    return vi_as_vf(vi_shl(_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)), 16));
}
static inline void vf_store_bf16(uint16_t *p, vf a)
{
    _mm_storeu_si128((void *)p, bf16_bits(a));
}
static inline vf vf_load_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p));
}
static inline vf vf_spread_f16(uint16_t a)
{
    return _mm256_cvtph_ps(_mm_set1_epi16((short)a));
}
static inline void vf_store_f16(uint16_t *p, vf a)
{
    _mm_storeu_si128((void *)p, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}
static inline vf vf_load_bf16_n(const uint16_t *p, int64_t n)
{
    uint16_t whole[8] = {0};
    memcpy(whole, p, (size_t)n * 2);
    return vf_load_bf16(whole);
}
static inline void vf_store_bf16_n(uint16_t *p, vf a, int64_t n)
{
    uint16_t whole[8];
    vf_store_bf16(whole, a);
    memcpy(p, whole, (size_t)n * 2);
}
static inline vf vf_load_f16_n(const uint16_t *p, int64_t n)
{
    uint16_t whole[8] = {0};
    memcpy(whole, p, (size_t)n * 2);
    return vf_load_f16(whole);
}
static inline void vf_store_f16_n(uint16_t *p, vf a, int64_t n)
{
    uint16_t whole[8];
    vf_store_f16(whole, a);
    memcpy(p, whole, (size_t)n * 2);
}

/* ---- doubles ---- */
static inline vd vd_set1(double a)
{
    return _mm256_set1_pd(a);
}
static inline vd vd_load(const double *p)
{
    return _mm256_loadu_pd(p);
}
static inline void vd_store(double *p, vd a)
{
    _mm256_storeu_pd(p, a);
}
static inline vd vd_load_n(const double *p, int64_t n)
{
    return _mm256_maskload_pd(p, first_lanes64(n));
}
static inline void vd_store_n(double *p, vd a, int64_t n)
{
    _mm256_maskstore_pd(p, first_lanes64(n), a);
}
static inline vd vd_add(vd a, vd b)
{
    return _mm256_add_pd(a, b);
}
static inline vd vd_sub(vd a, vd b)
{
    return _mm256_sub_pd(a, b);
}
static inline vd vd_mul(vd a, vd b)
{
    return _mm256_mul_pd(a, b);
}
static inline vd vd_div(vd a, vd b)
{
    return _mm256_div_pd(a, b);
}
static inline vd vd_fma(vd a, vd b, vd c)
{
    return _mm256_fmadd_pd(a, b, c);
}
static inline vd vd_min(vd a, vd b)
{
    return _mm256_min_pd(a, b);
}
static inline vd vd_max(vd a, vd b)
{
    return _mm256_max_pd(a, b);
}
static inline vd vd_sqrt(vd a)
{
    return _mm256_sqrt_pd(a);
}
static inline vmd vd_lt(vd a, vd b)
{
    return _mm256_cmp_pd(a, b, _CMP_LT_OQ);
}
static inline vmd vd_le(vd a, vd b)
{
    return _mm256_cmp_pd(a, b, _CMP_LE_OQ);
}
static inline vmd vd_eq(vd a, vd b)
{
    return _mm256_cmp_pd(a, b, _CMP_EQ_OQ);
}
static inline vmd vd_ne(vd a, vd b)
{
    return _mm256_cmp_pd(a, b, _CMP_NEQ_UQ);
}
static inline vd vd_select(vmd m, vd yes, vd no)
{
    return _mm256_blendv_pd(no, yes, m);
}
static inline double vd_sum(vd a)
{
    __m128d s = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_add_sd(s, _mm_unpackhi_pd(s, s)));
}
static inline vd vd_load_f32(const float *p)
{
    return _mm256_cvtps_pd(_mm_loadu_ps(p));
}

/* r[i] lane j <-> r[j] lane i */
static inline void vf_transpose(vf r[8])
{
    __m256 t[8], u[8];
    for (int i = 0; i < 4; ++i) {
        t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 2; ++i) {
        u[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
        u[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
        u[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
        u[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
    }
    for (int j = 0; j < 4; ++j) {
        r[j] = _mm256_permute2f128_ps(u[j], u[4 + j], 0x20);
        r[4 + j] = _mm256_permute2f128_ps(u[j], u[4 + j], 0x31);
    }
}
