/* placement.c - every buffer's place in the arena: lifetimes, in-place reuse, offsets.
 *
 * A buffer lives from the first step that writes it to the last that touches it. An elementwise
 * kernel may write over an input that dies there when both are walked the same way. Offsets:
 * largest buffer first, each into the smallest hole among the buffers alive at the same time that
 * it fits (best fit by decreasing size; Sekiyama et al. 2018, "Profile-guided memory optimization
 * for deep neural networks"). */
#include "plan/emit.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

size_t ad_arena_bytes(size_t bytes)
{
    return aligned(bytes ? bytes : 1);
}

static void touch(ad_buffer *buffer, int step)
{
    if (buffer->first < 0 || step < buffer->first) buffer->first = step;
    if (step > buffer->last) buffer->last = step;
}

static void find_lifetimes(ad_program *program)
{
    for (int k = 0; k < program->n_kernels; ++k) {
        const ad_kernel *kernel = program->kernels[k];
        for (int i = 0; i < kernel->problem.n_in; ++i)
            if (ad_kernel_reads(kernel, i)) touch(&program->buffers[kernel->in[i].buffer], k);
        for (int o = 0; o < kernel->problem.n_out && ad_kernel_writes(kernel); ++o)
            touch(&program->buffers[kernel->out[o].buffer], k);
        if (kernel->workspace >= 0) touch(&program->buffers[kernel->workspace], k);
        if (kernel->packed >= 0) touch(&program->buffers[kernel->packed], k);
    }
    for (int b = 0; b < program->n_buffers; ++b)
        if (program->buffers[b].result) touch(&program->buffers[b], program->n_kernels);
}

static int root(const ad_program *program, int buffer)
{
    while (program->buffers[buffer].shares >= 0) buffer = program->buffers[buffer].shares;
    return buffer;
}

/* Output o of kernel k over its input i: every operand in that memory must be walked as the output
 * is. */
static bool may_replace(const ad_program *program, int k, int o, int i)
{
    const ad_kernel *kernel = program->kernels[k];
    const ad_problem *p = &kernel->problem;
    int from = kernel->in[i].buffer, to = kernel->out[o].buffer, memory = root(program, from);
    const ad_buffer *source = &program->buffers[from], *target = &program->buffers[to];
    if (source->place != AD_IN_ARENA || target->place != AD_IN_ARENA || source->result)
        return false;
    if (source->bytes != target->bytes || kernel->in[i].offset || kernel->out[o].offset)
        return false;
    if (target->first != k || target->shares >= 0 || program->buffers[memory].last != k)
        return false;
    for (int other = 0; other < p->n_in; ++other) {
        if (root(program, kernel->in[other].buffer) != memory) continue;
        if (!ad_problem_replaces(p->op, other) || kernel->in[other].offset ||
            !ad_operand_same_map(&p->in[other], &p->out[o]))
            return false;
    }
    for (int other = 0; other < p->n_out; ++other)
        if (root(program, kernel->out[other].buffer) == memory ||
            (other != o && kernel->out[other].buffer == to))
            return false;
    return true;
}

static void share_in_place(ad_program *program)
{
    for (int k = 0; k < program->n_kernels; ++k) {
        const ad_kernel *kernel = program->kernels[k];
        for (int o = 0; o < kernel->problem.n_out; ++o) {
            for (int i = 0; i < kernel->problem.n_in; ++i) {
                if (!ad_problem_replaces(kernel->problem.op, i) || !may_replace(program, k, o, i))
                    continue;
                ad_buffer *target = &program->buffers[kernel->out[o].buffer];
                target->shares = root(program, kernel->in[i].buffer);
                ad_buffer *memory = &program->buffers[target->shares];
                if (target->last > memory->last) memory->last = target->last;
                break;
            }
        }
    }
}

typedef struct block {
    int buffer;
    size_t bytes, offset;
    int first, last;
} block;

static int larger_first(const void *a, const void *b)
{
    const block *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return x->buffer < y->buffer ? -1 : 1;
}

/* The smallest hole that fits, between the placed blocks alive at the same time (in order of
 * offset). */
