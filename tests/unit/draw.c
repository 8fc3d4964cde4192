/* draw.c - drawings as SVG and as pixels, what hostile text and numbers do to them, sheets of
 * pictures. */
#include "context.h"
#include "sparing.h"

#include <autodidact/draw.h>

#include <unistd.h>

/* How much ink a picture holds: the sum over pixels of what is missing to white, in pixels. */
static double ink(const ad_image *image)
{
    double sum = 0;
    for (int64_t i = 0; i < image->width * image->height; ++i) sum += 1 - image->data[3 * i];
    return sum;
}

static ad_drawing *blank(double width, double height)
{
    ad_drawing *d = NULL;
    CHECK_INT(ad_drawing_new(&d, ctx, width, height, "a <test>"), AD_OK);
    return d;
}

static double ink_of(ad_drawing *d, double scale)
{
    ad_image *image;
    CHECK_INT(ad_drawing_image(d, scale, &image), AD_OK);
    double sum = image ? ink(image) : NAN;
    ad_image_free(image);
    ad_drawing_free(d);
    return sum;
}

static const ad_pen black = {.fill = AD_RGB(0, 0, 0)};
static const double pi = 3.14159265358979323846;

static void areas_are_exact(void)
{
    ad_drawing *d = blank(100, 80);
    double triangle[] = {10.3, 5.2, 90.1, 30.7, 33.3, 77.7}, shape[128];
    double a = (90.1 - 10.3) * (77.7 - 5.2) - (33.3 - 10.3) * (30.7 - 5.2);
    ad_draw_polygon(d, triangle, 3, black);
    CHECK_NEAR(ink_of(d, 1), a / 2, 1e-4);
    d = blank(100, 80); /* the other way round, and larger */
    double turned[] = {33.3, 77.7, 90.1, 30.7, 10.3, 5.2};
    ad_draw_polygon(d, turned, 3, black);
    CHECK_NEAR(ink_of(d, 3), 9 * a / 2, 1e-4);
    for (int side = 0; side < 4; ++side) { /* beyond each side only what lies inside counts */
        static const double at[4][2] = {{-20, 30}, {80, 30}, {30, -20}, {30, 60}};
        d = blank(100, 80);
        ad_draw_rect(d, at[side][0] + 0.25, at[side][1] + 0.5, 40, 40, black);
        double x0 = fmax(0, at[side][0] + 0.25), x1 = fmin(100, at[side][0] + 40.25);
        double y0 = fmax(0, at[side][1] + 0.5), y1 = fmin(80, at[side][1] + 40.5);
        CHECK_NEAR(ink_of(d, 1), (x1 - x0) * (y1 - y0), 1e-4);
    }
    for (int i = 0; i < 64; ++i) { /* a slanting shape, most of it outside */
        shape[2 * i] = 50 + 300 * cos(2 * pi * i / 64);
        shape[2 * i + 1] = 40 + 20 * sin(2 * pi * i / 64);
    }
    d = blank(100, 80);
    ad_draw_polygon(d, shape, 64, black);
    double inside = 0; /* an ellipse between x = -50 and 50 of 300 */
    for (int i = 0; i < 100000; ++i) {
        double t = (-50 + 100 * (i + 0.5) / 100000) / 300;
        inside += 40 * sqrt(1 - t * t) * 100 / 100000;
    }
    CHECK_NEAR(ink_of(d, 1), inside, 2e-3);
    d = blank(100, 80);
    ad_draw_rect(d, -1e9, -1e9, 3e9, 3e9, black);
    CHECK_NEAR(ink_of(d, 1), 8000, 1e-6);
}

