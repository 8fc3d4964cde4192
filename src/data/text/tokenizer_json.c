/* tokenizer_json.c - vocabularies as JSON objects of piece and id: GPT-2's encoder.json with
 * vocab.bpe (Hugging Face: vocab.json with merges.txt), and characters by number. Hugging Face's
 * tokenizer.json goes on to tokenizer_hf.c. */
#include "base/utf8.h"
#include "io/json.h"
#include "data/text/tokenizer_kinds.h"
#include "data/text/byte_spelling.h"

#include <string.h>

/* The object's keys by id: NULL where memory is refused or the ids are not 0 .. count - 1. */
static const char **keys_by_id(ad_context *ctx, const char *name, const json_t *object,
                               int64_t count)
{
    const char **keys = ad_zalloc(ctx, ad_bytes(count, sizeof *keys));
    if (!keys) return NULL;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
        if (id >= 0 && id < count && !keys[id]) {
            keys[id] = key;
            continue;
        }
        if (id >= 0 && id < count)
            ad_fail(ctx, AD_ERROR_FORMAT, "%s: \"%s\" and \"%s\" have the same id, %lld", name,
                    keys[id], key, (long long)id);
        else
            ad_fail(ctx, AD_ERROR_FORMAT,
                    "%s: the id of \"%.60s\" is not a whole number from 0 to %lld", name, key,
                    (long long)count - 1);
        ad_free(ctx, keys, ad_bytes(count, sizeof *keys));
        return NULL;
    }
    return keys;
}

static ad_status add_key(ad_tokenizer *t, const char *name, const char *key)
{
    size_t length = strlen(key);
    if (t->kind == AD_TOKENIZER_CHARACTER) {
        int32_t code;
        if (!length || (size_t)ad_utf8_next(key, length, &code) != length)
            return ad_fail(t->ctx, AD_ERROR_FORMAT,
                           "%s: \"%.60s\" is not one character, and a vocabulary of longer pieces "
                           "needs its merges beside it, in vocab.bpe or merges.txt",
                           name, key);
        return ad_tokenizer_add(t, name, key, length, AD_PIECE_NORMAL, 0);
    }
    t->scratch.length = 0;
    ad_text_bytes(&t->scratch, key, length);
    if (t->scratch.failed) return AD_ERROR_MEMORY;
    int64_t bytes = ad_unspell_bytes(key, length, t->scratch.data);
    if (bytes < 0) /* a special token with a space, say: as it is written */
        return ad_tokenizer_add(t, name, key, length, AD_PIECE_CONTROL, 0);
    return ad_tokenizer_add(t, name, t->scratch.data, (size_t)bytes, AD_PIECE_NORMAL, 0);
}

/* One side of a merge's line. */
static int32_t side(ad_tokenizer *t, const char *name, int64_t line, const char *text,
                    size_t length)
{
    char bytes[256];
    int64_t n = length && length <= sizeof bytes ? ad_unspell_bytes(text, length, bytes) : -1;
    int32_t id = n < 0 ? -1 : ad_vocabulary_find(&t->vocabulary, bytes, (size_t)n);
    if (id < 0)
        ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: line %lld: \"%.*s\" is not in the vocabulary", name,
                (long long)line, (int)(length < 60 ? length : 60), text);
    return id;
}

ad_status ad_tokenizer_merge_line(ad_tokenizer *t, const char *name, int64_t line, const char *text,
                                  size_t length)
{
    const char *space = memchr(text, ' ', length);
    if (!space)
        return ad_fail(t->ctx, AD_ERROR_FORMAT,
                       "%s: line %lld is not two pieces with a space between them", name,
                       (long long)line);
    size_t left_length = (size_t)(space - text);
    int32_t left = side(t, name, line, text, left_length);
    if (left < 0) return AD_ERROR_FORMAT;
    int32_t right = side(t, name, line, space + 1, length - left_length - 1);
    if (right < 0) return AD_ERROR_FORMAT;
    return ad_tokenizer_add_merge(t, name, line, left, right);
}

static ad_status add_merges(ad_tokenizer *t, const char *name, const char *text, size_t size)
{
    int64_t line = 0;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        size_t shown = length && text[at + length - 1] == '\r' ? length - 1 : length;
        ++line;
        bool version = line == 1 && shown >= 8 && !memcmp(text + at, "#version", 8);
        if (shown && !version) {
            ad_status status = ad_tokenizer_merge_line(t, name, line, text + at, shown);
            if (status) return status;
        }
        at += length + 1;
    }
    return AD_OK;
}

ad_status ad_tokenizer_read_json(ad_tokenizer **out, ad_context *ctx, const char *name,
                                 const char *bytes, size_t size, const char *merges_name,
                                 const char *merges, size_t merges_size)
{
    json_t *object;
    *out = NULL;
    ad_status status = ad_json_parse(ctx, name, bytes, size,
                                     JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &object);
    if (status) return status;
    if (json_is_object(json_object_get(object, "model"))) {
        status = ad_tokenizer_read_hf(out, ctx, name, object);
        json_decref(object);
        return status;
    }
    ad_tokenizer *t = NULL;
    const char **keys = NULL;
    int64_t count = (int64_t)json_object_size(object);
    if (!json_is_object(object) || !count)
        status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: is not an object of pieces and ids", name);
    else if (json_is_string(json_object_get(object, "model_type")))
        status = ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                         "%s: is a configuration of Hugging Face's; the vocabulary is read from "
                         "tokenizer.json, vocab.json and merges.txt, or vocab.txt",
                         name);
    else if (!(keys = keys_by_id(ctx, name, object, count)))
        status = ad_error_status(ctx);
    else if (!(t = ad_tokenizer_new(ctx, merges ? AD_TOKENIZER_BPE : AD_TOKENIZER_CHARACTER)))
        status = AD_ERROR_MEMORY;
    for (int64_t id = 0; id < count && !status; ++id) status = add_key(t, name, keys[id]);
    if (!status && merges) status = add_merges(t, merges_name, merges, merges_size);
    if (!status) status = ad_tokenizer_finish(t, name);
    if (!status) /* of this kind only RoBERTa has a mask */
        t->mask_takes_space = t->kind == AD_TOKENIZER_BPE && t->special[AD_TOKEN_MASK] >= 0;
    if (keys) ad_free(ctx, keys, ad_bytes(count, sizeof *keys));
    json_decref(object);
    return ad_tokenizer_give(out, t, status);
}
