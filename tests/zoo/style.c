/* style.c - what the embedded network makes of pictures drawn here, with the default weights: how
 * large its features are, and that the photo stays in the picture, smooth, from wherever it
 * starts. */
#include "check.h"
#include "context.h"

#include "zoo/style/style.h"

#include <autodidact/program.h>

enum { SIDE = 96, STEPS = 60 };

/* A house and a tree on a meadow below a sky that fades, or (`painting`) bent strokes of four
 * colours. Values of 0 to 255. */
static void draw(style_pixels *to, bool painting)
{
    static const float paint[4][3] = {{40, 60, 140}, {230, 190, 60}, {90, 130, 190}, {30, 40, 50}};
    for (int y = 0; y < SIDE; ++y)
        for (int x = 0; x < SIDE; ++x) {
            float *p = to->data + 3 * (y * SIDE + x);
            bool house = x > 20 && x < 56 && y > 44 && y<76, door = x> 34 && x < 42 && y > 58;
            bool roof = y > 26 && y <= 44 && abs(x - 38) < y - 24;
            bool tree = (x - 76) * (x - 76) + (y - 46) * (y - 46) < 160 ||
                        (abs(x - 76) < 3 && y > 46 && y < 80);
            float sky[3] = {120 + y, 160 + y, 230}, grass[3] = {90, 150 - y / 4.f, 50};
            const float dark[3] = {60, 40, 30}, wall[3] = {235, 220, 190}, red[3] = {170, 60, 40},
                        leaf[3] = {30, 80, 30};
            const float *c = tree            ? leaf
                             : roof          ? red
                             : house && door ? dark
                             : house         ? wall
                             : y > 64        ? grass
                                             : sky;
            double wave = sin(0.35 * x + 2.2 * sin(0.09 * y)) + sin(0.21 * y + 0.05 * x);
            if (painting) c = paint[(int)floor(2 * wave + 8) % 4];
            for (int k = 0; k < 3; ++k)
                p[k] = c[k] + (painting ? (float)(12 * sin(1.3 * x + y)) : 0);
        }
}

typedef struct easel {
    style_settings settings;
    ad_vars *weights;
    style_pixels photo, painting, picture;
    style_targets targets;
} easel;

static bool set_up(easel *e)
{
    ad_file *file = NULL;
    const char *layers[VISION_MAX_LAYERS];
    ad_node *features[VISION_MAX_LAYERS];
    *e = (easel){.settings = {.backbone = VISION_COMPACT,
                              .content_weight = STYLE_CONTENT_WEIGHT,
                              .style_weight = STYLE_STYLE_WEIGHT,
                              .tv_weight = STYLE_TV_WEIGHT,
                              .history = 20}};
    style_default_layers(&e->settings);
    e->weights = ad_vars_new(ctx, 0);
    ad_graph *graph = ad_graph_new(ctx);
    ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, SIDE, SIDE, 3));
    vision_build(e->weights, "", VISION_COMPACT, VISION_MAX, image, layers,
                 vision_layers(VISION_COMPACT, layers), features);
    bool good = !vision_open_embedded(&file, ctx) &&
                !ad_vars_load_file(e->weights, file, (ad_load_options){0});
    ad_file_close(file);
    ad_graph_free(graph);
    good = good && !style_pixels_new(&e->photo, ctx, SIDE, SIDE) &&
           !style_pixels_new(&e->painting, ctx, SIDE, SIDE) &&
           !style_pixels_new(&e->picture, ctx, SIDE, SIDE);
    if (!good) return false;
    draw(&e->photo, false), draw(&e->painting, true);
    return !style_targets_compute(&e->targets, ctx, &e->settings, e->weights, &e->photo,
                                  &e->painting, (double[]){1}, 1);
}

static void take_down(easel *e)
{
    style_targets_free(&e->targets);
    style_pixels_free(&e->photo), style_pixels_free(&e->painting), style_pixels_free(&e->picture);
    ad_vars_free(e->weights);
}

static float shown(const style_pixels *p, int64_t i)
{
    return fminf(fmaxf(p->data[i], 0), 255);
}

static double luminance(const style_pixels *p, int64_t i)
{
    return 0.2126 * shown(p, 3 * i) + 0.7152 * shown(p, 3 * i + 1) + 0.0722 * shown(p, 3 * i + 2);
}

/* Correlation of luminance. */
static double likeness(const style_pixels *a, const style_pixels *b)
{
    double n = SIDE * SIDE, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int64_t i = 0; i < SIDE * SIDE; ++i) {
        double x = luminance(a, i), y = luminance(b, i);
        sa += x, sb += y, saa += x * x, sbb += y * y, sab += x * y;
    }
    return (sab - sa * sb / n) / sqrt((saa - sa * sa / n) * (sbb - sb * sb / n));
}

/* The share of pixels that are further from each of their four neighbours than 40 grey levels, in
 * luminance, and all to one side: specks. */
static double specks(const style_pixels *p)
{
    int count = 0;
    for (int64_t y = 1; y + 1 < SIDE; ++y)
        for (int64_t x = 1; x + 1 < SIDE; ++x) {
            int64_t i = y * SIDE + x, next[] = {i - 1, i + 1, i - SIDE, i + SIDE};
            int above = 0, below = 0;
            for (int k = 0; k < 4; ++k) {
                double d = luminance(p, i) - luminance(p, next[k]);
                above += d > 40, below += d < -40;
            }
            count += above == 4 || below == 4;
        }
    return (double)count / (SIDE * SIDE);
}

static double brightness(const style_pixels *p)
{
    double sum = 0;
    for (int64_t i = 0; i < SIDE * SIDE; ++i) sum += luminance(p, i) / (SIDE * SIDE);
    return sum;
}

