/* torch_legacy.c - PyTorch's files before 1.6 (torch/serialization.py, _legacy_save).
 *
 * A stream of pickles: a magic number, the protocol version 1001, facts about the machine, the
 * object, and the list of its storages' keys. Then, for each key, an int64 count and the elements.
 */
#include "io/torch.h"

#include <string.h>

enum { PROTOCOL = 1001 };

typedef struct block {
    const ad_pickle_storage *storage;
    const unsigned char *bytes; /* NULL until it was met */
    size_t size;
} block;

typedef struct stream {
    ad_pickle pickle;
    ad_name_row *keys; /* sorted, each once; index: into blocks */
    block *blocks;
    int count;
} stream;

static ad_status check_start(ad_file *file, stream *s)
{
    static const unsigned char magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9,
                                          0x20, 0x6a, 0xa8, 0x50, 0x19};
    ad_pickle_value *value;
    ad_status status = ad_pickle_load(&s->pickle, &value);
    if (status) return status;
    if (value->kind != AD_PV_LONG || value->text.length != sizeof magic ||
        memcmp(value->text.bytes, magic, sizeof magic))
        return ad_fail(file->ctx, AD_ERROR_FORMAT,
                       "%s: is a pickle, but not one that PyTorch wrote", file->path);
    status = ad_pickle_load(&s->pickle, &value);
    if (status) return status;
    if (value->kind != AD_PV_INT || value->integer != PROTOCOL)
        return ad_fail(file->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: is of an unknown protocol of PyTorch; expected %d", file->path,
                       PROTOCOL);
    status = ad_pickle_load(&s->pickle, &value);
    if (status) return status;
    for (size_t i = 0; value->kind == AD_PV_DICT && i < value->list.count; i += 2) {
        const ad_pickle_value *key = value->list.items[i], *fact = value->list.items[i + 1];
        if (key->kind == AD_PV_STRING && key->text.length == 13 &&
            !memcmp(key->text.bytes, "little_endian", 13) && fact->kind == AD_PV_BOOL &&
            !fact->boolean)
            return ad_fail(file->ctx, AD_ERROR_UNSUPPORTED,
                           "%s: was saved on a big-endian machine, which cannot be read",
                           file->path);
    }
    return AD_OK;
}

/* The storages that the object named, each once, sorted by key. */
static ad_status index_storages(ad_file *file, stream *s)
{
    size_t named = s->pickle.storage_count;
    s->keys = ad_arena_alloc(s->pickle.arena, named * sizeof *s->keys);
    s->blocks = ad_arena_alloc(s->pickle.arena, named * sizeof *s->blocks);
    if (!s->keys || !s->blocks) return AD_ERROR_MEMORY;
    for (size_t i = 0; i < named; ++i)
        s->keys[i] = (ad_name_row){s->pickle.storages[i]->key, (int)i};
    ad_names_sort(s->keys, (int)named);
    for (size_t i = 0; i < named; ++i) {
        const ad_pickle_storage *storage = s->pickle.storages[s->keys[i].index];
        const ad_pickle_storage *last = s->count ? s->blocks[s->count - 1].storage : NULL;
        if (!last || strcmp(last->key, storage->key)) {
            s->blocks[s->count].storage = storage;
            s->keys[s->count] = (ad_name_row){storage->key, s->count};
            ++s->count;
        } else if (last->element != storage->element || last->count != storage->count) {
            return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: storage %s is described in two ways",
                           file->path, last->key);
        }
    }
    return AD_OK;
}

static ad_status take_block(ad_file *file, stream *s, const ad_pickle_value *key)
{
    char name[64] = "";
    if (key->kind == AD_PV_STRING && key->text.length < sizeof name)
        memcpy(name, key->text.bytes, key->text.length);
    int index = ad_names_find(s->keys, s->count, name);
    if (index < 0 || s->blocks[index].bytes)
        return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: its list of storages has one that %s",
                       file->path, index < 0 ? "no tensor uses" : "it had before");
    block *b = &s->blocks[index];
    const ad_pickle_storage *storage = b->storage;
    uint64_t count = 0;
    size_t at = s->pickle.at, size = ad_element_size(storage->element);
    if (!size)
        return ad_fail(file->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: storage %s: its type %s cannot be read", file->path, name,
                       storage->type);
    if (file->size - at < 8)
        return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: is truncated before storage %s", file->path,
                       name);
    for (int i = 7; i >= 0; --i) count = count << 8 | file->bytes[at + (size_t)i];
    if (count != (uint64_t)storage->count)
        return ad_fail(file->ctx, AD_ERROR_FORMAT,
                       "%s: storage %s has %llu elements, but the pickle says %lld", file->path,
                       name, (unsigned long long)count, (long long)storage->count);
    at += 8;
    if (count > (file->size - at) / size)
        return ad_fail(
            file->ctx, AD_ERROR_FORMAT,
            "%s: is truncated: storage %s needs %lld elements of %zu bytes, %zu bytes are left",
            file->path, name, (long long)count, size, file->size - at);
    b->bytes = file->bytes + at;
    b->size = (size_t)count * size;
    s->pickle.at = at + b->size;
    return AD_OK;
}

static ad_status locate(void *user, ad_file *file, const ad_pickle_storage *storage,
                        ad_file_tensor *tensor)
{
    const stream *s = user;
    (void)file;
    int index = ad_names_find(s->keys, s->count, storage->key);
    if (index >= 0) {
        tensor->bytes = s->blocks[index].bytes;
        tensor->held = s->blocks[index].size;
    }
    return AD_OK;
}

static ad_status list(ad_file *file, stream *s)
{
    ad_pickle_value *root, *keys;
    ad_status status = check_start(file, s);
    if (!status) status = ad_pickle_load(&s->pickle, &root);
    if (!status) status = ad_pickle_load(&s->pickle, &keys);
    if (!status && keys->kind != AD_PV_LIST)
        status = ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: its list of storages is not a list",
                         file->path);
    if (!status) status = index_storages(file, s);
    for (size_t i = 0; !status && i < keys->list.count; ++i)
        status = take_block(file, s, keys->list.items[i]);
    return status ? status : ad_torch_collect(file, &s->pickle, root, locate, s);
}

ad_status ad_torch_legacy_list(ad_file *file)
{
    ad_arena arena;
    stream s = {0};
    ad_arena_init(&arena, file->ctx);
    ad_pickle_init(&s.pickle, &arena, file->path, file->bytes, file->size);
    s.pickle.keep_unknown = true;
    ad_status status = list(file, &s);
    ad_pickle_free(&s.pickle);
    ad_arena_free(&arena);
    return status;
}
