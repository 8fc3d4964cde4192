/* What pictures come as: orientations, CMYK, depths, palettes, interlacing, bitmaps, profiles,
 * animations. Each file is made here, byte for byte or with the codec's own library.
 * needs: webp */
#include "check.h"
#include "picture_files.h"

#include <autodidact/image.h>

#include <webp/encode.h>

static ad_context *ctx;

static ad_image *decode(made_file file, const char *name, const ad_image_read_options *options)
{
    ad_image *image = NULL;
    if (ad_image_read_memory(ctx, name, file.bytes, file.size, options, &image))
        CHECK_FAIL("%s", ad_error(ctx));
    free(file.bytes);
    return image;
}

static double at(const ad_image *image, int x, int y, int channel)
{
    return image->data[((int64_t)y * image->width + x) * image->channels + channel];
}

/* One grey pixel against 8-bit values of one channel each. */
static void check_row(const ad_image *image, int y, int channel, const int *expected,
                      double tolerance)
{
    for (int x = 0; x < image->width; ++x) {
        double value = at(image, x, y, channel) * 255;
        if (!(fabs(value - expected[x]) <= tolerance))
            CHECK_FAIL("pixel (%d, %d) channel %d is %g, expected %d", x, y, channel, value,
                       expected[x]);
    }
}

/* ---- JPEG --------------------------------------------------------------------------------------
 */

/* A picture of 16 x 8 whose top-left quarter, as shown upright, is 200, top-right 150, bottom-left
 * 100, bottom-right 50, stored for an orientation. Where row 0 and column 0 of the file lie on the
 * upright picture is EXIF's definition of the number. */
static made_file oriented(int orientation, int motorola)
{
    enum { W = 16, H = 8 };
    unsigned char stored[W * H];
    int sw = orientation >= 5 ? H : W, sh = orientation >= 5 ? W : H;
    for (int r = 0; r < sh; ++r) {
        for (int c = 0; c < sw; ++c) {
            int x = 0, y = 0;
            switch (orientation) {
            case 1: x = c, y = r; break;                 /* row 0 top, column 0 left */
            case 2: x = W - 1 - c, y = r; break;         /* top, right */
            case 3: x = W - 1 - c, y = H - 1 - r; break; /* bottom, right */
            case 4: x = c, y = H - 1 - r; break;         /* bottom, left */
            case 5: x = r, y = c; break;                 /* left, top */
            case 6: x = W - 1 - r, y = c; break;         /* right, top */
            case 7: x = W - 1 - r, y = H - 1 - c; break; /* right, bottom */
            case 8: x = r, y = H - 1 - c; break;         /* left, bottom */
            default: break;
            }
            stored[r * sw + c] = (unsigned char)(200 - 50 * (x >= W / 2) - 100 * (y >= H / 2));
        }
    }
    return made_jpeg(sw, sh, stored,
                     (made_jpeg_options){.from = JCS_GRAYSCALE,
                                         .stored = JCS_GRAYSCALE,
                                         .orientation = orientation,
                                         .motorola = motorola});
}

static void exif_orientations_turn_upright(void)
{
    for (int motorola = 0; motorola < 2; ++motorola) {
        for (int orientation = 1; orientation <= 8; ++orientation) {
            made_file file = oriented(orientation, motorola);
            ad_image_info info;
            REQUIRE(!ad_image_probe_memory(ctx, "o.jpg", file.bytes, file.size, &info));
            CHECK_INT(info.orientation, orientation);
            CHECK_INT(info.width, 16);
            CHECK_INT(info.height, 8);
            ad_image *image = decode(file, "o.jpg", NULL);
            REQUIRE(image);
            REQUIRE(image->width == 16 && image->height == 8);
            CHECK_NEAR(at(image, 2, 2, 0) * 255, 200, 0.01);
            CHECK_NEAR(at(image, 13, 2, 0) * 255, 150, 0.01);
            CHECK_NEAR(at(image, 2, 6, 0) * 255, 100, 0.01);
            CHECK_NEAR(at(image, 13, 6, 0) * 255, 50, 0.01);
            ad_image_free(image);
        }
    }
}

