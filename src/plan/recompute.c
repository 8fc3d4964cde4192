/* recompute.c - values made again instead of kept, until a program fits a memory limit.
 *
 * It works on the scheduled kernels, not on the graph: what is done again is a kernel with the same
 * solver on the same operands, so the bits are the same, and no pass, fusion or schedule can undo
 * it. The steps are gone through in their order with a budget of bytes. Where the next kernel does
 * not fit, values are given up (evict.c); where a kernel reads one that is gone, it is made again
 * in front of it, from what is there or from what has to be made again itself (Kirisame et al.
 * 2021).
 *
 * Offsets in the arena leave gaps, so a budget may need more bytes than it says. Budgets are tried
 * from the limit downwards, until the arena fits. */
#include "plan/recompute.h"

#include <string.h>

/* ---- what is emitted ---- */

static void *grow(ad_recompute *r, const void *old, int n, int *capacity, size_t size)
{
    if (n < *capacity) return (void *)(uintptr_t)old;
    int more = 2 * *capacity + 256;
    void *grown = ad_arena_alloc(r->arena, (size_t)more * size);
    if (!grown) {
        r->failed = true;
        return NULL;
    }
    if (n) memcpy(grown, old, (size_t)n * size);
    *capacity = more;
    return grown;
}

static bool new_version(ad_recompute *r, int buffer)
{
    int *origin = grow(r, r->origin, r->n_versions, &r->origin_capacity, sizeof *origin);
    if (!origin) return false;
    r->origin = origin;
    r->origin[r->n_versions] = buffer;
    r->held[buffer].version = r->n_buffers + r->n_versions++;
    return true;
}

/* A copy of the kernel on the buffers that now hold its values. */
static bool emit(ad_recompute *r, const ad_kernel *kernel, bool again)
{
    ad_kernel **list = grow(r, r->emitted, r->n_emitted, &r->emitted_capacity, sizeof *list);
    if (!list) return false;
    r->emitted = list;
    ad_kernel *copy = ad_arena_alloc(r->arena, sizeof *copy);
    if (!copy) {
        r->failed = true;
        return false;
    }
    *copy = *kernel;
    copy->workspace = -1;
    copy->again = again;
    for (int i = 0; i < copy->problem.n_in; ++i)
        copy->in[i].buffer = r->held[copy->in[i].buffer].version;
    for (int o = 0; o < copy->problem.n_out; ++o)
        copy->out[o].buffer = r->held[copy->out[o].buffer].version;
    r->emitted[r->n_emitted++] = copy;
    if (again) r->again += kernel->seconds;
    return true;
}

/* ---- one kernel ---- */

static void pin(ad_recompute *r, const ad_kernel *kernel, int by)
{
    for (int i = 0; i < kernel->problem.n_in; ++i) r->held[kernel->in[i].buffer].pins += by;
    for (int o = 0; o < kernel->problem.n_out; ++o) r->held[kernel->out[o].buffer].pins += by;
}

static bool used_later(const ad_recompute *r, const ad_held *held)
{
    return held->n_uses && held->use[held->n_uses - 1] >= r->now;
}

/* Whether output o could be written over input i (placement.c), if nobody wants that any more. */
static bool fits_over(const ad_recompute *r, const ad_kernel *kernel, int o, int i)
{
    const ad_problem *p = &kernel->problem;
    int from = kernel->in[i].buffer;
    const ad_held *source = &r->held[from], *target = &r->held[kernel->out[o].buffer];
    if (!ad_problem_replaces(p->op, i) || !source->live || used_later(r, source)) return false;
    if (source->pins > 1 || source->bytes != target->bytes || kernel->out[o].offset) return false;
    for (int other = 0; other < p->n_in; ++other)
        if (kernel->in[other].buffer == from &&
            (!ad_problem_replaces(p->op, other) || kernel->in[other].offset ||
             !ad_operand_same_map(&p->in[other], &p->out[o])))
            return false;
    return true;
}

