/* effects.c - what a run leaves behind: assigned variables and the program's results.
 *
 * A value that could not be written straight into its variable (variable_homes.c) is copied there
 * after everybody has read the old value; if it is itself (a view of) the old value of something
 * assigned, it is set aside first, so that two variables can be swapped. Results that would be a
 * view or somebody else's memory are copied. */
#include "plan/emit.h"

#include "ops/attrs.h"

static const ad_variable *variable_of(const ad_node *node)
{
    return ((const ad_attr_variable *)node->attr)->variable;
}

static size_t variable_bytes(const ad_variable *variable)
{
    return (size_t)ad_shape_count(variable->shape) * ad_dtype_size(variable->dtype);
}

bool ad_plan_assigns(const ad_plan *plan, const ad_variable *variable)
{
    ad_span span = ad_span_of(variable, 0);
    return ad_spans_next(&plan->assigned, &span, -1) >= 0;
}

static bool list_assigned(ad_plan *plan)
{
    plan->assigned = (ad_spans){0};
    for (int id = 0; id < plan->n_nodes; ++id)
        if (plan->reachable[id] && plan->nodes[id]->op == AD_OP_ASSIGN &&
            !ad_spans_add(&plan->assigned, &plan->scratch,
                          ad_span_of(variable_of(plan->nodes[id]), id)))
            return false;
    return ad_spans_index(&plan->assigned, &plan->scratch);
}

bool ad_plan_check_assigns(ad_plan *plan)
{
    const ad_spans *assigned = &plan->assigned;
    int first = plan->n_nodes, before = -1; /* of all pairs that overlap the first as recorded */
    if (!list_assigned(plan)) return false;
    for (int i = 0; i < assigned->n; ++i)
        for (int k = i; (k = ad_spans_next(assigned, &assigned->span[i], k)) >= 0;) {
            int one = assigned->span[i].owner, other = assigned->span[k].owner;
            int later = one > other ? one : other, earlier = one > other ? other : one;
            if (later < first || (later == first && earlier < before))
                first = later, before = earlier;
        }
    if (before < 0) return true;
    ad_fail(plan->ctx, AD_ERROR_ARGUMENT,
            "%s is assigned twice in one program, or overlaps %s, which is assigned too",
            variable_of(plan->nodes[first])->name, variable_of(plan->nodes[before])->name);
    return false;
}

static bool emit_assign(ad_plan *plan, int id)
{
    const ad_node *node = plan->nodes[id];
    const ad_variable *variable = variable_of(node);
    int source = node->inputs[0]->id, base = plan->values[source].base;
    if (plan->values[base].variable == id) {
        plan->values[id].buffer = plan->values[base].buffer;
        return true;
    }
    const ad_node *leaf = plan->nodes[base];
    ad_operand operand = plan->values[source].operand;
    if (leaf->op == AD_OP_VARIABLE && ad_plan_assigns(plan, variable_of(leaf))) {
        source = ad_emit_temporary(plan, source, &operand, id, ad_node_name(node));
        if (source < 0) return false;
        operand = plan->values[source].operand;
    }
    int buffer = ad_emit_buffer(plan, AD_IN_VARIABLE, variable_bytes(variable), variable->name);
    int value = ad_emit_value(plan);
    ad_ref from, to = {.buffer = buffer, .value = value};
    if (buffer < 0 || value < 0 || !ad_emit_ref(plan, source, &from)) return false;
    ad_buffer *made = &plan->program->buffers[buffer];
    made->storage = variable->storage, made->offset = variable->offset;
    made->dtype = variable->dtype, made->shape = variable->shape;
    ad_operand whole = ad_operand_of(variable->dtype, variable->shape);
    plan->values[value].operand = whole;
    plan->values[value].buffer = plan->values[id].buffer = buffer;
    return ad_emit_copy(plan, from, &operand, to, &whole, id, ad_node_name(node));
}

static bool emit_assigns(ad_plan *plan)
{
    for (int id = 0; id < plan->n_nodes; ++id)
        if (plan->reachable[id] && plan->nodes[id]->op == AD_OP_ASSIGN && !emit_assign(plan, id))
            return false;
    return true;
}

static bool emit_outputs(ad_plan *plan)
{
    for (int i = 0; i < plan->n_outputs; ++i) {
        int id = plan->outputs[i]->id, base = plan->values[id].base;
        ad_program_output *output = &plan->program->outputs[i];
        output->dtype = plan->outputs[i]->dtype;
        output->count = ad_shape_count(plan->outputs[i]->shape);
        const ad_node *effect = plan->outputs[i];
        while (effect->op == AD_OP_JOIN) effect = effect->inputs[0];
        if (effect->op == AD_OP_ASSIGN) { /* read from the variable */
            output->ref = (ad_ref){.buffer = plan->values[effect->id].buffer, .value = base};
            continue;
        }
        ad_operand operand = plan->values[id].operand;
        bool leaf = ad_ops[plan->nodes[base]->op].klass == AD_CLASS_LEAF;
        if (leaf || !ad_operand_contiguous(&operand)) {
            id = ad_emit_temporary(plan, id, &operand, plan->n_nodes,
                                   ad_node_name(plan->outputs[i]));
            if (id < 0) return false;
        }
        if (!ad_emit_ref(plan, id, &output->ref)) return false;
        plan->program->buffers[output->ref.buffer].result = true;
    }
    return true;
}

bool ad_plan_effects(ad_plan *plan)
{
    return emit_assigns(plan) && emit_outputs(plan);
}
