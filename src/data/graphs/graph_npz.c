/* graph_npz.c - a graph in an .npz file, in one of two forms:
 *
 *   adj_indptr, adj_indices, adj_data (weights; may be absent), adj_shape, attr_data, attr_indices,
 *   attr_indptr, attr_shape, labels (Shchur et al. 2018, "Pitfalls of graph neural network
 *   evaluation"); no splits
 *   edges [E, 2], edge_weight [E] (may be absent), feat_indptr, feat_indices, feat_values,
 *   feat_shape, labels, idx_train, idx_val, idx_test
 *
 * Where the arrays of the features are absent, there are none.
 */
#include "data/graphs/graph_set.h"

#include <autodidact/io.h>

#include <stdio.h>
#include <string.h>

typedef struct arrays {
    ad_context *ctx;
    const char *path;
    ad_file *file;
} arrays;

/* An array of the file with `rank` axes, to be freed with release(). */
typedef struct array {
    int64_t dim[2], count;
    ad_dtype dtype;
    void *data;
} array;

static void release(const arrays *a, array *x)
{
    ad_free(a->ctx, x->data, ad_bytes(x->count, ad_dtype_size(x->dtype)));
    *x = (array){0};
}

static ad_status read(const arrays *a, const char *name, int rank, ad_dtype dtype, array *out)
{
    int at = ad_file_find(a->file, name);
    *out = (array){.dtype = dtype};
    if (at < 0) return ad_fail(a->ctx, AD_ERROR_NOT_FOUND, "%s: has no array %s", a->path, name);
    ad_shape shape = ad_file_at(a->file, at)->shape;
    int64_t count = ad_shape_count(shape);
    if (shape.rank != rank || count > 2 * ad_graph_most)
        return ad_fail(a->ctx, AD_ERROR_SHAPE, "%s: %s has %d axes and %lld elements, expected %d",
                       a->path, name, shape.rank, (long long)count, rank);
    for (int i = 0; i < rank; ++i) out->dim[i] = shape.dim[i];
    if (!(out->data = ad_alloc(a->ctx, ad_bytes(count, ad_dtype_size(dtype)))))
        return AD_ERROR_MEMORY;
    out->count = count;
    ad_status status = ad_file_read(a->file, at, dtype, out->data,
                                    ad_bytes(count, ad_dtype_size(dtype)));
    if (status) release(a, out);
    return status;
}

/* start, of `rows` rows, ascends from 0 to `values`. */
static ad_status check_start(const arrays *a, const char *name, const array *start, int64_t rows,
                             int64_t values)
{
    const int32_t *s = start->data;
    bool fits = start->count == rows + 1 && s[0] == 0 && s[rows] == values;
    for (int64_t i = 0; fits && i < rows; ++i) fits = s[i] <= s[i + 1];
    return fits ? AD_OK
                : ad_fail(a->ctx, AD_ERROR_FORMAT,
                          "%s: %s does not divide %lld values into %lld rows", a->path, name,
                          (long long)values, (long long)rows);
}

/* Whether the name of some array begins with "PREFIX_". */
static bool has_any(const arrays *a, const char *prefix)
{
    size_t length = strlen(prefix);
    for (int i = 0; i < ad_file_count(a->file); ++i) {
        const char *name = ad_file_at(a->file, i)->name;
        if (!strncmp(name, prefix, length) && name[length] == '_') return true;
    }
    return false;
}

static ad_status read_features(const arrays *a, ad_graph_set *set, const char *prefix,
                               const char *data)
{
    char name[4][32];
    const char *const parts[4] = {"indptr", "indices", data, "shape"};
    for (int i = 0; i < 4; ++i) snprintf(name[i], sizeof name[i], "%s_%s", prefix, parts[i]);
    array start, column = {0}, value = {0}, shape = {0};
    if (!has_any(a, prefix)) return ad_graph_set_features(set, 0, 0);
    ad_status status = read(a, name[0], 1, AD_I32, &start);
    if (!status) status = read(a, name[1], 1, AD_I32, &column);
    if (!status) status = read(a, name[2], 1, AD_F32, &value);
    if (!status) status = read(a, name[3], 1, AD_I64, &shape);
    const int64_t *size = shape.data;
    if (!status &&
        (shape.count != 2 || size[0] != set->nodes || size[1] < 1 || size[1] > ad_graph_most))
        status = ad_fail(a->ctx, AD_ERROR_SHAPE, "%s: %s is not [%lld, features]", a->path, name[3],
                         (long long)set->nodes);
    if (!status && column.count != value.count)
        status = ad_fail(a->ctx, AD_ERROR_SHAPE, "%s: %s holds %lld elements, %s %lld", a->path,
                         name[1], (long long)column.count, name[2], (long long)value.count);
    if (!status) status = check_start(a, name[0], &start, set->nodes, value.count);
    for (int64_t i = 0; !status && i < column.count; ++i) {
        int32_t c = ((const int32_t *)column.data)[i];
        if (c < 0 || c >= size[1])
            status = ad_fail(a->ctx, AD_ERROR_FORMAT, "%s: %s[%lld] is feature %d of %lld", a->path,
                             name[1], (long long)i, c, (long long)size[1]);
    }
    if (!status) status = ad_graph_set_features(set, size[1], value.count);
    if (!status) {
        memcpy(set->value_start, start.data, (size_t)start.count * 4);
        if (value.count) {
            memcpy(set->feature, column.data, (size_t)value.count * 4);
            memcpy(set->value, value.data, (size_t)value.count * 4);
        }
    }
    release(a, &start), release(a, &column), release(a, &value), release(a, &shape);
    return status;
}

