/* simd_neon.h - simd.h for AArch64's Advanced SIMD (NEON); included by simd.h only. */
#include <arm_neon.h>

enum { AD_VF = 4, AD_VD = 2 };
typedef float32x4_t vf;
typedef int32x4_t vi;
typedef uint32x4_t vm; /* all bits of a lane set, or none */
typedef float64x2_t vd;
typedef uint64x2_t vmd;

static inline vm vm_first(int64_t n)
{
    static const int32_t lane[4] = {0, 1, 2, 3};
    return vcltq_s32(vld1q_s32(lane), vdupq_n_s32((int32_t)n));
}
static inline vmd vmd_first(int64_t n)
{
    static const int64_t lane[2] = {0, 1};
    return vcltq_s64(vld1q_s64(lane), vdupq_n_s64(n));
}

/* ---- floats ---- */
static inline vf vf_set1(float a)
{
    return vdupq_n_f32(a);
}
static inline vf vf_load(const float *p)
{
    return vld1q_f32(p);
}
static inline void vf_store(float *p, vf a)
{
    vst1q_f32(p, a);
}
static inline vf vf_load_n(const float *p, int64_t n)
{
    vf a = vdupq_n_f32(0);
    if (n >= 4) return vld1q_f32(p);
    if (n >= 2) a = vcombine_f32(vld1_f32(p), vdup_n_f32(0));
    if (n == 3) a = vld1q_lane_f32(p + 2, a, 2);
    if (n == 1) a = vld1q_lane_f32(p, a, 0);
    return a;
}
static inline void vf_store_n(float *p, vf a, int64_t n)
{
    if (n >= 4) {
        vst1q_f32(p, a);
        return;
    }
    if (n >= 2) vst1_f32(p, vget_low_f32(a));
    if (n == 3) vst1q_lane_f32(p + 2, a, 2);
    if (n == 1) vst1q_lane_f32(p, a, 0);
}
static inline vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}
static inline vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return vfmsq_f32(c, a, b);
} /* c - a * b */
static inline vf vf_min(vf a, vf b) /* vminq would give a NaN wherever it stands */
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
static inline vf vf_sqrt(vf a)
{
    return vsqrtq_f32(a);
}
static inline vf vf_round(vf a) /* to nearest even */
{
    return vrndnq_f32(a);
}
static inline vm vf_lt(vf a, vf b)
{
    return vcltq_f32(a, b);
}
static inline vm vf_le(vf a, vf b)
{
    return vcleq_f32(a, b);
}
static inline vm vf_eq(vf a, vf b)
{
    return vceqq_f32(a, b);
}
static inline vm vf_ne(vf a, vf b)
{
    return vmvnq_u32(vceqq_f32(a, b));
}
static inline vf vf_select(vm m, vf yes, vf no)
{
    return vbslq_f32(m, yes, no);
}
static inline float vf_sum(vf a)
{
    return vaddvq_f32(a);
} /* a fixed tree */
/* Lanes 0, 2 of a, then of b; and lanes 1, 3. */
static inline vf vf_evens(vf a, vf b)
{
    return vuzp1q_f32(a, b);
}
static inline vf vf_odds(vf a, vf b)
{
    return vuzp2q_f32(a, b);
}
static inline vf vf_permute(vf a, vi lane) /* out[i] = a[lane[i]] */
{
    vi bytes = vaddq_s32(vmulq_n_s32(lane, 0x04040404), vdupq_n_s32(0x03020100));
    return vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(a), vreinterpretq_u8_s32(bytes)));
}
static inline vf vf_load_twice(const float *p) /* half a vector, into both halves */
{
    float32x2_t half = vld1_f32(p);
    return vcombine_f32(half, half);
}
static inline void vf_store_half(float *p, vf a) /* the first */
{
    vst1_f32(p, vget_low_f32(a));
}
static inline float vf_largest(vf a)
{
    return vmaxvq_f32(a);
}
static inline float vf_smallest(vf a)
{
    return vminvq_f32(a);
}

