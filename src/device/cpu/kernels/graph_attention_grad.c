/* graph_attention_grad.c - the gradient of graph attention. With a the weights, m the mask, y the
 * result, z the scores and d = sum(g y) of a row and head:
 *     dx = (a m)^T g,  de = a (m <g, x> - d),  dz = de where z > 0, slope de elsewhere
 *
 * First d of each row. Then column by column, which reads the rows of g once for dx and for the
 * inner products; dz of each entry is left behind. Then row by row its sums. Each sum has one
 * owner, so its order is fixed and nothing is atomic. */
#include "device/cpu/kernels/graph_attention.h"

/* dz of an edge from a node that is not there, which no column comes by: x is 0 there. */
static void edge_from_nowhere(const graph_attention *a, int64_t r, int64_t e)
{
    for (int64_t h = 0; h < a->heads; ++h) {
        float alpha = a->of_alpha[e * a->heads + h];
        float de = -fabsf(alpha) * a->mean[r * a->heads + h];
        a->dscore[e * a->heads + h] = alpha > 0 ? de : de * a->slope;
    }
}

static void means_task(void *user, int64_t task, int worker)
{
    const graph_attention *a = user;
    int64_t first = task * a->per_task, last = least(first + a->per_task, a->nodes);
    int64_t heads = a->heads, width = a->width, begin;
    (void)worker;
    for (int64_t r = first; r < last; ++r) {
        const float *y = a->of_y + r * a->size, *g = a->g + r * a->size;
        if (a->vectors) {
            vf p[BLOCK] = {vf_zero()};
            for (int k = 0; k < a->vectors; ++k)
                p[k] = vf_mul(load_row(a, y, a->vectors, k), load_row(a, g, a->vectors, k));
            vf_store_n(a->mean + r * heads, head_sums(p, a->vectors, heads, width), heads);
        } else {
            for (int64_t h = 0; h < heads; ++h)
                a->mean[r * heads + h] = vf_dot(y + h * width, g + h * width, width);
        }
        int64_t end = segment(a->row_start, r, a->entries, &begin);
        memset(a->dscore + begin * heads, 0, (size_t)((end - begin) * heads) * sizeof(float));
        for (int64_t e = begin; e < end; ++e)
            if (!inside(a->column[e], a->nodes)) edge_from_nowhere(a, r, e);
    }
}

/* The row of entry e, or -1 if one of them is not there. */
static inline int64_t row_of(const graph_attention *a, int64_t e)
{
    if (!inside(e, a->entries) || !inside(a->row[e], a->nodes)) return -1;
    return a->row[e];
}

static inline __attribute__((always_inline)) void
column_folded(const graph_attention *a, int64_t c, int vectors, int64_t heads, int64_t width)
{
    int64_t begin, end = segment(a->column_start, c, a->entries, &begin);
    vf x[BLOCK], acc[BLOCK], total = vf_zero(), zero = vf_zero(), slope = vf_set1(a->slope);
    for (int k = 0; k < vectors; ++k)
        x[k] = load_row(a, a->x + c * a->size, vectors, k), acc[k] = zero;
    for (int64_t i = begin; i < end; ++i) {
        int64_t e = a->order[i], r = row_of(a, e);
        if (r < 0) continue;
        const float *from = a->g + r * a->size;
        vf g[BLOCK], p[BLOCK] = {zero};
        for (int k = 0; k < vectors; ++k)
            g[k] = load_row(a, from, vectors, k), p[k] = vf_mul(g[k], x[k]);
        vf da = head_sums(p, vectors, heads, width), w = vf_load_n(a->of_alpha + e * heads, heads);
        vm above = vf_lt(zero, w);
        vf kept = w = vf_abs(w);
        if (a->mask) {
            vf m = vf_load_n(a->mask + e * heads, heads);
            da = vf_mul(da, m), kept = vf_mul(w, m);
        }
        for (int k = 0; k < vectors; ++k)
            acc[k] = vf_fma(vf_permute(kept, a->head[k]), g[k], acc[k]);
        vf de = vf_mul(w, vf_sub(da, vf_load_n(a->mean + r * heads, heads)));
        vf dz = vf_select(above, de, vf_mul(de, slope));
        total = vf_add(total, dz);
        vf_store_n(a->dscore + e * heads, dz, heads);
    }
    vf_store_n(a->dscores + (2 * c + 1) * heads, total, heads);
    for (int k = 0; k < vectors; ++k) store_row(a, a->dx + c * a->size, vectors, k, acc[k]);
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
    const graph_attention *a = user;
    int64_t first = task * a->per_task, last = least(first + a->per_task, a->nodes);
    (void)worker;
    for (int64_t c = first; c < last; ++c) {
        if (!a->vectors)
            column_any(a, c);
        else if (a->heads == 1 && a->vectors == 1)
            column_folded(a, c, 1, 1, a->width);
        else if (a->heads == 8 && a->width == 8)
            column_folded(a, c, BLOCK, 8, 8);
        else
            column_folded(a, c, a->vectors, a->heads, a->width);
    }
}

/* Sums of dz over each row. */
static void targets_task(void *user, int64_t task, int worker)
{
    const graph_attention *a = user;
    int64_t first = task * a->per_task, last = least(first + a->per_task, a->nodes), begin;
    (void)worker;
    for (int64_t r = first; r < last; ++r) {
        int64_t end = segment(a->row_start, r, a->entries, &begin);
        for (int64_t h = 0; h < a->heads; h += AD_VF) {
            int64_t n = least(AD_VF, a->heads - h);
            vf sum = vf_zero();
            for (int64_t e = begin; e < end; ++e)
                sum = vf_add(sum, vf_load_n(a->dscore + e * a->heads + h, n));
            vf_store_n(a->dscores + 2 * r * a->heads + h, sum, n);
        }
    }
}

/* ---- the solver ---- */

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    graph_attention a;
    if (!graph_attention_prepare(&a, problem)) return -1;
    return graph_attention_seconds(&a, machine, 2);
}

static size_t workspace(const ad_problem *problem)
{
    graph_attention a;
    graph_attention_prepare(&a, problem);
    return (size_t)((a.entries + a.nodes) * a.heads) * sizeof(float);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    graph_attention a;
    int y = problem->n_in - 2;
    graph_attention_prepare(&a, problem);
    graph_attention_bind(&a, args, y > 7);
    a.of_y = args->in[y], a.of_alpha = a.of_y + a.nodes * a.size, a.g = args->in[y + 1];
    a.dscore = args->workspace, a.mean = a.dscore + a.entries * a.heads;
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
