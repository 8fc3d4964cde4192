/* graph_attention.c - graph attention: a task is a run of rows, taken in chunks of some entries.
 * Each step is done for the whole chunk, in memory that is near, before the next: so that loops are
 * short of branches, exponentials fill their vectors, and nothing is read right after it was
 * written in other pieces.
 */
#include "device/cpu/kernels/graph_attention.h"

enum { CHUNK = 256 }; /* entries, about */

/* Floats of a number for each entry and head of a chunk, and of `weights` for each worker. */
static int64_t chunk_floats(const graph_attention *a)
{
    return (CHUNK + a->entries) * a->heads + AD_VF;
}

static int64_t worker_floats(const graph_attention *a)
{
    return 2 * chunk_floats(a);
}

static inline vf leaky(vf z, vf slope)
{
    return vf_select(vf_lt(vf_zero(), z), z, vf_mul(z, slope));
}

/* ---- folded rows: numbers of each entry and head lie entry by entry ----
 *
 * What is read and what is written are apart. A store of some lanes holds up loads behind it until
 * it is through, as if it were of all lanes. */

/* What the sources add to the scores; one that is not there adds 0. */
static inline __attribute__((always_inline)) void
source_scores(const graph_attention *a, int64_t begin, int64_t end, float *w, int64_t heads)
{
    for (int64_t e = begin; e < end; ++e, w += heads) {
        int64_t c = a->column[e];
        if (inside(c, a->nodes))
            memcpy(w, a->scores + (2 * c + 1) * heads, (size_t)heads * sizeof *w);
        else
            memset(w, 0, (size_t)heads * sizeof *w);
    }
}

/* Full vectors from i on, or the last lanes: the rest of n. */
static inline vf load_run(const float *w, int64_t i, int64_t n)
{
    return n - i >= AD_VF ? vf_load(w + i) : vf_load_n(w + i, n - i);
}

static inline void store_run(float *w, int64_t i, int64_t n, vf v)
{
    if (n - i >= AD_VF)
        vf_store(w + i, v);
    else
        vf_store_n(w + i, v, n - i);
}

/* The n scores of a row -> exponents, less the largest of their head. The sign is free, as no
 * exponent is above 0: it is set where leaky ReLU's argument was above 0. */
static inline __attribute__((always_inline)) void row_exponents(const graph_attention *a, int64_t r,
                                                                const float *from, float *to,
                                                                int64_t n, int64_t heads)
{
    vf target = of_heads(a, a->scores + 2 * r * heads, heads), slope = vf_set1(a->slope);
    vf none = vf_set1(-INFINITY), top = none, zero = vf_zero();
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf score = leaky(vf_add(target, load_run(from, i, n)), slope);
        top = vf_max(n - i < AD_VF ? vf_select(vm_first(n - i), score, none) : score, top);
    }
    top = largest_of_heads(a, top, heads);
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf z = vf_add(target, load_run(from, i, n)), x = vf_abs(vf_sub(leaky(z, slope), top));
        store_run(to, i, n, vf_select(vf_lt(zero, z), vf_neg(x), x));
    }
}

/* e^-|w|, below 0 where w is above. */
static void exp_run(float *w, int64_t n)
{
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf x = load_run(w, i, n);
        store_run(w, i, n, vf_copysign(vf_exp(vf_neg(vf_abs(x))), vf_neg(x)));
    }
}

/* The weights of a row, with their signs, to alpha; and masked. */
static inline __attribute__((always_inline)) void row_weights(const graph_attention *a,
                                                              int64_t begin, const float *from,
                                                              float *to, int64_t n, int64_t heads)
{
    float *alpha = a->alpha + begin * heads;
    const float *mask = a->mask ? a->mask + begin * heads : NULL;
    vf sum = vf_zero();
    for (int64_t i = 0; i < n; i += AD_VF) sum = vf_add(sum, vf_abs(load_run(from, i, n)));
    vf inverse = vf_div(vf_set1(1), sum_heads(a, sum, heads));
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf x = vf_mul(load_run(from, i, n), inverse), kept = vf_abs(x);
        store_run(alpha, i, n, x);
        store_run(to, i, n, mask ? vf_mul(kept, load_run(mask, i, n)) : kept);
    }
}

