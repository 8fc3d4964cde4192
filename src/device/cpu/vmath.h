/* vmath.h - elementary functions of float vectors, in the words of simd.h.
 *
 * How far each may be off over its interval, in every build, is said in kernels/steps.def, and
 * tests/unit/vmath.c holds it to that. log1p of [0, 1]: 2 units in the last place. sin and cos: for
 * |x| <= VF_TRIG_MAX only. gelu_tanh's exponent is rounded before it is used, and gelu's x/2 (1 +
 * erf) cancels for negative x.
 *
 * NaN gives NaN. exp overflows to infinity and underflows gradually; sigmoid is 0 where the result
 * would not be a normal number (x < -87.3), as are silu and gelu_tanh (times x). Polynomials are
 * minimax fits (Lawson's iteration) on the reduced interval; log is the series in s = f / (2 + f)
 * of FreeBSD's e_logf.c; argument reduction is Cody and Waite's. */
#ifndef AD_CPU_VMATH_H
#define AD_CPU_VMATH_H

#include "device/cpu/simd.h"

#define VF_TRIG_MAX 8192.0f

static inline vf vf_poly4(vf x, float c0, float c1, float c2, float c3, float c4)
{
    vf p = vf_fma(vf_set1(c4), x, vf_set1(c3));
    p = vf_fma(p, x, vf_set1(c2));
    p = vf_fma(p, x, vf_set1(c1));
    return vf_fma(p, x, vf_set1(c0));
}

/* 2^n for -126 <= n <= 127. */
static inline vf vf_power_of_two(vi n)
{
    return vi_as_vf(vi_shl(vi_add(n, vi_set1(127)), 23));
}

/* Keeps NaN: the second operand is returned when one is NaN. */
static inline vf vf_clamp(vf x, float low, float high)
{
    return vf_max(vf_set1(low), vf_min(vf_set1(high), x));
}

/* x = n ln 2 + r, |r| <= ln(2) / 2; returns e^r - 1. |x| < 150. */
static inline vf vf_exp_reduced(vf x, vi *n)
{
    vf k = vf_round(vf_mul(x, vf_set1(1.44269504f)));
    vf r = vf_fnma(k, vf_set1(0.693359375f), x); /* 9 bits: exact */
    r = vf_fnma(k, vf_set1(-2.12194440e-4f), r);
    vf q = vf_poly4(r, 5.000000000e-01f, 1.666651219e-01f, 4.166618735e-02f, 8.369598538e-03f,
                    1.395171741e-03f);
    *n = vf_to_vi(k);
    return vf_fma(vf_mul(r, r), q, r);
}

static inline vf vf_exp(vf x)
{
    vi n;
    vf p = vf_exp_reduced(vf_clamp(x, -104.0f, 89.0f), &n);
#if AD_KERNEL_AVX512
    return _mm512_scalef_ps(vf_add(p, vf_set1(1)), vi_to_vf(n));
#else
    vi half = vi_sar(n, 1); /* in two steps: n reaches -150 and 128 */
    p = vf_fma(p, vf_power_of_two(half), vf_power_of_two(half));
    return vf_mul(p, vf_power_of_two(vi_sub(n, half)));
#endif
}

static inline vf vf_expm1(vf x)
{
    vi n;
    vf p = vf_exp_reduced(vf_clamp(x, -18.0f, 89.0f), &n);
    vi half = vi_sar(n, 1);
    vf a = vf_power_of_two(half), b = vf_power_of_two(vi_sub(n, half));
    vf scale = vf_mul(a, b); /* infinite for n = 128, where the 1 does not count */
    vf near = vf_fma(scale, p, vf_sub(scale, vf_set1(1)));
    vf far = vf_mul(vf_fma(p, a, a), b);
    vf y = vf_select(vf_gt(x, vf_set1(80)), far, near);
    return vf_select(vf_eq(x, vf_zero()), x, y);
}

/* The same for x < 0, where e^x is at most 1; of other x anything. */
static inline vf vf_expm1_below(vf x)
{
    vi n;
    vf p = vf_exp_reduced(vf_max(vf_set1(-18), x), &n), scale = vf_power_of_two(n);
    return vf_fma(scale, p, vf_sub(scale, vf_set1(1)));
}

