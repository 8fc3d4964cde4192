/* group.c - which nodes become one kernel: elementwise fusion, prologues and epilogues.
 *
 * Greedy, from the outputs backwards: an elementwise node joins the group of the nodes that read
 * it, and pulls groups that read it together into one; so when a node is looked at, all its readers
 * have their group and it is known whether its value must be stored. A matmul or convolution joins
 * the chain behind it (one to a group); a reduction takes the nodes in front of it that nobody else
 * reads.
 *
 * A join is refused when it would close a circle (a path that leaves the group and comes back),
 * when the chain would exceed chain.h's limits, when a contraction in front is better off with the
 * node, and when no solver takes a contraction or reduction with it. */
#include "plan/long_paths.h"

#include <string.h>

typedef struct search {
    ad_plan *plan;
    int *seen, stamp; /* per group: when it was last visited */
    int *stack;
    ad_long_paths paths;
} search;

static bool push(search *s, const ad_group *merged, int id, int *depth)
{
    int base = s->plan->values[id].base, group = s->plan->values[base].group;
    ++s->plan->visits;
    if (base < merged->members[0]) return true; /* too early to depend on the group */
    if (ad_group_has(merged, base)) return false;
    if (group >= 0 && s->seen[group] != s->stamp) {
        s->seen[group] = s->stamp;
        s->stack[(*depth)++] = group;
    }
    return true;
}

/* Whether some value that the merged group loads depends on a value that it makes. */
static bool circular(search *s, const ad_group *merged)
{
    const ad_plan *plan = s->plan;
    int depth = 0;
    if (ad_path_returns(plan, &s->paths, merged)) return true;
    ++s->stamp;
    for (int i = 0; i < merged->n; ++i) {
        const ad_node *node = plan->nodes[merged->members[i]];
        for (int k = 0; k < node->n_inputs; ++k) {
            int input = ad_plan_input(plan, node, k);
            if (ad_group_keeps(plan, merged, input, node->id)) continue;
            if (!push(s, merged, input, &depth)) return true;
        }
    }
    while (depth) {
        const ad_group *group = &plan->groups[s->stack[--depth]];
        for (int i = 0; i < group->n; ++i) {
            const ad_node *node = plan->nodes[group->members[i]];
            for (int k = 0; k < node->n_inputs; ++k)
                if (!push(s, merged, node->inputs[k]->id, &depth)) return true;
        }
    }
    return false;
}

/* A chain that stands alone is always taken; others by whoever bids. */
static bool solvable(const ad_plan *plan, const ad_group *group, const ad_chain_plan *chain)
{
    ad_problem problem;
    return ad_group_problem(plan, group, chain, &problem, NULL, NULL) &&
           (group->anchor < 0 || ad_best_bid(plan, &problem, NULL) >= 0);
}

/* A group whose values only its own anchor reads: what a reduction's prologue must be. */
static bool closed(const ad_plan *plan, const ad_group *group)
{
    for (int i = 0; i < group->n; ++i)
        if (group->members[i] != group->anchor && ad_group_stores(plan, group, group->members[i]))
            return false;
    return true;
}

/* The members of both, which `members` has room for, with the anchor that one may have. */
static ad_group both(const ad_group *first, const ad_group *second, int *members)
{
    ad_group merged = *first;
    if (second->anchor >= 0) merged.kind = second->kind, merged.anchor = second->anchor;
    merged.n = merged.capacity = first->n + second->n;
    merged.members = members;
    for (int i = 0, x = 0, y = 0; i < merged.n; ++i) {
        bool from_first = y == second->n ||
                          (x < first->n && first->members[x] < second->members[y]);
        members[i] = from_first ? first->members[x++] : second->members[y++];
    }
    return merged;
}

/* Whether the group can be one kernel. */
static bool possible(search *s, const ad_group *merged)
{
    ad_chain_plan chain;
    if (merged->kind == AD_GROUP_REDUCE && !closed(s->plan, merged)) return false;
    return !circular(s, merged) && ad_chain_of_group(s->plan, merged, &chain) &&
           solvable(s->plan, merged, &chain);
}

/* Merges b into a if that may be. False: memory was refused. */
static bool merge(search *s, int a, int b)
{
    ad_plan *plan = s->plan;
    ad_group *first = &plan->groups[a], *second = &plan->groups[b];
    int members[AD_CHAIN_STEPS + 1];
    if (first->anchor >= 0 && second->anchor >= 0) return true;
    if (first->n + second->n > AD_CHAIN_STEPS + 1) return true;
    ad_group merged = both(first, second, members);
    if (!possible(s, &merged)) return true;
    merged.members = ad_arena_alloc(&plan->scratch, (size_t)merged.n * sizeof(int));
    if (!merged.members) return false;
    memcpy(merged.members, members, (size_t)merged.n * sizeof(int));
    for (int i = 0; i < second->n; ++i) plan->values[second->members[i]].group = a;
    *first = merged;
    second->gone = true;
    return true;
}

