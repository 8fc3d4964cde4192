/* quantized.c - products with matrices of quantised rows, and such rows as f32.
 *
 * Up to MOST_ROWS rows of x: each row of the matrix comes from memory once, from one end to the
 * other, and its numbers are widened in registers; the scale is applied to a block's sum. More
 * rows: some rows of the matrix are widened a piece at a time into L1 for all rows of x. Sums are
 * made in an order that depends on the shape alone. */
#include "device/cpu/kernels/quantized.h"
#include "device/cpu/finish.h"
#include "device/cpu/sizes.h"
#include "base/cpu_kinds.h"
#include "ops/attrs.h"

enum {
    MOST_ROWS = 4, /* of x that a row of the matrix is read once for, and of a tile */
    TILE_COLS = 3,
    COLS = 48,    /* of a task */
    ROWS = 64,    /* of x, whose products with a widened piece are made together */
    PIECE = 512,  /* numbers of a row that are widened at a time */
    TASK = 16384, /* numbers of a task that only widens */
};

typedef struct product {
    int64_t m, n, k, blocks, row_bytes;
    ad_quantized form;
    int ahead; /* bytes */
    const float *x;
    const unsigned char *w;
    const ad_finish *finish;
} product;

static bool prepare(product *p, const ad_problem *problem)
{
    const ad_operand *x = &problem->in[0], *w = &problem->in[1];
    if (x->dtype != AD_F32 || x->rank != 2 || w->rank != 2) return false;
    if (!ad_operand_contiguous(x) || !ad_operand_contiguous(w)) return false;
    *p = (product){.m = x->dim[0],
                   .n = w->dim[0],
                   .k = x->dim[1],
                   .blocks = x->dim[1] / AD_BLOCK,
                   .row_bytes = w->dim[1],
                   .form = (ad_quantized)((const ad_attr_quantized *)problem->attr)->form};
    return true;
}

/* ---- few rows of x ---- */
static inline __attribute__((always_inline)) void
dot_row(const int M, const ad_quantized FORM, const product *p, const unsigned char *w, float *to)
{
    const int64_t bytes = FORM == AD_Q8_0 ? 34 : 18, ahead = p->ahead;
    vf sum[MOST_ROWS];
    for (int i = 0; i < M; ++i) sum[i] = vf_zero();
    for (int64_t b = 0; b < p->blocks; ++b, w += bytes) {
        vf q[BLOCK_VECTORS], d = block_scale(w);
        __builtin_prefetch(w + ahead, 0, 0);
        block_numbers(FORM, w, q);
        for (int i = 0; i < M; ++i) {
            const float *x = p->x + i * p->k + b * AD_BLOCK;
            vf part = vf_mul(q[0], vf_load(x));
            for (int v = 1; v < BLOCK_VECTORS; ++v)
                part = vf_fma(q[v], vf_load(x + v * AD_VF), part);
            sum[i] = vf_fma(d, part, sum[i]);
        }
    }
    for (int i = 0; i < M; ++i) to[i * COLS] = vf_sum(sum[i]);
}

static inline __attribute__((always_inline)) void
dot_rows(const ad_quantized FORM, const product *p, int64_t col, int64_t cols, float *to)
{
    for (int64_t j = 0; j < cols; ++j) {
        const unsigned char *w = p->w + (col + j) * p->row_bytes;
        switch (p->m) {
        case 1: dot_row(1, FORM, p, w, to + j); break;
        case 2: dot_row(2, FORM, p, w, to + j); break;
        case 3: dot_row(3, FORM, p, w, to + j); break;
        default: dot_row(4, FORM, p, w, to + j); break;
        }
    }
}

static void dots_task(void *user, int64_t index, int worker)
{
    const product *p = user;
    int64_t col = index * COLS, cols = least(COLS, p->n - col);
    float c[MOST_ROWS * COLS];
    (void)worker;
    if (p->form == AD_Q8_0)
        dot_rows(AD_Q8_0, p, col, cols, c);
    else
        dot_rows(AD_Q4_0, p, col, cols, c);
    AD_ISA_NAME(ad_finish_run)(p->finish, c, COLS, 0, p->m, col, cols);
}

/* ---- many ---- */
/* c [M, TILE_COLS] (+)= rows of x times widened rows, over `length` numbers; c COLS apart. */
static inline __attribute__((always_inline)) void tile(const int M, const float *x, int64_t x_row,
                                                       const float *wide, int64_t length,
                                                       bool first, float *c)
{
    vf sum[MOST_ROWS][TILE_COLS];
    for (int i = 0; i < M; ++i)
        for (int j = 0; j < TILE_COLS; ++j) sum[i][j] = vf_zero();
    for (int64_t k = 0; k < length; k += AD_VF) {
        vf w[TILE_COLS];
        for (int j = 0; j < TILE_COLS; ++j) w[j] = vf_load(wide + j * PIECE + k);
        for (int i = 0; i < M; ++i) {
            vf xv = vf_load(x + i * x_row + k);
            for (int j = 0; j < TILE_COLS; ++j) sum[i][j] = vf_fma(xv, w[j], sum[i][j]);
        }
    }
    for (int i = 0; i < M; ++i)
        for (int j = 0; j < TILE_COLS; ++j) {
            float more = vf_sum(sum[i][j]);
            c[i * COLS + j] = first ? more : c[i * COLS + j] + more;
        }
}

