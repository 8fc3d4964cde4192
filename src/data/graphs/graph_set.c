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

ad_status ad_edge_list_add(ad_edge_list *pairs, int32_t source, int32_t target)
{
    if (pairs->count == pairs->capacity) {
        int64_t capacity = pairs->capacity ? 2 * pairs->capacity : 1024;
        if (capacity > ad_graph_most)
            return ad_fail(pairs->ctx, AD_ERROR_LIMIT, "more than %lld edges",
                           (long long)ad_graph_most / 2);
        void *grown = ad_realloc(pairs->ctx, pairs->data, ad_bytes(2 * pairs->capacity, 4),
                                 ad_bytes(2 * capacity, 4));
        if (!grown) return AD_ERROR_MEMORY;
        pairs->data = grown, pairs->capacity = capacity;
    }
    pairs->data[2 * pairs->count] = source, pairs->data[2 * pairs->count + 1] = target;
    ++pairs->count;
    return AD_OK;
}

void ad_edge_list_free(ad_edge_list *pairs)
{
    ad_free(pairs->ctx, pairs->data, ad_bytes(2 * pairs->capacity, 4));
}

ad_status ad_graph_fail_edge(ad_context *ctx, const char *path, const char *where, int64_t from,
                             int64_t to, int64_t nodes)
{
    return ad_fail(
        ctx, AD_ERROR_FORMAT,
        "%s: %s, from node %lld to %lld, refers to a node that does not exist (there are %lld)",
        path, where, (long long)from, (long long)to, (long long)nodes);
}

/* Stable counting sort of pairs by one of their members. */
static void sort_pairs(const int32_t *from, int32_t *to, int64_t count, int member, int32_t *next,
                       int64_t nodes)
{
    memset(next, 0, (size_t)(nodes + 1) * sizeof *next);
    for (int64_t i = 0; i < count; ++i) ++next[from[2 * i + member] + 1];
    for (int64_t i = 0; i < nodes; ++i) next[i + 1] += next[i];
    for (int64_t i = 0; i < count; ++i) {
        int64_t at = next[from[2 * i + member]]++;
        to[2 * at] = from[2 * i], to[2 * at + 1] = from[2 * i + 1];
    }
}

ad_status ad_graph_set_edges(ad_graph_set *set, const int32_t *pairs, int64_t count, bool directed)
{
    ad_context *ctx = set->ctx;
    int64_t all = directed ? count : 2 * count, kept = 0;
    int32_t *a = ad_alloc(ctx, ad_bytes(2 * all, 4)), *b = ad_alloc(ctx, ad_bytes(2 * all, 4));
    int32_t *next = ad_alloc(ctx, ad_bytes(set->nodes + 1, 4));
    ad_status status = a && b && next ? AD_OK : AD_ERROR_MEMORY;
    if (!status) {
        if (count) memcpy(a, pairs, (size_t)count * 8);
        for (int64_t i = count; i < all; ++i) {
            a[2 * i] = pairs[2 * (i - count) + 1];
            a[2 * i + 1] = pairs[2 * (i - count)];
        }
        sort_pairs(a, b, all, 0, next, set->nodes);
        sort_pairs(b, a, all, 1, next, set->nodes);
        for (int64_t i = 0; i < all; ++i) {
            bool again = kept && a[2 * i] == b[2 * kept - 2] && a[2 * i + 1] == b[2 * kept - 1];
            if (again || a[2 * i] == a[2 * i + 1]) continue;
            b[2 * kept] = a[2 * i], b[2 * kept + 1] = a[2 * i + 1];
            ++kept;
        }
        set->source = ad_alloc(ctx, ad_bytes(kept, sizeof *set->source));
        if (!set->source) status = AD_ERROR_MEMORY;
    }
    if (!status) {
        set->edges = kept;
        for (int64_t i = 0; i < kept; ++i) {
            set->source[i] = b[2 * i];
            ++set->edge_start[b[2 * i + 1] + 1];
        }
        for (int64_t i = 0; i < set->nodes; ++i) set->edge_start[i + 1] += set->edge_start[i];
    }
    ad_free(ctx, a, ad_bytes(2 * all, 4)), ad_free(ctx, b, ad_bytes(2 * all, 4));
    ad_free(ctx, next, ad_bytes(set->nodes + 1, 4));
    return status;
}
