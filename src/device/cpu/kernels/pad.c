/* pad.c - constant padding (with gaps between elements), mirror padding, and the latter's adjoint.
 *
 * The last padded axis and the contiguous elements behind it make a row; a task takes some rows of
 * the result. Constant padding and mirroring only move memory and take every element type. */
#include "device/cpu/kernels/strided_copy.h"
#include "device/cpu/kernels/walk.h"
#include "ops/attrs.h"

#include <string.h>

enum { TASK = 16384 }; /* elements */

typedef struct padding {
    const ad_problem *problem;
    const ad_attr_pad *attr;
    const ad_run_args *args;
    int axis;      /* the last padded axis, or the last */
    int64_t inner; /* elements behind one of its positions, contiguous on both sides */
    size_t size;
    ad_walk outer; /* the result's axes before `axis` */
    int64_t rows_per_task;
    unsigned char value[8]; /* PAD */
} padding;

static bool inner_contiguous(const ad_operand *o, int axis)
{
    int64_t stride = 1;
    for (int i = o->rank - 1; i > axis; --i) {
        if (o->dim[i] != 1 && o->stride[i] != stride) return false;
        stride *= o->dim[i];
    }
    return true;
}

static void plan(padding *p, const ad_problem *problem, const ad_run_args *args)
{
    const ad_operand *in = &problem->in[0], *out = &problem->out[0];
    *p = (padding){.problem = problem, .attr = problem->attr, .args = args, .inner = 1};
    p->size = ad_dtype_size(out->dtype);
    p->axis = out->rank - 1;
    while (p->axis > 0 && in->dim[p->axis] == out->dim[p->axis]) --p->axis;
    if (!inner_contiguous(in, p->axis) || !inner_contiguous(out, p->axis)) p->axis = out->rank - 1;
    for (int i = p->axis + 1; i < out->rank; ++i) p->inner *= out->dim[i];
    p->outer = (ad_walk){.count = 1};
    for (int i = 0; i < p->axis; ++i) {
        p->outer.axis[p->outer.rank] = i, p->outer.dim[p->outer.rank++] = out->dim[i];
        p->outer.count *= out->dim[i];
    }
    int64_t row = out->rank ? out->dim[p->axis] * p->inner : 1;
    p->rows_per_task = row < TASK ? TASK / (row > 0 ? row : 1) : 1;
    ad_convert(p->value, out->dtype, &p->attr->value, AD_F64, 1);
}

static void each_task(const padding *p, ad_task task)
{
    int64_t tasks = (p->outer.count + p->rows_per_task - 1) / p->rows_per_task;
    ad_parallel(p->args->pool, tasks, task, (void *)p);
}

static int64_t last_row(const padding *p, int64_t task)
{
    int64_t end = (task + 1) * p->rows_per_task;
    return end < p->outer.count ? end : p->outer.count;
}

/* ---- constant ---- */

/* `count` positions of the row from position `at` on. */
static void fill(const padding *p, char *row, int64_t at, int64_t step, int64_t count)
{
    int64_t stride = p->problem->out[0].stride[p->axis];
    AD_ISA_NAME(ad_strided_copy)
    (row + at * stride * (int64_t)p->size, stride * step, 1, p->value, 0, 0, count, p->inner,
     p->size);
}

