/* Animations: what a reader of GIF, written here from the format's specification, makes of the
 * files, and what is refused. */
#include "check.h"
#include "context.h"
#include "folder.h"
#include "sparing.h"

#include <autodidact/image.h>

#include <stdint.h>

enum { MOST_FRAMES = 4, MOST_PIXELS = 160 * 160, CODES = 4096 };

typedef struct film {
    int width, height, frames, delay[MOST_FRAMES], clears, palettes;
    int64_t pixels; /* of all frames' rectangles */
    bool repeats;
    uint8_t rgb[MOST_FRAMES][MOST_PIXELS * 3];
} film;

static film seen;
static uint8_t file[1 << 20], packed[1 << 20];

/* The codes in `packed` to colour numbers; their number, or -1: broken. */
static int expand(size_t size, int bits, uint8_t *out, int most)
{
    static int prefix[CODES];
    static uint8_t last[CODES], string[CODES];
    int clear = 1 << bits, next = clear + 2, width = bits + 1, before = -1, count = 0;
    size_t at = 0;
    while (at + (size_t)width <= 8 * size) {
        int code = 0;
        for (int b = 0; b < width; ++b, ++at) code |= (packed[at / 8] >> (at % 8) & 1) << b;
        if (code == clear + 1) return 8 * size - at < 8 ? count : -1;
        if (code == clear) {
            next = clear + 2, width = bits + 1, before = -1, ++seen.clears;
            continue;
        }
        if (code > next || (code == next && before < 0)) return -1;
        int length = 0, walk = code == next ? before : code;
        if (code == next) string[length++] = 0; /* its first colour once more, known below */
        for (; walk > clear; walk = prefix[walk]) string[length++] = last[walk];
        string[length++] = (uint8_t)walk;
        if (code == next) string[0] = (uint8_t)walk;
        if (before >= 0 && next < CODES) {
            prefix[next] = before, last[next++] = (uint8_t)walk;
            if (next == 1 << width && width < 12) ++width;
        }
        while (length && count < most) out[count++] = string[--length];
        if (length) return -1;
        before = code;
    }
    return -1;
}

static int number_at(size_t at)
{
    return file[at] | file[at + 1] << 8;
}

/* Lays the rectangle at `at`, whose colours are in `index`, over the frame before. */
static void lay(size_t at, const uint8_t *palette, const uint8_t *index, int clear)
{
    int left = number_at(at + 1), top = number_at(at + 3), width = number_at(at + 5),
        height = number_at(at + 7);
    if (seen.frames) memcpy(seen.rgb[seen.frames], seen.rgb[seen.frames - 1], sizeof seen.rgb[0]);
    for (int i = 0; i < width * height; ++i) {
        int to = (top + i / width) * seen.width + left + i % width;
        if (index[i] != clear)
            memcpy(seen.rgb[seen.frames] + (size_t)3 * (size_t)to, palette + 3 * index[i], 3);
    }
    seen.pixels += width * height;
}

/* Reads a file of ours into `seen`. */
static bool look(const char *path)
{
    static uint8_t index[MOST_PIXELS];
    int clear = -1;
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    size_t size = fread(file, 1, sizeof file, f), at = 13;
    fclose(f);
    memset(&seen, 0, sizeof seen);
    if (size < 13 || memcmp(file, "GIF89a", 6)) return false;
    seen.width = number_at(6), seen.height = number_at(8);
    const uint8_t *shared = file + at, *palette;
    if (file[10] & 0x80) at += (size_t)3 << ((file[10] & 7) + 1);
    while (at < size && file[at] != 0x3b) {
        if (file[at] == 0x21) {
            if (file[at + 1] == 0xf9) {
                seen.delay[seen.frames] = number_at(at + 4);
                clear = file[at + 3] & 1 ? file[at + 6] : -1;
                if (file[at + 3] >> 2 != 1) return false; /* a frame stays */
            }
            if (file[at + 1] == 0xff) seen.repeats = !memcmp(file + at + 3, "NETSCAPE2.0", 11);
            for (at += 2; file[at]; at += file[at] + (size_t)1) {
            }
            ++at;
            continue;
        }
        if (file[at] != 0x2c || seen.frames == MOST_FRAMES) return false;
        size_t rectangle = at, total = 0;
        int flags = file[at + 9], pixels = number_at(at + 5) * number_at(at + 7);
        at += 10;
        palette = flags & 0x80 ? file + at : shared;
        if (flags & 0x80) at += (size_t)3 << ((flags & 7) + 1), ++seen.palettes;
        int bits = file[at];
        for (++at; file[at]; at += file[at] + (size_t)1)
            memcpy(packed + total, file + at + 1, file[at]), total += file[at];
        ++at;
        if (expand(total, bits, index, MOST_PIXELS) != pixels) return false;
        lay(rectangle, palette, index, clear);
        ++seen.frames;
    }
    return at + 1 == size;
}

