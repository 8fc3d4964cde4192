/* lowered.c - the verifier of finished programs. It knows nothing of how they were made.
 *
 * Every operand lies inside its buffer, and every buffer inside its block; what a kernel reads has
 * been written before it; buffers alive at the same time do not overlap, except where a kernel
 * replaces, element by element, an input that dies there; who reads what a variable held before the
 * run does so before it is overwritten, or element by element in the kernel that overwrites it;
 * chains are well-formed. */
#include "plan/program.h"

static ad_status fail(const ad_program *program, int k, const char *what, int buffer)
{
    return ad_fail(program->ctx, AD_ERROR_UNSUPPORTED,
                   "the planner produced a wrong program: kernel %d, %s: %s (buffer %d, %s)", k,
                   k < program->n_kernels ? program->kernels[k]->name : "end", what, buffer,
                   program->buffers[buffer].name);
}

/* Byte range of an operand within its buffer. */
static void range(const ad_ref *ref, const ad_operand *operand, int64_t *begin, int64_t *end)
{
    ad_operand_span(operand, begin, end);
    *begin += ref->offset, *end += ref->offset;
}

static bool inside(const ad_program *program, const ad_ref *ref, const ad_operand *operand)
{
    int64_t begin, end;
    range(ref, operand, &begin, &end);
    return begin >= 0 && (uint64_t)end <= program->buffers[ref->buffer].bytes;
}

/* Whether the bytes [begin, end) of a buffer were written before step k. Only contiguous writes
 * cover; interleaved ones count as covering their whole span. */
static bool written(const ad_program *program, int k, int buffer, int64_t begin, int64_t end)
{
    while (begin < end) {
        int64_t reached = begin;
        for (int w = 0; w < k; ++w) {
            const ad_kernel *writer = program->kernels[w];
            for (int o = 0; o < writer->problem.n_out && ad_kernel_writes(writer); ++o) {
                int64_t from, to;
                if (writer->out[o].buffer != buffer) continue;
                range(&writer->out[o], &writer->problem.out[o], &from, &to);
                if (from <= begin && to > reached) reached = to;
            }
        }
        if (reached == begin) return false;
        begin = reached;
    }
    return true;
}

static bool must_be_written(const ad_buffer *buffer)
{
    return buffer->place == AD_IN_ARENA || buffer->place == AD_IN_KEPT;
}

/* Byte range of an operand within a variable's storage; false: it is somewhere else. */
static bool storage_range(const ad_program *program, const ad_ref *ref, const ad_operand *operand,
                          const ad_storage **storage, int64_t *begin, int64_t *end)
{
    const ad_buffer *buffer = &program->buffers[ref->buffer];
    if (buffer->place != AD_IN_VARIABLE) return false;
    range(ref, operand, begin, end);
    *begin += (int64_t)buffer->offset, *end += (int64_t)buffer->offset;
    *storage = buffer->storage;
    return true;
}

/* Whether input i of kernel k still finds what its variable held when the run began. */
static bool reads_old_value(const ad_program *program, int k, int i)
{
    const ad_kernel *reader = program->kernels[k];
    const ad_storage *storage, *other;
    int64_t begin, end, from, to;
    if (!storage_range(program, &reader->in[i], &reader->problem.in[i], &storage, &begin, &end))
        return true;
    for (int w = 0; w <= k; ++w) {
        const ad_kernel *writer = program->kernels[w];
        for (int o = 0; o < writer->problem.n_out && ad_kernel_writes(writer); ++o) {
            const ad_operand *out = &writer->problem.out[o];
            if (writer->out[o].buffer == reader->in[i].buffer)
                continue; /* it wants the new value */
            if (!storage_range(program, &writer->out[o], out, &other, &from, &to)) continue;
            if (other != storage || from >= end || begin >= to) continue;
            bool alike = ad_problem_replaces(writer->problem.op, i) && from == begin &&
                         ad_operand_same_map(&reader->problem.in[i], out);
            if (w < k || !alike) return false;
        }
    }
    return true;
}

/* What a kernel reads where it writes, both contiguous, it may only overwrite element by element.
 */
static bool overwrites(const ad_program *program, int k, int i, int o)
{
    const ad_kernel *kernel = program->kernels[k];
    const ad_operand *in = &kernel->problem.in[i], *out = &kernel->problem.out[o];
    int64_t begin, end, from, to;
    if (kernel->in[i].buffer != kernel->out[o].buffer || !ad_operand_contiguous(in) ||
        !ad_operand_contiguous(out))
        return false;
    range(&kernel->in[i], in, &begin, &end), range(&kernel->out[o], out, &from, &to);
    if (from >= end || begin >= to) return false;
    return !ad_problem_replaces(kernel->problem.op, i) || from != begin ||
           !ad_operand_same_map(in, out);
}

