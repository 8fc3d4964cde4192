/* unpacking.c - libarchive with one filter, chosen here by the first bytes.
 *
 * Left alone, libarchive expands what it recognises again and again, and starts a program for what
 * it cannot expand itself; a file of 6 KB can then become 125 GiB. */
#include "io/unpacking.h"

#include <errno.h>
#include <string.h>

enum { READ_BYTES = 1 << 16, KEPT_BYTES = 16 << 20 };

/* ---- compression ---- */

static const struct {
    const char *magic;
    size_t length;
    int filter; /* ARCHIVE_FILTER_NONE: is not expanded */
    const char *name;
} kinds[] = {
    {"\x1f\x8b", 2, ARCHIVE_FILTER_GZIP, "gzip"},
    {"\3757zXZ\0", 6, ARCHIVE_FILTER_XZ, "xz"},
    {"BZh", 3, ARCHIVE_FILTER_BZIP2, "bzip2"},
    {"\x28\xb5\x2f\xfd", 4, ARCHIVE_FILTER_ZSTD, "zstd"},
    {"LRZI\0", 5, ARCHIVE_FILTER_NONE, "lrzip"},
    {"\x89LZO\0\r\n\x1a\n", 9, ARCHIVE_FILTER_NONE, "lzop"},
    {"GRZipII\0\2\4:)", 12, ARCHIVE_FILTER_NONE, "grzip"},
    {"\x04\x22\x4d\x18", 4, ARCHIVE_FILTER_NONE, "lz4"},
    {"LZIP\1", 5, ARCHIVE_FILTER_NONE, "lzip"},
    {"\x1f\x9d", 2, ARCHIVE_FILTER_NONE, "compress"},
    {"7z\xbc\xaf\x27\x1c", 6, ARCHIVE_FILTER_NONE, "7-Zip"},
    {"Rar!\x1a\x07", 6, ARCHIVE_FILTER_NONE, "RAR"},
};

/* A text may well begin with BZh: a digit follows, and the first block or the end. */
static bool is_bzip2(const unsigned char *bytes, size_t size)
{
    return size > 9 && bytes[3] >= '1' && bytes[3] <= '9' &&
           (!memcmp(bytes + 4, "1AY&SY", 6) || !memcmp(bytes + 4, "\x17\x72\x45\x38\x50\x90", 6));
}

int ad_compression(ad_context *ctx, const char *name, const unsigned char *bytes, size_t size,
                   bool *known)
{
    *known = true;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
        if (size <= kinds[i].length || memcmp(bytes, kinds[i].magic, kinds[i].length)) continue;
        if (kinds[i].filter == ARCHIVE_FILTER_BZIP2 && !is_bzip2(bytes, size)) continue;
        *known = kinds[i].filter != ARCHIVE_FILTER_NONE;
        if (!*known)
            ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                    "%s: is compressed with %s; expanded are gzip, xz, bzip2 and zstd", name,
                    kinds[i].name);
        return kinds[i].filter;
    }
    return ARCHIVE_FILTER_NONE;
}

/* ---- the file as libarchive reads it ---- */

static la_ssize_t give_bytes(struct archive *a, void *user, const void **bytes)
{
    ad_unpacking *u = user;
    size_t left = u->file->size - u->at, size = left < READ_BYTES ? left : READ_BYTES;
    ad_file_bytes_forget(u->file, KEPT_BYTES);
    if (!u->failed) u->failed = ad_file_bytes_need(u->file, u->at, size);
    if (u->failed) {
        archive_set_error(a, EIO, "%s", ad_error(u->ctx));
        return ARCHIVE_FATAL;
    }
    *bytes = u->file->bytes + u->at;
    u->at += size;
    return (la_ssize_t)size;
}

static la_int64_t skip_bytes(struct archive *a, void *user, la_int64_t count)
{
    ad_unpacking *u = user;
    size_t left = u->file->size - u->at;
    (void)a;
    if (count < 0) return 0;
    if ((uint64_t)count > left) count = (la_int64_t)left;
    u->at += (size_t)count;
    return count;
}

static la_int64_t seek_bytes(struct archive *a, void *user, la_int64_t offset, int whence)
{
    ad_unpacking *u = user;
    la_int64_t base = whence == SEEK_SET   ? 0
                      : whence == SEEK_CUR ? (la_int64_t)u->at
                                           : (la_int64_t)u->file->size;
    (void)a;
    if (__builtin_add_overflow(base, offset, &base) || base < 0 || (size_t)base > u->file->size)
        return ARCHIVE_FATAL;
    u->at = (size_t)base;
    return base;
}

/* ---- opening ---- */

static ad_status fail(ad_unpacking *u)
{
    const char *why = archive_error_string(u->archive);
    if (u->failed) return u->failed;
    u->unknown_format = archive_errno(u->archive) == EILSEQ;
    if (archive_errno(u->archive) == ENOMEM)
        return ad_fail(u->ctx, AD_ERROR_MEMORY, "%s: out of memory", u->name);
    return ad_fail(u->ctx, AD_ERROR_FORMAT, "%s: %s", u->name, why ? why : "cannot be read");
}

/* A decoder that is not built into libarchive would be a program that it starts. */
static ad_status set_filter(ad_unpacking *u, int filter)
{
    if (filter == ARCHIVE_FILTER_NONE) return AD_OK;
    if (archive_read_append_filter(u->archive, filter) == ARCHIVE_OK) return AD_OK;
    if (archive_errno(u->archive) == ENOMEM) return fail(u);
    return ad_fail(u->ctx, AD_ERROR_UNSUPPORTED,
                   "%s: is compressed in a way that this build of libarchive cannot expand itself",
                   u->name);
}

