/* layout_graph.c - places for the nodes of a graph by forces; see layout.h.
 *
 * All pairs repel each other by 1 / d (softened where they are near), by the method of t-SNE's
 * repulsion; springs pull neighbours together by `spring` * d. A node moves by the force on it over
 * what its springs would need, at most as far as is allowed, which falls from first to last. */
#include "draw/repulsion.h"

#include <autodidact/layout.h>
#include <math.h>

enum { STEPS = 600 };
static const float spring = 0.01f; /* two nodes by themselves rest about 10 apart */

static void pull(const int32_t *edges, int64_t count, const float *y, float *force)
{
    for (int64_t e = 0; e < count; ++e) {
        int64_t i = edges[2 * e], j = edges[2 * e + 1];
        float dx = spring * (y[2 * j] - y[2 * i]), dy = spring * (y[2 * j + 1] - y[2 * i + 1]);
        force[2 * i] += dx, force[2 * i + 1] += dy;
        force[2 * j] -= dx, force[2 * j + 1] -= dy;
    }
}

static void move(float *y, const float *force, const float *held, int64_t nodes, float longest)
{
    float middle[2] = {0, 0};
    for (int64_t i = 0; i < nodes; ++i) {
        float by = 0.5f / held[i], dx = by * force[2 * i], dy = by * force[2 * i + 1];
        float length = sqrtf(dx * dx + dy * dy), cut = length > longest ? longest / length : 1;
        y[2 * i] += cut * dx, y[2 * i + 1] += cut * dy;
        middle[0] += y[2 * i] / (float)nodes, middle[1] += y[2 * i + 1] / (float)nodes;
    }
    for (int64_t i = 0; i < 2 * nodes; ++i) y[i] -= middle[i % 2];
}

static void settle(ad_repulsion *r, const int32_t *edges, int64_t count, int64_t nodes, float *y,
                   float *force, const float *held, float reach)
{
    for (int step = 0; step < STEPS; ++step) {
        float left = (float)(STEPS - step) / STEPS;
        ad_repulsion_of(r, y, true, force);
        for (int64_t i = 0; i < 2 * nodes; ++i) force[i] = -force[i] - spring / 10 * y[i];
        pull(edges, count, y, force);
        move(y, force, held, nodes, 0.1f * reach * left * left);
    }
}

ad_status ad_layout_graph(ad_context *ctx, int64_t nodes, const int32_t *edges, int64_t count,
                          float *y)
{
    if (nodes < 1 || nodes > AD_LAYOUT_MOST)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "a layout of %lld nodes: 1 to %d", (long long)nodes,
                       AD_LAYOUT_MOST);
    for (int64_t e = 0; e < 2 * count; ++e)
        if (edges[e] < 0 || edges[e] >= nodes)
            return ad_fail(ctx, AD_ERROR_ARGUMENT, "edge %lld leads to node %d of %lld",
                           (long long)(e / 2), (int)edges[e], (long long)nodes);
    ad_repulsion *r = ad_repulsion_new(ctx, nodes);
    float *force = ad_alloc(ctx, ad_bytes(2 * nodes, sizeof *force));
    float *held = ad_alloc(ctx, ad_bytes(nodes, sizeof *held));
    bool whole = r && force && held;
    float reach = 10 * sqrtf((float)nodes);
    for (int64_t i = 0; i < nodes && whole; ++i) {
        held[i] = spring;
        for (int c = 0; c < 2; ++c)
            y[2 * i + c] = (float)(ad_random_unit(1, 1, (uint64_t)(2 * i + c)) - 0.5) * reach;
    }
    for (int64_t e = 0; e < 2 * count && whole; ++e) held[edges[e]] += spring;
    if (whole) settle(r, edges, count, nodes, y, force, held, reach);
    ad_repulsion_free(r);
    ad_free(ctx, force, ad_bytes(2 * nodes, sizeof *force));
    ad_free(ctx, held, ad_bytes(nodes, sizeof *held));
    return whole ? AD_OK : AD_ERROR_MEMORY;
}
