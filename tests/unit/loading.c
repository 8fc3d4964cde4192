/* loading.c - weights of files that are not quite the network's: what fits, what is left out, what
 * is told about it; and tensors that are saved beside stores. */
#include "sparing.h"

#include <autodidact/nn.h>
#include <unistd.h>

static char path[64];

static ad_vars *network(ad_context *ctx, uint64_t seed, int64_t classes, bool more)
{
    ad_vars *vars = ad_vars_new(ctx, seed);
    const ad_var_options plain = {.init = {.kind = AD_INIT_NORMAL, .a = 1}};
    if (!vars) return NULL;
    ad_var(vars, "body.weight", ad_shape(3, 2), plain);
    ad_var(vars, "body.bias", ad_shape(3), plain);
    ad_var(vars, "head.weight", ad_shape(classes, 3), plain);
    if (more) ad_var(vars, "extra", ad_shape(2), plain);
    return vars;
}

static const float *value(ad_vars *vars, const char *name)
{
    return ad_variable_data(vars, ad_var_find(vars, name));
}

static bool same(ad_vars *a, ad_vars *b, const char *name, int count)
{
    return !memcmp(value(a, name), value(b, name), (size_t)count * sizeof(float));
}

static void what_fits(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *from = network(ctx, 1, 4, false), *to = network(ctx, 2, 5, true),
            *before = network(ctx, 2, 5, true);
    ad_load_report report;
    REQUIRE(!ad_vars_save(from, path));
    CHECK_INT(ad_vars_load(to, path, (ad_load_options){.report = &report}), AD_ERROR_SHAPE);
    CHECK_INT(ad_vars_load(to, path, (ad_load_options){.fitting = true, .report = &report}), AD_OK);
    CHECK(same(to, from, "body.weight", 6) && same(to, from, "body.bias", 3));
    CHECK(same(to, before, "head.weight", 15) && same(to, before, "extra", 2));
    CHECK_INT(report.variables, 4);
    CHECK_INT(report.loaded, 2);
    CHECK_INT(report.missing, 2);
    CHECK_INT(report.unfit, 1);
    CHECK_INT(report.unused, 0);
    CHECK_TEXT(report.missing_names, "head.weight, extra");
    CHECK_TEXT(report.unfit_names, "head.weight is [4, 3], the network expects [5, 3]");
    CHECK_TEXT(report.unused_names, "");
    /* the other way round the file has more than is wanted */
    REQUIRE(!ad_vars_save(before, path));
    CHECK_INT(ad_vars_load(from, path, (ad_load_options){.fitting = true, .report = &report}),
              AD_OK);
    CHECK_INT(report.loaded, 2);
    CHECK_INT(report.unused, 1);
    CHECK_TEXT(report.unused_names, "extra");
    ad_vars_free(from), ad_vars_free(to), ad_vars_free(before);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void nothing_fits(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *to = network(ctx, 2, 5, false), *other = ad_vars_new(ctx, 0);
    ad_var(other, "body.bias", ad_shape(7), (ad_var_options){0});
    REQUIRE(!ad_vars_save(other, path));
    CHECK_INT(ad_vars_load(to, path, (ad_load_options){.fitting = true}), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), path);
    CHECK_CONTAINS(ad_error(ctx), "none of its 1 tensors fits the network; body.bias is [7], the "
                                  "network expects [3]");
    ad_vars_free(other), ad_vars_free(to);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* Integers are not made from floats, neither where only what fits is asked for. */
static void types_that_fit(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *from = ad_vars_new(ctx, 0), *to = ad_vars_new(ctx, 0);
    ad_load_report report;
    int64_t one = 1;
    for (int i = 0; i < 2; ++i) {
        ad_var(i ? to : from, "steps", (ad_shape){0},
               (ad_var_options){.dtype = i ? AD_I64 : AD_F32, .buffer = true});
        ad_var(i ? to : from, "bias", ad_shape(2), (ad_var_options){0});
    }
    CHECK(!ad_variable_set(to, ad_var_find(to, "steps"), &one));
    REQUIRE(!ad_vars_save(from, path));
    CHECK_INT(ad_vars_load(to, path, (ad_load_options){.fitting = true, .report = &report}), AD_OK);
    CHECK_INT(report.loaded, 1);
    CHECK_INT(report.unfit, 1);
    one = 0;
    CHECK(!ad_variable_get(to, ad_var_find(to, "steps"), &one));
    CHECK_INT(one, 1);
    ad_vars_free(from), ad_vars_free(to);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* Many names do not overflow the report, and its numbers stay true. */
static void long_reports(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *from = network(ctx, 1, 4, false), *to = network(ctx, 2, 4, false);
    ad_load_report report;
    char name[64];
    for (int i = 0; i < 50; ++i) {
        snprintf(name, sizeof name, "a-name-of-some-length.%02d.weight", i);
        ad_var(from, name, ad_shape(i < 25 ? 2 : 3), (ad_var_options){0});
        snprintf(name, sizeof name, "%s.%02d.weight", i < 25 ? "a-name-of-some-length" : "other",
                 i);
        ad_var(to, name, ad_shape(3), (ad_var_options){0});
    }
    REQUIRE(!ad_vars_save(from, path));
    CHECK_INT(ad_vars_load(to, path, (ad_load_options){.fitting = true, .report = &report}), AD_OK);
    CHECK_INT(report.variables, 53);
    CHECK_INT(report.loaded, 3);
    CHECK_INT(report.missing, 50);
    CHECK_INT(report.unfit, 25);
    CHECK_INT(report.unused, 25);
    CHECK(strlen(report.missing_names) > 200 && strlen(report.missing_names) < 256);
    CHECK(strlen(report.unfit_names) > 400 && strlen(report.unfit_names) < 512);
    CHECK(strlen(report.unused_names) > 200 && strlen(report.unused_names) < 256);
    ad_vars_free(from), ad_vars_free(to);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* As in a checkpoint: the model by its names, all else under a prefix, tensors without a store. */
static void parts_and_prefixes(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *model = network(ctx, 1, 4, false), *state = network(ctx, 3, 4, false),
            *again = network(ctx, 2, 4, false);
    unsigned char bytes[5] = {1, 2, 3, 4, 250}, read[5];
    int64_t about[3] = {7, -8, 1LL << 60}, numbers[3];
    const ad_named_tensor tensors[] = {{"train.state.counts", {AD_U8, ad_shape(5), bytes}},
                                       {"train.file.ring", {AD_I64, ad_shape(3), about}}};
    const ad_vars_part parts[] = {{.vars = model},
                                  {.vars = state, .prefix = "train.optimizer."},
                                  {.vars = NULL, .prefix = "train.none."},
                                  {.tensors = tensors, .tensor_count = 2}};
    const ad_metadata metadata = {"kind", "toy"};
    ad_load_report report;
    ad_file *file;
    REQUIRE(!ad_vars_save_parts(ctx, path, parts, 4, &metadata, 1));
    REQUIRE(!ad_file_open(&file, ctx, path));
    CHECK_INT(ad_file_count(file), 8);
    CHECK_TEXT(ad_file_metadata(file, "kind"), "toy");
    int at = ad_file_find(file, "train.state.counts");
    REQUIRE(at >= 0);
    CHECK(!ad_file_read(file, at, AD_U8, read, sizeof read) && !memcmp(read, bytes, sizeof read));
    at = ad_file_find(file, "train.file.ring");
    REQUIRE(at >= 0);
    CHECK(!ad_file_read(file, at, AD_I64, numbers, sizeof numbers));
    CHECK(!memcmp(numbers, about, sizeof about));
    /* the model: what is under "train." is none of it, and so not unused either */
    CHECK_INT(ad_vars_load_file(again, file, (ad_load_options){0}), AD_ERROR_NOT_FOUND);
    CHECK_INT(
        ad_vars_load_file(again, file, (ad_load_options){.ignore = "train.", .report = &report}),
        AD_OK);
    CHECK_INT(report.unused, 0);
    CHECK_INT(report.loaded, 3);
    CHECK(same(again, model, "head.weight", 12));
    CHECK_INT(ad_vars_load_file(again, file, (ad_load_options){.strip = "train.optimizer."}),
              AD_OK);
    CHECK(same(again, state, "head.weight", 12));
    /* `ignore` is of names without the prefix that is dropped */
    CHECK_INT(ad_vars_load_file(again, file,
                                (ad_load_options){.strip = "train.",
                                                  .add = "",
                                                  .ignore = "optimizer.",
                                                  .allow_missing = true,
                                                  .report = &report}),
              AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "the network has no train.");
    ad_file_close(file);
    ad_vars_free(model), ad_vars_free(state), ad_vars_free(again);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* A prefix like another's beginning. */
static void twice_the_same_name(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *model = network(ctx, 1, 4, false);
    float one = 1;
    const ad_named_tensor tensor = {"body.bias", {AD_F32, ad_shape(1), &one}};
    const ad_vars_part parts[] = {{.vars = model}, {.tensors = &tensor, .tensor_count = 1}};
    CHECK(ad_vars_save_parts(ctx, path, parts, 2, NULL, 0) != AD_OK);
    CHECK_CONTAINS(ad_error(ctx), "body.bias");
    ad_vars_free(model);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* A network that would be built without layers of its file, and what is no layer. */
static void smaller_than_the_file(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    const ad_load_options options = {.allow_unused = true, .whole = true};
    float x = 1;
    ad_named_tensor file[] = {{"h.0.fc1.weight", {AD_F32, ad_shape(1), &x}},
                              {"h.1.fc1.weight", {AD_F32, ad_shape(1), &x}},
                              {"h.0.mask", {AD_F32, ad_shape(1), &x}}};
    ad_var(vars, "h.0.fc1.weight", ad_shape(1), (ad_var_options){0});
    ad_var(vars, "h.1.fc1.weight", ad_shape(1), (ad_var_options){0});
    REQUIRE(!ad_safetensors_write(ctx, path, file, 3, NULL, 0));
    CHECK_INT(ad_vars_load(vars, path, options), AD_OK);
    file[2].name = "h.12.fc1.weight";
    REQUIRE(!ad_safetensors_write(ctx, path, file, 3, NULL, 0));
    CHECK_INT(ad_vars_load(vars, path, options), AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "the network has no h.12.fc1.weight: it would be built smaller");
    CHECK_INT(ad_vars_load(vars, path, (ad_load_options){.allow_unused = true}), AD_OK);
    CHECK_INT(ad_vars_load(vars, path, (ad_load_options){.whole = true, .fitting = true}), AD_OK);
    ad_vars_free(vars);
    ad_context_free(ctx);
}

/* Whatever a file says, weights that were loaded are finite, and a refused file changes nothing. */
static void weights_that_are_not_finite(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *to = network(ctx, 2, 4, false), *before = network(ctx, 2, 4, false);
    char wanted[160];
    double body[6] = {1, 2, 3, 4, 1e300, 6}; /* which no f32 can hold */
    const ad_named_tensor file[] = {{"body.weight", {AD_F64, ad_shape(3, 2), body}},
                                    {"unused", {AD_F32, ad_shape(1), (float[]){NAN}}}};
    for (int fitting = 0; fitting < 2; ++fitting) {
        const ad_load_options options = {
            .allow_missing = true, .allow_unused = true, .fitting = fitting};
        body[4] = 1e300;
        REQUIRE(!ad_safetensors_write(ctx, path, file, 2, NULL, 0));
        CHECK_INT(ad_vars_load(to, path, options), AD_ERROR_NUMERIC);
        snprintf(wanted, sizeof wanted,
                 "%s: tensor body.weight is not finite: element 4 of 6 is infinite", path);
        CHECK_TEXT(ad_error(ctx), wanted);
        CHECK(same(to, before, "body.weight", 6));
        body[4] = 5;
        REQUIRE(!ad_safetensors_write(ctx, path, file, 2, NULL, 0));
        CHECK_INT(ad_vars_load(to, path, options), AD_OK);
        CHECK_NEAR(value(to, "body.weight")[4], 5, 0);
        REQUIRE(!ad_vars_save(before, path));
        REQUIRE(!ad_vars_load(to, path, (ad_load_options){0}));
    }
    ad_vars_free(to), ad_vars_free(before);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static ad_status poor_loading(ad_context *poor)
{
    ad_load_report report;
    ad_vars *to = network(poor, 2, 5, true);
    ad_status status = to && ad_vars_count(to) == 4 ? AD_OK : AD_ERROR_MEMORY;
    if (!status)
        status = ad_vars_load(to, path, (ad_load_options){.fitting = true, .report = &report});
    if (!status) CHECK_INT(report.loaded, 2);
    ad_vars_free(to);
    return status;
}

static ad_status poor_saving(ad_context *poor)
{
    unsigned char byte = 1;
    const ad_named_tensor tensor = {"train.state.a", {AD_U8, ad_shape(1), &byte}};
    ad_vars *vars = network(poor, 1, 4, true);
    ad_status status = vars && ad_vars_count(vars) == 4 ? AD_OK : AD_ERROR_MEMORY;
    const ad_vars_part parts[] = {{.vars = vars, .prefix = "x."},
                                  {.tensors = &tensor, .tensor_count = 1}};
    if (!status) status = ad_vars_save_parts(poor, path, parts, 2, NULL, 0);
    ad_vars_free(vars);
    return status;
}

static void refused_memory(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *from = network(ctx, 1, 4, false);
    REQUIRE(!ad_vars_save(from, path));
    sparing_check(poor_loading);
    sparing_check(poor_saving);
    ad_vars_free(from);
    ad_context_free(ctx);
}

static const check_case cases[] = {CASE(what_fits),
                                   CASE(nothing_fits),
                                   CASE(types_that_fit),
                                   CASE(long_reports),
                                   CASE(parts_and_prefixes),
                                   CASE(twice_the_same_name),
                                   CASE(smaller_than_the_file),
                                   CASE(weights_that_are_not_finite),
                                   CASE(refused_memory),
                                   {0}};

int main(int argc, char **argv)
{
    snprintf(path, sizeof path, "/tmp/ad-loading-%d.safetensors", (int)getpid());
    int code = check_main(argc, argv, cases);
    unlink(path);
    return code;
}