/* ---- truth values ---- */
static inline vm vm_and(vm a, vm b)
{
    return vandq_u32(a, b);
}
static inline vm vm_or(vm a, vm b)
{
    return vorrq_u32(a, b);
}
static inline vm vm_not(vm a)
{
    return vmvnq_u32(a);
}
static inline bool vm_any(vm a)
{
    return vmaxvq_u32(a) != 0;
}

/* ---- int32 ---- */
static inline vi vi_set1(int32_t a)
{
    return vdupq_n_s32(a);
}
static inline vi vi_load(const int32_t *p)
{
    return vld1q_s32(p);
}
static inline void vi_store(int32_t *p, vi a)
{
    vst1q_s32(p, a);
}
static inline uint8x8_t four_bytes(const void *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return vcreate_u8(word);
}
static inline vi vi_load_i8(const void *p)
{
    return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(four_bytes(p)))));
}
static inline vi vi_load_u8(const void *p)
{
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(four_bytes(p)))));
}
static inline vi vi_add(vi a, vi b)
{
    return vaddq_s32(a, b);
}
static inline vi vi_sub(vi a, vi b)
{
    return vsubq_s32(a, b);
}
static inline vi vi_and(vi a, vi b)
{
    return vandq_s32(a, b);
}
static inline vi vi_or(vi a, vi b)
{
    return vorrq_s32(a, b);
}
static inline vi vi_xor(vi a, vi b)
{
    return veorq_s32(a, b);
}
static inline vi vi_shl(vi a, int bits)
{
    return vshlq_s32(a, vdupq_n_s32(bits));
}
static inline vi vi_shr(vi a, int bits) /* logical */
{
    return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), vdupq_n_s32(-bits)));
}
static inline vi vi_sar(vi a, int bits) /* arithmetic */
{
    return vshlq_s32(a, vdupq_n_s32(-bits));
}
static inline vm vi_eq(vi a, vi b)
{
    return vceqq_s32(a, b);
}
static inline vm vi_gt(vi a, vi b)
{
    return vcgtq_s32(a, b);
}
static inline vi vi_select(vm m, vi yes, vi no)
{
    return vbslq_s32(m, yes, no);
}
static inline vi vf_to_vi(vf a) /* to nearest even; out of range and NaN: INT32_MIN, as x86 does */
{
    vm there = vandq_u32(vcgeq_f32(a, vdupq_n_f32(-0x1p31f)), vcltq_f32(a, vdupq_n_f32(0x1p31f)));
    return vbslq_s32(there, vcvtnq_s32_f32(a), vdupq_n_s32(INT32_MIN));
}
static inline vf vi_to_vf(vi a)
{
    return vcvtq_f32_s32(a);
}
static inline vi vf_as_vi(vf a)
{
    return vreinterpretq_s32_f32(a);
}
static inline vf vi_as_vf(vi a)
{
    return vreinterpretq_f32_s32(a);
}

/* ---- bf16 and f16 in memory ---- */
static inline vf vf_load_bf16(const uint16_t *p)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}
static inline void vf_store_bf16(uint16_t *p, vf a) /* to nearest even, keeps NaN */
{
    vi u = vf_as_vi(a);
    vi r = vi_add(u, vi_add(vi_set1(0x7fff), vi_and(vi_shr(u, 16), vi_set1(1))));
    r = vi_shr(vi_select(vf_ne(a, a), vi_or(u, vi_set1(0x400000)), r), 16);
    vst1_u16(p, vmovn_u32(vreinterpretq_u32_s32(r)));
}
static inline vf vf_load_f16(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline vf vf_spread_f16(uint16_t a)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(a)));
}
static inline void vf_store_f16(uint16_t *p, vf a)
{
    vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(a)));
}
static inline vf vf_load_bf16_n(const uint16_t *p, int64_t n)
{
    uint16_t whole[4] = {0};
    memcpy(whole, p, (size_t)n * 2);
    return vf_load_bf16(whole);
}
static inline void vf_store_bf16_n(uint16_t *p, vf a, int64_t n)
{
    uint16_t whole[4];
    vf_store_bf16(whole, a);
    memcpy(p, whole, (size_t)n * 2);
}
static inline vf vf_load_f16_n(const uint16_t *p, int64_t n)
{
    uint16_t whole[4] = {0};
    memcpy(whole, p, (size_t)n * 2);
    return vf_load_f16(whole);
}
static inline void vf_store_f16_n(uint16_t *p, vf a, int64_t n)
{
    uint16_t whole[4];
    vf_store_f16(whole, a);
    memcpy(p, whole, (size_t)n * 2);
}

