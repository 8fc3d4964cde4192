/* Optical flow: generated scenes whose motion is known, against OpenCV's errors on the same
 * pictures; warping, consistency, drawing and files by their formulas. */
#include "case.h"

#include <autodidact/flow.h>

#include "flow_scenes.h"

enum { WIDTH = 320, HEIGHT = 180 };

/* What OpenCV 5.0's DIS (preset "medium") is off by on the scenes: tests/oracle/flow.py. */
static const double opencv_medium[SCENES] = {0.0315, 0.2188, 0.3725, 2.8832,
                                             0.2626, 0.3662, 0.2963};

static ad_image *draw_scene(const scene *s, int64_t width, int64_t height, bool second)
{
    ad_image *image = NULL;
    if (scene_draw(ctx, s, width, height, second, &image)) CHECK_FAIL("%s", ad_error(ctx));
    return image;
}

static ad_flow *new_flow(int64_t width, int64_t height, float u, float v)
{
    ad_flow *flow = NULL;
    if (ad_flow_new(ctx, width, height, &flow)) CHECK_FAIL("%s", ad_error(ctx));
    for (int64_t i = 0; flow && i < width * height; ++i)
        flow->data[2 * i] = u, flow->data[2 * i + 1] = v;
    return flow;
}

/* ---- estimation ---- */

static void at_most_opencvs_error(void)
{
    begin();
    for (int i = 0; i < SCENES; ++i) {
        ad_image *from = draw_scene(&scenes[i], WIDTH, HEIGHT, false),
                 *to = draw_scene(&scenes[i], WIDTH, HEIGHT, true);
        ad_flow *truth = NULL, *flow = NULL;
        REQUIRE(from && to);
        CHECK_INT(scene_truth(ctx, &scenes[i], WIDTH, HEIGHT, &truth), AD_OK);
        CHECK_INT(ad_flow_estimate(&flow, ctx, from, to, NULL), AD_OK);
        REQUIRE(truth && flow);
        double error = scene_error(flow, truth);
        if (!(error <= opencv_medium[i]))
            CHECK_FAIL("%s: off by %.4f pixels, OpenCV by %.4f", scenes[i].name, error,
                       opencv_medium[i]);
        ad_flow_free(truth), ad_flow_free(flow);
        ad_image_free(from), ad_image_free(to);
    }
    end();
}

/* The "objects" scene, cut to an odd size and coloured. */
static ad_flow *flow_by(const ad_context_options *options)
{
    enum { W = 131, H = 77 };
    ad_image *picture[2] = {NULL, NULL};
    ad_flow *flow = NULL;
    begin_with(options);
    for (int second = 0; second < 2; ++second) {
        ad_image *grey = draw_scene(&scenes[2], W, H, second);
        if (!grey || ad_image_convert(ctx, grey, 4, NULL, &picture[second]))
            CHECK_FAIL("%s", ad_error(ctx));
        ad_image_free(grey);
    }
    CHECK_INT(ad_flow_estimate(&flow, ctx, picture[0], picture[1], NULL), AD_OK);
    ad_image_free(picture[0]), ad_image_free(picture[1]);
    return flow;
}

static void same_bits_by_any_threads_and_instructions(void)
{
    static const ad_context_options kinds[] = {
        {.threads = 1}, {.threads = 3}, {.threads = 2, .isa = "scalar"}};
    uint64_t print[3];
    for (int i = 0; i < 3; ++i) {
        ad_flow *flow = flow_by(&kinds[i]);
        REQUIRE(flow);
        print[i] = ad_fingerprint(flow->data,
                                  (size_t)(flow->width * flow->height) * 2 * sizeof(float));
        ad_flow_free(flow);
        end();
    }
    CHECK(print[0] == print[1]);
    CHECK(print[0] == print[2]);
}

static void any_size_and_nothing_moves(void)
{
    static const int sizes[][2] = {{1, 1}, {1, 40}, {2, 2}, {7, 9}, {9, 300}, {17, 16}, {50, 8}};
    begin();
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; ++k) {
        ad_image *image = draw_scene(&scenes[0], sizes[k][0], sizes[k][1], false);
        ad_flow *flow = NULL;
        REQUIRE(image);
        CHECK_INT(ad_flow_estimate(&flow, ctx, image, image, NULL), AD_OK);
        REQUIRE(flow);
        for (int64_t i = 0; i < 2 * flow->width * flow->height; ++i)
            if (!(fabsf(flow->data[i]) < 1e-3f)) {
                CHECK_FAIL("%d x %d: %g pixels at %d", sizes[k][0], sizes[k][1], flow->data[i],
                           (int)i);
                break;
            }
        ad_flow_free(flow);
        ad_image_free(image);
    }
    end();
}

