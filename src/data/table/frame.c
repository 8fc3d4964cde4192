/* frame.c - a data frame in memory: cells by row and column, columns by name, numbers. */
#include <autodidact/table_data.h>

#include "base/byte_order_mark.h"
#include "base/ending.h"
#include "base/text.h"
#include "base/utf8.h"
#include "data/table/csv.h"
#include "io/source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS_MOST = 1 << 20, SHOWN_COLUMNS = 12 };

/* Where a cell begins is told in 32 bits, and the last cell's end may lie one byte behind. */
static const size_t limit_most = UINT32_MAX - 1, limit_usual = (size_t)2 << 30;

struct ad_frame {
    ad_context *ctx;
    char *path;  /* owned, for errors */
    char *text;  /* all cells, each ended by a zero byte; owned */
    size_t room; /* bytes of it */
    int64_t records, columns;
    int64_t fields;  /* of a record in the file: columns, and empty ones behind them */
    bool header;     /* record 0 names the columns */
    uint32_t *start; /* [records, fields], in text; owned */
    uint32_t *line;  /* [records]; owned */
    char separator;
};

/* ---- reading ---- */

static ad_status fail_at(const ad_frame *t, const ad_csv *csv)
{
    return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s:%lld: %s", t->path, (long long)csv->wrong_line,
                   csv->wrong);
}

/* Counts records and fields, and sees that they are in order. */
static ad_status count_cells(ad_frame *t, ad_csv csv)
{
    while (ad_csv_next_record(&csv)) {
        int64_t line = csv.line, fields = ad_csv_count_fields(&csv);
        if (fields < 0) return fail_at(t, &csv);
        if (!t->records++) t->fields = fields;
        if (fields > COLUMNS_MOST)
            return ad_fail(t->ctx, AD_ERROR_LIMIT, "%s:%lld: has %lld fields, %d are allowed",
                           t->path, (long long)line, (long long)fields, COLUMNS_MOST);
        if (fields != t->fields)
            return ad_fail(t->ctx, AD_ERROR_FORMAT,
                           "%s:%lld: has %lld field%s, expected %lld as in the first line", t->path,
                           (long long)line, (long long)fields, fields == 1 ? "" : "s",
                           (long long)t->fields);
    }
    if (t->records) return AD_OK;
    return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: is empty, expected a table", t->path);
}

static ad_status store_cells(ad_frame *t, ad_csv csv, size_t bytes)
{
    uint32_t *start = t->start = ad_alloc(t->ctx, ad_bytes(t->records * t->fields, sizeof *start));
    t->line = ad_alloc(t->ctx, ad_bytes(t->records, sizeof *t->line));
    t->room = bytes + 1;
    char *to = t->text = ad_alloc(t->ctx, t->room);
    if (!t->start || !t->line || !t->text) return AD_ERROR_MEMORY;
    for (int64_t record = 0; ad_csv_next_record(&csv); ++record) {
        t->line[record] = (uint32_t)csv.line;
        do {
            *start++ = (uint32_t)(to - t->text);
            ad_csv_read_field(&csv, &to);
        } while (csv.more);
    }
    return AD_OK;
}

static const char *cell(const ad_frame *t, int64_t record, int64_t column)
{
    return t->text + t->start[record * t->fields + column];
}

/* A separator at the end of every line, as spreadsheets leave it, makes no column. */
static void drop_empty_columns(ad_frame *t)
{
    for (t->columns = t->fields; t->columns > 1; --t->columns)
        for (int64_t record = 0; record < t->records; ++record)
            if (*cell(t, record, t->columns - 1)) return;
}

static bool holds_number(const ad_frame *t, int64_t record)
{
    double number;
    for (int64_t c = 0; c < t->columns; ++c)
        if (ad_csv_number(cell(t, record, c), t->separator == ';', &number)) return true;
    return false;
}

