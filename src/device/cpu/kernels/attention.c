/* attention.c - attention forward, block by block with a running softmax (Milakov & Gimelshein
 * 2018; Dao et al. 2022, "FlashAttention"): a task is QUERIES queries of one head, and goes over
 * the keys once. The maximum and sum of a row so far are kept; when a block raises the maximum,
 * what was summed up before is scaled down. A few queries against many keys (a step with a cache)
 * are done row by row instead, in the order that keys and values lie in memory. */
#include "device/cpu/kernels/attention.h"

enum { QUERIES = 2 * BLOCK, FEW = 3 };
#define SERIAL 4e5 /* multiply-adds; below, waking the pool costs more than it brings */

/* Blocks of one task, in the worker's scratch. */
typedef struct work {
    float *q, *k, *v, *o; /* k transposed */
    float sum[QUERIES], top[QUERIES];
} work;

/* e^(x - shift) for the first n of BLOCK scores in place, the others 0; the sum. */
static inline float weigh(float *x, int64_t n, float shift)
{
    vf sum = vf_zero(), s = vf_set1(shift);
    for (int64_t i = 0; i < BLOCK; i += AD_VF) {
        vf e = vf_zero();
        if (i < n) e = vf_exp(vf_sub(vf_load(x + i), s));
        if (i < n && n - i < AD_VF) e = vf_select(vm_first(n - i), e, vf_zero());
        vf_store(x + i, e);
        sum = vf_add(sum, e);
    }
    return vf_sum(sum);
}

static inline float highest(const float *x, int64_t n, float least_)
{
    vf top = vf_set1(least_);
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf s = vf_load(x + i);
        if (n - i < AD_VF) s = vf_select(vm_first(n - i), s, top);
        top = vf_max(s, top);
    }
    return vf_largest(top);
}

/* MR queries from r on against a block of keys. */
static void rows_against(const attention *a, work *w, int64_t query, int64_t r, int64_t rows,
                         int64_t key, int64_t count)
{
    float s[MR * BLOCK];
    int64_t widest = seen(a, query + least(r + MR, rows) - 1, key, count);
    if (!widest) return;
    scores(a, w->q + r * NR, QUERIES, w->k, widest, s);
    for (int64_t i = 0; i < MR; ++i) {
        float *x = s + i * BLOCK;
        int64_t at = r + i, n = at < rows ? seen(a, query + at, key, count) : 0;
        if (!n) {
            memset(x, 0, BLOCK * sizeof *x);
            continue;
        }
        float before = w->top[at], top = highest(x, n, before);
        float sum = weigh(x, n, top), shrink = 1;
        w->top[at] = top;
        if (top != before && key > 0) { /* else there was nothing, or nothing changes */
            shrink = expf(before - top);
            vf f = vf_set1(shrink);
            for (int64_t c = 0; c < a->panels * NR; c += AD_VF) {
                float *o = w->o + (c / NR * QUERIES + at) * NR + c % NR;
                vf_store(o, vf_mul(vf_load(o), f));
            }
        }
        w->sum[at] = w->sum[at] * shrink + sum;
    }
    combine(a, s, widest, w->v, w->o + r * NR, QUERIES);
}

/* QUERIES queries of a head, or as many as there are. */
static void some_queries(const attention *a, int64_t batch, int64_t head, int64_t query, int worker)
{
    int64_t rows = least(QUERIES, a->time - query), size = panel_bytes(a, 1) / 4;
    work w;
    w.q = (float *)(void *)(a->scratch + worker * a->scratch_bytes);
    w.o = w.q + size * QUERIES, w.k = w.o + size * QUERIES, w.v = w.k + size * BLOCK;
    copy_rows(a, row_of(&a->q, batch, query, head), a->q.time, rows, a->scale, w.q, QUERIES);
    for (int64_t p = 0; p < a->panels; ++p)
        memset(w.o + p * QUERIES * NR, 0, (size_t)(up(rows, MR) * NR) * sizeof(float));
    for (int64_t r = 0; r < rows; ++r) w.top[r] = -INFINITY, w.sum[r] = 0;
    int64_t end = seen(a, query + rows - 1, 0, a->keys);
    for (int64_t key = 0; key < end; key += BLOCK) {
        int64_t count = least(BLOCK, a->keys - key), kv = head / a->group;
        transpose_rows(a, row_of(&a->k, batch, key, kv), a->k.time, count, w.k);
        copy_rows(a, row_of(&a->v, batch, key, kv), a->v.time, count, 1, w.v, BLOCK);
        for (int64_t r = 0; r < rows; r += MR) rows_against(a, &w, query, r, rows, key, count);
    }
    for (int64_t r = 0; r < rows; ++r) {
        write_row(a, w.o + r * NR, QUERIES, 1 / w.sum[r],
                  (float *)row_of(&a->o, batch, query + r, head));
        a->rows[(batch * a->n_heads + head) * a->row_room + query + r] = w.top[r] + logf(w.sum[r]);
    }
}

static void blocks_task(void *user, int64_t task, int worker)
{
    const attention *a = user;
    int64_t tiles = up(a->time, QUERIES) / QUERIES, row = task / tiles;
    some_queries(a, row / a->n_heads, row % a->n_heads, task % tiles * QUERIES, worker);
}

