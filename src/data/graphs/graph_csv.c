/* graph_csv.c - a graph of one's own: nodes.csv and edges.csv, each with a first line that names
 * its columns.
 *
 * nodes.csv: `id` (any text), `label` (a class by name; empty: unknown) or `labels` (several,
 * separated by semicolons), perhaps `split` (train, val, test) and `graph` (any text: nodes of one
 * graph stand together); every other column is a feature, a number. edges.csv: `source`, `target`.
 * Fields may be quoted; a quoted field holds no line break. */
#include "data/graphs/graph_set.h"
#include "io/source.h"

#include "base/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t file_limit = (size_t)2 << 30;

typedef struct slice {
    const char *text;
    size_t length;
} slice;

typedef struct table {
    ad_context *ctx;
    char path[4096];
    ad_content content;
    size_t at;
    int64_t line;    /* of the file, from 1 */
    int64_t columns; /* named by the first line */
    slice *field;    /* [columns]: of the present line */
} table;

/* ---- lines and fields ---- */

static slice trimmed(const char *begin, const char *end)
{
    while (begin < end && (*begin == ' ' || *begin == '\t')) ++begin;
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) --end;
    if (end - begin >= 2 && *begin == '"' && end[-1] == '"') ++begin, --end;
    return (slice){begin, (size_t)(end - begin)};
}

/* The fields of [line, end); returns their number, of which the first `room` are kept. */
static int64_t split(const char *line, const char *end, slice *field, int64_t room)
{
    int64_t count = 0;
    for (const char *begin = line;; ++count) {
        const char *stop = begin;
        bool quoted = false;
        for (; stop < end && (quoted || *stop != ','); ++stop) quoted ^= *stop == '"';
        if (count < room) field[count] = trimmed(begin, stop);
        if (stop >= end) return count + 1;
        begin = stop + 1;
    }
}

static bool next_line(table *t, const char **line, const char **end)
{
    const char *bytes = (const char *)t->content.bytes;
    while (t->at < t->content.size) {
        const char *begin = bytes + t->at, *stop = memchr(begin, '\n', t->content.size - t->at);
        if (!stop) stop = bytes + t->content.size;
        t->at = (size_t)(stop - bytes) + 1;
        ++t->line;
        if (!trimmed(begin, stop).length) continue;
        *line = begin, *end = stop;
        return true;
    }
    return false;
}

static ad_status open_table(table *t, ad_context *ctx, const char *folder, const char *name)
{
    const char *line = NULL, *end = NULL;
    t->ctx = ctx;
    snprintf(t->path, sizeof t->path, "%s/%s", folder, name);
    ad_status status = ad_content_read(&t->content, ctx, t->path, file_limit);
    if (status) return status;
    if (!next_line(t, &line, &end))
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: is empty; its first line names the columns",
                       t->path);
    t->columns = split(line, end, NULL, 0);
    if (!(t->field = ad_alloc(ctx, ad_bytes(t->columns, sizeof *t->field)))) return AD_ERROR_MEMORY;
    split(line, end, t->field, t->columns);
    return AD_OK;
}

static void close_table(table *t)
{
    ad_free(t->ctx, t->field, ad_bytes(t->columns, sizeof *t->field));
    ad_content_free(&t->content);
}

/* The next line's fields; *more false: there is none. */
static ad_status next_row(table *t, bool *more)
{
    const char *line = NULL, *end = NULL;
    *more = next_line(t, &line, &end);
    if (!*more) return AD_OK;
    int64_t count = split(line, end, t->field, t->columns);
    if (count == t->columns) return AD_OK;
    return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s:%lld: has %lld fields, the first line names %lld",
                   t->path, (long long)t->line, (long long)count, (long long)t->columns);
}

static bool same(slice s, const char *word)
{
    return s.length == strlen(word) && !memcmp(s.text, word, s.length);
}

static int64_t column_of(const table *t, const char *name)
{
    for (int64_t i = 0; i < t->columns; ++i)
        if (same(t->field[i], name)) return i;
    return -1;
}

/* Text of the file, in an error. */
static const char *show(slice s, char buffer[64])
{
    size_t n = s.length < 60 ? s.length : 60;
    for (size_t i = 0; i < n; ++i)
        buffer[i] = s.text[i] >= ' ' && s.text[i] <= '~' ? s.text[i] : '?';
    buffer[n] = 0;
    return buffer;
}

/* ---- texts by number ---- */

typedef struct names {
    ad_context *ctx;
    slice *text;
    int32_t *place; /* hash table: number + 1, or 0 */
    int64_t count, capacity;
} names;