static void strokes_and_discs(void)
{
    ad_drawing *d = blank(100, 80);
    ad_draw_circle(d, 40.3, 37.7, 20, black);
    CHECK_NEAR(ink_of(d, 1), pi * 400, 2e-3);
    d = blank(100, 80);
    ad_draw_line(d, 10, 10, 80, 60, (ad_pen){.stroke = AD_RGB(0, 0, 0), .width = 4});
    CHECK_NEAR(ink_of(d, 2), 4 * (4 * sqrt(70 * 70 + 50 * 50) + pi * 4), 1e-2);
    d = blank(100, 80); /* thinner than a pixel: paler */
    ad_draw_line(d, 10, 40.5, 90, 40.5, (ad_pen){.stroke = AD_RGB(0, 0, 0), .width = 0.25});
    CHECK_NEAR(ink_of(d, 1), 80 * 0.25, 3e-2);
    /* parts of one line that lie over each other do not add up */
    double there_and_back[] = {10, 40, 90, 40, 10, 40, 90, 40};
    d = blank(100, 80);
    ad_draw_polyline(d, there_and_back, 4,
                     (ad_pen){.stroke = AD_RGB(0, 0, 0), .width = 2, .opacity = 0.5});
    CHECK_NEAR(ink_of(d, 1), 0.5 * (80 * 2 + pi), 1e-2);
    d = blank(100, 80);
    ad_draw_line(d, 5, 40, 95, 40, (ad_pen){.stroke = AD_RGB(0, 0, 0), .width = 1, .dash = 5});
    double dashed = ink_of(d, 2) / 4;
    CHECK(dashed > 50 && dashed < 70); /* of each 9, 5 and the round ends */
}

static void words_have_their_width(void)
{
    CHECK_NEAR(ad_text_width("", 12, false), 0, 0);
    CHECK_NEAR(ad_text_width("0123456789", 20, false), 10 * 1151 * 20 / 2048.0, 1e-9);
    CHECK_NEAR(ad_text_width("\xc3\xa9", 10, false), ad_text_width("e", 10, false), 1e-9);
    CHECK(ad_text_width("i", 10, true) > ad_text_width("i", 10, false));
    CHECK(ad_text_width("\xe6\xbc\xa2", 10, false) > 0); /* a box */
    static const ad_anchor anchors[] = {AD_ANCHOR_START, AD_ANCHOR_MIDDLE, AD_ANCHOR_END};
    double all = 0;
    for (int i = 0; i < 3; ++i) {
        ad_drawing *d = blank(300, 40);
        ad_draw_text(d, 150, 20, "an H", (ad_letters){.size = 20, .anchor = anchors[i]});
        ad_image *image;
        REQUIRE(!ad_drawing_image(d, 1, &image));
        double left = 300, right = 0;
        for (int y = 0; y < 40; ++y)
            for (int x = 0; x < 300; ++x)
                if (image->data[3 * (y * 300 + x)] < 0.9f) {
                    left = fmin(left, x);
                    right = fmax(right, x + 1);
                }
        double width = ad_text_width("an H", 20, false);
        double start = 150 - width * i / 2;
        CHECK(left >= start && left < start + 4 && right <= start + width + 1 &&
              right > start + width - 4);
        CHECK(!i || fabs(ink(image) - all) < 0.02 * all);
        all = ink(image);
        ad_image_free(image);
        ad_drawing_free(d);
    }
    ad_drawing *d = blank(40, 300);
    ad_draw_text(d, 30, 150, "an H", (ad_letters){.size = 20, .upwards = true});
    CHECK_NEAR(ink_of(d, 1), all, 2e-2);
}

