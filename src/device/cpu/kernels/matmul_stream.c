/* matmul_stream.c - a few rows times a large matrix, which comes from memory once: a token's way
 * through a language model. Memory is fastest read from one end to the other, some KB ahead of its
 * use, so B is, row by row. Where rows lie along the columns of the result, each task takes a run
 * of them into partial results in cache, and these are added in order; where B is transposed, each
 * row gives a column. Runs depend on the shape alone. f32 accumulators; bf16 and f16 operands are
 * widened as they are loaded. */
#include "device/cpu/as_f32.h"
#include "device/cpu/fetch.h"
#include "device/cpu/few_rows.h"
#include "device/cpu/finish.h"
#include "device/cpu/sizes.h"
#include "base/streams.h"
#include "ops/attrs.h"

#include <stdlib.h>

enum {
    LEAST_BYTES = 512 << 10, /* of B: less stays in L2, where the order does not matter */
    RUNS = 8,                /* at least, where B has so many rows */
    RUN_ROWS = 96,           /* of B, at most (more than RUNS) */
    PIECE = 1024,            /* columns of a sum's task */
    DOTS = 256,              /* of a task, where B is transposed */
    ALONE = 65536,           /* partial results that one thread adds sooner than two */
};

typedef struct stream {
    int64_t m, n, k, run, runs;
    bool dots;                   /* B is transposed */
    int64_t a_row, a_col, b_row; /* strides; b_row: from row to row in memory */
    int64_t b_size, ahead;       /* ahead: bytes from what is used to what is fetched */
    bool through;                /* fetched for one use */
    ad_dtype a_type, b_type;
    const char *a, *b;
    float *partial; /* [runs, m, n] */
    const ad_finish *finish;
} stream;

static bool prepare(stream *s, const ad_problem *problem)
{
    const ad_attr_matmul *attr = problem->attr;
    const ad_operand *a = &problem->in[0], *b = &problem->in[1], *out = &problem->out[0];
    int rank = out->rank;
    *s = (stream){.a_type = a->dtype, .b_type = b->dtype};
    if (rank < 2 || a->rank != rank || b->rank != rank) return false;
    if (!ad_is_narrow_float(a->dtype) || !ad_is_narrow_float(b->dtype)) return false;
    for (int axis = 0; axis < rank - 2; ++axis)
        if (out->dim[axis] != 1) return false;
    int a_row = rank - 2 + (attr->transpose_a != 0), b_row = rank - 2 + (attr->transpose_b != 0);
    int a_col = 2 * rank - 3 - a_row, b_col = 2 * rank - 3 - b_row;
    s->m = out->dim[rank - 2], s->n = out->dim[rank - 1], s->k = a->dim[a_col];
    s->a_row = a->stride[a_row], s->a_col = a->stride[a_col];
    s->dots = b->stride[b_col] != 1;
    s->b_row = b->stride[s->dots ? b_col : b_row];
    s->b_size = (int64_t)ad_dtype_size(b->dtype);
    if (b->stride[s->dots ? b_row : b_col] != 1 || (s->dots && s->a_col != 1)) return false;
    if (s->m < 1 || s->m > MOST_ROWS || s->n < AD_VF || s->k < AD_VF) return false;
    if (s->n * s->k * s->b_size < LEAST_BYTES) return false;
    s->run = least((s->k + RUNS - 1) / RUNS, RUN_ROWS);
    s->runs = (s->k + s->run - 1) / s->run;
    return true;
}

/* How far ahead of a row to fetch: whole rows. */
static int64_t ahead_of(const stream *s, int64_t least_bytes)
{
    int64_t row_bytes = s->b_row * s->b_size, ahead = row_bytes;
    while (llabs(ahead) < least_bytes && row_bytes) ahead += row_bytes;
    return ahead;
}

/* ---- rows along the columns ---- */
/* AD_VF columns, or `have` of them, of ROWS rows of the result += those of a row of B; the first
 * one begins the sums. */
