/* tokenizer_open.c - which kind of tokenizer a file or a folder holds, told by content. */
#include "data/text/tokenizer_kinds.h"
#include "io/source.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH = 4096 };

static bool exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* The first of the names that is a file in `folder` (of which `length` bytes count). */
static const char *beside(char path[PATH], const char *folder, size_t length,
                          const char *const *names)
{
    for (; *names; ++names)
        if (snprintf(path, PATH, "%.*s%s", (int)length, folder, *names) < PATH && exists(path))
            return path;
    return NULL;
}

static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

static const char *const merge_names[] = {"vocab.bpe", "merges.txt", NULL};
static const char *const json_names[] = {"encoder.json", "vocab.json", NULL};

static ad_status read_all(ad_content *file, ad_context *ctx, const char *path)
{
    return ad_content_read_text(file, ctx, path, AD_MAX_TOKENIZER_BYTES);
}

static ad_status read_bpe(ad_tokenizer **out, ad_context *ctx, const char *json_path,
                          const char *merges_path)
{
    ad_content json = {0}, merges = {0};
    ad_status status = read_all(&json, ctx, json_path);
    if (!status && merges_path) status = read_all(&merges, ctx, merges_path);
    if (!status)
        status = ad_tokenizer_read_json(out, ctx, json_path, (const char *)json.bytes, json.size,
                                        merges_path, (const char *)merges.bytes, merges.size);
    ad_content_free(&json);
    ad_content_free(&merges);
    return status;
}

/* What a tokenizer_config.json beside the file says. */
static ad_status read_config(ad_tokenizer **out, ad_context *ctx, const char *path, bool letters)
{
    static const char *const config_names[] = {"tokenizer_config.json", NULL};
    char config[PATH];
    ad_content about = {0};
    if (!beside(config, path, folder_length(path), config_names)) return AD_OK;
    ad_status status = read_all(&about, ctx, config);
    if (!status)
        status = ad_tokenizer_name_special(*out, config, (const char *)about.bytes, about.size,
                                           letters);
    ad_content_free(&about);
    if (status) {
        ad_tokenizer_free(*out);
        *out = NULL;
    }
    return status;
}

/* tokenizer.json, whose special tokens another file names; or a vocabulary. */
static ad_status read_object(ad_tokenizer **out, ad_context *ctx, const char *path)
{
    char merges[PATH];
    ad_status status = read_bpe(out, ctx, path,
                                beside(merges, path, folder_length(path), merge_names));
    return status ? status : read_config(out, ctx, path, false);
}

static bool starts(const char *bytes, size_t size, const char *with)
{
    return size >= strlen(with) && !memcmp(bytes, with, strlen(with));
}

/* Whether a text has a line that is this. */
static bool has_line(const char *bytes, size_t size, const char *line)
{
    size_t n = strlen(line);
    for (size_t at = 0; size - at >= n && at < size;) {
        if (!memcmp(bytes + at, line, n) &&
            (at + n == size || bytes[at + n] == '\n' || bytes[at + n] == '\r'))
            return true;
        const char *end = memchr(bytes + at, '\n', size - at);
        if (!end) return false;
        at = (size_t)(end - bytes) + 1;
    }
    return false;
}

/* Python's pickles begin with their protocol, then an opcode. */
static bool is_pickle(const char *bytes, size_t size)
{
    return size > 2 && (unsigned char)bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5 &&
           bytes[2];
}

/* Our own text says so near its start. */
static bool is_own(const char *bytes, size_t size)
{
    static const char mark[] = "\"autodidact tokenizer\"";
    size_t n = sizeof mark - 1;
    for (size_t i = 0; i + n <= size && i < 256; ++i)
        if (!memcmp(bytes + i, mark, n)) return true;
    return false;
}

static ad_status read_file(ad_tokenizer **out, ad_context *ctx, const char *path, const char *bytes,
                           size_t size)
{
    char other[PATH];
    size_t folder = folder_length(path), first = 0;
    while (first < size && strchr(" \t\r\n", bytes[first]) && bytes[first]) ++first;
    if (is_own(bytes, size)) return ad_tokenizer_read_text(out, ctx, path, bytes, size);
    if (first < size && bytes[first] == '{') return read_object(out, ctx, path);
    if (starts(bytes, size, "#version")) {
        if (!beside(other, path, folder, json_names))
            return ad_fail(ctx, AD_ERROR_NOT_FOUND,
                           "%s: holds merges, but there is no encoder.json or vocab.json beside it",
                           path);
        return read_bpe(out, ctx, other, path);
    }
    if (is_pickle(bytes, size)) return ad_tokenizer_read_pickle(out, ctx, path, bytes, size);
    if (size >= 4 && memchr(bytes, 0, 4)) /* lengths and scores have bytes that are 0 */
        return ad_tokenizer_read_llama2c(out, ctx, path, bytes, size);
    if (has_line(bytes, size, "[UNK]")) {
        ad_status status = ad_tokenizer_read_vocab_txt(out, ctx, path, bytes, size);
        return status ? status : read_config(out, ctx, path, true);
    }
    return ad_fail(
        ctx, AD_ERROR_FORMAT,
        "%s: is not a tokenizer of a known kind (tokenizer.json, encoder.json, "
        "vocab.json, their merges, tokenizer.bin, vocab.txt with [UNK], meta.pkl, GGUF, or a "
        "tokenizer saved here)",
        path);
}

/* Its tensors, which may have gigabytes, are not read for it. */
static ad_status read_gguf(ad_tokenizer **out, ad_context *ctx, const char *path)
{
    ad_file_bytes file;
    ad_status status = ad_file_bytes_read_parts(&file, ctx, path, SIZE_MAX / 4);
    if (status) return status;
    status = ad_tokenizer_read_gguf(out, ctx, path, file.parts ? &file : NULL,
                                    (const char *)file.bytes, file.size);
    ad_file_bytes_free(&file);
    return status;
}

ad_status ad_tokenizer_open(ad_tokenizer **out, ad_context *ctx, const char *path)
{
    /* tokenizer.json first: it says of what lies beside it how it is used */
    static const char *const names[] = {
        "/tokenizer.json", "/encoder.json", "/vocab.json", "/vocab.txt",
        "/tokenizer.bin",  "/meta.pkl",     NULL};
    struct stat about;
    char within[PATH];
    ad_content file;
    *out = NULL;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        const char *found = beside(within, path, strlen(path), names);
        if (!found)
            return ad_fail(ctx, AD_ERROR_NOT_FOUND,
                           "%s: the folder holds no tokenizer.json, encoder.json, vocab.json, "
                           "vocab.txt, tokenizer.bin or meta.pkl",
                           path);
        path = found;
    }
    char head[4];
    size_t size = sizeof head;
    ad_status status = ad_file_begin(ctx, path, head, &size);
    if (!status && starts(head, size, "GGUF")) return read_gguf(out, ctx, path);
    if (!status) status = read_all(&file, ctx, path);
    if (status) return status;
    status = read_file(out, ctx, path, (const char *)file.bytes, file.size);
    ad_content_free(&file);
    return status;
}
