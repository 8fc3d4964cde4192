/* tsne.c - t-distributed stochastic neighbour embedding (van der Maaten & Hinton 2008); see
 * layout.h.
 *
 * p_ij: Gaussian similarities of the NEIGHBOURS nearest, each point's width found by bisection so
 * that their perplexity is 30 (a third of fewer neighbours), made symmetric. q_ij = 1 / (1 + |y_i -
 * y_j|^2), over the sum of all. The gradient, 4 sum_j (p_ij - q_ij) (y_i - y_j) / (1 + |y_i -
 * y_j|^2), is followed with momentum and a gain for each coordinate, as the authors do. The sums
 * over q, which are over all pairs, take what is far away together (repulsion.c). */
#include "draw/repulsion.h"

#include <autodidact/layout.h>
#include <math.h>
#include <stdlib.h>

enum { NEIGHBOURS = 90, STEPS = 400, EXAGGERATED = 100, BISECTIONS = 50 };
static const double perplexity = 30;

typedef struct tsne {
    ad_context *ctx;
    int64_t count, near;                /* near: neighbours of each */
    float unit;                         /* what x is multiplied by, so that squares are finite */
    int32_t *who;                       /* [count, near] */
    float *p;                           /* [count, near]: of the pair, one way */
    float *y, *gradient, *speed, *gain; /* [count, 2] */
} tsne;

typedef struct neighbour {
    float distance; /* squared */
    int32_t who;
} neighbour;

/* No distance is NaN: values are finite, and in a unit in which their squares are, too. */
static int nearer(const void *a, const void *b)
{
    const neighbour *x = a, *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return (x->who > y->who) - (x->who < y->who);
}

/* The width of the Gaussian around a point, as 1 / (2 sigma^2), and its similarities. */
static void similarities(const neighbour *n, int64_t near, float *p)
{
    double beta = 1, low = 0, high = HUGE_VAL;
    double wanted = log(fmin(perplexity, fmax(1, (double)near / 3)));
    double scale = n[near / 3].distance > 0 ? n[near / 3].distance : 1;
    for (int step = 0; step < BISECTIONS; ++step) {
        double sum = 0, moment = 0;
        for (int64_t k = 0; k < near; ++k) {
            double e = exp(-beta * (n[k].distance - n[0].distance) / scale);
            p[k] = (float)e, sum += e, moment += e * (n[k].distance - n[0].distance) / scale;
        }
        double entropy = log(fmax(sum, 1e-300)) + beta * moment / sum;
        for (int64_t k = 0; k < near; ++k) p[k] = (float)(p[k] / sum);
        if (fabs(entropy - wanted) < 1e-4) break;
        if (entropy > wanted) {
            low = beta;
            beta = high < HUGE_VAL ? (low + high) / 2 : beta * 2;
        } else {
            high = beta;
            beta = (low + high) / 2;
        }
    }
}

/* Puts one into the heap of the `near` nearest, the farthest of which is heap[0]. */
static void keep_nearest(neighbour *heap, int64_t near, neighbour one)
{
    int64_t at = 0, child;
    if (nearer(&one, &heap[0]) >= 0) return;
    while ((child = 2 * at + 1) < near) {
        if (child + 1 < near && nearer(&heap[child + 1], &heap[child]) > 0) ++child;
        if (nearer(&heap[child], &one) <= 0) break;
        heap[at] = heap[child], at = child;
    }
    heap[at] = one;
}

static void find_neighbours(tsne *t, const float *x, int64_t width, neighbour *heap)
{
    for (int64_t i = 0; i < t->count; ++i) {
        for (int64_t k = 0; k < t->near; ++k) heap[k] = (neighbour){HUGE_VALF, INT32_MAX};
        for (int64_t j = 0; j < t->count; ++j) {
            const float *a = x + i * width, *b = x + j * width;
            float sum = 0;
            if (j == i) continue;
            for (int64_t c = 0; c < width; ++c) {
                float d = (a[c] - b[c]) * t->unit;
                sum += d * d;
            }
            keep_nearest(heap, t->near, (neighbour){sum, (int32_t)j});
        }
        qsort(heap, (size_t)t->near, sizeof *heap, nearer);
        similarities(heap, t->near, t->p + i * t->near);
        for (int64_t k = 0; k < t->near; ++k) t->who[i * t->near + k] = heap[k].who;
    }
}

