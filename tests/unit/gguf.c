/* gguf.c - files of llama.cpp: every type to the bit as its Python package has it, published names
 * and orders, and files that lie about themselves. */
#include "fixture.h"

#include "context.h"
#include "folder.h"
#include "sparing.h"

#include "io/blocks.h"

#include <autodidact/io.h>

#define FIXTURES "tests/fixtures/gguf/"

/* ---- files made here ---- */

enum { F32 = 0, F16 = 1, Q4_0 = 2, Q8_0 = 8, Q4_K = 12 };  /* of tensors */
enum { U32 = 4, REAL = 6, TEXT = 8, ARRAY = 9, U64 = 10 }; /* of values */

static struct {
    unsigned char bytes[1 << 16];
    size_t size;
} made;

static void put(const void *bytes, size_t size)
{
    memcpy(made.bytes + made.size, bytes, size);
    made.size += size;
}

static void put_u32(uint32_t n)
{
    put(&n, 4);
}

static void put_u64(uint64_t n)
{
    put(&n, 8);
}

static void put_text(const char *text)
{
    put_u64(strlen(text));
    put(text, strlen(text));
}

static void begin(uint32_t version, uint64_t tensors, uint64_t values)
{
    made.size = 0;
    put("GGUF", 4), put_u32(version), put_u64(tensors), put_u64(values);
}

static void put_count(const char *key, uint32_t value)
{
    put_text(key), put_u32(U32), put_u32(value);
}

static void put_tensor(const char *name, int rank, const uint64_t *dims, uint32_t type,
                       uint64_t offset)
{
    put_text(name), put_u32((uint32_t)rank);
    for (int i = 0; i < rank; ++i) put_u64(dims[i]);
    put_u32(type), put_u64(offset);
}

static void align(size_t to)
{
    while (made.size % to) put("", 1);
}

static ad_status open_made(ad_file **file)
{
    /* exactly as large as the file, so that a sanitizer sees what reads beyond it */
    static unsigned char *copy;
    free(copy);
    copy = malloc(made.size ? made.size : 1);
    memcpy(copy, made.bytes, made.size);
    return ad_file_open_memory(file, ctx, "m.gguf", copy, made.size);
}

static void refused(const char *sentence)
{
    ad_file *file;
    CHECK(open_made(&file) != AD_OK);
    CHECK_CONTAINS(ad_error(ctx), "m.gguf: ");
    CHECK_CONTAINS(ad_error(ctx), sentence);
    ad_file_close(file);
}

/* ---- cases ---- */

static void types_are_read_to_the_bit(void)
{
    fixture expected, types;
    REQUIRE(fixture_open(&expected, ctx, FIXTURES "types.npz"));
    REQUIRE(fixture_open(&types, ctx, FIXTURES "types.gguf"));
    CHECK_INT(ad_file_get_format(types.file), AD_FILE_GGUF);
    CHECK_INT(ad_file_count(expected.file), 9);
    for (int i = 0; i < ad_file_count(expected.file); ++i) {
        const char *name = ad_file_at(expected.file, i)->name;
        float values[3 * 256];
        ad_tensor want = fixture_get(&expected, "%s", name);
        ad_status status = ad_file_read_named(types.file, name, AD_F32, ad_shape(3, 256), values,
                                              sizeof values);
        if (status) CHECK_FAIL("%s", ad_error(ctx));
        if (memcmp(values, want.data, sizeof values)) CHECK_FAIL("%s differs", name);
        CHECK_TEXT(ad_file_at(types.file, ad_file_find(types.file, name))->stored, name);
    }
    fixture_close(&expected), fixture_close(&types);
}

static void types_that_are_not_read_are_named(void)
{
    ad_file *file;
    float values[256];
    REQUIRE(!ad_file_open(&file, ctx, FIXTURES "types.gguf"));
    int index = ad_file_find(file, "Q4_K");
    REQUIRE(index >= 0);
    CHECK_INT(ad_file_at(file, index)->dtype, AD_DTYPES);
    CHECK_INT(ad_file_read(file, index, AD_F32, values, sizeof values), AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx), "types.gguf: tensor Q4_K: its type Q4_K cannot be read");
    ad_file_close(file);
}

