/* shell.c - see shell.h. */
#include "base/shell.h"
#include "base/printable.h"

#include <string.h>

static bool is_printable(const char *word, size_t length)
{
    char escape[AD_ESCAPE_BYTES];
    for (size_t at = 0; at < length;) {
        at += (size_t)ad_printable_next(word + at, length - at, AD_PRINTED_LINE, escape);
        if (*escape) return false;
    }
    return true;
}

/* Each byte on its own: what is not ASCII as well, since it may not be a character. */
static void add_escaped(ad_text *text, const char *word)
{
    ad_text_add(text, "$'");
    for (; *word; ++word) {
        if (*word == '\'' || *word == '\\')
            ad_text_format(text, "\\%c", *word);
        else if (*word >= ' ' && *word < 0x7f)
            ad_text_bytes(text, word, 1);
        else /* three digits, after which no further one can belong to it */
            ad_text_format(text, "\\%03o", (unsigned char)*word);
    }
    ad_text_add(text, "'");
}

void ad_text_shell(ad_text *text, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:,=@%";
    size_t length = strlen(word);
    if (length && strspn(word, plain) == length) {
        ad_text_add(text, word);
    } else if (!is_printable(word, length)) {
        add_escaped(text, word);
    } else {
        ad_text_add(text, "'");
        for (; *word; ++word)
            ad_text_bytes(text, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
        ad_text_add(text, "'");
    }
}
