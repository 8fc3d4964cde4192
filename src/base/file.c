/* file.c - replacing files atomically. */
#include "base/file.h"

#include "base/crc.h"
#include "base/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16, REASON_BYTES = 128 };

static ad_status fail(ad_context *ctx, ad_status status, const char *path, const char *what,
                      int error)
{
    char reason[REASON_BYTES];
    if (strerror_r(error, reason, sizeof reason))
        snprintf(reason, sizeof reason, "error %d", error);
    return ad_fail(ctx, status, "%s: %s: %s", path, what, reason);
}

ad_status ad_fail_errno(ad_context *ctx, const char *path, const char *what, int error)
{
    ad_status status = error == ENOENT   ? AD_ERROR_NOT_FOUND
                       : error == ENOMEM ? AD_ERROR_MEMORY
                                         : AD_ERROR_IO;
    return fail(ctx, status, path, what, error);
}

ad_status ad_fail_io(ad_context *ctx, const char *path, const char *what, int error)
{
    return fail(ctx, AD_ERROR_IO, path, what, error);
}

/* ---- writing ---- */

struct ad_output {
    ad_context *ctx;
    ad_status status;
    int fd;
    bool exists;    /* the temporary file is there, */
    int unfinished; /* and listed for a signal that ends the process */
    uint32_t check; /* CRC-32 of what was written, unless it was patched */
    bool patched;
    size_t used, size; /* in the buffer; in the file */
    char path[PATH_MAX], target[PATH_MAX],
        temporary[PATH_MAX]; /* as given; symbolic links resolved */
    unsigned char buffer[BUFFER_BYTES];
};

/* The folder of `path` into `folder` (PATH_MAX bytes, which hold it: it is shorter than path or
 * "."). */
static void folder_of(const char *path, char *folder)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + (slash == path) : 1;
    memcpy(folder, slash ? path : ".", length);
    folder[length] = 0;
}

/* What is at `path` can be replaced: nothing, or a plain file. */
static ad_status check_target(ad_context *ctx, const char *path, struct stat *info)
{
    if (!*path) return ad_fail(ctx, AD_ERROR_ARGUMENT, "the name of the file to write is empty");
    if (strlen(path) >= PATH_MAX - 64)
        return ad_fail(ctx, AD_ERROR_IO, "%.64s...: the path is too long", path);
    if (stat(path, info)) {
        info->st_mode = 0;
        return errno == ENOENT || errno == ELOOP ? AD_OK
                                                 : ad_fail_errno(ctx, path, "cannot write", errno);
    }
    if (S_ISDIR(info->st_mode))
        return ad_fail(ctx, AD_ERROR_IO, "%s: cannot write: it is a folder", path);
    if (!S_ISREG(info->st_mode))
        return ad_fail(ctx, AD_ERROR_IO, "%s: cannot write: it is not a regular file", path);
    return AD_OK;
}

ad_status ad_output_check(ad_context *ctx, const char *path)
{
    char folder[PATH_MAX], target[PATH_MAX];
    struct stat info;
    ad_status status = check_target(ctx, path, &info);
    if (status) return status;
    folder_of(info.st_mode && realpath(path, target) ? target : path, folder);
    if (path[strlen(path) - 1] == '/')
        return ad_fail(ctx, AD_ERROR_IO, "%s: cannot write: it names a folder", path);
    if (stat(folder, &info)) return ad_fail_errno(ctx, path, "cannot write: its folder", errno);
    if (!S_ISDIR(info.st_mode))
        return ad_fail(ctx, AD_ERROR_IO, "%s: cannot write: %s is not a folder", path, folder);
    if (access(folder, W_OK | X_OK))
        return ad_fail_errno(ctx, path, "cannot write to its folder", errno);
    return AD_OK;
}

/* Creates the temporary file, which is listed before it is there: a signal may come right behind.
 */
static ad_status open_temporary(ad_output *output)
{
    int error = ENAMETOOLONG;
    for (int attempt = 0; attempt < 1000; ++attempt) {
        int length = snprintf(output->temporary, sizeof output->temporary, "%s.%ld-%d.tmp",
                              output->target, (long)getpid(), attempt);
        if (length >= (int)sizeof output->temporary) break;
        error = EEXIST;
        if (!access(output->temporary, F_OK)) continue; /* another's */
        output->unfinished = ad_unfinished_add(output->temporary);
        output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (output->fd >= 0) return AD_OK;
        error = errno;
        ad_unfinished_drop(output->unfinished);
        if (error != EEXIST) break;
    }
    return ad_fail_errno(output->ctx, output->path, "cannot write", error);
}

