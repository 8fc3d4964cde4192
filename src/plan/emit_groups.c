/* emit_groups.c - groups become kernels: operands for problems, and a solver for each.
 *
 * A solver that declines strided operands, or is much faster on contiguous ones, gets copies. Parts
 * of a concatenation that could not be written in place are copied here too. */
#include "plan/emit.h"

#include "ops/attrs.h"

#include <string.h>

static void fail_node(const ad_plan *plan, const ad_node *node, const char *what)
{
    bool plain = !ad_ops[node->op].decompose;
    ad_text text;
    char shape[192];
    ad_text_init(&text, plan->ctx);
    for (int i = 0; i < node->n_inputs; ++i)
        ad_text_format(&text, "%s%s %s", i ? ", " : "", ad_dtype_name(node->inputs[i]->dtype),
                       ad_shape_text(node->inputs[i]->shape, shape, sizeof shape));
    if (!text.failed)
        ad_fail(plan->ctx, AD_ERROR_UNSUPPORTED, "%s: the %s device has no %s for %s(%s)%s",
                ad_node_name(node), plan->device.name, what, ad_ops[node->op].name,
                ad_text_get(&text), plain ? ", which has no decomposition" : "");
    ad_text_free(&text);
}

static void fail_chain(const ad_plan *plan, const ad_problem *problem, const ad_node *node)
{
    ad_text text;
    ad_text_init(&text, plan->ctx);
    ad_chain_print(&text, problem->chain);
    if (!text.failed)
        ad_fail(plan->ctx, AD_ERROR_UNSUPPORTED,
                "%s: the %s device takes each step of a chain, but not the chain %s",
                ad_node_name(node), plan->device.name, ad_text_get(&text));
    ad_text_free(&text);
}

/* Nobody takes the problem of a group that is known by `node`: says what the device lacks. */
static void fail_unsupported(const ad_plan *plan, const ad_group *group, const ad_problem *problem,
                             const ad_node *node)
{
    if (problem->op != AD_OP_CHAIN) {
        fail_node(plan, node, "kernel");
        return;
    }
    for (int i = 0; i < group->n; ++i) {
        const ad_node *step = plan->nodes[group->members[i]];
        if (ad_device_has_step(&plan->device, step)) continue;
        fail_node(plan, step, "step of a chain");
        return;
    }
    fail_chain(plan, problem, node);
}

/* Replaces the inputs in `mask` by contiguous operands; the copies' time is returned. */
static double with_contiguous(const ad_plan *plan, ad_problem *problem, unsigned mask)
{
    double seconds = 0;
    for (int i = 0; i < problem->n_in; ++i) {
        if (!(mask >> i & 1)) continue;
        ad_operand *in = &problem->in[i], strided = *in;
        *in = ad_operand_of(in->dtype, ad_shape_of(in->dim, (size_t)in->rank));
        ad_chain chain;
        ad_problem copy = ad_copy_problem(plan, &strided, in, &chain);
        double bid = ad_operand_count(in) ? ad_best_bid(plan, &copy, NULL) : 0;
        if (bid < 0) return -1;
        seconds += bid;
    }
    return seconds;
}

/* Chooses which inputs to copy and who solves it. */
static unsigned choose(const ad_plan *plan, ad_problem *problem, int operands,
                       const ad_solver **solver, double *seconds)
{
    unsigned strided = 0, best = 0;
    *seconds = ad_best_bid(plan, problem, solver);
    for (int i = 0; i < operands && i < problem->n_in; ++i)
        if (!ad_operand_contiguous(&problem->in[i])) strided |= 1u << i;
    ad_problem as_is = *problem;
    for (unsigned mask = 1; mask <= strided; ++mask) {
        if (mask & ~strided) continue;
        ad_problem copied = as_is;
        const ad_solver *other = NULL;
        double copies = with_contiguous(plan, &copied, mask),
               bid = ad_best_bid(plan, &copied, &other);
        if (copies < 0 || bid < 0 || (*seconds >= 0 && copies + bid >= *seconds)) continue;
        best = mask, *seconds = copies + bid, *solver = other, *problem = copied;
    }
    return best;
}

static const char *covered_nodes(ad_plan *plan, const ad_group *group, int named)
{
    ad_text text;
    ad_text_init(&text, plan->ctx);
    for (int i = 0; i < group->n; ++i)
        if (group->members[i] != named)
            ad_text_format(&text, "%s%s", text.length ? ", " : "",
                           ad_node_name(plan->nodes[group->members[i]]));
    char *covers = text.failed ? NULL : ad_arena_text(plan->arena, ad_text_get(&text));
    ad_text_free(&text);
    return covers;
}

