/* any_style.c - networks that paint in the manner of any picture against PyTorch's formulae, with
 * weights by a rule; statistics; what is no such network. */
#include "any_style.h"
#include "context.h"

#include "zoo/style/any_net.h"
#include "zoo/style/any_styles.h"
#include "zoo/style/match.h"

#include <autodidact/program.h>

/* ---- files by the rule ---- */

/* Level 1 or 2 with 6 and 8 channels. */
static void write_level(int level)
{
    char name[16], prefix[8];
    rule_file f = {.prefix = prefix};
    snprintf(prefix, sizeof prefix, "SE%d", level);
    rule_conv(&f, "conv0", 3, 3, 1);
    rule_conv(&f, "conv11", 6, 3, 3);
    if (level == 2) rule_conv(&f, "conv12", 6, 6, 3), rule_conv(&f, "conv21", 8, 6, 3);
    snprintf(name, sizeof name, "%s.safetensors", prefix);
    rule_write(&f, ctx, in_folder(name));
    snprintf(prefix, sizeof prefix, "SD%d", level);
    rule_conv(&f, "conv11", 3, 6, 3);
    if (level == 2) rule_conv(&f, "conv12", 6, 6, 3), rule_conv(&f, "conv21", 6, 8, 3);
    snprintf(name, sizeof name, "%s.safetensors", prefix);
    rule_write(&f, ctx, in_folder(name));
}

static void micro_residual(rule_file *f, const char *name)
{
    char path[64];
    for (int i = 1; i <= 2; ++i) {
        snprintf(path, sizeof path, "%s.conv%d.conv_layer", name, i);
        rule_conv(f, path, 64, 64, 3);
    }
}

static void write_micro_encoder(const char *prefix)
{
    char name[64];
    rule_file f = {.prefix = prefix};
    rule_conv(&f, "enc1.0.conv_layer", 16, 3, 9);
    rule_conv(&f, "enc1.2.conv_layer", 32, 1, 3);
    rule_conv(&f, "enc1.4.conv_layer", 32, 32, 1);
    rule_conv(&f, "enc1.6.conv_layer", 64, 1, 3);
    rule_conv(&f, "enc1.8.conv_layer", 64, 64, 1);
    micro_residual(&f, "enc1.10");
    micro_residual(&f, "enc2.0");
    snprintf(name, sizeof name, "micro/%s_encoder.safetensors", prefix);
    rule_write(&f, ctx, in_folder(name));
}

static void write_micro(void)
{
    rule_file f = {.prefix = "decoder"};
    CHECK(!mkdir(in_folder("micro"), 0700));
    write_micro_encoder("content");
    write_micro_encoder("style");
    rule_modulator(ctx, in_folder("micro/modulator.safetensors"));
    micro_residual(&f, "dec1");
    micro_residual(&f, "dec2");
    rule_conv(&f, "dec3.1.conv_layer", 32, 2, 3);
    rule_conv(&f, "dec3.3.conv_layer", 32, 32, 1);
    rule_conv(&f, "dec3.6.conv_layer", 16, 2, 3);
    rule_conv(&f, "dec3.8.conv_layer", 16, 16, 1);
    rule_conv(&f, "dec3.10.conv_layer", 3, 16, 9);
    rule_write(&f, ctx, in_folder("micro/decoder.safetensors"));
}

static void write_own(void)
{
    rule_file f = {.prefix = "own"};
    rule_conv(&f, "decoder.conv41", 8, 128, 3);
    rule_conv(&f, "decoder.conv33", 8, 72, 3);
    rule_conv(&f, "decoder.conv32", 8, 8, 3);
    rule_conv(&f, "decoder.conv31", 4, 8, 3);
    rule_conv(&f, "decoder.conv22", 4, 36, 3);
    rule_conv(&f, "decoder.conv21", 2, 4, 3);
    rule_conv(&f, "decoder.conv12", 2, 2, 3);
    rule_conv(&f, "decoder.conv11", 3, 2, 3);
    rule_write(&f, ctx, in_folder("own.safetensors"));
}

