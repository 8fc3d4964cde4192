/* The sRGB transfer function, keeping a photo's colours, and matching colour statistics. */
#include "check.h"

#include <autodidact/image.h>

static ad_context *ctx;

static ad_image *pattern(int64_t width, int64_t height, uint32_t state, const float *scale,
                         const float *offset)
{
    ad_image *image = NULL;
    if (ad_image_new(ctx, width, height, 3, &image)) return NULL;
    for (int64_t i = 0; i < width * height; ++i) {
        float common = 0;
        for (int k = 0; k < 3; ++k) {
            state = state * 1664525u + 1013904223u;
            float own = (float)(state >> 8) * 0x1p-24f - 0.5f;
            if (k == 0) common = own;
            image->data[3 * i + k] = offset[k] + scale[k] * (0.6f * own + 0.4f * common);
        }
    }
    return image;
}

static void transfer_is_the_standard(void)
{
    CHECK_NEAR(ad_srgb_to_linear(0), 0, 0);
    CHECK_NEAR(ad_srgb_to_linear(1), 1, 1e-7);
    CHECK_NEAR(ad_srgb_to_linear(0.5f), 0.2140411, 1e-6);
    CHECK_NEAR(ad_srgb_to_linear(0.04f), 0.04 / 12.92, 1e-8);
    CHECK_NEAR(ad_srgb_to_linear(188 / 255.0f), 0.5028865, 1e-6);
    CHECK_NEAR(ad_srgb_to_linear(-0.5f), -0.2140411, 1e-6);
    CHECK_NEAR(ad_linear_to_srgb(0.0031308f), 0.0404500, 1e-6);
    for (int i = 0; i <= 1000; ++i)
        CHECK_NEAR(ad_linear_to_srgb(ad_srgb_to_linear((float)i / 1000)), i / 1000.0, 5e-7);
}

static void chroma(const float *c, double *i, double *q)
{
    *i = 0.595716 * c[0] - 0.274453 * c[1] - 0.321263 * c[2];
    *q = 0.211456 * c[0] - 0.522591 * c[1] + 0.311135 * c[2];
}

static void kept_colour_has_new_luminance_and_old_chroma(void)
{
    static const float soft[3] = {0.2f, 0.2f, 0.2f}, grey[3] = {0.5f, 0.5f, 0.5f},
                       warm[3] = {0.6f, 0.5f, 0.4f};
    ad_image *stylised = pattern(20, 10, 1, soft, grey), *content = pattern(20, 10, 2, soft, warm),
             *out = NULL;
    REQUIRE(stylised && content && !ad_image_keep_color(ctx, stylised, content, &out));
    for (int p = 0; p < 200; ++p) {
        const float *s = stylised->data + 3 * p, *c = content->data + 3 * p, *o = out->data + 3 * p;
        double i, q, want_i, want_q;
        CHECK_NEAR(0.299 * o[0] + 0.587 * o[1] + 0.114 * o[2],
                   0.299 * s[0] + 0.587 * s[1] + 0.114 * s[2], 1e-6);
        chroma(o, &i, &q), chroma(c, &want_i, &want_q);
        CHECK_NEAR(i, want_i, 1e-6);
        CHECK_NEAR(q, want_q, 1e-6);
    }
    ad_image_free(out);
    ad_image *other = pattern(10, 20, 3, soft, grey);
    REQUIRE(other);
    CHECK_INT(ad_image_keep_color(ctx, other, content, &out), AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "10 x 20");
    CHECK_CONTAINS(ad_error(ctx), "20 x 10");
    ad_image_free(stylised), ad_image_free(content), ad_image_free(other);
}

