/* content.c - one file as a whole; what expands it is in unpacking.c. */
#include "io/content.h"

#include "base/byte_order_mark.h"
#include "io/unpacking.h"

ad_status ad_content_expand(ad_content *out, ad_context *ctx, const char *name,
                            const unsigned char *bytes, size_t size, size_t limit)
{
    ad_unpacking u;
    struct archive_entry *head;
    unsigned char *plain = NULL;
    bool known;
    ad_file_bytes file = {.bytes = bytes, .size = size, .ctx = ctx};
    *out = (ad_content){.bytes = bytes, .size = size, .ctx = ctx};
    int filter = ad_compression(ctx, name, bytes, size, &known);
    if (!known) return ad_error_status(ctx);
    if (filter == ARCHIVE_FILTER_NONE) return AD_OK;
    ad_status status = ad_unpacking_open(&u, ctx, name, &file, true);
    if (status) return status;
    status = ad_unpacking_next(&u, &head);
    if (!status) status = ad_unpacking_read(&u, limit, &plain, &size);
    ad_unpacking_close(&u);
    if (!status && ad_compression(ctx, name, plain, size, &known) != ARCHIVE_FILTER_NONE)
        known = false;
    if (!status && !known) {
        status = ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                         "%s: is compressed more than once; it is expanded once", name);
        ad_free(ctx, plain, size ? size : 1);
    }
    if (status) return status;
    out->bytes = out->owned = plain;
    out->size = size, out->owned_bytes = size ? size : 1;
    return AD_OK;
}

ad_status ad_content_read(ad_content *out, ad_context *ctx, const char *path, size_t limit)
{
    ad_file_bytes file;
    *out = (ad_content){0};
    ad_status status = ad_file_bytes_read(&file, ctx, path, limit);
    if (!status) status = ad_content_expand(out, ctx, path, file.bytes, file.size, limit);
    if (status || out->owned)
        ad_file_bytes_free(&file);
    else
        out->file = file;
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
    ad_file_bytes_free(&content->file);
    if (content->owned) ad_free(content->ctx, content->owned, content->owned_bytes);
    *content = (ad_content){0};
}
