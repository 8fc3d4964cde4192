/* escape.h - text from outside on its way into what others read: made UTF-8, markup, or a string of
 * JSON.
 *
 * Bytes that are not part of a character become U+FFFD, one for each beginning of a character that
 * is broken off. */
#ifndef AD_BASE_ESCAPE_H
#define AD_BASE_ESCAPE_H

#include "base/text.h"

void ad_text_utf8(ad_text *text, const char *bytes, size_t count);

/* For an element or a quoted attribute of HTML or XML. Characters that these forbid become U+FFFD
 * as well. */
void ad_text_markup(ad_text *text, const char *bytes, size_t count);

/* A string of JSON, with its quotes. `in_script`: so that it may stand inside of a script element,
 * or in an attribute of HTML. */
void ad_text_json(ad_text *text, const char *string, bool in_script);
/* The same, in pieces that go where `put` puts them. */
void ad_json_string(void (*put)(void *to, const char *bytes, size_t count), void *to,
                    const char *string, size_t length, bool in_script);
/* "1.5", or "null" for what is not finite. */
const char *ad_json_number(double value, char buffer[32]);

#endif
