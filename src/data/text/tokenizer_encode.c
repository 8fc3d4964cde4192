/* tokenizer_encode.c - from a text to ids: special tokens that are spelled out are found, what lies
 * between them is each kind's. */
#include "data/text/tokenizer_kinds.h"
#include "data/text/unigram.h"

#include <string.h>

static ad_status encode_plain(ad_tokenizer *t, const char *text, size_t begin, size_t end,
                              ad_tokens *out)
{
    const char *part = text + begin;
    size_t length = end - begin;
    if (!length) return AD_OK;
    switch (t->kind) {
    case AD_TOKENIZER_CHARACTER: return ad_character_encode(t, part, length, begin, out);
    case AD_TOKENIZER_BYTE:
        if (ad_tokens_reserve(out, t->ctx, (int64_t)length)) return AD_ERROR_MEMORY;
        for (size_t i = 0; i < length; ++i) out->ids[out->count++] = (unsigned char)part[i];
        return AD_OK;
    case AD_TOKENIZER_BPE: return ad_bpe_encode(t, part, length, NULL, out);
    case AD_TOKENIZER_SENTENCEPIECE:
        return ad_sentencepiece_encode(t, part, length, begin == 0, out);
    case AD_TOKENIZER_WORDPIECE: return ad_wordpiece_encode(t, part, length, begin, out);
    case AD_TOKENIZER_UNIGRAM:
        return ad_unigram_encode(t->unigram, &t->vocabulary, part, length, out);
    }
    return AD_OK;
}

/* The special token spelled out at the start of the text, the longest of several; -1: none. */
static int32_t control_at(const ad_tokenizer *t, const char *text, size_t length)
{
    const ad_vocabulary *v = &t->vocabulary;
    for (size_t n = length < v->longest ? length : v->longest; n > 0; --n) {
        int32_t id = ad_vocabulary_find(v, text, n);
        if (id >= 0 && v->pieces[id].type == AD_PIECE_CONTROL) return id;
    }
    return -1;
}

static void find_control_bytes(ad_tokenizer *t)
{
    for (int64_t i = 0; i < t->vocabulary.count; ++i) {
        const ad_piece *piece = &t->vocabulary.pieces[i];
        if (piece->type == AD_PIECE_CONTROL)
            t->control_first[(unsigned char)t->vocabulary.bytes[piece->at]] = 1;
    }
    t->control_known = true;
}

static ad_status put(ad_tokenizer *t, int32_t id, ad_tokens *out)
{
    return id < 0 ? AD_OK : ad_tokens_append(out, t->ctx, id);
}

ad_status ad_tokenizer_encode(ad_tokenizer *t, const char *text, size_t length, int flags,
                              ad_tokens *out)
{
    ad_status status = AD_OK;
    size_t begin = 0;
    if (flags & AD_ENCODE_BOS) status = put(t, t->special[AD_TOKEN_BOS], out);
    if (!t->control_known) find_control_bytes(t);
    for (size_t at = 0; at < length && (flags & AD_ENCODE_SPECIAL) && !status;) {
        int32_t id = t->control_first[(unsigned char)text[at]]
                         ? control_at(t, text + at, length - at)
                         : -1;
        if (id < 0) {
            ++at;
            continue;
        }
        size_t end = at;
        while (id == t->special[AD_TOKEN_MASK] && t->mask_takes_space && end > begin &&
               strchr(" \t\n\r", text[end - 1]))
            --end;
        status = encode_plain(t, text, begin, end, out);
        if (!status) status = put(t, id, out);
        at += t->vocabulary.pieces[id].length;
        begin = at;
    }
    if (!status) status = encode_plain(t, text, begin, length, out);
    if (!status && flags & AD_ENCODE_EOS) status = put(t, t->special[AD_TOKEN_EOS], out);
    return status;
}

ad_status ad_tokenizer_encode_dropout(ad_tokenizer *t, const char *text, size_t length,
                                      ad_bpe_dropout *dropout, ad_tokens *out)
{
    if (t->kind != AD_TOKENIZER_BPE)
        return ad_fail(t->ctx, AD_ERROR_ARGUMENT, "merges are left out of a BPE, not of %s",
                       ad_tokenizer_kind_name(t->kind));
    if (!(dropout->share >= 0 && dropout->share <= 1))
        return ad_fail(t->ctx, AD_ERROR_ARGUMENT, "a share of %g merges to leave out is not 0 to 1",
                       dropout->share);
    return length ? ad_bpe_encode(t, text, length, dropout, out) : AD_OK;
}
