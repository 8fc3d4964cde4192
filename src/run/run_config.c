/* run_config.c - config.json: everything that decides what a run computes, in a form that --config
 * takes again, and what the data and the training were. */
#include "run/run_config.h"
#include "run/run_files.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

ad_status ad_run_write_config(const ad_run_folder *run)
{
    char path[PATH_MAX], started[40];
    json_t *options = NULL, *changed = NULL;
    unsigned refusals = ad_json_refusals();
    struct tm now;
    time_t t = time(NULL);
    localtime_r(&t, &now);
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%S", &now);
    ad_status status = ad_run_options_json(run, &options);
    if (!status) status = ad_run_changed_json(run, &changed);
    if (status) {
        json_decref(options);
        return status;
    }
    json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:o, s:o}", "app",
                             run->options.app ? run->options.app : "", "system",
                             run->options.system, "verb", run->options.verb, "version", AD_VERSION,
                             "cpu", ad_context_cpu(run->ctx), "isa", ad_context_isa(run->ctx),
                             "threads", ad_context_threads(run->ctx), "started", started, "changed",
                             changed, "options", options);
    if (root && run->options.top && run->options.part.folds > 1)
        json_object_set_new(root, "fold", json_integer(run->options.part.fold));
    status = ad_run_write_json(run->ctx, ad_run_file(run, "config.json", path), root,
                               JSON_INDENT(2), refusals);
    json_decref(root);
    return status;
}

/* ---- one that is there ---- */

bool ad_run_wrote(const json_t *config)
{
    return json_is_string(json_object_get(config, "system"));
}

ad_status ad_run_load_config(ad_context *ctx, const char *run_path, char file[PATH_MAX],
                             json_t **root)
{
    snprintf(file, PATH_MAX, "%.*s/config.json", PATH_MAX - 64, run_path);
    ad_status status = ad_json_load(ctx, file, 0, root);
    if (status || json_is_object(*root)) return status;
    json_decref(*root);
    *root = NULL;
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: is not an object", file);
}

ad_status ad_run_can_resume(ad_context *ctx, const char *run_path)
{
    char file[PATH_MAX];
    json_t *root;
    if (!ad_run_is(run_path))
        return ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: is not a run: it has no config.json",
                       run_path);
    ad_status status = ad_run_check(ctx, run_path);
    if (!status) status = ad_run_load_config(ctx, run_path, file, &root);
    if (status) return status;
    bool fold = json_object_get(root, "fold") != NULL;
    json_decref(root);
    if (!fold) return AD_OK; /* a fold cannot be named by options */
    return ad_fail(ctx, AD_ERROR_ARGUMENT,
                   "%s: is one fold of a run; resume the folder that holds its folds", run_path);
}

ad_status ad_run_read_part(const ad_settings *settings, const char *run_path, ad_run_part *part)
{
    char file[PATH_MAX], *text = NULL;
    json_t *root;
    ad_status status = ad_run_load_config(settings->ctx, run_path, file, &root);
    if (status) return status;
    const json_t *fold = json_object_get(root, "fold");
    *part = (ad_run_part){.fold = (int)json_integer_value(fold), .folds = 1};
    if (fold && ad_settings_find(settings, "folds", NULL))
        status = ad_settings_get(settings, "folds", &text);
    if (text) part->folds = (int)strtol(text, NULL, 10);
    ad_record_text_free(settings->ctx, text);
    text = NULL;
    if (!status && ad_settings_find(settings, "seed", NULL))
        status = ad_settings_get(settings, "seed", &text);
    if (text) part->seed = strtoull(text, NULL, 10);
    ad_record_text_free(settings->ctx, text);
    if (!status && (part->fold < 0 || part->fold >= (part->folds > 1 ? part->folds : 1)))
        status = ad_fail(settings->ctx, AD_ERROR_FORMAT, "%s: is fold %d of %d", file, part->fold,
                         part->folds);
    json_decref(root);
    return status;
}

static ad_status extend(const ad_run_folder *run, const char *run_path)
{
    char file[PATH_MAX];
    json_t *root;
    unsigned refusals = ad_json_refusals();
    ad_status status = ad_run_load_config(run->ctx, run_path, file, &root);
    if (status) return status;
    json_t *options = json_object_get(root, "options"), *changed = json_object_get(root, "changed");
    if (json_is_object(options) && json_is_array(changed))
        status = ad_run_put_end(run->options.settings, options, changed);
    else
        status = ad_fail(run->ctx, AD_ERROR_FORMAT, "%s: has no \"options\" and \"changed\"", file);
    if (!status) status = ad_run_write_json(run->ctx, file, root, JSON_INDENT(2), refusals);
    json_decref(root);
    return status;
}

ad_status ad_run_extend(const ad_run_folder *run)
{
    const ad_settings *settings = run->options.settings;
    const char *top = run->options.top;
    ad_status status = AD_OK;
    if (!ad_run_same_end(settings, run->path)) status = extend(run, run->path);
    if (!status && top && !ad_run_same_end(settings, top)) status = extend(run, top);
    return status;
}

/* ---- what it is about ---- */

ad_status ad_run_data(ad_run_folder *run, const char *path, uint64_t fingerprint,
                      const char *summary)
{
    char file[PATH_MAX], text[32];
    json_t *root;
    unsigned refusals = ad_json_refusals();
    snprintf(text, sizeof text, "%016llx", (unsigned long long)fingerprint);
    ad_status status = ad_run_load_config(run->ctx, run->path, file, &root);
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
                            json_pack("{s:o, s:s, s:o}", "path", ad_json_from_text(run->ctx, path),
                                      "fingerprint", text, "summary",
                                      ad_json_from_text(run->ctx, summary)));
        status = ad_run_write_json(run->ctx, file, root, JSON_INDENT(2), refusals);
    }
    json_decref(root);
    snprintf(run->about, sizeof run->about, "%.300s: %.160s", path, summary);
    ad_run_log(run, "data: %s, %s", path, summary);
    return status;
}

ad_status ad_run_describe(ad_run_folder *run, const ad_run_description *d)
{
    char file[PATH_MAX], monitor[256] = "";
    json_t *root;
    unsigned refusals = ad_json_refusals();
    ad_status status = ad_run_load_config(run->ctx, run->path, file, &root);
    if (status) return status;
    if (d->monitor) snprintf(monitor, sizeof monitor, "validation/%.200s", d->monitor);
    json_t *training = json_pack("{s:s, s:b, s:I, s:I}", "monitor", monitor, "monitor_low",
                                 (int)d->monitor_low, "steps", (json_int_t)d->steps, "parameters",
                                 (json_int_t)d->parameters);
    if (training && d->minutes > 0) json_object_set_new(training, "minutes", json_real(d->minutes));
    const json_t *before = json_object_get(root, "training");
    const json_t *minutes = json_object_get(before, "minutes");
    if (training && minutes && d->minutes <= 0) /* chosen by an earlier process */
        json_object_set_new(training, "minutes", json_incref((json_t *)minutes));
    if (json_equal(before, training)) {
        json_decref(training);
    } else {
        json_object_set_new(root, "training", training);
        status = ad_run_write_json(run->ctx, file, root, JSON_INDENT(2), refusals);
    }
    json_decref(root);
    return status;
}
