/* sparse.c - products of a sparse matrix with dense rows, and sums, maxima and softmax over the
 * entries of a row: graphs and sparse features.
 *
 * A task is a run of rows (or columns); each goes through its entries in order with the result in
 * registers, so the sums are the same with any number of threads and nothing is atomic. */
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/real.h"
#include "device/cpu/kernels/row_exp.h"
#include "device/cpu/sizes.h"
#include "ops/attrs.h"
#include "plan/device.h"

enum { TASK = 32768 }; /* multiply-adds of a task, about */

typedef struct sparse {
    const int32_t *start, *other, *order; /* order NULL: entries lie in the order of the segments */
    const int32_t *row, *column;          /* of an entry (dot) */
    const void *a, *b;                    /* value and x; a and b; x */
    void *out;
    int64_t segments, entries, others; /* rows of `a` and `b` for dot: segments, others */
    int64_t heads, width, per_task;
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
    return i >= 0 && i < count;
}

/* ---- product: out[i, h] = sum of a[e, h] b[other[e], h] ---- */

enum { BLOCK = 4 }; /* vectors of a result that are held */

static inline void product_block(const sparse *s, int64_t segment, int64_t h, int64_t c,
                                 int vectors, int64_t last)
{
    const float *value = s->a, *x = s->b;
    float *to = (float *)s->out + (segment * s->heads + h) * s->width + c;
    vf acc[BLOCK] = {vf_zero(), vf_zero(), vf_zero(), vf_zero()};
    int64_t begin, end;
    range(s, segment, &begin, &end);
    for (int64_t i = begin; i < end; ++i) {
        int64_t e = entry_at(s, i);
        if (!inside(e, s->entries) || !inside(s->other[e], s->others)) continue;
        const float *from = x + (s->other[e] * s->heads + h) * s->width + c;
        vf v = vf_set1(value[e * s->heads + h]);
        for (int k = 0; k < vectors - 1; ++k) acc[k] = vf_fma(v, vf_load(from + k * AD_VF), acc[k]);
        const float *tail = from + (vectors - 1) * AD_VF;
        acc[vectors - 1] = vf_fma(v, last == AD_VF ? vf_load(tail) : vf_load_n(tail, last),
                                  acc[vectors - 1]);
    }
    for (int k = 0; k < vectors; ++k)
        vf_store_n(to + k * AD_VF, acc[k], k == vectors - 1 ? last : AD_VF);
}

/* Several heads that together fill at most BLOCK vectors, with whole heads in each: a pass over the
 * entries for all of them. */
static bool heads_fold(const sparse *s)
{
    return s->heads > 1 && s->width < AD_VF && AD_VF % s->width == 0 &&
           s->heads * s->width <= BLOCK * AD_VF;
}

static inline void product_folded(const sparse *s, int64_t segment, int vectors)
{
    enum { FOLD_MOST = AD_VF + 1 };
    const float *value = s->a, *x = s->b;
    int64_t size = s->heads * s->width, begin, end;
    int fold = (int)(AD_VF / s->width); /* heads in a vector */
    int64_t last = size - (vectors - 1) * AD_VF;
    float *to = (float *)s->out + segment * size, lane[AD_VF];
    vm later[FOLD_MOST]; /* the lanes of head j and those behind it */
    vf acc[BLOCK] = {vf_zero(), vf_zero(), vf_zero(), vf_zero()};
    for (int i = 0; i < AD_VF; ++i) lane[i] = (float)i;
    for (int j = 1; j < fold; ++j) later[j] = vf_le(vf_set1((float)(j * s->width)), vf_load(lane));
    range(s, segment, &begin, &end);
    for (int64_t i = begin; i < end; ++i) {
        int64_t e = entry_at(s, i);
        if (!inside(e, s->entries) || !inside(s->other[e], s->others)) continue;
        const float *from = x + s->other[e] * size, *v = value + e * s->heads;
        for (int k = 0; k < vectors; ++k) {
            vf weight = vf_set1(v[k * fold]);
            for (int j = 1; j < fold && k * fold + j < s->heads; ++j)
                weight = vf_select(later[j], vf_set1(v[k * fold + j]), weight);
            vf row = k < vectors - 1 || last == AD_VF ? vf_load(from + k * AD_VF)
                                                      : vf_load_n(from + k * AD_VF, last);
            acc[k] = vf_fma(weight, row, acc[k]);
        }
    }
    for (int k = 0; k < vectors; ++k)
        vf_store_n(to + k * AD_VF, acc[k], k == vectors - 1 ? last : AD_VF);
}

static void products_folded(const sparse *s, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; ++i) switch ((s->heads * s->width + AD_VF - 1) / AD_VF) {
        case 1: product_folded(s, i, 1); break;
        case 2: product_folded(s, i, 2); break;
        case 3: product_folded(s, i, 3); break;
        default: product_folded(s, i, 4); break;
        }
}

