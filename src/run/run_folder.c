/* run_folder.c - the folder of a run: made, locked, described, and written into. */
#include "run/run_config.h"
#include "run/run_files.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *ad_run_path(const ad_run_folder *run)
{
    return run->path;
}

const ad_settings *ad_run_settings(const ad_run_folder *run)
{
    return run->options.settings;
}

const ad_watcher *ad_run_watcher(const ad_run_folder *run)
{
    return &run->options.watcher;
}

ad_context *ad_run_context(const ad_run_folder *run)
{
    return run->ctx;
}

const char *ad_run_file(const ad_run_folder *run, const char *name, char buffer[PATH_MAX])
{
    snprintf(buffer, PATH_MAX, "%s/%.200s", run->path, name);
    return buffer;
}

ad_status ad_run_write(ad_context *ctx, const char *path, const char *text)
{
    ad_output *output;
    ad_status status = ad_output_open(&output, ctx, path);
    if (status) return status;
    (void)ad_output_write(output, text, strlen(text));
    return ad_output_commit(output);
}

/* Numbers as short as they can be so that they are the same when read again. */
static ad_status dump(ad_text *text, const char *path, const json_t *root, size_t flags,
                      unsigned refusals)
{
    static const size_t digits[] = {15, 17};
    for (int i = 0; i < 2; ++i) {
        json_t *again;
        text->length = 0;
        ad_json_dump(text, root, flags | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(digits[i]),
                     refusals);
        if (text->failed) return ad_fail(text->ctx, AD_ERROR_MEMORY, "%s: out of memory", path);
        ad_status status = ad_json_parse(text->ctx, path, text->data, text->length, 0, &again);
        if (status) return status;
        bool same = json_equal(again, root);
        json_decref(again);
        if (same) break;
    }
    return AD_OK;
}

ad_status ad_run_write_json(ad_context *ctx, const char *path, const json_t *root, size_t flags,
                            unsigned refusals)
{
    ad_text text;
    ad_text_init(&text, ctx);
    ad_status status = dump(&text, path, root, flags, refusals);
    if (!status) status = ad_run_write(ctx, path, text.data);
    ad_text_free(&text);
    return status;
}

/* With the folders above it that are missing. */
ad_status ad_run_make_folder(ad_context *ctx, const char *path)
{
    struct stat info;
    char above[PATH_MAX];
    if (!mkdir(path, 0777) || (errno == EEXIST && !stat(path, &info) && S_ISDIR(info.st_mode)))
        return AD_OK;
    const char *slash = strrchr(path, '/');
    if (errno != ENOENT || !slash || slash == path || strlen(path) >= sizeof above)
        return ad_fail_io(ctx, path, "cannot create the folder", errno);
    snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
    ad_status status = ad_run_make_folder(ctx, above);
    if (!status && mkdir(path, 0777))
        status = ad_fail_io(ctx, path, "cannot create the folder", errno);
    return status;
}

ad_status ad_run_new_name(ad_context *ctx, const char *system, char path[PATH_MAX])
{
    struct tm day;
    char date[16];
    time_t t = time(NULL);
    localtime_r(&t, &day);
    strftime(date, sizeof date, "%Y%m%d", &day);
    ad_status status = ad_run_make_folder(ctx, "runs");
    if (status) return status;
    for (int n = 1; n < 100000; ++n) {
        snprintf(path, PATH_MAX, "runs/%.60s-%s-%d", system, date, n);
        if (access(path, F_OK)) return AD_OK;
    }
    return ad_fail(ctx, AD_ERROR_IO, "runs: holds too many runs of today; name one with --run");
}

/* ---- opening and closing ---- */

/* A line of the log may not be lost silently, but does not stop a run either: the disk being full
 * shows in what matters. */
void ad_run_log(ad_run_folder *run, const char *format, ...)
{
    if (!run->log) return;
    struct tm now;
    char stamp[32], sentence[8192], line[2 * sizeof sentence];
    time_t t = time(NULL);
    localtime_r(&t, &now);
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &now);
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    ad_printable_line(line, sizeof line, sentence);
    fprintf(run->log, "%s  %s\n", stamp, line);
    fflush(run->log);
}