static void q8_0_is_packed_as_ggml_packs_it(void)
{
    ad_file *file;
    float values[3 * 256], again[3 * 256];
    unsigned char packed[3 * 8 * 34];
    REQUIRE(!ad_file_open(&file, ctx, FIXTURES "types.gguf"));
    CHECK(!ad_file_read_named(file, "F32", AD_F32, ad_shape(3, 256), values, sizeof values));
    ad_blocks_pack(&ad_block_q8_0, values, 3 * 256, packed);
    ad_blocks_unpack(&ad_block_q8_0, packed, 3 * 256, again);
    CHECK(!ad_file_read_named(file, "Q8_0", AD_F32, ad_shape(3, 256), values, sizeof values));
    CHECK(!memcmp(values, again, sizeof values));
    ad_file_close(file);
}

/* Against the file that the GGUF was made of. */
static void same_as_published(const char *gguf, const char *published, const char *left_out)
{
    fixture ours, theirs;
    REQUIRE(fixture_open(&ours, ctx, gguf));
    REQUIRE(fixture_open(&theirs, ctx, published));
    int compared = 0;
    for (int i = 0; i < ad_file_count(theirs.file); ++i) {
        const ad_file_entry *e = ad_file_at(theirs.file, i);
        if (left_out && !strcmp(e->name, left_out)) continue;
        ad_tensor a = fixture_get(&ours, "%s", e->name), b = fixture_get(&theirs, "%s", e->name);
        if (!a.data || !b.data) continue;
        CHECK(ad_shape_equal(a.shape, b.shape));
        CHECK_INT(a.dtype, b.dtype);
        if (memcmp(a.data, b.data, ad_shape_bytes(a.shape, a.dtype)))
            CHECK_FAIL("%s differs", e->name);
        ++compared;
    }
    CHECK_INT(compared, ad_file_count(ours.file));
    fixture_close(&ours), fixture_close(&theirs);
}

static void models_have_their_published_names_and_orders(void)
{
    same_as_published(FIXTURES "gpt2_tiny.gguf", "tests/fixtures/gpt2_tiny/model.safetensors",
                      "lm_head.weight");
    same_as_published(FIXTURES "llama_tiny.gguf", "tests/fixtures/llama_tiny/pytorch_model.bin",
                      NULL);
}

static void both_names_find_a_tensor(void)
{
    ad_file *file;
    REQUIRE(!ad_file_open(&file, ctx, FIXTURES "llama_tiny.gguf"));
    int index = ad_file_find(file, "model.layers.1.self_attn.k_proj.weight");
    REQUIRE(index >= 0);
    CHECK_INT(ad_file_find(file, "blk.1.attn_k.weight"), index);
    CHECK_TEXT(ad_file_at(file, index)->raw_name, "blk.1.attn_k.weight");
    CHECK_TEXT(ad_file_metadata(file, "llama.block_count"), "2");
    CHECK_TEXT(ad_file_metadata(file, "llama.rope.freq_base"), "5000");
    CHECK_TEXT(ad_file_metadata(file, "llama.attention.layer_norm_rms_epsilon"), "1e-06");
    CHECK_TEXT(ad_file_metadata(file, "general.architecture"), "llama");
    ad_file_close(file);
}

/* The published form, written as GGUF and read again, is what it was; the bytes of a model are
 * those of llama.cpp's own conversion. */
static void written_and_read_again(const char *published, const char *fixture_path,
                                   const ad_gguf_model *model, const char *left_out)
{
    fixture ours, theirs;
    REQUIRE(folder_make());
    if (ad_file_convert(ctx, published, in_folder("m.gguf"),
                        &(ad_file_convert_options){.gguf = model}))
        CHECK_FAIL("%s", ad_error(ctx));
    REQUIRE(fixture_open(&ours, ctx, in_folder("m.gguf")));
    REQUIRE(fixture_open(&theirs, ctx, fixture_path));
    for (int i = 0; i < ad_file_count(ours.file); ++i) {
        const ad_file_entry *e = ad_file_at(ours.file, i);
        if (left_out && !strcmp(e->name, left_out)) continue;
        ad_tensor want = fixture_get(&theirs, "%s", e->name);
        float a[8192], b[8192];
        size_t bytes = (size_t)ad_shape_count(e->shape) * sizeof *a;
        REQUIRE(bytes <= sizeof a);
        CHECK_TEXT(e->raw_name,
                   ad_file_at(theirs.file, ad_file_find(theirs.file, e->name))->raw_name);
        CHECK(!ad_file_read(ours.file, i, AD_F32, a, bytes));
        ad_convert(b, AD_F32, want.data, want.dtype, ad_shape_count(want.shape));
        if (memcmp(a, b, bytes)) CHECK_FAIL("%s differs", e->name);
        CHECK_TEXT(e->stored, e->shape.rank == 1 || strstr(e->name, "wpe") ? "F32" : "F16");
    }
    fixture_close(&ours), fixture_close(&theirs);
    CHECK(folder_remove());
}

