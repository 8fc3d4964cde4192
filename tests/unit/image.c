/* Pictures in memory and the way to a file and back: conversion, round trips, endings, folders.
 *
 * needs: png jpeg webp */
#include "check.h"
#include "folder.h"

#include <autodidact/image.h>

#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static ad_context *ctx;

/* Values k/levels from a small generator, so that a depth of log2(levels + 1) bits holds them
 * exactly. */
static ad_image *noise(int64_t width, int64_t height, int channels, int levels)
{
    ad_image *image;
    uint32_t state = 12345;
    if (ad_image_new(ctx, width, height, channels, &image)) return NULL;
    for (int64_t i = 0; i < width * height * channels; ++i) {
        state = state * 1664525u + 1013904223u;
        image->data[i] = (float)((state >> 8) % (unsigned)(levels + 1)) / (float)levels;
    }
    return image;
}

/* A soft ramp with a dark disc, as a JPEG likes it. */
static ad_image *soft(int64_t width, int64_t height, int channels)
{
    ad_image *image;
    if (ad_image_new(ctx, width, height, channels, &image)) return NULL;
    for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
            double u = (double)x / (double)width, v = (double)y / (double)height;
            double disc = exp(-20 * ((u - 0.5) * (u - 0.5) + (v - 0.5) * (v - 0.5)));
            for (int k = 0; k < channels; ++k)
                image->data[(y * width + x) * channels + k] = (float)(0.9 * (k == 1 ? v : u) *
                                                                      (1 - 0.7 * disc));
        }
    }
    return image;
}

static double worst(const ad_image *a, const ad_image *b)
{
    double most = 0;
    if (a->width != b->width || a->height != b->height || a->channels != b->channels)
        return INFINITY;
    for (int64_t i = 0; i < a->width * a->height * a->channels; ++i)
        most = fmax(most, fabs((double)a->data[i] - (double)b->data[i]));
    return most;
}

static void round_trip(const char *name, ad_image *image, ad_image_write_options options,
                       double tolerance)
{
    ad_image *back = NULL;
    REQUIRE(image);
    const char *path = in_folder(name);
    if (ad_image_write(ctx, path, image, &options) || ad_image_read(ctx, path, NULL, &back)) {
        CHECK_FAIL("%s", ad_error(ctx));
    } else {
        double most = worst(image, back);
        if (!(most <= tolerance))
            CHECK_FAIL("%s: off by %g, expected at most %g", name, most, tolerance);
        CHECK_TEXT(back->note, "");
    }
    ad_image_free(image);
    ad_image_free(back);
}

static void png_is_exact(void)
{
    for (int channels = 1; channels <= 4; ++channels) {
        round_trip("a.png", noise(37, 23, channels, 255), (ad_image_write_options){0}, 0);
        round_trip("a.PNG", noise(5, 300, channels, 65535),
                   (ad_image_write_options){.bit_depth = 16}, 0);
    }
    round_trip("one.png", noise(1, 1, 3, 255), (ad_image_write_options){0}, 0);
}

static void webp_without_loss_is_exact(void)
{
    round_trip("a.webp", noise(37, 23, 3, 255), (ad_image_write_options){0}, 0);
    round_trip("b.webp", noise(64, 5, 4, 255), (ad_image_write_options){0}, 0);
}

static void lossy_is_close(void)
{
    round_trip("a.jpg", soft(160, 120, 3), (ad_image_write_options){0}, 5 / 255.0);
    round_trip("a.jpeg", soft(160, 120, 1), (ad_image_write_options){0}, 4 / 255.0);
    round_trip("a.jpg", soft(161, 119, 3), (ad_image_write_options){.quality = 50}, 24 / 255.0);
    round_trip("c.webp", soft(160, 120, 3), (ad_image_write_options){.quality = 90}, 24 / 255.0);
}

static void into_memory(void)
{
    unsigned char *bytes;
    size_t size;
    ad_image *image = noise(9, 5, 3, 255), *back = NULL;
    REQUIRE(image);
    if (ad_image_encode(ctx, ".png", image, NULL, &bytes, &size) ||
        ad_image_read_memory(ctx, "memory", bytes, size, NULL, &back))
        CHECK_FAIL("%s", ad_error(ctx));
    CHECK(back && worst(image, back) == 0);
    free(bytes);
    CHECK_INT(ad_image_encode(ctx, ".tif", image, NULL, &bytes, &size), AD_ERROR_ARGUMENT);
    CHECK(!bytes && !size);
    CHECK_INT(ad_image_encode(ctx, ".jpg", image, &(ad_image_write_options){.quality = 101}, &bytes,
                              &size),
              AD_ERROR_ARGUMENT);
    ad_image_free(image), ad_image_free(back);
}

