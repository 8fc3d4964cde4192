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

ad_status style_shipped_find(ad_context *ctx, const char *name, char *path, size_t size, int *style)
{
    style_net_sizes sizes = {0};
    ad_status status = read_sizes(ctx, &sizes);
    if (!status)
        status = ad_model_find(ctx, name, (const char *const *)sizes.styles.at,
                               (int)sizes.styles.count, path, size, style);
    ad_record_free(&style_net_record, ctx, &sizes);
    return status;
}