static void product_f32(void *user, int64_t task, int worker)
{
    const sparse *s = user;
    int64_t end = least((task + 1) * s->per_task, s->segments);
    (void)worker;
    if (heads_fold(s)) {
        products_folded(s, task * s->per_task, end);
        return;
    }
    for (int64_t i = task * s->per_task; i < end; ++i)
        for (int64_t h = 0; h < s->heads; ++h)
            for (int64_t c = 0; c < s->width; c += BLOCK * AD_VF) {
                int64_t left = least(s->width - c, BLOCK * AD_VF);
                int64_t last = left % AD_VF ? left % AD_VF : AD_VF;
                switch ((left + AD_VF - 1) / AD_VF) { /* so that the loops are unrolled */
                case 1: product_block(s, i, h, c, 1, last); break;
                case 2: product_block(s, i, h, c, 2, last); break;
                case 3: product_block(s, i, h, c, 3, last); break;
                default: product_block(s, i, h, c, 4, last); break;
                }
            }
}

static void product_f64(void *user, int64_t task, int worker)
{
    const sparse *s = user;
    int64_t last = least((task + 1) * s->per_task, s->segments), size = s->heads * s->width;
    const double *value = s->a, *x = s->b;
    (void)worker;
    for (int64_t k = task * s->per_task; k < last; ++k) {
        double *to = (double *)s->out + k * size;
        int64_t begin, end;
        range(s, k, &begin, &end);
        memset(to, 0, (size_t)size * sizeof *to);
        for (int64_t i = begin; i < end; ++i) {
            int64_t e = entry_at(s, i);
            if (!inside(e, s->entries) || !inside(s->other[e], s->others)) continue;
            const double *from = x + s->other[e] * size;
            for (int64_t h = 0; h < s->heads; ++h)
                for (int64_t c = 0; c < s->width; ++c)
                    to[h * s->width + c] += value[e * s->heads + h] * from[h * s->width + c];
        }
    }
}

/* ---- softmax of few columns: several entries in a vector ---- */

static inline bool softmax_folds_f32(int64_t width)
{
    return width < AD_VF && AD_VF % width == 0;
}

/* Every lane becomes the sum (or largest) of the lanes of its column. */
static inline vf fold_columns(vf a, int64_t width, bool sum)
{
    float lane[AD_VF];
    vf_store(lane, a);
    for (int64_t c = 0; c < width; ++c) {
        float total = lane[c];
        for (int64_t i = c + width; i < AD_VF; i += width)
            total = sum ? total + lane[i] : lane[i] > total ? lane[i] : total;
        for (int64_t i = c; i < AD_VF; i += width) lane[i] = total;
    }
    return vf_load(lane);
}

/* n elements: the entries of a row one after the other, `width` columns each. */
static void softmax_folded_f32(const float *x, float *y, int64_t n, int64_t width)
{
    vf top = vf_set1(-INFINITY), sum = vf_zero(), none = top;
    for (int64_t i = 0; i < n; i += AD_VF) {
        int64_t rest = n - i;
        vf v = rest >= AD_VF ? vf_load(x + i)
                             : vf_select(vm_first(rest), vf_load_n(x + i, rest), none);
        top = vf_max(v, top);
    }
    top = fold_columns(top, width, false);
    for (int64_t i = 0; i < n; i += AD_VF) {
        int64_t rest = n - i < AD_VF ? n - i : AD_VF;
        vf e = vf_exp(vf_sub(vf_load_n(x + i, rest), top));
        vf_store_n(y + i, e, rest);
        sum = vf_add(sum, rest < AD_VF ? vf_select(vm_first(rest), e, vf_zero()) : e);
    }
    sum = vf_div(vf_set1(1), fold_columns(sum, width, true));
    for (int64_t i = 0; i < n; i += AD_VF) {
        int64_t rest = n - i < AD_VF ? n - i : AD_VF;
        vf_store_n(y + i, vf_mul(vf_load_n(y + i, rest), sum), rest);
    }
}

static inline bool softmax_folds_f64(int64_t width)
{
    return width < 0;
}

static void softmax_folded_f64(const double *x, double *y, int64_t n, int64_t width)
{
    (void)x, (void)y, (void)n, (void)width;
}

/* ---- dot: out[e, h] = <a[row[e], h], b[column[e], h]> ---- */

static inline float dot_f32(const float *a, const float *b, int64_t n)
{
    return n <= AD_VF ? vf_sum(vf_mul(vf_load_n(a, n), vf_load_n(b, n))) : vf_dot(a, b, n);
}

/* Several heads of a width that is a power of two, together at most FOLD values: all products at
 * once, then neighbours are added until a number is left of each head. */
enum { FOLD = 64 };

static inline bool dots_fold_f32(const sparse *s)
{
    return s->heads > 1 && (s->width & (s->width - 1)) == 0 && s->heads * s->width <= FOLD;
}

static inline void add_neighbours(float *restrict to, const float *restrict from, int count)
{
    for (int i = 0; i < count; ++i) to[i] = from[2 * i] + from[2 * i + 1];
}

