/* Files that are not what they say: each gets one sentence, no file gets memory it did not earn,
 * and an allocator that refuses at any moment leaves nothing behind.
 * needs: webp */
#include "check.h"
#include "picture_files.h"

#include <autodidact/image.h>

#include <webp/encode.h>

static ad_context *ctx;

static void expect(const char *name, const void *bytes, size_t size, ad_status status,
                   const char *sentence)
{
    ad_image *image = NULL;
    ad_image_info info;
    /* a copy of the exact size, so that the address sanitizer sees a read behind it */
    unsigned char *copy = malloc(size ? size : 1);
    if (!copy) return;
    if (size) memcpy(copy, bytes, size);
    ad_error_clear(ctx);
    CHECK_INT(ad_image_read_memory(ctx, name, copy, size, NULL, &image), status);
    CHECK_TEXT(ad_error(ctx), sentence);
    CHECK(!image);
    ad_image_free(image);
    ad_image_probe_memory(ctx, name, copy, size, &info);
    free(copy);
}

static made_file small_png(int interlaced)
{
    unsigned char rows[8 * 8 * 3];
    for (size_t i = 0; i < sizeof rows; ++i) rows[i] = (unsigned char)(i * 73 >> 1);
    return made_png(8, 8, rows, 24,
                    (made_png_options){.colour_type = PNG_COLOR_TYPE_RGB,
                                       .bit_depth = 8,
                                       .interlaced = interlaced});
}

static made_file small_jpeg(int progressive)
{
    unsigned char pixels[24 * 24 * 3];
    for (size_t i = 0; i < sizeof pixels; ++i) pixels[i] = (unsigned char)(i * 73 >> 1);
    return made_jpeg(
        24, 24, pixels,
        (made_jpeg_options){
            .from = JCS_RGB, .stored = JCS_YCbCr, .progressive = progressive, .orientation = 6});
}

static made_file small_webp(int lossless)
{
    unsigned char pixels[16 * 16 * 4];
    uint8_t *bytes = NULL;
    made_file file = {0};
    for (size_t i = 0; i < sizeof pixels; ++i) pixels[i] = (unsigned char)(i * 73 >> 1);
    size_t size = lossless ? WebPEncodeLosslessRGBA(pixels, 16, 16, 64, &bytes)
                           : WebPEncodeRGBA(pixels, 16, 16, 64, 80, &bytes);
    made_add(&file, bytes, size);
    WebPFree(bytes);
    return file;
}

static made_file small_bmp(int run_length)
{
    static const unsigned char palette[2][3] = {{1, 2, 3}, {4, 5, 6}},
                               pixels[8] = {0, 1, 1, 0, 1, 0, 0, 0}, runs[6] = {3, 1, 0, 0, 3, 0};
    made_bmp_options options = {
        .bits = 8, .palette = palette, .colours = 2, .compression = run_length};
    made_file file = made_bmp(3, 2, run_length ? runs : pixels, run_length ? 6 : 8, options);
    if (run_length) made_add(&file, "\0\1", 2);
    return file;
}

/* A PGM of bytes, or a PPM of 16 bits. */
static made_file small_pnm(int colour)
{
    made_file file = {0};
    char head[32];
    int n = snprintf(head, sizeof head, "P%d # made\n7 5\n%d\n", colour ? 6 : 5,
                     colour ? 1000 : 255);
    made_add(&file, head, (size_t)n);
    for (int i = 0; i < 7 * 5 * (colour ? 3 : 1); ++i) {
        if (colour) made_add_le(&file, (uint32_t)(i % 4), 1);
        made_add_le(&file, (uint32_t)(i * 7 % 200), 1);
    }
    return file;
}

typedef struct sample {
    const char *name;
    made_file (*make)(int kind);
    int kind;
} sample;

static const sample samples[] = {{"a.png", small_png, 0},   {"b.png", small_png, 1},
                                 {"a.jpg", small_jpeg, 0},  {"b.jpg", small_jpeg, 1},
                                 {"a.webp", small_webp, 0}, {"b.webp", small_webp, 1},
                                 {"a.bmp", small_bmp, 0},   {"b.bmp", small_bmp, 1},
                                 {"a.pgm", small_pnm, 0},   {"b.ppm", small_pnm, 1}};
enum { SAMPLES = sizeof samples / sizeof *samples };

