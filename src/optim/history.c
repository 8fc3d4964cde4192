/* history.c - the two-loop recursion (Nocedal & Wright, algorithm 7.4) without its loop over
 * vectors.
 *
 * The direction is a sum of the remembered vectors s_i, y_i and the gradient g, so the recursion
 * runs on coefficients, on the host, in f64 (the "vector-free" form of Chen, Wang & Zhou, NIPS
 * 2014). It needs s_i . y_j and y_i . y_j, kept from before, and s_i . g and y_i . g, which one run
 * over the blocks gives; a second run makes the direction. The plain recursion reads the blocks as
 * often, but takes four runs a pair, each waiting for the one before. Products are summed in f64,
 * so that their differences (s_i . y = s_i . g - s_i . g_before) keep the digits that f32 has.
 *
 * Pairs lie in a ring of rows, one more than pairs, so that a pair that is not worth remembering
 * costs no other. Programs have fixed shapes: there is a set for the first 8 rows, for 32, and for
 * all, and memory of rows that were not reached yet is never touched. */
#include "optim/history.h"

#include <autodidact/ops.h>

#include "base/context.h"

#include <stdio.h>
#include <string.h>

enum { LEVELS = 3 };

/* Programs over the first `rows` rows, with the nodes that they are bound and read by. */
typedef struct level {
    int rows;
    ad_program *products, *combine;
    ad_node *s, *y, *gradient;               /* inputs of both */
    ad_node *sg, *yg;                        /* outputs of products: f64 [rows] */
    ad_node *s_weights, *y_weights, *weight; /* inputs of combine: [rows, 1], [rows, 1], [1] */
    ad_node *direction;                      /* its output: [n] */
} level;

struct ad_history {
    ad_context *ctx;
    int64_t n;
    int rows, first, count; /* pair i, from the oldest, is in row (first + i) % rows */
    int touched;            /* rows that hold numbers */
    float *s, *y;           /* [rows, n] */
    double scale;           /* of the initial inverse Hessian: s . y / y . y of the latest pair */

    double *numbers;              /* one block for what follows */
    double *sy, *yy;              /* [rows, rows]: s_i . y_j for i no newer than j; y_i . y_j */
    double *sg, *yg;              /* [rows]: products with the latest gradient */
    double *alpha, *step_weight;  /* [rows]: of the recursion */
    float *s_weights, *y_weights; /* [rows] */
    float weight, t;
    int pending; /* row of a pair whose products with older ones are still to come; -1: none */

    ad_graph *graph;
    ad_program *pair;
    ad_node *pair_direction, *pair_t, *pair_before, *pair_after;
    ad_node *pair_s, *pair_y, *pair_sy, *pair_yy;
    level level[LEVELS];
    int n_levels;
};

/* ---- programs ---- */

static size_t vector_bytes(const ad_history *h)
{
    return (size_t)h->n * sizeof(float);
}

static ad_node *dot(ad_node *a, ad_node *b)
{
    return ad_sum(ad_mul(ad_cast(a, AD_F64), ad_cast(b, AD_F64)), ad_axes(-1), false);
}

static ad_status compile_pair(ad_history *h, const ad_compile_options *options)
{
    ad_shape vector = ad_shape(h->n);
    h->pair_direction = ad_input(h->graph, "direction", AD_F32, vector);
    h->pair_t = ad_input(h->graph, "step_length", AD_F32, (ad_shape){0});
    h->pair_before = ad_input(h->graph, "before", AD_F32, vector);
    h->pair_after = ad_input(h->graph, "after", AD_F32, vector);
    h->pair_s = ad_mul(h->pair_direction, h->pair_t);
    h->pair_y = ad_sub(h->pair_after, h->pair_before);
    h->pair_sy = dot(h->pair_s, h->pair_y);
    h->pair_yy = dot(h->pair_y, h->pair_y);
    ad_node *outputs[] = {h->pair_s, h->pair_y, h->pair_sy, h->pair_yy};
    ad_status status = ad_compile(&h->pair, h->ctx, outputs, 4, options);
    return status == AD_OK ? ad_bind(h->pair, h->pair_t, &h->t, sizeof h->t) : status;
}

static ad_node *input(ad_history *h, const char *name, int rows, ad_shape shape)
{
    char full[64];
    snprintf(full, sizeof full, "%s.%d", name, rows);
    return ad_input(h->graph, full, AD_F32, shape);
}

static ad_status bind_rows(ad_history *h, level *l, ad_program *program)
{
    size_t bytes = (size_t)l->rows * vector_bytes(h);
    ad_status status = ad_bind(program, l->s, h->s, bytes);
    return status == AD_OK ? ad_bind(program, l->y, h->y, bytes) : status;
}

