/* table.c - texts and their labels from tables: comma- or tab-separated values, or JSON lines, an
 * object each. */
#include "zoo/bert/tuned.h"

#include <autodidact/json.h>
#include <autodidact/table_data.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

/* Its label was added before. */
static ad_status add_text(bert_reading *r, int64_t line, const char *text, const char *pair)
{
    ad_status status = bert_texts_add(&r->rows->texts, r->table->speller, text, strlen(text), pair,
                                      pair ? strlen(pair) : 0);
    return bert_reading_name(r, line, status);
}

/* ---- separated values ---- */

int64_t bert_column_number(const char *name)
{
    char *end;
    long long number = strtoll(name, &end, 10);
    return *name && !*end && number > 0 ? number : 0;
}

static ad_status find_column(const bert_reading *r, const ad_frame *frame, const char *name,
                             int64_t *column)
{
    const char *const names[] = {name, NULL};
    int64_t number = bert_column_number(name);
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

static ad_status read_frame(bert_reading *r)
{
    const bert_table *t = r->table;
    const char *text_name = t->text ? t->text : "text", *label_name = t->label ? t->label : "label";
    const ad_frame_options options = {.header = bert_column_number(text_name) ? AD_FRAME_NO_HEADER
                                                                              : AD_FRAME_HEADER,
                                      .watcher = t->watcher};
    ad_frame *frame;
    int64_t text = 0, pair = 0, label = 0;
    ad_status status = ad_frame_read(&frame, r->ctx, t->path, &options);
    if (status) return status;
    status = find_column(r, frame, text_name, &text);
    if (!status) status = find_column(r, frame, label_name, &label);
    if (!status && t->pair) status = find_column(r, frame, t->pair, &pair);
    const char *separator = t->separator                       ? t->separator
                            : ad_frame_separator(frame) == '|' ? ","
                                                               : "|";
    for (int64_t i = 0; i < ad_frame_rows(frame) && !status; ++i) {
        int64_t line = ad_frame_line(frame, i);
        status = bert_add_label(r, line, ad_frame_text(frame, i, label), separator);
        if (!status)
            status = add_text(r, line, ad_frame_text(frame, i, text),
                              t->pair ? ad_frame_text(frame, i, pair) : NULL);
    }
    ad_frame_free(frame);
    return status;
}

/* ---- JSON lines ---- */

const char *bert_json_text(const json_t *value, char number[32])
{
    if (json_is_string(value)) return json_string_value(value);
    if (!json_is_number(value)) return NULL;
    if (json_is_integer(value))
        snprintf(number, 32, "%lld", (long long)json_integer_value(value));
    else
        snprintf(number, 32, "%.9g", json_real_value(value));
    return number;
}

/* A text with its pair and its label, or labels. */
static ad_status add_members(bert_reading *r, int64_t line, const json_t *object)
{
    const bert_table *t = r->table;
    const char *text_name = t->text ? t->text : "text", *label_name = t->label ? t->label : "label";
    char number[3][32];
    const json_t *of = json_object_get(object, label_name);
    const char *text = bert_json_text(json_object_get(object, text_name), number[0]),
               *label = bert_json_text(of, number[1]);
    const char *pair = t->pair ? bert_json_text(json_object_get(object, t->pair), number[2]) : NULL;
    bool several = r->rows->model->task == BERT_LABELS_TASK;
    if (several && !json_is_array(of))
        return bert_reading_fail(r, line, "has no array \"%s\" of labels", label_name);
    if (!text || (!several && !label) || (t->pair && !pair))
        return bert_reading_fail(r, line, "has no text or number \"%s\"",
                                 !text                ? text_name
                                 : !several && !label ? label_name
                                                      : t->pair);
    ad_status status = several ? bert_add_labels(r, line, of) : bert_add_label(r, line, label, "|");
    return status ? status : add_text(r, line, text, pair);
}

static ad_status add_object(bert_reading *r, int64_t line, const char *at, size_t length)
{
    json_t *object;
    ad_status status = ad_json_object_parse(r->ctx, r->table->path, line, at, length, &object);
    if (status) return status;
    status = r->rows->model->task == BERT_TAGS_TASK ? bert_add_tagged(r, line, object)
                                                    : add_members(r, line, object);
    json_decref(object);
    return status;
}

static ad_status read_json_lines(bert_reading *r)
{
    ad_text_file file;
    ad_status status = ad_text_file_read(&file, r->ctx, r->table->path);
    if (status) return status;
    bert_lines lines = {.at = file.text, .end = file.text + file.length};
    while (!status && bert_next_line(&lines))
        if (lines.length) status = add_object(r, lines.number, lines.line, lines.length);
    ad_text_file_free(&file);
    return status;
}

/* "x.jsonl", "x.jsonl.gz" */
static bool is_json_lines(const char *path)
{
    const char *slash = strrchr(path, '/'), *found = strstr(slash ? slash : path, ".jsonl");
    return found && (!found[6] || found[6] == '.');
}

ad_status bert_table_read(const bert_table *table, bert_classes *classes, bert_rows *rows)
{
    bert_reading r = {.table = table, .classes = classes, .rows = rows, .ctx = rows->texts.ctx};
    bool tags = rows->model->task == BERT_TAGS_TASK;
    ad_status status = is_json_lines(table->path) ? read_json_lines(&r)
                       : tags                     ? bert_read_conll(&r)
                                                  : read_frame(&r);
    if (!status && !rows->texts.count)
        status = ad_error_set(r.ctx, AD_ERROR_FORMAT, "%s: has no rows", table->path);
    bert_texts_note(&rows->texts, &table->watcher);
    bert_marks_note(&rows->marks, &rows->texts, &table->watcher);
    return status;
}
