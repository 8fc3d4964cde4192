/* tokenizer_character.c - an id per code point of a text, or per byte. */
#include "base/utf8.h"
#include "data/text/tokenizer_kinds.h"

enum { CODES = 0x110000 };

ad_status ad_tokenizer_characters(ad_tokenizer **out, ad_context *ctx, const char *name,
                                  const char *text, size_t length)
{
    *out = NULL;
    size_t valid = ad_utf8_valid(text, length);
    if (valid != length)
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: byte %zu (0x%02x) is not UTF-8", name, valid,
                       (unsigned char)text[valid]);
    unsigned char *there = ad_zalloc(ctx, CODES);
    if (!there) return AD_ERROR_MEMORY;
    int32_t code;
    for (size_t at = 0; at < length;) {
        at += (size_t)ad_utf8_next(text + at, length - at, &code);
        there[code] = 1;
    }
    ad_tokenizer *t = ad_tokenizer_new(ctx, AD_TOKENIZER_CHARACTER);
    ad_status status = t ? AD_OK : AD_ERROR_MEMORY;
    char bytes[4];
    for (code = 0; code < CODES && !status; ++code)
        if (there[code])
            status = ad_tokenizer_add(t, name, bytes, (size_t)ad_utf8_put(code, bytes),
                                      AD_PIECE_NORMAL, 0);
    ad_free(ctx, there, CODES);
    if (!status) status = ad_tokenizer_finish(t, name);
    return ad_tokenizer_give(out, t, status);
}

ad_status ad_tokenizer_bytes(ad_tokenizer **out, ad_context *ctx)
{
    *out = NULL;
    ad_tokenizer *t = ad_tokenizer_new(ctx, AD_TOKENIZER_BYTE);
    ad_status status = t ? AD_OK : AD_ERROR_MEMORY;
    for (int i = 0; i < 256 && !status; ++i)
        status = ad_tokenizer_add(t, "bytes", &(char){(char)i}, 1, AD_PIECE_NORMAL, 0);
    return ad_tokenizer_give(out, t, status);
}

ad_status ad_character_encode(ad_tokenizer *t, const char *text, size_t length, size_t offset,
                              ad_tokens *out)
{
    if (ad_tokens_reserve(out, t->ctx, (int64_t)length)) return AD_ERROR_MEMORY;
    int32_t code;
    for (size_t at = 0; at < length;) {
        int n = ad_utf8_next(text + at, length - at, &code);
        if (!n)
            return ad_fail(t->ctx, AD_ERROR_FORMAT, "the text's byte %zu (0x%02x) is not UTF-8",
                           offset + at, (unsigned char)text[at]);
        int32_t id = ad_vocabulary_find(&t->vocabulary, text + at, (size_t)n);
        if (id < 0)
            return ad_fail(t->ctx, AD_ERROR_ARGUMENT,
                           "the text's character U+%04X (\"%.*s\"), at byte %zu, is not among the "
                           "tokenizer's %lld",
                           (unsigned)code, n, text + at, offset + at,
                           (long long)t->vocabulary.count);
        out->ids[out->count++] = id;
        at += (size_t)n;
    }
    return AD_OK;
}