/* ---- against PyTorch ---- */

static void as_pytorch_does(void)
{
    fixture f;
    REQUIRE(folder_make());
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/any_style.safetensors"));
    write_level(1);
    write_level(2);
    const char *const levels[] = {in_folder("SE1.safetensors"), in_folder("SD2.safetensors"),
                                  in_folder("SD1.safetensors"), in_folder("SE2.safetensors")};
    rule_compare(&f, "wct", rule_painted(ctx, levels, 4, (rule_job){0}), 2e-5);
    rule_compare(&f, "wct.mixed",
                 rule_painted(ctx, levels, 4, (rule_job){.mixed = true, .strength = 0.6}), 2e-5);
    rule_compare(&f, "adain",
                 rule_painted(ctx, levels, 4, (rule_job){.transfer = STYLE_TRANSFER_ADAIN}), 2e-5);
    rule_compare(
        &f, "adain.mixed",
        rule_painted(ctx, levels, 4,
                     (rule_job){.transfer = STYLE_TRANSFER_ADAIN, .mixed = true, .strength = 0.6}),
        2e-5);
    write_micro();
    const char *const micro[] = {in_folder("micro")};
    rule_compare(&f, "microast", rule_painted(ctx, micro, 1, (rule_job){0}), 1e-4);
    rule_compare(&f, "microast.mixed",
                 rule_painted(ctx, micro, 1, (rule_job){.mixed = true, .strength = 0.6}), 1e-4);
    write_own();
    const char *const own[] = {in_folder("own.safetensors")};
    rule_compare(&f, "own", rule_painted(ctx, own, 1, (rule_job){0}), 2e-6);
    rule_compare(&f, "own.mixed",
                 rule_painted(ctx, own, 1, (rule_job){.mixed = true, .strength = 0.6}), 2e-6);
    fixture_close(&f);
    CHECK(folder_remove());
}

/* A pair of ONNX files, which is shown squares of 256 pixels. */
static void as_onnxruntime_does(void)
{
    fixture f;
    static const char *const files[] = {"tests/fixtures/any_style/any_transform.onnx",
                                        "tests/fixtures/any_style/any_predict.onnx"};
    if (!ad_has_component("protobuf-c")) return;
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/any_style_onnx.safetensors"));
    const rule_job job = {.height = 256, .width = 256};
    rule_compare(&f, "onnx", rule_painted(ctx, files, 2, job), 2e-5);
    fixture_close(&f);
}

/* ---- statistics ---- */

enum { N = 24 };

/* b^T b of numbers that are in no order: eigenvalues of 0 to some tens. */
static void make_covariance(float *a, int rank)
{
    static double b[N][N];
    for (int i = 0; i < N * N; ++i) {
        uint32_t word = (uint32_t)(i + 1) * 2654435761u;
        word = (word ^ (word >> 15)) * 2246822519u;
        b[i / N][i % N] = i / N < rank ? (double)(word >> 8) * 0x1p-23 - 1 : 0;
    }
    for (int i = 0; i < N; ++i)
        for (int j = 0; j < N; ++j) {
            double sum = 0;
            for (int k = 0; k < N; ++k) sum += b[k][i] * b[k][j];
            a[i * N + j] = (float)sum;
        }
}

static void times(const double *a, const double *b, double *c)
{
    for (int i = 0; i < N; ++i)
        for (int j = 0; j < N; ++j) {
            c[i * N + j] = 0;
            for (int k = 0; k < N; ++k) c[i * N + j] += a[i * N + k] * b[k * N + j];
        }
}

