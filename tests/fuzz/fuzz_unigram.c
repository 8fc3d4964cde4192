/* Any bytes as SentencePiece's protobuf of a unigram model; what is accepted cuts the end of the
 * input into pieces that it has, the same each time. */
#include "data/text/unigram.h"

#include <string.h>

enum { TEXT_BYTES = 64, SPELLED_BYTES = 4096 };

static void use(ad_unigram *u, const char *text, size_t length)
{
    ad_text spelled;
    ad_tokens ids = {0};
    ad_text_init(&spelled, u->ctx);
    ad_unigram_normalise(u, text, length, &spelled);
    bool small = !spelled.failed && spelled.length <= SPELLED_BYTES; /* else it takes long */
    ad_text_free(&spelled);
    for (int i = 0; i < 2 && small; ++i)
        if (ad_unigram_encode(u, &u->pieces, text, length, &ids)) small = false;
    int64_t half = ids.count / 2;
    if (small && half && memcmp(ids.ids, ids.ids + half, (size_t)half * sizeof *ids.ids))
        __builtin_trap();
    for (int64_t i = 0; i < ids.count; ++i)
        if (ids.ids[i] < 0 || ids.ids[i] >= u->pieces.count) __builtin_trap();
    ad_tokens_free(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_unigram *u = NULL;
    if (!ctx) return 0;
    size_t length = size < TEXT_BYTES ? size : TEXT_BYTES;
    if (ad_unigram_read(&u, ctx, "fuzz", (const char *)data, size)) {
        if (u || !strstr(ad_error(ctx), "fuzz")) __builtin_trap();
    } else if (!ad_unigram_number(u, &u->pieces, 0)) {
        use(u, (const char *)data + size - length, length);
    }
    ad_unigram_free(u);
    if (ad_context_memory(ctx)) __builtin_trap();
    ad_context_free(ctx);
    return 0;
}
