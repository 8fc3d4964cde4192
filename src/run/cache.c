/* cache.c - the user's cache (XDG Base Directory Specification): files that can be made again. */
#include "base/ending.h"
#include "base/file.h"
#include "io/folder_walk.h"

#include <autodidact/run.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int ad_cache_path(char *path, size_t size, const char *name)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool own = cache && *cache == '/'; /* others are to be ignored */
    if (!own && !(home && *home)) return 0;
    return snprintf(path, size, "%s%s/autodidact/%s", own ? cache : home, own ? "" : "/.cache",
                    name);
}

/* ---- no more than so much ---- */

typedef struct cached {
    char *path;
    struct timespec used;
    int64_t bytes;
} cached;

typedef struct cached_files {
    ad_context *ctx;
    const char *ending;
    cached *at;
    int64_t count, capacity, bytes;
} cached_files;

static ad_status add(void *user, const char *path, const char *name)
{
    cached_files *files = user;
    struct stat info;
    if (!ad_ends_with(name, files->ending) || stat(path, &info)) return AD_OK;
    cached *at = ad_grow(files->ctx, files->at, &files->capacity, files->count + 1, sizeof *at);
    if (!at) return AD_ERROR_MEMORY;
    files->at = at;
    at[files->count] = (cached){ad_string_copy(files->ctx, path), info.st_mtim, info.st_size};
    if (!at[files->count].path) return AD_ERROR_MEMORY;
    files->bytes += at[files->count++].bytes;
    return AD_OK;
}

static int oldest_first(const void *a, const void *b)
{
    const cached *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec) return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec) return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->path, y->path);
}

ad_status ad_cache_trim(ad_context *ctx, const char *folder, const char *ending, int64_t most)
{
    cached_files files = {.ctx = ctx, .ending = ending};
    ad_status status = ad_walk_folder(ctx, folder,
                                      &(ad_folder_walk){.user = &files, .file = add, .flat = true});
    if (files.count) qsort(files.at, (size_t)files.count, sizeof *files.at, oldest_first);
    for (int64_t i = 0; i < files.count && !status && files.bytes > most; ++i) {
        if (unlink(files.at[i].path) && errno != ENOENT)
            status = ad_fail_io(ctx, files.at[i].path, "cannot be removed", errno);
        files.bytes -= files.at[i].bytes;
    }
    for (int64_t i = 0; i < files.count; ++i) ad_string_free(ctx, files.at[i].path);
    ad_free(ctx, files.at, ad_bytes(files.capacity, sizeof *files.at));
    return status;
}
