/* gemm_across.c - C = A' B for a long sum over the rows of both, which lie in memory row by row: a
 * Gram matrix, the weight gradient of a narrow layer. Packing would turn every row of A; here its
 * elements are spread from where they are. Blocks of rows stay in L1 while they are used. */
#include "device/cpu/gemm.h"

enum { BLOCK_BYTES = 32 << 10, LEAST_BLOCK = 16 };

static inline __attribute__((always_inline)) void tile(const int ROWS, const bool whole, int64_t k,
                                                       const float *a, int64_t lda, const float *b,
                                                       int64_t ldb, float *c, int64_t ldc,
                                                       int64_t cols, bool add)
{
    vf acc[AD_MR][AD_NV];
    int64_t have[AD_NV];
#pragma GCC unroll 4
    for (int j = 0; j < AD_NV; ++j) {
        int64_t left = cols - j * AD_VF;
        have[j] = whole || left > AD_VF ? AD_VF : left < 0 ? 0 : left;
#pragma GCC unroll 16
        for (int i = 0; i < ROWS; ++i)
            acc[i][j] = add ? vf_load_n(c + i * ldc + j * AD_VF, have[j]) : vf_zero();
    }
    for (; k > 0; --k, a += lda, b += ldb) {
        vf bv[AD_NV];
#pragma GCC unroll 4
        for (int j = 0; j < AD_NV; ++j)
            bv[j] = whole ? vf_load(b + j * AD_VF) : vf_load_n(b + j * AD_VF, have[j]);
#pragma GCC unroll 16
        for (int i = 0; i < ROWS; ++i) {
            vf av = vf_set1(a[i]);
#pragma GCC unroll 4
            for (int j = 0; j < AD_NV; ++j) acc[i][j] = vf_fma(av, bv[j], acc[i][j]);
        }
    }
#pragma GCC unroll 4
    for (int j = 0; j < AD_NV; ++j)
#pragma GCC unroll 16
        for (int i = 0; i < ROWS; ++i) vf_store_n(c + i * ldc + j * AD_VF, acc[i][j], have[j]);
}

void AD_ISA_NAME(ad_gemm_across)(const float *a, int64_t lda, const float *b, int64_t ldb,
                                 int64_t m, int64_t n, int64_t k, float *c)
{
    enum { MR = AD_MR, HALF = (MR + 1) / 2 };
    int64_t block = BLOCK_BYTES / 4 / (m + n);
    if (block < LEAST_BLOCK) block = LEAST_BLOCK;
    for (int64_t p = 0; p < k; p += block) {
        int64_t depth = k - p < block ? k - p : block;
        for (int64_t i = 0; i < m;) {
            int64_t rows = m - i >= MR ? MR : m - i >= HALF ? HALF : 1;
            const float *at = a + p * lda + i;
            for (int64_t j = 0; j < n; j += AD_NR) {
                const float *bt = b + p * ldb + j;
                float *to = c + i * n + j;
                int64_t cols = n - j;
                if (rows == MR && cols >= AD_NR)
                    tile(MR, true, depth, at, lda, bt, ldb, to, n, AD_NR, p > 0);
                else if (rows == MR)
                    tile(MR, false, depth, at, lda, bt, ldb, to, n, cols, p > 0);
                else if (rows == HALF)
                    tile(HALF, false, depth, at, lda, bt, ldb, to, n, cols, p > 0);
                else
                    tile(1, false, depth, at, lda, bt, ldb, to, n, cols, p > 0);
            }
            i += rows;
        }
    }
    if (k <= 0) memset(c, 0, (size_t)(m * n) * sizeof *c);
}
