/* graph_set.c - sets of graphs: the arrays that all readers fill in. */
#include "data/graphs/graph_set.h"

#include <stdio.h>
#include <string.h>

/* ---- memory ---- */

static void free_names(ad_context *ctx, char **names, int64_t count)
{
    for (int64_t i = 0; names && i < count; ++i) ad_string_free(ctx, names[i]);
    ad_free(ctx, names, ad_bytes(count, sizeof *names));
}

void ad_graph_set_free(ad_graph_set *set)
{
    if (!set) return;
    ad_context *ctx = set->ctx;
    ad_free(ctx, set->graph_start, ad_bytes(set->graphs + 1, sizeof *set->graph_start));
    ad_free(ctx, set->edge_start, ad_bytes(set->nodes + 1, sizeof *set->edge_start));
    ad_free(ctx, set->source, ad_bytes(set->edges, sizeof *set->source));
    ad_free(ctx, set->weight, ad_bytes(set->edges, sizeof *set->weight));
    ad_free(ctx, set->value_start, ad_bytes(set->nodes + 1, sizeof *set->value_start));
    ad_free(ctx, set->feature, ad_bytes(set->values, sizeof *set->feature));
    ad_free(ctx, set->value, ad_bytes(set->values, sizeof *set->value));
    ad_free(ctx, set->labels, ad_bytes(set->items, sizeof *set->labels));
    ad_free(ctx, set->split, (size_t)set->items);
    ad_free(ctx, set->targets, ad_bytes(set->items * set->classes, sizeof *set->targets));
    free_names(ctx, set->class_names, set->classes);
    free_names(ctx, set->node_names, set->nodes);
    ad_free(ctx, set, sizeof *set);
}

ad_status ad_graph_set_nodes(ad_graph_set *set, int64_t nodes, int64_t graphs, bool of_graphs)
{
    ad_context *ctx = set->ctx;
    set->nodes = nodes, set->graphs = graphs, set->of_graphs = of_graphs;
    set->items = of_graphs ? graphs : nodes;
    set->graph_start = ad_zalloc(ctx, ad_bytes(graphs + 1, sizeof *set->graph_start));
    set->edge_start = ad_zalloc(ctx, ad_bytes(nodes + 1, sizeof *set->edge_start));
    set->value_start = ad_zalloc(ctx, ad_bytes(nodes + 1, sizeof *set->value_start));
    set->labels = ad_alloc(ctx, ad_bytes(set->items, sizeof *set->labels));
    set->split = ad_zalloc(ctx, (size_t)set->items);
    if (!set->graph_start || !set->edge_start || !set->value_start || !set->labels || !set->split)
        return AD_ERROR_MEMORY;
    if (graphs == 1) set->graph_start[1] = (int32_t)nodes;
    for (int64_t i = 0; i < set->items; ++i) set->labels[i] = -1;
    return AD_OK;
}

ad_status ad_graph_set_features(ad_graph_set *set, int64_t features, int64_t values)
{
    set->features = features, set->values = values;
    set->feature = ad_zalloc(set->ctx, ad_bytes(values, sizeof *set->feature));
    set->value = ad_zalloc(set->ctx, ad_bytes(values, sizeof *set->value));
    return set->feature && set->value ? AD_OK : AD_ERROR_MEMORY;
}

ad_status ad_graph_set_classes(ad_graph_set *set, const char *const *names, int count)
{
    char **copy = ad_zalloc(set->ctx, ad_bytes(count, sizeof *copy));
    if (!copy) return AD_ERROR_MEMORY;
    set->class_names = copy, set->classes = count;
    for (int i = 0; i < count; ++i) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        const char *name = names ? names[i] : number;
        if (!(copy[i] = ad_string_copy(set->ctx, name))) return AD_ERROR_MEMORY;
    }
    return AD_OK;
}

ad_status ad_graph_set_count_classes(ad_graph_set *set, const char *path)
{
    int32_t highest = -1;
    for (int64_t i = 0; i < set->items; ++i) {
        int32_t label = set->labels[i];
        if (label < -1 || label >= AD_GRAPH_CLASSES_MOST)
            return ad_fail(set->ctx, AD_ERROR_FORMAT,
                           "%s: label %d of %s %lld is out of range (0 to %d, -1: unknown)", path,
                           label, set->of_graphs ? "graph" : "node", (long long)i,
                           AD_GRAPH_CLASSES_MOST - 1);
        if (label > highest) highest = label;
    }
    if (highest < 0) return ad_fail(set->ctx, AD_ERROR_FORMAT, "%s: nothing has a label", path);
    return ad_graph_set_classes(set, NULL, highest + 1);
}

/* ---- edges ---- */

ad_status ad_edge_list_add(ad_edge_list *list, int32_t source, int32_t target, float weight)
{
    if (list->count >= ad_graph_most)
        return ad_fail(list->ctx, AD_ERROR_LIMIT, "more than %lld edges", (long long)ad_graph_most);
    ad_edge *grown = ad_grow(list->ctx, list->edge, &list->capacity, list->count + 1,
                             sizeof *grown);
    if (!grown) return AD_ERROR_MEMORY;
    list->edge = grown;
    list->edge[list->count++] = (ad_edge){source, target, weight};
    return AD_OK;
}