static int64_t slot_of(const names *n, slice s)
{
    uint64_t h = ad_hash_mix(ad_hash(AD_HASH_START, s.text, s.length));
    int64_t mask = 2 * n->capacity - 1, at = (int64_t)(h & (uint64_t)mask);
    for (; n->place[at]; at = (at + 1) & mask) {
        slice other = n->text[n->place[at] - 1];
        if (other.length == s.length && !memcmp(other.text, s.text, s.length)) break;
    }
    return at;
}

static int64_t find(const names *n, slice s)
{
    return n->capacity ? (int64_t)n->place[slot_of(n, s)] - 1 : -1;
}

static void free_list(names *n)
{
    ad_free(n->ctx, n->text, ad_bytes(n->capacity, sizeof *n->text));
    ad_free(n->ctx, n->place, ad_bytes(2 * n->capacity, sizeof *n->place));
}

/* Adds what is not there yet. */
static ad_status add(names *n, slice s)
{
    if (n->count == n->capacity) {
        names wider = {.ctx = n->ctx, .capacity = n->capacity ? 2 * n->capacity : 256};
        if (wider.capacity > ad_graph_most)
            return ad_fail(n->ctx, AD_ERROR_LIMIT, "too many names");
        wider.text = ad_alloc(n->ctx, ad_bytes(wider.capacity, sizeof *wider.text));
        wider.place = ad_zalloc(n->ctx, ad_bytes(2 * wider.capacity, sizeof *wider.place));
        if (!wider.text || !wider.place) {
            free_list(&wider);
            return AD_ERROR_MEMORY;
        }
        for (; wider.count < n->count; ++wider.count) {
            wider.text[wider.count] = n->text[wider.count];
            wider.place[slot_of(&wider, n->text[wider.count])] = (int32_t)wider.count + 1;
        }
        free_list(n);
        *n = wider;
    }
    n->text[n->count] = s;
    n->place[slot_of(n, s)] = (int32_t)n->count + 1;
    ++n->count;
    return AD_OK;
}

/* ---- nodes ---- */

typedef struct nodes {
    table t;
    int64_t id, label, split, graph; /* columns, or -1 */
    bool several;                    /* labels */
    names ids, classes, graphs;
    int64_t values, labelled;
} nodes;

static ad_status find_columns(nodes *n)
{
    table *t = &n->t;
    n->id = column_of(t, "id"), n->label = column_of(t, "label");
    n->split = column_of(t, "split"), n->graph = column_of(t, "graph");
    if (n->label < 0) n->label = column_of(t, "labels"), n->several = n->label >= 0;
    if (n->id < 0 || n->label < 0)
        return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: has no column %s", t->path,
                       n->id < 0 ? "id" : "label");
    return AD_OK;
}

static bool is_feature(const nodes *n, int64_t column)
{
    return column != n->id && column != n->label && column != n->split && column != n->graph;
}

/* The labels in a field, one at a time; false at the end. */
static bool next_label(const nodes *n, slice *rest, slice *label)
{
    if (!rest->length) return false;
    const char *stop = n->several ? memchr(rest->text, ';', rest->length) : NULL,
               *end = rest->text + rest->length;
    if (!stop) stop = end;
    *label = trimmed(rest->text, stop);
    *rest = stop < end ? (slice){stop + 1, (size_t)(end - stop) - 1} : (slice){end, 0};
    return true;
}

static ad_status parse_number(const table *t, slice s, float *value)
{
    char text[64], shown[64], *end;
    size_t n = s.length < 63 ? s.length : 63;
    memcpy(text, s.text, n);
    text[n] = 0;
    double x = strtod(text, &end);
    *value = (float)x;
    if (n && !*end && isfinite(*value) && s.length < 63) return AD_OK;
    return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s:%lld: \"%s\" is no number", t->path,
                   (long long)t->line, show(s, shown));
}

/* A first reading: names are collected, features counted and checked. */
static ad_status scan_row(nodes *n)
{
    table *t = &n->t;
    char shown[64];
    slice id = t->field[n->id], rest = t->field[n->label], label;
    if (!id.length)
        return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s:%lld: the node has no id", t->path,
                       (long long)t->line);
    if (find(&n->ids, id) >= 0)
        return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s:%lld: node %s is there twice", t->path,
                       (long long)t->line, show(id, shown));
    ad_status status = add(&n->ids, id);
    while (!status && next_label(n, &rest, &label)) {
        if (label.length && find(&n->classes, label) < 0) status = add(&n->classes, label);
        ++n->labelled;
    }
    if (!status && n->classes.count > AD_GRAPH_CLASSES_MOST)
        status = ad_fail(t->ctx, AD_ERROR_LIMIT, "%s:%lld: more than %d classes", t->path,
                         (long long)t->line, AD_GRAPH_CLASSES_MOST);
    if (!status && n->graph >= 0) {
        int64_t graph = find(&n->graphs, t->field[n->graph]);
        if (graph >= 0 && graph != n->graphs.count - 1)
            return ad_fail(t->ctx, AD_ERROR_FORMAT,
                           "%s:%lld: graph %s goes on after another one began", t->path,
                           (long long)t->line, show(t->field[n->graph], shown));
        if (graph < 0) status = add(&n->graphs, t->field[n->graph]);
    }
    for (int64_t c = 0; !status && c < t->columns; ++c) {
        float value;
        if (!is_feature(n, c)) continue;
        status = parse_number(t, t->field[c], &value);
        n->values += !status && value != 0;
    }
    return status;
}

