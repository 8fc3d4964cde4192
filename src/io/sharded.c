/* sharded.c - weights in several safetensors files, by an index that says which holds what:
 * Hugging Face's model.safetensors.index.json, {"weight_map": {"tensor": "file", ...}}.
 *
 * The files lie beside the index: what it calls them are names, never paths, and what it leads to
 * is safetensors, never another index. Metadata are those of the first file. */
#include "base/hash_index.h"
#include "io/json_cursor.h"
#include "io/weights.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { INDEX_BYTES_MOST = 64 << 20, SHARDS_MOST = 1024 };

/* An index that is being read. */
typedef struct reader {
    ad_file *file;
    ad_json_cursor json;
    ad_text key, name, scratch; /* of a member; the file that it names; what is passed over */
    ad_hash_index known;        /* numbers of file->shards by their names */
    int last;                   /* the one before: most tensors lie beside their neighbours */
    bool found;                 /* there is a weight_map */
} reader;

static const char *name_of(const ad_file *shard)
{
    const char *slash = strrchr(shard->path, '/');
    return slash ? slash + 1 : shard->path;
}

static uint64_t hash_of(const char *name)
{
    return ad_hash_mix(ad_hash(AD_HASH_START, name, strlen(name)));
}

/* -1: it has not been opened. */
static int find_opened(const reader *r, const char *name)
{
    ad_file **shards = r->file->shards;
    int64_t probe = 0;
    if (r->file->shard_count && !strcmp(name_of(shards[r->last]), name)) return r->last;
    for (int i; (i = ad_hash_index_next(&r->known, hash_of(name), &probe)) >= 0;)
        if (!strcmp(name_of(shards[i]), name)) return i;
    return -1;
}

static ad_status check_name(const ad_file *file, const char *name)
{
    bool plain = *name && *name != '.' && !strchr(name, '/');
    for (const char *c = name; *c; ++c) plain &= (unsigned char)*c >= ' ' && *c != 127;
    if (plain) return AD_OK;
    return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: \"%.60s\" is not the name of a file beside it",
                   file->path, name);
}

static ad_status open_shard(reader *r, const char *name)
{
    ad_file *file = r->file;
    char path[PATH_MAX];
    const char *slash = strrchr(file->path, '/');
    int folder = slash ? (int)(slash - file->path) + 1 : 0;
    ad_status status = check_name(file, name);
    if (status) return status;
    if (file->shard_count == SHARDS_MOST)
        return ad_fail(file->ctx, AD_ERROR_LIMIT, "%s: names more than %d files", file->path,
                       SHARDS_MOST);
    if (snprintf(path, sizeof path, "%.*s%s", folder, file->path, name) >= (int)sizeof path)
        return ad_fail(file->ctx, AD_ERROR_ARGUMENT, "%s: the path of a file beside it is too long",
                       file->path);
    if (!file->shards) file->shards = ad_arena_alloc(&file->arena, SHARDS_MOST * sizeof(ad_file *));
    if (!file->shards) return AD_ERROR_MEMORY;
    status = ad_file_open_shard(&file->shards[file->shard_count], file->ctx, path);
    if (status) return status;
    ++file->shard_count;
    return ad_hash_index_put(&r->known, hash_of(name), file->shard_count - 1) ? AD_OK
                                                                              : AD_ERROR_MEMORY;
}

static ad_status add(reader *r, const char *tensor, const char *name)
{
    ad_file *file = r->file;
    int at = find_opened(r, name);
    if (at < 0) {
        ad_status status = open_shard(r, name);
        if (status) return status;
        at = file->shard_count - 1;
    }
    r->last = at;
    const ad_file *shard = file->shards[at];
    int index = ad_names_find(shard->raw_names, shard->count, tensor);
    if (index < 0)
        return ad_file_fail(file, AD_ERROR_FORMAT, tensor, "is not in %.200s, as the index says",
                            name);
    return ad_file_add(file, tensor, strlen(tensor), &shard->tensors[index]);
}

static ad_status wrong_json(const reader *r)
{
    char text[96];
    return ad_fail(r->file->ctx, AD_ERROR_FORMAT, "%s: is not the index of a model: %s",
                   r->file->path, ad_json_wrong(&r->json, text, sizeof text));
}

static ad_status add_map(reader *r)
{
    r->found = true;
    ad_json_enter(&r->json, '{');
    while (ad_json_more(&r->json) && ad_json_read_key(&r->json, &r->key)) {
        if (ad_json_peek(&r->json) != AD_JSON_STRING)
            return ad_file_fail(r->file, AD_ERROR_FORMAT, ad_text_get(&r->key),
                                "the index does not say its file");
        if (!ad_json_read_string(&r->json, &r->name)) break;
        if (r->key.failed || r->name.failed) return AD_ERROR_MEMORY;
        ad_status status = add(r, ad_text_get(&r->key), ad_text_get(&r->name));
        if (status) return status;
    }
    if (r->key.failed || r->name.failed) return AD_ERROR_MEMORY;
    return r->json.wrong ? wrong_json(r) : AD_OK;
}

static ad_status add_all(reader *r)
{
    ad_json_enter(&r->json, '{');
    while (ad_json_more(&r->json) && ad_json_read_key(&r->json, &r->key)) {
        if (strcmp(ad_text_get(&r->key), "weight_map") != 0) {
            ad_json_skip(&r->json, &r->scratch);
            continue;
        }
        ad_status status = add_map(r);
        if (status) return status;
    }
    if (r->key.failed || r->scratch.failed) return AD_ERROR_MEMORY;
    if (!ad_json_done(&r->json)) return wrong_json(r);
    if (r->found) return AD_OK;
    return ad_fail(r->file->ctx, AD_ERROR_FORMAT,
                   "%s: is JSON, but not the index of a model: it has no weight_map",
                   r->file->path);
}

static ad_status copy_metadata(ad_file *file)
{
    const ad_file *first = file->shard_count ? file->shards[0] : NULL;
    ad_status status = AD_OK;
    for (int i = 0; first && i < first->metadata_count && !status; ++i) {
        ad_metadata m = first->metadata[i];
        status = ad_file_add_metadata(file, m.key, m.value, strlen(m.value));
    }
    return status;
}

ad_status ad_sharded_list(ad_file *file)
{
    if (!file->on_disk.bytes)
        return ad_fail(file->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: is JSON in memory, beside which no files lie; open it by its path",
                       file->path);
    if (file->size > INDEX_BYTES_MOST)
        return ad_fail(file->ctx, AD_ERROR_LIMIT, "%s: is JSON of %zu bytes; the limit is %d",
                       file->path, file->size, INDEX_BYTES_MOST);
    ad_status status = ad_file_need(file, 0,
                                    (size_t)(file->bytes - file->on_disk.bytes) + file->size);
    if (status) return status;
    reader r = {
        .file = file, .json = ad_json_open(file->bytes, file->size), .known = {.ctx = file->ctx}};
    ad_text_init(&r.key, file->ctx);
    ad_text_init(&r.name, file->ctx);
    ad_text_init(&r.scratch, file->ctx);
    status = add_all(&r);
    if (!status) status = copy_metadata(file);
    ad_hash_index_free(&r.known);
    ad_text_free(&r.key);
    ad_text_free(&r.name);
    ad_text_free(&r.scratch);
    return status;
}