static inline __attribute__((always_inline)) void row_sums(const graph_attention *a, int64_t r,
                                                           int64_t begin, int64_t end,
                                                           const float *w, int vectors,
                                                           int64_t heads, int64_t width)
{
    int64_t size = heads * width;
    vf acc[BLOCK];
    for (int k = 0; k < vectors; ++k) acc[k] = vf_zero();
    for (int64_t e = begin; e < end; ++e, w += heads) {
        int64_t c = a->column[e];
        if (!inside(c, a->nodes)) continue;
        const float *from = a->x + c * size;
        for (int k = 0; k < vectors; ++k) {
            vf weight = width % AD_VF == 0 || heads == 1 ? vf_set1(w[k * AD_VF / width])
                                                         : vf_permute(vf_load(w), a->head[k]);
            acc[k] = vf_fma(weight, load_row(from, size, k), acc[k]);
        }
    }
    for (int k = 0; k < vectors; ++k) store_row(a->y + r * size, size, k, acc[k]);
}

/* The rows from `first` on that have about CHUNK entries: where they end. */
static inline __attribute__((always_inline)) int64_t chunk_folded(const graph_attention *a,
                                                                  int64_t first, int64_t last,
                                                                  float *w, int vectors,
                                                                  int64_t heads, int64_t width)
{
    float *other = w + chunk_floats(a);
    int64_t from, begin, end, to = segment(a->row_start, first, a->entries, &from), next;
    for (next = first + 1; next < last && to - from < CHUNK; ++next, to = end) {
        end = segment(a->row_start, next, a->entries, &begin);
        if (begin != to) break;
    }
    source_scores(a, from, to, w, heads);
    for (int64_t r = first; r < next; ++r) {
        end = segment(a->row_start, r, a->entries, &begin);
        int64_t at = (begin - from) * heads;
        row_exponents(a, r, w + at, other + at, (end - begin) * heads, heads);
    }
    exp_run(other, (to - from) * heads);
    for (int64_t r = first; r < next; ++r) {
        end = segment(a->row_start, r, a->entries, &begin);
        int64_t at = (begin - from) * heads;
        row_weights(a, begin, other + at, w + at, (end - begin) * heads, heads);
    }
    for (int64_t r = first; r < next; ++r) {
        end = segment(a->row_start, r, a->entries, &begin);
        row_sums(a, r, begin, end, w + (begin - from) * heads, vectors, heads, width);
    }
    return next;
}

/* ---- rows of any size, head by head ---- */

/* The score of an edge before leaky ReLU, n heads from h on. A source that is not there adds 0. */
static inline vf edge_score(const graph_attention *a, vf target, int64_t e, int64_t h, int64_t n)
{
    int64_t c = a->column[e];
    if (!inside(c, a->nodes)) return target;
    return vf_add(target, vf_load_n(a->scores + (2 * c + 1) * a->heads + h, n));
}

/* The exponents of a row's entries, e to them. How many. */
static int64_t row_any_exponents(const graph_attention *a, int64_t r, float *to)
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
            vf_store_n(to + (e - begin) * a->heads + h, vf_exp(vf_sub(score, top)), n);
        }
    }
    return end - begin;
}

/* `weight` holds e to the exponents of the row. */
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
    const graph_attention own = *(const graph_attention *)user, *a = &own;
    int64_t last = least((task + 1) * a->per_task, a->nodes), next;
    float *w = a->weights + worker * worker_floats(a);
    for (int64_t r = task * a->per_task; r < last; r = next)
        if (a->heads == 8 && a->width == 8 && AD_VF >= 8)
            next = chunk_folded(a, r, last, w, BLOCK, 8, 8);
        else if (a->heads == 1 && a->vectors == 1)
            next = chunk_folded(a, r, last, w, 1, 1, a->width);
        else if (a->vectors)
            next = chunk_folded(a, r, last, w, a->vectors, a->heads, a->width);
        else {
            row_any_exponents(a, r, w);
            row_any(a, r, w);
            next = r + 1;
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
    return graph_attention_seconds(&a, machine, 95 + 13 * (double)a.heads, 1);
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
