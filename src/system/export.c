/* export.c - what was trained, for other programs: its weights without what training keeps, and
 * beside or within them what they are. */
#include "system/job.h"
#include "base/context.h"
#include "base/ending.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool ad_trained_of_training(const char *name)
{
    return !strncmp(name, "train.", 6) || !strcmp(name, "rng.state");
}

static bool is_folder(const char *path)
{
    struct stat about;
    size_t length = strlen(path);
    return (length && path[length - 1] == '/') || (!stat(path, &about) && S_ISDIR(about.st_mode));
}

/* In the words of transformers: the type of the first matrix. */
static const char *dtype_word(const ad_job *job, const ad_export_options *options)
{
    static const char *const words[AD_DTYPES] = {
        [AD_F32] = "float32", [AD_F64] = "float64", [AD_F16] = "float16", [AD_BF16] = "bfloat16"};
    const ad_file *file = job->inside->file;
    ad_dtype dtype = AD_F32;
    for (int i = ad_file_count(file) - 1; i >= 0; --i)
        if (ad_file_at(file, i)->shape.rank == 2) dtype = ad_file_at(file, i)->dtype;
    if (options->floats) dtype = *options->floats;
    return dtype < AD_DTYPES && words[dtype] ? words[dtype] : words[AD_F32];
}

/* The record, for weights that do not have it yet: other programs' say it elsewhere. */
static ad_status describe(const ad_job *job, ad_metadata_list *list)
{
    ad_status status = ad_metadata_add(list, job->ctx, "system", job->system->name);
    return status ? status : ad_record_describe(job->system->model, job->ctx, job->model, list);
}

/* Options that were given, but paths: "kind=conditional epochs=40". */
static void list_options(const ad_job *job, const ad_run_info *run, ad_text *text)
{
    for (int i = 0; i < run->option_count; ++i) {
        const ad_option *row = ad_settings_find(job->settings, run->options[i].key, NULL);
        bool told = run->changed[i] && run->options[i].value;
        if (told && row && row->type != AD_OPTION_FILE && !row->process)
            ad_text_format(text, "%s%s=%s", text->length ? " " : "", run->options[i].key,
                           run->options[i].value);
    }
}

/* Where it comes from, for who finds the file years later. */
static ad_status tell_training(const ad_job *job, ad_metadata_list *list)
{
    char path[PATH_MAX];
    ad_run_info *run;
    ad_text text;
    if (!job->inside->of_run || !ad_job_find_run(job, path)) return AD_OK;
    ad_status status = ad_run_info_open(&run, job->ctx, path);
    if (status) return status;
    ad_text_init(&text, job->ctx);
    ad_text_format(&text, "%s %s: %s %s", run->app, run->version, run->system, run->verb);
    status = ad_metadata_add(list, job->ctx, "trained.with", ad_text_get(&text));
    text.length = 0;
    list_options(job, run, &text);
    if (!status) status = ad_metadata_add(list, job->ctx, "trained.options", ad_text_get(&text));
    if (!status && *run->data_summary)
        status = ad_metadata_add(list, job->ctx, "trained.data", run->data_summary);
    if (!status && *run->data_fingerprint)
        status = ad_metadata_add(list, job->ctx, "trained.data_fingerprint", run->data_fingerprint);
    if (text.failed) status = AD_ERROR_MEMORY;
    ad_text_free(&text);
    ad_run_info_close(run);
    return status;
}

static ad_status write_text(ad_context *ctx, const char *path, const char *text)
{
    ad_output *output;
    ad_status status = ad_output_open(&output, ctx, path);
    if (status) return status;
    ad_output_write(output, text, strlen(text));
    return ad_output_commit(output);
}

static bool join(char path[PATH_MAX], const char *folder, const char *name)
{
    size_t length = strlen(folder);
    const char *slash = length && folder[length - 1] == '/' ? "" : "/";
    return snprintf(path, PATH_MAX, "%s%s%s", folder, slash, name) < PATH_MAX - 64;
}

static ad_status write_folder(ad_job *job, const char *folder, const ad_publication *p,
                              ad_file_convert_options *convert)
{
    char path[PATH_MAX];
    if (!p->file_count)
        return ad_fail(job->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: a folder is how transformers has its models, and it has none like "
                       "`%s`'s; name a file, such as weights.safetensors",
                       folder, job->system->name);
    if (!join(path, folder, "model.safetensors"))
        return ad_fail(job->ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", folder);
    if (mkdir(folder, 0777) && errno != EEXIST)
        return ad_fail_io(job->ctx, folder, "cannot create the folder", errno);
    ad_status status = ad_file_convert_opened(job->inside->file, path, convert);
    for (int i = 0; i < p->file_count && !status; ++i)
        if (join(path, folder, p->files[i].name))
            status = write_text(job->ctx, path, p->files[i].text);
    return status;
}

static ad_status export_published(ad_job *job, const char *path, const ad_export_options *options,
                                  ad_publication *p)
{
    ad_metadata_list list = {0};
    bool folder = is_folder(path), gguf = ad_ends_with(path, ".gguf");
    p->dtype = dtype_word(job, options), p->for_llamacpp = gguf;
    ad_status status = job->system->adapt ? job->system->adapt(job, job->inside->file) : AD_OK;
    if (!status && job->system->publish) status = job->system->publish(job, p);
    if (!status && folder) status = ad_metadata_add(&list, job->ctx, "format", "pt");
    if (!status) status = describe(job, &list);
    if (!status) status = tell_training(job, &list);
    ad_file_convert_options convert = {.floats = options->floats,
                                       .q8_0 = options->q8_0,
                                       .raw_names = options->raw_names,
                                       .leave_out = ad_trained_of_training,
                                       .leave_out_quietly = options->weights_asked,
                                       .keep = options->keep,
                                       .keep_count = options->keep_count,
                                       .prefix = p->prefix,
                                       .metadata = list.at,
                                       .metadata_count = list.count,
                                       .gguf = gguf && p->gguf.architecture ? &p->gguf : NULL,
                                       .watcher = &job->watcher};
    if (!status)
        status = folder ? write_folder(job, path, p, &convert)
                        : ad_file_convert_opened(job->inside->file, path, &convert);
    ad_metadata_free(&list);
    return status;
}

ad_status ad_trained_export(ad_job *job, const char *path, const ad_export_options *options)
{
    ad_publication p = {0};
    if (!job->inside->file) return ad_job_no_weights(job);
    ad_status status = !is_folder(path) ? ad_file_can_write(job->ctx, path)
                       : options->q8_0
                           ? ad_fail(job->ctx, AD_ERROR_ARGUMENT, "%s: only .gguf holds q8_0", path)
                           : AD_OK;
    if (status) return status;
    if (!(p.values = ad_gguf_values_new(job->ctx))) return AD_ERROR_MEMORY;
    status = export_published(job, path, options, &p);
    for (int i = 0; i < p.file_count; ++i) free(p.files[i].text);
    ad_gguf_values_free(p.values);
    return status;
}