static void odd_orientations_are_upright(void)
{
    made_file file = oriented(1, 0);
    size_t exif = 0;
    while (exif + 26 < file.size && memcmp(file.bytes + exif, "II*\0", 4) != 0) ++exif;
    for (int value = 0; value < 256; value += 3) {
        file.bytes[exif + 18] = (unsigned char)value;
        ad_image_info info;
        REQUIRE(!ad_image_probe_memory(ctx, "o.jpg", file.bytes, file.size, &info));
        CHECK_INT(info.orientation, value == 3 || value == 6 ? value : 1);
    }
    free(file.bytes);
}

static void jpeg_kinds_agree(void)
{
    unsigned char pixels[24 * 16 * 3];
    for (int i = 0; i < 24 * 16; ++i)
        pixels[3 * i] = 220, pixels[3 * i + 1] = 60, pixels[3 * i + 2] = 120;
    for (int kind = 0; kind < 4; ++kind) { /* kind 2, 3: stored as RGB */
        made_jpeg_options options = {
            .from = JCS_RGB, .stored = kind < 2 ? JCS_YCbCr : JCS_RGB, .progressive = kind & 1};
        ad_image *image = decode(made_jpeg(24, 16, pixels, options), "k.jpg", NULL);
        REQUIRE(image);
        CHECK_INT(image->channels, 3);
        CHECK_TEXT(image->note, "");
        CHECK_NEAR(at(image, 11, 7, 0) * 255, 220, 0.01);
        CHECK_NEAR(at(image, 11, 7, 1) * 255, 60, 0.03);
        CHECK_NEAR(at(image, 11, 7, 2) * 255, 120, 0.01);
        ad_image_free(image);
    }
}

/* 100 % minus ink, as light: red = (1 - cyan) (1 - black). Adobe files store light, others ink. */
static void cmyk_becomes_colour(void)
{
    static const J_COLOR_SPACE stored[3] = {JCS_CMYK, JCS_YCCK, JCS_CMYK};
    for (int kind = 0; kind < 3; ++kind) {
        int adobe = kind < 2;
        unsigned char pixels[16 * 16 * 4];
        for (int i = 0; i < 16 * 16; ++i) { /* light: 0.8, 0.4, 0.2, 0.75 */
            static const unsigned char light[4] = {204, 102, 51, 191};
            for (int k = 0; k < 4; ++k)
                pixels[4 * i + k] = adobe ? light[k] : (unsigned char)(255 - light[k]);
        }
        made_jpeg_options options = {.from = JCS_CMYK, .stored = stored[kind], .no_adobe = !adobe};
        made_file file = made_jpeg(16, 16, pixels, options);
        ad_image_info info;
        REQUIRE(!ad_image_probe_memory(ctx, "c.jpg", file.bytes, file.size, &info));
        CHECK(info.is_cmyk);
        CHECK_INT(info.channels, 3);
        ad_image *image = decode(file, "c.jpg", NULL);
        REQUIRE(image);
        CHECK_CONTAINS(image->note, "CMYK");
        CHECK_NEAR(at(image, 5, 5, 0) * 255, 204 * 191 / 255.0, 0.015);
        CHECK_NEAR(at(image, 5, 5, 1) * 255, 102 * 191 / 255.0, 0.03);
        CHECK_NEAR(at(image, 5, 5, 2) * 255, 51 * 191 / 255.0, 0.06);
        ad_image_free(image);
    }
}

