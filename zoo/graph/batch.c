/* batch.c - some graphs of a set side by side: node numbers are shifted, nothing connects the
 * parts.
 *
 * A program's inputs have fixed sizes. What is left free in a batch is marked by places outside the
 * matrix, which the sparse operations leave out; labels there are -1. */
#include "zoo/graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *zeros(int64_t count, size_t size)
{
    return calloc((size_t)(count > 0 ? count : 1), size);
}

static bool pattern_new(graph_pattern *p, int64_t rows, int64_t columns, int64_t entries)
{
    *p = (graph_pattern){.rows = rows, .columns = columns, .entries = entries};
    p->row_start = zeros(rows + 1, 4), p->column_start = zeros(columns + 1, 4);
    p->row = zeros(entries, 4), p->column = zeros(entries, 4), p->order = zeros(entries, 4);
    return p->row_start && p->column_start && p->row && p->column && p->order;
}

static void pattern_free(graph_pattern *p)
{
    free(p->row_start), free(p->column_start);
    free(p->row), free(p->column), free(p->order);
}

/* Rows and columns of `count` entries are filled in, sorted by row: the rest follows. */
static void pattern_finish(graph_pattern *p, int64_t count)
{
    memset(p->row_start, 0, (size_t)(p->rows + 1) * 4);
    memset(p->column_start, 0, (size_t)(p->columns + 1) * 4);
    for (int64_t e = 0; e < count; ++e) {
        ++p->row_start[p->row[e] + 1];
        ++p->column_start[p->column[e] + 1];
    }
    for (int64_t i = 0; i < p->rows; ++i) p->row_start[i + 1] += p->row_start[i];
    for (int64_t i = 0; i < p->columns; ++i) p->column_start[i + 1] += p->column_start[i];
    for (int64_t e = 0; e < count; ++e) p->order[p->column_start[p->column[e]]++] = (int32_t)e;
    for (int64_t i = p->columns; i > 0; --i) p->column_start[i] = p->column_start[i - 1];
    p->column_start[0] = 0;
    for (int64_t e = count; e < p->entries; ++e) p->row[e] = p->column[e] = p->order[e] = -1;
}

ad_status graph_batch_new(graph_batch *b, const ad_graph_set *set, graph_sizes room, bool loops)
{
    int64_t items = set->of_graphs ? room.graphs : room.nodes;
    *b = (graph_batch){.ctx = set->ctx, .set = set, .room = room, .loops = loops, .items = items};
    b->value = zeros(room.values, 4), b->degree = zeros(room.edges, 4);
    b->inside = zeros(room.nodes, 4), b->share = zeros(1, 4);
    b->label = zeros(items, 4), b->item = zeros(items, 4), b->weight = zeros(items, 4);
    if (set->targets) b->target = zeros(items * set->classes, 4);
    if (pattern_new(&b->edges, room.nodes, room.nodes, room.edges) &&
        pattern_new(&b->features, room.nodes, set->features, room.values) &&
        pattern_new(&b->pool, room.graphs, room.nodes, room.nodes) && b->value && b->degree &&
        b->inside && b->share && b->label && b->item && b->weight && (b->target || !set->targets))
        return AD_OK;
    return ad_error_set(set->ctx, AD_ERROR_MEMORY, "out of memory");
}

void graph_batch_free(graph_batch *b)
{
    pattern_free(&b->edges), pattern_free(&b->features), pattern_free(&b->pool);
    free(b->value), free(b->degree), free(b->inside), free(b->share);
    free(b->label), free(b->item), free(b->weight), free(b->target);
    *b = (graph_batch){0};
}

static graph_sizes size_of(const ad_graph_set *set, int64_t graph, bool loops)
{
    int64_t first = set->graph_start[graph], last = set->graph_start[graph + 1];
    return (graph_sizes){.nodes = last - first,
                         .edges = set->edge_start[last] - set->edge_start[first] +
                                  (loops ? last - first : 0),
                         .values = set->value_start[last] - set->value_start[first],
                         .graphs = 1};
}

/* Nodes `first` .. of the set become those from `at` on. */
static void add_graph(graph_batch *b, int64_t graph)
{
    const ad_graph_set *set = b->set;
    int64_t first = set->graph_start[graph], last = set->graph_start[graph + 1];
    int64_t e = b->filled.edges, v = b->filled.values, at = b->filled.nodes;
    for (int64_t i = first; i < last; ++i, ++at) {
        bool looped = !b->loops;
        for (int32_t k = set->edge_start[i]; k < set->edge_start[i + 1]; ++k) {
            if (!looped && set->source[k] > i) {
                b->edges.row[e] = b->edges.column[e] = (int32_t)at;
                ++e, looped = true;
            }
            b->edges.row[e] = (int32_t)at;
            b->edges.column[e++] = (int32_t)(set->source[k] - first + b->filled.nodes);
        }
        if (!looped) {
            b->edges.row[e] = b->edges.column[e] = (int32_t)at;
            ++e;
        }
        for (int32_t k = set->value_start[i]; k < set->value_start[i + 1]; ++k) {
            b->features.row[v] = (int32_t)at, b->features.column[v] = set->feature[k];
            b->value[v++] = set->value[k];
        }
        b->pool.row[at] = (int32_t)b->filled.graphs, b->pool.column[at] = (int32_t)at;
        b->inside[at] = 1;
        if (!set->of_graphs) b->item[at] = (int32_t)i;
    }
    if (set->of_graphs) b->item[b->filled.graphs] = (int32_t)graph;
    b->filled = (graph_sizes){at, e, v, b->filled.graphs + 1};
}