static void pad_rows(void *user, int64_t task, int worker)
{
    const padding *p = user;
    const ad_operand *in = &p->problem->in[0], *out = &p->problem->out[0];
    const ad_attr_pad *attr = p->attr;
    int64_t size = (int64_t)p->size, dim = in->dim[p->axis], before = attr->before[p->axis];
    int64_t step = attr->interior[p->axis] + 1, covered = dim > 0 ? (dim - 1) * step + 1 : 0;
    (void)worker;
    for (int64_t row = task * p->rows_per_task; row < last_row(p, task); ++row) {
        int64_t rest = row, from = 0, to = 0;
        bool inside = dim > 0;
        for (int i = p->axis - 1; i >= 0; --i) {
            int64_t at = rest % out->dim[i], gap = attr->interior[i] + 1,
                    source = at - attr->before[i];
            rest /= out->dim[i];
            to += at * out->stride[i];
            inside &= source >= 0 && source % gap == 0 && source / gap < in->dim[i];
            from += source / gap * in->stride[i];
        }
        char *data = (char *)p->args->out[0] + to * size;
        if (!inside) {
            fill(p, data, 0, 1, out->dim[p->axis]);
            continue;
        }
        fill(p, data, 0, 1, before);
        for (int64_t k = 1; k < step; ++k) fill(p, data, before + k, step, dim - 1);
        AD_ISA_NAME(ad_strided_copy)
        (data + before * out->stride[p->axis] * size, out->stride[p->axis] * step, 1,
         (const char *)p->args->in[0] + from * size, in->stride[p->axis], 1, dim, p->inner,
         p->size);
        fill(p, data, before + covered, 1, out->dim[p->axis] - before - covered);
    }
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    double count = 2;
    for (int i = 0; i < problem->out[0].rank; ++i) count *= (double)problem->out[0].dim[i];
    if (problem->n_in != 1 || problem->in[0].rank != problem->out[0].rank) return -1;
    return machine->call + count * 2 / machine->steps;
}

static void copy_scalar(const ad_problem *problem, const ad_run_args *args)
{
    memcpy(args->out[0], args->in[0], ad_dtype_size(problem->out[0].dtype));
}

static void run_pad(const ad_problem *problem, const ad_run_args *args)
{
    padding p;
    if (problem->out[0].rank == 0) {
        copy_scalar(problem, args);
        return;
    }
    plan(&p, problem, args);
    each_task(&p, pad_rows);
}

/* ---- mirror ---- */

static int64_t mirrored(int64_t at, int64_t dim)
{
    if (at < 0) return -at;
    return at < dim ? at : 2 * (dim - 1) - at;
}

static void reflect_rows(void *user, int64_t task, int worker)
{
    const padding *p = user;
    const ad_operand *in = &p->problem->in[0], *out = &p->problem->out[0];
    int64_t size = (int64_t)p->size, dim = in->dim[p->axis], before = p->attr->before[p->axis];
    int64_t to_stride = out->stride[p->axis] * size, from_stride = in->stride[p->axis] * size;
    (void)worker;
    for (int64_t row = task * p->rows_per_task; row < last_row(p, task); ++row) {
        int64_t rest = row, from = 0, to = 0;
        for (int i = p->axis - 1; i >= 0; --i) {
            int64_t at = rest % out->dim[i];
            rest /= out->dim[i];
            to += at * out->stride[i];
            from += mirrored(at - p->attr->before[i], in->dim[i]) * in->stride[i];
        }
        char *q = (char *)p->args->out[0] + to * size;
        const char *s = (const char *)p->args->in[0] + from * size;
        for (int64_t i = 0; i < out->dim[p->axis]; ++i) {
            if (i >= before && i < before + dim) continue;
            memcpy(q + i * to_stride, s + mirrored(i - before, dim) * from_stride,
                   (size_t)(p->inner * size));
        }
        AD_ISA_NAME(ad_strided_copy)
        (q + before * to_stride, out->stride[p->axis], 1, s, in->stride[p->axis], 1, dim, p->inner,
         p->size);
    }
}

static void run_reflect(const ad_problem *problem, const ad_run_args *args)
{
    padding p;
    if (problem->out[0].rank == 0) {
        copy_scalar(problem, args);
        return;
    }
    plan(&p, problem, args);
    each_task(&p, reflect_rows);
}

/* ---- the mirror's adjoint: every position adds up those that mirror it ---- */

/* The up to three padded positions that show position `at`, ascending order of the formulas. */
static int images(const padding *p, int axis, int64_t at, int64_t image[3])
{
    int64_t before = p->attr->before[axis], after = p->attr->after[axis],
            dim = p->problem->out[0].dim[axis];
    int n = 0;
    image[n++] = before + at;
    if (at >= 1 && at <= before) image[n++] = before - at;
    if (at <= dim - 2 && at >= dim - 1 - after) image[n++] = before + 2 * (dim - 1) - at;
    return n;
}

