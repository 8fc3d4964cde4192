/* Any bytes as a set of pictures: the first says as what - MNIST's files, a CIFAR batch, a table of
 * labels beside two pictures, a tar archive (whose header gets the checksum that it needs), or an
 * archive of any kind. Files, because that is what is read; they lie in memory where /dev/shm is.
 */
#include <autodidact/data.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void write_file(const char *name, const void *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
}

static void remove_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

static void make_folder(void)
{
    strcpy(folder, "/dev/shm/ad-fuzz-XXXXXX");
    if (mkdtemp(folder)) return;
    strcpy(folder, "/tmp/ad-fuzz-XXXXXX");
    if (!mkdtemp(folder)) abort();
}

static void remove_folder(void)
{
    rmdir(folder);
}

static void write_tar(const uint8_t *data, size_t size)
{
    uint8_t *tar = calloc(1, size + 1024);
    if (!tar) abort();
    if (size) memcpy(tar, data, size);
    for (size_t at = 0; at + 512 <= size;) { /* each header where the one before says */
        unsigned sum = 0;
        char text[13] = {0};
        memset(tar + at + 148, ' ', 8);
        for (size_t i = 0; i < 512; ++i) sum += tar[at + i];
        snprintf((char *)tar + at + 148, 8, "%06o", sum);
        memcpy(text, tar + at + 124, 12);
        at += 512 + (strtoul(text, NULL, 8) % (size + 1) + 511) / 512 * 512;
    }
    write_file("set.tar", tar, size + 1024);
    free(tar);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"train-images-idx3-ubyte",
                                        "train-labels-idx1-ubyte",
                                        "test_batch.bin",
                                        "labels.csv",
                                        "a.pgm",
                                        "b.ppm",
                                        "set.tar",
                                        "set.zip"};
    static ad_context *ctx;
    if (!ctx) {
        make_folder();
        atexit(remove_folder);
        ctx = ad_context_new(&(ad_context_options){.threads = 1});
    }
    if (size < 2) return 0;
    unsigned kind = data[0] % 5, half = data[1];
    data += 2, size -= 2;
    size_t first = size * half / 255;
    if (kind == 0) {
        write_file(names[0], data, first);
        write_file(names[1], data + first, size - first);
    } else if (kind == 1) {
        write_file(names[2], data, size);
    } else if (kind == 2) {
        write_file(names[3], data, size);
        write_file(names[4], "P5 2 2 255\nabcd", 15);
        write_file(names[5], "P3 1 1 9 1 2 3", 14);
    } else if (kind == 3) {
        write_tar(data, size);
    } else {
        write_file(names[7], data, size);
    }
    ad_image_set *set = NULL;
    ad_image_set_options options = {
        .split = kind == 1 ? "test" : NULL, .height = 4, .width = 4, .skip_bad = half & 1};
    ad_status status = ad_image_set_read(&set, ctx, folder, &options);
    if ((status == AD_OK) != (set != NULL)) abort();
    for (int64_t i = 0; set && i < set->count; ++i)
        if (set->labels[i] < 0 || set->labels[i] >= set->classes) abort();
    ad_image_set_free(set);
    if (ad_context_memory(ctx)) abort();
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) remove_file(names[i]);
    return 0;
}
