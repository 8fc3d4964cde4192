/* sharded.c - weights in several files by an index, honest and hostile ones. */
#include "check.h"
#include "folder.h"

#include <autodidact/io.h>
#include <autodidact/nn.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 512 };

static ad_context *ctx;

/* Two tensors [2] called `first` and `second`, of `value` and `value` + 1. */
static void write_shard(const char *name, const char *first, const char *second, float value)
{
    float a[2] = {value, value}, b[2] = {value + 1, value + 1};
    const ad_named_tensor tensors[] = {{first, {AD_F32, {1, {2}}, a}},
                                       {second, {AD_F32, {1, {2}}, b}}};
    const ad_metadata metadata[] = {{"format", "pt"}, {"of", name}};
    if (ad_safetensors_write(ctx, in_folder(name), tensors, 2, metadata, 2))
        CHECK_FAIL("%s", ad_error(ctx));
}

/* The index of that text. */
static ad_status open_index(ad_file **file, const char *text)
{
    write_text("model.index.json", text);
    return ad_file_open(file, ctx, in_folder("model.index.json"));
}

static void refused(const char *text, ad_status want, const char *sentence)
{
    ad_file *file;
    size_t held = ad_context_memory(ctx);
    CHECK_INT(open_index(&file, text), want);
    CHECK(!file);
    ad_file_close(file);
    CHECK_CONTAINS(ad_error(ctx), sentence);
    CHECK_CONTAINS(ad_error(ctx), folder);
    CHECK(ad_context_memory(ctx) == held);
}

#define MAP(rows) "{\"metadata\": {\"total_size\": 32}, \"weight_map\": {" rows "}}"

static void tensors_come_from_their_files(void)
{
    static const char *const names[] = {"b.first", "a.first", "a.second", "b.second"};
    static const float values[] = {5, 1, 2, 6};
    ad_file *file;
    float got[2];
    REQUIRE(
        !open_index(&file, MAP("\"b.first\": \"b.safetensors\", \"a.first\": \"a.safetensors\", "
                               "\"a.second\": \"a.safetensors\", "
                               "\"b.second\": \"b.safetensors\"")));
    CHECK_INT(ad_file_get_format(file), AD_FILE_SHARDED);
    CHECK_INT(ad_file_count(file), 4);
    for (int i = 0; i < 4; ++i) {
        CHECK_TEXT(ad_file_at(file, i)->name, names[i]);
        CHECK_TEXT(ad_file_at(file, i)->stored, "F32");
        CHECK_INT(ad_file_read_named(file, names[i], AD_F32, ad_shape(2), got, sizeof got), AD_OK);
        CHECK_NEAR(got[1], values[i], 0);
    }
    /* of the file that was named first */
    CHECK_INT(ad_file_metadata_count(file), 2);
    CHECK_TEXT(ad_file_metadata(file, "of"), "b.safetensors");
    ad_file_close(file);
}

/* A tensor that the index leaves out is not there, even if a file holds it. */
static void the_index_decides(void)
{
    ad_file *file;
    REQUIRE(!open_index(&file, MAP("\"a.first\": \"a.safetensors\"")));
    CHECK_INT(ad_file_count(file), 1);
    CHECK_INT(ad_file_find(file, "a.second"), -1);
    ad_file_close(file);
    REQUIRE(!open_index(&file, MAP("")));
    CHECK_INT(ad_file_count(file), 0);
    ad_file_close(file);
}

static void it_loads_and_converts(void)
{
    ad_vars *vars = ad_vars_new(ctx, 0);
    char from[PATH_BYTES], to[PATH_BYTES];
    ad_file *file;
    REQUIRE(
        !open_index(&file, MAP("\"a.first\": \"a.safetensors\", \"b.first\": \"b.safetensors\"")));
    ad_variable *a = ad_var(vars, "a.first", ad_shape(2), (ad_var_options){0});
    ad_variable *b = ad_var(vars, "b.first", ad_shape(2), (ad_var_options){0});
    CHECK_INT(ad_vars_load_file(vars, file, (ad_load_options){0}), AD_OK);
    CHECK_NEAR(((const float *)ad_variable_data(vars, a))[0], 1, 0);
    CHECK_NEAR(((const float *)ad_variable_data(vars, b))[0], 5, 0);
    ad_file_close(file);
    ad_vars_free(vars);
    snprintf(from, sizeof from, "%s", in_folder("model.index.json"));
    snprintf(to, sizeof to, "%s", in_folder("whole.safetensors"));
    CHECK_INT(ad_file_convert(ctx, from, to, NULL), AD_OK);
    REQUIRE(!ad_file_open(&file, ctx, to));
    CHECK_INT(ad_file_count(file), 2);
    ad_file_close(file);
}

