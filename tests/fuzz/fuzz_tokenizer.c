/* Any bytes as each of the files that hold a tokenizer; what is accepted encodes the input, decodes
 * it, and is kept and read again. The first byte chooses the file. */
#include "data/text/tokenizer_kinds.h"

#include <string.h>

static void use(ad_tokenizer *t, const char *text, size_t length)
{
    ad_tokens ids = {0};
    const char *back;
    size_t n;
    ad_tokenizer *again = NULL;
    if (length > 4096) length = 4096;
    if (!ad_tokenizer_encode(t, text, length, AD_ENCODE_SPECIAL | AD_ENCODE_BOS | AD_ENCODE_EOS,
                             &ids))
        ad_tokenizer_decode(t, ids.ids, ids.count, &back, &n);
    ad_tokens_free(&ids);
    if (!ad_tokenizer_to_text(t, &back, &n) &&
        !ad_tokenizer_from_text(&again, t->ctx, "again", back, n) &&
        ad_tokenizer_fingerprint(again) != ad_tokenizer_fingerprint(t))
        __builtin_trap();
    ad_tokenizer_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char vocab[] = "{\"a\": 0, \"b\": 1, \"ab\": 2, \"\\u0120\": 3, \"aba\": 4}";
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_tokenizer *t = NULL;
    if (!ctx) return 0;
    const char *bytes = (const char *)data + (size > 0), *name = "fuzz";
    size_t n = size ? size - 1 : 0;
    switch (size ? data[0] % 8 : 0) {
    case 0: (void)!ad_tokenizer_read_text(&t, ctx, name, bytes, n); break;
    case 1: (void)!ad_tokenizer_read_json(&t, ctx, name, bytes, n, name, "a b\n", 4); break;
    case 2:
        (void)!ad_tokenizer_read_json(&t, ctx, name, vocab, sizeof vocab - 1, name, bytes, n);
        break;
    case 3: (void)!ad_tokenizer_read_llama2c(&t, ctx, name, bytes, n); break;
    case 4: (void)!ad_tokenizer_read_vocab_txt(&t, ctx, name, bytes, n); break;
    case 5: (void)!ad_tokenizer_read_gguf(&t, ctx, name, NULL, bytes, n); break;
    case 6: (void)!ad_tokenizer_train(&t, ctx, name, bytes, n, 400); break;
    default: (void)!ad_tokenizer_characters(&t, ctx, name, bytes, n); break;
    }
    if (t) use(t, bytes, n);
    ad_tokenizer_free(t);
    if (ad_context_memory(ctx)) __builtin_trap();
    ad_context_free(ctx);
    return 0;
}
