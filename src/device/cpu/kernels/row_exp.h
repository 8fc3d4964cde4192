/* row_exp.h - exponentials of whole rows, for softmax and cross-entropy: f32 in vectors, f64 by
 * libm. */
#ifndef AD_CPU_ROW_EXP_H
#define AD_CPU_ROW_EXP_H

#include "device/cpu/vmath.h"

static inline float largest_f32(const float *x, int64_t n)
{
    vf a = vf_set1(-INFINITY), b = a;
    int64_t i = 0;
    for (; i + 2 * AD_VF <= n; i += 2 * AD_VF) {
        a = vf_max(vf_load(x + i), a), b = vf_max(vf_load(x + i + AD_VF), b);
    }
    float m = vf_largest(vf_max(a, b));
    for (; i < n; ++i) m = x[i] > m ? x[i] : m;
    return m;
}

static inline double largest_f64(const double *x, int64_t n)
{
    double m = -INFINITY;
    for (int64_t i = 0; i < n; ++i) m = x[i] > m ? x[i] : m;
    return m;
}

/* y = e^(x - shift), and the sum of that. y may be x, or NULL for the sum alone. */
static inline double exp_row_f32(float *y, const float *x, float shift, int64_t n)
{
    enum { BLOCK = 1024 }; /* added up in f32 before it goes into the double */
    double total = 0;
    for (int64_t at = 0; at < n; at += BLOCK) {
        int64_t count = n - at < BLOCK ? n - at : BLOCK;
        vf sum = vf_zero(), s = vf_set1(shift);
        for (int64_t i = 0; i < count; i += AD_VF) {
            int64_t rest = count - i;
            if (rest >= AD_VF) {
                vf e = vf_exp(vf_sub(vf_load(x + at + i), s));
                sum = vf_add(sum, e);
                if (y) vf_store(y + at + i, e);
                continue;
            }
            vf e = vf_exp(vf_sub(vf_load_n(x + at + i, rest), s));
            sum = vf_add(sum, vf_select(vm_first(rest), e, vf_zero()));
            if (y) vf_store_n(y + at + i, e, rest);
        }
        total += vf_sum(sum);
    }
    return total;
}

static inline double exp_row_f64(double *y, const double *x, double shift, int64_t n)
{
    double total = 0;
    for (int64_t i = 0; i < n; ++i) {
        double e = exp(x[i] - shift);
        total += e;
        if (y) y[i] = e;
    }
    return total;
}

/* y = e^(x - shift), a shift for each element. */
static inline void exp_each_f32(float *y, const float *x, const float *shift, int64_t n)
{
    for (int64_t i = 0; i < n; i += AD_VF) {
        int64_t rest = n - i < AD_VF ? n - i : AD_VF;
        vf_store_n(y + i, vf_exp(vf_sub(vf_load_n(x + i, rest), vf_load_n(shift + i, rest))), rest);
    }
}

static inline void exp_each_f64(double *y, const double *x, const double *shift, int64_t n)
{
    for (int64_t i = 0; i < n; ++i) y[i] = exp(x[i] - shift[i]);
}

#endif