static void files_lie_beside_the_index(void)
{
    static const char *const names[] = {
        "../a.safetensors",        "/etc/passwd", "sub/a.safetensors", "", ".", "..", ".hidden",
        "a\\u001b[31m.safetensors"};
    char text[256];
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        snprintf(text, sizeof text, MAP("\"a.first\": \"%s\""), names[i]);
        refused(text, AD_ERROR_FORMAT, "is not the name of a file beside it");
        for (const char *c = ad_error(ctx); *c; ++c) CHECK((unsigned char)*c >= ' ');
    }
}

static void what_the_index_says_must_be_so(void)
{
    char name[PATH_BYTES], text[PATH_BYTES + 64];
    refused(MAP("\"a.first\": \"missing.safetensors\""), AD_ERROR_NOT_FOUND, "missing.safetensors");
    refused(MAP("\"a.third\": \"a.safetensors\""), AD_ERROR_FORMAT,
            "tensor a.third: is not in a.safetensors, as the index says");
    refused(MAP("\"a.first\": \"b.safetensors\""), AD_ERROR_FORMAT, "is not in b.safetensors");
    refused(MAP("\"a.first\": \"a.safetensors\", \"a.first\": \"a.safetensors\""), AD_ERROR_FORMAT,
            "two tensors have this name");
    refused(MAP("\"a.first\": 3"), AD_ERROR_FORMAT, "the index does not say its file");
    refused(MAP("\"a.first\": null"), AD_ERROR_FORMAT, "the index does not say its file");
    refused("{\"weight_map\": []}", AD_ERROR_FORMAT, "is not the index of a model");
    refused("{\"model_type\": \"gpt2\"}", AD_ERROR_FORMAT, "it has no weight_map");
    refused("{\"weight_map\": {\"a.first\": \"a.safetensors\"}", AD_ERROR_FORMAT, "at byte");
    refused("{\"weight_map\": {\"a.first\": \"a.safe", AD_ERROR_FORMAT, "at byte");
    refused("{", AD_ERROR_FORMAT, "at byte");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    snprintf(text, sizeof text, MAP("\"a.first\": \"%s\""), name);
    refused(text, AD_ERROR_IO, "xxx");
}

/* An index that leads to itself, to another one, or to what is not safetensors. */
static void a_part_is_safetensors(void)
{
    static const float value[2] = {1, 2};
    const ad_named_tensor tensor = {"a.first", {AD_F32, {1, {2}}, (void *)value}};
    refused(MAP("\"a.first\": \"model.index.json\""), AD_ERROR_FORMAT, "is not safetensors");
    REQUIRE(!ad_npz_write(ctx, in_folder("a.npz"), &tensor, 1));
    refused(MAP("\"a.first\": \"a.npz\""), AD_ERROR_FORMAT, "is not safetensors");
    write_text("empty.safetensors", "");
    refused(MAP("\"a.first\": \"empty.safetensors\""), AD_ERROR_FORMAT, "is not safetensors");
    REQUIRE(!mkdir(in_folder("sub"), 0700) || errno == EEXIST);
    refused(MAP("\"a.first\": \"sub\""), AD_ERROR_IO, "sub");
}

/* A part that is cut short, at every length. */
static void parts_may_be_truncated(void)
{
    char whole[1024];
    FILE *file = fopen(in_folder("a.safetensors"), "rb");
    size_t length = file ? fread(whole, 1, sizeof whole, file) : 0;
    if (file) fclose(file);
    REQUIRE(length > 100 && length < sizeof whole);
    for (size_t cut = 0; cut < length; ++cut) {
        ad_file *opened;
        write_bytes("cut.safetensors", whole, cut);
        CHECK(open_index(&opened, MAP("\"b.first\": \"b.safetensors\", "
                                      "\"a.first\": \"cut.safetensors\"")) != AD_OK);
        CHECK(!opened);
    }
}

