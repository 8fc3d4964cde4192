/* gml.c - see gml.h. A document is a list of keys with values: a number, a string in double quotes,
 * or a list in brackets. Lines whose first character is # are comments. Strings are ASCII, in which
 * other characters are written as &#233; or &amp;; bytes of UTF-8 are taken as well. */
#include "data/graphs/gml.h"

#include "base/utf8.h"
#include "io/source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEPTH_MOST = 32, KEYS_MOST = 1000 };
static const size_t file_limit = (size_t)1 << 28;

typedef enum kind { TOP, GRAPH, NODE, EDGE, OTHER } kind;

typedef struct reader {
    ad_gml *gml;
    const char *at, *end;
    int64_t line;
    int graphs, depth;
} reader;

ad_status ad_gml_fail(const ad_gml *gml, int64_t line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ad_vfail(gml->ctx, AD_ERROR_FORMAT, format, args);
    va_end(args);
    return ad_fail_prefix(gml->ctx, "%s:%lld", gml->path, (long long)line);
}

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(reader *r)
{
    for (; r->at < r->end; ++r->at) {
        if (*r->at == '#')
            while (r->at + 1 < r->end && r->at[1] != '\n') ++r->at;
        else if (!is_blank(*r->at))
            return;
        r->line += *r->at == '\n';
    }
}

/* What stands up to a blank or a bracket. */
static size_t word_length(const reader *r)
{
    const char *p = r->at;
    while (p < r->end && !is_blank(*p) && *p != '[' && *p != ']' && *p != '"') ++p;
    return (size_t)(p - r->at);
}

/* The character that "&...;" at `at` stands for, and how long that is; 0: none. */
static size_t entity(const char *at, const char *end, int32_t *code)
{
    static const struct {
        const char *name;
        int32_t code;
    } named[] = {{"quot", '"'}, {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"apos", '\''}};
    const char *stop = memchr(at, ';', (size_t)(end - at < 12 ? end - at : 12));
    char text[16] = "", *rest;
    if (!stop) return 0;
    memcpy(text, at + 1, (size_t)(stop - at - 1));
    for (size_t i = 0; i < sizeof named / sizeof *named; ++i)
        if (!strcmp(text, named[i].name)) {
            *code = named[i].code;
            return (size_t)(stop - at) + 1;
        }
    if (text[0] != '#') return 0;
    bool hex = text[1] == 'x' || text[1] == 'X';
    unsigned long value = strtoul(text + 1 + hex, &rest, hex ? 16 : 10);
    if (*rest || rest == text + 1 + hex || !value || value > 0x10ffff ||
        (value >= 0xd800 && value < 0xe000))
        return 0;
    *code = (int32_t)value;
    return (size_t)(stop - at) + 1;
}

/* A string without its quotes; never longer than it is written. */
static ad_status read_string(reader *r, const char **text)
{
    int64_t line = r->line;
    const char *begin = ++r->at, *quote = memchr(begin, '"', (size_t)(r->end - begin));
    if (!quote) return ad_gml_fail(r->gml, line, "a string is not closed");
    char *to = ad_arena_alloc(&r->gml->arena, (size_t)(quote - begin) + 1);
    if (!to) return AD_ERROR_MEMORY;
    *text = to;
    while (r->at < quote) {
        int32_t code;
        size_t length = *r->at == '&' ? entity(r->at, quote, &code) : 0;
        if (length) {
            to += (size_t)ad_utf8_put(code, to);
            r->at += length;
            continue;
        }
        r->line += *r->at == '\n';
        *to++ = *r->at++;
    }
    *to = 0;
    ++r->at;
    return AD_OK;
}

static ad_status read_value(reader *r, ad_gml_value *value)
{
    value->quoted = *r->at == '"';
    if (value->quoted) return read_string(r, &value->text);
    size_t length = word_length(r);
    char *copy = ad_arena_alloc(&r->gml->arena, length + 1);
    if (!copy) return AD_ERROR_MEMORY;
    memcpy(copy, r->at, length);
    copy[length] = 0;
    value->text = copy;
    r->at += length;
    return AD_OK;
}

static ad_status read_key(reader *r, char key[64])
{
    size_t length = word_length(r);
    if (!length || length > 63)
        return ad_gml_fail(r->gml, r->line, "expected a key, found \"%.*s\"",
                           length ? (int)(length < 40 ? length : 40) : 1, r->at);
    for (size_t i = 0; i < length; ++i) {
        char c = r->at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i && ((c >= '0' && c <= '9') || c == '-' || c == '.')))
            return ad_gml_fail(r->gml, r->line, "\"%.*s\" is not a key of GML", (int)length, r->at);
        key[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    key[length] = 0;
    r->at += length;
    skip_blanks(r);
    if (r->at < r->end && *r->at != ']') return AD_OK;
    return ad_gml_fail(r->gml, r->line, "key %s has no value", key);
}

/* ---- lists ---- */

