/* source.c - files, folders and archives as lists of entries; libarchive does the unpacking. */
#include "io/source.h"

#include "base/ending.h"
#include "base/notes.h"
#include "io/folder_walk.h"
#include "io/unpacking.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ENTRIES_MOST = 20 << 20 };

static const size_t entry_limit = (size_t)1 << 36; /* far over any picture or table */

typedef struct entry {
    char *name; /* path inside the source; owned */
    char *path; /* of a file in a folder; NULL: in memory; owned */
    unsigned char *bytes;
    size_t size;
    int32_t archive; /* which one it came from, or -1 */
    int64_t order;   /* in which it was met, which tells equal names apart */
} entry;

struct ad_source {
    ad_context *ctx;
    char *path;
    entry *entries;
    int64_t count, capacity;
    char **archives; /* their paths, for errors */
    int32_t archive_count;
    size_t bytes, allowed; /* that all archives brought, and may bring */
    bool (*wanted)(const char *name);
};

/* ---- entries ---- */

static ad_status add(ad_source *s, entry e)
{
    ad_status status = e.name ? AD_OK : AD_ERROR_MEMORY;
    if (!status && s->count == ENTRIES_MOST)
        status = ad_fail(s->ctx, AD_ERROR_LIMIT, "%s: holds more than %d files", s->path,
                         ENTRIES_MOST);
    if (!status && s->count == s->capacity) {
        int64_t capacity = s->capacity ? 2 * s->capacity : 256;
        entry *grown = ad_realloc(s->ctx, s->entries, (size_t)s->capacity * sizeof *grown,
                                  (size_t)capacity * sizeof *grown);
        if (grown) {
            s->entries = grown;
            s->capacity = capacity;
        } else
            status = AD_ERROR_MEMORY;
    }
    if (status) {
        ad_string_free(s->ctx, e.name), ad_string_free(s->ctx, e.path);
        if (e.bytes) ad_free(s->ctx, e.bytes, e.size ? e.size : 1);
        return status;
    }
    e.order = s->count;
    s->entries[s->count++] = e;
    return AD_OK;
}

static bool names_archive(const char *name)
{
    static const char *const ends[] = {".tar", ".tar.gz",  ".tgz",     ".tar.xz",
                                       ".txz", ".tar.bz2", ".tar.zst", ".zip"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; ++i)
        if (ad_ends_with_any_case(name, ends[i])) return true;
    return false;
}

/* ---- archives ---- */

/* Of all archives together no more may be kept than of one. */
static ad_status count(ad_source *s, const char *path, size_t bytes)
{
    s->bytes += bytes;
    if (s->bytes <= s->allowed) return AD_OK;
    return ad_fail(s->ctx, AD_ERROR_LIMIT, "%s: holds more than %zu bytes; " AD_EXPAND_LIMIT_ADVICE,
                   path, s->allowed);
}

static ad_status take_entry(ad_source *s, ad_unpacking *u, struct archive_entry *head,
                            int32_t archive, const char *prefix)
{
    const char *name = ad_unpacking_entry_name(u);
    char full[PATH_MAX];
    if (!name)
        return ad_fail(s->ctx, AD_ERROR_FORMAT, "%s: holds a name that cannot be read",
                       s->archives[archive]);
    while (!strncmp(name, "./", 2)) name += 2;
    bool folder = archive_entry_filetype(head) == AE_IFDIR;
    if (!*name || ad_hidden_name(name)) return ad_unpacking_skip(u);
    if (!folder && (archive_entry_filetype(head) != AE_IFREG || archive_entry_hardlink(head))) {
        ad_note(s->ctx, "%s: links and devices in it are left out", s->archives[archive]);
        return ad_unpacking_skip(u);
    }
    snprintf(full, sizeof full, "%s%.*s%s", prefix, PATH_MAX / 2, name,
             folder && !ad_ends_with(name, "/") ? "/" : "");
    entry e = {.name = ad_string_copy(s->ctx, full), .archive = archive};
    ad_status status;
    if (folder || (s->wanted && !s->wanted(full))) {
        status = ad_unpacking_skip(u);
    } else {
        status = ad_unpacking_read(u, entry_limit, &e.bytes, &e.size);
        if (!status) status = count(s, s->archives[archive], e.size);
    }
    if (!status) return add(s, e);
    if (e.bytes) ad_free(s->ctx, e.bytes, e.size ? e.size : 1);
    ad_string_free(s->ctx, e.name);
    return status;
}

static ad_status read_entries(ad_source *s, ad_file_bytes *file, int32_t number, const char *prefix)
{
    struct archive_entry *head;
    const char *path = s->archives[number];
    ad_unpacking u;
    size_t most = ad_context_expand_limit(s->ctx);
    s->allowed += file->size;
    if (s->allowed < most) s->allowed = most;
    ad_status status = ad_unpacking_open(&u, s->ctx, path, file, false);
    if (status && u.unknown_format && u.compressed)
        return ad_fail(s->ctx, status,
                       "%s: is compressed, but what it is expanded to (once) is no tar archive",
                       path);
    if (status && u.unknown_format && !names_archive(path))
        return ad_fail(s->ctx, status,
                       "%s: is neither a folder nor an archive (.tar, .tar.gz, .tar.xz, .zip)",
                       path);
    if (status) return status;
    status = ad_unpacking_next(&u, &head);
    while (!status && head) {
        status = take_entry(s, &u, head, number, prefix);
        if (!status) status = ad_unpacking_next(&u, &head);
    }
    ad_unpacking_close(&u);
    return status;
}

