/* element.c - from strided elements in a file's memory to a contiguous tensor.
 *
 * Elements are collected in file order of the *result*, a block at a time, into an aligned buffer;
 * there they are byte-swapped, widened to a type of the library, and handed to ad_convert. */
#include "io/element.h"

#include <string.h>

enum { BLOCK = 1024 }; /* elements */

static const struct {
    size_t size;
    ad_dtype dtype;
} elements[AD_ELEMENTS] = {
    [AD_EL_F32] = {4, AD_F32}, [AD_EL_F64] = {8, AD_F64},   [AD_EL_BF16] = {2, AD_BF16},
    [AD_EL_F16] = {2, AD_F16}, [AD_EL_I32] = {4, AD_I32},   [AD_EL_I64] = {8, AD_I64},
    [AD_EL_U8] = {1, AD_U8},   [AD_EL_BOOL] = {1, AD_BOOL}, [AD_EL_I8] = {1, AD_I32},
    [AD_EL_I16] = {2, AD_I32}, [AD_EL_U16] = {2, AD_I32},   [AD_EL_U32] = {4, AD_I64},
};

size_t ad_element_size(ad_element element)
{
    return element < AD_ELEMENTS ? elements[element].size : 0;
}

ad_dtype ad_element_dtype(ad_element element)
{
    return element < AD_ELEMENTS ? elements[element].dtype : AD_DTYPES;
}

ad_element ad_element_of(ad_dtype dtype)
{
    int element = 0; /* those of the library come first */
    while (element < AD_ELEMENTS && elements[element].dtype != dtype) ++element;
    return (ad_element)element;
}

void ad_strided_fill(ad_strided *view, bool fortran)
{
    int64_t stride = 1;
    for (int i = 0; i < view->shape.rank; ++i) {
        int axis = fortran ? i : view->shape.rank - 1 - i;
        view->stride[axis] = stride;
        if (view->shape.dim[axis])
            stride *= view->shape.dim[axis]; /* a valid shape does not overflow */
    }
}

void ad_strided_pairs(ad_strided *matrix, int64_t heads)
{
    int64_t rows = matrix->shape.dim[0], columns = matrix->shape.dim[1], half = rows / heads / 2;
    matrix->shape = ad_shape(heads, 2, half, columns);
    matrix->stride[0] = 2 * half * columns;
    matrix->stride[1] = columns;
    matrix->stride[2] = 2 * columns;
    matrix->stride[3] = 1;
}

bool ad_strided_inside(const ad_strided *view, int64_t count)
{
    int64_t last = view->first, span;
    if (view->first < 0) return false;
    if (ad_shape_count(view->shape) == 0) return true;
    for (int i = 0; i < view->shape.rank; ++i) {
        if (view->stride[i] < 0) return false;
        if (__builtin_mul_overflow(view->shape.dim[i] - 1, view->stride[i], &span)) return false;
        if (__builtin_add_overflow(last, span, &last)) return false;
    }
    return last < count;
}

static void swap_bytes(unsigned char *bytes, size_t size, int64_t count)
{
    for (int64_t i = 0; i < count; ++i, bytes += size)
        for (size_t k = 0; k < size / 2; ++k) {
            unsigned char byte = bytes[k];
            bytes[k] = bytes[size - 1 - k];
            bytes[size - 1 - k] = byte;
        }
}

/* The types that the library does not have, to those they are read as; bool to 0 and 1. */
static void widen(ad_element element, const unsigned char *raw, unsigned char *wide, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        int32_t i32 = 0;
        uint16_t u16;
        uint32_t u32;
        switch (element) {
        case AD_EL_BOOL: wide[i] = raw[i] != 0; continue;
        case AD_EL_U32:
            memcpy(&u32, raw + 4 * i, 4);
            memcpy(wide + 8 * i, &(int64_t){u32}, 8);
            continue;
        case AD_EL_I8: i32 = raw[i] < 128 ? raw[i] : raw[i] - 256; break;
        case AD_EL_U16:
        case AD_EL_I16:
            memcpy(&u16, raw + 2 * i, 2);
            i32 = element == AD_EL_U16 || u16 < 32768 ? u16 : u16 - 65536;
            break;
        default: break;
        }
        memcpy(wide + 4 * i, &i32, 4);
    }
}

