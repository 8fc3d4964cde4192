/* pass_decompose.c - ops that the device has no solver for become plainer ones.
 *
 * The question is asked with contiguous operands: strided ones can be copied. A decomposition may
 * itself need one, so the graph is rebuilt until nothing changes. */
#include "plan/pass.h"
#include "plan/plan.h"

#include "ops/attrs.h"

enum { MOST_ROUNDS = 8 };

/* Whether some solver takes the op on its own. */
static bool has_solver(const ad_device *device, const ad_node *node)
{
    ad_problem problem;
    if (node->n_inputs > AD_PROBLEM_INPUTS) return false;
    ad_node_problem(device, node, &problem);
    return ad_device_bid(device, &problem) >= 0;
}

bool ad_device_has_step(const ad_device *device, const ad_node *node)
{
    ad_chain chain = {.n_inputs = node->n_inputs,
                      .n_steps = 1,
                      .n_outputs = 1,
                      .n_registers = node->n_inputs + 1};
    ad_problem problem = {.op = AD_OP_CHAIN,
                          .n_in = node->n_inputs,
                          .n_out = 1,
                          .chain = &chain,
                          .threads = device->machine.threads};
    ad_shape one = ad_shape(1);
    ad_chain_step *step = &chain.step[0];
    step->op = (uint16_t)node->op;
    step->n_src = (uint8_t)node->n_inputs;
    step->dst = (uint8_t)node->n_inputs;
    step->type = (uint8_t)ad_chain_type(node->inputs[node->n_inputs - 1]->dtype);
    step->to = (uint8_t)(node->op == AD_OP_CAST && node->dtype == AD_BOOL
                             ? AD_BOOL
                             : ad_chain_type(node->dtype));
    for (int i = 0; i < node->n_inputs; ++i) {
        step->src[i] = (uint8_t)i;
        chain.input[i] = node->inputs[i]->dtype;
        problem.in[i] = ad_operand_of(node->inputs[i]->dtype, one);
    }
    chain.output[0] = node->dtype;
    chain.output_register[0] = step->dst;
    problem.out[0] = ad_operand_of(node->dtype, one);
    return ad_device_bid(device, &problem) >= 0;
}

/* A norm over columns: as sums and a chain it shares them with running statistics and the gradients
 * of its scale and shift, and the chain takes in what stands before and behind. */
static bool better_plain(const ad_node *node)
{
    if (node->op != AD_OP_NORMALIZE && node->op != AD_OP_NORMALIZE_GRAD) return false;
    const ad_attr_reduce *attr = node->attr;
    return !(attr->axes >> (node->shape.rank - 1) & 1);
}

static ad_node *decompose(ad_passes *passes, ad_graph *graph, const ad_node *old, ad_node **inputs,
                          void *user)
{
    const ad_op_info *info = &ad_ops[old->op];
    (void)user;
    if (!info->decompose) return NULL;
    bool direct = info->klass == AD_CLASS_ELEMENTWISE ? ad_device_has_step(passes->device, old)
                                                      : has_solver(passes->device, old);
    if (direct && !better_plain(old)) return NULL;
    passes->changed = true;
    ad_node *plain = info->decompose(graph, old, inputs);
    /* The value keeps its name; what it was made of is called after it. */
    return plain;
}

bool ad_pass_decompose(ad_passes *passes)
{
    for (int round = 0; round < MOST_ROUNDS; ++round) {
        passes->changed = false;
        if (!ad_rebuild(passes, decompose, NULL)) return false;
        if (!passes->changed) return true;
    }
    return true;
}
