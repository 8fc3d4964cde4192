/* members.c - the members of a group: which values stay in registers, and which are stored. */
#include "plan/plan.h"

bool ad_group_has(const ad_group *group, int id)
{
    int low = 0, high = group->n;
    while (low < high) {
        int middle = (low + high) / 2;
        if (group->members[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < group->n && group->members[low] == id;
}

bool ad_node_rounds(const ad_node *node)
{
    return node->op == AD_OP_CAST && (node->dtype == AD_BF16 || node->dtype == AD_F16);
}

bool ad_plan_elementwise(const ad_plan *plan, int id)
{
    return ad_ops[plan->nodes[id]->op].klass == AD_CLASS_ELEMENTWISE;
}

bool ad_group_keeps(const ad_plan *plan, const ad_group *group, int id, int user)
{
    if (!ad_group_has(group, user) || !ad_group_has(group, id) || ad_node_rounds(plan->nodes[id]))
        return false;
    if (ad_plan_elementwise(plan, user))
        return group->kind != AD_GROUP_REDUCE || id != group->anchor;
    return group->kind == AD_GROUP_REDUCE && user == group->anchor;
}

bool ad_group_stores(const ad_plan *plan, const ad_group *group, int member)
{
    if (plan->values[member].is_output) return true;
    for (int u = plan->user_start[member]; u < plan->user_start[member + 1]; ++u) {
        int user = plan->users[u];
        if (!ad_group_keeps(plan, group, member, user)) return true;
    }
    return false;
}
