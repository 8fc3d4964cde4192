/* source.c - files, folders and archives as lists of entries; libarchive does the unpacking. */
#include "io/source.h"

#include "base/byte_order_mark.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ENTRIES_MOST = 20 << 20, DEPTH_MOST = 16, READ_BYTES = 1 << 16 };

static const size_t entry_limit = (size_t)1 << 30, archive_limit = (size_t)8 << 30;

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
    size_t bytes; /* of all that archives brought */
    bool (*wanted)(const char *name);
};

/* ---- one file ---- */

static bool compressed(const unsigned char *p, size_t size)
{
    return (size > 2 && p[0] == 0x1f && p[1] == 0x8b) || (size > 6 && !memcmp(p, "\3757zXZ", 6)) ||
           (size > 4 && !memcmp(p, "BZh", 3)) || (size > 4 && !memcmp(p, "\x28\xb5\x2f\xfd", 4));
}

static ad_status archive_failed(ad_context *ctx, struct archive *a, const char *name)
{
    const char *why = archive_error_string(a);
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: %s", name, why ? why : "cannot be read");
}

/* The rest of the current entry, grown as it comes: a header's size is only a claim. */
static ad_status read_entry(ad_context *ctx, struct archive *a, const char *name, size_t limit,
                            unsigned char **bytes, size_t *size)
{
    size_t capacity = READ_BYTES;
    *size = 0;
    if (!(*bytes = ad_alloc(ctx, capacity))) return AD_ERROR_MEMORY;
    for (;;) {
        la_ssize_t got = archive_read_data(a, *bytes + *size, capacity - *size);
        if (got == 0) break;
        ad_status status = AD_OK;
        if (got < 0)
            status = archive_failed(ctx, a, name);
        else if ((*size += (size_t)got) > limit)
            status = ad_fail(ctx, AD_ERROR_LIMIT, "%s: holds more than %zu bytes", name, limit);
        unsigned char *grown = *bytes;
        if (!status && *size == capacity) {
            if ((grown = ad_realloc(ctx, *bytes, capacity, 2 * capacity)))
                capacity *= 2;
            else
                status = AD_ERROR_MEMORY;
        }
        if (status) {
            ad_free(ctx, *bytes, capacity);
            *bytes = NULL;
            return status;
        }
        *bytes = grown;
    }
    unsigned char *exact = ad_realloc(ctx, *bytes, capacity, *size ? *size : 1);
    if (!exact) {
        ad_free(ctx, *bytes, capacity);
        *bytes = NULL;
        return AD_ERROR_MEMORY;
    }
    *bytes = exact;
    return AD_OK;
}

ad_status ad_content_expand(ad_content *out, ad_context *ctx, const char *name,
                            const unsigned char *bytes, size_t size, size_t limit)
{
    struct archive_entry *head;
    unsigned char *plain = NULL;
    *out = (ad_content){.bytes = bytes, .size = size, .ctx = ctx};
    if (!compressed(bytes, size)) return AD_OK;
    struct archive *a = archive_read_new();
    if (!a) return ad_fail(ctx, AD_ERROR_MEMORY, "%s: out of memory", name);
    archive_read_support_filter_all(a);
    archive_read_support_format_raw(a);
    ad_status status = AD_OK;
    if (archive_read_open_memory(a, bytes, size) || archive_read_next_header(a, &head))
        status = archive_failed(ctx, a, name);
    if (!status) status = read_entry(ctx, a, name, limit, &plain, &size);
    archive_read_free(a);
    if (status) return status;
    out->bytes = out->owned = plain;
    out->size = size, out->owned_bytes = size ? size : 1;
    return AD_OK;
}

ad_status ad_content_read(ad_content *out, ad_context *ctx, const char *path, size_t limit)
{
    ad_mapped file;
    *out = (ad_content){0};
    ad_status status = ad_map(&file, ctx, path, limit);
    if (!status) status = ad_content_expand(out, ctx, path, file.bytes, file.size, limit);
    if (status || out->owned)
        ad_unmap(&file);
    else
        out->mapped = file;
    return status;
}

