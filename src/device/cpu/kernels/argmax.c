/* argmax.c - the index of the first largest element along one axis, as i32. NaN counts as largest.
 */
#include "ops/attrs.h"
#include "device/cpu/isa.h"
#include "plan/device.h"

enum { TASK = 16384 }; /* elements */

/* [outer, length, inner] */
typedef struct search {
    const ad_run_args *args;
    int64_t outer, length, inner, per_task;
} search;

#define SEARCH(T, name)                                                                            \
    static void name(void *user, int64_t task, int worker)                                         \
    {                                                                                              \
        const search *s = user;                                                                    \
        int64_t end = (task + 1) * s->per_task < s->outer ? (task + 1) * s->per_task : s->outer;   \
        (void)worker;                                                                              \
        for (int64_t o = task * s->per_task; o < end; ++o) {                                       \
            const T *x = (const T *)s->args->in[0] + o * s->length * s->inner;                     \
            int32_t *y = (int32_t *)s->args->out[0] + o * s->inner;                                \
            for (int64_t k = 0; k < s->inner; ++k) y[k] = 0;                                       \
            for (int64_t a = 1; a < s->length; ++a) {                                              \
                for (int64_t k = 0; k < s->inner; ++k) {                                           \
                    T best = x[y[k] * s->inner + k], next = x[a * s->inner + k];                   \
                    if (next > best || (next != next && best == best)) y[k] = (int32_t)a;          \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
SEARCH(float, search_f32)
SEARCH(double, search_f64)
SEARCH(int32_t, search_i32)
SEARCH(int64_t, search_i64)

static ad_task task_for(ad_dtype dtype)
{
    switch (dtype) {
    case AD_F32: return search_f32;
    case AD_F64: return search_f64;
    case AD_I32: return search_i32;
    case AD_I64: return search_i64;
    default: return NULL;
    }
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *in = &problem->in[0], *out = &problem->out[0];
    if (!task_for(in->dtype) || out->dtype != AD_I32 || in->rank < 1) return -1;
    if (!ad_operand_contiguous(in) || !ad_operand_contiguous(out)) return -1;
    return machine->call + 8 * (double)ad_operand_count(in) / machine->steps;
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    const ad_attr_axis *attr = problem->attr;
    const ad_operand *in = &problem->in[0];
    search s = {.args = args, .outer = 1, .length = in->dim[attr->axis], .inner = 1};
    for (int i = 0; i < in->rank; ++i) {
        if (i < attr->axis) s.outer *= in->dim[i];
        if (i > attr->axis) s.inner *= in->dim[i];
    }
    int64_t elements = s.length * s.inner;
    s.per_task = elements < TASK ? TASK / (elements > 0 ? elements : 1) : 1;
    ad_parallel(args->pool, (s.outer + s.per_task - 1) / s.per_task, task_for(in->dtype), &s);
}

const ad_solver AD_ISA_NAME(ad_solver_argmax) = {
    .name = "argmax", .op = AD_OP_ARGMAX, .bid = bid, .run = run};
