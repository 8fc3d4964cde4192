/* record.c - structs by the names of their members: defaults, texts in and out, ranges, metadata of
 * files that may say anything. */
#include "check.h"

#include <autodidact/record.h>

#include <stdlib.h>
#include <unistd.h>

typedef struct sizes {
    int64_t layers, kv_heads, features;
    double dropout;
    bool skip;
    int kind;
    char *name;
    ad_texts classes;
    ad_reals mean;
} sizes;

static ad_status check_sizes(ad_context *ctx, const char *where, const void *value)
{
    const sizes *s = value;
    if (s->kv_heads <= s->layers) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_ARGUMENT, "%s: more heads than layers", where);
}

static const ad_option rows[] = {
    {"layers", 0, AD_OPTION_INT, AD_AT(sizes, layers), .initial = "4", .min = 1, .max = 99,
     .help = "layers"},
    {"kv-heads", 0, AD_OPTION_INT, AD_AT(sizes, kv_heads), .min = 1, .max = 64, .help = "heads"},
    {"features", 0, AD_OPTION_INT, AD_AT(sizes, features), .derived = true, .min = 1, .max = 1000,
     .help = "features"},
    {"dropout", 0, AD_OPTION_REAL, AD_AT(sizes, dropout), .initial = "0.1", .min = 0, .max = 0.9,
     .help = "dropout"},
    {"skip", 0, AD_OPTION_FLAG, AD_AT(sizes, skip), .help = "skip"},
    {"kind", 0, AD_OPTION_CHOICE, AD_AT(sizes, kind), .initial = "gat", .choices = "gcn|gat|gin",
     .help = "kind"},
    {"name", 0, AD_OPTION_TEXT, AD_AT(sizes, name), .help = "name"},
    {"classes", 0, AD_OPTION_TEXTS, AD_AT(sizes, classes), .derived = true, .help = "classes"},
    {"mean", 0, AD_OPTION_REALS, AD_AT(sizes, mean), .min = -1, .max = 1, .help = "mean"},
    {0},
};
static const ad_record record = {.title = "sizes",
                                 .prefix = "toy.",
                                 .options = rows,
                                 .size = sizeof(sizes),
                                 .check = check_sizes};