static ad_status read_archive(ad_source *s, const char *path, const char *prefix)
{
    char **archives = ad_realloc(s->ctx, s->archives, (size_t)s->archive_count * sizeof *archives,
                                 (size_t)(s->archive_count + 1) * sizeof *archives);
    ad_file_bytes file;
    if (!archives) return AD_ERROR_MEMORY;
    s->archives = archives;
    int32_t number = s->archive_count++;
    if (!(archives[number] = ad_string_copy(s->ctx, path))) return AD_ERROR_MEMORY;
    ad_status status = ad_file_bytes_read_parts(&file, s->ctx, path, SIZE_MAX / 4);
    if (status) return status;
    status = read_entries(s, &file, number, prefix);
    ad_file_bytes_free(&file);
    return status;
}

/* ---- folders ---- */

static ad_status take_folder(void *user, const char *name)
{
    ad_source *s = user;
    return add(s, (entry){.name = ad_string_copy(s->ctx, name), .archive = -1});
}

static ad_status take_file(void *user, const char *path, const char *name)
{
    ad_source *s = user;
    if (names_archive(name)) {
        char prefix[PATH_MAX];
        const char *slash = strrchr(name, '/');
        snprintf(prefix, sizeof prefix, "%.*s", slash ? (int)(slash - name) + 1 : 0, name);
        return read_archive(s, path, prefix);
    }
    entry e = {
        .name = ad_string_copy(s->ctx, name), .path = ad_string_copy(s->ctx, path), .archive = -1};
    if (!e.path) {
        ad_string_free(s->ctx, e.name);
        e.name = NULL;
    }
    return add(s, e);
}

static ad_status read_folder(ad_source *s, const char *path)
{
    const ad_folder_walk walk = {.user = s, .file = take_file, .folder = take_folder};
    return ad_walk_folder(s->ctx, path, &walk);
}

static int by_name(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Of two files by one name in an archive an unpacker would keep either; which was meant is not
 * guessed. Archives beside each other are sets of their own. */
static ad_status check_names(const ad_source *s)
{
    for (int64_t i = 1; i < s->count; ++i) {
        const entry *x = &s->entries[i - 1], *y = &s->entries[i];
        if (x->bytes && y->bytes && x->archive == y->archive && !strcmp(x->name, y->name))
            return ad_fail(s->ctx, AD_ERROR_FORMAT, "%s: holds %.200s twice",
                           s->archives[y->archive], y->name);
    }
    return AD_OK;
}

ad_status ad_source_open(ad_source **out, ad_context *ctx, const char *path,
                         bool (*wanted)(const char *name))
{
    struct stat info;
    *out = NULL;
    if (stat(path, &info)) return ad_fail_errno(ctx, path, "cannot open", errno);
    ad_source *s = ad_zalloc(ctx, sizeof *s);
    if (!s) return AD_ERROR_MEMORY;
    *s = (ad_source){.ctx = ctx, .path = ad_string_copy(ctx, path), .wanted = wanted};
    ad_status status = s->path ? AD_OK : AD_ERROR_MEMORY;
    if (!status) status = S_ISDIR(info.st_mode) ? read_folder(s, path) : read_archive(s, path, "");
    if (!status && s->count) qsort(s->entries, (size_t)s->count, sizeof *s->entries, by_name);
    if (!status) status = check_names(s);
    if (status)
        ad_source_close(s);
    else
        *out = s;
    return status;
}

void ad_source_close(ad_source *s)
{
    if (!s) return;
    for (int64_t i = 0; i < s->count; ++i) {
        entry *e = &s->entries[i];
        ad_string_free(s->ctx, e->name), ad_string_free(s->ctx, e->path);
        if (e->bytes) ad_free(s->ctx, e->bytes, e->size ? e->size : 1);
    }
    for (int32_t i = 0; i < s->archive_count; ++i) ad_string_free(s->ctx, s->archives[i]);
    ad_free(s->ctx, s->archives, (size_t)s->archive_count * sizeof *s->archives);
    ad_free(s->ctx, s->entries, (size_t)s->capacity * sizeof *s->entries);
    ad_string_free(s->ctx, s->path);
    ad_free(s->ctx, s, sizeof *s);
}

int64_t ad_source_count(const ad_source *s)
{
    return s->count;
}

const char *ad_source_name(const ad_source *s, int64_t index)
{
    return s->entries[index].name;
}

const char *ad_source_title(const ad_source *s, int64_t index, char *buffer, size_t size)
{
    const entry *e = &s->entries[index];
    if (e->archive >= 0)
        snprintf(buffer, size, "%s: %s", s->archives[e->archive], e->name);
    else
        snprintf(buffer, size, "%s/%s", s->path, e->name);
    return buffer;
}

ad_status ad_source_read(const ad_source *s, int64_t index, ad_context *ctx, ad_content *out)
{
    const entry *e = &s->entries[index];
    *out = (ad_content){.bytes = e->bytes, .size = e->size, .ctx = ctx};
    if (e->archive >= 0 && e->bytes) return AD_OK;
    if (!e->path)
        return ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s/%s: has no content", s->path, e->name);
    ad_status status = ad_file_bytes_read_regular(&out->file, ctx, e->path, entry_limit);
    if (!status) {
        out->bytes = out->file.bytes;
        out->size = out->file.size;
    }
    return status;
}
