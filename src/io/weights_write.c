/* weights_write.c - writing weights files: what the formats share, the choice by ending,
 * conversion.
 *
 * Tensors come from a source that fetches them one at a time, so that a conversion holds one tensor
 * in memory, not all. */
#include "io/weights_write.h"
#include "base/text.h"

#include <string.h>

static const struct {
    const char *ending;
    ad_status (*write)(ad_context *ctx, const char *path, const ad_tensor_source *source);
} formats[] = {
    {".safetensors", ad_source_write_safetensors},
    {".npz", ad_source_write_npz},
    {".npy", ad_source_write_npy},
};

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), wanted = strlen(ending);
    return length > wanted && !strcmp(path + length - wanted, ending);
}

static ad_status find_format(ad_context *ctx, const char *path, size_t *format)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i) {
        if (!ends_with(path, formats[i].ending)) continue;
        *format = i;
        return AD_OK;
    }
    return ad_fail(ctx, AD_ERROR_ARGUMENT,
                   "%s: the name does not end in .safetensors, .npz or .npy", path);
}

/* ---- sources ---- */

size_t ad_tensor_bytes(const ad_tensor *tensor)
{
    return ad_bytes(ad_shape_count(tensor->shape), ad_dtype_size(tensor->dtype));
}

/* Every tensor has a name of its own, a dtype, a shape, and data. */
static ad_status check(ad_context *ctx, const char *path, const ad_tensor_source *source)
{
    size_t bytes = ad_bytes(source->count, sizeof(ad_name_row));
    if (source->count < 0)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: a negative number of tensors", path);
    ad_name_row *rows = ad_alloc(ctx, bytes);
    if (!rows) return AD_ERROR_MEMORY;
    ad_status status = AD_OK;
    for (int i = 0; !status && i < source->count; ++i) {
        const ad_named_tensor *t = &source->tensors[i];
        if (!t->name || !*t->name) {
            status = ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: tensor number %d has no name", path, i);
            break;
        }
        size_t size = ad_dtype_size(t->tensor.dtype) ? ad_tensor_bytes(&t->tensor) : SIZE_MAX;
        rows[i] = (ad_name_row){t->name, i};
        if (size > SIZE_MAX / 4 || (size && !t->tensor.data && !source->fetch))
            status = ad_fail(ctx, AD_ERROR_ARGUMENT,
                             "%s: tensor %s has no valid dtype, shape or data", path, t->name);
    }
    const char *twice = status ? NULL : ad_names_sort(rows, source->count);
    if (twice)
        status = ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: two tensors are called %s", path, twice);
    ad_free(ctx, rows, bytes);
    return status;
}

ad_status ad_source_get(const ad_tensor_source *source, ad_context *ctx, int index,
                        const void **data, void **owned)
{
    const ad_tensor *tensor = &source->tensors[index].tensor;
    size_t bytes = ad_tensor_bytes(tensor);
    *data = tensor->data, *owned = NULL;
    if (!source->fetch) return AD_OK;
    *owned = ad_alloc(ctx, bytes);
    if (!*owned) return AD_ERROR_MEMORY;
    *data = *owned;
    ad_status status = source->fetch(source->user, index, *owned, bytes);
    if (status) {
        ad_free(ctx, *owned, bytes);
        *owned = NULL;
    }
    return status;
}

static ad_status write_checked(ad_context *ctx, const char *path, size_t format,
                               const ad_tensor_source *source)
{
    ad_status status = check(ctx, path, source);
    return status ? status : formats[format].write(ctx, path, source);
}

/* ---- the public calls ---- */

ad_status ad_safetensors_write(ad_context *ctx, const char *path, const ad_named_tensor *tensors,
                               int count, const ad_metadata *metadata, int metadata_count)
{
    ad_tensor_source source = {
        .count = count, .tensors = tensors, .metadata = metadata, .metadata_count = metadata_count};
    return write_checked(ctx, path, 0, &source);
}

ad_status ad_npz_write(ad_context *ctx, const char *path, const ad_named_tensor *tensors, int count)
{
    return write_checked(ctx, path, 1, &(ad_tensor_source){.count = count, .tensors = tensors});
}

ad_status ad_npy_write(ad_context *ctx, const char *path, const ad_tensor *tensor)
{
    return write_checked(
        ctx, path, 2,
        &(ad_tensor_source){.count = 1, .tensors = &(ad_named_tensor){"tensor", *tensor}});
}

ad_status ad_file_write(ad_context *ctx, const char *path, const ad_named_tensor *tensors,
                        int count, const ad_metadata *metadata, int metadata_count)
{
    ad_tensor_source source = {
        .count = count, .tensors = tensors, .metadata = metadata, .metadata_count = metadata_count};
    size_t format;
    ad_status status = find_format(ctx, path, &format);
    return status ? status : write_checked(ctx, path, format, &source);
}

ad_status ad_file_can_write(ad_context *ctx, const char *path)
{
    size_t format;
    ad_status status = find_format(ctx, path, &format);
    return status ? status : ad_output_check(ctx, path);
}

/* ---- conversion ---- */

typedef struct conversion {
    ad_file *file;
    const ad_named_tensor *tensors;
} conversion;

static ad_status fetch_converted(void *user, int index, void *data, size_t bytes)
{
    const conversion *c = user;
    return ad_file_read(c->file, index, c->tensors[index].tensor.dtype, data, bytes);
}

static ad_status convert(ad_file *file, ad_context *ctx, const char *to, size_t format,
                         const ad_file_convert_options *options)
{
    int count = ad_file_count(file);
    size_t bytes = ad_bytes(count, sizeof(ad_named_tensor));
    ad_named_tensor *tensors = ad_alloc(ctx, bytes);
    if (!tensors) return AD_ERROR_MEMORY;
    ad_status status = AD_OK;
    for (int i = 0; !status && i < count; ++i) {
        const ad_file_entry *entry = ad_file_at(file, i);
        ad_dtype dtype = entry->dtype;
        if (dtype == AD_DTYPES)
            status = ad_file_fail(file, AD_ERROR_UNSUPPORTED, entry->raw_name,
                                  "its type %s cannot be read", entry->stored);
        else if (options->floats && ad_dtype_is_float(dtype))
            dtype = *options->floats;
        tensors[i].name = options->raw_names ? entry->raw_name : entry->name;
        tensors[i].tensor = (ad_tensor){dtype, entry->shape, NULL};
    }
    conversion c = {file, tensors};
    ad_tensor_source source = {.count = count,
                               .tensors = tensors,
                               .fetch = fetch_converted,
                               .user = &c,
                               .metadata = file->metadata,
                               .metadata_count = file->metadata_count};
    if (!status) status = write_checked(ctx, to, format, &source);
    ad_free(ctx, tensors, bytes);
    return status;
}

ad_status ad_file_convert(ad_context *ctx, const char *from, const char *to,
                          const ad_file_convert_options *options)
{
    ad_file *file;
    size_t format;
    ad_file_convert_options none = {0};
    if (options && options->floats && !ad_dtype_is_float(*options->floats))
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "the type for floating-point tensors is %s; expected f32, f64, f16 or bf16",
                       ad_dtype_name(*options->floats));
    ad_status status = find_format(ctx, to, &format);
    if (!status) status = ad_output_check(ctx, to);
    if (!status) status = ad_file_open(&file, ctx, from);
    if (status) return status;
    status = convert(file, ctx, to, format, options ? options : &none);
    ad_file_close(file);
    return status;
}
