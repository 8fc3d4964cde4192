/* Any bytes as a film: header, some frames, a part of it at another rate. needs: libav */
#include <autodidact/film.h>

#include <stdlib.h>

enum { FRAMES = 12 };

static void read_frames(ad_film *film)
{
    const ad_film_info *info = ad_film_get_info(film);
    double before = -1;
    for (int i = 0; i < FRAMES; ++i) {
        ad_film_frame frame;
        if (ad_film_next(film, &frame) || !frame.image) return;
        if (frame.image->width != info->width || frame.image->height != info->height) abort();
        if (!(frame.time >= 0 && frame.duration > 0) || frame.time < before) abort();
        before = frame.time;
        ad_image_free(frame.image);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ad_context *ctx;
    if (!ctx) ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_film_options options = {.max_pixels = 1 << 14, .ahead = 1};
    uint8_t how = size ? data[size - 1] : 0;
    if (how & 1) options.count = true;
    if (how & 2) options.from = 0.2;
    if (how & 4) options.fps = 7;
    if (how & 8) options.keep_alpha = true;
    ad_film *film = NULL;
    if (!ad_film_open_memory(ctx, "fuzz", data, size, &options, &film)) read_frames(film);
    ad_film_free(film);
    if (ad_context_memory(ctx)) abort();
    return 0;
}
