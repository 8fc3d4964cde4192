/* Any bytes as a picture: header, decoding, and a small resize of what was read. */
#include <autodidact/image.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ad_context *ctx;
    if (!ctx) ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_image_info info;
    ad_image *image = NULL, *small = NULL;
    ad_image_read_options options = {.channels = size ? data[size - 1] % 5 : 0,
                                     .max_pixels = 1 << 18};
    ad_status probed = ad_image_probe_memory(ctx, "fuzz", data, size, &info);
    ad_status status = ad_image_read_memory(ctx, "fuzz", data, size, &options, &image);
    if (!status && probed) abort(); /* what can be read has a header */
    if (!status && (image->width != info.width || image->height != info.height)) abort();
    if (!status && !options.channels && image->channels != info.channels) abort();
    if (image && !ad_image_resize(ctx, image, 5, 3, NULL, &small))
        for (int64_t i = 0; i < small->width * small->height * small->channels; ++i)
            if (!(small->data[i] >= 0 && small->data[i] <= 1)) abort();
    ad_image_free(small);
    ad_image_free(image);
    if (ad_context_memory(ctx)) abort();
    return 0;
}
