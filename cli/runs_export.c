/* runs_export.c - `autodidact runs export RUN -o FILE` and `runs resume RUN`. */
#include "cli/runs.h"
#include "cli/systems.h"
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
    int code = ad_command_check(cmd, ad_run_check(ctx, run));
    if (code) return code;
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

enum { KEEP_MOST = 64 };

/* Into keep[KEEP_MOST]. */
static int read_keep(ad_command *cmd, const char **keep, int *count)
{
    *count = ad_command_count(cmd, "keep");
    if (*count > KEEP_MOST)
        return ad_command_usage(cmd, "--keep: %d beginnings, at most %d", *count, (int)KEEP_MOST);
    for (int i = 0; i < *count; ++i) keep[i] = ad_command_item(cmd, "keep", i);
    return AD_EXIT_OK;
}

static int export_run(ad_command *cmd)
{
    char path[PATH_MAX];
    const char *keep[KEEP_MOST];
    int kept;
    const char *output = ad_command_text(cmd, "output");
    int code = find_checkpoint(cmd, path);
    if (!code) code = ad_cli_check_output(cmd, path, output);
    if (!code) code = read_keep(cmd, keep, &kept);
    if (code) return code;
    ad_job *job;
    if ((code = ad_command_check(cmd, ad_cli_recognise(cmd, path, &job)))) return code;
    ad_cli_dtype dtype = ad_cli_wanted_dtype(cmd);
    ad_export_options options = {.floats = dtype.floats,
                                 .q8_0 = dtype.q8_0,
                                 .keep = keep,
                                 .keep_count = kept,
                                 .weights_asked = true};
    ad_watcher watcher = ad_command_watcher(cmd);
    ad_file_convert_options plain = {.floats = dtype.floats,
                                     .q8_0 = dtype.q8_0,
                                     .leave_out = ad_trained_of_training,
                                     .keep = keep,
                                     .keep_count = kept,
                                     .leave_out_quietly = true,
                                     .watcher = &watcher};
    code = ad_command_check(cmd,
                            job ? ad_trained_export(job, output, &options)
                                : ad_file_convert(ad_command_context(cmd), path, output, &plain));
    ad_trained_close(job);
    if (!code) ad_command_note(cmd, "wrote %s", output);
    return code;
}

static const ad_option export_options[] = {
    {"output", 'o', AD_OPTION_FILE, .required = true,
     .help = "where the weights go (.safetensors, .npz, .gguf; FOLDER/ for transformers)"},
    {"dtype", 0, AD_OPTION_CHOICE, .choices = ad_cli_dtypes,
     .help = "make all floating-point tensors this type; q8_0: in .gguf, the matrices"},
    {"keep", 0, AD_OPTION_TEXTS, .unit = "NAME,...",
     .help = "only tensors whose names begin with one of these (generator.)"},
    {"checkpoint", 0, AD_OPTION_TEXT, .initial = "best", .unit = "WHICH",
     .help = "best, or the step of a checkpoint that is kept"},
    AD_OPTION_QUIET,
    {0},
};

const ad_verb ad_cli_runs_export = {
    AD_VERB("runs", "export", "RUN", export_options, export_run,
            "the trained weights of a run as a file of their own"),
    .description =
        "The file holds the network under its published names, and in its metadata what "
        "it is, a language model's tokenizer included, and how it was trained; the optimizer's "
        "state is left out. llama.cpp reads what ends in .gguf, transformers a folder.\n\n"
        "  autodidact runs export runs/gpt-20260101-1 -o model.safetensors --dtype bf16\n"
        "  autodidact runs export runs/gpt-20260101-1 -o model.gguf --dtype q8_0\n"
        "  autodidact runs export runs/gpt-20260101-1 -o model/\n"
        "  autodidact runs export runs/gan-20260101-1 -o models/my.safetensors --keep generator."};

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