static void defaults_and_texts(void)
{
    ad_context *ctx = ad_context_new(NULL);
    static const ad_default other[] = {{"layers", "7"}, {"skip", "yes"}, {0}};
    sizes s, copy;
    char *text;
    CHECK_INT(ad_record_init(&record, ctx, &s, NULL), AD_OK);
    CHECK(s.layers == 4 && s.dropout == 0.1 && s.kind == 1 && !s.skip && !s.name);
    ad_record_free(&record, ctx, &s);
    CHECK_INT(ad_record_init(&record, ctx, &s, other), AD_OK);
    CHECK(s.layers == 7 && s.skip);
    CHECK_INT(ad_record_set(&record, ctx, &s, "kv_heads", "3"), AD_OK);
    CHECK_INT(ad_record_set(&record, ctx, &s, "mean", "0.5,-0.25,1e-1"), AD_OK);
    CHECK_INT(ad_record_set(&record, ctx, &s, "classes", "a,b"), AD_OK);
    CHECK_INT(ad_record_set(&record, ctx, &s, "name", "first"), AD_OK);
    CHECK_INT(ad_record_set(&record, ctx, &s, "name", "second"), AD_OK);
    CHECK(s.kv_heads == 3 && s.mean.count == 3 && s.mean.at[1] == -0.25);
    CHECK_INT(ad_record_copy(&record, ctx, &copy, &s), AD_OK);
    ad_record_free(&record, ctx, &s);
    CHECK_TEXT(copy.name, "second");
    CHECK(copy.classes.count == 2 && !strcmp(copy.classes.at[1], "b"));
    static const char *const want[][2] = {{"layers", "7"},           {"skip", "yes"},
                                          {"kind", "gat"},           {"dropout", "0.1"},
                                          {"mean", "0.5,-0.25,0.1"}, {"classes", "a,b"}};
    for (size_t i = 0; i < sizeof want / sizeof *want; ++i) {
        CHECK_INT(ad_record_get(&record, ctx, &copy, want[i][0], &text), AD_OK);
        CHECK_TEXT(text, want[i][1]);
        ad_record_text_free(ctx, text);
    }
    CHECK_INT(ad_record_set(&record, ctx, &copy, "kv-heads", NULL), AD_OK);
    CHECK_INT(ad_record_get(&record, ctx, &copy, "kv-heads", &text), AD_OK);
    CHECK(!text);
    ad_record_free(&record, ctx, &copy);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void lists_are_copied(void)
{
    ad_context *ctx = ad_context_new(NULL);
    double values[] = {0.1, 1.0 / 3, 5e-324};
    sizes s;
    char *text;
    CHECK_INT(ad_record_init(&record, ctx, &s, NULL), AD_OK);
    CHECK_INT(ad_reals_copy(ctx, &s.mean, values, 3), AD_OK);
    values[1] = 7;
    CHECK(s.mean.count == 3 && s.mean.at[1] == 1.0 / 3);
    CHECK_INT(ad_reals_copy(ctx, &s.mean, s.mean.at, 2), AD_OK); /* of itself */
    CHECK(s.mean.count == 2 && s.mean.at[0] == 0.1);
    CHECK_INT(ad_record_get(&record, ctx, &s, "mean", &text), AD_OK);
    CHECK_INT(ad_reals_copy(ctx, &s.mean, NULL, 0), AD_OK);
    CHECK(!s.mean.count && !s.mean.at);
    CHECK_INT(ad_record_set(&record, ctx, &s, "mean", text), AD_OK);
    CHECK(s.mean.count == 2 && s.mean.at[1] == 1.0 / 3);
    ad_record_text_free(ctx, text);
    ad_record_free(&record, ctx, &s);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void what_is_refused(void)
{
    ad_context *ctx = ad_context_new(NULL);
    sizes s;
    CHECK_INT(ad_record_init(&record, ctx, &s, NULL), AD_OK);
    CHECK_INT(ad_record_set(&record, ctx, &s, "layers", "100"), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "--layers: \"100\" is not a whole number from 1 to 99");
    CHECK_INT(ad_record_set(&record, ctx, &s, "dropout", "nan"), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_record_set(&record, ctx, &s, "kind", "gut"), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "one of gcn, gat, gin");
    CHECK_INT(ad_record_set(&record, ctx, &s, "mean", "0,2"), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_record_set(&record, ctx, &s, "skip", "maybe"), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_record_set(&record, ctx, &s, "layer", "3"), AD_ERROR_NOT_FOUND);
    CHECK_TEXT(ad_error(ctx), "unknown option \"layer\"; did you mean \"layers\"?");
    CHECK_INT(s.layers, 4);
    s.features = 3; /* what the data bring */
    CHECK_INT(ad_record_check(&record, ctx, "here", &s), AD_OK);
    s.layers = 0;
    CHECK_INT(ad_record_check(&record, ctx, "here", &s), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "here: layers is 0, expected a whole number from 1 to 99");
    s.layers = 4, s.dropout = NAN;
    CHECK_INT(ad_record_check(&record, ctx, "here", &s), AD_ERROR_ARGUMENT);
    s.dropout = 0, s.kv_heads = 5;
    CHECK_INT(ad_record_check(&record, ctx, "here", &s), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "here: more heads than layers");
    ad_record_free(&record, ctx, &s);
    ad_context_free(ctx);
}

/* A weights file with this metadata. */
static ad_file *file_with(ad_context *ctx, const char *path, const ad_metadata *rows_, int count)
{
    float one = 1;
    const ad_named_tensor tensor = {"x", {AD_F32, ad_shape(1), &one}};
    ad_file *file = NULL;
    CHECK_INT(ad_safetensors_write(ctx, path, &tensor, 1, rows_, count), AD_OK);
    CHECK_INT(ad_file_open(&file, ctx, path), AD_OK);
    return file;
}

static void through_a_file(void)
{
    ad_context *ctx = ad_context_new(NULL);
    char path[64];
    snprintf(path, sizeof path, "/tmp/ad-record-%d.safetensors", (int)getpid());
    sizes s, again;
    int found;
    ad_metadata_list list = {0};
    CHECK_INT(ad_record_init(&record, ctx, &s, NULL), AD_OK);
    s.features = 12, s.skip = true;
    CHECK_INT(ad_record_set(&record, ctx, &s, "classes", "cat,ch\xe8vre"), AD_OK);
    CHECK_INT(ad_record_describe(&record, ctx, &s, &list), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "toy.classes holds bytes that are not UTF-8: \"ch");
    ad_metadata_free(&list);
    CHECK_INT(ad_record_set(&record, ctx, &s, "classes", "cat \"big\",dog"), AD_OK);
    CHECK_INT(ad_record_set(&record, ctx, &s, "mean", "0.1"), AD_OK);
    CHECK_INT(ad_record_describe(&record, ctx, &s, &list), AD_OK);
    ad_file *file = file_with(ctx, path, list.at, list.count);
    REQUIRE(file);
    CHECK_TEXT(ad_file_metadata(file, "toy.classes"), "[\"cat \\\"big\\\"\",\"dog\"]");
    CHECK(!ad_file_metadata(file, "toy.kv_heads"));
    CHECK_INT(ad_record_init(&record, ctx, &again, NULL), AD_OK);
    CHECK_INT(ad_record_read(&record, ctx, &again, file, &found), AD_OK);
    CHECK_INT(found, list.count);
    CHECK(again.features == 12 && again.skip && again.mean.at[0] == 0.1);
    CHECK(again.classes.count == 2 && !strcmp(again.classes.at[0], "cat \"big\""));
    ad_record_free(&record, ctx, &again);
    ad_file_close(file);
    static const ad_metadata bad[] = {
        {"toy.layers", "1e9"},  {"toy.features", "-3"}, {"toy.kind", "transformer"},
        {"toy.classes", "[1]"}, {"toy.classes", "{"},   {"toy.mean", ""},
        {"toy.skip", "2"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        file = file_with(ctx, path, &bad[i], 1);
        REQUIRE(file);
        CHECK_INT(ad_record_init(&record, ctx, &again, NULL), AD_OK);
        CHECK_INT(ad_record_read(&record, ctx, &again, file, &found), AD_ERROR_FORMAT);
        CHECK_CONTAINS(ad_error(ctx), bad[i].key);
        CHECK_CONTAINS(ad_error(ctx), path);
        ad_record_free(&record, ctx, &again);
        ad_file_close(file);
    }
    unlink(path);
    ad_metadata_free(&list);
    ad_record_free(&record, ctx, &s);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static const check_case cases[] = {CASE(defaults_and_texts),
                                   CASE(lists_are_copied),
                                   CASE(what_is_refused),
                                   CASE(through_a_file),
                                   {0}};
int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
