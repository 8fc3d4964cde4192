/* session.c - a whole run: its folder, one part after the other, the mean of their results. Knows
 * nothing of a command line. */
#include "run/run.h"

#include <autodidact/train.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct running {
    const ad_session *session;
    ad_context *ctx;
    ad_train_settings *train;
    int64_t folds;
    bool first; /* part that this process trains */
    ad_outcome *outcome;
} running;

/* ---- the folder ---- */

static ad_status choose_folder(running *r)
{
    const ad_session *s = r->session;
    char *path = r->outcome->folder, fresh[PATH_MAX];
    if (!s->folder) {
        ad_status status = ad_run_new_name(r->ctx, s->system, fresh);
        if (status) return status;
    }
    snprintf(path, sizeof r->outcome->folder, "%s", s->folder ? s->folder : fresh);
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') path[--length] = 0;
    return AD_OK;
}

/* Of systems that have cross-validation, and so a setting of that name. */
static ad_status count_folds(const ad_settings *settings, int64_t *folds)
{
    char *text = NULL;
    *folds = 1;
    if (!ad_settings_find(settings, "folds", NULL)) return AD_OK;
    ad_status status = ad_settings_get(settings, "folds", &text);
    if (text && strtoll(text, NULL, 10) > 1) *folds = strtoll(text, NULL, 10);
    ad_record_text_free(settings->ctx, text);
    return status;
}

ad_status ad_session_resume(ad_session *session, ad_context *ctx)
{
    ad_status status = ad_run_can_resume(ctx, session->folder);
    if (status) return status;
    session->resume = true;
    return ad_run_read_settings(session->settings, session->folder);
}

/* ---- one part ---- */

/* The page is made from files that are there; that it cannot be written spoils nothing, and beside
 * an error goes without saying. */
static void write_report(const running *r, const char *path, bool failed)
{
    if (ad_run_report(r->ctx, path) && !failed)
        ad_watch_note(&r->session->watcher, "the report was not written: %s", ad_error(r->ctx));
}

static bool has_report(const char *path)
{
    char file[PATH_MAX];
    snprintf(file, sizeof file, "%.*s/report.html", PATH_MAX - 64, path);
    return !access(file, F_OK);
}

/* To the end that is asked for, which may be another than when it was. */
static ad_status check_finished(const running *r, const char *path, bool *finished,
                                ad_metrics *result)
{
    const ad_session *s = r->session;
    ad_status status = AD_OK;
    *finished = false;
    if (s->resume) status = ad_run_finished(r->ctx, path, finished, result);
    *finished = *finished && !status && ad_run_same_end(s->settings, path);
    if (*finished && !has_report(path))
        write_report(r, path, false); /* it was killed before that */
    if (!*finished) ad_metrics_clear(result);
    return status;
}

static ad_run_options options_of(const running *r, ad_run_part part, const char *top, bool resume)
{
    const ad_session *s = r->session;
    return (ad_run_options){.app = s->app,
                            .system = s->system,
                            .verb = s->verb,
                            .settings = s->settings,
                            .watcher = s->watcher,
                            .part = part,
                            .top = top,
                            .again = top && !r->first,
                            .resume = resume,
                            .tuning = s->tuning};
}

/* Leaves in the folder how it went, closes it, and writes its report. Returns `status`, with its
 * sentence whatever happens on the way, or what kept it from being written down. */
static ad_status leave(const running *r, ad_run_folder *run, ad_status status, bool interrupted,
                       const ad_metrics *result)
{
    char path[PATH_MAX], error[1024];
    snprintf(path, sizeof path, "%s", run->path);
    snprintf(error, sizeof error, "%s", ad_error(r->ctx));
    const char *state = status ? "failed" : interrupted ? "interrupted" : "finished";
    ad_run_log(run, "%s%s%s", state, status ? ": " : "", status ? error : "");
    ad_status end = ad_run_finish(run, state, status ? NULL : result, status ? error : NULL);
    ad_run_close(run);
    if (!status && (status = end)) snprintf(error, sizeof error, "%s", ad_error(r->ctx));
    write_report(r, path, status != AD_OK);
    return status ? ad_fail(r->ctx, status, "%s", error) : AD_OK;
}

static ad_status run_part(const running *r, const char *path, ad_run_part part,
                          ad_train_result *result)
{
    const char *top = strcmp(path, r->outcome->folder) != 0 ? r->outcome->folder : NULL;
    ad_run_folder *run;
    bool resume = r->session->resume && ad_run_is(path); /* a part may not have begun */
    ad_run_options options = options_of(r, part, top, resume);
    ad_status status = ad_run_open(&run, r->ctx, path, &options);
    if (status) return status;
    if (!resume) status = ad_run_write_config(run);
    ad_run_log(run, "%s with %d threads, %s", resume ? "resumed" : "started",
               ad_context_threads(r->ctx), ad_context_cpu(r->ctx));
    if (!status) status = r->session->once(r->session->user, run, part, result);
    return leave(r, run, status, result->interrupted, &result->metrics);
}

/* ---- several parts ---- */

static void part_path(const running *r, ad_run_part part, char path[PATH_MAX])
{
    int used = snprintf(path, PATH_MAX, "%.*s/", PATH_MAX - 64, r->outcome->folder);
    if (r->train->seeds > 1)
        used += snprintf(path + used, (size_t)(PATH_MAX - used), "seed-%llu%s",
                         (unsigned long long)part.seed, r->folds > 1 ? "-" : "");
    if (r->folds > 1) snprintf(path + used, (size_t)(PATH_MAX - used), "fold-%d", part.fold);
}