static void moments(const ad_image *image, double mean[3], double covariance[3][3])
{
    int64_t n = image->width * image->height;
    memset(mean, 0, 3 * sizeof *mean);
    memset(covariance, 0, 9 * sizeof **covariance);
    for (int64_t p = 0; p < n; ++p)
        for (int k = 0; k < 3; ++k) mean[k] += image->data[3 * p + k] / (double)n;
    for (int64_t p = 0; p < n; ++p)
        for (int j = 0; j < 3; ++j)
            for (int k = 0; k < 3; ++k)
                covariance[j][k] += (image->data[3 * p + j] - mean[j]) *
                                    (image->data[3 * p + k] - mean[k]) / (double)n;
}

static void matched_colours_have_the_moments(void)
{
    static const float wide[3] = {0.5f, 0.3f, 0.4f}, narrow[3] = {0.1f, 0.3f, 0.2f},
                       a[3] = {0.5f, 0.4f, 0.6f}, b[3] = {0.4f, 0.6f, 0.5f};
    ad_image *image = pattern(40, 30, 5, wide, a), *reference = pattern(17, 23, 6, narrow, b),
             *out = NULL;
    REQUIRE(image && reference && !ad_image_match_color(ctx, image, reference, &out));
    double mean[3], covariance[3][3], want_mean[3], want[3][3];
    moments(out, mean, covariance), moments(reference, want_mean, want);
    for (int j = 0; j < 3; ++j) {
        CHECK_NEAR(mean[j], want_mean[j], 1e-5);
        for (int k = 0; k < 3; ++k) CHECK_NEAR(covariance[j][k], want[j][k], 1e-6);
    }
    ad_image_free(out);
    REQUIRE(!ad_image_match_color(ctx, image, image, &out)); /* to its own colours: nothing moves */
    for (int i = 0; i < 3600; ++i) CHECK_NEAR(out->data[i], image->data[i], 1e-6);
    ad_image_free(out), ad_image_free(image), ad_image_free(reference);
}

static void one_colour_has_no_inverse_and_works(void)
{
    static const float none[3] = {0, 0, 0}, some[3] = {0.2f, 0.3f, 0.1f}, a[3] = {0.2f, 0.3f, 0.4f},
                       b[3] = {0.5f, 0.6f, 0.4f};
    ad_image *flat = pattern(8, 8, 1, none, a), *reference = pattern(8, 8, 2, some, b), *out = NULL;
    double mean[3], covariance[3][3];
    REQUIRE(flat && reference && !ad_image_match_color(ctx, flat, reference, &out));
    moments(reference, mean, covariance);
    for (int i = 0; i < 192; ++i) CHECK_NEAR(out->data[i], mean[i % 3], 1e-4);
    ad_image_free(out);
    REQUIRE(!ad_image_match_color(ctx, reference, flat, &out));
    for (int i = 0; i < 192; ++i) CHECK_NEAR(out->data[i], a[i % 3], 1e-6);
    ad_image_free(out), ad_image_free(flat), ad_image_free(reference);
}

static void grey_pictures_are_refused(void)
{
    static const float soft[3] = {0.2f, 0.2f, 0.2f};
    ad_image *colour = pattern(4, 4, 1, soft, soft), *grey = NULL, *out;
    REQUIRE(colour && !ad_image_new(ctx, 4, 4, 1, &grey));
    CHECK_INT(ad_image_keep_color(ctx, colour, grey, &out), AD_ERROR_SHAPE);
    CHECK_TEXT(ad_error(ctx), "the content picture must have 3 channels, it has 1");
    CHECK_INT(ad_image_match_color(ctx, grey, colour, &out), AD_ERROR_SHAPE);
    CHECK(!out);
    ad_image_free(colour), ad_image_free(grey);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int result = check_main(argc, argv,
                            (check_case[]){CASE(transfer_is_the_standard),
                                           CASE(kept_colour_has_new_luminance_and_old_chroma),
                                           CASE(matched_colours_have_the_moments),
                                           CASE(one_colour_has_no_inverse_and_works),
                                           CASE(grey_pictures_are_refused),
                                           {0}});
    if (ad_context_memory(ctx)) printf("leaked %zu bytes\n", ad_context_memory(ctx)), result = 1;
    ad_context_free(ctx);
    return result;
}
