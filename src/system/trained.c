/* trained.c - opens what was trained: here, elsewhere, or on a hub. */
#include "system/job.h"
#include "base/context.h"
#include "io/source.h"
#include "run/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CONFIG_BYTES_MOST = 4 << 20, BUILT_IN_MOST = 64 };

/* ---- which file ---- */

static bool joined(char path[PATH_MAX], const char *folder, const char *name)
{
    return snprintf(path, PATH_MAX, "%.*s/%s", PATH_MAX - 64, folder, name) < PATH_MAX &&
           !access(path, R_OK);
}

/* The weights of a folder that Hugging Face's libraries or nanoGPT wrote; false: it is none. */
static bool find_published(const char *folder, char path[PATH_MAX])
{
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json",
                                        "pytorch_model.bin", "ckpt.pt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (joined(path, folder, names[i])) return true;
    return false;
}

/* The system's built-in networks by their names, at most `most`. */
static int list_built_in(const ad_system *system, const char **names, int most)
{
    const ad_built_in *b = system->built_in;
    int count = 0;
    for (; b && b[count].name && count < most; ++count) names[count] = b[count].name;
    return count;
}

/* What a name stands for, as *named; of a built-in network place->built_in. */
static ad_status find_named(const ad_job *job, const char *name, char named[PATH_MAX],
                            ad_weights_place *place)
{
    const char *names[BUILT_IN_MOST];
    int count = list_built_in(job->system, names, BUILT_IN_MOST), which;
    ad_status status = ad_model_find(job->ctx, name, names, count, named, PATH_MAX, &which);
    if (status) return status;
    if (which >= 0) place->built_in = &job->system->built_in[which];
    for (int i = 0; i < count && which < 0; ++i)
        if (!strcmp(names[i], name))
            ad_watch_note(&job->watcher, "%s: is %s here, and not what is built in by this name",
                          name, strcmp(named, name) != 0 ? named : "what lies");
    return AD_OK;
}

ad_status ad_job_find_weights(const ad_job *job, const char *name, ad_weights_place *place)
{
    char note[512] = "", path[PATH_MAX];
    *place = (ad_weights_place){0};
    ad_status status = find_named(job, name, path, place);
    if (!status && place->built_in) snprintf(place->path, sizeof place->path, "%s", name);
    if (status || place->built_in) return status;
    if (!find_published(path, place->path))
        status = ad_run_weights(job->ctx, path, place->path, sizeof place->path, note, sizeof note);
    if (status == AD_ERROR_NOT_FOUND)
        return ad_fail(
            job->ctx, status,
            "%s: holds no checkpoint, and no weights of Hugging Face's form "
            "(model.safetensors, its index, or pytorch_model.bin) or nanoGPT's (ckpt.pt); of a "
            "run with --seeds or --folds each seed-N and fold-N has its own",
            path);
    if (status) return status;
    if (*note) ad_watch_note(&job->watcher, "%s", note);
    const char *slash = strrchr(place->path, '/');
    int length = slash == place->path ? 1 : slash ? (int)(slash - place->path) : 0;
    snprintf(place->folder, sizeof place->folder, "%.*s", length ? length : 1,
             length ? place->path : ".");
    return AD_OK;
}

ad_status ad_job_open_weights(const ad_job *job, const ad_weights_place *place, ad_file **file)
{
    return place->built_in ? place->built_in->open(file, job->ctx, place->path)
                           : ad_file_open(file, job->ctx, place->path);
}

/* ---- what it holds ---- */

/* The text of config.json beside the weights, owned by the caller; *text NULL: there is none. */
static ad_status read_config(const ad_job *job, char **text, size_t *bytes)
{
    char path[PATH_MAX];
    ad_content file;
    *text = NULL;
    if (job->inside->place.built_in || !joined(path, job->inside->place.folder, "config.json"))
        return AD_OK;
    ad_status status = ad_content_read_text(&file, job->ctx, path, CONFIG_BYTES_MOST);
    if (status) return status;
    *bytes = file.size + 1;
    if ((*text = ad_alloc(job->ctx, *bytes))) {
        memcpy(*text, file.bytes, file.size);
        (*text)[file.size] = 0;
    }
    ad_content_free(&file);
    return *text ? AD_OK : AD_ERROR_MEMORY;
}

