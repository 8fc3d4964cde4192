/* pooling.c - max and average pooling on [batch, height, width, channel], their gradients, and the
 * selection by maximum that the second derivative needs.
 *
 * Vectors run over channels. Tasks are bands of rows of what is written; a gradient's band goes
 * through all windows that touch it in order, so windows may overlap and no sum depends on the
 * bands. */
#include "device/cpu/kernels/pooling.h"
#include "device/cpu/simd.h"

#include <math.h>

static vm wins(vf x, vf best)
{
    return vm_or(vf_gt(x, best), vm_and(vf_ne(x, x), vf_eq(best, best)));
}

static void add_where(float *to, vm where, vf g, int64_t n)
{
    vf_store_n(to, vf_add(vf_load_n(to, n), vf_select(where, g, vf_zero())), n);
}

/* One whole 2 x 2 window: g is added where the first largest of its four elements is. */
static void max_grad4(const float *x, int64_t below, const float *g, float *dx, int64_t c)
{
    for (int64_t k = 0; k < c; k += AD_VF) {
        int64_t n = c - k < AD_VF ? c - k : AD_VF;
        vf m = vf_load_n(x + k, n), v = vf_load_n(g + k, n), next = vf_load_n(x + c + k, n);
        vm second = wins(next, m);
        m = vf_select(second, next, m);
        next = vf_load_n(x + below + k, n);
        vm third = wins(next, m);
        m = vf_select(third, next, m);
        vm fourth = wins(vf_load_n(x + below + c + k, n), m), later = vm_or(third, fourth);
        add_where(dx + k, vm_not(vm_or(second, later)), v, n);
        add_where(dx + c + k, vm_and(second, vm_not(later)), v, n);
        add_where(dx + below + k, vm_and(third, vm_not(fourth)), v, n);
        add_where(dx + below + c + k, fourth, v, n);
    }
}

/* A window of any size, `range` as ad_pool_range has it: g is added where its first largest element
 * is, in rows [row, end). Rows are `line` floats apart, columns c. */
static void max_grad_any(const float *x, int64_t line, const float *g, float *dx, int64_t c,
                         const int64_t range[4], int64_t row, int64_t end)
{
    int64_t top = range[0], width = range[3] - range[2], corner = top * line + range[2] * c;
    row = row > top ? row : top, end = end < range[1] ? end : range[1];
    for (int64_t k = 0; k < c; k += AD_VF) {
        int64_t n = c - k < AD_VF ? c - k : AD_VF;
        const float *from = x + corner + k;
        vf best = vf_load_n(from, n), v = vf_load_n(g + k, n);
        vi where = vi_set1(0);
        for (int64_t i = top, number = 0; i < range[1]; ++i, from += line)
            for (int64_t j = 0; j < width; ++j, ++number) {
                vf value = vf_load_n(from + j * c, n);
                vm better = wins(value, best);
                best = vf_select(better, value, best);
                where = vi_select(better, vi_set1((int32_t)number), where);
            }
        float *to = dx + corner + (row - top) * line + k;
        for (int64_t i = row; i < end; ++i, to += line)
            for (int64_t j = 0; j < width; ++j)
                add_where(to + j * c, vi_eq(where, vi_set1((int32_t)((i - top) * width + j))), v,
                          n);
    }
}

#define REAL_SOURCE "device/cpu/kernels/pooling_real.h"
#include "device/cpu/kernels/each_real.h"

/* The side x of a problem is its first input, or its result for the gradient of the average. */
static const ad_operand *large_side(const ad_problem *problem)
{
    return problem->op == AD_OP_AVG_POOL2D_GRAD ? &problem->out[0] : &problem->in[0];
}

static const ad_operand *small_side(const ad_problem *problem)
{
    switch (problem->op) {
    case AD_OP_AVG_POOL2D_GRAD: return &problem->in[0];
    case AD_OP_MAX_POOL2D_GRAD: return &problem->in[1];
    default: return &problem->out[0];
    }
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *out = &problem->out[0];
    double elements = 2 * (double)ad_operand_count(large_side(problem));
    if (out->dtype != AD_F32 && out->dtype != AD_F64) return -1;
    if (out->rank != 4 || !ad_operand_contiguous(out)) return -1;
    for (int i = 0; i < problem->n_in; ++i) {
        if (problem->in[i].dtype != out->dtype || !ad_operand_contiguous(&problem->in[i]))
            return -1;
    }
    return machine->call +
           ad_scattered_seconds(machine, elements * (double)ad_dtype_size(out->dtype));
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    const ad_operand *x = large_side(problem), *y = small_side(problem), *out = &problem->out[0];
    bool wide = out->dtype == AD_F64;
    ad_task task;
    pooling p = {.attr = problem->attr,
                 .args = args,
                 .batch = x->dim[0],
                 .h = x->dim[1],
                 .w = x->dim[2],
                 .c = x->dim[3],
                 .oh = y->dim[1],
                 .ow = y->dim[2]};
    switch (problem->op) {
    case AD_OP_MAX_POOL2D: task = wide ? max_rows_f64 : max_rows_f32; break;
    case AD_OP_MAX_POOL2D_GRAD: task = wide ? max_grad_band_f64 : max_grad_band_f32; break;
    case AD_OP_MAX_POOL2D_SELECT: task = wide ? max_select_rows_f64 : max_select_rows_f32; break;
    case AD_OP_AVG_POOL2D: task = wide ? average_rows_f64 : average_rows_f32; break;
    default: task = wide ? average_grad_band_f64 : average_grad_band_f32; break;
    }
    int64_t row = out->dim[2] * out->dim[3];
    if (ad_operand_count(out) == 0) return;
    p.band = row < POOL_TASK ? (POOL_TASK + row - 1) / row : 1;
    p.band += p.band % 2; /* 2 x 2 windows lie within a band */
    p.bands = (out->dim[1] + p.band - 1) / p.band;
    ad_parallel(args->pool, p.batch * p.bands, task, &p);
}

#define POOLING(ID, symbol, text)                                                                  \
    const ad_solver AD_ISA_NAME(ad_solver_##symbol) = {                                            \
        .name = text, .op = ID, .bid = bid, .run = run};
POOLING(AD_OP_MAX_POOL2D, max_pool2d, "max pool")
POOLING(AD_OP_MAX_POOL2D_GRAD, max_pool2d_grad, "max pool gradient")
POOLING(AD_OP_MAX_POOL2D_SELECT, max_pool2d_select, "max pool select")
POOLING(AD_OP_AVG_POOL2D, avg_pool2d, "average pool")
POOLING(AD_OP_AVG_POOL2D_GRAD, avg_pool2d_grad, "average pool gradient")
