/* graph_texts.c - many graphs in one text, as the sets of TU Dortmund are passed on:
 *
 *     188                     graphs
 *     23 2                    of each: nodes, label
 *     2 2 1 13                a line per node: tag, number of neighbours, the neighbours' numbers
 * in
 *     ...                     its graph, and perhaps further numbers: attributes
 *
 * Tags become a feature each (one-hot); attributes follow them. */
#include "data/graphs/graph_set.h"
#include "io/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t file_limit = (size_t)1 << 30;

typedef struct reader {
    ad_context *ctx;
    const char *path, *bytes;
    size_t at, size;
    int64_t line;
} reader;

static ad_status fail_line(const reader *r, const char *what)
{
    return ad_fail(r->ctx, AD_ERROR_FORMAT, "%s:%lld: %s", r->path, (long long)r->line, what);
}

/* The next number of this line; false at its end. */
static bool next(reader *r, char text[40])
{
    size_t n = 0;
    while (r->at < r->size &&
           (r->bytes[r->at] == ' ' || r->bytes[r->at] == '\t' || r->bytes[r->at] == '\r'))
        ++r->at;
    for (; r->at < r->size && (unsigned char)r->bytes[r->at] > ' '; ++r->at)
        if (n < 39) text[n++] = r->bytes[r->at];
    text[n] = 0;
    return n > 0;
}

static void next_line(reader *r)
{
    while (r->at < r->size && r->bytes[r->at] != '\n') ++r->at;
    if (r->at < r->size) ++r->at;
    ++r->line;
}

/* A whole number from 0 to `most`. */
static ad_status whole(reader *r, int64_t most, const char *what, int64_t *number)
{
    char text[40], *end;
    if (!next(r, text)) return fail_line(r, r->at >= r->size ? "the file ends too early" : what);
    long long n = strtoll(text, &end, 10);
    if (*end || n < 0 || n > most)
        return ad_fail(r->ctx, AD_ERROR_FORMAT, "%s:%lld: \"%s\": %s (0 to %lld)", r->path,
                       (long long)r->line, text, what, (long long)most);
    *number = n;
    return AD_OK;
}

/* What a reading finds; the second one stores. */
typedef struct found {
    int64_t graphs, nodes, tags, attributes, values;
    ad_edge_list pairs;
    ad_graph_set *set; /* NULL: counting */
} found;

static ad_status read_attributes(reader *r, found *f, int64_t node, int64_t tag)
{
    char text[40], *end;
    int64_t count = 0;
    ad_graph_set *set = f->set;
    if (set) {
        set->feature[f->values] = (int32_t)tag;
        set->value[f->values] = 1;
    }
    ++f->values;
    for (; next(r, text); ++count) {
        float value = (float)strtod(text, &end);
        if (*end || !isfinite(value)) return fail_line(r, "an attribute is not a number");
        if (value == 0) continue;
        if (set) {
            set->feature[f->values] = (int32_t)(f->tags + count);
            set->value[f->values] = value;
        }
        ++f->values;
    }
    if (set) set->value_start[node + 1] = (int32_t)f->values;
    if (node && count != f->attributes)
        return ad_fail(r->ctx, AD_ERROR_FORMAT, "%s:%lld: %lld attributes, nodes before have %lld",
                       r->path, (long long)r->line, (long long)count, (long long)f->attributes);
    f->attributes = count;
    return AD_OK;
}

static ad_status read_node(reader *r, found *f, int64_t first, int64_t i, int64_t nodes)
{
    int64_t tag = 0, degree = 0;
    ad_status status = whole(r, 100000, "a node's tag is expected", &tag);
    if (!status) status = whole(r, nodes, "a number of neighbours is expected", &degree);
    for (int64_t k = 0; !status && k < degree; ++k) {
        int64_t other = 0;
        char text[40], *end;
        if (!next(r, text)) return fail_line(r, "neighbours are missing");
        other = strtoll(text, &end, 10);
        if (*end || other < 0 || other >= nodes)
            return ad_fail(r->ctx, AD_ERROR_FORMAT,
                           "%s:%lld: the edge from node %lld to \"%s\" refers to a node that does "
                           "not exist (the graph has %lld)",
                           r->path, (long long)r->line, (long long)i, text, (long long)nodes);
        if (f->set)
            status = ad_edge_list_add(&f->pairs, (int32_t)(first + other), (int32_t)(first + i), 1);
    }
    if (!f->set && tag >= f->tags) f->tags = tag + 1;
    return status ? status : read_attributes(r, f, first + i, tag);
}

