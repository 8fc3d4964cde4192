/* graph_planetoid.c - the citation networks of Yang et al. 2016, as published: eight files
 * ind.NAME.PART, all but one Python pickles.
 *
 *   allx, ally  features and one-hot classes of the nodes that are not tested; the first ones are
 *   x, y        those that train; the 500 behind them validate
 *   tx, ty      features and classes of the tested nodes, whose numbers are in test.index
 *   graph       node -> list of neighbours
 *
 * Citeseer's test.index leaves numbers out: isolated nodes without features and class. */
#include "data/graphs/graph_set.h"
#include "io/source.h"
#include "io/pickle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { X, TX, ALLX, Y, TY, ALLY, GRAPH, PARTS, VALIDATION = 500 };
static const char *const part_names[PARTS] = {"x", "tx", "allx", "y", "ty", "ally", "graph"};
static const size_t file_limit = (size_t)1 << 30;

typedef struct part {
    char path[4096];
    ad_content content;
    ad_pickle pickle;
    ad_pickle_value *value;
} part;

/* A checked scipy matrix, or numpy's with rows and columns. */
typedef struct matrix {
    int64_t rows, columns, values;
    int32_t *start, *column; /* sparse ones: [rows + 1], [values] */
    float *value;            /* [values], or [rows, columns] */
} matrix;

typedef struct planetoid {
    ad_context *ctx;
    ad_arena arena;
    part part[PARTS];
    matrix m[GRAPH];
    int32_t *tested; /* [test_count] */
    int64_t test_count, lowest, nodes;
    char index_path[4096];
} planetoid;

static ad_status load(planetoid *p, int which, const char *folder, const char *name)
{
    part *t = &p->part[which];
    snprintf(t->path, sizeof t->path, "%s/ind.%s.%s", folder, name, part_names[which]);
    ad_status status = ad_content_read(&t->content, p->ctx, t->path, file_limit);
    if (status) return status;
    ad_pickle_init(&t->pickle, &p->arena, t->path, t->content.bytes, t->content.size);
    return ad_pickle_load(&t->pickle, &t->value);
}

/* ---- numpy and scipy ---- */

static ad_status fail_form(planetoid *p, const part *t, const char *what)
{
    return ad_fail(p->ctx, AD_ERROR_FORMAT, "%s: is not %s", t->path, what);
}

/* The array as contiguous `dtype` in the arena, with `rank` axes. */
static ad_status read_array(planetoid *p, const part *t, const ad_pickle_value *value, int rank,
                            ad_dtype dtype, int64_t dim[2], void *out)
{
    if (!value || value->kind != AD_PV_ARRAY || !value->array->bytes ||
        value->array->element == AD_ELEMENTS)
        return fail_form(p, t, "made of arrays of numbers");
    const ad_pickle_array *a = value->array;
    ad_strided view = {.element = a->element, .swap = a->swap, .shape = {.rank = rank}};
    if ((int)a->shape->list.count != rank) return fail_form(p, t, "of the expected shape");
    for (int i = 0; i < rank; ++i) {
        const ad_pickle_value *size = a->shape->list.items[i];
        if (size->kind != AD_PV_INT || size->integer < 0 || size->integer > ad_graph_most)
            return fail_form(p, t, "of a size that can be read");
        view.shape.dim[i] = dim[i] = size->integer;
    }
    ad_strided_fill(&view, a->fortran);
    int64_t count = ad_shape_count(view.shape);
    if (count < 0 || (uint64_t)count * ad_element_size(a->element) != a->length)
        return ad_fail(p->ctx, AD_ERROR_FORMAT, "%s: an array of %lld elements has %zu bytes",
                       t->path, (long long)count, a->length);
    void *data = ad_arena_alloc(&p->arena, ad_bytes(count + 1, ad_dtype_size(dtype)));
    if (!data) return AD_ERROR_MEMORY;
    ad_strided_read(&view, (const unsigned char *)a->bytes, dtype, data);
    memcpy(out, &data, sizeof data);
    return AD_OK;
}

