/* resize2d.c - resampling of feature maps [batch, height, width, channel] and its adjoint.
 *
 * The taps of all rows and columns are worked out first (ad_resize_taps). Tasks are bands of rows
 * of what is written. */
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/real.h"
#include "ops/attrs.h"
#include "plan/device.h"

enum { TASK = 16384 }; /* elements */

typedef struct taps {
    int64_t index[4];
    double weight[4];
    int n;
} taps;

/* x [batch, h, w, c] is the forward operation's input, y [batch, oh, ow, c] its result. */
typedef struct resampling {
    const ad_run_args *args;
    taps *rows, *cols; /* [oh], [ow] */
    int64_t batch, h, w, c, oh, ow, band, bands;
} resampling;

#define REAL_SOURCE "device/cpu/kernels/resize2d_real.h"
#include "device/cpu/kernels/each_real.h"

static const ad_operand *result_side(const ad_problem *problem)
{
    return problem->op == AD_OP_RESIZE2D ? &problem->out[0] : &problem->in[0];
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *in = &problem->in[0], *out = &problem->out[0];
    if (out->dtype != AD_F32 && out->dtype != AD_F64) return -1;
    if (in->dtype != out->dtype || out->rank != 4) return -1;
    if (!ad_operand_contiguous(in) || !ad_operand_contiguous(out)) return -1;
    double elements = 4 * (double)ad_operand_count(result_side(problem)) +
                      (double)ad_operand_count(out);
    return machine->call +
           ad_scattered_seconds(machine, elements * (double)ad_dtype_size(out->dtype));
}

static size_t workspace(const ad_problem *problem)
{
    const ad_operand *y = result_side(problem);
    return ad_bytes(y->dim[1] + y->dim[2], sizeof(taps));
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    bool forward = problem->op == AD_OP_RESIZE2D, wide = problem->out[0].dtype == AD_F64;
    const ad_attr_resize *attr = problem->attr;
    const ad_operand *out = &problem->out[0], *y = result_side(problem);
    const ad_operand *x = forward ? &problem->in[0] : out;
    resampling p = {.args = args,
                    .batch = x->dim[0],
                    .h = x->dim[1],
                    .w = x->dim[2],
                    .c = x->dim[3],
                    .oh = y->dim[1],
                    .ow = y->dim[2]};
    ad_task task = forward ? (wide ? resize_rows_f64 : resize_rows_f32)
                           : (wide ? resize_grad_band_f64 : resize_grad_band_f32);
    if (ad_operand_count(out) == 0) return;
    p.rows = args->workspace, p.cols = p.rows + p.oh;
    for (int64_t i = 0; i < p.oh; ++i) {
        p.rows[i].n = ad_resize_taps((int)attr->mode, p.h, p.oh, i, p.rows[i].index,
                                     p.rows[i].weight);
    }
    for (int64_t i = 0; i < p.ow; ++i) {
        p.cols[i].n = ad_resize_taps((int)attr->mode, p.w, p.ow, i, p.cols[i].index,
                                     p.cols[i].weight);
    }
    int64_t row = out->dim[2] * out->dim[3];
    p.band = row < TASK ? (TASK + row - 1) / row : 1;
    p.bands = (out->dim[1] + p.band - 1) / p.band;
    ad_parallel(args->pool, p.batch * p.bands, task, &p);
}

const ad_solver AD_ISA_NAME(ad_solver_resize2d) = {
    .name = "resize", .op = AD_OP_RESIZE2D, .bid = bid, .workspace = workspace, .run = run};
const ad_solver AD_ISA_NAME(ad_solver_resize2d_grad) = {.name = "resize adjoint",
                                                        .op = AD_OP_RESIZE2D_GRAD,
                                                        .bid = bid,
                                                        .workspace = workspace,
                                                        .run = run};
