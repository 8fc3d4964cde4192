/* dream.c - gradients, blurs and steps of DeepDream against PyTorch's; the same gradient from tiles
 * as from the whole picture; sizes, warps, guides and masks. */
#include "fixture.h"
#include "context.h"

#include "zoo/dream/dream.h"

#include <math.h>

enum { HEIGHT = 48, WIDTH = 56 };

static bool open_network(dream_settings *s)
{
    const char *layers[VISION_MAX_LAYERS];
    ad_node *features[VISION_MAX_LAYERS];
    ad_file *file = NULL;
    *s = (dream_settings){.net = {.form = {.kind = VISION_COMPACT}, .pooling = VISION_AVERAGE},
                          .layer = {"relu3_1", "conv4_2"},
                          .weight = {1, 0.5},
                          .layers = 2,
                          .channel = -1,
                          .levels = 2,
                          .ratio = 1.5,
                          .steps = 3,
                          .lr = 0.09,
                          .smoothing = 0.5,
                          .details = true};
    s->weights = ad_vars_new(ctx, 0);
    ad_graph *graph = ad_graph_new(ctx);
    ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, 64, 64, 3));
    vision_build(s->weights, "", VISION_COMPACT, VISION_AVERAGE, image, layers,
                 vision_layers(VISION_COMPACT, layers), features);
    bool good = !vision_open_embedded(&file, ctx) &&
                !ad_vars_load_file(s->weights, file, (ad_load_options){0});
    ad_file_close(file);
    ad_graph_free(graph);
    return good;
}

/* As the oracle has it. */
static ad_image *picture(int64_t height, int64_t width)
{
    ad_image *image = NULL;
    if (ad_image_new(ctx, width, height, 3, &image)) return NULL;
    for (int64_t i = 0; i < height * width * 3; ++i) {
        double x = (double)(i / 3 % width), y = (double)(i / 3 / width), c = (double)(i % 3);
        image->data[i] = (float)(0.5 + 0.3 * sin(0.2 * (c + 1) * x + 0.13 * y * (3 - c)));
    }
    return image;
}

/* The largest difference, as a share of the largest value. */
static double apart(const float *a, const float *b, int64_t n)
{
    double most = 0, scale = 0;
    for (int64_t i = 0; i < n; ++i) {
        most = fmax(most, fabs((double)a[i] - b[i]));
        scale = fmax(scale, fabs((double)b[i]));
    }
    return most / scale;
}

static bool go_on(void *user, const dream_progress *progress)
{
    int64_t *left = user;
    (void)progress;
    return !left || --*left > 0;
}

static void as_pytorch_does(void)
{
    fixture f;
    dream_settings s;
    dream_gradient *gradient = NULL;
    dream_blur *blur = NULL;
    ad_image *x = picture(HEIGHT, WIDTH), *g = picture(HEIGHT, WIDTH);
    double objective;
    int64_t n = HEIGHT * WIDTH * 3;
    REQUIRE(x && g && open_network(&s));
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/dream.safetensors"));
    dream_normalise(x);
    REQUIRE(!dream_gradient_new(&gradient, &s, ctx, WIDTH, HEIGHT));
    REQUIRE(!dream_gradient_of(gradient, x, g, &objective));
    CHECK_NEAR(objective, ((const float *)fixture_get(&f, "objective").data)[0], 1e-5 * objective);
    CHECK(apart(g->data, fixture_get(&f, "gradient").data, n) < 1e-4);
    REQUIRE(!dream_blur_new(&blur, ctx, WIDTH, HEIGHT));
    REQUIRE(!dream_blur_apply(blur, 2.0 / 3 + 0.5, g));
    CHECK(apart(g->data, fixture_get(&f, "blurred").data, n) < 1e-4);
    dream_progress progress = {0};
    uint64_t draw = 0;
    bool stopped = false;
    REQUIRE(!dream_ascend(&s, ctx, x, NULL, &progress, &draw, go_on, NULL, &stopped));
    dream_show(x);
    CHECK(apart(x->data, fixture_get(&f, "result").data, n) < 1e-3);
    dream_blur_free(blur), dream_gradient_free(gradient);
    ad_image_free(x), ad_image_free(g), ad_vars_free(s.weights);
    fixture_close(&f);
}

