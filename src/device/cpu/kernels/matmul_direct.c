/* matmul_direct.c - matrix products that packing would slow down: vectors times matrices, a few
 * rows, batches of small matrices, and many rows where B is small. Operands are read where they
 * are, each element of B once per few rows.
 *
 * Two forms, by how B lies in memory: `along` columns (vectors of columns, elements of A spread),
 * and `dots` (vectors along k, for a transposed B). Many rows have a transposed B turned first. A
 * product with a single column is turned over. f32 accumulators; bf16 and f16 operands are widened
 * as they are loaded. */
#include "device/cpu/as_f32.h"
#include "device/cpu/gemm.h"
#include "device/cpu/kernels/strided_copy.h"
#include "device/cpu/sizes.h"
#include "ops/attrs.h"

enum {
    TILE_COLS = 16 * AD_VF,
    /* rows of the tallest piece, by two vectors: as many as registers hold */
    TALL = AD_KERNEL_ISA == 1 ? 6 : 8,
    MIDDLE_VECTORS = AD_KERNEL_ISA == 1 ? 2 : 4, /* of four rows: a power of two, see set_tiles */
    FEW_ROWS = 8,
    LINE = 64, /* bytes */
    TILE_ROWS = TALL,
    TILE_SIZE = TILE_COLS * TILE_ROWS,
    MOST_VECTORS = 8,       /* columns of a piece of a row */
    WANTED_TILES = 8,       /* no taller than leaves so many */
    SMALL_B = 16384,        /* elements that are read again from cache for every few rows */
    MOST_ROWS = 256,        /* of A for such a B: more pay for packing it */
    NARROW_B = 2 * AD_VF,   /* columns or steps of k for which panels are mostly padding */
    NARROW_B_SIZE = 131072, /* elements of a B of so few columns */
    FEW_DOTS = 4,           /* columns of a transposed B: a panel would be nearly empty */
};
#define SERIAL_FLOPS 4e5 /* these are bound by memory, so less is worth waking the pool for */

typedef struct direct {
    ad_problem problem; /* with the last two axes of results swapped if `turned` */
    bool turned, dots;
    bool b_turned; /* by each worker for itself, into its part of the workspace: [k, n] */
    int64_t items, m, n, k;
    int64_t a_row, a_col, b_row, b_col; /* strides; b_row: along k */
    const ad_operand *a, *b;
    const char *a_data, *b_data;
    int64_t a_size, b_size;
    int64_t tile_rows, tile_ld, row_tiles, col_tiles;
    const float *b_from; /* what is turned, its rows b_from_row apart */
    int64_t b_from_row;
    char *turned_b; /* turned_bytes for each worker: a line that says whether it is there, and it */
    int64_t turned_bytes;
    const ad_finish *finish;
} direct;

static void swap_axes(ad_operand *o)
{
    int r = o->rank;
    int64_t dim = o->dim[r - 1], stride = o->stride[r - 1];
    o->dim[r - 1] = o->dim[r - 2], o->stride[r - 1] = o->stride[r - 2];
    o->dim[r - 2] = dim, o->stride[r - 2] = stride;
}

/* Tiles of at most TILE_SIZE elements; rows are a power of two apart, so that the last piece of a
 * row, which is stored whole, ends with its row or overwrites only rows that are still to come. */
static void set_tiles(direct *d)
{
    d->tile_ld = 2 * AD_VF;
    while (d->tile_ld < least(d->n, TILE_COLS)) d->tile_ld *= 2;
    int64_t wanted = up((d->m + WANTED_TILES - 1) / WANTED_TILES, TILE_ROWS);
    d->tile_rows = least(TILE_SIZE / d->tile_ld, wanted > TILE_ROWS ? wanted : TILE_ROWS);
    d->row_tiles = up(d->m, d->tile_rows) / d->tile_rows;
    d->col_tiles = up(d->n, TILE_COLS) / TILE_COLS;
}

/* More than a few rows pay where B stays in cache. */
static bool many_rows(const direct *d)
{
    if (!AD_KERNEL_AVX512 && AD_KERNEL_ISA != 1) return false;
    if (d->a->dtype != AD_F32 || d->b->dtype != AD_F32) return false;
    bool narrow = d->n <= NARROW_B || d->k <= NARROW_B;
    if (d->dots && d->items > 1) return false;
    if (!narrow && d->m > MOST_ROWS) return false;
    return d->n * d->k <= (d->n <= NARROW_B && !d->dots ? NARROW_B_SIZE : SMALL_B);
}

