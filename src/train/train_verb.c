/* train_verb.c - what every verb `train` does around its training: options from files, the run's
 * folder, one part after the other, the result. */
#include "run/run.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

typedef struct session {
    ad_command *cmd;
    ad_context *ctx;
    ad_train_once once;
    char path[PATH_MAX];
    bool resume;
    int folds;
    int64_t seeds;
    uint64_t seed;
    ad_tuning *tuning;
} session;

static bool has_option(const ad_command *cmd, const char *name)
{
    for (const ad_option *o = ad_command_verb(cmd)->options; o && o->name; ++o)
        if (!strcmp(o->name, name)) return true;
    return false;
}

/* ---- options ---- */

static int read_options(session *s)
{
    ad_command *cmd = s->cmd;
    const char *resume = ad_command_text(cmd, "resume"), *config = ad_command_text(cmd, "config");
    char path[PATH_MAX];
    s->resume = resume != NULL;
    if (resume && (config || ad_command_text(cmd, "run")))
        return ad_command_usage(cmd, "--resume names the run; --%s cannot be given with it",
                                config ? "config" : "run");
    for (const ad_option *o = ad_command_verb(cmd)->options; resume && o->name; ++o)
        if (ad_command_given(cmd, o->name) && !ad_run_option_may_change(o->name))
            return ad_command_usage(
                cmd, "--%s cannot change while a run is gone on with; start another", o->name);
    if (resume) {
        snprintf(path, sizeof path, "%.*s/config.json", PATH_MAX - 64, resume);
        if (access(path, R_OK))
            return ad_command_fail(cmd, "%s: is no run: it has no config.json", resume);
        if (ad_run_is_fold(resume))
            return ad_command_fail(
                cmd, "%s: is one fold of a run; resume the folder that holds its folds", resume);
        config = path;
    }
    int status = config ? ad_command_config(cmd, config) : AD_EXIT_OK;
    return status ? status : ad_command_complete(cmd);
}

static int choose_folder(session *s)
{
    const char *given = s->resume ? ad_command_text(s->cmd, "resume")
                                  : ad_command_text(s->cmd, "run");
    if (!given && ad_run_new_name(s->ctx, ad_command_verb(s->cmd)->system, s->path))
        return ad_command_fail(s->cmd, "%s", ad_error(s->ctx));
    if (given) snprintf(s->path, sizeof s->path, "%s", given);
    size_t length = strlen(s->path);
    while (length > 1 && s->path[length - 1] == '/') s->path[--length] = 0;
    return AD_EXIT_OK;
}

/* ---- one part ---- */

/* The page is made from files that are there; that it cannot be written spoils nothing, and beside
 * an error goes without saying. */
static void write_report(const session *s, const char *path, bool failed)
{
    if (ad_run_report(s->ctx, path) && !failed)
        ad_command_note(s->cmd, "the report was not written: %s", ad_error(s->ctx));
}

/* To the end that is asked for, which may be another than when it was. */
static bool finished(const session *s, const char *path, ad_train_result *result)
{
    return s->resume && ad_run_finished(path, result) && ad_run_same_end(s->cmd, path);
}

static ad_status run_part(const session *s, const char *path, ad_train_part part,
                          ad_train_result *result)
{
    char config[PATH_MAX];
    ad_run_folder *run;
    if (finished(s, path, result)) return AD_OK;
    snprintf(config, sizeof config, "%.*s/config.json", PATH_MAX - 64, path);
    bool resume = s->resume && !access(config, F_OK); /* a part may not have begun */
    ad_status status = ad_run_open(&run, s->cmd, path, part, resume);
    if (status) return status;
    run->top = strcmp(path, s->path) != 0 ? s->path : NULL;
    run->tuning = s->tuning;
    *result = (ad_train_result){0};
    if (!resume) status = ad_run_write_config(run);
    ad_run_log(run, "%s with %d threads, %s", resume ? "gone on with" : "started",
               ad_context_threads(s->ctx), ad_context_cpu(s->ctx));
    if (!status) status = s->once(s->cmd, run, part, result);
    char error[1024] = "";
    if (status) {
        snprintf(error, sizeof error, "%s", ad_error(s->ctx));
        ad_run_log(run, "failed: %s", error);
        (void)ad_run_finish(run, "failed", NULL, error);
        (void)ad_error_set(s->ctx, status, "%s", error); /* not what writing that may have said */
    } else {
        status = ad_run_finish(run, result->interrupted ? "interrupted" : "finished", result, NULL);
        ad_run_log(run, "%s", result->interrupted ? "interrupted" : "finished");
    }
    ad_run_close(run);
    write_report(s, path, status != AD_OK);
    if (status) (void)ad_error_set(s->ctx, status, "%s", error);
    return status;
}

