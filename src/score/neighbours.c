/* neighbours.c - which rows are near which: nearest rows, and how much of what is real is made, and
 * how much of what is made is real, by balls around each row that reach its k-th neighbour:
 * precision and recall (Kynkaanniemi et al. 2019, equation 2), density and coverage (Naeem et al.
 * 2020, equations 3 and 4).
 *
 * All pairs are compared, a block of one side with a block of the other at a time, by products:
 *     |x - y|^2 = |x|^2 + |y|^2 - 2 x y
 * of rows less the mean of one side, so that little cancels. Where much does, rows are close, and
 * their differences are summed themselves: of equal rows the distance is 0. */
#include "base/pool.h"
#include "score/products.h"

#include <math.h>
#include <string.h>

enum { LANES = 8, CHUNK = 64 /* columns that are judged together */ };
/* Of the lengths: below this a distance is computed from differences. And what rounding may do to
 * a distance: one that is larger by no more reaches as far. */
static const float close_share = 1.0f / 16, slack = 1 + 3e-5f;

typedef struct comparison {
    ad_products products;
    const ad_feature_rows *from, *to;
    float *distance; /* of a block: [a.most, b.most] */
    /* Of each row of `from` the rows of the block of `to`; of a chunk of `to` those of `from`. Each
     * may be NULL. */
    void (*judge_row)(struct comparison *c, int64_t row, const float *distance);
    void (*judge_columns)(struct comparison *c, int64_t first, int64_t count);
    /* for nearest rows */
    int k;
    const int64_t *own;
    float *nearest;
    int64_t *which;
    /* for balls, whose radii are `reach` apart */
    const float *from_radius, *to_radius;
    int64_t from_reach, to_reach;
    int64_t *inside;     /* [from count]: how many balls of `to` it lies in */
    bool *found, *holds; /* [to count]: lies in a ball of `from`; its own ball holds one */
} comparison;

/* ---- distances of a block ---- */

