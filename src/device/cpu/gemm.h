/* gemm.h - the packed matrix product that matmul and the convolutions are packing routines for.
 *
 * An element of a panel, a `unit`, is in form AD_F32 or AD_F64 the value of one step in k, in form
 * AD_BF16 two neighbours in k side by side (4 bytes; an odd depth is padded with zero).
 * Panels of B: AD_NR columns, stored unit by unit; columns past the end are zero.
 * Panels of A: AD_MR rows, in blocks of one vector (AD_VF units) per row: [units /
 * AD_VF][AD_MR][AD_VF]. Rows that are contiguous in k are so copied as they are; the register tile
 * spreads one lane at a time. Units past the depth are undefined. In form AD_F32 they may lie step
 * by step instead, [units][AD_MR] (`a_steps`), as rows that lie side by side do: a transposed
 * operand.
 *
 * C is cut into tiles of fixed size; a tile is one task and sums over all of k in order, so results
 * do not depend on the number of threads. */
#ifndef AD_CPU_GEMM_H
#define AD_CPU_GEMM_H

#include "base/pool.h"
#include "device/cpu/finish.h"

typedef struct ad_gemm {
    ad_dtype form;   /* of panels */
    int64_t items;   /* independent products: batch entries, groups */
    int64_t m, n, k; /* of each */
    bool shared_b;   /* all items have the same B */
    bool a_steps;    /* panels of A are step by step */
    int64_t row_step,
        col_step; /* item i's result begins at row i * row_step, column i * col_step */
    /* Write panels of rows [i, i + rows) and k [p, p + depth) of an item's A; columns [j, j + cols)
     * of B. */
    void (*pack_a)(const struct ad_gemm *gemm, int64_t item, int64_t i, int64_t rows, int64_t p,
                   int64_t depth, void *panels);
    void (*pack_b)(const struct ad_gemm *gemm, int64_t item, int64_t j, int64_t cols, int64_t p,
                   int64_t depth, void *panels);
    const void *source;    /* for the packing routines */
    double a_work, b_work; /* for estimates: flops that packing an element takes the time of */
} ad_gemm;

/* Those of rows that lie as the panels want them, and of rows across, which cost the more the less
 * of them the caches hold. */
enum {
    AD_PACK_A = 25,
    AD_PACK_A_STEPS = 40,
    AD_PACK_A_ACROSS = 68,
    AD_PACK_B = 60,
    AD_PACK_B_ACROSS = 134,
    AD_PACK_B_ACROSS_NEAR = 40,
    AD_PACK_NEAR = 1 << 16, /* elements */
};

/* What a strided matrix's panels are made from: element (r, p) at data + (r * row + p * col). */
typedef struct ad_matrix {
    const char *data;
    ad_dtype dtype;
    int64_t row, col; /* in elements */
} ad_matrix;

/* ad_gemm_form: the panels for operands of these dtypes; AD_DTYPES if they do not go together.
 * ad_gemm_workspace: bytes that ad_gemm_run needs; `packed`: B comes packed.
 * ad_gemm_packed, ad_gemm_pack: size of, and the work of, packing all of B (shared_b only).
 * ad_pack_a, ad_pack_b: all panels of a strided matrix (of B: its transpose, rows are columns).
 * ad_pack_a_rows: steps [at, at + depth) of one panel of A from AD_MR pointers to step `at` of each
 * row, steps `col` elements apart; a NULL row is zero. In form AD_BF16, `at` is even.
 * ad_pack_a_steps: all panels of a matrix whose rows lie side by side (row == 1), step by step.
 * ad_pack_a_across: the same for rows [row, row + rows) of the panel that lie side by side. */
