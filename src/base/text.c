/* text.c - the growing string and the "did you mean" distance. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

void ad_text_init(ad_text *text, ad_context *ctx)
{
    *text = (ad_text){.ctx = ctx};
}

void ad_text_free(ad_text *text)
{
    ad_free(text->ctx, text->data, text->capacity);
    ad_text_init(text, text->ctx);
}

const char *ad_text_get(const ad_text *text)
{
    return text->data ? text->data : "";
}

/* Makes room for `more` bytes and a NUL. */
static bool reserve(ad_text *text, size_t more)
{
    if (text->failed) return false;
    if (text->capacity - text->length > more) return true;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity - text->length <= more) {
        if (capacity > SIZE_MAX / 2) return !(text->failed = true);
        capacity *= 2;
    }
    char *data = ad_realloc(text->ctx, text->data, text->capacity, capacity);
    if (!data) return !(text->failed = true);
    text->data = data;
    text->capacity = capacity;
    return true;
}

void ad_text_bytes(ad_text *text, const void *bytes, size_t count)
{
    if (!reserve(text, count)) return;
    if (count) memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = 0;
}

void ad_text_add(ad_text *text, const char *string)
{
    ad_text_bytes(text, string, strlen(string));
}

void ad_text_format(ad_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0 || !reserve(text, (size_t)length)) return;
    va_start(args, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, args);
    va_end(args);
    text->length += (size_t)length;
}

int ad_utf8_length(const unsigned char *p, size_t count)
{
    if (!count) return 0;
    int n = p[0] < 0x80                   ? 1
            : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
            : (p[0] & 0xf0) == 0xe0       ? 3
            : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                          : 0;
    if ((size_t)n > count) return 0;
    for (int i = 1; i < n; ++i)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if (n == 3 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0)))
        return 0; /* overlong, surrogate */
    if (n == 4 && ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))) return 0;
    return n;
}

void ad_text_utf8(ad_text *text, const char *bytes, size_t count)
{
    for (size_t at = 0, n; at < count; at += n) {
        n = (size_t)ad_utf8_length((const unsigned char *)bytes + at, count - at);
        if (n)
            ad_text_bytes(text, bytes + at, n);
        else
            ad_text_add(text, "\xef\xbf\xbd"), n = 1;
    }
}

/* Optimal string alignment distance: insert, delete, replace, swap neighbours. Words over 63
 * characters are not compared. */
static int distance(const char *a, const char *b)
{
    int n = (int)strlen(a), m = (int)strlen(b), row[3][64];
    if (n > 63 || m > 63) return 1 << 20;
    for (int j = 0; j <= m; ++j) row[0][j] = j;
    for (int i = 1; i <= n; ++i) {
        int *now = row[i % 3], *above = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; ++j) {
            int best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

const char *ad_nearest(const char *word, const char *const *names, int count)
{
    const char *best = NULL;
    int least = ((int)strlen(word) + 2) / 3 + 1;
    for (int i = 0; i < count; ++i) {
        int d = distance(word, names[i]);
        if (d < least) least = d, best = names[i];
    }
    return best;
}
