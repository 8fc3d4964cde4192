/* softmax.c - softmax and log-softmax along one axis of a contiguous tensor.
 *
 * Along the last axis a row at a time; along another, COLUMNS neighbouring columns at a time. */
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/real.h"
#include "device/cpu/kernels/row_exp.h"
#include "ops/attrs.h"
#include "plan/device.h"

enum { COLUMNS = 64, TASK = 8192 }; /* columns at a time; elements of a task */

/* [outer, length, inner] */
typedef struct soft {
    const ad_run_args *args;
    int64_t outer, length, inner, blocks, units, per_task;
    bool logarithm;
} soft;

#define REAL_SOURCE "device/cpu/kernels/softmax_real.h"
#include "device/cpu/kernels/each_real.h"

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *in = &problem->in[0], *out = &problem->out[0];
    if (out->dtype != AD_F32 && out->dtype != AD_F64) return -1;
    if (in->dtype != out->dtype || out->rank < 1) return -1;
    if (!ad_operand_contiguous(in) || !ad_operand_contiguous(out)) return -1;
    double elements = (double)ad_operand_count(out), size = (double)ad_dtype_size(out->dtype);
    return machine->call + ad_move_seconds(machine, 2 * elements * size) +
           elements * 12 / machine->steps / machine->threads;
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    const ad_attr_axis *attr = problem->attr;
    const ad_operand *out = &problem->out[0];
    soft s = {.args = args,
              .outer = 1,
              .length = out->dim[attr->axis],
              .inner = 1,
              .logarithm = problem->op == AD_OP_LOG_SOFTMAX};
    for (int i = 0; i < out->rank; ++i) {
        if (i < attr->axis) s.outer *= out->dim[i];
        if (i > attr->axis) s.inner *= out->dim[i];
    }
    if (s.outer * s.length * s.inner == 0) return;
    int64_t width = s.inner < COLUMNS ? s.inner : COLUMNS;
    s.blocks = (s.inner + COLUMNS - 1) / COLUMNS;
    s.units = s.outer * s.blocks;
    s.per_task = s.length * width < TASK ? TASK / (s.length * width) : 1;
    ad_parallel(args->pool, (s.units + s.per_task - 1) / s.per_task,
                out->dtype == AD_F64 ? softmax_task_f64 : softmax_task_f32, &s);
}

const ad_solver AD_ISA_NAME(ad_solver_softmax) = {
    .name = "softmax", .op = AD_OP_SOFTMAX, .bid = bid, .run = run};
const ad_solver AD_ISA_NAME(ad_solver_log_softmax) = {
    .name = "log softmax", .op = AD_OP_LOG_SOFTMAX, .bid = bid, .run = run};
