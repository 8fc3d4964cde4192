/* nearest.c - a query's products with many vectors, and the largest of them. The vectors of a large
 * index are read from the file a piece at a time, by all threads, and multiplied while they are in
 * the caches: each comes from memory once, and none stays. One program is for all of them, so that
 * a vector's product is the same wherever it lies. */
#include "zoo/bert/bert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 2 << 20 }; /* bytes */

typedef struct products {
    ad_graph *graph;
    ad_program *program;
    ad_node *result; /* [1, rows] */
    int64_t rows;    /* of a piece */
    size_t row;      /* bytes of one */
    char *piece;
} products;

static void products_free(products *p)
{
    ad_program_free(p->program);
    ad_graph_free(p->graph);
    free(p->piece);
}

static ad_status products_new(products *p, ad_context *ctx, const bert_vector_list *list,
                              const float *query)
{
    const int64_t width = list->width;
    p->row = (size_t)width * ad_dtype_size(list->dtype);
    p->rows = 1 + PIECE / (int64_t)p->row;
    p->piece = calloc((size_t)p->rows, p->row);
    p->graph = ad_graph_new(ctx);
    if (!p->piece || !p->graph) return bert_no_memory(ctx, "the vectors");
    ad_node *q = ad_input(p->graph, "query", AD_F32, ad_shape(1, width));
    ad_node *v = ad_input(p->graph, "vectors", list->dtype, ad_shape(p->rows, width));
    p->result = ad_matmul_with(q, ad_cast(v, AD_F32), (ad_matmul_options){.transpose_b = true});
    ad_status status = ad_compile(&p->program, ctx, &p->result, 1, NULL);
    if (!status) status = ad_bind(p->program, q, query, (size_t)width * sizeof *query);
    if (!status) status = ad_bind(p->program, v, p->piece, (size_t)p->rows * p->row);
    return status;
}

ad_status bert_products(ad_context *ctx, const bert_vector_list *list, const float *query,
                        float *product)
{
    products p = {0};
    if (!list->count) return AD_OK;
    ad_status status = products_new(&p, ctx, list, query);
    for (int64_t at = 0; at < list->count && !status; at += p.rows) {
        int64_t n = list->count - at < p.rows ? list->count - at : p.rows;
        if (list->file)
            status = ad_file_read_rows(list->file, list->tensor, at, n, list->dtype, p.piece,
                                       (size_t)n * p.row);
        else
            memcpy(p.piece, (const char *)list->memory + (size_t)at * p.row, (size_t)n * p.row);
        if (!status) status = ad_run(p.program);
        if (!status)
            memcpy(product + at, ad_result(p.program, p.result), (size_t)n * sizeof *product);
    }
    products_free(&p);
    return status;
}

/* ---- the largest ---- */

static bool is_better(const bert_hit *x, const bert_hit *y)
{
    return x->score != y->score ? x->score > y->score : x->passage < y->passage;
}

static int by_score(const void *a, const void *b)
{
    return is_better(a, b) ? -1 : is_better(b, a);
}

/* A heap whose worst is at its root: `hit` takes that one's place, and sinks. */
static void replace_worst(bert_hit *heap, int64_t count, bert_hit hit)
{
    int64_t at = 0;
    for (int64_t below; (below = 2 * at + 1) < count; at = below) {
        if (below + 1 < count && is_better(&heap[below], &heap[below + 1])) ++below;
        if (is_better(&heap[below], &hit)) break;
        heap[at] = heap[below];
    }
    heap[at] = hit;
}

int64_t bert_largest(const float *score, int64_t count, bert_hit *hits, int64_t most)
{
    int64_t kept = count < most ? count : most;
    for (int64_t i = 0; i < kept; ++i) hits[i] = (bert_hit){i, score[i]};
    if (!kept) return 0;
    qsort(hits, (size_t)kept, sizeof *hits, by_score);
    for (int64_t i = 0; i < kept / 2; ++i) { /* worst first: that is a heap */
        bert_hit other = hits[i];
        hits[i] = hits[kept - 1 - i], hits[kept - 1 - i] = other;
    }
    for (int64_t i = kept; i < count; ++i)
        if (score[i] > hits[0].score) replace_worst(hits, kept, (bert_hit){i, score[i]});
    qsort(hits, (size_t)kept, sizeof *hits, by_score);
    return kept;
}