static float difference(const float *x, const float *y, int64_t width)
{
    float lane[LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= width; i += LANES)
        for (int l = 0; l < LANES; ++l) {
            float d = x[i + l] - y[i + l];
            lane[l] += d * d;
        }
    for (; i < width; ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
    for (int l = 0; l < LANES; ++l) sum += lane[l];
    return sum;
}

static void measure_row(void *user, int64_t r, int worker)
{
    comparison *c = user;
    const ad_row_block *a = &c->products.a, *b = &c->products.b;
    float *line = c->distance + r * b->most, own = a->norm[r];
    const float *product = (const float *)ad_result_at(c->products.program, 0) + r * b->most;
    (void)worker;
    for (int64_t j = 0; j < b->count; ++j) line[j] = own + b->norm[j] - 2 * product[j];
    for (int64_t j = 0; j < b->count; ++j)
        if (!(line[j] > close_share * (own + b->norm[j])))
            line[j] = difference(a->rows + r * c->products.width, b->rows + j * c->products.width,
                                 c->products.width);
    if (c->judge_row) c->judge_row(c, a->first + r, line);
}

static void judge_chunk(void *user, int64_t index, int worker)
{
    comparison *c = user;
    int64_t first = index * CHUNK, left = c->products.b.count - first;
    (void)worker;
    c->judge_columns(c, first, left < CHUNK ? left : CHUNK);
}

static ad_status compare_block(comparison *c)
{
    ad_pool *pool = ad_context_pool(c->products.ctx);
    const float *product;
    ad_status status = ad_products_run(&c->products, &product);
    if (status) return status;
    ad_parallel(pool, c->products.a.count, measure_row, c);
    if (c->judge_columns)
        ad_parallel(pool, (c->products.b.count + CHUNK - 1) / CHUNK, judge_chunk, c);
    return AD_OK;
}

static ad_status find_centre(ad_context *ctx, const ad_feature_rows *rows, float *centre)
{
    size_t bytes = ad_bytes(rows->width, sizeof(double));
    double *mean = ad_alloc(ctx, bytes);
    if (!mean) return AD_ERROR_MEMORY;
    ad_column_means(rows, mean);
    for (int64_t f = 0; f < rows->width; ++f) centre[f] = (float)mean[f];
    ad_free(ctx, mean, bytes);
    return AD_OK;
}

static ad_status compare_all(ad_context *ctx, comparison *c, const float *centre,
                             const ad_watcher *watcher)
{
    ad_products *p = &c->products;
    int64_t wide = (c->to->count + p->b.most - 1) / p->b.most,
            high = (c->from->count + p->a.most - 1) / p->a.most;
    ad_status status = AD_OK;
    for (int64_t i = 0; i < high && !status; ++i) {
        ad_products_load(p, &p->a, c->from, NULL, c->from->count, i * p->a.most, centre);
        for (int64_t j = 0; j < wide && !status; ++j) {
            ad_products_load(p, &p->b, c->to, NULL, c->to->count, j * p->b.most, centre);
            status = compare_block(c);
            if (!status) status = ad_score_step(ctx, watcher, i * wide + j + 1, wide * high);
        }
    }
    return status;
}

static ad_status compare(ad_context *ctx, comparison *c, const ad_watcher *watcher)
{
    int64_t width = c->from->width;
    size_t wide = ad_bytes(width, sizeof(float)), room = 0;
    float *centre = ad_alloc(ctx, wide);
    ad_status status = centre ? find_centre(ctx, c->to, centre) : AD_ERROR_MEMORY;
    if (!status) status = ad_products_open(&c->products, ctx, c->from->count, c->to->count, width);
    if (!status) {
        room = ad_bytes(c->products.a.most * c->products.b.most, sizeof(float));
        if (!(c->distance = ad_alloc(ctx, room))) status = AD_ERROR_MEMORY;
    }
    if (!status) status = compare_all(ctx, c, centre, watcher);
    if (c->distance) ad_free(ctx, c->distance, room);
    ad_products_close(&c->products);
    ad_free(ctx, centre, wide);
    return status;
}

/* ---- nearest rows ---- */

/* The k nearest so far are sorted; what is equal comes behind. */
static void keep_nearest(comparison *c, int64_t row, const float *distance)
{
    const ad_row_block *b = &c->products.b;
    float *nearest = c->nearest + row * c->k;
    int64_t *which = c->which ? c->which + row * c->k : NULL, own = c->own ? c->own[row] : -1;
    for (int64_t j = 0; j < b->count; ++j) {
        int at = c->k - 1;
        if (!(distance[j] < nearest[at]) || b->first + j == own) continue;
        for (; at && nearest[at - 1] > distance[j]; --at) {
            nearest[at] = nearest[at - 1];
            if (which) which[at] = which[at - 1];
        }
        nearest[at] = distance[j];
        if (which) which[at] = b->first + j;
    }
}

ad_status ad_nearest_rows(ad_context *ctx, const ad_feature_rows *from, const ad_feature_rows *to,
                          const int64_t *own, int k, const ad_watcher *watcher, float *distance,
                          int64_t *which)
{
    int64_t others = to->count - (own != NULL);
    if (k < 1 || k > AD_NEIGHBOURS_MOST || k > others || from->width != to->width ||
        from->width < 1)
        return ad_fail(
            ctx, AD_ERROR_ARGUMENT,
            "the %d nearest of %lld rows of %lld numbers to rows of %lld: 1 to %d can be "
            "asked for",
            k, (long long)others, (long long)to->width, (long long)from->width, AD_NEIGHBOURS_MOST);
    for (int64_t i = 0; i < from->count * k; ++i) {
        distance[i] = INFINITY;
        if (which) which[i] = -1;
    }
    if (!from->count) return AD_OK;
    comparison c = {.from = from,
                    .to = to,
                    .judge_row = keep_nearest,
                    .k = k,
                    .own = own,
                    .nearest = distance,
                    .which = which};
    return compare(ctx, &c, watcher);
}

/* ---- balls ---- */

static void count_balls(comparison *c, int64_t row, const float *distance)
{
    const ad_row_block *b = &c->products.b;
    int64_t inside = 0;
    for (int64_t j = 0; j < b->count; ++j)
        inside += distance[j] <= c->to_radius[(b->first + j) * c->to_reach] * slack;
    c->inside[row] += inside;
}

static void look_into_balls(comparison *c, int64_t first, int64_t count)
{
    const ad_row_block *a = &c->products.a, *b = &c->products.b;
    for (int64_t r = 0; r < a->count; ++r) {
        const float *distance = c->distance + r * b->most;
        float radius = c->from_radius[(a->first + r) * c->from_reach] * slack;
        for (int64_t j = first; j < first + count; ++j) {
            int64_t column = b->first + j;
            c->found[column] |= distance[j] <= radius;
            c->holds[column] |= distance[j] <= c->to_radius[column * c->to_reach] * slack;
        }
    }
}

static double share(const bool *yes, int64_t count)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += yes[i];
    return (double)sum / (double)count;
}

