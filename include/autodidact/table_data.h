/* table_data.h - data frames: tables of columns read from text, comma-separated values and their
 * kin.
 *
 * RFC 4180 as it is met in the wild: the separator is , ; tab or | (found out from the first
 * lines), lines end in LF, CRLF or CR, blank lines are skipped, a UTF-8 byte order mark is not
 * text. A field in double quotes may hold separators, line breaks, and quotes written twice; around
 * other fields blanks are cut off. There are no comments. The file may be compressed (.gz, .xz,
 * .bz2, .zst).
 *
 * Files are hostile until parsed: every failure names the file, and the line where there is one.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_TABLE_DATA_H
#define AUTODIDACT_TABLE_DATA_H

#include <autodidact/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A data frame: rows of equally many cells, read whole into memory: the text, and 4 bytes per cell.
 */
typedef struct ad_frame ad_frame;

typedef enum ad_frame_header {
    AD_FRAME_HEADER_GUESSED = 0, /* the first line names the columns unless a number is in it */
    AD_FRAME_HEADER,             /* it does */
    AD_FRAME_NO_HEADER,          /* it is the first row */
} ad_frame_header;

typedef struct ad_frame_options {
    ad_frame_header header;
    char separator;     /* 0: found out. With ' ' any run of blanks separates */
    size_t limit;       /* bytes of text; 0: 2 GiB, at most 4 GiB - 2 */
    ad_watcher watcher; /* is told which separator was found out, if it is no comma and the name
                           does not end in .tsv */
} ad_frame_options;

/* Owned by the caller; `options` may be NULL. Errors: a line with more or fewer fields than the
 * first, a quote that is never closed or goes on behind its end, zero bytes, UTF-16, nothing. */
AD_API ad_status ad_frame_read(ad_frame **out, ad_context *ctx, const char *path,
                               const ad_frame_options *options);
/* The same from memory, which is copied; `name` stands for the file in errors. */
AD_API ad_status ad_frame_parse(ad_frame **out, ad_context *ctx, const char *name, const void *text,
                                size_t bytes, const ad_frame_options *options);
AD_API void ad_frame_free(ad_frame *frame); /* NULL is ignored */

AD_API int64_t ad_frame_rows(const ad_frame *frame); /* without the header */
AD_API int64_t ad_frame_columns(const ad_frame *frame);
AD_API char ad_frame_separator(const ad_frame *frame);
/* What the header calls a column; NULL without a header. */
AD_API const char *ad_frame_column_name(const ad_frame *frame, int64_t column);

/* The first of `names` (ending in NULL) that a column has, whatever its case; *column is -1 where
 * none has one. A name that two columns have is an error. */
AD_API ad_status ad_frame_find_column(const ad_frame *frame, const char *const *names,
                                      int64_t *column);
/* Records "FILE: has no column WANTED", with the columns that there are; AD_ERROR_FORMAT. */
AD_API ad_status ad_frame_fail_column(const ad_frame *frame, const char *wanted);

/* A cell's text; "" where it is empty. Rows and columns from 0. Valid as long as the frame. */
AD_API const char *ad_frame_text(const ad_frame *frame, int64_t row, int64_t column);
/* Empty, or a word for that: NA, N/A, NaN, null, ? */
AD_API bool ad_frame_missing(const ad_frame *frame, int64_t row, int64_t column);
/* Whether a cell is a decimal number, where ; separates also one with a comma for its point, that
 * is not too large for a double. */
AD_API bool ad_frame_is_number(const ad_frame *frame, int64_t row, int64_t column, double *number);
/* The same; what is none is an error that names line and column. */
AD_API ad_status ad_frame_number(const ad_frame *frame, int64_t row, int64_t column,
                                 double *number);
/* A whole column, [rows]; missing cells become NaN. */
AD_API ad_status ad_frame_numbers(const ad_frame *frame, int64_t column, double *numbers);

/* The line of the file on which a row begins, from 1. */
AD_API int64_t ad_frame_line(const ad_frame *frame, int64_t row);
/* Records "FILE:LINE: sentence" about a row; AD_ERROR_FORMAT. */
AD_API ad_status ad_frame_fail(const ad_frame *frame, int64_t row, const char *format, ...)
    AD_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
