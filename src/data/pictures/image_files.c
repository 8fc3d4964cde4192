/* image_files.c - the files of pictures that a path stands for. */
#include <autodidact/data.h>

#include "base/context.h"
#include "data/pictures/unread.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MOST = 16, FILES_MOST = 1 << 20 };

typedef struct walk {
    ad_context *ctx;
    ad_texts found;
    int64_t capacity;
    ad_unread unread;
} walk;

static ad_status add(walk *w, const char *path)
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

static ad_status add_folder(walk *w, const char *path, int depth)
{
    DIR *folder = opendir(path);
    if (!folder)
        return ad_fail(w->ctx, AD_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
    ad_status status = AD_OK;
    for (struct dirent *d; !status && (d = readdir(folder));) {
        char full[PATH_MAX];
        struct stat info;
        if (d->d_name[0] == '.' ||
            snprintf(full, sizeof full, "%s/%s", path, d->d_name) >= (int)sizeof full)
            continue;
        if (!stat(full, &info) && S_ISDIR(info.st_mode))
            status = depth < DEPTH_MOST ? add_folder(w, full, depth + 1) : AD_OK;
        else if (ad_image_ending_known(d->d_name))
            status = add(w, full);
        else
            ad_unread_add(&w->unread, d->d_name);
    }
    closedir(folder);
    return status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What was found, behind what the list has. */
static ad_status append(walk *w, ad_texts *list)
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
static ad_status check_found(const walk *w, const char *path, const ad_watcher *watcher)
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
    walk w = {.ctx = ctx};
    struct stat info;
    ad_status status;
    if (stat(path, &info))
        status = ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: cannot open: %s", path, strerror(errno));
    else
        status = S_ISDIR(info.st_mode) ? add_folder(&w, path, 0) : add(&w, path);
    if (!status) status = check_found(&w, path, watcher);
    if (!status && w.found.count > 1)
        qsort(w.found.at, (size_t)w.found.count, sizeof *w.found.at, by_text);
    if (!status) status = append(&w, list);
    for (int64_t i = 0; i < w.found.count; ++i)
        ad_free(ctx, w.found.at[i], strlen(w.found.at[i]) + 1);
    ad_free(ctx, w.found.at, (size_t)w.capacity * sizeof *w.found.at);
    return status;
}
