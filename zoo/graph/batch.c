/* batch.c - some graphs of a set side by side: node numbers are shifted, nothing connects the
 * parts.
 *
 * A program's inputs have fixed sizes. What is left free in a batch is marked by places outside the
 * matrix, which the sparse operations leave out; labels there are -1. */
#include "zoo/graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a batch consists of, by place in the list of its fields; a pattern is five of them. */
enum {
    EDGES = 0,
    FEATURES = 5,
    POOL = 10,
    VALUE = 15,
    NORM,
    EDGE_WEIGHT,
    DEGREE,
    INSIDE,
    SHARE,
    ITEM,
    LABEL,
    TARGET, /* from here on where an item can be of several classes */
    WEIGHT,
};

#define PATTERN_NAMES(of)                                                                          \
    {                                                                                              \
        of ".row_start", of ".row", of ".column", of ".column_start", of ".order"                  \
    }
const char *const graph_edges_names[] = PATTERN_NAMES("edges");
const char *const graph_features_names[] = PATTERN_NAMES("features");
const char *const graph_pool_names[] = PATTERN_NAMES("pool");

static int64_t items_of(const ad_graph_set *set, graph_sizes room)
{
    return set->of_graphs ? room.graphs : room.nodes;
}

static ad_sample_field field(const char *name, ad_dtype dtype, ad_shape shape)
{
    return (ad_sample_field){.name = name, .dtype = dtype, .shape = shape, .whole = true};
}

static void list_pattern(ad_sample_field *fields, const char *const *names, int64_t rows,
                         int64_t columns, int64_t entries)
{
    const int64_t count[] = {rows + 1, entries, entries, columns + 1, entries};
    for (int i = 0; i < GRAPH_PATTERN_FIELDS; ++i)
        fields[i] = field(names[i], AD_I32, ad_shape(count[i]));
}

int graph_batch_fields(const ad_graph_set *set, graph_sizes room,
                       ad_sample_field fields[GRAPH_FIELDS])
{
    int64_t items = items_of(set, room);
    list_pattern(fields + EDGES, graph_edges_names, room.nodes, room.nodes, room.edges);
    list_pattern(fields + FEATURES, graph_features_names, room.nodes, set->features, room.values);
    list_pattern(fields + POOL, graph_pool_names, room.graphs, room.nodes, room.nodes);
    fields[VALUE] = field("features.value", AD_F32, ad_shape(room.values, 1));
    fields[NORM] = field("edges.norm", AD_F32, ad_shape(room.edges, 1));
    fields[EDGE_WEIGHT] = field("edges.weight", AD_F32,
                                ad_shape(room.weighted ? room.edges : 1, 1));
    fields[DEGREE] = field("degree", AD_F32, ad_shape(room.nodes));
    fields[INSIDE] = field("inside", AD_F32, ad_shape(room.nodes, 1));
    fields[SHARE] = field("share", AD_F32, ad_shape(1));
    fields[ITEM] = field("item", AD_I32, ad_shape(items));
    fields[LABEL] = field("label", AD_I32, ad_shape(items));
    fields[TARGET] = field("target", AD_F32, ad_shape(items, set->classes));
    fields[WEIGHT] = field("weight", AD_F32, ad_shape(items, 1));
    return set->targets ? GRAPH_FIELDS : TARGET;
}

static graph_pattern pattern_at(void *const *block, int64_t rows, int64_t columns, int64_t entries)
{
    return (graph_pattern){.row_start = block[0],
                           .row = block[1],
                           .column = block[2],
                           .column_start = block[3],
                           .order = block[4],
                           .rows = rows,
                           .columns = columns,
                           .entries = entries};
}

void graph_batch_at(graph_batch *b, const ad_graph_set *set, graph_sizes room, bool loops,
                    void *const *block)
{
    *b = (graph_batch){.ctx = set->ctx, .set = set, .room = room, .loops = loops};
    b->items = items_of(set, room);
    b->edges = pattern_at(block + EDGES, room.nodes, room.nodes, room.edges);
    b->features = pattern_at(block + FEATURES, room.nodes, set->features, room.values);
    b->pool = pattern_at(block + POOL, room.graphs, room.nodes, room.nodes);
    b->value = block[VALUE], b->norm = block[NORM], b->inside = block[INSIDE];
    b->edge_weight = block[EDGE_WEIGHT], b->degree = block[DEGREE];
    b->share = block[SHARE], b->item = block[ITEM], b->label = block[LABEL];
    if (set->targets) b->target = block[TARGET], b->weight = block[WEIGHT];
}

ad_status graph_batch_new(graph_batch *b, const ad_graph_set *set, graph_sizes room, bool loops)
{
    ad_sample_field fields[GRAPH_FIELDS];
    void *block[GRAPH_FIELDS] = {0};
    int count = graph_batch_fields(set, room, fields);
    bool good = true;
    for (int i = 0; i < count; ++i)
        good &= (block[i] = calloc(1, ad_shape_bytes(fields[i].shape, fields[i].dtype) + 1)) !=
                NULL;
    graph_batch_at(b, set, room, loops, block);
    memcpy(b->owned, block, sizeof block);
    return good ? AD_OK : ad_error_set(set->ctx, AD_ERROR_MEMORY, "out of memory");
}

void graph_batch_free(graph_batch *b)
{
    for (int i = 0; i < GRAPH_FIELDS; ++i) free(b->owned[i]);
    *b = (graph_batch){0};
}

/* ---- packing ---- */

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

