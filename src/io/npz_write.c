/* npz_write.c - writing .npy, and .npz: a zip archive of stored (not compressed) .npy members.
 *
 * The archive is written here, not by libzip, because it must be part of one atomic write with the
 * same bytes on every machine: fixed time stamps, and the 64-bit form (APPNOTE 6.3, 4.5.3)
 * throughout, as numpy.savez writes it, so that small and huge archives take the same way. */
#include "base/crc.h"
#include "base/escape.h"
#include "io/npy.h"
#include "io/weights_write.h"

#include <string.h>

/* ---- one array: header and data, with bf16 widened ---- */

typedef struct array {
    ad_context *ctx;
    ad_text header;
    const void *data;
    void *owned, *widened;
    size_t bytes, owned_bytes;
} array;

static void free_array(array *a)
{
    ad_text_free(&a->header);
    ad_free(a->ctx, a->owned, a->owned_bytes);
    ad_free(a->ctx, a->widened, a->bytes);
}

static ad_status get_array(array *a, ad_context *ctx, const ad_tensor_source *source, int index)
{
    const ad_tensor *tensor = &source->tensors[index].tensor;
    *a = (array){.ctx = ctx, .owned_bytes = ad_tensor_bytes(tensor)};
    a->bytes = a->owned_bytes;
    ad_text_init(&a->header, ctx);
    ad_npy_header(&a->header, tensor->dtype, tensor->shape);
    ad_status status = a->header.failed ? AD_ERROR_MEMORY
                                        : ad_source_get(source, ctx, index, &a->data, &a->owned);
    if (!status && tensor->dtype == AD_BF16) {
        a->bytes = 2 * a->owned_bytes;
        a->widened = ad_alloc(ctx, a->bytes);
        if (!a->widened)
            status = AD_ERROR_MEMORY;
        else
            ad_convert(a->widened, AD_F32, a->data, AD_BF16, ad_shape_count(tensor->shape));
        a->data = a->widened;
    }
    if (status) free_array(a);
    return status;
}

ad_status ad_source_write_npy(ad_context *ctx, const char *path, const ad_tensor_source *source)
{
    array a;
    ad_output *output;
    if (source->count != 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "%s: a .npy file holds one tensor, not %d; .npz holds many", path,
                       source->count);
    ad_status status = get_array(&a, ctx, source, 0);
    if (status) return status;
    status = ad_output_open(&output, ctx, path);
    if (!status) {
        ad_output_write(output, a.header.data, a.header.length);
        ad_output_write(output, a.data, a.bytes);
        status = ad_output_commit(output);
    }
    free_array(&a);
    return status;
}

/* ---- the archive ---- */

/* What is not an array: numpy.load gives it as bytes. */
static const char metadata_name[] = "metadata.json";

enum {
    LOCAL_HEADER = 0x04034b50,
    CENTRAL_HEADER = 0x02014b50,
    END64 = 0x06064b50,
    END64_LOCATOR = 0x07064b50,
    END = 0x06054b50,
    VERSION = 45,         /* the first that knows the 64-bit form */
    UTF8_NAMES = 1 << 11, /* a flag */
    MIDNIGHT_1980 = 0x21, /* the date stamp; the time stamp is 0 */
    MAX_NAME = 1 << 14,
};

static void number(ad_text *out, uint64_t value, int bytes)
{
    char little[8];
    for (int i = 0; i < bytes; ++i) little[i] = (char)(unsigned char)(value >> 8 * i);
    ad_text_bytes(out, little, (size_t)bytes);
}

/* What local and central headers have in common: version, flags, stored, stamps, sum, sizes
 * elsewhere. */
static void entry_fields(ad_text *out, uint32_t sum, size_t name_length)
{
    number(out, VERSION, 2), number(out, UTF8_NAMES, 2), number(out, 0, 2);
    number(out, 0, 2), number(out, MIDNIGHT_1980, 2);
    number(out, sum, 4), number(out, UINT32_MAX, 4), number(out, UINT32_MAX, 4);
    number(out, name_length, 2);
}

static void local_header(ad_text *out, const char *name, const char *ending, uint32_t sum,
                         uint64_t size)
{
    number(out, LOCAL_HEADER, 4);
    entry_fields(out, sum, strlen(name) + strlen(ending));
    number(out, 20, 2); /* the extra field: its kind, its length, both sizes */
    ad_text_add(out, name), ad_text_add(out, ending);
    number(out, 1, 2), number(out, 16, 2), number(out, size, 8), number(out, size, 8);
}

static void central_header(ad_text *out, const char *name, const char *ending, uint32_t sum,
                           uint64_t size, uint64_t offset)
{
    number(out, CENTRAL_HEADER, 4), number(out, VERSION, 2);
    entry_fields(out, sum, strlen(name) + strlen(ending));
    number(out, 28, 2), number(out, 0, 2), number(out, 0, 2), number(out, 0, 2), number(out, 0, 4);
    number(out, UINT32_MAX, 4);
    ad_text_add(out, name), ad_text_add(out, ending);
    number(out, 1, 2), number(out, 24, 2), number(out, size, 8), number(out, size, 8),
        number(out, offset, 8);
}