/* A head of one sequence. */
static void sequence_task(void *user, int64_t task, int worker)
{
    const attention *all = user;
    attention a;
    if (!one_sequence(all, task / all->n_heads, &a)) return;
    for (int64_t query = 0; query < a.time; query += QUERIES)
        some_queries(&a, 0, task % a.n_heads, query, worker);
}

/* ---- few queries ---- */

/* One query: its scores are kept, as there are but few such rows. */
static void row_task(void *user, int64_t task, int worker)
{
    const attention *a = user;
    int64_t query = task % a->time, head = task / a->time % a->n_heads;
    int64_t batch = task / a->time / a->n_heads, kv = head / a->group;
    float *s = (float *)(void *)(a->scratch + worker * a->scratch_bytes), top = -INFINITY, sum = 0;
    const float *q = row_of(&a->q, batch, query, head);
    float *o = (float *)row_of(&a->o, batch, query, head);
    int64_t n = seen(a, query, 0, a->keys);
    const float *k = row_of(&a->k, batch, 0, kv), *v = row_of(&a->v, batch, 0, kv);
    for (int64_t j = 0; j < n; ++j) s[j] = a->scale * vf_dot(q, k + j * a->k.time, a->dim);
    for (int64_t j = 0; j < n; j += BLOCK) top = highest(s + j, least(BLOCK, n - j), top);
    for (int64_t j = 0; j < n; j += BLOCK) sum += weigh(s + j, least(BLOCK, n - j), top);
    for (int64_t c = 0; c < a->dim; c += 4 * AD_VF) {
        vf acc[4] = {vf_zero(), vf_zero(), vf_zero(), vf_zero()};
        int64_t left = a->dim - c;
        for (int64_t j = 0; j < n; ++j) {
            const float *x = v + j * a->v.time + c;
            vf p = vf_set1(s[j]);
            if (left >= 4 * AD_VF) {
                for (int i = 0; i < 4; ++i) acc[i] = vf_fma(p, vf_load(x + i * AD_VF), acc[i]);
                continue;
            }
            for (int i = 0; i < 4 && i * AD_VF < left; ++i)
                acc[i] = vf_fma(p, vf_load_n(x + i * AD_VF, least(AD_VF, left - i * AD_VF)),
                                acc[i]);
        }
        vf f = vf_set1(1 / sum);
        for (int i = 0; i < 4 && i * AD_VF < left; ++i)
            vf_store_n(o + c + i * AD_VF, vf_mul(acc[i], f), least(AD_VF, left - i * AD_VF));
    }
    a->rows[(batch * a->n_heads + head) * a->time + query] = top + logf(sum);
}

/* ---- the solver ---- */

static bool few(const attention *a, const ad_problem *problem)
{
    bool ragged = ((const ad_attr_attention *)problem->attr)->ragged != 0;
    return !ragged && a->time <= FEW && a->keys > a->time;
}

static void scratch_size(attention *a, const ad_problem *problem)
{
    int64_t bytes = few(a, problem) ? up(a->keys, BLOCK) * (int64_t)sizeof(float)
                                    : 2 * panel_bytes(a, QUERIES) + 2 * panel_bytes(a, BLOCK);
    a->scratch_bytes = up(bytes, 64);
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    attention a;
    if (!attention_prepare(&a, problem, 0, problem->n_in)) return -1;
    double flops = block_pairs(&a) * (4 * (double)a.dim + 120);
    return flops / machine->flops_f32 / machine->threads + machine->call;
}

static size_t workspace(const ad_problem *problem)
{
    attention a;
    attention_prepare(&a, problem, 0, problem->n_in);
    scratch_size(&a, problem);
    return (size_t)problem->threads * (size_t)a.scratch_bytes;
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    attention a;
    attention_prepare(&a, problem, 0, problem->n_in);
    attention_bind(&a, args->in, problem->n_in);
    int64_t ragged = ((const ad_attr_attention *)problem->attr)->ragged;
    if (problem->n_in == 4 && !ragged) {
        int64_t offset = problem->in[3].dtype == AD_I64 ? *(const int64_t *)args->in[3]
                                                        : *(const int32_t *)args->in[3];
        a.offset = most(0, least(offset, a.keys));
    }
    scratch_size(&a, problem);
    a.scratch = args->workspace;
    float *out = args->out[0];
    a.o = (heads){out, a.time * a.n_heads * a.dim, a.n_heads * a.dim, a.dim};
    a.rows = out + a.batches * a.time * a.n_heads * a.dim;
    bool alone = attention_pairs(&a) * (double)a.dim * 2 < SERIAL ||
                 ad_pool_size(args->pool) > problem->threads;
    if (ragged) {
        bind_sequences(&a, args->in + 3, ragged);
        if (!all_in_sequences(&a)) memset(out, 0, (size_t)(a.time * a.n_heads * (a.dim + 1)) * 4);
        ad_parallel(alone ? NULL : args->pool, a.sequences * a.n_heads, sequence_task, &a);
        return;
    }
    int64_t tiles = few(&a, problem) ? a.time : up(a.time, QUERIES) / QUERIES;
    ad_parallel(alone ? NULL : args->pool, a.batches * a.n_heads * tiles,
                few(&a, problem) ? row_task : blocks_task, &a);
}

const ad_solver AD_ISA_NAME(ad_solver_attention) = {
    .name = "attention", .op = AD_OP_ATTENTION, .bid = bid, .workspace = workspace, .run = run};
