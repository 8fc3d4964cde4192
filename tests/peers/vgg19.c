/* vgg19.c - style transfer's network, losses and gradient against PyTorch's, with VGG-19 weights
 * that torchvision wrote: from a .pth and from a safetensors file.
 *
 *     python3 tests/oracle/vgg19.py FOLDER && build/peers/vgg19 FOLDER */
#include "check.h"

#include <autodidact/io.h>

#include "zoo/style/style.h"

static const char *folder;
static ad_context *ctx;
static ad_file *expected;

static const style_settings vgg19_settings = {
    .backbone = VISION_VGG19,
    .content_weight = 1e5,
    .style_weight = 3e4,
    .tv_weight = 1,
    .content_layer = "relu4_2",
    .style_layers = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"},
    .style_count = 5,
};

/* An array of expected.npz, or NULL. */
static float *array(const char *name, ad_shape *shape)
{
    int index = ad_file_find(expected, name);
    if (index < 0) return NULL;
    *shape = ad_file_at(expected, index)->shape;
    size_t bytes = (size_t)ad_shape_count(*shape) * sizeof(float);
    float *data = malloc(bytes);
    if (data && ad_file_read(expected, index, AD_F32, data, bytes)) free(data), data = NULL;
    return data;
}

/* The norm of the difference relative to that of what was expected. */
static void compare(const char *name, const float *got, double tolerance)
{
    ad_shape shape;
    float *want = array(name, &shape);
    if (!want || !got) {
        CHECK_FAIL("%s: %s", name, want ? "no result" : "not in expected.npz");
        free(want);
        return;
    }
    double difference = 0, size = 0;
    for (int64_t i = 0; i < ad_shape_count(shape); ++i) {
        difference += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        size += (double)want[i] * want[i];
    }
    double error = sqrt(difference / size);
    printf("  %-18s relative error %.2e\n", name, error);
    if (!(error < tolerance))
        CHECK_FAIL("%s: relative error %.3g, expected less than %g", name, error, tolerance);
    free(want);
}

static style_pixels pixels(const char *name)
{
    ad_shape shape = {0};
    float *data = array(name, &shape);
    return (style_pixels){shape.dim[1], shape.dim[2], data,
                          (size_t)(shape.dim[1] * shape.dim[2] * 3) * sizeof(float)};
}

/* `direct`: without Winograd. With it features are off by some 1e-6, of all units that many fall on
 * the other side of a ReLU or another place wins a pooling window, and each of those changes the
 * gradient by its whole self: the gradient's error is of the order of the square root, whatever the
 * values' precision. */
static void agrees(const char *weights_name, bool direct)
{
    style_settings settings = vgg19_settings;
    settings.compile.direct = direct;
    char path[4096];
    ad_file *file = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, weights_name);
    ad_vars *weights = ad_vars_new(ctx, 0);
    ad_graph *graph = ad_graph_new(ctx);
    style_pixels image = pixels("image"), photo = pixels("photo"), painting = pixels("painting");
    REQUIRE(weights && graph && image.data && photo.data && painting.data);
    REQUIRE(!ad_file_open(&file, ctx, path));

    vision_kind kind;
    REQUIRE(!vision_detect(ctx, file, &kind));
    CHECK_INT(kind, VISION_VGG19);
    ad_node *x = ad_input(graph, "image", AD_F32, ad_shape(1, image.height, image.width, 3)),
            *out[12], *gradient;
    style_loss loss = style_loss_build(&settings, weights, x, NULL);
    vision_build(weights, "", VISION_VGG19, VISION_MAX, x, settings.style_layers, 5, out);
    vision_build(weights, "", VISION_VGG19, VISION_MAX, x, &settings.content_layer, 1, out + 5);
    for (int i = 0; i < 5; ++i) out[6 + i] = style_gram(out[i], NULL);
    ad_gradients(loss.total, &x, 1, &gradient);
    out[11] = gradient;
    if (ad_vars_load_file(weights, file, (ad_load_options){.allow_unused = true}))
        CHECK_FAIL("%s", ad_error(ctx));

    style_targets targets;
    ad_program *program = NULL;
    ad_node *all[16] = {loss.content, loss.style, loss.tv, loss.total};
    for (int i = 0; i < 12; ++i) all[4 + i] = out[i];
    if (style_targets_compute(&targets, ctx, &settings, weights, &photo, &painting, (double[]){1},
                              1) ||
        ad_compile(&program, ctx, all, 16, &settings.compile) ||
        ad_bind(program, x, image.data, image.bytes) || style_targets_bind(&targets, program))
        CHECK_FAIL("%s", ad_error(ctx));
    REQUIRE(program);
    if (ad_run(program)) CHECK_FAIL("%s", ad_error(ctx));
    for (int i = 0; i < 6; ++i) {
        char name[32];
        snprintf(name, sizeof name, "feature.%s",
                 i < 5 ? settings.style_layers[i] : settings.content_layer);
        compare(name, ad_result(program, out[i]), 1e-4);
        snprintf(name, sizeof name, "gram.%s", settings.style_layers[i % 5]);
        if (i < 5) compare(name, ad_result(program, out[6 + i]), 1e-4);
    }
    compare("loss.content", ad_result(program, loss.content), 1e-4);
    compare("loss.style", ad_result(program, loss.style), 1e-4);
    compare("loss.tv", ad_result(program, loss.tv), 1e-4);
    compare("loss", ad_result(program, loss.total), 1e-4);
    compare("gradient", ad_result(program, gradient), direct ? 1e-4 : 2e-3);

    ad_program_free(program);
    style_targets_free(&targets);
    ad_graph_free(graph);
    ad_vars_free(weights);
    ad_file_close(file);
    style_pixels_free(&image);
    style_pixels_free(&photo);
    style_pixels_free(&painting);
}

static void direct_from_pth(void)
{
    agrees("vgg19.pth", true);
}
static void direct_from_safetensors(void)
{
    agrees("vgg19.safetensors", true);
}
static void winograd_from_pth(void)
{
    agrees("vgg19.pth", false);
}

int main(int argc, char **argv)
{
    char path[4096];
    if (argc < 2) return printf("usage: vgg19 FOLDER (see tests/oracle/vgg19.py)\n"), 2;
    folder = argv[1];
    ctx = ad_context_new(NULL);
    snprintf(path, sizeof path, "%s/expected.npz", folder);
    if (!ctx || ad_file_open(&expected, ctx, path))
        return printf("%s\n", ctx ? ad_error(ctx) : "out of memory"), 1;
    int failed = check_main(
        1, argv,
        (check_case[]){
            CASE(direct_from_pth), CASE(direct_from_safetensors), CASE(winograd_from_pth), {0}});
    ad_file_close(expected);
    ad_context_free(ctx);
    return failed;
}