static ad_status lock(ad_run_folder *run)
{
    char path[PATH_MAX];
    ad_run_file(run, "run.lock", path);
    run->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (run->lock < 0) return ad_fail_io(run->ctx, path, "cannot open", errno);
    /* Who only looks whether the run is locked holds the lock for a moment, too. */
    for (int tries = 0; tries < 20; ++tries) {
        if (!flock(run->lock, LOCK_EX | LOCK_NB)) return AD_OK;
        (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return ad_fail(run->ctx, AD_ERROR_IO, "%s: another process is training this run", run->path);
}

static ad_status remove_rest(ad_run_walk *w, const ad_run_entry *e)
{
    bool tried = e->where == AD_RUN_TOP && !strncmp(e->name, "trial", 5);
    if (e->kind == AD_RUN_OWN_FILE && (tried || ad_run_half_written(e->name)))
        (void)unlinkat(e->folder, e->name, 0);
    (void)w;
    return AD_OK;
}

/* What a killed process left. */
static ad_status remove_half_written(const ad_run_folder *run)
{
    ad_run_walk w = {.ctx = run->ctx, .visit = remove_rest, .alone = true};
    return ad_run_walk_files(&w, run->path);
}

/* The result.json that is there; *root NULL: there is none that can be read. */
static ad_status load_result(ad_context *ctx, const char *run_path, json_t **root)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/result.json", PATH_MAX - 64, run_path);
    ad_status status = ad_json_load(ctx, path, 0, root);
    if (status && status != AD_ERROR_MEMORY) ad_error_clear(ctx), status = AD_OK;
    return status;
}

static bool has_state(const json_t *result, const char *state)
{
    const char *found = json_string_value(json_object_get(result, "state"));
    return found && !strcmp(found, state);
}

/* A config.json that no run wrote is somebody's, and must not be written over. */
static ad_status check_ours(ad_context *ctx, const char *path)
{
    json_t *root;
    ad_status status = ad_json_load(ctx, path, 0, &root);
    bool ours = ad_run_wrote(root) && json_is_object(json_object_get(root, "options"));
    json_decref(root);
    if (ours || status == AD_ERROR_MEMORY) return status;
    return ad_fail(ctx, AD_ERROR_ARGUMENT,
                   "%s: is there, and not of a run; --run names another folder", path);
}

/* A new run must not be made where there is one, or what is left of one. What failed or was killed
 * before its first step, as with data that lack a column, holds nothing to resume, and whoever
 * mends the command repeats it. */
static ad_status check_free(const ad_run_folder *run, bool *left)
{
    char file[PATH_MAX];
    ad_run_file(run, "config.json", file);
    *left = !access(file, F_OK);
    if (ad_run_has_begun(run->ctx, run->path))
        return ad_fail(run->ctx, AD_ERROR_ARGUMENT,
                       "%s: already holds a run; --resume resumes it, --run names another",
                       run->path);
    return *left ? check_ours(run->ctx, file) : AD_OK;
}

static ad_status make_folders(ad_run_folder *run)
{
    static const char *const names[] = {"checkpoints", "samples"};
    char path[PATH_MAX];
    ad_status status = ad_run_make_folder(run->ctx, run->path);
    for (int i = 0; i < 2 && !status; ++i)
        status = ad_run_make_folder(run->ctx, ad_run_file(run, names[i], path));
    return status;
}

static ad_status open_log(ad_run_folder *run)
{
    char path[PATH_MAX];
    int file = open(ad_run_file(run, "log.txt", path),
                    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
    run->log = file < 0 ? NULL : fdopen(file, "a");
    if (run->log) return AD_OK;
    ad_status status = ad_fail_io(run->ctx, path, "cannot open", errno);
    if (file >= 0) close(file);
    return status;
}

ad_status ad_run_open(ad_run_folder **out, ad_context *ctx, const char *path,
                      const ad_run_options *options)
{
    bool resume = options->resume, left = false;
    char file[PATH_MAX];
    *out = NULL;
    ad_run_folder *run = ad_zalloc(ctx, sizeof *run);
    if (!run) return AD_ERROR_MEMORY;
    *run = (ad_run_folder){.ctx = ctx, .options = *options, .lock = -1, .metrics.file = -1};
    ad_status status = AD_OK;
    if (snprintf(run->path, sizeof run->path, "%s", path) >= (int)sizeof run->path)
        status = ad_fail(ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", path);
    if (!status) status = ad_run_check(ctx, run->path);
    if (!status && !resume) status = check_free(run, &left);
    if (!status && resume && access(ad_run_file(run, "config.json", file), F_OK))
        status = ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: is not a run: it has no config.json", path);
    if (!status) status = make_folders(run);
    if (!status) status = lock(run);
    if (!status && resume) status = remove_half_written(run);
    if (!status && left) status = ad_run_clear(ctx, run->path);
    if (!status && left) status = make_folders(run);
    if (!status) status = open_log(run);
    if (status)
        ad_run_close(run);
    else
        *out = run;
    return status;
}

void ad_run_close(ad_run_folder *run)
{
    if (!run) return;
    ad_metric_log_close(&run->metrics);
    (void)ad_events_close(run->events);
    if (run->log) fclose(run->log);
    if (run->lock >= 0) close(run->lock); /* and with it the lock */
    ad_free(run->ctx, run, sizeof *run);
}

/* ---- results ---- */

ad_status ad_run_finish(ad_run_folder *run, const char *state, const ad_metrics *result,
                        const char *error)
{
    char path[PATH_MAX];
    unsigned refusals = ad_json_refusals();
    json_t *root = json_pack("{s:s}", "state", state), *numbers = json_object();
    for (int i = 0; result && i < result->count; ++i)
        json_object_set_new(numbers, result->at[i].name,
                            isfinite(result->at[i].value) ? json_real(result->at[i].value)
                                                          : json_null());
    json_object_set_new(root, "results", numbers);
    if (error) json_object_set_new(root, "error", ad_json_from_text(run->ctx, error));
    ad_status status = ad_run_write_json(run->ctx, ad_run_file(run, "result.json", path), root,
                                         JSON_INDENT(2), refusals);
    json_decref(root);
    return status;
}

ad_status ad_run_take_results(ad_context *ctx, const char *run_path, const json_t *result_json,
                              ad_metrics *result)
{
    json_t *numbers = json_object_get(result_json, "results");
    if (json_object_size(numbers) > AD_RUN_RESULTS_MOST)
        return ad_fail(ctx, AD_ERROR_LIMIT, "%s/result.json: has more than %d results", run_path,
                       AD_RUN_RESULTS_MOST);
    for (void *at = json_object_iter(numbers); at; at = json_object_iter_next(numbers, at)) {
        const json_t *value = json_object_iter_value(at);
        ad_metrics_add(result, json_object_iter_key(at),
                       json_is_number(value) ? json_number_value(value) : NAN);
    }
    return ad_metrics_status(result);
}

ad_status ad_run_finished(ad_context *ctx, const char *run_path, bool *finished, ad_metrics *result)
{
    json_t *root;
    ad_status status = load_result(ctx, run_path, &root);
    *finished = has_state(root, "finished");
    ad_metrics_clear(result);
    if (!status && *finished) status = ad_run_take_results(ctx, run_path, root, result);
    json_decref(root);
    return status;
}