static void models_are_written_as_llama_cpp_has_them(void)
{
    ad_gguf_values *values = ad_gguf_values_new(ctx);
    ad_gguf_model gpt2 = {.architecture = "gpt2", .values = values};
    ad_gguf_put_text(values, "general.architecture", "gpt2");
    written_and_read_again("tests/fixtures/gpt2_tiny/model.safetensors", FIXTURES "gpt2_tiny.gguf",
                           &gpt2, "lm_head.weight");
    ad_gguf_values_free(values);
    values = ad_gguf_values_new(ctx);
    ad_gguf_model llama = {.architecture = "llama", .heads = 6, .kv_heads = 2, .values = values};
    ad_gguf_put_text(values, "general.architecture", "llama");
    ad_gguf_put_count(values, "llama.attention.head_count", 6);
    ad_gguf_put_count(values, "llama.attention.head_count_kv", 2);
    written_and_read_again("tests/fixtures/llama_tiny/pytorch_model.bin",
                           FIXTURES "llama_tiny.gguf", &llama, NULL);
    ad_gguf_values_free(values);
}

/* What llama.cpp does not know keeps its names and its metadata, in GGUF as in npz. */
static void any_network_goes_there_and_back(void)
{
    static const char *const names[] = {"n.gguf", "n.npz"};
    const float values[24] = {1, 2, 3, -4.5F};
    const int64_t step = 7;
    const ad_named_tensor tensors[] = {
        {"conv.weight", {AD_F32, ad_shape(2, 3, 2, 2), (void *)values}},
        {"step", {AD_I64, {0}, (void *)&step}}};
    const ad_metadata metadata[] = {{"system", "classify"}, {"classes", "[\"a\",\"\\u00e9\\n\"]"}};
    REQUIRE(folder_make());
    for (int i = 0; i < 2; ++i) {
        ad_file *file;
        float read[24];
        int64_t step_read;
        if (ad_file_write(ctx, in_folder(names[i]), tensors, 2, metadata, 2))
            CHECK_FAIL("%s", ad_error(ctx));
        REQUIRE(!ad_file_open(&file, ctx, in_folder(names[i])));
        CHECK_INT(ad_file_count(file), 2);
        CHECK_TEXT(ad_file_metadata(file, "system"), "classify");
        CHECK_TEXT(ad_file_metadata(file, "classes"), metadata[1].value);
        CHECK(!ad_file_read_named(file, "conv.weight", AD_F32, ad_shape(2, 3, 2, 2), read,
                                  sizeof read));
        CHECK(!memcmp(read, values, sizeof read));
        CHECK(!ad_file_read_named(file, "step", AD_I64, (ad_shape){0}, &step_read, 8));
        CHECK_INT(step_read, 7);
        ad_file_close(file);
    }
    CHECK(folder_remove());
}

static void what_gguf_cannot_hold_is_refused(void)
{
    const float huge[32] = {1e9F}, nan[32] = {NAN};
    const unsigned char byte = 1;
    ad_file_convert_options q8_0 = {.q8_0 = true};
    REQUIRE(folder_make());
    ad_named_tensor bytes = {"b", {AD_U8, ad_shape(1), (void *)&byte}};
    CHECK(ad_file_write(ctx, in_folder("b.gguf"), &bytes, 1, NULL, 0) == AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx), "tensor b is u8, which GGUF does not have");
    for (int i = 0; i < 2; ++i) {
        ad_named_tensor t = {"w", {AD_F32, ad_shape(1, 32), (void *)(i ? nan : huge)}};
        CHECK(!ad_file_write(ctx, in_folder("w.npz"), &t, 1, NULL, 0));
        CHECK(ad_file_convert(ctx, in_folder("w.npz"), in_folder("w.gguf"), &q8_0) ==
              AD_ERROR_NUMERIC);
        CHECK_CONTAINS(ad_error(ctx), i ? "w holds nan, which q8_0 cannot" : "w holds 1e+09");
    }
    CHECK(ad_file_convert(ctx, in_folder("w.npz"), in_folder("w.safetensors"), &q8_0) ==
          AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "only .gguf holds q8_0");
    CHECK(access(in_folder("w.gguf"), F_OK));
    CHECK(folder_remove());
}