/* A profile with nothing but a description. */
static made_file profile(const char *description)
{
    made_file icc = {0};
    unsigned char zero[128] = {0};
    size_t length = strlen(description);
    made_add(&icc, zero, 128);
    made_add(&icc,
             (unsigned char[]){0, 0, 0, 1, 'd', 'e', 's', 'c', 0, 0, 0, 144, 0, 0, 0,
                               (unsigned char)(12 + length)},
             16);
    made_add(&icc, "desc\0\0\0\0\0\0\0", 11);
    made_add(&icc, (unsigned char[]){(unsigned char)length}, 1);
    made_add(&icc, description, length);
    return icc;
}

static void profiles_are_mentioned(void)
{
    unsigned char pixels[8 * 8] = {0};
    made_file srgb = profile("sRGB IEC61966-2.1"), adobe = profile("Adobe RGB (1998)");
    made_jpeg_options options = {.from = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE};
    options.icc = adobe.bytes, options.icc_size = (int)adobe.size;
    ad_image *image = decode(made_jpeg(8, 8, pixels, options), "a.jpg", NULL);
    REQUIRE(image);
    CHECK(image->source.has_icc);
    CHECK_TEXT(image->note, "its ICC profile is ignored");
    ad_image_free(image);
    options.icc = srgb.bytes, options.icc_size = (int)srgb.size;
    image = decode(made_jpeg(8, 8, pixels, options), "s.jpg", NULL);
    REQUIRE(image);
    CHECK(!image->source.has_icc);
    CHECK_TEXT(image->note, "");
    ad_image_free(image);
    free(srgb.bytes), free(adobe.bytes);
}

/* Some cameras leave the end marker out; the picture is all there. */
static void a_missing_end_marker_is_forgiven(void)
{
    made_file file = oriented(1, 0);
    file.size -= 2;
    ad_image *image = decode(file, "e.jpg", NULL);
    REQUIRE(image);
    CHECK_NEAR(at(image, 13, 6, 0) * 255, 50, 0.01);
    ad_image_free(image);
}

/* ---- PNG ---------------------------------------------------------------------------------------
 */

static void png_of_16_bits_keeps_them(void)
{
    static const unsigned char rows[] = {0x00, 0x01, 0x80, 0x00, 0xff, 0xff};
    ad_image *image = decode(
        made_png(3, 1, rows, 6,
                 (made_png_options){.colour_type = PNG_COLOR_TYPE_GRAY, .bit_depth = 16}),
        "w.png", NULL);
    REQUIRE(image);
    CHECK_INT(image->source.bit_depth, 16);
    CHECK_NEAR(at(image, 0, 0, 0), 1 / 65535.0, 1e-9);
    CHECK_NEAR(at(image, 1, 0, 0), 32768 / 65535.0, 1e-7);
    CHECK_NEAR(at(image, 2, 0, 0), 1, 0);
    ad_image_free(image);
}

static void palettes_become_colour(void)
{
    static const png_color colours[3] = {{255, 0, 10}, {0, 255, 20}, {7, 8, 255}};
    static const unsigned char alpha[2] = {0, 128};
    static const unsigned char rows[1] = {0x18}; /* two bits each: 0, 1, 2, 0 */
    for (int with_alpha = 0; with_alpha < 2; ++with_alpha) {
        made_png_options options = {.colour_type = PNG_COLOR_TYPE_PALETTE,
                                    .bit_depth = 2,
                                    .palette = colours,
                                    .colours = 3};
        if (with_alpha) options.alpha = alpha, options.alphas = 2;
        ad_image *image = decode(made_png(4, 1, rows, 1, options), "p.png", NULL);
        REQUIRE(image);
        CHECK(image->source.is_palette);
        CHECK_INT(image->source.bit_depth, 2);
        REQUIRE(image->channels == 3 + with_alpha);
        check_row(image, 0, 0, (int[]){255, 0, 7, 255}, 1e-4);
        check_row(image, 0, 1, (int[]){0, 255, 8, 0}, 1e-4);
        check_row(image, 0, 2, (int[]){10, 20, 255, 10}, 1e-4);
        if (with_alpha) check_row(image, 0, 3, (int[]){0, 128, 255, 0}, 1e-4);
        ad_image_free(image);
    }
}

