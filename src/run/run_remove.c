/* run_remove.c - removing a run, what of it is not needed, and what one that never began left. */
#include "base/file.h"
#include "run/run_config.h"
#include "run/run_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

typedef struct removal {
    const ad_run_sweep *how;
    ad_run_swept *swept;
    bool last; /* also config.json, without which it is no run: it goes when all else has gone */
    bool lock_stays; /* is held */
    int64_t oldest;  /* of ad_run_prune: the first step that is kept */
} removal;

static ad_status remove_file(ad_run_walk *w, const ad_run_entry *e)
{
    removal *r = w->user;
    if (!r->how->dry && unlinkat(e->folder, e->name, 0) && errno != ENOENT)
        return ad_fail_io(w->ctx, e->path, "cannot be removed", errno);
    ++r->swept->files;
    r->swept->bytes += (int64_t)e->about.st_size;
    if (r->how->removed) r->how->removed(r->how->user, e->path, (int64_t)e->about.st_size);
    return AD_OK;
}

/* ---- all of it ---- */

static ad_status remove_entry(ad_run_walk *w, const ad_run_entry *e)
{
    removal *r = w->user;
    bool own = e->kind != AD_RUN_NOT_OWNED && ad_run_is_own(e);
    bool lock = own && !strcmp(e->name, "run.lock");
    if (lock && r->lock_stays && !e->of_part) return AD_OK;
    if (!own) {
        if (!r->last) return AD_OK;
        ++r->swept->kept;
        if (r->how->kept) r->how->kept(r->how->user, e->path);
        return AD_OK;
    }
    if (e->kind == AD_RUN_OWN_FILE) {
        bool late = lock || (e->where == AD_RUN_TOP && !strcmp(e->name, "config.json"));
        return late == r->last || r->how->dry ? remove_file(w, e) : AD_OK;
    }
    if (!r->how->dry && unlinkat(e->folder, e->name, AT_REMOVEDIR) && errno != ENOTEMPTY &&
        errno != EEXIST && errno != ENOENT)
        return ad_fail_io(w->ctx, e->path, "cannot be removed", errno);
    return AD_OK;
}

static ad_status remove_all(ad_run_walk *w, const char *path)
{
    removal *r = w->user;
    r->last = r->how->dry; /* which needs one walk only */
    ad_status status = ad_run_walk_files(w, path);
    if (status || r->how->dry) return status;
    r->last = true;
    return ad_run_walk_files(w, path);
}