static void options_do_something_and_have_ranges(void)
{
    static const ad_flow_options options[] = {{0},           {.stride = 8},  {.smoothness = 200},
                                              {.rounds = 1}, {.rounds = -1}, {.finest = 1}};
    static const ad_flow_options wrong[] = {{.stride = 9},      {.stride = -1},
                                            {.smoothness = -1}, {.smoothness = NAN},
                                            {.rounds = 1001},   {.finest = 9}};
    enum { MANY = sizeof options / sizeof *options };
    uint64_t print[MANY];
    begin();
    ad_image *from = draw_scene(&scenes[2], 96, 80, false),
             *to = draw_scene(&scenes[2], 96, 80, true);
    ad_flow *flow = NULL;
    REQUIRE(from && to);
    for (int i = 0; i < MANY; ++i) {
        CHECK_INT(ad_flow_estimate(&flow, ctx, from, to, &options[i]), AD_OK);
        REQUIRE(flow);
        print[i] = ad_fingerprint(flow->data, 96 * 80 * 2 * sizeof(float));
        for (int j = 0; j < i; ++j) CHECK(print[i] != print[j]);
        ad_flow_free(flow);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        CHECK_INT(ad_flow_estimate(&flow, ctx, from, to, &wrong[i]), AD_ERROR_ARGUMENT);
        CHECK(!flow);
    }
    from->data[5] = 1e38f, to->data[7] = -1e38f; /* beyond 0..1 is white or black */
    CHECK_INT(ad_flow_estimate(&flow, ctx, from, to, NULL), AD_OK);
    for (int i = 0; flow && i < 96 * 80 * 2; ++i) CHECK(isfinite(flow->data[i]));
    ad_flow_free(flow);
    from->data[5] = NAN;
    CHECK_INT(ad_flow_estimate(&flow, ctx, from, to, NULL), AD_ERROR_NUMERIC);
    CHECK_CONTAINS(ad_error(ctx), "the first picture is not finite: element 5");
    ad_image_free(to);
    REQUIRE(!ad_image_new(ctx, 96, 81, 1, &to));
    from->data[5] = 0;
    CHECK_INT(ad_flow_estimate(&flow, ctx, from, to, NULL), AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "96 x 80 and 96 x 81");
    ad_image_free(from), ad_image_free(to);
    end();
}

/* ---- warping ---- */

static void warps_backward(void)
{
    begin();
    ad_image *image = NULL, *to = NULL;
    REQUIRE(!ad_image_new(ctx, 9, 7, 2, &image));
    for (int i = 0; i < 9 * 7 * 2; ++i) image->data[i] = (float)((i * 37) % 101) / 101;
    ad_flow *flow = new_flow(9, 7, 2, -1);
    REQUIRE(!ad_flow_warp(ctx, flow, image, &to));
    for (int y = 0; y < 7; ++y)
        for (int x = 0; x < 9; ++x)
            for (int k = 0; k < 2; ++k) {
                int fx = x + 2 < 9 ? x + 2 : 8, fy = y > 0 ? y - 1 : 0;
                CHECK_NEAR(to->data[(y * 9 + x) * 2 + k], image->data[(fy * 9 + fx) * 2 + k], 1e-6);
            }
    ad_image_free(to);
    ad_flow_free(flow);
    /* Half a pixel between four: Keys' weights. */
    flow = new_flow(9, 7, 0.5f, 0);
    REQUIRE(!ad_flow_warp(ctx, flow, image, &to));
    const float *row = image->data + (3 * 9 + 2) * 2;
    double want = -row[0] / 16.0 + 9 * row[2] / 16.0 + 9 * row[4] / 16.0 - row[6] / 16.0;
    CHECK_NEAR(to->data[(3 * 9 + 3) * 2], fmin(fmax(want, 0), 1), 1e-6);
    ad_image_free(to), ad_image_free(image);
    REQUIRE(!ad_image_new(ctx, 9, 8, 2, &image));
    CHECK_INT(ad_flow_warp(ctx, flow, image, &to), AD_ERROR_SHAPE);
    CHECK(!to);
    ad_flow_free(flow);
    ad_image_free(image);
    end();
}