static void svg_text(void)
{
    ad_drawing *d = blank(200, 100.5);
    double line[] = {1, 2, 3.14159, 4, 5, 6, NAN, 7, 8, 9, 10, 11};
    ad_draw_line(d, 0, 0, 10, 20.25, (ad_pen){.stroke = AD_GRID});
    ad_draw_polyline(d, line, 6, (ad_pen){.stroke = AD_SERIES(9), .width = 1.8, .dash = 5});
    ad_draw_polygon(d, line, 3, (ad_pen){.fill = AD_RGB(1, 2, 255), .opacity = 0.5});
    ad_draw_group(d, "<a & \"b\">");
    ad_draw_rect(d, 10, 20, -5, 6, (ad_pen){.fill = AD_PAPER, .stroke = AD_INK});
    ad_draw_circle(d, 1, 2, 3, (ad_pen){.fill = AD_SERIES(0)});
    ad_draw_group_end(d);
    ad_draw_text(d, 5, 6, "x < \"y\"\x1b\xff & \x01'", (ad_letters){.anchor = AD_ANCHOR_MIDDLE});
    ad_draw_text(d, 5, 6, "up", (ad_letters){.size = 9, .upwards = true, .bold = true});
    CHECK_TEXT(
        ad_drawing_svg(d),
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 100.5\" width=\"200\" "
        "height=\"100.5\" font-family=\"Roboto, 'Segoe UI', system-ui, 'Helvetica Neue', Arial, "
        "sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"a &lt;test&gt;\">\n"
        "<rect width=\"200\" height=\"100.5\" fill=\"#ffffff\"/>\n"
        "<line x1=\"0\" y1=\"0\" x2=\"10\" y2=\"20.25\" fill=\"none\" stroke=\"#e4e1db\"/>\n"
        "<polyline fill=\"none\" stroke=\"#d55e00\" stroke-width=\"1.8\" "
        "stroke-dasharray=\"5 4\" stroke-linejoin=\"round\" stroke-linecap=\"round\" "
        "points=\"1,2 3.14,4 5,6\"/>\n"
        "<line x1=\"8\" y1=\"9\" x2=\"10\" y2=\"11\" fill=\"none\" stroke=\"#d55e00\" "
        "stroke-width=\"1.8\" stroke-dasharray=\"5 4\"/>\n"
        "<polygon fill=\"#0102ff\" fill-opacity=\"0.5\" points=\"1,2 3.14,4 5,6\"/>\n"
        "<g><title>&lt;a &amp; &quot;b&quot;&gt;</title>\n"
        "<rect x=\"5\" y=\"20\" width=\"5\" height=\"6\" fill=\"#ffffff\" stroke=\"#23262b\"/>\n"
        "<circle cx=\"1\" cy=\"2\" r=\"3\" fill=\"#0072b2\"/>\n"
        "</g>\n"
        "<text x=\"5\" y=\"6\" fill=\"#23262b\" text-anchor=\"middle\">x &lt; "
        "&quot;y&quot;?\xef\xbf\xbd &amp; ?&#39;</text>\n"
        "<text transform=\"translate(5 6) rotate(-90)\" fill=\"#23262b\" font-size=\"9\" "
        "font-weight=\"600\">up</text>\n"
        "</svg>\n");
    const char *element = ad_drawing_svg_element(d, "still \"");
    CHECK_CONTAINS(element, "<svg class=\"still &quot;\" viewBox=\"0 0 200 100.5\" font-family");
    CHECK_CONTAINS(element, "stroke=\"var(--c1)\"");
    CHECK_CONTAINS(element, "fill=\"var(--card)\" stroke=\"var(--ink)\"");
    CHECK(!strstr(element, "xmlns") && !strstr(element, "<rect width"));
    ad_drawing_free(d);
}

static void what_is_not_a_number_is_passed_over(void)
{
    ad_drawing *d = blank(50, 50);
    double nan[] = {NAN, 1, INFINITY, 2, 3, -INFINITY}, mixed[] = {1, 1, 9, 9, NAN, 9};
    ad_draw_line(d, 0, 0, NAN, 1, (ad_pen){.stroke = AD_INK});
    ad_draw_polyline(d, nan, 3, (ad_pen){.stroke = AD_INK});
    ad_draw_polygon(d, mixed, 3, black);
    ad_draw_polygon(d, mixed, 0, black);
    ad_draw_rect(d, 0, 0, INFINITY, 1, black);
    ad_draw_circle(d, 0, NAN, 1, black);
    ad_draw_text(d, NAN, 0, "x", (ad_letters){0});
    ad_draw_text(d, 0, 0, NULL, (ad_letters){0});
    ad_draw_group_end(d);
    CHECK(!strstr(strstr(ad_drawing_svg(d), "/>") + 2, "/>"));
    ad_draw_group(d, NULL); /* left open */
    CHECK_CONTAINS(ad_drawing_svg(d), "</g>\n</svg>");
    CHECK_NEAR(ink_of(d, 1), 0, 0);
    CHECK_INT(ad_drawing_new(&d, ctx, 0.5, 10, ""), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_drawing_new(&d, ctx, 10, NAN, ""), AD_ERROR_ARGUMENT);
    CHECK(!d);
    ad_draw_line(NULL, 0, 0, 1, 1, black);
    ad_draw_text(NULL, 0, 0, "x", (ad_letters){0});
    CHECK(!ad_drawing_svg(NULL));
    ad_image *image;
    CHECK_INT(ad_drawing_image(NULL, 1, &image), AD_ERROR_MEMORY);
    d = blank(10, 10);
    CHECK_INT(ad_drawing_image(d, 0, &image), AD_ERROR_ARGUMENT);
    ad_drawing_free(d);
}

static void long_words_are_shortened(void)
{
    ad_drawing *d = blank(200, 50);
    ad_draw_text(d, 0, 10, "a name of some length", (ad_letters){.most = 60});
    ad_draw_text(d, 0, 10, "short", (ad_letters){.most = 60});
    CHECK_CONTAINS(ad_drawing_svg(d), ">a name o\xe2\x80\xa6<");
    CHECK_CONTAINS(ad_drawing_svg(d), ">short<");
    ad_drawing_free(d);
}

