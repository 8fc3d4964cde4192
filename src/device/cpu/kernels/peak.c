/* peak.c - the register tile of the matrix product without its loads. */
#include "device/cpu/peak.h"
#include "base/cpu.h"
#include "device/cpu/gemm.h"

enum { ROWS = AD_MR, COLS = AD_NV };

/* The sum keeps the work from being removed. */
static float total(vf acc[ROWS][COLS])
{
    vf sum = vf_zero();
    for (int i = 0; i < ROWS; ++i)
        for (int j = 0; j < COLS; ++j) sum = vf_add(sum, acc[i][j]);
    return vf_sum(sum);
}

double AD_ISA_NAME(ad_peak_f32)(int64_t rounds)
{
    vf acc[ROWS][COLS], a = vf_set1(0x1p-20f), b[COLS];
    for (int i = 0; i < ROWS; ++i)
        for (int j = 0; j < COLS; ++j) acc[i][j] = vf_zero();
    for (int j = 0; j < COLS; ++j) b[j] = vf_set1((float)j);
    for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 16
        for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 4
            for (int j = 0; j < COLS; ++j) acc[i][j] = vf_fma(a, b[j], acc[i][j]);
    }
    double operations = 2.0 * ROWS * COLS * AD_VF * (double)rounds;
    return isnan(total(acc)) ? 0 : operations;
}

double AD_ISA_NAME(ad_peak_bf16)(int64_t rounds)
{
#if AD_KERNEL_ISA == 3
    if (ad_cpu_get()->amx) return ad_peak_amx(rounds);
    vf acc[ROWS][COLS], b[COLS];
    __m512bh a = (__m512bh)vf_set1(0x1p-20f);
    for (int i = 0; i < ROWS; ++i)
        for (int j = 0; j < COLS; ++j) acc[i][j] = vf_zero();
    for (int j = 0; j < COLS; ++j) b[j] = vf_set1((float)j);
    for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 16
        for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 4
            for (int j = 0; j < COLS; ++j)
                acc[i][j] = _mm512_dpbf16_ps(acc[i][j], a, (__m512bh)b[j]);
    }
    double operations = 4.0 * ROWS * COLS * AD_VF * (double)rounds;
    return isnan(total(acc)) ? 0 : operations;
#else
    (void)rounds;
    return 0;
#endif
}
