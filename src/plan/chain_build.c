/* chain_build.c - the chain of a group: its elementwise nodes as steps over registers.
 *
 * Inputs are the values from outside, each loaded once; a fill becomes a step. Registers are given
 * out in one pass over the steps: a register is free again after the last step that reads it. */
#include "plan/plan.h"

#include "ops/attrs.h"

typedef struct builder {
    const ad_plan *plan;
    const ad_group *group;
    ad_chain_plan *out;
    struct {
        int node;       /* id; for a fill: -1 */
        int from, last; /* steps that make it and read it last; from -1: an input */
        ad_dtype type;  /* register type */
        double fill;
        int reg;
    } item[AD_CHAIN_INPUTS + AD_CHAIN_STEPS];
    int n_items;
    int source[AD_CHAIN_STEPS][3], result[AD_CHAIN_STEPS]; /* items of each step */
} builder;

/* The node below broadcasts and reshapes if that is a fill: its value. */
static bool is_fill(const ad_plan *plan, int id, double *value)
{
    const ad_node *base = plan->nodes[plan->values[id].base];
    if (base->op != AD_OP_FILL) return false;
    *value = ((const ad_attr_leaf *)base->attr)->value;
    return true;
}

static int find(const builder *b, int node)
{
    for (int i = 0; i < b->n_items; ++i)
        if (b->item[i].node == node) return i;
    return -1;
}

static int add_item(builder *b, int node, int from, ad_dtype type)
{
    int i = b->n_items++;
    b->item[i].node = node, b->item[i].from = b->item[i].last = from;
    b->item[i].type = type, b->item[i].fill = 0, b->item[i].reg = -1;
    return i;
}

static bool add_input(builder *b, int id, ad_dtype memory)
{
    ad_chain *chain = &b->out->chain;
    if (chain->n_inputs == AD_CHAIN_INPUTS) return false;
    b->out->input[chain->n_inputs] = id;
    chain->input[chain->n_inputs++] = memory;
    int item = add_item(b, id, -1, ad_chain_type(memory));
    b->item[item].reg = chain->n_inputs - 1;
    return true;
}

/* Calls `use` on the elementwise nodes of the group in order. */
static bool each_node(builder *b, bool (*use)(builder *b, const ad_node *node))
{
    const ad_group *g = b->group;
    for (int i = 0; i < g->n; ++i)
        if (g->members[i] != g->anchor && !use(b, b->plan->nodes[g->members[i]])) return false;
    return true;
}

static bool gather_inputs(builder *b, const ad_node *node)
{
    for (int i = 0; i < node->n_inputs; ++i) {
        int id = node->inputs[i]->id, made = ad_plan_input(b->plan, node, i);
        double fill;
        if (find(b, id) >= 0 || ad_group_has(b->group, made) || is_fill(b->plan, id, &fill))
            continue;
        if (!add_input(b, id, node->inputs[i]->dtype)) return false;
    }
    return true;
}

static int fill_item(builder *b, ad_dtype type, double value)
{
    ad_chain *chain = &b->out->chain;
    for (int i = 0; i < b->n_items; ++i) {
        bool same = b->item[i].fill == value && (b->item[i].fill != 0 || !__builtin_signbit(value));
        if (b->item[i].node == -2 && b->item[i].type == type && same) return i;
    }
    if (chain->n_steps == AD_CHAIN_STEPS) return -1;
    int item = add_item(b, -2, chain->n_steps, type);
    b->item[item].fill = value;
    b->result[chain->n_steps] = item;
    chain->step[chain->n_steps++] = (ad_chain_step){
        .op = AD_OP_FILL, .type = (uint8_t)type, .to = (uint8_t)type, .a = value};
    return item;
}

