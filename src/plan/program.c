/* program.c - binding, running and reading.
 *
 * A run is a walk over a flat list of kernels whose addresses are already there. They are written
 * again only when an input is bound to other memory. Kernels at the front of the list prepare what
 * is constant (packed weights) and are skipped while the storages that they read are unchanged. */
#include "plan/plan.h"

#include "base/half.h"

#include <math.h>
#include <stdio.h>
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
            program->steps[k].args.pool = ad_context_pool(program->ctx);
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

static char *address(const ad_program *program, int index)
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

static void resolve(ad_program *program)
{
    for (int k = 0; k < program->n_kernels; ++k) {
        const ad_kernel *kernel = program->kernels[k];
        ad_run_args *args = &program->steps[k].args;
        void **in = (void **)args->in, **out = (void **)args->out;
        for (int i = 0; i < kernel->problem.n_in; ++i)
            in[i] = address(program, kernel->in[i].buffer) + kernel->in[i].offset;
        for (int o = 0; o < kernel->problem.n_out; ++o)
            out[o] = address(program, kernel->out[o].buffer) + kernel->out[o].offset;
        args->workspace = kernel->workspace >= 0 ? address(program, kernel->workspace) : NULL;
        args->packed = kernel->packed >= 0 ? address(program, kernel->packed) : NULL;
    }
    program->stale = false;
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
    return ad_fail(program->ctx, AD_ERROR_NOT_FOUND, "%s is no input of this program",
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

static ad_status fail_unbound(const ad_program *program)
{
    int i = 0;
    while (program->inputs[i].data) ++i;
    return ad_fail(program->ctx, AD_ERROR_ARGUMENT, "input %s is not bound",
                   program->inputs[i].name);
}

/* The first step that must run: 0 when something that the prepare kernels read has changed. */
static int first_step(ad_program *program)
{
    bool fresh = program->prepared;
    for (int i = 0; i < program->n_storages; ++i) {
        const ad_program_storage *entry = &program->storages[i];
        fresh &= !entry->prepared || entry->version == entry->storage->version;
    }
    return fresh ? program->n_prepare : 0;
}

static double element(const void *data, ad_dtype dtype, int64_t i)
{
    switch (dtype) {
    case AD_F32: return ((const float *)data)[i];
    case AD_F64: return ((const double *)data)[i];
    case AD_BF16: return ad_bf16_to_f32(((const uint16_t *)data)[i]);
    default: return ad_f16_to_f32(((const uint16_t *)data)[i]);
    }
}

static bool all_finite(const ad_operand *operand, const void *data)
{
    int64_t count = ad_operand_count(operand);
    for (int64_t i = 0; i < count; ++i) {
        int64_t rest = i, offset = 0;
        for (int axis = operand->rank - 1; axis >= 0; --axis) {
            offset += rest % operand->dim[axis] * operand->stride[axis];
            rest /= operand->dim[axis];
        }
        if (!isfinite(element(data, operand->dtype, offset))) return false;
    }
    return true;
}

static ad_status check_step(const ad_program *program, int k)
{
    const ad_kernel *kernel = program->kernels[k];
    if (kernel->packs) return AD_OK;
    for (int o = 0; o < kernel->problem.n_out; ++o) {
        const ad_operand *out = &kernel->problem.out[o];
        if (!ad_dtype_is_float(out->dtype) || all_finite(out, program->steps[k].args.out[o]))
            continue;
        return ad_fail(program->ctx, AD_ERROR_NUMERIC,
                       "%s is not finite any more (computed by %s%s%s)",
                       program->buffers[kernel->out[o].buffer].name, kernel->name,
                       *kernel->covers ? " with " : "", kernel->covers);
    }
    return AD_OK;
}

static void run_step(ad_program *program, int k)
{
    const ad_step *step = &program->steps[k];
    const ad_kernel *kernel = program->kernels[k];
    if (kernel->packs)
        kernel->solver->pack(step->problem, step->args.in[1], (void *)step->args.packed,
                             step->args.workspace, step->args.pool);
    else
        step->run(step->problem, &step->args);
}

/* "conv2d winograd 4x4 3x3" */
static const char *kernel_label(const ad_kernel *kernel, char *label, size_t size)
{
    const char *op = kernel->problem.op == AD_OP_CHAIN ? "" : ad_ops[kernel->problem.op].name;
    snprintf(label, size, "%s%s%s%s", kernel->packs ? "pack " : "", op, *op ? " " : "",
             kernel->solver->name);
    return label;
}

static ad_dtype arithmetic_of(const ad_problem *p)
{
    bool contracts = p->op != AD_OP_CHAIN && ad_ops[p->op].klass == AD_CLASS_CONTRACT;
    if (contracts && p->in[0].dtype == AD_BF16 && p->in[1].dtype == AD_BF16) return AD_BF16;
    return p->out[0].dtype == AD_F64 || (p->n_in && p->in[0].dtype == AD_F64) ? AD_F64 : AD_F32;
}

static void trace_step(ad_program *program, const ad_tracer *tracer, int k, double begin,
                       double end)
{
    const ad_kernel *kernel = program->kernels[k];
    char label[128];
    if (!program->track) program->track = ad_context_count_watched(program->ctx);
    ad_trace_event event = {.program = program->track,
                            .name = program->buffers[program->outputs[0].ref.buffer].name,
                            .run = program->runs,
                            .kernel = k,
                            .kernels = program->n_kernels,
                            .does = kernel_label(kernel, label, sizeof label),
                            .node = kernel->name,
                            .begin = begin,
                            .end = end,
                            .flops = kernel->flops,
                            .bytes = kernel->bytes,
                            .arithmetic = arithmetic_of(&kernel->problem)};
    tracer->event(tracer->user, &event);
}

/* With checks or timing between the steps. */
static ad_status run_watched(ad_program *program, int first, const ad_tracer *tracer)
{
    for (int k = first; k < program->n_kernels; ++k) {
        double begin = ad_seconds();
        run_step(program, k);
        double end = ad_seconds();
        if (program->profiling) program->seconds[k] += end - begin;
        if (tracer) trace_step(program, tracer, k, begin, end);
        if (program->check_finite && check_step(program, k) != AD_OK) return AD_ERROR_NUMERIC;
    }
    program->profiled += program->profiling;
    return AD_OK;
}

/* A run changes only variables that nothing prepared depends on, so its own changes leave that
 * fresh. */
static void note_versions(ad_program *program, bool prepared)
{
    for (int i = 0; i < program->n_storages; ++i) {
        ad_program_storage *entry = &program->storages[i];
        if (prepared) entry->version = entry->storage->version;
        if (!entry->assigned) continue;
        bool fresh = entry->version == entry->storage->version;
        ++entry->storage->version;
        if (fresh) entry->version = entry->storage->version;
    }
}

static ad_status run_claimed(ad_program *program)
{
    if (program->stale) resolve(program);
    int first = first_step(program);
    ++program->runs;
    const ad_tracer *tracer = ad_context_tracer(program->ctx);
    if (tracer && (program->runs < tracer->first || program->runs > tracer->last)) tracer = NULL;
    if (program->check_finite || program->profiling || tracer) {
        if (run_watched(program, first, tracer) != AD_OK) return AD_ERROR_NUMERIC;
    } else {
        for (int k = first; k < program->n_prepare; ++k) run_step(program, k);
        const ad_step *end = program->steps + program->n_kernels;
        for (const ad_step *step = program->steps + program->n_prepare; step < end; ++step)
            step->run(step->problem, &step->args);
    }
    note_versions(program, first == 0);
    program->prepared = program->ran = true;
    return AD_OK;
}

ad_status ad_run(ad_program *program)
{
    if (!program->device.runs)
        return ad_fail(program->ctx, AD_ERROR_UNSUPPORTED,
                       "the %s device plans programs but does not run them", program->device.name);
    if (program->unbound) return fail_unbound(program);
    ad_status status = ad_program_claim(program);
    if (status != AD_OK) return status;
    status = run_claimed(program);
    ad_program_release(program);
    return status;
}

ad_status ad_run_checked(ad_program *program)
{
    bool always = program->check_finite;
    program->check_finite = true;
    ad_status status = ad_run(program);
    program->check_finite = always;
    return status;
}

const void *ad_result_at(const ad_program *program, int index)
{
    if (index < 0 || index >= program->n_outputs || !program->ran) return NULL;
    const ad_ref *ref = &program->outputs[index].ref;
    return address(program, ref->buffer) + ref->offset;
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

double ad_result_scalar(const ad_program *program, const ad_node *output)
{
    const void *data = ad_result(program, output);
    if (!data) return NAN;
    const ad_program_output *found = &program->outputs[output_index(program, output)];
    double value = NAN;
    if (found->count == 1) ad_convert(&value, AD_F64, data, found->dtype, 1);
    return value;
}

void ad_trace_programs(ad_context *ctx, const ad_tracer *tracer)
{
    ad_context_set_tracer(ctx, tracer);
}

void ad_profile_start(ad_program *program)
{
    memset(program->seconds, 0, (size_t)program->n_kernels * sizeof *program->seconds);
    program->profiled = 0;
    program->profiling = true;
}

void ad_profile_read(const ad_program *program, void (*row)(void *user, const ad_profile_row *row),
                     void *user)
{
    for (int k = 0; k < program->n_kernels; ++k) {
        const ad_kernel *kernel = program->kernels[k];
        char label[128];
        ad_profile_row line = {.kernel = kernel_label(kernel, label, sizeof label),
                               .node = kernel->name,
                               .flops = kernel->flops,
                               .bytes = kernel->bytes,
                               .estimate = kernel->seconds};
        if (program->profiled) line.seconds = program->seconds[k] / (double)program->profiled;
        row(user, &line);
    }
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
