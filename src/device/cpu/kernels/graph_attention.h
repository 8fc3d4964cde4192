/* graph_attention.h - what graph attention and its gradient share: operands, sums over heads.
 *
 * A row of x is `size` = heads * width floats. Where it fills few vectors ("folded"), a row's heads
 * are worked on together: weights of all heads lie in the first lanes of one vector and a
 * permutation gives each lane of x its own. */
#ifndef AD_CPU_GRAPH_ATTENTION_H
#define AD_CPU_GRAPH_ATTENTION_H

#include "device/cpu/sizes.h"
#include "device/cpu/vmath.h"
#include "ops/attrs.h"
#include "plan/device.h"

enum { FOLDED = 64, BLOCK = FOLDED / AD_VF }; /* floats and vectors of a folded row at most */
enum { TASK = 65536 };                        /* multiply-adds of a task, about */

typedef struct graph_attention {
    const int32_t *row_start, *row, *column, *column_start, *order;
    const float *scores, *x, *mask; /* mask NULL: none */
    int64_t nodes, entries, heads, width, size;
    float slope;
    int vectors;    /* of a folded row; 0: not folded */
    int64_t last;   /* floats in its last vector */
    vi head[BLOCK]; /* the head of each of its lanes */
    int64_t per_task;
    /* forward */
    float *y, *alpha; /* [nodes, size]; [entries, heads], see ops/graph_attention.c */
    float *weights;   /* of a chunk of rows: [worker_floats] for each worker */
    /* gradient */
    const float *g, *of_y, *of_alpha; /* gradient of y; y and alpha of the forward pass */
    float *mean;                      /* [nodes, heads]: sums of g y */
    float *dscore;                    /* [entries, heads] */
    float *dscores, *dx;
} graph_attention;

static inline bool inside(int64_t i, int64_t count)
{
    return (uint64_t)i < (uint64_t)count;
}

/* The entries of segment i, within what there is: from *begin up to the result. */
static inline int64_t segment(const int32_t *start, int64_t i, int64_t entries, int64_t *begin)
{
    *begin = start[i] < 0 ? 0 : start[i];
    int64_t end = least(start[i + 1], entries);
    return end < *begin ? *begin : end;
}

static inline vf load_row(const graph_attention *a, const float *row, int vectors, int k)
{
    const float *from = row + k * AD_VF;
    return k < vectors - 1 || a->last == AD_VF ? vf_load(from) : vf_load_n(from, a->last);
}

static inline void store_row(const graph_attention *a, float *row, int vectors, int k, vf v)
{
    vf_store_n(row + k * AD_VF, v, k < vectors - 1 ? AD_VF : a->last);
}

/* to += w from */
static inline void add_scaled(float *to, float w, const float *from, int64_t n)
{
    vf factor = vf_set1(w);
    int64_t i = 0;
    for (; i + AD_VF <= n; i += AD_VF)
        vf_store(to + i, vf_fma(factor, vf_load(from + i), vf_load(to + i)));
    if (i < n)
        vf_store_n(to + i, vf_fma(factor, vf_load_n(from + i, n - i), vf_load_n(to + i, n - i)),
                   n - i);
}

/* A folded row of products -> the sums of each head, in the first lanes. `width` is a power of two,
 * or there is one head. Neighbours are added until a number is left of each head. */
static inline __attribute__((always_inline)) vf head_sums(vf *p, int vectors, int64_t heads,
                                                          int64_t width)
{
    if (heads == 1) {
        vf sum = p[0];
        for (int k = 1; k < vectors; ++k) sum = vf_add(sum, p[k]);
        return vf_set1(vf_sum(sum));
    }
    for (int64_t left = width; left > 1; left /= 2) {
        for (int k = 0; 2 * k < vectors; ++k)
            p[k] = vf_pairs(p[2 * k], 2 * k + 1 < vectors ? p[2 * k + 1] : vf_zero());
        vectors = (vectors + 1) / 2;
    }
    return p[0];
}

/* Inputs 0 to 6 or 7 of both ops. False: not for these solvers. */
static inline bool graph_attention_prepare(graph_attention *a, const ad_problem *problem)
{
    const ad_operand *x = &problem->in[6];
    *a = (graph_attention){.nodes = x->dim[0],
                           .entries = problem->in[1].dim[0],
                           .heads = x->dim[1],
                           .width = x->dim[2],
                           .size = x->dim[1] * x->dim[2],
                           .slope = (float)((const ad_attr_scalar *)problem->attr)->a};
    for (int i = 0; i < problem->n_in; ++i) {
        const ad_operand *in = &problem->in[i];
        if (in->dtype != (i < 5 ? AD_I32 : AD_F32) || !ad_operand_contiguous(in)) return false;
    }
    if (!ad_operand_contiguous(&problem->out[0])) return false;
    bool power = a->heads == 1 || (a->width & (a->width - 1)) == 0;
    if (a->size > 0 && a->size <= FOLDED && a->heads <= AD_VF && power) {
        a->vectors = (int)((a->size + AD_VF - 1) / AD_VF);
        a->last = a->size - (int64_t)(a->vectors - 1) * AD_VF;
        for (int k = 0; k < a->vectors; ++k) {
            int32_t lane[AD_VF];
            for (int i = 0; i < AD_VF; ++i)
                lane[i] = (int32_t)least((k * AD_VF + i) / a->width, a->heads - 1);
            a->head[k] = vi_load(lane);
        }
    }
    return true;
}

static inline void graph_attention_bind(graph_attention *a, const ad_run_args *args, bool masked)
{
    a->row_start = args->in[0], a->row = args->in[1], a->column = args->in[2];
    a->column_start = args->in[3], a->order = args->in[4];
    a->scores = args->in[5], a->x = args->in[6];
    a->mask = masked ? args->in[7] : NULL;
}

/* Runs of rows or columns, each with about TASK multiply-adds. */
static inline void over_nodes(graph_attention *a, ad_pool *pool, int64_t passes, ad_task task)
{
    int64_t work = (a->entries + a->nodes) * (a->size + 8 * a->heads) * passes;
    if (a->nodes < 1 || a->heads < 1) return;
    int64_t tasks = work / TASK + 1;
    a->per_task = (a->nodes + tasks - 1) / tasks;
    ad_parallel(pool, (a->nodes + a->per_task - 1) / a->per_task, task, a);
}

/* Seconds: for each entry the scores, and a row of x, `passes` times. */
static inline double graph_attention_seconds(const graph_attention *a, const ad_machine *machine,
                                             double passes)
{
    double entries = (double)(a->entries + a->nodes);
    double steps = entries * (210 + passes * 1.5 * (double)a->size);
    return machine->call + steps / machine->steps / machine->threads;
}

#endif
