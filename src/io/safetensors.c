/* safetensors.c - reading safetensors: eight bytes of header length, a JSON header, the data.
 *
 * The rules are the format's own: offsets count from the end of the header, tensors neither overlap
 * nor leave holes, and the last one ends where the file does. Jansson parses the JSON and refuses
 * keys that occur twice. */
#include "io/weights.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 100 << 20 }; /* as in the reference implementation */

static const struct {
    const char *name;
    ad_element element;
    int64_t
        size; /* of those that cannot be read, so that their offsets can be checked; 0: unknown */
} types[] = {
    {"F32", AD_EL_F32, 4},       {"F16", AD_EL_F16, 2},       {"BF16", AD_EL_BF16, 2},
    {"F64", AD_EL_F64, 8},       {"I64", AD_EL_I64, 8},       {"I32", AD_EL_I32, 4},
    {"U8", AD_EL_U8, 1},         {"BOOL", AD_EL_BOOL, 1},     {"I8", AD_EL_I8, 1},
    {"I16", AD_EL_I16, 2},       {"U16", AD_EL_U16, 2},       {"U32", AD_EL_U32, 4},
    {"U64", AD_ELEMENTS, 8},     {"C64", AD_ELEMENTS, 8},     {"F8_E4M3", AD_ELEMENTS, 1},
    {"F8_E5M2", AD_ELEMENTS, 1}, {"F8_E8M0", AD_ELEMENTS, 1},
};

typedef struct span {
    uint64_t begin, end;
    const char *name;
} span;

static bool integer(const json_t *value, int64_t *out)
{
    if (!json_is_integer(value)) return false;
    *out = json_integer_value(value);
    return *out >= 0;
}

static ad_status add_tensor(ad_file *file, const char *name, const json_t *row, uint64_t data,
                            span *where)
{
    const char *type = json_string_value(json_object_get(row, "dtype"));
    const json_t *shape = json_object_get(row, "shape"),
                 *offsets = json_object_get(row, "data_offsets");
    ad_file_tensor t = {.view.element = AD_ELEMENTS, .entry.stored = "unknown"};
    int64_t begin, end, size = 0;
    if (strlen(name) > AD_FILE_MAX_NAME)
        return ad_fail(file->ctx, AD_ERROR_LIMIT, "%s: the name %.60s... is longer than %d bytes",
                       file->path, name, AD_FILE_MAX_NAME);
    if (!type || !json_is_array(shape) || json_array_size(offsets) != 2)
        return ad_file_fail(file, AD_ERROR_FORMAT, name,
                            "its dtype, shape or data_offsets is missing");
    if (json_array_size(shape) > AD_MAX_RANK)
        return ad_file_fail(file, AD_ERROR_UNSUPPORTED, name,
                            "has %zu axes; at most %d can be read", json_array_size(shape),
                            AD_MAX_RANK);
    t.view.shape.rank = (int)json_array_size(shape);
    for (int i = 0; i < t.view.shape.rank; ++i)
        if (!integer(json_array_get(shape, (size_t)i), &t.view.shape.dim[i]))
            return ad_file_fail(file, AD_ERROR_FORMAT, name, "axis %d of its shape is no size", i);
    int64_t count = ad_shape_count(t.view.shape);
    if (count < 0) return ad_file_fail(file, AD_ERROR_FORMAT, name, "its shape overflows");
    if (!integer(json_array_get(offsets, 0), &begin) ||
        !integer(json_array_get(offsets, 1), &end) || begin > end)
        return ad_file_fail(file, AD_ERROR_FORMAT, name, "its data_offsets are no range");
    if ((uint64_t)end > file->size - data)
        return ad_file_fail(
            file, AD_ERROR_FORMAT, name,
            "its data ends at byte %lld, but the file holds %llu bytes of data (is it truncated?)",
            (long long)end, (unsigned long long)(file->size - data));
    for (size_t i = 0; i < sizeof types / sizeof *types; ++i)
        if (!strcmp(type, types[i].name)) {
            t.view.element = types[i].element, size = types[i].size;
            t.entry.stored = types[i].name;
        }
    if (size && (__builtin_mul_overflow(count, size, &size) || size != end - begin)) {
        char text[192];
        return ad_file_fail(
            file, AD_ERROR_FORMAT, name, "has %lld bytes, which is not what %s of %s needs",
            (long long)(end - begin), ad_shape_text(t.view.shape, text, sizeof text), type);
    }
    t.entry.bytes = end - begin;
    if (!strcmp(t.entry.stored, "unknown") && !(t.entry.stored = ad_arena_text(&file->arena, type)))
        return AD_ERROR_MEMORY;
    t.bytes = file->bytes + data + begin;
    t.held = (size_t)(end - begin);
    ad_strided_fill(&t.view, false);
    ad_status status = ad_file_add(file, name, strlen(name), &t);
    if (!status)
        *where = (span){(uint64_t)begin, (uint64_t)end, file->tensors[file->count - 1].entry.name};
    return status;
}

