/* utf8.h - UTF-8, byte by byte. Overlong forms, surrogates and numbers beyond U+10FFFF are not
 * UTF-8. What characters are (letters, marks, widths) is utf8proc's to say, where it is needed. */
#ifndef AD_BASE_UTF8_H
#define AD_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that begins the `length` bytes of text, or 0; *code, if not NULL, is its
 * number. */
int ad_utf8_next(const char *text, size_t length, int32_t *code);
/* Where no character begins: how many bytes one U+FFFD stands for, which is the longest beginning
 * of a character, or 1 (Unicode 15, section 3.9). `length` is 1 or more. */
int ad_utf8_wrong(const char *text, size_t length);
/* Writes up to 4 bytes; how many. */
int ad_utf8_put(int32_t code, char bytes[4]);
/* How many of the bytes are UTF-8: `length` if all are, else where the first wrong one is. */
size_t ad_utf8_valid(const char *text, size_t length);
/* How many bytes at the end are a character that is not complete yet (0 .. 3). */
int ad_utf8_incomplete(const char *text, size_t length);

#endif