/* Many rows with a transposed B: that is turned first. */
static void turn_first(direct *d)
{
    d->b_turned = true, d->dots = false;
    d->b_from_row = d->b_col;
    d->b_row = d->n, d->b_col = 1;
    d->turned_bytes = LINE + up(d->k * d->n * (int64_t)sizeof(float), LINE);
}

static bool prepare(direct *d, const ad_problem *problem)
{
    const ad_attr_matmul *attr = problem->attr;
    const ad_operand *a = &problem->in[0], *b = &problem->in[1];
    int rank = problem->out[0].rank;
    *d = (direct){.problem = *problem, .items = 1, .a = a, .b = b};
    if (rank < 2 || a->rank != rank || b->rank != rank) return false;
    if (!ad_is_narrow_float(a->dtype) || !ad_is_narrow_float(b->dtype)) return false;
    int a_row = rank - 2 + (attr->transpose_a != 0), b_row = rank - 2 + (attr->transpose_b != 0);
    int a_col = 2 * rank - 3 - a_row, b_col = 2 * rank - 3 - b_row;
    d->m = problem->out[0].dim[rank - 2], d->n = problem->out[0].dim[rank - 1];
    d->k = a->dim[a_col];
    d->a_row = a->stride[a_row], d->a_col = a->stride[a_col];
    d->b_row = b->stride[b_row], d->b_col = b->stride[b_col];
    if (d->n == 1 && d->m > 1) { /* C' = B' A' */
        d->turned = true;
        d->a = b, d->b = a;
        int64_t row = d->a_row, col = d->a_col;
        d->a_row = d->b_col, d->a_col = d->b_row, d->b_row = col, d->b_col = row;
        d->n = d->m, d->m = 1;
        for (int i = 2; i < problem->n_in; ++i) swap_axes(&d->problem.in[i]);
        for (int i = 0; i < problem->n_out; ++i) swap_axes(&d->problem.out[i]);
    }
    for (int axis = 0; axis < rank - 2; ++axis) d->items *= problem->out[0].dim[axis];
    d->a_size = (int64_t)ad_dtype_size(d->a->dtype);
    d->b_size = (int64_t)ad_dtype_size(d->b->dtype);
    set_tiles(d);
    d->dots = d->b_col != 1;
    if (d->dots && d->b_row != 1) return false;
    bool few = d->m <= FEW_ROWS || (d->dots && d->n <= FEW_DOTS);
    if (few) return !d->dots || d->a_col == 1;
    if (!many_rows(d)) return false;
    if (d->dots) turn_first(d);
    return true;
}

/* ROWS x (NV vectors) of C from where A and B are; cols may end inside. */
static inline __attribute__((always_inline)) void
along(const int ROWS, const int NV, const ad_dtype A, const ad_dtype B, const direct *d,
      const char *a, const char *b, int64_t cols, float *c, int64_t ld)
{
    vf acc[8][8];
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) acc[i][j] = vf_zero();
    int64_t whole = cols == NV * AD_VF;
    for (int64_t k = 0; k < d->k; ++k, b += d->b_row * d->b_size) {
        vf bv[8], av;
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) {
            int64_t left = whole ? AD_VF : cols - j * AD_VF;
            bv[j] = left > 0 ? ad_load_as_f32(b, B, j * AD_VF, left) : vf_zero();
        }
#pragma GCC unroll 8
        for (int i = 0; i < ROWS; ++i) {
            av = vf_set1(ad_element_as_f32(a, A, i * d->a_row + k * d->a_col));
#pragma GCC unroll 8
            for (int j = 0; j < NV; ++j) acc[i][j] = vf_fma(av, bv[j], acc[i][j]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) vf_store(c + i * ld + j * AD_VF, acc[i][j]);
}