static void attract(tsne *t, double total, float exaggeration)
{
    float share = exaggeration / (2 * (float)t->count); /* p_ij = (p_j|i + p_i|j) / 2n */
    for (int64_t i = 0; i < 2 * t->count; ++i) t->gradient[i] = (float)(t->gradient[i] / total);
    for (int64_t i = 0; i < t->count; ++i)
        for (int64_t k = 0; k < t->near; ++k) {
            int64_t j = t->who[i * t->near + k];
            float dx = t->y[2 * i] - t->y[2 * j], dy = t->y[2 * i + 1] - t->y[2 * j + 1];
            float pull = share * t->p[i * t->near + k] / (1 + dx * dx + dy * dy);
            t->gradient[2 * i] += pull * dx, t->gradient[2 * i + 1] += pull * dy;
            t->gradient[2 * j] -= pull * dx, t->gradient[2 * j + 1] -= pull * dy;
        }
}

static void move(tsne *t, int step)
{
    float rate = fmaxf((float)t->count / 12, 50), momentum = step < EXAGGERATED ? 0.5f : 0.8f;
    float middle[2] = {0, 0};
    for (int64_t i = 0; i < 2 * t->count; ++i) {
        bool same = (t->gradient[i] > 0) == (t->speed[i] > 0);
        t->gain[i] = fmaxf(same ? t->gain[i] * 0.8f : t->gain[i] + 0.2f, 0.01f);
        t->speed[i] = momentum * t->speed[i] - rate * t->gain[i] * 4 * t->gradient[i];
        t->y[i] += t->speed[i];
        middle[i % 2] += t->y[i] / (float)t->count;
    }
    for (int64_t i = 0; i < 2 * t->count; ++i) t->y[i] -= middle[i % 2];
}

static bool take_memory(tsne *t)
{
    int64_t pairs = t->count * (t->near > 0 ? t->near : 1), values = 2 * t->count + 1;
    t->who = ad_alloc(t->ctx, ad_bytes(pairs, sizeof *t->who));
    t->p = ad_alloc(t->ctx, ad_bytes(pairs, sizeof *t->p));
    t->gradient = ad_zalloc(t->ctx, ad_bytes(values, sizeof *t->gradient));
    t->speed = ad_zalloc(t->ctx, ad_bytes(values, sizeof *t->speed));
    t->gain = ad_alloc(t->ctx, ad_bytes(values, sizeof *t->gain));
    return t->who && t->p && t->gradient && t->speed && t->gain;
}

static void give_memory(tsne *t)
{
    int64_t pairs = t->count * (t->near > 0 ? t->near : 1), values = 2 * t->count + 1;
    ad_free(t->ctx, t->who, ad_bytes(pairs, sizeof *t->who));
    ad_free(t->ctx, t->p, ad_bytes(pairs, sizeof *t->p));
    ad_free(t->ctx, t->gradient, ad_bytes(values, sizeof *t->gradient));
    ad_free(t->ctx, t->speed, ad_bytes(values, sizeof *t->speed));
    ad_free(t->ctx, t->gain, ad_bytes(values, sizeof *t->gain));
}

static void follow(tsne *t, ad_repulsion *r)
{
    for (int step = 0; step < STEPS; ++step) {
        double total = ad_repulsion_of(r, t->y, false, t->gradient);
        attract(t, total, step < EXAGGERATED ? 12 : 1);
        move(t, step);
    }
}

/* A power of two, so that nothing is rounded. */
static ad_status find_unit(tsne *t, const float *x, int64_t values)
{
    float most = 0;
    for (int64_t i = 0; i < values; ++i) {
        if (!isfinite(x[i]))
            return ad_fail(t->ctx, AD_ERROR_NUMERIC, "t-SNE: value %lld is not finite",
                           (long long)i);
        most = fmaxf(most, fabsf(x[i]));
    }
    t->unit = most > 1e15f ? ldexpf(1, -ilogbf(most)) : 1;
    return AD_OK;
}

ad_status ad_tsne(ad_context *ctx, const float *x, int64_t count, int64_t width, float *y)
{
    tsne t = {.ctx = ctx,
              .count = count,
              .near = count - 1 < NEIGHBOURS ? count - 1 : NEIGHBOURS,
              .y = y};
    neighbour heap[NEIGHBOURS];
    if (count < 1 || count > AD_LAYOUT_MOST || width < 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "t-SNE of %lld points of %lld values: 1 to %d points of one value or more",
                       (long long)count, (long long)width, AD_LAYOUT_MOST);
    ad_status status = find_unit(&t, x, count * width);
    if (status) return status;
    ad_repulsion *r = ad_repulsion_new(ctx, count);
    if (!r || !take_memory(&t)) status = AD_ERROR_MEMORY;
    for (int64_t i = 0; !status && i < 2 * count; ++i) {
        y[i] = (float)(ad_random_unit(1, 0, (uint64_t)i) - 0.5) * 1e-2f;
        t.gain[i] = 1;
    }
    if (!status && t.near > 0) {
        find_neighbours(&t, x, width, heap);
        follow(&t, r);
    }
    ad_repulsion_free(r);
    give_memory(&t);
    return status;
}
