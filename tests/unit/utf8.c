/* UTF-8 held against utf8proc, and what is made of bytes that are none. */
#include "base/escape.h"
#include "base/printable.h"
#include "base/utf8.h"
#include "check.h"

#include <utf8proc.h>

static void numbers_and_back(void)
{
    for (int32_t code = 0; code <= 0x10ffff; ++code) {
        char bytes[4];
        unsigned char others[4];
        int32_t again = -1;
        if (code >= 0xd800 && code < 0xe000) continue;
        int n = ad_utf8_put(code, bytes);
        if (n != utf8proc_encode_char(code, others) || memcmp(bytes, others, (size_t)n) ||
            ad_utf8_next(bytes, (size_t)n, &again) != n || again != code) {
            CHECK_FAIL("U+%04X", (unsigned)code);
            return;
        }
        if (ad_utf8_incomplete(bytes, (size_t)n) ||
            ad_utf8_incomplete(bytes, (size_t)n - 1) != n - 1)
            CHECK_FAIL("U+%04X is cut", (unsigned)code);
    }
}

/* Every first and second byte, and the third and fourth where something changes. */
static void what_is_a_character(void)
{
    static const unsigned char ends[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90,
                                         0x9f, 0xa0, 0xbf, 0xc0, 0xf0, 0xff};
    enum { ENDS = sizeof ends };
    for (int i = 0; i < 65536 * ENDS * ENDS; ++i) {
        unsigned char bytes[4] = {(unsigned char)(i / ENDS / ENDS / 256),
                                  (unsigned char)(i / ENDS / ENDS % 256), ends[i / ENDS % ENDS],
                                  ends[i % ENDS]};
        int32_t code = -1, other = -1;
        utf8proc_ssize_t want = utf8proc_iterate(bytes, 4, &other);
        int got = ad_utf8_next((const char *)bytes, 4, &code);
        if (got != (want > 0 ? want : 0) || (got && code != other)) {
            CHECK_FAIL("%02x %02x %02x %02x: %d bytes, U+%04X", bytes[0], bytes[1], bytes[2],
                       bytes[3], got, (unsigned)code);
            return;
        }
    }
    for (int n = 0; n < 4; ++n) CHECK_INT(ad_utf8_next("\xf0\x9f\x98\x80", (size_t)n, NULL), 0);
    CHECK_INT(ad_utf8_valid("ab\xc3\xa9\xff!", 6), 4);
    CHECK_INT(ad_utf8_valid("", 0), 0);
}

/* The examples of the standard: section 3.9, tables 3-8 to 3-11. */
static void replacements(void)
{
    static const struct {
        const char *bytes, *shown; /* '?' for U+FFFD */
    } rows[] = {{"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", "????????A"},
                {"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", "????????A"},
                {"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", "?????A??B"},
                {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "????A"},
                {"\xe2\x82", "?"},
                {"a\xc3\xa9z", "a\xc3\xa9z"}};
    ad_context *ctx = ad_context_new(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        ad_text text;
        char shown[64];
        size_t n = 0;
        ad_text_init(&text, ctx);
        ad_text_utf8(&text, rows[i].bytes, strlen(rows[i].bytes));
        for (const char *p = ad_text_get(&text); *p; ++p) {
            bool mark = !strncmp(p, "\xef\xbf\xbd", 3);
            shown[n++] = mark ? '?' : *p;
            if (mark) p += 2;
        }
        shown[n] = 0;
        CHECK_TEXT(shown, rows[i].shown);
        ad_text_free(&text);
    }
    ad_context_free(ctx);
}

static void half_characters(void)
{
    CHECK_INT(ad_utf8_incomplete("a\xe2\x82", 3), 2);
    CHECK_INT(ad_utf8_incomplete("a\xf0\x9f\x98", 4), 3);
    CHECK_INT(ad_utf8_incomplete("\xe2\x82\xac", 3), 0);
    CHECK_INT(ad_utf8_incomplete("\xe0\x80", 2), 0); /* cannot become one */
    CHECK_INT(ad_utf8_incomplete("\x80\x80", 2), 0);
    CHECK_INT(ad_utf8_incomplete("\xff", 1), 0);
    CHECK_INT(ad_utf8_incomplete("", 0), 0);
}

