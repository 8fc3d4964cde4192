/* bytes_write.c - a whole file from memory, atomically. */
#include "base/file.h"

#include <autodidact/io.h>

ad_status ad_bytes_write(ad_context *ctx, const char *path, const void *bytes, size_t count)
{
    ad_output *output;
    ad_status status = ad_output_open(&output, ctx, path);
    if (status) return status;
    ad_output_write(output, bytes, count);
    return ad_output_commit(output);
}
