/* weights_write.c - writing weights files: what the formats share, the choice by ending.
 *
 * Tensors come from a source that fetches them one at a time, so that a conversion holds one tensor
 * in memory, not all. */
#include "io/weights_write.h"
#include "base/ending.h"

static const struct {
    const char *ending;
    ad_status (*write)(ad_context *ctx, const char *path, const ad_tensor_source *source);
} formats[] = {
    {".safetensors", ad_source_write_safetensors},
    {".npz", ad_source_write_npz},
    {".npy", ad_source_write_npy},
    {".gguf", ad_source_write_gguf},
};

static ad_status find_format(ad_context *ctx, const char *path, size_t *format)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i) {
        if (!ad_ends_with(path, formats[i].ending)) continue;
        *format = i;
        return AD_OK;
    }
    return ad_fail(ctx, AD_ERROR_ARGUMENT,
                   "%s: the name does not end in .safetensors, .npz, .npy or .gguf", path);
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

ad_status ad_source_write(ad_context *ctx, const char *path, const ad_tensor_source *source)
{
    size_t format;
    ad_status status = find_format(ctx, path, &format);
    return status ? status : write_checked(ctx, path, format, source);
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
    return ad_source_write(ctx, path, &source);
}

ad_status ad_file_can_write(ad_context *ctx, const char *path)
{
    size_t format;
    ad_status status = find_format(ctx, path, &format);
    return status ? status : ad_output_check(ctx, path);
}
