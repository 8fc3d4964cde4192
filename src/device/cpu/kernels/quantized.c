/* quantized.c - products with matrices of quantised rows, some of which are widened a piece at a
 * time into L1 for all rows of x; and such rows as f32. Sums are made in an order that depends on
 * the shape alone. */
#include "device/cpu/few_rows.h"
#include "device/cpu/kernels/quantized.h"

enum {
    TILE_COLS = 3,
    WIDE = 12,    /* rows of the matrix that are widened for all rows of x: they stay in L1 */
    COLS = 48,    /* of a task */
    X_ROWS = 64,  /* of x, whose products with a widened piece are made together */
    PIECE = 384,  /* numbers of a row that are widened at a time */
    TASK = 16384, /* numbers of a task that only widens */
};

/* ---- products ---- */
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

/* c [rows, COLS] (+)= products of rows from `x` on with `cols` widened ones. The last tile has the
 * last widened row again where it is of fewer. */
static void tiles(const quantized_product *p, const float *x, int64_t rows, const float *wide,
                  int64_t cols, int64_t length, bool first, float *c)
{
    for (int64_t i = 0; i < rows; i += MOST_ROWS) {
        for (int64_t j = 0; j < cols; j += TILE_COLS) {
            const float *xi = x + i * p->k, *wj = wide + j * PIECE;
            float *to = c + i * COLS + j;
            FOR_ROWS(least(rows - i, MOST_ROWS), tile(ROWS, xi, p->k, wj, length, first, to))
        }
    }
}

/* c [rows, COLS]: products of rows of x from `row` on with columns from `col` on. */
static void fill_columns(const quantized_product *p, int64_t row, int64_t rows, int64_t col,
                         int64_t cols, float *c)
{
    _Alignas(64) float wide[WIDE * PIECE];
    int64_t block_bytes = p->row_bytes / p->blocks;
    for (int64_t k = 0; k < p->k; k += PIECE) {
        int64_t length = least(PIECE, p->k - k);
        for (int64_t j = 0; j < cols; j += WIDE) {
            int64_t have = least(WIDE, cols - j);
            for (int64_t t = 0; t < up(have, TILE_COLS); ++t) {
                int64_t at = least(col + j + t, col + cols - 1);
                widen_row(p->form, p->w + at * p->row_bytes + k / AD_BLOCK * block_bytes,
                          length / AD_BLOCK, wide + t * PIECE);
            }
            tiles(p, p->x + row * p->k + k, rows, wide, have, length, k == 0, c + j);
        }
    }
}

static void columns_task(void *user, int64_t index, int worker)
{
    const quantized_product *p = user;
    int64_t col = index * COLS, cols = least(COLS, p->n - col);
    float c[X_ROWS * COLS];
    (void)worker;
    for (int64_t row = 0; row < p->m; row += X_ROWS) {
        int64_t rows = least(X_ROWS, p->m - row);
        fill_columns(p, row, rows, col, cols, c);
        AD_ISA_NAME(ad_finish_run)(p->finish, c, COLS, row, rows, col, cols);
    }
}

/* ---- the solver ---- */
static double bid(const ad_problem *problem, const ad_machine *machine)
{
    quantized_product p;
    if (!quantized_prepare(&p, problem)) return -1;
    return quantized_seconds(&p, machine, 2.4 * (double)p.m + 6);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    quantized_product p;
    ad_finish finish;
    if (!quantized_prepare(&p, problem) || p.m == 0) return;
    p.x = args->in[0], p.w = args->in[1], p.finish = &finish;
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    ad_parallel(args->pool, (p.n + COLS - 1) / COLS, columns_task, &p);
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
