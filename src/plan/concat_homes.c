/* concat_homes.c - parts of a concatenation that are written where they belong.
 *
 * By any kernel if the part is contiguous, by elementwise ones with any strides. What such a kernel
 * overwrites element by element, the sum that it adds to, is made there too. */
#include "plan/plan.h"

#include "ops/attrs.h"

/* Strided memory cannot be walked by the axes of another shape. */
static bool one_shape(const ad_plan *plan, const ad_group *group)
{
    for (int i = 1; i < group->n; ++i)
        if (!ad_shape_equal(plan->nodes[group->members[i]]->shape,
                            plan->nodes[group->members[0]]->shape))
            return false;
    return true;
}

/* Whether everyone but the concatenation reads the value element by element, as itself. */
static bool read_elementwise(const ad_plan *plan, int id, int concat)
{
    for (int u = plan->user_start[id]; u < plan->user_start[id + 1]; ++u) {
        int user = plan->users[u];
        if (user != concat && ad_ops[plan->nodes[user]->op].klass != AD_CLASS_ELEMENTWISE)
            return false;
        if (user != concat && plan->groups[plan->values[user].group].kind != AD_GROUP_CHAIN)
            return false;
        if (user != concat && !one_shape(plan, &plan->groups[plan->values[user].group]))
            return false;
    }
    return !plan->values[id].is_output && one_shape(plan, &plan->groups[plan->values[id].group]);
}

/* Whether node `id` may be made where the only one that reads it writes `made`, over it. */
static bool may_be_replaced(const ad_plan *plan, int id, int made)
{
    const ad_value *value = &plan->values[id], *result = &plan->values[made];
    const ad_node *node = plan->nodes[id], *to = plan->nodes[made];
    return value->base == id && value->group >= 0 && value->group != result->group &&
           value->concat < 0 && value->variable < 0 && !value->is_output &&
           plan->user_start[id + 1] - plan->user_start[id] == 1 && node->dtype == to->dtype &&
           ad_shape_equal(node->shape, to->shape);
}

/* The value that the kernel of `id` can write over, or -1. */
static int replaced(const ad_plan *plan, int id)
{
    const ad_group *group = &plan->groups[plan->values[id].group];
    for (int i = 0; i < group->n; ++i) {
        const ad_node *node = plan->nodes[group->members[i]];
        bool epilogue = group->kind == AD_GROUP_CONTRACT && node->id != group->anchor &&
                        plan->nodes[group->anchor]->op == AD_OP_MATMUL;
        for (int k = 0; k < node->n_inputs; ++k)
            if ((epilogue ||
                 (group->kind == AD_GROUP_KERNEL && ad_problem_replaces((int)node->op, k))) &&
                may_be_replaced(plan, node->inputs[k]->id, id))
                return node->inputs[k]->id;
    }
    return -1;
}

static void place_part(ad_plan *plan, int concat, int input, ad_operand part, int64_t at)
{
    int base = plan->values[input].base;
    ad_value *value = &plan->values[base];
    if (value->group < 0 || value->concat >= 0 || value->variable >= 0 ||
        !ad_plan_is_whole(plan, input))
        return;
    ad_operand placed;
    if (!ad_operand_reshape(&part, plan->nodes[base]->shape, &placed)) return;
    ad_group_kind kind = plan->groups[value->group].kind;
    bool contiguous = ad_operand_contiguous(&placed);
    if (!contiguous &&
        (kind != AD_GROUP_CHAIN || base != input || !read_elementwise(plan, base, concat)))
        return;
    value->concat = concat;
    value->at_in_concat = at;
    if (!contiguous) value->operand = placed;
    if (!contiguous || !ad_pass_wanted(plan->options, "in_place")) return;
    for (int below = replaced(plan, base); below >= 0; below = replaced(plan, below))
        plan->values[below].concat = concat, plan->values[below].at_in_concat = at;
}

static void place_parts(ad_plan *plan, int id)
{
    const ad_node *node = plan->nodes[id];
    int64_t axis = ((const ad_attr_axis *)node->attr)->axis, begin = 0;
    for (int i = 0; i < node->n_inputs; ++i) {
        ad_operand part = plan->values[id].operand;
        part.dim[axis] = node->inputs[i]->shape.dim[axis];
        int64_t at = begin * part.stride[axis] * (int64_t)ad_dtype_size(node->dtype);
        begin += part.dim[axis];
        if (ad_operand_count(&part)) place_part(plan, id, node->inputs[i]->id, part, at);
    }
}

bool ad_plan_concat_homes(ad_plan *plan)
{
    if (!ad_pass_wanted(plan->options, "homes")) return true;
    for (int id = plan->n_nodes - 1; id >= 0; --id)
        if (plan->reachable[id] && plan->nodes[id]->op == AD_OP_CONCAT) place_parts(plan, id);
    return true;
}