static void fill_labels(graph_batch *b, ad_graph_split split)
{
    const ad_graph_set *set = b->set;
    int64_t filled = set->of_graphs ? b->filled.graphs : b->filled.nodes, chosen = 0;
    int classes = set->classes;
    for (int64_t i = 0; i < b->items; ++i) {
        int32_t from = i < filled ? b->item[i] : -1;
        bool in = from >= 0 && (split == AD_GRAPH_NO_SPLIT || set->split[from] == split);
        b->label[i] = in && !set->targets ? set->labels[from] : -1;
        b->weight[i] = in && set->targets;
        chosen += b->label[i] >= 0 || b->weight[i] > 0;
        for (int c = 0; b->target && c < classes; ++c)
            b->target[i * classes + c] = in ? set->targets[(int64_t)from * classes + c] : 0;
    }
    *b->share = chosen ? (float)(1 / (double)chosen) : 0;
}

int64_t graph_batch_fill(graph_batch *b, const int32_t *index, int64_t count, ad_graph_split split)
{
    int64_t taken = 0;
    b->filled = (graph_sizes){0};
    memset(b->inside, 0, (size_t)b->room.nodes * 4);
    for (; taken < count; ++taken) {
        graph_sizes s = size_of(b->set, index[taken], b->loops), f = b->filled;
        if (f.nodes + s.nodes > b->room.nodes || f.edges + s.edges > b->room.edges ||
            f.values + s.values > b->room.values || f.graphs == b->room.graphs)
            break;
        add_graph(b, index[taken]);
    }
    pattern_finish(&b->edges, b->filled.edges);
    pattern_finish(&b->features, b->filled.values);
    pattern_finish(&b->pool, b->filled.nodes);
    memset(b->value + b->filled.values, 0, (size_t)(b->room.values - b->filled.values) * 4);
    for (int64_t e = 0; e < b->room.edges; ++e) {
        int32_t i = b->edges.row[e], j = b->edges.column[e];
        double d = i < 0 ? 0
                         : (double)(b->edges.row_start[i + 1] - b->edges.row_start[i]) *
                               (double)(b->edges.row_start[j + 1] - b->edges.row_start[j]);
        b->degree[e] = d > 0 ? (float)(1 / sqrt(d)) : 0;
    }
    fill_labels(b, split);
    return taken;
}

/* The largest graph must fit, and else the mean of that many and four deviations. */
static int64_t room_for(double sum, double squares, double most, int64_t all, int64_t graphs)
{
    double n = (double)all, g = (double)graphs, mean = sum / n;
    double deviation = sqrt(fmax(0, squares / n - mean * mean) * g);
    double room = ceil(fmax(most, g * mean + 4 * deviation));
    return (int64_t)fmin(room, sum);
}

graph_sizes graph_room(const ad_graph_set *set, int64_t graphs, bool loops)
{
    double sum[3] = {0}, squares[3] = {0}, most[3] = {0};
    int64_t all = set->graphs, room[3];
    if (graphs < 1 || graphs > all) graphs = all;
    for (int64_t g = 0; g < all; ++g) {
        graph_sizes s = size_of(set, g, loops);
        double size[3] = {(double)s.nodes, (double)s.edges, (double)s.values};
        for (int k = 0; k < 3; ++k) {
            sum[k] += size[k], squares[k] += size[k] * size[k];
            most[k] = fmax(most[k], size[k]);
        }
    }
    for (int k = 0; k < 3; ++k)
        room[k] = graphs == all ? (int64_t)sum[k]
                                : room_for(sum[k], squares[k], most[k], all, graphs);
    return (graph_sizes){room[0], room[1], room[2], graphs};
}

/* ---- binding ---- */

/* `count` elements of four bytes. */
static ad_status bind(ad_context *ctx, ad_program *program, const char *name, const void *data,
                      int64_t count)
{
    ad_status status = ad_bind_name(program, name, data, (size_t)count * 4);
    if (status != AD_ERROR_NOT_FOUND) return status;
    ad_error_clear(ctx); /* the program does without */
    return AD_OK;
}

static ad_status bind_pattern(ad_context *ctx, ad_program *program, const char *const *name,
                              const graph_pattern *p)
{
    const int32_t *data[5] = {p->row_start, p->row, p->column, p->column_start, p->order};
    int64_t count[5] = {p->rows + 1, p->entries, p->entries, p->columns + 1, p->entries};
    ad_status status = AD_OK;
    for (int i = 0; i < 5 && !status; ++i) status = bind(ctx, program, name[i], data[i], count[i]);
    return status;
}

ad_status graph_batch_bind(const graph_batch *b, ad_program *program)
{
    static const char *const edges[5] = {"edges.row_start", "edges.row", "edges.column",
                                         "edges.column_start", "edges.order"};
    static const char *const features[5] = {"features.row_start", "features.row", "features.column",
                                            "features.column_start", "features.order"};
    static const char *const pool[5] = {"pool.row_start", "pool.row", "pool.column",
                                        "pool.column_start", "pool.order"};
    ad_status status = bind_pattern(b->ctx, program, edges, &b->edges);
    if (!status) status = bind_pattern(b->ctx, program, features, &b->features);
    if (!status) status = bind_pattern(b->ctx, program, pool, &b->pool);
    if (!status) status = bind(b->ctx, program, "features.value", b->value, b->room.values);
    if (!status) status = bind(b->ctx, program, "edges.degree", b->degree, b->room.edges);
    if (!status) status = bind(b->ctx, program, "inside", b->inside, b->room.nodes);
    if (!status) status = bind(b->ctx, program, "label", b->label, b->items);
    if (!status) status = bind(b->ctx, program, "share", b->share, 1);
    if (!status && b->target)
        status = bind(b->ctx, program, "target", b->target, b->items * b->set->classes);
    if (!status && b->target) status = bind(b->ctx, program, "weight", b->weight, b->items);
    return status;
}