static ad_status compile_level(ad_history *h, level *l, const ad_compile_options *options)
{
    ad_shape block = ad_shape(l->rows, h->n), column = ad_shape(l->rows, 1);
    l->s = input(h, "steps", l->rows, block);
    l->y = input(h, "changes", l->rows, block);
    l->gradient = input(h, "gradient", l->rows, ad_shape(h->n));
    l->sg = dot(l->s, l->gradient);
    l->yg = dot(l->y, l->gradient);
    ad_status status = ad_compile(&l->products, h->ctx, (ad_node *[]){l->sg, l->yg}, 2, options);
    if (status == AD_OK) status = bind_rows(h, l, l->products);
    if (status != AD_OK) return status;

    l->s_weights = input(h, "step_weights", l->rows, column);
    l->y_weights = input(h, "change_weights", l->rows, column);
    l->weight = input(h, "gradient_weight", l->rows, ad_shape(1));
    ad_node *both = ad_add(ad_mul(l->s, l->s_weights), ad_mul(l->y, l->y_weights));
    ad_node *sum = ad_sum(both, ad_axes(0), false);
    l->direction = ad_add(sum, ad_mul(l->gradient, l->weight));
    status = ad_compile(&l->combine, h->ctx, &l->direction, 1, options);
    if (status == AD_OK) status = bind_rows(h, l, l->combine);
    size_t bytes = (size_t)l->rows * sizeof(float);
    if (status == AD_OK) status = ad_bind(l->combine, l->s_weights, h->s_weights, bytes);
    if (status == AD_OK) status = ad_bind(l->combine, l->y_weights, h->y_weights, bytes);
    if (status == AD_OK) status = ad_bind(l->combine, l->weight, &h->weight, sizeof h->weight);
    return status;
}

/* ---- making and freeing ---- */

/* Doubles in the block of numbers: two squares and four vectors.
 */
static size_t numbers_bytes(const ad_history *h)
{
    return ad_bytes((int64_t)h->rows * (2 * h->rows + 4), sizeof(double));
}

static size_t weights_bytes(const ad_history *h)
{
    return ad_bytes(h->rows, 2 * sizeof(float));
}

static size_t vectors_bytes(const ad_history *h)
{
    size_t row = ad_bytes(h->n, sizeof(float)), all;
    return row == SIZE_MAX || __builtin_mul_overflow(row, (size_t)h->rows, &all) ? SIZE_MAX : all;
}

static bool allocate(ad_history *h)
{
    int rows = h->rows;
    h->s = ad_alloc(h->ctx, vectors_bytes(h));
    h->y = ad_alloc(h->ctx, vectors_bytes(h));
    h->numbers = ad_zalloc(h->ctx, numbers_bytes(h));
    h->graph = ad_graph_new(h->ctx);
    h->s_weights = ad_zalloc(h->ctx, weights_bytes(h));
    if (!h->s || !h->y || !h->numbers || !h->graph || !h->s_weights) return false;
    h->sy = h->numbers;
    h->yy = h->sy + (size_t)rows * (size_t)rows;
    h->sg = h->yy + (size_t)rows * (size_t)rows;
    h->yg = h->sg + rows;
    h->alpha = h->yg + rows;
    h->step_weight = h->alpha + rows;
    h->y_weights = h->s_weights + rows;
    return true;
}

ad_status ad_history_new(ad_history **history, ad_context *ctx, int64_t n, int pairs,
                         ad_device_kind device)
{
    static const int sizes[LEVELS] = {8, 32, 0};
    ad_compile_options options = {.device = device};
    *history = NULL;
    ad_history *h = ad_zalloc(ctx, sizeof *h);
    if (!h) return AD_ERROR_MEMORY;
    *h = (ad_history){.ctx = ctx, .n = n, .rows = pairs + 1, .pending = -1};
    ad_status status = allocate(h) ? compile_pair(h, &options) : ad_error_status(ctx);
    for (int i = 0; i < LEVELS && status == AD_OK; ++i) {
        level *l = &h->level[h->n_levels];
        l->rows = i == LEVELS - 1 ? h->rows : sizes[i];
        if (i < LEVELS - 1 && l->rows >= h->rows) continue;
        ++h->n_levels;
        status = compile_level(h, l, &options);
    }
    if (status != AD_OK) {
        ad_history_free(h);
        return status;
    }
    *history = h;
    return AD_OK;
}

void ad_history_free(ad_history *h)
{
    if (!h) return;
    for (int i = 0; i < h->n_levels; ++i) {
        ad_program_free(h->level[i].products);
        ad_program_free(h->level[i].combine);
    }
    ad_program_free(h->pair);
    ad_graph_free(h->graph);
    ad_free(h->ctx, h->s, vectors_bytes(h));
    ad_free(h->ctx, h->y, vectors_bytes(h));
    ad_free(h->ctx, h->numbers, numbers_bytes(h));
    ad_free(h->ctx, h->s_weights, weights_bytes(h));
    ad_free(h->ctx, h, sizeof *h);
}

void ad_history_clear(ad_history *h)
{
    h->count = 0;
    h->pending = -1;
}

int ad_history_count(const ad_history *h)
{
    return h->count;
}

/* ---- pairs ---- */

static int row_of(const ad_history *h, int pair)
{
    return (h->first + pair) % h->rows;
}

static double *at(const ad_history *h, double *square, int i, int j)
{
    return &square[(size_t)i * (size_t)h->rows + (size_t)j];
}

