/* escape.c - see escape.h. */
#include "base/escape.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void ad_text_utf8(ad_text *text, const char *bytes, size_t count)
{
    for (size_t at = 0; at < count;) {
        size_t good = ad_utf8_valid(bytes + at, count - at);
        ad_text_bytes(text, bytes + at, good);
        at += good;
        if (at == count) break;
        ad_text_add(text, "\xef\xbf\xbd");
        at += (size_t)ad_utf8_wrong(bytes + at, count - at);
    }
}

void ad_json_string(void (*put)(void *to, const char *bytes, size_t count), void *to,
                    const char *string, bool in_script)
{
    const char *others = in_script ? "\"\\\x7f<>&'" : "\"\\\x7f";
    char escaped[8];
    size_t left = strlen(string);
    put(to, "\"", 1);
    while (left) {
        int n = ad_utf8_next(string, left, NULL), taken = n ? n : ad_utf8_wrong(string, left);
        unsigned char c = (unsigned char)*string;
        if (!n)
            put(to, "\\ufffd", 6);
        else if (!in_script && (c == '"' || c == '\\'))
            put(to, c == '"' ? "\\\"" : "\\\\", 2);
        else if (c < ' ' || strchr(others, c))
            put(to, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
        else
            put(to, string, (size_t)n);
        string += taken;
        left -= (size_t)taken;
    }
    put(to, "\"", 1);
}

static void put_text(void *to, const char *bytes, size_t count)
{
    ad_text_bytes(to, bytes, count);
}

void ad_text_json(ad_text *text, const char *string, bool in_script)
{
    ad_json_string(put_text, text, string, in_script);
}

const char *ad_json_number(double value, char buffer[32])
{
    snprintf(buffer, 32, isfinite(value) ? "%.9g" : "null", value);
    return buffer;
}
