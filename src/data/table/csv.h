/* csv.h - the grammar of separated values: from text to fields, one at a time. */
#ifndef AD_DATA_TABLE_CSV_H
#define AD_DATA_TABLE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ad_csv {
    const char *at, *end; /* what is left; no byte of it is zero */
    char separator;
    int64_t line;      /* which `at` is on, from 1 */
    bool more;         /* after a field: another one follows in this record */
    const char *wrong; /* what is wrong with a field, on `wrong_line`; or NULL */
    int64_t wrong_line;
} ad_csv;

/* Goes to the next record, over blank lines; false: there is none. */
bool ad_csv_next_record(ad_csv *csv);
/* Reads a field and, if `to` is not NULL, writes it to *to, which moves on behind its zero byte: no
 * more bytes than were read, or one more where the text ends. False: csv->wrong says why. */
bool ad_csv_read_field(ad_csv *csv, char **to);
/* Reads the rest of a record; how many fields it has, -1: csv->wrong says why not. */
int64_t ad_csv_count_fields(ad_csv *csv);
/* The separator of this text: the one of , ; tab | by which the first record has several fields and
 * most of those behind it as many; a comma where none is. */
char ad_csv_find_separator(const char *text, size_t bytes);

/* A decimal number in `text`, blanks around it allowed; with `comma` its point may be a comma.
 * False: it is something else, or not finite. */
bool ad_csv_number(const char *text, bool comma, double *number);

#endif