static ad_status check_kernel(const ad_program *program, int k)
{
    const ad_kernel *kernel = program->kernels[k];
    const ad_problem *p = &kernel->problem;
    if (p->chain && !ad_chain_verify(p->chain))
        return fail(program, k, "its chain is malformed", kernel->out[0].buffer);
    for (int i = 0; i < p->n_in; ++i) {
        int buffer = kernel->in[i].buffer;
        int64_t begin, end;
        if (!ad_kernel_reads(kernel, i)) continue;
        if (!inside(program, &kernel->in[i], &p->in[i]))
            return fail(program, k, "it reads outside a buffer", buffer);
        range(&kernel->in[i], &p->in[i], &begin, &end);
        if (must_be_written(&program->buffers[buffer]) && !written(program, k, buffer, begin, end))
            return fail(program, k, "it reads what was not written yet", buffer);
        if (!reads_old_value(program, k, i))
            return fail(program, k, "it reads a variable that was overwritten", buffer);
    }
    for (int o = 0; o < p->n_out && ad_kernel_writes(kernel); ++o) {
        const ad_buffer *buffer = &program->buffers[kernel->out[o].buffer];
        if (!inside(program, &kernel->out[o], &p->out[o]))
            return fail(program, k, "it writes outside a buffer", kernel->out[o].buffer);
        if (buffer->place == AD_IN_INPUT || buffer->place == AD_IN_CONSTANT)
            return fail(program, k, "it writes to what is read-only", kernel->out[o].buffer);
        for (int i = 0; i < p->n_in; ++i)
            if (ad_kernel_reads(kernel, i) && overwrites(program, k, i, o))
                return fail(program, k, "it overwrites what it reads", kernel->out[o].buffer);
        for (int64_t axis = 0; axis < p->out[o].rank; ++axis)
            if (p->out[o].dim[axis] > 1 && !p->out[o].stride[axis])
                return fail(program, k, "it writes one element several times",
                            kernel->out[o].buffer);
    }
    return AD_OK;
}

/* Kernels may replace an input only element by element. */
static bool replaces(const ad_program *program, const ad_buffer *before, const ad_buffer *after,
                     int after_index, int before_index)
{
    if (before->last != after->first || before->offset != after->offset ||
        before->bytes != after->bytes)
        return false;
    const ad_kernel *kernel = program->kernels[after->first];
    for (int o = 0; o < kernel->problem.n_out; ++o) {
        if (kernel->out[o].buffer != after_index) continue;
        for (int i = 0; i < kernel->problem.n_in; ++i)
            if (kernel->in[i].buffer == before_index &&
                (!ad_problem_replaces(kernel->problem.op, i) ||
                 !ad_operand_same_map(&kernel->problem.in[i], &kernel->problem.out[o])))
                return false;
    }
    return true;
}

/* First and last use, found again. */
static void lifetime(const ad_program *program, int index, ad_buffer *buffer)
{
    *buffer = program->buffers[index];
    buffer->first = buffer->last = -1;
    for (int k = 0; k < program->n_kernels; ++k) {
        const ad_kernel *kernel = program->kernels[k];
        bool here = kernel->workspace == index || kernel->packed == index;
        for (int i = 0; i < kernel->problem.n_in; ++i)
            here |= ad_kernel_reads(kernel, i) && kernel->in[i].buffer == index;
        for (int o = 0; o < kernel->problem.n_out; ++o)
            here |= ad_kernel_writes(kernel) && kernel->out[o].buffer == index;
        if (!here) continue;
        if (buffer->first < 0) buffer->first = k;
        buffer->last = k;
    }
    if (buffer->result) buffer->last = program->n_kernels;
}

static ad_status check_overlaps(const ad_program *program)
{
    ad_buffer *live = ad_alloc(program->ctx, ((size_t)program->n_buffers + 1) * sizeof *live);
    ad_status status = live ? AD_OK : AD_ERROR_MEMORY;
    for (int b = 0; b < program->n_buffers && live; ++b) lifetime(program, b, &live[b]);
    for (int a = 0; a < program->n_buffers && status == AD_OK; ++a) {
        const ad_buffer *x = &live[a];
        if (x->place != AD_IN_ARENA || x->first < 0) continue;
        if (x->offset % 64 || x->offset + x->bytes > program->block_bytes)
            status = fail(program, x->first, "a buffer lies outside the arena", a);
        for (int b = a + 1; b < program->n_buffers && status == AD_OK; ++b) {
            const ad_buffer *y = &live[b];
            if (y->place != AD_IN_ARENA || y->first < 0 || x->last < y->first || y->last < x->first)
                continue;
            if (x->offset >= y->offset + y->bytes || y->offset >= x->offset + x->bytes) continue;
            if (!replaces(program, x, y, b, a) && !replaces(program, y, x, a, b))
                status = fail(program, y->first, "two live buffers overlap", b);
        }
    }
    ad_free(program->ctx, live, ((size_t)program->n_buffers + 1) * sizeof *live);
    return status;
}

ad_status ad_program_verify(const ad_program *program)
{
    for (int k = 0; k < program->n_kernels; ++k) {
        ad_status status = check_kernel(program, k);
        if (status != AD_OK) return status;
    }
    for (int i = 0; i < program->n_outputs; ++i) {
        const ad_ref *ref = &program->outputs[i].ref;
        const ad_buffer *buffer = &program->buffers[ref->buffer];
        int64_t end = ref->offset +
                      program->outputs[i].count * (int64_t)ad_dtype_size(program->outputs[i].dtype);
        if (must_be_written(buffer) &&
            !written(program, program->n_kernels, ref->buffer, ref->offset, end))
            return fail(program, program->n_kernels, "a result is not written", ref->buffer);
    }
    return check_overlaps(program);
}
