/* byte_order_mark.c - U+FEFF in front of a text (Unicode 15, section 23.8). */
#include "base/byte_order_mark.h"

#include <string.h>

static bool begins(const unsigned char *text, size_t size, const char *mark, size_t length)
{
    return size >= length && !memcmp(text, mark, length);
}

ad_status ad_skip_byte_order_mark(ad_context *ctx, const char *name, const unsigned char **text,
                                  size_t *size)
{
    static const struct {
        const char *mark, *encoding;
        size_t length;
    } others[] = {{"\xff\xfe\0\0", "UTF-32", 4}, /* before UTF-16's, with which it begins */
                  {"\0\0\xfe\xff", "UTF-32", 4},
                  {"\xff\xfe", "UTF-16", 2},
                  {"\xfe\xff", "UTF-16", 2}};
    for (size_t i = 0; i < sizeof others / sizeof *others; ++i)
        if (begins(*text, *size, others[i].mark, others[i].length))
            return ad_fail(ctx, AD_ERROR_FORMAT, "%s: is %s, expected UTF-8", name,
                           others[i].encoding);
    if (begins(*text, *size, "\xef\xbb\xbf", 3)) {
        *text += 3;
        *size -= 3;
    }
    return AD_OK;
}
