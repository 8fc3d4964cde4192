/* lower_case.c - a text in lower case by Unicode's full mappings, which know two exceptions beyond
 * that of each character: I with a dot becomes two characters, and a sigma that ends a word has a
 * form of its own. */
#include "base/text.h"
#include "base/utf8.h"

#include <autodidact/tokenizer.h>
#include <utf8proc.h>

enum { SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2, DOTTED_I = 0x130, DOT = 0x307 };

static bool is_cased(int32_t code)
{
    utf8proc_category_t category = utf8proc_category(code);
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
           category == UTF8PROC_CATEGORY_LT;
}

/* Signs within a word that do not end it. */
static bool is_passed_over(int32_t code)
{
    utf8proc_category_t category = utf8proc_category(code);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME ||
           category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_LM ||
           category == UTF8PROC_CATEGORY_SK || code == '\'' || code == '.' || code == ':' ||
           code == 0xB7 || code == 0x2019;
}

/* Whether a letter follows in the same word. */
static bool goes_on(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        int32_t code;
        int size = ad_utf8_next(text + at, length - at, &code);
        if (!size) return false;
        if (!is_passed_over(code)) return is_cased(code);
        at += (size_t)size;
    }
    return false;
}

static void put(ad_text *out, int32_t code)
{
    char bytes[4];
    ad_text_bytes(out, bytes, (size_t)ad_utf8_put(code, bytes));
}

ad_status ad_text_lower(char **out, size_t *out_length, ad_context *ctx, const char *text,
                        size_t length)
{
    ad_text lower;
    bool in_word = false; /* a letter stands in front */
    ad_text_init(&lower, ctx);
    ad_text_add(&lower, "");
    for (size_t at = 0, size; at < length; at += size) {
        int32_t code;
        size = (size_t)ad_utf8_next(text + at, length - at, &code);
        if (!size) {
            ad_text_bytes(&lower, text + at, size = 1);
            in_word = false;
            continue;
        }
        if (code == SIGMA && in_word && !goes_on(text + at + size, length - at - size))
            put(&lower, FINAL_SIGMA);
        else if (code == DOTTED_I)
            put(&lower, 'i'), put(&lower, DOT);
        else
            put(&lower, code < 0x80 ? (code >= 'A' && code <= 'Z' ? code + 32 : code)
                                    : utf8proc_tolower(code));
        if (!is_passed_over(code)) in_word = is_cased(code);
    }
    *out = lower.failed ? NULL : ad_string_cut(ctx, ad_text_get(&lower), lower.length);
    *out_length = lower.length;
    ad_text_free(&lower);
    return *out ? AD_OK : ad_fail(ctx, AD_ERROR_MEMORY, "no memory for a text in lower case");
}

void ad_text_lower_free(ad_context *ctx, char *lower, size_t length)
{
    if (lower) ad_free(ctx, lower, length + 1);
}
