/* weights.c - opened weights files: the list of tensors, reading one of them. */
#include "io/weights.h"
#include "base/nearest.h"
#include "io/blocks.h"

#include <string.h>

/* ---- opening ---- */

static ad_status index_names(ad_file *file, bool unwrapped)
{
    size_t bytes = (size_t)file->count * sizeof(ad_name_row);
    file->names = ad_arena_alloc(&file->arena, bytes);
    file->raw_names = ad_arena_alloc(&file->arena, bytes);
    if (!file->names || !file->raw_names) return AD_ERROR_MEMORY;
    for (int i = 0; i < file->count; ++i) {
        file->names[i] = (ad_name_row){file->tensors[i].entry.name, i};
        file->raw_names[i] = (ad_name_row){file->tensors[i].entry.raw_name, i};
    }
    const char *twice = ad_names_sort(file->names, file->count);
    if (twice && unwrapped) { /* not before something was taken off */
        for (int i = 0; i < file->count; ++i) {
            file->tensors[i].entry.name = file->tensors[i].entry.raw_name;
            file->names[i] = (ad_name_row){file->tensors[i].entry.name, i};
        }
        twice = ad_names_sort(file->names, file->count);
    }
    if (!twice) twice = ad_names_sort(file->raw_names, file->count);
    return twice ? ad_file_fail(file, AD_ERROR_FORMAT, twice, "two tensors have this name") : AD_OK;
}

/* Takes over `on_disk`. */
static ad_status open_file(ad_file **out, ad_context *ctx, const char *path, const void *bytes,
                           size_t size, ad_file_bytes on_disk, ad_status (*lister)(ad_file *file))
{
    ad_status status = AD_ERROR_MEMORY;
    *out = NULL;
    ad_file *file = ad_alloc(ctx, sizeof *file);
    if (!file) {
        ad_file_bytes_free(&on_disk);
        return AD_ERROR_MEMORY;
    }
    *file = (ad_file){
        .ctx = ctx, .on_disk = on_disk, .bytes = bytes, .size = size, .unpacked_member = -1};
    ad_arena_init(&file->arena, ctx);
    file->path = ad_arena_text(&file->arena, path);
    if (file->path) status = lister(file);
    bool unwrapped = !status && ad_names_unwrap(file);
    if (!status) status = index_names(file, unwrapped);
    if (status)
        ad_file_close(file);
    else
        *out = file;
    return status;
}

static ad_status open_path(ad_file **out, ad_context *ctx, const char *path,
                           ad_status (*lister)(ad_file *file))
{
    ad_file_bytes on_disk;
    *out = NULL;
    ad_status status = ad_file_bytes_read_parts(&on_disk, ctx, path, SIZE_MAX / 4);
    return status ? status
                  : open_file(out, ctx, path, on_disk.bytes, on_disk.size, on_disk, lister);
}

ad_status ad_file_open(ad_file **out, ad_context *ctx, const char *path)
{
    return open_path(out, ctx, path, ad_weights_list);
}

ad_status ad_file_open_shard(ad_file **out, ad_context *ctx, const char *path)
{
    return open_path(out, ctx, path, ad_weights_list_shard);
}

ad_status ad_file_open_memory(ad_file **out, ad_context *ctx, const char *name, const void *bytes,
                              size_t size)
{
    return open_file(out, ctx, name, bytes, size, (ad_file_bytes){0}, ad_weights_list);
}

void ad_file_close(ad_file *file)
{
    if (!file) return;
    ad_context *ctx = file->ctx;
    for (int i = 0; i < file->shard_count; ++i) ad_file_close(file->shards[i]);
    ad_variables_free(file);
    ad_archive_close(file->archive);
    ad_free(ctx, file->unpacked, file->unpacked_size);
    ad_free(ctx, file->tensors, (size_t)file->capacity * sizeof *file->tensors);
    ad_free(ctx, file->metadata, (size_t)file->metadata_capacity * sizeof *file->metadata);
    ad_arena_free(&file->arena);
    ad_file_bytes_free(&file->on_disk);
    ad_free(ctx, file, sizeof *file);
}

/* ---- the list ---- */

ad_file_format ad_file_get_format(const ad_file *file)
{
    return file->format;
}
const char *ad_file_path(const ad_file *file)
{
    return file->path;
}
int ad_file_count(const ad_file *file)
{
    return file->count;
}
int ad_file_metadata_count(const ad_file *file)
{
    return file->metadata_count;
}

const ad_file_entry *ad_file_at(const ad_file *file, int index)
{
    return index >= 0 && index < file->count ? &file->tensors[index].entry : NULL;
}

int ad_file_find(const ad_file *file, const char *name)
{
    int index = ad_names_find(file->names, file->count, name);
    return index >= 0 ? index : ad_names_find(file->raw_names, file->count, name);
}

ad_metadata ad_file_metadata_at(const ad_file *file, int index)
{
    return index >= 0 && index < file->metadata_count ? file->metadata[index] : (ad_metadata){0};
}

