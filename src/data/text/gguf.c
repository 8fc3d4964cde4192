/* gguf.c - every length is checked against what is left of the file before anything is taken from
 * it. */
#include "data/text/gguf.h"
#include "data/text/vocabulary.h"

#include <string.h>

enum { MAX_DEPTH = 4, MAX_VALUES = 1 << 16 };

static const unsigned char type_size[AD_GGUF_TYPES] = {
    [AD_GGUF_U8] = 1,  [AD_GGUF_I8] = 1,  [AD_GGUF_U16] = 2, [AD_GGUF_I16] = 2,
    [AD_GGUF_U32] = 4, [AD_GGUF_I32] = 4, [AD_GGUF_F32] = 4, [AD_GGUF_BOOL] = 1,
    [AD_GGUF_U64] = 8, [AD_GGUF_I64] = 8, [AD_GGUF_F64] = 8};

typedef struct reader {
    const char *bytes;
    size_t left;
} reader;

static bool take(reader *r, void *out, size_t size)
{
    if (size > r->left) return false;
    if (out) memcpy(out, r->bytes, size);
    r->bytes += size, r->left -= size;
    return true;
}

static bool take_string(reader *r, ad_gguf_string *out)
{
    uint64_t length;
    if (!take(r, &length, 8) || length > r->left) return false;
    *out = (ad_gguf_string){r->bytes, (size_t)length};
    return take(r, NULL, (size_t)length);
}

/* Goes over `count` values of a type; false: they do not lie within the file. */
static bool skip(reader *r, uint32_t type, uint64_t count, int depth)
{
    if (type >= AD_GGUF_TYPES) return false;
    if (type_size[type])
        return count <= r->left / type_size[type] && take(r, NULL, (size_t)count * type_size[type]);
    ad_gguf_string text;
    for (uint64_t i = 0; i < count; ++i) {
        uint32_t inner;
        uint64_t inner_count;
        if (type == AD_GGUF_STRING) {
            if (!take_string(r, &text)) return false;
        } else if (depth >= MAX_DEPTH || !take(r, &inner, 4) || !take(r, &inner_count, 8) ||
                   !skip(r, inner, inner_count, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool read_value(reader *r, ad_gguf_value *value)
{
    uint32_t type;
    if (!take_string(r, &value->key) || !take(r, &type, 4)) return false;
    value->count = 1;
    value->is_array = type == AD_GGUF_ARRAY;
    if (value->is_array && (!take(r, &type, 4) || !take(r, &value->count, 8))) return false;
    value->type = (ad_gguf_type)type;
    value->data = type == AD_GGUF_ARRAY ? NULL : r->bytes;
    return skip(r, type, value->count, 0);
}

ad_status ad_gguf_read(ad_gguf *out, ad_context *ctx, const char *name, const char *bytes,
                       size_t size)
{
    reader r = {bytes, size};
    char magic[4];
    uint32_t version = 0;
    uint64_t tensors = 0, count = 0;
    *out = (ad_gguf){.ctx = ctx};
    if (!take(&r, magic, 4) || memcmp(magic, "GGUF", 4))
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: is not a GGUF file", name);
    if (!take(&r, &version, 4) || (version != 2 && version != 3))
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "%s: is GGUF version %u (or big-endian); versions 2 and 3 are read", name,
                       version);
    if (!take(&r, &tensors, 8) || !take(&r, &count, 8) || count > MAX_VALUES)
        return ad_fail(ctx, AD_ERROR_FORMAT,
                       "%s: its header is truncated or counts %llu values; at most %d are accepted",
                       name, (unsigned long long)count, MAX_VALUES);
    for (uint64_t i = 0; i < count; ++i) {
        ad_gguf_value value;
        if (!read_value(&r, &value)) {
            ad_gguf_free(out);
            return ad_fail(ctx, AD_ERROR_FORMAT,
                           "%s: value %llu of its metadata is of an unknown type, or ends beyond "
                           "the end of the file (is it truncated?)",
                           name, (unsigned long long)i);
        }
        ad_gguf_value *grown = ad_grow(ctx, out->values, &out->capacity, out->count + 1,
                                       sizeof *out->values);
        if (!grown) {
            ad_gguf_free(out);
            return AD_ERROR_MEMORY;
        }
        out->values = grown;
        out->values[out->count++] = value;
    }
    return AD_OK;
}

void ad_gguf_free(ad_gguf *gguf)
{
    if (gguf->ctx) ad_free(gguf->ctx, gguf->values, ad_bytes(gguf->capacity, sizeof *gguf->values));
    *gguf = (ad_gguf){.ctx = gguf->ctx};
}

const ad_gguf_value *ad_gguf_find(const ad_gguf *gguf, const char *key)
{
    size_t length = strlen(key);
    for (int64_t i = 0; i < gguf->count; ++i)
        if (gguf->values[i].key.length == length && !memcmp(gguf->values[i].key.bytes, key, length))
            return &gguf->values[i];
    return NULL;
}

ad_gguf_string ad_gguf_next_string(const char **at)
{
    uint64_t length;
    memcpy(&length, *at, 8);
    ad_gguf_string text = {*at + 8, (size_t)length};
    *at += 8 + length;
    return text;
}

int64_t ad_gguf_integer(const ad_gguf_value *value, int64_t otherwise)
{
    if (!value || value->is_array) return otherwise;
    unsigned char u8;
    uint16_t u16;
    uint32_t u32;
    int32_t i32;
    int64_t i64;
    switch (value->type) {
    case AD_GGUF_U8:
    case AD_GGUF_BOOL: return memcpy(&u8, value->data, 1), u8;
    case AD_GGUF_U16: return memcpy(&u16, value->data, 2), u16;
    case AD_GGUF_U32: return memcpy(&u32, value->data, 4), u32;
    case AD_GGUF_I32: return memcpy(&i32, value->data, 4), i32;
    case AD_GGUF_U64:
    case AD_GGUF_I64: return memcpy(&i64, value->data, 8), i64;
    default: return otherwise;
    }
}