static ad_status check_system(const ad_job *job)
{
    const char *system = ad_file_metadata(job->inside->file, "system");
    const char *name = job->system->name;
    if (!system || !strcmp(system, name)) return AD_OK;
    return ad_fail(job->ctx, AD_ERROR_FORMAT, "%s: was written by `%.40s train`, not by `%s train`",
                   job->inside->place.path, system, name);
}

static ad_status not_known(const ad_job *job)
{
    const char *name = job->system->name;
    ad_status status = check_system(job);
    if (status) return status;
    return ad_fail(job->ctx, AD_ERROR_FORMAT,
                   "%s: does not say which network it holds; it was not written by `%s train`",
                   job->inside->place.path, name);
}

static ad_status recognise(ad_job *job, bool *known)
{
    char *config;
    size_t bytes = 0;
    *known = false;
    if (!job->system->recognise) return AD_OK;
    ad_status status = read_config(job, &config, &bytes);
    if (!status)
        status = job->system->recognise(job->ctx, job->inside->file, config, job->model, known);
    if (config) ad_free(job->ctx, config, bytes);
    return status;
}

static ad_status read_model(ad_job *job)
{
    const ad_file *file = job->inside->file;
    const char *system = ad_file_metadata(file, "system");
    bool known = system && !strcmp(system, job->system->name);
    int found;
    ad_status status = AD_OK;
    if (known)
        status = ad_record_read(job->system->model, job->ctx, job->model, file, &found);
    else
        status = recognise(job, &known);
    if (!status && !known) status = not_known(job);
    if (!status)
        status = ad_record_check(job->system->model, job->ctx, job->inside->place.path, job->model);
    return status;
}

/* ---- the run that it is of ---- */

bool ad_job_find_run(const ad_job *job, char run[PATH_MAX])
{
    static const char last[] = "checkpoints";
    const char *folder = job->inside->place.folder, *name = strrchr(folder, '/');
    if (strcmp(name ? name + 1 : folder, last)) return false;
    int length = name == folder ? 1 : name ? (int)(name - folder) : 0;
    snprintf(run, PATH_MAX, "%.*s", length ? length : 1, length ? folder : ".");
    return ad_run_is(run);
}

/* Its settings and which part of it this is, so that data are divided as they were in training. */
static ad_status read_run(ad_job *job)
{
    char run[PATH_MAX];
    if (!ad_job_find_run(job, run)) return AD_OK;
    ad_status status = check_system(job); /* of whose settings most are unknown here */
    if (!status) status = ad_run_read_settings(job->inside->own_settings, run);
    if (!status) status = ad_run_read_part(job->inside->own_settings, run, &job->part);
    job->inside->of_run = !status;
    return status;
}

/* ---- opening ---- */

/* A weights file, or what the system opens itself. */
static ad_status open_file(ad_job *job, const ad_settings *given)
{
    ad_job_inside *inside = job->inside;
    bool mine = false;
    ad_status status = job->system->open && !inside->place.built_in
                           ? job->system->open(job, inside->place.path, &mine)
                           : AD_OK;
    if (!status && mine)
        return ad_record_check(job->system->model, job->ctx, inside->place.path, job->model);
    if (!status) status = ad_job_open_weights(job, &inside->place, &inside->file);
    if (!status && !given) status = read_run(job);
    return status ? status : read_model(job);
}

/* Settings of its own, with what is given for the records beside the model's. */
static ad_status own_settings(ad_job *job, const ad_settings *given)
{
    ad_settings *own;
    const ad_system *system = job->system;
    ad_status status = ad_settings_new(&own, job->ctx, system->records, system->defaults);
    if (status) return status;
    job->inside->own_settings = own;
    job->settings = own;
    job->model = ad_settings_value(own, system->model);
    for (int i = 0; given && i < given->count && !status; ++i) {
        const ad_record *record = given->part[i].record;
        void *value = ad_settings_value(own, record);
        if (!value) continue;
        ad_record_free(record, job->ctx, value);
        status = ad_record_copy(record, job->ctx, value, given->part[i].value);
    }
    return status;
}