static inline __attribute__((always_inline)) void add_vector(const int ROWS, const ad_dtype B,
                                                             const vf *a, const char *b, int64_t j,
                                                             int64_t n, int64_t have, bool first,
                                                             float *to)
{
    vf bv = ad_load_as_f32(b, B, j, have);
    for (int i = 0; i < ROWS; ++i) {
        float *at = to + i * n + j;
        vf sum = first ? vf_zero() : have >= AD_VF ? vf_load(at) : vf_load_n(at, have);
        sum = vf_fma(a[i], bv, sum);
        if (have >= AD_VF)
            vf_store(at, sum);
        else
            vf_store_n(at, sum, have);
    }
}

static inline __attribute__((always_inline)) void add_row(const int ROWS, const ad_dtype B,
                                                          const float *a, const char *b,
                                                          const stream *s, bool first, float *to)
{
    enum { LINE = 64 };
    const int64_t size = B == AD_F32 ? 4 : 2, step = size * AD_VF < LINE ? LINE / size : AD_VF;
    vf av[MOST_ROWS];
    int64_t j = 0, n = s->n, ahead = s->ahead;
    bool through = s->through;
    for (int i = 0; i < ROWS; ++i) av[i] = vf_set1(a[i]);
    for (; j + step <= n; j += step) {
        fetch(b + ahead + j * size, through);
        for (int64_t k = 0; k < step; k += AD_VF)
            add_vector(ROWS, B, av, b, j + k, n, AD_VF, first, to);
    }
    for (; j < n; j += AD_VF) add_vector(ROWS, B, av, b, j, n, least(n - j, AD_VF), first, to);
}

static inline __attribute__((always_inline)) void add_run(const ad_dtype B, const stream *s,
                                                          int64_t begin, int64_t end, float *to)
{
    int64_t row_bytes = s->b_row * s->b_size;
    for (int64_t k = begin; k < end; ++k) {
        const char *b = s->b + k * row_bytes;
        float a[MOST_ROWS];
        for (int64_t i = 0; i < s->m; ++i)
            a[i] = ad_element_as_f32(s->a, s->a_type, i * s->a_row + k * s->a_col);
        FOR_ROWS(s->m, add_row(ROWS, B, a, b, s, k == begin, to))
    }
}

static void run_task(void *user, int64_t index, int worker)
{
    const stream *s = user;
    int64_t begin = index * s->run, end = least(begin + s->run, s->k);
    float *to = s->partial + index * s->m * s->n;
    (void)worker;
    if (s->b_type == AD_BF16)
        add_run(AD_BF16, s, begin, end, to);
    else if (s->b_type == AD_F16)
        add_run(AD_F16, s, begin, end, to);
    else
        add_run(AD_F32, s, begin, end, to);
}

/* Columns of the runs' results added up, in the first one's memory, and finished. */
static void sum_task(void *user, int64_t index, int worker)
{
    const stream *s = user;
    int64_t col = index * PIECE, cols = least(PIECE, s->n - col), size = s->m * s->n;
    (void)worker;
    for (int64_t i = 0; i < s->m; ++i) {
        float *to = s->partial + i * s->n + col;
        for (int64_t j = 0; j < cols; j += AD_VF) {
            int64_t have = least(cols - j, AD_VF);
            vf sum = vf_load_n(to + j, have);
            for (int64_t run = 1; run < s->runs; ++run)
                sum = vf_add(sum, vf_load_n(to + run * size + j, have));
            vf_store_n(to + j, sum, have);
        }
        AD_ISA_NAME(ad_finish_run)(s->finish, to, s->n, i, 1, col, cols);
    }
}

