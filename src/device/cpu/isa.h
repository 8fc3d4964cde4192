/* isa.h - the name that a symbol has in this build of a kernel file.
 *
 * Every file below kernels/ is compiled once per instruction set, with AD_KERNEL_ISA 0 for scalar,
 * 1 AVX2, 2 AVX-512, 3 AVX-512 with bf16, 4 NEON. AD_ISA_NAME(ad_f) is ad_f_scalar, ad_f_avx2 and
 * so on. AD_FOR_ISAS(X, ...) expands X(suffix, level, ...) for every build that this processor
 * family has.
 */
#ifndef AD_CPU_ISA_H
#define AD_CPU_ISA_H

#define AD_ISA_JOIN_(name, suffix) name##_##suffix
#define AD_ISA_JOIN(name, suffix)  AD_ISA_JOIN_(name, suffix)

#ifdef AD_KERNEL_ISA
#if AD_KERNEL_ISA == 0
#define AD_ISA_SUFFIX scalar
#elif AD_KERNEL_ISA == 1
#define AD_ISA_SUFFIX avx2
#elif AD_KERNEL_ISA == 2
#define AD_ISA_SUFFIX avx512
#elif AD_KERNEL_ISA == 3
#define AD_ISA_SUFFIX avx512bf16
#else
#define AD_ISA_SUFFIX neon
#endif
#define AD_KERNEL_AVX512  (AD_KERNEL_ISA == 2 || AD_KERNEL_ISA == 3)
#define AD_KERNEL_NEON    (AD_KERNEL_ISA == 4)
#define AD_ISA_NAME(name) AD_ISA_JOIN(name, AD_ISA_SUFFIX)
#endif

#if defined(__x86_64__)
#define AD_FOR_ISAS(X, ...)                                                                        \
    X(scalar, 0, __VA_ARGS__)                                                                      \
    X(avx2, 1, __VA_ARGS__)                                                                        \
    X(avx512, 2, __VA_ARGS__)                                                                      \
    X(avx512bf16, 3, __VA_ARGS__)
#elif defined(__aarch64__)
#define AD_FOR_ISAS(X, ...)                                                                        \
    X(scalar, 0, __VA_ARGS__)                                                                      \
    X(neon, 1, __VA_ARGS__)
#else
#define AD_FOR_ISAS(X, ...) X(scalar, 0, __VA_ARGS__)
#endif

#endif