static ad_status check_text(const ad_frame *t, const char *text, size_t bytes, size_t limit)
{
    if (limit > limit_most) limit = limit_most;
    if (bytes > limit)
        return ad_fail(t->ctx, AD_ERROR_LIMIT, "%s: holds more than %zu bytes", t->path, limit);
    if (bytes && memchr(text, 0, bytes))
        return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: is not text: it holds zero bytes", t->path);
    size_t valid = ad_utf8_valid(text, bytes);
    if (valid == bytes) return AD_OK;
    long long line = 1;
    for (size_t i = 0; i < valid; ++i)
        line += text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n');
    return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s:%lld: holds the byte 0x%02x, expected UTF-8",
                   t->path, line, (unsigned char)text[valid]);
}

static const char *separator_name(char separator, char buffer[4])
{
    if (separator == '\t') return "tabs";
    if (separator == ' ') return "blanks";
    snprintf(buffer, 4, "\"%c\"", separator);
    return buffer;
}

/* That the fields are not separated by commas is worth knowing where something else is odd. */
static void say_separator(const ad_frame *t, const ad_watcher *watcher)
{
    char buffer[4];
    bool tabs = ad_ends_with_any_case(t->path, ".tsv");
    if (t->columns < 2 || t->separator == ',' || (tabs && t->separator == '\t')) return;
    ad_watch_note(watcher, "%s: fields are separated by %s", t->path,
                  separator_name(t->separator, buffer));
}

static ad_status parse(ad_frame *t, const unsigned char *begin, size_t bytes,
                       const ad_frame_options *options)
{
    ad_status status = ad_skip_byte_order_mark(t->ctx, t->path, &begin, &bytes);
    const char *text = (const char *)begin;
    if (!status) status = check_text(t, text, bytes, options->limit ? options->limit : limit_usual);
    if (status) return status;
    if (options->separator && strchr("\"\r\n", options->separator))
        return ad_fail(t->ctx, AD_ERROR_ARGUMENT, "%s: quotes and line ends separate no fields",
                       t->path);
    t->separator = options->separator ? options->separator : ad_csv_find_separator(text, bytes);
    ad_csv csv = {.at = text, .end = text + bytes, .separator = t->separator, .line = 1};
    status = count_cells(t, csv);
    if (!status) status = store_cells(t, csv, bytes);
    if (!status) drop_empty_columns(t);
    if (!status && !options->separator) say_separator(t, &options->watcher);
    if (!status)
        t->header = options->header == AD_FRAME_HEADER ||
                    (options->header == AD_FRAME_HEADER_GUESSED && !holds_number(t, 0));
    return status;
}

ad_status ad_frame_parse(ad_frame **out, ad_context *ctx, const char *name, const void *text,
                         size_t bytes, const ad_frame_options *options)
{
    static const ad_frame_options usual = {0};
    ad_frame *t = ad_zalloc(ctx, sizeof *t);
    *out = NULL;
    if (!t) return AD_ERROR_MEMORY;
    t->ctx = ctx;
    t->path = ad_string_copy(ctx, name);
    ad_status status = t->path ? AD_OK : AD_ERROR_MEMORY;
    if (!status)
        status = parse(t, bytes ? text : (const void *)"", bytes, options ? options : &usual);
    if (status)
        ad_frame_free(t);
    else
        *out = t;
    return status;
}

ad_status ad_frame_read(ad_frame **out, ad_context *ctx, const char *path,
                        const ad_frame_options *options)
{
    ad_content content;
    size_t limit = options && options->limit ? options->limit : limit_usual;
    *out = NULL;
    ad_status status = ad_content_read(&content, ctx, path, limit);
    if (status) return status;
    status = ad_frame_parse(out, ctx, path, content.bytes, content.size, options);
    ad_content_free(&content);
    return status;
}

void ad_frame_free(ad_frame *t)
{
    if (!t) return;
    ad_string_free(t->ctx, t->path);
    ad_free(t->ctx, t->start, ad_bytes(t->records * t->fields, sizeof *t->start));
    ad_free(t->ctx, t->line, ad_bytes(t->records, sizeof *t->line));
    ad_free(t->ctx, t->text, t->room);
    ad_free(t->ctx, t, sizeof *t);
}

/* ---- cells ---- */

int64_t ad_frame_rows(const ad_frame *t)
{
    return t->records - t->header;
}

int64_t ad_frame_columns(const ad_frame *t)
{
    return t->columns;
}

