/* fuzz_wisdom.c - any bytes as a file of wisdom: as they are, and behind a good beginning. What is
 * taken can be written and read again, and a damaged file is never replaced. */
#define _GNU_SOURCE
#include <autodidact/wisdom.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static void remove_file(void)
{
    unlink(path);
}

static void write_bytes(const char *before, const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file || fputs(before, file) < 0 || fwrite(data, 1, size, file) != size || fclose(file))
        abort();
}

static void try_file(const char *before, const uint8_t *data, size_t size)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_wisdom *one, *again;
    struct stat was, is;
    write_bytes(before, data, size);
    if (stat(path, &was) || ad_wisdom_new(&one, ctx) || ad_wisdom_new(&again, ctx)) abort();
    ad_status status = ad_wisdom_load(one, path), saved = ad_wisdom_save(one, path);
    if ((status != AD_OK) != (saved != AD_OK)) abort();
    if (stat(path, &is) || (status && (is.st_ino != was.st_ino || is.st_size != was.st_size)))
        abort();
    if (!status && (ad_wisdom_load(again, path) || ad_wisdom_count(again) != ad_wisdom_count(one)))
        abort();
    ad_wisdom_free(one), ad_wisdom_free(again);
    if (ad_context_memory(ctx)) abort();
    ad_context_free(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!*path) {
        strcpy(path, access("/dev/shm", W_OK) ? "/tmp/fuzz-wisdom-XXXXXX"
                                              : "/dev/shm/fuzz-wisdom-XXXXXX");
        int file = mkstemp(path);
        if (file < 0) abort();
        close(file);
        atexit(remove_file);
    }
    try_file("", data, size);
    try_file("autodidact wisdom 1\nmachine\t1\tavx2\tx\n1e-3\tdirect\tconv2d\n", data, size);
    return 0;
}
