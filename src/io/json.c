/* json.c - jansson's memory watched; documents read and written. */
#include "io/json.h"
#include "base/byte_order_mark.h"
#include "base/escape.h"
#include "base/file.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

/* ---- the hook ---- */

static const size_t bytes_most = 64 << 20;

static _Thread_local unsigned refusals;
static json_malloc_t allocate_before;
static pthread_once_t hooked = PTHREAD_ONCE_INIT;

static void *allocate(size_t bytes)
{
    void *memory = allocate_before(bytes);
    if (!memory) ++refusals;
    return memory;
}

static void hook(void)
{
    json_free_t release;
    json_get_alloc_funcs(&allocate_before, &release);
    json_set_alloc_funcs(allocate, release);
}

unsigned ad_json_refusals(void)
{
    (void)pthread_once(&hooked, hook);
    return refusals;
}

json_t *ad_json_from_text(ad_context *ctx, const char *bytes)
{
    ad_text text;
    (void)ad_json_refusals();
    ad_text_init(&text, ctx);
    ad_text_utf8(&text, bytes, strlen(bytes));
    json_t *value = text.failed ? NULL : json_string(ad_text_get(&text));
    if (!value) ++refusals;
    ad_text_free(&text);
    return value;
}

/* ---- reading ---- */

/* The tree, or what is wrong with the text in *error. */
static ad_status parse(ad_context *ctx, const char *name, const char *bytes, size_t size,
                       size_t flags, json_t **root, json_error_t *error)
{
    unsigned before = ad_json_refusals();
    const unsigned char *text = (const unsigned char *)bytes;
    *root = NULL;
    ad_status status = ad_skip_byte_order_mark(ctx, name, &text, &size);
    if (status) return status;
    *error = (json_error_t){0};
    *root = json_loadb((const char *)text, size, flags, error);
    if (refusals == before) return AD_OK;
    json_decref(*root);
    *root = NULL;
    return ad_fail(ctx, AD_ERROR_MEMORY, "%s: no memory to read it", name);
}

ad_status ad_json_parse(ad_context *ctx, const char *name, const char *bytes, size_t size,
                        size_t flags, json_t **root)
{
    json_error_t error;
    ad_status status = parse(ctx, name, bytes, size, flags, root, &error);
    if (status || *root) return status;
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: line %d: %s", name, error.line, error.text);
}

ad_status ad_json_object_parse(ad_context *ctx, const char *name, int64_t line, const char *bytes,
                               size_t size, json_t **object)
{
    json_error_t error;
    ad_status status = parse(ctx, name, bytes, size, 0, object, &error);
    if (status || json_is_object(*object)) return status;
    const char *what = *object ? "it is an array" : error.text;
    json_decref(*object);
    *object = NULL;
    if (line)
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s:%lld: is not a JSON object (%s)", name,
                       (long long)line, what);
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: is not a JSON object (line %d: %s)", name,
                   error.line < 1 ? 1 : error.line, what);
}

static ad_status read_file(ad_file_bytes *file, ad_context *ctx, const char *path, json_t **root)
{
    *root = NULL;
    return ad_file_bytes_read(file, ctx, path, bytes_most);
}

ad_status ad_json_load(ad_context *ctx, const char *path, size_t flags, json_t **root)
{
    ad_file_bytes file;
    ad_status status = read_file(&file, ctx, path, root);
    if (status) return status;
    status = ad_json_parse(ctx, path, (const char *)file.bytes, file.size, flags, root);
    ad_file_bytes_free(&file);
    return status;
}

ad_status ad_json_object_load(ad_context *ctx, const char *path, json_t **object)
{
    ad_file_bytes file;
    ad_status status = read_file(&file, ctx, path, object);
    if (status) return status;
    status = ad_json_object_parse(ctx, path, 0, (const char *)file.bytes, file.size, object);
    ad_file_bytes_free(&file);
    return status;
}

/* ---- writing ---- */

static int add(const char *bytes, size_t size, void *text)
{
    ad_text_bytes(text, bytes, size);
    return ((ad_text *)text)->failed ? -1 : 0;
}

void ad_json_dump(ad_text *out, const json_t *root, size_t flags, unsigned before)
{
    bool whole = root && !json_dump_callback(root, add, out, flags);
    if (!whole || ad_json_refusals() != before) out->failed = true;
}