/* C[i][j] for ROWS rows of A and COLS rows of B', all contiguous along k. */
static inline __attribute__((always_inline)) void dots(const int ROWS, const int COLS,
                                                       const ad_dtype A, const ad_dtype B,
                                                       const direct *d, const char *a,
                                                       const char *b, float *c, int64_t ld)
{
    vf acc[4][4];
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 8
        for (int j = 0; j < COLS; ++j) acc[i][j] = vf_zero();
    for (int64_t k = 0; k < d->k; k += AD_VF) {
        vf bv[4];
        int64_t left = d->k - k;
#pragma GCC unroll 8
        for (int j = 0; j < COLS; ++j) bv[j] = ad_load_as_f32(b, B, j * d->b_col + k, left);
#pragma GCC unroll 8
        for (int i = 0; i < ROWS; ++i) {
            vf av = ad_load_as_f32(a, A, i * d->a_row + k, left);
#pragma GCC unroll 8
            for (int j = 0; j < COLS; ++j) acc[i][j] = vf_fma(av, bv[j], acc[i][j]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 8
        for (int j = 0; j < COLS; ++j) c[i * ld + j] = vf_sum(acc[i][j]);
}

static inline __attribute__((always_inline)) void fill_tile(const ad_dtype A, const ad_dtype B,
                                                            const direct *d, const char *a,
                                                            const char *b, int64_t rows,
                                                            int64_t cols, float *c)
{
    int64_t a_step = d->a_row * d->a_size, b_step = d->b_col * d->b_size;
    const int64_t ld = d->tile_ld;
    if (d->dots) {
        for (int64_t j = 0; j < cols;) {
            int64_t width = cols - j >= 4 ? 4 : 1;
            for (int64_t i = 0; i < rows;) {
                int64_t height = rows - i >= 4 ? 4 : 1;
                const char *at = a + i * a_step, *bt = b + j * b_step;
                float *to = c + i * ld + j;
                if (height == 4 && width == 4)
                    dots(4, 4, A, B, d, at, bt, to, ld);
                else if (height == 4)
                    dots(4, 1, A, B, d, at, bt, to, ld);
                else if (width == 4)
                    dots(1, 4, A, B, d, at, bt, to, ld);
                else
                    dots(1, 1, A, B, d, at, bt, to, ld);
                i += height;
            }
            j += width;
        }
        return;
    }
    for (int64_t i = 0; i < rows;) {
        int64_t height = rows - i >= TALL ? TALL : rows - i >= 4 ? 4 : 1;
        int64_t vectors = height == TALL ? 2 : height == 4 ? MIDDLE_VECTORS : MOST_VECTORS;
        int64_t width = vectors * AD_VF;
        for (int64_t j = 0; j < cols; j += width) {
            const char *at = a + i * a_step, *bt = b + j * d->b_size;
            int64_t part = least(width, cols - j);
            float *to = c + i * ld + j;
            bool one = part <= AD_VF;
            if (height == TALL && one)
                along(TALL, 1, A, B, d, at, bt, part, to, ld);
            else if (height == TALL)
                along(TALL, 2, A, B, d, at, bt, part, to, ld);
            else if (height == 4 && one)
                along(4, 1, A, B, d, at, bt, part, to, ld);
            else if (height == 4)
                along(4, MIDDLE_VECTORS, A, B, d, at, bt, part, to, ld);
            else if (one)
                along(1, 1, A, B, d, at, bt, part, to, ld);
            else
                along(1, MOST_VECTORS, A, B, d, at, bt, part, to, ld);
        }
        i += height;
    }
}

static int64_t item_offset(const direct *d, const ad_operand *o, int64_t item)
{
    int64_t offset = 0;
    for (int axis = o->rank - 3; axis >= 0 && item; --axis) {
        int64_t dim = d->problem.out[0].dim[axis];
        offset += item % dim * o->stride[axis];
        item /= dim;
    }
    return offset;
}

/* ---- a transposed B ---- */
static void turn_b(const direct *d, float *to)
{
    enum { SQUARE = 16 };
    for (int64_t k = 0; k < d->k; k += SQUARE) {
        for (int64_t j = 0; j < d->n; j += SQUARE) {
            int64_t rows = least(SQUARE, d->k - k), cols = least(SQUARE, d->n - j);
            const float *from = d->b_from + j * d->b_from_row + k;
            AD_ISA_NAME(ad_strided_copy)
            (to + k * d->n + j, d->n, 1, from, 1, d->b_from_row, rows, cols, sizeof *to);
        }
    }
}

/* A worker's own: to read another's from its cache takes longer than to turn it once more. */
static const char *turned_b(const direct *d, int worker)
{
    char *there = d->turned_b + worker * d->turned_bytes;
    if (!*there) turn_b(d, (float *)(void *)(there + LINE));
    *there = 1;
    return there + LINE;
}

static void tile_task(void *user, int64_t index, int worker)
{
    const direct *d = user;
    float c[TILE_SIZE + MOST_VECTORS * AD_VF];
    const char *whole_b = d->b_turned ? turned_b(d, worker) : d->b_data;
    int64_t j = index % d->col_tiles * TILE_COLS, rest = index / d->col_tiles;
    int64_t i = rest % d->row_tiles * d->tile_rows, item = rest / d->row_tiles;
    int64_t rows = least(d->tile_rows, d->m - i), cols = least(TILE_COLS, d->n - j);
    const char *a = d->a_data + (item_offset(d, d->a, item) + i * d->a_row) * d->a_size;
    const char *b = whole_b + (item_offset(d, d->b, item) + j * d->b_col) * d->b_size;
    if (d->a->dtype == AD_F32 && d->b->dtype == AD_F32)
        fill_tile(AD_F32, AD_F32, d, a, b, rows, cols, c);
    else if (d->a->dtype == AD_F32 && d->b->dtype == AD_BF16)
        fill_tile(AD_F32, AD_BF16, d, a, b, rows, cols, c);
    else if (d->a->dtype == AD_BF16 && d->b->dtype == AD_BF16)
        fill_tile(AD_BF16, AD_BF16, d, a, b, rows, cols, c);
    else
        fill_tile(d->a->dtype, d->b->dtype, d, a, b, rows, cols, c);
    AD_ISA_NAME(ad_finish_run)(d->finish, c, d->tile_ld, item * d->m + i, rows, j, cols);
}

/* ---- the solver ---- */
static size_t workspace(const ad_problem *problem)
{
    direct d;
    return prepare(&d, problem) && d.b_turned ? (size_t)(problem->threads * d.turned_bytes) : 0;
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    direct d;
    if (!prepare(&d, problem)) return -1;
    double m = (double)d.m, n = (double)d.n, k = (double)d.k, items = (double)d.items;
    double lanes = d.dots ? (double)up(d.k, AD_VF) + 64 : (double)k * up(d.n, AD_VF) / fmax(n, 1);
    /* few rows: half the rate of packed products; some 10 flops' time to bring four bytes of B */
    double flops = (d.m > FEW_ROWS ? 2 : 4) * m * n * lanes; /* 8 rows share what is loaded */
    double bring = (d.b_turned ? 4 : 2.5) * n * k * (double)d.b_size;
    double work = items * ((flops + bring) / machine->flops_f32 +
                           3.5e-8 * (double)(d.row_tiles * d.col_tiles)) +
                  machine->call;
    if (items * 2 * m * n * k < SERIAL_FLOPS || machine->threads == 1) return work;
    return work / machine->threads + machine->overhead;
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    direct d;
    ad_finish finish;
    prepare(&d, problem);
    d.a_data = args->in[d.turned], d.b_data = args->in[!d.turned];
    d.finish = &finish;
    if (d.b_turned) {
        d.b_from = args->in[!d.turned], d.turned_b = args->workspace;
        for (int i = 0; i < problem->threads; ++i) d.turned_b[i * d.turned_bytes] = 0;
    }
    AD_ISA_NAME(ad_finish_prepare)(&finish, &d.problem, args, AD_F32);
    double flops = 2.0 * (double)d.items * (double)d.m * (double)d.n * (double)d.k;
    bool alone = flops < SERIAL_FLOPS || ad_pool_size(args->pool) > problem->threads;
    ad_parallel(alone ? NULL : args->pool, d.items * d.row_tiles * d.col_tiles, tile_task, &d);
}

const ad_solver AD_ISA_NAME(ad_solver_matmul_direct) = {
    .name = "direct", .op = AD_OP_MATMUL, .bid = bid, .workspace = workspace, .run = run};
