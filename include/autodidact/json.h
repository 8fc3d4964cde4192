/* json.h - JSON beside weights and in tables: what was read is a tree of jansson, whose header a
 * caller includes to look into it. jansson itself does not say whether a text is wrong or memory
 * was refused; these do.
 *
 * Each gives a tree to be released with json_decref, or on an error NULL. Errors: AD_ERROR_MEMORY,
 * AD_ERROR_FORMAT with the line, and those of opening the file. `name` is what errors call the
 * text; a byte order mark in front of it is passed over.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_JSON_H
#define AUTODIDACT_JSON_H

#include <autodidact/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct json_t; /* as jansson declares it */

/* Whatever is valid at the top by jansson's `flags` (0: an object or an array). */
AD_API ad_status ad_json_parse(ad_context *ctx, const char *name, const char *bytes, size_t size,
                               size_t flags, struct json_t **root);
/* The same of a file of at most 64 MiB. */
AD_API ad_status ad_json_load(ad_context *ctx, const char *path, size_t flags,
                              struct json_t **root);

/* An object, or it is an error. `line` is where in the file `name` the text stands, if it is but
 * one line of it (JSON lines), else 0. */
AD_API ad_status ad_json_object_parse(ad_context *ctx, const char *name, int64_t line,
                                      const char *bytes, size_t size, struct json_t **object);
/* The same of a file of at most 64 MiB. */
AD_API ad_status ad_json_object_load(ad_context *ctx, const char *path, struct json_t **object);

#ifdef __cplusplus
}
#endif
#endif
