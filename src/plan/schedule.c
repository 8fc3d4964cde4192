/* schedule.c - the order in which kernels run.
 *
 * Of the orders that the edges between kernels leave open (kernel_edges.c) three are tried: the
 * recorded one; a greedy one that always takes the ready kernel which frees the most memory; and
 * one that goes onward, which takes what frees memory at once and else what became ready last. So
 * what is made is soon used: where a discriminator reads real and made pictures, it goes forward
 * and backward through the ones before it looks at the others. The lowest peak wins, the first of
 * these orders where it is equal.
 *
 * What a ready kernel would free changes when another one makes the first use of one of its
 * buffers, and when it is left as the only one that uses a buffer; it is counted again just then,
 * and its place in the heap of ready kernels is mended. */
#include "plan/schedule.h"

#include <string.h>

typedef enum policy { RECORDED, GREEDY, ONWARD, POLICIES } policy;

typedef struct simulation {
    ad_plan *plan;
    policy by;
    int *start, *next;       /* what follows each kernel and value */
    int *waits;              /* what each still waits for; -1: a value that is complete */
    int *user_start, *users; /* per buffer: the kernels that touch it */
    int *uses, *left;        /* per buffer: operands that still touch it; kernels that do */
    bool *live;              /* per buffer: it has been made */
    int64_t *gain;           /* per kernel: bytes that running it frees, less those it makes */
    int *since;              /* per kernel: how many were done when it became ready */
    int *ready, n_ready;     /* a heap: the next kernel to run on top */
    int *place;              /* of each kernel in it, or -1 */
    int done;
    size_t held, peak;
} simulation;

/* The buffers that a kernel touches, once per operand. */
static int buffers_of(const ad_kernel *kernel, int *buffers)
{
    int n = 0;
    for (int i = 0; i < kernel->problem.n_in; ++i)
        if (ad_kernel_reads(kernel, i)) buffers[n++] = kernel->in[i].buffer;
    for (int o = 0; o < kernel->problem.n_out && ad_kernel_writes(kernel); ++o)
        buffers[n++] = kernel->out[o].buffer;
    return n;
}

/* Whether a buffer was named before in such a list. */
static bool repeated(const int *buffers, int i)
{
    for (int k = 0; k < i; ++k)
        if (buffers[k] == buffers[i]) return true;
    return false;
}

static bool in_arena(const simulation *s, int buffer)
{
    return s->plan->program->buffers[buffer].place == AD_IN_ARENA;
}

static int64_t gain_of(const simulation *s, int k)
{
    int buffers[AD_PROBLEM_INPUTS + AD_CHAIN_OUTPUTS], n = buffers_of(s->plan->kernels[k], buffers);
    int64_t bytes = 0;
    for (int i = 0; i < n; ++i) {
        const ad_buffer *buffer = &s->plan->program->buffers[buffers[i]];
        if (buffer->place != AD_IN_ARENA || repeated(buffers, i)) continue;
        if (!s->live[buffers[i]]) bytes -= (int64_t)buffer->bytes;
        if (s->left[buffers[i]] == 1 && !buffer->result) bytes += (int64_t)buffer->bytes;
    }
    return bytes;
}

/* ---- the heap of ready kernels ---- */

/* Prepare kernels, then the larger gain, then recorded order. Onward only gains count, not what
 * there is to lose, and it begins at the end: sums are kept with their later terms, so that those
 * wait for the earlier ones. */
static bool goes_first(const simulation *s, int a, int b)
{
    const ad_kernel *x = s->plan->kernels[a], *y = s->plan->kernels[b];
    bool onward = s->by == ONWARD && s->gain[a] < 0 && s->gain[b] < 0;
    if (x->prepares != y->prepares) return x->prepares;
    if (onward && s->since[a] != s->since[b]) return s->since[a] > s->since[b];
    if (!onward && s->gain[a] != s->gain[b]) return s->gain[a] > s->gain[b];
    if (x->order != y->order) return (x->order < y->order) != (s->by == ONWARD);
    return a < b;
}

static void put(simulation *s, int at, int kernel)
{
    s->ready[at] = kernel;
    s->place[kernel] = at;
}

