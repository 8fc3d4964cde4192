/* Any bytes as a table: the first two choose header and separator. What is accepted is rectangular,
 * and reads the same when it is written out in quotes and read again. */
#include <autodidact/table_data.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static char *put(char *to, char c)
{
    *to = c;
    return to + 1;
}

static char *put_quoted(char *to, const char *text)
{
    to = put(to, '"');
    for (; *text; ++text) {
        if (*text == '"') to = put(to, '"');
        to = put(to, *text);
    }
    return put(to, '"');
}

/* A cell of the frame; row -1 is the header. */
static const char *cell(const ad_frame *table, int64_t row, int64_t column)
{
    return row < 0 ? ad_frame_column_name(table, column) : ad_frame_text(table, row, column);
}

/* With the header where there is one: a column whose cells are all empty is kept for its name. */
static void again(ad_context *ctx, const ad_frame *table)
{
    size_t bytes = 1;
    int64_t rows = ad_frame_rows(table), columns = ad_frame_columns(table);
    int64_t first = ad_frame_column_name(table, 0) ? -1 : 0;
    for (int64_t row = first; row < rows; ++row)
        for (int64_t c = 0; c < columns; ++c) bytes += 2 * strlen(cell(table, row, c)) + 4;
    char *text = malloc(bytes), *to = text;
    if (!text) abort();
    for (int64_t row = first; row < rows; ++row)
        for (int64_t c = 0; c < columns; ++c) {
            to = put_quoted(to, cell(table, row, c));
            to = put(to, c + 1 < columns ? ',' : '\n');
        }
    ad_frame *copy;
    ad_frame_options options = {.header = first < 0 ? AD_FRAME_HEADER : AD_FRAME_NO_HEADER,
                                .separator = ','};
    if (ad_frame_parse(&copy, ctx, "copy", text, (size_t)(to - text), &options)) abort();
    if (ad_frame_rows(copy) != rows || ad_frame_columns(copy) != columns) abort();
    for (int64_t row = first; row < rows; ++row)
        for (int64_t c = 0; c < columns; ++c)
            if (strcmp(cell(table, row, c), cell(copy, row, c))) abort();
    ad_frame_free(copy);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char separators[] = {0, ',', ';', '\t', '|', ' ', ':'};
    static const char *const names[] = {"id", "a", NULL};
    static ad_context *ctx;
    if (!ctx) ctx = ad_context_new(&(ad_context_options){.threads = 1});
    if (size < 2) return 0;
    ad_frame_options options = {.header = (ad_frame_header)(data[0] % 3),
                                .separator = separators[data[1] % sizeof separators]};
    ad_frame *table;
    int64_t column;
    double number;
    if (!ad_frame_parse(&table, ctx, "any", data + 2, size - 2, &options)) {
        int64_t last = 0;
        for (int64_t row = 0; row < ad_frame_rows(table); ++row) {
            if (ad_frame_line(table, row) <= last) abort();
            last = ad_frame_line(table, row);
            for (int64_t c = 0; c < ad_frame_columns(table); ++c)
                if (ad_frame_is_number(table, row, c, &number) && !(number - number == 0)) abort();
        }
        if (!ad_frame_find_column(table, names, &column) && column >= ad_frame_columns(table))
            abort();
        ad_frame_fail_column(table, "b");
        again(ctx, table);
    } else if (table) {
        abort();
    }
    ad_frame_free(table);
    ad_error_clear(ctx);
    if (ad_context_memory(ctx)) abort();
    return 0;
}
