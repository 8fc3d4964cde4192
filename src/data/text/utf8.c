/* utf8.c - see utf8.h. Overlong forms, surrogates and numbers beyond U+10FFFF are not UTF-8. */
#include "data/text/utf8.h"

#include <utf8proc.h>

int ad_utf8_next(const char *text, size_t length, int32_t *code)
{
    unsigned char c = (unsigned char)*text;
    if (c < 0x80) return *code = c, 1;
    utf8proc_int32_t point;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text,
                                          length < 4 ? (utf8proc_ssize_t)length : 4, &point);
    if (n <= 0) return 0;
    *code = point;
    return (int)n;
}

int ad_utf8_put(int32_t code, char bytes[4])
{
    return (int)utf8proc_encode_char(code, (utf8proc_uint8_t *)bytes);
}

size_t ad_utf8_valid(const char *text, size_t length)
{
    size_t at = 0;
    int32_t code;
    while (at < length) {
        int n = ad_utf8_next(text + at, length - at, &code);
        if (!n) break;
        at += (size_t)n;
    }
    return at;
}

int ad_utf8_incomplete(const char *text, size_t length)
{
    for (int back = 1; back <= 3 && (size_t)back <= length; ++back) {
        unsigned char c = (unsigned char)text[length - (size_t)back];
        if ((c & 0xC0) == 0x80) continue;
        int wants = c >= 0xF0 && c < 0xF5   ? 4
                    : c >= 0xE0 && c < 0xF0 ? 3
                    : c >= 0xC2 && c < 0xE0 ? 2
                                            : 1;
        return wants > back ? back : 0;
    }
    return 0;
}

/* Printable bytes of Latin-1 stand for themselves; the others, in order, for U+0100 and on. */
static bool is_itself(int byte)
{
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

/* How many bytes below this one do not stand for themselves. */
static int others_below(int byte)
{
    if (byte <= '!') return byte;
    if (byte <= 0x7F) return '!';
    if (byte <= 0xA1) return '!' + byte - 0x7F;
    return byte <= 0xAD ? 0x43 : 0x44;
}

static int32_t spelling(int byte)
{
    return is_itself(byte) ? byte : 0x100 + others_below(byte);
}

static int byte_of(int32_t code)
{
    if (code < 0x100) return code >= 0 && is_itself(code) ? (int)code : -1;
    int index = (int)code - 0x100;
    if (index > 0x43) return -1;
    if (index < '!') return index;
    return index < 0x43 ? index - '!' + 0x7F : 0xAD;
}

void ad_spell_bytes(ad_text *out, const char *bytes, size_t length)
{
    char encoded[4];
    for (size_t i = 0; i < length; ++i)
        ad_text_bytes(out, encoded,
                      (size_t)ad_utf8_put(spelling((unsigned char)bytes[i]), encoded));
}

int64_t ad_unspell_bytes(const char *text, size_t length, char *bytes)
{
    int64_t count = 0;
    int32_t code;
    for (size_t at = 0; at < length;) {
        int n = ad_utf8_next(text + at, length - at, &code), byte = n ? byte_of(code) : -1;
        if (byte < 0) return -1;
        bytes[count++] = (char)byte;
        at += (size_t)n;
    }
    return count;
}

int ad_byte_at(int index)
{
    if (index < 94) return '!' + index;
    if (index < 106) return 0xA1 + index - 94;
    if (index < 188) return 0xAE + index - 106;
    return byte_of(0x100 + index - 188);
}
