/* safetensors.c - reading safetensors: eight bytes of header length, a JSON header, the data.
 *
 * The rules are the format's own: offsets count from the end of the header, tensors neither overlap
 * nor leave holes, and the last one ends where the file does. The header is read without a tree of
 * its JSON, since a hostile one may have 100 MB. */
#include "io/json_cursor.h"
#include "io/weights.h"

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

/* A header that is being read. */
typedef struct header {
    ad_file *file;
    ad_json_cursor json;
    uint64_t data;           /* where in the file the data begin */
    ad_text key, name, text; /* of an entry; of one of its members; a value */
    ad_text spans;           /* of the tensors so far: an array of span */
    bool has_metadata;
} header;

/* The members of a tensor's entry as far as they are what they should be. */
typedef struct row {
    bool has_type, has_shape, has_offsets;
    int64_t axes, dim[AD_MAX_RANK], offset[2]; /* -1: not a size */
} row;

/* Numbers of an array, up to `most` of them into `values`; how many there are. What is not a whole
 * number of at least 0 becomes -1. -1: not an array. */
static int64_t read_numbers(header *h, int64_t *values, int64_t most)
{
    int64_t count = 0;
    if (ad_json_peek(&h->json) != AD_JSON_ARRAY) return ad_json_skip(&h->json, &h->text), -1;
    ad_json_enter(&h->json, '[');
    for (; ad_json_more(&h->json); ++count) {
        int64_t value = -1;
        bool whole = false;
        if (ad_json_peek(&h->json) == AD_JSON_NUMBER)
            ad_json_read_number(&h->json, &whole, &value);
        else
            ad_json_skip(&h->json, &h->text);
        if (count < most) values[count] = whole && value >= 0 ? value : -1;
    }
    return count;
}

/* h->text becomes the type. */
static void read_row(header *h, row *r)
{
    ad_text type;
    ad_text_init(&type, h->file->ctx);
    ad_json_enter(&h->json, '{');
    while (ad_json_more(&h->json) && ad_json_read_key(&h->json, &h->name)) {
        const char *member = ad_text_get(&h->name);
        if (!strcmp(member, "dtype") && ad_json_peek(&h->json) == AD_JSON_STRING) {
            r->has_type = ad_json_read_string(&h->json, &type);
        } else if (!strcmp(member, "shape")) {
            r->axes = read_numbers(h, r->dim, AD_MAX_RANK);
            r->has_shape = r->axes >= 0;
        } else if (!strcmp(member, "data_offsets")) {
            r->has_offsets = read_numbers(h, r->offset, 2) == 2;
        } else {
            ad_json_skip(&h->json, &h->text);
        }
    }
    ad_text_free(&h->text);
    h->text = type;
}

static ad_status check_row(header *h, const row *r, const char *name)
{
    ad_file *file = h->file;
    if (!r->has_type || !r->has_shape || !r->has_offsets)
        return ad_file_fail(file, AD_ERROR_FORMAT, name,
                            "its dtype, shape or data_offsets is missing");
    if (r->axes > AD_MAX_RANK)
        return ad_file_fail(file, AD_ERROR_UNSUPPORTED, name,
                            "has %lld axes; at most %d can be read", (long long)r->axes,
                            AD_MAX_RANK);
    for (int i = 0; i < r->axes; ++i)
        if (r->dim[i] < 0)
            return ad_file_fail(file, AD_ERROR_FORMAT, name, "axis %d of its shape is not a size",
                                i);
    int64_t begin = r->offset[0], end = r->offset[1];
    if (begin < 0 || begin > end)
        return ad_file_fail(file, AD_ERROR_FORMAT, name, "its data_offsets are not a range");
    if ((uint64_t)end > file->size - h->data)
        return ad_file_fail(
            file, AD_ERROR_FORMAT, name,
            "its data ends at byte %lld, but the file holds %llu bytes of data (is it truncated?)",
            (long long)end, (unsigned long long)(file->size - h->data));
    return AD_OK;
}

