/* element.h - the element types that files hold, more than the library computes with, and the copy
 * that turns strided elements of a file into a contiguous tensor. */
#ifndef AD_IO_ELEMENT_H
#define AD_IO_ELEMENT_H

#include <autodidact/tensor.h>

typedef enum ad_element {
    AD_EL_F32 = 0,
    AD_EL_F64,
    AD_EL_BF16,
    AD_EL_F16,
    AD_EL_I32,
    AD_EL_I64,
    AD_EL_U8,
    AD_EL_BOOL,
    AD_EL_I8,
    AD_EL_I16,
    AD_EL_U16,
    AD_EL_U32,
    AD_ELEMENTS, /* a type that cannot be read */
} ad_element;

size_t ad_element_size(ad_element element);    /* bytes; 0 for AD_ELEMENTS */
ad_dtype ad_element_dtype(ad_element element); /* what it is read as; AD_DTYPES: not readable */

ad_element ad_element_of(ad_dtype dtype); /* that is it, bit for bit */

/* Elements in a file's memory: element (i, j, ...) lies at first + i * stride[0] + j * stride[1]
 * ... */
typedef struct ad_strided {
    ad_element element;
    ad_shape shape;
    int64_t stride[AD_MAX_RANK]; /* in elements, not negative */
    int64_t first;               /* in elements */
    bool swap;                   /* the bytes of an element lie in the other order */
} ad_strided;

/* Row-major strides (or column-major: Fortran's) of `shape`. */
void ad_strided_fill(ad_strided *view, bool fortran);
/* Of a matrix whose rows are those of so many heads with the two rows of a rotary pair side by side
 * (llama2.c, llama.cpp): first the first rows of a head's pairs, then the second (Hugging Face).
 * The shape becomes [heads, 2, pairs, columns]. */
void ad_strided_pairs(ad_strided *matrix, int64_t heads);
/* Whether every element lies inside a storage of `count` elements. */
bool ad_strided_inside(const ad_strided *view, int64_t count);
/* Whether reading as `dtype` would be a plain copy of the elements as they lie. */
bool ad_strided_plain(const ad_strided *view, ad_dtype dtype);
/* Copies into contiguous row-major memory of the wanted dtype. `bytes` needs no alignment. */
void ad_strided_read(const ad_strided *view, const unsigned char *bytes, ad_dtype dtype,
                     void *data);

#endif
