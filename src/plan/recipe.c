/* recipe.c - how each buffer is made again.
 *
 * By the kernel that made it, with the same solver on the same operands, so that the bits are the
 * same. A kernel with a chain of several results is cut down to what is wanted; where the others
 * are there, that may leave a few elementwise steps. What cannot be made again stays: results,
 * parts of a whole that is read before it is complete, values whose kernel nobody takes when it is
 * cut down. A variable that a kernel reads must not have been assigned in between (`fresh_until`).
 */
#include "plan/recompute.h"

#include <stdlib.h>
#include <string.h>

/* Brings the operands of a chain into a problem; the first of a contraction are there already. */
static void slice_operands(const ad_kernel *from, const ad_chain_slice *slice, ad_kernel *to)
{
    const ad_problem *p = &from->problem;
    bool behind = ad_problem_contracts(p), keeps = to->problem.op != AD_OP_CHAIN;
    for (int i = keeps ? 1 : 0; i < slice->chain.n_inputs; ++i) {
        int source = slice->source[i], at = to->problem.n_in++;
        int in = behind ? source + 1 : source; /* input 1 of an epilogue is in[2] */
        to->problem.in[at] = source < 0 ? p->out[~source] : p->in[in];
        to->in[at] = source < 0 ? from->out[~source] : from->in[in];
    }
    for (int o = 0; o < slice->chain.n_outputs; ++o) {
        to->problem.out[o] = p->out[slice->output[o]];
        to->out[o] = from->out[slice->output[o]];
    }
    to->problem.n_out = slice->chain.n_outputs;
}

/* Whether a solver takes the kernel; a contraction's must be the one that it had. */
static bool solve(const ad_plan *plan, ad_kernel *kernel)
{
    ad_problem *p = &kernel->problem;
    if (p->op != AD_OP_CHAIN) {
        ad_machine core = plan->device.machine;
        core.threads = 1, core.overhead = 0;
        return kernel->solver->bid(p, &core) >= 0;
    }
    ad_problem_merge_axes(p);
    kernel->seconds = ad_best_bid(plan, p, &kernel->solver);
    return kernel->seconds >= 0;
}

/* The kernel for some of its outputs; with `rest` from the others, without the operation in front
 * of the chain. *out NULL: it cannot be. False: memory was refused. */
static bool cut_down(const ad_plan *plan, const ad_kernel *kernel, unsigned outputs, bool rest,
                     const ad_kernel **out)
{
    const ad_problem *p = &kernel->problem;
    unsigned all = (1u << p->n_out) - 1;
    bool keeps = !rest && ad_problem_contracts(p);
    ad_chain_slice slice;
    if (!p->chain || (p->op != AD_OP_CHAIN && !ad_problem_contracts(p))) return true;
    if (!ad_chain_take(p->chain, outputs, rest ? all & ~outputs : 0, keeps, &slice)) return true;
    bool loads = false;
    for (int i = 0; i < slice.chain.n_inputs; ++i) {
        loads |= slice.source[i] < 0;
        if (rest && ad_problem_contracts(p) && slice.source[i] == 0)
            return true; /* the accumulator */
    }
    if (rest && !loads) return true;
    ad_kernel *made = ad_arena_alloc(plan->arena, sizeof *made);
    ad_chain *chain = ad_arena_alloc(plan->arena, sizeof *chain);
    if (!made || !chain) return false;
    *made = *kernel;
    *chain = slice.chain;
    made->covers = "", made->workspace = -1;
    made->problem.chain = chain;
    made->problem.n_in = keeps ? 2 : 0;
    if (!keeps) made->problem.op = AD_OP_CHAIN, made->problem.attr = NULL;
    slice_operands(kernel, &slice, made);
    bool plain = keeps && !chain->n_steps && chain->input[0] == chain->output[0];
    if (plain) made->problem.chain = NULL;
    if (!solve(plan, made)) return true;
    made->name = plan->program->buffers[made->out[0].buffer].name;
    made->flops = ad_problem_flops(&made->problem), made->bytes = ad_problem_bytes(&made->problem);
    *out = made;
    return true;
}

