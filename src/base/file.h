/* file.h - whole files in, whole files out.
 *
 * Reading maps the file read-only. Writing is atomic: the bytes go to a temporary file beside the
 * target, which is flushed to the disk, read back, and renamed over it; until then, and on any
 * failure, the file that was there stays, and the temporary one is removed. Errors name the path
 * and the reason.
 */
#ifndef AD_BASE_FILE_H
#define AD_BASE_FILE_H

#include "base/context.h"

typedef struct ad_mapped {
    const unsigned char *bytes; /* not NULL, even for an empty file */
    size_t size;
    bool read; /* into memory of the context, because it could not be mapped (a pipe) */
    ad_context *ctx;
} ad_mapped;

/* More than `limit` bytes is AD_ERROR_LIMIT. The file must not shrink while it is mapped. */
ad_status ad_map(ad_mapped *out, ad_context *ctx, const char *path, size_t limit);
void ad_unmap(ad_mapped *file); /* a zeroed one is ignored */

typedef struct ad_output ad_output;

ad_status ad_output_open(ad_output **out, ad_context *ctx, const char *path);
/* The first failure is kept: later writes do nothing, and commit returns it. */
ad_status ad_output_write(ad_output *output, const void *bytes, size_t count);
/* Flush, sync, rename. Frees the output whether it succeeds or not. */
ad_status ad_output_commit(ad_output *output);
void ad_output_discard(
    ad_output *output); /* removes the temporary file and frees; NULL is ignored */

/* Whether ad_output_open and commit could succeed; touches nothing. */
ad_status ad_output_check(ad_context *ctx, const char *path);

#endif