static ad_image *picture(int width, int height, int channels, int kind)
{
    ad_image *image = NULL;
    uint32_t state = 1;
    if (ad_image_new(ctx, width, height, channels, &image)) return NULL;
    for (int i = 0; i < width * height * channels; ++i) {
        int x = i / channels % width, y = i / channels / width, c = i % channels;
        state = state * 1664525 + 1013904223;
        image->data[i] = kind == 0 ? (float)(c == 0   ? x
                                             : c == 1 ? y
                                                      : width - x) /
                                         (float)width
                         : kind == 1 ? (float)(state >> 8) / (float)(1 << 24)
                                     : 0.25f;
    }
    return image;
}

static const char *write_film(ad_image *const *frames, int count, double seconds, double last)
{
    ad_animation *a;
    const char *path = in_folder("film.gif");
    ad_status status = ad_animation_open(&a, ctx, path, seconds);
    for (int i = 0; i < count && !status; ++i) status = ad_animation_add(a, frames[i]);
    if (!status) status = ad_animation_write(a, last);
    if (status) CHECK_FAIL("%s", ad_error(ctx));
    ad_animation_free(a);
    return path;
}

static void frames_and_their_times(void)
{
    ad_image *frames[] = {picture(40, 30, 3, 2), picture(40, 30, 1, 2), picture(40, 30, 4, 0)};
    REQUIRE(look(write_film(frames, 3, 0.1, 2)));
    CHECK_INT(seen.width, 40);
    CHECK_INT(seen.height, 30);
    CHECK_INT(seen.frames, 3);
    CHECK(seen.repeats);
    CHECK_INT(seen.delay[0], 10);
    CHECK_INT(seen.delay[1], 10);
    CHECK_INT(seen.delay[2], 200);
    for (int i = 0; i < 40 * 30 * 3; ++i) CHECK_INT(seen.rgb[0][i], 64);
    CHECK_INT(seen.rgb[1][0], 64);
    for (int i = 0; i < 3; ++i) ad_image_free(frames[i]);
}

/* What stands still is not written again, and greys and few colours are as they were given, in one
 * palette. */
static void differences(void)
{
    ad_image *frames[] = {picture(100, 90, 1, 1), picture(100, 90, 1, 1), picture(100, 90, 1, 1)};
    for (int y = 20; y < 30; ++y) frames[1]->data[y * 100 + 40] = 0;
    frames[1]->data[25 * 100 + 42] = 1;
    for (int i = 0; i < 256; ++i) frames[2]->data[i] = (float)i / 255;
    REQUIRE(look(write_film(frames, 3, 0.1, 0)));
    CHECK_INT(seen.palettes, 0);
    CHECK_INT(seen.pixels, 100 * 90 + 3 * 10 + 100 * 30);
    int most = 0;
    for (int f = 0; f < 3; ++f)
        for (int i = 0; i < 100 * 90; ++i) {
            int off = abs(seen.rgb[f][3 * i] - (int)lroundf(255 * frames[f]->data[i]));
            most = off > most ? off : most;
        }
    if (most > 1) CHECK_FAIL("a grey is off by %d", most);
    for (int i = 0; i < 3; ++i) ad_image_free(frames[i]);
}

/* Two frames alike, then one of other colours than fit into the palette of all. */
static void same_again_and_other_colours(void)
{
    ad_image *frames[] = {picture(64, 40, 3, 0), picture(64, 40, 3, 0), picture(64, 40, 3, 2)};
    REQUIRE(look(write_film(frames, 3, 0.1, 0)));
    CHECK_INT(seen.frames, 3);
    CHECK_INT(seen.palettes, 1);
    CHECK_INT(seen.pixels, 64 * 40 + 1 + 64 * 40);
    CHECK(!memcmp(seen.rgb[0], seen.rgb[1], sizeof seen.rgb[0]));
    for (int i = 0; i < 64 * 40 * 3; ++i) CHECK_INT(seen.rgb[2][i], 64);
    for (int i = 0; i < 3; ++i) ad_image_free(frames[i]);
}

