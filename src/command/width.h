/* width.h - text as a terminal shows it. */
#ifndef AD_COMMAND_WIDTH_H
#define AD_COMMAND_WIDTH_H

#include "base/text.h"

#include <autodidact/table.h>

/* `text` harmless for a terminal (table.h), shortened to `most` columns (0: not) with an ellipsis.
 */
void ad_clean_text(ad_text *to, const char *text, int most, ad_cut cut);
/* Columns that a harmless text takes. */
int ad_text_columns(const char *text);

#endif
