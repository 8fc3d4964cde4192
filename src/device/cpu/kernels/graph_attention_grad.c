/* graph_attention_grad.c - the gradient of graph attention. With a the weights, m the mask, y the
 * result, z the scores and d = sum(g y) of a row and head:
 *     dx = (a m)^T g,  de = a (m <g, x> - d),  dz = de where z > 0, slope de elsewhere
 *
 * First d of each row. Then column by column, which reads the rows of g once for dx and for the
 * inner products; dz of each entry is left behind. Then row by row its sums. Each sum has one
 * owner, so its order is fixed and nothing is atomic.
 *
 * Folded rows of g and x are turned from [heads, width] to [width, heads]: an inner product of all
 * heads is then a sum of vectors, and a weight of each head needs to be spread once only. A row is
 * turned once, but read for every edge. */
#include "device/cpu/kernels/graph_attention.h"

/* Bits of the place in a row go round: [a, b] becomes [b, a] where b has 2^rounds places. */
static inline __attribute__((always_inline)) void turn_row(vf *row, int vectors, int64_t places)
{
    for (int64_t left = places; left > 1; left /= 2) {
        vf next[BLOCK];
        for (int k = 0; k < vectors / 2; ++k) {
            next[k] = vf_evens(row[2 * k], row[2 * k + 1]);
            next[k + vectors / 2] = vf_odds(row[2 * k], row[2 * k + 1]);
        }
        for (int k = 0; k < vectors; ++k) row[k] = next[k];
    }
}

static inline __attribute__((always_inline)) void turn(vf *row, int vectors, int64_t from_width,
                                                       int64_t to_width, vi lanes)
{
    if (vectors == AD_VF && from_width == AD_VF && to_width == AD_VF)
        vf_transpose(row);
    else if (vectors > 1 && to_width > 1)
        turn_row(row, vectors, from_width);
    else if (to_width > 1)
        row[0] = vf_permute(row[0], lanes);
}

/* ---- d of each row ---- */

static inline __attribute__((always_inline)) void
mean_folded(const graph_attention *a, int64_t r, int vectors, int64_t heads, int64_t width)
{
    int64_t size = heads * width;
    const float *y = a->of_y + r * size, *from = a->g + r * size;
    vf p[BLOCK] = {vf_zero()}, g[BLOCK];
    for (int k = 0; k < vectors; ++k) {
        g[k] = load_row(from, size, k);
        p[k] = vf_mul(load_row(y, size, k), g[k]);
    }
    store_heads(a->mean + r * heads, head_sums(p, vectors, width), heads);
    turn(g, vectors, width, heads, a->by_feature);
    for (int k = 0; k < vectors; ++k) store_row(a->turned + r * size, size, k, g[k]);
}

static void means_task(void *user, int64_t task, int worker)
{
    const graph_attention own = *(const graph_attention *)user, *a = &own;
    int64_t first = task * a->per_task, last = least(first + a->per_task, a->nodes);
    int64_t count = a->entries * a->heads, from = count * task / a->tasks;
    (void)worker;
    memset(a->dscore + from, 0, (size_t)(count * (task + 1) / a->tasks - from) * sizeof(float));
    for (int64_t r = first; r < last; ++r) {
        const float *y = a->of_y + r * a->size, *g = a->g + r * a->size;
        if (a->heads == 8 && a->width == 8 && AD_VF >= 8)
            mean_folded(a, r, BLOCK, 8, 8);
        else if (a->vectors && a->heads > 1)
            mean_folded(a, r, a->vectors, a->heads, a->width);
        else
            for (int64_t h = 0; h < a->heads; ++h)
                a->mean[r * a->heads + h] = vf_dot(y + h * a->width, g + h * a->width, a->width);
    }
}

/* ---- columns ---- */

/* The row of entry e, or -1 if one of them is not there. */
static inline int64_t row_of(const graph_attention *a, int64_t e)
{
    if (!inside(e, a->entries) || !inside(a->row[e], a->nodes)) return -1;
    return a->row[e];
}

/* What the entry AHEAD places further on will read: it may lie anywhere. */
static inline __attribute__((always_inline)) void fetch_ahead(const graph_attention *a, int64_t i,
                                                              int64_t size, int64_t heads)
{
    enum { AHEAD = 8, LINE = 16 /* floats */ };
    int64_t e = a->order[least(i + AHEAD, a->entries - 1)], r = row_of(a, e);
    if (r < 0) return;
    for (int64_t k = 0; k < size; k += LINE) __builtin_prefetch(a->turned + r * size + k);
    __builtin_prefetch(a->of_alpha + e * heads);
    __builtin_prefetch(a->dscore + e * heads);
    if (a->mask) __builtin_prefetch(a->mask + e * heads);
}

