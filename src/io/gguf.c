/* gguf.c - every length is checked against what is left of the file before anything is taken from
 * it. */
#include "io/gguf.h"
#include "io/weights.h"

#include <string.h>

enum { MAX_DEPTH = 4, MAX_ALIGNMENT = 1 << 20 };

static const unsigned char type_size[AD_GGUF_TYPES] = {
    [AD_GGUF_U8] = 1,  [AD_GGUF_I8] = 1,  [AD_GGUF_U16] = 2, [AD_GGUF_I16] = 2,
    [AD_GGUF_U32] = 4, [AD_GGUF_I32] = 4, [AD_GGUF_F32] = 4, [AD_GGUF_BOOL] = 1,
    [AD_GGUF_U64] = 8, [AD_GGUF_I64] = 8, [AD_GGUF_F64] = 8};

typedef struct reader {
    ad_file_bytes *file; /* NULL: all is there */
    const char *bytes;
    size_t left;
} reader;

static bool take(reader *r, void *out, size_t size)
{
    if (size > r->left) return false;
    size_t at = r->file ? r->file->size - r->left : 0;
    if (r->file && ad_file_bytes_need(r->file, at, size)) return false;
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

/* ---- values ---- */

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

static ad_status read_values(ad_gguf *out, reader *r, const char *name, uint64_t count)
{
    for (uint64_t i = 0; i < count; ++i) {
        ad_gguf_value value;
        if (!read_value(r, &value))
            return ad_fail(out->ctx, AD_ERROR_FORMAT,
                           "%s: value %llu of its metadata is of an unknown type, or ends beyond "
                           "the end of the file (is it truncated?)",
                           name, (unsigned long long)i);
        ad_gguf_value *grown = ad_grow(out->ctx, out->values, &out->capacity, out->count + 1,
                                       sizeof *out->values);
        if (!grown) return AD_ERROR_MEMORY;
        out->values = grown;
        out->values[out->count++] = value;
    }
    return AD_OK;
}

/* ---- tensors ---- */

static bool read_tensor(reader *r, ad_gguf_tensor *tensor)
{
    uint32_t rank;
    if (!take_string(r, &tensor->name) || !take(r, &rank, 4) || rank > AD_GGUF_MAX_RANK)
        return false;
    tensor->shape = (ad_shape){.rank = (int)rank};
    for (uint32_t i = 0; i < rank; ++i) {
        uint64_t size;
        if (!take(r, &size, 8) || size > INT64_MAX) return false;
        tensor->shape.dim[rank - 1 - i] = (int64_t)size;
    }
    return take(r, &tensor->type, 4) && take(r, &tensor->offset, 8) &&
           ad_shape_valid(tensor->shape);
}

static ad_status read_tensors(ad_gguf *out, reader *r, const char *name, uint64_t count)
{
    for (uint64_t i = 0; i < count; ++i) {
        ad_gguf_tensor tensor;
        if (!read_tensor(r, &tensor))
            return ad_fail(out->ctx, AD_ERROR_FORMAT,
                           "%s: tensor %llu of its list has more than %d axes, is too large, or "
                           "ends beyond the end of the file (is it truncated?)",
                           name, (unsigned long long)i, AD_GGUF_MAX_RANK);
        ad_gguf_tensor *grown = ad_grow(out->ctx, out->tensors, &out->tensor_capacity,
                                        out->tensor_count + 1, sizeof *out->tensors);
        if (!grown) return AD_ERROR_MEMORY;
        out->tensors = grown;
        out->tensors[out->tensor_count++] = tensor;
    }
    return AD_OK;
}

static ad_status read_alignment(ad_gguf *out, const char *name)
{
    int64_t alignment = ad_gguf_integer(ad_gguf_find(out, "general.alignment"), AD_GGUF_ALIGNMENT);
    if (alignment < 1 || alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)))
        return ad_fail(out->ctx, AD_ERROR_FORMAT,
                       "%s: general.alignment is %lld, expected a power of two up to %d", name,
                       (long long)alignment, MAX_ALIGNMENT);
    out->alignment = (uint64_t)alignment;
    return AD_OK;
}

