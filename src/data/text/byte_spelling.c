/* byte_spelling.c - see byte_spelling.h. */
#include "data/text/byte_spelling.h"
#include "base/utf8.h"

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
