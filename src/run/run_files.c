/* run_files.c - see run_files.h. Folders are walked by their descriptors, so that no link is
 * followed whatever happens meanwhile. */
#include "base/ending.h"
#include "base/file.h"
#include "run/run_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---- */

static bool begins(const char *name, const char *start)
{
    return !strncmp(name, start, strlen(start));
}

size_t ad_run_half_written(const char *name)
{
    size_t length = strlen(name);
    if (!ad_ends_with(name, ".tmp")) return 0;
    size_t at = length - 4, digits = at;
    while (at && strchr("0123456789", name[at - 1])) --at;
    if (at == digits || !at || name[--at] != '-') return 0;
    digits = at;
    while (at && strchr("0123456789", name[at - 1])) --at;
    return at == digits || at < 2 || name[at - 1] != '.' ? 0 : at - 1;
}

static ad_run_owned of_top(const char *name)
{
    static const char *const files[] = {"config.json", "metrics.jsonl",  "result.json", "log.txt",
                                        "report.html", "confusion.json", "wisdom",      "run.lock"};
    for (size_t i = 0; i < sizeof files / sizeof *files; ++i)
        if (!strcmp(name, files[i])) return AD_RUN_OWN_FILE;
    for (int i = 0; ad_run_trial_endings[i]; ++i)
        if (begins(name, "trial") && !strcmp(name + 5, ad_run_trial_endings[i]))
            return AD_RUN_OWN_FILE;
    if (begins(name, "events.out.tfevents.")) return AD_RUN_OWN_FILE;
    if (!strcmp(name, "checkpoints") || !strcmp(name, "samples")) return AD_RUN_OWN_FOLDER;
    return begins(name, "seed-") || begins(name, "fold-") ? AD_RUN_OWN_PART : AD_RUN_NOT_OWNED;
}

/* A step's nine digits or more, up to `end`. */
static bool numbered(const char *digits, const char *end)
{
    return end - digits >= 9 && strspn(digits, "0123456789") == (size_t)(end - digits);
}

static ad_run_owned of_checkpoints(const char *name)
{
    const char *digits = name + 5, *dot = strchr(name, '.');
    if (!strcmp(name, "best.safetensors")) return AD_RUN_OWN_FILE;
    if (!begins(name, "step-") || !dot || !numbered(digits, dot)) return AD_RUN_NOT_OWNED;
    return !strcmp(dot, ".safetensors") || ad_ends_with(dot, ".state") ? AD_RUN_OWN_FILE
                                                                       : AD_RUN_NOT_OWNED;
}

static ad_run_owned of_samples(const char *name)
{
    const char *dot = strrchr(name, '.'), *dash = strrchr(name, '-');
    if (dot && !strcmp(dot, ".svg")) return AD_RUN_OWN_FILE;
    bool kind = dot && (!strcmp(dot, ".png") || !strcmp(dot, ".txt"));
    return kind && dash && dash < dot && numbered(dash + 1, dot) ? AD_RUN_OWN_FILE
                                                                 : AD_RUN_NOT_OWNED;
}

static ad_run_owned whose(ad_run_place where, const char *name)
{
    char whole[NAME_MAX + 1];
    size_t length = ad_run_half_written(name);
    snprintf(whole, sizeof whole, "%.*s", (int)(length ? length : strlen(name)), name);
    ad_run_owned kind = where == AD_RUN_TOP           ? of_top(whole)
                        : where == AD_RUN_CHECKPOINTS ? of_checkpoints(whole)
                                                      : of_samples(whole);
    return length && kind != AD_RUN_OWN_FILE ? AD_RUN_NOT_OWNED : kind;
}

/* ---- the walk ---- */

bool ad_run_is_own(const ad_run_entry *e)
{
    return e->kind == AD_RUN_OWN_FILE ? S_ISREG(e->about.st_mode) : S_ISDIR(e->about.st_mode);
}

static ad_status walk_folder(ad_run_walk *w, int folder, const char *path, ad_run_place where,
                             bool of_part);

