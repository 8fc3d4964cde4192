/* llama2c.c - files of llama2.c: told by header and size alone, listed by Hugging Face's names, the
 * rows of queries and keys in Hugging Face's order. */
#include "check.h"

#include <autodidact/io.h>
#include <unistd.h>

static ad_context *ctx;

/* dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size (negative: an output of its own),
 * max_seq_len */
typedef struct sizes {
    int32_t n[7];
} sizes;
static const sizes small = {{8, 6, 2, 2, 1, -5, 3}};

static size_t floats_of(sizes s)
{
    size_t w = (size_t)s.n[0], hidden = (size_t)s.n[1], head = w / (size_t)s.n[3];
    size_t vocab = s.n[5] < 0 ? 2 * (size_t)-s.n[5] : (size_t)s.n[5];
    size_t layer = 2 * w + 2 * w * w + 2 * w * head * (size_t)s.n[4] + 3 * w * hidden;
    return vocab * w + (size_t)s.n[2] * layer + w + (size_t)s.n[6] * head;
}

/* A file whose float number i is i. */
static unsigned char *make(sizes s, size_t *bytes)
{
    size_t count = floats_of(s);
    *bytes = sizeof s.n + count * sizeof(float);
    unsigned char *file = malloc(*bytes);
    memcpy(file, s.n, sizeof s.n);
    for (size_t i = 0; i < count; ++i)
        memcpy(file + sizeof s.n + i * sizeof(float), &(float){(float)i}, sizeof(float));
    return file;
}

/* The value of element [row, column] of a matrix of the file. */
static float at(ad_file *file, const char *name, int64_t row, int64_t column)
{
    float values[512];
    int index = ad_file_find(file, name);
    if (index < 0) {
        CHECK_FAIL("there is no %s", name);
        return -1;
    }
    ad_shape shape = ad_file_at(file, index)->shape;
    size_t bytes = (size_t)ad_shape_count(shape) * sizeof(float);
    if (bytes > sizeof values || ad_file_read(file, index, AD_F32, values, bytes)) return -1;
    return values[row * shape.dim[shape.rank - 1] + column];
}

static void tensors_are_listed_by_published_names(void)
{
    size_t bytes;
    unsigned char *data = make(small, &bytes);
    ad_file *file;
    char text[64];
    REQUIRE(!ad_file_open_memory(&file, ctx, "m.bin", data, bytes));
    CHECK_INT(ad_file_get_format(file), AD_FILE_LLAMA2C);
    CHECK_TEXT(ad_file_format_name(AD_FILE_LLAMA2C), "llama2.c");
    CHECK_INT(ad_file_count(file), 3 + 2 * 9);
    CHECK_TEXT(ad_file_metadata(file, "dim"), "8");
    CHECK_TEXT(ad_file_metadata(file, "hidden_dim"), "6");
    CHECK_TEXT(ad_file_metadata(file, "n_kv_heads"), "1");
    CHECK_TEXT(ad_file_metadata(file, "vocab_size"), "5");
    CHECK_TEXT(ad_file_metadata(file, "max_seq_len"), "3");
    const ad_file_entry *e = ad_file_at(file, ad_file_find(file, "model.layers.1.self_attn.k_proj"
                                                                 ".weight"));
    CHECK_TEXT(ad_shape_text(e->shape, text, sizeof text), "[4, 8]");
    CHECK_INT(e->bytes, 4 * 8 * 4);
    e = ad_file_at(file, ad_file_find(file, "model.norm.weight"));
    CHECK_TEXT(ad_shape_text(e->shape, text, sizeof text), "[8]");
    /* in the file's order: embedding 40, then two norms of 8 */
    CHECK_NEAR(at(file, "model.embed_tokens.weight", 2, 3), 19, 0);
    CHECK_NEAR(at(file, "model.layers.0.input_layernorm.weight", 0, 1), 41, 0);
    CHECK_NEAR(at(file, "model.layers.1.input_layernorm.weight", 0, 0), 48, 0);
    /* queries 2 x 64, keys 2 x 32, values 2 x 32: values are as they lie */
    CHECK_NEAR(at(file, "model.layers.1.self_attn.v_proj.weight", 1, 2), 56 + 128 + 64 + 32 + 10,
               0);
    /* the output is what the file ends with */
    CHECK_NEAR(at(file, "lm_head.weight", 4, 7), (double)floats_of(small) - 1, 0);
    ad_file_close(file);
    free(data);
}

