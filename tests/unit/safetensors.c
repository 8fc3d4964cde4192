/* safetensors.c - round trips, the format's rules about offsets, atomic writing, and conversion. */
#include "fixtures/weights.h"
#include "folder.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static ad_context *ctx;

static void writes_what_it_reads(void)
{
    static double from[24], back[24];
    static unsigned char data[AD_DTYPES][24 * 8];
    ad_named_tensor tensors[AD_DTYPES];
    ad_metadata metadata[] = {{"format", "pt"}, {"note", "\"quoted\" \xc3\xa9\n"}};
    ad_file *file;
    for (int i = 0; i < 24; ++i) from[i] = i % 2;
    for (ad_dtype d = 0; d < AD_DTYPES; ++d) {
        ad_convert(data[d], d, from, AD_F64, 24);
        tensors[d] = (ad_named_tensor){ad_dtype_name(d), {d, ad_shape(2, 3, 4), data[d]}};
    }
    REQUIRE(ad_safetensors_write(ctx, in_folder("all.safetensors"), tensors, AD_DTYPES, metadata,
                                 2) == AD_OK);
    REQUIRE(ad_file_open(&file, ctx, in_folder("all.safetensors")) == AD_OK);
    CHECK_INT(ad_file_get_format(file), AD_FILE_SAFETENSORS);
    CHECK_INT(ad_file_count(file), AD_DTYPES);
    CHECK_INT(ad_file_metadata_count(file), 2);
    CHECK_TEXT(ad_file_metadata(file, "note"), metadata[1].value);
    CHECK_TEXT(ad_file_metadata_at(file, 0).key, "format");
    for (ad_dtype d = 0; d < AD_DTYPES; ++d) {
        int index = ad_file_find(file, ad_dtype_name(d));
        REQUIRE(index >= 0);
        CHECK_INT(ad_file_at(file, index)->dtype, d);
        CHECK_INT(ad_file_read_named(file, ad_dtype_name(d), AD_F64, ad_shape(2, 3, 4), back,
                                     sizeof back),
                  AD_OK);
        CHECK(!memcmp(from, back, sizeof back));
    }
    CHECK_TEXT(ad_file_at(file, 0)->name,
               "f64"); /* larger elements first, so that all are aligned */
    ad_file_close(file);
    unlink(in_folder("all.safetensors"));
}

/* Any rows, of the file's dtype and of another, from the disk and from memory. */
static void reads_rows(void)
{
    enum { ROWS = 70000, COLUMNS = 3 }; /* several pieces of threads */
    float *all = malloc(ROWS * COLUMNS * sizeof *all), *back = malloc(ROWS * COLUMNS * sizeof *all);
    double wide[2 * COLUMNS];
    ad_file *file;
    for (int i = 0; i < ROWS * COLUMNS; ++i) all[i] = (float)i;
    const ad_named_tensor tensors[] = {{"rows", {AD_F32, ad_shape(ROWS, COLUMNS), all}},
                                       {"line", {AD_F32, ad_shape(3), all}}};
    REQUIRE(!ad_safetensors_write(ctx, in_folder("rows.safetensors"), tensors, 2, NULL, 0));
    REQUIRE(!ad_file_open(&file, ctx, in_folder("rows.safetensors")));
    CHECK(ad_file_has_rows(file, 0) && !ad_file_has_rows(file, 1) && !ad_file_has_rows(file, 2));
    REQUIRE(!ad_file_read_rows(file, 0, 0, ROWS, AD_F32, back, ROWS * COLUMNS * sizeof *all));
    CHECK(!memcmp(all, back, ROWS * COLUMNS * sizeof *all));
    REQUIRE(!ad_file_read_rows(file, 0, 60001, 2, AD_F32, back, 2 * COLUMNS * sizeof *all));
    CHECK(!memcmp(all + 60001 * COLUMNS, back, 2 * COLUMNS * sizeof *all));
    REQUIRE(!ad_file_read_rows(file, 0, ROWS - 2, 2, AD_F64, wide, sizeof wide));
    CHECK(wide[0] == (ROWS - 2) * COLUMNS && wide[5] == ROWS * COLUMNS - 1);
    CHECK_INT(ad_file_read_rows(file, 0, ROWS, 0, AD_F32, back, 0), AD_OK);
    CHECK_INT(ad_file_read_rows(file, 0, ROWS - 1, 2, AD_F32, back, 24), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_file_read_rows(file, 0, INT64_MAX, 1, AD_F32, back, 12), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_file_read_rows(file, 0, 0, 1, AD_F32, back, 11), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_file_read_rows(file, 1, 0, 1, AD_F32, back, 12), AD_ERROR_ARGUMENT);
    CHECK(!truncate(in_folder("rows.safetensors"), 800000));
    CHECK_INT(ad_file_read_rows(file, 0, 0, ROWS, AD_F32, back, ROWS * COLUMNS * sizeof *all),
              AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "rows.safetensors: was cut short while it was read");
    ad_error_clear(ctx);
    ad_file_close(file);
    unlink(in_folder("rows.safetensors"));
    free(all), free(back);
}