static const ad_pickle_value *attribute(const ad_pickle_value *object, const char *name)
{
    const ad_pickle_value *state = object->state;
    if (!state || state->kind != AD_PV_DICT) return NULL;
    for (size_t i = 0; i + 1 < state->list.count; i += 2) {
        const ad_pickle_value *key = state->list.items[i];
        if (key->kind == AD_PV_STRING && key->text.length == strlen(name) &&
            !memcmp(key->text.bytes, name, key->text.length))
            return state->list.items[i + 1];
    }
    return NULL;
}

static ad_status read_sparse(planetoid *p, int which)
{
    const part *t = &p->part[which];
    matrix *m = &p->m[which];
    if (t->value->kind != AD_PV_OBJECT) return fail_form(p, t, "a scipy CSR matrix");
    const ad_pickle_value *shape = attribute(t->value, "_shape");
    if (!shape || shape->kind != AD_PV_TUPLE || shape->list.count != 2 ||
        shape->list.items[0]->kind != AD_PV_INT || shape->list.items[1]->kind != AD_PV_INT)
        return fail_form(p, t, "a matrix with a shape");
    m->rows = shape->list.items[0]->integer, m->columns = shape->list.items[1]->integer;
    if (m->rows < 0 || m->rows > ad_graph_most || m->columns < 1 || m->columns > ad_graph_most)
        return fail_form(p, t, "of a size that can be read");
    int64_t starts[2] = {0}, columns[2] = {0}, values[2] = {0};
    ad_status status = read_array(p, t, attribute(t->value, "indptr"), 1, AD_I32, starts,
                                  &m->start);
    if (!status)
        status = read_array(p, t, attribute(t->value, "indices"), 1, AD_I32, columns, &m->column);
    if (!status)
        status = read_array(p, t, attribute(t->value, "data"), 1, AD_F32, values, &m->value);
    if (status) return status;
    m->values = values[0];
    bool fits = starts[0] == m->rows + 1 && columns[0] == values[0] && m->start[0] == 0 &&
                m->start[m->rows] == m->values;
    for (int64_t i = 0; fits && i < m->rows; ++i) fits = m->start[i] <= m->start[i + 1];
    for (int64_t i = 0; fits && i < m->values; ++i)
        fits = m->column[i] >= 0 && m->column[i] < m->columns;
    return fits ? AD_OK
                : ad_fail(p->ctx, AD_ERROR_FORMAT,
                          "%s: the arrays of the %lld x %lld matrix do not agree", t->path,
                          (long long)m->rows, (long long)m->columns);
}

static ad_status read_dense(planetoid *p, int which)
{
    int64_t dim[2] = {0};
    ad_status status = read_array(p, &p->part[which], p->part[which].value, 2, AD_F32, dim,
                                  &p->m[which].value);
    p->m[which].rows = dim[0], p->m[which].columns = dim[1];
    return status;
}

/* ---- test.index ---- */

static ad_status read_index(planetoid *p, const char *folder, const char *name)
{
    ad_content c;
    snprintf(p->index_path, sizeof p->index_path, "%s/ind.%s.test.index", folder, name);
    ad_status status = ad_content_read_text(&c, p->ctx, p->index_path, file_limit);
    if (status) return status;
    int64_t count = 0, lines = 0;
    for (size_t i = 0; i < c.size; ++i) lines += c.bytes[i] == '\n';
    p->tested = ad_arena_alloc(&p->arena, ad_bytes(lines + 1, sizeof *p->tested));
    if (!p->tested) status = AD_ERROR_MEMORY;
    for (size_t at = 0; !status && at < c.size;) {
        int64_t number = 0;
        size_t begin = at;
        for (; at < c.size && c.bytes[at] >= '0' && c.bytes[at] <= '9' && number < ad_graph_most;
             ++at)
            number = 10 * number + (c.bytes[at] - '0');
        if (at == begin || number >= ad_graph_most ||
            (at < c.size && c.bytes[at] != '\n' && c.bytes[at] != '\r'))
            status = ad_fail(p->ctx, AD_ERROR_FORMAT, "%s:%lld: is not the number of a node",
                             p->index_path, (long long)count + 1);
        while (at < c.size && (c.bytes[at] == '\n' || c.bytes[at] == '\r')) ++at;
        if (!status) p->tested[count++] = (int32_t)number;
    }
    ad_content_free(&c);
    p->test_count = count;
    return status;
}

