/* program.c - a program's memory, its inputs and its results. */
#include "plan/program.h"

#include "base/finite.h"

#include <math.h>
#include <string.h>

static bool allocate(ad_context *ctx, void **block, size_t bytes)
{
    *block = bytes ? ad_alloc(ctx, bytes) : NULL;
    return *block || !bytes;
}

/* Whether a kernel is long enough for several threads: half of its time must be worth waking the
 * pool. Decided here for all kernels; it changes no bits. */
static bool shared_out(const ad_program *program, const ad_kernel *kernel)
{
    if (!program->device.runs) return false;
    return kernel->packs || kernel->seconds > 2 * program->device.machine.overhead;
}

/* Takes the program's memory, copies the constants and makes the run list. */
bool ad_program_prepare(ad_program *program)
{
    size_t n = (size_t)program->n_kernels + 1;
    program->steps = ad_arena_alloc(&program->arena, n * sizeof *program->steps);
    program->seconds = ad_arena_alloc(&program->arena, n * sizeof *program->seconds);
    if (!program->steps || !program->seconds) return false;
    for (int k = 0; k < program->n_kernels; ++k) {
        const ad_problem *problem = &program->kernels[k]->problem;
        void **pointers = ad_arena_alloc(&program->arena, (size_t)(problem->n_in + problem->n_out) *
                                                              sizeof *pointers);
        if (!pointers) return false;
        program->steps[k] = (ad_step){.run = program->kernels[k]->solver->run, .problem = problem};
        program->steps[k].args.in = pointers;
        program->steps[k].args.out = pointers + problem->n_in;
        if (shared_out(program, program->kernels[k]))
            program->steps[k].args.pool = ad_pool_part(ad_context_pool(program->ctx),
                                                       problem->threads);
    }
    program->stale = true;
    if (!program->device.runs) return true;
    if (!allocate(program->ctx, &program->block, program->block_bytes) ||
        !allocate(program->ctx, &program->kept, program->kept_bytes) ||
        !allocate(program->ctx, &program->constants, program->constant_bytes))
        return false;
    for (int b = 0; b < program->n_buffers; ++b) {
        const ad_buffer *buffer = &program->buffers[b];
        if (buffer->place == AD_IN_CONSTANT && buffer->bytes)
            memcpy((char *)program->constants + buffer->offset, buffer->source, buffer->bytes);
    }
    return true;
}

void ad_program_free(ad_program *program)
{
    if (!program) return;
    ad_context *ctx = program->ctx;
    ad_free(ctx, program->block, program->block_bytes);
    ad_free(ctx, program->kept, program->kept_bytes);
    ad_free(ctx, program->constants, program->constant_bytes);
    ad_arena_free(&program->arena);
    ad_free(ctx, program, sizeof *program);
}

char *ad_program_address(const ad_program *program, int index)
{
    const ad_buffer *buffer = &program->buffers[index];
    switch (buffer->place) {
    case AD_IN_ARENA: return (char *)program->block + buffer->offset;
    case AD_IN_KEPT: return (char *)program->kept + buffer->offset;
    case AD_IN_INPUT: return (char *)program->inputs[buffer->input].data;
    case AD_IN_VARIABLE: return (char *)buffer->storage->data + buffer->offset;
    default: return (char *)program->constants + buffer->offset;
    }
}

static ad_status bind(ad_program *program, ad_program_input *input, const void *data, size_t bytes)
{
    if (bytes != input->bytes) {
        char shape[192];
        return ad_fail(program->ctx, AD_ERROR_SHAPE,
                       "input %s, %s %s, takes %zu bytes; it was given %zu", input->name,
                       ad_dtype_name(input->dtype),
                       ad_shape_text(input->shape, shape, sizeof shape), input->bytes, bytes);
    }
    if (!data && input->bytes)
        return ad_fail(program->ctx, AD_ERROR_ARGUMENT, "input %s is bound to no memory (NULL)",
                       input->name);
    static const char empty[1];
    if (!data) data = empty;
    if (!input->data) --program->unbound;
    if (input->data != data) program->stale = true;
    input->data = data;
    return AD_OK;
}

ad_status ad_bind(ad_program *program, const ad_node *input, const void *data, size_t bytes)
{
    for (int i = 0; i < program->n_inputs; ++i)
        if (program->inputs[i].key == input && input)
            return bind(program, &program->inputs[i], data, bytes);
    return ad_fail(program->ctx, AD_ERROR_NOT_FOUND, "%s is not an input of this program",
                   input ? ad_node_name(input) : "a missing node (NULL)");
}

ad_status ad_bind_name(ad_program *program, const char *name, const void *data, size_t bytes)
{
    for (int i = 0; name && i < program->n_inputs; ++i)
        if (!strcmp(program->inputs[i].name, name))
            return bind(program, &program->inputs[i], data, bytes);
    return ad_fail(program->ctx, AD_ERROR_NOT_FOUND, "this program has no input called %s",
                   name ? name : "(NULL)");
}

bool ad_program_find_input(const ad_program *program, const char *name, ad_dtype *dtype,
                           ad_shape *shape)
{
    for (int i = 0; i < program->n_inputs; ++i) {
        const ad_program_input *input = &program->inputs[i];
        if (strcmp(input->name, name)) continue;
        *dtype = input->dtype, *shape = input->shape;
        return true;
    }
    return false;
}

const void *ad_result_at(const ad_program *program, int index)
{
    if (index < 0 || index >= program->n_outputs || !program->ran) return NULL;
    const ad_ref *ref = &program->outputs[index].ref;
    return ad_program_address(program, ref->buffer) + ref->offset;
}

static int output_index(const ad_program *program, const ad_node *output)
{
    for (int i = 0; i < program->n_outputs; ++i)
        if (program->outputs[i].key == output && output) return i;
    return -1;
}

const void *ad_result(const ad_program *program, const ad_node *output)
{
    return ad_result_at(program, output_index(program, output));
}

ad_status ad_result_finite(const ad_program *program, const ad_node *output, const char *what)
{
    int index = output_index(program, output);
    const void *data = ad_result_at(program, index);
    if (!data) return ad_fail(program->ctx, AD_ERROR_ARGUMENT, "%s: no result of a run", what);
    const ad_program_output *found = &program->outputs[index];
    return ad_check_finite(program->ctx, what, data, found->dtype, found->count);
}

double ad_result_scalar(const ad_program *program, const ad_node *output)
{
    const void *data = ad_result(program, output);
    if (!data) return NAN;
    const ad_program_output *found = &program->outputs[output_index(program, output)];
    double value = NAN;
    if (found->count == 1) ad_convert(&value, AD_F64, data, found->dtype, 1);
    return value;
}

ad_program_stats ad_program_get_stats(const ad_program *program)
{
    ad_program_stats stats = {.arena_bytes = program->block_bytes,
                              .packed_bytes = program->kept_bytes,
                              .constant_bytes = program->constant_bytes};
    for (int k = program->n_prepare; k < program->n_kernels; ++k) {
        ++stats.kernels;
        stats.flops += program->kernels[k]->flops;
        stats.bytes += program->kernels[k]->bytes;
        stats.seconds += program->kernels[k]->seconds;
        if (!program->kernels[k]->again) continue;
        ++stats.kernels_again;
        stats.seconds_again += program->kernels[k]->seconds;
    }
    return stats;
}