static ad_status read_all(reader *r, found *f)
{
    int64_t graphs = 0, first = 0;
    r->at = 0, r->line = 1;
    f->values = 0;
    ad_status status = whole(r, 1 << 24, "the number of graphs is expected", &graphs);
    for (int64_t g = 0; !status && g < graphs; ++g) {
        int64_t nodes = 0, label = 0;
        next_line(r);
        status = whole(r, 1 << 24, "a number of nodes is expected", &nodes);
        if (!status) status = whole(r, AD_GRAPH_CLASSES_MOST - 1, "a label is expected", &label);
        if (!status && (int64_t)(r->size - r->at) < nodes)
            status = fail_line(r, "the file ends before the graph's nodes");
        for (int64_t i = 0; !status && i < nodes; ++i) {
            next_line(r);
            status = read_node(r, f, first, i, nodes);
        }
        first += nodes;
        if (!status && f->set) {
            f->set->labels[g] = (int32_t)label;
            f->set->graph_start[g + 1] = (int32_t)first;
        }
    }
    f->graphs = graphs, f->nodes = first;
    return status;
}

/* Labels may begin anywhere and leave numbers out; classes are those that occur, by their number.
 */
static ad_status number_classes(ad_graph_set *set)
{
    int32_t *class = ad_zalloc(set->ctx, ad_bytes(AD_GRAPH_CLASSES_MOST, sizeof *class));
    char(*text)[8] = ad_alloc(set->ctx, ad_bytes(AD_GRAPH_CLASSES_MOST, sizeof *text));
    const char **name = ad_alloc(set->ctx, ad_bytes(AD_GRAPH_CLASSES_MOST, sizeof *name));
    ad_status status = class && text && name ? AD_OK : AD_ERROR_MEMORY;
    int count = 0;
    for (int64_t i = 0; !status && i < set->items; ++i) class[set->labels[i]] = 1;
    for (int k = 0; !status && k < AD_GRAPH_CLASSES_MOST; ++k) {
        if (!class[k]) continue;
        snprintf(text[count], sizeof *text, "%d", k);
        name[count] = text[count];
        class[k] = count++;
    }
    for (int64_t i = 0; !status && i < set->items; ++i) set->labels[i] = class[set->labels[i]];
    if (!status) status = ad_graph_set_classes(set, name, count);
    ad_free(set->ctx, class, ad_bytes(AD_GRAPH_CLASSES_MOST, sizeof *class));
    ad_free(set->ctx, text, ad_bytes(AD_GRAPH_CLASSES_MOST, sizeof *text));
    ad_free(set->ctx, name, ad_bytes(AD_GRAPH_CLASSES_MOST, sizeof *name));
    return status;
}

ad_status ad_read_graph_texts(ad_graph_set *set, const char *path,
                              const ad_graph_set_options *options)
{
    ad_content content;
    found f = {.pairs = {.ctx = set->ctx}};
    ad_status status = ad_content_read_text(&content, set->ctx, path, file_limit);
    if (status) return status;
    reader r = {
        .ctx = set->ctx, .path = path, .bytes = (const char *)content.bytes, .size = content.size};
    (void)options;
    status = read_all(&r, &f);
    if (!status && (f.graphs < 1 || f.nodes < 1))
        status = ad_fail(set->ctx, AD_ERROR_FORMAT, "%s: holds no graphs", path);
    if (!status && (f.nodes > ad_graph_most || f.values > ad_graph_most))
        status = ad_fail(set->ctx, AD_ERROR_LIMIT, "%s: too large", path);
    if (!status) status = ad_graph_set_nodes(set, f.nodes, f.graphs, true);
    if (!status) status = ad_graph_set_features(set, f.tags + f.attributes, f.values);
    f.set = set;
    if (!status) status = read_all(&r, &f);
    if (!status) status = ad_graph_set_edges(set, &f.pairs, path, true);
    if (!status) status = number_classes(set);
    ad_edge_list_free(&f.pairs);
    ad_content_free(&content);
    return status;
}