/* ---- the file ---- */

static ad_status read_version(reader *r, ad_context *ctx, const char *name)
{
    char magic[4];
    uint32_t version = 0;
    if (!take(r, magic, 4) || memcmp(magic, "GGUF", 4))
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: is not a GGUF file", name);
    if (!take(r, &version, 4))
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: its header is truncated", name);
    if (version && !(version & 0xffff))
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "%s: is a big-endian GGUF file; little-endian ones are read", name);
    if (version != 2 && version != 3)
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "%s: is GGUF version %u; versions 2 and 3 are read", name, version);
    return AD_OK;
}

ad_status ad_gguf_read(ad_gguf *out, ad_context *ctx, const char *name, ad_file_bytes *file,
                       const char *bytes, size_t size)
{
    reader r = {file, bytes, size};
    uint64_t tensors = 0, count = 0;
    *out = (ad_gguf){.ctx = ctx};
    ad_status status = read_version(&r, ctx, name);
    if (status) return status;
    if (!take(&r, &tensors, 8) || !take(&r, &count, 8) || count > AD_FILE_MAX_METADATA ||
        tensors > AD_FILE_MAX_TENSORS)
        return ad_fail(ctx, AD_ERROR_FORMAT,
                       "%s: its header is truncated or counts %llu tensors and %llu values; at "
                       "most %d and %d are accepted",
                       name, (unsigned long long)tensors, (unsigned long long)count,
                       AD_FILE_MAX_TENSORS, AD_FILE_MAX_METADATA);
    status = read_values(out, &r, name, count);
    if (!status) status = read_tensors(out, &r, name, tensors);
    if (!status) status = read_alignment(out, name);
    if (status) {
        ad_gguf_free(out);
    } else {
        size_t align = (size_t)out->alignment;
        out->data = (size - r.left + align - 1) / align * align;
    }
    return status;
}

void ad_gguf_free(ad_gguf *gguf)
{
    if (gguf->ctx) {
        ad_free(gguf->ctx, gguf->values, ad_bytes(gguf->capacity, sizeof *gguf->values));
        ad_free(gguf->ctx, gguf->tensors, ad_bytes(gguf->tensor_capacity, sizeof *gguf->tensors));
    }
    *gguf = (ad_gguf){.ctx = gguf->ctx};
}

/* ---- looking ---- */

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

bool ad_gguf_is(const ad_gguf_value *value, const char *text)
{
    if (!value || value->type != AD_GGUF_STRING || value->is_array) return false;
    const char *at = value->data;
    ad_gguf_string s = ad_gguf_next_string(&at);
    return s.length == strlen(text) && !memcmp(s.bytes, text, s.length);
}

int64_t ad_gguf_integer(const ad_gguf_value *value, int64_t otherwise)
{
    if (!value || value->is_array) return otherwise;
    union {
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        int64_t i64;
    } n;
    memcpy(&n, value->data, type_size[value->type]);
    switch (value->type) {
    case AD_GGUF_U8:
    case AD_GGUF_BOOL: return n.u8;
    case AD_GGUF_I8: return n.i8;
    case AD_GGUF_U16: return n.u16;
    case AD_GGUF_I16: return n.i16;
    case AD_GGUF_U32: return n.u32;
    case AD_GGUF_I32: return n.i32;
    case AD_GGUF_U64:
    case AD_GGUF_I64: return n.i64;
    default: return otherwise;
    }
}

double ad_gguf_real(const ad_gguf_value *value, double otherwise)
{
    float f32;
    double f64;
    if (!value || value->is_array || value->type == AD_GGUF_STRING) return otherwise;
    if (value->type == AD_GGUF_F32) return memcpy(&f32, value->data, 4), (double)f32;
    if (value->type == AD_GGUF_F64) return memcpy(&f64, value->data, 8), f64;
    return (double)ad_gguf_integer(value, 0);
}
