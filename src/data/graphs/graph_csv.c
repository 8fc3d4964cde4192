/* graph_csv.c - a graph of one's own: nodes.csv and edges.csv, tables whose first lines name their
 * columns.
 *
 * nodes.csv: `id` (any text), `label` (a class by name; empty: unknown), another column that is
 * said to be the class (`label` then is a name, as Gephi has it, and not used), or `labels`
 * (several, separated by semicolons), perhaps `split` (train, val, test) and `graph` (any text:
 * nodes of one graph stand together); every other column is a feature, a number. edges.csv:
 * `source`, `target`, perhaps `weight`; other columns are not used. Instead of edges.csv there may
 * be a GML file (graph_gml.c). */
#include "data/graphs/graph_set.h"

#include "base/text.h"

#include <autodidact/table_data.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct nodes {
    ad_context *ctx;
    char path[4096];
    ad_frame *frame;
    int64_t rows, columns;
    int64_t id, label, split, graph; /* columns, or -1 */
    int64_t name;                    /* `label`, where another column is the class, or -1 */
    bool several;                    /* labels */
    ad_name_table ids, classes, graphs;
    int64_t values;
} nodes;

static ad_status open_frame(ad_frame **frame, ad_context *ctx, char path[4096], const char *folder,
                            const char *name, const ad_graph_set_options *options)
{
    snprintf(path, 4096, "%s/%s", folder, name);
    return ad_frame_read(
        frame, ctx, path,
        &(ad_frame_options){.header = AD_FRAME_HEADER, .watcher = options->watcher});
}

static ad_status find_column(const ad_frame *frame, const char *name, int64_t *column)
{
    return ad_frame_find_column(frame, (const char *const[]){name, NULL}, column);
}

/* ---- nodes ---- */

static ad_status find_columns(nodes *n, const char *label)
{
    ad_status status = find_column(n->frame, "id", &n->id);
    if (!status) status = find_column(n->frame, label ? label : "label", &n->label);
    n->name = -1;
    if (!status && label) status = find_column(n->frame, "label", &n->name);
    if (n->name == n->label) n->name = -1;
    if (!status) status = find_column(n->frame, "split", &n->split);
    if (!status) status = find_column(n->frame, "graph", &n->graph);
    if (!status && n->label < 0 && !label) {
        status = find_column(n->frame, "labels", &n->label);
        n->several = true;
    }
    if (status) return status;
    if (n->id < 0 || n->label < 0)
        return ad_frame_fail_column(n->frame, n->id < 0 ? "id" : label ? label : "label");
    n->rows = ad_frame_rows(n->frame);
    n->columns = ad_frame_columns(n->frame);
    if (n->rows > ad_graph_most)
        return ad_fail(n->ctx, AD_ERROR_LIMIT, "%s: has more than %lld nodes", n->path,
                       (long long)ad_graph_most);
    return AD_OK;
}

static bool is_feature(const nodes *n, int64_t column)
{
    return column != n->id && column != n->label && column != n->split && column != n->graph &&
           column != n->name;
}

/* The labels of a cell, one at a time, which may be empty; false at the end. */
static bool next_label(const nodes *n, const char **rest, const char **label, size_t *length)
{
    if (!**rest) return false;
    size_t stop = n->several ? strcspn(*rest, ";") : strlen(*rest);
    const char *begin = *rest, *end = begin + stop;
    *rest = *end ? end + 1 : end;
    while (begin < end && (*begin == ' ' || *begin == '\t')) ++begin;
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t')) --end;
    *label = begin;
    *length = (size_t)(end - begin);
    return true;
}

static ad_status read_feature(const nodes *n, int64_t row, int64_t column, float *value)
{
    double number;
    ad_status status = ad_frame_number(n->frame, row, column, &number);
    if (status) return status;
    *value = (float)number;
    if (ad_graph_value_fits(number)) return AD_OK;
    return ad_frame_fail(
        n->frame, row, "%.60s in column %.60s is too large for a feature (at most 1e18)",
        ad_frame_text(n->frame, row, column), ad_frame_column_name(n->frame, column));
}

static ad_status add_name(ad_name_table *names, const char *text, size_t length)
{
    return ad_name_add(names, text, length) < 0 ? ad_error_status(names->ctx) : AD_OK;
}

/* Nodes of one graph stand together. */
static ad_status scan_graph(nodes *n, int64_t row)
{
    const char *name = ad_frame_text(n->frame, row, n->graph);
    int64_t graph = ad_name_find(&n->graphs, name, strlen(name));
    if (graph >= 0 && graph != n->graphs.count - 1)
        return ad_frame_fail(n->frame, row, "graph %.60s is continued after another one began",
                             name);
    return add_name(&n->graphs, name, strlen(name));
}

