/* long_paths.c - a quick proof that one node leads to another: by way of a long path.
 *
 * What is computed forward leads to its gradient through all layers above, to the loss and back
 * down: a search from one for the other goes through the whole network, and there are such pairs in
 * each layer. But nearly all of those ways lead along one path, from the input forward to the loss
 * and backward again. So the longest path is found, and for each node the earliest place where a
 * way from it joins the path, and the latest from where a way leaves the path for it. Where the
 * first lies before the second, there is a way. (Jagadish 1990, "A compression technique to
 * materialize transitive closure", has a place on each of the chains that cover the graph; here a
 * few long ones do, since what they do not prove is searched for.)
 *
 * Further paths are the longest by nodes that no path before has: of a second network, or of one
 * branch beside another. */
#include "plan/long_paths.h"

#include <limits.h>

static bool is_base(const ad_plan *plan, int id)
{
    return plan->reachable[id] && plan->values[id].base == id;
}

static int input_base(const ad_plan *plan, int id, int i)
{
    return plan->values[plan->nodes[id]->inputs[i]->id].base;
}

typedef struct tracer {
    const ad_plan *plan;
    bool *taken;        /* by a path already */
    int *length, *from; /* of the longest path that ends at a node, and the node before it */
} tracer;

/* The last node of the longest path, in nodes that are not taken; or -1. */
static int find_end(tracer *t)
{
    const ad_plan *plan = t->plan;
    int end = -1;
    for (int id = 0; id < plan->n_nodes; ++id) {
        t->length[id] = 0, t->from[id] = -1;
        if (!is_base(plan, id)) continue;
        for (int i = 0; i < plan->nodes[id]->n_inputs; ++i) {
            int base = input_base(plan, id, i);
            if (t->from[id] >= 0 && t->length[base] <= t->length[id]) continue;
            t->length[id] = t->length[base], t->from[id] = base;
        }
        t->length[id] += !t->taken[id];
        if (end < 0 || t->length[id] > t->length[end]) end = id;
    }
    return end;
}

/* Numbers the nodes of the path that ends there; those before and behind follow from it. */
static void lay_path(tracer *t, int end, ad_long_path *path)
{
    const ad_plan *plan = t->plan;
    int n = 0;
    for (int id = 0; id < plan->n_nodes; ++id)
        path->joins[id] = INT_MAX, path->leaves[id] = path->way[id] = -1;
    for (int id = end; id >= 0; id = t->from[id]) ++n;
    for (int id = end, after = -1, place = n; id >= 0; after = id, id = t->from[id]) {
        path->joins[id] = path->leaves[id] = --place;
        path->way[id] = after;
        t->taken[id] = true;
    }
    for (int id = 0; id < plan->n_nodes; ++id)
        for (int i = 0; is_base(plan, id) && i < plan->nodes[id]->n_inputs; ++i) {
            int left = path->leaves[input_base(plan, id, i)];
            if (left > path->leaves[id]) path->leaves[id] = left;
        }
    for (int id = plan->n_nodes - 1; id >= 0; --id)
        for (int i = 0; is_base(plan, id) && i < plan->nodes[id]->n_inputs; ++i) {
            int base = input_base(plan, id, i);
            if (path->joins[id] < path->joins[base])
                path->joins[base] = path->joins[id], path->way[base] = id;
        }
}

bool ad_find_long_paths(ad_plan *plan, ad_long_paths *paths)
{
    ad_arena *scratch = &plan->scratch;
    size_t n = (size_t)plan->n_nodes + 1;
    tracer t = {plan, ad_arena_alloc(scratch, n), ad_arena_alloc(scratch, n * sizeof(int)),
                ad_arena_alloc(scratch, n * sizeof(int))};
    if (!t.taken || !t.length || !t.from) return false;
    for (int p = 0; p < AD_LONG_PATHS; ++p) {
        ad_long_path *path = &paths->path[p];
        path->joins = ad_arena_alloc(scratch, n * sizeof(int));
        path->leaves = ad_arena_alloc(scratch, n * sizeof(int));
        path->way = ad_arena_alloc(scratch, n * sizeof(int));
        if (!path->joins || !path->leaves || !path->way) return false;
        lay_path(&t, find_end(&t), path);
    }
    return true;
}

/* The latest place on the path that leads to what the group loads, or -1. */
static int latest_before(const ad_plan *plan, const ad_long_path *path, const ad_group *group)
{
    int latest = -1;
    for (int m = 0; m < group->n; ++m) {
        int id = group->members[m];
        for (int i = 0; i < plan->nodes[id]->n_inputs; ++i) {
            int base = input_base(plan, id, i);
            if (path->leaves[base] > latest && !ad_group_has(group, base))
                latest = path->leaves[base];
        }
    }
    return latest;
}

bool ad_path_returns(const ad_plan *plan, const ad_long_paths *paths, const ad_group *group)
{
    for (int p = 0; p < AD_LONG_PATHS; ++p) {
        const ad_long_path *path = &paths->path[p];
        int latest = latest_before(plan, path, group);
        for (int m = 0; m < group->n && latest >= 0; ++m) {
            int id = path->way[group->members[m]];
            while (id >= 0 && ad_group_has(group, id)) id = path->way[id];
            if (id >= 0 && path->joins[id] <= latest) return true;
        }
    }
    return false;
}
