/* attention_grad.c - the gradient of attention, after FlashAttention-2 (Dao 2023): the weights are
 * made again, block by block, from scores and the rows' log-sum-exp. With p those weights, o the
 * result and d = sum(o g) of a row:
 *     dv = p^T g,  ds = p (g v^T - d),  dq = scale ds k,  dk = scale ds^T q
 *
 * A task is one head of keys and values with all query heads that it serves: it goes over the
 * blocks of keys and, for each, over the blocks of queries that see it, so every sum has a fixed
 * order. */
#include "device/cpu/kernels/attention.h"

#define SERIAL 2e5 /* multiply-adds; below, waking the pool costs more than it brings */

/* In the worker's scratch. `dq` and `d` are of all queries that the task is about. */
typedef struct work {
    float *q, *g, *k, *v; /* blocks in panels; q scaled */
    float *kt, *vt;       /* the same transposed */
    float *dk, *dv;
    float *p, *ds; /* [BLOCK][BLOCK] */
    float *dq;     /* [group][blocks of queries], each in panels */
    float *d;      /* [group][blocks of queries][BLOCK] */
} work;

static int64_t query_blocks(const attention *a)
{
    return up(a->time, BLOCK) / BLOCK;
}

static int64_t layout(const attention *a, work *w, float *memory)
{
    int64_t at = 0, block = a->panels * NR * BLOCK, queries = a->group * query_blocks(a);
    const struct {
        float **to;
        int64_t size;
    } parts[] = {{&w->q, block},
                 {&w->g, block},
                 {&w->k, block},
                 {&w->v, block},
                 {&w->kt, block},
                 {&w->vt, block},
                 {&w->dk, block},
                 {&w->dv, block},
                 {&w->p, BLOCK * BLOCK},
                 {&w->ds, BLOCK * BLOCK},
                 {&w->dq, queries * block},
                 {&w->d, queries * BLOCK}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i) {
        if (memory) *parts[i].to = memory + at;
        at += parts[i].size;
    }
    return at * (int64_t)sizeof(float);
}

/* p = e^(s - row), ds = p (dp - d) over the first n of BLOCK; zeros beyond. */
static inline void weigh(float *p, float *ds, int64_t n, float row, float d)
{
    vf shift = vf_set1(row), mean = vf_set1(d);
    for (int64_t i = 0; i < BLOCK; i += AD_VF) {
        vf e = vf_zero(), s = vf_zero();
        if (i < n) {
            e = vf_exp(vf_sub(vf_load(p + i), shift));
            s = vf_mul(e, vf_sub(vf_load(ds + i), mean));
        }
        if (i < n && n - i < AD_VF) {
            vm first = vm_first(n - i);
            e = vf_select(first, e, vf_zero()), s = vf_select(first, s, vf_zero());
        }
        vf_store(p + i, e), vf_store(ds + i, s);
    }
}

/* One block of queries against the block of keys that is in `w`. */
static void block_pair(const attention *a, const work *w, int64_t batch, int64_t head,
                       int64_t query, int64_t key, int64_t count, float *dq, const float *d)
{
    int64_t rows = least(BLOCK, a->time - query), stride = a->n_heads * a->dim;
    const float *lse = a->rows + (batch * a->n_heads + head) * a->row_room + query;
    copy_rows(a, row_of(&a->q, batch, query, head), a->q.time, rows, a->scale, w->q, BLOCK);
    copy_rows(a, a->g + ((batch * a->time + query) * a->n_heads + head) * a->dim, stride, rows, 1,
              w->g, BLOCK);
    for (int64_t r = 0; r < rows; r += MR) {
        float *p = w->p + r * BLOCK, *ds = w->ds + r * BLOCK;
        int64_t widest = seen(a, query + least(r + MR, rows) - 1, key, count);
        if (widest) {
            scores(a, w->q + r * NR, BLOCK, w->kt, widest, p);
            scores(a, w->g + r * NR, BLOCK, w->vt, widest, ds);
        }
        for (int64_t i = 0; i < MR; ++i) {
            int64_t n = r + i < rows ? seen(a, query + r + i, key, count) : 0;
            float row = n ? lse[r + i] : 0, mean = n ? d[r + i] : 0;
            weigh(p + i * BLOCK, ds + i * BLOCK, n, row, mean);
        }
        if (widest) combine(a, ds, widest, w->k, dq + r * NR, BLOCK);
    }
    for (int64_t r = 0; r < count; r += MR) {
        int64_t first = a->causal ? most(0, key + r - a->offset - query) : 0;
        combine_transposed(a, w->p, r, first, rows, w->g, w->dv);
        combine_transposed(a, w->ds, r, first, rows, w->q, w->dk);
    }
}

/* d = sum(o g) for each query of the task. */
static void row_means(const attention *a, int64_t batch, int64_t head, float *d)
{
    for (int64_t t = 0; t < a->time; ++t) {
        int64_t at = ((batch * a->time + t) * a->n_heads + head) * a->dim, i = 0;
        const float *o = a->o.data + at, *g = a->g + at;
        vf sum = vf_zero();
        for (; i + AD_VF <= a->dim; i += AD_VF) sum = vf_fma(vf_load(o + i), vf_load(g + i), sum);
        if (i < a->dim)
            sum = vf_fma(vf_load_n(o + i, a->dim - i), vf_load_n(g + i, a->dim - i), sum);
        d[t] = vf_sum(sum);
    }
}

static void write_rows(const attention *a, const float *panels, int64_t rows, float factor,
                       const heads *to, int64_t batch, int64_t time, int64_t head)
{
    for (int64_t r = 0; r < rows; ++r)
        write_row(a, panels + r * NR, BLOCK, factor, (float *)row_of(to, batch, time + r, head));
}