static inline __attribute__((always_inline)) void
column_folded(const graph_attention *a, int64_t c, int vectors, int64_t heads, int64_t width)
{
    int64_t begin, end = segment(a->column_start, c, a->entries, &begin), size = heads * width;
    vf x[BLOCK], acc[BLOCK], total = vf_zero(), zero = vf_zero(), slope = vf_set1(a->slope);
    for (int k = 0; k < vectors; ++k) x[k] = load_row(a->x + c * size, size, k), acc[k] = zero;
    turn(x, vectors, width, heads, a->by_feature);
    for (int64_t i = begin; i < end; ++i) {
        int64_t e = a->order[i], r = row_of(a, e);
        if (r < 0) continue;
        fetch_ahead(a, i, size, heads);
        vf g[BLOCK], sum = zero;
        for (int k = 0; k < vectors; ++k) {
            g[k] = load_row(a->turned + r * size, size, k);
            sum = k ? vf_fma(g[k], x[k], sum) : vf_mul(g[k], x[k]);
        }
        vf da = sum_heads(a, sum, heads), w = of_heads(a, a->of_alpha + e * heads, heads);
        vm above = vf_lt(zero, w);
        vf kept = w = vf_abs(w);
        if (a->mask) {
            vf m = of_heads(a, a->mask + e * heads, heads);
            da = vf_mul(da, m), kept = vf_mul(w, m);
        }
        for (int k = 0; k < vectors; ++k) acc[k] = vf_fma(kept, g[k], acc[k]);
        vf de = vf_mul(w, vf_sub(da, of_heads(a, a->mean + r * heads, heads)));
        vf dz = vf_select(above, de, vf_mul(de, slope));
        total = vf_add(total, dz);
        store_heads(a->dscore + e * heads, dz, heads);
    }
    store_heads(a->dscores + (2 * c + 1) * heads, total, heads);
    turn(acc, vectors, heads, width, a->by_head);
    for (int k = 0; k < vectors; ++k) store_row(a->dx + c * size, size, k, acc[k]);
}

/* One head: what there is one number of for an edge is no vector. */
static inline __attribute__((always_inline)) void column_of_one_head(const graph_attention *a,
                                                                     int64_t c, int vectors)
{
    int64_t begin, end = segment(a->column_start, c, a->entries, &begin), size = a->size;
    float total = 0, slope[2] = {a->slope, 1};
    vf x[BLOCK], acc[BLOCK];
    for (int k = 0; k < vectors; ++k) x[k] = load_row(a->x + c * size, size, k), acc[k] = vf_zero();
    for (int64_t i = begin; i < end; ++i) {
        int64_t e = a->order[i], r = row_of(a, e);
        if (r < 0) continue;
        vf g[BLOCK], sum = vf_zero();
        for (int k = 0; k < vectors; ++k) {
            g[k] = load_row(a->g + r * size, size, k);
            sum = k ? vf_fma(g[k], x[k], sum) : vf_mul(g[k], x[k]);
        }
        float alpha = a->of_alpha[e], w = fabsf(alpha), m = a->mask ? a->mask[e] : 1;
        for (int k = 0; k < vectors; ++k) acc[k] = vf_fma(vf_set1(w * m), g[k], acc[k]);
        float dz = w * (m * vf_sum(sum) - a->mean[r]) * slope[alpha > 0];
        total += dz;
        a->dscore[e] = dz;
    }
    a->dscores[2 * c + 1] = total;
    for (int k = 0; k < vectors; ++k) store_row(a->dx + c * size, size, k, acc[k]);
}

/* Rows of any size, head by head. */
static void column_any(const graph_attention *a, int64_t c)
{
    int64_t begin, end = segment(a->column_start, c, a->entries, &begin);
    int64_t heads = a->heads, width = a->width;
    for (int64_t h = 0; h < heads; ++h) {
        float total = 0, *dx = a->dx + c * a->size + h * width;
        memset(dx, 0, (size_t)width * sizeof *dx);
        for (int64_t i = begin; i < end; ++i) {
            int64_t e = a->order[i], r = row_of(a, e);
            if (r < 0) continue;
            const float *g = a->g + r * a->size + h * width;
            float alpha = a->of_alpha[e * heads + h], w = fabsf(alpha);
            float m = a->mask ? a->mask[e * heads + h] : 1;
            float da = m * vf_dot(g, a->x + c * a->size + h * width, width);
            float de = w * (da - a->mean[r * heads + h]), dz = alpha > 0 ? de : de * a->slope;
            add_scaled(dx, w * m, g, width);
            total += dz;
            a->dscore[e * heads + h] = dz;
        }
        a->dscores[(2 * c + 1) * heads + h] = total;
    }
}