static void json(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_text text;
    char number[32];
    ad_text_init(&text, ctx);
    ad_text_json(&text, "a\"\\\n\x7f<&>'\xff\xc3\xa9", false);
    CHECK_TEXT(ad_text_get(&text), "\"a\\\"\\\\\\n\\u007F<&>'\\ufffd\xc3\xa9\"");
    ad_text_free(&text);
    ad_text_json(&text, "\xc2\x9b \xe2\x80\xae \xf3\xa0\x80\x81 \xf0\x9f\x98\x80", false);
    CHECK_TEXT(ad_text_get(&text), "\"\\u009B \\u202E \\uDB40\\uDC01 \xf0\x9f\x98\x80\"");
    ad_text_free(&text);
    ad_text_json(&text, "\"\\</script>&'", true);
    CHECK_TEXT(ad_text_get(&text), "\"\\u0022\\u005C\\u003C/script\\u003E\\u0026\\u0027\"");
    ad_text_free(&text);
    CHECK_TEXT(ad_json_number(1.5, number), "1.5");
    CHECK_TEXT(ad_json_number(NAN, number), "null");
    CHECK_TEXT(ad_json_number(-INFINITY, number), "null");
    ad_context_free(ctx);
}

/* What is written for each character alone, in a line and in a text. */
static void printable(void)
{
    static const struct {
        const char *from, *line, *text;
    } rows[] = {
        {"a\\ \xc3\xa9\xe6\xbc\xa2", "a\\ \xc3\xa9\xe6\xbc\xa2", "a\\ \xc3\xa9\xe6\xbc\xa2"},
        {"\n\r\t", "\\n\\r\\t", "\n\\r\t"},
        {"\x1b]0;x\x07", "\\x1b]0;x\\x07", "\\x1b]0;x\\x07"},
        {"\x7f\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\x7f\\u0080\\u009b\\u009f\xc2\xa0", NULL},
        {"\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "\\u061c\\u200e\\u200f", NULL},
        {"\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9", "\\u202a\\u202e\\u2066\\u2069", NULL},
        {"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7\xe2\x80\xaf",
         "\\u2028\\u2029\xe2\x80\xa7\xe2\x80\xaf", NULL},
        {"\xe2\x80\x8c\xe2\x80\x8d", "\\u200c\\u200d", "\xe2\x80\x8c\xe2\x80\x8d"},
        {"\xc2\xad\xe2\x80\x8b\xef\xbb\xbf", "\\u00ad\\u200b\\ufeff", NULL},
        {"\xf3\xa0\x80\x81\xf0\x9f\x98\x80", "\\U000e0001\xf0\x9f\x98\x80", NULL},
        {"\xff\xe2\x82z\x9b\xc0\x9b", "\\xff\\xe2\\x82z\\x9b\\xc0\\x9b", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        for (int how = AD_PRINTED_LINE; how <= AD_PRINTED_TEXT; ++how) {
            char escape[AD_ESCAPE_BYTES], got[128] = "";
            for (const char *p = rows[i].from; *p;) {
                int n = ad_printable_next(p, strlen(p), (ad_printed)how, escape);
                strncat(got, *escape ? escape : p, *escape ? sizeof escape : (size_t)n);
                p += n;
            }
            CHECK_TEXT(got, how && rows[i].text ? rows[i].text : rows[i].line);
        }
    char line[8], again[8];
    ad_printable_line(line, sizeof line, "abc\x1b\x1b"); /* never half of an escape */
    CHECK_TEXT(line, "abc\\x1b");
    ad_printable_line(again, sizeof again, line);
    CHECK_TEXT(again, line);
}

/* An error's sentence is one line whatever it quotes. */
static void sentences(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_error_set(ctx, AD_ERROR_IO, "%s: gone", "a\nb\x1b[2J\xe2\x80\xae");
    CHECK_TEXT(ad_error(ctx), "a\\nb\\x1b[2J\\u202e: gone");
    ad_fail_prefix(ctx, "%s", "\x07");
    CHECK_TEXT(ad_error(ctx), "\\x07: a\\nb\\x1b[2J\\u202e: gone");
    ad_context_free(ctx);
}

static const check_case cases[] = {CASE(numbers_and_back),
                                   CASE(what_is_a_character),
                                   CASE(replacements),
                                   CASE(half_characters),
                                   CASE(json),
                                   CASE(printable),
                                   CASE(sentences),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
