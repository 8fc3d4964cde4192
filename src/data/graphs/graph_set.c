/* graph_set.c - sets of graphs: which reader a path asks for, and the arrays that all readers fill
 * in. */
#include "data/graphs/graph_set.h"

#include "base/hash.h"
#include "base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- memory ---- */

static void free_names(ad_context *ctx, char **names, int64_t count)
{
    for (int64_t i = 0; names && i < count; ++i)
        if (names[i]) ad_free(ctx, names[i], strlen(names[i]) + 1);
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
        if (!(copy[i] = ad_alloc(set->ctx, strlen(name) + 1))) return AD_ERROR_MEMORY;
        memcpy(copy[i], name, strlen(name) + 1);
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
        "%s: %s, from node %lld to %lld, is of a node that is not there (there are %lld)", path,
        where, (long long)from, (long long)to, (long long)nodes);
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
        for (int64_t i = count; i < all; ++i)
            a[2 * i] = pairs[2 * (i - count) + 1], a[2 * i + 1] = pairs[2 * (i - count)];
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

/* ---- what a path is ---- */

static bool is_file(const char *path)
{
    struct stat s;
    return !stat(path, &s) && S_ISREG(s.st_mode);
}

static bool ends(const char *path, const char *ending)
{
    size_t n = strlen(path), e = strlen(ending);
    return n >= e && !strcmp(path + n - e, ending);
}

/* The only NAME of the folder's ind.NAME.graph; several are an error that lists them. */
static ad_status find_planetoid(ad_context *ctx, const char *folder, char name[64])
{
    DIR *dir = opendir(folder);
    ad_text found;
    int count = 0;
    ad_text_init(&found, ctx);
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        size_t n = strlen(e->d_name);
        if (n < 11 || n - 10 >= 64 || strncmp(e->d_name, "ind.", 4) || !ends(e->d_name, ".graph"))
            continue;
        snprintf(name, 64, "%.*s", (int)(n - 10), e->d_name + 4);
        ad_text_format(&found, "%s%s", count++ ? ", " : "", name);
    }
    if (dir) closedir(dir);
    ad_status status = AD_OK;
    if (count > 1)
        status = ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: holds several sets; name one of %s", folder,
                         ad_text_get(&found));
    if (!count) name[0] = 0;
    ad_text_free(&found);
    return status;
}

static ad_status read_file(ad_graph_set *set, const char *path, const ad_graph_set_options *options)
{
    if (ends(path, ".npz")) return ad_read_graph_npz(set, path, options);
    return ad_read_graph_texts(set, path, options);
}

static ad_status read_folder(ad_graph_set *set, const char *folder,
                             const ad_graph_set_options *options)
{
    static const char *const forms[] = {"%s/%s.npz", "%s/%s_plain.npz", "%s/%s.txt",
                                        "%s/%s.txt.xz"};
    char path[4096], name[64] = "";
    snprintf(path, sizeof path, "%s/nodes.csv", folder);
    if (!options->name && is_file(path)) return ad_read_graph_csv(set, folder, options);
    ad_status status = AD_OK;
    if (options->name)
        snprintf(name, sizeof name, "%s", options->name);
    else
        status = find_planetoid(set->ctx, folder, name);
    if (status) return status;
    snprintf(path, sizeof path, "%s/ind.%s.graph", folder, name);
    if (*name && is_file(path)) return ad_read_planetoid(set, folder, name);
    for (size_t i = 0; *name && i < sizeof forms / sizeof *forms; ++i) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(path, sizeof path, forms[i], folder, name);
#pragma GCC diagnostic pop
        if (is_file(path)) return read_file(set, path, options);
    }
    if (options->name)
        return ad_fail(set->ctx, AD_ERROR_NOT_FOUND,
                       "%s: no graphs called %s (ind.%s.graph, %s.npz, %s.txt)", folder, name, name,
                       name, name);
    return ad_fail(set->ctx, AD_ERROR_NOT_FOUND,
                   "%s: no graphs (ind.NAME.graph, or nodes.csv and edges.csv)", folder);
}

/* ---- reading ---- */

static uint64_t fingerprint(const ad_graph_set *set)
{
    int64_t sizes[] = {set->nodes, set->graphs, set->edges, set->features, set->values};
    uint64_t h = ad_hash(AD_HASH_START, sizes, sizeof sizes);
    h = ad_hash(h, set->edge_start, (size_t)(set->nodes + 1) * 4);
    h = ad_hash(h, set->source, (size_t)set->edges * 4);
    h = ad_hash(h, set->value_start, (size_t)(set->nodes + 1) * 4);
    h = ad_hash(h, set->feature, (size_t)set->values * 4);
    h = ad_hash(h, set->value, (size_t)set->values * 4);
    h = ad_hash(h, set->labels, (size_t)set->items * 4);
    if (set->targets) h = ad_hash(h, set->targets, (size_t)(set->items * set->classes) * 4);
    return ad_hash_mix(h);
}

static ad_status check_like(const ad_graph_set *set, const char *path, const ad_graph_set *like)
{
    if (set->features != like->features)
        return ad_fail(set->ctx, AD_ERROR_SHAPE, "%s: nodes have %lld features, expected %lld",
                       path, (long long)set->features, (long long)like->features);
    if (set->classes > like->classes)
        return ad_fail(set->ctx, AD_ERROR_SHAPE, "%s: has %d classes, expected %d", path,
                       set->classes, like->classes);
    return AD_OK;
}

ad_status ad_graph_set_read(ad_graph_set **out, ad_context *ctx, const char *path,
                            const ad_graph_set_options *options)
{
    struct stat s;
    ad_graph_set_options none = {0};
    if (!options) options = &none;
    *out = NULL;
    if (stat(path, &s)) return ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: there is no such file", path);
    ad_graph_set *set = ad_zalloc(ctx, sizeof *set);
    if (!set) return AD_ERROR_MEMORY;
    set->ctx = ctx;
    ad_status status = S_ISDIR(s.st_mode) ? read_folder(set, path, options)
                                          : read_file(set, path, options);
    if (!status && options->like) status = check_like(set, path, options->like);
    if (status) {
        ad_graph_set_free(set);
        return status;
    }
    set->fingerprint = fingerprint(set);
    *out = set;
    return AD_OK;
}
