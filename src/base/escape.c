/* escape.c - see escape.h. */
#include "base/escape.h"
#include "base/printable.h"
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

/* What is written for a character of markup; NULL: itself. */
static const char *markup(const char *text, int length)
{
    switch (length ? *text : 0) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\n':
    case '\t': return NULL;
    default: break;
    }
    unsigned char c = (unsigned char)*text;
    bool unassigned = length == 3 && (!memcmp(text, "\xef\xbf\xbe", 3) ||
                                      !memcmp(text, "\xef\xbf\xbf", 3)); /* U+FFFE, U+FFFF */
    return !length || c < ' ' || c == 0x7f || unassigned ? "\xef\xbf\xbd" : NULL;
}

void ad_text_markup(ad_text *text, const char *bytes, size_t count)
{
    while (count) {
        int n = ad_utf8_next(bytes, count, NULL), taken = n ? n : ad_utf8_wrong(bytes, count);
        const char *instead = markup(bytes, n);
        if (instead)
            ad_text_add(text, instead);
        else
            ad_text_bytes(text, bytes, (size_t)n);
        bytes += taken;
        count -= (size_t)taken;
    }
}

/* What is written for a character of a string, or NULL: itself. JSON may be read in a terminal,
 * too. */
static const char *json_escape(int32_t code, bool in_script, char buffer[16])
{
    static const char means[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = code && code < 0x80 ? strchr(means, (int)code) : NULL;
    bool of_script = in_script && code && code < 0x80 && strchr("<>&'", (int)code);
    if (found && !in_script)
        snprintf(buffer, 16, "\\%c", letters[found - means]);
    else if (found || of_script || (code < 0x10000 && !ad_is_printable(code)))
        snprintf(buffer, 16, "\\u%04X", (unsigned)code);
    else if (!ad_is_printable(code)) /* as two halves */
        snprintf(buffer, 16, "\\u%04X\\u%04X", 0xd7c0u + ((unsigned)code >> 10),
                 0xdc00u | ((unsigned)code & 0x3ff));
    else
        return NULL;
    return buffer;
}

void ad_json_string(void (*put)(void *to, const char *bytes, size_t count), void *to,
                    const char *string, size_t left, bool in_script)
{
    char buffer[16];
    int32_t code;
    put(to, "\"", 1);
    while (left) {
        int n = ad_utf8_next(string, left, &code), taken = n ? n : ad_utf8_wrong(string, left);
        const char *instead = n ? json_escape(code, in_script, buffer) : "\\ufffd";
        if (instead)
            put(to, instead, strlen(instead));
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
    ad_json_string(put_text, text, string, strlen(string), in_script);
}

const char *ad_json_number(double value, char buffer[32])
{
    snprintf(buffer, 32, isfinite(value) ? "%.9g" : "null", value);
    return buffer;
}