ad_status ad_trained_open(ad_job **out, ad_context *ctx, const ad_system *system, const char *path,
                          const ad_trained_options *options)
{
    ad_settings empty = {.ctx = ctx};
    ad_job *job;
    *out = NULL;
    ad_status status = ad_job_new(&job, ctx, system, &empty);
    if (status) return status;
    if (options) job->watcher = options->watcher;
    status = own_settings(job, options ? options->settings : NULL);
    if (!status) status = ad_job_find_weights(job, path, &job->inside->place);
    if (!status) status = open_file(job, options ? options->settings : NULL);
    if (status)
        ad_trained_close(job);
    else
        *out = job;
    return status;
}

void ad_trained_close(ad_job *job)
{
    ad_job_free(job);
}

ad_status ad_job_no_weights(const ad_job *job)
{
    return ad_fail(job->ctx, AD_ERROR_UNSUPPORTED, "%s: is a network of its own, no weights file",
                   job->inside->place.path);
}

const ad_file *ad_trained_file(const ad_job *job)
{
    return job->inside->file;
}

const char *ad_trained_path(const ad_job *job)
{
    return job->inside->place.path;
}

const char *ad_trained_folder(const ad_job *job)
{
    return job->inside->place.folder;
}

ad_status ad_trained_load(ad_job *job, ad_vars *vars)
{
    if (!job->inside->file) return vars == job->vars ? AD_OK : ad_job_no_weights(job);
    return ad_job_load(job, job->inside->file, vars);
}

ad_status ad_trained_build(ad_job *job, int64_t rows, const ad_compile_options *compile)
{
    ad_status status = ad_job_build_evaluation(job, rows);
    if (!status) status = ad_trained_load(job, job->vars);
    return status ? status : ad_job_compile_evaluation(job, compile);
}

bool ad_trained_of_run(const ad_job *job)
{
    return job->inside->of_run;
}

/* What the command line says of a row comes before what the run says. */
static int take_row(ad_command *cmd, ad_settings *settings, const ad_option *o)
{
    if (!ad_settings_find(settings, o->name, NULL) || o->derived) return AD_EXIT_OK;
    if (ad_command_given(cmd, o->name))
        return ad_command_check(cmd,
                                ad_settings_set(settings, o->name, ad_command_value(cmd, o->name)));
    char *text = NULL;
    int code = ad_command_check(cmd, ad_settings_get(settings, o->name, &text));
    bool missing = !code && o->required && !text;
    ad_record_text_free(settings->ctx, text);
    if (missing) code = ad_command_usage(cmd, "--%s is missing: %s", o->name, o->help);
    return code;
}

int ad_command_trained(ad_command *cmd, ad_job **job, const ad_system *system, const char *path)
{
    ad_context *ctx = ad_command_context(cmd);
    const ad_record *const *record = ad_command_verb(cmd)->records;
    const ad_trained_options options = {.watcher = ad_command_watcher(cmd)};
    *job = NULL;
    if (!ctx) return AD_EXIT_FAILURE;
    int code = ad_command_check(cmd, ad_trained_open(job, ctx, system, path, &options));
    for (; !code && record && *record; ++record)
        for (const ad_option *o = (*record)->options; o->name && !code; ++o)
            code = take_row(cmd, (*job)->inside->own_settings, o);
    if (!code) return code;
    ad_trained_close(*job);
    *job = NULL;
    return code;
}

int ad_command_with_trained(ad_command *cmd, const ad_system *system,
                            ad_status (*work)(ad_command *cmd, ad_job *job))
{
    ad_job *job;
    int code = ad_command_trained(cmd, &job, system, ad_command_operand(cmd, 0));
    if (code) return code;
    code = ad_command_check(cmd, work(cmd, job));
    ad_trained_close(job);
    return code;
}
