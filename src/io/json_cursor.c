/* json_cursor.c - reading JSON from front to back. */
#include "io/json_cursor.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 64 }; /* bits of `objects` and `begun` */

ad_json_cursor ad_json_open(const void *text, size_t size)
{
    return (ad_json_cursor){.text = text, .size = size};
}

static bool refuse(ad_json_cursor *j, const char *what)
{
    if (!j->wrong) {
        j->wrong = what;
        j->wrong_at = j->at;
    }
    return false;
}

/* The next byte, or -1. */
static int next(const ad_json_cursor *j)
{
    return j->at < j->size ? (unsigned char)j->text[j->at] : -1;
}

static int next_visible(ad_json_cursor *j)
{
    int c = next(j);
    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') ++j->at, c = next(j);
    return c;
}

static bool digit(int c)
{
    return c >= '0' && c <= '9';
}

ad_json_kind ad_json_peek(ad_json_cursor *j)
{
    if (j->wrong) return AD_JSON_NOTHING;
    int c = next_visible(j);
    switch (c) {
    case '{': return AD_JSON_OBJECT;
    case '[': return AD_JSON_ARRAY;
    case '"': return AD_JSON_STRING;
    case 't':
    case 'f':
    case 'n': return AD_JSON_WORD;
    default: return c == '-' || digit(c) ? AD_JSON_NUMBER : AD_JSON_NOTHING;
    }
}

/* ---- containers ---- */

bool ad_json_enter(ad_json_cursor *j, char bracket)
{
    if (j->wrong) return false;
    if (next_visible(j) != bracket)
        return refuse(j, bracket == '{' ? "expected an object" : "expected an array");
    if (j->depth == MAX_DEPTH) return refuse(j, "nested too deeply");
    uint64_t bit = (uint64_t)1 << j->depth++;
    j->objects = bracket == '{' ? j->objects | bit : j->objects & ~bit;
    j->begun &= ~bit;
    ++j->at;
    return true;
}

bool ad_json_more(ad_json_cursor *j)
{
    if (j->wrong || !j->depth) return false;
    uint64_t bit = (uint64_t)1 << (j->depth - 1);
    bool object = j->objects & bit;
    int c = next_visible(j);
    if (c == (object ? '}' : ']')) {
        ++j->at, --j->depth;
        return false;
    }
    if (j->begun & bit) {
        if (c != ',') return refuse(j, object ? "expected ',' or '}'" : "expected ',' or ']'");
        ++j->at;
    }
    j->begun |= bit;
    return true;
}

/* ---- strings ---- */