static size_t best_offset(const block *placed, int n, const block *now)
{
    size_t end = 0, best = SIZE_MAX, best_hole = SIZE_MAX;
    for (int i = 0; i < n; ++i) {
        const block *other = &placed[i];
        if (other->last < now->first || other->first > now->last) continue;
        if (other->offset > end && other->offset - end >= now->bytes &&
            other->offset - end < best_hole)
            best = end, best_hole = other->offset - end;
        if (other->offset + other->bytes > end) end = other->offset + other->bytes;
    }
    return best != SIZE_MAX ? best : end;
}

static void insert_by_offset(block *placed, int n, const block *now)
{
    int at = n;
    while (at > 0 && placed[at - 1].offset > now->offset) --at;
    memmove(placed + at + 1, placed + at, (size_t)(n - at) * sizeof *placed);
    placed[at] = *now;
}

static bool place_arena(ad_plan *plan)
{
    ad_program *program = plan->program;
    size_t room = (size_t)program->n_buffers + 1;
    block *blocks = ad_arena_alloc(&plan->scratch, room * sizeof *blocks);
    block *placed = ad_arena_alloc(&plan->scratch, room * sizeof *placed);
    int n = 0;
    if (!blocks || !placed) return false;
    for (int b = 0; b < program->n_buffers; ++b) {
        const ad_buffer *buffer = &program->buffers[b];
        if (buffer->place != AD_IN_ARENA || buffer->shares >= 0 || buffer->first < 0) continue;
        blocks[n++] = (block){.buffer = b,
                              .bytes = ad_arena_bytes(buffer->bytes),
                              .first = buffer->first,
                              .last = buffer->last};
    }
    qsort(blocks, (size_t)n, sizeof *blocks, larger_first);
    for (int i = 0; i < n; ++i) {
        blocks[i].offset = best_offset(placed, i, &blocks[i]);
        program->buffers[blocks[i].buffer].offset = blocks[i].offset;
        insert_by_offset(placed, i, &blocks[i]);
        size_t end = blocks[i].offset + blocks[i].bytes;
        if (end < blocks[i].bytes) {
            ad_fail(plan->ctx, AD_ERROR_MEMORY,
                    "the program's buffers do not fit into the address space");
            return false;
        }
        if (end > program->block_bytes) program->block_bytes = end;
    }
    for (int b = 0; b < program->n_buffers; ++b)
        if (program->buffers[b].shares >= 0)
            program->buffers[b].offset = program->buffers[root(program, b)].offset;
    return true;
}

/* Constants and kept buffers lie one behind the other. */
static size_t place_in_row(ad_program *program, ad_place place)
{
    size_t end = 0;
    for (int b = 0; b < program->n_buffers; ++b) {
        ad_buffer *buffer = &program->buffers[b];
        if (buffer->place != place) continue;
        buffer->offset = end;
        end += aligned(buffer->bytes);
    }
    return end;
}

bool ad_plan_workspaces(ad_plan *plan)
{
    for (int k = 0; k < plan->program->n_kernels; ++k) {
        ad_kernel *kernel = plan->program->kernels[k];
        size_t bytes = kernel->solver->workspace ? kernel->solver->workspace(&kernel->problem) : 0;
        if (!bytes) continue;
        kernel->workspace = ad_emit_buffer(plan, AD_IN_ARENA, bytes, kernel->name);
        if (kernel->workspace < 0) return false;
        plan->program->buffers[kernel->workspace].workspace = true;
    }
    return true;
}

bool ad_plan_place(ad_plan *plan)
{
    ad_program *program = plan->program;
    for (int b = 0; b < program->n_buffers; ++b)
        program->buffers[b].first = program->buffers[b].last = program->buffers[b].shares = -1;
    program->block_bytes = 0;
    find_lifetimes(program);
    if (ad_pass_wanted(plan->options, "in_place")) share_in_place(program);
    program->constant_bytes = place_in_row(program, AD_IN_CONSTANT);
    program->kept_bytes = place_in_row(program, AD_IN_KEPT);
    return place_arena(plan);
}