static void files(void)
{
    char folder[] = "/tmp/autodidact-draw-XXXXXX", path[64], head[64] = "";
    REQUIRE(mkdtemp(folder));
    ad_drawing *d = blank(30, 20);
    ad_draw_circle(d, 15, 10, 5, black);
    snprintf(path, sizeof path, "%s/a.SVG", folder);
    CHECK_INT(ad_drawing_write(d, path), AD_OK);
    FILE *file = fopen(path, "rb");
    REQUIRE(file);
    CHECK(fread(head, 1, sizeof head - 1, file) > 40);
    fclose(file);
    CHECK(!strncmp(head, "<svg xmlns=", 11));
    unlink(path);
    snprintf(path, sizeof path, "%s/a.png", folder);
    CHECK_INT(ad_drawing_write(d, path), AD_OK);
    ad_image_info info;
    CHECK_INT(ad_image_probe(ctx, path, &info), AD_OK);
    CHECK(info.width == 60 && info.height == 40 && info.format == AD_IMAGE_PNG);
    unlink(path);
    snprintf(path, sizeof path, "%s/a.xyz", folder);
    CHECK(ad_drawing_write(d, path) != AD_OK);
    CHECK_CONTAINS(ad_error(ctx), "a.xyz");
    ad_drawing_free(d);
    rmdir(folder);
}

static void colours(void)
{
    CHECK_INT(ad_colour_rgb(AD_RGB(1, 2, 3)), 0x010203);
    CHECK_INT(ad_colour_rgb(AD_SERIES(3)), ad_colour_rgb(AD_SERIES(11)));
    for (int i = 1; i < AD_SERIES_COLOURS; ++i)
        CHECK(ad_colour_rgb(AD_SERIES(i)) != ad_colour_rgb(AD_SERIES(0)));
    CHECK_INT(ad_colour_rgb(ad_colour_tint(AD_SERIES(2), 0)), 0xffffff);
    CHECK_INT(ad_colour_tint(AD_RGB(255, 0, 55), 0.5), AD_RGB(255, 128, 155));
    CHECK_INT(ad_colour_tint(AD_SERIES(2), 7), 0xff000000u | ad_colour_rgb(AD_SERIES(2)));
    CHECK(ad_colour_tint(AD_SERIES(2), NAN) == AD_RGB(200, 200, 200));
}

/* ---- sheets ---- */

static ad_image *plain(int64_t width, int64_t height, int channels, float value)
{
    ad_image *image;
    if (ad_image_new(ctx, width, height, channels, &image)) return NULL;
    for (int64_t i = 0; i < width * height * channels; ++i) image->data[i] = value;
    return image;
}

static float at(const ad_image *image, int64_t x, int64_t y)
{
    return image->data[(y * image->width + x) * image->channels];
}

