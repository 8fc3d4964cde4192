/* utf8.c - see utf8.h; table 3-7 of the Unicode standard. */
#include "base/utf8.h"

/* How many of the bytes begin a character: all of *wanted, or fewer. */
static int match(const char *text, size_t length, int *wanted)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xbf; /* of the second byte */
    *wanted = p[0] < 0x80                   ? 1
              : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
              : (p[0] & 0xf0) == 0xe0       ? 3
              : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                            : 0;
    if (*wanted < 2) return *wanted;
    if (p[0] == 0xe0) low = 0xa0;
    if (p[0] == 0xed) high = 0x9f;
    if (p[0] == 0xf0) low = 0x90;
    if (p[0] == 0xf4) high = 0x8f;
    int n = 1;
    while (n < *wanted && (size_t)n < length && p[n] >= low && p[n] <= high) {
        low = 0x80;
        high = 0xbf;
        ++n;
    }
    return n;
}

int ad_utf8_next(const char *text, size_t length, int32_t *code)
{
    static const unsigned char bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    int wanted;
    if (!length || match(text, length, &wanted) < wanted || !wanted) return 0;
    if (!code) return wanted;
    *code = (unsigned char)text[0] & bits[wanted];
    for (int i = 1; i < wanted; ++i) *code = *code << 6 | ((unsigned char)text[i] & 0x3f);
    return wanted;
}

int ad_utf8_wrong(const char *text, size_t length)
{
    int wanted, n = match(text, length, &wanted);
    return n ? n : 1;
}

int ad_utf8_put(int32_t code, char bytes[4])
{
    int count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (int i = count - 1; i > 0; --i) {
        bytes[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    bytes[0] = (char)(lead[count] | code);
    return count;
}

size_t ad_utf8_valid(const char *text, size_t length)
{
    size_t at = 0;
    for (int n; at < length && (n = ad_utf8_next(text + at, length - at, NULL)) > 0;)
        at += (size_t)n;
    return at;
}

int ad_utf8_incomplete(const char *text, size_t length)
{
    for (int back = 1; back <= 3 && (size_t)back <= length; ++back) {
        int wanted;
        if (((unsigned char)text[length - (size_t)back] & 0xc0) == 0x80) continue;
        return match(text + length - back, (size_t)back, &wanted) == back && wanted > back ? back
                                                                                           : 0;
    }
    return 0;
}
