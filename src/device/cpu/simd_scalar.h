/* simd_scalar.h - simd.h in plain C, one element wide: the reference; included by simd.h only. */

enum { AD_VF = 1, AD_VD = 1 };
typedef float vf;
typedef int32_t vi;
typedef bool vm;
typedef double vd;
typedef bool vmd;

static inline vm vm_first(int64_t n)
{
    return n > 0;
}
static inline vmd vmd_first(int64_t n)
{
    return n > 0;
}

/* ---- floats ---- */
static inline vf vf_set1(float a)
{
    return a;
}
static inline vf vf_load(const float *p)
{
    return *p;
}
static inline void vf_store(float *p, vf a)
{
    *p = a;
}
static inline vf vf_load_n(const float *p, int64_t n)
{
    return n > 0 ? *p : 0;
}
static inline void vf_store_n(float *p, vf a, int64_t n)
{
    if (n > 0) *p = a;
}
static inline vf vf_add(vf a, vf b)
{
    return a + b;
}
static inline vf vf_sub(vf a, vf b)
{
    return a - b;
}
static inline vf vf_mul(vf a, vf b)
{
    return a * b;
}
static inline vf vf_div(vf a, vf b)
{
    return a / b;
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return a * b + c;
}
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return c - a * b;
}
static inline vf vf_min(vf a, vf b)
{
    return a < b ? a : b;
}
static inline vf vf_max(vf a, vf b)
{
    return a > b ? a : b;
}
static inline vf vf_sqrt(vf a)
{
    return sqrtf(a);
}
static inline vf vf_round(vf a)
{
    return rintf(a);
} /* to nearest even */
static inline vm vf_lt(vf a, vf b)
{
    return a < b;
}
static inline vm vf_le(vf a, vf b)
{
    return a <= b;
}
static inline vm vf_eq(vf a, vf b)
{
    return a == b;
}
static inline vm vf_ne(vf a, vf b)
{
    return a != b;
}
static inline vf vf_select(vm m, vf yes, vf no)
{
    return m ? yes : no;
}
static inline float vf_sum(vf a)
{
    return a;
}
static inline vf vf_evens(vf a, vf b) /* wider: lanes 0, 2, 4 .. of a, then of b */
{
    (void)b;
    return a;
}
static inline vf vf_odds(vf a, vf b) /* wider: lanes 1, 3, 5 .. of a, then of b */
{
    (void)a;
    return b;
}
static inline vf vf_permute(vf a, vi lane) /* wider: out[i] = a[lane[i]] */
{
    (void)lane;
    return a;
}
static inline vf vf_load_twice(const float *p) /* wider: half a vector, into both halves */
{
    return *p;
}
static inline void vf_store_half(float *p, vf a) /* wider: the first half of a vector */
{
    *p = a;
}
static inline float vf_largest(vf a)
{
    return a;
}
static inline float vf_smallest(vf a)
{
    return a;
}

/* ---- truth values ---- */
static inline vm vm_and(vm a, vm b)
{
    return a && b;
}
static inline vm vm_or(vm a, vm b)
{
    return a || b;
}
static inline vm vm_not(vm a)
{
    return !a;
}
static inline bool vm_any(vm a)
{
    return a;
}