static unsigned outputs_in(const ad_kernel *kernel, int buffer)
{
    unsigned mask = 0;
    for (int o = 0; o < kernel->problem.n_out; ++o)
        mask |= (unsigned)(kernel->out[o].buffer == buffer) << o;
    return mask;
}

static bool make_recipe(ad_recompute *r, int buffer, int step, ad_recipe *recipe)
{
    const ad_kernel *kernel = r->kernels[step];
    unsigned mask = outputs_in(kernel, buffer), all = (1u << kernel->problem.n_out) - 1;
    *recipe = (ad_recipe){.step = step};
    if (kernel->prepares || kernel->packed >= 0) return true;
    if (mask == all) recipe->alone = kernel;
    if (kernel->problem.n_out == 1) return true;
    return (recipe->alone || cut_down(r->plan, kernel, mask, false, &recipe->alone)) &&
           cut_down(r->plan, kernel, mask, true, &recipe->rest);
}

/* ---- who touches what ---- */

static void add_use(ad_held *held, int step)
{
    if (!held->n_uses || held->use[held->n_uses - 1] != step) held->use[held->n_uses++] = step;
}

static void add_recipe(ad_held *held, int step)
{
    if (!held->n_recipes || held->recipe[held->n_recipes - 1].step != step)
        held->recipe[held->n_recipes++].step = step;
}

/* First only counts, at most, then lists. */
static void go_through(ad_recompute *r, bool lists)
{
    for (int s = 0; s < r->n_kernels; ++s) {
        const ad_kernel *kernel = r->kernels[s];
        for (int i = 0; i < kernel->problem.n_in; ++i) {
            ad_held *held = &r->held[kernel->in[i].buffer];
            if (!ad_kernel_reads(kernel, i)) continue;
            if (lists)
                add_use(held, s);
            else
                ++held->n_uses;
        }
        for (int o = 0; o < kernel->problem.n_out && ad_kernel_writes(kernel); ++o) {
            ad_held *held = &r->held[kernel->out[o].buffer];
            if (lists)
                add_use(held, s), add_recipe(held, s);
            else
                ++held->n_uses, ++held->n_recipes;
        }
    }
}

static void *room(ad_recompute *r, int n, size_t size)
{
    return ad_arena_alloc(&r->plan->scratch, (size_t)(n + 1) * size);
}

static bool list_uses(ad_recompute *r)
{
    const ad_buffer *buffers = r->plan->program->buffers;
    go_through(r, false);
    for (int b = 0; b < r->n_buffers; ++b) {
        ad_held *held = &r->held[b];
        held->bytes = buffers[b].place == AD_IN_ARENA ? ad_arena_bytes(buffers[b].bytes) : 0;
        held->use = room(r, held->n_uses + 1, sizeof(int));
        held->recipe = room(r, held->n_recipes, sizeof *held->recipe);
        if (!held->use || !held->recipe) return false;
        held->n_uses = held->n_recipes = 0;
    }
    go_through(r, true);
    for (int b = 0; b < r->n_buffers; ++b)
        if (buffers[b].result) add_use(&r->held[b], r->n_kernels);
    return true;
}

static bool reads_buffer(const ad_kernel *kernel, int buffer)
{
    for (int i = 0; i < kernel->problem.n_in; ++i)
        if (ad_kernel_reads(kernel, i) && kernel->in[i].buffer == buffer) return true;
    return false;
}

static int completed(const ad_held *held)
{
    return held->n_recipes ? held->recipe[held->n_recipes - 1].step : -1;
}

/* Whether it must stay: it cannot be made again, or is read before it is complete. */
static bool must_stay(const ad_recompute *r, int buffer)
{
    const ad_held *held = &r->held[buffer];
    if (r->plan->program->buffers[buffer].result || !held->n_recipes) return true;
    for (int i = 0; i < held->n_recipes; ++i)
        if (!held->recipe[i].alone) return true;
    for (int i = 0; i < held->n_uses && held->use[i] <= completed(held); ++i)
        if (reads_buffer(r->kernels[held->use[i]], buffer)) return true;
    return false;
}

