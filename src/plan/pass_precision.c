/* pass_precision.c - which element types the operands of f32 matmuls and convolutions have.
 *
 * An operand that lies in memory as bf16 or f16 and was only widened for the product is read as it
 * is: kernels widen as they load, so the result is the same and half the bytes are moved. With bf16
 * precision, f32 operands are rounded to bf16 too. Either where it is faster on this device.
 *
 * Such a node (narrow operands, f32 result) exists in planned graphs only. Casts of weights are
 * constant and run when the weights change (pack.c). */
#include "plan/pass.h"
#include "plan/plan.h"

#include <autodidact/ops.h>

static bool widened(const ad_node *in)
{
    return in->op == AD_OP_CAST && in->dtype == AD_F32 &&
           (in->inputs[0]->dtype == AD_BF16 || in->inputs[0]->dtype == AD_F16);
}

/* Seconds for one core, as bids are, to make operand `in` of that type. A narrow one that was
 * widened is there already; an f32 one that others made too. */
static double cast_seconds(const ad_device *device, const ad_node *in, ad_dtype dtype)
{
    bool there = widened(in) ? in->inputs[0]->dtype == dtype : dtype == AD_F32;
    return there ? 0 : (double)ad_shape_count(in->shape) * 6 / device->machine.bandwidth;
}

/* The types that an operand may have, the most exact first. */
static int choices(const ad_passes *passes, const ad_node *in, ad_dtype dtype[3])
{
    int n = 0;
    dtype[n++] = AD_F32;
    if (widened(in)) dtype[n++] = in->inputs[0]->dtype;
    if (passes->options->precision == AD_PRECISION_BF16 && dtype[n - 1] != AD_BF16)
        dtype[n++] = AD_BF16;
    return n;
}

/* The fastest pair of types; of equals the first. False: no kernel takes any. */
static bool choose(const ad_passes *passes, const ad_node *old, ad_node *const *inputs,
                   ad_dtype best[2])
{
    ad_dtype a[3], b[3];
    int n_a = choices(passes, inputs[0], a), n_b = choices(passes, inputs[1], b);
    double lowest = -1;
    ad_problem problem;
    ad_node_problem(passes->device, old, &problem);
    for (int i = 0; i < n_a; ++i)
        for (int j = 0; j < n_b; ++j) {
            bool rounds = a[i] == AD_BF16 && b[j] == AD_BF16; /* the arithmetic, too, is another */
            if (rounds && passes->options->precision != AD_PRECISION_BF16) continue;
            if (a[i] != b[j] && old->op != AD_OP_MATMUL) continue;
            problem.in[0].dtype = a[i], problem.in[1].dtype = b[j];
            double bid = ad_device_bid(passes->device, &problem);
            if (bid < 0) continue;
            bid += cast_seconds(passes->device, inputs[0], a[i]) +
                   cast_seconds(passes->device, inputs[1], b[j]);
            if (lowest >= 0 && bid >= lowest) continue;
            lowest = bid, best[0] = a[i], best[1] = b[j];
        }
    return lowest >= 0;
}

static ad_node *operand(ad_node *in, ad_dtype dtype)
{
    return widened(in) && in->inputs[0]->dtype == dtype ? in->inputs[0] : ad_cast(in, dtype);
}

static ad_node *lower_precision(ad_passes *passes, ad_graph *graph, const ad_node *old,
                                ad_node **inputs, void *user)
{
    (void)user;
    ad_dtype dtype[2];
    if (ad_ops[old->op].klass != AD_CLASS_CONTRACT || old->dtype != AD_F32) return NULL;
    if (inputs[0]->dtype != AD_F32 || inputs[1]->dtype != AD_F32) return NULL;
    if (!choose(passes, old, inputs, dtype) || (dtype[0] == AD_F32 && dtype[1] == AD_F32))
        return NULL;
    ad_node *taken[2] = {operand(inputs[0], dtype[0]), operand(inputs[1], dtype[1])};
    ad_node *node = ad_node_new(graph, old->op, taken, 2, old->attr);
    if (!ad_node_poisoned(node)) node->dtype = AD_F32;
    return node;
}

static bool anything_widened(const ad_passes *passes)
{
    for (int i = 0; i < passes->graph->n_nodes; ++i)
        if (widened(passes->graph->nodes[i])) return true;
    return false;
}

bool ad_pass_precision(ad_passes *passes)
{
    bool rounds = passes->options->precision == AD_PRECISION_BF16;
    if (!rounds && !anything_widened(passes)) return true;
    if (rounds && !passes->device->bf16) {
        const ad_device *device = passes->device;
        ad_fail(passes->ctx, AD_ERROR_UNSUPPORTED,
                "bf16 precision needs bf16 instructions, which %s lacks",
                device->target ? device->target : device->name);
        return false;
    }
    return ad_rebuild(passes, lower_precision, NULL);
}
