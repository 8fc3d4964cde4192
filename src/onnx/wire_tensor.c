/* wire_tensor.c - tensors of a file's messages: their shapes, and where their numbers are. */
#include "onnx/wire.h"

#include <protobuf-c/protobuf-c.h>
#include <string.h>

static ad_status tensor_shape(ad_onnx *model, const AdOnnx__Tensor *from, ad_shape *shape)
{
    *shape = (ad_shape){0};
    if (from->n_dims > AD_MAX_RANK)
        return ad_fail(model->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: tensor \"%.100s\" has %zu axes; at most %d are supported", model->path,
                       text_of(from->name), from->n_dims, AD_MAX_RANK);
    shape->rank = (int)from->n_dims;
    for (size_t i = 0; i < from->n_dims; ++i) shape->dim[i] = from->dims[i];
    if (ad_shape_valid(*shape)) return AD_OK;
    return ad_fail(model->ctx, AD_ERROR_FORMAT,
                   "%s: tensor \"%.100s\" has sizes that are negative or too large", model->path,
                   text_of(from->name));
}

/* The field that elements of this type are in, where they are not raw. */
static void typed_numbers(const AdOnnx__Tensor *from, int elem, const void **numbers, size_t *count)
{
    *numbers = NULL, *count = 0;
    switch (elem) {
    case AD_ONNX_FLOAT: *numbers = from->float_data, *count = from->n_float_data; break;
    case AD_ONNX_DOUBLE: *numbers = from->double_data, *count = from->n_double_data; break;
    case AD_ONNX_INT64: *numbers = from->int64_data, *count = from->n_int64_data; break;
    case AD_ONNX_UINT32:
    case AD_ONNX_UINT64: *numbers = from->uint64_data, *count = from->n_uint64_data; break;
    default: *numbers = from->int32_data, *count = from->n_int32_data;
    }
}

/* The whole of a decimal number that is not negative; false: it is none. */
static bool whole_number(const char *text, int64_t *value)
{
    *value = 0;
    if (!*text) return false;
    for (; *text; ++text) {
        if (*text < '0' || *text > '9' || *value > (INT64_MAX - 9) / 10) return false;
        *value = *value * 10 + (*text - '0');
    }
    return true;
}

static ad_status external_tensor(ad_onnx *model, const AdOnnx__Tensor *from, ad_onnx_tensor *to)
{
    const char *location = NULL;
    int64_t offset = 0, length = -1;
    bool well = true;
    for (size_t i = 0; i < from->n_external_data; ++i) {
        const char *key = text_of(from->external_data[i]->key);
        const char *value = text_of(from->external_data[i]->value);
        if (!strcmp(key, "location")) location = value;
        if (!strcmp(key, "offset")) well &= whole_number(value, &offset);
        if (!strcmp(key, "length")) well &= whole_number(value, &length);
    }
    if (!location || !well)
        return ad_fail(model->ctx, AD_ERROR_FORMAT,
                       "%s: tensor \"%.100s\" lies in another file, and its place is not said "
                       "(location, offset and length)",
                       model->path, to->name);
    return ad_onnx_external_find(model, to, location, offset, length);
}

ad_status ad_onnx_take_tensor(ad_onnx *model, const AdOnnx__Tensor *from, ad_onnx_tensor *to)
{
    size_t numbers;
    *to = (ad_onnx_tensor){.name = text_of(from->name), .elem = from->data_type, .external = -1};
    ad_status status = tensor_shape(model, from, &to->shape);
    if (status || !ad_onnx_elem_size(to->elem)) return status; /* an error where it is read */
    if (from->data_location == 1) return external_tensor(model, from, to);
    typed_numbers(from, to->elem, &to->numbers, &numbers);
    size_t raw_bytes = from->has_raw_data ? from->raw_data.len : 0;
    if (from->has_raw_data) to->raw = from->raw_data.data, to->numbers = NULL;
    return ad_onnx_tensor_check(model, to, raw_bytes, from->has_raw_data ? SIZE_MAX : numbers);
}
