/* archive.c - reading zip archives with libzip, which checks structure and checksums.
 *
 * libzip believes the declared sizes until the data is read; memory is asked for by them, so here
 * they are held against what the packed bytes can possibly give. */
#include "io/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <stdio.h>
#include <zip.h>

enum {
    DEFLATE_RATIO = 1032, /* the most that deflate can do: 258 bytes in 2 bits */
    DEFLATE_SLACK = 4096,
    MAX_MEMBERS = 1 << 20,
};

struct ad_archive {
    ad_context *ctx;
    const char *path;
    size_t bytes; /* of the archive */
    zip_t *zip;
};

/* The archive's bytes: in memory, or in a file, which libzip then reads and closes itself. */
static zip_source_t *open_bytes(const ad_file_bytes *file, const void *bytes, size_t size,
                                zip_error_t *error)
{
    if (ad_file_bytes_descriptor(file) < 0) return zip_source_buffer_create(bytes, size, 0, error);
    int fd = fcntl(ad_file_bytes_descriptor(file), F_DUPFD_CLOEXEC, 3);
    FILE *stream = fd >= 0 ? fdopen(fd, "rb") : NULL;
    zip_source_t *source = stream ? zip_source_filep_create(stream, 0, (zip_int64_t)size, error)
                                  : NULL;
    if (!stream) zip_error_set(error, ZIP_ER_OPEN, errno);
    if (!source && stream)
        fclose(stream);
    else if (!source && fd >= 0)
        close(fd);
    return source;
}

/* Memory that libzip was refused is nothing wrong with the file. */
static ad_status failed(ad_context *ctx, const char *path, zip_error_t *error, const char *what)
{
    if (zip_error_code_zip(error) == ZIP_ER_MEMORY)
        return ad_fail(ctx, AD_ERROR_MEMORY, "%s: out of memory", path);
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: %s (%s)", path, what, zip_error_strerror(error));
}

static ad_status member_failed(const ad_archive *archive, const char *name, zip_error_t *error,
                               const char *what)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence, "the zip member %.200s %s", name, what);
    return failed(archive->ctx, archive->path, error, sentence);
}

ad_status ad_archive_open(ad_archive **out, ad_context *ctx, const char *path,
                          const ad_file_bytes *file, const void *bytes, size_t size)
{
    zip_error_t error;
    ad_status status = AD_OK;
    *out = NULL;
    ad_archive *archive = ad_alloc(ctx, sizeof *archive);
    if (!archive) return AD_ERROR_MEMORY;
    *archive = (ad_archive){.ctx = ctx, .path = path, .bytes = size};
    zip_error_init(&error);
    zip_source_t *source = open_bytes(file, bytes, size, &error);
    if (source) archive->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (!archive->zip) {
        status = failed(ctx, path, &error, "the zip archive is truncated or damaged");
        zip_source_free(source);
    } else if (zip_get_num_entries(archive->zip, 0) > MAX_MEMBERS) {
        status = ad_fail(ctx, AD_ERROR_LIMIT, "%s: the zip archive has more than %d members", path,
                         MAX_MEMBERS);
    }
    zip_error_fini(&error);
    if (status)
        ad_archive_close(archive);
    else
        *out = archive;
    return status;
}

void ad_archive_close(ad_archive *archive)
{
    if (!archive) return;
    if (archive->zip) zip_discard(archive->zip);
    ad_free(archive->ctx, archive, sizeof *archive);
}

int64_t ad_archive_count(const ad_archive *archive)
{
    return zip_get_num_entries(archive->zip, 0);
}

const char *ad_archive_name(const ad_archive *archive, int64_t member)
{
    const char *name = zip_get_name(archive->zip, (zip_uint64_t)member, ZIP_FL_ENC_RAW);
    return name ? name : "";
}

int64_t ad_archive_find(const ad_archive *archive, const char *name)
{
    return zip_name_locate(archive->zip, name, ZIP_FL_ENC_RAW);
}

ad_status ad_archive_size(const ad_archive *archive, int64_t member, size_t *size)
{
    zip_stat_t info;
    const char *name = ad_archive_name(archive, member);
    if (zip_stat_index(archive->zip, (zip_uint64_t)member, 0, &info) ||
        !(info.valid & ZIP_STAT_SIZE) || !(info.valid & ZIP_STAT_COMP_SIZE))
        return ad_fail(archive->ctx, AD_ERROR_FORMAT,
                       "%s: the size of the zip member %s is unknown", archive->path, name);
    if (info.comp_size > archive->bytes ||
        info.size / DEFLATE_RATIO > info.comp_size + DEFLATE_SLACK / DEFLATE_RATIO)
        return ad_fail(archive->ctx, AD_ERROR_FORMAT,
                       "%s: the zip member %s claims %llu bytes, more than the archive can hold",
                       archive->path, name, (unsigned long long)info.size);
    size_t most = ad_context_expand_limit(archive->ctx);
    if (info.size > most && info.size > archive->bytes)
        return ad_fail(archive->ctx, AD_ERROR_LIMIT,
                       "%s: the zip member %s becomes %llu bytes; " AD_EXPAND_LIMIT_ADVICE,
                       archive->path, name, (unsigned long long)info.size);
    *size = (size_t)info.size;
    return AD_OK;
}

/* Reads until `size` bytes are there; false at an end or an error before. A NULL `data` drops them.
 */
static bool read_bytes(zip_file_t *file, char *data, size_t size, zip_int64_t *got)
{
    char dropped[512];
    while (size) {
        size_t part = data || size < sizeof dropped ? size : sizeof dropped;
        *got = zip_fread(file, data ? data : dropped, part);
        if (*got <= 0) return false;
        if (data) data += *got;
        size -= (size_t)*got;
    }
    return true;
}

ad_status ad_archive_read(ad_archive *archive, int64_t member, size_t skip, void *data, size_t size,
                          bool whole)
{
    const char *name = ad_archive_name(archive, member);
    zip_file_t *file = zip_fopen_index(archive->zip, (zip_uint64_t)member, 0);
    if (!file) return member_failed(archive, name, zip_get_error(archive->zip), "cannot be read");
    ad_status status = AD_OK;
    zip_int64_t got = 0;
    char beyond;
    bool complete = read_bytes(file, NULL, skip, &got) && read_bytes(file, data, size, &got);
    if (complete && whole) got = zip_fread(file, &beyond, 1); /* at the end libzip checks the sum */
    if (got < 0)
        status = member_failed(archive, name, zip_file_get_error(file), "is damaged");
    else if (!complete)
        status = ad_fail(archive->ctx, AD_ERROR_FORMAT, "%s: the zip member %s is truncated",
                         archive->path, name);
    else if (whole && got > 0)
        status = ad_fail(archive->ctx, AD_ERROR_FORMAT,
                         "%s: the zip member %s is longer than it claims", archive->path, name);
    zip_fclose(file);
    return status;
}
