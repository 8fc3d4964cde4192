/* variable_homes.c - new values of variables that are written straight into them.
 *
 * The value of an assign goes into the variable at once when nobody can still need the old value by
 * then: kernels that read it are told to run before, and must not depend on the new value; the
 * kernel that makes the new one may itself read the old one if it is elementwise and walks it as it
 * writes. What cannot be written at once is copied at the end (effects.c). */
#include "plan/plan.h"

#include "ops/attrs.h"

static const ad_variable *variable_of(const ad_plan *plan, int id)
{
    return ((const ad_attr_variable *)plan->nodes[id]->attr)->variable;
}

/* Where the value of a node comes from a variable: that one; else NULL. */
static const ad_variable *read_by(const ad_plan *plan, int id)
{
    int base = plan->values[id].base;
    return plan->nodes[base]->op == AD_OP_VARIABLE ? variable_of(plan, base) : NULL;
}

/* The group that makes the value, or -1. */
static int maker(const ad_plan *plan, int id)
{
    return plan->values[plan->values[id].base].group;
}

/* ---- what follows from a group ---- */

typedef struct link {
    int to, next; /* group; the next link from the same group, or -1 */
} link;

typedef struct search {
    ad_plan *plan;
    ad_spans reads; /* of variables, by groups */
    int *first;     /* per group: its first link to those that must run after it */
    link *links;
    int n_links, capacity;
    int *seen, stamp; /* per group: the last walk that came by */
    int *stack;
} search;

static bool add_link(search *s, int from, int to)
{
    if (s->n_links == s->capacity) {
        int capacity = 2 * s->capacity + 256;
        link *grown = ad_arena_alloc(&s->plan->scratch, (size_t)capacity * sizeof *grown);
        if (!grown) return false;
        for (int i = 0; i < s->n_links; ++i) grown[i] = s->links[i];
        s->links = grown, s->capacity = capacity;
    }
    s->links[s->n_links] = (link){to, s->first[from]};
    s->first[from] = s->n_links++;
    return true;
}

static bool list_group(search *s, int g)
{
    const ad_plan *plan = s->plan;
    const ad_group *group = &plan->groups[g];
    for (int i = 0; i < group->n; ++i) {
        const ad_node *node = plan->nodes[group->members[i]];
        for (int k = 0; k < node->n_inputs; ++k) {
            int input = node->inputs[k]->id, from = maker(plan, input);
            const ad_variable *read = read_by(plan, input);
            if (read && !ad_spans_add(&s->reads, &s->plan->scratch, ad_span_of(read, g)))
                return false;
            if (from >= 0 && from != g && !add_link(s, from, g)) return false;
        }
    }
    return true;
}

static bool open_search(search *s)
{
    ad_arena *scratch = &s->plan->scratch;
    size_t n = (size_t)s->plan->n_groups + 1;
    s->first = ad_arena_alloc(scratch, n * sizeof(int));
    s->seen = ad_arena_alloc(scratch, n * sizeof(int));
    s->stack = ad_arena_alloc(scratch, n * sizeof(int));
    if (!s->first || !s->seen || !s->stack) return false;
    for (int g = 0; g < s->plan->n_groups; ++g) s->first[g] = -1;
    for (int g = 0; g < s->plan->n_groups; ++g)
        if (!s->plan->groups[g].gone && !list_group(s, g)) return false;
    return ad_spans_index(&s->reads, scratch);
}

/* Marks as seen what can only run after `group`. */
static void mark_followers(search *s, int group)
{
    int depth = 0;
    s->stack[depth++] = group;
    s->seen[group] = ++s->stamp;
    while (depth) {
        int from = s->stack[--depth];
        for (int i = s->first[from]; i >= 0; i = s->links[i].next) {
            int to = s->links[i].to;
            ++s->plan->visits;
            if (s->seen[to] == s->stamp) continue;
            s->seen[to] = s->stamp;
            s->stack[depth++] = to;
        }
    }
}

/* ---- assigns ---- */

/* Whether the value of `input` lies in `variable`'s memory element for element as a contiguous
 * value of it does. */
static bool walks_alike(const ad_plan *plan, int input, const ad_node *written,
                        const ad_variable *variable)
{
    const ad_value *value = &plan->values[input];
    const ad_variable *read = variable_of(plan, value->base);
    ad_operand made = ad_operand_of(written->dtype, written->shape);
    int64_t at = (int64_t)read->offset + value->offset * (int64_t)ad_dtype_size(read->dtype);
    return at == (int64_t)variable->offset && ad_operand_same_map(&value->operand, &made);
}

static bool overlap(const ad_variable *a, const ad_variable *b)
{
    ad_span x = ad_span_of(a, 0), y = ad_span_of(b, 0);
    return x.storage == y.storage && x.begin < y.end && y.begin < x.end;
}

/* The kernel that writes the variable may itself read it only element by element. */
static bool own_reads_allowed(const ad_plan *plan, const ad_group *group, const ad_node *written,
                              const ad_variable *variable)
{
    for (int i = 0; i < group->n; ++i) {
        const ad_node *node = plan->nodes[group->members[i]];
        for (int k = 0; k < node->n_inputs; ++k) {
            int input = node->inputs[k]->id;
            const ad_variable *read = read_by(plan, input);
            if (!read || !overlap(read, variable)) continue;
            bool replaces = group->kind == AD_GROUP_CHAIN ||
                            (group->kind == AD_GROUP_KERNEL && ad_problem_replaces(node->op, k));
            if (!replaces || !walks_alike(plan, input, written, variable)) return false;
        }
    }
    return true;
}

/* Whether all others that read the variable can run before the group that writes it. */
static bool readers_can_go_first(search *s, const ad_span *variable, int writer)
{
    bool marked = false;
    for (int i = -1; (i = ad_spans_next(&s->reads, variable, i)) >= 0;) {
        int reader = s->reads.span[i].owner;
        if (reader == writer) continue;
        if (!marked) mark_followers(s, writer);
        marked = true;
        if (s->seen[reader] == s->stamp) return false;
    }
    return true;
}

static bool put_readers_first(search *s, const ad_span *variable, int writer)
{
    for (int i = -1; (i = ad_spans_next(&s->reads, variable, i)) >= 0;) {
        int reader = s->reads.span[i].owner;
        if (reader != writer && !add_link(s, reader, writer)) return false;
    }
    return true;
}

/* False: memory was refused. */
static bool place_assign(search *s, int id)
{
    ad_plan *plan = s->plan;
    const ad_variable *variable = variable_of(plan, id);
    int source = plan->nodes[id]->inputs[0]->id, base = plan->values[source].base;
    int writer = plan->values[base].group;
    if (writer < 0 || plan->values[base].variable >= 0 || !ad_plan_is_whole(plan, source))
        return true;
    const ad_group *group = &plan->groups[writer];
    ad_span span = ad_span_of(variable, writer);
    if (group->kind == AD_GROUP_CONCAT || group->kind == AD_GROUP_COPY) return true;
    if (!own_reads_allowed(plan, group, plan->nodes[base], variable)) return true;
    if (!readers_can_go_first(s, &span, writer)) return true;
    plan->values[base].variable = id;
    return put_readers_first(s, &span, writer);
}

bool ad_plan_variable_homes(ad_plan *plan)
{
    search s = {.plan = plan};
    if (!ad_pass_wanted(plan->options, "homes")) return true;
    if (!open_search(&s)) return false;
    for (int id = 0; id < plan->n_nodes; ++id)
        if (plan->reachable[id] && plan->nodes[id]->op == AD_OP_ASSIGN && !place_assign(&s, id))
            return false;
    return true;
}