/* ---- int32; arithmetic wraps ---- */
static inline vi vi_set1(int32_t a)
{
    return a;
}
static inline vi vi_load(const int32_t *p)
{
    return *p;
}
static inline void vi_store(int32_t *p, vi a)
{
    *p = a;
}
static inline vi vi_load_i8(const void *p)
{
    return *(const int8_t *)p;
}
static inline vi vi_load_u8(const void *p)
{
    return *(const uint8_t *)p;
}
static inline vi vi_add(vi a, vi b)
{
    return (vi)((uint32_t)a + (uint32_t)b);
}
static inline vi vi_sub(vi a, vi b)
{
    return (vi)((uint32_t)a - (uint32_t)b);
}
static inline vi vi_and(vi a, vi b)
{
    return a & b;
}
static inline vi vi_or(vi a, vi b)
{
    return a | b;
}
static inline vi vi_xor(vi a, vi b)
{
    return a ^ b;
}
static inline vi vi_shl(vi a, int bits)
{
    return (vi)((uint32_t)a << bits);
}
static inline vi vi_shr(vi a, int bits)
{
    return (vi)((uint32_t)a >> bits);
} /* logical */
static inline vi vi_sar(vi a, int bits)
{
    return a >> bits;
} /* arithmetic */
static inline vm vi_eq(vi a, vi b)
{
    return a == b;
}
static inline vm vi_gt(vi a, vi b)
{
    return a > b;
}
static inline vi vi_select(vm m, vi yes, vi no)
{
    return m ? yes : no;
}
static inline vi vf_to_vi(vf a) /* to nearest even; out of range and NaN: INT32_MIN, as x86 does */
{
    a = rintf(a);
    return a >= -0x1p31f && a < 0x1p31f ? (vi)a : INT32_MIN;
}
static inline vf vi_to_vf(vi a)
{
    return (vf)a;
}
static inline vi vf_as_vi(vf a)
{
    vi u;
    memcpy(&u, &a, 4);
    return u;
}
static inline vf vi_as_vf(vi u)
{
    vf a;
    memcpy(&a, &u, 4);
    return a;
}

/* ---- bf16 and f16 in memory ---- */
static inline vf vf_load_bf16(const uint16_t *p)
{
    return ad_bf16_to_f32(*p);
}
static inline void vf_store_bf16(uint16_t *p, vf a)
{
    *p = ad_f32_to_bf16(a);
}
static inline vf vf_load_f16(const uint16_t *p)
{
    return ad_f16_to_f32(*p);
}
static inline vf vf_spread_f16(uint16_t a)
{
    return ad_f16_to_f32(a);
}
static inline void vf_store_f16(uint16_t *p, vf a)
{
    *p = ad_f32_to_f16(a);
}
static inline vf vf_load_bf16_n(const uint16_t *p, int64_t n)
{
    return n > 0 ? ad_bf16_to_f32(*p) : 0;
}
static inline vf vf_load_f16_n(const uint16_t *p, int64_t n)
{
    return n > 0 ? ad_f16_to_f32(*p) : 0;
}
static inline void vf_store_bf16_n(uint16_t *p, vf a, int64_t n)
{
    if (n > 0) *p = ad_f32_to_bf16(a);
}
static inline void vf_store_f16_n(uint16_t *p, vf a, int64_t n)
{
    if (n > 0) *p = ad_f32_to_f16(a);
}

/* ---- doubles ---- */
static inline vd vd_set1(double a)
{
    return a;
}
static inline vd vd_load(const double *p)
{
    return *p;
}
static inline void vd_store(double *p, vd a)
{
    *p = a;
}
static inline vd vd_load_n(const double *p, int64_t n)
{
    return n > 0 ? *p : 0;
}
static inline void vd_store_n(double *p, vd a, int64_t n)
{
    if (n > 0) *p = a;
}
static inline vd vd_add(vd a, vd b)
{
    return a + b;
}
static inline vd vd_sub(vd a, vd b)
{
    return a - b;
}
static inline vd vd_mul(vd a, vd b)
{
    return a * b;
}
static inline vd vd_div(vd a, vd b)
{
    return a / b;
}
static inline vd vd_fma(vd a, vd b, vd c)
{
    return a * b + c;
}
static inline vd vd_min(vd a, vd b)
{
    return a < b ? a : b;
}
static inline vd vd_max(vd a, vd b)
{
    return a > b ? a : b;
}
static inline vd vd_sqrt(vd a)
{
    return sqrt(a);
}
static inline vmd vd_lt(vd a, vd b)
{
    return a < b;
}
static inline vmd vd_le(vd a, vd b)
{
    return a <= b;
}
static inline vmd vd_eq(vd a, vd b)
{
    return a == b;
}
static inline vmd vd_ne(vd a, vd b)
{
    return a != b;
}
static inline vd vd_select(vmd m, vd yes, vd no)
{
    return m ? yes : no;
}
static inline double vd_sum(vd a)
{
    return a;
}
static inline vd vd_load_f32(const float *p)
{
    return *p;
}

static inline void vf_transpose(vf r[1])
{
    (void)r;
}