static void sheets(void)
{
    ad_image *images[3] = {plain(4, 3, 1, 0), plain(2, 3, 1, 0.5f), plain(4, 1, 1, 0.25f)}, *sheet;
    const ad_image *const *pictures = (const ad_image *const *)images;
    ad_sheet_options two = {.columns = 2, .gap = 1};
    REQUIRE(images[0] && images[1] && images[2]);
    REQUIRE(!ad_image_sheet(ctx, pictures, 3, &two, &sheet));
    CHECK(sheet->width == 11 && sheet->height == 9 && sheet->channels == 1);
    CHECK(at(sheet, 0, 0) == 1 && at(sheet, 1, 1) == 0 && at(sheet, 4, 3) == 0);
    CHECK(at(sheet, 6, 1) == 1 && at(sheet, 7, 1) == 0.5f && at(sheet, 9, 1) == 1); /* centred */
    CHECK(at(sheet, 1, 5) == 1 && at(sheet, 1, 6) == 0.25f && at(sheet, 1, 7) == 1);
    CHECK(at(sheet, 7, 6) == 1); /* an empty cell */
    ad_image_free(sheet);
    /* enlarged by whole numbers */
    REQUIRE(!ad_image_sheet(ctx, pictures, 3, &(ad_sheet_options){.side = 9, .gap = -1}, &sheet));
    CHECK(sheet->width == 16 && sheet->height == 18); /* 8 x 6, 6 x 9 and 8 x 2 in cells of 8 x 9 */
    CHECK(at(sheet, 0, 0) == 1 && at(sheet, 0, 1) == 0 && at(sheet, 9, 0) == 0.5f);
    ad_image_free(sheet);
    /* captions need colour, and stand below their picture */
    const char *captions[] = {"H", NULL, "much too long for this"};
    ad_sheet_options named = {.columns = 3, .side = 40, .captions = captions};
    REQUIRE(!ad_image_sheet(ctx, pictures, 3, &named, &sheet));
    CHECK(sheet->channels == 3);
    double below[3] = {0};
    for (int i = 0; i < 3; ++i)
        for (int64_t y = 2 + 39; y < sheet->height; ++y)
            for (int64_t x = 0; x < 42; ++x) below[i] += 1 - (double)at(sheet, 2 + 42 * i + x, y);
    CHECK(below[0] > 10 && below[1] == 0 && below[2] > below[0]);
    int64_t height = sheet->height;
    ad_image_free(sheet);
    captions[1] = "one\nand\ntwo"; /* lines, below all of the row */
    REQUIRE(!ad_image_sheet(ctx, pictures, 3, &named, &sheet));
    CHECK_INT(sheet->height, height + 2 * 14);
    double last = 0;
    for (int64_t y = sheet->height - 14; y < sheet->height; ++y)
        for (int64_t x = 44; x < 84; ++x) last += 1 - (double)at(sheet, x, y);
    CHECK(last > 10);
    ad_image_free(sheet);
    /* colour and alpha over the background */
    ad_image_free(images[1]);
    REQUIRE((images[1] = plain(4, 3, 4, 0)));
    ad_sheet_options red = {.background = {1, 0, 0}, .gap = 3, .columns = 1};
    REQUIRE(!ad_image_sheet(ctx, pictures, 2, &red, &sheet));
    CHECK(sheet->channels == 3 && at(sheet, 5, 4) == 0);
    CHECK_NEAR(at(sheet, 5, 10), 1, 1e-6);
    ad_image_free(sheet);
    CHECK_INT(ad_image_sheet(ctx, pictures, 0, NULL, &sheet), AD_ERROR_ARGUMENT);
    CHECK_INT(
        ad_image_sheet(ctx, pictures, 3, &(ad_sheet_options){.columns = 3, .gap = 1 << 20}, &sheet),
        AD_ERROR_LIMIT);
    for (int i = 0; i < 3; ++i) ad_image_free(images[i]);
    unsigned char bytes[] = {0, 51, 255, 102, 204, 153};
    REQUIRE(!ad_image_from_bytes(ctx, bytes, 1, 2, 3, &sheet));
    CHECK_NEAR(sheet->data[1], 0.2, 1e-6);
    CHECK_NEAR(sheet->data[4], 0.8, 1e-6);
    ad_image_free(sheet);
}

static ad_status draw_all(ad_context *poor)
{
    ad_drawing *d;
    ad_image *image = NULL, *sheet = NULL;
    const char *caption = "a name";
    double xy[] = {1, 2, 3, 4, 5, 6};
    ad_status status = ad_drawing_new(&d, poor, 60, 40, "x");
    if (status) return status;
    for (int i = 0; i < 70; ++i) ad_draw_polyline(d, xy, 3, (ad_pen){.stroke = AD_INK});
    ad_draw_text(d, 5, 20, "some words", (ad_letters){.most = 30});
    ad_draw_group(d, "group");
    if (!ad_drawing_svg(d)) status = ad_error_status(poor);
    if (!status) status = ad_drawing_image(d, 1, &image);
    const ad_image *const images[] = {image};
    if (!status)
        status = ad_image_sheet(poor, images, 1, &(ad_sheet_options){.captions = &caption}, &sheet);
    ad_image_free(sheet);
    ad_image_free(image);
    ad_drawing_free(d);
    return status;
}

static void refused_memory(void)
{
    sparing_check(draw_all);
}

static const check_case cases[] = {CASE(areas_are_exact),
                                   CASE(strokes_and_discs),
                                   CASE(words_have_their_width),
                                   CASE(svg_text),
                                   CASE(what_is_not_a_number_is_passed_over),
                                   CASE(long_words_are_shortened),
                                   CASE(files),
                                   CASE(colours),
                                   CASE(sheets),
                                   CASE(refused_memory),
                                   {0}};

int main(int argc, char **argv)
{
    return check_in_context(argc, argv, cases);
}
