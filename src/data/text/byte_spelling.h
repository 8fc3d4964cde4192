/* byte_spelling.h - the spelling that GPT-2's files give to bytes: each is a printable character,
 * '!' itself, a space U+0120. */
#ifndef AD_DATA_TEXT_BYTE_SPELLING_H
#define AD_DATA_TEXT_BYTE_SPELLING_H

#include "base/text.h"

void ad_spell_bytes(ad_text *out, const char *bytes, size_t length);
/* The bytes of such a spelling, which are no more than `length`; -1: a character that spells none.
 */
int64_t ad_unspell_bytes(const char *text, size_t length, char *bytes);
/* The bytes in the order of their characters, which is the order of GPT-2's ids. */
int ad_byte_at(int index);

#endif
