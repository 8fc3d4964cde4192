/* tokenizer_marian.c - the tokenizers of a folder that transformers wrote for a Marian model:
 * SentencePiece's models source.spm and target.spm cut a text into pieces, vocab.json gives these
 * the ids that the network knows, of both languages (or target_vocab.json those of the target's).
 */
#include "data/text/tokenizer_kinds.h"
#include "data/text/unigram.h"
#include "io/json.h"
#include "io/source.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096 };

static bool file_path(char path[PATH_BYTES], const char *folder, const char *name)
{
    struct stat about;
    return snprintf(path, PATH_BYTES, "%s/%s", folder, name) < PATH_BYTES &&
           stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

static ad_status read_spm(ad_tokenizer *t, const char *path)
{
    ad_content file;
    ad_status status = ad_content_read(&file, t->ctx, path, AD_MAX_TOKENIZER_BYTES);
    if (status) return status;
    status = ad_unigram_read(&t->unigram, t->ctx, path, (const char *)file.bytes, file.size);
    ad_content_free(&file);
    return status;
}

static ad_status add_all(ad_tokenizer *t, const char *path, const json_t *root, const char **keys)
{
    int64_t count = (int64_t)json_object_size(root);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)root, key, value)
    {
        json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
        if (id < 0 || id >= count || keys[id])
            return ad_fail(t->ctx, AD_ERROR_FORMAT,
                           "%s: the id of \"%.60s\" is no whole number below %lld, or is that of "
                           "another piece",
                           path, key, (long long)count);
        keys[id] = key;
    }
    ad_status status = AD_OK;
    for (int64_t i = 0; i < count && !status; ++i)
        status = ad_tokenizer_add(t, path, keys[i], strlen(keys[i]), AD_PIECE_NORMAL, 0);
    return status;
}

static ad_status read_vocabulary(ad_tokenizer *t, const char *path)
{
    json_t *root;
    ad_status status = ad_json_object_load(t->ctx, path, &root);
    if (status) return status;
    int64_t count = (int64_t)json_object_size(root);
    if (!count || count > AD_MAX_PIECES) {
        json_decref(root);
        return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: has %lld pieces, expected 1 to %d", path,
                       (long long)count, AD_MAX_PIECES);
    }
    const char **keys = ad_zalloc(t->ctx, ad_bytes(count, sizeof *keys));
    status = keys ? add_all(t, path, root, keys) : AD_ERROR_MEMORY;
    if (keys) ad_free(t->ctx, (void *)keys, ad_bytes(count, sizeof *keys));
    json_decref(root);
    if (!status) status = ad_tokenizer_finish(t, path);
    if (!status && t->special[AD_TOKEN_UNKNOWN] < 0)
        status = ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: has no <unk>", path);
    return status;
}

static ad_status open_side(ad_tokenizer **out, ad_context *ctx, const char *spm, const char *ids)
{
    ad_tokenizer *t = ad_tokenizer_new(ctx, AD_TOKENIZER_UNIGRAM);
    if (!t) return AD_ERROR_MEMORY;
    ad_status status = read_vocabulary(t, ids);
    if (!status) status = read_spm(t, spm);
    if (!status)
        status = ad_unigram_number(t->unigram, &t->vocabulary, t->special[AD_TOKEN_UNKNOWN]);
    return ad_tokenizer_give(out, t, status);
}

ad_status ad_tokenizer_open_marian(ad_tokenizer **source, ad_tokenizer **target, ad_context *ctx,
                                   const char *folder)
{
    static const char *const names[] = {"source.spm", "target.spm", "vocab.json"};
    char path[3][PATH_BYTES], other[PATH_BYTES];
    *source = *target = NULL;
    for (int i = 0; i < 3; ++i)
        if (!file_path(path[i], folder, names[i]))
            return ad_fail(ctx, AD_ERROR_NOT_FOUND,
                           "%s: has no %s (a Marian model's vocabulary is source.spm, target.spm "
                           "and vocab.json)",
                           folder, names[i]);
    bool two = file_path(other, folder, "target_vocab.json");
    ad_status status = open_side(source, ctx, path[0], path[2]);
    if (!status) status = open_side(target, ctx, path[1], two ? other : path[2]);
    if (status) {
        ad_tokenizer_free(*source);
        *source = NULL;
    }
    return status;
}