static bool add_step(builder *b, const ad_node *node)
{
    ad_chain *chain = &b->out->chain;
    int source[3];
    for (int i = 0; i < node->n_inputs; ++i) {
        const ad_node *input = node->inputs[i];
        double fill;
        source[i] = find(b, ad_plan_input(b->plan, node, i));
        if (source[i] < 0) source[i] = find(b, input->id);
        if (source[i] < 0 && is_fill(b->plan, input->id, &fill))
            source[i] = fill_item(b, ad_chain_type(input->dtype), fill);
        if (source[i] < 0) return false;
    }
    if (chain->n_steps == AD_CHAIN_STEPS) return false;
    int at = chain->n_steps++;
    ad_dtype to = ad_chain_type(node->dtype),
             type = ad_chain_type(node->inputs[node->n_inputs - 1]->dtype);
    if (node->op == AD_OP_CAST && node->dtype == AD_BOOL) to = AD_BOOL;
    chain->step[at] = (ad_chain_step){.op = (uint16_t)node->op,
                                      .type = (uint8_t)type,
                                      .to = (uint8_t)to,
                                      .n_src = (uint8_t)node->n_inputs};
    if (ad_ops[node->op].attr_bytes == sizeof(ad_attr_scalar)) {
        const ad_attr_scalar *attr = node->attr;
        chain->step[at].a = attr->a, chain->step[at].b = attr->b;
    }
    for (int i = 0; i < node->n_inputs; ++i) {
        b->source[at][i] = source[i];
        b->item[source[i]].last = at;
    }
    b->result[at] = add_item(b, node->id, at, ad_chain_type(node->dtype));
    return true;
}

static bool add_output(builder *b, int id)
{
    ad_chain *chain = &b->out->chain;
    if (chain->n_outputs == AD_CHAIN_OUTPUTS) return false;
    int item = find(b, id);
    b->item[item].last = AD_CHAIN_STEPS;
    b->out->output[chain->n_outputs] = id;
    chain->output_register[chain->n_outputs] = (uint8_t)item; /* the register is put in below */
    chain->output[chain->n_outputs++] = b->plan->nodes[id]->dtype;
    return true;
}

/* The outputs: what others read; of a reduction, what it reduces. */
static bool add_outputs(builder *b)
{
    const ad_group *g = b->group;
    if (g->kind == AD_GROUP_REDUCE)
        return add_output(b, ad_plan_input(b->plan, b->plan->nodes[g->anchor], 0));
    for (int i = 0; i < g->n; ++i)
        if (ad_group_stores(b->plan, g, g->members[i]) && !add_output(b, g->members[i]))
            return false;
    return true;
}

static bool give_registers(builder *b)
{
    ad_chain *chain = &b->out->chain;
    int busy_until[AD_CHAIN_REGISTERS];
    for (int r = 0; r < AD_CHAIN_REGISTERS; ++r) busy_until[r] = -1;
    for (int i = 0; i < b->n_items; ++i)
        if (b->item[i].from < 0) busy_until[b->item[i].reg] = b->item[i].last;
    chain->n_registers = chain->n_inputs;
    for (int s = 0; s < chain->n_steps; ++s) {
        int r = 0, item = b->result[s];
        while (r < AD_CHAIN_REGISTERS && busy_until[r] >= s) ++r;
        if (r == AD_CHAIN_REGISTERS) return false;
        b->item[item].reg = r;
        busy_until[r] = b->item[item].last > s ? b->item[item].last : s;
        if (r >= chain->n_registers) chain->n_registers = r + 1;
        chain->step[s].dst = (uint8_t)r;
        for (int i = 0; i < chain->step[s].n_src; ++i)
            chain->step[s].src[i] = (uint8_t)b->item[b->source[s][i]].reg;
    }
    for (int o = 0; o < chain->n_outputs; ++o)
        chain->output_register[o] = (uint8_t)b->item[chain->output_register[o]].reg;
    return true;
}

bool ad_chain_of_group(const ad_plan *plan, const ad_group *group, ad_chain_plan *out)
{
    builder b = {.plan = plan, .group = group, .out = out};
    *out = (ad_chain_plan){0};
    if (group->n > AD_CHAIN_STEPS + 1) return false;
    if (group->kind == AD_GROUP_CONTRACT) {
        add_input(&b, group->anchor, plan->nodes[group->anchor]->dtype == AD_F64 ? AD_F64 : AD_F32);
        out->input[0] = -1;
    }
    return each_node(&b, gather_inputs) && each_node(&b, add_step) && add_outputs(&b) &&
           give_registers(&b);
}
