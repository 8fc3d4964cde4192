/* tokenizer_sentencepiece.c - encoding as SentencePiece's BPE does (Kudo & Richardson 2018; Llama):
 * characters are merged, the pair whose piece has the highest score first; a character that is no
 * piece becomes its bytes. */
#include "base/utf8.h"
#include "data/text/merge.h"

#include <string.h>

/* Hugging Face's files have a rank of each pair instead of a score of what it makes. */
static bool price_by_rank(const ad_tokenizer *t, const char *text, const ad_symbol *left,
                          const ad_symbol *right, float *cost, int32_t *id)
{
    (void)text;
    int32_t rank = left->id < 0 || right->id < 0 ? -1
                                                 : ad_pairs_find(&t->ranks, left->id, right->id);
    if (rank < 0) return false;
    *cost = (float)rank, *id = t->merges[rank].result;
    return true;
}

static bool price(const ad_tokenizer *t, const char *text, const ad_symbol *left,
                  const ad_symbol *right, float *cost, int32_t *id)
{
    *id = ad_vocabulary_find(&t->vocabulary, text + left->at, left->length + right->length);
    if (*id < 0 || t->vocabulary.pieces[*id].type != AD_PIECE_NORMAL) return false;
    *cost = -t->scores[*id];
    return true;
}

static ad_status put_symbol(ad_tokenizer *t, const char *text, const ad_symbol *s, ad_tokens *out)
{
    if (ad_tokens_reserve(out, t->ctx, s->length)) return AD_ERROR_MEMORY;
    if (s->id >= 0) {
        out->ids[out->count++] = s->id;
        return AD_OK;
    }
    for (uint32_t i = 0; i < s->length; ++i) {
        unsigned char byte = (unsigned char)text[s->at + i];
        int32_t id = t->byte_ids[byte] >= 0 ? t->byte_ids[byte] : t->special[AD_TOKEN_UNKNOWN];
        if (id < 0)
            return ad_fail(t->ctx, AD_ERROR_ARGUMENT,
                           "the vocabulary has no piece for the byte 0x%02x, and no unknown one",
                           byte);
        out->ids[out->count++] = id;
        if (t->byte_ids[byte] < 0) break; /* one for the character */
    }
    return AD_OK;
}

/* A stretch that no piece crosses the ends of. */
static ad_status encode_stretch(ad_tokenizer *t, const char *text, size_t length,
                                ad_symbol *symbols, ad_tokens *out)
{
    int32_t count = 0, code;
    for (size_t at = 0; at < length;) {
        int n = ad_utf8_next(text + at, length - at, &code);
        if (!n) n = 1;
        int32_t id = ad_vocabulary_find(&t->vocabulary, text + at, (size_t)n);
        if (id >= 0 && t->vocabulary.pieces[id].type != AD_PIECE_NORMAL) id = -1;
        symbols[count] = (ad_symbol){count - 1, count + 1, id, (uint32_t)at, (uint32_t)n};
        ++count;
        at += (size_t)n;
    }
    symbols[count - 1].next = -1;
    ad_status status = ad_merge_symbols(t, text, symbols, count,
                                        t->merge_count ? price_by_rank : price, NULL);
    for (int32_t i = 0; i >= 0 && !status; i = symbols[i].next)
        status = put_symbol(t, text, &symbols[i], out);
    return status;
}

/* Whether a piece goes on behind the end of a word: "a b". Few vocabularies have one. */
static bool crosses_words(ad_tokenizer *t)
{
    if (!t->crosses_known) {
        t->crosses_known = true;
        for (int64_t i = 0; i < t->vocabulary.count && !t->crosses; ++i) {
            const ad_piece *piece = &t->vocabulary.pieces[i];
            const char *bytes = t->vocabulary.bytes + piece->at;
            for (uint32_t b = 1; b < piece->length && piece->type == AD_PIECE_NORMAL; ++b)
                t->crosses |= bytes[b] == ' ' && bytes[b - 1] != ' ';
        }
    }
    return t->crosses;
}

