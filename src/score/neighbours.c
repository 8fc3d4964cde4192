/* neighbours.c - how much of what is real is made, and how much of what is made is real, by balls
 * around each row that reach its k-th neighbour: precision and recall (Kynkaanniemi et al. 2019,
 * equation 2), density and coverage (Naeem et al. 2020, equations 3 and 4).
 *
 * All pairs are compared, a few rows of one side with all of the other at a time. A distance is a
 * sum in the order of the features, whatever the number of threads. */
#include "base/context.h"
#include "base/pool.h"

#include <autodidact/scores.h>
#include <math.h>
#include <string.h>

enum { ROWS = 8, BLOCK = 512 };

typedef struct side {
    const float *rows; /* [count, width] */
    float *columns;    /* [width, padded]: the same turned, so that a loop goes over rows */
    float *radius;     /* [count]: squared, to the k-th neighbour */
    int64_t count, padded;
} side;

typedef struct comparison {
    const side *from, *to;
    int64_t width;
    int k;
    float *scratch; /* of each worker: [ROWS, to->padded] */
    void (*judge)(struct comparison *c, int64_t row, const float *distance); /* [to->count] */
    double *inside;     /* [from->count]: how many balls of `to` a row of `from` lies in */
    bool *found, *seen; /* [from->count]: it lies in one; its own ball holds one of `to` */
} comparison;

static void measure(const comparison *c, int64_t first, int64_t rows, float *distance)
{
    int64_t padded = c->to->padded;
    for (int64_t j = 0; j < padded; j += BLOCK) {
        for (int64_t r = 0; r < rows; ++r)
            memset(distance + r * padded + j, 0, BLOCK * sizeof *distance);
        for (int64_t f = 0; f < c->width; ++f) {
            const float *column = c->to->columns + f * padded + j;
            for (int64_t r = 0; r < rows; ++r) {
                float x = c->from->rows[(first + r) * c->width + f];
                float *sum = distance + r * padded + j;
                for (int i = 0; i < BLOCK; ++i) sum[i] += (x - column[i]) * (x - column[i]);
            }
        }
    }
}

static void task(void *user, int64_t index, int worker)
{
    comparison *c = user;
    float *distance = c->scratch + (int64_t)worker * ROWS * c->to->padded;
    int64_t first = index * ROWS, left = c->from->count - first, rows = left < ROWS ? left : ROWS;
    measure(c, first, rows, distance);
    for (int64_t r = 0; r < rows; ++r) c->judge(c, first + r, distance + r * c->to->padded);
}

static ad_status compare(ad_context *ctx, comparison *c)
{
    ad_pool *pool = ad_context_pool(ctx);
    size_t bytes = ad_bytes(ad_pool_size(pool), (size_t)(ROWS * c->to->padded) * sizeof(float));
    if (!(c->scratch = ad_alloc(ctx, bytes)))
        return ad_fail(ctx, AD_ERROR_MEMORY, "no memory for distances");
    ad_parallel(pool, (c->from->count + ROWS - 1) / ROWS, task, c);
    ad_free(ctx, c->scratch, bytes);
    return AD_OK;
}

/* ---- what is asked of a row's distances ---- */

/* The k-th smallest but that to the row itself. */
static void find_radius(comparison *c, int64_t row, const float *distance)
{
    float nearest[AD_NEIGHBOURS_MOST];
    int have = 0;
    for (int64_t j = 0; j < c->to->count; ++j) {
        if (j == row || (have == c->k && !(distance[j] < nearest[have - 1]))) continue;
        int at = have < c->k ? have++ : have - 1;
        for (; at && nearest[at - 1] > distance[j]; --at) nearest[at] = nearest[at - 1];
        nearest[at] = distance[j];
    }
    c->from->radius[row] = nearest[c->k - 1];
}

static void find_balls(comparison *c, int64_t row, const float *distance)
{
    double inside = 0;
    bool seen = false;
    for (int64_t j = 0; j < c->to->count; ++j) {
        inside += distance[j] <= c->to->radius[j];
        seen |= distance[j] <= c->from->radius[row];
    }
    c->inside[row] = inside;
    c->found[row] = inside > 0, c->seen[row] = seen;
}