/* Outputs that are not there yet come to be; their bytes, less those of inputs that die here. */
static bool open_outputs(ad_recompute *r, const ad_kernel *kernel, bool again, size_t *bytes)
{
    const ad_problem *p = &kernel->problem;
    unsigned fresh = 0;
    for (int o = 0; o < p->n_out; ++o) {
        int b = kernel->out[o].buffer;
        ad_held *made = &r->held[b];
        if (!made->bytes || made->live) continue;
        if (again && !new_version(r, b)) return false;
        made->live = made->made = true;
        r->bytes += made->bytes;
        *bytes += made->bytes;
        fresh |= 1u << o;
    }
    bool known = false; /* what is still needed, which takes a walk over all */
    for (int o = 0; o < p->n_out; ++o)
        for (int i = 0; i < p->n_in && fresh >> o & 1; ++i) {
            ad_held *source = &r->held[kernel->in[i].buffer];
            if (!fits_over(r, kernel, o, i)) continue;
            if (!known) ad_find_needs(r);
            known = true;
            if (source->need != AD_NEVER) continue;
            source->live = false;
            r->bytes -= source->bytes;
            break;
        }
    return true;
}

/* A kernel whose inputs are there. */
static bool perform(ad_recompute *r, const ad_kernel *kernel, bool again)
{
    size_t (*workspace)(const ad_problem *) = kernel->solver->workspace;
    size_t needs = workspace ? workspace(&kernel->problem) : 0, made = 0;
    if (needs) needs = ad_arena_bytes(needs);
    pin(r, kernel, 1);
    bool done = open_outputs(r, kernel, again, &made) && ad_make_room(r, needs) &&
                emit(r, kernel, again);
    pin(r, kernel, -1);
    if (r->bytes + needs > r->peak) r->peak = r->bytes + needs;
    return done;
}

/* ---- values that are gone ---- */

/* Whether the kernel as a whole makes nothing but values that are gone and wanted. */
static bool all_wanted(const ad_recompute *r, const ad_kernel *kernel)
{
    for (int o = 0; o < kernel->problem.n_out; ++o) {
        const ad_held *held = &r->held[kernel->out[o].buffer];
        if (!held->bytes || held->live || !held->made || held->need == AD_NEVER ||
            held->n_recipes > 1)
            return false;
    }
    return true;
}

static bool make_again(ad_recompute *r, int buffer)
{
    ad_held *held = &r->held[buffer];
    bool done = true;
    ad_find_needs(r);
    const ad_kernel *whole = r->kernels[held->recipe[0].step];
    if (ad_recipe_now(r, buffer, 0) == held->recipe[0].alone && all_wanted(r, whole))
        return r->fresh_until[held->recipe[0].step] >= r->now && perform(r, whole, true);
    for (int i = 0; i < held->n_recipes; ++i) pin(r, ad_recipe_now(r, buffer, i), 1);
    for (int i = 0; i < held->n_recipes && done; ++i)
        done = r->fresh_until[held->recipe[i].step] >= r->now &&
               perform(r, ad_recipe_now(r, buffer, i), true);
    for (int i = 0; i < held->n_recipes; ++i) pin(r, ad_recipe_now(r, buffer, i), -1);
    return done;
}

static void want(ad_recompute *r, int buffer, int *depth)
{
    ad_held *held = &r->held[buffer];
    if (!held->bytes || held->wanted == r->walk) return;
    held->wanted = r->walk;
    if (!held->live) r->stack[(*depth)++] = buffer;
}

/* The earliest of the values that must be made again for `buffer`, itself among them, or -1; what
 * is there of what they are made from is marked as wanted. */
