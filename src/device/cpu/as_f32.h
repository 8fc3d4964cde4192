/* as_f32.h - elements of the narrow floats as f32, wherever they lie. For kernel sources. */
#ifndef AD_CPU_AS_F32_H
#define AD_CPU_AS_F32_H

#include <autodidact/tensor.h>

#include "device/cpu/simd.h"

static inline bool ad_is_narrow_float(ad_dtype dtype)
{
    return dtype == AD_F32 || dtype == AD_BF16 || dtype == AD_F16;
}

/* min(n, AD_VF) neighbours from element `at` on; the rest is 0. */
static inline vf ad_load_as_f32(const char *data, ad_dtype dtype, int64_t at, int64_t n)
{
    const uint16_t *half = (const uint16_t *)data + at;
    if (dtype == AD_BF16) return n >= AD_VF ? vf_load_bf16(half) : vf_load_bf16_n(half, n);
    if (dtype == AD_F16) return n >= AD_VF ? vf_load_f16(half) : vf_load_f16_n(half, n);
    const float *whole = (const float *)data + at;
    return n >= AD_VF ? vf_load(whole) : vf_load_n(whole, n);
}

static inline float ad_element_as_f32(const char *data, ad_dtype dtype, int64_t at)
{
    if (dtype == AD_BF16) return ad_bf16_to_f32(((const uint16_t *)data)[at]);
    if (dtype == AD_F16) return ad_f16_to_f32(((const uint16_t *)data)[at]);
    return ((const float *)data)[at];
}

#endif
