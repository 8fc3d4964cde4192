/* npy.c - NumPy arrays: parsing and writing the header. Object arrays hold pickled Python, which is
 * never read; they and other types that the library does not have are listed but cannot be read. */
#include "io/npy.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 1 << 20 };

size_t ad_npy_header_size(const unsigned char *start, size_t have)
{
    if (have < 10 || memcmp(start, "\x93NUMPY", 6) || start[6] < 1 || start[6] > 3) return 0;
    if (start[6] == 1) return (size_t)10 + start[8] + 256u * start[9];
    if (have < AD_NPY_START) return 0;
    uint32_t length = start[8] | (uint32_t)start[9] << 8 | (uint32_t)start[10] << 16 |
                      (uint32_t)start[11] << 24;
    return length > MAX_HEADER ? 0 : (size_t)AD_NPY_START + length;
}

/* ---- the dictionary literal ---- */

typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_space(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r'))
        ++c->at;
}

static bool next_is(cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != wanted) return false;
    ++c->at;
    return true;
}

static bool parse_string(cursor *c, const char **text, size_t *length)
{
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
    char quote = *c->at++;
    *text = c->at;
    while (c->at < c->end && *c->at != quote && *c->at != '\\') ++c->at;
    if (c->at == c->end || *c->at != quote) return false;
    *length = (size_t)(c->at++ - *text);
    return true;
}

static bool parse_word(cursor *c, const char *word)
{
    size_t length = strlen(word);
    skip_space(c);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length)) return false;
    c->at += length;
    return true;
}

static bool parse_size(cursor *c, int64_t *value)
{
    const char *start = (skip_space(c), c->at);
    *value = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; ++c->at)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, *c->at - '0', value))
            return false;
    bool found = c->at > start;
    if (found && c->at < c->end && *c->at == 'L') ++c->at; /* Python 2 */
    return found;
}

/* The rank may come out as AD_MAX_RANK + 1: more axes than there is room for. */
static bool parse_shape(cursor *c, ad_shape *shape)
{
    int64_t dim;
    if (!next_is(c, '(')) return false;
    while (!next_is(c, ')')) {
        if (!parse_size(c, &dim)) return false;
        if (shape->rank < AD_MAX_RANK) shape->dim[shape->rank] = dim;
        if (shape->rank <= AD_MAX_RANK) ++shape->rank;
        if (!next_is(c, ',') && (skip_space(c), c->at == c->end || *c->at != ')')) return false;
    }
    return true;
}

/* A list, such as the fields of a structured type; what is in it does not matter. */
static bool skip_list(cursor *c)
{
    int depth = 0;
    const char *text;
    size_t length;
    for (skip_space(c); c->at < c->end;) {
        if (*c->at == '\'' || *c->at == '"') {
            if (!parse_string(c, &text, &length)) return false;
            continue;
        }
        char ch = *c->at++;
        if (ch == '[') ++depth;
        if (ch == ']' && --depth == 0) return true;
    }
    return false;
}

typedef struct dictionary {
    const char *type; /* descr; NULL: a structured type */
    size_t type_length;
    bool fortran;
    ad_shape shape;
} dictionary;

static bool parse_header(cursor *c, dictionary *h)
{
    enum { DESCR = 1, ORDER = 2, SHAPE = 4 };
    const char *key;
    size_t length;
    int seen = 0;
    if (!next_is(c, '{')) return false;
    while (!next_is(c, '}')) {
        int what = 0;
        if (!parse_string(c, &key, &length) || !next_is(c, ':')) return false;
        skip_space(c);
        if (length == 5 && !memcmp(key, "descr", 5)) {
            what = DESCR;
            if (c->at < c->end && *c->at == '[' ? !skip_list(c)
                                                : !parse_string(c, &h->type, &h->type_length))
                return false;
        } else if (length == 13 && !memcmp(key, "fortran_order", 13)) {
            what = ORDER;
            h->fortran = parse_word(c, "True");
            if (!h->fortran && !parse_word(c, "False")) return false;
        } else if (length == 5 && !memcmp(key, "shape", 5)) {
            what = SHAPE;
            if (!parse_shape(c, &h->shape)) return false;
        }
        if (!what || (seen & what)) return false;
        seen |= what;
        if (!next_is(c, ',') && (skip_space(c), c->at == c->end || *c->at != '}')) return false;
    }
    skip_space(c);
    return seen == (DESCR | ORDER | SHAPE) && c->at == c->end;
}

/* ---- types ---- */

static const struct {
    const char *code;
    ad_element element;
} types[] = {
    {"f4", AD_EL_F32}, {"f8", AD_EL_F64}, {"f2", AD_EL_F16},  {"i4", AD_EL_I32},
    {"i8", AD_EL_I64}, {"u1", AD_EL_U8},  {"b1", AD_EL_BOOL}, {"i1", AD_EL_I8},
    {"i2", AD_EL_I16}, {"u2", AD_EL_U16}, {"u4", AD_EL_U32},
};

