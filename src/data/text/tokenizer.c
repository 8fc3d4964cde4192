/* tokenizer.c - what all kinds share: pieces, merges, special tokens. */
#include "data/text/tokenizer_kinds.h"
#include "base/hash.h"
#include "data/text/unigram.h"
#include "data/text/word_cache.h"
#include "data/text/words.h"

#include <string.h>

const char *ad_tokenizer_kind_name(ad_tokenizer_kind kind)
{
    static const char *const names[] = {"character",     "byte",      "BPE",
                                        "SentencePiece", "WordPiece", "Unigram"};
    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

/* ---- making ---- */

ad_tokenizer *ad_tokenizer_new(ad_context *ctx, ad_tokenizer_kind kind)
{
    ad_tokenizer *t = ad_zalloc(ctx, sizeof *t);
    if (!t) return NULL;
    t->ctx = t->ranks.ctx = ctx;
    ad_vocabulary_init(&t->vocabulary, ctx);
    t->kind = kind;
    ad_text_init(&t->scratch, ctx);
    ad_text_init(&t->mended, ctx);
    ad_text_init(&t->text, ctx);
    for (int i = 0; i < AD_TOKEN_SPECIALS; ++i) t->special[i] = -1;
    for (int i = 0; i < 256; ++i) t->byte_ids[i] = -1;
    return t;
}

void ad_tokenizer_free(ad_tokenizer *t)
{
    if (!t) return;
    ad_words_free(t->words);
    ad_word_cache_free(t->cache);
    ad_unigram_free(t->unigram);
    ad_vocabulary_free(&t->vocabulary);
    ad_pairs_free(&t->ranks);
    ad_free(t->ctx, t->merges, ad_bytes(t->merge_capacity, sizeof *t->merges));
    ad_free(t->ctx, t->scores, ad_bytes(t->score_capacity, sizeof *t->scores));
    ad_text_free(&t->scratch);
    ad_text_free(&t->mended);
    ad_text_free(&t->text);
    ad_free(t->ctx, t, sizeof *t);
}

ad_status ad_tokenizer_add(ad_tokenizer *t, const char *name, const char *bytes, size_t length,
                           ad_piece_type type, float score)
{
    ad_status status = ad_vocabulary_add(&t->vocabulary, name, bytes, length, type);
    if (status || t->kind != AD_TOKENIZER_SENTENCEPIECE) return status;
    if (!(score - score == 0))
        return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: the score of piece %lld is not finite", name,
                       (long long)t->vocabulary.count - 1);
    float *grown = ad_grow(t->ctx, t->scores, &t->score_capacity, t->vocabulary.count,
                           sizeof *t->scores);
    if (!grown) return AD_ERROR_MEMORY;
    t->scores = grown;
    t->scores[t->vocabulary.count - 1] = score;
    return AD_OK;
}

ad_status ad_tokenizer_add_merge(ad_tokenizer *t, const char *name, int64_t number, int32_t left,
                                 int32_t right)
{
    size_t n, m;
    const char *a = ad_vocabulary_piece(&t->vocabulary, left, &n),
               *b = ad_vocabulary_piece(&t->vocabulary, right, &m);
    t->scratch.length = 0;
    ad_text_bytes(&t->scratch, a, n);
    ad_text_bytes(&t->scratch, b, m);
    if (t->scratch.failed) return AD_ERROR_MEMORY;
    int32_t result = ad_vocabulary_find(&t->vocabulary, t->scratch.data, n + m);
    if (result < 0)
        return ad_fail(t->ctx, AD_ERROR_FORMAT,
                       "%s: merge %lld, of pieces %d and %d, makes a piece that the vocabulary "
                       "lacks",
                       name, (long long)number, left, right);
    ad_merge *grown = ad_grow(t->ctx, t->merges, &t->merge_capacity, t->merge_count + 1,
                              sizeof *t->merges);
    if (!grown) return AD_ERROR_MEMORY;
    t->merges = grown;
    int32_t rank = ad_pairs_put(&t->ranks, left, right, (int32_t)t->merge_count);
    if (rank < 0) return AD_ERROR_MEMORY;
    if (rank != t->merge_count)
        return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: merge %lld is also merge %d", name,
                       (long long)number, rank);
    t->merges[t->merge_count++] = (ad_merge){left, right, result};
    return AD_OK;
}

static const char *const usual_names[AD_TOKEN_SPECIALS][3] = {
    [AD_TOKEN_BOS] = {"<|endoftext|>", "<s>", "[CLS]"},
    [AD_TOKEN_EOS] = {"<|endoftext|>", "</s>", "[SEP]"},
    [AD_TOKEN_UNKNOWN] = {"<unk>", "[UNK]"},
    [AD_TOKEN_PAD] = {"<pad>", "[PAD]"},
    [AD_TOKEN_MASK] = {"<mask>", "[MASK]"},
};

/* In a byte-level BPE every piece is a byte or was merged; what is neither was put there to be
 * special. */
static ad_status mark_bpe_controls(ad_tokenizer *t)
{
    int64_t count = t->vocabulary.count;
    unsigned char *made = ad_zalloc(t->ctx, (size_t)count + 1);
    if (!made) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < t->merge_count; ++i) made[t->merges[i].result] = 1;
    for (int64_t i = 0; i < count; ++i)
        if (!made[i] && t->vocabulary.pieces[i].length > 1)
            t->vocabulary.pieces[i].type = AD_PIECE_CONTROL;
    ad_free(t->ctx, made, (size_t)count + 1);
    return AD_OK;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* <0x0A> */
