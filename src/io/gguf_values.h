/* gguf_values.h - the inside of ad_gguf_values: what was put, as it stands in the file. */
#ifndef AD_IO_GGUF_VALUES_H
#define AD_IO_GGUF_VALUES_H

#include "base/text.h"

#include <autodidact/gguf.h>

struct ad_gguf_values {
    ad_text bytes;
    uint64_t count;
};

/* A little-endian number of `size` bytes; a length and a text. */
void ad_gguf_write_number(ad_text *out, uint64_t value, int size);
void ad_gguf_write_text(ad_text *out, const char *text, size_t length);

#endif
