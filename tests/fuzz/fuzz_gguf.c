/* Any bytes as a GGUF file: its list, its tensors, its vocabulary. Unless the input is one already,
 * it is what follows the magic and a version. */
#include "weights.h"

#include "data/text/tokenizer_kinds.h"

static void vocabulary(const uint8_t *data, size_t size)
{
    static ad_context *ctx;
    ad_tokenizer *tokenizer;
    if (!ctx) ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_tokenizer_read_gguf(&tokenizer, ctx, "fuzz", NULL, (const char *)data, size);
    ad_tokenizer_free(tokenizer);
    if (ad_context_memory(ctx)) abort();
}

static void both(const uint8_t *data, size_t size)
{
    fuzz_weights(data, size);
    vocabulary(data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4 && !memcmp(data, "GGUF", 4)) both(data, size);
    uint8_t *bytes = malloc(8 + size);
    if (!bytes) return 0;
    memcpy(bytes, "GGUF\3\0\0\0", 8);
    if (size) memcpy(bytes + 8, data, size);
    both(bytes, 8 + size);
    free(bytes);
    return 0;
}
