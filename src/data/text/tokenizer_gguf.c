/* tokenizer_gguf.c - the vocabulary that a GGUF file carries, of llama.cpp's models "gpt2" (BPE),
 * "llama" (SentencePiece) and "bert" (WordPiece). */
#include "base/utf8.h"
#include "data/text/tokenizer_kinds.h"
#include "data/text/byte_spelling.h"
#include "io/gguf.h"

#include <string.h>

static const ad_gguf_value *array(const ad_gguf *gguf, const char *key, ad_gguf_type type)
{
    const ad_gguf_value *value = ad_gguf_find(gguf, key);
    return value && value->is_array && value->type == type ? value : NULL;
}

/* llama.cpp marks where a word begins (U+2581), vocab.txt where it goes on (##). What stands in
 * brackets is left as it is. */
static void respell_wordpiece(ad_text *out, ad_gguf_string s)
{
    bool bracket = s.length > 1 && s.bytes[0] == '[' && s.bytes[s.length - 1] == ']';
    bool begins = s.length > 3 && !memcmp(s.bytes, "\xe2\x96\x81", 3);
    if (begins) {
        s.bytes += 3;
        s.length -= 3;
    } else if (!bracket)
        ad_text_add(out, "##");
    ad_text_bytes(out, s.bytes, s.length);
}

static ad_status add_piece(ad_tokenizer *t, const char *name, ad_gguf_string s, int32_t type,
                           float score)
{
    enum { UNKNOWN = 2, CONTROL = 3 };
    ad_piece_type kind = type == CONTROL || type == UNKNOWN ? AD_PIECE_CONTROL : AD_PIECE_NORMAL;
    if (ad_utf8_valid(s.bytes, s.length) != s.length)
        return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: piece %lld is not UTF-8", name,
                       (long long)t->vocabulary.count);
    t->scratch.length = 0;
    int64_t bytes = -1;
    if (t->kind == AD_TOKENIZER_WORDPIECE) {
        respell_wordpiece(&t->scratch, s);
    } else if (t->kind == AD_TOKENIZER_SENTENCEPIECE) {
        ad_text_spaces(&t->scratch, s.bytes, s.length);
    } else {
        ad_text_bytes(&t->scratch, s.bytes, s.length);
        if (!t->scratch.failed && kind != AD_PIECE_CONTROL)
            bytes = ad_unspell_bytes(s.bytes, s.length, t->scratch.data);
    }
    if (t->scratch.failed) return AD_ERROR_MEMORY;
    return ad_tokenizer_add(t, name, t->scratch.data,
                            bytes >= 0 ? (size_t)bytes : t->scratch.length, kind, score);
}

static ad_status add_pieces(ad_tokenizer *t, const char *name, const ad_gguf *gguf)
{
    const ad_gguf_value *tokens = array(gguf, "tokenizer.ggml.tokens", AD_GGUF_STRING),
                        *scores = array(gguf, "tokenizer.ggml.scores", AD_GGUF_F32),
                        *types = array(gguf, "tokenizer.ggml.token_type", AD_GGUF_I32);
    if (!tokens || (types && types->count != tokens->count) ||
        (scores && scores->count != tokens->count) ||
        (t->kind == AD_TOKENIZER_SENTENCEPIECE && !scores))
        return ad_fail(
            t->ctx, AD_ERROR_FORMAT,
            "%s: its tokens, their scores or their types are missing or differ in number", name);
    const char *at = tokens->data;
    ad_status status = AD_OK;
    for (uint64_t i = 0; i < tokens->count && !status; ++i) {
        int32_t type = 1;
        float score = 0;
        if (types) memcpy(&type, types->data + 4 * i, 4);
        if (scores) memcpy(&score, scores->data + 4 * i, 4);
        status = add_piece(t, name, ad_gguf_next_string(&at), type, score);
    }
    return status;
}