static void set_formats(ad_unpacking *u, bool raw)
{
    if (raw) {
        archive_read_support_format_raw(u->archive);
        return;
    }
    archive_read_support_format_tar(u->archive);
    archive_read_support_format_gnutar(u->archive);
    /* by its directory, so that entries can be passed over without expanding them */
    archive_read_support_format_zip_seekable(u->archive);
}

ad_status ad_unpacking_open(ad_unpacking *u, ad_context *ctx, const char *name, ad_file_bytes *file,
                            bool raw)
{
    bool known;
    size_t allowed = ad_context_expand_limit(ctx);
    *u = (ad_unpacking){.ctx = ctx, .name = name, .file = file};
    u->limit = file->size > allowed ? file->size : allowed;
    ad_status status = ad_file_bytes_need(file, 0, READ_BYTES);
    if (status) return status;
    int filter = ad_compression(ctx, name, file->bytes, file->size, &known);
    if (!known) return ad_error_status(ctx);
    u->archive = archive_read_new(), u->head = u->archive ? archive_entry_new() : NULL;
    if (!u->head) {
        ad_unpacking_close(u);
        return ad_fail(ctx, AD_ERROR_MEMORY, "%s: out of memory", name);
    }
    set_formats(u, raw);
    u->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    u->compressed = filter != ARCHIVE_FILTER_NONE;
    status = set_filter(u, filter);
    archive_read_set_read_callback(u->archive, give_bytes);
    archive_read_set_skip_callback(u->archive, skip_bytes);
    archive_read_set_seek_callback(u->archive, seek_bytes);
    if (!status && archive_read_set_callback_data(u->archive, u)) status = fail(u);
    if (!status && archive_read_open1(u->archive)) status = fail(u);
    if (status) ad_unpacking_close(u);
    return status;
}

void ad_unpacking_close(ad_unpacking *u)
{
    archive_read_free(u->archive);
    archive_entry_free(u->head);
    if (u->utf8) freelocale(u->utf8);
    u->utf8 = (locale_t)0;
    u->archive = NULL, u->head = NULL;
}

/* ---- entries ---- */

static ad_status within(const ad_unpacking *u, size_t bytes)
{
    if (bytes <= u->limit && u->expanded <= u->limit - bytes) return AD_OK;
    return ad_fail(u->ctx, AD_ERROR_LIMIT,
                   "%s: becomes more than %zu bytes; " AD_EXPAND_LIMIT_ADVICE, u->name, u->limit);
}

static ad_status count(ad_unpacking *u, size_t bytes)
{
    u->expanded += bytes;
    return within(u, 0);
}

ad_status ad_unpacking_next(ad_unpacking *u, struct archive_entry **head)
{
    locale_t before = uselocale(u->utf8); /* in the program's, C, no name but ASCII can be had */
    int code = archive_read_next_header2(u->archive, u->head);
    uselocale(before);
    *head = code == ARCHIVE_EOF ? NULL : u->head;
    if (code == ARCHIVE_EOF || code >= ARCHIVE_WARN) return AD_OK;
    return fail(u);
}

const char *ad_unpacking_entry_name(const ad_unpacking *u)
{
    locale_t before = uselocale(u->utf8);
    const char *name = archive_entry_pathname(u->head);
    if (!name) name = archive_entry_pathname_utf8(u->head);
    uselocale(before);
    return name;
}

ad_status ad_unpacking_read(ad_unpacking *u, size_t limit, unsigned char **bytes, size_t *size)
{
    ad_context *ctx = u->ctx;
    size_t capacity = READ_BYTES, used = 0, most = limit < u->limit ? limit : u->limit;
    unsigned char *at = ad_alloc(ctx, capacity), *moved;
    ad_status status = at ? AD_OK : AD_ERROR_MEMORY;
    if (!status && archive_entry_size_is_set(u->head) && archive_entry_size(u->head) > 0)
        status = within(u, (size_t)archive_entry_size(u->head)); /* before any of it is expanded */
    while (!status) { /* grown as it comes: a header's size is only a claim */
        la_ssize_t got = archive_read_data(u->archive, at + used, capacity - used);
        if (got < 0) status = fail(u);
        if (got <= 0) break;
        used += (size_t)got;
        status = count(u, (size_t)got);
        if (!status && used > limit)
            status = ad_fail(ctx, AD_ERROR_LIMIT, "%s: holds more than %zu bytes", u->name, limit);
        if (status || used < capacity) continue;
        size_t more = capacity < most / 2 ? 2 * capacity : most + 1;
        if ((moved = ad_realloc(ctx, at, capacity, more)))
            at = moved, capacity = more;
        else
            status = AD_ERROR_MEMORY;
    }
    if (!status && (moved = ad_realloc(ctx, at, capacity, used ? used : 1))) {
        *bytes = moved, *size = used;
        return AD_OK;
    }
    ad_free(ctx, at, capacity);
    return status ? status : AD_ERROR_MEMORY;
}

ad_status ad_unpacking_skip(ad_unpacking *u)
{
    const void *bytes;
    size_t size;
    la_int64_t offset;
    int format = archive_format(u->archive) & ARCHIVE_FORMAT_BASE_MASK, code = ARCHIVE_OK;
    ad_status status = AD_OK;
    /* of a zip nothing is expanded for it, nor of a tar that is not compressed */
    if (format == ARCHIVE_FORMAT_ZIP || archive_filter_count(u->archive) < 2)
        return archive_read_data_skip(u->archive) < ARCHIVE_WARN ? fail(u) : AD_OK;
    while (!status) {
        code = archive_read_data_block(u->archive, &bytes, &size, &offset);
        if (code == ARCHIVE_EOF) break;
        status = code < ARCHIVE_WARN ? fail(u) : count(u, size);
    }
    return status;
}