static ad_status scan(nodes *n)
{
    bool more = true;
    ad_status status = AD_OK;
    while (!status && !(status = next_row(&n->t, &more)) && more) status = scan_row(n);
    if (!status && !n->ids.count)
        status = ad_fail(n->t.ctx, AD_ERROR_FORMAT, "%s: has no nodes", n->t.path);
    if (!status && !n->classes.count)
        status = ad_fail(n->t.ctx, AD_ERROR_FORMAT, "%s: no node has a label", n->t.path);
    if (!status && (n->values > ad_graph_most || n->ids.count > ad_graph_most))
        status = ad_fail(n->t.ctx, AD_ERROR_LIMIT, "%s: too large", n->t.path);
    return status;
}

static bool whole_number(slice s, long *number)
{
    char text[16], *end;
    if (!s.length || s.length > 9) return false;
    memcpy(text, s.text, s.length);
    text[s.length] = 0;
    *number = strtol(text, &end, 10);
    return !*end;
}

/* Numbers by size, other names by their bytes. */
static int by_name(const void *a, const void *b)
{
    const slice *x = a, *y = b;
    long i, j;
    if (whole_number(*x, &i) && whole_number(*y, &j)) return (i > j) - (i < j);
    size_t n = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->text, y->text, n);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

static char *copy_text(ad_context *ctx, slice s)
{
    char *text = ad_alloc(ctx, s.length + 1);
    if (!text) return NULL;
    memcpy(text, s.text, s.length);
    text[s.length] = 0;
    if (strlen(text) == s.length) return text;
    ad_free(ctx, text, s.length + 1); /* a zero byte: it would end there */
    ad_fail(ctx, AD_ERROR_FORMAT, "a name holds a zero byte");
    return NULL;
}

/* Classes in order, by the names of `like` where it is given. */
static ad_status name_classes(nodes *n, ad_graph_set *set, const ad_graph_set *like)
{
    ad_context *ctx = n->t.ctx;
    char shown[64];
    names sorted = {.ctx = ctx};
    ad_status status = AD_OK;
    if (like) {
        for (int i = 0; !status && i < like->classes; ++i)
            status = add(&sorted, (slice){like->class_names[i], strlen(like->class_names[i])});
        for (int64_t i = 0; !status && i < n->classes.count; ++i)
            if (find(&sorted, n->classes.text[i]) < 0)
                status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: class %s is none that is known",
                                 n->t.path, show(n->classes.text[i], shown));
    } else {
        qsort(n->classes.text, (size_t)n->classes.count, sizeof *n->classes.text, by_name);
        for (int64_t i = 0; !status && i < n->classes.count; ++i)
            status = add(&sorted, n->classes.text[i]);
    }
    free_list(&n->classes);
    n->classes = sorted;
    if (status) return status;
    set->class_names = ad_zalloc(ctx, ad_bytes(sorted.count, sizeof *set->class_names));
    if (!set->class_names) return AD_ERROR_MEMORY;
    set->classes = (int)sorted.count;
    for (int i = 0; i < set->classes; ++i)
        if (!(set->class_names[i] = copy_text(ctx, sorted.text[i]))) return ad_error_status(ctx);
    return AD_OK;
}

static ad_status read_split(const nodes *n, ad_graph_set *set, int64_t node)
{
    static const struct {
        const char *word;
        ad_graph_split split;
    } words[] = {{"", AD_GRAPH_NO_SPLIT},        {"none", AD_GRAPH_NO_SPLIT},
                 {"train", AD_GRAPH_TRAIN},      {"val", AD_GRAPH_VALIDATION},
                 {"valid", AD_GRAPH_VALIDATION}, {"validation", AD_GRAPH_VALIDATION},
                 {"test", AD_GRAPH_TEST}};
    char shown[64];
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
        if (!same(n->t.field[n->split], words[i].word)) continue;
        set->split[node] = (unsigned char)words[i].split;
        return AD_OK;
    }
    return ad_fail(n->t.ctx, AD_ERROR_FORMAT, "%s:%lld: split \"%s\", expected train, val or test",
                   n->t.path, (long long)n->t.line, show(n->t.field[n->split], shown));
}

