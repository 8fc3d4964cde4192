/* graph_gml.c - a graph from a GML file: its nodes with their classes, its edges with their
 * weights. What else stands in nodes and edges is not used, and said. */
#include "data/graphs/gml.h"
#include "data/graphs/graph_set.h"

#include "data/table/csv.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

/* Where others than networkx (club), cdlib (gt) and Newman (value) write what a node belongs to. */
static const char *const class_keys[] = {"club",      "gt",       "class", "group",
                                         "community", "category", "value", NULL};
static const char *const name_keys[] = {"label", "name", "id"};
static const char *const weight_keys[] = {"weight", "value", NULL};

bool ad_is_gml(const char *path)
{
    static const char *const endings[] = {".gml", ".gml.gz", ".gml.xz", ".gml.bz2", ".gml.zst"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i) {
        size_t n = strlen(endings[i]);
        if (length > n && !strcasecmp(path + length - n, endings[i])) return true;
    }
    return false;
}

/* ---- keys ---- */

/* The first of `keys` that any of the items has; NULL: none. */
static const char *first_key(const ad_gml *gml, const ad_gml_item *items, int64_t count,
                             const char *const *keys)
{
    for (; *keys; ++keys)
        for (int64_t i = 0; i < count; ++i)
            if (ad_gml_find(gml, &items[i], *keys)) return *keys;
    return NULL;
}

/* Keys of these items besides those of `used`, which ends with NULL and may have gaps of "". */
static ad_status list_keys(const ad_gml *gml, const ad_gml_item *items, int64_t count,
                           const char *const *used, ad_text *list)
{
    size_t bytes = (size_t)gml->keys.count + 1;
    bool *seen = ad_zalloc(gml->ctx, bytes);
    if (!seen) return AD_ERROR_MEMORY;
    for (; *used; ++used) {
        int32_t key = ad_name_find(&gml->keys, *used, strlen(*used));
        if (key >= 0) seen[key] = true;
    }
    for (int64_t i = 0; i < count; ++i)
        for (const ad_gml_value *v = items[i].values; v; v = v->next) {
            if (seen[v->key]) continue;
            seen[v->key] = true;
            ad_text_format(list, "%s%.40s", list->length ? ", " : "",
                           ad_name_text(&gml->keys, v->key));
        }
    ad_free(gml->ctx, seen, bytes);
    return list->failed ? AD_ERROR_MEMORY : AD_OK;
}

static ad_status say_unused(const ad_gml *gml, const char *what, const ad_gml_item *items,
                            int64_t count, const char *const *used, const ad_watcher *watcher)
{
    ad_text list;
    ad_text_init(&list, gml->ctx);
    ad_status status = list_keys(gml, items, count, used, &list);
    if (!status && list.length)
        ad_watch_note(watcher, "%s: not used of the %s: %s", gml->path, what, ad_text_get(&list));
    ad_text_free(&list);
    return status;
}

static ad_status no_class(const ad_gml *gml, const char *wanted)
{
    static const char *const none[] = {NULL};
    ad_text list;
    ad_text_init(&list, gml->ctx);
    ad_status status = list_keys(gml, gml->node, gml->nodes, none, &list);
    if (!status && wanted)
        status = ad_fail(gml->ctx, AD_ERROR_FORMAT,
                         "%s: no node has the key %.60s; their keys are %s", gml->path, wanted,
                         list.length ? ad_text_get(&list) : "none");
    else if (!status)
        status = ad_fail(
            gml->ctx, AD_ERROR_FORMAT,
            "%s: no node has a class (club, gt, class, group, community, category or "
            "value); their keys are %s (--label names another; or --data names a folder "
            "that holds the file and a nodes.csv with id and label)",
            gml->path, list.length ? ad_text_get(&list) : "none");
    ad_text_free(&list);
    return status;
}

/* ---- nodes ---- */

static const char *text_of(const ad_gml *gml, const ad_gml_item *item, const char *key)
{
    const ad_gml_value *value = ad_gml_find(gml, item, key);
    return value ? value->text : "";
}