/* A small one is good, and stays so with another alignment and in version 2. */
static void small_files(void)
{
    static const float data[6] = {1, 2, 3, 4, 5, 6};
    for (uint32_t version = 2; version <= 3; ++version) {
        ad_file *file;
        float values[6];
        begin(version, 1, 3);
        put_count("general.alignment", 64);
        put_text("list"), put_u32(ARRAY), put_u32(U32), put_u64(2), put_u32(1), put_u32(2);
        put_text("a.text"), put_u32(TEXT), put_text("words");
        put_tensor("w", 2, (uint64_t[]){3, 2}, F32, 0);
        align(64);
        put(data, sizeof data);
        if (open_made(&file)) CHECK_FAIL("%s", ad_error(ctx));
        REQUIRE(file);
        CHECK(!ad_file_read_named(file, "w", AD_F32, ad_shape(2, 3), values, sizeof values));
        CHECK(!memcmp(values, data, sizeof data));
        CHECK_TEXT(ad_file_metadata(file, "a.text"), "words");
        CHECK(!ad_file_metadata(file, "list"));
        ad_file_close(file);
    }
}

static void every_cut_is_noticed(void)
{
    ad_file *file;
    static const float data[6] = {0};
    begin(3, 1, 2);
    put_count("n", 1);
    put_text("a.text"), put_u32(TEXT), put_text("words");
    put_tensor("w", 2, (uint64_t[]){3, 2}, F32, 0);
    align(32);
    put(data, sizeof data);
    size_t whole = made.size;
    for (made.size = 4; made.size < whole; ++made.size) {
        if (!open_made(&file)) CHECK_FAIL("%zu of %zu bytes are taken", made.size, whole);
        ad_file_close(file);
    }
    CHECK(!open_made(&file));
    ad_file_close(file);
}

static void one_tensor(int rank, const uint64_t *dims, uint32_t type, uint64_t offset, size_t bytes)
{
    static const unsigned char zeros[4096];
    begin(3, 1, 0);
    put_tensor("w", rank, dims, type, offset);
    align(32);
    put(zeros, bytes);
}

static void lies(void)
{
    const uint64_t huge = (uint64_t)1 << 62;
    begin(1, 0, 0), refused("is GGUF version 1; versions 2 and 3 are read");
    begin(0x03000000, 0, 0), refused("big-endian");
    begin(3, huge, 0), refused("counts 4611686018427387904 tensors");
    begin(3, 0, huge), refused("4611686018427387904 values");
    begin(3, 0, 1), put_u64(huge), refused("value 0 of its metadata");
    begin(3, 0, 1), put_text("k"), put_u32(99), put_u32(0), refused("value 0 of its metadata");
    begin(3, 0, 1), put_text("k"), put_u32(ARRAY), put_u32(U64), put_u64(huge), put_u64(0);
    refused("value 0 of its metadata");
    begin(3, 0, 1), put_text("k"), put_u32(ARRAY), put_u32(ARRAY), put_u64(huge);
    refused("value 0 of its metadata");
    begin(3, 0, 1), put_count("general.alignment", 0), refused("expected a power of two");
    begin(3, 0, 1), put_count("general.alignment", 24), refused("expected a power of two");
    one_tensor(5, (uint64_t[]){1, 1, 1, 1, 1}, F32, 0, 4), refused("more than 4 axes");
    one_tensor(2, (uint64_t[]){huge, 8}, F32, 0, 32), refused("too large");
    one_tensor(1, (uint64_t[]){huge}, F32, 0, 32), refused("tensor w: ");
    one_tensor(1, (uint64_t[]){8}, F32, 64, 32), refused("end beyond the end of the file");
    one_tensor(1, (uint64_t[]){8}, F32, huge, 32), refused("end beyond the end of the file");
    one_tensor(1, (uint64_t[]){8}, F32, 4, 64), refused("not a multiple of the alignment");
    one_tensor(1, (uint64_t[]){33}, Q8_0, 0, 68), refused("not whole blocks of 32 (Q8_0)");
    one_tensor(2, (uint64_t[]){16, 4}, Q4_0, 0, 68), refused("not whole blocks of 32 (Q4_0)");
    one_tensor(1, (uint64_t[]){64}, Q8_0, 0, 67), refused("end beyond the end of the file");
    one_tensor(1, (uint64_t[]){0}, Q8_0, 0, 0); /* nothing is no lie */
    ad_file *file;
    CHECK(!open_made(&file));
    ad_file_close(file);
}