static void few_bits_are_spread(void)
{
    static const unsigned char one[1] = {0xa0}, four[2] = {0x0f, 0x80};
    ad_image *image = decode(
        made_png(4, 1, one, 1,
                 (made_png_options){.colour_type = PNG_COLOR_TYPE_GRAY, .bit_depth = 1}),
        "1.png", NULL);
    REQUIRE(image);
    check_row(image, 0, 0, (int[]){255, 0, 255, 0}, 1e-4);
    ad_image_free(image);
    image = decode(made_png(3, 1, four, 2,
                            (made_png_options){.colour_type = PNG_COLOR_TYPE_GRAY, .bit_depth = 4}),
                   "4.png", NULL);
    REQUIRE(image);
    check_row(image, 0, 0, (int[]){0, 255, 136}, 1e-4);
    ad_image_free(image);
}

static void a_transparent_colour_becomes_alpha(void)
{
    static const unsigned char rows[] = {1, 2, 3, 9, 9, 9};
    static const png_color_16 transparent = {.red = 9, .green = 9, .blue = 9};
    made_png_options options = {.colour_type = PNG_COLOR_TYPE_RGB,
                                .bit_depth = 8,
                                .transparent = &transparent,
                                .alphas = 1};
    ad_image *image = decode(made_png(2, 1, rows, 6, options), "t.png", NULL);
    REQUIRE(image && image->channels == 4);
    check_row(image, 0, 3, (int[]){255, 0}, 0);
    check_row(image, 0, 1, (int[]){2, 9}, 1e-4);
    ad_image_free(image);
    image = decode(made_png(2, 1, rows, 6, options), "t.png",
                   &(ad_image_read_options){.channels = 3});
    REQUIRE(image && image->channels == 3);
    check_row(image, 0, 2, (int[]){3, 255}, 1e-4); /* over white */
    ad_image_free(image);
}

static void interlaced_png_is_the_same(void)
{
    unsigned char rows[13 * 11 * 8];
    for (size_t i = 0; i < sizeof rows; ++i) rows[i] = (unsigned char)(i * 37 + i / 5);
    for (int bit_depth = 8; bit_depth <= 16; bit_depth += 8) {
        made_png_options options = {.colour_type = PNG_COLOR_TYPE_RGB_ALPHA,
                                    .bit_depth = bit_depth};
        size_t row_bytes = (size_t)(13 * 4 * bit_depth / 8);
        ad_image *plain = decode(made_png(13, 11, rows, row_bytes, options), "n.png", NULL);
        options.interlaced = 1;
        ad_image *interlaced = decode(made_png(13, 11, rows, row_bytes, options), "i.png", NULL);
        REQUIRE(plain && interlaced);
        CHECK(!memcmp(plain->data, interlaced->data, sizeof(float) * 13 * 11 * 4));
        ad_image_free(plain);
        ad_image_free(interlaced);
    }
}