/* Mean over `area` x `area` pixels of what a frame shows minus what was given, at its largest. */
static double largest_error(const ad_image *image, int area)
{
    double most = 0;
    for (int y = 0; y + area <= image->height; y += area)
        for (int x = 0; x + area <= image->width; x += area)
            for (int c = 0; c < 3; ++c) {
                double sum = 0;
                for (int i = 0; i < area * area; ++i) {
                    int64_t at = ((y + i / area) * image->width + x + i % area) * 3 + c;
                    sum += seen.rgb[0][at] - 255 * (double)image->data[at];
                }
                most = fmax(most, fabs(sum) / (area * area));
            }
    return most;
}

/* A gradient of 19600 colours in 256, and from a little away nobody sees it. */
static void colours_are_near_and_dithered(void)
{
    ad_image *image = picture(140, 140, 3, 0);
    REQUIRE(look(write_film(&image, 1, 0.1, 0.1)));
    double pixel = largest_error(image, 1), area = largest_error(image, 7);
    if (!(pixel < 60)) CHECK_FAIL("a pixel is off by %g grey levels", pixel);
    if (!(area < 4)) CHECK_FAIL("an area of 7 x 7 is off by %g grey levels", area);
    ad_image_free(image);
}

/* Noise does not compress: the codes are used up several times. */
static void codes_are_used_up(void)
{
    ad_image *image = picture(160, 160, 3, 1);
    REQUIRE(look(write_film(&image, 1, 0.1, 0.1)));
    CHECK(seen.clears > 3);
    CHECK(largest_error(image, 16) < 6);
    ad_image_free(image);
}

/* At each length the last code and the end fit into the bits that a reader expects. */
static void every_length(void)
{
    for (int width = 1; width < 160; ++width) {
        ad_image *image = picture(width, 7, 3, width % 3);
        if (!look(write_film(&image, 1, 0.1, 0.1))) CHECK_FAIL("%d x 7 cannot be read", width);
        ad_image_free(image);
    }
}

static void refused(void)
{
    ad_animation *a;
    ad_image *small = picture(4, 4, 3, 0), *large = picture(5, 4, 3, 0);
    CHECK_INT(ad_animation_open(&a, ctx, in_folder("film.png"), 0.1), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), ".gif");
    CHECK(ad_animation_open(&a, ctx, in_folder("no/film.gif"), 0.1) != AD_OK);
    CHECK(!a);
    REQUIRE(!ad_animation_open(&a, ctx, in_folder("refused.gif"), 0.1));
    CHECK_INT(ad_animation_write(a, 1), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_animation_add(a, small), AD_OK);
    CHECK_INT(ad_animation_add(a, large), AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "5 x 4");
    ad_animation_free(a);
    CHECK(access(in_folder("refused.gif"), F_OK) != 0);
    ad_image_free(small), ad_image_free(large);
}

static ad_status two_frames(ad_context *poor)
{
    ad_image *image = NULL;
    ad_animation *a = NULL;
    ad_status status = ad_image_new(poor, 20, 20, 3, &image);
    if (!status) status = ad_animation_open(&a, poor, in_folder("poor.gif"), 0.1);
    for (int i = 0; i < 2 && !status; ++i) status = ad_animation_add(a, image);
    if (!status) status = ad_animation_write(a, 1);
    ad_animation_free(a);
    ad_image_free(image);
    return status;
}

static void memory_that_runs_out(void)
{
    sparing_check(two_frames);
    CHECK(look(in_folder("poor.gif")));
    CHECK_INT(seen.frames, 2);
}

static const check_case cases[] = {CASE(frames_and_their_times),
                                   CASE(colours_are_near_and_dithered),
                                   CASE(differences),
                                   CASE(same_again_and_other_colours),
                                   CASE(codes_are_used_up),
                                   CASE(every_length),
                                   CASE(refused),
                                   CASE(memory_that_runs_out),
                                   {0}};

int main(int argc, char **argv)
{
    if (!folder_make()) return 1;
    int code = check_in_context(argc, argv, cases);
    return folder_remove() ? code : 1;
}
