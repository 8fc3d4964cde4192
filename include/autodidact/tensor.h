/* tensor.h - element types, shapes, and tensors in host memory.
 *
 * Layout is row-major (the last axis is contiguous). Images and feature maps are
 * [batch, height, width, channel]. Sizes are int64 and every product is checked for overflow.
 *
 * Stability: stable (base.h says what that means). */
#ifndef AUTODIDACT_TENSOR_H
#define AUTODIDACT_TENSOR_H

#include <autodidact/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ad_dtype {
    AD_F32 = 0,
    AD_F64,
    AD_BF16, /* storage and matmul/convolution operands; arithmetic is done in f32 */
    AD_F16,  /* likewise */
    AD_I32,
    AD_I64,
    AD_U8,
    AD_BOOL, /* one byte, 0 or 1 */
    AD_DTYPES,
} ad_dtype;

AD_API const char *ad_dtype_name(ad_dtype dtype); /* "f32", ... */
AD_API size_t ad_dtype_size(ad_dtype dtype);      /* bytes of one element */
AD_API bool ad_dtype_is_float(ad_dtype dtype);

/* How rows of numbers are quantised, in the layout of ggml (llama.cpp): blocks of AD_BLOCK
 * neighbours, each a scale d (f16, little-endian) and whole numbers q of so many bits; number i of
 * four bits is the low half of byte i, number i + 16 its high half. In tensors such rows are AD_U8.
 */
typedef enum ad_quantized {
    AD_Q8_0 = 0, /* d q, q from -127 to 127: 34 bytes */
    AD_Q4_0,     /* d (q - 8), q from 0 to 15: 18 bytes */
    AD_QUANTIZED_FORMS,
} ad_quantized;
enum { AD_BLOCK = 32 };
AD_API const char *ad_quantized_name(ad_quantized form); /* "q8_0", "q4_0" */
/* Of `count` numbers; 0 if they are no whole blocks. */
AD_API int64_t ad_quantized_bytes(ad_quantized form, int64_t count);

#define AD_MAX_RANK 8

typedef struct ad_shape {
    int rank; /* 0: a scalar */
    int64_t dim[AD_MAX_RANK];
} ad_shape;

/* ad_shape(2, 3): the shape [2, 3]. A negative or overflowing dimension makes an invalid shape,
 * which every builder reports. The scalar shape is (ad_shape){0}, in C++ ad_shape{}. */
AD_API ad_shape ad_shape_of(const int64_t *dim, size_t rank);
#ifdef __cplusplus /* which has no compound literals */
extern "C++" {
template <typename... T> inline struct ad_shape ad_shape_list(T... dim)
{
    const int64_t list[sizeof...(T) + 1] = {static_cast<int64_t>(dim)...};
    return ad_shape_of(list, sizeof...(T));
}
}
#define ad_shape(...) ad_shape_list(__VA_ARGS__)
#else
#define ad_shape(...)                                                                              \
    ad_shape_of((const int64_t[]){__VA_ARGS__},                                                    \
                sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
#endif

AD_API bool ad_shape_valid(ad_shape shape); /* rank 0..8, dims >= 0, element count fits int64 */
AD_API bool ad_shape_equal(ad_shape a, ad_shape b);
AD_API int64_t ad_shape_count(ad_shape shape); /* product of the dims; -1 if invalid */
/* Of a contiguous tensor; SIZE_MAX if the shape is invalid or they are too many. */
AD_API size_t ad_shape_bytes(ad_shape shape, ad_dtype dtype);
/* "[2, 3]" into buffer; returns buffer. 192 bytes hold any shape. */
AD_API const char *ad_shape_text(ad_shape shape, char *buffer, size_t size);

/* A tensor in host memory, contiguous. `data` is owned by whoever the function that made it says.
 */
typedef struct ad_tensor {
    ad_dtype dtype;
    ad_shape shape;
    void *data;
} ad_tensor;

/* Converts `count` elements between any two dtypes (float to integer truncates towards zero and
 * saturates; NaN becomes 0; to bf16/f16 rounds to nearest even). Buffers must not overlap. */
AD_API void ad_convert(void *to, ad_dtype to_dtype, const void *from, ad_dtype from_dtype,
                       int64_t count);

#ifdef __cplusplus
}
#endif
#endif