static bool emit_group(ad_plan *plan, const ad_group *group)
{
    ad_chain_plan chain;
    ad_problem problem;
    const ad_solver *solver = NULL;
    int in_nodes[AD_PROBLEM_INPUTS], out_nodes[AD_CHAIN_OUTPUTS];
    double seconds;
    int named = group->anchor >= 0 ? group->anchor : group->members[group->n - 1];
    const ad_node *node = plan->nodes[named];
    bool chained = group->kind == AD_GROUP_CHAIN || group->n > 1;
    if (chained && !ad_chain_of_group(plan, group, &chain)) return false;
    if (!ad_group_problem(plan, group, &chain, &problem, in_nodes, out_nodes)) return false;
    if (!ad_operand_count(&problem.out[0])) return true;
    int operands = group->kind == AD_GROUP_CHAIN ? 0 : group->kind == AD_GROUP_CONTRACT ? 2 : 8;
    unsigned copied = choose(plan, &problem, operands, &solver, &seconds);
    if (seconds < 0) {
        fail_unsupported(plan, group, &problem, node);
        return false;
    }
    ad_ref in[AD_PROBLEM_INPUTS];
    for (int i = 0; i < problem.n_in; ++i) {
        int id = in_nodes[i];
        if (copied >> i & 1) {
            ad_problem as_is;
            ad_group_problem(plan, group, &chain, &as_is, NULL, NULL);
            id = ad_emit_temporary(plan, id, &as_is.in[i], group->members[0],
                                   ad_node_name(plan->nodes[id]));
            if (id < 0) return false;
        }
        if (!ad_emit_ref(plan, id, &in[i])) return false;
    }
    ad_kernel *kernel = ad_emit_kernel(plan, &problem, solver, ad_node_name(node));
    if (!kernel) return false;
    int index = plan->n_kernels - 1;
    memcpy(kernel->in, in, sizeof in);
    for (int o = 0; o < problem.n_out; ++o)
        if (!ad_emit_ref(plan, out_nodes[o], &kernel->out[o]) ||
            !ad_emit_writer(plan, out_nodes[o], index))
            return false;
    kernel->seconds = ad_solver_bid(plan, solver, &problem); /* the copies have their own */
    kernel->order = group->members[group->n - 1];
    kernel->covers = covered_nodes(plan, group, named);
    return kernel->covers != NULL;
}

/* A reshape that strides cannot express: its input, contiguous. */
static bool emit_reshape(ad_plan *plan, int id)
{
    const ad_node *node = plan->nodes[id];
    int input = node->inputs[0]->id;
    ad_ref from, to;
    if (!ad_emit_ref(plan, input, &from) || !ad_emit_ref(plan, id, &to)) return false;
    ad_operand contiguous = ad_operand_of(node->dtype, node->inputs[0]->shape);
    ad_operand strided = plan->values[input].operand;
    return ad_emit_copy(plan, from, &strided, to, &contiguous, id, ad_node_name(node));
}

static bool emit_concat(ad_plan *plan, int id)
{
    const ad_node *node = plan->nodes[id];
    int64_t begin = 0;
    for (int i = 0; i < node->n_inputs; ++i) {
        int input = node->inputs[i]->id, base = plan->values[input].base;
        int64_t axis = ((const ad_attr_axis *)node->attr)->axis;
        ad_operand part = plan->values[id].operand, strided = plan->values[input].operand;
        int64_t at = begin * part.stride[axis] * (int64_t)ad_dtype_size(node->dtype);
        part.dim[axis] = node->inputs[i]->shape.dim[axis];
        begin += part.dim[axis];
        if (base < plan->n_nodes && plan->values[base].concat == id &&
            plan->values[base].at_in_concat == at) {
            if (!ad_emit_writer(plan, id, ~base)) return false;
            continue;
        }
        ad_ref from, to;
        if (!ad_emit_ref(plan, input, &from) || !ad_emit_ref(plan, id, &to)) return false;
        to.offset += at;
        if (!ad_emit_copy(plan, from, &strided, to, &part, id, ad_node_name(node))) return false;
    }
    return true;
}

bool ad_plan_emit(ad_plan *plan)
{
    for (int i = 0; i < plan->n_groups; ++i) {
        const ad_group *group = &plan->groups[i];
        if (group->gone) continue;
        bool done = group->kind == AD_GROUP_COPY     ? emit_reshape(plan, group->members[0])
                    : group->kind == AD_GROUP_CONCAT ? emit_concat(plan, group->members[0])
                                                     : emit_group(plan, group);
        if (!done) return false;
    }
    return true;
}