/* ---- transposed ---- */
/* The products of ROWS rows of A with a row of B, `ld` apart; two sums each, in turn. */
static inline __attribute__((always_inline)) void dot_row(const int ROWS, const ad_dtype B,
                                                          const stream *s, const char *b, float *to)
{
    vf sum[MOST_ROWS][2];
    int64_t a_row = s->a_row * (int64_t)ad_dtype_size(s->a_type);
    for (int i = 0; i < ROWS; ++i) sum[i][0] = sum[i][1] = vf_zero();
    for (int64_t k = 0; k < s->k; k += 2 * AD_VF)
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
            int64_t at = k + half * AD_VF, have = s->k - at > 0 ? s->k - at : 0;
            fetch(b + s->ahead + at * (B == AD_F32 ? 4 : 2), s->through);
            vf bv = ad_load_as_f32(b, B, at, have);
            for (int i = 0; i < ROWS; ++i) {
                vf av = ad_load_as_f32(s->a + i * a_row, s->a_type, at, have);
                sum[i][half] = vf_fma(av, bv, sum[i][half]);
            }
        }
    for (int i = 0; i < ROWS; ++i) to[i * DOTS] = vf_sum(vf_add(sum[i][0], sum[i][1]));
}

static inline __attribute__((always_inline)) void dot_rows(const ad_dtype B, const stream *s,
                                                           int64_t col, int64_t cols, float *to)
{
    int64_t row_bytes = s->b_row * s->b_size;
    for (int64_t j = 0; j < cols; ++j) {
        const char *b = s->b + (col + j) * row_bytes;
        FOR_ROWS(s->m, dot_row(ROWS, B, s, b, to + j))
    }
}

static void dots_task(void *user, int64_t index, int worker)
{
    const stream *s = user;
    int64_t col = index * DOTS, cols = least(DOTS, s->n - col);
    float c[MOST_ROWS * DOTS];
    (void)worker;
    if (s->b_type == AD_BF16)
        dot_rows(AD_BF16, s, col, cols, c);
    else if (s->b_type == AD_F16)
        dot_rows(AD_F16, s, col, cols, c);
    else
        dot_rows(AD_F32, s, col, cols, c);
    AD_ISA_NAME(ad_finish_run)(s->finish, c, DOTS, 0, s->m, col, cols);
}

/* ---- the solver ---- */
static double bid(const ad_problem *problem, const ad_machine *machine)
{
    stream s;
    if (!prepare(&s, problem)) return -1;
    double n = (double)s.n, bytes = n * (double)s.k * (double)s.b_size;
    /* what comes from memory, twice as fast as pieces of rows do */
    double work = 1.25 * bytes / machine->flops_f32 +
                  2 * (double)s.m * n * (double)s.k / machine->flops_f32;
    double sums = (double)(s.dots ? 0 : s.runs * s.m) * n / machine->flops_f32;
    if (machine->threads == 1) return work + sums;
    return (work + sums) / machine->threads + (s.dots ? 1 : 2) * machine->overhead;
}

static size_t workspace(const ad_problem *problem)
{
    stream s;
    if (!prepare(&s, problem) || s.dots) return 0;
    return (size_t)(s.runs * s.m * s.n) * sizeof(float);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    stream s;
    ad_finish finish;
    prepare(&s, problem);
    ad_fetch fetch = ad_stream_fetch(AD_STREAM_ROWS);
    s.ahead = ahead_of(&s, fetch.ahead), s.through = fetch.through;
    s.a = args->in[0], s.b = args->in[1], s.partial = args->workspace, s.finish = &finish;
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    ad_pool *pool = ad_pool_size(args->pool) > problem->threads ? NULL : args->pool;
    if (s.dots) {
        ad_parallel(pool, (s.n + DOTS - 1) / DOTS, dots_task, &s);
        return;
    }
    ad_parallel(pool, s.runs, run_task, &s);
    ad_parallel(s.runs * s.m * s.n < ALONE ? NULL : pool, (s.n + PIECE - 1) / PIECE, sum_task, &s);
}

const ad_solver AD_ISA_NAME(ad_solver_matmul_stream) = {.name = "streamed",
                                                        .op = AD_OP_MATMUL,
                                                        .stream = AD_STREAM_ROWS,
                                                        .bid = bid,
                                                        .workspace = workspace,
                                                        .run = run};
