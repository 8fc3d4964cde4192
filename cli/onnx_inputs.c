/* onnx_inputs.c - tensors and pictures for the inputs of an ONNX network. */
#include "cli/onnx.h"

#include <autodidact/image.h>
#include <autodidact/io.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct reading {
    ad_context *ctx;
    const ad_onnx *model;
    double range;
    ad_cli_given *given; /* per input */
} reading;

static ad_status room(ad_context *ctx, size_t bytes, void **data)
{
    *data = malloc(bytes ? bytes : 1);
    return *data ? AD_OK : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
}

/* ---- tensors ---- */

static ad_status take_tensor(const reading *r, ad_file *file, int index, int input)
{
    const ad_file_entry *entry = ad_file_at(file, index);
    ad_cli_given *given = &r->given[input];
    if (entry->dtype >= AD_DTYPES)
        return ad_error_set(r->ctx, AD_ERROR_UNSUPPORTED, "%s: %s cannot be read (%s)",
                            ad_file_path(file), entry->name, entry->stored);
    size_t bytes = ad_shape_bytes(entry->shape, entry->dtype);
    given->input = ad_onnx_input_at(r->model, input);
    given->tensor = (ad_tensor){entry->dtype, entry->shape, NULL};
    ad_status status = room(r->ctx, bytes, &given->tensor.data);
    if (status) return status;
    return ad_file_read(file, index, entry->dtype, given->tensor.data, bytes);
}

/* The one tensor of the file for `input`, or with input -1 each for the input of its name. */
static ad_status take_file(const reading *r, const char *path, int input)
{
    ad_file *file;
    ad_status status = ad_file_open(&file, r->ctx, path);
    if (status) return status;
    int taken = 0, inputs = ad_onnx_input_count(r->model);
    for (int i = 0; i < inputs && !status; ++i) {
        int index = ad_file_find(file, ad_onnx_input_at(r->model, i)->name);
        if (index < 0 || (input >= 0 && i != input) || r->given[i].input) continue;
        status = take_tensor(r, file, index, i);
        ++taken;
    }
    if (!status && !taken && ad_file_count(file) == 1 && input >= 0)
        status = take_tensor(r, file, 0, input);
    else if (!status && !taken)
        status = ad_error_set(r->ctx, AD_ERROR_NOT_FOUND,
                              "%s: none of its %d tensors has the name of an input of %s", path,
                              ad_file_count(file), ad_onnx_path(r->model));
    ad_file_close(file);
    return status;
}

/* ---- pictures ---- */

static bool colours(int64_t count)
{
    return count == 1 || count == 3;
}

/* Where the file has the channels: [n, c, h, w] or, if that is not it, [n, h, w, c]. */
static ad_status picture_axes(const reading *r, const ad_onnx_value *input, bool *first,
                              int64_t *channels, int64_t *height, int64_t *width)
{
    *first = input->rank < 0 || colours(input->dim[1]) || !colours(input->dim[3]);
    if (input->rank >= 0 && input->rank != 4)
        return ad_error_set(r->ctx, AD_ERROR_SHAPE,
                            "%s: the input \"%.100s\" has %d axes, which is no picture",
                            ad_onnx_path(r->model), input->name, input->rank);
    int64_t c = input->rank < 0 ? -1 : input->dim[*first ? 1 : 3];
    *channels = c < 0 ? 3 : c;
    *height = input->rank < 0 ? -1 : input->dim[*first ? 2 : 1];
    *width = input->rank < 0 ? -1 : input->dim[*first ? 3 : 2];
    if (colours(*channels)) return AD_OK;
    return ad_error_set(r->ctx, AD_ERROR_SHAPE,
                        "%s: the input \"%.100s\" has %lld channels; a picture has 1 or 3",
                        ad_onnx_path(r->model), input->name, (long long)c);
}

static ad_status resized(ad_context *ctx, ad_image **image, int64_t height, int64_t width)
{
    ad_image *from = *image, *to = NULL;
    if (height < 0) height = from->height;
    if (width < 0) width = from->width;
    if (height == from->height && width == from->width) return AD_OK;
    ad_image_resize_options options = {.filter = AD_IMAGE_LINEAR, .encoded = true};
    ad_status status = ad_image_resize(ctx, from, width, height, &options, &to);
    if (status) return status;
    ad_image_free(from);
    *image = to;
    return AD_OK;
}

static ad_status take_picture(const reading *r, const char *path, int input)
{
    const ad_onnx_value *value = ad_onnx_input_at(r->model, input);
    int64_t channels = 0, height = 0, width = 0;
    ad_image *image = NULL;
    bool first = false;
    ad_status status = picture_axes(r, value, &first, &channels, &height, &width);
    ad_image_read_options options = {.channels = (int)channels};
    if (!status) status = ad_image_read(r->ctx, path, &options, &image);
    if (!status) status = resized(r->ctx, &image, height, width);
    if (!status) {
        ad_cli_given *given = &r->given[input];
        ad_shape shape = ad_shape(1, image->height, image->width, channels);
        given->input = value, given->channels_last = first;
        given->tensor = (ad_tensor){AD_F32, shape, NULL};
        status = room(r->ctx, ad_shape_bytes(shape, AD_F32), &given->tensor.data);
        float *data = given->tensor.data;
        for (int64_t i = 0; !status && i < ad_shape_count(shape); ++i) {
            data[i] = image->data[i] * (float)r->range;
            if (value->dtype == AD_U8) data[i] = roundf(data[i]);
        }
    }
    ad_image_free(image);
    return status;
}

/* ---- operands ---- */

/* The input that an operand names in front of a "=", and what stands behind it; -1: none. */
static int named_input(const ad_onnx *model, const char *operand, const char **path)
{
    for (int i = 0; i < ad_onnx_input_count(model); ++i) {
        const char *name = ad_onnx_input_at(model, i)->name;
        size_t length = strlen(name);
        if (strncmp(operand, name, length) != 0 || operand[length] != '=') continue;
        *path = operand + length + 1;
        return i;
    }
    *path = operand;
    return -1;
}

static ad_status take_operand(const reading *r, const char *operand)
{
    const char *path;
    bool picture;
    int inputs = ad_onnx_input_count(r->model), input = named_input(r->model, operand, &path);
    bool named = input >= 0;
    for (int i = 0; i < inputs && input < 0; ++i)
        if (!r->given[i].input) input = i;
    if (input < 0 || r->given[input].input)
        return ad_error_set(r->ctx, AD_ERROR_ARGUMENT, "%s: there is no further input for it in %s",
                            operand, ad_onnx_path(r->model));
    ad_status status = ad_image_begins(r->ctx, path, &picture);
    if (status) return status;
    if (picture) return take_picture(r, path, input);
    if (named) return take_file(r, path, input);
    ad_file *file;
    status = ad_file_open(&file, r->ctx, path);
    if (status) return status;
    bool one = ad_file_count(file) == 1;
    ad_file_close(file);
    return take_file(r, path, one ? input : -1);
}

ad_status ad_cli_onnx_inputs(ad_command *cmd, const ad_onnx *model, int first, double range,
                             ad_cli_given *given)
{
    reading r = {ad_command_context(cmd), model, range, given};
    ad_status status = AD_OK;
    for (int i = first; i < ad_command_operands(cmd) && !status; ++i)
        status = take_operand(&r, ad_command_operand(cmd, i));
    return status;
}

void ad_cli_onnx_inputs_free(ad_cli_given *given, int count)
{
    for (int i = 0; given && i < count; ++i) free(given[i].tensor.data);
    free(given);
}