static graph_sizes size_of(const ad_graph_set *set, int64_t graph, bool loops)
{
    int64_t first = set->graph_start[graph], last = set->graph_start[graph + 1];
    return (graph_sizes){.nodes = last - first,
                         .edges = set->edge_start[last] - set->edge_start[first] +
                                  (loops ? last - first : 0),
                         .values = set->value_start[last] - set->value_start[first],
                         .graphs = 1};
}

/* The edge number `e`, to the node `to`; returns the next one's number. */
static int64_t add_edge(graph_batch *b, int64_t e, int64_t to, int64_t from, float weight)
{
    b->edges.row[e] = (int32_t)to, b->edges.column[e] = (int32_t)from;
    if (b->room.weighted) b->edge_weight[e] = weight;
    return e + 1;
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
            if (!looped && set->source[k] > i) e = add_edge(b, e, at, at, 1), looped = true;
            e = add_edge(b, e, at, set->source[k] - first + b->filled.nodes,
                         set->weight ? set->weight[k] : 1);
        }
        if (!looped) e = add_edge(b, e, at, at, 1);
        for (int32_t k = set->value_start[i]; k < set->value_start[i + 1]; ++k) {
            b->features.row[v] = (int32_t)at, b->features.column[v] = set->feature[k];
            b->value[v++] = set->value[k];
        }
        b->pool.row[at] = (int32_t)b->filled.graphs, b->pool.column[at] = (int32_t)at;
        b->inside[at] = 1;
        if (!set->of_graphs) b->item[at] = (int32_t)i;
    }
    if (set->of_graphs) b->item[b->filled.graphs] = (int32_t)graph;
    b->filled = (graph_sizes){at, e, v, b->filled.graphs + 1, b->room.weighted};
}

static void fill_labels(graph_batch *b, ad_graph_split split)
{
    const ad_graph_set *set = b->set;
    int64_t filled = set->of_graphs ? b->filled.graphs : b->filled.nodes, chosen = 0;
    int classes = set->classes;
    for (int64_t i = 0; i < b->items; ++i) {
        if (i >= filled) b->item[i] = -1;
        int32_t from = b->item[i];
        bool in = from >= 0 && (split == AD_GRAPH_NO_SPLIT || set->split[from] == split);
        b->label[i] = in && !set->targets ? set->labels[from] : -1;
        if (b->weight) b->weight[i] = in;
        chosen += set->targets ? in : b->label[i] >= 0;
        for (int c = 0; b->target && c < classes; ++c)
            b->target[i * classes + c] = in ? set->targets[(int64_t)from * classes + c] : 0;
    }
    *b->share = chosen ? (float)(1 / (double)chosen) : 0;
}

int64_t graph_fit(const ad_graph_set *set, graph_sizes room, bool loops, const int64_t *index,
                  int64_t count)
{
    graph_sizes sum = {0};
    int64_t taken = 0;
    for (; taken < count; ++taken) {
        graph_sizes s = size_of(set, index[taken], loops);
        sum.nodes += s.nodes, sum.edges += s.edges, sum.values += s.values, ++sum.graphs;
        if (sum.nodes > room.nodes || sum.edges > room.edges || sum.values > room.values ||
            sum.graphs > room.graphs)
            break;
    }
    return taken;
}

/* weight / sqrt(d_i d_j); where a degree is 0, so is every weight of the node's edges. */
static void fill_norm(graph_batch *b)
{
    const graph_pattern *p = &b->edges;
    bool weighted = b->room.weighted;
    if (!weighted) b->edge_weight[0] = 1;
    for (int64_t i = 0; i < b->room.nodes; ++i) {
        double sum = 0;
        for (int32_t e = p->row_start[i]; e < p->row_start[i + 1]; ++e)
            sum += weighted ? (double)b->edge_weight[e] : 1;
        b->degree[i] = (float)sum;
    }
    for (int64_t e = 0; e < b->room.edges; ++e) {
        int32_t i = p->row[e], j = p->column[e];
        double d = i < 0 ? 0 : (double)b->degree[i] * (double)b->degree[j];
        double weight = i >= 0 && weighted ? (double)b->edge_weight[e] : 1;
        b->norm[e] = d > 0 ? (float)(weight / sqrt(d)) : 0;
        if (i < 0 && weighted) b->edge_weight[e] = 0;
    }
}

int64_t graph_batch_fill(graph_batch *b, const int64_t *index, int64_t count, ad_graph_split split)
{
    int64_t taken = graph_fit(b->set, b->room, b->loops, index, count);
    b->filled = (graph_sizes){0};
    memset(b->inside, 0, (size_t)b->room.nodes * 4);
    for (int64_t i = 0; i < taken; ++i) add_graph(b, index[i]);
    pattern_finish(&b->edges, b->filled.edges);
    pattern_finish(&b->features, b->filled.values);
    pattern_finish(&b->pool, b->filled.nodes);
    memset(b->value + b->filled.values, 0, (size_t)(b->room.values - b->filled.values) * 4);
    fill_norm(b);
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
    return (graph_sizes){room[0], room[1], room[2], graphs, set->weight != NULL};
}

/* ---- binding ---- */

ad_status graph_batch_bind(const graph_batch *b, ad_program *program)
{
    ad_sample_field fields[GRAPH_FIELDS];
    ad_status status = AD_OK;
    int count = graph_batch_fields(b->set, b->room, fields);
    for (int i = 0; i < count && !status; ++i) {
        status = ad_bind_name(program, fields[i].name, b->owned[i],
                              ad_shape_bytes(fields[i].shape, fields[i].dtype));
        if (status != AD_ERROR_NOT_FOUND) continue;
        ad_error_clear(b->ctx); /* the program does without */
        status = AD_OK;
    }
    return status;
}