/* root root = a; and inverse root a inverse root is a projection of trace `rank`. */
static void powers_of(int rank)
{
    static float a[N * N];
    static double root[N * N], inverse[N * N], product[N * N], whole[N * N];
    double trace = 0;
    make_covariance(a, rank);
    REQUIRE(!style_symmetric_power(ctx, a, N, 0.5, root));
    REQUIRE(!style_symmetric_power(ctx, a, N, -0.5, inverse));
    times(root, root, product);
    double error = 0;
    for (int i = 0; i < N * N; ++i) error = fmax(error, fabs(product[i] - (double)a[i]));
    CHECK_NEAR(error, 0, 1e-4);
    times(inverse, product, whole);
    times(whole, inverse, product);
    times(product, product, whole);
    error = 0;
    for (int i = 0; i < N * N; ++i) error = fmax(error, fabs(whole[i] - product[i]));
    CHECK_NEAR(error, 0, 1e-3);
    for (int i = 0; i < N; ++i) trace += product[i * N + i];
    CHECK_NEAR(trace, rank, 1e-3);
}

static void powers_of_matrices(void)
{
    powers_of(N);
    powers_of(5);
    powers_of(1);
    powers_of(0);
}

/* A photo like itself stays what it is, as does any with strength 0. */
static void nothing_to_match(void)
{
    static float a[N * N], scale[N * N], shift[N], mean[N];
    style_statistics s = {0};
    make_covariance(a, N);
    for (int i = 0; i < N; ++i) mean[i] = (float)i - 3;
    REQUIRE(!style_statistics_new(&s, ctx, N, true));
    REQUIRE(!style_statistics_add(&s, ctx, mean, a, 1));
    for (int strength = 0; strength <= 1; ++strength) {
        REQUIRE(!style_match(&s, ctx, mean, a, strength, scale, shift));
        double off = 0, moved = 0;
        for (int i = 0; i < N * N; ++i)
            off = fmax(off, fabs((double)scale[i] - (i / N == i % N ? 1 : 0)));
        for (int i = 0; i < N; ++i) moved = fmax(moved, fabs((double)shift[i]));
        CHECK_NEAR(off, 0, 1e-3);
        CHECK_NEAR(moved, 0, 1e-2);
    }
    style_statistics_free(&s);
}

/* The iteration by which it is trained does what the eigenvalues do by which it paints. */
static void trained_as_it_paints(void)
{
    enum { SIDE = 24 };
    static float x[2][SIDE * SIDE * N], scale[N * N], shift[N];
    ad_graph *graph = ad_graph_new(ctx);
    ad_node *in[2], *mean[2], *spread[2], *out[5];
    ad_program *program = NULL;
    style_statistics s = {0};
    for (int k = 0; k < 2; ++k) {
        for (int i = 0; i < SIDE * SIDE * N; ++i)
            x[k][i] = (float)(sin(0.37 * (k + 1) * (i % N + 1) * (i / N)) +
                              sin(0.01 * i * (k + 1)));
        in[k] = ad_input(graph, k ? "like" : "x", AD_F32, ad_shape(1, SIDE, SIDE, N));
        mean[k] = ad_mean(in[k], ad_axes(1, 2), true);
        spread[k] = style_ridge(style_covariance(in[k], mean[k]));
        out[2 * k] = mean[k], out[2 * k + 1] = spread[k];
    }
    out[4] = style_wct(in[0], in[1]);
    REQUIRE(!ad_compile(&program, ctx, out, 5, NULL));
    for (int k = 0; k < 2; ++k) CHECK(!ad_bind(program, in[k], x[k], sizeof x[k]));
    REQUIRE(!ad_run(program));
    REQUIRE(!style_statistics_new(&s, ctx, N, true));
    REQUIRE(!style_statistics_add(&s, ctx, ad_result_at(program, 2), ad_result_at(program, 3), 1));
    REQUIRE(
        !style_match(&s, ctx, ad_result_at(program, 0), ad_result_at(program, 1), 1, scale, shift));
    const float *got = ad_result_at(program, 4);
    double error = 0, size = 0;
    for (int i = 0; i < SIDE * SIDE * N; ++i) {
        double want = (double)shift[i % N];
        for (int c = 0; c < N; ++c)
            want += (double)x[0][i / N * N + c] * (double)scale[c * N + i % N];
        error = fmax(error, fabs((double)got[i] - want)), size = fmax(size, fabs(want));
    }
    CHECK(size > 0.5);
    CHECK_NEAR(error, 0, 1e-3);
    style_statistics_free(&s);
    ad_program_free(program);
    ad_graph_free(graph);
}

