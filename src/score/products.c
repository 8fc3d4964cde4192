/* products.c - see products.h. */
#include "score/products.h"

#include "base/finite.h"
#include "base/pool.h"

#include <autodidact/ops.h>
#include <string.h>

enum { ROWS = 512, COLUMNS = 1024, GRAIN = 16 };

static int64_t block_for(int64_t count, int64_t most)
{
    int64_t rounded = (count + GRAIN - 1) / GRAIN * GRAIN;
    return rounded < most ? rounded : most;
}

/* ---- blocks ---- */

static ad_status open_block(ad_row_block *block, ad_context *ctx, int64_t most, int64_t width)
{
    *block = (ad_row_block){.most = most};
    block->rows = ad_zalloc(ctx, ad_bytes(most * width, sizeof(float)));
    block->norm = ad_zalloc(ctx, ad_bytes(most, sizeof(float)));
    return block->rows && block->norm ? AD_OK : AD_ERROR_MEMORY;
}

static void close_block(ad_row_block *block, ad_context *ctx, int64_t width)
{
    ad_free(ctx, block->rows, ad_bytes(block->most * width, sizeof(float)));
    ad_free(ctx, block->norm, ad_bytes(block->most, sizeof(float)));
}

static ad_status plan(ad_products *p)
{
    if (!(p->graph = ad_graph_new(p->ctx))) return AD_ERROR_MEMORY;
    ad_node *a = ad_input(p->graph, "a", AD_F32, ad_shape(p->a.most, p->width));
    ad_node *b = ad_input(p->graph, "b", AD_F32, ad_shape(p->b.most, p->width));
    p->product = ad_matmul_with(a, b, (ad_matmul_options){.transpose_b = true});
    ad_status status = ad_compile(&p->program, p->ctx, &p->product, 1, NULL);
    if (!status)
        status = ad_bind(p->program, a, p->a.rows,
                         (size_t)(p->a.most * p->width) * sizeof *p->a.rows);
    if (!status)
        status = ad_bind(p->program, b, p->b.rows,
                         (size_t)(p->b.most * p->width) * sizeof *p->b.rows);
    return status;
}

ad_status ad_products_open(ad_products *p, ad_context *ctx, int64_t a_count, int64_t b_count,
                           int64_t width)
{
    *p = (ad_products){.ctx = ctx, .width = width};
    ad_status status = open_block(&p->a, ctx, block_for(a_count, ROWS), width);
    if (!status) status = open_block(&p->b, ctx, block_for(b_count, COLUMNS), width);
    return status ? status : plan(p);
}

void ad_products_close(ad_products *p)
{
    ad_program_free(p->program);
    ad_graph_free(p->graph);
    if (p->ctx) close_block(&p->a, p->ctx, p->width), close_block(&p->b, p->ctx, p->width);
}

typedef struct loading {
    ad_row_block *block;
    const ad_feature_rows *rows;
    const int64_t *index;
    const float *centre;
    int64_t width;
} loading;

static void load_row(void *user, int64_t i, int worker)
{
    const loading *l = user;
    int64_t width = l->width;
    float *to = l->block->rows + i * width;
    double norm = 0;
    (void)worker;
    if (i >= l->block->count) {
        memset(to, 0, (size_t)width * sizeof *to);
        l->block->norm[i] = 0;
        return;
    }
    int64_t row = l->block->first + i;
    if (l->index) row = l->index[row];
    const ad_feature_rows *r = l->rows;
    for (int64_t f = 0; f < width; ++f)
        to[f] = r->features ? r->features[row * width + f] : (float)r->bytes[row * width + f] / 255;
    for (int64_t f = 0; f < width && l->centre; ++f) to[f] -= l->centre[f];
    for (int64_t f = 0; f < width; ++f) norm += (double)to[f] * (double)to[f];
    l->block->norm[i] = (float)norm;
}

void ad_products_load(const ad_products *p, ad_row_block *block, const ad_feature_rows *rows,
                      const int64_t *index, int64_t count, int64_t first, const float *centre)
{
    loading l = {block, rows, index, centre, p->width};
    int64_t left = count - first;
    block->first = first, block->count = left < block->most ? left : block->most;
    ad_parallel(ad_context_pool(p->ctx), block->most, load_row, &l);
}

ad_status ad_products_run(ad_products *p, const float **product)
{
    ad_status status = ad_run(p->program);
    *product = ad_result(p->program, p->product);
    return status;
}

/* ---- rows ---- */

void ad_column_means(const ad_feature_rows *rows, double *mean)
{
    int64_t width = rows->width;
    memset(mean, 0, (size_t)width * sizeof *mean);
    for (int64_t r = 0; r < rows->count; ++r)
        for (int64_t f = 0; f < width; ++f)
            mean[f] += rows->features ? (double)rows->features[r * width + f]
                                      : (double)rows->bytes[r * width + f] / 255;
    for (int64_t f = 0; f < width; ++f) mean[f] /= (double)rows->count;
}

bool ad_rows_finite(const ad_feature_rows *rows)
{
    return !rows->features ||
           ad_first_not_finite(rows->features, AD_F32, rows->count * rows->width) < 0;
}

/* ---- in double ---- */

ad_status ad_product_f64(ad_context *ctx, const double *a, bool turned, const double *b, int64_t m,
                         int64_t k, int64_t n, double *out)
{
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return AD_ERROR_MEMORY;
    ad_node *x = ad_input(graph, "a", AD_F64, turned ? ad_shape(k, m) : ad_shape(m, k));
    ad_node *y = ad_input(graph, "b", AD_F64, ad_shape(k, n));
    ad_node *product = ad_matmul_with(x, y, (ad_matmul_options){.transpose_a = turned});
    ad_status status = ad_compile(&program, ctx, &product, 1, NULL);
    if (!status) status = ad_bind(program, x, a, (size_t)(m * k) * sizeof *a);
    if (!status) status = ad_bind(program, y, b, (size_t)(k * n) * sizeof *b);
    if (!status) status = ad_run(program);
    if (!status) memcpy(out, ad_result(program, product), (size_t)(m * n) * sizeof *out);
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

/* ---- whoever follows ---- */

ad_status ad_score_step(ad_context *ctx, const ad_watcher *watcher, int64_t step, int64_t steps)
{
    if (!watcher) return AD_OK;
    if (watcher->progress)
        watcher->progress(watcher->user, &(ad_progress){.step = step, .steps = steps});
    if (!ad_watch_interrupted(watcher)) return AD_OK;
    return ad_fail(ctx, AD_ERROR_ARGUMENT, "stopped before all rows were compared");
}
