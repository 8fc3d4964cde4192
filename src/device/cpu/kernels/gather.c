/* gather.c - rows of a table by index, and adding rows into a table: embeddings and their
 * gradients.
 *
 * A row is everything behind the first axis and is contiguous. Adding goes through the indices in
 * order for each element of the table: tasks own columns, or rows where rows are short. */
#include "device/cpu/kernels/chain_steps.h"
#include "ops/attrs.h"
#include "plan/device.h"

#include <string.h>

enum { BLOCK = 256, TASK = 16384 }; /* columns of a task; elements of a task */

typedef struct rows {
    const char *indices;
    bool wide;                        /* i64 indices */
    int64_t count, table_rows, width; /* indices, rows of the table, elements of a row */
    size_t size;
    char *table, *other; /* the table's side, and [count, width] */
    const char *base;    /* what is added to, perhaps the table itself; NULL: zeros */
    int64_t per_task, column_blocks, row_step;
} rows;

static int64_t index_at(const rows *r, int64_t i)
{
    return r->wide ? ((const int64_t *)r->indices)[i] : ((const int32_t *)r->indices)[i];
}

static int64_t row_width(const ad_operand *table)
{
    int64_t width = 1;
    for (int i = 1; i < table->rank; ++i) width *= table->dim[i];
    return width;
}

static bool integers(const ad_operand *o)
{
    return o->dtype == AD_I32 || o->dtype == AD_I64;
}

/* ---- gather: table, indices ---- */

static void gather_rows(void *user, int64_t task, int worker)
{
    const rows *r = user;
    size_t bytes = (size_t)r->width * r->size;
    int64_t end = (task + 1) * r->per_task < r->count ? (task + 1) * r->per_task : r->count;
    (void)worker;
    for (int64_t i = task * r->per_task; i < end; ++i) {
        int64_t at = index_at(r, i);
        char *to = r->other + (size_t)i * bytes;
        if (at < 0 || at >= r->table_rows)
            memset(to, 0, bytes);
        else
            memcpy(to, r->table + (size_t)at * bytes, bytes);
    }
}

static double bid_gather(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *out = &problem->out[0];
    if (problem->n_in != 2 || problem->in[0].rank < 1 || !integers(&problem->in[1])) return -1;
    for (int i = 0; i < 2; ++i) {
        if (!ad_operand_contiguous(&problem->in[i])) return -1;
    }
    if (!ad_operand_contiguous(out)) return -1;
    return machine->call + ad_scattered_seconds(machine, 2 * (double)ad_operand_count(out) *
                                                             (double)ad_dtype_size(out->dtype));
}

static void run_gather(const ad_problem *problem, const ad_run_args *args)
{
    rows r = {.indices = args->in[1],
              .wide = problem->in[1].dtype == AD_I64,
              .count = ad_operand_count(&problem->in[1]),
              .table_rows = problem->in[0].dim[0],
              .width = row_width(&problem->in[0]),
              .size = ad_dtype_size(problem->out[0].dtype),
              .table = args->in[0],
              .other = args->out[0]};
    r.per_task = r.width < TASK ? TASK / (r.width > 0 ? r.width : 1) : 1;
    ad_parallel(args->pool, (r.count + r.per_task - 1) / r.per_task, gather_rows, &r);
}

/* ---- scatter_add: indices, updates[, base]; the result may be the base itself ---- */

static void scatter_rows(void *user, int64_t task, int worker)
{
    const rows *r = user;
    int64_t column = task % r->column_blocks * BLOCK, row = task / r->column_blocks * r->row_step;
    int64_t columns = r->width - column < BLOCK ? r->width - column : BLOCK;
    int64_t end = row + r->row_step < r->table_rows ? row + r->row_step : r->table_rows;
    (void)worker;
    for (int64_t k = row; k < end && r->base != r->table; ++k) {
        size_t at = (size_t)(k * r->width + column) * r->size, bytes = (size_t)columns * r->size;
        if (r->base)
            memcpy(r->table + at, r->base + at, bytes);
        else
            memset(r->table + at, 0, bytes);
    }
    for (int64_t i = 0; i < r->count; ++i) {
        int64_t at = index_at(r, i);
        if (at < row || at >= end) continue;
        if (r->size == 4) {
            float *to = (float *)r->table + at * r->width + column;
            const float *from = (const float *)r->other + i * r->width + column;
            AD_INDEPENDENT for (int64_t c = 0; c < columns; ++c) to[c] += from[c];
        } else {
            double *to = (double *)r->table + at * r->width + column;
            const double *from = (const double *)r->other + i * r->width + column;
            AD_INDEPENDENT for (int64_t c = 0; c < columns; ++c) to[c] += from[c];
        }
    }
}

