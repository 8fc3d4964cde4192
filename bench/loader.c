/* loader.c - pictures a second that one reading thread makes ready, by augmentation.
 *
 *     build/bench/loader */
#include <autodidact/data.h>

#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 10000, BATCH = 128, ROUNDS = 400 };

static bool measure(ad_context *ctx, const char *name, int64_t side, int channels, ad_augment a)
{
    size_t bytes = (size_t)(COUNT * side * side * channels);
    unsigned char *pixels = malloc(bytes);
    int32_t *labels = calloc(COUNT, sizeof *labels);
    ad_image_set set = {COUNT, side, side, channels, pixels, labels, .classes = 10, .ctx = ctx};
    ad_loader_options options = {.batch = BATCH, .shuffle = true};
    ad_samples *samples = NULL;
    ad_loader *loader = NULL;
    ad_batch batch;
    bool good = pixels && labels;
    for (size_t i = 0; good && i < bytes; ++i) pixels[i] = (unsigned char)(i * 2654435761u >> 20);
    good = good && !ad_image_samples_new(&samples, &set, &a) &&
           !ad_loader_new(&loader, ctx, samples, &options) && !ad_loader_batch(loader, 0, &batch);
    double from = ad_seconds();
    for (int64_t n = 1; n <= ROUNDS && good; ++n) good = !ad_loader_batch(loader, n, &batch);
    double seconds = ad_seconds() - from;
    if (good)
        printf("{\"set\":\"%lldx%lldx%d\",\"augmentation\":\"%s\",\"pictures_per_second\":%.0f}\n",
               (long long)side, (long long)side, channels, name, ROUNDS * BATCH / seconds);
    else
        fprintf(stderr, "%s\n", ad_error(ctx));
    ad_loader_free(loader);
    ad_samples_free(samples);
    free(labels), free(pixels);
    return good;
}

int main(void)
{
    ad_augment plain = {.mean = {0.49f, 0.48f, 0.45f}, .deviation = {0.25f, 0.24f, 0.26f}};
    ad_augment crop = plain, cut, colour = plain, turn = plain, shift = plain;
    crop.pad = 4, crop.flip = true;
    cut = crop, cut.cutout = 8;
    colour.brightness = colour.contrast = colour.saturation = 0.2f;
    turn.shift = 2, turn.rotate = 10, turn.scale = 0.1f;
    shift.shift = 2;
    ad_context *ctx = ad_context_new(NULL);
    bool good = ctx && measure(ctx, "normalise", 32, 3, plain) &&
                measure(ctx, "crop, flip, normalise", 32, 3, crop) &&
                measure(ctx, "crop, flip, normalise, cutout", 32, 3, cut) &&
                measure(ctx, "colour, normalise", 32, 3, colour) &&
                measure(ctx, "shift, normalise", 28, 1, shift) &&
                measure(ctx, "shift, rotate, scale, normalise", 28, 1, turn);
    ad_context_free(ctx);
    return good ? 0 : 1;
}