static void tensors_lie_apart(void)
{
    static const unsigned char zeros[64];
    for (int second = 0; second < 2; ++second) {
        begin(3, 2, 0);
        put_tensor("a", 1, (uint64_t[]){16}, F32, 0);
        put_tensor(second ? "b" : "a", 1, (uint64_t[]){8}, F32, 32);
        align(32);
        put(zeros, 64);
        refused(second ? "tensor b: begins within the bytes of a" : "tensor a: begins within");
    }
    begin(3, 2, 0);
    put_tensor("a", 1, (uint64_t[]){8}, F32, 0);
    put_tensor("a", 1, (uint64_t[]){8}, F32, 32);
    align(32);
    put(zeros, 64);
    refused("tensor a: two tensors have this name");
}

static void heads_that_do_not_fit(void)
{
    static const unsigned char zeros[256];
    for (uint32_t heads = 0; heads <= 4; heads += 2) { /* of 6 rows: none, 3 each, no number */
        begin(3, 1, 2);
        put_text("general.architecture"), put_u32(TEXT), put_text("llama");
        put_count("llama.attention.head_count", heads);
        put_tensor("blk.0.attn_q.weight", 2, (uint64_t[]){4, 6}, F32, 0);
        align(32);
        put(zeros, 96);
        refused("tensor blk.0.attn_q.weight: its shape does not fit the number of heads");
    }
    begin(3, 1, 2); /* no rows, of more columns than twice can be counted */
    put_text("general.architecture"), put_u32(TEXT), put_text("llama");
    put_count("llama.attention.head_count", 2);
    put_tensor("blk.0.attn_q.weight", 2, (uint64_t[]){INT64_MAX / 2 + 9, 0}, F32, 0);
    align(32);
    refused("tensor blk.0.attn_q.weight: its shape does not fit the number of heads");
}

/* ---- refused memory ---- */

static ad_status read_all_types(ad_context *poor)
{
    ad_file *file;
    float values[3 * 256];
    ad_status status = ad_file_open(&file, poor, FIXTURES "types.gguf");
    for (int i = 0; !status && i < 9; ++i)
        status = ad_file_read(file, i, AD_F32, values, sizeof values);
    ad_file_close(file);
    return status;
}

static ad_status write_and_read(ad_context *poor)
{
    static const char *const to[] = {"s.gguf", "s.npz", "t.npz"};
    ad_gguf_values *values = ad_gguf_values_new(poor);
    ad_gguf_model model = {.architecture = "llama", .heads = 6, .kv_heads = 2, .values = values};
    ad_status status = values ? AD_OK : AD_ERROR_MEMORY;
    if (values) ad_gguf_put_text(values, "general.architecture", "llama");
    for (int i = 0; i < 3 && !status; ++i) {
        ad_file_convert_options options = {.gguf = i ? NULL : &model, .prefix = i ? "p." : NULL};
        status = ad_file_convert(poor, i == 2 ? in_folder("s.npz") : FIXTURES "llama_tiny.gguf",
                                 in_folder(to[i]), &options);
    }
    ad_gguf_values_free(values);
    return status;
}

static void refused_memory_is_told(void)
{
    sparing_check(read_all_types);
    REQUIRE(folder_make());
    sparing_check(write_and_read);
    CHECK(folder_remove());
}

static const check_case cases[] = {CASE(types_are_read_to_the_bit),
                                   CASE(types_that_are_not_read_are_named),
                                   CASE(q8_0_is_packed_as_ggml_packs_it),
                                   CASE(models_have_their_published_names_and_orders),
                                   CASE(both_names_find_a_tensor),
                                   CASE(models_are_written_as_llama_cpp_has_them),
                                   CASE(any_network_goes_there_and_back),
                                   CASE(what_gguf_cannot_hold_is_refused),
                                   CASE(small_files),
                                   CASE(every_cut_is_noticed),
                                   CASE(lies),
                                   CASE(tensors_lie_apart),
                                   CASE(refused_memory_is_told),
                                   CASE(heads_that_do_not_fit),
                                   {0}};

int main(int argc, char **argv)
{
    return check_in_context(argc, argv, cases);
}