/* Every pixel, also where tiles meet. */
static void tiles_have_no_seams(void)
{
    enum { H = 301, W = 413 };
    static const char *const layers[] = {"relu2_2", "relu3_1", "relu4_1"};
    for (size_t k = 0; k < sizeof layers / sizeof *layers; ++k) {
        dream_settings s;
        dream_gradient *whole = NULL, *tiled = NULL;
        ad_image *x = picture(H, W), *a = picture(H, W), *b = picture(H, W);
        double one, other;
        REQUIRE(x && a && b && open_network(&s));
        s.layer[0] = layers[k], s.layers = 1;
        dream_normalise(x);
        REQUIRE(!dream_gradient_new(&whole, &s, ctx, W, H));
        CHECK_INT(dream_gradient_tiles(whole), 1);
        REQUIRE(!dream_gradient_of(whole, x, a, &one));
        s.tile = 280;
        REQUIRE(!dream_gradient_new(&tiled, &s, ctx, W, H));
        CHECK(dream_gradient_tiles(tiled) >= 4);
        REQUIRE(!dream_gradient_of(tiled, x, b, &other));
        /* the means are over a tile's activations, a picture's are more */
        double share = 0, squares = 0;
        for (int64_t i = 0; i < H * W * 3; ++i)
            share += (double)a->data[i] * b->data[i], squares += (double)b->data[i] * b->data[i];
        for (int64_t i = 0; i < H * W * 3; ++i) b->data[i] *= (float)(share / squares);
        CHECK(share / squares < 1);
        CHECK(apart(b->data, a->data, H * W * 3) < 1e-4);
        dream_gradient_free(whole), dream_gradient_free(tiled);
        ad_image_free(x), ad_image_free(a), ad_image_free(b), ad_vars_free(s.weights);
    }
}

static void tiles_that_are_too_small(void)
{
    dream_settings s;
    dream_gradient *gradient = NULL;
    REQUIRE(open_network(&s));
    s.tile = 64;
    CHECK_INT(dream_gradient_new(&gradient, &s, ctx, 500, 500), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "--tile 64: with these layers a pixel's gradient depends on ");
    CHECK(!gradient);
    ad_vars_free(s.weights);
}

static void reaches(void)
{
    static const struct {
        const char *layer;
        int64_t pixels, stride;
    } cases[] = {{"conv1_1", 1, 1}, {"relu1_2", 2, 1}, {"conv2_1", 5, 2}, {"conv3_1", 12, 4}};
    dream_settings s;
    dream_reach reach;
    REQUIRE(open_network(&s));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        s.layer[0] = cases[i].layer, s.layers = 1;
        if (dream_find_reach(&s, ctx, &reach)) CHECK_TEXT(ad_error(ctx), "");
        CHECK_INT(reach.stride, cases[i].stride);
        CHECK_INT(reach.pixels, cases[i].pixels);
    }
    ad_vars_free(s.weights);
}

static void objectives(void)
{
    dream_settings s;
    ad_image *x = picture(HEIGHT, WIDTH), *guide = picture(40, 64), *out = NULL;
    uint64_t draw = 0;
    bool stopped = false;
    REQUIRE(x && guide && open_network(&s));
    s.layers = 1, s.levels = 1, s.steps = 8;
    double before[3], after[3];
    for (int kind = 0; kind < 3; ++kind) { /* all of a layer, a channel, a guide */
        s.channel = kind == 1 ? 5 : -1, s.guide = kind == 2 ? guide : NULL;
        dream_gradient *gradient = NULL;
        ad_image *g = picture(HEIGHT, WIDTH), *moved = picture(HEIGHT, WIDTH);
        REQUIRE(g && moved && !dream_gradient_new(&gradient, &s, ctx, WIDTH, HEIGHT));
        dream_normalise(moved);
        REQUIRE(!dream_gradient_of(gradient, moved, g, &before[kind]));
        REQUIRE(!dream_picture(&s, ctx, x, NULL, &draw, go_on, NULL, &stopped, &out));
        dream_normalise(out);
        REQUIRE(!dream_gradient_of(gradient, out, g, &after[kind]));
        CHECK(after[kind] > before[kind]);
        dream_gradient_free(gradient);
        ad_image_free(g), ad_image_free(moved), ad_image_free(out);
    }
    ad_image_free(x), ad_image_free(guide), ad_vars_free(s.weights);
}

