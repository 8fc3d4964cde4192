/* png.c - without libpng: PNG pictures are recognised and refused. */
#include "io/image_codec.h"

static ad_status refuse(ad_context *ctx)
{
    return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                   "PNG is not built in: this library was made without libpng");
}

ad_status ad_png_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info)
{
    (void)file, (void)info;
    return refuse(ctx);
}

ad_status ad_png_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                        ad_image **out)
{
    (void)file, (void)info, (void)out;
    return refuse(ctx);
}

ad_status ad_png_encode(ad_context *ctx, const ad_image *image,
                        const ad_image_write_options *options, ad_text *to)
{
    (void)image, (void)options, (void)to;
    return refuse(ctx);
}
