/* run_config.c - config.json: everything that decides what a run computes, in a form that --config
 * takes again, and what the data and the training were. */
#include "run/run.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- which options ---- */

/* Options about this process, not about the run. */
bool ad_run_option_of_process(const char *name)
{
    static const char *const names[] = {"run",   "resume", "config", "threads",
                                        "quiet", "json",   "profile"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (!strcmp(name, names[i])) return true;
    return false;
}

/* What may differ when a run is gone on with: nothing that its numbers depend on, but for its end.
 */
bool ad_run_option_may_change(const char *name)
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
    return ad_run_option_of_process(name);
}

/* ---- a new run ---- */

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

static json_t *changed_options(const ad_run_folder *run)
{
    json_t *names = json_array();
    for (const ad_option *o = ad_command_verb(run->cmd)->options; o && o->name; ++o) {
        bool of_part = run->top && (!strcmp(o->name, "seed") || !strcmp(o->name, "seeds"));
        if (ad_run_option_of_process(o->name)) continue;
        if (of_part ? !strcmp(o->name, "seed") : !is_default(run->cmd, o))
            json_array_append_new(names, json_string(o->name));
    }
    return names;
}

static ad_status all_options(const ad_run_folder *run, json_t **options)
{
    *options = json_object();
    for (const ad_option *o = ad_command_verb(run->cmd)->options; o && o->name; ++o)
        if (!ad_run_option_of_process(o->name) &&
            json_object_set_new(*options, o->name, option_value(run->cmd, o))) {
            json_decref(*options);
            return ad_fail(run->ctx, AD_ERROR_ARGUMENT,
                           "--%s: holds bytes that are no UTF-8, which config.json cannot hold",
                           o->name);
        }
    if (run->top) { /* on its own it is the run of one seed and fold */
        json_object_set_new(*options, "seed", json_integer((json_int_t)run->part.seed));
        json_object_set_new(*options, "seeds", json_integer(1));
    }
    return AD_OK;
}

ad_status ad_run_write_config(const ad_run_folder *run)
{
    char path[PATH_MAX], started[40];
    const ad_verb *verb = ad_command_verb(run->cmd);
    json_t *options;
    struct tm now;
    time_t t = time(NULL);
    localtime_r(&t, &now);
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%S", &now);
    ad_status status = all_options(run, &options);
    if (status) return status;
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:o, s:o}", "system", verb->system, "verb", verb->name,
        "version", ad_command_app(run->cmd)->version, "cpu", ad_context_cpu(run->ctx), "isa",
        ad_context_isa(run->ctx), "threads", ad_context_threads(run->ctx), "started", started,
        "changed", changed_options(run), "options", options);
    if (root && run->top && run->part.folds > 1)
        json_object_set_new(root, "fold", json_integer(run->part.fold));
    status = ad_run_write_json(run->ctx, ad_run_file(run, "config.json", path), root,
                               JSON_INDENT(2));
    json_decref(root);
    return status;
}

/* ---- one that is there ---- */

static ad_status load_config(ad_context *ctx, const char *run_path, char file[PATH_MAX],
                             json_t **root)
{
    json_error_t error;
    snprintf(file, PATH_MAX, "%.*s/config.json", PATH_MAX - 64, run_path);
    *root = json_load_file(file, 0, &error);
    if (json_is_object(*root)) return AD_OK;
    json_decref(*root);
    *root = NULL;
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: %s", file, error.text);
}

bool ad_run_is_fold(const char *run_path)
{
    char file[PATH_MAX];
    snprintf(file, sizeof file, "%.*s/config.json", PATH_MAX - 64, run_path);
    json_t *root = json_load_file(file, 0, NULL);
    bool fold = json_object_get(root, "fold") != NULL;
    json_decref(root);
    return fold;
}

static bool is_end(const char *name)
{
    return !strcmp(name, "steps") || !strcmp(name, "epochs");
}

static bool end_given(ad_command *cmd)
{
    return ad_command_given(cmd, "steps") || ad_command_given(cmd, "epochs");
}

/* Of --steps and --epochs the one that was given, and only that one, counts. */
static json_t *end_value(ad_command *cmd, const ad_option *o)
{
    if (end_given(cmd) && !ad_command_given(cmd, o->name)) return json_null();
    return option_value(cmd, o);
}

