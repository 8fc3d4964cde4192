/* text.c - the growing string. */
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

bool ad_text_write(ad_text *text, int file)
{
    size_t done = 0;
    bool good = true;
    while (done < text->length && good) {
        ssize_t n = write(file, text->data + done, text->length - done);
        if (n >= 0)
            done += (size_t)n;
        else
            good = errno == EINTR;
    }
    int reason = errno;
    if (done) memmove(text->data, text->data + done, text->length - done);
    text->length -= done;
    errno = reason;
    return good;
}

/* Makes room for `more` bytes and a NUL. */
static bool reserve(ad_text *text, size_t more)
{
    if (text->failed) return false;
    if (text->capacity - text->length > more) return true;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity - text->length <= more && capacity <= SIZE_MAX / 2) capacity *= 2;
    char *data = capacity - text->length > more
                     ? ad_realloc(text->ctx, text->data, text->capacity, capacity)
                     : NULL;
    if (!data) {
        text->failed = true;
        return false;
    }
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