/* ---- doubles ---- */
static inline vd vd_set1(double a)
{
    return vdupq_n_f64(a);
}
static inline vd vd_load(const double *p)
{
    return vld1q_f64(p);
}
static inline void vd_store(double *p, vd a)
{
    vst1q_f64(p, a);
}
static inline vd vd_load_n(const double *p, int64_t n)
{
    if (n >= 2) return vld1q_f64(p);
    vd zero = vdupq_n_f64(0);
    return n == 1 ? vld1q_lane_f64(p, zero, 0) : zero;
}
static inline void vd_store_n(double *p, vd a, int64_t n)
{
    if (n >= 2)
        vst1q_f64(p, a);
    else if (n == 1)
        vst1q_lane_f64(p, a, 0);
}
static inline vd vd_add(vd a, vd b)
{
    return vaddq_f64(a, b);
}
static inline vd vd_sub(vd a, vd b)
{
    return vsubq_f64(a, b);
}
static inline vd vd_mul(vd a, vd b)
{
    return vmulq_f64(a, b);
}
static inline vd vd_div(vd a, vd b)
{
    return vdivq_f64(a, b);
}
static inline vd vd_fma(vd a, vd b, vd c)
{
    return vfmaq_f64(c, a, b);
}
static inline vd vd_min(vd a, vd b)
{
    return vbslq_f64(vcltq_f64(a, b), a, b);
}
static inline vd vd_max(vd a, vd b)
{
    return vbslq_f64(vcgtq_f64(a, b), a, b);
}
static inline vd vd_sqrt(vd a)
{
    return vsqrtq_f64(a);
}
static inline vmd vd_lt(vd a, vd b)
{
    return vcltq_f64(a, b);
}
static inline vmd vd_le(vd a, vd b)
{
    return vcleq_f64(a, b);
}
static inline vmd vd_eq(vd a, vd b)
{
    return vceqq_f64(a, b);
}
static inline vmd vd_ne(vd a, vd b)
{
    return veorq_u64(vceqq_f64(a, b), vdupq_n_u64(UINT64_MAX));
}
static inline vd vd_select(vmd m, vd yes, vd no)
{
    return vbslq_f64(m, yes, no);
}
static inline double vd_sum(vd a)
{
    return vaddvq_f64(a);
}
static inline vd vd_load_f32(const float *p)
{
    return vcvt_f64_f32(vld1_f32(p));
}

/* r[i] lane j <-> r[j] lane i */
static inline void vf_transpose(vf r[4])
{
    float32x4_t a = vtrn1q_f32(r[0], r[1]), b = vtrn2q_f32(r[0], r[1]);
    float32x4_t c = vtrn1q_f32(r[2], r[3]), d = vtrn2q_f32(r[2], r[3]);
    r[0] = vcombine_f32(vget_low_f32(a), vget_low_f32(c));
    r[1] = vcombine_f32(vget_low_f32(b), vget_low_f32(d));
    r[2] = vcombine_f32(vget_high_f32(a), vget_high_f32(c));
    r[3] = vcombine_f32(vget_high_f32(b), vget_high_f32(d));
}