static void wrong_files_are_named(void)
{
    expect("empty.png", "", 0, AD_ERROR_FORMAT, "empty.png: the file is empty");
    expect("notes.jpg", "Dear diary", 10, AD_ERROR_FORMAT,
           "notes.jpg: not an image this program reads (PNG, JPEG, WebP, BMP, PGM, PPM)");
    expect("x.png", "\x89PN", 3, AD_ERROR_FORMAT,
           "x.png: not an image this program reads (PNG, JPEG, WebP, BMP, PGM, PPM)");
    expect("cat.gif", "GIF89a......", 12, AD_ERROR_UNSUPPORTED,
           "cat.gif: a GIF image, which cannot be read; PNG, JPEG, WebP, BMP, PGM and PPM can");
    expect("scan.tif", "II*\0........", 12, AD_ERROR_UNSUPPORTED,
           "scan.tif: a TIFF image, which cannot be read; PNG, JPEG, WebP, BMP, PGM and PPM can");
    expect("phone.heic",
           "\0\0\0\x18"
           "ftypheic....",
           16, AD_ERROR_UNSUPPORTED,
           "phone.heic: a HEIF image, which cannot be read; PNG, JPEG, WebP, BMP, PGM and PPM can");
    expect("clip.mp4",
           "\0\0\0\x18"
           "ftypisom....",
           16, AD_ERROR_UNSUPPORTED,
           "clip.mp4: a film (MP4), and a picture is expected; `autodidact film convert` makes "
           "pictures of it");
    expect(
        "clip.webm", "\x1a\x45\xdf\xa3....", 8, AD_ERROR_UNSUPPORTED,
        "clip.webm: a film (Matroska), and a picture is expected; `autodidact film convert` makes "
        "pictures of it");
}

static void damaged_pnm(void)
{
    static const char *const heads[] = {
        "P5", "P5 0 2 255\n", "P5 2 2 0\n", "P5 2 2 65536\n", "P2 2 99999999999 9 ", "P2 two 2 9 "};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; ++i) {
        char sentence[128];
        snprintf(sentence, sizeof sentence,
                 "a.pgm: damaged PNM: width, height and greatest value are expected after P%c",
                 heads[i][1]);
        expect("a.pgm", heads[i], strlen(heads[i]), AD_ERROR_FORMAT, sentence);
    }
    expect("a.pgm", "P2 2 2 9 1 2 3 10", 17, AD_ERROR_FORMAT,
           "a.pgm: damaged PNM: sample 3 is not a number up to 9");
    expect("a.pgm", "P2 2 2 9 1 2 x 10", 17, AD_ERROR_FORMAT,
           "a.pgm: damaged PNM: sample 2 is not a number up to 9");
    expect("a.ppm", "P6 1 1 9\n\1\2\12", 12, AD_ERROR_FORMAT,
           "a.ppm: damaged PNM: sample 2 is not a number up to 9");
}

static void every_truncation_is_an_error(void)
{
    for (int i = 0; i < SAMPLES; ++i) {
        made_file file = samples[i].make(samples[i].kind);
        ad_image *image;
        if (ad_image_read_memory(ctx, samples[i].name, file.bytes, file.size, NULL, &image)) {
            CHECK_FAIL("%s", ad_error(ctx));
            free(file.bytes);
            continue;
        }
        ad_image_free(image);
        /* all there: a JPEG without its end marker, a bitmap without the last row's padding */
        size_t spare = samples[i].make == small_jpeg && !samples[i].kind  ? 2
                       : samples[i].make == small_bmp && !samples[i].kind ? 1
                                                                          : 0;
        for (size_t size = 0; size + spare < file.size; ++size) {
            unsigned char *copy = malloc(size + 1);
            memcpy(copy, file.bytes, size);
            ad_error_clear(ctx);
            if (!ad_image_read_memory(ctx, samples[i].name, copy, size, NULL, &image)) {
                CHECK_FAIL("%s: %zu of %zu bytes were read as a picture", samples[i].name, size,
                           file.size);
                ad_image_free(image);
            }
            CHECK_CONTAINS(ad_error(ctx), samples[i].name);
            if (size > 60) CHECK_CONTAINS(ad_error(ctx), "truncated");
            free(copy);
        }
        free(file.bytes);
    }
}

static void flipped_bytes_never_crash(void)
{
    uint32_t state = 99;
    for (int i = 0; i < SAMPLES; ++i) {
        made_file file = samples[i].make(samples[i].kind);
        for (int round = 0; round < 400; ++round) {
            unsigned char *copy = malloc(file.size);
            memcpy(copy, file.bytes, file.size);
            for (int k = 0; k <= round % 4; ++k) {
                state = state * 1664525u + 1013904223u;
                copy[(state >> 8) % file.size] = (unsigned char)(state >> 3);
            }
            ad_image *image = NULL;
            ad_error_clear(ctx);
            ad_status status = ad_image_read_memory(
                ctx, samples[i].name, copy, file.size,
                &(ad_image_read_options){.channels = 3, .max_pixels = 1 << 16}, &image);
            CHECK((status == AD_OK) == (image != NULL));
            if (status) CHECK_CONTAINS(ad_error(ctx), samples[i].name);
            ad_image_free(image);
            free(copy);
        }
        free(file.bytes);
    }
}

