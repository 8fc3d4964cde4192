/* unread.h - picture files that were left out because their format cannot be read, by ending. */
#ifndef AD_DATA_PICTURES_UNREAD_H
#define AD_DATA_PICTURES_UNREAD_H

#include <autodidact/image.h>
#include <autodidact/watch.h>

enum { AD_UNREAD_ENDINGS = 32, AD_UNREAD_BYTES = 256 };

typedef struct ad_unread {
    int64_t count;
    const char *ending[AD_UNREAD_ENDINGS]; /* sorted */
    int endings;
} ad_unread;

/* Counts the file if it is such a picture. */
void ad_unread_add(ad_unread *unread, const char *name);
/* "3 files are pictures of a format that cannot be read (.gif, .tif)"; "" for none. */
const char *ad_unread_text(const ad_unread *unread, char buffer[AD_UNREAD_BYTES]);

#endif
