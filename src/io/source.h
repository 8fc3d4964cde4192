/* source.h - where data come from: a file (perhaps compressed), a folder, an archive.
 *
 * A source lists its entries by path, sorted; folders end in '/'. Archives (.tar, also compressed,
 * and .zip) are read as a stream into memory and never unpacked; one that lies in a folder counts
 * as a folder. Everything is hostile: sizes are bounded, paths are only names. */
#ifndef AD_IO_SOURCE_H
#define AD_IO_SOURCE_H

#include "io/content.h"

typedef struct ad_source ad_source;

/* `wanted` (NULL: all) says which entries an archive's bytes are kept of. */
ad_status ad_source_open(ad_source **out, ad_context *ctx, const char *path,
                         bool (*wanted)(const char *name));
void ad_source_close(ad_source *source); /* NULL is ignored */
int64_t ad_source_count(const ad_source *source);
const char *ad_source_name(const ad_source *source, int64_t index);
/* What an error calls the entry: "folder/name" or "archive.tar: name". */
const char *ad_source_title(const ad_source *source, int64_t index, char *buffer, size_t size);
/* The entry's bytes, as they are. `ctx` may be another than the source's, so that several threads
 * can read at once. */
ad_status ad_source_read(const ad_source *source, int64_t index, ad_context *ctx, ad_content *out);

#endif