static void part_path(const session *s, ad_train_part part, char path[PATH_MAX])
{
    int used = snprintf(path, PATH_MAX, "%.*s/", PATH_MAX - 64, s->path);
    if (s->seeds > 1)
        used += snprintf(path + used, (size_t)(PATH_MAX - used), "seed-%llu%s",
                         (unsigned long long)part.seed, s->folds > 1 ? "-" : "");
    if (s->folds > 1) snprintf(path + used, (size_t)(PATH_MAX - used), "fold-%d", part.fold);
}

/* ---- several parts ---- */

typedef struct spread {
    ad_train_result mean, deviation; /* the sample's, over n - 1 */
} spread;

static void summarise(const ad_train_result *parts, int64_t count, spread *out)
{
    *out = (spread){0};
    for (int i = 0; i < parts[0].count; ++i) {
        const char *name = parts[0].number[i].name;
        double sum = 0, squares = 0;
        for (int64_t p = 0; p < count; ++p) sum += ad_train_result_get(&parts[p], name);
        for (int64_t p = 0; p < count; ++p)
            squares += pow(ad_train_result_get(&parts[p], name) - sum / (double)count, 2);
        ad_train_result_add(&out->mean, name, sum / (double)count);
        ad_train_result_add(&out->deviation, name,
                            count > 1 ? sqrt(squares / (double)(count - 1)) : 0);
    }
}

static void print_result(const session *s, const spread *all, int64_t count)
{
    FILE *out = ad_command_out(s->cmd);
    char name[AD_TRAIN_NAME + 8];
    if (ad_command_json(s->cmd)) {
        ad_json_begin(s->cmd, "result");
        ad_json_text(s->cmd, "run", s->path);
        for (int i = 0; i < all->mean.count; ++i)
            ad_json_real(s->cmd, all->mean.number[i].name, all->mean.number[i].value);
        for (int i = 0; i < all->deviation.count && count > 1; ++i) {
            snprintf(name, sizeof name, "%s_std", all->deviation.number[i].name);
            ad_json_real(s->cmd, name, all->deviation.number[i].value);
        }
        if (count > 1 && all->deviation.count)
            ad_json_real(s->cmd, "std", all->deviation.number[0].value);
        if (count > 1) ad_json_int(s->cmd, "parts", count);
        ad_json_end(s->cmd);
        return;
    }
    for (int i = 0; i < all->mean.count; ++i) {
        fprintf(out, "%-24s %.6g", all->mean.number[i].name, all->mean.number[i].value);
        if (count > 1) fprintf(out, " +- %.3g", all->deviation.number[i].value);
        fputc('\n', out);
    }
    fprintf(out, "run                      %s\n", s->path);
}

static int interrupted(const session *s)
{
    const ad_verb *verb = ad_command_verb(s->cmd);
    if (ad_command_json(s->cmd)) {
        ad_json_begin(s->cmd, "interrupted");
        ad_json_text(s->cmd, "run", s->path);
        ad_json_end(s->cmd);
    }
    return ad_command_fail(s->cmd, "stopped and saved; go on with: %s %s %s --resume %s",
                           ad_command_app(s->cmd)->name, verb->system, verb->name, s->path);
}

