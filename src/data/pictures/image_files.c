/* image_files.c - the files of pictures that a path stands for. */
#include <autodidact/data.h>

#include "base/file.h"
#include "data/pictures/unread.h"
#include "io/folder_walk.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MOST = 1 << 20 };

typedef struct found_files {
    ad_context *ctx;
    ad_texts found;
    int64_t capacity;
    ad_unread unread;
} found_files;

static ad_status add(found_files *w, const char *path)
{
    ad_texts *f = &w->found;
    if (f->count == FILES_MOST)
        return ad_fail(w->ctx, AD_ERROR_UNSUPPORTED, "%s: is more than the %d pictures allowed",
                       path, FILES_MOST);
    char **at = ad_grow(w->ctx, f->at, &w->capacity, f->count + 1, sizeof *at);
    if (!at) return AD_ERROR_MEMORY;
    f->at = at;
    size_t bytes = strlen(path) + 1;
    char *copy = ad_alloc(w->ctx, bytes);
    if (!copy) return AD_ERROR_MEMORY;
    f->at[f->count++] = memcpy(copy, path, bytes);
    return AD_OK;
}

static ad_status take_file(void *user, const char *path, const char *name)
{
    found_files *w = user;
    if (ad_image_ending_known(name)) return add(w, path);
    ad_unread_add(&w->unread, name);
    return AD_OK;
}

static ad_status add_folder(found_files *w, const char *path)
{
    const ad_folder_walk walk = {.user = w, .file = take_file};
    return ad_walk_folder(w->ctx, path, &walk);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What was found, behind what the list has. */
static ad_status append(found_files *w, ad_texts *list)
{
    const ad_texts *f = &w->found;
    size_t have = (size_t)list->count * sizeof *list->at, more = (size_t)f->count * sizeof *f->at;
    if (!more) return AD_OK;
    char **at = ad_realloc(w->ctx, list->at, have, have + more);
    if (!at) return AD_ERROR_MEMORY;
    memcpy(at + list->count, f->at, more);
    *list = (ad_texts){at, list->count + f->count};
    w->found.count = 0; /* the list owns them */
    return AD_OK;
}

/* Says what a folder has besides, or that it has nothing else. */
static ad_status check_found(const found_files *w, const char *path, const ad_watcher *watcher)
{
    char text[AD_UNREAD_BYTES];
    const char *unread = ad_unread_text(&w->unread, text);
    if (!w->found.count)
        return ad_fail(w->ctx, AD_ERROR_NOT_FOUND, "%s: holds no pictures%s%s", path,
                       *unread ? "; " : "", unread);
    if (*unread && watcher) ad_watch_note(watcher, "%s: left out: %s", path, unread);
    return AD_OK;
}

ad_status ad_image_files(ad_context *ctx, const char *path, ad_texts *list,
                         const ad_watcher *watcher)
{
    found_files w = {.ctx = ctx};
    struct stat info;
    ad_status status;
    if (stat(path, &info))
        status = ad_fail_errno(ctx, path, "cannot open", errno);
    else
        status = S_ISDIR(info.st_mode) ? add_folder(&w, path) : add(&w, path);
    if (!status) status = check_found(&w, path, watcher);
    if (!status && w.found.count > 1)
        qsort(w.found.at, (size_t)w.found.count, sizeof *w.found.at, by_text);
    if (!status) status = append(&w, list);
    for (int64_t i = 0; i < w.found.count; ++i)
        ad_free(ctx, w.found.at[i], strlen(w.found.at[i]) + 1);
    ad_free(ctx, w.found.at, (size_t)w.capacity * sizeof *w.found.at);
    return status;
}