/* A first reading: names are collected, features counted and checked. */
static ad_status scan_row(nodes *n, int64_t row)
{
    const char *id = ad_frame_text(n->frame, row, n->id), *label,
               *rest = ad_frame_text(n->frame, row, n->label);
    size_t length;
    if (!*id) return ad_frame_fail(n->frame, row, "the node has no id");
    if (ad_name_find(&n->ids, id, strlen(id)) >= 0)
        return ad_frame_fail(n->frame, row, "node %.60s occurs twice", id);
    ad_status status = add_name(&n->ids, id, strlen(id));
    while (!status && next_label(n, &rest, &label, &length))
        if (length) status = add_name(&n->classes, label, length);
    if (!status && n->classes.count > AD_GRAPH_CLASSES_MOST)
        status = ad_frame_fail(n->frame, row, "more than %d classes", AD_GRAPH_CLASSES_MOST);
    if (!status && n->graph >= 0) status = scan_graph(n, row);
    for (int64_t c = 0; !status && c < n->columns; ++c) {
        float value = 0;
        if (!is_feature(n, c)) continue;
        status = read_feature(n, row, c, &value);
        n->values += !status && value != 0;
    }
    return status;
}

static ad_status scan(nodes *n)
{
    ad_status status = AD_OK;
    for (int64_t row = 0; !status && row < n->rows; ++row) status = scan_row(n, row);
    if (status) return status;
    if (!n->rows) return ad_fail(n->ctx, AD_ERROR_FORMAT, "%s: has no nodes", n->path);
    if (!n->classes.count)
        return ad_fail(n->ctx, AD_ERROR_FORMAT, "%s: no node has a label", n->path);
    if (n->values > ad_graph_most)
        return ad_fail(n->ctx, AD_ERROR_LIMIT, "%s: has more than %lld features that are not zero",
                       n->path, (long long)ad_graph_most);
    return AD_OK;
}

static ad_status read_split(const nodes *n, ad_graph_set *set, int64_t row)
{
    static const struct {
        const char *word;
        ad_graph_split split;
    } words[] = {{"", AD_GRAPH_NO_SPLIT},        {"none", AD_GRAPH_NO_SPLIT},
                 {"train", AD_GRAPH_TRAIN},      {"val", AD_GRAPH_VALIDATION},
                 {"valid", AD_GRAPH_VALIDATION}, {"validation", AD_GRAPH_VALIDATION},
                 {"test", AD_GRAPH_TEST}};
    const char *text = ad_frame_text(n->frame, row, n->split);
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
        if (strcasecmp(text, words[i].word)) continue;
        set->split[row] = (unsigned char)words[i].split;
        return AD_OK;
    }
    return ad_frame_fail(n->frame, row, "split \"%.60s\", expected train, val or test", text);
}

static void fill_labels(const nodes *n, ad_graph_set *set, int64_t row)
{
    const char *rest = ad_frame_text(n->frame, row, n->label), *label;
    size_t length;
    while (next_label(n, &rest, &label, &length)) {
        int32_t class = ad_name_find(&n->classes, label, length);
        if (class < 0) continue; /* an empty one */
        if (set->targets)
            set->targets[row * set->classes + class] = 1;
        else
            set->labels[row] = class;
    }
}

static ad_status fill_row(const nodes *n, ad_graph_set *set, int64_t row, int64_t *at)
{
    fill_labels(n, set, row);
    ad_status status = n->split >= 0 ? read_split(n, set, row) : AD_OK;
    if (n->graph >= 0) {
        const char *name = ad_frame_text(n->frame, row, n->graph);
        set->graph_start[ad_name_find(&n->graphs, name, strlen(name)) + 1] = (int32_t)row + 1;
    }
    if (!status &&
        !(set->node_names[row] = ad_string_copy(n->ctx, ad_frame_text(n->frame, row, n->id))))
        status = AD_ERROR_MEMORY;
    int32_t feature = 0;
    for (int64_t c = 0; !status && c < n->columns; ++c) {
        float value = 0;
        if (!is_feature(n, c)) continue;
        status = read_feature(n, row, c, &value);
        if (value != 0) {
            set->feature[*at] = feature;
            set->value[(*at)++] = value;
        }
        ++feature;
    }
    set->value_start[row + 1] = (int32_t)*at;
    return status;
}

static ad_status fill(nodes *n, ad_graph_set *set, const ad_graph_set *like)
{
    int64_t features = 0, at = 0;
    for (int64_t c = 0; c < n->columns; ++c) features += is_feature(n, c);
    ad_status status = ad_graph_set_nodes(set, n->rows, n->graph < 0 ? 1 : n->graphs.count, false);
    if (!status) status = ad_graph_set_features(set, features, n->values);
    if (!status) status = ad_graph_name_classes(set, &n->classes, n->path, like);
    if (status) return status;
    if (n->several && !(set->targets = ad_zalloc(set->ctx, ad_bytes(set->nodes * set->classes, 4))))
        return AD_ERROR_MEMORY;
    if (!(set->node_names = ad_zalloc(set->ctx, ad_bytes(set->nodes, sizeof *set->node_names))))
        return AD_ERROR_MEMORY;
    for (int64_t row = 0; !status && row < n->rows; ++row) status = fill_row(n, set, row, &at);
    set->has_splits = n->split >= 0;
    return status;
}

