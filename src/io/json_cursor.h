/* json_cursor.h - JSON (RFC 8259) read from front to back, without a tree: what is of no interest
 * is passed over, and memory is taken for the string at hand only. Strict, for hostile files.
 *
 *     ad_json_enter(&j, '{');
 *     while (ad_json_more(&j)) {
 *         ad_json_read_key(&j, &name);
 *         if (...) ad_json_read_number(&j, &whole, &value); else ad_json_skip(&j, &scratch);
 *     }
 *     if (!ad_json_done(&j)) fail(ad_json_wrong(&j));
 *
 * The first thing that is wrong stays; all calls after it do nothing and return false. */
#ifndef AD_IO_JSON_CURSOR_H
#define AD_IO_JSON_CURSOR_H

#include "base/text.h"

typedef struct ad_json_cursor {
    const char *text;
    size_t size, at;
    int depth;
    uint64_t objects, begun; /* of the containers around: is it an object, had it a member */
    const char *wrong;       /* NULL: nothing so far */
    size_t wrong_at;
} ad_json_cursor;

typedef enum ad_json_kind {
    AD_JSON_NOTHING, /* the end, or what begins no value */
    AD_JSON_OBJECT,
    AD_JSON_ARRAY,
    AD_JSON_STRING,
    AD_JSON_NUMBER,
    AD_JSON_WORD, /* true, false, null */
} ad_json_kind;

ad_json_cursor ad_json_open(const void *text, size_t size);
ad_json_kind ad_json_peek(ad_json_cursor *j); /* of the value that comes next */

/* Into an object ('{') or array ('['), which must come next. */
bool ad_json_enter(ad_json_cursor *j, char bracket);
/* Whether the container around has a further member, whose key or value comes next; where it has
 * none it is left. */
bool ad_json_more(ad_json_cursor *j);
/* A member's key, or a string: `text` is replaced by it. U+0000 and bytes that are not UTF-8 are
 * refused. A refused allocation leaves text->failed. */
bool ad_json_read_key(ad_json_cursor *j, ad_text *text);
bool ad_json_read_string(ad_json_cursor *j, ad_text *text);
/* A number; *whole: it is an integer within int64, which *value then is. A whole number beyond
 * int64 is wrong. */
bool ad_json_read_number(ad_json_cursor *j, bool *whole, int64_t *value);
/* Any value; `scratch` is for its strings. */
bool ad_json_skip(ad_json_cursor *j, ad_text *scratch);

/* Whether all was right and nothing but blanks is left. */
bool ad_json_done(ad_json_cursor *j);
/* "expected ':' at byte 17"; into buffer, which is returned. */
const char *ad_json_wrong(const ad_json_cursor *j, char *buffer, size_t size);

#endif
