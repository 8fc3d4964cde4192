/* external.c - tensors whose numbers lie in other files. Those are beside the model or below its
 * folder, never elsewhere: what a file calls them is a path that cannot lead out. */
#include "onnx/model.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { EXTERNAL_MOST = 1024 };

/* Relative, of components that are names; no "..". */
static bool stays_inside(const char *location)
{
    if (!*location || *location == '/') return false;
    for (const char *at = location; *at;) {
        size_t length = strcspn(at, "/");
        if ((length == 2 && !strncmp(at, "..", 2)) || !length) return false;
        at += length;
        if (*at == '/' && !at[1]) return false;
        at += *at == '/';
    }
    for (const char *c = location; *c; ++c)
        if ((unsigned char)*c < ' ' || *c == 127 || *c == '\\') return false;
    return true;
}

static ad_status open_beside(ad_onnx *model, const char *location, ad_file_bytes *file)
{
    char path[PATH_MAX];
    const char *slash = strrchr(model->path, '/');
    int folder = slash ? (int)(slash + 1 - model->path) : 0;
    int length = snprintf(path, sizeof path, "%.*s%s", folder, model->path, location);
    if (length < 0 || (size_t)length >= sizeof path)
        return ad_fail(model->ctx, AD_ERROR_ARGUMENT, "%s: the path of \"%.60s\" is too long",
                       model->path, location);
    ad_status status = ad_file_bytes_read_parts(file, model->ctx, path, SIZE_MAX);
    return status ? ad_fail_prefix(model->ctx, "%s: weights in another file", model->path) : AD_OK;
}

/* The opened file of that name, and its number. */
static ad_status open_once(ad_onnx *model, const char *location, ad_onnx_external **out,
                           int *number)
{
    int count = model->external_count;
    *number = count;
    for (*out = model->externals; *out; *out = (*out)->next)
        if (--*number, !strcmp((*out)->location, location)) return AD_OK;
    if (count == EXTERNAL_MOST)
        return ad_fail(model->ctx, AD_ERROR_LIMIT, "%s: weights in more than %d other files",
                       model->path, EXTERNAL_MOST);
    ad_onnx_external *external = ad_arena_alloc(&model->arena, sizeof *external);
    if (!external || !(external->location = ad_arena_text(&model->arena, location)))
        return AD_ERROR_MEMORY;
    ad_status status = open_beside(model, location, &external->file);
    if (status) return status;
    external->next = model->externals;
    model->externals = *out = external;
    *number = model->external_count++;
    return AD_OK;
}

ad_status ad_onnx_external_find(ad_onnx *model, ad_onnx_tensor *tensor, const char *location,
                                int64_t offset, int64_t length)
{
    ad_onnx_external *external;
    if (model->in_memory)
        return ad_fail(model->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: tensor \"%.100s\" lies in another file, and there is none beside "
                       "bytes in memory",
                       model->path, tensor->name);
    if (!stays_inside(location))
        return ad_fail(model->ctx, AD_ERROR_FORMAT,
                       "%s: tensor \"%.100s\" lies in \"%.100s\", which is no path inside the "
                       "folder of the file",
                       model->path, tensor->name, location);
    ad_status status = open_once(model, location, &external, &tensor->external);
    if (status) return status;
    size_t size = external->file.size, need;
    need = (size_t)ad_shape_count(tensor->shape) * ad_onnx_elem_size(tensor->elem);
    tensor->offset = (size_t)offset;
    if (length >= 0 && (size_t)length != need)
        return ad_onnx_tensor_check(model, tensor, (size_t)length, SIZE_MAX);
    if ((size_t)offset <= size && need <= size - (size_t)offset) return AD_OK;
    return ad_fail(model->ctx, AD_ERROR_FORMAT,
                   "%s: tensor \"%.100s\" is said to be bytes %lld to %lld of \"%.100s\", which "
                   "has %zu",
                   model->path, tensor->name, (long long)offset,
                   (long long)((uint64_t)offset + need), location, size);
}

ad_status ad_onnx_external_read(const ad_onnx *model, const ad_onnx_tensor *tensor,
                                const unsigned char **raw)
{
    int number = model->external_count;
    ad_onnx_external *external = model->externals;
    while (--number > tensor->external) external = external->next;
    size_t bytes = (size_t)ad_shape_count(tensor->shape) * ad_onnx_elem_size(tensor->elem);
    *raw = external->file.bytes + tensor->offset;
    ad_file_bytes_forget(&external->file, 64 << 20);
    return ad_file_bytes_need(&external->file, tensor->offset, bytes);
}

void ad_onnx_externals_free(ad_onnx *model)
{
    for (ad_onnx_external *e = model->externals; e; e = e->next) ad_file_bytes_free(&e->file);
    model->externals = NULL;
}
