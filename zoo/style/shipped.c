/* shipped.c - see shipped.h. `models/paintings.safetensors` is the file. */
#include "zoo/style/shipped.h"
#include "zoo/vision/embedded.h"

#include <stdio.h>
#include <string.h>

EMBEDDED_FILE(shipped_file, "models/paintings.safetensors")

ad_status style_shipped_open(ad_file **file, ad_context *ctx)
{
    return shipped_file_open(file, ctx, "the built-in styles");
}

const char *style_names_text(const ad_texts *names, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int64_t i = 0; i < names->count && used < size; ++i) {
        const char *between = !i ? "" : i == names->count - 1 ? " and " : ", ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", between, names->at[i]);
    }
    return text;
}

/* What the file says that it is built from; freed with ad_record_free. */
static ad_status read_sizes(ad_context *ctx, style_net_sizes *sizes)
{
    ad_file *file;
    int found;
    ad_status status = style_shipped_open(&file, ctx);
    if (status) return status;
    status = ad_record_init(&style_net_record, ctx, sizes, NULL);
    if (!status) status = ad_record_read(&style_net_record, ctx, sizes, file, &found);
    ad_file_close(file);
    return status;
}

int64_t style_shipped_find(ad_context *ctx, const char *name)
{
    style_net_sizes sizes = {0};
    int64_t index = -1;
    ad_status status = read_sizes(ctx, &sizes);
    for (int64_t i = 0; !status && i < sizes.styles.count; ++i)
        if (!strcmp(sizes.styles.at[i], name)) index = i;
    ad_record_free(&style_net_record, ctx, &sizes);
    return index;
}

const char *style_shipped_names(ad_context *ctx, char *text, size_t size)
{
    style_net_sizes sizes = {0};
    text[0] = 0;
    if (!read_sizes(ctx, &sizes)) style_names_text(&sizes.styles, text, size);
    ad_record_free(&style_net_record, ctx, &sizes);
    return text;
}
