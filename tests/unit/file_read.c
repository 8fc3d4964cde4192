/* file_read.c - opening and reading: pipes more than once, nothing that blocks, files cut short.
 * needs: archive */
#include "context.h"
#include "folder.h"
#include "sparing.h"

#include "base/file.h"
#include "io/content.h"

#include <autodidact/io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MIB = 1 << 20 };

static void put_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "wb");
    REQUIRE(file);
    for (size_t i = 0; i < size; ++i) putc((int)(i * 7 + i / 1000) & 255, file);
    CHECK(!fclose(file));
}

static bool is_file(const unsigned char *bytes, size_t at, size_t size)
{
    for (size_t i = at; i < at + size; ++i)
        if (bytes[i] != ((i * 7 + i / 1000) & 255)) return false;
    return true;
}

/* A path to a pipe that holds `size` bytes, fewer than a pipe can; the descriptor stays open. */
static const char *full_pipe(const void *bytes, size_t size, int *end)
{
    static char path[32];
    int ends[2];
    if (pipe(ends)) return NULL;
    CHECK(write(ends[1], bytes, size) == (ssize_t)size);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", *end = ends[0]);
    return path;
}

static void whole(void)
{
    ad_file_bytes file;
    put_file(in_folder("whole"), 100000);
    REQUIRE(ad_file_bytes_read(&file, ctx, in_folder("whole"), SIZE_MAX) == AD_OK);
    CHECK(file.size == 100000 && is_file(file.bytes, 0, file.size));
    ad_file_bytes_free(&file);
    CHECK_INT(ad_file_bytes_read(&file, ctx, in_folder("whole"), 99999), AD_ERROR_LIMIT);
    CHECK_CONTAINS(ad_error(ctx), "has 100000 bytes; the limit is 99999");
    CHECK_INT(ad_file_bytes_read(&file, ctx, in_folder("none"), 1), AD_ERROR_NOT_FOUND);
    CHECK_INT(ad_file_bytes_read(&file, ctx, folder, 1), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "is a folder, not a file");
    CHECK_INT(ad_file_bytes_read(&file, ctx, "/dev/zero", SIZE_MAX), AD_ERROR_IO);
    CHECK_TEXT(ad_error(ctx), "/dev/zero: is a device without an end, not a file");
    REQUIRE(ad_file_bytes_read(&file, ctx, "/dev/null", SIZE_MAX) == AD_OK);
    CHECK(file.size == 0 && file.bytes);
    ad_file_bytes_free(&file);
}

static void in_parts(void)
{
    ad_file_bytes file;
    size_t size = 3 * MIB + 17;
    put_file(in_folder("parts"), size);
    REQUIRE(ad_file_bytes_read_parts(&file, ctx, in_folder("parts"), SIZE_MAX) == AD_OK);
    CHECK_INT(ad_file_bytes_need(&file, 10, 100), AD_OK);
    CHECK(is_file(file.bytes, 10, 100));
    CHECK_INT(ad_file_bytes_need(&file, MIB - 1, MIB + 2), AD_OK);
    CHECK(is_file(file.bytes, 0, 3 * MIB));
    ad_file_bytes_forget(&file, MIB);
    CHECK_INT(ad_file_bytes_need(&file, 3 * MIB, SIZE_MAX),
              AD_OK); /* as far as there is anything */
    CHECK(is_file(file.bytes, 3 * MIB, 17));
    CHECK_INT(ad_file_bytes_need(&file, size, 1), AD_OK);
    CHECK_INT(ad_file_bytes_need(&file, 0, size), AD_OK);
    CHECK(is_file(file.bytes, 0, size));
    ad_file_bytes_free(&file);
}

static void cut_short(void)
{
    ad_file_bytes file;
    put_file(in_folder("cut"), 3 * MIB);
    REQUIRE(ad_file_bytes_read_parts(&file, ctx, in_folder("cut"), SIZE_MAX) == AD_OK);
    CHECK_INT(ad_file_bytes_need(&file, 0, 1), AD_OK);
    REQUIRE(!truncate(in_folder("cut"), MIB + 5));
    CHECK(is_file(file.bytes, 0, MIB));
    CHECK_INT(ad_file_bytes_need(&file, MIB, 10), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "cut: was cut short while it was read: it ends after 1048581");
    ad_file_bytes_free(&file);
}

/* A tensor of a file that is cut short after it was listed. */
static void weights_cut_short(void)
{
    static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[786432],\"data_offsets\":[0,"
                                 "3145728]}}";
    const char *path = in_folder("w.safetensors");
    float *data = calloc(786432, sizeof *data);
    unsigned char length[8] = {sizeof header - 1};
    FILE *out = fopen(path, "wb");
    ad_file *file;
    REQUIRE(out && data);
    fwrite(length, 1, 8, out), fwrite(header, 1, sizeof header - 1, out);
    fwrite(data, sizeof *data, 786432, out);
    CHECK(!fclose(out));
    REQUIRE(ad_file_open(&file, ctx, path) == AD_OK);
    CHECK_INT(ad_file_read(file, 0, AD_F32, data, 786432 * sizeof *data), AD_OK);
    ad_file_close(file);
    REQUIRE(ad_file_open(&file, ctx, path) == AD_OK);
    REQUIRE(!truncate(path, 2 * MIB));
    CHECK_INT(ad_file_read(file, 0, AD_F32, data, 786432 * sizeof *data), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "w.safetensors: was cut short while it was read");
    ad_file_close(file);
    free(data);
}

