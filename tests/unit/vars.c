/* vars.c - named variables: names, blocks, first values, loading and saving by name. */
#include "sparing.h"

#include <autodidact/nn.h>
#include <stdint.h>
#include <unistd.h>

static const ad_var_options plain = {.init = {.kind = AD_INIT_NORMAL, .a = 1}};
static char path[64];

static const float *values(ad_vars *vars, const char *name)
{
    return ad_variable_data(vars, ad_var_find(vars, name));
}

/* ---- names and blocks ---- */

static void names(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_variable *a = ad_var(vars, "a.weight", ad_shape(2, 3), plain);
    REQUIRE(a);
    CHECK(ad_var(vars, "a.weight", ad_shape(2, 3), plain) == a);
    CHECK(ad_var_find(vars, "a.weight") == a && !ad_var_find(vars, "a"));
    CHECK_INT(ad_vars_count(vars), 1);
    CHECK_TEXT(ad_variable_name(a), "a.weight");

    CHECK(!ad_var(vars, "a.weight", ad_shape(3, 3), plain));
    CHECK_TEXT(ad_error(ctx), "a.weight is [2, 3], asked for as [3, 3]");
    CHECK(!ad_var(vars, "a.weight", ad_shape(2, 3), (ad_var_options){.dtype = AD_F64}));
    CHECK_TEXT(ad_error(ctx), "a.weight is f32, asked for as f64");
    CHECK(!ad_var(vars, "a.weight", ad_shape(2, 3), (ad_var_options){.buffer = true}));
    CHECK_INT(ad_error_status(ctx), AD_ERROR_ARGUMENT);
    CHECK(!ad_var(vars, "", ad_shape(2), plain));
    CHECK(!ad_var(vars, "b", ad_shape(-2), plain));
    CHECK_INT(ad_error_status(ctx), AD_ERROR_SHAPE);
    CHECK(!ad_var(vars, "b", ad_shape(INT64_MAX / 2), plain));
    CHECK_INT(ad_error_status(ctx), AD_ERROR_MEMORY);
    CHECK(!ad_var(vars, "b", ad_shape(4), (ad_var_options){.init.kind = AD_INIT_KAIMING_UNIFORM}));
    CHECK_CONTAINS(ad_error(ctx), "fan");
    CHECK(!ad_var(vars, "b", ad_shape(4),
                  (ad_var_options){.dtype = AD_I32, .init.kind = AD_INIT_NORMAL}));
    CHECK_INT(ad_vars_count(vars), 1);

    ad_graph *g = ad_graph_new(ctx);
    CHECK(!ad_node_poisoned(ad_param(g, vars, "a.weight", ad_shape(2, 3), plain)));
    CHECK(ad_node_poisoned(ad_param(g, vars, "a.weight", ad_shape(9), plain)));
    CHECK_CONTAINS(ad_graph_error(g), "a.weight is [2, 3], asked for as [9]");
    ad_graph_free(g);
    ad_vars_free(vars);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void blocks(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_variable *a = ad_var(vars, "a", ad_shape(5), plain),
                *m = ad_var(vars, "mean", ad_shape(3), (ad_var_options){.buffer = true});
    ad_variable *d = ad_var(vars, "d", ad_shape(2), (ad_var_options){.dtype = AD_F64});
    ad_variable *b = ad_var(vars, "b", ad_shape(16), plain),
                *c = ad_var(vars, "c", ad_shape(1), plain);
    const char *at = ad_variable_data(vars, a);
    REQUIRE(at);
    CHECK((uintptr_t)at % 64 == 0);
    CHECK_INT((const char *)ad_variable_data(vars, b) - at, 64);
    CHECK_INT((const char *)ad_variable_data(vars, c) - at, 128);
    CHECK((uintptr_t)ad_variable_data(vars, m) % 64 == 0 &&
          (uintptr_t)ad_variable_data(vars, d) % 64 == 0);
    CHECK(ad_variable_is_buffer(m) && !ad_variable_is_buffer(a));

    ad_variable *late = ad_var(vars, "late", ad_shape(4),
                               plain); /* a block of its own; a stays where it is */
    CHECK(ad_variable_data(vars, late) && ad_variable_data(vars, a) == at);
    float five[5] = {1, 2, 3, 4, 5}, got[5];
    CHECK_INT(ad_variable_set(vars, a, five), AD_OK);
    CHECK_INT(ad_variable_get(vars, a, got), AD_OK);
    CHECK(!memcmp(five, got, sizeof got));
    ad_vars_free(vars);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* ---- first values ---- */

static void order_does_not_matter(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *one = ad_vars_new(ctx, 42), *two = ad_vars_new(ctx, 42), *other = ad_vars_new(ctx, 43);
    ad_var(one, "x", ad_shape(10), plain), ad_var(one, "y", ad_shape(7), plain);
    ad_var(two, "z", ad_shape(3), plain), ad_var(two, "y", ad_shape(7), plain);
    CHECK(ad_vars_ready(two) == AD_OK);
    ad_var(two, "x", ad_shape(10), plain);
    ad_var(other, "x", ad_shape(10), plain);
    CHECK(!memcmp(values(one, "x"), values(two, "x"), 40));
    CHECK(!memcmp(values(one, "y"), values(two, "y"), 28));
    CHECK(memcmp(values(one, "x"), values(other, "x"), 40));
    CHECK(memcmp(values(one, "x"), values(one, "y"), 28));
    ad_vars_free(one), ad_vars_free(two), ad_vars_free(other);
    ad_context_free(ctx);
}

typedef struct moments {
    double mean, deviation, least, most;
} moments;

static moments measure(const float *x, int64_t n)
{
    moments m = {0, 0, INFINITY, -INFINITY};
    for (int64_t i = 0; i < n; ++i) {
        m.mean += (double)x[i] / (double)n;
        m.least = fmin(m.least, (double)x[i]);
        m.most = fmax(m.most, (double)x[i]);
    }
    for (int64_t i = 0; i < n; ++i) m.deviation += pow((double)x[i] - m.mean, 2) / (double)n;
    m.deviation = sqrt(m.deviation);
    return m;
}

/* Bounds and deviations as torch.nn.init gives them for the shape in PyTorch's order. */
static void distributions(void)
{
    ad_context *ctx = ad_context_new(NULL);
    static const struct {
        ad_init init;
        ad_file_layout layout;
        double bound, deviation; /* bound 0: a normal distribution */
    } rows[] = {
        {{AD_INIT_UNIFORM, 0.5, 0, 0}, AD_LAYOUT_SAME, 0.5, 0},
        {{AD_INIT_NORMAL, 2, 0, 0}, AD_LAYOUT_SAME, 0, 2},
        {{AD_INIT_KAIMING_UNIFORM, 2.2360679775, 0, 0},
         AD_LAYOUT_CONV,
         0.04811252,
         0}, /* 1 / sqrt(3 * 3 * 48) */
        {{AD_INIT_KAIMING_NORMAL, 0, 0, 0}, AD_LAYOUT_CONV, 0, 0.06804138}, /* sqrt(2 / 432) */
        {{AD_INIT_XAVIER_UNIFORM, 0, 0, 0},
         AD_LAYOUT_CONV,
         0.07715167,
         0}, /* sqrt(6 / (432 + 576)) */
        {{AD_INIT_XAVIER_NORMAL, 2, 0, 0}, AD_LAYOUT_CONV, 0, 0.08908708}, /* 2 sqrt(2 / 1008) */
        {{AD_INIT_KAIMING_UNIFORM, 2.2360679775, 0, 0}, AD_LAYOUT_CONV_TRANSPOSED, 0.04811252, 0},
        {{AD_INIT_KAIMING_UNIFORM, 0, 24, 0}, AD_LAYOUT_SAME, 0.5, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        ad_vars *vars = ad_vars_new(ctx, 5 + i);
        ad_var(vars, "w", ad_shape(3, 3, 48, 64),
               (ad_var_options){.init = rows[i].init, .layout = rows[i].layout});
        moments m = measure(values(vars, "w"), 3 * 3 * 48 * 64);
        double deviation = rows[i].bound != 0 ? rows[i].bound / sqrt(3) : rows[i].deviation;
        CHECK_NEAR(m.mean / deviation, 0, 0.03);
        CHECK_NEAR(m.deviation / deviation, 1, 0.02);
        if (rows[i].bound != 0) {
            CHECK(m.least >= -rows[i].bound && m.most <= rows[i].bound);
            CHECK(m.least < -0.999 * rows[i].bound && m.most > 0.999 * rows[i].bound);
        }
        ad_vars_free(vars);
    }
    ad_context_free(ctx);
}

/* The rows or columns, whichever are fewer, of the matrix [out, everything else]. */
static void orthogonal(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 5);
    ad_var_options options = {.init = {.kind = AD_INIT_ORTHOGONAL, .a = 2}};
    ad_var(vars, "wide", ad_shape(6, 20), options), ad_var(vars, "tall", ad_shape(20, 6), options);
    options.layout = AD_LAYOUT_CONV;
    ad_var(vars, "conv", ad_shape(3, 3, 2, 5), options);
    CHECK_INT(ad_variable_layout(ad_var_find(vars, "conv")), AD_LAYOUT_CONV);
    CHECK_INT(ad_variable_layout(ad_var_find(vars, "tall")), AD_LAYOUT_SAME);
    const float *wide = values(vars, "wide"), *tall = values(vars, "tall"),
                *conv = values(vars, "conv");
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 6; ++j) {
            double w = 0, t = 0, c = 0;
            for (int k = 0; k < 20; ++k) {
                w += (double)wide[i * 20 + k] * (double)wide[j * 20 + k];
                t += (double)tall[k * 6 + i] * (double)tall[k * 6 + j];
            }
            for (int k = 0; k < 18; ++k)
                c += (double)conv[k * 5 + i % 5] * (double)conv[k * 5 + j % 5];
            CHECK_NEAR(w, i == j ? 4 : 0, 1e-5);
            CHECK_NEAR(t, i == j ? 4 : 0, 1e-5);
            CHECK_NEAR(c, i % 5 == j % 5 ? 4 : 0, 1e-5);
        }
    ad_vars_free(vars);
    ad_context_free(ctx);
}

static void constants_and_types(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 5);
    ad_var(vars, "i", ad_shape(300),
           (ad_var_options){.init = {AD_INIT_CONSTANT, 3, 0, 0}, .dtype = AD_I64});
    ad_var(vars, "h", ad_shape(300),
           (ad_var_options){.init = {AD_INIT_CONSTANT, 1.5, 0, 0}, .dtype = AD_BF16});
    ad_var(vars, "d", ad_shape(300),
           (ad_var_options){.init = {AD_INIT_NORMAL, 1, 0, 0}, .dtype = AD_F64});
    ad_var(vars, "none", ad_shape(0, 4), (ad_var_options){.init.kind = AD_INIT_XAVIER_UNIFORM});
    const int64_t *i = ad_variable_data(vars, ad_var_find(vars, "i"));
    const uint16_t *h = ad_variable_data(vars, ad_var_find(vars, "h"));
    const double *d = ad_variable_data(vars, ad_var_find(vars, "d"));
    CHECK(i[0] == 3 && i[299] == 3 && h[0] == 0x3fc0 && h[299] == 0x3fc0 && d[0] != d[299]);
    CHECK(ad_vars_ready(vars) == AD_OK);
    ad_vars_free(vars);
    ad_context_free(ctx);
}

