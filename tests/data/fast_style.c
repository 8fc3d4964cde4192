/* fast_style.c - the three published networks of w_fast_style paint the picture beside them as
 * their reference pictures show it. argv[1] is the data folder; the command is $AUTODIDACT. With a
 * folder as argv[2] the pictures stay there, and how far they are is printed (`make
 * reproduce-fast-style`). */
#include "check.h"

#include <autodidact/image.h>

#include <unistd.h>

static const char *data_folder, *kept_folder; /* NULL: nothing is kept */
static ad_context *ctx;

static void paints_as_its_reference(const char *name, const char *photo)
{
    char command[4096], path[1024], painted[1024];
    ad_image *want = NULL, *got = NULL;
    const char *autodidact = getenv("AUTODIDACT");
    if (kept_folder)
        snprintf(painted, sizeof painted, "%s/%s.png", kept_folder, name);
    else
        snprintf(painted, sizeof painted, "%s.painted.png", photo);
    snprintf(command, sizeof command,
             "'%s' style apply '%s/w_fast_style/%s.tar.xz' '%s' -o '%s' -q",
             autodidact ? autodidact : "build/autodidact", data_folder, name, photo, painted);
    CHECK_INT(system(command), 0);
    snprintf(path, sizeof path, "%s/w_fast_style/ref_amber320_%s.png", data_folder, name);
    REQUIRE(!ad_image_read(ctx, path, &(ad_image_read_options){.channels = 3}, &want));
    REQUIRE(!ad_image_read(ctx, painted, &(ad_image_read_options){.channels = 3}, &got));
    if (!kept_folder) remove(painted);
    CHECK_INT(got->width, want->width);
    CHECK_INT(got->height, want->height);
    double sum = 0;
    int64_t count = want->width * want->height * 3;
    for (int64_t i = 0; i < count; ++i) sum += fabs((double)got->data[i] - want->data[i]);
    if (kept_folder)
        printf("%s: mean absolute difference %.2f of 255 from %s/w_fast_style/ref_amber320_%s.png, "
               "at most 1 is to be; %s\n",
               name, sum / (double)count * 255, data_folder, name, painted);
    CHECK_NEAR(sum / (double)count * 255, 0.5, 0.3); /* the reference cuts off what we round */
    ad_image_free(want), ad_image_free(got);
}

static void all_three(void)
{
    static const char *const names[] = {"rain_princess", "udnie", "wave"};
    char path[1024], photo[] = "/tmp/fast_style_XXXXXX.png";
    ad_image *read = NULL, *resized = NULL;
    int file = mkstemps(photo, 4);
    REQUIRE(file >= 0);
    close(file);
    snprintf(path, sizeof path, "%s/w_fast_style/amber.jpg", data_folder);
    REQUIRE(!ad_image_read(ctx, path, NULL, &read));
    /* as Pillow does by default, whatever the proportions */
    const ad_image_resize_options pillow = {.filter = AD_IMAGE_CUBIC, .encoded = true};
    REQUIRE(!ad_image_resize(ctx, read, 320, 320, &pillow, &resized));
    REQUIRE(!ad_image_write(ctx, photo, resized, NULL));
    ad_image_free(read), ad_image_free(resized);
    for (int i = 0; i < 3; ++i) paints_as_its_reference(names[i], photo);
    remove(photo);
}

int main(int argc, char **argv)
{
    if (argc < 2) return fprintf(stderr, "usage: fast_style DATA_FOLDER [PICTURES_FOLDER]\n"), 2;
    data_folder = argv[1], kept_folder = argc > 2 ? argv[2] : NULL;
    ctx = ad_context_new(NULL);
    int result = check_main(1, argv, (check_case[]){CASE(all_three), {0}});
    if (ad_context_memory(ctx)) printf("leaked %zu bytes\n", ad_context_memory(ctx)), result = 1;
    ad_context_free(ctx);
    return result;
}