/* "<f4" into an element type; *size 0 where the size of an element cannot be told from it. */
static ad_element parse_type(const char *type, int64_t *size, bool *swap)
{
    *swap = *type == '>';
    if (*type && strchr("<>|=", *type)) ++type;
    for (size_t i = 0; i < sizeof types / sizeof *types; ++i)
        if (!strcmp(type, types[i].code)) {
            *size = (int64_t)ad_element_size(types[i].element);
            return types[i].element;
        }
    char *end;
    long digits = *type && strchr("fciuSUVMm", *type) ? strtol(type + 1, &end, 10) : 0;
    *size = digits > 0 && digits < 1 << 28 ? digits * (*type == 'U' ? 4 : 1) : 0;
    return AD_ELEMENTS;
}

ad_status ad_npy_add(ad_file *file, const char *name, size_t length,
                     const unsigned char *header_bytes, size_t size, size_t total,
                     const unsigned char *bytes, int64_t member)
{
    dictionary h = {0};
    size_t start = header_bytes[6] == 1 ? 10 : 12;
    cursor c = {(const char *)header_bytes + start, (const char *)header_bytes + size};
    int64_t item, wanted;
    char shown[AD_FILE_MAX_NAME + 1] = {0};
    memcpy(shown, name, length < AD_FILE_MAX_NAME ? length : AD_FILE_MAX_NAME);
    if (!parse_header(&c, &h))
        return ad_file_fail(file, AD_ERROR_FORMAT, shown, "its npy header cannot be understood");
    if (h.shape.rank > AD_MAX_RANK)
        return ad_file_fail(file, AD_ERROR_UNSUPPORTED, shown, "has more than %d axes",
                            AD_MAX_RANK);
    char *type = ad_arena_alloc(&file->arena, h.type ? h.type_length + 1 : sizeof "structured");
    if (!type) return AD_ERROR_MEMORY;
    memcpy(type, h.type ? h.type : "structured", h.type ? h.type_length : strlen("structured"));

    ad_file_tensor t = {.entry.stored = type,
                        .view.shape = h.shape,
                        .bytes = bytes,
                        .member = member,
                        .skip = size,
                        .held = total - size};
    int64_t count = ad_shape_count(h.shape);
    if (count < 0) return ad_file_fail(file, AD_ERROR_FORMAT, shown, "its shape overflows");
    t.view.element = parse_type(type, &item, &t.view.swap);
    if (item) {
        if (__builtin_mul_overflow(count, item, &wanted)) wanted = -1;
        if (wanted < 0 || (uint64_t)wanted != total - size) {
            char text[192];
            return ad_file_fail(
                file, AD_ERROR_FORMAT, shown,
                "has %zu bytes of data, which is not what %s of %s needs (is it truncated?)",
                total - size, ad_shape_text(h.shape, text, sizeof text), type);
        }
    }
    t.entry.bytes = (int64_t)(total - size);
    ad_strided_fill(&t.view, h.fortran);
    return ad_file_add(file, name, length, &t);
}

ad_status ad_npy_list(ad_file *file)
{
    size_t header = ad_npy_header_size(file->bytes, file->size);
    if (!header || header > file->size)
        return ad_fail(file->ctx, AD_ERROR_FORMAT,
                       "%s: its npy header is truncated or of an unknown version", file->path);
    ad_status status = ad_file_need(file, 0, header);
    if (status) return status;
    return ad_npy_add(file, "tensor", 6, file->bytes, header, file->size, file->bytes + header, -1);
}

/* ---- writing ---- */

void ad_npy_header(ad_text *out, ad_dtype dtype, ad_shape shape)
{
    static const char *const codes[AD_DTYPES] = {
        [AD_F32] = "<f4",  [AD_F64] = "<f8",
        [AD_BF16] = "<f4", [AD_F16] = "<f2", /* bf16 is widened */
        [AD_I32] = "<i4",  [AD_I64] = "<i8",
        [AD_U8] = "|u1",   [AD_BOOL] = "|b1",
    };
    ad_text dict;
    ad_text_init(&dict, out->ctx);
    ad_text_format(&dict, "{'descr': '%s', 'fortran_order': False, 'shape': (", codes[dtype]);
    for (int i = 0; i < shape.rank; ++i)
        ad_text_format(&dict, "%s%lld%s", i ? " " : "", (long long)shape.dim[i],
                       i + 1 < shape.rank || shape.rank == 1 ? "," : "");
    ad_text_add(&dict, "), }");
    while (!dict.failed && (10 + dict.length + 1) % 64) ad_text_add(&dict, " ");
    ad_text_add(&dict, "\n");
    ad_text_bytes(out, "\x93NUMPY\1\0", 8);
    ad_text_bytes(out, (const char[]){(char)(dict.length & 255), (char)(dict.length >> 8)}, 2);
    ad_text_bytes(out, ad_text_get(&dict), dict.length);
    out->failed |= dict.failed;
    ad_text_free(&dict);
}
