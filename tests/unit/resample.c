/* Resampling: constants, means, impulses, edges, alpha, and Pillow's values where it does the same.
 */
#include "check.h"

#include <autodidact/image.h>

#include "fixtures/resample.h"

static ad_context *ctx;

static ad_image *new_image(int64_t width, int64_t height, int channels)
{
    ad_image *image = NULL;
    if (ad_image_new(ctx, width, height, channels, &image)) CHECK_FAIL("%s", ad_error(ctx));
    return image;
}

static ad_image *resize(const ad_image *image, int64_t width, int64_t height,
                        ad_image_filter filter, bool encoded)
{
    ad_image *to = NULL;
    if (ad_image_resize(ctx, image, width, height, &(ad_image_resize_options){filter, encoded},
                        &to))
        CHECK_FAIL("%s", ad_error(ctx));
    return to;
}

static double mean(const ad_image *image)
{
    double sum = 0;
    int64_t count = image->width * image->height * image->channels;
    for (int64_t i = 0; i < count; ++i) sum += image->data[i];
    return sum / (double)count;
}

static void agrees_with_pillow(void)
{
    ad_image *image = new_image(13, 9, 1);
    REQUIRE(image);
    for (int y = 0; y < 9; ++y)
        for (int x = 0; x < 13; ++x)
            image->data[y * 13 + x] = (float)(0.3 + 0.4 * ((x * 7 + y * 5 + x * y) % 11) / 10);
    for (size_t i = 0; i < sizeof resampled / sizeof *resampled; ++i) {
        const struct resampled *want = &resampled[i];
        ad_image *to = resize(image, want->width, want->height, want->filter, true);
        REQUIRE(to);
        double worst = 0;
        for (int k = 0; k < want->width * want->height; ++k)
            worst = fmax(worst, fabs((double)to->data[k] - (double)want->value[k]));
        if (!(worst < 1e-6))
            CHECK_FAIL("filter %d to %d x %d is off by %g", (int)want->filter, want->width,
                       want->height, worst);
        ad_image_free(to);
    }
    ad_image_free(image);
}

static void a_constant_stays(void)
{
    static const int sizes[5][2] = {{1, 1}, {7, 50}, {64, 3}, {200, 111}, {37, 29}};
    ad_image *image = new_image(37, 29, 4);
    REQUIRE(image);
    for (int64_t i = 0; i < 37 * 29; ++i)
        memcpy(image->data + 4 * i, (float[]){0.2f, 0.5f, 0.01f, 0.75f}, 16);
    for (int filter = 0; filter <= AD_IMAGE_NEAREST; ++filter) {
        for (int k = 0; k < 5; ++k) {
            ad_image *to = resize(image, sizes[k][0], sizes[k][1], (ad_image_filter)filter, k & 1);
            REQUIRE(to);
            double worst = 0;
            for (int64_t i = 0; i < to->width * to->height * 4; ++i)
                worst = fmax(worst, fabs((double)to->data[i] - (double)image->data[i % 4]));
            if (!(worst < 2e-6)) CHECK_FAIL("filter %d, size %d: off by %g", filter, k, worst);
            ad_image_free(to);
        }
    }
    ad_image_free(image);
}

static ad_image *pattern(int64_t width, int64_t height, int channels)
{
    ad_image *image = new_image(width, height, channels);
    uint32_t state = 7;
    for (int64_t i = 0; image && i < width * height * channels; ++i) {
        state = state * 1664525u + 1013904223u;
        image->data[i] = (float)(state >> 8) * 0x1p-24f;
    }
    return image;
}

static void area_keeps_the_mean(void)
{
    static const int sizes[4][2] = {{10, 8}, {7, 5}, {1, 1}, {90, 100}};
    ad_image *image = pattern(60, 40, 3);
    REQUIRE(image);
    for (int k = 0; k < 4; ++k) {
        ad_image *to = resize(image, sizes[k][0], sizes[k][1], AD_IMAGE_AREA, true);
        REQUIRE(to);
        CHECK_NEAR(mean(to), mean(image), 1e-6);
        ad_image_free(to);
    }
    ad_image_free(image);
}