static void pipes(void)
{
    ad_context *own = ad_context_new(NULL);
    ad_file_bytes first, second;
    unsigned char head[3];
    size_t size = sizeof head;
    int end;
    const char *path = full_pipe("what came", 9, &end);
    REQUIRE(own && path);
    CHECK_INT(ad_file_begin(own, path, head, &size), AD_OK);
    CHECK(size == 3 && !memcmp(head, "wha", 3));
    REQUIRE(ad_file_bytes_read(&first, own, path, 100) == AD_OK);
    REQUIRE(ad_file_bytes_read_parts(&second, own, path, 100) == AD_OK);
    CHECK(first.size == 9 && !memcmp(first.bytes, "what came", 9));
    CHECK(second.bytes == first.bytes && second.size == 9);
    ad_file_bytes_free(&first), ad_file_bytes_free(&second);
    CHECK_INT(ad_file_bytes_read(&first, own, path, 5), AD_ERROR_LIMIT);
    CHECK_INT(ad_file_bytes_read_regular(&first, own, path, 100), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(own), "is not a regular file");
    close(end);
    path = full_pipe("", 0, &end); /* empty, and nobody writes any more */
    REQUIRE(ad_file_bytes_read(&first, own, path, 100) == AD_OK);
    CHECK_INT((int64_t)first.size, 0);
    ad_file_bytes_free(&first);
    close(end);
    ad_file_expand_limit(own, 5);
    path = full_pipe("what came", 9, &end);
    CHECK_INT(ad_file_bytes_read(&first, own, path, SIZE_MAX), AD_ERROR_LIMIT);
    CHECK_CONTAINS(ad_error(own), "more than 5 bytes came");
    CHECK_CONTAINS(ad_error(own), "AUTODIDACT_EXPAND_LIMIT allows more");
    close(end);
    ad_context_free(own);
}

static void named_pipes(void)
{
    ad_file_bytes file;
    const char *path = in_folder("named");
    REQUIRE(!mkfifo(path, 0666));
    CHECK_INT(ad_file_bytes_read_regular(&file, ctx, path, 100), AD_ERROR_IO);
    CHECK_INT(ad_file_bytes_read(&file, ctx, path, 100), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "named: is a pipe into which nobody writes");
}

static ad_status read_both_ways(ad_context *poor)
{
    ad_file_bytes file, parts;
    ad_status status = ad_file_bytes_read(&file, poor, in_folder("parts"), SIZE_MAX);
    if (status) return status;
    status = ad_file_bytes_read_parts(&parts, poor, in_folder("parts"), SIZE_MAX);
    if (!status) status = ad_file_bytes_need(&parts, 0, parts.size);
    ad_file_bytes_free(&parts);
    if (!status) status = ad_file_bytes_read_parts(&parts, poor, in_folder("parts"), SIZE_MAX);
    ad_file_bytes_free(&parts);
    ad_file_bytes_free(&file);
    return status;
}

/* Of a pipe nothing is kept if there is no memory to keep it in. */
static void memory_that_runs_out(void)
{
    int grants, end;
    ad_file_bytes file;
    put_file(in_folder("parts"), MIB);
    sparing_check(read_both_ways);
    for (int most = 1; most < 6; ++most) {
        grants = -1;
        ad_context *poor = ad_context_new(&(ad_context_options){
            .allocator = {sparing_allocate, sparing_release, &grants}, .threads = 1});
        const char *path = full_pipe("what came", 9, &end);
        REQUIRE(poor && path);
        grants = most;
        ad_status status = ad_file_bytes_read(&file, poor, path, 100);
        CHECK(status == AD_OK || status == AD_ERROR_MEMORY);
        if (!status) CHECK_INT((int64_t)file.size, 9);
        if (!status) ad_file_bytes_free(&file);
        if (status) CHECK_INT(ad_context_memory(poor), 0);
        close(end);
        ad_context_free(poor);
    }
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {{"whole", whole},
                                       {"in_parts", in_parts},
                                       {"cut_short", cut_short},
                                       {"weights_cut_short", weights_cut_short},
                                       {"pipes", pipes},
                                       {"named_pipes", named_pipes},
                                       {"memory_that_runs_out", memory_that_runs_out},
                                       {0}};
    if (!folder_make()) return 1;
    int code = check_in_context(argc, argv, cases);
    return folder_remove() ? code : 1;
}