static ad_status add_merges(ad_tokenizer *t, const char *name, const ad_gguf *gguf)
{
    const ad_gguf_value *merges = array(gguf, "tokenizer.ggml.merges", AD_GGUF_STRING);
    if (!merges) return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: its merges are missing", name);
    const char *at = merges->data;
    ad_status status = AD_OK;
    for (uint64_t i = 0; i < merges->count && !status; ++i) {
        ad_gguf_string s = ad_gguf_next_string(&at);
        status = ad_tokenizer_merge_line(t, name, (int64_t)i, s.bytes, s.length);
    }
    return status;
}

static ad_status read_special(ad_tokenizer *t, const char *name, const ad_gguf *gguf)
{
    static const struct {
        const char *key;
        ad_special_token token;
    } keys[] = {{"tokenizer.ggml.bos_token_id", AD_TOKEN_BOS},
                {"tokenizer.ggml.eos_token_id", AD_TOKEN_EOS},
                {"tokenizer.ggml.cls_token_id", AD_TOKEN_BOS},
                {"tokenizer.ggml.seperator_token_id", AD_TOKEN_EOS}, /* so spelled there */
                {"tokenizer.ggml.separator_token_id", AD_TOKEN_EOS},
                {"tokenizer.ggml.unknown_token_id", AD_TOKEN_UNKNOWN},
                {"tokenizer.ggml.padding_token_id", AD_TOKEN_PAD},
                {"tokenizer.ggml.mask_token_id", AD_TOKEN_MASK}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i) {
        int64_t id = ad_gguf_integer(ad_gguf_find(gguf, keys[i].key), -1);
        if (id < -1 || id >= t->vocabulary.count)
            return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: %s is %lld, which is not a token", name,
                           keys[i].key, (long long)id);
        if (id >= 0) t->special[keys[i].token] = (int32_t)id;
    }
    return AD_OK;
}

static ad_status read_kind(ad_tokenizer_kind *kind, ad_context *ctx, const char *name,
                           const ad_gguf *gguf)
{
    const ad_gguf_value *model = ad_gguf_find(gguf, "tokenizer.ggml.model"),
                        *pre = ad_gguf_find(gguf, "tokenizer.ggml.pre");
    *kind = ad_gguf_is(model, "gpt2")    ? AD_TOKENIZER_BPE
            : ad_gguf_is(model, "llama") ? AD_TOKENIZER_SENTENCEPIECE
                                         : AD_TOKENIZER_WORDPIECE;
    if (*kind == AD_TOKENIZER_WORDPIECE && !ad_gguf_is(model, "bert"))
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "%s: holds no vocabulary of a supported kind (gpt2, llama, bert)", name);
    if (*kind == AD_TOKENIZER_BPE && pre && !ad_gguf_is(pre, "gpt-2") &&
        !ad_gguf_is(pre, "roberta-bpe") && !ad_gguf_is(pre, "default"))
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "%s: its tokenizer.ggml.pre asks for words other than GPT-2's", name);
    return AD_OK;
}

ad_status ad_tokenizer_read_gguf(ad_tokenizer **out, ad_context *ctx, const char *name,
                                 ad_file_bytes *file, const char *bytes, size_t size)
{
    ad_gguf gguf;
    ad_tokenizer_kind kind;
    ad_tokenizer *t = NULL;
    *out = NULL;
    ad_status status = ad_gguf_read(&gguf, ctx, name, file, bytes, size);
    if (status) return status;
    status = read_kind(&kind, ctx, name, &gguf);
    if (!status && !(t = ad_tokenizer_new(ctx, kind))) status = AD_ERROR_MEMORY;
    if (!status) status = add_pieces(t, name, &gguf);
    if (!status && kind == AD_TOKENIZER_BPE) status = add_merges(t, name, &gguf);
    if (!status) status = read_special(t, name, &gguf);
    if (!status) {
        const ad_gguf_value *prefix = ad_gguf_find(&gguf, "tokenizer.ggml.add_space_prefix");
        t->prefix_space = kind == AD_TOKENIZER_SENTENCEPIECE && ad_gguf_integer(prefix, 1) != 0;
        status = ad_tokenizer_finish(t, name);
    }
    ad_gguf_free(&gguf);
    return ad_tokenizer_give(out, t, status);
}