static int hex_digit(int c)
{
    if (digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four hexadecimal digits of \uXXXX; -1: they are not. */
static int32_t code_unit(ad_json_cursor *j)
{
    int32_t code = 0;
    for (int i = 0; i < 4; ++i, ++j->at) {
        int d = hex_digit(next(j));
        if (d < 0) return -1;
        code = code << 4 | d;
    }
    return code;
}

/* What stands behind "\u": one unit, or two that make a character beyond U+FFFF. */
static bool escaped_character(ad_json_cursor *j, ad_text *text)
{
    char bytes[4];
    int32_t code = code_unit(j);
    if (code >= 0xd800 && code < 0xdc00 && next(j) == '\\') {
        ++j->at;
        if (next(j) != 'u') return refuse(j, "half a character");
        ++j->at;
        int32_t low = code_unit(j);
        if (low < 0xdc00 || low > 0xdfff) return refuse(j, "half a character");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code <= 0 || (code >= 0xd800 && code <= 0xdfff))
        return refuse(j, "an escape that is not a character");
    ad_text_bytes(text, bytes, (size_t)ad_utf8_put(code, bytes));
    return true;
}

static bool escape(ad_json_cursor *j, ad_text *text)
{
    static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    int c = next(j);
    if (c < 0) return refuse(j, "a string without an end");
    ++j->at;
    if (c == 'u') return escaped_character(j, text);
    const char *found = c ? strchr(letters, c) : NULL;
    if (!found) return refuse(j, "an unknown escape");
    ad_text_bytes(text, &means[found - letters], 1);
    return true;
}

bool ad_json_read_string(ad_json_cursor *j, ad_text *text)
{
    if (j->wrong) return false;
    if (next_visible(j) != '"') return refuse(j, "expected a string");
    text->length = 0;
    ad_text_bytes(text, "", 0);
    for (++j->at;;) {
        size_t begin = j->at;
        int c = next(j);
        while (c >= 0x20 && c != '"' && c != '\\') { /* plain characters, all at once */
            int n = ad_utf8_next(j->text + j->at, j->size - j->at, NULL);
            if (!n) return refuse(j, "a byte that is not UTF-8");
            j->at += (size_t)n;
            c = next(j);
        }
        ad_text_bytes(text, j->text + begin, j->at - begin);
        if (c < 0) return refuse(j, "a string without an end");
        if (c < 0x20) return refuse(j, "a control character in a string");
        ++j->at;
        if (c == '"') return true;
        if (!escape(j, text)) return false;
    }
}

bool ad_json_read_key(ad_json_cursor *j, ad_text *text)
{
    if (!ad_json_read_string(j, text)) return false;
    if (next_visible(j) != ':') return refuse(j, "expected ':'");
    ++j->at;
    return true;
}

/* ---- the rest ---- */

static bool digits(ad_json_cursor *j)
{
    if (!digit(next(j))) return refuse(j, "expected a digit");
    while (digit(next(j))) ++j->at;
    return true;
}

bool ad_json_read_number(ad_json_cursor *j, bool *whole, int64_t *value)
{
    if (j->wrong) return false;
    bool negative = next_visible(j) == '-';
    if (negative) ++j->at;
    if (!digit(next(j))) return refuse(j, "expected a number");
    int64_t n = 0;
    bool fits = true, leading_zero = next(j) == '0';
    for (; digit(next(j)); ++j->at) {
        int64_t d = next(j) - '0';
        fits = fits && !__builtin_mul_overflow(n, 10, &n) &&
               !__builtin_add_overflow(n, negative ? -d : d, &n);
        if (leading_zero && digit(j->at + 1 < j->size ? j->text[j->at + 1] : -1))
            return refuse(j, "a number that begins with 0");
    }
    *whole = true;
    if (next(j) == '.') {
        *whole = false, ++j->at;
        if (!digits(j)) return false;
    }
    if (next(j) == 'e' || next(j) == 'E') {
        *whole = false, ++j->at;
        if (next(j) == '+' || next(j) == '-') ++j->at;
        if (!digits(j)) return false;
    }
    if (*whole && !fits) return refuse(j, "a number that is too large");
    *value = n;
    return true;
}

static bool word(ad_json_cursor *j)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
        size_t length = strlen(words[i]);
        if (j->size - j->at < length || memcmp(j->text + j->at, words[i], length)) continue;
        j->at += length;
        return true;
    }
    return refuse(j, "expected a value");
}

/* A value that is not a container. */
static bool skip_plain(ad_json_cursor *j, ad_text *scratch)
{
    bool whole;
    int64_t value;
    switch (ad_json_peek(j)) {
    case AD_JSON_STRING: return ad_json_read_string(j, scratch);
    case AD_JSON_NUMBER: return ad_json_read_number(j, &whole, &value);
    case AD_JSON_WORD: return word(j);
    default: return refuse(j, "expected a value");
    }
}

bool ad_json_skip(ad_json_cursor *j, ad_text *scratch)
{
    int outside = j->depth;
    do {
        ad_json_kind kind = ad_json_peek(j);
        if (kind == AD_JSON_OBJECT || kind == AD_JSON_ARRAY)
            ad_json_enter(j, kind == AD_JSON_OBJECT ? '{' : '[');
        else if (!skip_plain(j, scratch))
            return false;
        while (j->depth > outside && !ad_json_more(j))
            if (j->wrong) return false;
        if (j->depth > outside && j->objects >> (j->depth - 1) & 1 && !ad_json_read_key(j, scratch))
            return false;
    } while (!j->wrong && j->depth > outside);
    return !j->wrong;
}

bool ad_json_done(ad_json_cursor *j)
{
    if (!j->wrong && (j->depth || next_visible(j) >= 0)) refuse(j, "expected the end");
    return !j->wrong;
}

const char *ad_json_wrong(const ad_json_cursor *j, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s at byte %zu", j->wrong ? j->wrong : "nothing wrong", j->wrong_at);
    return buffer;
}