const char *ad_file_metadata(const ad_file *file, const char *key)
{
    for (int i = 0; i < file->metadata_count; ++i)
        if (!strcmp(file->metadata[i].key, key)) return file->metadata[i].value;
    return NULL;
}

/* ---- reading a tensor ---- */

/* A tensor that is all of its zip member is unpacked where it is wanted. *done tells whether it
 * was. */
static ad_status unpack_to(ad_file *file, const ad_file_tensor *t, ad_dtype dtype, void *data,
                           size_t bytes, bool *done)
{
    size_t size;
    *done = false;
    if (file->unpacked_member == t->member || t->view.first || !ad_strided_plain(&t->view, dtype))
        return AD_OK;
    ad_status status = ad_archive_size(file->archive, t->member, &size);
    if (status || size != t->skip + bytes) return status;
    *done = true;
    return ad_archive_read(file->archive, t->member, t->skip, data, bytes, true);
}

/* The bytes of a tensor's zip member, unpacked; the last one is kept, for tensors that share it. */
static ad_status unpack(ad_file *file, const ad_file_tensor *t, const unsigned char **bytes)
{
    size_t size;
    if (file->unpacked_member != t->member) {
        ad_free(file->ctx, file->unpacked, file->unpacked_size);
        file->unpacked = NULL, file->unpacked_member = -1;
        ad_status status = ad_archive_size(file->archive, t->member, &size);
        if (status) return status;
        file->unpacked = ad_alloc(file->ctx, size);
        file->unpacked_size = size;
        if (!file->unpacked) return AD_ERROR_MEMORY;
        status = ad_archive_read(file->archive, t->member, 0, file->unpacked, size, true);
        if (status) return status;
        file->unpacked_member = t->member;
    }
    *bytes = file->unpacked + t->skip;
    return AD_OK;
}

/* Quantised: all of it as f32, then in the order and dtype that are wanted. */
static ad_status read_quantised(ad_file *file, const ad_file_tensor *t, ad_dtype dtype, void *data)
{
    int64_t count = ad_shape_count(t->entry.shape);
    bool there = ad_strided_plain(&t->view, dtype);
    float *values = there ? data : ad_alloc(file->ctx, t->held);
    if (!values) return AD_ERROR_MEMORY;
    if (t->blocks)
        ad_blocks_unpack(t->blocks, t->bytes, count, values);
    else
        ad_groups_unpack(t->bytes, t->scales, t->group, count, values);
    if (!there) {
        ad_strided_read(&t->view, (const unsigned char *)values, dtype, data);
        ad_free(file->ctx, values, t->held);
    }
    return AD_OK;
}

/* Scales lie elsewhere than what they scale. */
ad_status ad_file_at_hand(const ad_file_tensor *t)
{
    ad_file_bytes *on_disk = t->on_disk;
    if (!on_disk->parts) return AD_OK;
    size_t bytes = t->blocks ? (size_t)t->entry.bytes : t->held;
    ad_status status = ad_file_bytes_need(on_disk, (size_t)(t->bytes - on_disk->bytes), bytes);
    if (status || !t->scales) return status;
    return ad_file_bytes_need(on_disk, (size_t)(t->scales - on_disk->bytes),
                              t->held / (size_t)t->group);
}

ad_status ad_file_read(ad_file *file, int index, ad_dtype dtype, void *data, size_t bytes)
{
    if (index < 0 || index >= file->count)
        return ad_fail(file->ctx, AD_ERROR_ARGUMENT, "%s: has no tensor number %d", file->path,
                       index);
    const ad_file_tensor *t = &file->tensors[index];
    const char *name = t->entry.raw_name;
    if (t->entry.dtype == AD_DTYPES)
        return ad_file_fail(file, AD_ERROR_UNSUPPORTED, name, "its type %s cannot be read",
                            t->entry.stored);
    int64_t count = ad_shape_count(t->entry.shape);
    if (!ad_dtype_size(dtype) || bytes != ad_bytes(count, ad_dtype_size(dtype)))
        return ad_file_fail(file, AD_ERROR_ARGUMENT, name,
                            "%zu bytes are given for %lld elements of %s", bytes, (long long)count,
                            ad_dtype_name(dtype));
    if (!count) return AD_OK;
    const unsigned char *from = t->bytes;
    bool done = false;
    ad_status status = from ? ad_file_at_hand(t) : unpack_to(file, t, dtype, data, bytes, &done);
    if (!status && !from && !done) status = unpack(file, t, &from);
    if (status || done) return status;
    if (t->blocks || t->scales)
        status = read_quantised(file, t, dtype, data);
    else
        ad_strided_read(&t->view, from, dtype, data);
    if (t->bytes) ad_file_bytes_forget(t->on_disk, AD_FILE_KEPT_MOST);
    return status;
}

/* ---- quantised rows as they are ---- */

static bool finite_scales(const unsigned char *block, size_t bytes, int64_t blocks)
{
    bool finite = true;
    for (; blocks > 0; --blocks, block += bytes) finite &= (block[1] & 0x7c) != 0x7c;
    return finite;
}