/* One head of keys and values with the query heads that it serves. */
static void some_heads(const attention *a, int64_t batch, int64_t kv, int worker)
{
    int64_t head = kv * a->group;
    int64_t blocks = query_blocks(a), size = a->panels * NR * BLOCK;
    work w;
    layout(a, &w, (float *)(void *)(a->scratch + worker * a->scratch_bytes));
    memset(w.dq, 0, (size_t)(a->group * blocks * size) * sizeof(float));
    for (int64_t h = 0; h < a->group; ++h) row_means(a, batch, head + h, w.d + h * blocks * BLOCK);
    for (int64_t key = 0; key < a->keys; key += BLOCK) {
        int64_t count = least(BLOCK, a->keys - key);
        const float *k = row_of(&a->k, batch, key, kv), *v = row_of(&a->v, batch, key, kv);
        copy_rows(a, k, a->k.time, count, 1, w.k, BLOCK);
        transpose_rows(a, k, a->k.time, count, w.kt);
        transpose_rows(a, v, a->v.time, count, w.vt);
        memset(w.dk, 0, (size_t)size * sizeof(float));
        memset(w.dv, 0, (size_t)size * sizeof(float));
        int64_t first = a->causal ? most(0, key - a->offset) / BLOCK : 0;
        for (int64_t h = 0; h < a->group; ++h)
            for (int64_t i = first; i < blocks; ++i)
                block_pair(a, &w, batch, head + h, i * BLOCK, key, count,
                           w.dq + (h * blocks + i) * size, w.d + (h * blocks + i) * BLOCK);
        write_rows(a, w.dk, count, 1, &a->dk, batch, key, kv);
        write_rows(a, w.dv, count, 1, &a->dv, batch, key, kv);
    }
    for (int64_t h = 0; h < a->group; ++h)
        for (int64_t i = 0; i < blocks; ++i)
            write_rows(a, w.dq + (h * blocks + i) * size, least(BLOCK, a->time - i * BLOCK),
                       a->scale, &a->dq, batch, i * BLOCK, head + h);
}

static void kv_task(void *user, int64_t task, int worker)
{
    const attention *a = user;
    some_heads(a, task / a->kv_heads, task % a->kv_heads, worker);
}

static void sequence_task(void *user, int64_t task, int worker)
{
    const attention *all = user;
    attention a;
    if (one_sequence(all, task / all->kv_heads, &a)) some_heads(&a, 0, task % a.kv_heads, worker);
}

static bool prepare(attention *a, const ad_problem *problem)
{
    int operands = problem->n_in - 2;
    if (!attention_prepare(a, problem, 1, operands)) return false;
    if (!ad_operand_contiguous(&problem->in[0]) ||
        !ad_operand_contiguous(&problem->in[problem->n_in - 1]) ||
        !ad_operand_contiguous(&problem->out[0]))
        return false;
    a->scratch_bytes = up(layout(a, &(work){0}, NULL), 64);
    return true;
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    attention a;
    if (!prepare(&a, problem)) return -1;
    double flops = block_pairs(&a) * (10 * (double)a.dim + 60);
    return flops / machine->flops_f32 / machine->threads + machine->call;
}

static size_t workspace(const ad_problem *problem)
{
    attention a;
    prepare(&a, problem);
    return ad_bytes(problem->threads, (size_t)a.scratch_bytes);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    attention a;
    int operands = problem->n_in - 2;
    prepare(&a, problem);
    attention_bind(&a, args->in + 1, operands);
    a.scratch = args->workspace;
    a.g = args->in[0];
    a.o = (heads){args->in[problem->n_in - 1], 0, a.n_heads * a.dim, a.dim};
    a.rows = a.o.data + a.batches * a.time * a.n_heads * a.dim;
    float *out = args->out[0];
    if (operands == 1) {
        int64_t row = (a.n_heads + 2 * a.kv_heads) * a.dim;
        a.dq = (heads){out, a.time * row, row, a.dim}, a.dk = a.dv = a.dq;
        a.dk.data += a.n_heads * a.dim, a.dv.data = a.dk.data + a.kv_heads * a.dim;
    } else {
        int64_t row = a.n_heads * a.dim, kv_row = a.kv_heads * a.dim;
        a.dq = (heads){out, a.time * row, row, a.dim};
        a.dk = a.dv = (heads){out + a.batches * a.time * row, a.keys * kv_row, kv_row, a.dim};
        a.dv.data += a.batches * a.keys * kv_row;
    }
    bool alone = attention_pairs(&a) * (double)a.dim * 5 < SERIAL ||
                 ad_pool_size(args->pool) > problem->threads;
    if (operands > 3) {
        bind_sequences(&a, args->in + 4, operands - 3);
        size_t bytes = (size_t)((a.time * a.n_heads + 2 * a.keys * a.kv_heads) * a.dim) *
                       sizeof(float);
        if (!all_in_sequences(&a)) memset(out, 0, bytes);
        ad_parallel(alone ? NULL : args->pool, a.sequences * a.kv_heads, sequence_task, &a);
        return;
    }
    ad_parallel(alone ? NULL : args->pool, a.batches * a.kv_heads, kv_task, &a);
}

const ad_solver AD_ISA_NAME(ad_solver_attention_grad) = {.name = "attention gradient",
                                                         .op = AD_OP_ATTENTION_GRAD,
                                                         .bid = bid,
                                                         .workspace = workspace,
                                                         .run = run};
