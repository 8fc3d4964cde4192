/* Any bytes as a file of labels: all classes get a name, or the names stay as they were. */
#include "zoo/classify/classify.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ad_context *ctx;
    static const char *const names[] = {"0", "1", "2"};
    ad_texts classes = {0};
    if (!ctx) ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int64_t count = size ? 1 + data[0] % 3 : 1;
    if (ad_texts_copy(ctx, &classes, (char *const *)names, count)) abort();
    bool named = size &&
                 !classify_parse_names(ctx, "fuzz", (const char *)data + 1, size - 1, &classes);
    if (classes.count != count) abort();
    for (int64_t i = 0; i < count; ++i)
        if (!classes.at[i] || (!named && strcmp(classes.at[i], names[i]))) abort();
    ad_texts_free(ctx, &classes);
    ad_error_clear(ctx);
    if (ad_context_memory(ctx)) abort();
    return 0;
}