static ad_status add_item(ad_gml *gml, kind what, int64_t line, ad_gml_item **out)
{
    ad_gml_item **items = what == NODE ? &gml->node : &gml->edge;
    int64_t *count = what == NODE ? &gml->nodes : &gml->edges;
    int64_t *room = what == NODE ? &gml->node_room : &gml->edge_room;
    ad_gml_item *grown = ad_grow(gml->ctx, *items, room, *count + 1, sizeof *grown);
    if (!grown) return AD_ERROR_MEMORY;
    *items = grown;
    *out = &grown[(*count)++];
    **out = (ad_gml_item){.line = line};
    return AD_OK;
}

/* A value of a node, an edge (`last`: where it is linked), of the graph, or of none of these. */
static ad_status take_value(reader *r, kind what, const char *key, ad_gml_value ***last)
{
    ad_gml *gml = r->gml;
    bool kept = what == NODE || what == EDGE;
    ad_gml_value scrap = {0}, *value = &scrap;
    if (kept && !(value = ad_arena_alloc(&gml->arena, sizeof *value))) return AD_ERROR_MEMORY;
    *value = (ad_gml_value){0};
    ad_status status = read_value(r, value);
    if (status) return status;
    if (what == GRAPH && !strcmp(key, "directed")) gml->directed = !strcmp(value->text, "1");
    if (!kept) return AD_OK;
    if ((value->key = ad_name_add(&gml->keys, key, strlen(key))) < 0)
        return ad_error_status(gml->ctx);
    if (gml->keys.count > KEYS_MOST)
        return ad_gml_fail(gml, r->line, "nodes and edges have more than %d keys", KEYS_MOST);
    **last = value;
    *last = &value->next;
    return AD_OK;
}

static kind kind_of(kind outer, const char *key)
{
    if (outer == TOP && !strcmp(key, "graph")) return GRAPH;
    if (outer == GRAPH && !strcmp(key, "node")) return NODE;
    if (outer == GRAPH && !strcmp(key, "edge")) return EDGE;
    return OTHER;
}

static ad_status read_list(reader *r, kind what)
{
    ad_gml_item *item = NULL;
    ad_gml_value *none = NULL, **last = &none;
    ad_status status = AD_OK;
    char key[64];
    if (r->depth++ > DEPTH_MOST)
        return ad_gml_fail(r->gml, r->line, "lists lie in each other more than %d deep",
                           DEPTH_MOST);
    if (what == GRAPH && r->graphs++)
        return ad_gml_fail(r->gml, r->line, "a second graph begins; expected one");
    if (what == NODE || what == EDGE) {
        status = add_item(r->gml, what, r->line, &item);
        if (!status) last = &item->values; /* nothing is added to the items until this one ends */
    }
    for (skip_blanks(r); !status && r->at < r->end && *r->at != ']'; skip_blanks(r)) {
        if ((status = read_key(r, key))) break;
        if (*r->at != '[') {
            status = take_value(r, what, key, &last);
            continue;
        }
        int64_t line = r->line;
        ++r->at;
        status = read_list(r, kind_of(what, key));
        if (!status && r->at == r->end)
            status = ad_gml_fail(r->gml, line, "the list of %s is not closed", key);
        ++r->at;
    }
    --r->depth;
    return status;
}

/* ---- the document ---- */

static ad_status read_document(ad_gml *gml, const ad_content *content)
{
    const char *text = (const char *)content->bytes;
    reader r = {.gml = gml, .at = text, .end = text + content->size, .line = 1};
    if (content->size && memchr(text, 0, content->size))
        return ad_fail(gml->ctx, AD_ERROR_FORMAT, "%s: is not text: it holds zero bytes",
                       gml->path);
    ad_status status = read_list(&r, TOP);
    if (status) return status;
    if (r.at < r.end) return ad_gml_fail(gml, r.line, "a list is closed that was not opened");
    if (r.graphs) return AD_OK;
    return ad_fail(gml->ctx, AD_ERROR_FORMAT, "%s: holds no graph [ ... ] of GML", gml->path);
}

ad_status ad_gml_open(ad_gml *gml, ad_context *ctx, const char *path)
{
    ad_content content;
    *gml = (ad_gml){.ctx = ctx, .path = path};
    ad_arena_init(&gml->arena, ctx);
    ad_name_table_init(&gml->keys, ctx);
    ad_status status = ad_content_read_text(&content, ctx, path, file_limit);
    if (status) return status;
    status = read_document(gml, &content);
    ad_content_free(&content);
    return status;
}

void ad_gml_close(ad_gml *gml)
{
    ad_free(gml->ctx, gml->node, ad_bytes(gml->node_room, sizeof *gml->node));
    ad_free(gml->ctx, gml->edge, ad_bytes(gml->edge_room, sizeof *gml->edge));
    ad_name_table_free(&gml->keys);
    ad_arena_free(&gml->arena);
}

const ad_gml_value *ad_gml_find(const ad_gml *gml, const ad_gml_item *item, const char *key)
{
    int32_t number = ad_name_find(&gml->keys, key, strlen(key));
    const ad_gml_value *value = number < 0 ? NULL : item->values;
    while (value && value->key != number) value = value->next;
    return value;
}
