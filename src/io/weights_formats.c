/* weights_formats.c - which format a weights file has, by what it begins with. */
#include "base/byte_order_mark.h"
#include "base/ending.h"
#include "io/weights.h"

#include <string.h>

enum { HEAD_BYTES = 1024 }; /* by which formats are told */

const char *ad_file_format_name(ad_file_format format)
{
    static const char *const names[] = {
        "safetensors", "PyTorch (zip)", "PyTorch (before 1.6)",
        "npy",         "npz",           "safetensors in several files",
        "llama2.c",    "GGUF",          "archive of variables"};
    return (unsigned)format < sizeof names / sizeof *names ? names[format] : "unknown";
}

typedef struct known {
    size_t at, length;
    const char *magic, *sentence;
} known;

/* What may be an archive of variables, and what else it is. */
static const known packed[] = {
    {257, 5, "ustar",
     "is a tar archive, as PyTorch saved before 0.1.12; load and save it with a newer PyTorch"},
    {0, 2, "\x1f\x8b", "is compressed with gzip; unpack it first"},
    {0, 6,
     "\xfd"
     "7zXZ",
     "is compressed with xz; unpack it first"},
    {0, 3, "BZh", "is compressed with bzip2; unpack it first"},
    {0, 4, "\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it first"},
};

/* What people try to open and what it is instead. */
static const known foreign[] = {
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

static ad_status list_zip(ad_file *file)
{
    ad_status status = ad_archive_open(&file->archive, file->ctx, file->path, &file->on_disk,
                                       file->bytes, file->size);
    if (status) return status;
    bool npy = false;
    for (int64_t i = 0; i < ad_archive_count(file->archive); ++i) {
        const char *name = ad_archive_name(file->archive, i), *slash = strchr(name, '/');
        if (!strcmp(slash ? slash + 1 : name, "data.pkl")) {
            file->format = AD_FILE_TORCH_ZIP;
            return ad_torch_zip_list(file, name);
        }
        npy |= ad_ends_with(name, ".npy");
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

ad_status ad_weights_list(ad_file *file)
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
    for (size_t i = 0; i < sizeof packed / sizeof *packed; ++i)
        if (begins(file, packed[i].at, packed[i].magic, packed[i].length)) {
            file->format = AD_FILE_VARIABLES;
            return ad_variables_list(file, packed[i].sentence);
        }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; ++i)
        if (begins(file, foreign[i].at, foreign[i].magic, foreign[i].length))
            return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: %s", file->path, foreign[i].sentence);
    return ad_fail(file->ctx, AD_ERROR_FORMAT,
                   "%s: is not a weights file: neither safetensors, PyTorch, npy, npz, GGUF nor "
                   "llama2.c's",
                   file->path);
}

ad_status ad_weights_list_shard(ad_file *file)
{
    ad_status status = ad_file_need(file, 0, HEAD_BYTES);
    if (status) return status;
    if (is_safetensors(file)) return ad_safetensors_list(file);
    return ad_fail(file->ctx, AD_ERROR_FORMAT,
                   "%s: is not safetensors, as a file that an index names must be", file->path);
}
