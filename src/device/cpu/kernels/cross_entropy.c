/* cross_entropy.c - the loss -log softmax(logits)[label] per row, and its gradient, without storing
 * the softmax. A label outside the classes gives 0. */
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/real.h"
#include "device/cpu/kernels/row_exp.h"
#include "plan/device.h"

enum { TASK = 8192 }; /* elements */

/* logits [rows, classes], labels [rows] */
typedef struct entropy {
    const ad_run_args *args;
    int64_t rows, classes, per_task;
    bool wide; /* i64 labels */
} entropy;

static int64_t label_of(const entropy *e, int64_t row)
{
    const void *labels = e->args->in[1];
    return e->wide ? ((const int64_t *)labels)[row] : ((const int32_t *)labels)[row];
}

#define REAL_SOURCE "device/cpu/kernels/cross_entropy_real.h"
#include "device/cpu/kernels/each_real.h"

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *logits = &problem->in[0], *labels = &problem->in[1], *out = &problem->out[0];
    if (out->dtype != AD_F32 && out->dtype != AD_F64) return -1;
    if (logits->dtype != out->dtype || (labels->dtype != AD_I32 && labels->dtype != AD_I64))
        return -1;
    for (int i = 0; i < problem->n_in; ++i) {
        if (!ad_operand_contiguous(&problem->in[i])) return -1;
    }
    if (problem->n_in == 3 && problem->in[2].dtype != out->dtype) return -1;
    if (!ad_operand_contiguous(out) || logits->rank < 1) return -1;
    double elements = (double)ad_operand_count(logits), size = (double)ad_dtype_size(out->dtype);
    return machine->call + ad_move_seconds(machine, 2 * elements * size) +
           elements * 12 / machine->steps / machine->threads;
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    bool gradient = problem->op == AD_OP_CROSS_ENTROPY_GRAD, wide = problem->out[0].dtype == AD_F64;
    const ad_operand *logits = &problem->in[0];
    entropy e = {.args = args,
                 .rows = ad_operand_count(&problem->in[1]),
                 .classes = logits->dim[logits->rank - 1],
                 .wide = problem->in[1].dtype == AD_I64};
    ad_task task = gradient ? (wide ? grad_task_f64 : grad_task_f32)
                            : (wide ? loss_task_f64 : loss_task_f32);
    e.per_task = e.classes < TASK ? TASK / (e.classes > 0 ? e.classes : 1) : 1;
    ad_parallel(args->pool, (e.rows + e.per_task - 1) / e.per_task, task, &e);
}

const ad_solver AD_ISA_NAME(ad_solver_cross_entropy) = {
    .name = "cross entropy", .op = AD_OP_CROSS_ENTROPY, .bid = bid, .run = run};
const ad_solver AD_ISA_NAME(ad_solver_cross_entropy_grad) = {
    .name = "cross entropy gradient", .op = AD_OP_CROSS_ENTROPY_GRAD, .bid = bid, .run = run};