/* One weight for each of `count` edges; none (data NULL) where there is no such array. */
static ad_status read_weights(const arrays *a, const char *name, int64_t count, array *weight)
{
    *weight = (array){0};
    if (ad_file_find(a->file, name) < 0) return AD_OK;
    ad_status status = read(a, name, 1, AD_F32, weight);
    if (status || weight->count == count) return status;
    status = ad_fail(a->ctx, AD_ERROR_SHAPE, "%s: %s holds %lld weights, there are %lld edges",
                     a->path, name, (long long)weight->count, (long long)count);
    release(a, weight);
    return status;
}

static float weight_at(const array *weight, int64_t i)
{
    return weight->data ? ((const float *)weight->data)[i] : 1;
}

static ad_status add_edge(const arrays *a, const ad_graph_set *set, const char *name, int64_t i,
                          int64_t from, int64_t to, float weight, ad_edge_list *pairs)
{
    char where[64];
    snprintf(where, sizeof where, "%s[%lld]", name, (long long)i);
    if (from < 0 || from >= set->nodes || to < 0 || to >= set->nodes)
        return ad_graph_fail_edge(a->ctx, a->path, where, from, to, set->nodes);
    return ad_edge_list_add(pairs, (int32_t)from, (int32_t)to, weight);
}

static ad_status read_matrix_edges(const arrays *a, const ad_graph_set *set, ad_edge_list *pairs)
{
    array start, column = {0}, weight = {0};
    ad_status status = read(a, "adj_indptr", 1, AD_I32, &start);
    if (!status) status = read(a, "adj_indices", 1, AD_I32, &column);
    if (!status) status = check_start(a, "adj_indptr", &start, set->nodes, column.count);
    if (!status) status = read_weights(a, "adj_data", column.count, &weight);
    const int32_t *s = start.data, *c = column.data;
    for (int64_t i = 0; !status && i < set->nodes; ++i)
        for (int64_t k = s[i]; !status && k < s[i + 1]; ++k)
            status = add_edge(a, set, "adj_indices", k, i, c[k], weight_at(&weight, k), pairs);
    release(a, &start), release(a, &column), release(a, &weight);
    return status;
}

static ad_status read_list_edges(const arrays *a, const ad_graph_set *set, ad_edge_list *pairs)
{
    array edges, weight = {0};
    ad_status status = read(a, "edges", 2, AD_I64, &edges);
    if (!status && edges.dim[1] != 2)
        status = ad_fail(a->ctx, AD_ERROR_SHAPE, "%s: edges has %lld columns, expected 2", a->path,
                         (long long)edges.dim[1]);
    if (!status) status = read_weights(a, "edge_weight", edges.dim[0], &weight);
    const int64_t *e = edges.data;
    for (int64_t i = 0; !status && i < edges.dim[0]; ++i)
        status = add_edge(a, set, "edges", i, e[2 * i], e[2 * i + 1], weight_at(&weight, i), pairs);
    release(a, &edges), release(a, &weight);
    return status;
}

static ad_status read_split(const arrays *a, ad_graph_set *set, const char *name,
                            ad_graph_split split)
{
    array index;
    if (ad_file_find(a->file, name) < 0) return AD_OK;
    ad_status status = read(a, name, 1, AD_I64, &index);
    for (int64_t i = 0; !status && i < index.count; ++i) {
        int64_t node = ((const int64_t *)index.data)[i];
        if (node < 0 || node >= set->nodes)
            status = ad_fail(a->ctx, AD_ERROR_FORMAT, "%s: %s[%lld] is node %lld of %lld", a->path,
                             name, (long long)i, (long long)node, (long long)set->nodes);
        else if (set->split[node])
            status = ad_fail(a->ctx, AD_ERROR_FORMAT, "%s: %s[%lld]: node %lld occurs twice",
                             a->path, name, (long long)i, (long long)node);
        else
            set->split[node] = (unsigned char)split;
    }
    set->has_splits = true;
    release(a, &index);
    return status;
}

static ad_status fill(const arrays *a, ad_graph_set *set, bool directed)
{
    bool matrix = ad_file_find(a->file, "adj_indptr") >= 0;
    ad_edge_list pairs = {.ctx = a->ctx};
    array labels;
    ad_status status = read(a, "labels", 1, AD_I32, &labels);
    if (!status && labels.count > ad_graph_most)
        status = ad_fail(a->ctx, AD_ERROR_LIMIT, "%s: too many nodes", a->path);
    if (!status) status = ad_graph_set_nodes(set, labels.count, 1, false);
    if (!status && labels.count) memcpy(set->labels, labels.data, (size_t)labels.count * 4);
    release(a, &labels);
    if (!status) status = ad_graph_set_count_classes(set, a->path);
    if (!status)
        status = matrix ? read_features(a, set, "attr", "data")
                        : read_features(a, set, "feat", "values");
    if (!status)
        status = matrix ? read_matrix_edges(a, set, &pairs) : read_list_edges(a, set, &pairs);
    if (!status) status = ad_graph_set_edges(set, &pairs, a->path, directed);
    ad_edge_list_free(&pairs);
    if (!status) status = read_split(a, set, "idx_train", AD_GRAPH_TRAIN);
    if (!status) status = read_split(a, set, "idx_val", AD_GRAPH_VALIDATION);
    if (!status) status = read_split(a, set, "idx_test", AD_GRAPH_TEST);
    return status;
}

ad_status ad_read_graph_npz(ad_graph_set *set, const char *path,
                            const ad_graph_set_options *options)
{
    arrays a = {.ctx = set->ctx, .path = path};
    ad_status status = ad_file_open(&a.file, a.ctx, path);
    if (!status) status = fill(&a, set, options->directed);
    ad_file_close(a.file);
    return status;
}
