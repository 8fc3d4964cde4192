/* image_file.c - pictures by path: reading whole files, and writing so that a file appears whole or
 * not at all. What the bytes mean is decided in image_read.c and image_write.c. */
#include "io/image_codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ad_status fail_errno(ad_context *ctx, const char *path, const char *what)
{
    return ad_fail(ctx, AD_ERROR_IO, "%s: %s: %s", path, what, strerror(errno));
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static ad_status read_rest(ad_context *ctx, const char *path, int fd, ad_text *to)
{
    char block[1 << 16];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(ctx, path, "cannot be read");
        if (got == 0) return AD_OK;
        ad_text_bytes(to, block, (size_t)got);
        if (to->failed) return ad_fail_prefix(ctx, "%s", path);
    }
}

static ad_status read_file(ad_context *ctx, const char *path, ad_text *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail_errno(ctx, path, "cannot be opened");
    ad_status status = read_rest(ctx, path, fd, to);
    close(fd);
    return status;
}

ad_status ad_image_read(ad_context *ctx, const char *path, const ad_image_read_options *options,
                        ad_image **out)
{
    ad_text file;
    *out = NULL;
    ad_text_init(&file, ctx);
    ad_status status = read_file(ctx, path, &file);
    if (!status) status = ad_image_read_memory(ctx, path, file.data, file.length, options, out);
    ad_text_free(&file);
    return status;
}

ad_status ad_image_probe(ad_context *ctx, const char *path, ad_image_info *info)
{
    ad_text file;
    *info = (ad_image_info){0};
    ad_text_init(&file, ctx);
    ad_status status = read_file(ctx, path, &file);
    if (!status) status = ad_image_probe_memory(ctx, path, file.data, file.length, info);
    ad_text_free(&file);
    return status;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static bool write_all(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t done = write(fd, data, size);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        data += done, size -= (size_t)done;
    }
    return true;
}

static ad_status put_in_place(ad_context *ctx, const char *path, char *beside, const ad_text *file)
{
    int fd = mkstemp(beside);
    if (fd < 0) return fail_errno(ctx, path, "no file can be made in its folder");
    mode_t mask = umask(0);
    umask(mask);
    bool good = !fchmod(fd, 0666 & ~mask) && write_all(fd, file->data, file->length) && !fsync(fd);
    int cause = errno;
    if (close(fd) && good) good = false, cause = errno;
    if (good && rename(beside, path)) good = false, cause = errno;
    if (good) return AD_OK;
    unlink(beside);
    errno = cause;
    return fail_errno(ctx, path, "cannot be written");
}

ad_status ad_image_write(ad_context *ctx, const char *path, const ad_image *image,
                         const ad_image_write_options *options)
{
    ad_text file, beside;
    ad_text_init(&file, ctx);
    ad_text_init(&beside, ctx);
    ad_status status = ad_image_encode(ctx, path, image, options, &file);
    if (!status) {
        ad_text_format(&beside, "%s.XXXXXX", path);
        status = beside.failed ? ad_error_status(ctx) : put_in_place(ctx, path, beside.data, &file);
    }
    ad_text_free(&beside);
    ad_text_free(&file);
    return status;
}

ad_status ad_image_can_write(ad_context *ctx, const char *path)
{
    ad_status status = ad_image_check_ending(ctx, path);
    if (status) return status;
    struct stat at;
    if (!stat(path, &at) && !S_ISREG(at.st_mode))
        return ad_fail(ctx, AD_ERROR_IO, "%s: cannot be written: %s", path,
                       S_ISDIR(at.st_mode) ? "it is a folder" : "it is no ordinary file");
    ad_text folder;
    ad_text_init(&folder, ctx);
    const char *slash = strrchr(path, '/');
    if (!slash)
        ad_text_add(&folder, ".");
    else
        ad_text_bytes(&folder, path, slash == path ? 1 : (size_t)(slash - path));
    const char *name = ad_text_get(&folder);
    if (folder.failed)
        status = ad_error_status(ctx);
    else if (stat(name, &at))
        status = ad_fail(ctx, AD_ERROR_IO, "%s: its folder %s: %s", path, name, strerror(errno));
    else if (!S_ISDIR(at.st_mode))
        status = ad_fail(ctx, AD_ERROR_IO, "%s: %s is not a folder", path, name);
    else if (access(name, W_OK | X_OK))
        status = ad_fail(ctx, AD_ERROR_IO, "%s: its folder %s takes no files: %s", path, name,
                         strerror(errno));
    ad_text_free(&folder);
    return status;
}
