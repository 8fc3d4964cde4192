/* option_value.h - the text of an option as a value: one parser for the command line, files of
 * options, metadata and code. */
#ifndef AD_RECORD_OPTION_VALUE_H
#define AD_RECORD_OPTION_VALUE_H

#include <autodidact/record.h>

enum { AD_EXPECTED_BYTES = 320 };

bool ad_parse_int(const char *text, int64_t *value);
/* Decimal and finite; no hexadecimal, "nan" or "inf". */
bool ad_parse_real(const char *text, double *value);
bool ad_parse_size(const char *text, int64_t *value);
/* Which of the choices `text` is, or -1. */
int ad_parse_choice(const char *choices, const char *text);
/* Whether the row may have this number. */
bool ad_option_in_range(const ad_option *option, double value);
bool ad_option_has_range(const ad_option *option);
/* Whether `text` is a value for the row. Of a list: each item. */
bool ad_option_accepts(const ad_option *option, const char *text);
/* "a whole number from 1 to 99", for sentences that begin "... is not"; returns `buffer`. */
const char *ad_option_expected(const ad_option *option, char buffer[AD_EXPECTED_BYTES]);
/* The number in as few digits as read back as the same. */
void ad_real_text(double value, char *buffer, size_t size);
/* The row of that name, in which '-' and '_' are the same; NULL: none. */
const ad_option *ad_record_find(const ad_record *record, const char *name);
/* The row whose name is most like `name`, or NULL; and the sentence with it. */
const char *ad_record_nearest(const ad_record *record, const char *name);
ad_status ad_record_unknown(ad_context *ctx, const char *name, const char *nearest);
/* The default that counts: `defaults`', else the row's. NULL: unset. */
const char *ad_option_initial(const ad_option *option, const ad_default *defaults);

#endif