/* ---- what it is trained with ---- */

/* Functions of the draws alone, of 0 to 255; of a set of one colour, crops are that or recoloured.
 */
static void styles_follow_from_draws(void)
{
    enum { SIDE = 40, ROWS = 64 };
    static uint8_t rgb[2][60 * 50 * 3];
    static float one[SIDE * SIDE * 3], again[SIDE * SIDE * 3];
    photo photo_of[2];
    int plain = 0;
    for (int k = 0; k < 2; ++k) {
        memset(rgb[k], 50 + 100 * k, sizeof rgb[k]);
        photo_of[k] = (photo){.width = 60, .height = 50, .rgb = rgb[k]};
    }
    const photos paintings = {.photo = &photo_of[0], .count = 1},
                 others = {.photo = &photo_of[1], .count = 1};
    for (uint64_t row = 0; row < ROWS; ++row) {
        const ad_draws draws = {.seed = 3, .position = row};
        double low = 255, high = 0;
        style_any_style(&paintings, &others, &draws, SIDE, one);
        style_any_style(&paintings, &others, &draws, SIDE, again);
        CHECK(!memcmp(one, again, sizeof one));
        for (int i = 0; i < SIDE * SIDE * 3; ++i)
            low = fmin(low, (double)one[i]), high = fmax(high, (double)one[i]);
        CHECK(low >= 0 && high <= 255);
        plain += low == high && (one[0] == 50 || one[0] == 150);
    }
    CHECK(plain > ROWS / 4 && plain < ROWS * 5 / 8); /* 3/8 of them */
}

/* ---- the embedded decoder ---- */

static double distance(const ad_image *a, const ad_image *b)
{
    double sum = 0;
    for (int64_t i = 0; i < a->width * a->height * 3; ++i)
        sum += fabs((double)a->data[i] - (double)b->data[i]);
    return sum / (double)(a->width * a->height * 3);
}

static double mean_of(const ad_image *a, int channel)
{
    double sum = 0;
    for (int64_t i = 0; i < a->width * a->height; ++i) sum += (double)a->data[3 * i + channel];
    return sum / (double)(a->width * a->height);
}

static ad_image *one_colour(int64_t height, int64_t width, float red, float green, float blue)
{
    ad_image *image = NULL;
    must(!ad_image_new(ctx, width, height, 3, &image), "a picture");
    for (int64_t i = 0; i < height * width; ++i)
        image->data[3 * i] = red, image->data[3 * i + 1] = green, image->data[3 * i + 2] = blue;
    return image;
}

static ad_image *paint(const ad_image *content, const ad_image *painting, double strength)
{
    style_any *any = NULL;
    ad_image *out = NULL;
    const style_any_options options = {.style_size = 96};
    must(!style_any_open(&any, ctx, NULL, 0, &options), "the embedded decoder");
    CHECK(!style_any_look(any, painting, "painting", 1));
    must(!style_any_paint(any, content, "photo", strength, &out), "painting");
    style_any_close(any);
    CHECK_INT(out->width, content->width);
    CHECK_INT(out->height, content->height);
    return out;
}

/* Any size, and what has no deviation: all is finite, and of the photo's size. */
static void pictures_of_any_kind(void)
{
    static const int64_t sizes[][2] = {{1, 1}, {1, 70}, {33, 47}, {64, 64}};
    ad_image *paintings[] = {one_colour(1, 1, 0.8f, 0.1f, 0.1f), one_colour(40, 30, 0, 0, 0),
                             rule_picture(ctx, 50, 70, 0.4)};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
        for (int p = 0; p < 3; ++p) {
            ad_image *content = rule_picture(ctx, sizes[i][0], sizes[i][1], 0.2),
                     *out = paint(content, paintings[p], 1);
            ad_image_free(content), ad_image_free(out);
        }
    for (int p = 0; p < 3; ++p) ad_image_free(paintings[p]);
}

