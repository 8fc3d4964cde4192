/* tuning.c - `--tune` and `--wisdom`: which file, when it is read and written, and the copy in a
 * run's folder.
 *
 * A run keeps what it was compiled with, since the same bits need the same kernels: what the file
 * knew at its start and what was measured since. Resumed, it reads that copy and not the file,
 * which may know better by then. */
#include "train/tuning_folder.h"

#include <autodidact/profile.h>
#include <autodidact/wisdom.h>

#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ad_tuning {
    ad_command *cmd;
    ad_context *ctx;
    ad_wisdom *wisdom;
    bool tune;
    int saved;           /* how many measurements the file has been given */
    char path[PATH_MAX]; /* the file */
};

/* The file that the options stand for. */
static ad_status choose_path(ad_tuning *t)
{
    const char *given = ad_command_text(t->cmd, "wisdom");
    int length = given ? snprintf(t->path, sizeof t->path, "%s", given)
                       : ad_cache_path(t->path, sizeof t->path, "wisdom");
    if (!length)
        return ad_error_set(t->ctx, AD_ERROR_NOT_FOUND,
                            "--tune: neither XDG_CACHE_HOME nor HOME says where the cache is; name "
                            "a file with --wisdom");
    if (length >= (int)sizeof t->path - 64)
        return ad_error_set(t->ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", t->path);
    if (given || !t->tune) return AD_OK;
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(t->path, '/') - t->path), t->path);
    return ad_run_make_folder(t->ctx, folder);
}

/* Reads the file, or what a run kept of it. */
static ad_status read_wisdom(const ad_tuning *t, const char *kept)
{
    if (kept && !access(kept, F_OK)) return ad_wisdom_load(t->wisdom, kept);
    ad_status status = ad_wisdom_load(t->wisdom, t->path);
    if (status != AD_ERROR_NOT_FOUND || !t->tune) return status;
    ad_error_clear(t->ctx);
    return ad_output_check(t->ctx, t->path); /* before anything is measured */
}

int ad_tuning_open_kept(ad_tuning **tuning, ad_command *cmd, const char *kept)
{
    bool tune = ad_command_flag(cmd, "tune"), is_kept = kept && !access(kept, F_OK);
    *tuning = NULL;
    if (!tune && !ad_command_text(cmd, "wisdom") && !is_kept) return AD_EXIT_OK;
    ad_context *ctx = ad_command_context(cmd);
    if (!ctx) return AD_EXIT_FAILURE;
    ad_tuning *t = ad_zalloc(ctx, sizeof *t);
    if (!t) return ad_command_fail(cmd, "%s", ad_error(ctx));
    t->cmd = cmd;
    t->ctx = ctx;
    t->tune = tune;
    bool asked = tune || ad_command_text(cmd, "wisdom");
    ad_status status = asked ? choose_path(t) : AD_OK;
    if (!status) status = ad_wisdom_new(&t->wisdom, ctx);
    if (!status) status = read_wisdom(t, kept);
    if (status) {
        ad_wisdom_free(t->wisdom);
        ad_free(ctx, t, sizeof *t);
        return ad_command_fail(cmd, "%s", ad_error(ctx));
    }
    ad_wisdom_use(ctx, t->wisdom, tune);
    *tuning = t;
    return AD_EXIT_OK;
}

int ad_tuning_open(ad_tuning **tuning, ad_command *cmd)
{
    return ad_tuning_open_kept(tuning, cmd, NULL);
}

/* What was measured since the last time, into the file. */
static ad_status save_new(ad_tuning *t)
{
    double seconds;
    int measured = ad_wisdom_measured(t->wisdom, &seconds);
    if (measured == t->saved) return AD_OK;
    ad_status status = ad_wisdom_save(t->wisdom, t->path);
    if (status) return status;
    ad_command_note(t->cmd, "tuned: %d %s measured in %.1f s, remembered in %s", measured,
                    measured == 1 ? "problem" : "problems", seconds, t->path);
    t->saved = measured;
    return AD_OK;
}

ad_status ad_tuning_keep(ad_run_folder *run)
{
    char path[PATH_MAX];
    ad_tuning *t = run->options.tuning;
    if (!t) return AD_OK;
    ad_status status = save_new(t);
    int count = ad_wisdom_count(t->wisdom);
    if (status || run->kept_wisdom == count) return status;
    status = ad_wisdom_save(t->wisdom, ad_run_file(run, "wisdom", path));
    if (!status && run->options.top) {
        snprintf(path, sizeof path, "%.*s/wisdom", PATH_MAX - 64, run->options.top);
        status = ad_wisdom_save(t->wisdom, path);
    }
    if (!status) run->kept_wisdom = count;
    return status;
}

int ad_tuning_close(ad_tuning *t, int status)
{
    if (!t) return status;
    ad_wisdom_use(t->ctx, NULL, false);
    if (save_new(t)) {
        int failed = ad_command_fail(t->cmd, "%s", ad_error(t->ctx));
        if (!status) status = failed;
    }
    ad_wisdom_free(t->wisdom);
    ad_free(t->ctx, t, sizeof *t);
    return status;
}

int ad_tuning_run(ad_command *cmd, int (*work)(ad_command *cmd))
{
    ad_profile *profile;
    ad_tuning *tuning;
    int code = ad_profile_open(&profile, cmd);
    if (code) return code;
    code = ad_tuning_open(&tuning, cmd);
    if (!code) code = ad_tuning_close(tuning, work(cmd));
    return ad_profile_close(profile, code);
}
