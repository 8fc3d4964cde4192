/* content.h - the bytes of one file, expanded where it is compressed. */
#ifndef AD_IO_CONTENT_H
#define AD_IO_CONTENT_H

#include "base/file.h"

/* The whole file, decompressed where it is .gz, .xz, .bz2 or .zst by content, once: what comes out
 * is not expanded again. More than `limit` bytes, or than the context's expand limit allows, is
 * AD_ERROR_LIMIT. Free with ad_content_free. */
typedef struct ad_content {
    const unsigned char *bytes; /* not NULL */
    size_t size;
    ad_file_bytes file; /* the file itself, or */
    void *owned;        /* memory of the context */
    size_t owned_bytes;
    ad_context *ctx;
} ad_content;

ad_status ad_content_read(ad_content *out, ad_context *ctx, const char *path, size_t limit);
/* The same for whatever is a text: behind its byte order mark, if it has one. */
ad_status ad_content_read_text(ad_content *out, ad_context *ctx, const char *path, size_t limit);
/* ad_content_read of bytes in memory, which must stay; `name` stands for the file in errors. */
ad_status ad_content_expand(ad_content *out, ad_context *ctx, const char *name,
                            const unsigned char *bytes, size_t size, size_t limit);
void ad_content_free(ad_content *content); /* a zeroed one is ignored */

#endif