/* ---- all together ---- */

static ad_status want_rows(planetoid *p, int a, int b)
{
    if (p->m[a].rows == p->m[b].rows) return AD_OK;
    return ad_fail(p->ctx, AD_ERROR_FORMAT, "%s: has %lld rows, %s has %lld", p->part[a].path,
                   (long long)p->m[a].rows, p->part[b].path, (long long)p->m[b].rows);
}

static ad_status want_columns(planetoid *p, int a, int b)
{
    if (p->m[a].columns == p->m[b].columns) return AD_OK;
    return ad_fail(p->ctx, AD_ERROR_FORMAT, "%s: has %lld columns, %s has %lld", p->part[a].path,
                   (long long)p->m[a].columns, p->part[b].path, (long long)p->m[b].columns);
}

static ad_status check_sizes(planetoid *p)
{
    static const int pairs[][2] = {{X, Y}, {TX, TY}, {ALLX, ALLY}};
    static const int alike[][2] = {{X, ALLX}, {TX, ALLX}, {Y, ALLY}, {TY, ALLY}};
    ad_status status = AD_OK;
    for (int i = 0; !status && i < 3; ++i) status = want_rows(p, pairs[i][0], pairs[i][1]);
    for (int i = 0; !status && i < 4; ++i) status = want_columns(p, alike[i][0], alike[i][1]);
    if (status) return status;
    if (p->m[TX].rows != p->test_count)
        return ad_fail(p->ctx, AD_ERROR_FORMAT, "%s: names %lld nodes, %s has %lld rows",
                       p->index_path, (long long)p->test_count, p->part[TX].path,
                       (long long)p->m[TX].rows);
    if (p->m[X].rows > p->m[ALLX].rows)
        return ad_fail(p->ctx, AD_ERROR_FORMAT, "%s: has %lld rows, more than %s", p->part[X].path,
                       (long long)p->m[X].rows, p->part[ALLX].path);
    if (p->m[Y].columns < 1 || p->m[Y].columns > AD_GRAPH_CLASSES_MOST)
        return ad_fail(p->ctx, AD_ERROR_FORMAT, "%s: %lld classes", p->part[Y].path,
                       (long long)p->m[Y].columns);
    int64_t seen = p->m[ALLX].rows;
    p->nodes = seen;
    for (int64_t i = 0; i < p->test_count; ++i) {
        if (p->tested[i] < seen)
            return ad_fail(p->ctx, AD_ERROR_FORMAT, "%s:%lld: node %d is already in %s",
                           p->index_path, (long long)i + 1, p->tested[i], p->part[ALLX].path);
        if (p->tested[i] >= p->nodes) p->nodes = p->tested[i] + 1;
    }
    if (p->nodes > 2 * (seen + p->test_count) + 1000)
        return ad_fail(p->ctx, AD_ERROR_FORMAT,
                       "%s: names node %lld, far beyond the %lld there are", p->index_path,
                       (long long)p->nodes - 1, (long long)(seen + p->test_count));
    return AD_OK;
}

static int32_t label_of(const matrix *m, int64_t row)
{
    const float *hot = m->value + row * m->columns;
    for (int64_t c = 0; c < m->columns; ++c)
        if (hot[c] != 0) return (int32_t)c;
    return -1;
}

/* Row of tx for each node, or -1. */
static ad_status place_tested(planetoid *p, int32_t **row_of)
{
    int32_t *rows = ad_arena_alloc(&p->arena, ad_bytes(p->nodes + 1, sizeof *rows));
    if (!rows) return AD_ERROR_MEMORY;
    memset(rows, 0xff, (size_t)p->nodes * sizeof *rows);
    for (int64_t i = 0; i < p->test_count; ++i) {
        if (rows[p->tested[i]] >= 0)
            return ad_fail(p->ctx, AD_ERROR_FORMAT, "%s:%lld: node %d occurs twice", p->index_path,
                           (long long)i + 1, p->tested[i]);
        rows[p->tested[i]] = (int32_t)i;
    }
    *row_of = rows;
    return AD_OK;
}