static ad_status encode_spaced(ad_tokenizer *t, const char *text, size_t length, ad_tokens *out)
{
    bool whole = crosses_words(t);
    int64_t capacity = 0;
    ad_symbol *symbols = NULL;
    ad_status status = AD_OK;
    for (size_t at = 0; at < length && !status;) {
        size_t end = at;
        while (end < length && text[end] == ' ') ++end;
        while (end < length && text[end] != ' ') ++end;
        if (whole) end = length;
        if (end - at > INT32_MAX) {
            status = ad_fail(t->ctx, AD_ERROR_LIMIT, "a word of %zu bytes is too long", end - at);
            break;
        }
        ad_symbol *grown = ad_grow(t->ctx, symbols, &capacity, (int64_t)(end - at),
                                   sizeof *symbols);
        if (!grown) {
            status = AD_ERROR_MEMORY;
            break;
        }
        symbols = grown;
        status = encode_stretch(t, text + at, end - at, symbols, out);
        at = end;
    }
    ad_free(t->ctx, symbols, ad_bytes(capacity, sizeof *symbols));
    return status;
}

void ad_text_spaces(ad_text *out, const char *spelled, size_t length)
{
    static const char mark[] = "\xe2\x96\x81";
    for (size_t at = 0; at < length;) {
        const char *found = memchr(spelled + at, (unsigned char)mark[0], length - at);
        size_t n = found ? (size_t)(found - spelled) - at : length - at;
        ad_text_bytes(out, spelled + at, n);
        at += n;
        if (at == length) break;
        bool is_mark = length - at >= 3 && !memcmp(spelled + at, mark, 3);
        ad_text_bytes(out, is_mark ? " " : spelled + at, 1);
        at += is_mark ? 3 : 1;
    }
}

/* SentencePiece spells a space U+2581, so that in a text means a space too. */
ad_status ad_sentencepiece_encode(ad_tokenizer *t, const char *text, size_t length, bool first,
                                  ad_tokens *out)
{
    ad_text spaced;
    ad_text_init(&spaced, t->ctx);
    if (first && t->prefix_space) ad_text_add(&spaced, " ");
    ad_text_spaces(&spaced, text, length);
    ad_status status = spaced.failed ? AD_ERROR_MEMORY
                                     : encode_spaced(t, spaced.data, spaced.length, out);
    ad_text_free(&spaced);
    return status;
}

/* llama2.c's tokenizer.bin: the longest piece's bytes (i32), then score (f32), bytes (i32) and text
 * of each piece to the end of the file. The first three are unknown, begin and end. */
ad_status ad_tokenizer_read_llama2c(ad_tokenizer **out, ad_context *ctx, const char *name,
                                    const char *bytes, size_t size)
{
    *out = NULL;
    ad_tokenizer *t = ad_tokenizer_new(ctx, AD_TOKENIZER_SENTENCEPIECE);
    if (!t) return AD_ERROR_MEMORY;
    ad_status status = AD_OK;
    size_t at = 4;
    t->prefix_space = true;
    while (at < size && !status) {
        float score;
        int32_t length = -1;
        if (size - at >= 8) {
            memcpy(&score, bytes + at, 4);
            memcpy(&length, bytes + at + 4, 4);
            at += 8;
        }
        if (length < 0 || (size_t)length > size - at) {
            status = ad_fail(ctx, AD_ERROR_FORMAT,
                             "%s: piece %lld ends beyond the end of the file (is it truncated?)",
                             name, (long long)t->vocabulary.count);
            break;
        }
        if (ad_utf8_valid(bytes + at, (size_t)length) != (size_t)length)
            status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: piece %lld is not UTF-8", name,
                             (long long)t->vocabulary.count);
        if (!status)
            status = ad_tokenizer_add(t, name, bytes + at, (size_t)length,
                                      t->vocabulary.count < 3 ? AD_PIECE_CONTROL : AD_PIECE_NORMAL,
                                      score);
        at += (size_t)length;
    }
    if (!status && t->vocabulary.count < 3)
        status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: holds %lld pieces; 3 are needed", name,
                         (long long)t->vocabulary.count);
    t->special[AD_TOKEN_UNKNOWN] = 0, t->special[AD_TOKEN_BOS] = 1, t->special[AD_TOKEN_EOS] = 2;
    if (!status) status = ad_tokenizer_finish(t, name);
    return ad_tokenizer_give(out, t, status);
}