static void quality_changes_the_size(void)
{
    struct stat low, high;
    ad_image *image = noise(64, 64, 3, 255);
    REQUIRE(image);
    CHECK_INT(
        ad_image_write(ctx, in_folder("low.jpg"), image, &(ad_image_write_options){.quality = 20}),
        AD_OK);
    CHECK_INT(
        ad_image_write(ctx, in_folder("high.jpg"), image, &(ad_image_write_options){.quality = 95}),
        AD_OK);
    REQUIRE(!stat(in_folder("low.jpg"), &low) && !stat(in_folder("high.jpg"), &high));
    CHECK(low.st_size * 2 < high.st_size);
    ad_image_free(image);
}

static void grey_webp_comes_back_as_colour(void)
{
    ad_image *image = noise(9, 9, 2, 255), *back;
    REQUIRE(image && !ad_image_write(ctx, in_folder("g.webp"), image, NULL));
    REQUIRE(
        !ad_image_read(ctx, in_folder("g.webp"), &(ad_image_read_options){.channels = 2}, &back));
    CHECK_NEAR(worst(image, back), 0, 1e-6);
    CHECK_INT(back->source.channels, 4);
    ad_image_free(image), ad_image_free(back);
}

static void jpeg_takes_alpha_off_over_white(void)
{
    ad_image *image, *back;
    REQUIRE(!ad_image_new(ctx, 16, 16, 4, &image)); /* black, wholly transparent */
    REQUIRE(!ad_image_write(ctx, in_folder("t.jpg"), image, NULL));
    REQUIRE(!ad_image_read(ctx, in_folder("t.jpg"), NULL, &back));
    CHECK_INT(back->channels, 3);
    for (int i = 0; i < 16 * 16 * 3; ++i) CHECK_NEAR(back->data[i], 1, 1e-6);
    ad_image_free(image), ad_image_free(back);
}

static void values_are_clamped_and_rounded(void)
{
    static const float values[8] = {-1,           2,        NAN,      0.4999f / 255, 0.5001f / 255,
                                    254.4f / 255, INFINITY, -INFINITY};
    static const int expected[8] = {0, 255, 0, 0, 1, 254, 255, 0};
    ad_image *image, *back;
    REQUIRE(!ad_image_new(ctx, 8, 1, 1, &image));
    memcpy(image->data, values, sizeof values);
    for (int depth = 8; depth <= 16; depth += 8) {
        REQUIRE(!ad_image_write(ctx, in_folder("c.png"), image,
                                &(ad_image_write_options){.bit_depth = depth}));
        REQUIRE(!ad_image_read(ctx, in_folder("c.png"), NULL, &back));
        for (int i = 0; i < 8; ++i)
            CHECK_INT(lrintf(back->data[i] * 255 - (depth == 16 && i == 4 ? -0.1f : 0)),
                      expected[i]);
        CHECK_INT(back->source.bit_depth, depth);
        ad_image_free(back);
    }
    ad_image_free(image);
}

static void conversion_follows_light(void)
{
    static const float black[3] = {0, 0, 0};
    ad_image *image, *to;
    REQUIRE(!ad_image_new(ctx, 1, 1, 4, &image));
    memcpy(image->data, (float[]){1, 1, 1, 0.5f}, 16);
    REQUIRE(!ad_image_convert(ctx, image, 3, black, &to));
    CHECK_NEAR(to->data[0], 0.735357, 1e-5); /* half the light */
    ad_image_free(to);
    REQUIRE(!ad_image_convert(ctx, image, 3, NULL, &to)); /* white over white */
    CHECK_NEAR(to->data[1], 1, 1e-6);
    ad_image_free(to);
    memcpy(image->data, (float[]){0, 1, 0, 1}, 16);
    REQUIRE(!ad_image_convert(ctx, image, 1, NULL, &to));
    CHECK_NEAR(to->data[0], ad_linear_to_srgb(0.7152f), 1e-6);
    ad_image_free(to);
    REQUIRE(!ad_image_convert(ctx, image, 2, NULL, &to));
    CHECK_NEAR(to->data[1], 1, 0);
    ad_image_free(to), ad_image_free(image);
    REQUIRE(!ad_image_new(ctx, 1, 1, 1, &image));
    image->data[0] = 0.3f;
    REQUIRE(!ad_image_convert(ctx, image, 4, NULL, &to));
    for (int k = 0; k < 4; ++k) CHECK_NEAR(to->data[k], k < 3 ? 0.3f : 1, 0);
    ad_image_free(to), ad_image_free(image);
}

static void impossible_pictures_are_refused(void)
{
    ad_image *image;
    CHECK_INT(ad_image_new(ctx, 0, 5, 3, &image), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_image_new(ctx, 5, -1, 3, &image), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_image_new(ctx, 5, 5, 5, &image), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_image_new(ctx, INT64_MAX, INT64_MAX, 3, &image), AD_ERROR_MEMORY);
    CHECK(!image);
}

