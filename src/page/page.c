/* page.c - the frame of a page, and how texts, numbers and bytes are written into it. */
#include "page/page.h"
#include "base/escape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
__asm__(".section .rodata, \"a\", @progbits\n"
        "page_template_begin:\n"
        ".incbin \"src/page/page.html\"\n"
        "page_template_end:\n"
        ".byte 0\n"
        ".previous\n");
/* clang-format on */

extern const char page_template_begin[] __attribute__((visibility("hidden")));

static const char title_mark[] = "{{title}}", body_mark[] = "{{body}}";

void ad_page_begin(ad_text *to, const char *title)
{
    const char *a = strstr(page_template_begin, title_mark);
    const char *b = strstr(page_template_begin, body_mark);
    ad_text_bytes(to, page_template_begin, (size_t)(a - page_template_begin));
    ad_page_text(to, title);
    a += sizeof title_mark - 1;
    ad_text_bytes(to, a, (size_t)(b - a));
}

void ad_page_end(ad_text *to)
{
    ad_text_add(to, strstr(page_template_begin, body_mark) + sizeof body_mark - 1);
}

void ad_page_bytes(ad_text *to, const char *text, size_t count)
{
    ad_text_markup(to, text, count);
}

void ad_page_text(ad_text *to, const char *text)
{
    ad_page_bytes(to, text, strlen(text));
}

void ad_page_json(ad_text *to, const char *text)
{
    ad_text_json(to, text, true);
}

void ad_page_base64(ad_text *to, const unsigned char *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        uint32_t v = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                     (left > 2 ? bytes[i + 2] : 0);
        char four[4] = {digits[v >> 18], digits[v >> 12 & 63], digits[v >> 6 & 63], digits[v & 63]};
        if (left < 3) four[3] = '=';
        if (left < 2) four[2] = '=';
        ad_text_bytes(to, four, 4);
    }
}

void ad_page_number(ad_text *to, double value)
{
    if (!isfinite(value))
        ad_text_add(to, "\xe2\x80\x93"); /* a dash */
    else if (value == rint(value) && fabs(value) < 1e15)
        ad_page_count(to, (int64_t)value);
    else
        ad_text_format(to, fabs(value) >= 1e-3 && fabs(value) < 1e6 ? "%.5g" : "%.4g", value);
}

void ad_page_seconds(ad_text *to, double seconds)
{
    long long s = seconds < 1e15 ? (long long)(seconds + 0.5) : 0;
    if (seconds < 60)
        ad_text_format(to, "%.1f s", seconds);
    else if (s < 3600)
        ad_text_format(to, "%lld min %lld s", s / 60, s % 60);
    else if (s < 86400)
        ad_text_format(to, "%lld h %lld min", s / 3600, s / 60 % 60);
    else
        ad_text_format(to, "%lld d %lld h", s / 86400, s / 3600 % 24);
}

void ad_page_count(ad_text *to, int64_t count)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)count);
    for (int i = 0; i < length; ++i) {
        ad_text_bytes(to, digits + i, 1);
        int left = length - 1 - i;
        if (left && left % 3 == 0 && digits[i] != '-' && length > 4) ad_text_add(to, ",");
    }
}
