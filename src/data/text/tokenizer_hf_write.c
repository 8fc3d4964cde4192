/* tokenizer_hf_write.c - a tokenizer as Hugging Face's tokenizer.json, which tokenizer_hf.c reads.
 *
 * SentencePiece merges the pair that makes the piece of the highest score; there every pair has a
 * rank. Pairs are listed by the score of what they make, as Hugging Face's own conversion does it.
 */
#include "base/utf8.h"
#include "data/text/byte_spelling.h"
#include "data/text/tokenizer_kinds.h"

#include <stdlib.h>
#include <string.h>

static const char byte_level[] =
    "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}";
static const char bert[] =
    "\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":"
    "true,\"strip_accents\":%s,\"lowercase\":%s}";
static const char mark_spaces[] =
    "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\xe2\x96\x81\"}";
static const char prepend[] = "{\"type\":\"Prepend\",\"prepend\":\"\xe2\x96\x81\"},";
static const char unmark_spaces[] =
    "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\xe2\x96\x81\"},\"content\":\" \"},"
    "{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"}";
static const char strip[] = ",{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}";

/* A piece as that file spells it, as a string of JSON. */
static void add_piece(ad_tokenizer *t, ad_text *out, int32_t id)
{
    size_t length;
    const char *bytes = ad_vocabulary_piece(&t->vocabulary, id, &length);
    bool control = t->vocabulary.pieces[id].type == AD_PIECE_CONTROL &&
                   ad_utf8_valid(bytes, length) == length;
    ad_text *spelled = &t->scratch;
    spelled->length = 0;
    if ((t->kind == AD_TOKENIZER_BPE || t->kind == AD_TOKENIZER_BYTE) && !control)
        ad_spell_bytes(spelled, bytes, length);
    for (size_t i = 0; t->kind == AD_TOKENIZER_SENTENCEPIECE && i < length; ++i)
        ad_text_bytes(spelled, bytes[i] == ' ' && !control ? "\xe2\x96\x81" : bytes + i,
                      bytes[i] == ' ' && !control ? 3 : 1);
    if (!spelled->length) ad_text_bytes(spelled, bytes, length);
    if (spelled->failed)
        out->failed = true;
    else
        ad_text_json_string(out, spelled->data, spelled->length);
}

static void add_tokens(ad_tokenizer *t, ad_text *out)
{
    bool first = true;
    ad_text_add(out, "\"added_tokens\":[");
    for (int32_t id = 0; id < t->vocabulary.count; ++id) {
        if (t->vocabulary.pieces[id].type != AD_PIECE_CONTROL) continue;
        ad_text_format(out, "%s\n{\"id\":%d,\"content\":", first ? "" : ",", id);
        add_piece(t, out, id);
        bool left = t->mask_takes_space && id == t->special[AD_TOKEN_MASK];
        ad_text_format(out,
                       ",\"single_word\":false,\"lstrip\":%s,\"rstrip\":false,"
                       "\"normalized\":false,\"special\":true}",
                       left ? "true" : "false");
        first = false;
    }
    ad_text_add(out, "],\n");
}

static void add_vocab(ad_tokenizer *t, ad_text *out)
{
    ad_text_add(out, "\"vocab\":{");
    for (int32_t id = 0; id < t->vocabulary.count; ++id) {
        ad_text_add(out, id ? ",\n" : "\n");
        add_piece(t, out, id);
        ad_text_format(out, ":%d", id);
    }
    ad_text_add(out, "}");
}

/* ---- merges ---- */

typedef struct pair {
    float score;
    int32_t whole, left, right;
} pair;

static int by_rank(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->whole != y->whole) return x->whole < y->whole ? -1 : 1;
    return (x->left > y->left) - (x->left < y->left);
}

static int32_t normal(const ad_tokenizer *t, const char *bytes, size_t length)
{
    int32_t id = ad_vocabulary_find(&t->vocabulary, bytes, length);
    return id >= 0 && t->vocabulary.pieces[id].type == AD_PIECE_NORMAL ? id : -1;
}

