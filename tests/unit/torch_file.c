/* torch_file.c - checkpoints that PyTorch wrote, in both of its forms: values, names, strides,
 * refusals.
 *
 * needs: zip */
#include "fixtures/weights.h"

static ad_context *ctx;

static ad_file *open_fixture(const char *path)
{
    ad_file *file;
    if (ad_file_open(&file, ctx, path)) CHECK_FAIL("%s", ad_error(ctx));
    return file;
}

static void dtypes_of(const char *path, ad_file_format format)
{
    ad_file *file = open_fixture(path);
    REQUIRE(file);
    CHECK_INT(ad_file_get_format(file), format);
    CHECK_INT(ad_file_count(file), 12);
    weights_check(file, ctx, "f32", AD_F32, ad_shape(3, 4), 1);
    weights_check(file, ctx, "f64", AD_F64, ad_shape(5), 2);
    weights_check(file, ctx, "f16", AD_F16, ad_shape(2, 3), 3);
    weights_check(file, ctx, "bf16", AD_BF16, ad_shape(7), 4);
    weights_check(file, ctx, "i64", AD_I64, ad_shape(2, 2, 2), 5);
    weights_check(file, ctx, "i32", AD_I32, ad_shape(3), 6);
    weights_check(file, ctx, "i16", AD_I32, ad_shape(3), 7); /* widened */
    weights_check(file, ctx, "i8", AD_I32, ad_shape(3), 8);
    weights_check(file, ctx, "u8", AD_U8, ad_shape(9), 9);
    weights_check(file, ctx, "bool", AD_BOOL, ad_shape(10), 10);
    weights_check(file, ctx, "scalar", AD_F32, (ad_shape){0}, 11);
    weights_check(file, ctx, "empty", AD_F32, ad_shape(0, 3), 0);
    CHECK_TEXT(ad_file_at(file, 0)->name, "f32"); /* in the file's order */
    CHECK_TEXT(ad_file_at(file, 3)->stored, "BFloat16Storage");
    CHECK_INT(ad_file_at(file, 0)->bytes, 48);
    ad_file_close(file);
}

static void reads_every_dtype(void)
{
    dtypes_of(WEIGHTS "dtypes.pth", AD_FILE_TORCH_ZIP);
    dtypes_of(WEIGHTS "dtypes_old.pth", AD_FILE_TORCH_LEGACY);
    dtypes_of(WEIGHTS "dtypes_protocol4.pth", AD_FILE_TORCH_ZIP);
    dtypes_of(WEIGHTS "dtypes_old_protocol5.pth", AD_FILE_TORCH_LEGACY);
}

static void reads_into_any_dtype(void)
{
    ad_file *file = open_fixture(WEIGHTS "dtypes.pth");
    float f32[12];
    uint16_t bf16[12];
    int64_t i64[10];
    REQUIRE(file);
    CHECK_INT(ad_file_read(file, ad_file_find(file, "f32"), AD_F32, f32, sizeof f32), AD_OK);
    CHECK_NEAR(f32[11], weights_value(11, 1, AD_F32), 0);
    CHECK_INT(ad_file_read_named(file, "f32", AD_BF16, ad_shape(3, 4), bf16, sizeof bf16), AD_OK);
    uint32_t bits = (uint32_t)bf16[5] << 16;
    memcpy(f32, &bits, 4);
    CHECK_NEAR(f32[0], weights_value(5, 1, AD_F32), 0);
    CHECK_INT(ad_file_read_named(file, "bool", AD_I64, ad_shape(10), i64, sizeof i64), AD_OK);
    CHECK_INT(i64[3], weights_value(3, 10, AD_BOOL));
    ad_file_close(file);
}

static void names_what_does_not_fit(void)
{
    ad_file *file = open_fixture(WEIGHTS "checkpoint.pth");
    float data[6];
    REQUIRE(file);
    CHECK_INT(ad_file_read_named(file, "conv.weigth", AD_F32, ad_shape(6), data, sizeof data),
              AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx),
                   "checkpoint.pth: has no tensor conv.weigth (the nearest is conv.weight)");
    CHECK_INT(ad_file_read_named(file, "conv.weight", AD_F32, ad_shape(6), data, sizeof data),
              AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "tensor conv.weight: has the shape [2, 3, 1, 1], expected [6]");
    CHECK_INT(ad_file_read(file, 0, AD_F32, data, 4), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_file_read(file, 0, AD_DTYPES, data, 0), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_file_read(file, 99, AD_F32, data, sizeof data), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_file_find(file, "nothing"), -1);
    CHECK(!ad_file_at(file, -1) && !ad_file_at(file, 3));
    ad_file_close(file);
}

