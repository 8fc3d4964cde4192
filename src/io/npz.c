/* npz.c - NumPy's archives: a zip file whose members NAME.npy are arrays; metadata.json, where it
 * is one of ours, says more. */
#include "base/ending.h"
#include "io/json_cursor.h"
#include "io/npy.h"

#include <string.h>

enum { MAX_METADATA = 1 << 28 }; /* bytes: a tokenizer may be among them */

static ad_status add_member(ad_file *file, int64_t member, const char *name, size_t length)
{
    unsigned char start[AD_NPY_START];
    size_t total, header;
    ad_status status = ad_archive_size(file->archive, member, &total);
    if (!status)
        status = ad_archive_read(file->archive, member, 0, start,
                                 total < sizeof start ? total : sizeof start, false);
    if (status) return status;
    header = ad_npy_header_size(start, total < sizeof start ? total : sizeof start);
    if (!header || header > total)
        return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: the member %s is truncated or no npy array",
                       file->path, name);
    unsigned char *bytes = ad_alloc(file->ctx, header);
    if (!bytes) return AD_ERROR_MEMORY;
    status = ad_archive_read(file->archive, member, 0, bytes, header, false);
    if (!status) status = ad_npy_add(file, name, length, bytes, header, total, NULL, member);
    ad_free(file->ctx, bytes, header);
    return status;
}

static ad_status fail_metadata(ad_file *file, const ad_json_cursor *json)
{
    char wrong[128];
    return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: metadata.json: %s", file->path,
                   ad_json_wrong(json, wrong, sizeof wrong));
}

/* The strings of an object; what else there is is no metadata of ours. */
static ad_status read_metadata(ad_file *file, const char *bytes, size_t size)
{
    ad_text key, value;
    ad_json_cursor json = ad_json_open(bytes, size);
    ad_status status = AD_OK;
    if (ad_json_peek(&json) != AD_JSON_OBJECT) return AD_OK;
    ad_text_init(&key, file->ctx), ad_text_init(&value, file->ctx);
    ad_json_enter(&json, '{');
    while (!status && ad_json_more(&json)) {
        ad_json_read_key(&json, &key);
        bool text = ad_json_peek(&json) == AD_JSON_STRING;
        bool good = text ? ad_json_read_string(&json, &value) : ad_json_skip(&json, &value);
        if (key.failed || value.failed)
            status = AD_ERROR_MEMORY;
        else if (good && text)
            status = ad_file_add_metadata(file, ad_text_get(&key), ad_text_get(&value),
                                          value.length);
    }
    if (!status && !ad_json_done(&json)) status = fail_metadata(file, &json);
    ad_text_free(&key), ad_text_free(&value);
    return status;
}

static ad_status add_metadata(ad_file *file, int64_t member)
{
    size_t size;
    ad_status status = ad_archive_size(file->archive, member, &size);
    if (status) return status;
    if (size > MAX_METADATA)
        return ad_fail(file->ctx, AD_ERROR_LIMIT,
                       "%s: metadata.json has %zu bytes; at most %d are read", file->path, size,
                       MAX_METADATA);
    char *bytes = ad_alloc(file->ctx, size);
    if (!bytes) return AD_ERROR_MEMORY;
    status = ad_archive_read(file->archive, member, 0, bytes, size, true);
    if (!status) status = read_metadata(file, bytes, size);
    ad_free(file->ctx, bytes, size);
    return status;
}

ad_status ad_npz_list(ad_file *file)
{
    ad_status status = AD_OK;
    for (int64_t i = 0; !status && i < ad_archive_count(file->archive); ++i) {
        const char *name = ad_archive_name(file->archive, i);
        if (ad_ends_with(name, ".npy"))
            status = add_member(file, i, name, strlen(name) - strlen(".npy"));
        else if (!strcmp(name, "metadata.json"))
            status = add_metadata(file, i);
    }
    return status;
}
