/* values.c - views as strides: each node's value is an operand over the memory of a base node.
 *
 * A base is a node that has memory: a leaf, or a node that some kernel computes. Broadcast,
 * permute, slice and most reshapes are operands over their input's base; a reshape that strides
 * cannot express becomes a base of its own, filled by a copy. An assign's value is its input's. */
#include "plan/plan.h"

#include "ops/attrs.h"

/* The operand of a view node over `in`, and the elements it begins after. False: strides cannot say
 * it. */
static bool view_operand(const ad_node *view, const ad_operand *in, ad_operand *out,
                         int64_t *offset)
{
    *offset = 0;
    switch (view->op) {
    case AD_OP_BROADCAST: *out = ad_operand_broadcast(in, view->shape); return true;
    case AD_OP_RESHAPE: return ad_operand_reshape(in, view->shape, out);
    case AD_OP_PERMUTE: {
        const ad_attr_dims *attr = view->attr;
        *out = *in;
        for (int i = 0; i < in->rank; ++i) {
            out->dim[i] = in->dim[attr->dim[i]];
            out->stride[i] = in->stride[attr->dim[i]];
        }
        return true;
    }
    case AD_OP_SLICE: {
        const ad_attr_slice *attr = view->attr;
        *out = *in;
        for (int i = 0; i < in->rank; ++i) {
            out->dim[i] = attr->count[i];
            out->stride[i] = in->stride[i] * attr->step[i];
            if (attr->count[i] > 0) *offset += attr->begin[i] * in->stride[i];
        }
        if (!ad_operand_count(out)) *offset = 0;
        return true;
    }
    default: *out = *in; return true; /* an assign's value, a join's */
    }
}

/* A view, or an assign's value. */
static bool is_view(const ad_node *node)
{
    return ad_ops[node->op].klass == AD_CLASS_VIEW || ad_ops[node->op].klass == AD_CLASS_EFFECT;
}

/* A leaf's own memory: fills are one element, and iota one axis, read with zero strides elsewhere.
 */
static ad_operand leaf_operand(const ad_node *node)
{
    ad_operand operand = ad_operand_of(node->dtype, node->shape);
    const ad_attr_leaf *attr = node->attr;
    for (int i = 0; i < operand.rank; ++i) {
        if (node->op == AD_OP_FILL) operand.stride[i] = 0;
        if (node->op == AD_OP_IOTA) operand.stride[i] = i == attr->axis;
    }
    return operand;
}

int ad_plan_input(const ad_plan *plan, const ad_node *node, int i)
{
    return plan->values[node->inputs[i]->id].alias;
}

bool ad_plan_is_whole(const ad_plan *plan, int id)
{
    const ad_value *value = &plan->values[id];
    return !value->offset && ad_operand_contiguous(&value->operand) &&
           ad_operand_count(&value->operand) == ad_shape_count(plan->nodes[value->base]->shape);
}

/* A reshape of a value that a chain may make or take holds the same elements in the same order: for
 * fusion it is that value. */
static int find_alias(const ad_plan *plan, int id)
{
    int base = plan->values[id].base;
    ad_op_class klass = ad_ops[plan->nodes[base]->op].klass;
    bool fusable = klass == AD_CLASS_ELEMENTWISE || klass == AD_CLASS_CONTRACT;
    bool reshaped = plan->nodes[id]->op == AD_OP_RESHAPE && base != id;
    return reshaped && fusable && ad_plan_is_whole(plan, id) ? base : id;
}

/* Readers look through contiguous reshapes, so that these do not stand in the way of fusion. */
static bool reads(const ad_plan *plan, int id)
{
    return plan->reachable[id] && plan->values[id].alias == id;
}

static bool list_users(ad_plan *plan)
{
    int n = plan->n_nodes;
    int *start = ad_arena_alloc(&plan->scratch, (size_t)(n + 1) * sizeof(int));
    int *next = ad_arena_alloc(&plan->scratch, (size_t)(n + 1) * sizeof(int));
    if (!start || !next) return false;
    for (int id = 0; id < n; ++id)
        for (int i = 0; reads(plan, id) && i < plan->nodes[id]->n_inputs; ++i)
            ++start[ad_plan_input(plan, plan->nodes[id], i) + 1];
    for (int id = 0; id < n; ++id) next[id + 1] = start[id + 1] += start[id];
    plan->user_start = start;
    plan->users = ad_arena_alloc(&plan->scratch, (size_t)(start[n] + 1) * sizeof(int));
    if (!plan->users) return false;
    for (int id = 0; id < n; ++id)
        for (int i = 0; reads(plan, id) && i < plan->nodes[id]->n_inputs; ++i)
            plan->users[next[ad_plan_input(plan, plan->nodes[id], i)]++] = id;
    return true;
}

bool ad_plan_values(ad_plan *plan)
{
    for (int id = 0; id < plan->n_nodes; ++id) {
        const ad_node *node = plan->nodes[id];
        ad_value *value = &plan->values[id];
        *value = (ad_value){
            .base = id, .group = -1, .buffer = -1, .concat = -1, .variable = -1, .alias = id};
        if (!plan->reachable[id]) continue;
        value->operand = ad_ops[node->op].klass == AD_CLASS_LEAF
                             ? leaf_operand(node)
                             : ad_operand_of(node->dtype, node->shape);
        if (!is_view(node)) continue;
        const ad_value *input = &plan->values[node->inputs[0]->id];
        int64_t offset;
        ad_operand operand;
        if (!view_operand(node, &input->operand, &operand, &offset)) continue; /* copied */
        value->base = input->base;
        value->offset = input->offset + offset;
        value->operand = operand;
        value->alias = find_alias(plan, id);
    }
    for (int i = 0; i < plan->n_outputs; ++i)
        plan->values[plan->values[plan->outputs[i]->id].alias].is_output = true;
    return list_users(plan);
}
