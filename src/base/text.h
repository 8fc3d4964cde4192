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
/* Writes it to a file descriptor and keeps only what could not be written, so that the file has no
 * hole when the disk is full and this is called again. False: errno says why. */
bool ad_text_write(ad_text *text, int file);
const char *ad_text_get(const ad_text *text); /* "" when empty */

#endif
