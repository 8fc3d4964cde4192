/* schedule.c - the order in which kernels run.
 *
 * A kernel runs after the writers of what it reads, and who reads the old value of a variable runs
 * before who writes the new one. Of the orders that leave this open two are tried: the recorded
 * one, and a greedy one that always takes the ready kernel which frees the most memory. The one
 * with the lower peak wins. */
#include "plan/emit.h"

#include <string.h>

typedef struct edges {
    int *pairs; /* from, to */
    int n, capacity;
} edges;

static bool add_edge(ad_plan *plan, edges *e, int from, int to)
{
    if (from == to) return true;
    if (e->n == e->capacity) {
        int capacity = e->capacity ? 2 * e->capacity : 256;
        int *grown = ad_arena_alloc(&plan->scratch, (size_t)capacity * 2 * sizeof(int));
        if (!grown) return false;
        if (e->n) memcpy(grown, e->pairs, (size_t)e->n * 2 * sizeof(int));
        e->pairs = grown, e->capacity = capacity;
    }
    e->pairs[2 * e->n] = from;
    e->pairs[2 * e->n++ + 1] = to;
    return true;
}

static bool after_writers(ad_plan *plan, edges *e, int value, int kernel)
{
    const ad_value *v = &plan->values[value];
    for (int i = 0; i < v->n_writers; ++i) {
        int writer = v->writers[i];
        bool done = writer < 0 ? after_writers(plan, e, ~writer, kernel)
                               : add_edge(plan, e, writer, kernel);
        if (!done) return false;
    }
    return true;
}

bool ad_variable_range(const ad_program *program, const ad_ref *ref, const ad_operand *operand,
                       ad_storage **storage, int64_t *begin, int64_t *end)
{
    const ad_buffer *buffer = &program->buffers[ref->buffer];
    if (buffer->place != AD_IN_VARIABLE) return false;
    ad_operand_span(operand, begin, end);
    *begin += ref->offset + (int64_t)buffer->offset;
    *end += ref->offset + (int64_t)buffer->offset;
    *storage = buffer->storage;
    return true;
}

/* Readers of the value that a variable has when the run starts, before its writers. */
static bool readers_before_writer(ad_plan *plan, edges *e, int writer, const ad_ref *ref,
                                  const ad_operand *operand)
{
    ad_storage *storage, *other;
    int64_t begin, end, from, to;
    if (!ad_variable_range(plan->program, ref, operand, &storage, &begin, &end)) return true;
    for (int k = 0; k < plan->n_kernels; ++k) {
        const ad_kernel *reader = plan->kernels[k];
        for (int i = 0; i < reader->problem.n_in; ++i) {
            if (!ad_kernel_reads(reader, i)) continue;
            int value = reader->in[i].value;
            if (value >= plan->n_nodes || plan->nodes[value]->op != AD_OP_VARIABLE) continue;
            if (!ad_variable_range(plan->program, &reader->in[i], &reader->problem.in[i], &other,
                                   &from, &to))
                continue;
            if (other == storage && from < end && begin < to && !add_edge(plan, e, k, writer))
                return false;
        }
    }
    return true;
}

static bool after_packing(ad_plan *plan, edges *e, int kernel)
{
    for (int k = 0; k < plan->n_kernels; ++k) {
        const ad_kernel *other = plan->kernels[k];
        if (other->packs && other->packed == plan->kernels[kernel]->packed)
            return add_edge(plan, e, k, kernel);
    }
    return true;
}

static bool find_edges(ad_plan *plan, edges *e)
{
    for (int k = 0; k < plan->n_kernels; ++k) {
        const ad_kernel *kernel = plan->kernels[k];
        if (kernel->packed >= 0 && !kernel->packs && !after_packing(plan, e, k)) return false;
        for (int i = 0; i < kernel->problem.n_in; ++i)
            if (ad_kernel_reads(kernel, i) && !after_writers(plan, e, kernel->in[i].value, k))
                return false;
        for (int o = 0; o < kernel->problem.n_out && ad_kernel_writes(kernel); ++o)
            if (!readers_before_writer(plan, e, k, &kernel->out[o], &kernel->problem.out[o]))
                return false;
    }
    return true;
}