#define AD_GEMM_DECLARE(isa, level, unused)                                                        \
    ad_dtype ad_gemm_form_##isa(ad_dtype a, ad_dtype b);                                           \
    size_t ad_gemm_workspace_##isa(const ad_gemm *gemm, int threads);                              \
    size_t ad_gemm_packed_##isa(const ad_gemm *gemm);                                              \
    void ad_gemm_pack_##isa(const ad_gemm *gemm, void *packed, ad_pool *pool);                     \
    void ad_gemm_run_##isa(const ad_gemm *gemm, const ad_finish *finish, const void *packed,       \
                           void *workspace, int threads, ad_pool *pool);                           \
    double ad_gemm_seconds_##isa(const ad_gemm *gemm, const ad_machine *machine);                  \
    void ad_pack_a_##isa(ad_dtype form, const ad_matrix *from, int64_t rows, int64_t depth,        \
                         void *panels);                                                            \
    void ad_pack_b_##isa(ad_dtype form, const ad_matrix *from, int64_t cols, int64_t depth,        \
                         void *panels);                                                            \
    void ad_pack_a_steps_##isa(const ad_matrix *from, int64_t rows, int64_t depth, void *panels);  \
    void ad_pack_a_rows_##isa(ad_dtype form, const char *const *row, ad_dtype dtype, int64_t col,  \
                              int64_t at, int64_t depth, void *panel);                             \
    void ad_pack_a_across_##isa(ad_dtype form, const ad_matrix *from, int row, int rows,           \
                                int64_t at, int64_t depth, void *panel);
AD_FOR_ISAS(AD_GEMM_DECLARE, )

#ifdef AD_KERNEL_ISA
#include "device/cpu/simd.h"

/* The register tile: AD_MR rows of AD_NV vectors of accumulators. With AVX-512, 28 accumulators, 2
 * vectors of B and a broadcast fill the 32 registers; NEON: 24 of 32; AVX2: 12 of 16. */
#if AD_KERNEL_AVX512
enum { AD_MR = 14, AD_NV = 2 };
#elif AD_KERNEL_ISA == 1
enum { AD_MR = 6, AD_NV = 2 };
#elif AD_KERNEL_NEON
enum { AD_MR = 6, AD_NV = 4 };
#else
enum { AD_MR = 4, AD_NV = 4 };
#endif
/* What follows in memory is fetched by AVX2's processors themselves; asking for it too takes a
 * tenth of their loads, and pushes out what their smaller L2 holds. */
enum { AD_TILE_PREFETCH = AD_KERNEL_ISA != 1 };
enum { AD_NR = AD_NV * AD_VF, AD_NR_F64 = AD_NV * AD_VD };

static inline int ad_panel_cols(ad_dtype form)
{
    return form == AD_F64 ? AD_NR_F64 : AD_NR;
}
static inline int ad_lanes(ad_dtype form)
{
    return form == AD_F64 ? AD_VD : AD_VF;
}
static inline int ad_unit_bytes(ad_dtype form)
{
    return form == AD_F64 ? 8 : 4;
}
static inline int64_t ad_units(ad_dtype form, int64_t depth) /* of `depth` steps in k */
{
    return form == AD_BF16 ? (depth + 1) / 2 : depth;
}

/* Bytes of a panel of A of this depth. */
static inline int64_t ad_panel_a_bytes(ad_dtype form, int64_t depth)
{
    int64_t lanes = ad_lanes(form);
    return (ad_units(form, depth) + lanes - 1) / lanes * lanes * AD_MR * ad_unit_bytes(form);
}

/* One register tile of C (rows <= AD_MR, cols <= panel columns): C = A panel * B panel, or += . A
 * line at `next` per unit is brought to L2 meanwhile: part of what is wanted after this. */
typedef void (*ad_gemm_tile)(int64_t units, const void *a, const void *b, const void *next, void *c,
                             int64_t ld, int rows, int cols, bool add);
ad_gemm_tile AD_ISA_NAME(ad_gemm_tile_for)(ad_dtype form, bool a_steps);

/* C [m, n] = A' B, for A [k, m] with rows lda apart and B [k, n] with rows ldb apart. */
void AD_ISA_NAME(ad_gemm_across)(const float *a, int64_t lda, const float *b, int64_t ldb,
                                 int64_t m, int64_t n, int64_t k, float *c);

#if AD_KERNEL_ISA == 3
/* All register tiles of rows x cols at once, for bf16 panels on a cpu with AMX. Clears the
 * undefined units of A's panels. */
void ad_gemm_sweep_amx(int64_t units, void *a, const void *b, float *c, int64_t ld, int64_t rows,
                       int64_t cols, bool add);
double ad_peak_amx(int64_t rounds); /* as ad_peak_bf16 */
#endif
#endif
#endif
