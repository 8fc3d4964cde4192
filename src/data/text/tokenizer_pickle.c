/* tokenizer_pickle.c - nanoGPT's meta.pkl: a dictionary whose "stoi" gives each character its id.
 */
#include "base/utf8.h"
#include "data/text/tokenizer_kinds.h"
#include "io/pickle.h"

#include <string.h>

/* The value of a dictionary by a key of text, or NULL. */
static const ad_pickle_value *look_up(const ad_pickle_value *dict, const char *key)
{
    for (size_t i = 0; dict->kind == AD_PV_DICT && i < dict->list.count; i += 2) {
        const ad_pickle_value *k = dict->list.items[i];
        if (k->kind == AD_PV_STRING && k->text.length == strlen(key) &&
            !memcmp(k->text.bytes, key, k->text.length))
            return dict->list.items[i + 1];
    }
    return NULL;
}

static bool is_character(const ad_pickle_value *key)
{
    int32_t code;
    return key->kind == AD_PV_STRING && key->text.length &&
           (size_t)ad_utf8_next(key->text.bytes, key->text.length, &code) == key->text.length;
}

/* The characters by id, in memory of the arena; NULL: the error is set. */
static const ad_pickle_value **sort(ad_pickle *p, const ad_pickle_value *stoi)
{
    size_t count = stoi->list.count / 2;
    const ad_pickle_value **by_id = ad_arena_alloc(p->arena, count * sizeof *by_id);
    if (!by_id) return NULL;
    for (size_t i = 0; i < count; ++i) {
        const ad_pickle_value *key = stoi->list.items[2 * i], *id = stoi->list.items[2 * i + 1];
        if (!is_character(key))
            ad_fail(p->ctx, AD_ERROR_FORMAT, "%s: key %zu of stoi is not one character", p->path,
                    i);
        else if (id->kind != AD_PV_INT || id->integer < 0 || (size_t)id->integer >= count ||
                 by_id[id->integer])
            ad_fail(p->ctx, AD_ERROR_FORMAT,
                    "%s: the ids of stoi's %zu characters are not the numbers from 0 to %zu, each "
                    "once",
                    p->path, count, count - 1);
        else {
            by_id[id->integer] = key;
            continue;
        }
        return NULL;
    }
    return by_id;
}

static ad_status read_characters(ad_tokenizer *t, ad_pickle *p)
{
    ad_pickle_value *root;
    ad_status status = ad_pickle_load(p, &root);
    if (status) return status;
    const ad_pickle_value *stoi = look_up(root, "stoi");
    if (!stoi || stoi->kind != AD_PV_DICT || !stoi->list.count)
        return ad_fail(t->ctx, AD_ERROR_FORMAT,
                       "%s: is a pickle without stoi, the characters and their ids of nanoGPT's "
                       "meta.pkl",
                       p->path);
    const ad_pickle_value **by_id = sort(p, stoi);
    if (!by_id) return ad_error_status(t->ctx);
    for (size_t i = 0; i < stoi->list.count / 2 && !status; ++i)
        status = ad_tokenizer_add(t, p->path, by_id[i]->text.bytes, by_id[i]->text.length,
                                  AD_PIECE_NORMAL, 0);
    return status ? status : ad_tokenizer_finish(t, p->path);
}

ad_status ad_tokenizer_read_pickle(ad_tokenizer **out, ad_context *ctx, const char *name,
                                   const char *bytes, size_t size)
{
    ad_arena arena;
    ad_pickle pickle;
    *out = NULL;
    ad_tokenizer *t = ad_tokenizer_new(ctx, AD_TOKENIZER_CHARACTER);
    if (!t) return AD_ERROR_MEMORY;
    ad_arena_init(&arena, ctx);
    ad_pickle_init(&pickle, &arena, name, bytes, size);
    ad_status status = read_characters(t, &pickle);
    ad_pickle_free(&pickle);
    ad_arena_free(&arena);
    return ad_tokenizer_give(out, t, status);
}