static ad_status visit(ad_run_walk *w, int folder, const char *path, const char *name,
                       ad_run_place where, bool of_part)
{
    char full[PATH_MAX];
    snprintf(full, sizeof full, "%.*s/%.255s", PATH_MAX - 300, path, name);
    ad_run_entry e = {.where = where,
                      .kind = whose(where, name),
                      .name = name,
                      .folder = folder,
                      .path = full,
                      .of_part = of_part};
    if (fstatat(folder, name, &e.about, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? AD_OK : ad_fail_io(w->ctx, full, "cannot be looked at", errno);
    if (e.kind == AD_RUN_OWN_PART && of_part) e.kind = AD_RUN_NOT_OWNED; /* a part has none */
    ad_status status = AD_OK;
    bool entered = e.kind == AD_RUN_OWN_FOLDER || (e.kind == AD_RUN_OWN_PART && !w->alone);
    if (entered && S_ISDIR(e.about.st_mode)) {
        int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        ad_run_place within = e.kind == AD_RUN_OWN_PART      ? AD_RUN_TOP
                              : !strcmp(name, "checkpoints") ? AD_RUN_CHECKPOINTS
                                                             : AD_RUN_SAMPLES;
        of_part |= e.kind == AD_RUN_OWN_PART;
        status = inner < 0 ? ad_fail_io(w->ctx, full, "cannot be looked at", errno)
                           : walk_folder(w, inner, full, within, of_part);
    }
    return status ? status : w->visit(w, &e);
}

/* Closes the descriptor. */
static ad_status walk_folder(ad_run_walk *w, int folder, const char *path, ad_run_place where,
                             bool of_part)
{
    DIR *listing = fdopendir(folder);
    ad_status status = AD_OK;
    if (!listing) {
        status = ad_fail_io(w->ctx, path, "cannot be looked at", errno);
        close(folder);
        return status;
    }
    for (struct dirent *d; !status && (d = readdir(listing));)
        if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
            status = visit(w, dirfd(listing), path, d->d_name, where, of_part);
    closedir(listing);
    return status;
}

ad_status ad_run_walk_files(ad_run_walk *w, const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) return walk_folder(w, folder, path, AD_RUN_TOP, false);
    if (errno == ENOENT) return ad_fail(w->ctx, AD_ERROR_NOT_FOUND, "%s: is not there", path);
    return ad_fail_io(w->ctx, path, "cannot be looked at", errno);
}

/* ---- looking ---- */

static ad_status check(ad_run_walk *w, const ad_run_entry *e)
{
    if (e->kind == AD_RUN_NOT_OWNED || ad_run_is_own(e)) return AD_OK;
    return ad_fail(w->ctx, AD_ERROR_FORMAT, "%s: is %s, where a run has a %s of its own", e->path,
                   S_ISLNK(e->about.st_mode)   ? "a symbolic link"
                   : S_ISDIR(e->about.st_mode) ? "a folder"
                   : S_ISREG(e->about.st_mode) ? "a file"
                                               : "not a regular file",
                   e->kind == AD_RUN_OWN_FILE ? "file" : "folder");
}

ad_status ad_run_check(ad_context *ctx, const char *run_path)
{
    ad_run_walk w = {.ctx = ctx, .visit = check};
    ad_status status = ad_run_walk_files(&w, run_path);
    if (status != AD_ERROR_NOT_FOUND) return status;
    ad_error_clear(ctx);
    return AD_OK;
}

static ad_status find_step(ad_run_walk *w, const ad_run_entry *e)
{
    static const char start[] = "step-000000000.";
    bool of_run = e->kind == AD_RUN_OWN_FILE && !ad_run_half_written(e->name);
    if (of_run && e->where == AD_RUN_CHECKPOINTS && !begins(e->name, start))
        *(bool *)w->user = true;
    if (of_run && e->where == AD_RUN_TOP && !strcmp(e->name, "metrics.jsonl") && e->about.st_size)
        *(bool *)w->user = true;
    return AD_OK;
}

bool ad_run_has_begun(ad_context *ctx, const char *run_path)
{
    bool begun = false;
    ad_run_walk w = {.ctx = ctx, .visit = find_step, .user = &begun};
    if (ad_run_walk_files(&w, run_path)) ad_error_clear(ctx);
    return begun;
}