typedef struct simulation {
    const ad_plan *plan;
    int *start, *next; /* successors of each kernel */
    int *waits;        /* predecessors that have not run */
    int *uses;         /* per buffer: kernels that still touch it */
    bool *live;
    int *ready, n_ready;
    size_t held, peak;
} simulation;

/* Calls for each arena buffer that a kernel touches, once per operand. */
static int buffers_of(const ad_kernel *kernel, int *buffers)
{
    int n = 0;
    for (int i = 0; i < kernel->problem.n_in; ++i)
        if (ad_kernel_reads(kernel, i)) buffers[n++] = kernel->in[i].buffer;
    for (int o = 0; o < kernel->problem.n_out && ad_kernel_writes(kernel); ++o)
        buffers[n++] = kernel->out[o].buffer;
    return n;
}

static bool in_arena(const ad_plan *plan, int buffer)
{
    return plan->program->buffers[buffer].place == AD_IN_ARENA;
}

/* Bytes that running it frees, less those it makes. */
static int64_t gain(const simulation *s, const ad_kernel *kernel)
{
    int buffers[AD_PROBLEM_INPUTS + AD_CHAIN_OUTPUTS], n = buffers_of(kernel, buffers);
    int64_t bytes = 0;
    for (int i = 0; i < n; ++i) {
        int b = buffers[i], here = 0;
        bool seen = false;
        for (int k = 0; k < n; ++k) here += buffers[k] == b, seen |= k < i && buffers[k] == b;
        if (seen || !in_arena(s->plan, b)) continue;
        const ad_buffer *buffer = &s->plan->program->buffers[b];
        if (!s->live[b]) bytes -= (int64_t)buffer->bytes;
        if (s->uses[b] == here && !buffer->result) bytes += (int64_t)buffer->bytes;
    }
    return bytes;
}

static void perform(simulation *s, int k)
{
    const ad_kernel *kernel = s->plan->kernels[k];
    int buffers[AD_PROBLEM_INPUTS + AD_CHAIN_OUTPUTS], n = buffers_of(kernel, buffers);
    for (int i = 0; i < n; ++i) {
        if (!in_arena(s->plan, buffers[i]) || s->live[buffers[i]]) continue;
        s->live[buffers[i]] = true;
        s->held += s->plan->program->buffers[buffers[i]].bytes;
    }
    if (s->held > s->peak) s->peak = s->held;
    for (int i = 0; i < n; ++i) {
        const ad_buffer *buffer = &s->plan->program->buffers[buffers[i]];
        if (--s->uses[buffers[i]] == 0 && in_arena(s->plan, buffers[i]) && !buffer->result)
            s->held -= buffer->bytes;
    }
    for (int i = s->start[k]; i < s->start[k + 1]; ++i)
        if (--s->waits[s->next[i]] == 0) s->ready[s->n_ready++] = s->next[i];
}

/* Between two ready kernels: prepare kernels, then the larger gain, then recorded order. */
static bool goes_first(const simulation *s, int a, int64_t gain_a, int b, int64_t gain_b)
{
    const ad_kernel *x = s->plan->kernels[s->ready[a]], *y = s->plan->kernels[s->ready[b]];
    if (x->prepares != y->prepares) return x->prepares;
    if (gain_a != gain_b) return gain_a > gain_b;
    if (x->order != y->order) return x->order < y->order;
    return s->ready[a] < s->ready[b];
}

