/* quantized_few.c - a few rows times a quantised matrix, which comes from memory once, row by row.
 *
 * Products are of integers: a block of x is rounded to 16 bits with a scale of its own, so that a
 * block of the matrix is not widened to f32 and meets one multiplication by scales. x keeps 15
 * bits, where the matrix has 8 or 4. Sums are of lanes over blocks, in an order that depends on k
 * alone.
 */
#include "device/cpu/fetch.h"
#include "device/cpu/few_rows.h"
#include "device/cpu/kernels/block_dot.h"
#include "device/cpu/kernels/quantized.h"
#include "base/streams.h"

enum {
    COLS = 48, /* of a task */
    LARGEST = 32767,
};
static const float TINY = 1e-30f; /* what is smaller in all of a block of x counts as 0 */

typedef struct product {
    quantized_product shape;
    int ahead; /* bytes */
    bool through;
    rounded *x; /* [m, blocks] */
} product;

/* ---- x ---- */
/* The scale is NaN where a number is not finite, and so are the sums. */
static float round_numbers(const float *x, int32_t *to)
{
    vf top = vf_zero(), off = vf_zero();
    for (int i = 0; i < AD_BLOCK; i += AD_VF) {
        vf v = vf_load(x + i);
        top = vf_max(vf_abs(v), top), off = vf_add(off, vf_sub(v, v));
    }
    float largest = vf_largest(top), nan = vf_sum(off);
    vf factor = vf_set1(largest < TINY ? 0 : LARGEST / largest);
    for (int i = 0; i < AD_BLOCK; i += AD_VF)
        vi_store(to + i, vf_to_vi(vf_mul(vf_load(x + i), factor)));
    return largest / LARGEST + nan;
}

static void round_block(ad_quantized form, const float *x, rounded *to)
{
    int32_t number[AD_BLOCK];
    to->scale = round_numbers(x, number);
    for (int i = 0; i < AD_BLOCK; ++i) to->number[i] = (int16_t)number[i];
    for (int j = 0; j < DOT_LANES; ++j) {
        int32_t sum = number[2 * j] + number[2 * j + 1] + number[2 * j + 16] + number[2 * j + 17];
        to->begin[j] = form == AD_Q8_0 ? 0 : -8 * sum;
    }
}

/* ---- products ---- */
/* to[i, 0], COLS apart: the products of M rows of x with the row at w. */
static inline __attribute__((always_inline)) void
dot_row(const int M, const ad_quantized FORM, const product *p, const unsigned char *w, float *to)
{
    const int64_t bytes = FORM == AD_Q8_0 ? 34 : 18, ahead = p->ahead, blocks = p->shape.blocks;
    const bool through = p->through;
    eight sum[MOST_ROWS];
    for (int i = 0; i < M; ++i) sum[i] = eight_zero();
    for (int64_t b = 0; b < blocks; ++b, w += bytes) {
        fetch(w + ahead, through);
        for (int i = 0; i < M; ++i) sum[i] = eight_add(FORM, w, &p->x[i * blocks + b], sum[i]);
    }
    for (int i = 0; i < M; ++i) to[i * COLS] = eight_sum(sum[i]);
}

static inline __attribute__((always_inline)) void dot_rows(const int M, const ad_quantized FORM,
                                                           const product *p, int64_t col,
                                                           int64_t cols, float *to)
{
    int64_t row_bytes = p->shape.row_bytes;
    for (int64_t j = 0; j < cols; ++j)
        dot_row(M, FORM, p, p->shape.w + (col + j) * row_bytes, to + j);
}

static void dots_task(void *user, int64_t index, int worker)
{
    const product *p = user;
    const quantized_product *shape = &p->shape;
    int64_t col = index * COLS, cols = least(COLS, shape->n - col);
    float c[MOST_ROWS * COLS];
    (void)worker;
    if (shape->form == AD_Q8_0)
        FOR_ROWS(shape->m, dot_rows(ROWS, AD_Q8_0, p, col, cols, c))
    else
        FOR_ROWS(shape->m, dot_rows(ROWS, AD_Q4_0, p, col, cols, c))
    AD_ISA_NAME(ad_finish_run)(shape->finish, c, COLS, 0, shape->m, col, cols);
}

/* ---- the solver ---- */
static bool prepare(quantized_product *p, const ad_problem *problem)
{
    return quantized_prepare(p, problem) && p->m <= MOST_ROWS;
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    quantized_product p;
    if (!prepare(&p, problem)) return -1;
    return quantized_seconds(&p, machine, 2 * (double)p.m + 3);
}

static size_t workspace(const ad_problem *problem)
{
    quantized_product p;
    return prepare(&p, problem) ? (size_t)(p.m * p.blocks) * sizeof(rounded) : 0;
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    ad_fetch fetch = ad_stream_fetch(AD_STREAM_BLOCKS);
    product p = {.ahead = fetch.ahead, .through = fetch.through, .x = args->workspace};
    quantized_product *shape = &p.shape;
    ad_finish finish;
    if (!prepare(shape, problem) || shape->m == 0) return;
    shape->x = args->in[0], shape->w = args->in[1], shape->finish = &finish;
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    for (int64_t b = 0; b < shape->m * shape->blocks; ++b)
        round_block(shape->form, shape->x + b * AD_BLOCK, &p.x[b]);
    ad_parallel(args->pool, (shape->n + COLS - 1) / COLS, dots_task, &p);
}

const ad_solver AD_ISA_NAME(ad_solver_quantized_few) = {.name = "quantized, few rows",
                                                        .op = AD_OP_QUANTIZED_LINEAR,
                                                        .stream = AD_STREAM_BLOCKS,
                                                        .bid = bid,
                                                        .workspace = workspace,
                                                        .run = run};
