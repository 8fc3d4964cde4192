/* printable.c - see printable.h. */
#include "base/printable.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

typedef struct span {
    int32_t first, last;
} span;

/* Unicode 15: categories Cc, Cf, Zl and Zp, without the signs of Arabic, Syriac and Kaithi that are
 * drawn (U+0600 and such); and tags and other characters that are ignored where they are not known.
 */
static const span hidden[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x61c, 0x61c},
    {0x180e, 0x180e},   {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
    {0xfeff, 0xfeff},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x13430, 0x1343f},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0xe0fff},
};

bool ad_is_printable(int32_t code)
{
    if (code < 0x7f) return code >= ' ';
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden && code >= hidden[i].first; ++i)
        if (code <= hidden[i].last) return false;
    return true;
}

static bool belongs_to_text(int32_t code)
{
    return code == '\n' || code == '\t' || code == 0x200c || code == 0x200d;
}

static void write_escape(char *escape, int32_t code)
{
    const char *letter = code == '\n' ? "\\n" : code == '\r' ? "\\r" : code == '\t' ? "\\t" : NULL;
    if (letter)
        memcpy(escape, letter, 3);
    else
        snprintf(escape, AD_ESCAPE_BYTES,
                 code < 0x80      ? "\\x%02x"
                 : code < 0x10000 ? "\\u%04x"
                                  : "\\U%08x",
                 (unsigned)code);
}

int ad_printable_next(const char *text, size_t length, ad_printed how, char escape[AD_ESCAPE_BYTES])
{
    int32_t code;
    int taken = ad_utf8_next(text, length, &code);
    *escape = 0;
    if (!taken) {
        snprintf(escape, AD_ESCAPE_BYTES, "\\x%02x", (unsigned char)*text);
        return 1;
    }
    if (!ad_is_printable(code) && !(how == AD_PRINTED_TEXT && belongs_to_text(code)))
        write_escape(escape, code);
    return taken;
}

void ad_printable_line(char *to, size_t size, const char *text)
{
    char escape[AD_ESCAPE_BYTES];
    size_t used = 0;
    for (size_t left = strlen(text); left;) {
        int taken = ad_printable_next(text, left, AD_PRINTED_LINE, escape);
        size_t bytes = *escape ? strlen(escape) : (size_t)taken;
        if (used + bytes >= size) break;
        memcpy(to + used, *escape ? escape : text, bytes);
        used += bytes, text += taken, left -= (size_t)taken;
    }
    if (size) to[used] = 0;
}
