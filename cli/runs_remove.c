/* runs_remove.c - `autodidact runs rm RUN...` and `runs prune RUN...`: what goes is said before and
 * after. */
#include "cli/runs.h"
#include "cli/verbs.h"

#include <autodidact/table.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say_kept(void *cmd, const char *path)
{
    ad_command_note(cmd, "%s: is not of the run, and stays", path);
}

static void say_removed(void *cmd, const char *path, int64_t bytes)
{
    char size[32];
    ad_command_note(cmd, "%s (%s)", path, ad_bytes_text((double)bytes, size, sizeof size));
}

typedef ad_status sweeper(ad_context *ctx, const char *path, const ad_run_sweep *how,
                          ad_run_swept *swept);

/* With --json an object, else a line: "runs/a: removed 12 files, 3.4 MiB". */
static void say(ad_command *cmd, const char *run, const char *verb, const ad_run_swept *s)
{
    char size[32];
    if (ad_command_json(cmd)) {
        ad_json_begin(cmd, "run");
        ad_json_text(cmd, "run", run);
        ad_json_int(cmd, "files", s->files);
        ad_json_int(cmd, "bytes", s->bytes);
        ad_json_int(cmd, "kept", s->kept);
        ad_json_end(cmd);
        return;
    }
    ad_command_print(cmd, "%s: %s %lld file%s, %s\n", run, verb, (long long)s->files,
                     s->files == 1 ? "" : "s", ad_bytes_text((double)s->bytes, size, sizeof size));
}

/* All of them are looked at before the first is touched, so that a wrong name costs nothing. */
static int look(ad_command *cmd, sweeper *sweep, ad_run_sweep how)
{
    ad_context *ctx = ad_command_context(cmd);
    int code = ctx ? AD_EXIT_OK : AD_EXIT_FAILURE;
    how.dry = true, how.kept = NULL, how.removed = NULL;
    for (int i = 0; i < ad_command_operands(cmd) && !code; ++i) {
        ad_run_swept swept;
        code = ad_command_check(cmd, sweep(ctx, ad_command_operand(cmd, i), &how, &swept));
    }
    return code;
}

static int sweep_all(ad_command *cmd, sweeper *sweep, const ad_run_sweep *how)
{
    ad_context *ctx = ad_command_context(cmd);
    int code = AD_EXIT_OK;
    for (int i = 0; i < ad_command_operands(cmd) && !code && !ad_command_interrupted(cmd); ++i) {
        const char *run = ad_command_operand(cmd, i);
        ad_run_swept swept;
        code = ad_command_check(cmd, sweep(ctx, run, how, &swept));
        if (!code) say(cmd, run, how->dry ? "would remove" : "removed", &swept);
    }
    return code;
}

/* ---- rm ---- */

/* 0: yes. */
static int ask(ad_command *cmd)
{
    char answer[16] = "";
    int count = ad_command_operands(cmd);
    if (isatty(STDIN_FILENO) != 1)
        return ad_command_usage(cmd, "removing runs asks first; --yes answers it");
    for (int i = 0; i < count; ++i) {
        const char *run = ad_command_operand(cmd, i);
        ad_run_swept swept;
        const ad_run_sweep dry = {.dry = true};
        if (!ad_run_remove(ad_command_context(cmd), run, &dry, &swept))
            say(cmd, run, "has", &swept);
    }
    ad_command_print(cmd, "remove %s? y or n\n", count == 1 ? "it" : "them");
    if (fgets(answer, sizeof answer, stdin) && (!strcmp(answer, "y\n") || !strcmp(answer, "yes\n")))
        return AD_EXIT_OK;
    return ad_command_fail(cmd, "nothing was removed");
}

static int rm(ad_command *cmd)
{
    const ad_run_sweep how = {
        .dry = ad_command_flag(cmd, "dry-run"), .kept = say_kept, .user = cmd};
    int code = look(cmd, ad_run_remove, how);
    if (!code && !how.dry && !ad_command_flag(cmd, "yes")) code = ask(cmd);
    return code ? code : sweep_all(cmd, ad_run_remove, &how);
}

static const ad_option rm_options[] = {
    {"yes", 'y', AD_OPTION_FLAG, .help = "do not ask"},
    {"dry-run", 0, AD_OPTION_FLAG, .help = "only say what would be removed"},
    AD_OPTION_QUIET,
    AD_OPTION_JSON,
    {0},
};

const ad_verb ad_cli_runs_rm = {
    AD_VERB("runs", "rm", "RUN...", rm_options, rm, "remove runs"),
    .description = "Only files that a run has are removed, never what a symbolic link points to; "
                   "what else lies in the folder stays, and is named. A run that a process is "
                   "training is refused.\n\n  autodidact runs rm runs/gpt-20260101-1"};

/* ---- prune ---- */

static int prune(ad_command *cmd)
{
    const ad_run_sweep how = {.dry = ad_command_flag(cmd, "dry-run"),
                              .keep = ad_command_int(cmd, "keep"),
                              .removed = say_removed,
                              .user = cmd};
    int code = look(cmd, ad_run_prune, how);
    return code ? code : sweep_all(cmd, ad_run_prune, &how);
}

static const ad_option prune_options[] = {
    {"keep", 0, AD_OPTION_INT, .initial = "1", .min = 1, .max = 1e6,
     .help = "checkpoints kept, the newest, beside the best"},
    {"dry-run", 0, AD_OPTION_FLAG, .help = "only say what would be removed"},
    AD_OPTION_QUIET,
    AD_OPTION_JSON,
    {0},
};

const ad_verb ad_cli_runs_prune = {
    AD_VERB("runs", "prune", "RUN...", prune_options, prune,
            "remove older checkpoints of runs, and what killed processes left"),
    .description = "The best weights and the newest checkpoint that can be read stay, so that a "
                   "run can still be resumed, sampled and exported.\n\n  autodidact runs prune "
                   "runs/* --dry-run"};
