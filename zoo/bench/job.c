/* job.c - a workload's life: weights and inputs, building, comparing, timing. */
#include "zoo/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_LEAST = 5, RUNS_MOST = 2000 };

/* ---- inputs ---- */

/* So that an input has the same numbers whatever else there is. */
static uint64_t stream_of(const char *name)
{
    uint64_t h = 14695981039346656037u;
    for (; *name; ++name) h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h;
}

void *bench_array(bench_job *job, const char *name, ad_dtype dtype, ad_shape shape)
{
    ad_variable *v = ad_var(job->inputs, name, shape,
                            (ad_var_options){.dtype = dtype, .buffer = true});
    /* the store gives the memory, which is the job's to fill */
    return v ? (void *)(uintptr_t)ad_variable_data(job->inputs, v) : NULL;
}

ad_node *bench_reals(bench_job *job, const char *name, ad_shape shape, double low, double high)
{
    float *data = bench_array(job, name, AD_F32, shape);
    for (int64_t i = 0; data && i < ad_shape_count(shape); ++i)
        data[i] = (float)(low + (high - low) * ad_random_unit(1, stream_of(name), (uint64_t)i));
    return ad_input(job->graph, name, AD_F32, shape);
}

ad_node *bench_integers(bench_job *job, const char *name, ad_shape shape, int64_t low, int64_t high)
{
    int32_t *data = bench_array(job, name, AD_I32, shape);
    for (int64_t i = 0; data && i < ad_shape_count(shape); ++i)
        data[i] = (int32_t)(low + ad_random_below(1, stream_of(name), (uint64_t)i, high - low));
    return ad_input(job->graph, name, AD_I32, shape);
}

void bench_output(bench_job *job, ad_node *node)
{
    if (job->outputs < BENCH_OUTPUTS) job->output[job->outputs++] = node;
}

/* ---- from the start to the first run ---- */

static ad_status bind_inputs(bench_job *job)
{
    ad_status status = AD_OK;
    for (int i = 0; i < ad_vars_count(job->inputs) && !status; ++i) {
        const ad_variable *v = ad_vars_at(job->inputs, i);
        status = ad_bind_name(job->program, ad_variable_name(v), ad_variable_data(job->inputs, v),
                              ad_shape_bytes(ad_variable_shape(v), ad_variable_dtype(v)));
        if (status != AD_ERROR_NOT_FOUND) continue;
        ad_error_clear(job->ctx); /* an array that is not an input of this program */
        status = AD_OK;
    }
    return status;
}

static ad_status open_job(bench_job *job, bench_result *r)
{
    const bench_workload *w = job->workload;
    job->graph = ad_graph_new(job->ctx);
    job->vars = ad_vars_new(job->ctx, 1), job->inputs = ad_vars_new(job->ctx, 1);
    if (!job->graph || !job->vars || !job->inputs)
        return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    ad_status status = w->build(job);
    ad_compile_options options = {.precision = job->precision, .memory_limit = job->memory_limit};
    double begin = ad_seconds();
    if (!status && job->outputs)
        status = ad_compile(&job->program, job->ctx, job->output, job->outputs, &options);
    r->compile = ad_seconds() - begin;
    if (job->program) r->stats = ad_program_get_stats(job->program);
    if (!status && job->program) status = bind_inputs(job);
    if (!status && w->ready) status = w->ready(job);
    if (!status && job->save) {
        const ad_vars_part parts[] = {{.vars = job->vars},
                                      {.vars = job->inputs, .prefix = "input."}};
        status = ad_vars_save_parts(job->ctx, job->save, parts, 2, NULL, 0);
    }
    return status;
}

static void close_job(bench_job *job)
{
    if (job->workload->end) job->workload->end(job);
    ad_program_free(job->program);
    ad_optimizer_free(job->optimizer[0]), ad_optimizer_free(job->optimizer[1]);
    ad_graph_free(job->graph);
    ad_vars_free(job->vars), ad_vars_free(job->inputs);
}

/* ---- runs ---- */

static ad_status run_once(bench_job *job)
{
    return job->workload->run ? job->workload->run(job) : ad_run(job->program);
}

static ad_status compare(bench_job *job, bench_result *r)
{
    ad_status status = AD_OK;
    for (int i = 0; i < BENCH_CHECKS && !status; ++i) {
        status = run_once(job);
        if (status) break;
        r->check[i] = job->workload->check ? job->workload->check(job)
                                           : ad_result_scalar(job->program, job->output[0]);
    }
    return status;
}

static int by_size(const void *a, const void *b)
{
    return ad_compare_numbers(*(const double *)a, *(const double *)b);
}

/* Some more runs, whose kernels are timed. */
static ad_status profile(bench_job *job, ad_command *cmd, bench_limits limits, bench_result *r)
{
    enum { RUNS = 3 };
    ad_status status = AD_OK;
    ad_profile_start(job->program);
    for (int i = 0; i < RUNS && !status; ++i) status = ad_run(job->program);
    r->estimate_error = bench_estimate_error(job->program);
    if (limits.kernels) bench_print_kernels(job->program, limits.kernels, cmd);
    return status;
}

static ad_status time_runs(bench_job *job, ad_command *cmd, bench_limits limits, bench_result *r)
{
    double seconds[RUNS_MOST], begin = ad_seconds();
    int64_t most = limits.runs > 0 && limits.runs < RUNS_MOST ? limits.runs : RUNS_MOST;
    int64_t least = limits.runs > 0 ? most : RUNS_LEAST;
    ad_status status = AD_OK;
    while (r->runs < most && (r->runs < least || ad_seconds() - begin < limits.seconds) &&
           !ad_command_interrupted(cmd)) {
        double start = ad_seconds();
        status = run_once(job);
        if (status) return status;
        seconds[r->runs++] = ad_seconds() - start;
    }
    if (!r->runs) return ad_error_set(job->ctx, AD_ERROR_LIMIT, "interrupted");
    qsort(seconds, (size_t)r->runs, sizeof *seconds, by_size);
    r->median = seconds[r->runs / 2], r->least = seconds[0], r->most = seconds[r->runs - 1];
    if (job->program && !job->workload->run) {
        status = profile(job, cmd, limits, r);
        r->flops = r->stats.flops, r->bytes = r->stats.bytes;
    }
    if (job->workload->bytes) {
        double units = job->workload->units;
        r->bytes = job->workload->bytes(job) * (units > 0 ? units : 1);
    }
    return status;
}

static const char *blocks_of(ad_command *cmd)
{
    return ad_command_choice(cmd, "precision") > 1 ? ad_command_value(cmd, "precision") : NULL;
}

ad_status bench_measure(ad_command *cmd, const bench_workload *workload, ad_precision precision,
                        const char *save, bench_limits limits, bench_result *result)
{
    bench_job job = {.workload = workload,
                     .ctx = ad_command_context(cmd),
                     .precision = precision,
                     .memory_limit = (size_t)ad_command_size(cmd, "memory-limit"),
                     .blocks = blocks_of(cmd),
                     .exact = workload->dropout,
                     .save = save};
    *result = (bench_result){0};
    ad_status status = open_job(&job, result);
    if (!status) status = compare(&job, result);
    if (!status && workload->dropout) {
        close_job(&job);
        job = (bench_job){.workload = workload,
                          .ctx = job.ctx,
                          .precision = precision,
                          .memory_limit = job.memory_limit};
        status = open_job(&job, result);
        if (!status) status = run_once(&job);
    }
    if (!status) status = time_runs(&job, cmd, limits, result);
    close_job(&job);
    return status;
}
