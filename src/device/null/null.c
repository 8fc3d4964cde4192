/* null.c - the null device: one pseudo solver that takes every problem.
 *
 * For tests of the planner and for looking at programs that are too large for this machine. Its
 * estimates are those of a machine with round numbers: 100 GFLOP/s and 10 GB/s. */
#include "device/null/null.h"

/* A roofline: whichever is slower of arithmetic, one operation per element, and memory. */
static double bid(const ad_problem *problem, const ad_machine *machine)
{
    double bytes = 0, flops = 0;
    for (int i = 0; i < problem->n_in; ++i) {
        double count = (double)ad_operand_count(&problem->in[i]);
        flops += count;
        bytes += count * (double)ad_dtype_size(problem->in[i].dtype);
    }
    for (int i = 0; i < problem->n_out; ++i)
        bytes += (double)ad_operand_count(&problem->out[i]) *
                 (double)ad_dtype_size(problem->out[i].dtype);
    double memory = bytes / machine->bandwidth, arithmetic = flops / machine->flops_f32;
    return memory > arithmetic ? memory : arithmetic;
}

static const ad_solver solver = {.name = "null", .bid = bid};

static const ad_solver *const *solvers(const ad_device *device, int op, int *count)
{
    static const ad_solver *const all[] = {&solver};
    (void)device, (void)op;
    *count = 1;
    return all;
}

ad_status ad_null_device_open(ad_device *device, ad_context *ctx)
{
    *device = (ad_device){
        .runs = false,
        .machine = {.flops_f32 = 1e11,
                    .flops_f64 = 5e10,
                    .flops_bf16 = 2e11,
                    .steps = 1e10,
                    .bandwidth = 1e10,
                    .cache_bandwidth = 1e10,
                    .overhead = 1e-6,
                    .threads = ad_context_threads(ctx)},
        .solvers = solvers,
        .bf16 = true,
    };
    return AD_OK;
}
