/* byte_order_mark.c - what stands before a text. */
#include "context.h"

#include "base/byte_order_mark.h"

#include <string.h>

static const char *after(const char *bytes, size_t size, size_t *left)
{
    const unsigned char *text = (const unsigned char *)bytes;
    *left = size;
    return ad_skip_byte_order_mark(ctx, "a.txt", &text, left) ? NULL : (const char *)text;
}

static void utf8(void)
{
    size_t left;
    static const char marked[] = "\xef\xbb\xbf"
                                 "ab",
                      plain[] = "ab", twice[] = "\xef\xbb\xbf\xef\xbb\xbf";
    CHECK(after(marked, 5, &left) == marked + 3 && left == 2);
    CHECK(after(plain, 2, &left) == plain && left == 2);
    CHECK(after(marked, 2, &left) == marked && left == 2);
    CHECK(after(marked, 3, &left) == marked + 3 && left == 0);
    CHECK(after(plain, 0, &left) == plain && left == 0);
    CHECK(after(twice, 6, &left) == twice + 3 && left == 3); /* the second is a character */
}

static void others(void)
{
    size_t left;
    CHECK(!after("\xff\xfe"
                 "a\0",
                 4, &left));
    CHECK_TEXT(ad_error(ctx), "a.txt: is UTF-16, expected UTF-8");
    CHECK(!after("\xfe\xff\0a", 4, &left));
    CHECK_TEXT(ad_error(ctx), "a.txt: is UTF-16, expected UTF-8");
    CHECK(!after("\xff\xfe\0\0", 4, &left));
    CHECK_TEXT(ad_error(ctx), "a.txt: is UTF-32, expected UTF-8");
    CHECK(!after("\0\0\xfe\xff", 4, &left));
    CHECK_TEXT(ad_error(ctx), "a.txt: is UTF-32, expected UTF-8");
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {{"utf8", utf8}, {"others", others}, {0}};
    return check_in_context(argc, argv, cases);
}