bool ad_run_same_end(ad_command *cmd, const char *run_path)
{
    char file[PATH_MAX];
    json_t *root;
    bool same = !load_config(ad_command_context(cmd), run_path, file, &root);
    const json_t *options = json_object_get(root, "options");
    for (const ad_option *o = ad_command_verb(cmd)->options; same && o && o->name; ++o) {
        if (!is_end(o->name)) continue;
        json_t *wanted = end_value(cmd, o);
        const json_t *held = json_object_get(options, o->name);
        same = json_is_number(held) && json_is_number(wanted)
                   ? json_number_value(held) == json_number_value(wanted)
                   : json_is_null(held) && json_is_null(wanted);
        json_decref(wanted);
    }
    json_decref(root);
    return same;
}

static ad_status extend(const ad_run_folder *run, const char *run_path)
{
    char file[PATH_MAX];
    json_t *root;
    ad_status status = load_config(run->ctx, run_path, file, &root);
    if (status) return status;
    json_t *options = json_object_get(root, "options"), *changed = json_object_get(root, "changed");
    for (const ad_option *o = ad_command_verb(run->cmd)->options; o && o->name; ++o) {
        if (!is_end(o->name)) continue;
        json_t *value = end_value(run->cmd, o);
        for (size_t i = json_array_size(changed); i-- > 0;) {
            const char *name = json_string_value(json_array_get(changed, i));
            if (name && !strcmp(name, o->name)) json_array_remove(changed, i);
        }
        if (!json_is_null(value)) json_array_append_new(changed, json_string(o->name));
        json_object_set_new(options, o->name, value);
    }
    status = ad_run_write_json(run->ctx, file, root, JSON_INDENT(2));
    json_decref(root);
    return status;
}

ad_status ad_run_extend(const ad_run_folder *run)
{
    ad_status status = AD_OK;
    if (!ad_run_same_end(run->cmd, run->path)) status = extend(run, run->path);
    if (!status && run->top && !ad_run_same_end(run->cmd, run->top)) status = extend(run, run->top);
    return status;
}

ad_status ad_run_data(ad_run_folder *run, const char *path, uint64_t fingerprint,
                      const char *summary)
{
    char file[PATH_MAX], text[32];
    json_t *root;
    snprintf(text, sizeof text, "%016llx", (unsigned long long)fingerprint);
    ad_status status = load_config(run->ctx, run->path, file, &root);
    if (status) return status;
    const json_t *data = json_object_get(root, "data");
    const char *before = json_string_value(json_object_get(data, "fingerprint"));
    if (before && strcmp(before, text))
        status = ad_fail(run->ctx, AD_ERROR_ARGUMENT,
                         "%s: the data are not those that %s was trained on (fingerprint %s, "
                         "found %s)",
                         path, run->path, before, text);
    if (!status && !before) {
        json_object_set_new(root, "data",
                            json_pack("{s:o, s:s, s:o}", "path", ad_run_json_text(run->ctx, path),
                                      "fingerprint", text, "summary",
                                      ad_run_json_text(run->ctx, summary)));
        status = ad_run_write_json(run->ctx, file, root, JSON_INDENT(2));
    }
    json_decref(root);
    run->fingerprint = fingerprint, run->has_data = true;
    ad_run_log(run, "data: %s, %s", path, summary);
    return status;
}

ad_status ad_run_describe(ad_run_folder *run, const ad_training *t, int64_t steps)
{
    char file[PATH_MAX], monitor[AD_TRAIN_NAME + 16] = "";
    json_t *root;
    json_int_t parameters = 0;
    ad_status status = load_config(run->ctx, run->path, file, &root);
    if (status) return status;
    for (int i = 0; i < ad_vars_count(t->vars); ++i)
        if (!ad_variable_is_buffer(ad_vars_at(t->vars, i)))
            parameters += ad_shape_count(ad_variable_shape(ad_vars_at(t->vars, i)));
    if (t->monitor) snprintf(monitor, sizeof monitor, "validation/%s", t->monitor);
    json_t *training = json_pack("{s:s, s:b, s:I, s:I}", "monitor", monitor, "monitor_low",
                                 (int)t->monitor_low, "steps", (json_int_t)steps, "parameters",
                                 parameters);
    if (json_equal(json_object_get(root, "training"), training)) {
        json_decref(training);
    } else {
        json_object_set_new(root, "training", training);
        status = ad_run_write_json(run->ctx, file, root, JSON_INDENT(2));
    }
    json_decref(root);
    return status;
}
