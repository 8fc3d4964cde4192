/* table.c - texts and their labels from tables: comma- or tab-separated values, or JSON lines, an
 * object each. */
#include "zoo/bert/bert.h"

#include <autodidact/json.h>
#include <autodidact/table_data.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void bert_classes_free(bert_classes *c)
{
    for (int64_t i = 0; i < c->count; ++i) free(c->at[i]);
    free(c->at);
    *c = (bert_classes){0};
}

/* What a table's row is added to. */
typedef struct reading {
    const bert_table *table;
    bert_classes *classes;
    bert_rows *rows;
    ad_context *ctx;
    int64_t capacity; /* of labels */
} reading;

/* ---- classes ---- */

static ad_status add_class(reading *r, const char *name)
{
    bert_classes *c = r->classes;
    if (c->count == c->capacity) {
        int64_t capacity = 2 * c->capacity + 16;
        char **grown = realloc(c->at, (size_t)capacity * sizeof *grown);
        if (!grown) return bert_no_memory(r->ctx, "the rows of a table");
        c->at = grown, c->capacity = capacity;
    }
    c->at[c->count] = strdup(name);
    return c->at[c->count++] ? AD_OK : bert_no_memory(r->ctx, "the rows of a table");
}

static ad_status find_class(reading *r, int64_t line, const char *name, int32_t *label)
{
    bert_classes *c = r->classes;
    int64_t i = 0;
    while (i < c->count && strcmp(c->at[i], name) != 0) ++i;
    *label = (int32_t)i;
    if (i < c->count) return AD_OK;
    if (c->grow && *name) return add_class(r, name);
    if (!*name)
        return ad_error_set(r->ctx, AD_ERROR_FORMAT, "%s:%lld: the label is empty", r->table->path,
                            (long long)line);
    return ad_error_set(r->ctx, AD_ERROR_FORMAT,
                        "%s:%lld: the label \"%.60s\" is none of the %lld of %s (the first is "
                        "\"%.60s\")",
                        r->table->path, (long long)line, name, (long long)c->count, c->from,
                        c->count ? c->at[0] : "");
}

/* ---- rows ---- */

/* "3.5" */
static ad_status read_number(const reading *r, int64_t line, const char *text, float *number)
{
    char *end;
    double value = strtod(text, &end);
    *number = (float)value;
    while (*end == ' ') ++end;
    if (*text && !*end && isfinite(*number)) return AD_OK;
    return ad_error_set(r->ctx, AD_ERROR_FORMAT, "%s:%lld: the label \"%.60s\" is no number",
                        r->table->path, (long long)line, text);
}

/* Room for what belongs to one text more. */
static ad_status grow(reading *r)
{
    bert_rows *rows = r->rows;
    if (rows->texts.count < r->capacity) return AD_OK;
    int64_t capacity = 2 * r->capacity + 256;
    int32_t *labels = realloc(rows->labels, (size_t)capacity * sizeof *labels);
    if (labels) rows->labels = labels;
    float *numbers = realloc(rows->numbers, (size_t)capacity * sizeof *numbers);
    if (numbers) rows->numbers = numbers;
    if (!labels || !numbers) return bert_no_memory(r->ctx, "the rows of a table");
    r->capacity = capacity;
    return AD_OK;
}

static ad_status add(reading *r, int64_t line, const char *text, const char *pair,
                     const char *label)
{
    bert_rows *rows = r->rows;
    int32_t which = 0;
    float number = 0;
    ad_status status = rows->numbered ? read_number(r, line, label, &number)
                                      : find_class(r, line, label, &which);
    if (!status) status = grow(r);
    if (status) return status;
    status = bert_texts_add(&rows->texts, r->table->speller, text, strlen(text), pair,
                            pair ? strlen(pair) : 0);
    if (status && status != AD_ERROR_MEMORY) /* it is not UTF-8, or the tokenizer lacks a letter */
        return ad_error_set(r->ctx, status, "%s:%lld: %s", r->table->path, (long long)line,
                            ad_error(r->ctx));
    if (status) return status;
    rows->labels[rows->texts.count - 1] = which;
    rows->numbers[rows->texts.count - 1] = number;
    return AD_OK;
}

/* ---- separated values ---- */

/* A column by its number from 1; 0: the name is none. */
static int64_t number_of(const char *name)
{
    char *end;
    long long number = strtoll(name, &end, 10);
    return *name && !*end && number > 0 ? number : 0;
}

