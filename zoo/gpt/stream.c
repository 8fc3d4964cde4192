/* stream.c - tokens are pieces of bytes; a person wants characters. Bytes wait until their
 * character of UTF-8 is whole; those that cannot become one turn into U+FFFD. */
#include "zoo/gpt/gpt.h"

#include <string.h>

/* Bytes of the character that begins with `lead`; 0: none does. */
static int length_of(unsigned char lead)
{
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead < 0xe0) return 2;
    if (lead >= 0xe0 && lead < 0xf0) return 3;
    return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

/* Whether `byte` may be the second of a character (no surrogates, nothing overlong or beyond
 * U+10FFFF). */
static bool second(unsigned char lead, unsigned char byte)
{
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return byte >= low && byte <= high;
}

static void replace(gpt_stream *s)
{
    s->put(s->user, "\xef\xbf\xbd", 3);
    s->count = 0;
}

static void add(gpt_stream *s, unsigned char byte)
{
    bool follows = s->count == 1 ? second(s->held[0], byte) : byte >= 0x80 && byte < 0xc0;
    if (s->count && !follows) replace(s);
    if (!s->count && !length_of(byte)) {
        replace(s);
        return;
    }
    s->held[s->count++] = byte;
    if (s->count < length_of(s->held[0])) return;
    s->put(s->user, (const char *)s->held, (size_t)s->count);
    s->count = 0;
}

void gpt_stream_write(gpt_stream *s, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; ++i) add(s, (unsigned char)bytes[i]);
}

void gpt_stream_end(gpt_stream *s)
{
    if (s->count) replace(s);
}