static void an_index_in_memory_has_nothing_beside_it(void)
{
    static const char text[] = MAP("\"a.first\": \"a.safetensors\"");
    ad_file *file;
    CHECK_INT(ad_file_open_memory(&file, ctx, "x.json", text, sizeof text - 1),
              AD_ERROR_UNSUPPORTED);
    CHECK(!file);
    CHECK_CONTAINS(ad_error(ctx), "x.json: is JSON in memory");
}

/* Thousands of tensors in one file are found; thousands of files are too many. */
static void thousands_of_names(void)
{
    enum { MANY = 5000, FILES = 1025 };
    static ad_named_tensor tensors[MANY];
    static char names[MANY][24];
    static float value;
    char *text = malloc(80 * MANY), *end = text;
    ad_file *file;
    end += sprintf(end, "{\"weight_map\": {");
    for (int i = 0; i < MANY; ++i) {
        snprintf(names[i], sizeof names[i], "layer.%d.weight", i);
        tensors[i] = (ad_named_tensor){names[i], {AD_F32, {1, {1}}, &value}};
        end += sprintf(end, "%s\"%s\": \"many.safetensors\"", i ? ", " : "", names[i]);
    }
    sprintf(end, "}}");
    REQUIRE(!ad_safetensors_write(ctx, in_folder("many.safetensors"), tensors, MANY, NULL, 0));
    CHECK_INT(open_index(&file, text), AD_OK);
    if (file) CHECK_INT(ad_file_count(file), MANY);
    ad_file_close(file);

    end = text + sprintf(text, "{\"weight_map\": {");
    for (int i = 0; i < FILES; ++i) {
        char name[32];
        const ad_named_tensor tensor = {names[i], {AD_F32, {1, {1}}, &value}};
        snprintf(name, sizeof name, "part-%d.safetensors", i);
        REQUIRE(!ad_safetensors_write(ctx, in_folder(name), &tensor, 1, NULL, 0));
        end += sprintf(end, "%s\"%s\": \"%s\"", i ? ", " : "", names[i], name);
    }
    sprintf(end, "}}");
    refused(text, AD_ERROR_LIMIT, "names more than 1024 files");
    free(text);
}

/* Each request for memory is refused in turn: an error, and nothing is left. */
static int64_t requests, refused_request;

static void *allocate(void *user, size_t bytes)
{
    (void)user;
    return ++requests == refused_request ? NULL : aligned_alloc(64, (bytes + 63) & ~(size_t)63);
}

static void release(void *user, void *memory, size_t bytes)
{
    (void)user, (void)bytes;
    free(memory);
}

static void memory_may_be_refused(void)
{
    ad_context *sparing = ad_context_new(
        &(ad_context_options){.allocator = {allocate, release, NULL}, .threads = 1});
    ad_status status = AD_ERROR_MEMORY;
    ad_file *file;
    int refusals = 0;
    REQUIRE(
        !open_index(&file, MAP("\"b.first\": \"b.safetensors\", \"a.first\": \"a.safetensors\"")));
    ad_file_close(file);
    for (int64_t n = 1; status; ++n) {
        requests = 0;
        refused_request = n;
        status = ad_file_open(&file, sparing, in_folder("model.index.json"));
        refused_request = 0;
        CHECK(status == AD_OK || (status == AD_ERROR_MEMORY && !file));
        refusals += status != AD_OK;
        ad_file_close(file);
        CHECK_INT(ad_context_memory(sparing), 0);
        if (n > 1000) break;
    }
    CHECK(refusals > 10);
    ad_context_free(sparing);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    if (!folder_make()) return 1;
    write_shard("a.safetensors", "a.first", "a.second", 1);
    write_shard("b.safetensors", "b.first", "b.second", 5);
    int failed = check_main(argc, argv,
                            (check_case[]){CASE(tensors_come_from_their_files),
                                           CASE(the_index_decides),
                                           CASE(it_loads_and_converts),
                                           CASE(files_lie_beside_the_index),
                                           CASE(what_the_index_says_must_be_so),
                                           CASE(a_part_is_safetensors),
                                           CASE(parts_may_be_truncated),
                                           CASE(an_index_in_memory_has_nothing_beside_it),
                                           CASE(thousands_of_names),
                                           CASE(memory_may_be_refused),
                                           {0}});
    if (!folder_remove()) failed = 1;
    ad_context_free(ctx);
    return failed;
}
