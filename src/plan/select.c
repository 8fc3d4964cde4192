/* select.c - from a group to the problem that solvers see, and the lowest bid for it. */
#include "plan/plan.h"

#include "ops/attrs.h"

#include <math.h>
#include <string.h>

/* An operand of a matmul brought to the result's rank, leading axes stretched. */
static ad_operand matmul_operand(const ad_node *node, const ad_operand *operand)
{
    ad_shape shape = node->shape;
    for (int axis = 0; axis < 2; ++axis)
        shape.dim[shape.rank - 1 - axis] = operand->dim[operand->rank - 1 - axis];
    return ad_operand_broadcast(operand, shape);
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

/* Merges axes that every operand walks evenly, and drops those of size 1: what is left is what an
 * elementwise kernel has to loop over. */
void ad_problem_merge_axes(ad_problem *problem)
{
    ad_operand *all[AD_PROBLEM_INPUTS + AD_CHAIN_OUTPUTS];
    int n = 0, kept = 0, rank = problem->out[0].rank;
    for (int i = 0; i < problem->n_in; ++i) all[n++] = &problem->in[i];
    for (int i = 0; i < problem->n_out; ++i) all[n++] = &problem->out[i];
    for (int axis = 0; axis < rank; ++axis) {
        int64_t dim = problem->out[0].dim[axis];
        if (dim == 1) continue;
        bool even = kept > 0;
        for (int k = 0; k < n && even; ++k)
            even = all[k]->stride[kept - 1] == all[k]->stride[axis] * dim;
        for (int k = 0; k < n; ++k) {
            int64_t stride = all[k]->stride[axis];
            if (even)
                all[k]->dim[kept - 1] *= dim, all[k]->stride[kept - 1] = stride;
            else
                all[k]->dim[kept] = dim, all[k]->stride[kept] = stride;
        }
        kept += !even;
    }
    for (int k = 0; k < n; ++k) {
        if (!kept) all[k]->dim[0] = 1, all[k]->stride[0] = 1;
        all[k]->rank = kept ? kept : 1;
        for (int axis = all[k]->rank; axis < AD_MAX_RANK; ++axis)
            all[k]->dim[axis] = all[k]->stride[axis] = 0;
    }
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
    const ad_attr_reduce *attr = node->attr;
    ad_shape domain = node->inputs[0]->shape;
    const ad_operand *made = &plan->values[node->id].operand;
    ad_operand out = {.dtype = node->dtype, .rank = domain.rank};
    for (int axis = 0, from = 0; axis < domain.rank; ++axis) {
        bool reduced = attr->axes >> axis & 1;
        out.dim[axis] = reduced ? 1 : domain.dim[axis];
        out.stride[axis] = reduced ? 0 : made->stride[from];
        from += !reduced || attr->keep;
    }
    if (group->n > 1) {
        if (!add_chain(plan, chain, domain, 0, false, problem, in_nodes, out_nodes)) return false;
    } else {
        add_in(problem, in_nodes, node->inputs[0]->id, plan->values[node->inputs[0]->id].operand);
    }
    add_out(problem, out_nodes, node->id, out);
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

/* Elements of an operand that lie in memory (zero strides repeat). */
static double stored_count(const ad_operand *operand)
{
    double count = 1;
    for (int i = 0; i < operand->rank; ++i)
        if (operand->stride[i] || operand->dim[i] == 0) count *= (double)operand->dim[i];
    return count;
}

static bool contracts(int op)
{
    return op != AD_OP_CHAIN && ad_ops[op].klass == AD_CLASS_CONTRACT;
}

/* What a matmul or convolution does with each finished piece of its result, whoever solves it: the
 * chain's steps, its other operands, and the results. */
static double finish_seconds(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *out = &problem->out[0];
    double bytes = 0, steps = problem->chain ? ad_chain_work(problem->chain) : 0,
           count = (double)ad_operand_count(out);
    for (int i = 2; i < problem->n_in; ++i)
        bytes += stored_count(&problem->in[i]) * (double)ad_dtype_size(problem->in[i].dtype);
    for (int i = 0; i < problem->n_out; ++i)
        bytes += stored_count(&problem->out[i]) * (double)ad_dtype_size(problem->out[i].dtype);
    double rows = count / fmax(1, (double)out->dim[out->rank - 1]);
    return fmax(ad_scattered_seconds(machine, bytes), (count + 16 * rows) * steps / machine->steps);
}

double ad_solver_bid(const ad_plan *plan, const ad_solver *solver, const ad_problem *problem)
{
    /* All bid for one core: another number of threads must not mean another algorithm, whose
     * results would be other bits. */
    ad_machine core = plan->device.machine;
    core.threads = 1, core.overhead = 0;
    if (solver->transforms && plan->options && plan->options->direct) return -1;
    double seconds = solver->bid(problem, &core);
    return seconds < 0 || !contracts(problem->op) ? seconds
                                                  : seconds + finish_seconds(problem, &core);
}

double ad_best_bid(const ad_plan *plan, const ad_problem *problem, const ad_solver **solver)
{
    int count = 0;
    const ad_solver *const *solvers = plan->device.solvers(&plan->device, problem->op, &count);
    double best = -1;
    size_t best_room = 0;
    for (int i = 0; i < count; ++i) {
        double seconds = ad_solver_bid(plan, solvers[i], problem);
        if (seconds < 0) continue;
        size_t room = plan->small && solvers[i]->workspace ? solvers[i]->workspace(problem) : 0;
        bool better = room != best_room ? room < best_room : seconds < best;
        if (best >= 0 && !better) continue;
        best = seconds, best_room = room;
        if (solver) *solver = solvers[i];
    }
    return best;
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
}

double ad_device_bid(const ad_device *device, const ad_problem *problem)
{
    ad_plan plan = {.device = *device};
    return ad_best_bid(&plan, problem, NULL);
}

double ad_problem_bytes(const ad_problem *problem)
{
    double bytes = 0;
    for (int i = 0; i < problem->n_in; ++i)
        bytes += stored_count(&problem->in[i]) * (double)ad_dtype_size(problem->in[i].dtype);
    for (int i = 0; i < problem->n_out; ++i)
        bytes += stored_count(&problem->out[i]) * (double)ad_dtype_size(problem->out[i].dtype);
    return bytes;
}

bool ad_problem_replaces(int op, int i)
{
    switch (op == AD_OP_CHAIN ? AD_IN_PLACE_ANY : ad_ops[op].in_place) {
    case AD_IN_PLACE_FIRST: return i == 0;
    case AD_IN_PLACE_ADDED: return i >= 2;
    case AD_IN_PLACE_ANY: return true;
    default: return false;
    }
}

static ad_shape shape_of(const ad_operand *operand)
{
    ad_shape shape = {.rank = operand->rank};
    memcpy(shape.dim, operand->dim, sizeof shape.dim);
    return shape;
}

/* As a direct algorithm counts: an elementwise step is one for each element. */
double ad_problem_flops(const ad_problem *problem)
{
    double out = (double)ad_operand_count(&problem->out[0]),
           in = (double)(problem->n_in ? ad_operand_count(&problem->in[0]) : 0);
    double steps = problem->chain ? problem->chain->n_steps : 0;
    if (problem->op == AD_OP_CHAIN) return out * steps;
    if (!ad_ops[problem->op].flops) return (in > out ? in : out) * (1 + steps);
    ad_shape inputs[AD_PROBLEM_INPUTS], result = shape_of(&problem->out[0]);
    for (int i = 0; i < problem->n_in; ++i) inputs[i] = shape_of(&problem->in[i]);
    return ad_ops[problem->op].flops(problem->attr, inputs, &result) + out * steps;
}
