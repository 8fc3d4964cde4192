/* file.h - whole files in, whole files out.
 *
 * Every file is opened for reading here. Opening never blocks: what is no regular file is told
 * before a byte is read. A pipe, a terminal or a named pipe that was given by its name is read to
 * its end, once, and the context keeps what came, so that it can be opened again. Files are read
 * and not mapped, since a mapped file that is cut short ends the process.
 *
 * Writing is atomic: the bytes go to a temporary file beside the target, which is flushed to the
 * disk, read back, and renamed over it; until then, and on any failure, the file that was there
 * stays, and the temporary one is removed. Errors name the path and the reason.
 */
#ifndef AD_BASE_FILE_H
#define AD_BASE_FILE_H

#include "base/context.h"

/* How many bytes a compressed file may become, or may come through a pipe (2 GiB, unless it was set
 * otherwise; a file that is larger itself may become as large), and what to say beyond. */
size_t ad_context_expand_limit(const ad_context *ctx);
void ad_context_set_expand_limit(ad_context *ctx, size_t bytes); /* 0: 2 GiB */
#define AD_EXPAND_LIMIT_ADVICE "the environment variable AUTODIDACT_EXPAND_LIMIT allows more"

typedef struct ad_file_bytes {
    const unsigned char *bytes; /* not NULL, even for an empty file */
    size_t size;
    ad_context *ctx;
    struct ad_file_parts *parts; /* of a file that is read as it is needed, or NULL; owned */
    bool kept;                   /* by the context */
} ad_file_bytes;

/* All of the file. More than `limit` bytes is AD_ERROR_LIMIT. */
ad_status ad_file_bytes_read(ad_file_bytes *out, ad_context *ctx, const char *path, size_t limit);
/* For what was found in a folder and not given by its name: only a regular file is read. */
ad_status ad_file_bytes_read_regular(ad_file_bytes *out, ad_context *ctx, const char *path,
                                     size_t limit);
/* For files of gigabytes: nothing may be touched at `bytes` before ad_file_bytes_need was called
 * for it. */
ad_status ad_file_bytes_read_parts(ad_file_bytes *out, ad_context *ctx, const char *path,
                                   size_t limit);
void ad_file_bytes_free(ad_file_bytes *file); /* a zeroed one is ignored */

/* Reads those of the `size` bytes from `at` on that are not there yet; what lies beyond the end is
 * left out. An error says that the file was cut short meanwhile. Does nothing for a file that
 * is all there, or zeroed. */
ad_status ad_file_bytes_need(ad_file_bytes *file, size_t at, size_t size);
/* The `size` bytes from `at` on into memory of the caller's, by all threads of the context; they
 * are not at hand afterwards, unless they were before. The same errors; at + size is within the
 * file. */
ad_status ad_file_bytes_read_to(const ad_file_bytes *file, size_t at, void *to, size_t size);
/* Gives the memory of what was read back, if it is more than `most` bytes; need it anew. */
void ad_file_bytes_forget(ad_file_bytes *file, size_t most);
/* A descriptor of the file behind ad_file_bytes_read_parts, or -1; stays the file's. */
int ad_file_bytes_descriptor(const ad_file_bytes *file);

/* The first bytes of a file, up to *size of them, which becomes how many there are. */
ad_status ad_file_begin(ad_context *ctx, const char *path, void *bytes, size_t *size);

/* "PATH: WHAT: Permission denied" of an errno; AD_ERROR_NOT_FOUND, _MEMORY or _IO. */
ad_status ad_fail_errno(ad_context *ctx, const char *path, const char *what, int error);
/* The same where it is AD_ERROR_IO whatever the reason: of what is there, or is to be made. */
ad_status ad_fail_io(ad_context *ctx, const char *path, const char *what, int error);

typedef struct ad_output ad_output;

ad_status ad_output_open(ad_output **out, ad_context *ctx, const char *path);
/* The first failure is kept: later writes do nothing, and commit returns it. */
ad_status ad_output_write(ad_output *output, const void *bytes, size_t count);
/* Over what was written before, at `at`; nothing is read back then but the size. */
ad_status ad_output_patch(ad_output *output, size_t at, const void *bytes, size_t count);
/* Flush, sync, rename. Frees the output whether it succeeds or not. */
ad_status ad_output_commit(ad_output *output);
/* Of formats in which a part is of use: what could be written, after a failure too, becomes `path`
 * instead of the target. Frees the output whether it succeeds or not. */
ad_status ad_output_keep(ad_output *output, const char *path);
void ad_output_discard(
    ad_output *output); /* removes the temporary file and frees; NULL is ignored */

/* Whether ad_output_open and commit could succeed; touches nothing. */
ad_status ad_output_check(ad_context *ctx, const char *path);

#endif