/* Means over the parts, and the sample's deviation (over n - 1). */
static ad_status summarise(const running *r, const ad_train_result *parts, int64_t count)
{
    ad_metrics *mean = &r->outcome->mean, *deviation = &r->outcome->deviation;
    for (int i = 0; i < parts[0].metrics.count; ++i) {
        const char *name = parts[0].metrics.at[i].name;
        double sum = 0, squares = 0;
        for (int64_t p = 0; p < count; ++p) sum += ad_metrics_get(&parts[p].metrics, name);
        for (int64_t p = 0; p < count; ++p)
            squares += pow(ad_metrics_get(&parts[p].metrics, name) - sum / (double)count, 2);
        ad_metrics_add(mean, name, sum / (double)count);
        ad_metrics_add(deviation, name, count > 1 ? sqrt(squares / (double)(count - 1)) : 0);
    }
    ad_status status = ad_metrics_status(mean);
    return status ? status : ad_metrics_status(deviation);
}

static ad_status run_parts(running *r, ad_train_result *results, int64_t count)
{
    r->outcome->was_finished = true;
    for (int64_t i = 0; i < count; ++i) {
        char path[PATH_MAX];
        ad_run_part part = {.seed = (uint64_t)r->train->seed + (uint64_t)(i / r->folds),
                            .fold = (int)(i % r->folds),
                            .folds = (int)r->folds};
        part_path(r, part, path);
        bool finished;
        ad_status status = check_finished(r, path, &finished, &results[i].metrics);
        if (status) return status;
        if (finished) continue;
        ad_watch_note(&r->session->watcher, "part %lld of %lld: %s", (long long)i + 1,
                      (long long)count, path);
        r->first = r->outcome->was_finished;
        r->outcome->was_finished = false;
        status = run_part(r, path, part, &results[i]);
        if (status) return status;
        if (results[i].interrupted) {
            r->outcome->interrupted = true;
            break;
        }
    }
    return AD_OK;
}

/* The folder that holds the parts: it keeps the settings, the lock and the mean. */
static ad_status train_parts(running *r, ad_train_result *results, int64_t count)
{
    ad_run_folder *top;
    const char *path = r->outcome->folder;
    bool resume = r->session->resume;
    ad_run_options options = options_of(r, (ad_run_part){.seed = (uint64_t)r->train->seed}, NULL,
                                        resume);
    ad_status status = ad_run_open(&top, r->ctx, path, &options);
    if (status) return status;
    if (!resume) status = ad_run_write_config(top);
    if (!status) status = run_parts(r, results, count);
    if (!status && !r->outcome->interrupted) status = summarise(r, results, count);
    return leave(r, top, status, r->outcome->interrupted, &r->outcome->mean);
}

static ad_status train_single(const running *r, ad_train_result *result)
{
    const char *path = r->outcome->folder;
    ad_run_part part = {.seed = (uint64_t)r->train->seed, .fold = 0, .folds = (int)r->folds};
    ad_status status = check_finished(r, path, &r->outcome->was_finished, &result->metrics);
    if (!status && !r->outcome->was_finished) status = run_part(r, path, part, result);
    if (status) return status;
    r->outcome->interrupted = result->interrupted;
    return result->interrupted ? AD_OK : summarise(r, result, 1);
}

/* ---- all of it ---- */

/* What a command line would not have been parsed without. */
static ad_status check_required(const ad_settings *settings)
{
    for (int i = 0; i < settings->count; ++i)
        for (const ad_option *o = settings->part[i].record->options; o->name; ++o) {
            char *text = NULL;
            ad_status status = o->required ? ad_settings_get(settings, o->name, &text) : AD_OK;
            bool missing = o->required && !text;
            ad_record_text_free(settings->ctx, text);
            if (status) return status;
            if (missing)
                return ad_fail(settings->ctx, AD_ERROR_ARGUMENT, "--%s is missing: %s", o->name,
                               o->help);
        }
    return AD_OK;
}

ad_status ad_session_run(const ad_session *session, ad_outcome *outcome)
{
    ad_context *ctx = session->settings->ctx;
    running r = {.session = session, .ctx = ctx, .outcome = outcome};
    *outcome = (ad_outcome){.mean = ad_metrics_new(ctx), .deviation = ad_metrics_new(ctx)};
    r.train = ad_settings_value(session->settings, &ad_train_record);
    if (!r.train) return ad_fail(ctx, AD_ERROR_ARGUMENT, "the session has no settings of training");
    ad_status status = ad_record_check(&ad_train_record, ctx, "training", r.train);
    if (!status) status = check_required(session->settings);
    if (!status) status = count_folds(session->settings, &r.folds);
    if (!status && session->resume)
        status = ad_run_check_settings(session->settings, session->folder);
    if (!status) status = choose_folder(&r);
    if (status) return status;
    outcome->parts = r.train->seeds * r.folds;
    if (outcome->parts > 1)
        part_path(&r, (ad_run_part){.seed = (uint64_t)r.train->seed}, outcome->model);
    else
        memcpy(outcome->model, outcome->folder, sizeof outcome->model);
    size_t bytes = (size_t)outcome->parts * sizeof(ad_train_result);
    ad_train_result *results = ad_zalloc(ctx, bytes);
    if (!results) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < outcome->parts; ++i) results[i].metrics = ad_metrics_new(ctx);
    status = outcome->parts > 1 ? train_parts(&r, results, outcome->parts)
                                : train_single(&r, results);
    for (int64_t i = 0; i < outcome->parts; ++i) ad_metrics_free(&results[i].metrics);
    ad_free(ctx, results, bytes);
    return status;
}

void ad_outcome_free(ad_outcome *outcome)
{
    if (outcome->mean.ctx) ad_metrics_free(&outcome->mean);
    if (outcome->deviation.ctx) ad_metrics_free(&outcome->deviation);
}
