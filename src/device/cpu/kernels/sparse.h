/* sparse.h - what the kernels over the entries of a sparse matrix share: its segments (rows, or
 * columns), the bid, tasks.
 *
 * A task is a run of segments; each goes through its entries in order with the result in registers,
 * so the sums are the same with any number of threads and nothing is atomic. */
#ifndef AD_CPU_SPARSE_H
#define AD_CPU_SPARSE_H

#include "device/cpu/sizes.h"
#include "ops/attrs.h"
#include "plan/device.h"

enum { SPARSE_TASK = 32768 }; /* multiply-adds of a task, about */

typedef struct sparse {
    const int32_t *start, *other, *order; /* order NULL: entries lie in the order of the segments */
    const int32_t *row, *column;          /* of an entry (dot) */
    const void *a, *b;                    /* value and x; a and b; x */
    void *out;
    int64_t segments, entries, others; /* rows of `a` and `b` for dot: segments, others */
    int64_t heads, width, per_task;
    bool some; /* a product: of entries that are not 0 */
} sparse;

/* The entries of a segment, within what there is. */
static inline void range(const sparse *s, int64_t segment, int64_t *begin, int64_t *end)
{
    *begin = s->start[segment] < 0 ? 0 : s->start[segment];
    *end = least(s->start[segment + 1], s->entries);
}

static inline int64_t entry_at(const sparse *s, int64_t i)
{
    return s->order ? s->order[i] : i;
}

static inline bool inside(int64_t i, int64_t count)
{
    return (uint64_t)i < (uint64_t)count;
}

static inline double sparse_bid(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *out = &problem->out[0];
    double moved = (double)ad_operand_count(out), size = (double)ad_dtype_size(out->dtype);
    if (out->dtype != AD_F32 && out->dtype != AD_F64) return -1;
    if (!ad_operand_contiguous(out)) return -1;
    for (int i = 0; i < problem->n_in; ++i) {
        const ad_operand *in = &problem->in[i];
        if (!ad_operand_contiguous(in) || in->dtype != (i < 5 ? AD_I32 : out->dtype)) return -1;
        moved += (double)ad_operand_count(in);
    }
    double entries = (double)problem->in[1].dim[0], rows = entries * 8;
    if (problem->n_in == 7) /* a row of the other side for each entry */
        rows = entries * (20 + (double)(problem->in[6].dim[1] * problem->in[6].dim[2]));
    return machine->call + ad_scattered_seconds(machine, moved * size) + rows / machine->steps;
}

static inline void sparse_setup(sparse *s, const ad_problem *problem, const ad_run_args *args,
                                bool by_column)
{
    const ad_operand *x = &problem->in[problem->n_in - 1];
    *s = (sparse){.start = args->in[by_column ? 3 : 0],
                  .other = args->in[by_column ? 1 : 2],
                  .order = by_column ? args->in[4] : NULL,
                  .row = args->in[1],
                  .column = args->in[2],
                  .a = args->in[5],
                  .b = problem->n_in == 7 ? args->in[6] : NULL,
                  .out = args->out[0],
                  .segments = problem->in[by_column ? 3 : 0].dim[0] - 1,
                  .others = problem->in[by_column ? 0 : 3].dim[0] - 1,
                  .entries = problem->in[1].dim[0],
                  .heads = 1,
                  .width = 1};
    if (problem->n_in == 7) {
        s->heads = x->dim[1], s->width = x->dim[2];
    } else {
        for (int i = 1; i < x->rank; ++i) s->width *= x->dim[i];
    }
}

/* Runs of segments with about SPARSE_TASK multiply-adds each. */
static inline void sparse_over(sparse *s, const ad_run_args *args, ad_task task)
{
    int64_t work = (s->entries + s->segments) * s->heads * s->width;
    if (s->segments < 1 || s->heads * s->width < 1) return;
    int64_t tasks = work / SPARSE_TASK + 1;
    s->per_task = (s->segments + tasks - 1) / tasks;
    ad_parallel(args->pool, (s->segments + s->per_task - 1) / s->per_task, task, s);
}

static inline bool sparse_transposed(const ad_problem *problem)
{
    return problem->attr && ((const ad_attr_sparse *)problem->attr)->transposed;
}

#endif
