/* train_verb.c - what every verb `train` does around its training: options from files, the run's
 * folder, one part after the other, the result. */
#include "train/run.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct session {
    ad_command *cmd;
    ad_context *ctx;
    ad_train_once once;
    char path[PATH_MAX];
    bool resume, further; /* further: beyond where it was to end */
    int folds;
    int64_t seeds;
    uint64_t seed;
} session;

static bool has_option(const ad_command *cmd, const char *name)
{
    for (const ad_option *o = ad_command_verb(cmd)->options; o && o->name; ++o)
        if (!strcmp(o->name, name)) return true;
    return false;
}

/* Options about this process, not about the run. */
static bool of_process(const char *name)
{
    static const char *const names[] = {"run", "resume", "config", "threads", "quiet", "json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (!strcmp(name, names[i])) return true;
    return false;
}

/* What may differ when a run is gone on with: nothing that its numbers depend on, but for its end.
 */
static bool may_change(const char *name)
{
    static const char *const names[] = {"checkpoint-every",
                                        "checkpoint-minutes",
                                        "keep",
                                        "log-every",
                                        "histograms",
                                        "steps",
                                        "epochs",
                                        "data"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (!strcmp(name, names[i])) return true;
    return of_process(name);
}

/* ---- config.json ---- */

static json_t *option_value(ad_command *cmd, const ad_option *option)
{
    const char *text = ad_command_value(cmd, option->name);
    if (option->type == AD_OPTION_FLAG) return json_boolean(ad_command_flag(cmd, option->name));
    if (!text) return json_null();
    if (option->type == AD_OPTION_INT)
        return json_integer((json_int_t)ad_command_int(cmd, option->name));
    if (option->type == AD_OPTION_REAL) return json_real(ad_command_real(cmd, option->name));
    return json_string(text);
}

/* Whether it has the value that the table gives it. */
static bool is_default(ad_command *cmd, const ad_option *o)
{
    const char *text = ad_command_value(cmd, o->name), *initial = o->initial;
    if (o->type == AD_OPTION_FLAG)
        return ad_command_flag(cmd, o->name) == (initial && !strcmp(initial, "yes"));
    if (!text || !initial) return text == initial;
    if (o->type == AD_OPTION_INT || o->type == AD_OPTION_REAL)
        return strtod(text, NULL) == strtod(initial, NULL);
    return !strcmp(text, initial);
}

static json_t *changed_options(const session *s, bool part)
{
    json_t *names = json_array();
    for (const ad_option *o = ad_command_verb(s->cmd)->options; o && o->name; ++o) {
        bool of_part = part && (!strcmp(o->name, "seed") || !strcmp(o->name, "seeds"));
        if (!of_process(o->name) && (of_part ? !strcmp(o->name, "seed") : !is_default(s->cmd, o)))
            json_array_append_new(names, json_string(o->name));
    }
    return names;
}

static ad_status write_config(const session *s, const ad_run_folder *run)
{
    char path[PATH_MAX], started[40];
    const ad_verb *verb = ad_command_verb(s->cmd);
    json_t *options = json_object();
    struct tm now;
    time_t t = time(NULL);
    localtime_r(&t, &now);
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%S", &now);
    for (const ad_option *o = verb->options; o && o->name; ++o)
        if (!of_process(o->name)) json_object_set_new(options, o->name, option_value(s->cmd, o));
    bool part = strcmp(run->path, s->path) != 0;
    if (part) { /* on its own it is the run of one seed and fold */
        json_object_set_new(options, "seed", json_integer((json_int_t)run->part.seed));
        json_object_set_new(options, "seeds", json_integer(1));
    }
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:o, s:o}", "system", verb->system, "verb", verb->name,
        "version", ad_command_app(s->cmd)->version, "cpu", ad_context_cpu(s->ctx), "isa",
        ad_context_isa(s->ctx), "threads", ad_context_threads(s->ctx), "started", started,
        "changed", changed_options(s, part), "options", options);
    if (root && part && s->folds > 1)
        json_object_set_new(root, "fold", json_integer(run->part.fold));
    char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
    ad_status status = text ? ad_run_write(s->ctx, ad_run_file(run, "config.json", path), text)
                            : ad_fail(s->ctx, AD_ERROR_ARGUMENT,
                                      "config.json: an option holds bytes that are no UTF-8");
    free(text);
    json_decref(root);
    return status;
}

/* ---- options ---- */

static int read_options(session *s)
{
    ad_command *cmd = s->cmd;
    const char *resume = ad_command_text(cmd, "resume"), *config = ad_command_text(cmd, "config");
    char path[PATH_MAX];
    s->resume = resume != NULL;
    s->further = ad_command_given(cmd, "steps") || ad_command_given(cmd, "epochs");
    if (resume && (config || ad_command_text(cmd, "run")))
        return ad_command_usage(cmd, "--resume names the run; --%s cannot be given with it",
                                config ? "config" : "run");
    for (const ad_option *o = ad_command_verb(cmd)->options; resume && o->name; ++o)
        if (ad_command_given(cmd, o->name) && !may_change(o->name))
            return ad_command_usage(
                cmd, "--%s cannot change while a run is gone on with; start another", o->name);
    if (resume) {
        snprintf(path, sizeof path, "%.*s/config.json", PATH_MAX - 64, resume);
        if (access(path, R_OK))
            return ad_command_fail(cmd, "%s: is no run: it has no config.json", resume);
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

/* The page is made from files that are there; that it cannot be written spoils nothing. */
static void write_report(const session *s, const char *path)
{
    if (ad_run_report(s->ctx, path))
        ad_command_note(s->cmd, "the report was not written: %s", ad_error(s->ctx));
}

static ad_status run_part(const session *s, const char *path, ad_train_part part,
                          ad_train_result *result)
{
    char config[PATH_MAX];
    ad_run_folder *run;
    if (s->resume && !s->further && ad_run_finished(path, result)) return AD_OK;
    snprintf(config, sizeof config, "%.*s/config.json", PATH_MAX - 64, path);
    bool resume = s->resume && !access(config, F_OK); /* a part may not have begun */
    ad_status status = ad_run_open(&run, s->cmd, path, part, resume);
    if (status) return status;
    *result = (ad_train_result){0};
    if (!resume) status = write_config(s, run);
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
    write_report(s, path);
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
    if (!status && !s->resume) status = write_config(s, top);
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
    if (top) write_report(s, s->path);
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
    bool finished = s->resume && !s->further && ad_run_finished(s->path, &result);
    if (finished) ad_command_note(s->cmd, "%s is finished; nothing is left to do", s->path);
    ad_train_part part = {.seed = s->seed, .fold = 0, .folds = s->folds};
    if (!finished && run_part(s, s->path, part, &result))
        return ad_command_fail(s->cmd, "%s", ad_error(s->ctx));
    if (result.interrupted) return interrupted(s);
    summarise(&result, 1, &all);
    print_result(s, &all, 1);
    return AD_EXIT_OK;
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
    int64_t parts = s.seeds * s.folds;
    return parts > 1 ? train_parts(&s, parts) : train_single(&s);
}