static void strided_of(const char *path)
{
    ad_file *file = open_fixture(path);
    float expanded[12];
    REQUIRE(file);
    weights_check(file, ctx, "base", AD_F32, ad_shape(4, 6), 20);
    weights_check(file, ctx, "transposed", AD_F32, ad_shape(4, 6), 22);
    weights_check(file, ctx, "channels_last", AD_F32, ad_shape(4, 3, 2, 2), 21);
    weights_check(file, ctx, "every_second", AD_I64, ad_shape(12), 23);
    weights_check(file, ctx, "twin", AD_F32, ad_shape(12),
                  20 + 6 * 37); /* elements 6 to 17 of base */
    CHECK_INT(
        ad_file_read_named(file, "expanded", AD_F32, ad_shape(3, 4), expanded, sizeof expanded),
        AD_OK);
    for (int i = 0; i < 12; ++i) CHECK_NEAR(expanded[i], weights_value(i / 4, 24, AD_F32), 0);
    ad_file_close(file);
}

static void reads_strides_and_shared_storage(void)
{
    strided_of(WEIGHTS "strided.pth");
    strided_of(WEIGHTS "strided_old.pth");
}

static void checkpoint_of(const char *path)
{
    ad_file *file = open_fixture(path);
    REQUIRE(file);
    CHECK_INT(ad_file_count(file), 3);
    weights_check(file, ctx, "conv.weight", AD_F32, ad_shape(2, 3, 1, 1), 30);
    weights_check(file, ctx, "state_dict.module.conv.bias", AD_F32, ad_shape(2),
                  31); /* by its raw name */
    weights_check(file, ctx, "optimizer.state.0.exp_avg", AD_F32, ad_shape(2), 32);
    CHECK_TEXT(ad_file_at(file, 1)->name, "conv.bias");
    CHECK_TEXT(ad_file_at(file, 1)->raw_name, "state_dict.module.conv.bias");
    CHECK_TEXT(ad_file_metadata(file, "epoch"), "7");
    CHECK_TEXT(ad_file_metadata(file, "best"), "0.25");
    CHECK_TEXT(ad_file_metadata(file, "arch"), "small");
    CHECK_TEXT(ad_file_metadata(file, "done"), "true");
    CHECK(!ad_file_metadata(file, "nothing"));
    ad_file_close(file);
}

static void unwraps_checkpoints(void)
{
    checkpoint_of(WEIGHTS "checkpoint.pth");
    checkpoint_of(WEIGHTS "checkpoint_old.pth");
}

static void reads_other_forms(void)
{
    ad_file *file = open_fixture(WEIGHTS "bare.pth");
    REQUIRE(file);
    weights_check(file, ctx, "tensor", AD_F32, ad_shape(2, 2), 40);
    ad_file_close(file);
    file = open_fixture(WEIGHTS "list.pth");
    REQUIRE(file);
    weights_check(file, ctx, "0", AD_F32, ad_shape(2), 41);
    weights_check(file, ctx, "1.0.deep", AD_F32, ad_shape(3), 42);
    ad_file_close(file);
    file = open_fixture(WEIGHTS "parameter.pth");
    REQUIRE(file);
    weights_check(file, ctx, "weight", AD_F32, ad_shape(1, 2), 43);
    ad_file_close(file);
    file = open_fixture(WEIGHTS "attribute.pth");
    REQUIRE(file);
    int32_t wide[3];
    weights_check(file, ctx, "plain", AD_F32, ad_shape(3), 44);
    CHECK_INT(ad_file_read_named(file, "wide", AD_I32, ad_shape(3), wide, sizeof wide), AD_OK);
    CHECK_INT(wide[0], (uint16_t)(int)weights_value(0, 45, AD_I32));
    ad_file_close(file);
    file = open_fixture(WEIGHTS "numpy_scalars.pth");
    REQUIRE(file);
    weights_check(file, ctx, "weight", AD_F32, ad_shape(2), 48);
    CHECK_TEXT(ad_file_metadata(file, "accuracy"), "0.75");
    CHECK_TEXT(ad_file_metadata(file, "small"), "-2.5");
    CHECK_TEXT(ad_file_metadata(file, "count"), "-3");
    CHECK_TEXT(ad_file_metadata(file, "flag"), "true");
    ad_file_close(file);
}

