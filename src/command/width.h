/* width.h - text as a terminal shows it. */
#ifndef AD_COMMAND_WIDTH_H
#define AD_COMMAND_WIDTH_H

#include "base/text.h"

#include <autodidact/table.h>
#include <stdarg.h>

/* `text` as a line of printable characters (base/printable.h), shortened to `most` columns (0: not)
 * with an ellipsis.
 */
void ad_clean_text(ad_text *to, const char *text, int most, ad_cut cut);
/* Columns that it takes so. */
int ad_text_columns(const char *text);
/* Writes it, in at most `most` columns (0: any number), then spaces up to `width`; the columns
 * written. */
int ad_print_text(FILE *out, const char *text, int most, int width);
/* As ad_command_print (command.h) does. */
void ad_print_format(FILE *out, const char *format, va_list args);

#endif
