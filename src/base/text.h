/* text.h - a growing string, for everything that prints itself. Never fails half-way: after a
 * refused allocation it stays valid and `failed` is set. */
#ifndef AD_BASE_TEXT_H
#define AD_BASE_TEXT_H

#include "base/context.h"

typedef struct ad_text {
    ad_context *ctx;
    char *data; /* NUL-terminated once anything was added; owned */
    size_t length, capacity;
    bool failed;
} ad_text;

void ad_text_init(ad_text *text, ad_context *ctx);
void ad_text_free(ad_text *text);
void ad_text_add(ad_text *text, const char *string);
void ad_text_bytes(ad_text *text, const void *bytes, size_t count);
void ad_text_format(ad_text *text, const char *format, ...) AD_PRINTF(2, 3);
/* The bytes as UTF-8: each one that is not part of a character becomes U+FFFD. */
void ad_text_utf8(ad_text *text, const char *bytes, size_t count);
const char *ad_text_get(const ad_text *text); /* "" when empty */
/* Bytes of the well-formed UTF-8 character that begins the `count` bytes at p, or 0. */
int ad_utf8_length(const unsigned char *p, size_t count);
/* The most similar of `count` names to `word` (edit distance, at most a third of its length), or
 * NULL: "did you mean". */
const char *ad_nearest(const char *word, const char *const *names, int count);

#endif