static void png_carries_exif(void)
{
    static const unsigned char rows[3] = {10, 20, 30};
    made_file file = made_png(
        3, 1, rows, 3, (made_png_options){.colour_type = PNG_COLOR_TYPE_GRAY, .bit_depth = 8});
    made_file exif = made_exif(6, 1), chunk = {0};
    made_add(&chunk, (unsigned char[]){0, 0, 0, 26, 'e', 'X', 'I', 'f'}, 8);
    made_add(&chunk, exif.bytes, exif.size);
    uint32_t crc = 0xffffffffu; /* of PNG: ISO 3309 over type and data */
    for (size_t i = 4; i < chunk.size; ++i) {
        crc ^= chunk.bytes[i];
        for (int k = 0; k < 8; ++k) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    crc = ~crc;
    made_add(&chunk,
             (unsigned char[]){(unsigned char)(crc >> 24), (unsigned char)(crc >> 16),
                               (unsigned char)(crc >> 8), (unsigned char)crc},
             4);
    made_insert(&file, file.size - 12, &chunk); /* before IEND, behind the pixels */
    ad_image *image = decode(file, "e.png", NULL);
    REQUIRE(image);
    CHECK_INT(image->source.orientation, 6);
    CHECK(image->width == 1 && image->height == 3);
    CHECK_NEAR(at(image, 0, 2, 0) * 255, 30, 1e-4);
    CHECK_TEXT(image->note, "");
    ad_image_free(image);
    free(exif.bytes), free(chunk.bytes);
}

/* ---- BMP ---------------------------------------------------------------------------------------
 */

static const unsigned char four_colours[4][3] = {
    {0, 0, 255}, {0, 255, 0}, {255, 0, 0}, {30, 20, 10}};

static void check_four(made_file file, const char *name)
{
    ad_image *image = decode(file, name, NULL); /* row 0: colours 0, 1, 2; row 1: 3, 3, 0 */
    REQUIRE(image && image->channels == 3 && image->width == 3 && image->height == 2);
    check_row(image, 0, 0, (int[]){255, 0, 0}, 1e-4);
    check_row(image, 0, 1, (int[]){0, 255, 0}, 1e-4);
    check_row(image, 0, 2, (int[]){0, 0, 255}, 1e-4);
    check_row(image, 1, 0, (int[]){10, 10, 255}, 1e-4);
    check_row(image, 1, 2, (int[]){30, 30, 0}, 1e-4);
    ad_image_free(image);
}

static void indexed_bitmaps(void)
{
    static const unsigned char bits2[] = {0xf0, 0, 0, 0, 0x18, 0, 0, 0},
                               bits4[] = {0x33, 0x00, 0, 0, 0x01, 0x20, 0, 0},
                               bits8[] = {3, 3, 0, 0, 0, 1, 2, 0},
                               top_down8[] = {0, 1, 2, 0, 3, 3, 0, 0};
    made_bmp_options options = {.bits = 2, .palette = four_colours, .colours = 4};
    check_four(made_bmp(3, 2, bits2, 8, options), "2.bmp");
    options.bits = 4;
    check_four(made_bmp(3, 2, bits4, 8, options), "4.bmp");
    options.bits = 8;
    check_four(made_bmp(3, 2, bits8, 8, options), "8.bmp");
    options.top_down = 1;
    check_four(made_bmp(3, 2, top_down8, 8, options), "top.bmp");

    static const unsigned char bits1[] = {0x40, 0, 0, 0};
    ad_image *image = decode(
        made_bmp(3, 1, bits1, 4,
                 (made_bmp_options){.bits = 1, .palette = four_colours, .colours = 2}),
        "1.bmp", NULL);
    REQUIRE(image);
    check_row(image, 0, 1, (int[]){0, 255, 0}, 1e-4);
    ad_image_free(image);
}

static void os2_bitmap(void)
{
    unsigned char palette[256][3] = {{0}}, bits8[] = {3, 3, 0, 0, 0, 1, 2, 0};
    memcpy(palette, four_colours, sizeof four_colours);
    made_bmp_options options = {
        .bits = 8, .core = 1, .palette = (const unsigned char(*)[3])palette, .colours = 256};
    check_four(made_bmp(3, 2, bits8, 8, options), "os2.bmp");
}

static void run_length_bitmaps(void)
{
    /* literal run, run, row end; move; end of the picture */
    static const unsigned char rle8[] = {2, 3, 1, 0, 0, 0, 0, 3, 0, 1, 2, 0, 0, 1};
    static const unsigned char rle4[] = {2, 0x33, 1, 0x00, 0, 0, 0, 3, 0x01, 0x20, 0, 1};
    static const unsigned char moves[] = {2, 3, 0, 2, 0, 1, 0, 2, 255, 0, 0, 1};
    made_bmp_options options = {.bits = 8, .compression = 1, .palette = four_colours, .colours = 4};
    check_four(made_bmp(3, 2, rle8, sizeof rle8, options), "rle8.bmp");
    ad_image *image = decode(made_bmp(3, 2, moves, sizeof moves, options), "moves.bmp", NULL);
    REQUIRE(image);
    check_row(image, 1, 2, (int[]){30, 30, 0}, 1e-4);
    check_row(image, 0, 0, (int[]){255, 255, 255}, 1e-4); /* never written: colour 0 */
    ad_image_free(image);
    options.bits = 4, options.compression = 2;
    check_four(made_bmp(3, 2, rle4, sizeof rle4, options), "rle4.bmp");
}

static void direct_bitmaps(void)
{
    static const uint32_t masks565[3] = {0xf800, 0x07e0, 0x001f},
                          masks_alpha[4] = {0xff, 0xff00, 0xff0000, 0xff000000u};
    static const unsigned char bits24[] = {0, 0, 255, 0, 255, 0, 0, 0},
                               bits32[] = {0, 0, 255, 0, 0, 255, 0, 0},
                               bits16[] = {0x00, 0x7c, 0xe0, 0x03},
                               bits565[] = {0x00, 0xf8, 0xe0, 0x07},
                               rgba[] = {255, 0, 0, 255, 0, 255, 0, 128};
    made_file files[] = {
        made_bmp(2, 1, bits24, 8, (made_bmp_options){.bits = 24}),
        made_bmp(2, 1, bits32, 8, (made_bmp_options){.bits = 32}),
        made_bmp(2, 1, bits16, 4, (made_bmp_options){.bits = 16}),
        made_bmp(2, 1, bits565, 4,
                 (made_bmp_options){.bits = 16, .compression = 3, .masks = masks565}),
        made_bmp(2, 1, rgba, 8,
                 (made_bmp_options){
                     .bits = 32, .compression = 3, .masks = masks_alpha, .header_size = 124}),
        made_bmp(2, 1, rgba, 8,
                 (made_bmp_options){.bits = 32, .compression = 6, .masks = masks_alpha}),
    };
    for (int i = 0; i < 6; ++i) { /* red, green */
        char name[16];
        snprintf(name, sizeof name, "%d.bmp", i);
        ad_image *image = decode(files[i], name, NULL);
        REQUIRE(image && image->channels == (i < 4 ? 3 : 4));
        check_row(image, 0, 0, (int[]){255, 0}, 1e-4);
        check_row(image, 0, 1, (int[]){0, 255}, 1e-4);
        check_row(image, 0, 2, (int[]){0, 0}, 1e-4);
        if (i >= 4) check_row(image, 0, 3, (int[]){255, 128}, 1e-4);
        ad_image_free(image);
    }
}

/* ---- PNM ---------------------------------------------------------------------------------------
 */

static void pgm_and_ppm_of_text_and_bytes(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        int channels, bits;
    } files[] = {
        {"P2\n# a comment\n2 2 # and another\n4\n0 1\n3 4\n", 42, 1, 8},
        {"P5\n2 2\n4\n\0\1\3\4", 13, 1, 8},
        {"P5 2 2 1000\n\0\0\0\372\2\356\3\350", 20, 1, 16},
        {"P3 2 2 4 0 0 0 1 1 1\t3 3 3 4 4 4", 32, 3, 8},
        {"P6 2\r\n2 4 \0\0\0\1\1\1\3\3\3\4\4\4", 22, 3, 8},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
        made_file file = {0};
        made_add(&file, files[i].bytes, files[i].size);
        ad_image *image = decode(file, "a.pnm", NULL);
        if (!image) continue;
        CHECK(image->width == 2 && image->height == 2);
        CHECK_INT(image->channels, files[i].channels);
        CHECK_INT(image->source.format, AD_IMAGE_PNM);
        CHECK_INT(image->source.bit_depth, files[i].bits);
        for (int c = 0; c < image->channels; ++c) {
            CHECK_NEAR(at(image, 0, 0, c), 0, 0);
            CHECK_NEAR(at(image, 1, 0, c), 0.25, 1e-6);
            CHECK_NEAR(at(image, 0, 1, c), 0.75, 1e-6);
            CHECK_NEAR(at(image, 1, 1, c), 1, 1e-6);
        }
        ad_image_free(image);
    }
}