static ad_status run_all(const session *s, ad_train_result *results, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        char path[PATH_MAX];
        ad_train_part part = {.seed = s->seed + (uint64_t)(i / s->folds),
                              .fold = (int)(i % s->folds),
                              .folds = s->folds};
        part_path(s, part, path);
        if (count > 1)
            ad_command_note(s->cmd, "part %lld of %lld: %s", (long long)i + 1, (long long)count,
                            path);
        ad_status status = run_part(s, path, part, &results[i]);
        if (status) return status;
        if (results[i].interrupted) {
            results[0].interrupted = true;
            break;
        }
    }
    return AD_OK;
}

static int train_parts(const session *s, int64_t count)
{
    ad_run_folder *top;
    ad_train_result *results = ad_zalloc(s->ctx, (size_t)count * sizeof *results);
    if (!results) return ad_command_fail(s->cmd, "out of memory");
    ad_status status = ad_run_open(&top, s->cmd, s->path, (ad_train_part){.seed = s->seed},
                                   s->resume);
    if (!status && !s->resume) status = ad_run_write_config(top);
    if (!status) status = run_all(s, results, count);
    int code = status ? ad_command_fail(s->cmd, "%s", ad_error(s->ctx)) : AD_EXIT_OK;
    bool stopped = results[0].interrupted;
    spread all = {0};
    if (!code && !stopped) summarise(results, count, &all);
    if (top &&
        ad_run_finish(top,
                      code      ? "failed"
                      : stopped ? "interrupted"
                                : "finished",
                      &all.mean, code ? ad_error(s->ctx) : NULL) &&
        !code)
        code = ad_command_fail(s->cmd, "%s", ad_error(s->ctx));
    ad_run_close(top);
    if (top) write_report(s, s->path, code != 0);
    if (!code && stopped)
        code = interrupted(s);
    else if (!code)
        print_result(s, &all, count);
    ad_free(s->ctx, results, (size_t)count * sizeof *results);
    return code;
}

static int train_single(const session *s)
{
    ad_train_result result = {0};
    spread all;
    bool done = finished(s, s->path, &result);
    if (done) ad_command_note(s->cmd, "%s is finished; nothing is left to do", s->path);
    ad_train_part part = {.seed = s->seed, .fold = 0, .folds = s->folds};
    if (!done && run_part(s, s->path, part, &result))
        return ad_command_fail(s->cmd, "%s", ad_error(s->ctx));
    if (result.interrupted) return interrupted(s);
    summarise(&result, 1, &all);
    print_result(s, &all, 1);
    return AD_EXIT_OK;
}

static int train_tuned(session *s)
{
    char kept[PATH_MAX];
    snprintf(kept, sizeof kept, "%.*s/wisdom", PATH_MAX - 64, s->path);
    int status = ad_tuning_open_kept(&s->tuning, s->cmd, s->resume ? kept : NULL);
    if (status) return status;
    status = s->seeds * s->folds > 1 ? train_parts(s, s->seeds * s->folds) : train_single(s);
    return ad_tuning_close(s->tuning, status);
}

static int train_watched(session *s)
{
    ad_profile *profile;
    int status = ad_profile_open(&profile, s->cmd);
    return status ? status : ad_profile_close(profile, train_tuned(s));
}

int ad_train_main(ad_command *cmd, ad_train_once once)
{
    session s = {.cmd = cmd, .once = once, .folds = 1, .seeds = 1};
    int status = read_options(&s);
    if (status) return status;
    if (!(s.ctx = ad_command_context(cmd))) return AD_EXIT_FAILURE;
    if ((status = choose_folder(&s))) return status;
    s.seed = (uint64_t)ad_command_int(cmd, "seed");
    s.seeds = ad_command_int(cmd, "seeds");
    if (has_option(cmd, "folds") && ad_command_int(cmd, "folds") > 1)
        s.folds = (int)ad_command_int(cmd, "folds");
    (void)ad_command_interrupted(cmd); /* from here on signals are noticed, not obeyed */
    return train_watched(&s);
}
