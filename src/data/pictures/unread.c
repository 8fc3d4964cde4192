/* unread.c - see unread.h. */
#include "data/pictures/unread.h"

#include <stdio.h>
#include <string.h>

void ad_unread_add(ad_unread *u, const char *name)
{
    const char *ending = ad_image_ending_unread(name);
    int at = 0;
    if (!ending) return;
    ++u->count;
    while (at < u->endings && strcmp(u->ending[at], ending) < 0) ++at;
    if ((at < u->endings && !strcmp(u->ending[at], ending)) || u->endings == AD_UNREAD_ENDINGS)
        return;
    memmove(&u->ending[at + 1], &u->ending[at], (size_t)(u->endings - at) * sizeof *u->ending);
    u->ending[at] = ending;
    ++u->endings;
}

const char *ad_unread_text(const ad_unread *u, char buffer[AD_UNREAD_BYTES])
{
    *buffer = 0;
    if (!u->count) return buffer;
    int n = snprintf(buffer, AD_UNREAD_BYTES, "%lld file%s of a format that cannot be read (",
                     (long long)u->count, u->count == 1 ? " is a picture" : "s are pictures");
    for (int i = 0; i < u->endings && n < AD_UNREAD_BYTES; ++i)
        n += snprintf(buffer + n, (size_t)(AD_UNREAD_BYTES - n), "%s%s", i ? ", " : "",
                      u->ending[i]);
    if (n < AD_UNREAD_BYTES) snprintf(buffer + n, (size_t)(AD_UNREAD_BYTES - n), ")");
    return buffer;
}
