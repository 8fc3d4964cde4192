/* problem_build.c - the problem of a group, of a node on its own, of a copy: what solvers see. */
#include "plan/plan.h"

#include "ops/attrs.h"

/* An operand of a matmul brought to the result's rank, leading axes stretched. */
static ad_operand matmul_operand(const ad_node *node, const ad_operand *operand)
{
    ad_shape shape = node->shape;
    for (int axis = 0; axis < 2; ++axis)
        shape.dim[shape.rank - 1 - axis] = operand->dim[operand->rank - 1 - axis];
    return ad_operand_broadcast(operand, shape);
}

/* The result of a reduction by the axes of what is reduced. */
static ad_operand reduce_operand(const ad_node *node, const ad_operand *made)
{
    const ad_attr_reduce *attr = node->attr;
    ad_shape domain = node->inputs[0]->shape;
    ad_operand out = {.dtype = node->dtype, .rank = domain.rank};
    for (int axis = 0, from = 0; axis < domain.rank; ++axis) {
        bool reduced = attr->axes >> axis & 1;
        out.dim[axis] = reduced ? 1 : domain.dim[axis];
        out.stride[axis] = reduced ? 0 : made->stride[from];
        from += !reduced || attr->keep;
    }
    return out;
}

static void add_in(ad_problem *problem, int *in_nodes, int id, ad_operand operand)
{
    if (in_nodes) in_nodes[problem->n_in] = id;
    problem->in[problem->n_in++] = operand;
}

static void add_out(ad_problem *problem, int *out_nodes, int id, ad_operand operand)
{
    if (out_nodes) out_nodes[problem->n_out] = id;
    problem->out[problem->n_out++] = operand;
}

/* Adds the chain's inputs from `first` on and, unless it ends in a reduction, its outputs: over its
 * domain the same elements, perhaps by other axes. False: strides cannot say it. */
static bool add_chain(const ad_plan *plan, const ad_chain_plan *chain, ad_shape domain, int first,
                      bool outputs, ad_problem *problem, int *in_nodes, int *out_nodes)
{
    ad_operand operand;
    if (problem->n_in + chain->chain.n_inputs - first > AD_PROBLEM_INPUTS) return false;
    for (int i = first; i < chain->chain.n_inputs; ++i) {
        if (!ad_operand_reshape(&plan->values[chain->input[i]].operand, domain, &operand))
            return false;
        add_in(problem, in_nodes, chain->input[i], operand);
    }
    for (int o = 0; outputs && o < chain->chain.n_outputs; ++o) {
        if (!ad_operand_reshape(&plan->values[chain->output[o]].operand, domain, &operand))
            return false;
        add_out(problem, out_nodes, chain->output[o], operand);
    }
    problem->chain = &chain->chain;
    return true;
}

static bool chain_problem(const ad_plan *plan, const ad_chain_plan *chain, ad_problem *problem,
                          int *in_nodes, int *out_nodes)
{
    ad_shape domain = plan->nodes[chain->output[0]]->shape;
    if (!add_chain(plan, chain, domain, 0, true, problem, in_nodes, out_nodes)) return false;
    ad_problem_merge_axes(problem);
    return true;
}

static bool reduce_problem(const ad_plan *plan, const ad_group *group, const ad_chain_plan *chain,
                           ad_problem *problem, int *in_nodes, int *out_nodes)
{
    const ad_node *node = plan->nodes[group->anchor];
    ad_shape domain = node->inputs[0]->shape;
    if (group->n > 1) {
        if (!add_chain(plan, chain, domain, 0, false, problem, in_nodes, out_nodes)) return false;
    } else {
        add_in(problem, in_nodes, node->inputs[0]->id, plan->values[node->inputs[0]->id].operand);
    }
    add_out(problem, out_nodes, node->id, reduce_operand(node, &plan->values[node->id].operand));
    return true;
}

static bool contract_problem(const ad_plan *plan, const ad_group *group, const ad_chain_plan *chain,
                             ad_problem *problem, int *in_nodes, int *out_nodes)
{
    const ad_node *node = plan->nodes[group->anchor];
    for (int i = 0; i < 2; ++i) {
        int id = node->inputs[i]->id;
        ad_operand operand = plan->values[id].operand;
        if (node->op == AD_OP_MATMUL) operand = matmul_operand(node, &operand);
        add_in(problem, in_nodes, id, operand);
    }
    if (group->n > 1)
        return add_chain(plan, chain, node->shape, 1, true, problem, in_nodes, out_nodes);
    add_out(problem, out_nodes, node->id, plan->values[node->id].operand);
    return true;
}

bool ad_group_problem(const ad_plan *plan, const ad_group *group, const ad_chain_plan *chain,
                      ad_problem *problem, int *in_nodes, int *out_nodes)
{
    const ad_node *node = plan->nodes[group->anchor >= 0 ? group->anchor : group->members[0]];
    *problem = (ad_problem){
        .op = (int)node->op, .attr = node->attr, .threads = plan->device.machine.threads};
    switch (group->kind) {
    case AD_GROUP_CHAIN:
        problem->op = AD_OP_CHAIN;
        problem->attr = NULL;
        return chain_problem(plan, chain, problem, in_nodes, out_nodes);
    case AD_GROUP_REDUCE: return reduce_problem(plan, group, chain, problem, in_nodes, out_nodes);
    case AD_GROUP_CONTRACT:
        return contract_problem(plan, group, chain, problem, in_nodes, out_nodes);
    default:
        if (node->n_inputs > AD_PROBLEM_INPUTS) return false;
        for (int i = 0; i < node->n_inputs; ++i)
            add_in(problem, in_nodes, node->inputs[i]->id,
                   plan->values[node->inputs[i]->id].operand);
        add_out(problem, out_nodes, node->id, plan->values[node->id].operand);
        return true;
    }
}

void ad_node_problem(const ad_device *device, const ad_node *node, ad_problem *problem)
{
    *problem = (ad_problem){
        .op = (int)node->op, .attr = node->attr, .n_out = 1, .threads = device->machine.threads};
    for (int i = 0; i < node->n_inputs; ++i) {
        ad_operand operand = ad_operand_of(node->inputs[i]->dtype, node->inputs[i]->shape);
        if (node->op == AD_OP_MATMUL) operand = matmul_operand(node, &operand);
        problem->in[problem->n_in++] = operand;
    }
    problem->out[0] = ad_operand_of(node->dtype, node->shape);
    if (ad_ops[node->op].klass == AD_CLASS_REDUCE)
        problem->out[0] = reduce_operand(node, &problem->out[0]);
}

ad_problem ad_copy_problem(const ad_plan *plan, const ad_operand *from, const ad_operand *to,
                           ad_chain *chain)
{
    *chain = (ad_chain){.n_inputs = 1, .n_outputs = 1, .n_registers = 1};
    chain->input[0] = from->dtype, chain->output[0] = to->dtype;
    ad_problem problem = {.op = AD_OP_CHAIN,
                          .n_in = 1,
                          .n_out = 1,
                          .chain = chain,
                          .threads = plan->device.machine.threads};
    problem.in[0] = *from, problem.out[0] = *to;
    ad_problem_merge_axes(&problem);
    return problem;
}