static double bid_scatter(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *out = &problem->out[0];
    if (problem->n_in < 2 || out->rank < 1 || !integers(&problem->in[0])) return -1;
    if (out->dtype != AD_F32 && out->dtype != AD_F64) return -1;
    for (int i = 0; i < problem->n_in; ++i) {
        if (!ad_operand_contiguous(&problem->in[i])) return -1;
    }
    if (!ad_operand_contiguous(out)) return -1;
    double elements = (double)ad_operand_count(out) + 3 * (double)ad_operand_count(&problem->in[1]);
    return machine->call +
           1.9 * ad_move_seconds(machine, elements * (double)ad_dtype_size(out->dtype));
}

static void run_scatter(const ad_problem *problem, const ad_run_args *args)
{
    enum { ROW_TASKS = 8 }; /* each reads all indices */
    rows r = {.indices = args->in[0],
              .wide = problem->in[0].dtype == AD_I64,
              .count = ad_operand_count(&problem->in[0]),
              .table_rows = problem->out[0].dim[0],
              .width = row_width(&problem->out[0]),
              .size = ad_dtype_size(problem->out[0].dtype),
              .table = args->out[0],
              .other = args->in[1],
              .base = problem->n_in == 3 ? args->in[2] : NULL};
    r.column_blocks = (r.width + BLOCK - 1) / BLOCK;
    int64_t row_tasks = r.column_blocks >= ROW_TASKS || r.count * r.width < TASK ? 1 : ROW_TASKS;
    r.row_step = (r.table_rows + row_tasks - 1) / row_tasks;
    if (r.row_step < 1) return;
    row_tasks = (r.table_rows + r.row_step - 1) / r.row_step;
    ad_parallel(args->pool, row_tasks * r.column_blocks, scatter_rows, &r);
}

/* ---- write_rows: table, begin, rows; the result may be the table itself ---- */

static double bid_write(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *out = &problem->out[0];
    if (problem->n_in != 3 || out->rank < 1 || !integers(&problem->in[1])) return -1;
    if (!ad_operand_contiguous(&problem->in[0]) || !ad_operand_contiguous(&problem->in[2]) ||
        !ad_operand_contiguous(out))
        return -1;
    return machine->call +
           ad_scattered_seconds(machine, 2 * (double)ad_operand_count(&problem->in[2]) *
                                             (double)ad_dtype_size(out->dtype));
}

static void run_write(const ad_problem *problem, const ad_run_args *args)
{
    const ad_operand *out = &problem->out[0];
    rows r = {.indices = args->in[1], .wide = problem->in[1].dtype == AD_I64};
    size_t row = (size_t)row_width(out) * ad_dtype_size(out->dtype);
    int64_t total = out->dim[0], count = problem->in[2].dim[0], begin = index_at(&r, 0), skip = 0;
    char *to = args->out[0];
    const char *from = args->in[2];
    if (args->in[0] != args->out[0]) memcpy(to, args->in[0], (size_t)total * row);
    if (begin >= total || begin <= -count) return;
    if (begin < 0) skip = -begin, begin = 0;
    count = count - skip < total - begin ? count - skip : total - begin;
    memcpy(to + (size_t)begin * row, from + (size_t)skip * row, (size_t)count * row);
}

const ad_solver AD_ISA_NAME(ad_solver_write_rows) = {
    .name = "write rows", .op = AD_OP_WRITE_ROWS, .bid = bid_write, .run = run_write};
const ad_solver AD_ISA_NAME(ad_solver_gather) = {
    .name = "gather", .op = AD_OP_GATHER, .bid = bid_gather, .run = run_gather};
const ad_solver AD_ISA_NAME(ad_solver_scatter_add) = {
    .name = "scatter add", .op = AD_OP_SCATTER_ADD, .bid = bid_scatter, .run = run_scatter};