/* Fills `order`; false: a circle. */
static bool simulate(simulation *s, const edges *e, bool greedy, int *order)
{
    const ad_plan *plan = s->plan;
    int n = plan->n_kernels;
    memset(s->waits, 0, (size_t)n * sizeof(int));
    memset(s->uses, 0, (size_t)plan->program->n_buffers * sizeof(int));
    memset(s->live, 0, (size_t)plan->program->n_buffers * sizeof(bool));
    s->held = s->peak = 0, s->n_ready = 0;
    for (int i = 0; i < e->n; ++i) ++s->waits[e->pairs[2 * i + 1]];
    for (int k = 0; k < n; ++k) {
        int buffers[AD_PROBLEM_INPUTS + AD_CHAIN_OUTPUTS],
            count = buffers_of(plan->kernels[k], buffers);
        for (int i = 0; i < count; ++i) ++s->uses[buffers[i]];
        if (!s->waits[k]) s->ready[s->n_ready++] = k;
    }
    for (int done = 0; done < n; ++done) {
        int best = -1;
        int64_t best_gain = 0;
        for (int r = 0; r < s->n_ready; ++r) {
            int64_t bytes = greedy ? gain(s, plan->kernels[s->ready[r]]) : 0;
            if (best < 0 || goes_first(s, r, bytes, best, best_gain)) best = r, best_gain = bytes;
        }
        if (best < 0) return false;
        order[done] = s->ready[best];
        s->ready[best] = s->ready[--s->n_ready];
        perform(s, order[done]);
    }
    return true;
}

static bool successors(ad_plan *plan, const edges *e, simulation *s)
{
    size_t n = (size_t)plan->n_kernels, buffers = (size_t)plan->program->n_buffers;
    s->start = ad_arena_alloc(&plan->scratch, (n + 2) * sizeof(int));
    s->next = ad_arena_alloc(&plan->scratch, ((size_t)e->n + 1) * sizeof(int));
    s->waits = ad_arena_alloc(&plan->scratch, (n + 1) * sizeof(int));
    s->ready = ad_arena_alloc(&plan->scratch, (n + 1) * sizeof(int));
    s->uses = ad_arena_alloc(&plan->scratch, (buffers + 1) * sizeof(int));
    s->live = ad_arena_alloc(&plan->scratch, buffers + 1);
    if (!s->start || !s->next || !s->waits || !s->ready || !s->uses || !s->live) return false;
    for (int i = 0; i < e->n; ++i) ++s->start[e->pairs[2 * i] + 2];
    for (size_t k = 0; k < n; ++k) s->start[k + 2] += s->start[k + 1];
    for (int i = 0; i < e->n; ++i) s->next[s->start[e->pairs[2 * i] + 1]++] = e->pairs[2 * i + 1];
    return true;
}

bool ad_plan_schedule(ad_plan *plan)
{
    int n = plan->n_kernels;
    edges e = {0};
    simulation s = {.plan = plan};
    int *recorded = ad_arena_alloc(&plan->scratch, (size_t)(n + 1) * sizeof(int));
    int *frugal = ad_arena_alloc(&plan->scratch, (size_t)(n + 1) * sizeof(int));
    ad_program *program = plan->program;
    program->kernels = ad_arena_alloc(plan->arena, (size_t)(n + 1) * sizeof *program->kernels);
    if (!recorded || !frugal || !program->kernels || !find_edges(plan, &e) ||
        !successors(plan, &e, &s))
        return false;
    if (!simulate(&s, &e, false, recorded)) {
        ad_fail(plan->ctx, AD_ERROR_UNSUPPORTED,
                "the program's kernels wait for each other in a circle");
        return false;
    }
    size_t recorded_peak = s.peak;
    simulate(&s, &e, true, frugal);
    const int *order = s.peak < recorded_peak ? frugal : recorded;
    for (int i = 0; i < n; ++i) program->kernels[i] = plan->kernels[order[i]];
    program->n_kernels = n;
    program->n_prepare = 0;
    while (program->n_prepare < n && program->kernels[program->n_prepare]->prepares)
        ++program->n_prepare;
    return true;
}