void ad_edge_list_free(ad_edge_list *list)
{
    ad_free(list->ctx, list->edge, ad_bytes(list->capacity, sizeof *list->edge));
}

ad_status ad_graph_fail_edge(ad_context *ctx, const char *path, const char *where, int64_t from,
                             int64_t to, int64_t nodes)
{
    return ad_fail(
        ctx, AD_ERROR_FORMAT,
        "%s: %s, from node %lld to %lld, refers to a node that does not exist (there are %lld)",
        path, where, (long long)from, (long long)to, (long long)nodes);
}

/* Stable counting sort by target, or by source. */
static void sort_edges(const ad_edge *from, ad_edge *to, int64_t count, bool by_target,
                       int32_t *next, int64_t nodes)
{
    memset(next, 0, (size_t)(nodes + 1) * sizeof *next);
    for (int64_t i = 0; i < count; ++i) ++next[(by_target ? from[i].target : from[i].source) + 1];
    for (int64_t i = 0; i < nodes; ++i) next[i + 1] += next[i];
    for (int64_t i = 0; i < count; ++i)
        to[next[by_target ? from[i].target : from[i].source]++] = from[i];
}

static ad_status fail_weights(const ad_graph_set *set, const char *path, const ad_edge *a,
                              const ad_edge *b, bool directed)
{
    char name[2][24];
    const char *end[2];
    for (int i = 0; i < 2; ++i) {
        int32_t node = i ? a->target : a->source;
        snprintf(name[i], sizeof name[i], "%d", (int)node);
        end[i] = set->node_names ? set->node_names[node] : name[i];
    }
    return ad_fail(set->ctx, AD_ERROR_FORMAT,
                   "%s: the edge from %.60s to %.60s has two weights, %g and %g%s", path, end[0],
                   end[1], (double)a->weight, (double)b->weight,
                   directed ? "" : " (both directions of an edge are one, unless --directed)");
}

/* Of edges in order each once, without loops; *weighted: some weight is not 1. */
static ad_status keep_edges(const ad_graph_set *set, const ad_edge *from, int64_t count,
                            const char *path, bool directed, ad_edge *to, int64_t *kept,
                            bool *weighted)
{
    for (int64_t i = 0; i < count; ++i) {
        const ad_edge *e = &from[i], *last = *kept ? &to[*kept - 1] : NULL;
        if (e->source == e->target) continue;
        if (!last || e->source != last->source || e->target != last->target)
            to[(*kept)++] = *e;
        else if (e->weight != last->weight)
            return fail_weights(set, path, last, e, directed);
        *weighted |= e->weight != 1;
    }
    return AD_OK;
}

static ad_status take_edges(ad_graph_set *set, const ad_edge *edge, int64_t count, bool weighted)
{
    set->source = ad_alloc(set->ctx, ad_bytes(count, sizeof *set->source));
    if (weighted) set->weight = ad_alloc(set->ctx, ad_bytes(count, sizeof *set->weight));
    set->edges = count;
    if (!set->source || (weighted && !set->weight)) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < count; ++i) {
        set->source[i] = edge[i].source;
        if (weighted) set->weight[i] = edge[i].weight;
        ++set->edge_start[edge[i].target + 1];
    }
    for (int64_t i = 0; i < set->nodes; ++i) set->edge_start[i + 1] += set->edge_start[i];
    return AD_OK;
}

ad_status ad_graph_set_edges(ad_graph_set *set, const ad_edge_list *list, const char *path,
                             bool directed)
{
    ad_context *ctx = set->ctx;
    int64_t count = list->count, all = directed ? count : 2 * count, kept = 0;
    bool weighted = false;
    ad_edge *a = ad_alloc(ctx, ad_bytes(all, sizeof *a)),
            *b = ad_alloc(ctx, ad_bytes(all, sizeof *b));
    int32_t *next = ad_alloc(ctx, ad_bytes(set->nodes + 1, sizeof *next));
    ad_status status = a && b && next ? AD_OK : AD_ERROR_MEMORY;
    if (!status) {
        if (count) memcpy(a, list->edge, (size_t)count * sizeof *a);
        for (int64_t i = count; i < all; ++i) {
            const ad_edge *e = &a[i - count];
            a[i] = (ad_edge){e->target, e->source, e->weight};
        }
        sort_edges(a, b, all, false, next, set->nodes);
        sort_edges(b, a, all, true, next, set->nodes);
        status = keep_edges(set, a, all, path, directed, b, &kept, &weighted);
    }
    if (!status) status = take_edges(set, b, kept, weighted);
    ad_free(ctx, a, ad_bytes(all, sizeof *a)), ad_free(ctx, b, ad_bytes(all, sizeof *b));
    ad_free(ctx, next, ad_bytes(set->nodes + 1, sizeof *next));
    return status;
}