static void lists_what_it_cannot_read(void)
{
    ad_file *file = open_fixture(WEIGHTS "complex.pth");
    double data[2];
    REQUIRE(file);
    weights_check(file, ctx, "real", AD_F32, ad_shape(2), 46);
    int wave = ad_file_find(file, "wave");
    REQUIRE(wave >= 0);
    CHECK_INT(ad_file_at(file, wave)->dtype, AD_DTYPES);
    CHECK_TEXT(ad_file_at(file, wave)->stored, "ComplexFloatStorage");
    CHECK_INT(ad_file_read(file, wave, AD_F64, data, sizeof data), AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx),
                   "complex.pth: tensor wave: its type ComplexFloatStorage cannot be read");
    ad_file_close(file);
}

static void refuses(const char *path, ad_status status, const char *sentence)
{
    ad_file *file;
    CHECK_INT(ad_file_open(&file, ctx, path), status);
    CHECK(!file);
    CHECK_CONTAINS(ad_error(ctx), path);
    CHECK_CONTAINS(ad_error(ctx), sentence);
    ad_file_close(file);
}

static void refuses_code_by_name(void)
{
    const char *what = "the pickle asks for posix.system, which is not a tensor or a container";
    refuses(WEIGHTS "command.pth", AD_ERROR_UNSUPPORTED, what);
    refuses(WEIGHTS "command_old.pth", AD_ERROR_UNSUPPORTED, what);
    refuses(WEIGHTS "nested_code.pth", AD_ERROR_UNSUPPORTED, "asks for __builtin__.eval,");
    refuses(WEIGHTS "network.pth", AD_ERROR_UNSUPPORTED,
            "asks for torch.nn.modules.linear.Linear, which is not a tensor or a container (save "
            "the network's "
            "state_dict");
}

/* Replaces the first `from` in a copy of a fixture (of the same length) and opens that. */
static ad_status open_changed(const char *path, const char *from, const char *to, size_t length)
{
    size_t size = 0;
    unsigned char *bytes = weights_slurp(path, &size);
    ad_status status = AD_ERROR_IO;
    ad_file *file = NULL;
    bool found = false;
    for (size_t i = 0; bytes && !found && i + length <= size; ++i)
        if (!memcmp(bytes + i, from, length)) memcpy(bytes + i, to, length), found = true;
    if (!found)
        CHECK_FAIL("%s does not hold what was to be changed", path);
    else
        status = ad_file_open_memory(&file, ctx, path, bytes, size);
    ad_file_close(file);
    free(bytes);
    return status;
}

static void refuses_lying_storages(void)
{
    /* strided_old.pth: base has 24 elements, in the pickle (BININT1 24) and before its data (an
     * int64) */
    CHECK_INT(
        open_changed(WEIGHTS "strided_old.pth", "\x18\0\0\0\0\0\0\0", "\x17\0\0\0\0\0\0\0", 8),
        AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "has 23 elements, but the pickle says 24");
    CHECK_INT(
        open_changed(WEIGHTS "strided_old.pth", "\x18\0\0\0\0\0\0\0", "\x18\0\0\0\0\0\0\x70", 8),
        AD_ERROR_FORMAT);
    /* the shape [4, 6] of base, made [9, 6]: TUPLE2 after two BININT1 */
    CHECK_INT(open_changed(WEIGHTS "strided_old.pth", "K\4K\6\x86", "K\x09K\6\x86", 5),
              AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx),
                   "tensor base: its shape [9, 6] of FloatStorage reaches beyond its storage");
    /* a stride of 6 made 200 */
    CHECK_INT(open_changed(WEIGHTS "strided_old.pth", "K\6K\1\x86", "K\xc8K\1\x86", 5),
              AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "reaches beyond its storage");
    /* an element type that is twice as wide as the data */
    CHECK_INT(open_changed(WEIGHTS "strided_old.pth", "LongStorage", "ByteStorage", 11),
              AD_ERROR_FORMAT);
    /* not little-endian */
    CHECK_INT(
        open_changed(WEIGHTS "dtypes_old.pth", "little_endianq\2\x88", "little_endianq\2\x89", 16),
        AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx), "big-endian");
}