static bool go_on(void *user, const style_progress *progress)
{
    (void)user, (void)progress;
    return true;
}

static void paint(easel *e)
{
    style_end end;
    if (style_optimize(ctx, &e->settings, e->weights, &e->targets, &(style_scene){0}, STEPS,
                       &e->picture, go_on, NULL, &end))
        CHECK_FAIL("%s", ad_error(ctx));
}

static void holds(const easel *e, double like)
{
    double likes = likeness(&e->photo, &e->picture), specked = specks(&e->picture);
    double bright = brightness(&e->picture), from = brightness(&e->painting),
           to = brightness(&e->photo);
    if (!(likes > like)) CHECK_FAIL("the picture is like the photo by %.3f", likes);
    if (!(specked < 0.01)) CHECK_FAIL("%.2f %% of the pixels are specks", 100 * specked);
    if (!(bright > fmin(from, to) - 10 && bright < fmax(from, to) + 10))
        CHECK_FAIL("brightness %.1f is not between %.1f and %.1f", bright, from, to);
}

static void from_the_photo(void)
{
    easel e;
    REQUIRE(set_up(&e));
    memcpy(e.picture.data, e.photo.data, e.photo.bytes);
    paint(&e);
    holds(&e, 0.6);
    take_down(&e);
}

static void from_noise(void)
{
    easel e;
    REQUIRE(set_up(&e));
    CHECK(!style_pixels_noise(&e.picture, ctx, 0));
    paint(&e);
    holds(&e, 0.25);
    take_down(&e);
}

static void from_the_painting(void)
{
    easel e;
    REQUIRE(set_up(&e));
    memcpy(e.picture.data, e.painting.data, e.painting.bytes);
    paint(&e);
    holds(&e, 0.2);
    take_down(&e);
}

/* Total variation of pictures down to one pixel, and its slope where all is even. */
static void smoothness(void)
{
    static const int sides[][2] = {{3, 4}, {1, 4}, {3, 1}, {1, 1}};
    enum { MOST = 3 * 4 * 3 };
    style_settings settings = {.backbone = VISION_COMPACT, .tv_weight = 2};
    for (int k = 0; k < 8; ++k) {
        int height = sides[k % 4][0], width = sides[k % 4][1], count = height * width * 3;
        float value[MOST];
        double sum = 0, per_pixel = 2 * 200000. / (height * width);
        for (int i = 0; i < count; ++i) value[i] = k < 4 ? (float)(i * i % 17) : 100;
        for (int i = 0; i < count; ++i) {
            int x = i / 3 % width, y = i / 3 / width;
            double right = x + 1 < width ? value[i + 3] - value[i] : 0;
            double lower = y + 1 < height ? value[i + 3 * width] - value[i] : 0;
            sum += sqrt(right * right + lower * lower + 0.01);
        }
        ad_graph *graph = ad_graph_new(ctx);
        ad_vars *weights = ad_vars_new(ctx, 0);
        ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, height, width, 3));
        style_loss loss = style_loss_build(&settings, weights, image, NULL);
        ad_node *gradient;
        ad_program *program = NULL;
        ad_gradients(loss.total, &image, 1, &gradient);
        CHECK(!ad_compile(&program, ctx, (ad_node *[]){loss.total, gradient}, 2, NULL) &&
              !ad_bind(program, image, value, sizeof *value * (size_t)count) && !ad_run(program));
        if (!program) CHECK_FAIL("%s", ad_error(ctx));
        double got = program ? ad_result_scalar(program, loss.tv) : 0;
        if (!(fabs(got / (per_pixel * sum) - 1) < 1e-5))
            CHECK_FAIL("%d x %d: %g, expected %g", width, height, got, per_pixel * sum);
        const float *slope = program ? ad_result(program, gradient) : NULL;
        for (int i = 0; slope && i < count; ++i) CHECK(k < 4 ? isfinite(slope[i]) : slope[i] == 0);
        ad_program_free(program);
        ad_vars_free(weights);
        ad_graph_free(graph);
    }
}

/* The table of the features' sizes, within what one picture differs from others. */
static void features_are_of_one_size(void)
{
    easel e;
    const char *layers[VISION_MAX_LAYERS];
    ad_node *square[VISION_MAX_LAYERS];
    int count = vision_layers(VISION_COMPACT, layers);
    REQUIRE(set_up(&e));
    ad_graph *graph = ad_graph_new(ctx);
    ad_node *image = ad_constant(graph, AD_F32, ad_shape(1, SIDE, SIDE, 3), e.photo.data);
    ad_program *program = NULL;
    vision_build(e.weights, "", VISION_COMPACT, VISION_MAX, image, layers, count, square);
    for (int i = 0; i < count; ++i) square[i] = ad_mean(ad_square(square[i]), AD_ALL_AXES, false);
    CHECK(!ad_compile(&program, ctx, square, count, NULL) && !ad_run(program));
    for (int i = 0; i < count && !check_failures; ++i) {
        double size = vision_feature_scale(VISION_COMPACT, layers[i]) *
                      sqrt(ad_result_scalar(program, square[i]));
        if (!(size > 20 && size < 40)) CHECK_FAIL("%s has a size of %.1f", layers[i], size);
    }
    ad_program_free(program);
    ad_graph_free(graph);
    take_down(&e);
}

static const check_case cases[] = {CASE(features_are_of_one_size), CASE(smoothness),
                                   CASE(from_the_photo),           CASE(from_noise),
                                   CASE(from_the_painting),        {0}};

int main(int argc, char **argv)
{
    return check_in_context(argc, argv, cases);
}
