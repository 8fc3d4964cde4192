/* tokenizer_text.c - every kind as one JSON text, which travels in a checkpoint's metadata.
 *
 *     {"format": "autodidact tokenizer", "version": 1, "kind": "BPE", "special": [bos, eos, ...],
 *      "control": [ids], "pieces": [...], "merges": [left, right, ...], "scores": [...],
 *      "prefix_space": true, "cased": false, "keeps_accents": false, "mask_takes_space": false}
 *
 * The pieces of BPE are spelled as in GPT-2's files, since they need not be UTF-8. Control pieces
 * that cannot be spelled so do not occur: they are UTF-8 and spelled by their bytes. */
#include "base/utf8.h"
#include "io/json.h"
#include "data/text/tokenizer_kinds.h"
#include "data/text/byte_spelling.h"

#include <string.h>

static const char format_name[] = "autodidact tokenizer";

/* ---- writing ---- */

static json_t *piece_json(ad_tokenizer *t, int32_t id)
{
    size_t length;
    const char *bytes = ad_vocabulary_piece(&t->vocabulary, id, &length);
    if (t->kind != AD_TOKENIZER_BPE) return json_stringn(bytes, length);
    t->scratch.length = 0;
    ad_spell_bytes(&t->scratch, bytes, length);
    return t->scratch.failed ? NULL : json_stringn(t->scratch.data, t->scratch.length);
}

static void fill(ad_tokenizer *t, json_t *pieces, json_t *control, json_t *scores, json_t *merges)
{
    for (int32_t i = 0; i < t->vocabulary.count; ++i) {
        if (t->kind != AD_TOKENIZER_BYTE) json_array_append_new(pieces, piece_json(t, i));
        if (t->vocabulary.pieces[i].type == AD_PIECE_CONTROL)
            json_array_append_new(control, json_integer(i));
        if (t->scores) json_array_append_new(scores, json_real((double)t->scores[i]));
    }
    for (int64_t i = 0; i < t->merge_count; ++i) {
        json_array_append_new(merges, json_integer(t->merges[i].left));
        json_array_append_new(merges, json_integer(t->merges[i].right));
    }
}

ad_status ad_tokenizer_to_text(ad_tokenizer *t, const char **text, size_t *length)
{
    if (ad_tokenizer_check_kept(t)) return AD_ERROR_UNSUPPORTED;
    unsigned refusals = ad_json_refusals();
    json_t *pieces = json_array(), *control = json_array(), *scores = json_array(),
           *merges = json_array(), *special = json_array();
    *text = "", *length = 0;
    if (pieces && control && scores && merges && special) {
        fill(t, pieces, control, scores, merges);
        for (int i = 0; i < AD_TOKEN_SPECIALS; ++i)
            json_array_append_new(special, json_integer(t->special[i]));
    }
    bool whole = (t->kind == AD_TOKENIZER_BYTE ||
                  (int64_t)json_array_size(pieces) == t->vocabulary.count) &&
                 (int64_t)json_array_size(merges) == 2 * t->merge_count &&
                 (!t->scores || (int64_t)json_array_size(scores) == t->vocabulary.count);
    json_t *all = json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:b}",
                            "format", format_name, "version", 1, "kind",
                            ad_tokenizer_kind_name(t->kind), "special", special, "control", control,
                            "pieces", pieces, "scores", scores, "merges", merges, "prefix_space",
                            (int)t->prefix_space, "cased", (int)t->cased, "keeps_accents",
                            (int)t->keeps_accents, "mask_takes_space", (int)t->mask_takes_space);
    t->text.length = 0, t->text.failed = false;
    ad_json_dump(&t->text, all, JSON_COMPACT, refusals);
    json_decref(all);
    if (t->text.failed || !whole)
        return ad_fail(t->ctx, AD_ERROR_MEMORY, "no memory for the tokenizer's text");
    *text = t->text.data, *length = t->text.length;
    return AD_OK;
}

/* ---- reading ---- */

static ad_status wrong(ad_context *ctx, const char *name, const char *what)
{
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: %s of the tokenizer are missing or of the wrong kind",
                   name, what);
}

static bool id_at(const json_t *array, size_t at, int64_t count, int32_t *id)
{
    const json_t *value = json_array_get(array, at);
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) >= count)
        return false;
    *id = (int32_t)json_integer_value(value);
    return true;
}