static void reads_what_the_library_wrote(void)
{
    ad_file *file;
    REQUIRE(ad_file_open(&file, ctx, WEIGHTS "library.safetensors") == AD_OK);
    CHECK_INT(ad_file_count(file), 5);
    weights_check(file, ctx, "conv.weight", AD_F32, ad_shape(2, 3, 2), 52);
    weights_check(file, ctx, "half", AD_BF16, ad_shape(3), 53);
    weights_check(file, ctx, "flags", AD_BOOL, ad_shape(5), 54);
    weights_check(file, ctx, "small", AD_I32, ad_shape(3), 55); /* I16, widened */
    weights_check(file, ctx, "empty", AD_F32, ad_shape(0, 2), 0);
    CHECK_TEXT(ad_file_metadata(file, "format"), "pt");
    ad_file_close(file);
}

static void writes_nothing_at_all(void)
{
    ad_file *file;
    REQUIRE(ad_safetensors_write(ctx, in_folder("none.safetensors"), NULL, 0, NULL, 0) == AD_OK);
    REQUIRE(ad_file_open(&file, ctx, in_folder("none.safetensors")) == AD_OK);
    CHECK_INT(ad_file_count(file), 0);
    ad_file_close(file);
    unlink(in_folder("none.safetensors"));
}

/* ---- headers ---- */

static ad_status open_header(const char *header, size_t data)
{
    static unsigned char bytes[4096];
    size_t length = strlen(header);
    ad_file *file;
    memset(bytes, 0, sizeof bytes);
    bytes[0] = (unsigned char)length, bytes[1] = (unsigned char)(length >> 8);
    memcpy(bytes + 8, header, length);
    ad_error_clear(ctx);
    ad_status status = ad_file_open_memory(&file, ctx, "x.safetensors", bytes, 8 + length + data);
    ad_file_close(file);
    return status;
}

static void refuses_lying_headers(void)
{
    static const struct {
        const char *header;
        size_t data;
        ad_status status;
        const char *sentence;
    } rows[] = {
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}   ", 8, AD_OK, ""},
        {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3, AD_OK, ""},
        {"{\"a\":{\"dtype\":\"NEW\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3, AD_OK, ""},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, AD_ERROR_FORMAT,
         "x.safetensors: tensor a: its data ends at byte 8, but the file holds 7"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, AD_ERROR_FORMAT,
         "1 bytes at its end belong to no tensor"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, AD_ERROR_FORMAT,
         "tensor a: has 8 bytes, which is not what [3] of F32 needs"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[0,6]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[4,10]}}",
         10, AD_ERROR_FORMAT, "tensor b: its data overlaps that of a"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[6,10]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
         10, AD_ERROR_FORMAT, "tensor a: 2 bytes before its data belong to no tensor"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[9223372036854775807,"
         "9223372036854775807]}}",
         1, AD_ERROR_FORMAT, "tensor a: its data ends at"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[18446744073709551616,1]}}", 1,
         AD_ERROR_FORMAT, "header is not the JSON"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 1, AD_ERROR_FORMAT,
         "are not a range"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,0]}}", 1, AD_ERROR_FORMAT,
         "are not a range"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1, AD_ERROR_FORMAT,
         "is missing"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1, AD_ERROR_FORMAT,
         "is not a size"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0.5],\"data_offsets\":[0,1]}}", 1, AD_ERROR_FORMAT,
         "is not a size"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,1]}}", 1,
         AD_ERROR_FORMAT, "its shape overflows"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[4294967296,536870912],\"data_offsets\":[0,1]}}", 1,
         AD_ERROR_FORMAT, "is not what"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
         AD_ERROR_UNSUPPORTED, "has 9 axes"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
         1, AD_ERROR_FORMAT, "two tensors have this name"},
        {"{\"\\u001b[2J\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
         AD_ERROR_FORMAT, "tensor \\x1b[2J: its name holds a control character"},
        {"{\"a\":7}", 0, AD_ERROR_FORMAT, "the entry a of its header is not an object"},
        {"{\"__metadata__\":{\"k\":7}}", 0, AD_ERROR_FORMAT, "the metadata k is not a string"},
        {"{\"a\":", 0, AD_ERROR_FORMAT, "header is not the JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        ad_status status = open_header(rows[i].header, rows[i].data);
        if (status != rows[i].status) CHECK_FAIL("%s: %s", rows[i].header, ad_error(ctx));
        CHECK_CONTAINS(ad_error(ctx), rows[i].sentence);
    }
}