static void light_is_averaged_not_codes(void)
{
    ad_image *image = new_image(2, 2, 1);
    REQUIRE(image);
    memcpy(image->data, (float[]){0, 1, 1, 0}, 16);
    ad_image *linear = resize(image, 1, 1, AD_IMAGE_AREA, false),
             *encoded = resize(image, 1, 1, AD_IMAGE_AREA, true);
    REQUIRE(linear && encoded);
    CHECK_NEAR(linear->data[0], 0.735357, 1e-5);
    CHECK_NEAR(encoded->data[0], 0.5, 1e-6);
    ad_image_free(image), ad_image_free(linear), ad_image_free(encoded);
}

/* All that an impulse gives away arrives somewhere. Far from the edges the sum is the enlargement.
 */
static void an_impulse_keeps_its_weight(void)
{
    for (int filter = AD_IMAGE_LANCZOS; filter <= AD_IMAGE_AREA; ++filter) {
        ad_image *image = new_image(41, 41, 1);
        REQUIRE(image);
        for (int i = 0; i < 41 * 41; ++i) image->data[i] = 0.5f; /* room for the negative lobes */
        image->data[20 * 41 + 20] = 0.9f;
        ad_image *to = resize(image, 123, 82, (ad_image_filter)filter, true);
        REQUIRE(to);
        CHECK_NEAR((mean(to) - 0.5) * 123 * 82, 0.4 * 3 * 2, 2e-3);
        ad_image_free(image), ad_image_free(to);
    }
}

/* The edge rows and columns of a bright picture are not darkened, and a ramp stays one. */
static void edges_stay_bright(void)
{
    ad_image *image = new_image(64, 16, 1);
    REQUIRE(image);
    for (int i = 0; i < 64 * 16; ++i) image->data[i] = 0.3f + 0.6f * ((float)(i % 64) + 0.5f) / 64;
    for (int filter = AD_IMAGE_LANCZOS; filter <= AD_IMAGE_AREA; ++filter) {
        ad_image *to = resize(image, 16, 5, (ad_image_filter)filter, true);
        REQUIRE(to);
        for (int y = 0; y < 5; ++y) {
            CHECK_NEAR(to->data[y * 16 + 8], 0.3 + 0.6 * 8.5 / 16, 2e-3);
            CHECK_NEAR(to->data[y * 16], 0.3 + 0.6 * 0.5 / 16, 0.02);
            CHECK_NEAR(to->data[y * 16 + 15], 0.3 + 0.6 * 15.5 / 16, 0.02);
        }
        ad_image_free(to);
    }
    ad_image_free(image);
}

/* What is transparent has no say in the colour: a red pixel beside transparent green stays red. */
static void transparent_colours_do_not_bleed(void)
{
    ad_image *image = new_image(2, 1, 4);
    REQUIRE(image);
    memcpy(image->data, (float[]){1, 0, 0, 1, 0, 1, 0, 0}, 32);
    ad_image *to = resize(image, 1, 1, AD_IMAGE_AREA, false);
    REQUIRE(to);
    CHECK_NEAR(to->data[0], 1, 1e-6);
    CHECK_NEAR(to->data[1], 0, 1e-6);
    CHECK_NEAR(to->data[3], 0.5, 1e-6);
    ad_image_free(image), ad_image_free(to);
}

/* A pattern finer than the target can show becomes grey, no moiré. */
static void fine_patterns_do_not_alias(void)
{
    ad_image *image = new_image(300, 300, 1);
    REQUIRE(image);
    for (int y = 0; y < 300; ++y)
        for (int x = 0; x < 300; ++x) image->data[y * 300 + x] = (float)((x + y) & 1);
    for (int filter = AD_IMAGE_LANCZOS; filter <= AD_IMAGE_LINEAR; ++filter) {
        ad_image *to = resize(image, 91, 91, (ad_image_filter)filter, true);
        REQUIRE(to);
        for (int y = 5; y < 86; ++y)
            for (int x = 5; x < 86; ++x) CHECK_NEAR(to->data[y * 91 + x], 0.5, 0.02);
        ad_image_free(to);
    }
    ad_image_free(image);
}

static void nearest_picks_pixels(void)
{
    ad_image *image = new_image(3, 1, 1);
    REQUIRE(image);
    memcpy(image->data, (float[]){0.1f, 0.2f, 0.3f}, 12);
    ad_image *to = resize(image, 6, 2, AD_IMAGE_NEAREST, false);
    REQUIRE(to);
    for (int i = 0; i < 12; ++i) CHECK_NEAR(to->data[i], image->data[i % 6 / 2], 0);
    ad_image_free(image), ad_image_free(to);
}