static void end_of_archive(ad_text *out, uint64_t count, uint64_t central, uint64_t central_size)
{
    number(out, END64, 4), number(out, 44, 8), number(out, VERSION, 2), number(out, VERSION, 2);
    number(out, 0, 4), number(out, 0, 4), number(out, count, 8), number(out, count, 8);
    number(out, central_size, 8), number(out, central, 8);
    number(out, END64_LOCATOR, 4), number(out, 0, 4), number(out, central + central_size, 8),
        number(out, 1, 4);
    number(out, END, 4), number(out, 0, 2), number(out, 0, 2), number(out, UINT16_MAX, 2),
        number(out, UINT16_MAX, 2);
    number(out, UINT32_MAX, 4), number(out, UINT32_MAX, 4), number(out, 0, 2);
}

/* A member in two pieces. */
typedef struct member {
    const char *name, *ending;
    const void *front, *back;
    size_t front_bytes, back_bytes;
} member;

static ad_status write_member(ad_output *output, ad_context *ctx, const member *m, ad_text *central,
                              uint64_t *offset)
{
    ad_text local;
    uint32_t sum = ad_crc32(ad_crc32(0, m->front, m->front_bytes), m->back, m->back_bytes);
    uint64_t size = (uint64_t)m->front_bytes + m->back_bytes;
    ad_text_init(&local, ctx);
    local_header(&local, m->name, m->ending, sum, size);
    central_header(central, m->name, m->ending, sum, size, *offset);
    ad_status status = local.failed || central->failed ? AD_ERROR_MEMORY : AD_OK;
    if (!status) {
        ad_output_write(output, local.data, local.length);
        ad_output_write(output, m->front, m->front_bytes);
        status = ad_output_write(output, m->back, m->back_bytes);
        *offset += local.length + size;
    }
    ad_text_free(&local);
    return status;
}

static ad_status write_array(ad_output *output, ad_context *ctx, const ad_tensor_source *source,
                             int index, ad_text *central, uint64_t *offset)
{
    array a;
    ad_status status = get_array(&a, ctx, source, index);
    if (status) return status;
    member m = {
        source->tensors[index].name, ".npy", a.header.data, a.data, a.header.length, a.bytes};
    status = write_member(output, ctx, &m, central, offset);
    free_array(&a);
    return status;
}

/* {"key": "value", ...} */
static ad_status write_metadata(ad_output *output, ad_context *ctx, const ad_tensor_source *source,
                                ad_text *central, uint64_t *offset)
{
    ad_text json;
    ad_text_init(&json, ctx);
    for (int i = 0; i < source->metadata_count; ++i) {
        ad_text_add(&json, i ? ",\n" : "{");
        ad_text_json(&json, source->metadata[i].key, false);
        ad_text_add(&json, ": ");
        ad_text_json(&json, source->metadata[i].value, false);
    }
    ad_text_add(&json, "}\n");
    member m = {metadata_name, "", json.data, "", json.length, 0};
    ad_status status = json.failed ? AD_ERROR_MEMORY
                                   : write_member(output, ctx, &m, central, offset);
    ad_text_free(&json);
    return status;
}

/* A member's name becomes a path where the archive is unpacked. */
static ad_status check_name(ad_context *ctx, const char *path, const char *name)
{
    bool leaves = *name == '/' || strchr(name, '\\') || !strncmp(name, "../", 3) ||
                  strstr(name, "/../");
    if (leaves || strlen(name) > MAX_NAME)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "%s: tensor %.200s has a name that no member of an archive may have", path,
                       name);
    return AD_OK;
}

ad_status ad_source_write_npz(ad_context *ctx, const char *path, const ad_tensor_source *source)
{
    ad_output *output;
    ad_text central, end;
    uint64_t offset = 0;
    ad_status status = AD_OK;
    for (int i = 0; !status && i < source->count; ++i)
        status = check_name(ctx, path, source->tensors[i].name);
    if (!status) status = ad_output_open(&output, ctx, path);
    if (status) return status;
    ad_text_init(&central, ctx), ad_text_init(&end, ctx);
    for (int i = 0; !status && i < source->count; ++i)
        status = write_array(output, ctx, source, i, &central, &offset);
    if (!status && source->metadata_count)
        status = write_metadata(output, ctx, source, &central, &offset);
    end_of_archive(&end, (uint64_t)source->count + (source->metadata_count > 0), offset,
                   central.length);
    if (!status && end.failed) status = AD_ERROR_MEMORY;
    if (!status) {
        ad_output_write(output, ad_text_get(&central), central.length);
        ad_output_write(output, end.data, end.length);
        status = ad_output_commit(output);
    } else {
        ad_output_discard(output);
    }
    ad_text_free(&central), ad_text_free(&end);
    return status;
}
