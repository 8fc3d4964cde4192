/* chain_steps.c - the functions of chain steps on f32 registers, and the choice among all types.
 *
 * f32 is vector code (vmath.h); f64 and integers are in chain_types.c: plain loops, for the
 * compiler to vectorise where it can. */
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/chain_types.h"
#include "device/cpu/vmath.h"

#include <math.h>

#define F32_1(name, expression)                                                                    \
    static void name(void *dst, const void *a, const void *b, const void *c,                       \
                     const ad_chain_step *step, int64_t n)                                         \
    {                                                                                              \
        (void)b, (void)c, (void)step;                                                              \
        AD_INDEPENDENT for (int64_t i = 0; i < n; i += AD_VF)                                      \
        {                                                                                          \
            vf x = vf_load((const float *)a + i);                                                  \
            vf_store((float *)dst + i, expression);                                                \
        }                                                                                          \
    }
#define F32_2(name, expression)                                                                    \
    static void name(void *dst, const void *a, const void *b, const void *c,                       \
                     const ad_chain_step *step, int64_t n)                                         \
    {                                                                                              \
        (void)c, (void)step;                                                                       \
        AD_INDEPENDENT for (int64_t i = 0; i < n; i += AD_VF)                                      \
        {                                                                                          \
            vf x = vf_load((const float *)a + i), y = vf_load((const float *)b + i);               \
            vf_store((float *)dst + i, expression);                                                \
        }                                                                                          \
    }
static inline vf floor_of(vf x)
{
    vf r = vf_round(x);
    return vf_select(vf_gt(r, x), vf_sub(r, vf_set1(1)), r);
}

F32_1(neg, vf_neg(x))
F32_1(exponential, vf_exp(x))
F32_1(logarithm, vf_log(x))
F32_1(root, vf_sqrt(x))
F32_1(inverse_root, vf_rsqrt(x))
F32_1(reciprocal, vf_div(vf_set1(1), x))
F32_1(square, vf_mul(x, x))
F32_1(hyperbolic, vf_tanh(x))
F32_1(sigmoid, vf_sigmoid(x))
F32_1(error_function, vf_erf(x))
F32_1(gelu, vf_gelu(x))
F32_1(gelu_tanh, vf_gelu_tanh(x))
F32_1(gelu_slope, vf_gelu_slope(x))
F32_1(gelu_tanh_slope, vf_gelu_tanh_slope(x))
F32_1(relu, vf_select(vf_lt(x, vf_zero()), vf_zero(), x))
F32_1(leaky_relu, vf_select(vf_lt(x, vf_zero()), vf_mul(x, vf_set1((float)step->a)), x))
F32_1(elu, vf_select(vf_lt(x, vf_zero()), vf_mul(vf_set1((float)step->a), vf_expm1(x)), x))
F32_1(silu, vf_silu(x))
F32_1(softplus, vf_softplus(x))
F32_1(magnitude, vf_abs(x))
F32_1(sign, vf_select(vf_gt(x, vf_zero()), vf_set1(1),
                      vf_select(vf_lt(x, vf_zero()), vf_set1(-1), vf_mul(x, vf_zero()))))
F32_1(down, floor_of(x))
F32_1(clamp, vf_clamp(x, (float)step->a, (float)step->b))
F32_1(copy, x)
F32_2(add, vf_add(x, y))
F32_2(sub, vf_sub(x, y))
F32_2(mul, vf_mul(x, y))
F32_2(divide, vf_div(x, y))
/* NaN in either operand gives NaN. */
F32_2(maximum, vf_select(vm_or(vf_gt(x, y), vf_ne(x, x)), x, y))
F32_2(minimum, vf_select(vm_or(vf_lt(x, y), vf_ne(x, x)), x, y))

static void power(void *dst, const void *a, const void *b, const void *c, const ad_chain_step *step,
                  int64_t n)
{
    (void)c, (void)step;
    for (int64_t i = 0; i < n; ++i) {
        ((float *)dst)[i] = powf(((const float *)a)[i], ((const float *)b)[i]);
    }
}

/* The vector form where every argument of the vector is small enough, else the C library's. */
static void sine_or_cosine(float *dst, const float *a, int quarter, int64_t n)
{
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf x = vf_load(a + i);
        bool far = false;
        float argument[AD_VF];
        vf_store(argument, x);
        if (vm_any(vm_not(vf_le(vf_abs(x), vf_set1(VF_TRIG_MAX))))) far = true;
        vf_store(dst + i, vf_sincos(x, quarter));
        for (int64_t j = 0; far && j < AD_VF; ++j) {
            if (fabsf(argument[j]) <= VF_TRIG_MAX) continue;
            dst[i + j] = quarter ? cosf(argument[j]) : sinf(argument[j]);
        }
    }
}

static void sine(void *dst, const void *a, const void *b, const void *c, const ad_chain_step *step,
                 int64_t n)
{
    (void)b, (void)c, (void)step;
    sine_or_cosine(dst, a, 0, n);
}

static void cosine(void *dst, const void *a, const void *b, const void *c,
                   const ad_chain_step *step, int64_t n)
{
    (void)b, (void)c, (void)step;
    sine_or_cosine(dst, a, 1, n);
}

static const ad_chain_kernel f32_kernels[AD_OPS] = {
    [AD_OP_NEG] = neg,
    [AD_OP_EXP] = exponential,
    [AD_OP_LOG] = logarithm,
    [AD_OP_SQRT] = root,
    [AD_OP_RSQRT] = inverse_root,
    [AD_OP_RECIPROCAL] = reciprocal,
    [AD_OP_SQUARE] = square,
    [AD_OP_SIN] = sine,
    [AD_OP_COS] = cosine,
    [AD_OP_TANH] = hyperbolic,
    [AD_OP_SIGMOID] = sigmoid,
    [AD_OP_ERF] = error_function,
    [AD_OP_GELU] = gelu,
    [AD_OP_GELU_TANH] = gelu_tanh,
    [AD_OP_GELU_SLOPE] = gelu_slope,
    [AD_OP_GELU_TANH_SLOPE] = gelu_tanh_slope,
    [AD_OP_RELU] = relu,
    [AD_OP_LEAKY_RELU] = leaky_relu,
    [AD_OP_ELU] = elu,
    [AD_OP_SILU] = silu,
    [AD_OP_SOFTPLUS] = softplus,
    [AD_OP_ABS] = magnitude,
    [AD_OP_SIGN] = sign,
    [AD_OP_FLOOR] = down,
    [AD_OP_CLAMP] = clamp,
    [AD_OP_STOP_GRADIENT] = copy,
    [AD_OP_ADD] = add,
    [AD_OP_SUB] = sub,
    [AD_OP_MUL] = mul,
    [AD_OP_DIV] = divide,
    [AD_OP_MAXIMUM] = maximum,
    [AD_OP_MINIMUM] = minimum,
    [AD_OP_POW] = power,
};

ad_chain_kernel AD_ISA_NAME(ad_chain_step_kernel)(const ad_chain_step *step)
{
    if (step->op >= AD_OPS) return NULL;
    if (step->type == AD_F32 && f32_kernels[step->op]) return f32_kernels[step->op];
    return AD_ISA_NAME(ad_chain_plain_kernel)(step);
}
