/* csv.c - separated values (RFC 4180, and what else is written under that name). */
#include "data/table/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SNIFFED_RECORDS = 32, NUMBER_BYTES = 128 };

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* A blank that separates nothing. */
static bool is_blank(const ad_csv *csv, char c)
{
    return (c == ' ' || c == '\t') && c != csv->separator;
}

static void take_line_end(ad_csv *csv)
{
    bool both = csv->at[0] == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n';
    csv->at += both ? 2 : 1;
    ++csv->line;
}

static void skip_blanks(ad_csv *csv)
{
    while (csv->at < csv->end && is_blank(csv, *csv->at)) ++csv->at;
}

/* With blanks for separators, those in a row are one, and none stands at the ends of a line. */
static void skip_run_of_separators(ad_csv *csv)
{
    while (csv->separator == ' ' && csv->at < csv->end && (*csv->at == ' ' || *csv->at == '\t'))
        ++csv->at;
}

bool ad_csv_next_record(ad_csv *csv)
{
    while (csv->at < csv->end) {
        const char *begin = csv->at;
        skip_blanks(csv);
        skip_run_of_separators(csv);
        if (csv->at == csv->end) return false;
        if (!is_line_end(*csv->at)) {
            if (csv->separator != ' ') csv->at = begin;
            return true;
        }
        take_line_end(csv);
    }
    return false;
}

/* Behind a field's text: its separator, the end of the line, or the end of all. False: none of
 * these. */
static bool finish_field(ad_csv *csv)
{
    const char *begin = csv->at;
    skip_blanks(csv);
    skip_run_of_separators(csv);
    csv->more = false;
    if (csv->at == csv->end) return true;
    if (is_line_end(*csv->at)) {
        take_line_end(csv);
        return true;
    }
    csv->more = true;
    if (csv->separator == ' ') return csv->at > begin;
    if (*csv->at != csv->separator) return false;
    ++csv->at;
    return true;
}

static void write_bytes(char **to, const char *bytes, size_t count)
{
    if (!to) return;
    memcpy(*to, bytes, count);
    *to += count;
}

static bool fail(ad_csv *csv, int64_t line, const char *wrong)
{
    csv->wrong = wrong;
    csv->wrong_line = line;
    return false;
}

static int64_t line_ends(const char *p, const char *end)
{
    int64_t count = 0;
    for (; p < end; ++p) count += *p == '\n' || (*p == '\r' && p[1] != '\n');
    return count;
}

static bool read_quoted(ad_csv *csv, char **to)
{
    int64_t line = csv->line;
    for (++csv->at;; ++csv->at) {
        const char *quote = memchr(csv->at, '"', (size_t)(csv->end - csv->at));
        if (!quote) return fail(csv, line, "has a quote that is never closed");
        write_bytes(to, csv->at, (size_t)(quote - csv->at));
        csv->line += line_ends(csv->at, quote); /* the quote ends the last one's search */
        csv->at = quote + 1;
        if (csv->at == csv->end || *csv->at != '"') break;
        write_bytes(to, "\"", 1);
    }
    line = csv->line;
    if (!finish_field(csv)) return fail(csv, line, "has text behind a closing quote");
    write_bytes(to, "", 1);
    return true;
}

bool ad_csv_read_field(ad_csv *csv, char **to)
{
    skip_blanks(csv);
    if (csv->at < csv->end && *csv->at == '"') return read_quoted(csv, to);
    const char *begin = csv->at, *stop = begin;
    for (; csv->at < csv->end && *csv->at != csv->separator && !is_line_end(*csv->at); ++csv->at) {
        bool blank = *csv->at == ' ' || *csv->at == '\t';
        if (blank && csv->separator == ' ') break; /* a tab */
        if (!blank) stop = csv->at + 1;
    }
    finish_field(csv);
    write_bytes(to, begin, (size_t)(stop - begin));
    write_bytes(to, "", 1);
    return true;
}

int64_t ad_csv_count_fields(ad_csv *csv)
{
    int64_t count = 0;
    do {
        if (!ad_csv_read_field(csv, NULL)) return -1;
        ++count;
    } while (csv->more);
    return count;
}

char ad_csv_find_separator(const char *text, size_t bytes)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    char best = ',';
    int64_t most_alike = 0, most_fields = 1;
    for (size_t i = 0; i < sizeof candidates; ++i) {
        ad_csv csv = {.at = text, .end = text + bytes, .separator = candidates[i], .line = 1};
        int64_t fields = ad_csv_next_record(&csv) ? ad_csv_count_fields(&csv) : 0, alike = 0;
        for (int k = 0; fields > 1 && k < SNIFFED_RECORDS && ad_csv_next_record(&csv); ++k) {
            int64_t count = ad_csv_count_fields(&csv);
            if (count < 0) break;
            alike += count == fields;
        }
        if (fields < 2 || alike < most_alike) continue;
        if (alike == most_alike && fields <= most_fields) continue;
        best = candidates[i];
        most_alike = alike, most_fields = fields;
    }
    return best;
}

/* ---- numbers ---- */

static const char *digits(const char *p, int *count)
{
    for (; *p >= '0' && *p <= '9'; ++p) ++*count;
    return p;
}

/* The end of a decimal number at p, and where its point is; NULL: there is none. strtod would also
 * take "nan", "inf" and hexadecimal. */
static const char *number_end(const char *p, bool comma, const char **point)
{
    int mantissa = 0, exponent = 0;
    if (*p == '+' || *p == '-') ++p;
    p = digits(p, &mantissa);
    if (*p == '.' || (comma && *p == ',')) {
        *point = p;
        p = digits(p + 1, &mantissa);
    }
    if (!mantissa) return NULL;
    if (*p != 'e' && *p != 'E') return p;
    ++p;
    if (*p == '+' || *p == '-') ++p;
    p = digits(p, &exponent);
    return exponent ? p : NULL;
}

bool ad_csv_number(const char *text, bool comma, double *number)
{
    char plain[NUMBER_BYTES], *stop;
    text += strspn(text, " \t");
    const char *point = NULL, *end = number_end(text, comma, &point);
    if (!end || end[strspn(end, " \t")] || end - text >= NUMBER_BYTES) return false;
    memcpy(plain, text, (size_t)(end - text));
    plain[end - text] = 0;
    if (point) plain[point - text] = '.';
    *number = strtod(plain, &stop);
    return !*stop && isfinite(*number);
}
