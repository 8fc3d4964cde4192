/* text_file.c - texts as files, and their validation part. */
#include "base/utf8.h"
#include "io/source.h"

#include <autodidact/tokenizer.h>
#include <string.h>

/* UTF-16 without its mark, and tokens as numbers (nanoGPT's train.bin), are valid UTF-8 where every
 * other byte is NUL; no text is. */
static bool is_numbers(const char *text, size_t length)
{
    size_t zeros = 0;
    for (size_t i = 0; i < length; ++i) zeros += !text[i];
    return zeros / 2 > (length - zeros) / 3 && length > 2;
}

/* From 1. */
static size_t line_of(const char *text, size_t at)
{
    size_t line = 1;
    for (size_t i = 0; i < at; ++i) line += text[i] == '\n';
    return line;
}

ad_status ad_text_file_read(ad_text_file *out, ad_context *ctx, const char *path)
{
    *out = (ad_text_file){0};
    ad_content *file = ad_zalloc(ctx, sizeof *file);
    if (!file) return AD_ERROR_MEMORY;
    ad_status status = ad_content_read_text(file, ctx, path, SIZE_MAX / 2);
    if (status) {
        ad_free(ctx, file, sizeof *file);
        return status;
    }
    *out = (ad_text_file){(const char *)file->bytes, file->size, file};
    size_t valid = ad_utf8_valid(out->text, out->length);
    bool numbers = is_numbers(out->text, out->length);
    if (valid == out->length && !numbers) return AD_OK;
    if (numbers)
        ad_fail(ctx, AD_ERROR_FORMAT,
                "%s: nearly every other byte is NUL, as in UTF-16 or in tokens that are numbers; "
                "expected a text in UTF-8",
                path);
    else
        ad_fail(ctx, AD_ERROR_FORMAT,
                "%s: byte %zu (0x%02x) is not UTF-8; if the text is in Latin-1, `iconv -f latin1 "
                "-t utf-8` converts it (the byte is in line %zu)",
                path, valid, (unsigned char)out->text[valid], line_of(out->text, valid));
    ad_text_file_free(out);
    return AD_ERROR_FORMAT;
}

void ad_text_file_free(ad_text_file *file)
{
    ad_content *owner = file->owner;
    if (owner) {
        ad_context *ctx = owner->ctx;
        ad_content_free(owner);
        ad_free(ctx, owner, sizeof *owner);
    }
    *file = (ad_text_file){0};
}

size_t ad_text_valid(const char *text, size_t length)
{
    return ad_utf8_valid(text, length);
}

ad_status ad_text_file_write(ad_context *ctx, const char *path, const char *text, size_t length)
{
    ad_output *output;
    ad_status status = ad_output_open(&output, ctx, path);
    if (status) return status;
    ad_output_write(output, text, length);
    return ad_output_commit(output);
}

ad_status ad_text_file_can_write(ad_context *ctx, const char *path)
{
    return ad_output_check(ctx, path);
}

size_t ad_text_split(const char *text, size_t length, double share)
{
    if (!(share > 0)) return length;
    if (share >= 1) return 0;
    size_t at = (size_t)((double)length * (1 - share));
    while (at > 0 && at < length && ((unsigned char)text[at] & 0xC0) == 0x80) --at;
    return at;
}