/* `rows` rows of x from `x` on, times TILE_COLS widened ones. */
static void tiles(const product *p, const float *x, int64_t rows, const float *wide, int64_t length,
                  bool first, float *c)
{
    for (int64_t i = 0; i < rows; i += MOST_ROWS) {
        const float *xi = x + i * p->k;
        float *ci = c + i * COLS;
        switch (least(rows - i, MOST_ROWS)) {
        case 1: tile(1, xi, p->k, wide, length, first, ci); break;
        case 2: tile(2, xi, p->k, wide, length, first, ci); break;
        case 3: tile(3, xi, p->k, wide, length, first, ci); break;
        default: tile(4, xi, p->k, wide, length, first, ci); break;
        }
    }
}

/* c [rows, COLS]: products of rows of x from `row` on with columns from `col` on. The last tile may
 * be of fewer columns: it has the last one again. */
static void fill_columns(const product *p, int64_t row, int64_t rows, int64_t col, int64_t cols,
                         float *c)
{
    float wide[TILE_COLS * PIECE];
    int64_t block_bytes = p->row_bytes / p->blocks;
    for (int64_t k = 0; k < p->k; k += PIECE) {
        int64_t length = least(PIECE, p->k - k);
        for (int64_t j = 0; j < cols; j += TILE_COLS) {
            for (int64_t t = 0; t < TILE_COLS; ++t) {
                int64_t at = least(col + j + t, col + cols - 1);
                widen_row(p->form, p->w + at * p->row_bytes + k / AD_BLOCK * block_bytes,
                          length / AD_BLOCK, wide + t * PIECE);
            }
            tiles(p, p->x + row * p->k + k, rows, wide, length, k == 0, c + j);
        }
    }
}

static void columns_task(void *user, int64_t index, int worker)
{
    const product *p = user;
    int64_t col = index * COLS, cols = least(COLS, p->n - col);
    float c[ROWS * COLS];
    (void)worker;
    for (int64_t row = 0; row < p->m; row += ROWS) {
        int64_t rows = least(ROWS, p->m - row);
        fill_columns(p, row, rows, col, cols, c);
        AD_ISA_NAME(ad_finish_run)(p->finish, c, COLS, row, rows, col, cols);
    }
}

/* ---- the solver ---- */
static double bid(const ad_problem *problem, const ad_machine *machine)
{
    product p;
    if (!prepare(&p, problem)) return -1;
    double numbers = (double)p.n * (double)p.k, m = (double)p.m;
    double move = (double)p.n * (double)p.row_bytes / machine->bandwidth;
    double work = ((p.m > MOST_ROWS ? 2.4 : 2) * m + 6) * numbers / machine->flops_f32;
    return machine->call + (work > move ? work : move) / machine->threads +
           (machine->threads > 1 ? machine->overhead : 0);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    product p;
    ad_finish finish;
    if (!prepare(&p, problem) || p.m == 0) return;
    p.ahead = ad_cpu_get()->kind->block_ahead;
    p.x = args->in[0], p.w = args->in[1], p.finish = &finish;
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    ad_parallel(args->pool, (p.n + COLS - 1) / COLS, p.m > MOST_ROWS ? columns_task : dots_task,
                &p);
}

/* ---- rows as f32 ---- */
typedef struct rows {
    ad_quantized form;
    int64_t blocks, per_task, block_bytes;
    const unsigned char *from;
    float *to;
} rows;

static void widen_task(void *user, int64_t index, int worker)
{
    const rows *r = user;
    int64_t begin = index * r->per_task, count = least(r->per_task, r->blocks - begin);
    (void)worker;
    widen_row(r->form, r->from + begin * r->block_bytes, count, r->to + begin * AD_BLOCK);
}

static double bid_widen(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *in = &problem->in[0], *out = &problem->out[0];
    if (!ad_operand_contiguous(in) || !ad_operand_contiguous(out)) return -1;
    return machine->call + ad_move_seconds(machine, ad_operand_bytes(in) + ad_operand_bytes(out)) +
           3 * (double)ad_operand_count(out) / machine->steps / machine->threads;
}

static void run_widen(const ad_problem *problem, const ad_run_args *args)
{
    ad_quantized form = (ad_quantized)((const ad_attr_quantized *)problem->attr)->form;
    rows r = {.form = form,
              .blocks = ad_operand_count(&problem->out[0]) / AD_BLOCK,
              .per_task = TASK / AD_BLOCK,
              .block_bytes = ad_quantized_bytes(form, AD_BLOCK),
              .from = args->in[0],
              .to = args->out[0]};
    ad_parallel(args->pool, (r.blocks + r.per_task - 1) / r.per_task, widen_task, &r);
}

const ad_solver AD_ISA_NAME(ad_solver_quantized_linear) = {
    .name = "quantized", .op = AD_OP_QUANTIZED_LINEAR, .bid = bid, .run = run};
const ad_solver AD_ISA_NAME(ad_solver_dequantize) = {
    .name = "dequantize", .op = AD_OP_DEQUANTIZE, .bid = bid_widen, .run = run_widen};