/* The pairs that make piece `id`: wherever both sides of it are pieces. */
static bool find_pairs(const ad_tokenizer *t, int32_t id, pair **pairs, int64_t *count,
                       int64_t *capacity)
{
    size_t length;
    const char *bytes = ad_vocabulary_piece(&t->vocabulary, id, &length);
    if (t->vocabulary.pieces[id].type != AD_PIECE_NORMAL) return true;
    for (size_t at = 1; at < length; ++at) {
        if (((unsigned char)bytes[at] & 0xc0) == 0x80) continue; /* within a character */
        int32_t left = normal(t, bytes, at), right = normal(t, bytes + at, length - at);
        if (left < 0 || right < 0) continue;
        pair *grown = ad_grow(t->ctx, *pairs, capacity, *count + 1, sizeof **pairs);
        if (!grown) return false;
        *pairs = grown;
        grown[(*count)++] = (pair){t->scores[id], id, left, right};
    }
    return true;
}

static void add_merge(ad_tokenizer *t, ad_text *out, bool first, int32_t left, int32_t right)
{
    ad_text_add(out, first ? "\n[" : ",\n[");
    add_piece(t, out, left);
    ad_text_add(out, ",");
    add_piece(t, out, right);
    ad_text_add(out, "]");
}

static void add_merges(ad_tokenizer *t, ad_text *out)
{
    pair *pairs = NULL;
    int64_t count = 0, capacity = 0;
    bool scored = t->kind == AD_TOKENIZER_SENTENCEPIECE && !t->merge_count, good = true;
    ad_text_add(out, ",\"merges\":[");
    for (int32_t id = 0; scored && good && id < t->vocabulary.count; ++id)
        good = find_pairs(t, id, &pairs, &count, &capacity);
    if (count > 1) qsort(pairs, (size_t)count, sizeof *pairs, by_rank);
    for (int64_t i = 0; i < count; ++i) add_merge(t, out, !i, pairs[i].left, pairs[i].right);
    for (int64_t i = 0; i < t->merge_count; ++i)
        add_merge(t, out, !i, t->merges[i].left, t->merges[i].right);
    ad_text_add(out, "]");
    out->failed |= !good;
    ad_free(t->ctx, pairs, ad_bytes(capacity, sizeof *pairs));
}

/* ---- the file ---- */