static ad_status find_column(const reading *r, const ad_frame *frame, const char *name,
                             int64_t *column)
{
    const char *const names[] = {name, NULL};
    int64_t number = number_of(name);
    if (!ad_frame_column_name(frame, 0)) {
        *column = number - 1;
        if (number && number <= ad_frame_columns(frame)) return AD_OK;
        return ad_error_set(r->ctx, AD_ERROR_FORMAT,
                            "%s: there is no column %s: it has %lld, without names", r->table->path,
                            name, (long long)ad_frame_columns(frame));
    }
    ad_status status = ad_frame_find_column(frame, names, column);
    return status || *column >= 0 ? status : ad_frame_fail_column(frame, name);
}

static ad_status read_frame(reading *r)
{
    const bert_table *t = r->table;
    const ad_frame_options options = {
        .header = number_of(t->text) ? AD_FRAME_NO_HEADER : AD_FRAME_HEADER, .watcher = t->watcher};
    ad_frame *frame;
    int64_t text = 0, pair = 0, label = 0;
    ad_status status = ad_frame_read(&frame, r->ctx, t->path, &options);
    if (status) return status;
    status = find_column(r, frame, t->text, &text);
    if (!status) status = find_column(r, frame, t->label, &label);
    if (!status && t->pair) status = find_column(r, frame, t->pair, &pair);
    for (int64_t i = 0; i < ad_frame_rows(frame) && !status; ++i)
        status = add(r, ad_frame_line(frame, i), ad_frame_text(frame, i, text),
                     t->pair ? ad_frame_text(frame, i, pair) : NULL,
                     ad_frame_text(frame, i, label));
    ad_frame_free(frame);
    return status;
}

/* ---- JSON lines ---- */

/* A member as text; numbers as they are written. NULL: it is neither. */
static const char *member(const json_t *object, const char *name, char number[32])
{
    const json_t *value = json_object_get(object, name);
    if (json_is_string(value)) return json_string_value(value);
    if (!json_is_number(value)) return NULL;
    if (json_is_integer(value))
        snprintf(number, 32, "%lld", (long long)json_integer_value(value));
    else
        snprintf(number, 32, "%.9g", json_real_value(value));
    return number;
}

static ad_status add_object(reading *r, int64_t line, const char *at, size_t length)
{
    const bert_table *t = r->table;
    char number[3][32];
    json_t *object;
    ad_status status = ad_json_object_parse(r->ctx, t->path, line, at, length, &object);
    if (status) return status;
    const char *text = member(object, t->text, number[0]),
               *label = member(object, t->label, number[1]);
    const char *pair = t->pair ? member(object, t->pair, number[2]) : NULL;
    if (!text || !label || (t->pair && !pair))
        status = ad_error_set(r->ctx, AD_ERROR_FORMAT, "%s:%lld: has no text or number \"%s\"",
                              t->path, (long long)line,
                              !text    ? t->text
                              : !label ? t->label
                                       : t->pair);
    else
        status = add(r, line, text, pair, label);
    json_decref(object);
    return status;
}

static ad_status read_json_lines(reading *r)
{
    ad_text_file file;
    ad_status status = ad_text_file_read(&file, r->ctx, r->table->path);
    if (status) return status;
    const char *at = file.text, *end = at + file.length;
    for (int64_t line = 1; at < end && !status; ++line) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        if (length && !(length == 1 && *at == '\r')) status = add_object(r, line, at, length);
        at += length + 1;
    }
    ad_text_file_free(&file);
    return status;
}

/* "x.jsonl", "x.jsonl.gz" */
static bool is_json_lines(const char *path)
{
    const char *found = strstr(path, ".jsonl");
    return found && (!found[6] || found[6] == '.');
}

ad_status bert_table_read(const bert_table *table, bert_classes *classes, bert_rows *rows)
{
    reading r = {.table = table, .classes = classes, .rows = rows, .ctx = rows->texts.ctx};
    ad_status status = is_json_lines(table->path) ? read_json_lines(&r) : read_frame(&r);
    if (!status && !rows->texts.count)
        status = ad_error_set(r.ctx, AD_ERROR_FORMAT, "%s: has no rows", table->path);
    bert_texts_note(&rows->texts, &table->watcher);
    return status;
}
