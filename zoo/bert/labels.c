/* labels.c - what a table's column of labels says: a class by name, a number, or several labels. */
#include "zoo/bert/tuned.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- errors ---- */

ad_status bert_reading_fail(const bert_reading *r, int64_t line, const char *format, ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return ad_error_set(r->ctx, AD_ERROR_FORMAT, "%s:%lld: %s", r->table->path, (long long)line,
                        sentence);
}

ad_status bert_reading_name(const bert_reading *r, int64_t line, ad_status status)
{
    if (!status || status == AD_ERROR_MEMORY) return status;
    return ad_error_set(r->ctx, status, "%s:%lld: %s", r->table->path, (long long)line,
                        ad_error(r->ctx));
}

static ad_status out_of_memory(const bert_reading *r)
{
    return bert_no_memory(r->ctx, "a table's rows");
}

/* ---- classes ---- */

void bert_classes_free(bert_classes *c)
{
    for (int64_t i = 0; i < c->count; ++i) free(c->at[i]);
    free(c->at);
    *c = (bert_classes){0};
}

static ad_status add_class(bert_reading *r, const char *name)
{
    bert_classes *c = r->classes;
    if (c->count == c->capacity) {
        int64_t capacity = 2 * c->capacity + 16;
        char **grown = realloc(c->at, (size_t)capacity * sizeof *grown);
        if (!grown) return out_of_memory(r);
        c->at = grown, c->capacity = capacity;
    }
    c->at[c->count] = strdup(name);
    return c->at[c->count++] ? AD_OK : out_of_memory(r);
}

ad_status bert_find_class(bert_reading *r, int64_t line, const char *name, int32_t *label)
{
    bert_classes *c = r->classes;
    int64_t i = 0;
    while (i < c->count && strcmp(c->at[i], name) != 0) ++i;
    *label = (int32_t)i;
    if (i < c->count) return AD_OK;
    if (!*name) return bert_reading_fail(r, line, "the label is empty");
    if (c->grow) return add_class(r, name);
    return bert_reading_fail(
        r, line, "the label \"%.60s\" is none of the %lld of %s (the first is \"%.60s\")", name,
        (long long)c->count, c->from, c->count ? c->at[0] : "");
}

/* ---- of a text ---- */

ad_status bert_reading_grow(bert_reading *r)
{
    bert_rows *rows = r->rows;
    if (rows->texts.count < r->capacity) return AD_OK;
    int64_t capacity = 2 * r->capacity + 256;
    int32_t *labels = realloc(rows->labels, (size_t)capacity * sizeof *labels);
    if (labels) rows->labels = labels;
    float *numbers = realloc(rows->numbers, (size_t)capacity * sizeof *numbers);
    if (numbers) rows->numbers = numbers;
    if (!labels || !numbers) return out_of_memory(r);
    r->capacity = capacity;
    return AD_OK;
}

/* "3.5" */
static ad_status read_number(const bert_reading *r, int64_t line, const char *text, float *number)
{
    char *end;
    double value = strtod(text, &end);
    *number = (float)value;
    while (*end == ' ') ++end;
    if (*text && !*end && isfinite(*number)) return AD_OK;
    return bert_reading_fail(r, line, "the label \"%.60s\" is no number", text);
}

/* ---- several ---- */

static ad_status add_one(bert_reading *r, int64_t line, const char *name)
{
    bert_marks *m = &r->rows->marks;
    int32_t label = 0;
    ad_status status = bert_find_class(r, line, name, &label);
    if (status) return status;
    for (int64_t i = m->texts ? m->begin[m->texts] : 0; i < m->count; ++i)
        if (m->label[i] == label)
            return bert_reading_fail(r, line, "the label \"%.60s\" stands there twice", name);
    return bert_marks_add(m, label, 0) ? AD_OK : out_of_memory(r);
}

static char *trimmed(char *text)
{
    while (*text == ' ') ++text;
    for (char *end = text + strlen(text); end > text && end[-1] == ' ';) *--end = 0;
    return text;
}

/* "a|b"; nothing but blanks is no label. */
static ad_status split(bert_reading *r, int64_t line, char *text, const char *separator)
{
    ad_status status = AD_OK;
    if (!*trimmed(text)) return AD_OK;
    for (char *next = text; next && !status;) {
        char *name = next, *end = strstr(name, separator);
        next = end ? end + strlen(separator) : NULL;
        if (end) *end = 0;
        status = add_one(r, line, trimmed(name));
    }
    return status;
}

static ad_status add_several(bert_reading *r, int64_t line, const char *label,
                             const char *separator)
{
    char *copy = strdup(label);
    if (!copy) return out_of_memory(r);
    ad_status status = split(r, line, copy, separator);
    free(copy);
    if (status) return status;
    return bert_marks_close(&r->rows->marks, false) ? AD_OK : out_of_memory(r);
}

ad_status bert_add_labels(bert_reading *r, int64_t line, const json_t *labels)
{
    char number[32];
    ad_status status = bert_reading_grow(r);
    for (size_t i = 0; i < json_array_size(labels) && !status; ++i) {
        const char *name = bert_json_text(json_array_get(labels, i), number);
        status = name ? add_one(r, line, name)
                      : bert_reading_fail(r, line, "label %zu is no text and no number", i + 1);
    }
    if (status) return status;
    r->rows->labels[r->rows->texts.count] = 0;
    return bert_marks_close(&r->rows->marks, false) ? AD_OK : out_of_memory(r);
}

ad_status bert_add_label(bert_reading *r, int64_t line, const char *label, const char *separator)
{
    bert_rows *rows = r->rows;
    int task = rows->model->task;
    ad_status status = bert_reading_grow(r);
    if (status) return status;
    const int64_t at = rows->texts.count;
    rows->labels[at] = 0, rows->numbers[at] = 0;
    return task == BERT_NUMBERS_TASK  ? read_number(r, line, label, &rows->numbers[at])
           : task == BERT_LABELS_TASK ? add_several(r, line, label, separator)
                                      : bert_find_class(r, line, label, &rows->labels[at]);
}
