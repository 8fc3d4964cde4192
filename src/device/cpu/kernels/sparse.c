/* sparse.c - inner products at the entries of a sparse matrix, and sums, maxima and softmax over
 * the entries of a row: graphs. */
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/real.h"
#include "device/cpu/kernels/row_exp.h"
#include "device/cpu/kernels/sparse.h"

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

static void run_dot(const ad_problem *problem, const ad_run_args *args)
{
    sparse s;
    sparse_setup(&s, problem, args, false);
    if (s.entries < 1 || s.heads < 1) return;
    int64_t tasks = s.entries * s.heads * s.width / SPARSE_TASK + 1;
    s.per_task = (s.entries + tasks - 1) / tasks;
    ad_parallel(args->pool, (s.entries + s.per_task - 1) / s.per_task,
                problem->out[0].dtype == AD_F64 ? dots_f64 : dots_f32, &s);
}

static void run_sum(const ad_problem *problem, const ad_run_args *args)
{
    sparse s;
    sparse_setup(&s, problem, args, sparse_transposed(problem));
    sparse_over(&s, args, problem->out[0].dtype == AD_F64 ? sum_f64 : sum_f32);
}

static void run_max(const ad_problem *problem, const ad_run_args *args)
{
    sparse s;
    sparse_setup(&s, problem, args, false);
    sparse_over(&s, args, problem->out[0].dtype == AD_F64 ? max_f64 : max_f32);
}

static void run_softmax(const ad_problem *problem, const ad_run_args *args)
{
    bool wide = problem->out[0].dtype == AD_F64;
    sparse s;
    sparse_setup(&s, problem, args, false);
    memset(s.out, 0, (size_t)(s.entries * s.width) * ad_dtype_size(problem->out[0].dtype));
    sparse_over(&s, args, wide ? softmax_f64 : softmax_f32);
}

const ad_solver AD_ISA_NAME(ad_solver_sparse_dot) = {
    .name = "sparse dot", .op = AD_OP_SPARSE_DOT, .bid = sparse_bid, .run = run_dot};
const ad_solver AD_ISA_NAME(ad_solver_segment_sum) = {
    .name = "segment sum", .op = AD_OP_SEGMENT_SUM, .bid = sparse_bid, .run = run_sum};
const ad_solver AD_ISA_NAME(ad_solver_segment_max) = {
    .name = "segment max", .op = AD_OP_SEGMENT_MAX, .bid = sparse_bid, .run = run_max};
const ad_solver AD_ISA_NAME(ad_solver_segment_softmax) = {
    .name = "segment softmax", .op = AD_OP_SEGMENT_SOFTMAX, .bid = sparse_bid, .run = run_softmax};