ad_status ad_output_open(ad_output **out, ad_context *ctx, const char *path)
{
    struct stat info;
    *out = NULL;
    ad_status status = check_target(ctx, path, &info);
    if (status) return status;
    ad_output *output = ad_alloc(ctx, sizeof *output);
    if (!output) return AD_ERROR_MEMORY;
    output->ctx = ctx, output->status = AD_OK, output->used = 0, output->exists = false;
    output->check = 0, output->unfinished = -1, output->size = 0, output->patched = false;
    strcpy(output->path, path);
    if (!info.st_mode || !realpath(path, output->target)) strcpy(output->target, path);
    status = open_temporary(output);
    if (status) {
        ad_free(ctx, output, sizeof *output);
        return status;
    }
    output->exists = true;
    if (info.st_mode &&
        fchmod(output->fd, info.st_mode & 07777)) { /* keeps the old file's permissions */
        status = ad_fail_errno(ctx, path, "cannot set the permissions", errno);
        ad_output_discard(output);
        return status;
    }
    *out = output;
    return AD_OK;
}

static void write_all(ad_output *output, const unsigned char *bytes, size_t count)
{
    while (count && !output->status) {
        ssize_t done = write(output->fd, bytes, count < INT_MAX / 2 ? count : INT_MAX / 2);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0)
            output->status = ad_fail_errno(output->ctx, output->path, "cannot write", errno);
        else
            output->check = ad_crc32(output->check, bytes, (size_t)done), bytes += done,
            count -= (size_t)done, output->size += (size_t)done;
    }
}

static void flush(ad_output *output)
{
    write_all(output, output->buffer, output->used);
    output->used = 0;
}

ad_status ad_output_write(ad_output *output, const void *bytes, size_t count)
{
    if (count > BUFFER_BYTES - output->used) flush(output);
    if (count > BUFFER_BYTES) {
        write_all(output, bytes, count);
    } else if (count) {
        memcpy(output->buffer + output->used, bytes, count);
        output->used += count;
    }
    return output->status;
}

ad_status ad_output_patch(ad_output *output, size_t at, const void *bytes, size_t count)
{
    const unsigned char *from = bytes;
    flush(output);
    output->patched = true;
    while (count && !output->status) {
        ssize_t done = pwrite(output->fd, from, count, (off_t)at);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0)
            output->status = ad_fail_errno(output->ctx, output->path, "cannot write", errno);
        else
            from += done, at += (size_t)done, count -= (size_t)done;
    }
    return output->status;
}

/* What a reader gets must be what was written, before it replaces anything. */
static ad_status verify(ad_output *output)
{
    uint32_t check = 0;
    size_t size = 0;
    ssize_t got = -1;
    int fd = open(output->temporary, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (got = read(fd, output->buffer, BUFFER_BYTES)) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) break;
        check = ad_crc32(check, output->buffer, (size_t)got);
        size += (size_t)got;
    }
    if (fd >= 0) close(fd);
    if (!got && size == output->size && (output->patched || check == output->check)) return AD_OK;
    return ad_fail(output->ctx, AD_ERROR_IO, "%s: what was written cannot be read back",
                   output->path);
}

ad_status ad_output_commit(ad_output *output)
{
    ad_context *ctx = output->ctx;
    flush(output);
    if (!output->status && fsync(output->fd))
        output->status = ad_fail_errno(ctx, output->path, "cannot write", errno);
    if (close(output->fd) && !output->status)
        output->status = ad_fail_errno(ctx, output->path, "cannot write", errno);
    output->fd = -1;
    if (!output->status) output->status = verify(output);
    if (!output->status) {
        if (rename(output->temporary, output->target)) {
            output->status = ad_fail_errno(ctx, output->path, "cannot rename the finished file",
                                           errno);
        } else { /* the rename itself reaches the disk with its folder */
            char folder[PATH_MAX];
            folder_of(output->target, folder);
            int fd = open(folder, O_RDONLY | O_CLOEXEC);
            if (fd >= 0) {
                fsync(fd);
                close(fd);
            }
            output->exists = false;
        }
    }
    ad_status status = output->status;
    ad_output_discard(output);
    return status;
}

ad_status ad_output_keep(ad_output *output, const char *path)
{
    ad_status status = AD_OK;
    if (!output->status) flush(output);
    (void)fsync(output->fd); /* it is the best there is, whatever this says */
    if (rename(output->temporary, path))
        status = ad_fail_errno(output->ctx, path, "cannot rename the unfinished file", errno);
    else
        output->exists = false;
    ad_output_discard(output);
    return status;
}

void ad_output_discard(ad_output *output)
{
    if (!output) return;
    if (output->fd >= 0) close(output->fd);
    ad_unfinished_drop(output->unfinished);
    if (output->exists) unlink(output->temporary);
    ad_free(output->ctx, output, sizeof *output);
}
