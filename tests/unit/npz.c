/* npz.c - arrays as NumPy wrote them and as the library writes them; damaged headers and archives.
 *
 * needs: zip */
#include "fixtures/weights.h"
#include "folder.h"

#include <unistd.h>

static ad_context *ctx;

static void arrays_of(const char *path)
{
    ad_file *file;
    float data[2];
    REQUIRE(ad_file_open(&file, ctx, path) == AD_OK);
    CHECK_INT(ad_file_get_format(file), AD_FILE_NPZ);
    CHECK_INT(ad_file_count(file), 9);
    weights_check(file, ctx, "first", AD_F32, ad_shape(3, 4), 60);
    weights_check(file, ctx, "second", AD_I64, ad_shape(2, 3, 2), 61);
    weights_check(file, ctx, "fortran", AD_F64, ad_shape(4, 3), 62);
    weights_check(file, ctx, "half", AD_F16, ad_shape(5), 63);
    weights_check(file, ctx, "flags", AD_BOOL, ad_shape(6), 64);
    weights_check(file, ctx, "scalar", AD_F32, (ad_shape){0}, 65);
    weights_check(file, ctx, "empty", AD_F32, ad_shape(0, 2), 0);
    CHECK_INT(ad_file_read(file, ad_file_find(file, "words"), AD_F32, data, sizeof data),
              AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx), "tensor words: its type <U7 cannot be read");
    CHECK_INT(ad_file_read(file, ad_file_find(file, "objects"), AD_F32, data, sizeof data),
              AD_ERROR_UNSUPPORTED);
    ad_file_close(file);
}

static void reads_archives(void)
{
    arrays_of(WEIGHTS "arrays.npz");
    arrays_of(WEIGHTS "arrays_compressed.npz");
}

/* What is one whole member is unpacked in place; a conversion unpacks it beside, until the file is
 * closed. */
static void reads_in_place(void)
{
    ad_file *file;
    float f32[12];
    double f64[12];
    REQUIRE(ad_file_open(&file, ctx, WEIGHTS "arrays_compressed.npz") == AD_OK);
    size_t before = ad_context_memory(ctx);
    CHECK_INT(ad_file_read_named(file, "first", AD_F32, ad_shape(3, 4), f32, sizeof f32), AD_OK);
    CHECK_INT(ad_context_memory(ctx), before);
    CHECK_INT(ad_file_read_named(file, "first", AD_F64, ad_shape(3, 4), f64, sizeof f64), AD_OK);
    CHECK(ad_context_memory(ctx) > before);
    for (int i = 0; i < 12; ++i) CHECK(f32[i] == weights_value(i, 60, AD_F32) && f64[i] == f32[i]);
    ad_file_close(file);
}

static void reads_single_arrays(void)
{
    static const struct {
        const char *path;
        ad_dtype dtype;
        ad_shape shape;
        int seed;
    } rows[] = {{WEIGHTS "fortran.npy", AD_F32, {2, {4, 3}}, 66},
                {WEIGHTS "big_endian.npy", AD_F32, {1, {6}}, 67},
                {WEIGHTS "version2.npy", AD_I32, {2, {2, 5}}, 68}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        ad_file *file;
        REQUIRE(ad_file_open(&file, ctx, rows[i].path) == AD_OK);
        CHECK_INT(ad_file_get_format(file), AD_FILE_NPY);
        weights_check(file, ctx, "tensor", rows[i].dtype, rows[i].shape, rows[i].seed);
        ad_file_close(file);
    }
}

static void writes_what_it_reads(void)
{
    float f32[6] = {1, -2, 3.5f, 0, 1e30f, -0.0f}, back[6];
    uint16_t bf16[3] = {0x3f80, 0xc000, 0x4060}; /* 1, -2, 3.5 */
    uint8_t flags[2] = {1, 0};
    int64_t i64 = -5;
    ad_named_tensor tensors[] = {{"a/weight", {AD_F32, ad_shape(2, 3), f32}},
                                 {"b", {AD_BF16, ad_shape(3), bf16}},
                                 {"flags", {AD_BOOL, ad_shape(2), flags}},
                                 {"scalar", {AD_I64, {0}, &i64}},
                                 {"empty", {AD_F64, ad_shape(4, 0), NULL}}};
    ad_file *file;
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), tensors, 5) == AD_OK);
    REQUIRE(ad_npz_write(ctx, in_folder("b.npz"), tensors, 5) == AD_OK);
    REQUIRE(ad_file_open(&file, ctx, in_folder("a.npz")) == AD_OK);
    CHECK_INT(ad_file_count(file), 5);
    CHECK_INT(ad_file_read_named(file, "a/weight", AD_F32, ad_shape(2, 3), back, 24), AD_OK);
    CHECK(!memcmp(back, f32, sizeof f32));
    CHECK_TEXT(ad_file_at(file, 1)->stored, "<f4"); /* widened */
    CHECK_INT(ad_file_read_named(file, "b", AD_F32, ad_shape(3), back, 12), AD_OK);
    CHECK(back[0] == 1 && back[1] == -2 && back[2] == 3.5f);
    CHECK_INT(ad_file_at(file, 2)->dtype, AD_BOOL);
    CHECK_INT(ad_file_at(file, 3)->shape.rank, 0);
    CHECK_INT(ad_file_at(file, 4)->shape.dim[1], 0);
    ad_file_close(file);

    size_t a_size = 0, b_size = 0;
    unsigned char *a = weights_slurp(in_folder("a.npz"), &a_size),
                  *b = weights_slurp(in_folder("b.npz"), &b_size);
    CHECK(a && b && a_size == b_size && !memcmp(a, b, a_size)); /* the same bytes */
    free(a), free(b);

    REQUIRE(ad_npy_write(ctx, in_folder("a.npy"), &tensors[0].tensor) == AD_OK);
    REQUIRE(ad_file_open(&file, ctx, in_folder("a.npy")) == AD_OK);
    CHECK_INT(ad_file_read_named(file, "tensor", AD_F32, ad_shape(2, 3), back, 24), AD_OK);
    CHECK(!memcmp(back, f32, sizeof f32));
    ad_file_close(file);
    unlink(in_folder("a.npz")), unlink(in_folder("b.npz")), unlink(in_folder("a.npy"));
}

