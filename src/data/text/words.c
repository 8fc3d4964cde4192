/* words.c - the regular expression of Radford et al. 2019 (encoder.py), run by PCRE2.
 *
 * \s is spelled out, because PCRE2 counts U+180E as a space and Unicode no longer does. Compiled to
 * machine code where PCRE2 can; that code is the only memory that is not the context's. */
#include "base/utf8.h"
#include "data/text/words.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define SPACE "\\t-\\r\\x{85}\\p{Z}"
static const char pattern[] = "'s|'t|'re|'ve|'m|'ll|'d"
                              "| ?\\p{L}+| ?\\p{N}+| ?[^" SPACE "\\p{L}\\p{N}]+"
                              "|[" SPACE "]+(?![^" SPACE "])|[" SPACE "]+";

const char ad_words_pattern_published[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

struct ad_words {
    ad_context *ctx;
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_data *match;
};

/* PCRE2 frees without saying how much: the size stands in front. */
enum { SIZE_BYTES = 64 };

static void *allocate(size_t size, void *ctx)
{
    if (size > SIZE_MAX - SIZE_BYTES) return NULL;
    char *block = ad_alloc(ctx, size + SIZE_BYTES);
    if (!block) return NULL;
    *(size_t *)(void *)block = size + SIZE_BYTES;
    return block + SIZE_BYTES;
}

static void release(void *memory, void *ctx)
{
    if (!memory) return;
    char *block = (char *)memory - SIZE_BYTES;
    ad_free(ctx, block, *(size_t *)(void *)block);
}

void ad_words_free(ad_words *words)
{
    if (!words) return;
    pcre2_match_data_free(words->match);
    pcre2_code_free(words->code);
    pcre2_general_context_free(words->memory);
    ad_free(words->ctx, words, sizeof *words);
}

ad_status ad_words_new(ad_words **out, ad_context *ctx)
{
    int error = 0;
    PCRE2_SIZE where = 0;
    *out = NULL;
    ad_words *words = ad_zalloc(ctx, sizeof *words);
    if (!words) return AD_ERROR_MEMORY;
    words->ctx = ctx;
    ad_status status = AD_ERROR_MEMORY;
    if (!(words->memory = pcre2_general_context_create(allocate, release, ctx))) goto failed;
    pcre2_compile_context *how = pcre2_compile_context_create(words->memory);
    if (!how) goto failed;
    words->code = pcre2_compile((PCRE2_SPTR)pattern, sizeof pattern - 1,
                                PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_NO_AUTO_CAPTURE,
                                &error, &where, how);
    pcre2_compile_context_free(how);
    if (!words->code) {
        if (error != PCRE2_ERROR_HEAP_FAILED)
            status = ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                             "this PCRE2 does not compile GPT-2's regular expression (error %d at "
                             "%zu; was it built without Unicode?)",
                             error, (size_t)where);
        goto failed;
    }
    pcre2_jit_compile(words->code, PCRE2_JIT_COMPLETE); /* where it cannot, it is interpreted */
    if (!(words->match = pcre2_match_data_create(1, words->memory))) goto failed;
    *out = words;
    return AD_OK;
failed:
    ad_words_free(words);
    return status;
}

int64_t ad_word_next(ad_word_walk *walk)
{
    if (walk->at == walk->length) return 0;
    const char *text = walk->text + walk->at;
    size_t left = walk->length - walk->at;
    if (walk->at >= walk->valid) {
        size_t valid = ad_utf8_valid(text, left);
        walk->valid = walk->at + valid;
        if (!valid) { /* everything up to what is UTF-8 again */
            int32_t code;
            size_t wrong = 1;
            while (wrong < left && !ad_utf8_next(text + wrong, left - wrong, &code)) ++wrong;
            walk->at += wrong;
            return (int64_t)wrong;
        }
    }
    int found = pcre2_match(walk->words->code, (PCRE2_SPTR)text, walk->valid - walk->at, 0,
                            PCRE2_NO_UTF_CHECK, walk->words->match, NULL);
    const PCRE2_SIZE *range = pcre2_get_ovector_pointer(walk->words->match);
    if (found < 1 || range[1] == 0)
        return ad_fail(walk->words->ctx,
                       found == PCRE2_ERROR_NOMEMORY ? AD_ERROR_MEMORY : AD_ERROR_LIMIT,
                       "PCRE2 found no word at byte %zu of the text (error %d)", walk->at, found),
               -1;
    walk->at += range[1];
    return (int64_t)range[1];
}