/* Whether rows, the last axis of the view, are whole blocks of the file. */
static bool rows_are_blocks(const ad_strided *view, int64_t elements)
{
    int last = view->shape.rank - 1;
    bool whole = last > 0 && view->stride[last] == 1 && view->shape.dim[last] % elements == 0;
    for (int i = 0; i < last; ++i) whole &= view->stride[i] % elements == 0;
    return whole && view->first % elements == 0;
}

ad_status ad_file_read_blocks(ad_file *file, int index, const ad_block_type *blocks, bool turned,
                              unsigned char *to, bool *done)
{
    const ad_file_tensor *t = &file->tensors[index];
    ad_strided view = t->view;
    int last = view.shape.rank - 1;
    *done = false;
    if (t->blocks != blocks || !t->bytes || (turned && last != 1)) return AD_OK;
    if (turned) {
        view.shape = ad_shape(view.shape.dim[1], view.shape.dim[0]);
        view.stride[0] = t->view.stride[1], view.stride[1] = t->view.stride[0];
    }
    if (!rows_are_blocks(&view, blocks->elements)) return AD_OK;
    ad_status status = ad_file_at_hand(t);
    int64_t count = ad_shape_count(view.shape);
    if (status || !count || !finite_scales(t->bytes, blocks->bytes, count / blocks->elements))
        return status;
    int64_t in_row = view.shape.dim[last] / blocks->elements, rows = count / view.shape.dim[last];
    for (int64_t row = 0; row < rows; ++row) {
        int64_t at = view.first, left = row;
        for (int i = last - 1; i >= 0; --i) {
            at += left % view.shape.dim[i] * view.stride[i];
            left /= view.shape.dim[i];
        }
        memcpy(to + (size_t)(row * in_row) * blocks->bytes,
               t->bytes + (size_t)(at / blocks->elements) * blocks->bytes,
               (size_t)in_row * blocks->bytes);
    }
    *done = true;
    ad_file_bytes_forget(t->on_disk, AD_FILE_KEPT_MOST);
    return AD_OK;
}

ad_status ad_file_rename(ad_file *file, int index, const char *name)
{
    int other = ad_names_find(file->names, file->count, name);
    if (index < 0 || index >= file->count)
        return ad_fail(file->ctx, AD_ERROR_ARGUMENT, "%s: there is no tensor number %d", file->path,
                       index);
    if (other == index) return AD_OK;
    if (other >= 0)
        return ad_file_fail(file, AD_ERROR_FORMAT, file->tensors[index].entry.raw_name,
                            "stands for %.200s, which is there, too", name);
    const char *copy = ad_arena_text(&file->arena, name);
    if (!copy) return AD_ERROR_MEMORY;
    file->tensors[index].entry.name = copy;
    for (int i = 0; i < file->count; ++i)
        if (file->names[i].index == index) file->names[i].name = copy;
    ad_names_sort(file->names, file->count);
    return AD_OK;
}

ad_status ad_file_transpose(ad_file *file, int index)
{
    ad_file_tensor *t = index >= 0 && index < file->count ? &file->tensors[index] : NULL;
    if (!t || t->view.shape.rank != 2)
        return ad_fail(file->ctx, AD_ERROR_ARGUMENT, "%s: tensor number %d is no matrix",
                       file->path, index);
    t->view.shape = ad_shape(t->view.shape.dim[1], t->view.shape.dim[0]);
    int64_t rows = t->view.stride[0];
    t->view.stride[0] = t->view.stride[1], t->view.stride[1] = rows;
    t->entry.shape = t->view.shape;
    return AD_OK;
}

static ad_status fail_missing(ad_file *file, const char *name)
{
    size_t bytes = (size_t)file->count * sizeof(char *);
    const char **names = ad_alloc(file->ctx, bytes), *nearest = NULL;
    for (int i = 0; names && i < file->count; ++i) names[i] = file->tensors[i].entry.name;
    if (names) nearest = ad_nearest(name, names, file->count);
    ad_free(file->ctx, names, bytes);
    return ad_fail(file->ctx, AD_ERROR_NOT_FOUND, "%s: has no tensor %s%s%s%s", file->path, name,
                   nearest ? " (the nearest is " : "", nearest ? nearest : "", nearest ? ")" : "");
}

ad_status ad_file_read_named(ad_file *file, const char *name, ad_dtype dtype, ad_shape shape,
                             void *data, size_t bytes)
{
    char found[192], expected[192];
    int index = ad_file_find(file, name);
    if (index < 0) return fail_missing(file, name);
    ad_shape in_file = file->tensors[index].entry.shape;
    if (!ad_shape_equal(in_file, shape))
        return ad_file_fail(file, AD_ERROR_SHAPE, name, "has the shape %s, expected %s",
                            ad_shape_text(in_file, found, sizeof found),
                            ad_shape_text(shape, expected, sizeof expected));
    return ad_file_read(file, index, dtype, data, bytes);
}