/* The logarithm of x > 0, normal. */
static inline vf vf_log_normal(vf x, vf exponent)
{
    vi bits = vi_add(vf_as_vi(x), vi_set1(0x3f800000 - 0x3f3504f3));
    vf k = vf_add(vi_to_vf(vi_sub(vi_sar(bits, 23), vi_set1(127))), exponent);
    bits = vi_add(vi_and(bits, vi_set1(0x007fffff)), vi_set1(0x3f3504f3));
    vf f = vf_sub(vi_as_vf(bits), vf_set1(1)); /* sqrt(1/2) - 1 <= f < sqrt(2) - 1 */
    vf s = vf_div(f, vf_add(vf_set1(2), f)), z = vf_mul(s, s), w = vf_mul(z, z);
    vf odd = vf_mul(w, vf_fma(w, vf_set1(0xf89e26.0p-26f), vf_set1(0xccce13.0p-25f)));
    vf even = vf_mul(z, vf_fma(w, vf_set1(0x91e9ee.0p-25f), vf_set1(0xaaaaaa.0p-24f)));
    vf half = vf_mul(vf_set1(0.5f), vf_mul(f, f));
    vf y = vf_mul(s, vf_add(half, vf_add(odd, even)));
    y = vf_fma(k, vf_set1(9.0580006145e-06f), y);
    return vf_fma(k, vf_set1(6.9313812256e-01f), vf_add(vf_sub(y, half), f));
}

static inline vf vf_log(vf x)
{
    vm small = vf_lt(x, vf_set1(0x1p-126f));
    vf y = vf_log_normal(vf_select(small, vf_mul(x, vf_set1(0x1p23f)), x),
                         vf_select(small, vf_set1(-23), vf_zero()));
    y = vf_select(vf_lt(x, vf_set1(INFINITY)), y, x); /* inf, NaN */
    y = vf_select(vf_eq(x, vf_zero()), vf_set1(-INFINITY), y);
    return vf_select(vf_lt(x, vf_zero()), vf_set1(NAN), y);
}

/* log(1 + e) for 0 <= e <= 1: the logarithm of the rounded sum, and what was rounded off. */
static inline vf vf_log1p_unit(vf e)
{
    vf u = vf_add(vf_set1(1), e);
    vf lost = vf_sub(e, vf_sub(u, vf_set1(1)));
    return vf_add(vf_log_normal(u, vf_zero()), vf_div(lost, u));
}

static inline vf vf_rsqrt(vf x)
{
    return vf_div(vf_set1(1), vf_sqrt(x));
}

static inline vf vf_floor(vf x)
{
    vf r = vf_round(x);
    return vf_select(vf_gt(r, x), vf_sub(r, vf_set1(1)), r);
}

/* The sign of `sign` on |a|. */
static inline vf vf_copysign(vf a, vf sign)
{
    vi bits = vi_and(vf_as_vi(sign), vi_set1(INT32_MIN));
    return vi_as_vf(vi_or(vi_and(vf_as_vi(a), vi_set1(INT32_MAX)), bits));
}

static inline vf vf_tanh(vf x)
{
    vf a = vf_abs(x), z = vf_mul(x, x);
    vf p = vf_poly4(z, -3.333328068e-01f, 1.333138347e-01f, -5.373400077e-02f, 2.061812207e-02f,
                    -5.679303780e-03f);
    vf near = vf_fma(vf_mul(x, z), p, x);
    vf far = vf_sub(vf_set1(1), vf_div(vf_set1(2), vf_add(vf_exp(vf_add(a, a)), vf_set1(1))));
    return vf_select(vf_lt(a, vf_set1(0.625f)), near, vf_copysign(far, x));
}

static inline vf vf_sigmoid(vf x)
{
    vf y = vf_div(vf_set1(1), vf_add(vf_set1(1), vf_exp(vf_neg(x))));
    return vf_select(vf_lt(x, vf_set1(-87.3f)), vf_zero(), y);
}

/* x / (1 + e^-x) */
static inline vf vf_silu(vf x)
{
    return vf_mul(x, vf_sigmoid(x));
}

static inline vf vf_erf(vf x)
{
    vf a = vf_abs(x), z = vf_mul(x, x);
    vf near = vf_fma(vf_set1(-5.953739164e-04f), z, vf_set1(4.985940177e-03f));
    near = vf_fma(near, z, vf_set1(-2.676171996e-02f));
    near = vf_fma(near, z, vf_set1(1.128168255e-01f));
    near = vf_fma(near, z, vf_set1(-3.761247993e-01f));
    near = vf_fma(near, z, vf_set1(1.283791512e-01f));
    near = vf_fma(near, x, x);
    vf t = vf_min(vf_set1(4), a); /* erf(4) rounds to 1 */
    vf q = vf_poly4(t, -6.370596886e-01f, -1.040374190e-01f, 2.227711678e-02f, -3.055615583e-03f,
                    1.971826277e-04f);
    q = vf_fma(q, t, vf_set1(-1.127749562e+00f)); /* log(1 - erf(t)) */
    q = vf_fma(q, t, vf_set1(-1.774872362e-04f));
    vf far = vf_copysign(vf_sub(vf_set1(1), vf_exp(q)), x);
    return vf_select(vf_gt(a, vf_set1(0.93f)), far, near);
}

