/* gguf.h - the container of GGUF files (llama.cpp), version 3 or 2, little-endian: keys and typed
 * values, a list of tensors, and their bytes. Specification: ggml's docs/gguf.md.
 *
 * What the values and the tensors mean is said elsewhere: gguf_tensors.c and, of vocabularies,
 * tokenizer_gguf.c. */
#ifndef AD_IO_GGUF_H
#define AD_IO_GGUF_H

#include "base/file.h"

#include <autodidact/tensor.h>

enum {
    AD_GGUF_ALIGNMENT = 32, /* of tensors, unless general.alignment says another */
    AD_GGUF_MAX_RANK = 4,
};

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

typedef struct ad_gguf_tensor {
    ad_gguf_string name;
    ad_shape shape;  /* row-major: the file's sizes from the last to the first */
    uint32_t type;   /* ggml's number */
    uint64_t offset; /* from ad_gguf.data on; not checked */
} ad_gguf_tensor;

typedef struct ad_gguf {
    ad_context *ctx;
    ad_gguf_value *values;
    int64_t count, capacity;
    ad_gguf_tensor *tensors;
    int64_t tensor_count, tensor_capacity;
    size_t data; /* where the bytes of the tensors begin, perhaps beyond the end */
    uint64_t alignment;
} ad_gguf;

/* The bytes must stay until ad_gguf_free. If they are those of a `file` that is read in parts, what
 * lies before its tensors' bytes is read. */
ad_status ad_gguf_read(ad_gguf *out, ad_context *ctx, const char *name, ad_file_bytes *file,
                       const char *bytes, size_t size);
void ad_gguf_free(ad_gguf *gguf);
const ad_gguf_value *ad_gguf_find(const ad_gguf *gguf, const char *key); /* NULL: none */

/* The next string of an array (or the value itself), `*at` from value->data on. */
ad_gguf_string ad_gguf_next_string(const char **at);
/* Whether the value is this string. NULL is not. */
bool ad_gguf_is(const ad_gguf_value *value, const char *text);
/* A whole number, whatever its type; `otherwise` where the value is NULL or something else. */
int64_t ad_gguf_integer(const ad_gguf_value *value, int64_t otherwise);
/* A number, whatever its type. */
double ad_gguf_real(const ad_gguf_value *value, double otherwise);

#endif