static bool make_recipes(ad_recompute *r)
{
    for (int b = 0; b < r->n_buffers; ++b) {
        ad_held *held = &r->held[b];
        for (int i = 0; i < held->n_recipes && held->bytes; ++i)
            if (!make_recipe(r, b, held->recipe[i].step, &held->recipe[i])) return false;
        held->fixed = must_stay(r, b);
        if (!held->n_recipes) held->bytes = 0; /* it is never touched */
    }
    return true;
}

/* ---- what is made from what ---- */

typedef struct rank {
    int buffer, complete, output;
} rank;

static int earlier(const void *a, const void *b)
{
    const rank *x = a, *y = b;
    if (x->complete != y->complete) return x->complete < y->complete ? -1 : 1;
    if (x->output != y->output) return x->output < y->output ? -1 : 1;
    return (x->buffer > y->buffer) - (x->buffer < y->buffer);
}

/* The outputs of a chain are in the order in which they are made. */
static bool sort_buffers(ad_recompute *r)
{
    rank *ranks = room(r, r->n_buffers, sizeof *ranks);
    r->order = room(r, r->n_buffers, sizeof(int));
    if (!ranks || !r->order) return false;
    for (int b = 0; b < r->n_buffers; ++b) {
        const ad_held *held = &r->held[b];
        if (!held->bytes || !held->n_recipes) continue;
        const ad_kernel *kernel = r->kernels[completed(held)];
        rank *made = &ranks[r->n_order++];
        *made = (rank){.buffer = b, .complete = completed(held)};
        while (kernel->out[made->output].buffer != b) ++made->output;
    }
    qsort(ranks, (size_t)r->n_order, sizeof *ranks, earlier);
    for (int i = 0; i < r->n_order; ++i) {
        r->order[i] = ranks[i].buffer;
        r->held[ranks[i].buffer].rank = i;
    }
    return true;
}

static void add_reader(ad_recompute *r, const ad_kernel *kernel, int buffer, bool lists)
{
    for (int i = 0; kernel && i < kernel->problem.n_in; ++i) {
        ad_held *held = &r->held[kernel->in[i].buffer];
        if (!held->bytes) continue;
        if (lists) held->reader[held->n_readers] = buffer;
        ++held->n_readers;
    }
}

static void go_through_recipes(ad_recompute *r, bool lists)
{
    for (int b = 0; b < r->n_buffers; ++b) r->held[b].n_readers = 0;
    for (int b = 0; b < r->n_buffers; ++b) {
        const ad_held *held = &r->held[b];
        for (int i = 0; i < held->n_recipes && !held->fixed && held->bytes; ++i) {
            add_reader(r, held->recipe[i].alone, b, lists);
            add_reader(r, held->recipe[i].rest, b, lists);
        }
    }
}

static bool list_readers(ad_recompute *r)
{
    go_through_recipes(r, false);
    for (int b = 0; b < r->n_buffers; ++b) {
        r->held[b].reader = room(r, r->held[b].n_readers, sizeof(int));
        if (!r->held[b].reader) return false;
    }
    go_through_recipes(r, true);
    return true;
}

/* ---- variables that change on the way ---- */

/* What of variables the steps read and write. */
typedef struct touched {
    ad_spans reads, writes;
} touched;

static bool list_touched(ad_recompute *r, touched *t)
{
    ad_arena *scratch = &r->plan->scratch;
    *t = (touched){0};
    for (int s = 0; s < r->n_kernels; ++s) {
        const ad_kernel *kernel = r->kernels[s];
        for (int i = 0; i < kernel->problem.n_in; ++i)
            if (!ad_spans_add(&t->reads, scratch, ad_span_of_input(r->plan->program, kernel, i, s)))
                return false;
        for (int o = 0; o < kernel->problem.n_out && ad_kernel_writes(kernel); ++o)
            if (!ad_spans_add(&t->writes, scratch,
                              ad_span_of_output(r->plan->program, kernel, o, s)))
                return false;
    }
    return ad_spans_index(&t->reads, scratch) && ad_spans_index(&t->writes, scratch);
}

