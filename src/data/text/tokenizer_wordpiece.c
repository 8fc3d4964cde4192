/* tokenizer_wordpiece.c - BERT's tokenizer (Devlin et al. 2019, tokenization.py): a text is
 * cleaned, unless it is cased decomposed, rid of accents and put in lower case, and cut at spaces,
 * punctuation and around CJK characters; of each word the longest piece is taken, then the longest
 * "##" piece of the rest. */
#include "base/utf8.h"
#include "data/text/tokenizer_kinds.h"

#include <string.h>
#include <utf8proc.h>

enum { MAX_CHARACTERS = 100 /* of a word; a longer one is unknown */ };

typedef struct word {
    char bytes[2 + 4 * MAX_CHARACTERS]; /* from 2 on: "##" may be put in front of any rest */
    size_t length;
    int characters;
} word;

static bool is_cjk(int32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
           (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

static bool is_space(int32_t c, utf8proc_category_t category)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* Control characters, and what is not a character at all. */
static bool is_dropped(int32_t c, utf8proc_category_t category)
{
    return c == 0 || c == 0xFFFD || category == UTF8PROC_CATEGORY_CC ||
           category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CN ||
           category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CS;
}

static bool is_punctuation(int32_t c, utf8proc_category_t category)
{
    if (c < 0x80)
        return c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') &&
               !((c | 32) >= 'a' && (c | 32) <= 'z');
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

static ad_status flush(ad_tokenizer *t, word *w, ad_tokens *out)
{
    int64_t begin = out->count;
    ad_status status = AD_OK;
    size_t at = 2, end = 2 + w->length;
    bool known = w->characters <= MAX_CHARACTERS;
    while (at < end && known && !status) {
        char kept[2];
        const char *rest = w->bytes + at;
        if (at > 2) { /* the two bytes in front were taken already */
            rest -= 2;
            memcpy(kept, rest, 2);
            memcpy(w->bytes + at - 2, "##", 2);
        }
        size_t head = at > 2 ? 2 : 0, length = end - at;
        int32_t id = -1;
        for (; length > 0; --length) {
            if (length < end - at && ((unsigned char)w->bytes[at + length] & 0xC0) == 0x80)
                continue;
            id = ad_vocabulary_find(&t->vocabulary, rest, head + length);
            if (id >= 0) break;
        }
        if (at > 2) memcpy(w->bytes + at - 2, kept, 2);
        known = id >= 0;
        if (known) status = ad_tokens_append(out, t->ctx, id);
        at += length;
    }
    if (!known && !status) {
        out->count = begin;
        status = ad_tokens_append(out, t->ctx, t->special[AD_TOKEN_UNKNOWN]);
    }
    w->length = 0, w->characters = 0;
    return status;
}

static ad_status end_word(ad_tokenizer *t, word *w, ad_tokens *out)
{
    return w->characters ? flush(t, w, out) : AD_OK;
}

static ad_status add_character(ad_tokenizer *t, word *w, int32_t c, ad_tokens *out)
{
    utf8proc_category_t category = utf8proc_category(c);
    if (category == UTF8PROC_CATEGORY_MN && !t->keeps_accents) return AD_OK;
    if (!t->cased) c = utf8proc_tolower(c);
    bool alone = is_punctuation(c, category);
    if (alone && end_word(t, w, out)) return AD_ERROR_MEMORY;
    if (++w->characters <= MAX_CHARACTERS)
        w->length += (size_t)ad_utf8_put(c, w->bytes + 2 + w->length);
    return alone ? end_word(t, w, out) : AD_OK;
}

ad_status ad_wordpiece_encode(ad_tokenizer *t, const char *text, size_t length, size_t offset,
                              ad_tokens *out)
{
    word w = {.length = 0};
    ad_status status = AD_OK;
    for (size_t at = 0; at < length && !status;) {
        int32_t code, parts[32];
        int n = ad_utf8_next(text + at, length - at, &code), boundary;
        if (!n)
            return ad_fail(t->ctx, AD_ERROR_FORMAT, "the text's byte %zu (0x%02x) is not UTF-8",
                           offset + at, (unsigned char)text[at]);
        at += (size_t)n;
        if (code < 0x80 && ((code | 32) >= 'a' && (code | 32) <= 'z')) { /* nearly always */
            if (++w.characters <= MAX_CHARACTERS)
                w.bytes[2 + w.length++] = (char)(t->cased ? code : code | 32);
            continue;
        }
        utf8proc_category_t category = utf8proc_category(code);
        if (is_space(code, category)) {
            status = end_word(t, &w, out);
            continue;
        }
        if (is_dropped(code, category)) continue;
        bool cjk = is_cjk(code);
        if (cjk) status = end_word(t, &w, out);
        int count = 1;
        parts[0] = code;
        if (!t->keeps_accents)
            count = (int)utf8proc_decompose_char(code, parts, 32, UTF8PROC_DECOMPOSE, &boundary);
        for (int i = 0; i < count && i < 32 && !status; ++i)
            status = add_character(t, &w, parts[i], out);
        if (cjk && !status) status = end_word(t, &w, out);
    }
    return status ? status : end_word(t, &w, out);
}

/* A piece a line; its id is the line's number from 0. */
ad_status ad_tokenizer_read_vocab_txt(ad_tokenizer **out, ad_context *ctx, const char *name,
                                      const char *bytes, size_t size)
{
    *out = NULL;
    ad_tokenizer *t = ad_tokenizer_new(ctx, AD_TOKENIZER_WORDPIECE);
    if (!t) return AD_ERROR_MEMORY;
    size_t valid = ad_utf8_valid(bytes, size);
    ad_status status = AD_OK;
    if (valid != size)
        status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: byte %zu is not UTF-8", name, valid);
    for (size_t at = 0; at < size && !status;) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t length = end ? (size_t)(end - bytes) - at : size - at;
        size_t shown = length && bytes[at + length - 1] == '\r' ? length - 1 : length;
        status = ad_tokenizer_add(t, name, bytes + at, shown, AD_PIECE_NORMAL, 0);
        at += length + 1;
    }
    if (!status) status = ad_tokenizer_finish(t, name);
    return ad_tokenizer_give(out, t, status);
}
