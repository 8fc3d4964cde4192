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

static void again(ad_context *ctx, const ad_frame *table)
{
    size_t bytes = 1;
    int64_t rows = ad_frame_rows(table), columns = ad_frame_columns(table);
    for (int64_t i = 0; i < rows * columns; ++i)
        bytes += 2 * strlen(ad_frame_text(table, i / columns, i % columns)) + 4;
    char *text = malloc(bytes), *to = text;
    if (!text) abort();
    for (int64_t i = 0; i < rows * columns; ++i) {
        to = put(to, '"');
        for (const char *p = ad_frame_text(table, i / columns, i % columns); *p; ++p) {
            if (*p == '"') to = put(to, '"');
            to = put(to, *p);
        }
        to = put(to, '"');
        to = put(to, (i + 1) % columns ? ',' : '\n');
    }
    ad_frame *copy;
    ad_frame_options options = {.header = AD_FRAME_NO_HEADER, .separator = ','};
    if (ad_frame_parse(&copy, ctx, "copy", text, (size_t)(to - text), &options)) abort();
    if (ad_frame_rows(copy) != rows || ad_frame_columns(copy) != columns) abort();
    for (int64_t i = 0; i < rows * columns; ++i)
        if (strcmp(ad_frame_text(table, i / columns, i % columns),
                   ad_frame_text(copy, i / columns, i % columns)))
            abort();
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
        if (ad_frame_rows(table)) again(ctx, table);
    } else if (table) {
        abort();
    }
    ad_frame_free(table);
    ad_error_clear(ctx);
    if (ad_context_memory(ctx)) abort();
    return 0;
}