/* A PNG header alone: signature, IHDR with its CRC, an empty IDAT. */
static made_file png_of_size(uint32_t width, uint32_t height)
{
    made_file file = {0};
    unsigned char ihdr[17] = {'I',
                              'H',
                              'D',
                              'R',
                              (unsigned char)(width >> 24),
                              (unsigned char)(width >> 16),
                              (unsigned char)(width >> 8),
                              (unsigned char)width,
                              (unsigned char)(height >> 24),
                              (unsigned char)(height >> 16),
                              (unsigned char)(height >> 8),
                              (unsigned char)height,
                              8,
                              2};
    uint32_t crc = 0xffffffffu;
    for (int i = 0; i < 17; ++i) {
        crc ^= ihdr[i];
        for (int k = 0; k < 8; ++k) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    crc = ~crc;
    made_add(&file, "\x89PNG\r\n\x1a\n\0\0\0\x0d", 12);
    made_add(&file, ihdr, 17);
    made_add(&file,
             (unsigned char[]){(unsigned char)(crc >> 24), (unsigned char)(crc >> 16),
                               (unsigned char)(crc >> 8), (unsigned char)crc},
             4);
    made_add(&file, "\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82", 24);
    return file;
}

static void huge_pictures_are_refused_before_memory(void)
{
    made_file png = png_of_size(100000, 100000);
    size_t before = ad_context_memory_peak(ctx);
    expect("huge.png", png.bytes, png.size, AD_ERROR_LIMIT,
           "huge.png: the picture has 100000 x 100000 pixels (10000.0 megapixels), the limit is "
           "268.4 megapixels");
    ad_image_info info;
    CHECK_INT(ad_image_probe_memory(ctx, "huge.png", png.bytes, png.size, &info), AD_OK);
    CHECK_INT(info.width, 100000);
    free(png.bytes);
    png = png_of_size(0x7fffffff, 0x7fffffff);
    CHECK_INT(ad_image_probe_memory(ctx, "huge.png", png.bytes, png.size, &info), AD_OK);
    free(png.bytes);
    made_file bmp = made_bmp(0x7fffffff, -0x7fffffff, "", 0, (made_bmp_options){.bits = 24});
    expect("huge.bmp", bmp.bytes, bmp.size, AD_ERROR_LIMIT,
           "huge.bmp: the picture has 2147483647 x 2147483647 pixels (4611686014132.4 megapixels), "
           "the limit is 268.4 megapixels");
    free(bmp.bytes);
    expect("huge.pgm", "P5 2147483647 2147483647 65535\n", 32, AD_ERROR_LIMIT,
           "huge.pgm: the picture has 2147483647 x 2147483647 pixels (4611686014132.4 megapixels), "
           "the limit is 268.4 megapixels");
    expect("wide.ppm", "P6 16384 16384 65535\n", 22, AD_ERROR_FORMAT,
           "wide.ppm: truncated PNM: the data ends too early");
    CHECK(ad_context_memory_peak(ctx) < before + 65536);
    made_file jpeg = small_jpeg(0);
    ad_image *image;
    CHECK_INT(ad_image_read_memory(ctx, "a.jpg", jpeg.bytes, jpeg.size,
                                   &(ad_image_read_options){.max_pixels = 575}, &image),
              AD_ERROR_LIMIT);
    CHECK_CONTAINS(ad_error(ctx), "24 x 24 pixels");
    free(jpeg.bytes);
}

static void lying_bitmaps(void)
{
    made_file bmp = small_bmp(0);
    bmp.bytes[28] = 7;
    expect("l.bmp", bmp.bytes, bmp.size, AD_ERROR_UNSUPPORTED,
           "l.bmp: a BMP of 7 bits per pixel with compression 0 is not supported");
    bmp.bytes[28] = 8, bmp.bytes[30] = 4;
    expect("l.bmp", bmp.bytes, bmp.size, AD_ERROR_UNSUPPORTED,
           "l.bmp: a BMP of 8 bits per pixel with compression 4 is not supported");
    bmp.bytes[30] = 0;
    memset(bmp.bytes + 22, 0, 4);
    expect("l.bmp", bmp.bytes, bmp.size, AD_ERROR_FORMAT, "l.bmp: damaged BMP: its size is 3 x 0");
    bmp.bytes[25] = 0x80; /* top-down, of 2^31 rows */
    expect("l.bmp", bmp.bytes, bmp.size, AD_ERROR_LIMIT,
           "l.bmp: the picture has 3 x 2147483648 pixels (6442.5 megapixels), the limit is 268.4 "
           "megapixels");
    bmp.bytes[14] = 20;
    expect("l.bmp", bmp.bytes, bmp.size, AD_ERROR_UNSUPPORTED,
           "l.bmp: a BMP with a header of 20 bytes is not supported");
    free(bmp.bytes);
    bmp = small_bmp(0);
    memset(bmp.bytes + 10, 0xff, 4); /* the pixels lie behind the end */
    expect("l.bmp", bmp.bytes, bmp.size, AD_ERROR_FORMAT,
           "l.bmp: truncated BMP: the data ends too early");
    free(bmp.bytes);
    bmp = small_bmp(1);
    bmp.bytes[bmp.size - 8] = 200; /* the first run */
    expect("l.bmp", bmp.bytes, bmp.size, AD_ERROR_FORMAT,
           "l.bmp: damaged BMP: a run leaves the picture");
    free(bmp.bytes);
    static const uint32_t gaps[3] = {0xf800, 0x0660, 0x1f};
    bmp = made_bmp(1, 1, "\1\2\0\0", 4,
                   (made_bmp_options){.bits = 16, .compression = 3, .masks = gaps});
    expect("l.bmp", bmp.bytes, bmp.size, AD_ERROR_FORMAT,
           "l.bmp: damaged BMP: the bit mask 0x00000660 has gaps");
    free(bmp.bytes);
}

static void damaged_png(void)
{
    made_file png = small_png(0);
    png.bytes[20] ^= 1; /* the CRC of the header no longer holds */
    expect("d.png", png.bytes, png.size, AD_ERROR_FORMAT, "d.png: damaged PNG: IHDR: CRC error");
    free(png.bytes);
}

static void wrong_options(void)
{
    ad_image *image;
    made_file png = small_png(0);
    CHECK_INT(ad_image_read_memory(ctx, "a.png", png.bytes, png.size,
                                   &(ad_image_read_options){.channels = 5}, &image),
              AD_ERROR_ARGUMENT);
    CHECK(!image);
    free(png.bytes);
}

/* ---- memory that is refused --------------------------------------------------------------------
 */

typedef struct stingy {
    long left; /* allocations until one is refused */
    long held;
} stingy;

static void *stingy_allocate(void *user, size_t bytes)
{
    stingy *s = user;
    if (s->left-- == 0) return NULL;
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    s->held += memory != NULL;
    return memory;
}

static void stingy_release(void *user, void *memory, size_t bytes)
{
    stingy *s = user;
    (void)bytes;
    --s->held;
    free(memory);
}

/* Reads, shrinks, recolours and encodes; true when nothing was refused. */
static bool whole_way(ad_context *poor, const sample *from, made_file file, const char *path)
{
    ad_image *image = NULL, *small = NULL, *coloured = NULL;
    ad_image_read_options options = {.channels = 3};
    bool good = !ad_image_read_memory(poor, from->name, file.bytes, file.size, &options, &image) &&
                !ad_image_resize(poor, image, 2, 2, NULL, &small) &&
                !ad_image_match_color(poor, small, image, &coloured) &&
                !ad_image_write(poor, path, coloured, NULL);
    ad_image_free(image), ad_image_free(small), ad_image_free(coloured);
    return good;
}

static void refused_memory_is_an_error_each_time(void)
{
    char path[128];
    const char *base = getenv("TMPDIR");
    for (int i = 0; i < SAMPLES; ++i) {
        made_file file = samples[i].make(samples[i].kind);
        snprintf(path, sizeof path, "%.60s/hostile-%d.%s", base ? base : "/tmp", i,
                 i % 3 == 0   ? "png"
                 : i % 3 == 1 ? "jpg"
                              : "webp");
        bool done = false;
        for (long refuse = 0; !done && refuse < 1000; ++refuse) {
            stingy user = {.left = 1 + refuse}; /* the context itself gets its memory */
            ad_context *poor = ad_context_new(&(ad_context_options){
                .allocator = {stingy_allocate, stingy_release, &user}, .threads = 1});
            REQUIRE(poor);
            done = whole_way(poor, &samples[i], file, path);
            if (!done) CHECK_INT(ad_error_status(poor), AD_ERROR_MEMORY);
            CHECK_INT(ad_context_memory(poor), 0);
            ad_context_free(poor);
            CHECK_INT(user.held, 0);
        }
        CHECK(done);
        remove(path);
        free(file.bytes);
    }
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int result = check_main(argc, argv,
                            (check_case[]){CASE(wrong_files_are_named),
                                           CASE(damaged_pnm),
                                           CASE(every_truncation_is_an_error),
                                           CASE(flipped_bytes_never_crash),
                                           CASE(huge_pictures_are_refused_before_memory),
                                           CASE(lying_bitmaps),
                                           CASE(damaged_png),
                                           CASE(wrong_options),
                                           CASE(refused_memory_is_an_error_each_time),
                                           {0}});
    if (ad_context_memory(ctx)) printf("leaked %zu bytes\n", ad_context_memory(ctx)), result = 1;
    ad_context_free(ctx);
    return result;
}
