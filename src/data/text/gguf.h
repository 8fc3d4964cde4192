/* gguf.h - the metadata of a GGUF file, version 3 (or 2), little-endian: keys and typed values, in
 * front of the tensors. Specification: ggml's docs/gguf.md. */
#ifndef AD_DATA_TEXT_GGUF_H
#define AD_DATA_TEXT_GGUF_H

#include "base/context.h"

typedef enum ad_gguf_type {
    AD_GGUF_U8 = 0,
    AD_GGUF_I8,
    AD_GGUF_U16,
    AD_GGUF_I16,
    AD_GGUF_U32,
    AD_GGUF_I32,
    AD_GGUF_F32,
    AD_GGUF_BOOL,
    AD_GGUF_STRING,
    AD_GGUF_ARRAY,
    AD_GGUF_U64,
    AD_GGUF_I64,
    AD_GGUF_F64,
    AD_GGUF_TYPES,
} ad_gguf_type;

typedef struct ad_gguf_string {
    const char *bytes; /* in the file; not NUL-terminated */
    size_t length;
} ad_gguf_string;

typedef struct ad_gguf_value {
    ad_gguf_string key;
    ad_gguf_type type; /* of an array: of its elements */
    bool is_array;
    uint64_t count;   /* 1, or the array's */
    const char *data; /* checked: everything it says lies within the file. Arrays of arrays are
                         skipped: no data */
} ad_gguf_value;

typedef struct ad_gguf {
    ad_context *ctx;
    ad_gguf_value *values;
    int64_t count, capacity;
} ad_gguf;

/* The bytes must stay until ad_gguf_free. */
ad_status ad_gguf_read(ad_gguf *out, ad_context *ctx, const char *name, const char *bytes,
                       size_t size);
void ad_gguf_free(ad_gguf *gguf);
const ad_gguf_value *ad_gguf_find(const ad_gguf *gguf, const char *key); /* NULL: none */

/* The next string of an array (or the value itself), `*at` from value->data on. */
ad_gguf_string ad_gguf_next_string(const char **at);
/* A whole number, whatever its type; `otherwise` where the value is NULL or something else. */
int64_t ad_gguf_integer(const ad_gguf_value *value, int64_t otherwise);

#endif
