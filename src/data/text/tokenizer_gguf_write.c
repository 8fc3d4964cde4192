/* tokenizer_gguf_write.c - a vocabulary as llama.cpp keeps it in a GGUF file.
 *
 * Its two kinds that language models have: "gpt2", whose pieces are bytes in GPT-2's spelling, and
 * "llama", whose pieces are characters with scores. Bytes by themselves are the first without
 * merges; a vocabulary of characters is the second, with nothing that merges. */
#include "base/utf8.h"
#include "data/text/byte_spelling.h"
#include "data/text/tokenizer_kinds.h"

#include <stdio.h>
#include <string.h>

enum { NORMAL = 1, UNKNOWN = 2, CONTROL = 3, UNUSED = 5, BYTE = 6 }; /* of token_type */

static bool is_llama(const ad_tokenizer *t)
{
    return t->kind == AD_TOKENIZER_SENTENCEPIECE || t->kind == AD_TOKENIZER_CHARACTER;
}

/* As llama.cpp spells it, into t->scratch. */
static void spell(ad_tokenizer *t, int32_t id)
{
    size_t length;
    const char *bytes = ad_vocabulary_piece(&t->vocabulary, id, &length);
    bool control = t->vocabulary.pieces[id].type == AD_PIECE_CONTROL;
    t->scratch.length = 0;
    if (is_llama(t)) {
        for (size_t i = 0; i < length; ++i)
            ad_text_bytes(&t->scratch, bytes[i] == ' ' ? "\xe2\x96\x81" : bytes + i,
                          bytes[i] == ' ' ? 3 : 1);
    } else if (control && ad_utf8_valid(bytes, length) == length) {
        ad_text_bytes(&t->scratch, bytes, length);
    } else {
        ad_spell_bytes(&t->scratch, bytes, length);
    }
}

static void put_pieces(ad_tokenizer *t, ad_gguf_values *values, int32_t count)
{
    char unused[32];
    ad_gguf_put_texts(values, "tokenizer.ggml.tokens", count);
    for (int32_t id = 0; id < count; ++id) {
        if (id < t->vocabulary.count) {
            spell(t, id);
            ad_gguf_next_text(values, ad_text_get(&t->scratch), t->scratch.length);
        } else { /* what the network knows beyond the vocabulary */
            int length = snprintf(unused, sizeof unused, "[UNUSED%d]", id);
            ad_gguf_next_text(values, unused, (size_t)length);
        }
    }
}

static int32_t type_of(const ad_tokenizer *t, int32_t id)
{
    if (id >= t->vocabulary.count) return UNUSED;
    if (is_llama(t) && id == t->special[AD_TOKEN_UNKNOWN]) return UNKNOWN;
    ad_piece_type type = t->vocabulary.pieces[id].type;
    return type == AD_PIECE_CONTROL ? CONTROL : type == AD_PIECE_BYTE ? BYTE : NORMAL;
}

/* Where pairs merge by rank, what a pair makes has the score of its first. */
static void fill_scores(const ad_tokenizer *t, float *scores, int32_t count)
{
    for (int32_t id = 0; id < count; ++id)
        scores[id] = t->scores && id < t->vocabulary.count ? t->scores[id] : 0;
    for (int64_t i = t->merge_count; i-- > 0;) scores[t->merges[i].result] = -(float)i;
}

static void put_merges(ad_tokenizer *t, ad_gguf_values *values)
{
    ad_gguf_put_texts(values, "tokenizer.ggml.merges", t->merge_count);
    for (int64_t i = 0; i < t->merge_count; ++i) {
        const int32_t sides[2] = {t->merges[i].left, t->merges[i].right};
        t->scratch.length = 0;
        for (int side = 0; side < 2; ++side) {
            size_t length;
            const char *bytes = ad_vocabulary_piece(&t->vocabulary, sides[side], &length);
            if (side) ad_text_add(&t->scratch, " ");
            ad_spell_bytes(&t->scratch, bytes, length);
        }
        ad_gguf_next_text(values, ad_text_get(&t->scratch), t->scratch.length);
    }
}

static void put_special(const ad_tokenizer *t, ad_gguf_values *values)
{
    static const char *const keys[AD_TOKEN_SPECIALS] = {
        [AD_TOKEN_BOS] = "tokenizer.ggml.bos_token_id",
        [AD_TOKEN_EOS] = "tokenizer.ggml.eos_token_id",
        [AD_TOKEN_UNKNOWN] = "tokenizer.ggml.unknown_token_id",
        [AD_TOKEN_PAD] = "tokenizer.ggml.padding_token_id",
        [AD_TOKEN_MASK] = "tokenizer.ggml.mask_token_id"};
    for (int i = 0; i < AD_TOKEN_SPECIALS; ++i)
        if (t->special[i] >= 0) ad_gguf_put_count(values, keys[i], (uint32_t)t->special[i]);
    if (!is_llama(t)) return;
    ad_gguf_put_bool(values, "tokenizer.ggml.add_bos_token", t->special[AD_TOKEN_BOS] >= 0);
    ad_gguf_put_bool(values, "tokenizer.ggml.add_eos_token", false);
    ad_gguf_put_bool(values, "tokenizer.ggml.add_space_prefix", t->prefix_space);
}

ad_status ad_tokenizer_put_gguf(ad_tokenizer *t, ad_gguf_values *values, int32_t count)
{
    if (t->kind == AD_TOKENIZER_WORDPIECE)
        return ad_fail(t->ctx, AD_ERROR_UNSUPPORTED,
                       "llama.cpp has no language models with a WordPiece vocabulary");
    if (ad_tokenizer_check_kept(t)) return AD_ERROR_UNSUPPORTED;
    if (count < t->vocabulary.count) count = (int32_t)t->vocabulary.count;
    float *scores = ad_alloc(t->ctx, ad_bytes(count, sizeof *scores));
    int32_t *types = ad_alloc(t->ctx, ad_bytes(count, sizeof *types));
    ad_status status = scores && types ? AD_OK : AD_ERROR_MEMORY;
    if (!status) {
        ad_gguf_put_text(values, "tokenizer.ggml.model", is_llama(t) ? "llama" : "gpt2");
        ad_gguf_put_text(values, "tokenizer.ggml.pre", is_llama(t) ? "default" : "gpt-2");
        put_pieces(t, values, count);
        for (int32_t id = 0; id < count; ++id) types[id] = type_of(t, id);
        ad_gguf_put_ints(values, "tokenizer.ggml.token_type", types, count);
        fill_scores(t, scores, count);
        if (is_llama(t)) ad_gguf_put_reals(values, "tokenizer.ggml.scores", scores, count);
        if (!is_llama(t)) put_merges(t, values);
        put_special(t, values);
        if (t->scratch.failed) status = AD_ERROR_MEMORY;
    }
    ad_free(t->ctx, scores, ad_bytes(count, sizeof *scores));
    ad_free(t->ctx, types, ad_bytes(count, sizeof *types));
    return status;
}