static int new_group(ad_plan *plan, int id, ad_group_kind kind)
{
    ad_group *group = &plan->groups[plan->n_groups];
    bool anchored = kind == AD_GROUP_CONTRACT || kind == AD_GROUP_REDUCE;
    *group = (ad_group){.kind = kind, .anchor = anchored ? id : -1, .n = 1, .capacity = 1};
    group->members = ad_arena_alloc(&plan->scratch, sizeof(int));
    if (!group->members) return -1;
    group->members[0] = id;
    plan->values[id].group = plan->n_groups;
    return plan->n_groups++;
}

static ad_group_kind kind_of(const ad_node *node)
{
    if (node->op == AD_OP_CONCAT) return AD_GROUP_CONCAT;
    switch (ad_ops[node->op].klass) {
    case AD_CLASS_ELEMENTWISE: return AD_GROUP_CHAIN;
    case AD_CLASS_VIEW: return AD_GROUP_COPY;
    case AD_CLASS_REDUCE: return AD_GROUP_REDUCE;
    case AD_CLASS_CONTRACT: return AD_GROUP_CONTRACT;
    default: return AD_GROUP_KERNEL;
    }
}

/* Whether an elementwise node reads a contraction that nobody else does. It is left to that one:
 * behind another contraction, the operand would be stored all the same, and terms of a sum would
 * all have to be there before the last one. */
static bool belongs_to_another(const ad_plan *plan, int id)
{
    const ad_node *node = plan->nodes[id];
    for (int k = 0; k < node->n_inputs && ad_plan_elementwise(plan, id); ++k) {
        int input = ad_plan_input(plan, node, k);
        if (ad_ops[plan->nodes[input]->op].klass == AD_CLASS_CONTRACT &&
            plan->user_start[input + 1] - plan->user_start[input] == 1)
            return true;
    }
    return false;
}

static bool join_readers(search *s, int id)
{
    ad_plan *plan = s->plan;
    int group = plan->values[id].group;
    if (ad_node_rounds(plan->nodes[id])) return true;
    for (int u = plan->user_start[id]; u < plan->user_start[id + 1]; ++u) {
        int user = plan->users[u], other = plan->values[user].group;
        if (other < 0 || other == group) continue;
        ad_group_kind kind = plan->groups[other].kind;
        bool takes = ad_plan_elementwise(plan, user) ||
                     (kind == AD_GROUP_REDUCE && user == plan->groups[other].anchor);
        if (kind == AD_GROUP_KERNEL || kind == AD_GROUP_CONCAT || kind == AD_GROUP_COPY || !takes)
            continue;
        if (kind == AD_GROUP_CONTRACT && belongs_to_another(plan, id)) continue;
        bool joins = ad_plan_elementwise(plan, id) || kind == AD_GROUP_CHAIN;
        if (joins && !merge(s, group, other)) return false;
        group = plan->values[id].group;
    }
    return true;
}

bool ad_plan_groups(ad_plan *plan)
{
    size_t n = (size_t)plan->n_nodes + 1;
    search s = {.plan = plan};
    plan->groups = ad_arena_alloc(&plan->scratch, n * sizeof *plan->groups);
    s.seen = ad_arena_alloc(&plan->scratch, n * sizeof *s.seen);
    s.stack = ad_arena_alloc(&plan->scratch, n * sizeof *s.stack);
    if (!plan->groups || !s.seen || !s.stack || !ad_find_long_paths(plan, &s.paths)) return false;
    bool fuse = ad_pass_wanted(plan->options, "fuse");
    for (int id = plan->n_nodes - 1; id >= 0; --id) {
        const ad_node *node = plan->nodes[id];
        ad_op_class klass = ad_ops[node->op].klass;
        if (!plan->reachable[id] || klass == AD_CLASS_LEAF || plan->values[id].base != id) continue;
        ad_group_kind kind = kind_of(node);
        if (new_group(plan, id, kind) < 0) return false;
        if (fuse && (kind == AD_GROUP_CHAIN || kind == AD_GROUP_CONTRACT) && !join_readers(&s, id))
            return false;
    }
    return true;
}
