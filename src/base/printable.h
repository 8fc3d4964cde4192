/* printable.h - text from outside (names of files, classes and tensors, what a model wrote, errors
 * of libraries) on its way to a terminal or to a line of a log: what a reader cannot see, or a
 * terminal would obey, is written out.
 *
 * Written out are control characters (\n, \x1b, \u009b), what turns the direction of writing
 * (\u202e), separators of lines, all further format characters, and bytes that are not UTF-8
 * (\xff). A backslash stays as it is, so that text which passes twice does not change again.
 * Errors, notes, tables, the live line and strings of JSON pass here by themselves. */
#ifndef AD_BASE_PRINTABLE_H
#define AD_BASE_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ad_printed {
    AD_PRINTED_LINE, /* a name, a sentence: nothing may end the line */
    AD_PRINTED_TEXT, /* of many lines: newline, tab, and the joiners of Persian and of emoji stay */
} ad_printed;

enum { AD_ESCAPE_BYTES = 12 };

/* Whether a reader sees the character, and only that. */
bool ad_is_printable(int32_t code);
/* Of the character, or the wrong byte, that begins `text` of 1 or more bytes: how many bytes it
 * takes; `escape` is what to write instead, "" for itself. */
int ad_printable_next(const char *text, size_t length, ad_printed how,
                      char escape[AD_ESCAPE_BYTES]);
/* `text` as a line, cut where `size` bytes are full, in whole characters. They may not overlap. */
void ad_printable_line(char *to, size_t size, const char *text);

#endif