/* ---- edges ---- */

enum { SOURCE, TARGET, WEIGHT, EDGE_COLUMNS };
static const char *const edge_columns[EDGE_COLUMNS] = {"source", "target", "weight"};

static ad_status read_edge(const nodes *n, const ad_frame *frame, int64_t row,
                           const int64_t column[EDGE_COLUMNS], ad_edge_list *list)
{
    int32_t end[2];
    double weight = 1;
    for (int i = 0; i < 2; ++i) {
        const char *id = ad_frame_text(frame, row, column[i]);
        end[i] = ad_name_find(&n->ids, id, strlen(id));
        if (end[i] < 0)
            return ad_frame_fail(frame, row, "the edge's %s %.60s is not a node of %s",
                                 i ? "target" : "source", id, n->path);
    }
    ad_status status = column[WEIGHT] < 0 ? AD_OK
                                          : ad_frame_number(frame, row, column[WEIGHT], &weight);
    if (!status && !ad_graph_value_fits(weight))
        status = ad_frame_fail(frame, row, "%.60s is too large for a weight (at most 1e18)",
                               ad_frame_text(frame, row, column[WEIGHT]));
    return status ? status : ad_edge_list_add(list, end[0], end[1], (float)weight);
}

static ad_status say_unused(const ad_frame *frame, const char *path,
                            const int64_t column[EDGE_COLUMNS], const ad_watcher *watcher,
                            ad_context *ctx)
{
    ad_text list;
    ad_text_init(&list, ctx);
    for (int64_t c = 0; c < ad_frame_columns(frame); ++c)
        if (c != column[SOURCE] && c != column[TARGET] && c != column[WEIGHT])
            ad_text_format(&list, "%s%.40s", list.length ? ", " : "",
                           ad_frame_column_name(frame, c));
    ad_status status = list.failed ? AD_ERROR_MEMORY : AD_OK;
    if (!status && list.length)
        ad_watch_note(watcher, "%s: not used of its columns: %s", path, ad_text_get(&list));
    ad_text_free(&list);
    return status;
}

static ad_status read_edges(const nodes *n, ad_graph_set *set, const char *folder,
                            const ad_graph_set_options *options)
{
    char path[4096];
    ad_frame *frame;
    ad_edge_list list = {.ctx = n->ctx};
    int64_t column[EDGE_COLUMNS] = {-1, -1, -1};
    ad_status status = open_frame(&frame, n->ctx, path, folder, "edges.csv", options);
    for (int i = 0; i < EDGE_COLUMNS && !status; ++i) {
        status = find_column(frame, edge_columns[i], &column[i]);
        if (!status && column[i] < 0 && i != WEIGHT)
            status = ad_frame_fail_column(frame, edge_columns[i]);
    }
    int64_t rows = status ? 0 : ad_frame_rows(frame);
    for (int64_t row = 0; !status && row < rows; ++row)
        status = read_edge(n, frame, row, column, &list);
    if (!status) status = ad_graph_set_edges(set, &list, path, options->directed);
    if (!status) status = say_unused(frame, path, column, &options->watcher, n->ctx);
    ad_edge_list_free(&list);
    ad_frame_free(frame);
    return status;
}

ad_status ad_read_graph_csv(ad_graph_set *set, const char *folder, const char *gml,
                            const ad_graph_set_options *options)
{
    nodes *n = ad_zalloc(set->ctx, sizeof *n);
    if (!n) return AD_ERROR_MEMORY;
    n->ctx = set->ctx;
    ad_name_table_init(&n->ids, n->ctx);
    ad_name_table_init(&n->classes, n->ctx);
    ad_name_table_init(&n->graphs, n->ctx);
    ad_status status = open_frame(&n->frame, n->ctx, n->path, folder, "nodes.csv", options);
    if (!status) status = find_columns(n, options->label);
    if (!status && n->name >= 0)
        ad_watch_note(&options->watcher, "%s: not used of its columns: %s", n->path,
                      ad_frame_column_name(n->frame, n->name));
    if (!status) status = scan(n);
    if (!status) status = fill(n, set, options->like);
    if (!status)
        status = gml ? ad_read_gml_edges(set, gml, &n->ids, n->path, options)
                     : read_edges(n, set, folder, options);
    ad_name_table_free(&n->ids);
    ad_name_table_free(&n->classes);
    ad_name_table_free(&n->graphs);
    ad_frame_free(n->frame);
    ad_free(n->ctx, n, sizeof *n);
    return status;
}