/* The estimated flow brings the second picture back to the first. */
static void a_warped_scene_is_the_scene(void)
{
    begin();
    ad_image *from = draw_scene(&scenes[1], WIDTH, HEIGHT, false),
             *to = draw_scene(&scenes[1], WIDTH, HEIGHT, true), *back = NULL;
    ad_flow *flow = NULL;
    REQUIRE(from && to);
    REQUIRE(!ad_flow_estimate(&flow, ctx, from, to, NULL));
    REQUIRE(!ad_flow_warp(ctx, flow, to, &back));
    double before = 0, after = 0;
    for (int y = 20; y < HEIGHT - 20; ++y)
        for (int x = 20; x < WIDTH - 20; ++x) {
            int i = y * WIDTH + x;
            before += pow(to->data[i] - from->data[i], 2);
            after += pow(back->data[i] - from->data[i], 2);
        }
    CHECK(after < 0.01 * before);
    ad_flow_free(flow);
    ad_image_free(from), ad_image_free(to), ad_image_free(back);
    end();
}

/* ---- consistency ---- */

static float trust_of(const ad_flow *forward, const ad_flow *backward, int at)
{
    ad_image *weights = NULL;
    if (ad_flow_consistency(ctx, forward, backward, &weights)) CHECK_FAIL("%s", ad_error(ctx));
    float value = weights ? weights->data[at] : -1;
    ad_image_free(weights);
    return value;
}

static void trusts_by_the_paper(void)
{
    enum { W = 20, H = 10, MIDDLE = 5 * W + 10 };
    begin();
    ad_flow *forward = new_flow(W, H, 3, 0), *backward = new_flow(W, H, -3, 0);
    CHECK(trust_of(forward, backward, MIDDLE) == 1);
    CHECK(trust_of(forward, backward, 5 * W + 16) == 1); /* to the last column */
    CHECK(trust_of(forward, backward, 5 * W + 17) == 0); /* out of the picture */
    /* |w + w'|^2 = e^2 against 0.01 (9 + (3 - e)^2) + 0.5: e = 0.80 is within, 0.82 is not. */
    backward->data[2 * (5 * W + 13)] = -3 + 0.77f;
    CHECK(trust_of(forward, backward, MIDDLE) == (0.77 * 0.77 <= 0.01 * (9 + 2.23 * 2.23) + 0.5));
    backward->data[2 * (5 * W + 13)] = -3 + 0.85f;
    CHECK(trust_of(forward, backward, MIDDLE) == 0);
    backward->data[2 * (5 * W + 13)] = -3;
    /* |grad w|^2 = (d / 2)^2 against 0.01 * 9 + 0.002 = 0.092: d = 0.60 is within, 0.61 is not. */
    forward->data[2 * (MIDDLE + 1)] = 3 + 0.60f;
    CHECK(trust_of(forward, backward, MIDDLE) == 1);
    forward->data[2 * (MIDDLE + 1)] = 3 + 0.61f;
    CHECK(trust_of(forward, backward, MIDDLE) == 0);
    ad_flow_free(backward);
    backward = new_flow(W, H + 1, 0, 0);
    ad_image *weights = NULL;
    CHECK_INT(ad_flow_consistency(ctx, forward, backward, &weights), AD_ERROR_SHAPE);
    ad_flow_free(forward), ad_flow_free(backward);
    end();
}

/* Of the moving ellipse of "objects" the background in front of it gets hidden. */
static void what_gets_hidden_is_not_trusted(void)
{
    begin();
    ad_image *from = draw_scene(&scenes[2], WIDTH, HEIGHT, false),
             *to = draw_scene(&scenes[2], WIDTH, HEIGHT, true), *trust = NULL;
    ad_flow *forward = NULL, *backward = NULL;
    REQUIRE(from && to);
    REQUIRE(!ad_flow_estimate(&forward, ctx, from, to, NULL));
    REQUIRE(!ad_flow_estimate(&backward, ctx, to, from, NULL));
    REQUIRE(!ad_flow_consistency(ctx, forward, backward, &trust));
    int hidden = 0, hidden_trusted = 0, seen = 0, seen_trusted = 0;
    const scene_layer *ellipse = &scenes[2].layer[1], *ground = &scenes[2].layer[0];
    for (int y = 20; y < 120; ++y)
        for (int x = 30; x < 165; ++x) {
            double px = x, py = y, qx = x, qy = y;
            if (scene_top(&scenes[2], false, &px, &py) != 0) continue;
            scene_move(ground, false, &qx, &qy);
            scene_move(ellipse, true, &qx, &qy);
            bool hides = scene_covers(ellipse, qx, qy), trusted = trust->data[y * WIDTH + x] > 0;
            double far = fmin(hypot((qx - 90) / 45, (qy - 70) / 30),
                              hypot((x - 90) / 45.0, (y - 70) / 30.0));
            if (hides) ++hidden, hidden_trusted += trusted;
            if (!hides && far > 1.25) ++seen, seen_trusted += trusted;
        }
    CHECK(hidden > 300);
    CHECK(hidden_trusted < 0.15 * hidden);
    CHECK(seen_trusted > 0.9 * seen);
    ad_flow_free(forward), ad_flow_free(backward);
    ad_image_free(from), ad_image_free(to), ad_image_free(trust);
    end();
}