static ad_status fill_nodes(planetoid *p, ad_graph_set *set)
{
    int64_t seen = p->m[ALLX].rows, training = p->m[X].rows, at = 0;
    int32_t *row_of = NULL;
    ad_status status = place_tested(p, &row_of);
    if (!status) status = ad_graph_set_nodes(set, p->nodes, 1, false);
    if (!status)
        status = ad_graph_set_features(set, p->m[X].columns, p->m[ALLX].values + p->m[TX].values);
    if (!status) status = ad_graph_set_classes(set, NULL, (int)p->m[Y].columns);
    if (status) return status;
    for (int64_t i = 0; i < p->nodes; ++i) {
        bool tested = row_of[i] >= 0;
        const matrix *m = &p->m[tested ? TX : ALLX], *y = &p->m[tested ? TY : ALLY];
        int64_t row = tested ? row_of[i] : i;
        set->value_start[i] = (int32_t)at;
        if (!tested && i >= seen) continue;
        int64_t begin = m->start[row], count = m->start[row + 1] - begin;
        for (int64_t k = 0; k < count; ++k, ++at) {
            set->feature[at] = m->column[begin + k];
            set->value[at] = m->value[begin + k];
        }
        set->labels[i] = label_of(y, row);
        set->split[i] = tested                      ? AD_GRAPH_TEST
                        : i < training              ? AD_GRAPH_TRAIN
                        : i < training + VALIDATION ? AD_GRAPH_VALIDATION
                                                    : AD_GRAPH_NO_SPLIT;
    }
    set->value_start[p->nodes] = (int32_t)at;
    set->has_splits = true;
    return AD_OK;
}

static ad_status fill_edges(planetoid *p, ad_graph_set *set)
{
    const part *t = &p->part[GRAPH];
    ad_edge_list pairs = {.ctx = p->ctx};
    ad_status status = AD_OK;
    if (t->value->kind != AD_PV_DICT) return fail_form(p, t, "a dictionary of neighbours");
    for (size_t i = 0; !status && i + 1 < t->value->list.count; i += 2) {
        const ad_pickle_value *from = t->value->list.items[i], *list = t->value->list.items[i + 1];
        if (from->kind != AD_PV_INT || list->kind != AD_PV_LIST)
            status = fail_form(p, t, "a dictionary of lists by number");
        for (size_t k = 0; !status && k < list->list.count; ++k) {
            const ad_pickle_value *to = list->list.items[k];
            char where[64];
            snprintf(where, sizeof where, "edge %lld", (long long)pairs.count);
            if (to->kind != AD_PV_INT)
                status = fail_form(p, t, "a dictionary of lists of numbers");
            else if (from->integer < 0 || from->integer >= p->nodes || to->integer < 0 ||
                     to->integer >= p->nodes)
                status = ad_graph_fail_edge(p->ctx, t->path, where, from->integer, to->integer,
                                            p->nodes);
            else
                status = ad_edge_list_add(&pairs, (int32_t)from->integer, (int32_t)to->integer, 1);
        }
    }
    if (!status) status = ad_graph_set_edges(set, &pairs, t->path, false);
    ad_edge_list_free(&pairs);
    return status;
}

ad_status ad_read_planetoid(ad_graph_set *set, const char *folder, const char *name)
{
    planetoid *p = ad_zalloc(set->ctx, sizeof *p);
    if (!p) return AD_ERROR_MEMORY;
    p->ctx = set->ctx;
    ad_arena_init(&p->arena, p->ctx);
    ad_status status = AD_OK;
    for (int i = 0; !status && i < PARTS; ++i) {
        status = load(p, i, folder, name);
        if (!status && i < Y) status = read_sparse(p, i);
        if (!status && i >= Y && i < GRAPH) status = read_dense(p, i);
    }
    if (!status) status = read_index(p, folder, name);
    if (!status) status = check_sizes(p);
    if (!status) status = fill_nodes(p, set);
    if (!status) status = fill_edges(p, set);
    for (int i = 0; i < PARTS; ++i) {
        if (p->part[i].pickle.ctx) ad_pickle_free(&p->part[i].pickle);
        ad_content_free(&p->part[i].content);
    }
    ad_arena_free(&p->arena);
    ad_free(set->ctx, p, sizeof *p);
    return status;
}
