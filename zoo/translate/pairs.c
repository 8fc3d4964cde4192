/* pairs.c - sentence pairs from two files of lines, or from two columns of a table. */
#include "zoo/translate/pairs.h"

#include <stdlib.h>
#include <string.h>

translate_line *translate_cut(const char *text, size_t length, int64_t *count)
{
    int64_t n = 0;
    for (size_t at = 0; at < length; ++at) n += text[at] == '\n';
    n += length && text[length - 1] != '\n';
    translate_line *lines = malloc((size_t)(n + 1) * sizeof *lines);
    const char *at = text, *end = text + length;
    for (int64_t i = 0; i < n && lines; ++i) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        size_t size = (size_t)(stop - at);
        lines[i] = (translate_line){at, size && at[size - 1] == '\r' ? size - 1 : size};
        at = stop + (stop < end);
    }
    *count = n;
    return lines;
}

bool translate_is_blank(translate_line line)
{
    size_t at = 0;
    while (at < line.length && (line.text[at] == ' ' || line.text[at] == '\t')) ++at;
    return at == line.length;
}

static ad_status no_memory(ad_context *ctx)
{
    return ad_error_set(ctx, AD_ERROR_MEMORY, "no memory for the lines of the data");
}

static ad_status keep_names(translate_pairs *pairs, ad_context *ctx, const char *const path[2])
{
    for (int i = 0; i < 2; ++i) {
        size_t size = strlen(path[i]) + 1;
        pairs->name[i] = malloc(size);
        if (!pairs->name[i]) return no_memory(ctx);
        memcpy(pairs->name[i], path[i], size);
    }
    return AD_OK;
}

const char *translate_pairs_file(const translate_pairs *pairs, int64_t pair, int side,
                                 int64_t *line)
{
    const translate_pairs *part = pairs->parts ? pairs->part : pairs;
    while (pairs->parts && part + 1 < pairs->part + pairs->parts && pair >= part->count)
        pair -= part++->count;
    *line = part->first + pair + 1;
    return part->name[side];
}

static void add_fingerprint(translate_pairs *pairs)
{
    for (int i = 0; i < 2; ++i)
        if (pairs->file[i].text)
            pairs->fingerprint = pairs->fingerprint * 31 +
                                 ad_fingerprint(pairs->file[i].text, pairs->file[i].length);
}

ad_status translate_read_files(translate_pairs *pairs, ad_context *ctx, const char *source,
                               const char *target)
{
    const char *path[2] = {source, target};
    int64_t count[2] = {0};
    *pairs = (translate_pairs){0};
    for (int i = 0; i < 2; ++i) {
        ad_status status = ad_text_file_read(&pairs->file[i], ctx, path[i]);
        if (status) return status;
        pairs->side[i] = translate_cut(pairs->file[i].text, pairs->file[i].length, &count[i]);
        if (!pairs->side[i]) return no_memory(ctx);
    }
    if (count[0] != count[1])
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s has %lld lines, %s %lld: expected line for line the same sentences",
                            source, (long long)count[0], target, (long long)count[1]);
    pairs->count = count[0];
    add_fingerprint(pairs);
    return keep_names(pairs, ctx, path);
}

/* ---- tables ---- */

static int64_t columns_of(translate_line line)
{
    int64_t tabs = 0;
    for (size_t i = 0; i < line.length; ++i) tabs += line.text[i] == '\t';
    return tabs + 1;
}

/* Column `number`, from 1. */
static translate_line column_of(translate_line line, int64_t number)
{
    const char *at = line.text, *end = line.text + line.length;
    for (int64_t i = 1; i < number; ++i)
        at = (const char *)memchr(at, '\t', (size_t)(end - at)) + 1;
    const char *stop = memchr(at, '\t', (size_t)(end - at));
    return (translate_line){at, (size_t)((stop ? stop : end) - at)};
}

/* Of a name in the first line, or of a number; 0: neither. */
static int64_t find_column(translate_line first, const char *name, bool *named)
{
    char *end;
    int64_t columns = columns_of(first);
    for (int64_t i = 1; i <= columns; ++i) {
        translate_line title = column_of(first, i);
        if (title.length != strlen(name) || memcmp(title.text, name, title.length)) continue;
        *named = true;
        return i;
    }
    long long number = strtoll(name, &end, 10);
    return *end || number < 1 ? 0 : number;
}

static ad_status take_columns(translate_pairs *pairs, ad_context *ctx, const char *path,
                              const int64_t column[2], int64_t first)
{
    const translate_line *lines = pairs->side[0];
    int64_t most = column[0] > column[1] ? column[0] : column[1];
    for (int64_t i = first; i < pairs->count; ++i) {
        int64_t columns = columns_of(lines[i]);
        if (columns < most)
            return ad_error_set(ctx, AD_ERROR_FORMAT,
                                "%s: line %lld has %lld columns, expected %lld or more with tabs "
                                "between them",
                                path, (long long)(i + 1), (long long)columns, (long long)most);
        translate_line line = lines[i];
        pairs->side[0][i - first] = column_of(line, column[0]);
        pairs->side[1][i - first] = column_of(line, column[1]);
    }
    pairs->count -= first;
    pairs->first = first;
    return keep_names(pairs, ctx, (const char *const[]){path, path});
}

ad_status translate_read_table(translate_pairs *pairs, ad_context *ctx, const char *path,
                               const char *from, const char *to)
{
    const char *name[2] = {from, to};
    int64_t column[2];
    bool named = false;
    *pairs = (translate_pairs){0};
    ad_status status = ad_text_file_read(&pairs->file[0], ctx, path);
    if (status) return status;
    pairs->side[0] = translate_cut(pairs->file[0].text, pairs->file[0].length, &pairs->count);
    pairs->side[1] = malloc((size_t)(pairs->count + 1) * sizeof *pairs->side[1]);
    if (!pairs->side[0] || !pairs->side[1]) return no_memory(ctx);
    if (!pairs->count) return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: has no lines", path);
    for (int i = 0; i < 2; ++i) {
        column[i] = find_column(pairs->side[0][0], name[i], &named);
        if (column[i] < 1)
            return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                                "--%s: %s is no column that the first line of %s names, and no "
                                "number",
                                i ? "to" : "from", name[i], path);
    }
    if (column[0] == column[1])
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--from and --to are the same column of %s",
                            path);
    add_fingerprint(pairs);
    return take_columns(pairs, ctx, path, column, named);
}

void translate_pairs_swap(translate_pairs *pairs)
{
    translate_line *source = pairs->side[0];
    pairs->side[0] = pairs->side[1], pairs->side[1] = source;
    char *name = pairs->name[0];
    pairs->name[0] = pairs->name[1], pairs->name[1] = name;
    pairs->fingerprint = ~pairs->fingerprint;
    for (int64_t i = 0; i < pairs->parts; ++i) translate_pairs_swap(&pairs->part[i]);
}

void translate_pairs_free(translate_pairs *pairs)
{
    for (int i = 0; i < 2; ++i) {
        ad_text_file_free(&pairs->file[i]);
        free(pairs->side[i]);
        free(pairs->name[i]);
    }
    for (int64_t i = 0; i < pairs->parts; ++i) translate_pairs_free(&pairs->part[i]);
    free(pairs->part);
    free(pairs->weight);
    *pairs = (translate_pairs){0};
}