static void rotary_pairs_become_halves(void)
{
    static const int64_t from[8] = {0, 2, 1, 3, 4, 6, 5, 7}; /* two heads of four rows */
    size_t bytes;
    unsigned char *data = make(small, &bytes);
    ad_file *file;
    uint16_t narrow[64];
    REQUIRE(!ad_file_open_memory(&file, ctx, "m.bin", data, bytes));
    for (int64_t row = 0; row < 8; ++row)
        CHECK_NEAR(at(file, "model.layers.0.self_attn.q_proj.weight", row, 5),
                   56 + (double)from[row] * 8 + 5, 0);
    for (int64_t row = 0; row < 4; ++row)
        CHECK_NEAR(at(file, "model.layers.1.self_attn.k_proj.weight", row, 0),
                   56 + 128 + 32 + (double)from[row] * 8, 0);
    CHECK_NEAR(at(file, "model.layers.0.self_attn.o_proj.weight", 1, 0), 56 + 128 + 128 + 8, 0);
    int q = ad_file_find(file, "model.layers.0.self_attn.q_proj.weight");
    CHECK_INT(ad_file_read(file, q, AD_BF16, narrow, sizeof narrow), AD_OK);
    CHECK_INT(narrow[8], 0x4290); /* 72, which starts row 2 of the file */
    CHECK_INT(ad_file_read(file, q, AD_F32, narrow, sizeof narrow), AD_ERROR_ARGUMENT);
    ad_file_close(file);
    free(data);
}

static void tied_models_have_no_output(void)
{
    sizes s = small;
    size_t bytes;
    ad_file *file;
    s.n[5] = 5;
    unsigned char *data = make(s, &bytes);
    REQUIRE(!ad_file_open_memory(&file, ctx, "m.bin", data, bytes));
    CHECK_INT(ad_file_find(file, "lm_head.weight"), -1);
    CHECK_TEXT(ad_file_metadata(file, "vocab_size"), "5");
    ad_file_close(file);
    free(data);
}

static void a_matrix_of_one_row_is_a_matrix(void)
{
    static const sizes least = {{2, 1, 1, 1, 1, -1, 1}};
    static const char *const names[] = {"model.embed_tokens.weight", "lm_head.weight",
                                        "model.layers.0.mlp.gate_proj.weight",
                                        "model.layers.0.mlp.up_proj.weight"};
    size_t bytes;
    unsigned char *data = make(least, &bytes);
    ad_file *file;
    char text[64];
    REQUIRE(!ad_file_open_memory(&file, ctx, "m.bin", data, bytes));
    for (int i = 0; i < 4; ++i) {
        const ad_file_entry *e = ad_file_at(file, ad_file_find(file, names[i]));
        CHECK_TEXT(ad_shape_text(e->shape, text, sizeof text), "[1, 2]");
    }
    const ad_file_entry *e = ad_file_at(file, ad_file_find(file, "model.norm.weight"));
    CHECK_TEXT(ad_shape_text(e->shape, text, sizeof text), "[2]");
    ad_file_close(file);
    free(data);
}

/* 640 begins with the bytes that a pickle begins with, and 123 layers with what looks like JSON. */
static void numbers_may_look_like_a_magic(void)
{
    static const sizes models[] = {{{640, 1, 1, 1, 1, 1, 1}}, {{2, 1, 123, 1, 1, 1, 1}}};
    for (int i = 0; i < 2; ++i) {
        size_t bytes;
        unsigned char *data = make(models[i], &bytes);
        ad_file *file;
        CHECK_INT(ad_file_open_memory(&file, ctx, "m.bin", data, bytes), AD_OK);
        if (file) CHECK_INT(ad_file_get_format(file), AD_FILE_LLAMA2C);
        ad_file_close(file);
        free(data);
    }
}