/* ---- WebP --------------------------------------------------------------------------------------
 */

/* An animation of one 4 x 2 red frame at (2, 4) of an 8 x 8 canvas. */
static void an_animation_gives_its_first_frame(void)
{
    unsigned char pixels[4 * 2 * 3];
    uint8_t *frame = NULL;
    for (int i = 0; i < 8; ++i) pixels[3 * i] = 255, pixels[3 * i + 1] = 0, pixels[3 * i + 2] = 7;
    size_t size = WebPEncodeLosslessRGB(pixels, 4, 2, 12, &frame);
    REQUIRE(size > 12);
    made_file file = {0};
    made_add(&file, "RIFF", 4);
    made_add_le(&file, (uint32_t)(4 + 18 + 14 + 8 + 16 + size - 12), 4);
    made_add(&file, "WEBPVP8X", 8);
    made_add_le(&file, 10, 4), made_add_le(&file, 2, 4); /* the animation flag */
    made_add_le(&file, 7, 3), made_add_le(&file, 7, 3);
    made_add(&file, "ANIM", 4);
    made_add_le(&file, 6, 4), made_add_le(&file, 0, 4), made_add_le(&file, 0, 2);
    made_add(&file, "ANMF", 4);
    made_add_le(&file, (uint32_t)(16 + size - 12), 4);
    made_add_le(&file, 1, 3), made_add_le(&file, 2, 3), made_add_le(&file, 3, 3),
        made_add_le(&file, 1, 3);
    made_add_le(&file, 100, 3), made_add_le(&file, 0, 1);
    made_add(&file, frame + 12, size - 12);
    WebPFree(frame);
    ad_image *image = decode(file, "a.webp", NULL);
    REQUIRE(image && image->width == 8 && image->height == 8 && image->channels == 4);
    CHECK_CONTAINS(image->note, "first frame");
    check_row(image, 4, 0, (int[]){0, 0, 255, 255, 255, 255, 0, 0}, 1e-4);
    check_row(image, 5, 3, (int[]){0, 0, 255, 255, 255, 255, 0, 0}, 1e-4);
    check_row(image, 3, 3, (int[]){0, 0, 0, 0, 0, 0, 0, 0}, 0);
    ad_image_free(image);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int result = check_main(argc, argv,
                            (check_case[]){CASE(exif_orientations_turn_upright),
                                           CASE(odd_orientations_are_upright),
                                           CASE(jpeg_kinds_agree),
                                           CASE(cmyk_becomes_colour),
                                           CASE(profiles_are_mentioned),
                                           CASE(a_missing_end_marker_is_forgiven),
                                           CASE(png_of_16_bits_keeps_them),
                                           CASE(palettes_become_colour),
                                           CASE(few_bits_are_spread),
                                           CASE(a_transparent_colour_becomes_alpha),
                                           CASE(interlaced_png_is_the_same),
                                           CASE(png_carries_exif),
                                           CASE(indexed_bitmaps),
                                           CASE(os2_bitmap),
                                           CASE(run_length_bitmaps),
                                           CASE(direct_bitmaps),
                                           CASE(pgm_and_ppm_of_text_and_bytes),
                                           CASE(an_animation_gives_its_first_frame),
                                           {0}});
    if (ad_context_memory(ctx)) printf("leaked %zu bytes\n", ad_context_memory(ctx)), result = 1;
    ad_context_free(ctx);
    return result;
}
