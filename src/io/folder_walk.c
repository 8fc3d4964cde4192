/* folder_walk.c - a walk over real folders, and a queue of the links that were met. */
#include "io/folder_walk.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/hash_index.h"
#include "base/notes.h"

#include <autodidact/io.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MOST = 16 };

typedef struct folder {
    uint64_t device, inode;
} folder;

typedef struct link {
    char *path, *name; /* owned */
    int depth;
} link;

typedef struct walk {
    ad_context *ctx;
    const ad_folder_walk *to;
    ad_hash_index known; /* numbers of visited */
    folder *visited;
    link *links;
    int64_t visited_count, visited_capacity, link_count, link_capacity;
    int64_t again, deep; /* folders that were left out */
    char first_again[PATH_MAX], first_deep[PATH_MAX];
} walk;

/* ---- names ---- */

static bool is_hidden(const char *part, size_t length)
{
    static const char *const names[] = {"__MACOSX", "Thumbs.db", "desktop.ini"};
    if (part[0] == '.') return length > 2 || (length == 2 && part[1] != '.');
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (strlen(names[i]) == length && !memcmp(part, names[i], length)) return true;
    return false;
}

bool ad_hidden_name(const char *name)
{
    for (size_t length; *name; name += length + (name[length] == '/')) {
        length = strcspn(name, "/");
        if (is_hidden(name, length)) return true;
    }
    return false;
}

/* ---- which folders were visited ---- */

static void leave_out(int64_t *count, char first[PATH_MAX], const char *path)
{
    if (!(*count)++) snprintf(first, PATH_MAX, "%s", path);
}

static ad_status visit_first(walk *w, const struct stat *about, bool *first)
{
    folder f = {about->st_dev, about->st_ino};
    uint64_t hash = ad_hash_mix(ad_hash(AD_HASH_START, &f, sizeof f));
    int64_t probe = 0;
    *first = false;
    for (int64_t i; (i = ad_hash_index_next(&w->known, hash, &probe)) >= 0;)
        if (w->visited[i].device == f.device && w->visited[i].inode == f.inode) return AD_OK;
    folder *at = ad_grow(w->ctx, w->visited, &w->visited_capacity, w->visited_count + 1,
                         sizeof *at);
    if (!at) return AD_ERROR_MEMORY;
    w->visited = at;
    at[w->visited_count] = f;
    if (!ad_hash_index_put(&w->known, hash, (int)w->visited_count++)) return AD_ERROR_MEMORY;
    *first = true;
    return AD_OK;
}

static ad_status queue_link(walk *w, const char *path, const char *name, int depth)
{
    link *at = ad_grow(w->ctx, w->links, &w->link_capacity, w->link_count + 1, sizeof *at);
    if (!at) return AD_ERROR_MEMORY;
    w->links = at;
    link l = {ad_string_copy(w->ctx, path), ad_string_copy(w->ctx, name), depth};
    at[w->link_count++] = l;
    return l.path && l.name ? AD_OK : AD_ERROR_MEMORY;
}

/* ---- walking ---- */

static ad_status walk_folder(walk *w, const char *path, const char *name, int depth);

static ad_status walk_entry(walk *w, const char *path, const char *name, const char *entry,
                            int depth)
{
    char full[PATH_MAX], below[PATH_MAX];
    struct stat about;
    if (is_hidden(entry, strlen(entry)) || !strcmp(entry, ".") || !strcmp(entry, ".."))
        return AD_OK;
    if (snprintf(full, sizeof full, "%s/%s", path, entry) >= (int)sizeof full ||
        snprintf(below, sizeof below, "%s%s", name, entry) >= (int)sizeof below - 1)
        return ad_fail(w->ctx, AD_ERROR_IO, "%s: holds a path that is too long", path);
    if (lstat(full, &about)) return AD_OK; /* gone */
    bool linked = S_ISLNK(about.st_mode);
    if (linked && stat(full, &about)) return AD_OK; /* to nothing */
    if (S_ISREG(about.st_mode)) return w->to->file(w->to->user, full, below);
    if (!S_ISDIR(about.st_mode) || w->to->flat) return AD_OK;
    strcat(below, "/");
    return linked ? queue_link(w, full, below, depth + 1) : walk_folder(w, full, below, depth + 1);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static ad_status walk_folder(walk *w, const char *path, const char *name, int depth)
{
    struct dirent **entries;
    struct stat about;
    bool first;
    if (stat(path, &about)) return ad_fail_errno(w->ctx, path, "cannot open", errno);
    ad_status status = visit_first(w, &about, &first);
    if (status) return status;
    if (!first) return leave_out(&w->again, w->first_again, path), AD_OK;
    if (*name && w->to->folder) status = w->to->folder(w->to->user, name);
    if (status) return status;
    if (depth > DEPTH_MOST) return leave_out(&w->deep, w->first_deep, path), AD_OK;
    int count = scandir(path, &entries, NULL, by_name);
    if (count < 0) return ad_fail_errno(w->ctx, path, "cannot open", errno);
    for (int i = 0; i < count; ++i) {
        if (!status) status = walk_entry(w, path, name, entries[i]->d_name, depth);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static void say(const walk *w, int64_t count, const char *first, const char *why)
{
    char more[48] = "";
    if (count > 1) snprintf(more, sizeof more, ", and %lld more", (long long)count - 1);
    if (count) ad_note(w->ctx, "%s%s: %s", first, more, why);
}

ad_status ad_walk_folder(ad_context *ctx, const char *path, const ad_folder_walk *to)
{
    walk w = {.ctx = ctx, .to = to, .known = {.ctx = ctx}};
    ad_status status = walk_folder(&w, path, "", 0);
    for (int64_t i = 0; i < w.link_count && !status; ++i) /* they may lead to further ones */
        status = walk_folder(&w, w.links[i].path, w.links[i].name, w.links[i].depth);
    if (!status) {
        say(&w, w.again, w.first_again, "leads to a folder that was read already; left out");
        say(&w, w.deep, w.first_deep, "lies too deep; left out");
    }
    for (int64_t i = 0; i < w.link_count; ++i) {
        ad_string_free(ctx, w.links[i].path);
        ad_string_free(ctx, w.links[i].name);
    }
    ad_free(ctx, w.links, (size_t)w.link_capacity * sizeof *w.links);
    ad_free(ctx, w.visited, (size_t)w.visited_capacity * sizeof *w.visited);
    ad_hash_index_free(&w.known);
    return status;
}

ad_status ad_folder_files(ad_context *ctx, const char *path,
                          ad_status (*file)(void *user, const char *path, const char *name),
                          void *user)
{
    const ad_folder_walk told = {.user = user, .file = file};
    return ad_walk_folder(ctx, path, &told);
}