static void refused(const unsigned char *data, size_t bytes)
{
    ad_file *file;
    CHECK_INT(ad_file_open_memory(&file, ctx, "m.bin", data, bytes), AD_ERROR_FORMAT);
    CHECK(!file);
    CHECK_CONTAINS(ad_error(ctx), "m.bin: ");
}

static void header_and_size_must_agree(void)
{
    static const int32_t wrong[] = {0, -1, 7, INT32_MIN, INT32_MAX, 1 << 20};
    size_t bytes;
    unsigned char *data = make(small, &bytes);
    refused(data, bytes - 1);
    refused(data, bytes - 4);
    refused(data, 28);
    refused(data, 27);
    for (int i = 0; i < 7; ++i)
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; ++k) {
            sizes s = small;
            s.n[i] = wrong[k];
            memcpy(data, s.n, sizeof s.n);
            refused(data, bytes);
        }
    free(data);
}

/* ---- versions 1 and 2 ---- */

enum { HEADER = 256, GROUP = 4, SEQUENCE = 6 /* has no tensor */ };

/* Number i of the vectors is i, and so is number i of the matrices, or, in version 2, i % 100 - 50
 * with a scale of 1/2 in even groups and 2 in odd ones. */
static unsigned char *make_versioned(int32_t version, bool own_output, size_t *bytes)
{
    const sizes s = {{8, 6, 2, 2, 1, 5, 3}};
    const size_t vectors = 2 * 2 * 8 + 8, table = 5 * 8, layer = 2 * 64 + 2 * 32 + 3 * 48;
    size_t matrices = table * (own_output ? 2 : 1) + 2 * layer;
    *bytes = HEADER + 4 * vectors + (version == 2 ? matrices + matrices / GROUP * 4 : 4 * matrices);
    unsigned char *file = calloc(1, *bytes), *at = file + HEADER;
    memcpy(file, "24ka", 4);
    memcpy(file + 4, &version, 4);
    memcpy(file + 8, s.n, sizeof s.n);
    file[36] = !own_output;
    memcpy(file + 37, &(int32_t){version == 2 ? GROUP : 0}, 4);
    for (size_t i = 0; i < vectors; ++i, at += 4) memcpy(at, &(float){(float)i}, 4);
    if (version == 1)
        for (size_t i = 0; i < matrices; ++i, at += 4) memcpy(at, &(float){(float)i}, 4);
    const size_t parts[] = {table, 64, 64, 32, 32, 32, 32, 64, 64, 48, 48, 48, 48, 48, 48, table};
    for (size_t k = 0, i = 0; version == 2 && k < 15U + own_output; ++k) {
        for (size_t end = i + parts[k]; i < end; ++i) *at++ = (unsigned char)((int)i % 100 - 50);
        for (size_t group = 0; group < parts[k] / GROUP; ++group, at += 4)
            memcpy(at, &(float){group % 2 ? 2 : 0.5f}, 4);
    }
    return file;
}

/* Each is at its place in the file: the tensor, an element of it, and its number there. */
static void check_places(ad_file *file, int version, bool own_output)
{
    static const struct {
        const char *name;
        int64_t row, column;
        int first, number;
    } places[] = {{"model.embed_tokens.weight", 2, 3, 0, 19},
                  {"model.layers.0.self_attn.q_proj.weight", 1, 5, 40, 2 * 8 + 5},
                  {"model.layers.1.self_attn.q_proj.weight", 2, 0, 104, 8},
                  {"model.layers.0.self_attn.k_proj.weight", 1, 0, 168, 16},
                  {"model.layers.1.self_attn.v_proj.weight", 1, 2, 264, 10},
                  {"model.layers.0.self_attn.o_proj.weight", 1, 0, 296, 8},
                  {"model.layers.1.mlp.down_proj.weight", 7, 5, 568, 47},
                  {"model.layers.1.mlp.up_proj.weight", 5, 7, 664, 47},
                  {"lm_head.weight", 4, 7, 712, 39}};
    CHECK_NEAR(at(file, "model.layers.1.input_layernorm.weight", 0, 1), 9, 0);
    CHECK_NEAR(at(file, "model.layers.0.post_attention_layernorm.weight", 0, 0), 16, 0);
    CHECK_NEAR(at(file, "model.norm.weight", 0, 7), 39, 0);
    for (size_t i = 0; i < 8 + (size_t)own_output; ++i) {
        int stored = places[i].first + places[i].number;
        double scale = places[i].number / GROUP % 2 ? 2 : 0.5;
        CHECK_NEAR(at(file, places[i].name, places[i].row, places[i].column),
                   version == 1 ? stored : (stored % 100 - 50) * scale, 0);
    }
}

