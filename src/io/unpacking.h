/* unpacking.h - libarchive, as far as hostile files may use it: gzip, xz, bzip2 and zstd by its own
 * decoders and once, never a program that it would start, and no more bytes than are allowed. */
#ifndef AD_IO_UNPACKING_H
#define AD_IO_UNPACKING_H

#include "base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

typedef struct ad_unpacking {
    struct archive *archive;
    struct archive_entry *head; /* libarchive's own may be missing, which it does not look at */
    ad_context *ctx;
    const char *name; /* of the file, for errors */
    locale_t utf8;    /* in which libarchive converts names; 0: the thread's own */
    ad_file_bytes *file;
    ad_status failed;    /* of reading the file itself */
    bool unknown_format; /* it is no archive */
    bool compressed;
    size_t at;
    size_t limit;    /* bytes that may come out, of entries that are left out as well */
    size_t expanded; /* bytes that came */
} ad_unpacking;

/* What a file that begins so is compressed with, as a filter of libarchive's; *known is false, and
 * an error set, for what is recognised and not expanded (lrzip, lzop, ...). */
int ad_compression(ad_context *ctx, const char *name, const unsigned char *bytes, size_t size,
                   bool *known);

/* Opens an archive (tar, zip), or with `raw` a single compressed file. `file` and `name` must stay.
 * On an error nothing is left open. */
ad_status ad_unpacking_open(ad_unpacking *u, ad_context *ctx, const char *name, ad_file_bytes *file,
                            bool raw);
void ad_unpacking_close(ad_unpacking *u);
/* The next entry; *head NULL at the end. */
ad_status ad_unpacking_next(ad_unpacking *u, struct archive_entry **head);
/* The entry's name: UTF-8, or as it stands there where the archive does not say how it is written.
 * NULL where it cannot be read. */
const char *ad_unpacking_entry_name(const ad_unpacking *u);
/* The entry's bytes, in memory of the context (at least 1); at most `limit`. */
ad_status ad_unpacking_read(ad_unpacking *u, size_t limit, unsigned char **bytes, size_t *size);
/* Passes over the entry. */
ad_status ad_unpacking_skip(ad_unpacking *u);

#endif