ad_status ad_content_read_text(ad_content *out, ad_context *ctx, const char *path, size_t limit)
{
    ad_status status = ad_content_read(out, ctx, path, limit);
    if (!status) status = ad_skip_byte_order_mark(ctx, path, &out->bytes, &out->size);
    if (status) ad_content_free(out);
    return status;
}

void ad_content_free(ad_content *content)
{
    ad_unmap(&content->mapped);
    if (content->owned) ad_free(content->ctx, content->owned, content->owned_bytes);
    *content = (ad_content){0};
}

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

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);
    return n > k && !strcmp(name + n - k, end);
}

static bool names_archive(const char *name)
{
    static const char *const ends[] = {".tar", ".tar.gz",  ".tgz",     ".tar.xz",
                                       ".txz", ".tar.bz2", ".tar.zst", ".zip"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; ++i)
        if (ends_with(name, ends[i])) return true;
    return false;
}

/* ---- archives ---- */

/* As it stands there. A name in another encoding than the program's comes as UTF-8. */
static const char *entry_name(struct archive_entry *head)
{
    const char *name = archive_entry_pathname(head);
    if (!name) name = archive_entry_pathname_utf8(head);
    while (name && !strncmp(name, "./", 2)) name += 2;
    return name;
}

static ad_status take_entry(ad_source *s, struct archive *a, struct archive_entry *head,
                            int32_t archive, const char *prefix)
{
    const char *name = entry_name(head);
    char full[PATH_MAX];
    if (!name)
        return ad_fail(s->ctx, AD_ERROR_FORMAT, "%s: holds a name that cannot be read",
                       s->archives[archive]);
    bool folder = archive_entry_filetype(head) == AE_IFDIR;
    if (!*name || (!folder && archive_entry_filetype(head) != AE_IFREG)) return AD_OK;
    snprintf(full, sizeof full, "%s%.*s%s", prefix, PATH_MAX / 2, name,
             folder && !ends_with(name, "/") ? "/" : "");
    entry e = {.name = ad_string_copy(s->ctx, full), .archive = archive};
    if (!folder && (!s->wanted || s->wanted(full))) {
        ad_status status = read_entry(s->ctx, a, s->archives[archive], entry_limit, &e.bytes,
                                      &e.size);
        if (!status && (s->bytes += e.size) > archive_limit)
            status = ad_fail(s->ctx, AD_ERROR_LIMIT, "%s: holds more than %zu bytes",
                             s->archives[archive], archive_limit);
        if (status) {
            if (e.bytes) ad_free(s->ctx, e.bytes, e.size ? e.size : 1);
            ad_string_free(s->ctx, e.name);
            return status;
        }
    }
    return add(s, e);
}