static ad_status add_ids(const ad_gml *gml, ad_name_table *ids)
{
    for (int64_t i = 0; i < gml->nodes; ++i) {
        const char *id = text_of(gml, &gml->node[i], "id");
        if (!*id) return ad_gml_fail(gml, gml->node[i].line, "the node has no id");
        if (ad_name_find(ids, id, strlen(id)) >= 0)
            return ad_gml_fail(gml, gml->node[i].line, "node %.60s occurs twice", id);
        if (ad_name_add(ids, id, strlen(id)) < 0) return ad_error_status(gml->ctx);
    }
    return AD_OK;
}

static ad_status name_nodes(const ad_gml *gml, ad_graph_set *set, const char *class)
{
    set->node_names = ad_zalloc(set->ctx, ad_bytes(set->nodes, sizeof *set->node_names));
    if (!set->node_names) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < gml->nodes; ++i) {
        const char *name = "";
        for (size_t k = 0; k < sizeof name_keys / sizeof *name_keys && !*name; ++k)
            if (strcmp(class, name_keys[k])) name = text_of(gml, &gml->node[i], name_keys[k]);
        if (!(set->node_names[i] = ad_string_copy(set->ctx, name))) return AD_ERROR_MEMORY;
    }
    return AD_OK;
}

static ad_status read_classes(const ad_gml *gml, ad_graph_set *set, const char *key,
                              const ad_graph_set *like)
{
    ad_name_table classes;
    ad_status status = AD_OK;
    ad_name_table_init(&classes, gml->ctx);
    for (int64_t i = 0; i < gml->nodes && !status; ++i) {
        const char *class = text_of(gml, &gml->node[i], key);
        if (*class && ad_name_add(&classes, class, strlen(class)) < 0)
            status = ad_error_status(gml->ctx);
        if (!status && classes.count > AD_GRAPH_CLASSES_MOST)
            status = ad_gml_fail(gml, gml->node[i].line, "more than %d classes (key %s)",
                                 AD_GRAPH_CLASSES_MOST, key);
    }
    if (!status) status = ad_graph_name_classes(set, &classes, gml->path, like);
    for (int64_t i = 0; i < gml->nodes && !status; ++i) {
        const char *class = text_of(gml, &gml->node[i], key);
        if (*class) set->labels[i] = ad_name_find(&classes, class, strlen(class));
    }
    ad_name_table_free(&classes);
    return status;
}

static ad_status read_nodes(const ad_gml *gml, ad_graph_set *set,
                            const ad_graph_set_options *options)
{
    const char *const wanted[] = {options->label, NULL};
    const char *key = first_key(gml, gml->node, gml->nodes, options->label ? wanted : class_keys);
    if (!gml->nodes) return ad_fail(gml->ctx, AD_ERROR_FORMAT, "%s: has no nodes", gml->path);
    if (!key) return no_class(gml, options->label);
    ad_status status = ad_graph_set_nodes(set, gml->nodes, 1, false);
    if (!status) status = ad_graph_set_features(set, 0, 0);
    if (!status) status = name_nodes(gml, set, key);
    if (!status) status = read_classes(gml, set, key, options->like);
    const char *const used[] = {"label", "name", "id", key, NULL};
    if (!status) status = say_unused(gml, "nodes", gml->node, gml->nodes, used, &options->watcher);
    return status;
}

/* ---- edges ---- */

/* The key of weights: the first of weight_keys whose values are all numbers. */
static const char *weight_key(const ad_gml *gml)
{
    for (const char *const *key = weight_keys; *key; ++key) {
        bool some = false, all = true;
        double number;
        for (int64_t i = 0; i < gml->edges && all; ++i) {
            const ad_gml_value *value = ad_gml_find(gml, &gml->edge[i], *key);
            some |= value != NULL;
            all = !value || (!value->quoted && ad_csv_number(value->text, false, &number));
        }
        if (some && all) return *key;
    }
    return NULL;
}