/* An older file whose object is this pickle, without storages. */
static ad_status open_object(const char *object, size_t size)
{
    static const char start[] = "\x80\x02\x8a\x0al\xfc\x9c"
                                "F\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    char bytes[512];
    size_t head = sizeof start - 1;
    ad_file *file;
    memcpy(bytes, start, head);
    memcpy(bytes + head, object, size);
    memcpy(bytes + head + size, "\x80\x02].", 4);
    ad_error_clear(ctx);
    ad_status status = ad_file_open_memory(&file, ctx, "x.pth", bytes, head + size + 4);
    ad_file_close(file);
    return status;
}

static void is_not_exhausted_by_nesting(void)
{
    char doubled[128] = "\x80\x02N";
    size_t size = 3;
    CHECK_INT(open_object("}.", 2), AD_OK);                 /* nothing in it, and nothing wrong */
    CHECK_INT(open_object("]q\0h\0a.", 7), AD_ERROR_LIMIT); /* a list that holds itself */
    CHECK_CONTAINS(ad_error(ctx), "x.pth: its containers are nested too deeply or too often");
    for (int i = 0; i < 50; ++i)
        doubled[size++] = '2', doubled[size++] = (char)0x86; /* (x, x) of the last */
    doubled[size++] = '.';
    CHECK_INT(open_object(doubled, size), AD_ERROR_LIMIT); /* 2^50 paths */
    /* a storage that the list of storages lacks */
    static const char missing[] =
        "}U\1wctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nFloatStorage\nU\1"
        "0U\3cpuK\1tQK\0K\1\x85K\1\x85tRs.";
    CHECK_INT(open_object(missing, sizeof missing - 1), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "x.pth: tensor w: its storage 0 is missing from the file");
}

static void refuses_damaged_archives(void)
{
    refuses(WEIGHTS "missing_storage.pth", AD_ERROR_FORMAT,
            "tensor state_dict.module.conv.bias: its storage 1 is missing from the file");
    refuses(WEIGHTS "short_storage.pth", AD_ERROR_FORMAT,
            "tensor state_dict.module.conv.bias: its storage 1 should hold 2 elements of 4 bytes, "
            "but has 4 bytes");
    refuses(WEIGHTS "big_endian.pth", AD_ERROR_UNSUPPORTED, "was saved on a big-endian machine");
    refuses(WEIGHTS "twice.pth", AD_ERROR_FORMAT, "tensor a.b: two tensors have this name");
    refuses(WEIGHTS "claims.npz", AD_ERROR_FORMAT,
            "member a.npy claims 3000000000 bytes, more than the archive can");
    refuses(WEIGHTS "neither.zip", AD_ERROR_FORMAT,
            "neither data.pkl (PyTorch) nor .npy members (NumPy)");
    refuses(WEIGHTS "tar.pth", AD_ERROR_FORMAT, "is a tar archive");
    checkpoint_of(WEIGHTS "deflated.pth"); /* which is no damage */
}

static void leaves_no_memory(void)
{
    CHECK_INT(ad_context_memory(ctx), 0);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(NULL);
    int result = check_main(argc, argv,
                            (check_case[]){CASE(reads_every_dtype),
                                           CASE(reads_into_any_dtype),
                                           CASE(names_what_does_not_fit),
                                           CASE(reads_strides_and_shared_storage),
                                           CASE(unwraps_checkpoints),
                                           CASE(reads_other_forms),
                                           CASE(lists_what_it_cannot_read),
                                           CASE(refuses_code_by_name),
                                           CASE(refuses_lying_storages),
                                           CASE(is_not_exhausted_by_nesting),
                                           CASE(refuses_damaged_archives),
                                           CASE(leaves_no_memory),
                                           {0}});
    ad_context_free(ctx);
    return result;
}
