/* job.c - one training of a system, or one network that was trained: memory, forms, scores. */
#include "system/job.h"
#include "base/context.h"

#include <string.h>

const char *ad_split_name(ad_split split)
{
    static const char *const names[] = {"train", "validation", "test"};
    return (unsigned)split < AD_SPLITS ? names[split] : "unknown";
}

const void *ad_job_value(const ad_job *job, const ad_record *record)
{
    if (record == job->system->model) return job->model;
    return ad_settings_value(job->settings, record);
}

static ad_status copy_model(ad_job *job, const void *model)
{
    const ad_record *record = job->system->model;
    void *own = ad_zalloc(job->ctx, record->size);
    ad_status status = own ? ad_record_copy(record, job->ctx, own, model) : AD_ERROR_MEMORY;
    if (status) {
        if (own) ad_free(job->ctx, own, record->size);
        return status;
    }
    job->model = job->inside->own_model = own;
    return AD_OK;
}

ad_status ad_job_new(ad_job **out, ad_context *ctx, const ad_system *system,
                     const ad_settings *settings)
{
    *out = NULL;
    ad_job *job = ad_zalloc(ctx, system->size);
    ad_job_inside *inside = ad_zalloc(ctx, sizeof *inside);
    if (!job || !inside) {
        if (job) ad_free(ctx, job, system->size);
        if (inside) ad_free(ctx, inside, sizeof *inside);
        return AD_ERROR_MEMORY;
    }
    job->ctx = ctx;
    job->system = system;
    job->settings = settings;
    job->inside = inside;
    ad_arena_init(&inside->memory, ctx);
    const void *model = ad_settings_value(settings, system->model);
    ad_status status = model ? copy_model(job, model) : AD_OK;
    if (status)
        ad_job_free(job);
    else
        *out = job;
    return status;
}

static void free_samples(ad_job *job)
{
    for (int i = 0; i < AD_SPLITS; ++i) {
        bool seen = false;
        for (int k = 0; k < i; ++k) seen |= job->split[k].samples == job->split[i].samples;
        if (!seen) ad_samples_free(job->split[i].samples);
    }
}

void ad_job_free(ad_job *job)
{
    if (!job) return;
    ad_context *ctx = job->ctx;
    for (int i = 0; i < AD_SPLITS; ++i) ad_loader_free(job->loader[i]);
    free_samples(job);
    for (int i = 0; i < AD_SPLITS; ++i) ad_image_set_free(job->inside->pictures[i]);
    ad_program_free(job->evaluation.program);
    if (job->system->free) job->system->free(job);
    ad_arena_free(&job->inside->memory);
    for (int i = 0; i < 2; ++i) ad_graph_free(job->inside->graphs[i]);
    ad_vars_free(job->vars);
    ad_file_close(job->inside->file);
    ad_settings_free(job->inside->own_settings);
    if (job->inside->own_model) {
        ad_record_free(job->system->model, ctx, job->inside->own_model);
        ad_free(ctx, job->inside->own_model, job->system->model->size);
    }
    ad_free(ctx, job->inside, sizeof *job->inside);
    ad_free(ctx, job, job->system->size);
}

void *ad_job_array(ad_job *job, int64_t count, size_t size)
{
    return ad_arena_alloc(&job->inside->memory, ad_bytes(count, size));
}

/* ---- forms of the network ---- */

static ad_status build(ad_job *job, ad_forward *f, int which, int64_t rows)
{
    ad_graph *graph = job->inside->graphs[which] = ad_graph_new(job->ctx);
    if (!job->vars) job->vars = ad_vars_new(job->ctx, job->part.seed);
    if (!graph || !job->vars) return ad_error_status(job->ctx);
    f->graph = graph;
    f->vars = job->vars;
    f->rows = rows;
    if (f->mode) f->mode->rng = ad_rng(graph, job->vars);
    job->system->network(job, f);
    if (f->mode) ad_mode_update(f->mode, ad_rng_advance(graph, job->vars));
    ad_status status = ad_graph_status(graph);
    return status ? ad_fail(job->ctx, status, "%s", ad_graph_error(graph)) : AD_OK;
}

ad_status ad_job_build_training(ad_job *job, int64_t rows)
{
    job->training.mode = &job->inside->mode;
    job->training.mode->training = true;
    ad_status status = build(job, &job->training, 0, rows);
    if (!status && !job->training.loss && !job->training.player_count)
        status = ad_fail(job->ctx, AD_ERROR_ARGUMENT, "%s: its network has no loss",
                         job->system->name);
    return status;
}

ad_status ad_job_build_evaluation(ad_job *job, int64_t rows)
{
    ad_status status = build(job, &job->evaluation, 1, rows);
    if (!status && !job->evaluation.result)
        status = ad_fail(job->ctx, AD_ERROR_ARGUMENT, "%s: its network has no result",
                         job->system->name);
    return status;
}

ad_status ad_job_compile_evaluation(ad_job *job, const ad_compile_options *options)
{
    ad_forward *f = &job->evaluation;
    size_t bytes = (size_t)(2 + f->also_count) * sizeof(ad_node *);
    ad_node **outputs = ad_alloc(job->ctx, bytes);
    int count = 0;
    if (!outputs) return AD_ERROR_MEMORY;
    outputs[count++] = f->result;
    if (f->row_loss) outputs[count++] = f->row_loss;
    for (int i = 0; i < f->also_count; ++i) outputs[count++] = f->also[i];
    ad_status status = ad_compile(&f->program, job->ctx, outputs, count, options);
    ad_free(job->ctx, outputs, bytes);
    return status;
}

/* ---- scores ---- */

typedef struct scoring {
    ad_job *job;
    ad_split split;
    ad_status (*score)(ad_job *job, ad_split split, const ad_batch *batch);
} scoring;

static ad_status score_batch(void *user, ad_program *program, const ad_batch *batch)
{
    const scoring *s = user;
    const ad_forward *f = &s->job->evaluation;
    ad_status status = ad_result_finite(program, f->result, "what the network says");
    if (!status && f->row_loss) status = ad_result_finite(program, f->row_loss, "the loss");
    return status ? status : s->score(s->job, s->split, batch);
}

ad_status ad_job_score(ad_job *job, ad_split split, bool *done,
                       ad_status (*score)(ad_job *job, ad_split split, const ad_batch *batch))
{
    scoring s = {job, split, score};
    *done = job->loader[split] != NULL;
    return *done ? ad_evaluate(job->evaluation.program, job->loader[split], score_batch, &s)
                 : AD_OK;
}
