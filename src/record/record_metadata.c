/* record_metadata.c - records as the metadata of a weights file, and back from a file that may say
 * anything. */
#include "record/option_value.h"
#include "base/escape.h"
#include "base/utf8.h"
#include "io/json_cursor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 128, ITEMS_MOST = 1 << 20 };

/* ---- a list of metadata ---- */

ad_status ad_metadata_add(ad_metadata_list *list, ad_context *ctx, const char *key,
                          const char *value)
{
    list->ctx = ctx;
    if (list->count == list->capacity) {
        int more = list->capacity ? 2 * list->capacity : 16;
        ad_metadata *at = ad_realloc(ctx, list->at, (size_t)list->capacity * sizeof *at,
                                     (size_t)more * sizeof *at);
        if (!at) return AD_ERROR_MEMORY;
        list->at = at;
        list->capacity = more;
    }
    ad_metadata row = {ad_string_copy(ctx, key), ad_string_copy(ctx, value)};
    if (!row.key || !row.value) {
        ad_string_free(ctx, (char *)row.key);
        ad_string_free(ctx, (char *)row.value);
        return AD_ERROR_MEMORY;
    }
    list->at[list->count++] = row;
    return AD_OK;
}

void ad_metadata_free(ad_metadata_list *list)
{
    for (int i = 0; i < list->count; ++i) {
        ad_string_free(list->ctx, (char *)list->at[i].key);
        ad_string_free(list->ctx, (char *)list->at[i].value);
    }
    if (list->at) ad_free(list->ctx, list->at, (size_t)list->capacity * sizeof *list->at);
    *list = (ad_metadata_list){0};
}

/* ---- writing ---- */

static void key_of(const ad_record *record, const ad_option *o, char key[KEY_BYTES])
{
    snprintf(key, KEY_BYTES, "%s%s", record->prefix ? record->prefix : "",
             o->key ? o->key : o->name);
    for (char *c = key; *c; ++c)
        if (*c == '-') *c = '_';
}

/* A text may hold any character, so lists of them are JSON. */
static ad_status describe_texts(ad_context *ctx, const char *key, const ad_texts *texts,
                                ad_metadata_list *out)
{
    ad_text list;
    ad_text_init(&list, ctx);
    const char *wrong = NULL;
    ad_text_add(&list, "[");
    for (int64_t i = 0; !wrong && i < texts->count; ++i) {
        size_t length = strlen(texts->at[i]);
        if (ad_utf8_valid(texts->at[i], length) < length) wrong = texts->at[i];
        if (i) ad_text_add(&list, ",");
        ad_text_json(&list, texts->at[i], false);
    }
    ad_text_add(&list, "]");
    ad_status status = list.failed ? AD_ERROR_MEMORY
                       : !wrong
                           ? ad_metadata_add(out, ctx, key, ad_text_get(&list))
                           : ad_fail(ctx, AD_ERROR_ARGUMENT,
                                     "%s holds bytes that are not UTF-8: \"%.200s\"", key, wrong);
    ad_text_free(&list);
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

static void free_texts(ad_context *ctx, ad_texts *texts, int64_t room)
{
    for (int64_t i = 0; i < texts->count; ++i) ad_string_free(ctx, texts->at[i]);
    if (texts->at) ad_free(ctx, texts->at, (size_t)room * sizeof *texts->at);
    *texts = (ad_texts){0};
}

/* How many strings the list holds; -1: it is not a list of strings. */
static int64_t count_texts(const char *json, ad_text *scratch)
{
    int64_t count = 0;
    ad_json_cursor j = ad_json_open(json, strlen(json));
    ad_json_enter(&j, '[');
    for (; ad_json_more(&j); ++count) ad_json_read_string(&j, scratch);
    return ad_json_done(&j) && count <= ITEMS_MOST ? count : -1;
}

static ad_status read_texts(ad_context *ctx, const ad_file *file, const char *key, const char *json,
                            ad_texts *out)
{
    ad_text item;
    ad_texts read = {0};
    ad_text_init(&item, ctx);
    int64_t count = count_texts(json, &item);
    ad_status status = count < 0 ? refuse(ctx, file, key, json, "a JSON list of texts") : AD_OK;
    if (count > 0 && !(read.at = ad_zalloc(ctx, (size_t)count * sizeof *read.at)))
        status = AD_ERROR_MEMORY;
    ad_json_cursor j = ad_json_open(json, strlen(json));
    ad_json_enter(&j, '[');
    while (!status && ad_json_more(&j)) {
        ad_json_read_string(&j, &item);
        char *text = item.failed ? NULL : ad_string_copy(ctx, ad_text_get(&item));
        if (text)
            read.at[read.count++] = text;
        else
            status = AD_ERROR_MEMORY;
    }
    ad_text_free(&item);
    if (status)
        free_texts(ctx, &read, count);
    else
        *out = read;
    return status;
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
        ad_texts_free(ctx, held);
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
    if (!status && record->complete) status = record->complete(ctx, ad_file_path(file), value);
    return status;
}