static void dots_folded_f32(const float *a, const float *b, float *to, const sparse *s)
{
    float one[FOLD], two[FOLD] = {0}; /* what is not there stays 0 */
    int64_t size = s->heads * s->width;
    for (int64_t i = 0; i < size; i += AD_VF) {
        int64_t n = least(AD_VF, size - i);
        vf_store_n(two + i, vf_mul(vf_load_n(a + i, n), vf_load_n(b + i, n)), n);
    }
    float *sums = two, *next = one;
    for (int64_t left = s->width, count = FOLD / 2; left > 1; left /= 2, count /= 2) {
        switch (count) { /* so that the loops have a length */
        case 32: add_neighbours(next, sums, 32); break;
        case 16: add_neighbours(next, sums, 16); break;
        case 8: add_neighbours(next, sums, 8); break;
        default: add_neighbours(next, sums, (int)count); break;
        }
        float *swap = sums;
        sums = next, next = swap;
    }
    memcpy(to, sums, (size_t)s->heads * sizeof *to);
}

static inline bool dots_fold_f64(const sparse *s)
{
    (void)s;
    return false;
}

static void dots_folded_f64(const double *a, const double *b, double *to, const sparse *s)
{
    (void)a, (void)b, (void)to, (void)s;
}

static inline double dot_f64(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

#define REAL_SOURCE "device/cpu/kernels/sparse_real.h"
#include "device/cpu/kernels/each_real.h"

/* ---- the solvers ---- */

static double bid(const ad_problem *problem, const ad_machine *machine)
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

static void setup(sparse *s, const ad_problem *problem, const ad_run_args *args, bool by_column)
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

/* Runs of segments with about TASK multiply-adds each. */
static void over_segments(sparse *s, const ad_run_args *args, ad_task task)
{
    int64_t work = (s->entries + s->segments) * s->heads * s->width;
    if (s->segments < 1 || s->heads * s->width < 1) return;
    int64_t tasks = work / TASK + 1;
    s->per_task = (s->segments + tasks - 1) / tasks;
    ad_parallel(args->pool, (s->segments + s->per_task - 1) / s->per_task, task, s);
}

static bool transposed(const ad_problem *problem)
{
    return problem->attr && ((const ad_attr_sparse *)problem->attr)->transposed;
}

static void run_product(const ad_problem *problem, const ad_run_args *args)
{
    sparse s;
    setup(&s, problem, args, transposed(problem));
    over_segments(&s, args, problem->out[0].dtype == AD_F64 ? product_f64 : product_f32);
}

static void run_dot(const ad_problem *problem, const ad_run_args *args)
{
    sparse s;
    setup(&s, problem, args, false);
    if (s.entries < 1 || s.heads < 1) return;
    int64_t tasks = s.entries * s.heads * s.width / TASK + 1;
    s.per_task = (s.entries + tasks - 1) / tasks;
    ad_parallel(args->pool, (s.entries + s.per_task - 1) / s.per_task,
                problem->out[0].dtype == AD_F64 ? dots_f64 : dots_f32, &s);
}

static void run_sum(const ad_problem *problem, const ad_run_args *args)
{
    sparse s;
    setup(&s, problem, args, transposed(problem));
    over_segments(&s, args, problem->out[0].dtype == AD_F64 ? sum_f64 : sum_f32);
}

static void run_max(const ad_problem *problem, const ad_run_args *args)
{
    sparse s;
    setup(&s, problem, args, false);
    over_segments(&s, args, problem->out[0].dtype == AD_F64 ? max_f64 : max_f32);
}

static void run_softmax(const ad_problem *problem, const ad_run_args *args)
{
    bool wide = problem->out[0].dtype == AD_F64;
    sparse s;
    setup(&s, problem, args, false);
    memset(s.out, 0, (size_t)(s.entries * s.width) * ad_dtype_size(problem->out[0].dtype));
    over_segments(&s, args, wide ? softmax_f64 : softmax_f32);
}

const ad_solver AD_ISA_NAME(ad_solver_sparse_matmul) = {
    .name = "sparse matmul", .op = AD_OP_SPARSE_MATMUL, .bid = bid, .run = run_product};
const ad_solver AD_ISA_NAME(ad_solver_sparse_dot) = {
    .name = "sparse dot", .op = AD_OP_SPARSE_DOT, .bid = bid, .run = run_dot};
const ad_solver AD_ISA_NAME(ad_solver_segment_sum) = {
    .name = "segment sum", .op = AD_OP_SEGMENT_SUM, .bid = bid, .run = run_sum};
const ad_solver AD_ISA_NAME(ad_solver_segment_max) = {
    .name = "segment max", .op = AD_OP_SEGMENT_MAX, .bid = bid, .run = run_max};
const ad_solver AD_ISA_NAME(ad_solver_segment_softmax) = {
    .name = "segment softmax", .op = AD_OP_SEGMENT_SOFTMAX, .bid = bid, .run = run_softmax};