/* ---- drawing and files ---- */

static void drawn_by_the_wheel(void)
{
    begin();
    ad_flow *flow = new_flow(4, 1, 0, 0);
    ad_image *image = NULL;
    REQUIRE(flow);
    flow->data[2] = 2;  /* to the right: red */
    flow->data[4] = 1;  /* half as fast: pink */
    flow->data[6] = -8; /* beyond the fullest colour: dark */
    REQUIRE(!ad_flow_draw(ctx, flow, 2, &image));
    static const float want[2][3] = {{1, 1, 1}, {1, 0, 0}};
    for (int i = 0; i < 6; ++i) CHECK_NEAR(image->data[i], want[i / 3][i % 3], 1e-6);
    CHECK_NEAR(image->data[6], 1, 1e-6);
    CHECK_NEAR(image->data[7], 0.5, 1e-6);
    for (int k = 0; k < 3; ++k) CHECK(image->data[9 + k] <= 0.75f);
    ad_image_free(image);
    REQUIRE(!ad_flow_draw(ctx, flow, 0, &image)); /* the fastest, to the left: cyan to blue */
    CHECK_NEAR(image->data[9], 0, 1e-6);
    CHECK(image->data[11] == 1);
    ad_image_free(image);
    CHECK_INT(ad_flow_draw(ctx, flow, -1, &image), AD_ERROR_ARGUMENT);
    ad_flow_free(flow);
    end();
}

static void files(void)
{
    begin();
    ad_flow *flow = new_flow(2, 1, 0, 0), *read = NULL;
    const char *path = in_folder("a.flo");
    static const unsigned char want[] = {'P', 'I', 'E', 'H', 2,    0,    0,    0,   1,    0,
                                         0,   0,   0,   0,   0xc0, 0x3f, 0,    0,   0x80, 0xbf,
                                         0,   0,   0,   0,   0,    0,    0x20, 0x41};
    unsigned char bytes[sizeof want];
    REQUIRE(flow);
    flow->data[0] = 1.5f, flow->data[1] = -1, flow->data[3] = 10;
    REQUIRE(!ad_flow_write(ctx, path, flow));
    FILE *file = fopen(path, "rb");
    REQUIRE(file);
    CHECK_INT(fread(bytes, 1, sizeof bytes, file), sizeof want);
    CHECK_INT(fgetc(file), EOF);
    fclose(file);
    CHECK(!memcmp(bytes, want, sizeof want));
    REQUIRE(!ad_flow_read(ctx, path, &read));
    CHECK(read->width == 2 && read->height == 1 && !memcmp(read->data, flow->data, 16));
    ad_flow_free(read);
    for (size_t size = 0; size < sizeof want; ++size) { /* cut short */
        write_bytes("a.flo", want, size);
        CHECK_INT(ad_flow_read(ctx, path, &read), AD_ERROR_FORMAT);
        CHECK(!read);
    }
    bytes[14] = 0xff, bytes[15] = 0x7f; /* NaN */
    write_bytes("a.flo", bytes, sizeof bytes);
    CHECK_INT(ad_flow_read(ctx, path, &read), AD_ERROR_NUMERIC);
    CHECK_CONTAINS(ad_error(ctx), "the vector at 0, 0 is not finite");
    memcpy(bytes, want, sizeof want);
    bytes[7] = 0x80; /* negative */
    write_bytes("a.flo", bytes, sizeof bytes);
    CHECK_INT(ad_flow_read(ctx, path, &read), AD_ERROR_FORMAT);
    CHECK_INT(ad_flow_read(ctx, in_folder("none.flo"), &read), AD_ERROR_NOT_FOUND);
    ad_flow_free(flow);
    end();
}

static const check_case cases[] = {
    CASE(at_most_opencvs_error),
    CASE(same_bits_by_any_threads_and_instructions),
    CASE(any_size_and_nothing_moves),
    CASE(options_do_something_and_have_ranges),
    CASE(warps_backward),
    CASE(a_warped_scene_is_the_scene),
    CASE(trusts_by_the_paper),
    CASE(what_gets_hidden_is_not_trusted),
    CASE(drawn_by_the_wheel),
    CASE(files),
    {0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