static int byte_piece(const char *bytes, size_t length)
{
    if (length != 6 || memcmp(bytes, "<0x", 3) || bytes[5] != '>') return -1;
    int high = hex(bytes[3]), low = hex(bytes[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

ad_status ad_tokenizer_finish(ad_tokenizer *t, const char *name)
{
    ad_vocabulary *v = &t->vocabulary;
    size_t length;
    if (!v->count) return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: the vocabulary is empty", name);
    if (t->kind == AD_TOKENIZER_BPE) {
        if (mark_bpe_controls(t)) return AD_ERROR_MEMORY;
        for (int i = 0; i < 256; ++i) t->byte_ids[i] = ad_vocabulary_find(v, &(char){(char)i}, 1);
    }
    for (int32_t i = 0; i < v->count && t->kind == AD_TOKENIZER_SENTENCEPIECE; ++i) {
        const char *bytes = ad_vocabulary_piece(v, i, &length);
        int byte = byte_piece(bytes, length);
        if (byte < 0) continue;
        v->pieces[i].type = AD_PIECE_BYTE;
        t->byte_ids[byte] = i;
    }
    if (t->kind == AD_TOKENIZER_CHARACTER || t->kind == AD_TOKENIZER_BYTE) return AD_OK;
    for (int s = 0; s < AD_TOKEN_SPECIALS; ++s) {
        if (t->special[s] >= v->count)
            return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: special token %d is not below %lld", name,
                           t->special[s], (long long)v->count);
        for (int i = 0; i < 3 && t->special[s] < 0 && usual_names[s][i]; ++i) {
            int32_t id = ad_vocabulary_find(v, usual_names[s][i], strlen(usual_names[s][i]));
            if (id >= 0 && (t->kind != AD_TOKENIZER_BPE || v->pieces[id].type == AD_PIECE_CONTROL))
                t->special[s] = id;
        }
        if (t->special[s] >= 0) v->pieces[t->special[s]].type = AD_PIECE_CONTROL;
    }
    if (t->kind == AD_TOKENIZER_WORDPIECE && t->special[AD_TOKEN_UNKNOWN] < 0)
        return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: the vocabulary has no [UNK]", name);
    return AD_OK;
}

ad_status ad_tokenizer_check_kept(const ad_tokenizer *t)
{
    if (t->kind != AD_TOKENIZER_UNIGRAM) return AD_OK;
    return ad_fail(t->ctx, AD_ERROR_UNSUPPORTED,
                   "a Unigram vocabulary cannot be written, only opened with the files that hold "
                   "it");
}

ad_status ad_tokenizer_give(ad_tokenizer **out, ad_tokenizer *t, ad_status status)
{
    if (status)
        ad_tokenizer_free(t);
    else
        *out = t;
    return status;
}

/* ---- looking ---- */

ad_tokenizer_kind ad_tokenizer_get_kind(const ad_tokenizer *t)
{
    return t->kind;
}

int32_t ad_tokenizer_count(const ad_tokenizer *t)
{
    return (int32_t)t->vocabulary.count;
}

int32_t ad_tokenizer_special(const ad_tokenizer *t, ad_special_token which)
{
    return (unsigned)which < AD_TOKEN_SPECIALS ? t->special[which] : -1;
}

const char *ad_tokenizer_piece(const ad_tokenizer *t, int32_t id, size_t *length)
{
    if (id < 0 || id >= t->vocabulary.count) {
        *length = 0;
        return NULL;
    }
    return ad_vocabulary_piece(&t->vocabulary, id, length);
}

int32_t ad_tokenizer_find(const ad_tokenizer *t, const char *piece, size_t length)
{
    return ad_vocabulary_find(&t->vocabulary, piece, length);
}

uint64_t ad_tokenizer_fingerprint(const ad_tokenizer *t)
{
    int32_t kind = (int32_t)t->kind, prefix = t->prefix_space;
    uint64_t h = ad_hash(AD_HASH_START, &kind, sizeof kind);
    h = ad_hash(h, &prefix, sizeof prefix);
    if (t->cased || t->keeps_accents || t->mask_takes_space) {
        bool how[3] = {t->cased, t->keeps_accents, t->mask_takes_space};
        h = ad_hash(h, how, sizeof how);
    }
    h = ad_hash(h, t->special, sizeof t->special);
    for (int64_t i = 0; i < t->vocabulary.count; ++i) {
        const ad_piece *piece = &t->vocabulary.pieces[i];
        uint32_t about[2] = {piece->length, piece->type};
        h = ad_hash(h, about, sizeof about);
        h = ad_hash(h, t->vocabulary.bytes + piece->at, piece->length);
        if (t->scores) h = ad_hash(h, &t->scores[i], sizeof *t->scores);
    }
    if (t->unigram) h = ad_unigram_hash(t->unigram, h);
    if (t->merge_count) h = ad_hash(h, t->merges, (size_t)t->merge_count * sizeof *t->merges);
    return ad_hash_mix(h);
}

/* ---- lists of ids ---- */

ad_status ad_tokens_reserve(ad_tokens *tokens, ad_context *ctx, int64_t more)
{
    if (tokens->capacity - tokens->count >= more) return AD_OK;
    int32_t *grown = ad_grow(ctx, tokens->ids, &tokens->capacity, tokens->count + more,
                             sizeof *tokens->ids);
    if (!grown) return AD_ERROR_MEMORY;
    tokens->ids = grown;
    tokens->ctx = ctx;
    return AD_OK;
}

ad_status ad_tokens_append(ad_tokens *out, ad_context *ctx, int32_t id)
{
    ad_status status = ad_tokens_reserve(out, ctx, 1);
    if (!status) out->ids[out->count++] = id;
    return status;
}

void ad_tokens_free(ad_tokens *tokens)
{
    if (tokens->ctx)
        ad_free(tokens->ctx, tokens->ids, ad_bytes(tokens->capacity, sizeof *tokens->ids));
    *tokens = (ad_tokens){0};
}
