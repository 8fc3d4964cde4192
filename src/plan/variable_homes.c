/* homes.c - results that are written straight where they are wanted.
 *
 * The value of an assign goes straight into the variable when nobody can still need the old value
 * by then: readers of it are told to run before (and must not depend on the new value); the kernel
 * itself may read it if it is elementwise and walks it as it writes. Parts of a concatenation are
 * written in place when what makes them can: any kernel if the part is contiguous, elementwise ones
 * with any strides. What such a kernel overwrites element by element, the sum that it adds to, is
 * made there too. */
#include "plan/plan.h"

#include "ops/attrs.h"

#include <string.h>

static const ad_variable *variable_of(const ad_plan *plan, int id)
{
    return ((const ad_attr_variable *)plan->nodes[id]->attr)->variable;
}

static bool reads_overlap(const ad_plan *plan, int id, const ad_variable *variable)
{
    int base = plan->values[id].base;
    return plan->nodes[base]->op == AD_OP_VARIABLE &&
           ad_variables_overlap(variable_of(plan, base), variable);
}

/* Whether input `id` lies in `variable`'s memory element for element as a contiguous value of it
 * does. */
static bool walks_alike(const ad_plan *plan, int id, const ad_node *written,
                        const ad_variable *variable)
{
    const ad_value *value = &plan->values[id];
    const ad_variable *read = variable_of(plan, value->base);
    ad_operand made = ad_operand_of(written->dtype, written->shape);
    int64_t at = (int64_t)read->offset + value->offset * (int64_t)ad_dtype_size(read->dtype);
    return at == (int64_t)variable->offset && ad_operand_same_map(&value->operand, &made);
}

typedef struct reach {
    ad_plan *plan;
    unsigned char *seen; /* per group */
    int *stack;
} reach;

static void push(reach *r, int group, int *depth)
{
    if (group < 0 || r->seen[group]) return;
    r->seen[group] = 1;
    r->stack[(*depth)++] = group;
}

/* Whether `group` can only run after `target`: by what it reads, or by the orders already given. */
static bool depends(reach *r, int group, int target)
{
    const ad_plan *plan = r->plan;
    int depth = 0;
    memset(r->seen, 0, (size_t)plan->n_groups);
    push(r, group, &depth);
    while (depth) {
        int at = r->stack[--depth];
        const ad_group *g = &plan->groups[at];
        if (at == target) return true;
        for (int i = 0; i < g->n; ++i) {
            const ad_node *node = plan->nodes[g->members[i]];
            for (int k = 0; k < node->n_inputs; ++k)
                push(r, plan->values[plan->values[node->inputs[k]->id].base].group, &depth);
        }
        for (int i = 0; i < plan->n_before; ++i)
            if (plan->before[2 * i + 1] == at) push(r, plan->before[2 * i], &depth);
    }
    return false;
}

static bool group_reads(const ad_plan *plan, const ad_group *group, const ad_variable *variable)
{
    for (int i = 0; i < group->n; ++i) {
        const ad_node *node = plan->nodes[group->members[i]];
        for (int k = 0; k < node->n_inputs; ++k)
            if (reads_overlap(plan, node->inputs[k]->id, variable)) return true;
    }
    return false;
}

/* The kernel that writes the variable may itself read it only element by element. */
static bool own_reads_allowed(const ad_plan *plan, const ad_group *group, const ad_node *written,
                              const ad_variable *variable)
{
    for (int i = 0; i < group->n; ++i) {
        const ad_node *node = plan->nodes[group->members[i]];
        for (int k = 0; k < node->n_inputs; ++k) {
            int input = node->inputs[k]->id;
            if (!reads_overlap(plan, input, variable)) continue;
            bool replaces = group->kind == AD_GROUP_CHAIN ||
                            (group->kind == AD_GROUP_KERNEL && ad_problem_replaces(node->op, k));
            if (!replaces || !walks_alike(plan, input, written, variable)) return false;
        }
    }
    return true;
}

/* The whole of a base, contiguous, perhaps reshaped: writing it elsewhere is writing the base
 * there. */
static bool is_whole(const ad_plan *plan, int id)
{
    const ad_value *value = &plan->values[id];
    return !value->offset && ad_operand_contiguous(&value->operand) &&
           ad_operand_count(&value->operand) == ad_shape_count(plan->nodes[value->base]->shape);
}

static bool place_assign(reach *r, int id)
{
    ad_plan *plan = r->plan;
    const ad_variable *variable = variable_of(plan, id);
    int source = plan->nodes[id]->inputs[0]->id, base = plan->values[source].base;
    int writer = plan->values[base].group;
    if (writer < 0 || plan->values[base].variable >= 0 || !is_whole(plan, source)) return true;
    const ad_group *group = &plan->groups[writer];
    if (group->kind == AD_GROUP_CONCAT || group->kind == AD_GROUP_COPY) return true;
    if (!own_reads_allowed(plan, group, plan->nodes[base], variable)) return true;
    int first = plan->n_before;
    for (int g = 0; g < plan->n_groups; ++g) {
        if (plan->groups[g].gone || g == writer || !group_reads(plan, &plan->groups[g], variable))
            continue;
        if (depends(r, g, writer)) {
            plan->n_before = first;
            return true;
        }
        if (plan->n_before == plan->before_capacity) {
            int capacity = 2 * plan->before_capacity + 64;
            int *grown = ad_arena_alloc(&plan->scratch, (size_t)capacity * 2 * sizeof(int));
            if (!grown) return false;
            if (plan->n_before)
                memcpy(grown, plan->before, (size_t)plan->n_before * 2 * sizeof(int));
            plan->before = grown, plan->before_capacity = capacity;
        }
        plan->before[2 * plan->n_before] = g;
        plan->before[2 * plan->n_before++ + 1] = writer;
    }
    plan->values[base].variable = id;
    return true;
}

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
    if (value->group < 0 || value->concat >= 0 || value->variable >= 0 || !is_whole(plan, input))
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

bool ad_plan_homes(ad_plan *plan)
{
    reach r = {.plan = plan};
    r.seen = ad_arena_alloc(&plan->scratch, (size_t)plan->n_groups + 1);
    r.stack = ad_arena_alloc(&plan->scratch, ((size_t)plan->n_groups + 1) * sizeof(int));
    if (!r.seen || !r.stack) return false;
    if (!ad_pass_wanted(plan->options, "homes")) return true;
    for (int id = 0; id < plan->n_nodes; ++id)
        if (plan->reachable[id] && plan->nodes[id]->op == AD_OP_ASSIGN && !place_assign(&r, id))
            return false;
    for (int id = plan->n_nodes - 1; id >= 0; --id)
        if (plan->reachable[id] && plan->nodes[id]->op == AD_OP_CONCAT) place_parts(plan, id);
    return true;
}
