/* chain_steps.c - the functions of chain steps on f32 registers, and the choice among all types.
 *
 * f32 is vector code, an expression of steps.def each; f64 and integers are in chain_types.c: plain
 * loops, for the compiler to vectorise where it can. */
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/chain_types.h"
#include "device/cpu/vmath.h"

#include <math.h>

/* x^y is the C library's. */
static inline vf power(vf x, vf y)
{
    float base[AD_VF], exponent[AD_VF];
    vf_store(base, x), vf_store(exponent, y);
    for (int i = 0; i < AD_VF; ++i) base[i] = powf(base[i], exponent[i]);
    return vf_load(base);
}

/* quarter 0: sine, 1: cosine. The vector form, but for arguments that are too large for it the C
 * library's. */
static inline vf sine_or_cosine(vf x, int quarter)
{
    vf near = vf_sincos(x, quarter);
    if (!vm_any(vm_not(vf_le(vf_abs(x), vf_set1(VF_TRIG_MAX))))) return near;
    float argument[AD_VF], result[AD_VF];
    vf_store(argument, x), vf_store(result, near);
    for (int i = 0; i < AD_VF; ++i) {
        if (fabsf(argument[i]) <= VF_TRIG_MAX) continue;
        result[i] = quarter ? cosf(argument[i]) : sinf(argument[i]);
    }
    return vf_load(result);
}

#define PARAMETERS                                                                                 \
    (void *dst, const void *first, const void *second, const void *third,                          \
     const ad_chain_step *step, int64_t n)
#define STEP1(op, low, high, units, of, f32, f64)                                                  \
    static void f32_##op PARAMETERS                                                                \
    {                                                                                              \
        const vf a = vf_set1((float)step->a), b = vf_set1((float)step->b);                         \
        (void)second, (void)third, (void)a, (void)b;                                               \
        AD_INDEPENDENT for (int64_t i = 0; i < n; i += AD_VF)                                      \
        {                                                                                          \
            vf x = vf_load((const float *)first + i);                                              \
            vf_store((float *)dst + i, f32);                                                       \
        }                                                                                          \
    }
#define STEP2(op, low, high, units, of, f32, f64)                                                  \
    static void f32_##op PARAMETERS                                                                \
    {                                                                                              \
        (void)third, (void)step;                                                                   \
        AD_INDEPENDENT for (int64_t i = 0; i < n; i += AD_VF)                                      \
        {                                                                                          \
            vf x = vf_load((const float *)first + i), y = vf_load((const float *)second + i);      \
            vf_store((float *)dst + i, f32);                                                       \
        }                                                                                          \
    }
#include "device/cpu/kernels/steps.def"
#undef STEP1
#undef STEP2

static const ad_chain_kernel f32_kernels[AD_OPS] = {
#define STEP1(op, ...) [AD_OP_##op] = f32_##op,
#define STEP2          STEP1
#include "device/cpu/kernels/steps.def"
#undef STEP1
#undef STEP2
};

ad_chain_kernel AD_ISA_NAME(ad_chain_step_kernel)(const ad_chain_step *step)
{
    if (step->op >= AD_OPS) return NULL;
    if (step->type == AD_F32 && f32_kernels[step->op]) return f32_kernels[step->op];
    return AD_ISA_NAME(ad_chain_plain_kernel)(step);
}