static ad_status read_piece(ad_tokenizer *t, const char *name, const json_t *piece,
                            const json_t *score)
{
    const char *text = json_string_value(piece);
    size_t length = json_string_length(piece);
    int64_t bytes = (int64_t)length;
    int32_t code;
    if (!text || (t->kind == AD_TOKENIZER_SENTENCEPIECE && !json_is_number(score)))
        return wrong(t->ctx, name, "pieces or scores");
    if (t->kind == AD_TOKENIZER_BPE) {
        t->scratch.length = 0;
        ad_text_bytes(&t->scratch, text, length);
        if (t->scratch.failed) return AD_ERROR_MEMORY;
        bytes = ad_unspell_bytes(text, length, t->scratch.data);
        text = t->scratch.data;
    }
    if (bytes < 0 || (t->kind == AD_TOKENIZER_CHARACTER &&
                      (!length || (size_t)ad_utf8_next(text, length, &code) != length)))
        return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: piece %lld does not spell %s", name,
                       (long long)t->vocabulary.count, bytes < 0 ? "bytes" : "character");
    return ad_tokenizer_add(t, name, text, (size_t)bytes, AD_PIECE_NORMAL,
                            (float)json_number_value(score));
}

static ad_status read_parts(ad_tokenizer *t, const char *name, const json_t *all)
{
    const json_t *pieces = json_object_get(all, "pieces"), *scores = json_object_get(all, "scores"),
                 *merges = json_object_get(all, "merges"),
                 *control = json_object_get(all, "control"),
                 *special = json_object_get(all, "special");
    ad_status status = AD_OK;
    if (!json_is_array(pieces) || !json_is_array(special) || !json_is_array(control))
        return wrong(t->ctx, name, "pieces, control or special tokens");
    for (size_t i = 0; i < json_array_size(pieces) && !status; ++i)
        status = read_piece(t, name, json_array_get(pieces, i), json_array_get(scores, i));
    int64_t count = t->vocabulary.count;
    if (!status && json_array_size(merges) % 2) status = wrong(t->ctx, name, "merges");
    for (size_t i = 0; i + 1 < json_array_size(merges) && !status; i += 2) {
        int32_t left, right;
        status = id_at(merges, i, count, &left) && id_at(merges, i + 1, count, &right)
                     ? ad_tokenizer_add_merge(t, name, (int64_t)i / 2, left, right)
                     : wrong(t->ctx, name, "merges");
    }
    for (size_t i = 0; i < json_array_size(control) && !status; ++i) {
        int32_t id;
        if (id_at(control, i, count, &id))
            t->vocabulary.pieces[id].type = AD_PIECE_CONTROL;
        else
            status = wrong(t->ctx, name, "control tokens");
    }
    for (size_t i = 0; i < AD_TOKEN_SPECIALS && !status; ++i) {
        const json_t *value = json_array_get(special, i);
        if (!json_is_integer(value) || json_integer_value(value) >= count ||
            json_integer_value(value) < -1)
            status = wrong(t->ctx, name, "special tokens");
        else
            t->special[i] = (int32_t)json_integer_value(value);
    }
    t->prefix_space = json_is_true(json_object_get(all, "prefix_space"));
    t->cased = json_is_true(json_object_get(all, "cased"));
    t->keeps_accents = json_is_true(json_object_get(all, "keeps_accents"));
    t->mask_takes_space = json_is_true(json_object_get(all, "mask_takes_space"));
    return status ? status : ad_tokenizer_finish(t, name);
}

ad_status ad_tokenizer_read_text(ad_tokenizer **out, ad_context *ctx, const char *name,
                                 const char *bytes, size_t size)
{
    json_t *all;
    *out = NULL;
    ad_status status = ad_json_parse(ctx, name, bytes, size,
                                     JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &all);
    if (status) return status;
    const char *format = json_string_value(json_object_get(all, "format")),
               *kind = json_string_value(json_object_get(all, "kind"));
    json_int_t version = json_integer_value(json_object_get(all, "version"));
    ad_tokenizer *t = NULL;
    int k = 0;
    while (kind && k <= AD_TOKENIZER_WORDPIECE && strcmp(kind, ad_tokenizer_kind_name(k))) ++k;
    if (!format || strcmp(format, format_name) || !kind)
        status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: is not the text of a tokenizer", name);
    else if (version != 1 || k > AD_TOKENIZER_WORDPIECE)
        status = ad_fail(
            ctx, AD_ERROR_UNSUPPORTED,
            "%s: is a tokenizer of version %lld and kind \"%.40s\", which is not known", name,
            (long long)version, kind);
    else if (k == AD_TOKENIZER_BYTE)
        status = ad_tokenizer_bytes(&t, ctx);
    else if (!(t = ad_tokenizer_new(ctx, (ad_tokenizer_kind)k)))
        status = AD_ERROR_MEMORY;
    else
        status = read_parts(t, name, all);
    json_decref(all);
    return ad_tokenizer_give(out, t, status);
}

ad_status ad_tokenizer_from_text(ad_tokenizer **out, ad_context *ctx, const char *name,
                                 const char *text, size_t length)
{
    return ad_tokenizer_read_text(out, ctx, name, text, length);
}