static inline vf vf_gelu(vf x)
{
    vf half = vf_mul(x, vf_set1(0.5f));
    return vf_fma(half, vf_erf(vf_mul(x, vf_set1(0.707106781f))), half);
}

/* x/2 (1 + tanh(u)) = x sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x^3) */
static inline vf vf_gelu_tanh(vf x)
{
    vf u = vf_fma(vf_mul(vf_mul(x, x), x), vf_set1(0.0713548162f), vf_mul(x, vf_set1(1.59576912f)));
    return vf_mul(x, vf_sigmoid(u));
}

/* The derivatives: Phi(x) + x phi(x); s + x s (1 - s) 2u', s = sigmoid(2u). */
static inline vf vf_gelu_slope(vf x)
{
    vf half = vf_set1(0.5f), area = vf_fma(half, vf_erf(vf_mul(x, vf_set1(0.707106781f))), half);
    vf density = vf_mul(vf_exp(vf_mul(vf_mul(x, x), vf_set1(-0.5f))), vf_set1(0.398942280f));
    return vf_fma(x, density, area);
}

static inline vf vf_gelu_tanh_slope(vf x)
{
    vf z = vf_mul(x, x), one = vf_set1(1), start = vf_set1(1.59576912f);
    vf u = vf_mul(x, vf_fma(z, vf_set1(0.0713548162f), start)); /* twice what is u above */
    vf slope = vf_mul(x, vf_fma(z, vf_set1(0.214064449f), start));
    vf e = vf_exp(vf_neg(vf_abs(u))), large = vf_div(one, vf_add(one, e)), small = vf_mul(e, large);
    vf s = vf_select(vf_lt(u, vf_zero()), small, large);
    return vf_fma(vf_mul(slope, small), large, s);
}

static inline vf vf_softplus(vf x)
{
    vf y = vf_log1p_unit(vf_exp(vf_neg(vf_abs(x))));
    return vf_add(vf_select(vf_lt(x, vf_zero()), vf_zero(), x), y);
}

/* x tanh(log(1 + e^x)), where tanh(log(u)) = (u^2 - 1) / (u^2 + 1): with e = exp(-|x|),
 *     x >= 0: n = 1 + 2e,  tanh = n / (n + 2e^2);  x < 0: n = 2e + e^2,  tanh = n / (n + 2). */
static inline vf vf_mish(vf x)
{
    vf e = vf_exp(vf_neg(vf_abs(x))), square = vf_mul(e, e), twice = vf_add(e, e);
    vm below = vf_lt(x, vf_zero());
    vf n = vf_add(twice, vf_select(below, square, vf_set1(1)));
    vf rest = vf_select(below, vf_set1(2), vf_add(square, square));
    return vf_mul(x, vf_div(n, vf_add(n, rest)));
}

/* quarter 0: sine, 1: cosine. Only for |x| <= VF_TRIG_MAX. */
static inline vf vf_sincos(vf x, int quarter)
{
    vf k = vf_round(vf_mul(x, vf_set1(0.636619772f)));
    vf r = vf_fnma(k, vf_set1(0x1.92p+0f), x); /* pi / 2 in pieces; the first products are exact */
    r = vf_fnma(k, vf_set1(0x1.fb4p-12f), r);
    r = vf_fnma(k, vf_set1(0x1.444p-24f), r);
    r = vf_fnma(k, vf_set1(0x1.68c234p-39f), r);
    vi n = vi_add(vf_to_vi(k), vi_set1(quarter));
    vf z = vf_mul(r, r);
    vf s = vf_fma(vf_set1(-1.9515295891e-4f), z, vf_set1(8.3321608736e-3f));
    s = vf_fma(s, z, vf_set1(-1.6666654611e-1f));
    s = vf_fma(vf_mul(s, z), r, r);
    vf c = vf_fma(vf_set1(2.443315711809948e-5f), z, vf_set1(-1.388731625493765e-3f));
    c = vf_fma(c, z, vf_set1(4.166664568298827e-2f));
    c = vf_fma(vf_mul(z, z), c, vf_fnma(vf_set1(0.5f), z, vf_set1(1)));
    vf y = vf_select(vi_eq(vi_and(n, vi_set1(1)), vi_set1(0)), s, c);
    return vi_as_vf(vi_xor(vf_as_vi(y), vi_shl(vi_and(n, vi_set1(2)), 30)));
}

#endif