/* Colours become the painting's; a strength of 0 leaves the photo recognisable. */
static void does_what_it_is_for(void)
{
    ad_image *content = rule_picture(ctx, 96, 128, 0.1), *red = rule_picture(ctx, 96, 96, 0.3);
    for (int64_t i = 0; i < 96 * 96; ++i)
        red->data[3 * i + 1] *= 0.4f, red->data[3 * i + 2] *= 0.2f;
    ad_image *whole = paint(content, red, 1), *half = paint(content, red, 0.5),
             *none = paint(content, red, 0);
    CHECK(mean_of(whole, 0) > mean_of(whole, 2) + 0.15);
    CHECK(distance(none, content) < 0.15);
    CHECK(distance(none, content) < 0.6 * distance(whole, content));
    CHECK(distance(half, none) < distance(whole, none));
    ad_image_free(whole), ad_image_free(half), ad_image_free(none);
    ad_image_free(content), ad_image_free(red);
}

/* ---- what is no such network ---- */

static void refused(const char *const *paths, int count, const char *sentence)
{
    style_any *any = NULL;
    CHECK(style_any_open(&any, ctx, paths, count, &(style_any_options){.style_size = 64}));
    CHECK(!any);
    CHECK_CONTAINS(ad_error(ctx), sentence);
}
#define REFUSED(sentence, ...)                                                                     \
    refused((const char *const[]){__VA_ARGS__},                                                    \
            (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)), sentence)

static void others_are_refused(void)
{
    char se2[256], sd1[256], se1[256], own[256];
    REQUIRE(folder_make());
    write_level(1), write_level(2), write_own(), write_micro();
    snprintf(se1, sizeof se1, "%s", in_folder("SE1.safetensors"));
    snprintf(se2, sizeof se2, "%s", in_folder("SE2.safetensors"));
    snprintf(sd1, sizeof sd1, "%s", in_folder("SD1.safetensors"));
    snprintf(own, sizeof own, "%s", in_folder("own.safetensors"));
    REFUSED("SE2.safetensors: is the encoder of relu2_1; --weights names no decoder of that level",
            se2, sd1, se1);
    REFUSED("SD1.safetensors: is the decoder of relu1_1; --weights names no encoder", sd1);
    REFUSED("are the same part of a network", se1, sd1, se1);
    REFUSED("are parts of different networks", se1, sd1, own);
    REFUSED("tiny_cnn.pth: is no part of a network that paints in any manner",
            "tests/fixtures/tiny_cnn.pth");
    REFUSED("missing.pth", "missing.pth");
    if (ad_has_component("protobuf-c")) {
        REFUSED("any_predict.onnx: makes numbers of a picture; --weights names no network that "
                "paints by them beside it",
                "tests/fixtures/any_style/any_predict.onnx");
        REFUSED("gemm_9.onnx: is neither a network from a picture",
                "tests/fixtures/onnx/gemm_9.onnx");
    }
    CHECK(!remove(in_folder("micro/modulator.safetensors")));
    REFUSED("--weights names no modulator beside it", in_folder("micro"));
    CHECK(!rename(in_folder("micro/style_encoder.safetensors"), in_folder("micro/se.safetensors")));
    REFUSED("se.safetensors: is an encoder of MicroAST; its name has to say of which",
            in_folder("micro"));
    CHECK(!mkdir(in_folder("empty"), 0700));
    REFUSED("empty: no files of weights in it", in_folder("empty"));
    CHECK(folder_remove());
}

int main(int argc, char **argv)
{
    return check_in_context(argc, argv,
                            (check_case[]){CASE(as_pytorch_does),
                                           CASE(as_onnxruntime_does),
                                           CASE(powers_of_matrices),
                                           CASE(nothing_to_match),
                                           CASE(trained_as_it_paints),
                                           CASE(styles_follow_from_draws),
                                           CASE(pictures_of_any_kind),
                                           CASE(does_what_it_is_for),
                                           CASE(others_are_refused),
                                           {0}});
}