static void paths_are_checked_before_work(void)
{
    CHECK_INT(ad_image_can_write(ctx, in_folder("new.png")), AD_OK);
    CHECK_INT(ad_image_can_write(ctx, "here.webp"), AD_OK);
    CHECK(ad_image_can_write(ctx, in_folder("a.gif")) == AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "a.gif: a picture is written as .png, .jpg, .jpeg or .webp");
    CHECK(ad_image_can_write(ctx, in_folder("noending")) == AD_ERROR_ARGUMENT);
    CHECK(ad_image_can_write(ctx, in_folder(".png")) == AD_ERROR_ARGUMENT);
    CHECK(ad_image_can_write(ctx, in_folder("none/a.png")) == AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "none");
    REQUIRE(!mkdir(in_folder("dir.png"), 0700));
    CHECK(ad_image_can_write(ctx, in_folder("dir.png")) == AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "folder");
    rmdir(in_folder("dir.png"));
    write_text("keep.png", "kept");
    CHECK_INT(ad_image_can_write(ctx, in_folder("keep.png")), AD_OK);
    CHECK(ad_image_can_write(ctx, in_folder("keep.png/x.png")) == AD_ERROR_IO);
    struct stat at;
    CHECK(!stat(in_folder("keep.png"), &at) && at.st_size == 4);
    if (geteuid() != 0) { /* nothing is closed to root */
        chmod(folder, 0500);
        CHECK(ad_image_can_write(ctx, in_folder("new.png")) == AD_ERROR_IO);
        chmod(folder, 0700);
    }
}

static void failed_writes_leave_nothing(void)
{
    ad_image *image = noise(3, 3, 3, 255);
    REQUIRE(image);
    CHECK_INT(ad_image_write(ctx, in_folder("none/a.png"), image, NULL), AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "none/a.png");
    CHECK_INT(ad_image_write(ctx, in_folder("a.bmp"), image, NULL), AD_ERROR_ARGUMENT);
    CHECK_INT(
        ad_image_write(ctx, in_folder("q.jpg"), image, &(ad_image_write_options){.quality = 101}),
        AD_ERROR_ARGUMENT);
    CHECK_INT(
        ad_image_write(ctx, in_folder("q.png"), image, &(ad_image_write_options){.bit_depth = 12}),
        AD_ERROR_ARGUMENT);
    CHECK(access(in_folder("q.jpg"), F_OK) != 0 && access(in_folder("q.png"), F_OK) != 0);
    ad_image_free(image);
    REQUIRE(!ad_image_new(ctx, 70000, 1, 1, &image));
    CHECK_INT(ad_image_write(ctx, in_folder("wide.jpg"), image, NULL), AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx), "wide.jpg: a JPEG has at most 65500 pixels");
    CHECK_INT(ad_image_write(ctx, in_folder("wide.webp"), image, NULL), AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx), "16383");
    CHECK_INT(ad_image_write(ctx, in_folder("wide.png"), image, NULL), AD_OK);
    CHECK(access(in_folder("wide.jpg"), F_OK) != 0);
    ad_image_free(image);
}

static void probing_tells_the_header(void)
{
    ad_image_info info;
    ad_image *image = noise(31, 17, 2, 255);
    REQUIRE(image && !ad_image_write(ctx, in_folder("p.png"), image, NULL));
    REQUIRE(!ad_image_probe(ctx, in_folder("p.png"), &info));
    CHECK_TEXT(ad_image_format_name(info.format), "PNG");
    CHECK_INT(info.width, 31);
    CHECK_INT(info.height, 17);
    CHECK_INT(info.channels, 2);
    CHECK_INT(info.bit_depth, 8);
    CHECK_INT(info.orientation, 1);
    CHECK(!info.has_icc);
    CHECK_INT(ad_image_probe(ctx, in_folder("absent.png"), &info), AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "absent.png");
    CHECK_INT(ad_image_probe(ctx, folder, &info), AD_ERROR_IO);
    ad_image_free(image);
}

int main(int argc, char **argv)
{
    if (!folder_make()) return 1;
    ctx = ad_context_new(&(ad_context_options){.threads = 2});
    int result = check_main(argc, argv,
                            (check_case[]){CASE(png_is_exact),
                                           CASE(webp_without_loss_is_exact),
                                           CASE(lossy_is_close),
                                           CASE(into_memory),
                                           CASE(quality_changes_the_size),
                                           CASE(grey_webp_comes_back_as_colour),
                                           CASE(jpeg_takes_alpha_off_over_white),
                                           CASE(values_are_clamped_and_rounded),
                                           CASE(conversion_follows_light),
                                           CASE(impossible_pictures_are_refused),
                                           CASE(paths_are_checked_before_work),
                                           CASE(failed_writes_leave_nothing),
                                           CASE(probing_tells_the_header),
                                           {0}});
    if (ad_context_memory(ctx)) printf("leaked %zu bytes\n", ad_context_memory(ctx)), result = 1;
    ad_context_free(ctx);
    return folder_remove() ? result : 1;
}
