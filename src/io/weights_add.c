/* weights_add.c - what the readers of weights files call: adding to the list of tensors, and to the
 * metadata; all that a file claims is checked here, whatever its format. */
#include "io/weights.h"

#include <stdio.h>
#include <string.h>

ad_status ad_file_fail(ad_file *file, ad_status status, const char *tensor, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ad_vfail(file->ctx, status, format, args);
    va_end(args);
    return ad_fail_prefix(file->ctx, "%s: tensor %.200s", file->path, tensor);
}

/* Room for one more of `size` bytes each; false when memory is refused. */
static bool grow(ad_context *ctx, void **rows, int count, int *capacity, size_t size)
{
    if (count < *capacity) return true;
    int wanted = *capacity ? 2 * *capacity : 32;
    void *grown = ad_realloc(ctx, *rows, (size_t)*capacity * size, (size_t)wanted * size);
    if (!grown) return false;
    *rows = grown, *capacity = wanted;
    return true;
}

static char *copy_text(ad_file *file, const char *text, size_t length)
{
    char *copy = ad_arena_alloc(&file->arena, length + 1);
    if (copy && length) memcpy(copy, text, length);
    return copy;
}

/* A tensor can show an element of its storage many times, and many tensors the same storage; what
 * that may become follows from the size of the file. */
static ad_status count_bytes(ad_file *file, const ad_file_tensor *t)
{
    enum { REPEATED_MOST = 64 << 20 };
    size_t most = ad_context_expand_limit(file->ctx);
    int64_t more = t->entry.bytes - (int64_t)t->held;
    if (t->on_disk != &file->on_disk) return AD_OK;     /* a shard has counted it */
    if (most / 16 < file->size) most = 16 * file->size; /* of four bits, and tied */
    if (more > 0) file->repeated += more;               /* a tensor has at most 2^62 bytes */
    if (file->repeated > REPEATED_MOST && (uint64_t)file->repeated > file->size)
        return ad_file_fail(file, AD_ERROR_LIMIT, t->entry.name,
                            "becomes %lld bytes of the %zu that are stored, by strides that repeat "
                            "them; that is too much for a file of %zu bytes",
                            (long long)t->entry.bytes, t->held, file->size);
    file->tensor_bytes += t->entry.bytes;
    if ((uint64_t)file->tensor_bytes <= most) return AD_OK;
    return ad_fail(file->ctx, AD_ERROR_LIMIT,
                   "%s: of its %zu bytes tensors become more than %zu; " AD_EXPAND_LIMIT_ADVICE,
                   file->path, file->size, most);
}

ad_status ad_file_add(ad_file *file, const char *raw_name, size_t length,
                      const ad_file_tensor *tensor)
{
    char shown[64];
    snprintf(shown, sizeof shown, "%.*s", (int)(length < 60 ? length : 60), raw_name);
    if (file->count == AD_FILE_MAX_TENSORS)
        return ad_fail(file->ctx, AD_ERROR_LIMIT, "%s: holds more than %d tensors", file->path,
                       AD_FILE_MAX_TENSORS);
    if (length > AD_FILE_MAX_NAME)
        return ad_file_fail(file, AD_ERROR_LIMIT, shown, "its name is longer than %d bytes",
                            AD_FILE_MAX_NAME);
    for (size_t i = 0; i < length; ++i)
        if ((unsigned char)raw_name[i] < ' ' || raw_name[i] == 127)
            return ad_file_fail(file, AD_ERROR_FORMAT, shown, "its name holds a control character");
    char *name = copy_text(file, raw_name, length);
    if (!name) return AD_ERROR_MEMORY;

    ad_file_tensor t = *tensor;
    if (!t.on_disk) t.on_disk = &file->on_disk; /* another's: the tensor of a shard */
    size_t size = ad_element_size(t.view.element);
    int64_t count = ad_shape_count(t.view.shape);
    char text[192];
    ad_shape_text(t.view.shape, text, sizeof text);
    if (count < 0)
        return ad_file_fail(file, AD_ERROR_FORMAT, name, "its shape %s is not valid", text);
    t.entry.name = t.entry.raw_name = name;
    t.entry.shape = t.view.shape;
    t.entry.dtype = ad_element_dtype(t.view.element);
    if (size) {
        if (__builtin_mul_overflow(count, (int64_t)size, &t.entry.bytes))
            return ad_file_fail(file, AD_ERROR_FORMAT, name, "its shape %s is too large", text);
        if (!ad_strided_inside(&t.view, (int64_t)(t.held / size)))
            return ad_file_fail(file, AD_ERROR_FORMAT, name,
                                "its shape %s of %s reaches beyond its storage of %zu bytes", text,
                                t.entry.stored, t.held);
    }
    ad_status status = count_bytes(file, &t);
    if (status) return status;
    if (!grow(file->ctx, (void **)&file->tensors, file->count, &file->capacity, sizeof t))
        return AD_ERROR_MEMORY;
    file->tensors[file->count++] = t;
    return AD_OK;
}

ad_status ad_file_add_metadata(ad_file *file, const char *key, const char *value,
                               size_t value_length)
{
    if (file->metadata_count == AD_FILE_MAX_METADATA)
        return ad_fail(file->ctx, AD_ERROR_LIMIT,
                       "%s: holds more than %d values beside its tensors", file->path,
                       AD_FILE_MAX_METADATA);
    if (!grow(file->ctx, (void **)&file->metadata, file->metadata_count, &file->metadata_capacity,
              sizeof *file->metadata))
        return AD_ERROR_MEMORY;
    ad_metadata row = {copy_text(file, key, strlen(key)), copy_text(file, value, value_length)};
    if (!row.key || !row.value) return AD_ERROR_MEMORY;
    file->metadata[file->metadata_count++] = row;
    return AD_OK;
}

ad_status ad_file_need(ad_file *file, size_t at, size_t size)
{
    return ad_file_bytes_need(&file->on_disk, at, size);
}