static void add_bpe(ad_tokenizer *t, ad_text *out)
{
    bool fallback = t->kind == AD_TOKENIZER_SENTENCEPIECE;
    int32_t unknown = t->special[AD_TOKEN_UNKNOWN];
    ad_text_add(out, "\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":");
    if (fallback && unknown >= 0)
        add_piece(t, out, unknown);
    else
        ad_text_add(out, "null");
    ad_text_format(
        out,
        ",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":%s,"
        "\"byte_fallback\":%s,\"ignore_merges\":false,",
        fallback ? "true" : "false", fallback ? "true" : "false");
    add_vocab(t, out);
    add_merges(t, out);
    ad_text_add(out, "}}\n");
}

static void add_start(ad_tokenizer *t, ad_text *out, int32_t bos)
{
    ad_text_add(out, "{\"SpecialToken\":{\"id\":");
    add_piece(t, out, bos);
    ad_text_add(out, ",\"type_id\":0}}");
}

/* Llama's texts begin with <s>. */
static void add_post_processor(ad_tokenizer *t, ad_text *out)
{
    int32_t bos = t->special[AD_TOKEN_BOS];
    if (t->kind != AD_TOKENIZER_SENTENCEPIECE || bos < 0) {
        ad_text_add(out, "\"post_processor\":null,");
        return;
    }
    ad_text_add(out, "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[");
    add_start(t, out, bos);
    ad_text_add(out, ",{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[");
    add_start(t, out, bos);
    ad_text_add(out, ",{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\","
                     "\"type_id\":1}}],\"special_tokens\":{");
    add_piece(t, out, bos);
    ad_text_add(out, ":{\"id\":");
    add_piece(t, out, bos);
    ad_text_format(out, ",\"ids\":[%d],\"tokens\":[", bos);
    add_piece(t, out, bos);
    ad_text_add(out, "]}}},");
}

static void add_steps(ad_tokenizer *t, ad_text *out)
{
    switch (t->kind) {
    case AD_TOKENIZER_SENTENCEPIECE:
        ad_text_format(out, "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[%s%s]},",
                       t->prefix_space ? prepend : "", mark_spaces);
        ad_text_format(out,
                       "\"pre_tokenizer\":null,\"decoder\":{\"type\":\"Sequence\","
                       "\"decoders\":[%s%s]},\n",
                       unmark_spaces, t->prefix_space ? strip : "");
        break;
    case AD_TOKENIZER_CHARACTER:
        ad_text_add(
            out, "\"normalizer\":null,\"pre_tokenizer\":null,\"decoder\":{\"type\":\"Fuse\"},\n");
        break;
    case AD_TOKENIZER_WORDPIECE:
        ad_text_format(out, bert, t->keeps_accents ? "false" : "true", t->cased ? "false" : "true");
        ad_text_add(out, ",\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"decoder\":{\"type\":"
                         "\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true},\n");
        break;
    default:
        ad_text_format(out, "\"normalizer\":null,\"pre_tokenizer\":%s,\"decoder\":%s,\n",
                       byte_level, byte_level);
    }
}

static ad_status give(ad_tokenizer *t, const char **text, size_t *length)
{
    bool failed = t->text.failed;
    *text = failed ? "" : ad_text_get(&t->text);
    *length = failed ? 0 : t->text.length;
    return failed ? ad_fail(t->ctx, AD_ERROR_MEMORY, "no memory for the tokenizer's text") : AD_OK;
}

ad_status ad_tokenizer_to_hf(ad_tokenizer *t, const char **text, size_t *length)
{
    if (ad_tokenizer_check_kept(t)) return AD_ERROR_UNSUPPORTED;
    ad_text *out = &t->text;
    out->length = 0, out->failed = false;
    ad_text_add(out, "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\n");
    add_tokens(t, out);
    add_post_processor(t, out);
    add_steps(t, out);
    if (t->kind == AD_TOKENIZER_WORDPIECE) {
        ad_text_add(out, "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",");
        ad_text_add(out, "\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100,");
        add_vocab(t, out);
        ad_text_add(out, "}}\n");
    } else {
        add_bpe(t, out);
    }
    return give(t, text, length);
}

ad_status ad_tokenizer_to_hf_config(ad_tokenizer *t, int64_t most, const char **text,
                                    size_t *length)
{
    static const char *const keys[AD_TOKEN_SPECIALS] = {[AD_TOKEN_BOS] = "bos_token",
                                                        [AD_TOKEN_EOS] = "eos_token",
                                                        [AD_TOKEN_UNKNOWN] = "unk_token",
                                                        [AD_TOKEN_PAD] = "pad_token",
                                                        [AD_TOKEN_MASK] = "mask_token"};
    ad_text *out = &t->text;
    out->length = 0, out->failed = false;
    ad_text_add(out, "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\"");
    ad_text_format(out, ",\n  \"model_max_length\": %lld", (long long)most);
    ad_text_add(out, ",\n  \"clean_up_tokenization_spaces\": false");
    for (int i = 0; i < AD_TOKEN_SPECIALS; ++i) {
        if (t->special[i] < 0) continue;
        ad_text_format(out, ",\n  \"%s\": ", keys[i]);
        add_piece(t, out, t->special[i]);
    }
    ad_text_add(out, "\n}\n");
    return give(t, text, length);
}