typedef struct block {
    const ad_strided *view;
    ad_dtype dtype;
    unsigned char *to;
    int64_t used;
    _Alignas(16) unsigned char raw[BLOCK * 8], wide[BLOCK * 8];
} block;

static void flush(block *b)
{
    ad_element element = b->view->element;
    const unsigned char *from = b->raw;
    if (b->view->swap) swap_bytes(b->raw, elements[element].size, b->used);
    if (element >= AD_EL_BOOL) {
        widen(element, b->raw, b->wide, b->used);
        from = b->wide;
    }
    ad_convert(b->to, b->dtype, from, elements[element].dtype, b->used);
    b->to += ad_dtype_size(b->dtype) * (size_t)b->used;
    b->used = 0;
}

/* Appends `count` elements, `stride` elements apart. */
static void collect(block *b, const unsigned char *from, int64_t count, int64_t stride)
{
    size_t size = elements[b->view->element].size;
    while (count) {
        int64_t n = count < BLOCK - b->used ? count : BLOCK - b->used;
        unsigned char *raw = b->raw + (size_t)b->used * size;
        if (stride == 1) {
            memcpy(raw, from, (size_t)n * size);
        } else {
            for (int64_t i = 0; i < n; ++i)
                memcpy(raw + (size_t)i * size, from + (size_t)(i * stride) * size, size);
        }
        from += (size_t)(n * stride) * size;
        count -= n, b->used += n;
        if (b->used == BLOCK) flush(b);
    }
}

/* Takes the axes off the end of which the elements lie one after another, and multiplies their
 * sizes into `run`; returns how many axes are left before them. */
static int trailing_run(const ad_strided *view, int64_t *run)
{
    int outer = view->shape.rank;
    for (*run = 1; outer; *run *= view->shape.dim[--outer])
        if (view->shape.dim[outer - 1] != 1 && view->stride[outer - 1] != *run) break;
    return outer;
}

bool ad_strided_plain(const ad_strided *view, ad_dtype dtype)
{
    int64_t run;
    return view->element < AD_EL_BOOL && dtype == elements[view->element].dtype && !view->swap &&
           trailing_run(view, &run) == 0;
}

void ad_strided_read(const ad_strided *view, const unsigned char *bytes, ad_dtype dtype, void *data)
{
    int64_t count = ad_shape_count(view->shape), run, index[AD_MAX_RANK] = {0};
    size_t size = ad_element_size(view->element);
    if (count <= 0 || !size) return;
    int outer = trailing_run(view, &run);
    bytes += (size_t)view->first * size;
    if (ad_strided_plain(view, dtype)) {
        memcpy(data, bytes, (size_t)count * size);
        return;
    }
    int64_t stride = 1;
    if (run == 1 && outer) {
        --outer;
        run = view->shape.dim[outer];
        stride = view->stride[outer];
    }
    block b = {.view = view, .dtype = dtype, .to = data};
    for (int64_t offset = 0;;) {
        collect(&b, bytes + (size_t)offset * size, run, stride);
        int axis = outer - 1; /* the next run: count up the outer axes */
        for (; axis >= 0; --axis) {
            if (view->shape.dim[axis] == 1) continue; /* its stride may be anything */
            offset += view->stride[axis];
            if (++index[axis] < view->shape.dim[axis]) break;
            offset -= view->stride[axis] * view->shape.dim[axis];
            index[axis] = 0;
        }
        if (axis < 0) break;
    }
    if (b.used) flush(&b);
}
