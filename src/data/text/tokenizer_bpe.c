/* tokenizer_bpe.c - encoding with byte-level byte pair encoding (Sennrich et al. 2016; Radford et
 * al. 2019): a text is cut into words, a word into bytes, and the pair of lowest rank is merged
 * until no pair has one. */
#include "data/text/merge.h"
#include "data/text/word_cache.h"
#include "data/text/words.h"

#include <string.h>

static ad_status no_byte(const ad_tokenizer *t, unsigned char byte)
{
    return ad_fail(t->ctx, AD_ERROR_ARGUMENT, "the vocabulary has no piece for the byte 0x%02x",
                   byte);
}

/* Words of a cache's size: the array is so short that scanning it beats any structure. */
static int merge_short(const ad_tokenizer *t, int32_t *ids, int count, ad_bpe_dropout *dropout)
{
    int32_t ranks[AD_CACHED_WORD];
    for (int i = 0; i + 1 < count; ++i) ranks[i] = ad_pairs_find(&t->ranks, ids[i], ids[i + 1]);
    for (;;) {
        int best = -1;
        for (int i = 0; i + 1 < count; ++i)
            if (ranks[i] >= 0 && (best < 0 || ranks[i] < ranks[best]) && !ad_merge_dropped(dropout))
                best = i;
        if (best < 0) return count;
        ids[best] = t->merges[ranks[best]].result;
        --count;
        for (int i = best + 1; i < count; ++i) ids[i] = ids[i + 1];
        for (int i = best + 1; i + 1 < count; ++i) ranks[i] = ranks[i + 1];
        if (best > 0) ranks[best - 1] = ad_pairs_find(&t->ranks, ids[best - 1], ids[best]);
        if (best + 1 < count) ranks[best] = ad_pairs_find(&t->ranks, ids[best], ids[best + 1]);
    }
}

static bool price(const ad_tokenizer *t, const char *text, const ad_symbol *left,
                  const ad_symbol *right, float *cost, int32_t *id)
{
    (void)text;
    int32_t rank = ad_pairs_find(&t->ranks, left->id, right->id);
    if (rank < 0) return false;
    *cost = (float)rank; /* exact: below 2^24 */
    *id = t->merges[rank].result;
    return true;
}

static ad_status encode_long(ad_tokenizer *t, const char *word, size_t length,
                             ad_bpe_dropout *dropout, ad_tokens *out)
{
    if (length > INT32_MAX)
        return ad_fail(t->ctx, AD_ERROR_LIMIT, "a word of %zu bytes is too long", length);
    ad_symbol *symbols = ad_alloc(t->ctx, ad_bytes((int64_t)length, sizeof *symbols));
    if (!symbols) return AD_ERROR_MEMORY;
    ad_status status = AD_OK;
    for (size_t i = 0; i < length && !status; ++i) {
        int32_t id = t->byte_ids[(unsigned char)word[i]], at = (int32_t)i;
        symbols[i] = (ad_symbol){at - 1, i + 1 < length ? at + 1 : -1, id, (uint32_t)i, 1};
        if (id < 0) status = no_byte(t, (unsigned char)word[i]);
    }
    if (!status) status = ad_merge_symbols(t, word, symbols, (int32_t)length, price, dropout);
    if (!status) status = ad_tokens_reserve(out, t->ctx, (int64_t)length);
    for (int32_t i = 0; i >= 0 && !status; i = symbols[i].next)
        out->ids[out->count++] = symbols[i].id;
    ad_free(t->ctx, symbols, ad_bytes((int64_t)length, sizeof *symbols));
    return status;
}

static ad_status encode_word(ad_tokenizer *t, const char *word, size_t length,
                             ad_bpe_dropout *dropout, ad_tokens *out)
{
    if (length > AD_CACHED_WORD) return encode_long(t, word, length, dropout, out);
    if (ad_tokens_reserve(out, t->ctx, AD_CACHED_WORD)) return AD_ERROR_MEMORY;
    int count;
    int32_t *end = out->ids + out->count;
    const int32_t *known = dropout ? NULL : ad_word_cache_find(t->cache, word, length, &count);
    if (known) {
        memcpy(end, known, (size_t)count * sizeof *known);
    } else {
        for (size_t i = 0; i < length; ++i)
            if ((end[i] = t->byte_ids[(unsigned char)word[i]]) < 0)
                return no_byte(t, (unsigned char)word[i]);
        count = merge_short(t, end, (int)length, dropout);
        if (!dropout) ad_word_cache_put(t->cache, word, length, end, count);
    }
    out->count += count;
    return AD_OK;
}

ad_status ad_bpe_encode(ad_tokenizer *t, const char *text, size_t length, ad_bpe_dropout *dropout,
                        ad_tokens *out)
{
    ad_status status = AD_OK;
    if (!t->words) status = ad_words_new(&t->words, t->ctx);
    if (!status && !t->cache && !(t->cache = ad_word_cache_new(t->ctx))) status = AD_ERROR_MEMORY;
    if (status) return status;
    ad_word_walk walk = {.words = t->words, .text = text, .length = length};
    for (;;) {
        const char *word = text + walk.at;
        int64_t bytes = ad_word_next(&walk);
        if (bytes < 0) return ad_error_status(t->ctx);
        if (!bytes) return AD_OK;
        status = encode_word(t, word, (size_t)bytes, dropout, out);
        if (status) return status;
    }
}