static bool find_changes(ad_recompute *r)
{
    touched t;
    r->fresh_until = room(r, r->n_kernels, sizeof(int));
    if (!r->fresh_until || !list_touched(r, &t)) return false;
    for (int s = 0; s < r->n_kernels; ++s) r->fresh_until[s] = AD_NEVER;
    for (int w = 0; w < t.writes.n; ++w) {
        int writer = t.writes.span[w].owner;
        for (int i = -1; (i = ad_spans_next(&t.reads, &t.writes.span[w], i)) >= 0;) {
            int reader = t.reads.span[i].owner;
            if (reader <= writer && writer < r->fresh_until[reader])
                r->fresh_until[reader] = writer;
        }
    }
    return true;
}

/* Whether a step after `s` touches this part of a variable. */
static bool touched_later(const ad_spans *spans, const ad_span *part, int s)
{
    for (int i = -1; (i = ad_spans_next(spans, part, i)) >= 0;)
        if (spans->span[i].owner > s) return true;
    return false;
}

/* Whether the kernel only assigns variables from what is outside the arena, and can do so after all
 * others: the state of random numbers moves on. */
static bool can_wait(const ad_recompute *r, const touched *t, int s)
{
    const ad_program *program = r->plan->program;
    const ad_kernel *kernel = r->kernels[s];
    for (int i = 0; i < kernel->problem.n_in; ++i)
        if (program->buffers[kernel->in[i].buffer].place == AD_IN_ARENA) return false;
    for (int o = 0; o < kernel->problem.n_out; ++o)
        if (program->buffers[kernel->out[o].buffer].place != AD_IN_VARIABLE) return false;
    for (int i = 0; i < kernel->problem.n_in; ++i) {
        ad_span read = ad_span_of_input(program, kernel, i, s);
        if (touched_later(&t->writes, &read, s)) return false;
    }
    for (int o = 0; o < kernel->problem.n_out && ad_kernel_writes(kernel); ++o) {
        ad_span written = ad_span_of_output(program, kernel, o, s);
        if (touched_later(&t->reads, &written, s)) return false;
    }
    return true;
}

/* Such kernels go to the end, so that what reads the old value can be made again until then. */
static bool put_off_assigns(ad_recompute *r)
{
    ad_kernel **order = room(r, r->n_kernels, sizeof *order);
    touched t;
    int n = 0;
    if (!order || !list_touched(r, &t)) return false;
    for (int waits = 0; waits < 2; ++waits)
        for (int s = 0; s < r->n_kernels; ++s)
            if (can_wait(r, &t, s) == (waits == 1)) order[n++] = r->kernels[s];
    r->kernels = order;
    return true;
}

/* What lies in a part of a buffer may be overwritten by the kernel that adds to it
 * (concat_homes.c). */
static void find_overwritten(ad_recompute *r)
{
    for (int s = 0; s < r->n_kernels; ++s)
        for (int i = 0; i < r->kernels[s]->problem.n_in; ++i) {
            const ad_held *held = &r->held[r->kernels[s]->in[i].buffer];
            int k = 0;
            while (k < held->n_recipes && held->recipe[k].step < s) ++k;
            if (held->bytes && k < held->n_recipes && held->recipe[k].step < r->fresh_until[s])
                r->fresh_until[s] = held->recipe[k].step;
        }
}

bool ad_recipes(ad_recompute *r)
{
    r->held = room(r, r->n_buffers, sizeof *r->held);
    r->time = room(r, r->n_kernels, sizeof(double));
    if (!r->held || !r->time || !put_off_assigns(r) || !list_uses(r) || !make_recipes(r) ||
        !sort_buffers(r) || !list_readers(r) || !find_changes(r))
        return false;
    find_overwritten(r);
    for (int s = 0; s < r->n_kernels; ++s) r->time[s + 1] = r->time[s] + r->kernels[s]->seconds;
    return true;
}

const ad_kernel *ad_recipe_now(const ad_recompute *r, int buffer, int i)
{
    const ad_recipe *recipe = &r->held[buffer].recipe[i];
    if (!recipe->rest) return recipe->alone;
    for (int k = 0; k < recipe->rest->problem.n_in; ++k) {
        const ad_held *held = &r->held[recipe->rest->in[k].buffer];
        bool sibling = held->bytes && held->n_recipes == 1 && held->recipe[0].step == recipe->step;
        if (sibling && !held->live) return recipe->alone;
    }
    return recipe->rest;
}
