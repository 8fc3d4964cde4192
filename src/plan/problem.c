/* problem.c - what can be told of a problem, whoever solves it. */
#include "plan/device.h"

#include <string.h>

bool ad_problem_contracts(const ad_problem *problem)
{
    return problem->op != AD_OP_CHAIN && ad_ops[problem->op].klass == AD_CLASS_CONTRACT;
}

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

double ad_problem_bytes(const ad_problem *problem)
{
    double bytes = 0;
    for (int i = 0; i < problem->n_in; ++i) bytes += ad_operand_bytes(&problem->in[i]);
    for (int i = 0; i < problem->n_out; ++i) bytes += ad_operand_bytes(&problem->out[i]);
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