/* ---- the scores ---- */

static ad_status open_side(ad_context *ctx, side *s, const float *rows, int64_t count,
                           int64_t width)
{
    *s = (side){.rows = rows, .count = count, .padded = (count + BLOCK - 1) / BLOCK * BLOCK};
    s->columns = ad_zalloc(ctx, ad_bytes(s->padded * width, sizeof(float)));
    s->radius = ad_alloc(ctx, ad_bytes(count, sizeof(float)));
    if (!s->columns || !s->radius)
        return ad_fail(ctx, AD_ERROR_MEMORY, "no memory for %lld rows of features",
                       (long long)count);
    for (int64_t i = 0; i < count; ++i)
        for (int64_t f = 0; f < width; ++f) s->columns[f * s->padded + i] = rows[i * width + f];
    return AD_OK;
}

static void close_side(ad_context *ctx, side *s, int64_t width)
{
    ad_free(ctx, s->columns, ad_bytes(s->padded * width, sizeof(float)));
    ad_free(ctx, s->radius, ad_bytes(s->count, sizeof(float)));
}

/* Shares of `from`: in a ball of `to`; whose own ball holds one. And balls for each row. */
static ad_status count_balls(ad_context *ctx, const side *from, const side *to, int64_t width,
                             double *found, double *seen, double *balls)
{
    int64_t n = from->count;
    comparison c = {.from = from, .to = to, .width = width, .judge = find_balls};
    c.inside = ad_alloc(ctx, ad_bytes(n, sizeof *c.inside));
    c.found = ad_alloc(ctx, ad_bytes(n, sizeof *c.found));
    c.seen = ad_alloc(ctx, ad_bytes(n, sizeof *c.seen));
    ad_status status = c.inside && c.found && c.seen
                           ? compare(ctx, &c)
                           : ad_fail(ctx, AD_ERROR_MEMORY, "no memory for neighbours");
    *found = *seen = *balls = 0;
    for (int64_t i = 0; i < n && !status; ++i)
        *found += c.found[i], *seen += c.seen[i], *balls += c.inside[i];
    *found /= (double)n, *seen /= (double)n, *balls /= (double)n;
    ad_free(ctx, c.inside, ad_bytes(n, sizeof *c.inside));
    ad_free(ctx, c.found, ad_bytes(n, sizeof *c.found));
    ad_free(ctx, c.seen, ad_bytes(n, sizeof *c.seen));
    return status;
}

static bool all_finite(const float *x, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        if (!isfinite(x[i])) return false;
    return true;
}

ad_status ad_neighbour_scores(ad_context *ctx, const float *real, int64_t real_count,
                              const float *made, int64_t made_count, int64_t width, int k,
                              ad_neighbour_result *result)
{
    side r = {0}, m = {0};
    double unused, balls;
    if (k < 1 || k > AD_NEIGHBOURS_MOST || real_count <= k || made_count <= k || width < 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "k is %d, and may be 1 to %d and less than the rows, %lld and %lld", k,
                       AD_NEIGHBOURS_MOST, (long long)real_count, (long long)made_count);
    *result = (ad_neighbour_result){NAN, NAN, NAN, NAN};
    if (!all_finite(real, real_count * width) || !all_finite(made, made_count * width))
        return AD_OK;
    ad_status status = open_side(ctx, &r, real, real_count, width);
    if (!status) status = open_side(ctx, &m, made, made_count, width);
    side *const both[2] = {&r, &m};
    for (int i = 0; i < 2 && !status; ++i)
        status = compare(
            ctx, &(comparison){
                     .from = both[i], .to = both[i], .width = width, .k = k, .judge = find_radius});
    if (!status) status = count_balls(ctx, &m, &r, width, &result->precision, &unused, &balls);
    if (!status) result->density = balls / k;
    if (!status)
        status = count_balls(ctx, &r, &m, width, &result->recall, &result->coverage, &unused);
    close_side(ctx, &r, width), close_side(ctx, &m, width);
    return status;
}