static ad_status add_row(header *h, const row *r, const char *name)
{
    ad_file *file = h->file;
    const char *type = ad_text_get(&h->text);
    ad_file_tensor t = {.view.element = AD_ELEMENTS, .entry.stored = "unknown"};
    int64_t begin = r->offset[0], end = r->offset[1], size = 0;
    t.view.shape = ad_shape_of(r->dim, (size_t)r->axes);
    int64_t count = ad_shape_count(t.view.shape);
    if (count < 0) return ad_file_fail(file, AD_ERROR_FORMAT, name, "its shape overflows");
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
    t.bytes = file->bytes + h->data + begin;
    t.held = (size_t)(end - begin);
    ad_strided_fill(&t.view, false);
    ad_status status = ad_file_add(file, name, strlen(name), &t);
    if (status) return status;
    span where = {(uint64_t)begin, (uint64_t)end, file->tensors[file->count - 1].entry.name};
    ad_text_bytes(&h->spans, &where, sizeof where);
    return h->spans.failed ? AD_ERROR_MEMORY : AD_OK;
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
        if (i && !strcmp(spans[i].name, spans[i - 1].name))
            return ad_file_fail(file, AD_ERROR_FORMAT, spans[i].name, "two tensors have this name");
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

static ad_status wrong_json(header *h)
{
    char what[128];
    return ad_fail(h->file->ctx, AD_ERROR_FORMAT, "%s: its header is not the JSON it should be: %s",
                   h->file->path, ad_json_wrong(&h->json, what, sizeof what));
}

static ad_status add_metadata(header *h)
{
    ad_file *file = h->file;
    if (h->has_metadata)
        return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: its header has __metadata__ twice",
                       file->path);
    h->has_metadata = true;
    ad_json_enter(&h->json, '{');
    while (ad_json_more(&h->json) && ad_json_read_key(&h->json, &h->name)) {
        const char *name = ad_text_get(&h->name);
        if (ad_json_peek(&h->json) != AD_JSON_STRING && !h->json.wrong)
            return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: the metadata %.60s is not a string",
                           file->path, name);
        if (!ad_json_read_string(&h->json, &h->text)) break;
        if (h->name.failed || h->text.failed) return AD_ERROR_MEMORY;
        ad_status status = ad_file_add_metadata(file, name, ad_text_get(&h->text), h->text.length);
        if (status) return status;
    }
    return h->json.wrong ? wrong_json(h) : AD_OK;
}

static ad_status add_tensor(header *h)
{
    row r = {0};
    const char *name = ad_text_get(&h->key);
    if (h->key.length > AD_FILE_MAX_NAME)
        return ad_fail(h->file->ctx, AD_ERROR_LIMIT,
                       "%s: the name %.60s... is longer than %d bytes", h->file->path, name,
                       AD_FILE_MAX_NAME);
    read_row(h, &r);
    if (h->json.wrong) return wrong_json(h);
    if (h->key.failed || h->name.failed || h->text.failed) return AD_ERROR_MEMORY;
    ad_status status = check_row(h, &r, name);
    return status ? status : add_row(h, &r, name);
}

static ad_status add_all(header *h)
{
    ad_file *file = h->file;
    ad_json_enter(&h->json, '{');
    while (ad_json_more(&h->json) && ad_json_read_key(&h->json, &h->key)) {
        ad_json_kind kind = ad_json_peek(&h->json);
        if (kind == AD_JSON_NOTHING) {
            ad_json_skip(&h->json, &h->text);
            break;
        }
        if (kind != AD_JSON_OBJECT)
            return ad_fail(file->ctx, AD_ERROR_FORMAT,
                           "%s: the entry %.60s of its header is not an object", file->path,
                           ad_text_get(&h->key));
        ad_status status = strcmp(ad_text_get(&h->key), "__metadata__") ? add_tensor(h)
                                                                        : add_metadata(h);
        if (status) return status;
    }
    if (!ad_json_done(&h->json)) return wrong_json(h);
    return check_spans(file, (span *)h->spans.data, h->data);
}

/* The first metadata key that occurs twice is an error; tensors' names are checked by
 * weights_load.c. */
static ad_status check_metadata(ad_file *file)
{
    size_t bytes = ad_bytes(file->metadata_count, sizeof(ad_name_row));
    ad_name_row *rows = ad_alloc(file->ctx, bytes);
    if (!rows) return AD_ERROR_MEMORY;
    for (int i = 0; i < file->metadata_count; ++i)
        rows[i] = (ad_name_row){file->metadata[i].key, i};
    const char *twice = ad_names_sort(rows, file->metadata_count);
    ad_free(file->ctx, rows, bytes);
    return twice ? ad_fail(file->ctx, AD_ERROR_FORMAT,
                           "%s: its header has the metadata %.60s twice", file->path, twice)
                 : AD_OK;
}

ad_status ad_safetensors_list(ad_file *file)
{
    uint64_t length = 0;
    for (int i = 7; i >= 0; --i) length = length << 8 | file->bytes[i];
    if (length > MAX_HEADER)
        return ad_fail(file->ctx, AD_ERROR_LIMIT,
                       "%s: its header claims %llu bytes; the limit is %d", file->path,
                       (unsigned long long)length, MAX_HEADER);
    if (length > file->size - 8)
        return ad_fail(file->ctx, AD_ERROR_FORMAT,
                       "%s: its header claims %llu bytes, but the file has %zu in all", file->path,
                       (unsigned long long)length, file->size);
    ad_status status = ad_file_need(file, 0, 8 + (size_t)length);
    if (status) return status;
    header h = {.file = file, .json = ad_json_open(file->bytes + 8, length), .data = 8 + length};
    ad_text_init(&h.key, file->ctx), ad_text_init(&h.name, file->ctx);
    ad_text_init(&h.text, file->ctx), ad_text_init(&h.spans, file->ctx);
    status = add_all(&h);
    if (!status) status = check_metadata(file);
    ad_text_free(&h.key), ad_text_free(&h.name), ad_text_free(&h.text), ad_text_free(&h.spans);
    return status;
}
