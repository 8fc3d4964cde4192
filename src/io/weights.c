/* weights.c - opened weights files: telling the format, the list of tensors, reading one of them.
 */
#include "io/weights.h"
#include "base/byte_order_mark.h"
#include "base/nearest.h"
#include "io/blocks.h"

#include <stdio.h>
#include <string.h>

const char *ad_file_format_name(ad_file_format format)
{
    static const char *const names[] = {
        "safetensors", "PyTorch (zip)", "PyTorch (before 1.6)",
        "npy",         "npz",           "safetensors in several files",
        "llama2.c",    "GGUF"};
    return (unsigned)format < sizeof names / sizeof *names ? names[format] : "unknown";
}

enum {
    HEAD_BYTES = 1024,           /* by which formats are told */
    KEPT_BYTES_MOST = 128 << 20, /* of the file, from one tensor to the next that shares them */
};

/* ---- what readers call ---- */

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

/* ---- opening ---- */

/* What people try to open and what it is instead. */
static const struct {
    size_t at, length;
    const char *magic, *sentence;
} foreign[] = {
    {257, 5, "ustar",
     "is a tar archive, as PyTorch saved before 0.1.12; load and save it with a newer PyTorch"},
    {0, 2, "\x1f\x8b", "is compressed with gzip; unpack it first"},
    {0, 8, "\x89HDF\r\n\x1a\n", "is an HDF5 file, which is not a format that can be read"},
    {0, 23, "version https://git-lfs", "is a Git LFS pointer, not the file itself"},
    {0, 5, "<html", "is a web page, not the file itself"},
    {0, 9, "<!DOCTYPE", "is a web page, not the file itself"},
    {0, 4, "\x89PNG", "is a picture, not a weights file"},
    {0, 3, "\xff\xd8\xff", "is a picture, not a weights file"},
};

static bool begins(const ad_file *file, size_t at, const char *magic, size_t length)
{
    return file->size >= at + length && !memcmp(file->bytes + at, magic, length);
}

ad_status ad_file_need(ad_file *file, size_t at, size_t size)
{
    return ad_file_bytes_need(&file->on_disk, at, size);
}

static ad_status list_zip(ad_file *file)
{
    ad_status status = ad_archive_open(&file->archive, file->ctx, file->path, &file->on_disk,
                                       file->bytes, file->size);
    if (status) return status;
    bool npy = false;
    for (int64_t i = 0; i < ad_archive_count(file->archive); ++i) {
        const char *name = ad_archive_name(file->archive, i), *slash = strchr(name, '/');
        size_t length = strlen(name);
        if (!strcmp(slash ? slash + 1 : name, "data.pkl")) {
            file->format = AD_FILE_TORCH_ZIP;
            return ad_torch_zip_list(file, name);
        }
        npy |= length > 4 && !strcmp(name + length - 4, ".npy");
    }
    if (!npy && ad_archive_count(file->archive))
        return ad_fail(
            file->ctx, AD_ERROR_FORMAT,
            "%s: is a zip archive with neither data.pkl (PyTorch) nor .npy members (NumPy)",
            file->path);
    file->format = AD_FILE_NPZ;
    return ad_npz_list(file);
}

/* Eight bytes of length, far below 2^40, then JSON. */
static bool is_safetensors(const ad_file *file)
{
    const unsigned char *b = file->bytes;
    return file->size > 8 && b[8] == '{' && !b[5] && !b[6] && !b[7];
}

static ad_status list(ad_file *file)
{
    const unsigned char *b = file->bytes;
    if (!file->size) return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: is empty", file->path);
    ad_status status = ad_file_need(file, 0, HEAD_BYTES);
    if (status) return status;
    /* told first, for the numbers that these two begin with may look like a magic */
    if (ad_llama2c_is(file)) {
        file->format = AD_FILE_LLAMA2C;
        return ad_llama2c_list(file);
    }
    if (is_safetensors(file)) {
        file->format = AD_FILE_SAFETENSORS;
        return ad_safetensors_list(file);
    }
    if (begins(file, 0, "\x93NUMPY", 6)) {
        file->format = AD_FILE_NPY;
        return ad_npy_list(file);
    }
    if (begins(file, 0, "GGUF", 4)) {
        file->format = AD_FILE_GGUF;
        return ad_gguf_list(file);
    }
    if (begins(file, 0, "PK\3\4", 4) || begins(file, 0, "PK\5\6", 4)) return list_zip(file);
    if (file->size > 1 && b[0] == 0x80 && b[1] >= 2 && b[1] <= 5) {
        file->format = AD_FILE_TORCH_LEGACY;
        status = ad_file_need(file, 0, file->size); /* pickles end where they say STOP */
        return status ? status : ad_torch_legacy_list(file);
    }
    status = ad_skip_byte_order_mark(file->ctx, file->path, &file->bytes, &file->size);
    if (status) return status;
    if (begins(file, 0, "{", 1)) {
        file->format = AD_FILE_SHARDED;
        return ad_sharded_list(file);
    }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; ++i)
        if (begins(file, foreign[i].at, foreign[i].magic, foreign[i].length))
            return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: %s", file->path, foreign[i].sentence);
    return ad_fail(file->ctx, AD_ERROR_FORMAT,
                   "%s: is not a weights file: neither safetensors, PyTorch, npy, npz, GGUF nor "
                   "llama2.c's",
                   file->path);
}

static ad_status list_shard(ad_file *file)
{
    ad_status status = ad_file_need(file, 0, HEAD_BYTES);
    if (status) return status;
    if (is_safetensors(file)) return ad_safetensors_list(file);
    return ad_fail(file->ctx, AD_ERROR_FORMAT,
                   "%s: is not safetensors, as a file that an index names must be", file->path);
}

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
    return open_path(out, ctx, path, list);
}

ad_status ad_file_open_shard(ad_file **out, ad_context *ctx, const char *path)
{
    return open_path(out, ctx, path, list_shard);
}

ad_status ad_file_open_memory(ad_file **out, ad_context *ctx, const char *name, const void *bytes,
                              size_t size)
{
    return open_file(out, ctx, name, bytes, size, (ad_file_bytes){0}, list);
}

void ad_file_close(ad_file *file)
{
    if (!file) return;
    ad_context *ctx = file->ctx;
    for (int i = 0; i < file->shard_count; ++i) ad_file_close(file->shards[i]);
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

/* The bytes of a tensor that lies in the file itself. Scales lie elsewhere than what they scale. */
static ad_status at_hand(const ad_file_tensor *t)
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
    ad_status status = from ? at_hand(t) : unpack_to(file, t, dtype, data, bytes, &done);
    if (!status && !from && !done) status = unpack(file, t, &from);
    if (status || done) return status;
    if (t->blocks || t->scales)
        status = read_quantised(file, t, dtype, data);
    else
        ad_strided_read(&t->view, from, dtype, data);
    if (t->bytes) ad_file_bytes_forget(t->on_disk, KEPT_BYTES_MOST);
    return status;
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
