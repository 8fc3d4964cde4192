/* record_metadata.c - records as the metadata of a weights file, and back from a file that may say
 * anything. */
#include "record/option_value.h"
#include "base/context.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 128, ITEMS_MOST = 1 << 20 };

/* ---- a list of metadata ---- */

static char *own(ad_context *ctx, const char *text)
{
    char *copy = ad_alloc(ctx, strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

static void release(ad_context *ctx, const char *text)
{
    if (text) ad_free(ctx, (char *)text, strlen(text) + 1);
}

ad_status ad_metadata_add(ad_metadata_list *list, ad_context *ctx, const char *key,
                          const char *value)
{
    list->ctx = ctx;
    if (list->count == list->capacity) {
        int more = list->capacity ? 2 * list->capacity : 16;
        ad_metadata *at = ad_realloc(ctx, list->at, (size_t)list->capacity * sizeof *at,
                                     (size_t)more * sizeof *at);
        if (!at) return AD_ERROR_MEMORY;
        list->at = at, list->capacity = more;
    }
    ad_metadata row = {own(ctx, key), own(ctx, value)};
    if (!row.key || !row.value) {
        release(ctx, row.key);
        release(ctx, row.value);
        return AD_ERROR_MEMORY;
    }
    list->at[list->count++] = row;
    return AD_OK;
}

void ad_metadata_free(ad_metadata_list *list)
{
    for (int i = 0; i < list->count; ++i) {
        release(list->ctx, list->at[i].key);
        release(list->ctx, list->at[i].value);
    }
    if (list->at) ad_free(list->ctx, list->at, (size_t)list->capacity * sizeof *list->at);
    *list = (ad_metadata_list){0};
}

/* ---- writing ---- */

static void key_of(const ad_record *record, const ad_option *o, char key[KEY_BYTES])
{
    snprintf(key, KEY_BYTES, "%s%s", record->prefix ? record->prefix : "", o->name);
    for (char *c = key; *c; ++c)
        if (*c == '-') *c = '_';
}

/* A text may hold any character, so lists of them are JSON. */
static ad_status describe_texts(ad_context *ctx, const char *key, const ad_texts *texts,
                                ad_metadata_list *out)
{
    json_t *list = json_array();
    bool good = list != NULL;
    for (int64_t i = 0; good && i < texts->count; ++i)
        good = !json_array_append_new(list, json_string(texts->at[i]));
    char *text = good ? json_dumps(list, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    json_decref(list);
    if (!text) return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s holds bytes that are not UTF-8", key);
    ad_status status = ad_metadata_add(out, ctx, key, text);
    free(text);
    return status;
}

ad_status ad_record_describe(const ad_record *record, ad_context *ctx, const void *value,
                             ad_metadata_list *out)
{
    ad_status status = AD_OK;
    for (const ad_option *o = record->options; o->name && !status; ++o) {
        char key[KEY_BYTES], *text = NULL;
        key_of(record, o, key);
        if (o->type == AD_OPTION_TEXTS) {
            const ad_texts *texts = (const void *)((const char *)value + o->at);
            if (texts->count) status = describe_texts(ctx, key, texts, out);
            continue;
        }
        status = ad_record_get(record, ctx, value, o->name, &text);
        if (!status && text) status = ad_metadata_add(out, ctx, key, text);
        ad_record_text_free(ctx, text);
    }
    return status;
}

/* ---- reading ---- */

static ad_status refuse(ad_context *ctx, const ad_file *file, const char *key, const char *text,
                        const char *expected)
{
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: its %s is \"%.60s\", expected %s", ad_file_path(file),
                   key, text, expected);
}

static ad_status read_texts(ad_context *ctx, const ad_file *file, const char *key, const char *text,
                            ad_texts *out)
{
    json_t *list = json_loads(text, 0, NULL);
    size_t count = json_is_array(list) ? json_array_size(list) : 0;
    ad_texts read = {0};
    ad_status status = AD_OK;
    if (!json_is_array(list) || count > ITEMS_MOST)
        status = refuse(ctx, file, key, text, "a JSON list of texts");
    if (!status && count && !(read.at = ad_zalloc(ctx, count * sizeof *read.at)))
        status = AD_ERROR_MEMORY;
    for (size_t i = 0; i < count && !status; ++i) {
        const char *item = json_string_value(json_array_get(list, i));
        read.count = (int64_t)count;
        if (!item)
            status = refuse(ctx, file, key, text, "a JSON list of texts");
        else if (!(read.at[i] = own(ctx, item)))
            status = AD_ERROR_MEMORY;
    }
    json_decref(list);
    if (status) {
        for (int64_t i = 0; i < read.count; ++i) release(ctx, read.at[i]);
        if (read.at) ad_free(ctx, read.at, count * sizeof *read.at);
        return status;
    }
    *out = read;
    return AD_OK;
}

static void free_texts(ad_context *ctx, ad_texts *texts)
{
    for (int64_t i = 0; i < texts->count; ++i) release(ctx, texts->at[i]);
    if (texts->at) ad_free(ctx, texts->at, (size_t)texts->count * sizeof *texts->at);
    *texts = (ad_texts){0};
}

static ad_status read_member(const ad_record *record, ad_context *ctx, void *value,
                             const ad_file *file, const ad_option *o, const char *text)
{
    char key[KEY_BYTES], expected[AD_EXPECTED_BYTES];
    key_of(record, o, key);
    if (o->type == AD_OPTION_TEXTS) {
        ad_texts read, *held = (void *)((char *)value + o->at);
        ad_status status = read_texts(ctx, file, key, text, &read);
        if (status) return status;
        free_texts(ctx, held);
        *held = read;
        return AD_OK;
    }
    if (o->type == AD_OPTION_FLAG && (!strcmp(text, "1") || !strcmp(text, "true"))) text = "yes";
    if (o->type == AD_OPTION_FLAG && (!strcmp(text, "0") || !strcmp(text, "false"))) text = "no";
    if (!ad_option_accepts(o, text))
        return refuse(ctx, file, key, text, ad_option_expected(o, expected));
    return ad_record_set(record, ctx, value, o->name, text);
}

ad_status ad_record_read(const ad_record *record, ad_context *ctx, void *value, const ad_file *file,
                         int *found)
{
    ad_status status = record->read_old ? record->read_old(ctx, file, value) : AD_OK;
    *found = 0;
    for (const ad_option *o = record->options; o->name && !status; ++o) {
        char key[KEY_BYTES];
        key_of(record, o, key);
        const char *text = ad_file_metadata(file, key);
        if (!text) continue;
        ++*found;
        status = read_member(record, ctx, value, file, o, text);
    }
    return status;
}