/* Moves the kernel at a place up or down to where it belongs. */
static void mend(simulation *s, int at)
{
    int kernel = s->ready[at];
    for (; at > 0 && goes_first(s, kernel, s->ready[(at - 1) / 2]); at = (at - 1) / 2)
        put(s, at, s->ready[(at - 1) / 2]);
    for (int below; (below = 2 * at + 1) < s->n_ready; at = below) {
        if (below + 1 < s->n_ready && goes_first(s, s->ready[below + 1], s->ready[below])) ++below;
        if (!goes_first(s, s->ready[below], kernel)) break;
        put(s, at, s->ready[below]);
        ++s->plan->visits;
    }
    put(s, at, kernel);
}

static void add_ready(simulation *s, int kernel)
{
    s->gain[kernel] = s->by == RECORDED ? 0 : gain_of(s, kernel);
    s->since[kernel] = s->done;
    s->ready[s->n_ready] = kernel;
    mend(s, s->n_ready++);
}

static int take_first(simulation *s)
{
    int first = s->ready[0], last = s->ready[--s->n_ready];
    s->place[first] = -1;
    if (!s->n_ready) return first;
    s->ready[0] = last;
    mend(s, 0);
    return first;
}

static void count_again(simulation *s, int buffer)
{
    for (int u = s->user_start[buffer]; u < s->user_start[buffer + 1]; ++u) {
        int kernel = s->users[u];
        ++s->plan->visits;
        if (s->place[kernel] < 0) continue;
        s->gain[kernel] = gain_of(s, kernel);
        mend(s, s->place[kernel]);
    }
}

/* ---- one kernel after the other ---- */

/* What follows a kernel or a value waits for one thing less. */
static void release(simulation *s, int done)
{
    for (int i = s->start[done]; i < s->start[done + 1]; ++i) {
        int then = s->next[i];
        if (--s->waits[then]) continue;
        if (then < s->plan->n_kernels) {
            add_ready(s, then);
        } else {
            s->waits[then] = -1;
            release(s, then);
        }
    }
}

static void perform(simulation *s, int k)
{
    const ad_buffer *all = s->plan->program->buffers;
    int buffers[AD_PROBLEM_INPUTS + AD_CHAIN_OUTPUTS], n = buffers_of(s->plan->kernels[k], buffers);
    for (int i = 0; i < n; ++i) {
        int b = buffers[i];
        if (!in_arena(s, b) || s->live[b]) continue;
        s->live[b] = true;
        s->held += all[b].bytes;
        if (s->by != RECORDED) count_again(s, b);
    }
    if (s->held > s->peak) s->peak = s->held;
    for (int i = 0; i < n; ++i) {
        int b = buffers[i];
        if (--s->uses[b] == 0 && in_arena(s, b) && !all[b].result) s->held -= all[b].bytes;
        if (repeated(buffers, i)) continue;
        if (--s->left[b] == 1 && s->by != RECORDED && in_arena(s, b)) count_again(s, b);
    }
    release(s, k);
}

static void begin(simulation *s, const ad_edges *e, policy by)
{
    const ad_plan *plan = s->plan;
    int n = plan->n_kernels, nodes = n + plan->n_values;
    memset(s->waits, 0, (size_t)nodes * sizeof(int));
    memset(s->uses, 0, (size_t)plan->program->n_buffers * sizeof(int));
    memset(s->live, 0, (size_t)plan->program->n_buffers * sizeof(bool));
    s->by = by, s->held = s->peak = 0, s->n_ready = s->done = 0;
    for (int i = 0; i < e->n; ++i) ++s->waits[e->pairs[2 * i + 1]];
    for (int k = 0; k < n; ++k) {
        int buffers[AD_PROBLEM_INPUTS + AD_CHAIN_OUTPUTS],
            count = buffers_of(plan->kernels[k], buffers);
        for (int i = 0; i < count; ++i) ++s->uses[buffers[i]];
        s->place[k] = -1;
    }
    for (int b = 0; b < plan->program->n_buffers; ++b)
        s->left[b] = s->user_start[b + 1] - s->user_start[b];
    for (int k = 0; k < n; ++k)
        if (!s->waits[k]) add_ready(s, k);
    for (int v = n; v < nodes; ++v) {
        if (s->waits[v]) continue;
        s->waits[v] = -1;
        release(s, v);
    }
}

/* Fills `order`; false: a circle. */
static bool simulate(simulation *s, const ad_edges *e, policy by, int *order)
{
    begin(s, e, by);
    while (s->done < s->plan->n_kernels) {
        if (!s->n_ready) return false;
        int kernel = order[s->done++] = take_first(s);
        perform(s, kernel);
    }
    return true;
}

/* ---- what is prepared for all ---- */

