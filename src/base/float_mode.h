/* float_mode.h - how the thread that asks computes with denormal numbers.
 *
 * Products of tiny gradients are denormal, and many processors handle each with a slow assist of
 * more than a hundred cycles. A run of a program takes them as 0, which is part of its results; the
 * caller's mode is back when it ends. The threads of a pool work in the mode of who calls them. */
#ifndef AD_BASE_FLOAT_MODE_H
#define AD_BASE_FLOAT_MODE_H

#include <stdint.h>

#if defined(__x86_64__)
typedef uint32_t ad_float_mode;

/* Without what operations have noted there: inexact results and the like. */
static inline ad_float_mode ad_float_mode_get(void)
{
    enum { NOTES = 0x3f };
    return __builtin_ia32_stmxcsr() & ~(ad_float_mode)NOTES;
}

static inline void ad_float_mode_set(ad_float_mode mode)
{
    __builtin_ia32_ldmxcsr(mode);
}

static inline ad_float_mode ad_float_mode_no_denormals(ad_float_mode mode)
{
    enum { INPUTS = 1 << 6, RESULTS = 1 << 15 };
    return mode | INPUTS | RESULTS;
}
#elif defined(__aarch64__)
typedef uint64_t ad_float_mode;

static inline ad_float_mode ad_float_mode_get(void)
{
    ad_float_mode mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}

static inline void ad_float_mode_set(ad_float_mode mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}

static inline ad_float_mode ad_float_mode_no_denormals(ad_float_mode mode)
{
    return mode | (ad_float_mode)1 << 24;
}
#else
typedef uint32_t ad_float_mode;

static inline ad_float_mode ad_float_mode_get(void)
{
    return 0;
}

static inline void ad_float_mode_set(ad_float_mode mode)
{
    (void)mode;
}

static inline ad_float_mode ad_float_mode_no_denormals(ad_float_mode mode)
{
    return mode;
}
#endif
#endif
