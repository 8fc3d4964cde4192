/* graph_attention.h - what graph attention and its gradient share: operands, and rows whose heads
 * are worked on together.
 *
 * A row of x is `size` = heads * width floats. Where it fills few vectors and the number of heads
 * divides a vector ("folded"), vectors hold a number of each head as often as it fits: lane i
 * belongs to head i % heads. */
#ifndef AD_CPU_GRAPH_ATTENTION_H
#define AD_CPU_GRAPH_ATTENTION_H

#include "device/cpu/sizes.h"
#include "device/cpu/vmath.h"
#include "ops/attrs.h"
#include "plan/device.h"

enum { FOLDED = 64, BLOCK = FOLDED / AD_VF }; /* floats and vectors of a folded row at most */
enum { TURNS = 4 };                           /* halvings of a vector */
enum { TASK = 65536 };                        /* multiply-adds of a task, about */

typedef struct graph_attention {
    const int32_t *row_start, *row, *column, *column_start, *order;
    const float *scores, *x, *mask; /* mask NULL: none */
    int64_t nodes, entries, heads, width, size;
    float slope;
    int vectors;    /* of a folded row; 0: not folded */
    vi head[BLOCK]; /* the head of each of its lanes */
    vi repeat;      /* lane i: i % heads */
    vi turn[TURNS]; /* lane i: i + AD_VF / 2, / 4 .., modulo AD_VF */
    vi by_feature;  /* of a row of one vector: from its order to that by feature, */
    vi by_head;     /* and back */
    int64_t per_task, tasks;
    /* forward */
    float *y, *alpha; /* [nodes, size]; [entries, heads], see ops/graph_attention.c */
    float *weights;   /* of a chunk of rows: [worker_floats] for each worker */
    /* gradient */
    const float *g, *of_y, *of_alpha; /* gradient of y; y and alpha of the forward pass */
    float *mean;                      /* [nodes, heads]: sums of g y */
    float *turned;                    /* g, each row by feature */
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

/* Vector k of a row. */
static inline vf load_row(const float *row, int64_t size, int k)
{
    int64_t left = size - k * AD_VF;
    return left >= AD_VF ? vf_load(row + k * AD_VF) : vf_load_n(row + k * AD_VF, left);
}

static inline void store_row(float *row, int64_t size, int k, vf v)
{
    int64_t left = size - k * AD_VF;
    if (left >= AD_VF)
        vf_store(row + k * AD_VF, v);
    else
        vf_store_n(row + k * AD_VF, v, left);
}

/* A number of each head from memory, in all lanes. */
static inline __attribute__((always_inline)) vf of_heads(const graph_attention *a,
                                                         const float *from, int64_t heads)
{
    if (heads == AD_VF / 2) return vf_load_twice(from);
    return heads == AD_VF ? vf_load(from) : vf_permute(vf_load_n(from, heads), a->repeat);
}

static inline __attribute__((always_inline)) void store_heads(float *to, vf v, int64_t heads)
{
    if (heads == AD_VF)
        vf_store(to, v);
    else if (heads == AD_VF / 2)
        vf_store_half(to, v);
    else
        vf_store_n(to, v, heads);
}

/* All lanes of a head become their sum. */
static inline __attribute__((always_inline)) vf sum_heads(const graph_attention *a, vf v,
                                                          int64_t heads)
{
    int turn = 0;
    for (int64_t step = AD_VF / 2; step >= heads; step /= 2)
        v = vf_add(v, vf_permute(v, a->turn[turn++]));
    return v;
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

static inline __attribute__((always_inline)) vf largest_of_heads(const graph_attention *a, vf v,
                                                                 int64_t heads)
{
    int turn = 0;
    for (int64_t step = AD_VF / 2; step >= heads; step /= 2)
        v = vf_max(v, vf_permute(v, a->turn[turn++]));
    return v;
}

/* A folded row of products -> the sums of each head, in the first lanes. Neighbours are added until
 * a number is left of each head. */
static inline __attribute__((always_inline)) vf head_sums(vf *p, int vectors, int64_t width)
{
    for (int64_t left = width; left > 1; left /= 2) {
        for (int k = 0; 2 * k < vectors; ++k)
            p[k] = vf_pairs(p[2 * k], 2 * k + 1 < vectors ? p[2 * k + 1] : vf_zero());
        vectors = (vectors + 1) / 2;
    }
    return p[0];
}

static inline bool power_of_two(int64_t n)
{
    return (n & (n - 1)) == 0;
}

/* Which lanes go where in folded rows. */
static inline void fold(graph_attention *a)
{
    int32_t lane[4][AD_VF];
    a->vectors = (int)((a->size + AD_VF - 1) / AD_VF);
    for (int k = 0; k < a->vectors; ++k) {
        for (int i = 0; i < AD_VF; ++i)
            lane[0][i] = (int32_t)least((k * AD_VF + i) / a->width, a->heads - 1);
        a->head[k] = vi_load(lane[0]);
    }
    for (int t = 0, step = AD_VF / 2; step > 0; ++t, step /= 2) {
        for (int i = 0; i < AD_VF; ++i) lane[0][i] = (i + step) % AD_VF;
        a->turn[t] = vi_load(lane[0]);
    }
    int heads = (int)a->heads, width = (int)a->width, size = (int)a->size;
    for (int i = 0; i < AD_VF; ++i) {
        bool there = i < size; /* lanes behind the row hold 0 */
        lane[1][i] = i % heads;
        lane[2][i] = there ? i % heads * width + i / heads : i;
        lane[3][i] = there ? i % width * heads + i / width : i;
    }
    a->repeat = vi_load(lane[1]), a->by_feature = vi_load(lane[2]), a->by_head = vi_load(lane[3]);
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
    bool powers = a->heads == 1 || (power_of_two(a->heads) && power_of_two(a->width));
    if (a->size > 0 && a->size <= FOLDED && a->heads <= AD_VF && powers) fold(a);
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
    a->tasks = (a->nodes + a->per_task - 1) / a->per_task;
    ad_parallel(pool, a->tasks, task, a);
}

/* Seconds: for each entry some steps, and a row of x, `passes` times. */
static inline double graph_attention_seconds(const graph_attention *a, const ad_machine *machine,
                                             double each, double passes)
{
    double entries = (double)(a->entries + a->nodes);
    double steps = entries * (each + passes * (double)a->size);
    return machine->call + steps / machine->steps / machine->threads;
}

#endif