/* The smallest set of programs that covers the rows in use; rows it reaches first are made zero,
 * since their weights of 0 are multiplied with them. */
static level *current_level(ad_history *h, int rows)
{
    level *l = h->level;
    while (l->rows < rows) ++l;
    if (h->touched < l->rows) {
        size_t from = (size_t)h->touched * (size_t)h->n,
               count = (size_t)(l->rows - h->touched) * (size_t)h->n;
        memset(h->s + from, 0, count * sizeof *h->s);
        memset(h->y + from, 0, count * sizeof *h->y);
        h->touched = l->rows;
    }
    return l;
}

ad_status ad_history_push(ad_history *h, const float *direction, double t, const float *before,
                          const float *after)
{
    h->t = (float)t;
    ad_status status = ad_bind(h->pair, h->pair_direction, direction, vector_bytes(h));
    if (status == AD_OK) status = ad_bind(h->pair, h->pair_before, before, vector_bytes(h));
    if (status == AD_OK) status = ad_bind(h->pair, h->pair_after, after, vector_bytes(h));
    if (status == AD_OK) status = ad_run(h->pair);
    if (status != AD_OK) return status;

    double sy = ad_result_scalar(h->pair, h->pair_sy), yy = ad_result_scalar(h->pair, h->pair_yy);
    if (!(sy > 1e-10)) return AD_OK;
    int row = row_of(h, h->count);
    current_level(h, row + 1);
    memcpy(h->s + (size_t)row * (size_t)h->n, ad_result(h->pair, h->pair_s), vector_bytes(h));
    memcpy(h->y + (size_t)row * (size_t)h->n, ad_result(h->pair, h->pair_y), vector_bytes(h));
    *at(h, h->sy, row, row) = sy;
    *at(h, h->yy, row, row) = yy;
    h->scale = sy / yy;
    h->pending = row;
    if (h->count == h->rows - 1)
        h->first = (h->first + 1) % h->rows;
    else
        ++h->count;
    return AD_OK;
}

/* Products of the blocks with the gradient, and from their change those of the newest y. */
static ad_status multiply(ad_history *h, level *l, const float *gradient)
{
    ad_status status = ad_bind(l->products, l->gradient, gradient, vector_bytes(h));
    if (status == AD_OK) status = ad_run(l->products);
    if (status != AD_OK) return status;
    const double *sg = ad_result(l->products, l->sg), *yg = ad_result(l->products, l->yg);
    for (int i = 0; i < h->count; ++i) {
        int row = row_of(h, i);
        if (h->pending >= 0 && row != h->pending) {
            *at(h, h->sy, row, h->pending) = sg[row] - h->sg[row];
            *at(h, h->yy, row, h->pending) = *at(h, h->yy, h->pending, row) = yg[row] - h->yg[row];
        }
        h->sg[row] = sg[row];
        h->yg[row] = yg[row];
    }
    h->pending = -1;
    return AD_OK;
}

/* The two loops on coefficients: direction = -scale g - scale sum alpha_j y_j + sum c_j s_j. */
static void recur(ad_history *h)
{
    for (int i = h->count - 1; i >= 0; --i) {
        int row = row_of(h, i);
        double product = -h->sg[row]; /* s_i . q */
        for (int j = i + 1; j < h->count; ++j)
            product -= h->alpha[row_of(h, j)] * *at(h, h->sy, row, row_of(h, j));
        h->alpha[row] = product / *at(h, h->sy, row, row);
    }
    memset(h->s_weights, 0, (size_t)h->rows * sizeof(float));
    memset(h->y_weights, 0, (size_t)h->rows * sizeof(float));
    for (int i = 0; i < h->count; ++i) {
        int row = row_of(h, i);
        double product = -h->yg[row]; /* y_i . r */
        for (int j = 0; j < h->count; ++j)
            product -= h->alpha[row_of(h, j)] * *at(h, h->yy, row, row_of(h, j));
        product *= h->scale;
        for (int j = 0; j < i; ++j)
            product += h->step_weight[row_of(h, j)] * *at(h, h->sy, row_of(h, j), row);
        double weight = h->alpha[row] - product / *at(h, h->sy, row, row);
        h->step_weight[row] = weight;
        h->s_weights[row] = (float)weight;
        h->y_weights[row] = (float)(-h->scale * h->alpha[row]);
    }
    h->weight = (float)-h->scale;
}

ad_status ad_history_direction(ad_history *h, const float *gradient, float *direction)
{
    int reach = h->count ? 0 : 1;
    for (int i = 0; i < h->count; ++i) reach = row_of(h, i) + 1 > reach ? row_of(h, i) + 1 : reach;
    level *l = current_level(h, reach);
    if (!h->count) h->scale = 1;
    ad_status status = h->count ? multiply(h, l, gradient) : AD_OK;
    if (status != AD_OK) return status;
    recur(h);
    status = ad_bind(l->combine, l->gradient, gradient, vector_bytes(h));
    if (status == AD_OK) status = ad_run(l->combine);
    if (status != AD_OK) return status;
    memcpy(direction, ad_result(l->combine, l->direction), vector_bytes(h));
    return AD_OK;
}