static void threads_do_not_change_a_bit(void)
{
    ad_image *image = pattern(333, 257, 3), *one = NULL, *many = NULL;
    REQUIRE(image);
    ad_context *single = ad_context_new(&(ad_context_options){.threads = 1});
    ad_context *pair = ad_context_new(&(ad_context_options){.threads = 3});
    REQUIRE(single && pair);
    CHECK(!ad_image_resize(single, image, 121, 400, NULL, &one) &&
          !ad_image_resize(pair, image, 121, 400, NULL, &many));
    CHECK(one && many && !memcmp(one->data, many->data, sizeof(float) * 121 * 400 * 3));
    ad_image_free(one), ad_image_free(many), ad_image_free(image);
    ad_context_free(single), ad_context_free(pair);
}

static void the_centre_is_cut_out(void)
{
    ad_image *image = new_image(9, 4, 1), *centre = NULL;
    REQUIRE(image);
    for (int i = 0; i < 36; ++i) image->data[i] = (float)i / 36;
    CHECK(!ad_image_centre(ctx, image, 4, 3, 2, NULL, &centre));
    REQUIRE(centre);
    CHECK(centre->width == 3 && centre->height == 2);
    for (int i = 0; i < 6; ++i)
        CHECK_NEAR(centre->data[i], (9 * (1 + i / 3) + 3 + i % 3) / 36.0, 1e-6);
    ad_image_free(centre);
    CHECK(!ad_image_centre(ctx, image, 8, 8, 8, NULL, &centre)); /* of 18 x 8 */
    REQUIRE(centre);
    CHECK(centre->width == 8 && centre->height == 8);
    ad_image_free(centre);
    CHECK(ad_image_centre(ctx, image, 4, 5, 4, NULL, &centre) == AD_ERROR_ARGUMENT && !centre);
    CHECK_CONTAINS(ad_error(ctx), "5 x 4 cannot be cut out");
    ad_image_free(image);
}

static void fitting_keeps_the_aspect(void)
{
    static const int cases[7][5] = {{640, 480, 512, 512, 384},
                                    {480, 640, 512, 384, 512},
                                    {100, 100, 33, 33, 33},
                                    {1000, 1, 10, 10, 1},
                                    {1, 1000, 2000, 2, 2000},
                                    {1200, 833, 512, 512, 355},
                                    {3, 2, 3, 3, 2}};
    for (int i = 0; i < 7; ++i) {
        int64_t width, height;
        ad_image_fit_size(cases[i][0], cases[i][1], cases[i][2], &width, &height);
        CHECK_INT(width, cases[i][3]);
        CHECK_INT(height, cases[i][4]);
    }
    ad_image *image = pattern(30, 20, 3), *same = NULL, *half = NULL;
    REQUIRE(image && !ad_image_fit(ctx, image, 30, NULL, &same) &&
            !ad_image_fit(ctx, image, 15, NULL, &half));
    CHECK(!memcmp(image->data, same->data, sizeof(float) * 30 * 20 * 3));
    CHECK(half->width == 15 && half->height == 10);
    ad_image_free(half);
    CHECK_INT(ad_image_fit(ctx, image, 0, NULL, &half), AD_ERROR_ARGUMENT);
    CHECK(!half);
    CHECK_INT(ad_image_resize(ctx, image, 5, 5,
                              &(ad_image_resize_options){.filter = (ad_image_filter)9}, &half),
              AD_ERROR_ARGUMENT);
    CHECK_INT(ad_image_resize(ctx, image, 0, 5, NULL, &half), AD_ERROR_ARGUMENT);
    ad_image_free(image), ad_image_free(same);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 2});
    int result = check_main(argc, argv,
                            (check_case[]){CASE(agrees_with_pillow),
                                           CASE(a_constant_stays),
                                           CASE(area_keeps_the_mean),
                                           CASE(light_is_averaged_not_codes),
                                           CASE(an_impulse_keeps_its_weight),
                                           CASE(edges_stay_bright),
                                           CASE(transparent_colours_do_not_bleed),
                                           CASE(fine_patterns_do_not_alias),
                                           CASE(nearest_picks_pixels),
                                           CASE(threads_do_not_change_a_bit),
                                           CASE(fitting_keeps_the_aspect),
                                           CASE(the_centre_is_cut_out),
                                           {0}});
    if (ad_context_memory(ctx)) printf("leaked %zu bytes\n", ad_context_memory(ctx)), result = 1;
    ad_context_free(ctx);
    return result;
}
