/* runs_export.c - `autodidact runs export RUN -o FILE` and `runs resume RUN`. */
#include "cli/runs.h"
#include "cli/verbs.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- export ---- */

/* The checkpoint that --checkpoint names. */
static int find_checkpoint(ad_command *cmd, char path[PATH_MAX])
{
    ad_context *ctx = ad_command_context(cmd);
    const char *run = ad_command_operand(cmd, 0), *wanted = ad_command_text(cmd, "checkpoint");
    char note[512] = "", *end;
    if (!ctx) return AD_EXIT_FAILURE;
    if (!ad_run_is(run))
        return ad_command_fail(cmd, "%s: is not a run: it has no config.json", run);
    if (!strcmp(wanted, "best")) {
        ad_status status = ad_run_weights(ctx, run, path, PATH_MAX, note, sizeof note);
        if (!status && *note) ad_command_note(cmd, "%s", note);
        return ad_command_check(cmd, status);
    }
    long long step = strtoll(wanted, &end, 10);
    if (!*wanted || *end || step < 0)
        return ad_command_usage(cmd, "--checkpoint: \"%s\" is neither best nor a step", wanted);
    snprintf(path, PATH_MAX, "%.3000s/checkpoints/step-%09lld.safetensors", run, step);
    return AD_EXIT_OK;
}

static bool of_training(const char *name)
{
    return !strncmp(name, "train.", 6) || !strcmp(name, "rng.state");
}

static ad_status copy(ad_command *cmd, ad_file *file, const char *output)
{
    static const ad_dtype dtypes[] = {AD_F32, AD_F16, AD_BF16};
    ad_context *ctx = ad_command_context(cmd);
    int total = ad_file_count(file), count = 0, rows = ad_file_metadata_count(file);
    int choice = ad_command_choice(cmd, "dtype");
    ad_named_tensor *tensors = calloc((size_t)total + 1, sizeof *tensors);
    ad_metadata *metadata = calloc((size_t)rows + 1, sizeof *metadata);
    ad_status status = tensors && metadata ? AD_OK
                                           : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < total && !status; ++i) {
        const ad_file_entry *e = ad_file_at(file, i);
        if (of_training(e->name)) continue;
        ad_dtype dtype = choice >= 0 && ad_dtype_is_float(e->dtype) ? dtypes[choice] : e->dtype;
        size_t bytes = (size_t)ad_shape_count(e->shape) * ad_dtype_size(dtype);
        void *data = malloc(bytes ? bytes : 1);
        tensors[count++] = (ad_named_tensor){e->name, {dtype, e->shape, data}};
        status = data ? ad_file_read(file, i, dtype, data, bytes)
                      : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for %s", e->name);
    }
    for (int i = 0; i < rows && metadata; ++i) metadata[i] = ad_file_metadata_at(file, i);
    if (!status) status = ad_file_write(ctx, output, tensors, count, metadata, rows);
    if (!status) ad_command_note(cmd, "wrote %s: %d tensors", output, count);
    for (int i = 0; tensors && i < count; ++i) free(tensors[i].tensor.data);
    free(tensors), free(metadata);
    return status;
}

static int export_run(ad_command *cmd)
{
    char path[PATH_MAX];
    ad_file *file = NULL;
    int code = find_checkpoint(cmd, path);
    if (code) return code;
    ad_context *ctx = ad_command_context(cmd);
    ad_status status = ad_file_can_write(ctx, ad_command_text(cmd, "output"));
    if (!status) status = ad_file_open(&file, ctx, path);
    if (!status) status = copy(cmd, file, ad_command_text(cmd, "output"));
    ad_file_close(file);
    return ad_command_check(cmd, status);
}

static const ad_option export_options[] = {
    {"output", 'o', AD_OPTION_FILE, .required = true,
     .help = "where the weights go (.safetensors, .npz)"},
    {"dtype", 0, AD_OPTION_CHOICE, .choices = "f32|f16|bf16",
     .help = "make all floating-point tensors this type"},
    {"checkpoint", 0, AD_OPTION_TEXT, .initial = "best", .unit = "WHICH",
     .help = "best, or the step of a checkpoint that is kept"},
    AD_OPTION_QUIET,
    {0},
};

const ad_verb ad_cli_runs_export = {
    AD_VERB("runs", "export", "RUN", export_options, export_run,
            "the trained weights of a run as a file of their own"),
    .description = "The file holds the network under its published names, and in its metadata what "
                   "it is; the optimizer's state is left out.\n\n  autodidact runs export "
                   "runs/gpt-20260101-1 -o model.safetensors --dtype bf16"};

/* ---- resume ---- */

/* The verb that made the run, called again. */
static int resume(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    const char *own = ad_command_app(cmd)->name;
    ad_run_info *run;
    char system[64], verb[64], path[PATH_MAX], threads[24], *argv[12];
    int argc = 0;
    if (!ctx) return AD_EXIT_FAILURE;
    int code = ad_command_check(cmd, ad_run_info_open(&run, ctx, ad_command_operand(cmd, 0)));
    if (code) return code;
    snprintf(system, sizeof system, "%s", run->system);
    snprintf(verb, sizeof verb, "%s", run->verb);
    snprintf(path, sizeof path, "%s", run->path);
    if (strcmp(run->app, own) != 0)
        code = ad_command_fail(
            cmd, "%s: is a run of another program; resume it with: %s %s %s --resume %s", path,
            run->app, system, verb, path);
    ad_run_info_close(run);
    if (code) return code;
    char name[] = "autodidact", option[] = "--resume", json[] = "--json", quiet[] = "--quiet";
    char with[] = "--threads";
    argv[argc++] = name, argv[argc++] = system, argv[argc++] = verb;
    argv[argc++] = option, argv[argc++] = path;
    if (ad_command_given(cmd, "threads")) {
        snprintf(threads, sizeof threads, "%lld", (long long)ad_command_int(cmd, "threads"));
        argv[argc++] = with, argv[argc++] = threads;
    }
    if (ad_command_flag(cmd, "json")) argv[argc++] = json;
    if (ad_command_flag(cmd, "quiet")) argv[argc++] = quiet;
    argv[argc] = NULL;
    return ad_app_main(ad_command_app(cmd), argc, argv);
}

static const ad_option resume_options[] = {AD_COMMON_OPTIONS, {0}};

const ad_verb ad_cli_runs_resume = {
    AD_VERB("runs", "resume", "RUN", resume_options, resume, "resume a run that was stopped"),
    .description = "The same as the verb that made it with --resume RUN."};
