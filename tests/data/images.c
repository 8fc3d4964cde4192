/* Reads every photo and painting of the data folder and compares size and mean colour with what
 * Pillow decodes (tests/oracle/images.py), then takes one of them all the way: shrink, write, read
 * again. */
#include "check.h"

#include <autodidact/image.h>

#include <unistd.h>

/* Path, width, height, mean of red, green and blue (0 to 255). */
static const struct picture {
    const char *path;
    int width, height;
    double mean[3];
} pictures[] = {
    {"content/amber.jpg", 1080, 1080, {146.744, 135.200, 127.130}},
    {"content/chicago.jpg", 712, 474, {127.020, 150.689, 168.044}},
    {"content/cloud.jpg", 1024, 575, {119.041, 154.551, 184.640}},
    {"content/figures.jpg", 1200, 800, {142.043, 125.039, 108.506}},
    {"content/golden_gate.jpg", 979, 734, {129.910, 137.885, 141.234}},
    {"content/grace_hopper.bmp", 512, 600, {82.557, 72.442, 86.381}},
    {"content/green_bridge.jpg", 1200, 800, {66.514, 74.299, 53.561}},
    {"content/lion.jpg", 1654, 1654, {118.329, 118.329, 118.329}},
    {"content/parrot.jpg", 512, 929, {147.629, 130.879, 117.224}},
    {"content/taj_mahal.jpg", 1200, 833, {160.154, 156.343, 155.818}},
    {"content/tubingen.png", 512, 384, {102.780, 114.715, 119.942}},
    {"style/mosaic.jpg", 470, 391, {177.814, 166.787, 160.164}},
    {"style/rain-princess-cropped.jpg", 769, 640, {133.309, 117.001, 91.202}},
    {"style/tahiti_guaguin.jpg", 1200, 687, {138.746, 127.583, 85.887}},
    {"style/the_scream.jpg", 1200, 1528, {112.803, 83.524, 53.802}},
    {"style/udnie.jpg", 1259, 1260, {107.075, 107.760, 105.223}},
    {"style/vg_houses.jpg", 800, 1025, {176.443, 167.673, 128.470}},
    {"style/vg_la_cafe.jpg", 800, 631, {139.728, 109.845, 44.656}},
    {"style/vg_self.jpg", 800, 978, {183.861, 146.816, 97.800}},
    {"style/vg_starry_night.jpg", 1024, 640, {86.264, 113.870, 125.416}},
    {"style/vg_wheat_field_cropped.jpg", 500, 500, {142.537, 150.994, 124.552}},
    {"style/wave_crop.jpg", 485, 485, {147.531, 156.229, 142.327}},
};

static ad_context *ctx;
static const char *folder;

static void colour_means(const ad_image *image, double mean[3])
{
    int64_t pixels = image->width * image->height;
    for (int k = 0; k < 3; ++k) {
        double sum = 0;
        for (int64_t i = 0; i < pixels; ++i) sum += image->data[3 * i + k];
        mean[k] = 255 * sum / (double)pixels;
    }
}

static void every_picture_is_read(void)
{
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; ++i) {
        const struct picture *want = &pictures[i];
        char path[1024];
        double mean[3];
        ad_image *image;
        ad_image_info info;
        snprintf(path, sizeof path, "%s/photos_paintings/%s", folder, want->path);
        if (ad_image_read(ctx, path, &(ad_image_read_options){.channels = 3}, &image)) {
            CHECK_FAIL("%s", ad_error(ctx));
            continue;
        }
        CHECK_INT(image->width, want->width);
        CHECK_INT(image->height, want->height);
        CHECK(!ad_image_probe(ctx, path, &info) && info.width == want->width &&
              info.height == want->height);
        colour_means(image, mean);
        for (int k = 0; k < 3; ++k)
            if (!(fabs(mean[k] - want->mean[k]) < 0.05))
                CHECK_FAIL("%s: channel %d has mean %.3f, expected %.3f", want->path, k, mean[k],
                           want->mean[k]);
        ad_image_free(image);
    }
}

static void a_photo_goes_the_whole_way(void)
{
    char path[1024], copy[] = "/tmp/images-XXXXXX.png";
    double mean[3], again[3];
    ad_image *photo = NULL, *small = NULL, *back = NULL;
    snprintf(path, sizeof path, "%s/photos_paintings/content/golden_gate.jpg", folder);
    REQUIRE(!ad_image_read(ctx, path, NULL, &photo));
    REQUIRE(!ad_image_fit(ctx, photo, 256, NULL, &small));
    CHECK_INT(small->width, 256);
    CHECK_INT(small->height, 192);
    int fd = mkstemps(copy, 4);
    REQUIRE(fd >= 0);
    close(fd);
    REQUIRE(!ad_image_write(ctx, copy, small, NULL));
    REQUIRE(!ad_image_read(ctx, copy, NULL, &back));
    colour_means(small, mean), colour_means(back, again);
    for (int k = 0; k < 3; ++k) CHECK_NEAR(again[k], mean[k], 0.001);
    unlink(copy);
    ad_image_free(photo), ad_image_free(small), ad_image_free(back);
}

int main(int argc, char **argv)
{
    if (argc < 2) return fprintf(stderr, "usage: images DATA_FOLDER\n"), 2;
    folder = argv[1];
    ctx = ad_context_new(NULL);
    int result = check_main(
        1, argv,
        (check_case[]){CASE(every_picture_is_read), CASE(a_photo_goes_the_whole_way), {0}});
    if (ad_context_memory(ctx)) printf("leaked %zu bytes\n", ad_context_memory(ctx)), result = 1;
    ad_context_free(ctx);
    return result;
}