static void later_versions_have_a_header(void)
{
    for (int k = 0; k < 4; ++k) {
        size_t bytes;
        int version = 1 + k / 2;
        unsigned char *data = make_versioned(version, k % 2, &bytes);
        ad_file *file;
        if (ad_file_open_memory(&file, ctx, "m.bin", data, bytes)) CHECK_FAIL("%s", ad_error(ctx));
        if (file) {
            CHECK_INT(ad_file_get_format(file), AD_FILE_LLAMA2C);
            CHECK_INT(ad_file_count(file), 20 + k % 2);
            CHECK_TEXT(ad_file_metadata(file, "vocab_size"), "5");
            CHECK_INT(ad_file_at(file, ad_file_find(file, "model.embed_tokens.weight"))->bytes,
                      version == 1 ? 160 : 40 + 40);
            check_places(file, version, k % 2);
        }
        ad_file_close(file);
        free(data);
    }
}

static void later_versions_are_checked(void)
{
    static const int32_t wrong[] = {0, -1, 7, INT32_MIN, INT32_MAX, 1 << 20, 3};
    for (int version = 1; version <= 2; ++version) {
        size_t bytes;
        unsigned char *data = make_versioned(version, false, &bytes);
        refused(data, bytes - 1);
        CHECK_CONTAINS(ad_error(ctx), "but the sizes in its header ask for");
        refused(data, HEADER);
        refused(data, HEADER - 1);
        CHECK_CONTAINS(ad_error(ctx), "ends within the header");
        for (int field = -1; field < 8; ++field) /* the version, the sizes, the group */
            for (size_t k = 0; k < sizeof wrong / sizeof *wrong; ++k) {
                unsigned char *at = data + (field == 7 ? 37 : 8 + 4 * field), before[4];
                memcpy(before, at, 4);
                if (!memcmp(before, &wrong[k], 4) || (field == 7 && version == 1)) continue;
                if (field == SEQUENCE && wrong[k] > 0 && wrong[k] <= 1 << 20) continue;
                memcpy(at, &wrong[k], 4);
                ad_file *file;
                CHECK(ad_file_open_memory(&file, ctx, "m.bin", data, bytes) && !file);
                CHECK_CONTAINS(ad_error(ctx), field < 0 ? "expected 1 or 2" : "m.bin: ");
                memcpy(at, before, 4);
            }
        free(data);
    }
}

static void it_converts_to_safetensors(void)
{
    char from[] = "/tmp/autodidact-llama2c-XXXXXX", to[64];
    size_t bytes;
    unsigned char *data = make(small, &bytes);
    ad_file *file;
    int descriptor = mkstemp(from);
    REQUIRE(descriptor >= 0 && write(descriptor, data, bytes) == (ssize_t)bytes);
    close(descriptor);
    snprintf(to, sizeof to, "%s.safetensors", from);
    CHECK_INT(ad_file_convert(ctx, from, to, NULL), AD_OK);
    REQUIRE(!ad_file_open(&file, ctx, to));
    CHECK_INT(ad_file_count(file), 21);
    CHECK_NEAR(at(file, "model.layers.0.self_attn.q_proj.weight", 1, 0), 56 + 16, 0);
    ad_file_close(file);
    unlink(from);
    unlink(to);
    free(data);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int failed = check_main(argc, argv,
                            (check_case[]){CASE(tensors_are_listed_by_published_names),
                                           CASE(rotary_pairs_become_halves),
                                           CASE(tied_models_have_no_output),
                                           CASE(a_matrix_of_one_row_is_a_matrix),
                                           CASE(numbers_may_look_like_a_magic),
                                           CASE(header_and_size_must_agree),
                                           CASE(later_versions_have_a_header),
                                           CASE(later_versions_are_checked),
                                           CASE(it_converts_to_safetensors),
                                           {0}});
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
    return failed || check_failures;
}
