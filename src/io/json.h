/* json.h - documents of jansson written, and read (autodidact/json.h), so that no refused memory
 * goes unnoticed.
 *
 * Who builds a document cannot look at each call: where memory is refused jansson leaves the member
 * out, and what is written is whole to every reader. So its allocations go through a hook that
 * counts those that were refused in this thread, and reading and writing look at the count. The
 * hook stands in front of whatever allocates for jansson in this process, and changes nothing else
 * of it. */
#ifndef AD_IO_JSON_H
#define AD_IO_JSON_H

#include <autodidact/json.h>

#include "base/text.h"

#include <jansson.h>

/* How many were refused in this thread so far. Taken before a document is built, it is what
 * ad_json_dump asks for. */
unsigned ad_json_refusals(void);

/* A string of bytes that may not be UTF-8. NULL: no memory, which counts as refused to jansson. */
json_t *ad_json_from_text(ad_context *ctx, const char *bytes);

/* Adds the document to `out`, whose `failed` is set if memory was refused to this or, since
 * `refusals`, to what built it. */
void ad_json_dump(ad_text *out, const json_t *root, size_t flags, unsigned refusals);

#endif