char ad_frame_separator(const ad_frame *t)
{
    return t->separator;
}

const char *ad_frame_text(const ad_frame *t, int64_t row, int64_t column)
{
    return cell(t, row + t->header, column);
}

int64_t ad_frame_line(const ad_frame *t, int64_t row)
{
    return t->line[row + t->header];
}

ad_status ad_frame_fail(const ad_frame *t, int64_t row, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ad_vfail(t->ctx, AD_ERROR_FORMAT, format, args);
    va_end(args);
    return ad_fail_prefix(t->ctx, "%s:%lld", t->path, (long long)ad_frame_line(t, row));
}

bool ad_frame_missing(const ad_frame *t, int64_t row, int64_t column)
{
    static const char *const words[] = {"", "NA", "N/A", "NaN", "null", "?"};
    const char *text = ad_frame_text(t, row, column);
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
        if (!strcasecmp(text, words[i])) return true;
    return false;
}

bool ad_frame_is_number(const ad_frame *t, int64_t row, int64_t column, double *number)
{
    return ad_csv_number(ad_frame_text(t, row, column), t->separator == ';', number);
}

ad_status ad_frame_number(const ad_frame *t, int64_t row, int64_t column, double *number)
{
    char place[96];
    const char *text = ad_frame_text(t, row, column), *name = ad_frame_column_name(t, column);
    if (ad_frame_is_number(t, row, column, number)) return AD_OK;
    if (name && *name)
        snprintf(place, sizeof place, "column %.80s", name);
    else
        snprintf(place, sizeof place, "column %lld", (long long)column + 1);
    if (!*text) return ad_frame_fail(t, row, "%s is empty, expected a number", place);
    return ad_frame_fail(t, row, "\"%.60s\" in %s is not a number", text, place);
}

ad_status ad_frame_numbers(const ad_frame *t, int64_t column, double *numbers)
{
    for (int64_t row = 0; row < ad_frame_rows(t); ++row) {
        numbers[row] = NAN;
        if (ad_frame_missing(t, row, column)) continue;
        ad_status status = ad_frame_number(t, row, column, &numbers[row]);
        if (status) return status;
    }
    return AD_OK;
}

/* ---- columns ---- */

const char *ad_frame_column_name(const ad_frame *t, int64_t column)
{
    return t->header ? cell(t, 0, column) : NULL;
}

/* In quotes, blanks around a name are kept; they do not tell names apart. */
static bool is_called(const ad_frame *t, int64_t column, const char *name)
{
    const char *text = cell(t, 0, column);
    size_t length = strlen(name);
    text += strspn(text, " \t");
    if (strncasecmp(text, name, length)) return false;
    return !text[length + strspn(text + length, " \t")];
}

ad_status ad_frame_find_column(const ad_frame *t, const char *const *names, int64_t *column)
{
    *column = -1;
    for (; t->header && *names && *column < 0; ++names) {
        for (int64_t c = 0; c < t->columns; ++c) {
            if (!is_called(t, c, *names)) continue;
            if (*column >= 0)
                return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: has two columns called %s", t->path,
                               *names);
            *column = c;
        }
    }
    return AD_OK;
}

ad_status ad_frame_fail_column(const ad_frame *t, const char *wanted)
{
    ad_text text;
    char buffer[4];
    ad_text_init(&text, t->ctx);
    for (int64_t c = 0; t->header && c < t->columns && c < SHOWN_COLUMNS; ++c)
        ad_text_format(&text, "%s%.40s", c ? ", " : "", cell(t, 0, c));
    if (!t->header) ad_text_add(&text, "none, it has no header");
    if (t->columns > SHOWN_COLUMNS) ad_text_format(&text, ", ... (%lld)", (long long)t->columns);
    ad_status status = AD_ERROR_MEMORY;
    if (!text.failed)
        status = ad_fail(t->ctx, AD_ERROR_FORMAT,
                         "%s: has no column %s; its columns, separated by %s, are %s", t->path,
                         wanted, separator_name(t->separator, buffer), ad_text_get(&text));
    ad_text_free(&text);
    return status;
}