static void add_row(const padding *p, char *to, const char *from, int64_t count)
{
    if (p->size == 4) {
        float *t = (float *)to;
        const float *f = (const float *)from;
        for (int64_t i = 0; i < count; ++i) t[i] += f[i];
    } else {
        double *t = (double *)to;
        const double *f = (const double *)from;
        for (int64_t i = 0; i < count; ++i) t[i] += f[i];
    }
}

/* Adds the padded row at `from` (its outer axes fixed) to the result's row. */
static void fold_row(const padding *p, char *to, const char *from)
{
    const ad_operand *in = &p->problem->in[0], *out = &p->problem->out[0];
    int64_t size = (int64_t)p->size, dim = out->dim[p->axis], before = p->attr->before[p->axis];
    bool solid = out->stride[p->axis] == p->inner && in->stride[p->axis] == p->inner;
    if (solid) add_row(p, to, from + before * p->inner * size, dim * p->inner);
    for (int64_t i = 0; i < dim; ++i) {
        int64_t image[3];
        int n = images(p, p->axis, i, image);
        for (int k = solid; k < n; ++k) {
            add_row(p, to + i * out->stride[p->axis] * size,
                    from + image[k] * in->stride[p->axis] * size, p->inner);
        }
    }
}

static void fold_rows(void *user, int64_t task, int worker)
{
    const padding *p = user;
    const ad_operand *in = &p->problem->in[0], *out = &p->problem->out[0];
    static const unsigned char zero[8];
    (void)worker;
    for (int64_t row = task * p->rows_per_task; row < last_row(p, task); ++row) {
        int64_t image[AD_MAX_RANK][3], rest = row, to = 0, combinations = 1;
        int n[AD_MAX_RANK];
        for (int i = p->axis - 1; i >= 0; --i) {
            int64_t at = rest % out->dim[i];
            rest /= out->dim[i];
            to += at * out->stride[i];
            n[i] = images(p, i, at, image[i]);
            combinations *= n[i];
        }
        char *q = (char *)p->args->out[0] + to * (int64_t)p->size;
        AD_ISA_NAME(ad_strided_copy)
        (q, out->stride[p->axis], 1, zero, 0, 0, out->dim[p->axis], p->inner, p->size);
        for (int64_t c = 0; c < combinations; ++c) {
            int64_t from = 0, which = c;
            for (int i = p->axis - 1; i >= 0; --i) {
                from += image[i][which % n[i]] * in->stride[i];
                which /= n[i];
            }
            fold_row(p, q, (const char *)p->args->in[0] + from * (int64_t)p->size);
        }
    }
}

static double bid_fold(const ad_problem *problem, const ad_machine *machine)
{
    ad_dtype dtype = problem->out[0].dtype;
    return dtype == AD_F32 || dtype == AD_F64 ? 2 * bid(problem, machine) : -1;
}

static void run_fold(const ad_problem *problem, const ad_run_args *args)
{
    padding p;
    if (problem->out[0].rank == 0) {
        copy_scalar(problem, args);
        return;
    }
    plan(&p, problem, args);
    each_task(&p, fold_rows);
}

const ad_solver AD_ISA_NAME(ad_solver_pad) = {
    .name = "pad", .op = AD_OP_PAD, .bid = bid, .run = run_pad};
const ad_solver AD_ISA_NAME(ad_solver_pad_reflect) = {
    .name = "pad reflect", .op = AD_OP_PAD_REFLECT, .bid = bid, .run = run_reflect};
const ad_solver AD_ISA_NAME(ad_solver_pad_reflect_grad) = {
    .name = "pad reflect adjoint", .op = AD_OP_PAD_REFLECT_GRAD, .bid = bid_fold, .run = run_fold};