static void columns_task(void *user, int64_t task, int worker)
{
    const graph_attention own = *(const graph_attention *)user, *a = &own;
    int64_t first = task * a->per_task, last = least(first + a->per_task, a->nodes);
    (void)worker;
    for (int64_t c = first; c < last; ++c) {
        if (!a->vectors)
            column_any(a, c);
        else if (a->heads == 1 && a->vectors == 1)
            column_of_one_head(a, c, 1);
        else if (a->heads == 1)
            column_of_one_head(a, c, a->vectors);
        else if (a->heads == 8 && a->width == 8 && AD_VF >= 8)
            column_folded(a, c, BLOCK, 8, 8);
        else
            column_folded(a, c, a->vectors, a->heads, a->width);
    }
}

/* ---- sums of dz over each row ---- */

/* dz of an edge from a node that is not there, which no column comes by: x is 0 there. */
static vf edge_from_nowhere(const graph_attention *a, int64_t r, int64_t e, int64_t h, int64_t n)
{
    vf w = vf_load_n(a->of_alpha + e * a->heads + h, n);
    vf de = vf_neg(vf_mul(vf_abs(w), vf_load_n(a->mean + r * a->heads + h, n)));
    return vf_select(vf_lt(vf_zero(), w), de, vf_mul(de, vf_set1(a->slope)));
}

static inline __attribute__((always_inline)) void row_sums(const graph_attention *a, int64_t r,
                                                           int64_t h, int64_t n)
{
    int64_t begin, end = segment(a->row_start, r, a->entries, &begin);
    vf sum = vf_zero();
    for (int64_t e = begin; e < end; ++e)
        sum = vf_add(sum, inside(a->column[e], a->nodes)
                              ? vf_load_n(a->dscore + e * a->heads + h, n)
                              : edge_from_nowhere(a, r, e, h, n));
    vf_store_n(a->dscores + 2 * r * a->heads + h, sum, n);
}

static void targets_task(void *user, int64_t task, int worker)
{
    const graph_attention own = *(const graph_attention *)user, *a = &own;
    int64_t first = task * a->per_task, last = least(first + a->per_task, a->nodes);
    (void)worker;
    for (int64_t r = first; r < last; ++r) {
        if (a->heads == 8 && AD_VF >= 8)
            row_sums(a, r, 0, 8);
        else if (a->heads == 1)
            row_sums(a, r, 0, 1);
        else
            for (int64_t h = 0; h < a->heads; h += AD_VF)
                row_sums(a, r, h, least(AD_VF, a->heads - h));
    }
}

/* ---- the solver ---- */

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    graph_attention a;
    if (!graph_attention_prepare(&a, problem)) return -1;
    return graph_attention_seconds(&a, machine, 157, 2);
}

static size_t workspace(const ad_problem *problem)
{
    graph_attention a;
    graph_attention_prepare(&a, problem);
    int64_t turned = a.vectors && a.heads > 1 ? a.nodes * a.size : 0;
    return (size_t)((a.entries + a.nodes) * a.heads + turned) * sizeof(float);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    graph_attention a;
    int y = problem->n_in - 2;
    graph_attention_prepare(&a, problem);
    graph_attention_bind(&a, args, y > 7);
    a.of_y = args->in[y], a.of_alpha = a.of_y + a.nodes * a.size, a.g = args->in[y + 1];
    a.dscore = args->workspace, a.mean = a.dscore + a.entries * a.heads;
    a.turned = a.mean + a.nodes * a.heads;
    a.dscores = args->out[0], a.dx = a.dscores + 2 * a.nodes * a.heads;
    over_nodes(&a, args->pool, 1, means_task);
    over_nodes(&a, args->pool, 2, columns_task);
    over_nodes(&a, args->pool, 1, targets_task);
}

const ad_solver AD_ISA_NAME(ad_solver_graph_attention_grad) = {.name = "graph attention gradient",
                                                               .op = AD_OP_GRAPH_ATTENTION_GRAD,
                                                               .bid = bid,
                                                               .workspace = workspace,
                                                               .run = run};