static int first_to_make(ad_recompute *r, int buffer)
{
    int depth = 0, first = -1;
    ++r->walk;
    want(r, buffer, &depth);
    while (depth) {
        int b = r->stack[--depth];
        if (r->held[b].fixed || !r->held[b].made) return -1;
        if (first < 0 || r->held[b].rank < r->held[first].rank) first = b;
        for (int k = 0; k < r->held[b].n_recipes; ++k) {
            const ad_kernel *kernel = ad_recipe_now(r, b, k);
            for (int i = 0; i < kernel->problem.n_in; ++i) want(r, kernel->in[i].buffer, &depth);
        }
    }
    return first;
}

/* Makes a value again, and before it what it is made from. What was made on the way stays as long
 * as it is wanted. */
static bool obtain(ad_recompute *r, int buffer)
{
    double most = r->patience * r->time[r->n_kernels];
    bool done = true;
    int on_the_way = 0;
    while (done && !r->held[buffer].live) {
        int first = first_to_make(r, buffer);
        for (int i = on_the_way - 1; i >= 0; --i) {
            ad_held *held = &r->held[r->set[i]];
            if (held->wanted == r->walk) continue;
            --held->pins;
            r->set[i] = r->set[--on_the_way];
        }
        done = first >= 0 && r->again < most && make_again(r, first);
        if (!done) break;
        ++r->held[first].pins;
        r->set[on_the_way++] = first;
    }
    while (on_the_way) --r->held[r->set[--on_the_way]].pins;
    ++r->walk; /* nothing is wanted any more */
    return done;
}

/* ---- all kernels ---- */

static void begin(ad_recompute *r, size_t budget, ad_arena *arena)
{
    for (int b = 0; b < r->n_buffers; ++b) {
        ad_held *held = &r->held[b];
        held->made = held->live = false;
        held->next = held->pins = 0;
        held->version = b;
        held->wanted = held->seen = 0;
    }
    r->budget = budget, r->arena = arena;
    r->bytes = r->peak = 0, r->again = 0, r->stamp = r->walk = 1;
    r->emitted = NULL, r->n_emitted = r->emitted_capacity = 0;
    r->origin = NULL, r->n_versions = r->origin_capacity = 0;
}

static bool step(ad_recompute *r, int s)
{
    const ad_kernel *kernel = r->kernels[s];
    bool done = true;
    r->now = s;
    pin(r, kernel, 1);
    for (int i = 0; i < kernel->problem.n_in && done; ++i) {
        const ad_held *held = &r->held[kernel->in[i].buffer];
        if (held->bytes && !held->live) done = obtain(r, kernel->in[i].buffer);
    }
    pin(r, kernel, -1);
    r->now = s + 1;
    return done && perform(r, kernel, false);
}

/* The kernels within `budget` bytes, into `arena`. False: that cannot be, or memory was refused. */
static bool go_through(ad_recompute *r, size_t budget, ad_arena *arena)
{
    begin(r, budget, arena);
    for (int s = 0; s < r->n_kernels; ++s)
        if (!step(r, s)) return false;
    return true;
}

/* ---- the program ---- */

typedef struct planned {
    ad_kernel **kernels;
    ad_buffer *buffers;
    int n_kernels, n_buffers, capacity;
} planned;

static planned take(const ad_plan *plan)
{
    const ad_program *program = plan->program;
    return (planned){program->kernels, program->buffers, program->n_kernels, program->n_buffers,
                     plan->buffers_capacity};
}

static void put(ad_plan *plan, const planned *p)
{
    ad_program *program = plan->program;
    program->kernels = p->kernels, program->n_kernels = p->n_kernels;
    program->buffers = p->buffers, program->n_buffers = p->n_buffers;
    plan->buffers_capacity = p->capacity;
}

