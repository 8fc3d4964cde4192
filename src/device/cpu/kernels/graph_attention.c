/* graph_attention.c - graph attention: a task is a run of rows, taken in chunks of some entries:
 * first the exponents of all of them, each row's largest taken off, then e to that over the whole
 * chunk in full vectors, then row by row the weights and the weighted sums of the neighbours' rows.
 */
#include "device/cpu/kernels/graph_attention.h"

enum { CHUNK = 256 }; /* entries, about */

/* Floats of `weights` for each worker. */
static int64_t worker_floats(const graph_attention *a)
{
    return (CHUNK + a->entries) * a->heads;
}

/* The score of an edge before leaky ReLU, n heads from h on. A source that is not there adds 0. */
static inline vf edge_score(const graph_attention *a, vf target, int64_t e, int64_t h, int64_t n)
{
    int64_t c = a->column[e];
    if (!inside(c, a->nodes)) return target;
    return vf_add(target, vf_load_n(a->scores + (2 * c + 1) * a->heads + h, n));
}

static inline vf leaky(vf z, vf slope)
{
    return vf_select(vf_lt(vf_zero(), z), z, vf_mul(z, slope));
}

/* The exponents of a row's entries. How many. */
static int64_t row_exponents(const graph_attention *a, int64_t r, float *to)
{
    int64_t begin, end = segment(a->row_start, r, a->entries, &begin);
    vf slope = vf_set1(a->slope);
    for (int64_t h = 0; h < a->heads; h += AD_VF) {
        int64_t n = least(AD_VF, a->heads - h);
        vf target = vf_load_n(a->scores + 2 * r * a->heads + h, n), top = vf_set1(-INFINITY);
        for (int64_t e = begin; e < end; ++e)
            top = vf_max(leaky(edge_score(a, target, e, h, n), slope), top);
        for (int64_t e = begin; e < end; ++e) {
            vf score = leaky(edge_score(a, target, e, h, n), slope);
            vf_store_n(to + (e - begin) * a->heads + h, vf_sub(score, top), n);
        }
    }
    return end - begin;
}

/* e^w for the flat run of n. */
static void exp_run(float *w, int64_t n)
{
    int64_t i = 0;
    for (; i + AD_VF <= n; i += AD_VF) vf_store(w + i, vf_exp(vf_load(w + i)));
    if (i < n) vf_store_n(w + i, vf_exp(vf_load_n(w + i, n - i)), n - i);
}

/* `weight` holds e to the exponents of the row. */
static inline void row_folded(const graph_attention *a, int64_t r, const float *weight, int vectors)
{
    int64_t begin, end = segment(a->row_start, r, a->entries, &begin), heads = a->heads;
    vf acc[BLOCK], sum = vf_zero(), zero = vf_zero();
    vf target = vf_load_n(a->scores + 2 * r * heads, heads);
    for (int k = 0; k < vectors; ++k) acc[k] = zero;
    for (int64_t i = 0; i < end - begin; ++i)
        sum = vf_add(sum, vf_load_n(weight + i * heads, heads));
    vf inverse = vf_div(vf_set1(1), sum);
    for (int64_t e = begin; e < end; ++e) {
        int64_t c = a->column[e];
        vf w = vf_mul(vf_load_n(weight + (e - begin) * heads, heads), inverse);
        vm above = vf_lt(zero, edge_score(a, target, e, 0, heads));
        vf_store_n(a->alpha + e * heads, vf_select(above, w, vf_neg(w)), heads);
        if (!inside(c, a->nodes)) continue;
        if (a->mask) w = vf_mul(w, vf_load_n(a->mask + e * heads, heads));
        const float *from = a->x + c * a->size;
        for (int k = 0; k < vectors; ++k)
            acc[k] = vf_fma(vf_permute(w, a->head[k]), load_row(a, from, vectors, k), acc[k]);
    }
    for (int k = 0; k < vectors; ++k) store_row(a, a->y + r * a->size, vectors, k, acc[k]);
}

/* The same for rows of any size, head by head. */
static void row_any(const graph_attention *a, int64_t r, const float *weight)
{
    int64_t begin, end = segment(a->row_start, r, a->entries, &begin), heads = a->heads;
    for (int64_t h = 0; h < heads; ++h) {
        float sum = 0, *to = a->y + r * a->size + h * a->width;
        float target = a->scores[2 * r * heads + h];
        memset(to, 0, (size_t)a->width * sizeof *to);
        for (int64_t i = 0; i < end - begin; ++i) sum += weight[i * heads + h];
        for (int64_t e = begin; e < end; ++e) {
            int64_t c = a->column[e];
            bool there = inside(c, a->nodes);
            float w = weight[(e - begin) * heads + h] * (1 / sum);
            float z = target + (there ? a->scores[(2 * c + 1) * heads + h] : 0);
            a->alpha[e * heads + h] = z > 0 ? w : -w;
            if (!there) continue;
            if (a->mask) w *= a->mask[e * heads + h];
            add_scaled(to, w, a->x + c * a->size + h * a->width, a->width);
        }
    }
}

static void rows_task(void *user, int64_t task, int worker)
{
    const graph_attention *a = user;
    int64_t last = least((task + 1) * a->per_task, a->nodes), next, begin;
    float *weights = a->weights + worker * worker_floats(a);
    for (int64_t first = task * a->per_task; first < last; first = next) {
        int64_t count = 0;
        for (next = first; next < last && count < CHUNK; ++next)
            count += row_exponents(a, next, weights + count * a->heads);
        exp_run(weights, count * a->heads);
        const float *weight = weights;
        for (int64_t r = first; r < next; ++r) {
            switch (a->vectors) { /* so that the loops are unrolled */
            case 0: row_any(a, r, weight); break;
            case 1: row_folded(a, r, weight, 1); break;
            case 2: row_folded(a, r, weight, 2); break;
            case 4: row_folded(a, r, weight, 4); break;
            default: row_folded(a, r, weight, a->vectors);
            }
            int64_t end = segment(a->row_start, r, a->entries, &begin);
            weight += (end - begin) * a->heads;
        }
    }
}

/* Weights of entries that no row has are 0. */
static void clear_rest(const graph_attention *a)
{
    int64_t reached = 0;
    for (int64_t r = 0; r <= a->nodes; ++r) {
        if (a->row_start[r] < reached || (r == 0 && a->row_start[0] > 0)) {
            reached = 0;
            break;
        }
        reached = least(a->row_start[r], a->entries);
    }
    memset(a->alpha + reached * a->heads, 0,
           (size_t)((a->entries - reached) * a->heads) * sizeof(float));
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    graph_attention a;
    if (!graph_attention_prepare(&a, problem)) return -1;
    return graph_attention_seconds(&a, machine, 1);
}

static size_t workspace(const ad_problem *problem)
{
    graph_attention a;
    graph_attention_prepare(&a, problem);
    return ad_bytes(problem->threads, (size_t)worker_floats(&a) * sizeof(float));
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    graph_attention a;
    graph_attention_prepare(&a, problem);
    graph_attention_bind(&a, args, problem->n_in > 7);
    a.y = args->out[0], a.alpha = a.y + a.nodes * a.size, a.weights = args->workspace;
    clear_rest(&a);
    bool alone = ad_pool_size(args->pool) > problem->threads; /* `weights` is for so many */
    over_nodes(&a, alone ? NULL : args->pool, 1, rows_task);
}

const ad_solver AD_ISA_NAME(ad_solver_graph_attention) = {.name = "graph attention",
                                                          .op = AD_OP_GRAPH_ATTENTION,
                                                          .bid = bid,
                                                          .workspace = workspace,
                                                          .run = run};