/* ---- files ---- */

/* A small network's variables in every layout, all different. */
static void declare(ad_vars *vars)
{
    ad_var(vars, "fc.weight", ad_shape(4, 3), plain);
    ad_var_options conv = plain;
    conv.layout = AD_LAYOUT_CONV;
    ad_var(vars, "conv.weight", ad_shape(2, 3, 4, 5), conv);
    conv.layout = AD_LAYOUT_CONV_TRANSPOSED;
    ad_var(vars, "up.weight", ad_shape(2, 2, 3, 2), conv);
    ad_var(vars, "bn.running_mean", ad_shape(5),
           (ad_var_options){.buffer = true, .init = plain.init});
}

static bool same_values(ad_vars *a, ad_vars *b)
{
    bool same = true;
    for (int i = 0; i < ad_vars_count(a); ++i) {
        ad_variable *v = ad_vars_at(a, i);
        size_t bytes = (size_t)ad_shape_count(ad_variable_shape(v)) *
                       ad_dtype_size(ad_variable_dtype(v));
        same &= !memcmp(ad_variable_data(a, v),
                        ad_variable_data(b, ad_var_find(b, ad_variable_name(v))), bytes);
    }
    return same;
}

static void round_trip(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *from = ad_vars_new(ctx, 1), *fresh = ad_vars_new(ctx, 2), *used = ad_vars_new(ctx, 3);
    declare(from), declare(fresh), declare(used);
    CHECK(ad_vars_ready(used) == AD_OK);
    const void *place = values(used, "fc.weight");
    CHECK(!same_values(from, used));
    CHECK_INT(ad_vars_save(from, path), AD_OK);
    CHECK_INT(ad_vars_load(fresh, path, (ad_load_options){0}), AD_OK);
    CHECK_INT(ad_vars_load(used, path, (ad_load_options){0}), AD_OK);
    CHECK(same_values(from, fresh) && same_values(from, used));
    CHECK(values(used, "fc.weight") == place); /* programs hold the address */

    /* the file has PyTorch's axis order */
    ad_file *file;
    REQUIRE(ad_file_open(&file, ctx, path) == AD_OK);
    float conv[5 * 4 * 2 * 3], up[2 * 3 * 2 * 2];
    CHECK_INT(
        ad_file_read_named(file, "conv.weight", AD_F32, ad_shape(5, 4, 2, 3), conv, sizeof conv),
        AD_OK);
    CHECK_INT(ad_file_read_named(file, "up.weight", AD_F32, ad_shape(2, 3, 2, 2), up, sizeof up),
              AD_OK);
    const float *ours = values(from, "conv.weight"), *our_up = values(from, "up.weight");
    for (int y = 0; y < 2; ++y)
        for (int x = 0; x < 3; ++x)
            for (int i = 0; i < 4; ++i)
                for (int o = 0; o < 5; ++o)
                    CHECK(conv[((o * 4 + i) * 2 + y) * 3 + x] ==
                          ours[((y * 3 + x) * 4 + i) * 5 + o]);
    for (int k = 0; k < 4; ++k)
        for (int o = 0; o < 3; ++o)
            for (int i = 0; i < 2; ++i)
                CHECK(up[(i * 3 + o) * 4 + k] == our_up[(k * 3 + o) * 2 + i]);
    ad_file_close(file);
    ad_vars_free(from), ad_vars_free(fresh), ad_vars_free(used);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void dtypes_are_converted(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *from = ad_vars_new(ctx, 1), *to = ad_vars_new(ctx, 2);
    ad_var(from, "w", ad_shape(7), (ad_var_options){.dtype = AD_F64, .init = plain.init});
    ad_var(to, "w", ad_shape(7), plain);
    CHECK_INT(ad_vars_save(from, path), AD_OK);
    CHECK_INT(ad_vars_load(to, path, (ad_load_options){0}), AD_OK);
    const double *d = ad_variable_data(from, ad_var_find(from, "w"));
    for (int i = 0; i < 7; ++i) CHECK(values(to, "w")[i] == (float)d[i]);

    ad_vars *integer = ad_vars_new(ctx, 3);
    ad_var(integer, "w", ad_shape(7), (ad_var_options){.dtype = AD_I64});
    CHECK_INT(ad_vars_load(integer, path, (ad_load_options){0}), AD_ERROR_DTYPE);
    CHECK_CONTAINS(ad_error(ctx), "w holds F64, the network expects i64");
    ad_vars_free(from), ad_vars_free(to), ad_vars_free(integer);
    ad_context_free(ctx);
}

/* Loads the file of `declare` into a store that does not fit; nothing may change. */
static void refused(ad_vars *vars, ad_load_options options, ad_status status, const char *sentence)
{
    static float before[4][200];
    ad_context *ctx = ad_vars_context(vars);
    for (int i = 0; i < ad_vars_count(vars); ++i)
        ad_variable_get(vars, ad_vars_at(vars, i), before[i]);
    CHECK_INT(ad_vars_load(vars, path, options), status);
    CHECK_CONTAINS(ad_error(ctx), path);
    CHECK_CONTAINS(ad_error(ctx), sentence);
    for (int i = 0; i < ad_vars_count(vars); ++i) {
        ad_variable *v = ad_vars_at(vars, i);
        CHECK(!memcmp(before[i], ad_variable_data(vars, v),
                      (size_t)ad_shape_count(ad_variable_shape(v)) * 4));
    }
}

static void misfits(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *from = ad_vars_new(ctx, 1), *shape = ad_vars_new(ctx, 2), *more = ad_vars_new(ctx, 3),
            *fewer = ad_vars_new(ctx, 4);
    declare(from);
    CHECK_INT(ad_vars_save(from, path), AD_OK);

    ad_var(shape, "fc.weight", ad_shape(4, 3), plain);
    ad_var_options conv = plain;
    conv.layout = AD_LAYOUT_CONV;
    ad_var(shape, "conv.weight", ad_shape(2, 3, 4, 6), conv);
    ad_var(shape, "bn.running_mean", ad_shape(7), plain);
    refused(shape, (ad_load_options){.allow_unused = true}, AD_ERROR_SHAPE,
            "conv.weight is [5, 4, 2, 3], the network expects [6, 4, 2, 3]; 1 more do not fit");

    ad_var(more, "fc.weight", ad_shape(4, 3), plain);
    ad_var(more, "fc.bias", ad_shape(4), plain);
    refused(more, (ad_load_options){.allow_unused = true}, AD_ERROR_NOT_FOUND,
            "no tensor for fc.bias [4] of the network (4 tensors, the first is ");
    CHECK_INT(
        ad_vars_load(more, path, (ad_load_options){.allow_unused = true, .allow_missing = true}),
        AD_OK);
    CHECK(!memcmp(values(more, "fc.weight"), values(from, "fc.weight"), 48));

    ad_var(fewer, "fc.weight", ad_shape(4, 3), plain);
    refused(fewer, (ad_load_options){0}, AD_ERROR_NOT_FOUND,
            "the network has no conv.weight; 2 more of the file's");
    CHECK(ad_vars_load(fewer, "no such file", (ad_load_options){0}) != AD_OK);
    ad_vars_free(from), ad_vars_free(shape), ad_vars_free(more), ad_vars_free(fewer);
    ad_context_free(ctx);
}

/* What a file lacks keeps its first value, also where the block was not laid out before. */
static void missing_keep_their_values(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *from = ad_vars_new(ctx, 1), *to = ad_vars_new(ctx, 9), *twin = ad_vars_new(ctx, 9);
    ad_var(from, "a", ad_shape(3), plain);
    CHECK_INT(ad_vars_save(from, path), AD_OK);
    ad_var(to, "a", ad_shape(3), plain), ad_var(to, "b", ad_shape(5), plain);
    ad_var(twin, "b", ad_shape(5), plain);
    CHECK_INT(ad_vars_load(to, path, (ad_load_options){.allow_missing = true}), AD_OK);
    CHECK(!memcmp(values(to, "a"), values(from, "a"), 12) &&
          !memcmp(values(to, "b"), values(twin, "b"), 20));
    ad_vars_free(from), ad_vars_free(to), ad_vars_free(twin);
    ad_context_free(ctx);
}

static void prefixes(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *from = ad_vars_new(ctx, 1), *to = ad_vars_new(ctx, 2);
    ad_var(from, "encoder.a", ad_shape(3), plain), ad_var(from, "head", ad_shape(2), plain);
    ad_var(to, "vgg.a", ad_shape(3), plain);
    CHECK_INT(ad_vars_save(from, path), AD_OK);
    ad_load_options options = {.strip = "encoder.", .add = "vgg.", .allow_unused = true};
    CHECK_INT(ad_vars_load(to, path, options), AD_OK);
    CHECK(!memcmp(values(to, "vgg.a"), values(from, "encoder.a"), 12));
    options.allow_unused = false; /* what lacks the prefix is not meant */
    CHECK_INT(ad_vars_load(to, path, options), AD_OK);
    options.strip = NULL, options.add = NULL, options.allow_missing = true;
    CHECK_INT(ad_vars_load(to, path, options), AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "the network has no encoder.a; 1 more");
    ad_vars_free(from), ad_vars_free(to);
    ad_context_free(ctx);
}

static void pytorch_checkpoint(void)
{
    if (!ad_has_component("zip")) return;
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_var_options conv = {.layout = AD_LAYOUT_CONV};
    ad_var(vars, "conv1.weight", ad_shape(3, 3, 1, 8), conv),
        ad_var(vars, "conv1.bias", ad_shape(8), plain);
    CHECK_INT(ad_vars_load(vars, "tests/fixtures/tiny_cnn.pth",
                           (ad_load_options){.strip = "model.", .allow_unused = true}),
              AD_OK);
    ad_file *file;
    float raw[72];
    REQUIRE(ad_file_open(&file, ctx, "tests/fixtures/tiny_cnn.pth") == AD_OK);
    CHECK_INT(ad_file_read_named(file, "model.conv1.weight", AD_F32, ad_shape(8, 1, 3, 3), raw,
                                 sizeof raw),
              AD_OK);
    for (int k = 0; k < 9; ++k)
        for (int o = 0; o < 8; ++o)
            CHECK(values(vars, "conv1.weight")[k * 8 + o] == raw[o * 9 + k]);
    ad_file_close(file);
    ad_vars_free(vars);
    ad_context_free(ctx);
}

/* ---- memory that runs out ---- */

/* Declares, loads, saves; the first failure's status. */
static ad_status work(ad_context *ctx)
{
    ad_vars *vars = ad_vars_new(ctx, 1);
    if (!vars) return AD_ERROR_MEMORY;
    declare(vars);
    ad_var(vars, "orthogonal", ad_shape(4, 4), (ad_var_options){.init.kind = AD_INIT_ORTHOGONAL});
    ad_status status = ad_vars_count(vars) == 5 ? AD_OK : ad_error_status(ctx);
    if (status == AD_OK)
        status = ad_vars_load(vars, path, (ad_load_options){.allow_missing = true});
    if (status == AD_OK) status = ad_vars_ready(vars);
    if (status == AD_OK)
        status = ad_vars_load(vars, path,
                              (ad_load_options){.allow_missing = true, .strip = "", .add = ""});
    if (status == AD_OK) status = ad_vars_save(vars, path);
    ad_vars_free(vars);
    return status;
}

static void every_allocation_fails_once(void)
{
    ad_context *plenty = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(plenty, 1);
    declare(vars);
    CHECK_INT(ad_vars_save(vars, path), AD_OK);
    ad_vars_free(vars);
    ad_context_free(plenty);

    sparing_check(work);
}

int main(int argc, char **argv)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.30s/vars-%ld.safetensors",
             folder && strlen(folder) <= 30 ? folder : "/tmp", (long)getpid());
    int status = check_main(argc, argv,
                            (check_case[]){CASE(names),
                                           CASE(blocks),
                                           CASE(order_does_not_matter),
                                           CASE(distributions),
                                           CASE(orthogonal),
                                           CASE(constants_and_types),
                                           CASE(round_trip),
                                           CASE(dtypes_are_converted),
                                           CASE(misfits),
                                           CASE(missing_keep_their_values),
                                           CASE(prefixes),
                                           CASE(pytorch_checkpoint),
                                           CASE(every_allocation_fails_once),
                                           {0}});
    remove(path);
    return status;
}
