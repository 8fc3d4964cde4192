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

ad_status ad_json_parse(ad_context *ctx, const char *name, const char *bytes, size_t size,
                        size_t flags, json_t **root)
{
    json_error_t error;
    unsigned before = ad_json_refusals();
    const unsigned char *text = (const unsigned char *)bytes;
    *root = NULL;
    ad_status status = ad_skip_byte_order_mark(ctx, name, &text, &size);
    if (status) return status;
    *root = json_loadb((const char *)text, size, flags, &error);
    if (refusals != before) {
        json_decref(*root);
        *root = NULL;
        return ad_fail(ctx, AD_ERROR_MEMORY, "%s: no memory to read it", name);
    }
    if (*root) return AD_OK;
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: line %d: %s", name, error.line, error.text);
}

ad_status ad_json_load(ad_context *ctx, const char *path, size_t flags, json_t **root)
{
    ad_file_bytes file;
    *root = NULL;
    ad_status status = ad_file_bytes_read(&file, ctx, path, bytes_most);
    if (status) return status;
    status = ad_json_parse(ctx, path, (const char *)file.bytes, file.size, flags, root);
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