/* Puts what was emitted into the program, and gives it its place in the arena. */
static bool place(ad_recompute *r, const planned *before, ad_arena *arena)
{
    ad_plan *plan = r->plan;
    int n = r->n_buffers + r->n_versions;
    ad_arena *own = plan->arena, scratch = plan->scratch;
    planned made = {r->emitted, NULL, r->n_emitted, n, n};
    made.buffers = ad_arena_alloc(arena, (size_t)(n + 1) * sizeof *made.buffers);
    if (!made.buffers) return false;
    memcpy(made.buffers, before->buffers, (size_t)r->n_buffers * sizeof *made.buffers);
    for (int v = 0; v < r->n_versions; ++v)
        made.buffers[r->n_buffers + v] = before->buffers[r->origin[v]];
    put(plan, &made);
    plan->arena = arena;
    ad_arena_init(&plan->scratch, plan->ctx);
    bool done = ad_plan_workspaces(plan) && ad_plan_place(plan);
    ad_arena_free(&plan->scratch);
    plan->arena = own, plan->scratch = scratch;
    return done;
}

/* The bytes that the program needs with a budget, or SIZE_MAX. It stays in the plan if `keep`. */
static size_t attempt(ad_recompute *r, const planned *before, size_t budget, bool keep)
{
    ad_arena own;
    ad_arena_init(&own, r->plan->ctx);
    ad_arena *arena = keep ? r->plan->arena : &own;
    size_t needed = SIZE_MAX;
    if (go_through(r, budget, arena)) {
        if (place(r, before, arena))
            needed = r->plan->program->block_bytes + r->plan->program->kept_bytes;
        else
            r->failed = true;
    }
    if (!keep) put(r->plan, before);
    ad_arena_free(&own);
    r->arena = NULL;
    return needed;
}

/* Budgets in fixed steps down from `peak`, those below `from`, until one fits the limit. */
static size_t descend(ad_recompute *r, const planned *before, size_t peak, size_t from,
                      size_t limit)
{
    enum { LEAST = 64, IN_VAIN = 3 };
    int in_vain = 0;
    for (size_t budget = peak; budget > LEAST && in_vain < IN_VAIN && !r->failed;
         budget -= budget / 16) {
        if (budget >= from) continue;
        size_t needed = attempt(r, before, budget, false);
        if (needed < r->least) r->least = needed;
        if (needed <= limit) return budget;
        in_vain = needed == SIZE_MAX ? in_vain + 1 : 0;
    }
    return 0;
}

/* The largest budget whose arena fits, or 0. The steps are the same for every limit, so that the
 * least that is named can be had. */
static size_t fitting(ad_recompute *r, const planned *before, size_t limit)
{
    enum { NEAR = 6 };
    size_t needed = 0;
    for (size_t i = 0; i < NEAR && needed != SIZE_MAX && !r->failed; ++i) {
        size_t budget = limit - limit / 64 * i;
        needed = attempt(r, before, budget, false);
        if (needed <= limit) return budget;
    }
    attempt(r, before, SIZE_MAX, false);
    size_t peak = r->peak, budget = descend(r, before, peak, limit, limit);
    return budget || r->failed ? budget : descend(r, before, peak, SIZE_MAX, limit);
}

bool ad_plan_recompute(ad_plan *plan, size_t limit, size_t *needed)
{
    ad_program *program = plan->program;
    ad_recompute r = {.plan = plan,
                      .kernels = program->kernels,
                      .n_kernels = program->n_kernels,
                      .least = SIZE_MAX,
                      .patience = plan->small ? 4 : 1};
    planned before = take(plan);
    while (r.n_buffers < program->n_buffers && !program->buffers[r.n_buffers].workspace)
        ++r.n_buffers;
    size_t n = (size_t)r.n_buffers + 1;
    r.stack = ad_arena_alloc(&plan->scratch, n * sizeof(int));
    r.set = ad_arena_alloc(&plan->scratch, n * sizeof(int));
    if (!r.stack || !r.set || !ad_recipes(&r)) return false;
    size_t budget = fitting(&r, &before, limit);
    if (budget) {
        *needed = attempt(&r, &before, budget, true);
        return !r.failed;
    }
    if (r.least < *needed) *needed = r.least;
    return !r.failed;
}