static ad_status read_archive(ad_source *s, const char *path, const char *prefix)
{
    struct archive_entry *head;
    char **archives = ad_realloc(s->ctx, s->archives, (size_t)s->archive_count * sizeof *archives,
                                 (size_t)(s->archive_count + 1) * sizeof *archives);
    if (!archives) return AD_ERROR_MEMORY;
    s->archives = archives;
    int32_t number = s->archive_count++;
    if (!(archives[number] = ad_string_copy(s->ctx, path))) return AD_ERROR_MEMORY;
    struct archive *a = archive_read_new();
    if (!a) return ad_fail(s->ctx, AD_ERROR_MEMORY, "%s: out of memory", path);
    archive_read_support_filter_all(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_gnutar(a);
    archive_read_support_format_zip(a);
    ad_status status = AD_OK;
    if (archive_read_open_filename(a, path, READ_BYTES)) {
        /* EILSEQ is libarchive's word for a format that it does not know */
        if (archive_errno(a) == EILSEQ && !names_archive(path))
            status = ad_fail(s->ctx, AD_ERROR_FORMAT,
                             "%s: is neither a folder nor an archive (.tar, .tar.gz, .tar.xz, "
                             ".zip)",
                             path);
        else
            status = archive_failed(s->ctx, a, path);
    }
    while (!status) {
        int code = archive_read_next_header(a, &head);
        if (code == ARCHIVE_EOF) break;
        if (code < ARCHIVE_WARN)
            status = archive_failed(s->ctx, a, path);
        else
            status = take_entry(s, a, head, number, prefix);
    }
    archive_read_free(a);
    return status;
}

/* ---- folders ---- */

static ad_status system_failed(ad_context *ctx, const char *path, int error)
{
    char reason[128] = "";
    if (strerror_r(error, reason, sizeof reason)) snprintf(reason, sizeof reason, "error");
    return ad_fail(ctx, error == ENOENT ? AD_ERROR_NOT_FOUND : AD_ERROR_IO, "%s: cannot open: %s",
                   path, reason);
}

static int shown(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int by_file(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static ad_status walk(ad_source *s, const char *path, const char *prefix, int depth);

static ad_status walk_file(ad_source *s, const char *path, const char *prefix, const char *file,
                           int depth)
{
    char full[PATH_MAX], name[PATH_MAX];
    struct stat info;
    if (snprintf(full, sizeof full, "%s/%s", path, file) >= (int)sizeof full ||
        snprintf(name, sizeof name, "%s%s", prefix, file) >= (int)sizeof name - 1)
        return ad_fail(s->ctx, AD_ERROR_IO, "%s: holds a path that is too long", path);
    if (stat(full, &info)) return AD_OK; /* gone, or a link to nothing */
    if (S_ISDIR(info.st_mode)) {
        strcat(name, "/");
        ad_status status = add(s, (entry){.name = ad_string_copy(s->ctx, name), .archive = -1});
        return status || depth == DEPTH_MOST ? status : walk(s, full, name, depth + 1);
    }
    if (!S_ISREG(info.st_mode)) return AD_OK;
    if (names_archive(file)) return read_archive(s, full, prefix);
    entry e = {
        .name = ad_string_copy(s->ctx, name), .path = ad_string_copy(s->ctx, full), .archive = -1};
    if (!e.path) {
        ad_string_free(s->ctx, e.name);
        e.name = NULL;
    }
    return add(s, e);
}

static ad_status walk(ad_source *s, const char *path, const char *prefix, int depth)
{
    struct dirent **files;
    ad_status status = AD_OK;
    int count = scandir(path, &files, shown, by_file);
    if (count < 0) return system_failed(s->ctx, path, errno);
    for (int i = 0; i < count; ++i) {
        if (!status) status = walk_file(s, path, prefix, files[i]->d_name, depth);
        free(files[i]);
    }
    free(files);
    return status;
}

static int by_name(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

ad_status ad_source_open(ad_source **out, ad_context *ctx, const char *path,
                         bool (*wanted)(const char *name))
{
    struct stat info;
    *out = NULL;
    if (stat(path, &info)) return system_failed(ctx, path, errno);
    ad_source *s = ad_zalloc(ctx, sizeof *s);
    if (!s) return AD_ERROR_MEMORY;
    *s = (ad_source){.ctx = ctx, .path = ad_string_copy(ctx, path), .wanted = wanted};
    ad_status status = s->path ? AD_OK : AD_ERROR_MEMORY;
    if (!status) status = S_ISDIR(info.st_mode) ? walk(s, path, "", 0) : read_archive(s, path, "");
    if (!status && s->count) qsort(s->entries, (size_t)s->count, sizeof *s->entries, by_name);
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
    ad_status status = ad_map(&out->mapped, ctx, e->path, entry_limit);
    if (!status) {
        out->bytes = out->mapped.bytes;
        out->size = out->mapped.size;
    }
    return status;
}