static void refuses_lying_lengths(void)
{
    unsigned char bytes[64] = {0};
    ad_file *file;
    bytes[8] = '{', bytes[9] = '}';
    bytes[0] = 2;
    CHECK_INT(ad_file_open_memory(&file, ctx, "x", bytes, 10), AD_OK);
    ad_file_close(file);
    bytes[0] = 57;
    CHECK_INT(ad_file_open_memory(&file, ctx, "x", bytes, 64), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "x: its header claims 57 bytes, but the file has 64 in all");
    bytes[4] = 1;
    CHECK_INT(ad_file_open_memory(&file, ctx, "x", bytes, 64), AD_ERROR_LIMIT);
    bytes[7] = 1; /* not even plausible */
    CHECK_INT(ad_file_open_memory(&file, ctx, "x", bytes, 64), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "x: is not a weights file");
    CHECK_INT(ad_file_open_memory(&file, ctx, "x", bytes, 0), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "x: is empty");
}

/* ---- files ---- */

static void names_what_is_wrong_with_a_path(void)
{
    ad_file *file;
    CHECK_INT(ad_file_open(&file, ctx, in_folder("absent.pth")), AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "absent.pth: cannot open: No such file");
    CHECK_INT(ad_file_open(&file, ctx, folder), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "is a folder");
    write_text("empty.pth", "");
    CHECK_INT(ad_file_open(&file, ctx, in_folder("empty.pth")), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "empty.pth: is empty");
    write_text("empty.pth", "version https://git-lfs.github.com/spec/v1\n");
    CHECK_INT(ad_file_open(&file, ctx, in_folder("empty.pth")), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "is a Git LFS pointer");
    unlink(in_folder("empty.pth"));
    CHECK_INT(ad_file_can_write(ctx, in_folder("no/such/x.npz")), AD_ERROR_NOT_FOUND);
    CHECK_INT(ad_file_can_write(ctx, in_folder("x.pth")), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_file_can_write(ctx, in_folder("x.npz")), AD_OK);
    REQUIRE(!mkdir(in_folder("d.npz"), 0777));
    CHECK_INT(ad_file_can_write(ctx, in_folder("d.npz")), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "d.npz: cannot write: it is a folder");
    rmdir(in_folder("d.npz"));
}

static void reads_from_a_pipe(void)
{
    size_t size = 0;
    unsigned char *bytes = weights_slurp(WEIGHTS "dtypes_old.pth", &size);
    char path[32];
    int ends[2];
    ad_file *file = NULL;
    ad_context *own = ad_context_new(NULL); /* keeps what came through the pipe */
    REQUIRE(own && bytes && !pipe(ends));
    CHECK(write(ends[1], bytes, size) == (ssize_t)size); /* less than a pipe holds */
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    if (ad_file_open(&file, own, path))
        CHECK_FAIL("%s", ad_error(own));
    else
        weights_check(file, own, "f32", AD_F32, ad_shape(3, 4), 1);
    ad_file_close(file);
    ad_context_free(own);
    close(ends[0]);
    free(bytes);
}