/* c->from is what is made, c->to what is real. */
static ad_status score_balls(ad_context *ctx, comparison *c, int k, const ad_watcher *watcher,
                             ad_neighbour_result *result)
{
    int64_t made = c->from->count, real = c->to->count, within = 0, balls = 0;
    size_t numbers = ad_bytes(made, sizeof *c->inside), flags = ad_bytes(2 * real, sizeof(bool));
    c->inside = ad_zalloc(ctx, numbers);
    c->found = ad_zalloc(ctx, flags);
    ad_status status = c->inside && c->found ? AD_OK : AD_ERROR_MEMORY;
    if (!status) {
        c->holds = c->found + real;
        status = compare(ctx, c, watcher);
    }
    if (!status) {
        for (int64_t i = 0; i < made; ++i) within += c->inside[i] > 0, balls += c->inside[i];
        *result = (ad_neighbour_result){.precision = (double)within / (double)made,
                                        .recall = share(c->found, real),
                                        .density = (double)balls / (double)made / k,
                                        .coverage = share(c->holds, real)};
    }
    ad_free(ctx, c->inside, numbers), ad_free(ctx, c->found, flags);
    return status;
}

/* The distances of rows to the k nearest others of their own kind. */
static ad_status nearest_others(ad_context *ctx, const ad_feature_rows *rows, int k,
                                const ad_watcher *watcher, float *nearest)
{
    size_t bytes = ad_bytes(rows->count, sizeof(int64_t));
    int64_t *own = ad_alloc(ctx, bytes);
    if (!own) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < rows->count; ++i) own[i] = i;
    ad_status status = ad_nearest_rows(ctx, rows, rows, own, k, watcher, nearest, NULL);
    ad_free(ctx, own, bytes);
    return status;
}

ad_status ad_neighbour_scores(ad_context *ctx, const ad_feature_rows *real,
                              const ad_feature_rows *made, int k, const float *real_nearest,
                              const ad_watcher *watcher, ad_neighbour_result *result)
{
    if (k < 1 || k > AD_NEIGHBOURS_MOST || real->count <= k || made->count <= k ||
        real->width < 1 || real->width != made->width)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "k is %d, and may be 1 to %d and less than the rows, %lld and %lld", k,
                       AD_NEIGHBOURS_MOST, (long long)real->count, (long long)made->count);
    *result = (ad_neighbour_result){NAN, NAN, NAN, NAN};
    if (!ad_rows_finite(real) || !ad_rows_finite(made)) return AD_OK;
    size_t room = ad_bytes((real->count + made->count) * k, sizeof(float));
    float *of_made = ad_alloc(ctx, room), *of_real = of_made ? of_made + made->count * k : NULL;
    ad_status status = of_made ? AD_OK : AD_ERROR_MEMORY;
    if (!status && !real_nearest) status = nearest_others(ctx, real, k, watcher, of_real);
    if (!status) status = nearest_others(ctx, made, k, watcher, of_made);
    if (!status) {
        comparison c = {.from = made,
                        .to = real,
                        .judge_row = count_balls,
                        .judge_columns = look_into_balls,
                        .from_radius = of_made + k - 1,
                        .to_radius = (real_nearest ? real_nearest : of_real) + k - 1,
                        .from_reach = k,
                        .to_reach = k};
        status = score_balls(ctx, &c, k, watcher, result);
    }
    ad_free(ctx, of_made, room);
    return status;
}