static bool list_followers(simulation *s, const ad_edges *e)
{
    size_t n = (size_t)s->plan->n_kernels + (size_t)s->plan->n_values;
    s->start = ad_arena_alloc(&s->plan->scratch, (n + 2) * sizeof(int));
    s->next = ad_arena_alloc(&s->plan->scratch, ((size_t)e->n + 1) * sizeof(int));
    if (!s->start || !s->next) return false;
    for (int i = 0; i < e->n; ++i) ++s->start[e->pairs[2 * i] + 2];
    for (size_t k = 0; k < n; ++k) s->start[k + 2] += s->start[k + 1];
    for (int i = 0; i < e->n; ++i) s->next[s->start[e->pairs[2 * i] + 1]++] = e->pairs[2 * i + 1];
    return true;
}

static bool list_users(simulation *s)
{
    size_t n = (size_t)s->plan->program->n_buffers;
    int buffers[AD_PROBLEM_INPUTS + AD_CHAIN_OUTPUTS];
    s->user_start = ad_arena_alloc(&s->plan->scratch, (n + 2) * sizeof(int));
    if (!s->user_start) return false;
    for (int round = 0; round < 2; ++round) {
        for (int k = 0; k < s->plan->n_kernels; ++k) {
            int count = buffers_of(s->plan->kernels[k], buffers);
            for (int i = 0; i < count; ++i) {
                if (repeated(buffers, i)) continue;
                if (round == 0)
                    ++s->user_start[buffers[i] + 2];
                else
                    s->users[s->user_start[buffers[i] + 1]++] = k;
            }
        }
        if (round == 1) break;
        for (size_t b = 0; b < n; ++b) s->user_start[b + 2] += s->user_start[b + 1];
        s->users = ad_arena_alloc(&s->plan->scratch,
                                  ((size_t)s->user_start[n + 1] + 1) * sizeof(int));
        if (!s->users) return false;
    }
    return true;
}

static bool open_simulation(simulation *s, const ad_edges *e)
{
    ad_arena *scratch = &s->plan->scratch;
    size_t n = (size_t)s->plan->n_kernels + 1, values = (size_t)s->plan->n_values,
           buffers = (size_t)s->plan->program->n_buffers + 1;
    s->waits = ad_arena_alloc(scratch, (n + values) * sizeof(int));
    s->ready = ad_arena_alloc(scratch, n * sizeof(int));
    s->place = ad_arena_alloc(scratch, n * sizeof(int));
    s->gain = ad_arena_alloc(scratch, n * sizeof *s->gain);
    s->since = ad_arena_alloc(scratch, n * sizeof(int));
    s->uses = ad_arena_alloc(scratch, buffers * sizeof(int));
    s->left = ad_arena_alloc(scratch, buffers * sizeof(int));
    s->live = ad_arena_alloc(scratch, buffers);
    return s->waits && s->ready && s->place && s->gain && s->since && s->uses && s->left &&
           s->live && list_followers(s, e) && list_users(s);
}

bool ad_plan_schedule(ad_plan *plan)
{
    int n = plan->n_kernels;
    ad_edges e = {0};
    simulation s = {.plan = plan};
    int *order = ad_arena_alloc(&plan->scratch, (size_t)(n + 1) * sizeof(int));
    int *best = ad_arena_alloc(&plan->scratch, (size_t)(n + 1) * sizeof(int));
    ad_program *program = plan->program;
    program->kernels = ad_arena_alloc(plan->arena, (size_t)(n + 1) * sizeof *program->kernels);
    if (!order || !best || !program->kernels || !ad_kernel_edges(plan, &e) ||
        !open_simulation(&s, &e))
        return false;
    if (!simulate(&s, &e, RECORDED, best)) {
        ad_fail(plan->ctx, AD_ERROR_UNSUPPORTED,
                "the program's kernels depend on each other in a cycle");
        return false;
    }
    size_t peak = s.peak;
    for (policy by = RECORDED + 1; by < POLICIES; ++by) {
        simulate(&s, &e, by, order);
        if (s.peak >= peak) continue;
        peak = s.peak;
        memcpy(best, order, (size_t)n * sizeof *best);
    }
    for (int i = 0; i < n; ++i) program->kernels[i] = plan->kernels[best[i]];
    program->n_kernels = n;
    program->n_prepare = 0;
    while (program->n_prepare < n && program->kernels[program->n_prepare]->prepares)
        ++program->n_prepare;
    return true;
}
