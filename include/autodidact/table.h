/* table.h - tables for people and machines: described once, printed as aligned text or as JSON.
 *
 *     static const ad_column columns[] = {{"class", .kind = AD_COLUMN_TEXT},
 *                                         {"pictures", .kind = AD_COLUMN_INT},
 *                                         {"recall", .kind = AD_COLUMN_PERCENT}};
 *     ad_table *t;
 *     ad_status status = ad_table_new(&t, ctx, columns, 3);
 *     for (...) {
 *         ad_table_row(t);
 *         ad_table_text(t, name), ad_table_int(t, count), ad_table_real(t, recall);
 *     }
 *     if (!status) status = ad_table_print(t, cmd, "class");
 *     ad_table_free(t);
 *
 * Cells are added from left to right and copied; what is in them is printed as command.h says.
 * Errors (a full memory, a cell too many) are kept and returned by the printing; a NULL table takes
 * cells and prints AD_ERROR_MEMORY.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_TABLE_H
#define AUTODIDACT_TABLE_H

#include <autodidact/command.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ad_column_kind {
    AD_COLUMN_TEXT = 0, /* to the left; all others to the right */
    AD_COLUMN_INT,
    AD_COLUMN_REAL,
    AD_COLUMN_PERCENT, /* of a share: 0.125 is "12.50 %" */
    AD_COLUMN_SECONDS, /* "7.1 us", "12.30 ms", "3.210 s", "2m05s", "2h05m" */
    AD_COLUMN_BYTES,   /* "1.5 MiB" */
} ad_column_kind;

typedef enum ad_cut { AD_CUT_END = 0, AD_CUT_MIDDLE } ad_cut;
typedef enum ad_align { AD_ALIGN_BY_KIND = 0, AD_ALIGN_LEFT, AD_ALIGN_RIGHT } ad_align;
typedef enum ad_column_where {
    AD_COLUMN_BOTH = 0,
    AD_COLUMN_ON_PAPER,
    AD_COLUMN_IN_JSON
} ad_column_where;

/* Text is measured in columns of a terminal, of which wide characters take two. */
typedef struct ad_column {
    const char *name; /* the heading */
    ad_column_kind kind;
    const char *key;  /* its name in JSON; NULL: `name` */
    int digits;       /* REAL and PERCENT: after the point, -1: none. 0: REAL six significant ones,
                         PERCENT two after the point */
    const char *unit; /* REAL and INT: behind each number, after a space; NULL: none */
    int width;        /* at least so wide, so that rows printed at different times agree */
    int most;         /* longer text, the heading's too, is shortened, with an ellipsis; 0: never.
                         Numbers never are */
    ad_cut cut;       /* what the ellipsis stands for: the end, or the middle */
    ad_align align;
    ad_column_where where;
} ad_column;

typedef struct ad_table ad_table;

/* The columns are copied. */
AD_API ad_status ad_table_new(ad_table **out, ad_context *ctx, const ad_column *columns, int count);
AD_API void ad_table_free(ad_table *table); /* NULL is ignored */

/* Begins a row; cells that it is not given are empty. */
AD_API void ad_table_row(ad_table *table);
/* The next cell. A number in a TEXT column is written as INT or REAL. NULL is an empty cell. */
AD_API void ad_table_text(ad_table *table, const char *text);
AD_API void ad_table_format(ad_table *table, const char *format, ...) AD_PRINTF(2, 3);
AD_API void ad_table_int(ad_table *table, int64_t value);
AD_API void ad_table_real(ad_table *table, double value); /* not finite: "-", in JSON null */
AD_API void ad_table_none(ad_table *table);               /* "-", in JSON null */

/* With --json each row is one object, {"event":EVENT,KEY:VALUE,...}; shares and seconds are plain
 * numbers there. Else aligned text below a heading. Can be called again as rows come: the heading
 * is printed once, the rows that were added since, and columns only grow wider. */
AD_API ad_status ad_table_print(ad_table *table, ad_command *cmd, const char *event);
/* The same, but as text a line "name  value" for each cell of a row: what one thing is. */
AD_API ad_status ad_table_print_upright(ad_table *table, ad_command *cmd, const char *event);

/* As REAL, SECONDS and BYTES write them, a number in so many significant digits; "-" for what is
 * not finite. They return `buffer`. */
AD_API const char *ad_number_text(double value, int digits, char *buffer, size_t size);
AD_API const char *ad_seconds_text(double seconds, char *buffer, size_t size);
AD_API const char *ad_bytes_text(double bytes, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
