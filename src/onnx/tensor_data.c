/* tensor_data.c - element types, and the numbers of a tensor in a file. */
#include "base/half.h"
#include "onnx/model.h"

#include <string.h>

/* ---- types ---- */

typedef struct elem_row {
    const char *name;
    size_t size;
    ad_dtype dtype;
} elem_row;

static const elem_row elems[] = {
    [AD_ONNX_NONE] = {"unknown", 0, AD_DTYPES},
    [AD_ONNX_FLOAT] = {"float32", 4, AD_F32},
    [AD_ONNX_UINT8] = {"uint8", 1, AD_U8},
    [AD_ONNX_INT8] = {"int8", 1, AD_I32},
    [AD_ONNX_UINT16] = {"uint16", 2, AD_I32},
    [AD_ONNX_INT16] = {"int16", 2, AD_I32},
    [AD_ONNX_INT32] = {"int32", 4, AD_I32},
    [AD_ONNX_INT64] = {"int64", 8, AD_I64},
    [AD_ONNX_STRING] = {"string", 0, AD_DTYPES},
    [AD_ONNX_BOOL] = {"bool", 1, AD_BOOL},
    [AD_ONNX_FLOAT16] = {"float16", 2, AD_F16},
    [AD_ONNX_DOUBLE] = {"float64", 8, AD_F64},
    [AD_ONNX_UINT32] = {"uint32", 4, AD_I64},
    [AD_ONNX_UINT64] = {"uint64", 8, AD_I64},
    [AD_ONNX_COMPLEX64] = {"complex64", 0, AD_DTYPES},
    [AD_ONNX_COMPLEX128] = {"complex128", 0, AD_DTYPES},
    [AD_ONNX_BFLOAT16] = {"bfloat16", 2, AD_BF16},
};

static const elem_row *row_of(int elem)
{
    bool known = elem > 0 && elem < (int)(sizeof elems / sizeof *elems);
    return &elems[known ? elem : AD_ONNX_NONE];
}

const char *ad_onnx_elem_name(int elem)
{
    return row_of(elem)->name;
}

ad_dtype ad_onnx_elem_dtype(int elem)
{
    return row_of(elem)->dtype;
}

size_t ad_onnx_elem_size(int elem)
{
    return row_of(elem)->size;
}

bool ad_onnx_elem_is_float(int elem)
{
    ad_dtype dtype = ad_onnx_elem_dtype(elem);
    return dtype < AD_DTYPES && ad_dtype_is_float(dtype);
}

bool ad_onnx_elem_is_small(int elem)
{
    return elem >= AD_ONNX_UINT8 && elem <= AD_ONNX_INT16;
}

void ad_onnx_elem_range(int elem, double *low, double *high)
{
    static const double ends[][2] = {
        [AD_ONNX_UINT8] = {0, 255},
        [AD_ONNX_INT8] = {-128, 127},
        [AD_ONNX_UINT16] = {0, 65535},
        [AD_ONNX_INT16] = {-32768, 32767},
    };
    *low = ends[elem][0], *high = ends[elem][1];
}

/* ---- numbers ---- */

ad_status ad_onnx_tensor_check(ad_onnx *model, const ad_onnx_tensor *tensor, size_t raw_bytes,
                               size_t numbers)
{
    char shape[192];
    int64_t count = ad_shape_count(tensor->shape);
    size_t size = ad_onnx_elem_size(tensor->elem);
    bool raw = numbers == SIZE_MAX;
    size_t have = raw ? raw_bytes / size : numbers;
    if ((uint64_t)count == have && (!raw || raw_bytes % size == 0)) return AD_OK;
    return ad_fail(model->ctx, AD_ERROR_FORMAT,
                   "%s: tensor \"%.100s\" is %s %s, which is %lld numbers; the file has %zu%s",
                   model->path, tensor->name, ad_onnx_elem_name(tensor->elem),
                   ad_shape_text(tensor->shape, shape, sizeof shape), (long long)count,
                   raw ? raw_bytes : numbers, raw ? " bytes" : "");
}

/* Element i of little-endian data whose type ad_convert does not know. */
static double raw_number(const unsigned char *raw, int elem, int64_t i)
{
    switch (elem) {
    case AD_ONNX_INT8: return (double)(int8_t)raw[i];
    case AD_ONNX_UINT16: {
        uint16_t value;
        memcpy(&value, raw + 2 * i, 2);
        return value;
    }
    case AD_ONNX_INT16: {
        int16_t value;
        memcpy(&value, raw + 2 * i, 2);
        return value;
    }
    case AD_ONNX_UINT32: {
        uint32_t value;
        memcpy(&value, raw + 4 * i, 4);
        return value;
    }
    default: {
        uint64_t value;
        memcpy(&value, raw + 8 * i, 8);
        return (double)value;
    }
    }
}

/* Element i as the message keeps what is not raw: small types are int32, half ones their bits. */
static double typed_number(const void *numbers, int elem, int64_t i)
{
    switch (elem) {
    case AD_ONNX_UINT32:
    case AD_ONNX_UINT64: return (double)((const uint64_t *)numbers)[i];
    case AD_ONNX_FLOAT16: return ad_f16_to_f32((uint16_t)((const int32_t *)numbers)[i]);
    case AD_ONNX_BFLOAT16: return ad_bf16_to_f32((uint16_t)((const int32_t *)numbers)[i]);
    case AD_ONNX_BOOL: return ((const int32_t *)numbers)[i] != 0;
    default: return ((const int32_t *)numbers)[i];
    }
}

static bool same_layout(int elem, bool raw) /* as memory of ad_onnx_elem_dtype */
{
    switch (elem) {
    case AD_ONNX_FLOAT:
    case AD_ONNX_DOUBLE:
    case AD_ONNX_INT32:
    case AD_ONNX_INT64: return true;
    case AD_ONNX_UINT8:
    case AD_ONNX_FLOAT16:
    case AD_ONNX_BFLOAT16: return raw;
    default: return false;
    }
}

ad_status ad_onnx_tensor_get(const ad_onnx *model, const ad_onnx_tensor *tensor, ad_dtype dtype,
                             void *data)
{
    ad_dtype stored = ad_onnx_elem_dtype(tensor->elem);
    if (stored >= AD_DTYPES)
        return ad_fail(model->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: tensor \"%.100s\" is of a type that is not supported (%s)", model->path,
                       tensor->name, ad_onnx_elem_name(tensor->elem));
    const unsigned char *raw = tensor->raw;
    if (tensor->external >= 0) {
        ad_status status = ad_onnx_external_read(model, tensor, &raw);
        if (status) return status;
    }
    int64_t count = ad_shape_count(tensor->shape);
    if (same_layout(tensor->elem, raw != NULL)) {
        if (count)
            ad_convert(data, dtype, raw ? (const void *)raw : tensor->numbers, stored, count);
        return AD_OK;
    }
    size_t size = ad_dtype_size(dtype);
    for (int64_t i = 0; i < count; ++i) {
        double value = raw && tensor->elem == AD_ONNX_BOOL ? raw[i] != 0
                       : raw                               ? raw_number(raw, tensor->elem, i)
                             : typed_number(tensor->numbers, tensor->elem, i);
        ad_convert((char *)data + (size_t)i * size, dtype, &value, AD_F64, 1);
    }
    return AD_OK;
}
