/* once.c - trains a system in a run's folder: data, both forms of the network, loaders, the loop.
 */
#include "system/job.h"
#include "base/context.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the loop asks for ---- */

static ad_status bind_batch(void *user, int player, ad_program *program, int64_t index)
{
    const ad_job *job = user;
    ad_batch batch;
    (void)player;
    return ad_loader_bind(job->loader[AD_SPLIT_TRAIN], index, program, &batch);
}

static ad_status add_losses(ad_job *job, ad_split split, const ad_batch *batch)
{
    (void)split;
    const float *loss = ad_result(job->evaluation.program, job->evaluation.row_loss);
    for (int64_t i = 0; i < batch->size; ++i) job->inside->loss += (double)loss[i];
    job->inside->rows += batch->size;
    return AD_OK;
}

/* Of a system that has no scores of its own. */
static ad_status mean_loss(ad_job *job, ad_split split, ad_metrics *metrics)
{
    bool done;
    job->inside->loss = 0;
    job->inside->rows = 0;
    ad_status status = ad_job_score(job, split, &done, add_losses);
    if (!status && done)
        ad_metrics_add(metrics, "loss", job->inside->loss / (double)job->inside->rows);
    return status;
}

static ad_status evaluate(void *user, const char *name, ad_metrics *metrics)
{
    ad_job *job = user;
    ad_split split = strcmp(name, "test") ? AD_SPLIT_VALIDATION : AD_SPLIT_TEST;
    if (job->system->evaluate) return job->system->evaluate(job, split, metrics);
    return job->evaluation.row_loss ? mean_loss(job, split, metrics) : AD_OK;
}

static ad_status sample(void *user, ad_run_folder *run, int64_t step)
{
    ad_job *job = user;
    (void)run;
    return job->system->sample(job, step);
}

/* ---- building ---- */

static ad_status make_loader(ad_job *job, ad_split split)
{
    const ad_split_data *data = &job->split[split];
    bool training = split == AD_SPLIT_TRAIN;
    int64_t rows = training ? job->batch : job->eval_batch;
    if (!data->samples) return AD_OK;
    if (data->index && data->count < 1)
        return ad_fail(job->ctx, AD_ERROR_ARGUMENT, "%s: the %s split has no rows",
                       job->data ? job->data : job->system->name, ad_split_name(split));
    ad_status status = ad_loader_new(&job->loader[split], job->ctx, data->samples,
                                     &(ad_loader_options){.batch = rows,
                                                          .index = data->index,
                                                          .count = data->count,
                                                          .shuffle = training && !job->in_order,
                                                          .keep_last = !training || job->keep_last,
                                                          .seed = job->part.seed});
    const char *note = status ? "" : ad_loader_note(job->loader[split]);
    if (*note) ad_watch_note(&job->watcher, "%s", note);
    return status;
}

static double otherwise(const ad_system *system, const char *name)
{
    for (const ad_default *d = system->defaults; d && d->key; ++d)
        if (*d->key == '?' && !strcmp(d->key + 1, name)) return strtod(d->value, NULL);
    return 0;
}

static ad_status read_data(ad_job *job)
{
    job->default_steps = (int64_t)otherwise(job->system, "steps");
    job->default_epochs = otherwise(job->system, "epochs");
    ad_status status = job->system->read(job);
    if (!status && !job->split[AD_SPLIT_TRAIN].samples)
        status = ad_fail(job->ctx, AD_ERROR_NOT_FOUND, "%s: there is nothing to train on",
                         job->data ? job->data : job->system->name);
    if (!status && job->data)
        status = ad_run_data(job->run, job->data, job->fingerprint, job->summary);
    if (!status)
        status = ad_record_check(job->system->model, job->ctx, job->system->name, job->model);
    if (!job->eval_batch) job->eval_batch = 256;
    for (int i = 0; i < AD_SPLITS && !status; ++i) status = make_loader(job, (ad_split)i);
    return status;
}

static ad_status build(ad_job *job)
{
    const ad_train_settings *s = ad_job_value(job, &ad_train_record);
    ad_compile_options planning = {.memory_limit = (size_t)s->memory_limit};
    char *init = NULL;
    ad_status status = ad_job_build_training(job, ad_loader_rows(job->loader[AD_SPLIT_TRAIN]));
    bool evaluated = job->split[AD_SPLIT_VALIDATION].samples || job->split[AD_SPLIT_TEST].samples ||
                     job->system->sample || job->system->finish;
    if (!status && evaluated) status = ad_job_build_evaluation(job, job->eval_batch);
    if (!status && ad_settings_find(job->settings, "init", NULL))
        status = ad_settings_get(job->settings, "init", &init);
    if (!status && init) status = ad_job_start_from(job, init);
    ad_record_text_free(job->ctx, init);
    if (!status && job->system->prepare) status = job->system->prepare(job);
    if (!status && job->evaluation.result) status = ad_job_compile_evaluation(job, &planning);
    return status;
}

static ad_status train(ad_job *job, ad_train_result *result)
{
    const ad_forward *f = &job->training;
    int64_t per_epoch = ad_loader_batches(job->loader[AD_SPLIT_TRAIN]);
    double epochs = job->default_epochs > 0 ? job->default_epochs : 10;
    ad_metadata_list metadata = {0};
    const ad_player only = {.loss = f->loss,
                            .metrics = f->metrics,
                            .metric_count = f->metric_count,
                            .updates = f->mode->updates,
                            .update_count = f->mode->update_count,
                            .decay_all = job->decay_all,
                            .rates = job->rates,
                            .rate_count = job->rate_count};
    const ad_player *players = &only;
    ad_status status = f->player_count ? ad_job_players(job, &players) : AD_OK;
    if (!status) status = ad_record_describe(job->system->model, job->ctx, job->model, &metadata);
    ad_training training = {
        .vars = job->vars,
        .players = players,
        .player_count = f->player_count ? f->player_count : 1,
        .metadata = metadata.at,
        .metadata_count = metadata.count,
        .batch = bind_batch,
        .batches_per_epoch = per_epoch,
        .default_steps = job->default_steps ? job->default_steps
                                            : (int64_t)(epochs * (double)per_epoch),
        .unit = job->system->unit,
        .units_per_batch = (double)ad_loader_rows(job->loader[AD_SPLIT_TRAIN]) *
                           (job->units_per_row > 0 ? job->units_per_row : 1),
        .evaluate = evaluate,
        .monitor = job->monitor,
        .monitor_too = job->monitor_too,
        .monitor_low = job->monitor_low,
        .monitor_too_low = job->monitor_too_low,
        .sample = job->system->sample ? sample : NULL,
        .user = job,
    };
    if (!status) status = ad_train(job->run, &training, result);
    if (!status && !result->interrupted && job->system->finish)
        status = job->system->finish(job, &result->metrics);
    ad_metadata_free(&metadata);
    return status;
}

ad_status ad_system_once(void *user, ad_run_folder *run, ad_run_part part, ad_train_result *result)
{
    const ad_system *system = user;
    ad_job *job;
    ad_status status = ad_job_new(&job, ad_run_context(run), system, ad_run_settings(run));
    if (status) return status;
    job->run = run;
    job->part = part;
    job->watcher = *ad_run_watcher(run);
    status = read_data(job);
    if (!status) status = build(job);
    if (!status) status = train(job, result);
    ad_job_free(job);
    return status;
}

int ad_system_train(ad_command *cmd)
{
    return ad_train_main(cmd, ad_system_once, (void *)ad_command_verb(cmd)->user);
}
