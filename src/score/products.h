/* products.h - rows of numbers on their way into the library's matrix kernels, a block at a time.
 *
 * The blocks' sizes follow from how many rows there are, never from the threads, and so do results.
 */
#ifndef AD_SCORE_PRODUCTS_H
#define AD_SCORE_PRODUCTS_H

#include "base/context.h"

#include <autodidact/program.h>
#include <autodidact/scores.h>

/* Some rows less a centre, followed by zeros up to the block's size. */
typedef struct ad_row_block {
    float *rows; /* [most, width] */
    float *norm; /* [most]: squared lengths */
    int64_t most, first, count;
} ad_row_block;

/* Products of the rows of two blocks. */
typedef struct ad_products {
    ad_context *ctx;
    int64_t width;
    ad_row_block a, b;
    ad_graph *graph;
    ad_program *program;
    ad_node *product;
} ad_products;

/* For that many rows of each. Close in any case. */
ad_status ad_products_open(ad_products *p, ad_context *ctx, int64_t a_count, int64_t b_count,
                           int64_t width);
void ad_products_close(ad_products *p);
/* Rows from `first` on, as many as the block takes, or those of `index` [count]; less `centre`
 * [width] (NULL: 0). */
void ad_products_load(const ad_products *p, ad_row_block *block, const ad_feature_rows *rows,
                      const int64_t *index, int64_t count, int64_t first, const float *centre);
/* *product becomes [a.most, b.most], valid until the next call. */
ad_status ad_products_run(ad_products *p, const float **product);

/* Means of the columns, summed in double. */
void ad_column_means(const ad_feature_rows *rows, double *mean);
bool ad_rows_finite(const ad_feature_rows *rows);

/* out [m, n] = a b in double, of a [m, k] ([k, m] where it is turned) and b [k, n]. */
ad_status ad_product_f64(ad_context *ctx, const double *a, bool turned, const double *b, int64_t m,
                         int64_t k, int64_t n, double *out);

/* A score tells how far it is; AD_ERROR_ARGUMENT once it is to end. `watcher` may be NULL. */
ad_status ad_score_step(ad_context *ctx, const ad_watcher *watcher, int64_t step, int64_t steps);

#endif
