/* image_centre.c - the middle of a picture at a given size. */
#include "base/context.h"

#include <autodidact/image.h>
#include <string.h>

static ad_status cut(ad_context *ctx, const ad_image *from, int64_t width, int64_t height,
                     ad_image **out)
{
    ad_status status = ad_image_new(ctx, width, height, from->channels, out);
    int64_t left = (from->width - width) / 2, top = (from->height - height) / 2;
    for (int64_t y = 0; !status && y < height; ++y)
        memcpy((*out)->data + y * width * from->channels,
               from->data + ((top + y) * from->width + left) * from->channels,
               (size_t)(width * from->channels) * sizeof(float));
    return status;
}

ad_status ad_image_centre(ad_context *ctx, const ad_image *image, int64_t short_side, int64_t width,
                          int64_t height, const ad_image_resize_options *options, ad_image **out)
{
    ad_image *sized = NULL;
    *out = NULL;
    if (width < 1 || height < 1 || width > short_side || height > short_side)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "%lld x %lld cannot be cut out of a picture whose shorter side is %lld",
                       (long long)width, (long long)height, (long long)short_side);
    int64_t w = image->width, h = image->height;
    int64_t wide = w < h ? short_side : (short_side * w + h / 2) / h;
    int64_t high = w < h ? (short_side * h + w / 2) / w : short_side;
    ad_status status = ad_image_resize(ctx, image, wide, high, options, &sized);
    if (!status) status = cut(ctx, sized, width, height, out);
    ad_image_free(sized);
    return status;
}
