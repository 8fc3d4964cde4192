/* tokenizer_save.c - tokenizers in the files of their kind, which other programs read. */
#include "base/ending.h"
#include "base/utf8.h"
#include "base/file.h"
#include "io/json.h"
#include "data/text/tokenizer_kinds.h"
#include "data/text/byte_spelling.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static ad_status write_file(ad_context *ctx, const char *path, const ad_text *text)
{
    ad_output *output;
    if (text->failed) return ad_fail(ctx, AD_ERROR_MEMORY, "%s: no memory to write it", path);
    ad_status status = ad_output_open(&output, ctx, path);
    if (status) return status;
    ad_output_write(output, ad_text_get(text), text->length);
    return ad_output_commit(output);
}

void ad_text_json_string(ad_text *out, const char *text, size_t length)
{
    unsigned refusals = ad_json_refusals();
    json_t *string = json_stringn(text, length);
    ad_json_dump(out, string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII, refusals);
    json_decref(string);
}

/* {"!": 0, ...} */
static void vocab_json(ad_tokenizer *t, ad_text *out)
{
    ad_text spelled;
    ad_text_init(&spelled, t->ctx);
    for (int32_t id = 0; id < t->vocabulary.count; ++id) {
        size_t length;
        const char *bytes = ad_vocabulary_piece(&t->vocabulary, id, &length);
        bool control = t->vocabulary.pieces[id].type == AD_PIECE_CONTROL &&
                       ad_utf8_valid(bytes, length) == length;
        spelled.length = 0;
        if (control)
            ad_text_bytes(&spelled, bytes, length);
        else
            ad_spell_bytes(&spelled, bytes, length);
        ad_text_add(out, id ? ", " : "{");
        if (spelled.failed) break;
        ad_text_json_string(out, spelled.data, spelled.length);
        ad_text_format(out, ": %d", id);
    }
    ad_text_add(out, "}\n");
    out->failed |= spelled.failed;
    ad_text_free(&spelled);
}

static void merges_txt(ad_tokenizer *t, ad_text *out)
{
    ad_text_add(out, "#version: 0.2\n");
    for (int64_t i = 0; i < t->merge_count; ++i)
        for (int side = 0; side < 2; ++side) {
            size_t length;
            const char *bytes = ad_vocabulary_piece(
                &t->vocabulary, side ? t->merges[i].right : t->merges[i].left, &length);
            ad_spell_bytes(out, bytes, length);
            ad_text_add(out, side ? "\n" : " ");
        }
}

static void vocab_txt(ad_tokenizer *t, ad_text *out)
{
    for (int32_t id = 0; id < t->vocabulary.count; ++id) {
        size_t length;
        const char *bytes = ad_vocabulary_piece(&t->vocabulary, id, &length);
        ad_text_bytes(out, bytes, length);
        ad_text_add(out, "\n");
    }
}

static void llama2c_bin(ad_tokenizer *t, ad_text *out)
{
    int32_t longest = (int32_t)t->vocabulary.longest;
    ad_text_bytes(out, &longest, 4);
    for (int32_t id = 0; id < t->vocabulary.count; ++id) {
        size_t length;
        const char *bytes = ad_vocabulary_piece(&t->vocabulary, id, &length);
        int32_t count = (int32_t)length;
        ad_text_bytes(out, &t->scores[id], 4);
        ad_text_bytes(out, &count, 4);
        ad_text_bytes(out, bytes, length);
    }
}

static void own_text(ad_tokenizer *t, ad_text *out)
{
    const char *text;
    size_t length;
    if (ad_tokenizer_to_text(t, &text, &length)) out->failed = true;
    ad_text_bytes(out, text, length);
    ad_text_add(out, "\n");
}

static ad_status write_with(ad_tokenizer *t, const char *folder, const char *name,
                            void (*fill)(ad_tokenizer *, ad_text *))
{
    char path[4096];
    ad_text text;
    ad_text_init(&text, t->ctx);
    if (snprintf(path, sizeof path, "%s%s%s", folder, *name ? "/" : "", name) >= (int)sizeof path)
        return ad_fail(t->ctx, AD_ERROR_ARGUMENT, "%s: the path is too long", folder);
    fill(t, &text);
    ad_status status = write_file(t->ctx, path, &text);
    ad_text_free(&text);
    return status;
}

ad_status ad_tokenizer_save(ad_tokenizer *t, const char *path)
{
    if (ad_tokenizer_check_kept(t)) return AD_ERROR_UNSUPPORTED;
    if (ad_ends_with(path, ".json")) return write_with(t, path, "", own_text);
    if (mkdir(path, 0777) && errno != EEXIST)
        return ad_fail_io(t->ctx, path, "cannot create the folder", errno);
    ad_status status;
    switch (t->kind) {
    case AD_TOKENIZER_BPE:
        status = write_with(t, path, "merges.txt", merges_txt);
        return status ? status : write_with(t, path, "vocab.json", vocab_json);
    case AD_TOKENIZER_SENTENCEPIECE:
        if (t->special[AD_TOKEN_UNKNOWN] != 0 || t->special[AD_TOKEN_BOS] != 1 ||
            t->special[AD_TOKEN_EOS] != 2 || !t->prefix_space)
            return ad_fail(t->ctx, AD_ERROR_UNSUPPORTED,
                           "%s: tokenizer.bin has no place for special tokens other than 0, 1 and "
                           "2; name a .json file",
                           path);
        if (t->merge_count)
            return ad_fail(t->ctx, AD_ERROR_UNSUPPORTED,
                           "%s: tokenizer.bin has no place for merges by rank; name a .json file",
                           path);
        return write_with(t, path, "tokenizer.bin", llama2c_bin);
    case AD_TOKENIZER_WORDPIECE: return write_with(t, path, "vocab.txt", vocab_txt);
    default: return write_with(t, path, "tokenizer.json", own_text);
    }
}
