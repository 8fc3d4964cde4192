/* archive.h - a zip archive in memory, read through libzip (whose own working memory is its own).
 */
#ifndef AD_IO_ARCHIVE_H
#define AD_IO_ARCHIVE_H

#include "base/file.h"

typedef struct ad_archive ad_archive;

/* `path` stands for the archive in errors; it and `bytes` must stay. If `file` is one that is read
 * in parts, the archive is read from there. */
ad_status ad_archive_open(ad_archive **out, ad_context *ctx, const char *path,
                          const ad_file_bytes *file, const void *bytes, size_t size);
void ad_archive_close(ad_archive *archive); /* NULL is ignored */

int64_t ad_archive_count(const ad_archive *archive);
const char *ad_archive_name(const ad_archive *archive, int64_t member); /* never NULL */
int64_t ad_archive_find(const ad_archive *archive, const char *name);   /* -1: none */

/* The unpacked size as the archive declares it, refused where it cannot be true. */
ad_status ad_archive_size(const ad_archive *archive, int64_t member, size_t *size);
/* The first `size` bytes of a member; with `whole`, they must be all, and the checksum is checked.
 */
ad_status ad_archive_read(ad_archive *archive, int64_t member, size_t skip, void *data, size_t size,
                          bool whole);

#endif