static void refuses_to_write_nonsense(void)
{
    float one = 1;
    ad_named_tensor twice[] = {{"w", {AD_F32, {0}, &one}}, {"w", {AD_F32, {0}, &one}}};
    ad_named_tensor outside = {"../../w", {AD_F32, {0}, &one}},
                    nameless = {"", {AD_F32, {0}, &one}};
    ad_named_tensor broken = {"w", {AD_F32, ad_shape(-1), &one}},
                    missing = {"w", {AD_F32, ad_shape(2), NULL}};
    CHECK_INT(ad_npz_write(ctx, in_folder("x.npz"), twice, 2), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "x.npz: two tensors are called w");
    CHECK_INT(ad_npz_write(ctx, in_folder("x.npz"), &outside, 1), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_npz_write(ctx, in_folder("x.npz"), &nameless, 1), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_npz_write(ctx, in_folder("x.npz"), &broken, 1), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_npz_write(ctx, in_folder("x.npz"), &missing, 1), AD_ERROR_ARGUMENT);
    CHECK_INT(
        ad_file_write(ctx, in_folder("x.npy"), (ad_named_tensor[]){twice[0], broken}, 2, NULL, 0),
        AD_ERROR_ARGUMENT);
    CHECK_INT(ad_file_write(ctx, in_folder("x.txt"), twice, 1, NULL, 0), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "does not end in .safetensors, .npz, .npy or .gguf");
    CHECK(access(in_folder("x.npz"), F_OK) && access(in_folder("x.npy"), F_OK));
}

/* An npy file of version 1 with this header and `data` zero bytes after it. */
static ad_status open_header(const char *header, size_t data)
{
    unsigned char bytes[512] = "\x93NUMPY\1\0";
    size_t length = strlen(header);
    ad_file *file;
    bytes[8] = (unsigned char)length;
    memcpy(bytes + 10, header, length);
    ad_status status = ad_file_open_memory(&file, ctx, "x.npy", bytes, 10 + length + data);
    ad_file_close(file);
    return status;
}

static void reads_headers_with_care(void)
{
    CHECK_INT(open_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", 8), AD_OK);
    CHECK_INT(open_header("{\"shape\":(2L,1L),'fortran_order':True,\"descr\":'<f4'}", 8), AD_OK);
    CHECK_INT(
        open_header("{'descr': [('a', '<f4'), ('b', 'U[')], 'fortran_order': False, 'shape': (1,)}",
                    9),
        AD_OK);
    CHECK_INT(open_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7),
              AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx),
                   "x.npy: tensor tensor: has 7 bytes of data, which is not what [2] of <f4 needs");
    CHECK_INT(open_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9),
              AD_ERROR_FORMAT);
    CHECK_INT(open_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", 8),
              AD_ERROR_FORMAT);
    CHECK_INT(open_header("{'descr': '<f4', 'fortran_order': False}", 8), AD_ERROR_FORMAT);
    CHECK_INT(
        open_header("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4),
        AD_ERROR_FORMAT);
    CHECK_INT(open_header("{'descr': '<f4', 'fortran_order': exit(), 'shape': ()}", 4),
              AD_ERROR_FORMAT);
    CHECK_INT(open_header("{'descr': '<f4', 'fortran_order': False, 'shape': (", 4),
              AD_ERROR_FORMAT);
    CHECK_INT(open_header(
                  "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 3)}", 4),
              AD_ERROR_FORMAT);
    CHECK_INT(open_header(
                  "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4),
              AD_ERROR_FORMAT);
    CHECK_INT(
        open_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4),
        AD_ERROR_UNSUPPORTED);
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
                            (check_case[]){CASE(reads_archives),
                                           CASE(reads_in_place),
                                           CASE(reads_single_arrays),
                                           CASE(writes_what_it_reads),
                                           CASE(refuses_to_write_nonsense),
                                           CASE(reads_headers_with_care),
                                           CASE(leaves_no_memory),
                                           {0}});
    if (rmdir(folder)) puts("the folder of the test is not empty"), result = 1;
    ad_context_free(ctx);
    return result;
}