static ad_status check_lock(ad_run_walk *w, const ad_run_entry *e)
{
    if (e->kind != AD_RUN_OWN_FILE || strcmp(e->name, "run.lock") || !ad_run_is_own(e))
        return AD_OK;
    int file = openat(e->folder, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool locked = file >= 0 && flock(file, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    if (file >= 0) close(file);
    if (!locked) return AD_OK;
    return ad_fail(w->ctx, AD_ERROR_IO, "%.*s: another process is training this run",
                   (int)(strlen(e->path) - strlen("/run.lock")), e->path);
}

/* Whether it is a run, itself and not through a link, that nobody trains. */
static ad_status check_run(ad_context *ctx, const char *path)
{
    struct stat about;
    char plain[PATH_MAX];
    ad_run_walk w = {.ctx = ctx, .visit = check_lock};
    if (snprintf(plain, sizeof plain, "%s", path) >= PATH_MAX - 512)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", path);
    for (size_t n = strlen(plain); n > 1 && plain[n - 1] == '/'; --n) plain[n - 1] = 0;
    if (lstat(plain, &about)) return ad_fail_io(ctx, path, "cannot be looked at", errno);
    if (S_ISLNK(about.st_mode))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: is a symbolic link; name the run itself", path);
    if (!S_ISDIR(about.st_mode) || !ad_run_is(path))
        return ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: is not a run: it has no config.json", path);
    json_t *config;
    char file[PATH_MAX];
    /* what cannot be read may be of a run; what can says so */
    ad_status status = ad_run_load_config(ctx, path, file, &config);
    if (status == AD_ERROR_MEMORY) return status;
    bool foreign = !status && !ad_run_wrote(config);
    json_decref(config);
    if (foreign)
        return ad_fail(ctx, AD_ERROR_NOT_FOUND,
                       "%s: is not a run: its config.json is of something else", path);
    return ad_run_walk_files(&w, path);
}

ad_status ad_run_remove(ad_context *ctx, const char *path, const ad_run_sweep *how,
                        ad_run_swept *swept)
{
    removal r = {.how = how, .swept = swept};
    ad_run_walk w = {.ctx = ctx, .visit = remove_entry, .user = &r};
    *swept = (ad_run_swept){0};
    ad_status status = check_run(ctx, path);
    if (!status) status = remove_all(&w, path);
    if (!status && !how->dry && rmdir(path) && errno != ENOTEMPTY && errno != EEXIST)
        status = ad_fail_io(ctx, path, "cannot be removed", errno);
    return status;
}

ad_status ad_run_clear(ad_context *ctx, const char *run_path)
{
    const ad_run_sweep how = {.dry = false};
    ad_run_swept swept = {0};
    removal r = {.how = &how, .swept = &swept, .lock_stays = true};
    ad_run_walk w = {.ctx = ctx, .visit = remove_entry, .user = &r};
    return remove_all(&w, run_path);
}

/* ---- what is not needed ---- */

/* The oldest of the newest `keep` checkpoints that can be read; 0, and so all of them, where there
 * are not as many. */
static int64_t oldest_kept(ad_context *ctx, const char *path, int64_t keep)
{
    enum { MOST = 4096 };
    int64_t steps[MOST];
    int count = ad_checkpoint_list(path, steps, MOST);
    for (int i = 0; i < count; ++i) {
        char file[PATH_MAX];
        ad_file *opened;
        ad_checkpoint_name(path, steps[i], file);
        if (ad_file_open(&opened, ctx, file)) continue;
        ad_file_close(opened);
        if (--keep <= 0) return steps[i];
    }
    ad_error_clear(ctx);
    return 0;
}

static ad_status prune_entry(ad_run_walk *w, const ad_run_entry *e)
{
    removal *r = w->user;
    if (e->kind != AD_RUN_OWN_FILE || !ad_run_is_own(e)) return AD_OK;
    bool old = e->where == AD_RUN_CHECKPOINTS && !strncmp(e->name, "step-", 5) &&
               strtoll(e->name + 5, NULL, 10) < r->oldest;
    return old || ad_run_half_written(e->name) ? remove_file(w, e) : AD_OK;
}

static ad_status prune_run(ad_context *ctx, const char *path, removal *r)
{
    ad_run_walk w = {.ctx = ctx, .visit = prune_entry, .user = r, .alone = true};
    r->oldest = oldest_kept(ctx, path, r->how->keep > 0 ? r->how->keep : 1);
    return ad_run_walk_files(&w, path);
}

static ad_status prune_part(ad_run_walk *w, const ad_run_entry *e)
{
    if (e->kind != AD_RUN_OWN_PART || !ad_run_is_own(e)) return AD_OK;
    return prune_run(w->ctx, e->path, w->user);
}

ad_status ad_run_prune(ad_context *ctx, const char *path, const ad_run_sweep *how,
                       ad_run_swept *swept)
{
    removal r = {.how = how, .swept = swept};
    ad_run_walk parts = {.ctx = ctx, .visit = prune_part, .user = &r};
    *swept = (ad_run_swept){0};
    ad_status status = check_run(ctx, path);
    if (!status) status = ad_run_check(ctx, path);
    if (!status) status = ad_run_walk_files(&parts, path);
    return status ? status : prune_run(ctx, path, &r);
}
