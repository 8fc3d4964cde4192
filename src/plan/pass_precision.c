/* pass_precision.c - with bf16 precision, matmuls and convolutions of f32 take bf16 operands and
 * still give f32, where that is faster on this device.
 *
 * Such a node (bf16 in, f32 out) exists in planned graphs only. Casts of weights are constant and
 * run when the weights change (pack.c). */
#include "plan/pass.h"
#include "plan/plan.h"

#include <autodidact/ops.h>

static double lowest_bid(const ad_device *device, const ad_node *node, ad_dtype in)
{
    ad_problem problem;
    ad_node_problem(device, node, &problem);
    problem.in[0].dtype = problem.in[1].dtype = in;
    return ad_device_bid(device, &problem);
}

/* Seconds for one core, as bids are, to make the bf16 operands: read as f32, written. An operand
 * that is bf16 already, widened, costs nothing. */
static double cast_seconds(const ad_device *device, ad_node *const *inputs)
{
    double elements = 0;
    for (int i = 0; i < 2; ++i) {
        const ad_node *in = inputs[i];
        bool widened = in->op == AD_OP_CAST && in->inputs[0]->dtype == AD_BF16;
        if (!widened) elements += (double)ad_shape_count(in->shape);
    }
    return elements * 6 / device->machine.bandwidth;
}

static ad_node *lower_precision(ad_passes *passes, ad_graph *graph, const ad_node *old,
                                ad_node **inputs, void *user)
{
    (void)user;
    if (ad_ops[old->op].klass != AD_CLASS_CONTRACT || old->dtype != AD_F32) return NULL;
    if (inputs[0]->dtype != AD_F32 || inputs[1]->dtype != AD_F32) return NULL;
    double full = lowest_bid(passes->device, old, AD_F32),
           half = lowest_bid(passes->device, old, AD_BF16);
    if (half < 0) return NULL;
    if (full >= 0 && full <= half + cast_seconds(passes->device, inputs)) return NULL;
    ad_node *cast[2] = {ad_cast(inputs[0], AD_BF16), ad_cast(inputs[1], AD_BF16)};
    ad_node *node = ad_node_new(graph, old->op, cast, 2, old->attr);
    if (!ad_node_poisoned(node)) node->dtype = AD_F32;
    return node;
}

bool ad_pass_precision(ad_passes *passes)
{
    if (passes->options->precision != AD_PRECISION_BF16) return true;
    if (!passes->device->bf16) {
        ad_fail(passes->ctx, AD_ERROR_UNSUPPORTED,
                "bf16 precision needs bf16 instructions, which %s lacks",
                ad_context_isa(passes->ctx));
        return false;
    }
    return ad_rebuild(passes, lower_precision, NULL);
}