static int by_begin(const void *a, const void *b)
{
    const span *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static ad_status check_spans(ad_file *file, span *spans, uint64_t data)
{
    uint64_t at = 0;
    if (file->count > 1) qsort(spans, (size_t)file->count, sizeof *spans, by_begin);
    for (int i = 0; i < file->count; ++i) {
        if (spans[i].begin < at)
            return ad_file_fail(file, AD_ERROR_FORMAT, spans[i].name,
                                "its data overlaps that of %s", spans[i - 1].name);
        if (spans[i].begin > at)
            return ad_file_fail(file, AD_ERROR_FORMAT, spans[i].name,
                                "%llu bytes before its data belong to no tensor",
                                (unsigned long long)(spans[i].begin - at));
        at = spans[i].end;
    }
    if (at != file->size - data)
        return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: %llu bytes at its end belong to no tensor",
                       file->path, (unsigned long long)(file->size - data - at));
    return AD_OK;
}

static ad_status add_all(ad_file *file, json_t *header, uint64_t data)
{
    const char *key, *name;
    json_t *row, *value;
    ad_status status = AD_OK;
    size_t bytes = json_object_size(header) * sizeof(span);
    span *spans = ad_alloc(file->ctx, bytes);
    if (!spans) return AD_ERROR_MEMORY;
    json_object_foreach(header, key, row)
    {
        if (status) break;
        if (!json_is_object(row)) {
            status = ad_fail(file->ctx, AD_ERROR_FORMAT,
                             "%s: the entry %.60s of its header is no object", file->path, key);
        } else if (!strcmp(key, "__metadata__")) {
            json_object_foreach(row, name, value)
            {
                if (status) break;
                if (!json_is_string(value))
                    status = ad_fail(file->ctx, AD_ERROR_FORMAT,
                                     "%s: the metadata %.60s is no string", file->path, name);
                else
                    status = ad_file_add_metadata(file, name, json_string_value(value),
                                                  json_string_length(value));
            }
        } else {
            status = add_tensor(file, key, row, data, &spans[file->count]);
        }
    }
    if (!status) status = check_spans(file, spans, data);
    ad_free(file->ctx, spans, bytes);
    return status;
}

ad_status ad_safetensors_list(ad_file *file)
{
    uint64_t length = 0;
    json_error_t error;
    for (int i = 7; i >= 0; --i) length = length << 8 | file->bytes[i];
    if (length > MAX_HEADER)
        return ad_fail(file->ctx, AD_ERROR_LIMIT,
                       "%s: its header claims %llu bytes; the limit is %d", file->path,
                       (unsigned long long)length, MAX_HEADER);
    if (length > file->size - 8)
        return ad_fail(file->ctx, AD_ERROR_FORMAT,
                       "%s: its header claims %llu bytes, but the file has %zu in all", file->path,
                       (unsigned long long)length, file->size);
    json_t *header = json_loadb((const char *)file->bytes + 8, (size_t)length,
                                JSON_REJECT_DUPLICATES, &error);
    if (!header) {
        bool memory = json_error_code(&error) == json_error_out_of_memory;
        return ad_fail(file->ctx, memory ? AD_ERROR_MEMORY : AD_ERROR_FORMAT,
                       "%s: its header is not the JSON it should be: %s", file->path, error.text);
    }
    ad_status status = add_all(file, header, 8 + length);
    json_decref(header);
    return status;
}
