/* utf8.h - UTF-8 and the spelling that GPT-2's files give to bytes. */
#ifndef AD_DATA_TEXT_UTF8_H
#define AD_DATA_TEXT_UTF8_H

#include "base/text.h"

/* The code point at the start of `length` bytes (1 or more) and its bytes; 0: not UTF-8 there. */
int ad_utf8_next(const char *text, size_t length, int32_t *code);
/* Writes up to 4 bytes; how many. */
int ad_utf8_put(int32_t code, char bytes[4]);
/* How many of the bytes are UTF-8: `length` if all are, else where the first wrong one is. */
size_t ad_utf8_valid(const char *text, size_t length);
/* How many bytes at the end are a character that is not complete yet (0 .. 3). */
int ad_utf8_incomplete(const char *text, size_t length);

/* GPT-2's files spell each byte as a printable character: '!' as itself, a space as U+0120. */
void ad_spell_bytes(ad_text *out, const char *bytes, size_t length);
/* The bytes of such a spelling, which are no more than `length`; -1: a character that spells none.
 */
int64_t ad_unspell_bytes(const char *text, size_t length, char *bytes);
/* The bytes in the order of their characters, which is the order of GPT-2's ids. */
int ad_byte_at(int index);

#endif