/* A write that fails half-way leaves the old file and nothing beside it. */
static void keeps_the_old_file(void)
{
    static float data[50000];
    ad_named_tensor tensor = {"w", {AD_F32, ad_shape(50000), data}};
    const char *path = in_folder("old.safetensors");
    struct rlimit old, small;
    size_t size = 0;
    write_text("old.safetensors", "what was there");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old, small.rlim_cur = 100000;
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK_INT(ad_safetensors_write(ctx, path, &tensor, 1, NULL, 0), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "old.safetensors: cannot write: File too large");
    CHECK_INT(ad_npz_write(ctx, path, &tensor, 1), AD_ERROR_IO);
    CHECK_INT(ad_npy_write(ctx, path, &tensor.tensor), AD_ERROR_IO);
    setrlimit(RLIMIT_FSIZE, &old);
    unsigned char *text = weights_slurp(path, &size);
    CHECK(text && size == 14 && !memcmp(text, "what was there", 14));
    free(text);
    CHECK_INT(ad_safetensors_write(ctx, path, &tensor, 1, NULL, 0), AD_OK);
    unlink(path); /* main sees that nothing else is left */
    CHECK_INT(ad_safetensors_write(ctx, in_folder("no/such/x.safetensors"), &tensor, 1, NULL, 0),
              AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "no/such/x.safetensors: cannot write: No such file");
}

static void writes_through_links_and_keeps_permissions(void)
{
    float one = 1;
    ad_named_tensor tensor = {"w", {AD_F32, {0}, &one}};
    const char *path = in_folder("real.npz"), *link = in_folder("link.npz");
    struct stat info;
    write_text("real.npz", "old");
    REQUIRE(!chmod(path, 0640) && !symlink("real.npz", link));
    CHECK_INT(ad_npz_write(ctx, link, &tensor, 1), AD_OK);
    REQUIRE(!lstat(link, &info));
    CHECK(S_ISLNK(info.st_mode));
    REQUIRE(!stat(path, &info));
    CHECK_INT(info.st_mode & 0777, 0640);
    CHECK(info.st_size > 100);
    unlink(path), unlink(link);
}

static void converts(void)
{
    if (!ad_has_component("zip")) return; /* one of the files is PyTorch's */
    static const ad_dtype half = AD_F16, integer = AD_I32;
    ad_file *file;
    const char *one = in_folder("one.safetensors"), *two = in_folder("two.npz"),
               *three = in_folder("three.safetensors");
    CHECK_INT(ad_file_convert(ctx, WEIGHTS "checkpoint_old.pth", one, NULL), AD_OK);
    CHECK_INT(ad_file_convert(ctx, one, two, NULL), AD_OK);
    CHECK_INT(ad_file_convert(ctx, WEIGHTS "checkpoint.pth", three,
                              &(ad_file_convert_options){.floats = &half, .raw_names = true}),
              AD_OK);
    REQUIRE(ad_file_open(&file, ctx, one) == AD_OK);
    weights_check(file, ctx, "conv.weight", AD_F32, ad_shape(2, 3, 1, 1), 30);
    CHECK_TEXT(ad_file_metadata(file, "epoch"), "7");
    ad_file_close(file);
    REQUIRE(ad_file_open(&file, ctx, two) == AD_OK);
    weights_check(file, ctx, "conv.weight", AD_F32, ad_shape(2, 3, 1, 1), 30);
    ad_file_close(file);
    REQUIRE(ad_file_open(&file, ctx, three) == AD_OK);
    weights_check(file, ctx, "state_dict.module.conv.weight", AD_F16, ad_shape(2, 3, 1, 1), 30);
    ad_file_close(file);
    CHECK_INT(ad_file_convert(ctx, WEIGHTS "complex.pth", one, NULL), AD_ERROR_UNSUPPORTED);
    CHECK_INT(ad_file_convert(ctx, WEIGHTS "bare.pth", one,
                              &(ad_file_convert_options){.floats = &integer}),
              AD_ERROR_ARGUMENT);
    unlink(one), unlink(two), unlink(three);
}

static void leaves_no_memory(void)
{
    CHECK_INT(ad_context_memory(ctx), 0);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(NULL);
    if (!ctx || !folder_make()) return 1;
    int result = check_main(argc, argv,
                            (check_case[]){CASE(writes_what_it_reads),
                                           CASE(reads_rows),
                                           CASE(reads_what_the_library_wrote),
                                           CASE(writes_nothing_at_all),
                                           CASE(refuses_lying_headers),
                                           CASE(refuses_lying_lengths),
                                           CASE(names_what_is_wrong_with_a_path),
                                           CASE(reads_from_a_pipe),
                                           CASE(keeps_the_old_file),
                                           CASE(writes_through_links_and_keeps_permissions),
                                           CASE(converts),
                                           CASE(leaves_no_memory),
                                           {0}});
    if (rmdir(folder)) puts("the folder of the test is not empty"), result = 1;
    ad_context_free(ctx);
    return result;
}