static ad_status read_edge(const ad_gml *gml, const ad_gml_item *edge, const char *weight,
                           const ad_name_table *ids, const int32_t *node, ad_edge_list *list)
{
    static const char *const ends[] = {"source", "target"};
    int32_t end[2];
    double number = 1;
    for (int i = 0; i < 2; ++i) {
        const char *id = text_of(gml, edge, ends[i]);
        if (!*id) return ad_gml_fail(gml, edge->line, "the edge has no %s", ends[i]);
        end[i] = ad_name_find(ids, id, strlen(id));
        if (end[i] < 0)
            return ad_gml_fail(gml, edge->line, "the edge's %s %.60s is not a node", ends[i], id);
    }
    const ad_gml_value *value = weight ? ad_gml_find(gml, edge, weight) : NULL;
    if (value) (void)ad_csv_number(value->text, false, &number);
    return ad_edge_list_add(list, node ? node[end[0]] : end[0], node ? node[end[1]] : end[1],
                            (float)number);
}

/* Edges between nodes numbered by `ids`; `node`: the set's numbers of those, NULL: the same. */
static ad_status read_edges(const ad_gml *gml, ad_graph_set *set, const ad_name_table *ids,
                            const int32_t *node, const ad_graph_set_options *options)
{
    const char *weight = weight_key(gml);
    ad_edge_list list = {.ctx = gml->ctx};
    ad_status status = AD_OK;
    for (int64_t i = 0; i < gml->edges && !status; ++i)
        status = read_edge(gml, &gml->edge[i], weight, ids, node, &list);
    if (!status)
        status = ad_graph_set_edges(set, &list, gml->path, gml->directed || options->directed);
    ad_edge_list_free(&list);
    const char *const used[] = {"source", "target", weight ? weight : "source", NULL};
    if (!status) status = say_unused(gml, "edges", gml->edge, gml->edges, used, &options->watcher);
    return status;
}

/* The set's numbers of the document's nodes, by their labels if all are names of the set, else by
 * their ids. */
static ad_status find_nodes(const ad_gml *gml, const ad_name_table *names, const char *path,
                            int32_t *node)
{
    static const char *const keys[] = {"label", "id"};
    for (int k = 0; k < 2; ++k) {
        int64_t i = 0;
        for (; i < gml->nodes; ++i) {
            const char *name = text_of(gml, &gml->node[i], keys[k]);
            if ((node[i] = ad_name_find(names, name, strlen(name))) < 0) break;
        }
        if (i == gml->nodes) return AD_OK;
        if (k)
            return ad_gml_fail(gml, gml->node[i].line, "node %.60s is not one of %s",
                               text_of(gml, &gml->node[i], "id"), path);
    }
    return AD_OK;
}

/* ---- readers ---- */

ad_status ad_read_graph_gml(ad_graph_set *set, const char *path,
                            const ad_graph_set_options *options)
{
    ad_gml gml;
    ad_name_table ids;
    ad_name_table_init(&ids, set->ctx);
    ad_status status = ad_gml_open(&gml, set->ctx, path);
    if (!status) status = add_ids(&gml, &ids);
    if (!status) status = read_nodes(&gml, set, options);
    if (!status) status = read_edges(&gml, set, &ids, NULL, options);
    ad_name_table_free(&ids);
    ad_gml_close(&gml);
    return status;
}

ad_status ad_read_gml_edges(ad_graph_set *set, const char *path, const ad_name_table *names,
                            const char *nodes_path, const ad_graph_set_options *options)
{
    ad_gml gml;
    ad_name_table ids;
    int32_t *node = NULL;
    ad_name_table_init(&ids, set->ctx);
    ad_status status = ad_gml_open(&gml, set->ctx, path);
    if (!status) status = add_ids(&gml, &ids);
    if (!status && !(node = ad_alloc(set->ctx, ad_bytes(gml.nodes + 1, sizeof *node))))
        status = AD_ERROR_MEMORY;
    if (!status) status = find_nodes(&gml, names, nodes_path, node);
    if (!status) status = read_edges(&gml, set, &ids, node, options);
    if (node) ad_free(set->ctx, node, ad_bytes(gml.nodes + 1, sizeof *node));
    ad_name_table_free(&ids);
    ad_gml_close(&gml);
    return status;
}