static void masks_and_stops(void)
{
    dream_settings s;
    ad_image *x = picture(96, 96), *mask = NULL, *out = NULL;
    uint64_t draw = 0;
    bool stopped = false;
    REQUIRE(x && open_network(&s) && !ad_image_new(ctx, 96, 96, 1, &mask));
    for (int64_t i = 0; i < 96 * 96; ++i) mask->data[i] = i % 96 >= 48;
    REQUIRE(!dream_picture(&s, ctx, x, mask, &draw, go_on, NULL, &stopped, &out));
    double inside = 0, outside = 0;
    for (int64_t i = 0; i < 96 * 96 * 3; ++i) {
        double d = fabs((double)out->data[i] - x->data[i]);
        if (i / 3 % 96 < 40) outside = fmax(outside, d); /* sizes blur its edge */
        if (i / 3 % 96 > 56) inside = fmax(inside, d);
    }
    CHECK(outside < 1e-5);
    CHECK(inside > 0.05);
    ad_image_free(out);
    int64_t left = 2; /* of six steps: then the picture at its own size all the same */
    REQUIRE(!dream_picture(&s, ctx, x, NULL, &draw, go_on, &left, &stopped, &out));
    CHECK(stopped);
    CHECK_INT(out->width, 96);
    CHECK(apart(out->data, x->data, 96 * 96 * 3) > 0.01); /* two steps are in it */
    ad_image_free(out), ad_image_free(mask), ad_image_free(x), ad_vars_free(s.weights);
}

static void sizes(void)
{
    int64_t size[DREAM_MAX_LEVELS][2];
    int left_out;
    dream_settings s = {.levels = 4, .ratio = 1.8};
    CHECK_INT(dream_sizes(&s, 600, 400, size, &left_out), 4); /* as the reference has them */
    CHECK_INT(left_out, 0);
    static const int64_t widths[] = {103, 185, 333, 600}, heights[] = {69, 123, 222, 400};
    for (int i = 0; i < 4; ++i) {
        CHECK_INT(size[i][0], widths[i]);
        CHECK_INT(size[i][1], heights[i]);
    }
    CHECK_INT(dream_sizes(&s, 100, 40, size, &left_out), 1);
    CHECK_INT(left_out, 3);
    CHECK_INT(size[0][0], 100);
}

/* Twice as close in two half steps is twice as close; a quarter turn is one. */
static void warps(void)
{
    ad_image *x = picture(41, 41), *half, *both, *once;
    double root = sqrt(2), most = 0;
    REQUIRE(x && !dream_warp(ctx, x, 2, 0, &once) && !dream_warp(ctx, x, root, 0, &half) &&
            !dream_warp(ctx, half, root, 0, &both));
    CHECK(apart(both->data, once->data, 41 * 41 * 3) < 0.1); /* interpolated twice */
    CHECK_NEAR(once->data[(20 * 41 + 20) * 3], x->data[(20 * 41 + 20) * 3], 1e-6);
    CHECK_NEAR(once->data[(20 * 41 + 24) * 3], x->data[(20 * 41 + 22) * 3], 1e-6);
    ad_image_free(once), ad_image_free(half), ad_image_free(both);
    REQUIRE(!dream_warp(ctx, x, 1, 90, &once));
    for (int64_t i = 0; i < 41 * 41; ++i)
        for (int64_t c = 0; c < 3; ++c) /* clockwise: what was left is above */
            most = fmax(most, fabs((double)once->data[i * 3 + c] -
                                   x->data[((40 - i % 41) * 41 + i / 41) * 3 + c]));
    CHECK(most < 1e-4);
    ad_image_free(once), ad_image_free(x);
}

int main(int argc, char **argv)
{
    return check_in_context(argc, argv,
                            (check_case[]){CASE(as_pytorch_does),
                                           CASE(tiles_have_no_seams),
                                           CASE(tiles_that_are_too_small),
                                           CASE(reaches),
                                           CASE(objectives),
                                           CASE(masks_and_stops),
                                           CASE(sizes),
                                           CASE(warps),
                                           {0}});
}
