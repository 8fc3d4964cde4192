/* run.c - a run, and what can be watched of it.
 *
 * A run is a walk over a flat list of kernels whose addresses are already there. They are written
 * again only when an input is bound to other memory. Kernels at the front of the list prepare what
 * is constant (packed weights) and are skipped while the storages that they read are unchanged.
 * With checks, timing or a tracer there is something to do after each kernel. */
#include "plan/program.h"

#include "base/float_mode.h"
#include "base/half.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void resolve(ad_program *program)
{
    for (int k = 0; k < program->n_kernels; ++k) {
        const ad_kernel *kernel = program->kernels[k];
        ad_run_args *args = &program->steps[k].args;
        void **in = (void **)args->in, **out = (void **)args->out;
        for (int i = 0; i < kernel->problem.n_in; ++i)
            in[i] = ad_program_address(program, kernel->in[i].buffer) + kernel->in[i].offset;
        for (int o = 0; o < kernel->problem.n_out; ++o)
            out[o] = ad_program_address(program, kernel->out[o].buffer) + kernel->out[o].offset;
        args->workspace = kernel->workspace >= 0 ? ad_program_address(program, kernel->workspace)
                                                 : NULL;
        args->packed = kernel->packed >= 0 ? ad_program_address(program, kernel->packed) : NULL;
    }
    program->stale = false;
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
        return ad_fail(program->ctx, AD_ERROR_NUMERIC, "%s is not finite (computed by %s%s%s)",
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
    ad_float_mode mode = ad_float_mode_get();
    ad_float_mode_set(ad_float_mode_no_denormals(mode));
    status = run_claimed(program);
    ad_float_mode_set(mode);
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