static ad_status fill_row(nodes *n, ad_graph_set *set, int64_t node, int64_t *at)
{
    table *t = &n->t;
    slice rest = t->field[n->label], label;
    ad_status status = AD_OK;
    while (next_label(n, &rest, &label)) {
        int64_t class = find(&n->classes, label);
        if (class < 0) continue; /* an empty one */
        if (set->targets)
            set->targets[node * set->classes + class] = 1;
        else
            set->labels[node] = (int32_t) class;
    }
    if (n->split >= 0) status = read_split(n, set, node);
    if (n->graph >= 0)
        set->graph_start[find(&n->graphs, t->field[n->graph]) + 1] = (int32_t)node + 1;
    if (!status && !(set->node_names[node] = copy_text(t->ctx, t->field[n->id])))
        status = ad_error_status(t->ctx);
    int32_t feature = 0;
    for (int64_t c = 0; !status && c < t->columns; ++c) {
        float value = 0;
        if (!is_feature(n, c)) continue;
        status = parse_number(t, t->field[c], &value);
        if (value != 0) set->feature[*at] = feature, set->value[(*at)++] = value;
        ++feature;
    }
    set->value_start[node + 1] = (int32_t)*at;
    return status;
}

static ad_status fill(nodes *n, ad_graph_set *set, const ad_graph_set *like)
{
    int64_t features = 0, at = 0;
    bool more = true;
    for (int64_t c = 0; c < n->t.columns; ++c) features += is_feature(n, c);
    ad_status status = ad_graph_set_nodes(set, n->ids.count, n->graph < 0 ? 1 : n->graphs.count,
                                          false);
    if (!status) status = ad_graph_set_features(set, features, n->values);
    if (!status) status = name_classes(n, set, like);
    if (status) return status;
    if (n->several && !(set->targets = ad_zalloc(set->ctx, ad_bytes(set->nodes * set->classes, 4))))
        return AD_ERROR_MEMORY;
    if (!(set->node_names = ad_zalloc(set->ctx, ad_bytes(set->nodes, sizeof *set->node_names))))
        return AD_ERROR_MEMORY;
    const char *line, *end;
    n->t.at = 0, n->t.line = 0;
    next_line(&n->t, &line, &end); /* the names of the columns */
    for (int64_t i = 0; !status && !(status = next_row(&n->t, &more)) && more; ++i)
        status = fill_row(n, set, i, &at);
    set->has_splits = n->split >= 0;
    return status;
}

/* ---- edges ---- */

static ad_status read_edges(const nodes *n, ad_graph_set *set, const char *folder, bool directed)
{
    table t = {0};
    ad_edge_list pairs = {.ctx = set->ctx};
    bool more = true;
    char shown[64];
    ad_status status = open_table(&t, set->ctx, folder, "edges.csv");
    int64_t column[2] = {-1, -1};
    if (!status) column[0] = column_of(&t, "source"), column[1] = column_of(&t, "target");
    if (!status && (column[0] < 0 || column[1] < 0))
        status = ad_fail(t.ctx, AD_ERROR_FORMAT, "%s: has no column %s", t.path,
                         column[0] < 0 ? "source" : "target");
    while (!status && !(status = next_row(&t, &more)) && more) {
        int64_t end[2];
        for (int i = 0; i < 2 && !status; ++i) {
            slice id = t.field[column[i]];
            end[i] = find(&n->ids, id);
            if (end[i] < 0)
                status = ad_fail(
                    t.ctx, AD_ERROR_FORMAT, "%s:%lld: the edge's %s %s is no node of %s", t.path,
                    (long long)t.line, i ? "target" : "source", show(id, shown), n->t.path);
        }
        if (!status) status = ad_edge_list_add(&pairs, (int32_t)end[0], (int32_t)end[1]);
    }
    if (!status) status = ad_graph_set_edges(set, pairs.data, pairs.count, directed);
    ad_edge_list_free(&pairs);
    close_table(&t);
    return status;
}

ad_status ad_read_graph_csv(ad_graph_set *set, const char *folder,
                            const ad_graph_set_options *options)
{
    nodes *n = ad_zalloc(set->ctx, sizeof *n);
    if (!n) return AD_ERROR_MEMORY;
    n->ids.ctx = n->classes.ctx = n->graphs.ctx = set->ctx;
    ad_status status = open_table(&n->t, set->ctx, folder, "nodes.csv");
    if (!status) status = find_columns(n);
    if (!status) status = scan(n);
    if (!status) status = fill(n, set, options->like);
    if (!status) status = read_edges(n, set, folder, options->directed);
    free_list(&n->ids), free_list(&n->classes), free_list(&n->graphs);
    close_table(&n->t);
    ad_free(set->ctx, n, sizeof *n);
    return status;
}
