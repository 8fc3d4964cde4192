/* image_webp.c - WebP (RFC 9649) by libwebp: lossy, lossless, with alpha; of an animation the first
 * frame, laid on its canvas. The container's chunks (EXIF, ICC profile, frames) are walked here. */
#include "io/image_codec.h"

#include <string.h>
#include <webp/decode.h>
#include <webp/encode.h>

static size_t read24(const uint8_t *p)
{
    return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
}
static size_t read32(const uint8_t *p)
{
    return read24(p) | (size_t)p[3] << 24;
}

/* The first chunk of that type; NULL if there is none or it is cut off. */
static const uint8_t *find_chunk(const ad_image_bytes *file, const char *type, size_t *size)
{
    for (size_t at = 12; at <= file->size && file->size - at >= 8;) {
        const uint8_t *p = file->at + at;
        size_t length = read32(p + 4);
        if (length > file->size - at - 8) return NULL;
        if (!memcmp(p, type, 4)) {
            *size = length;
            return p + 8;
        }
        at += 8 + length + (length & 1);
    }
    return NULL;
}

/* The coded picture: the file itself, or the first frame of an animation and its place. */
typedef struct webp_frame {
    const uint8_t *at;
    size_t size;
    int64_t x, y, width, height;
} webp_frame;

static ad_status fail_status(ad_context *ctx, VP8StatusCode code)
{
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY: return ad_fail(ctx, AD_ERROR_MEMORY, "out of memory in libwebp");
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return ad_fail(ctx, AD_ERROR_FORMAT, "truncated WebP: the data ends too early");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED, "a WebP with a feature that is not supported");
    default: return ad_fail(ctx, AD_ERROR_FORMAT, "damaged WebP");
    }
}

/* libwebp calls a file damaged, too, where it was refused a small piece of memory. Then there is
 * none for a larger one either: `bytes`, as many as it works with. */
static ad_status fail_decoding(ad_context *ctx, VP8StatusCode code, size_t bytes)
{
    /* After a good header, a picture cut off inside is reported as suspended. */
    if (code == VP8_STATUS_SUSPENDED) code = VP8_STATUS_NOT_ENOUGH_DATA;
    void *memory = ad_alloc(ctx, bytes);
    if (!memory) return AD_ERROR_MEMORY;
    ad_free(ctx, memory, bytes);
    return fail_status(ctx, code);
}

static ad_status find_frame(ad_context *ctx, const ad_image_bytes *file, const ad_image_info *info,
                            webp_frame *frame)
{
    enum { FRAME_HEADER = 16 };
    *frame = (webp_frame){file->at, file->size, 0, 0, info->width, info->height};
    if (!info->is_animated) return AD_OK;
    size_t size;
    const uint8_t *p = find_chunk(file, "ANMF", &size);
    if (!p || size <= FRAME_HEADER) return fail_status(ctx, VP8_STATUS_NOT_ENOUGH_DATA);
    *frame = (webp_frame){.at = p + FRAME_HEADER,
                          .size = size - FRAME_HEADER,
                          .x = 2 * (int64_t)read24(p),
                          .y = 2 * (int64_t)read24(p + 3),
                          .width = 1 + (int64_t)read24(p + 6),
                          .height = 1 + (int64_t)read24(p + 9)};
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(frame->at, frame->size, &features);
    if (code) return fail_status(ctx, code);
    if (features.width != frame->width || features.height != frame->height ||
        frame->x + frame->width > info->width || frame->y + frame->height > info->height)
        return ad_fail(ctx, AD_ERROR_FORMAT,
                       "damaged WebP: its first frame does not fit the canvas");
    return AD_OK;
}

ad_status ad_webp_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info)
{
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(file->at, file->size, &features);
    if (code) return fail_status(ctx, code);
    if (features.width < 1 || features.height < 1)
        return fail_status(ctx, VP8_STATUS_BITSTREAM_ERROR);
    *info = (ad_image_info){.format = AD_IMAGE_WEBP,
                            .width = features.width,
                            .height = features.height,
                            .channels = features.has_alpha || features.has_animation ? 4 : 3,
                            .bit_depth = 8,
                            .orientation = 1,
                            .is_animated = features.has_animation};
    size_t size;
    const uint8_t *chunk = find_chunk(file, "ICCP", &size);
    if (chunk) info->has_icc = !ad_icc_is_srgb(chunk, size);
    chunk = find_chunk(file, "EXIF", &size);
    if (chunk && size > 6 && !memcmp(chunk, "Exif\0", 6))
        chunk += 6, size -= 6; /* as some programs write it */
    if (chunk) info->orientation = ad_exif_orientation(chunk, size);
    return AD_OK;
}

ad_status ad_webp_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                         ad_image **out)
{
    webp_frame frame;
    ad_status status = find_frame(ctx, file, info, &frame);
    if (status) return status;
    size_t row_bytes = ad_bytes(frame.width, (size_t)info->channels),
           bytes = ad_bytes(frame.height, row_bytes);
    ad_image *image = NULL;
    uint8_t *pixels = ad_alloc(ctx, bytes);
    if (!pixels) return AD_ERROR_MEMORY;
    status = ad_image_make(ctx, info->width, info->height, info->channels, &image);
    if (status) goto done;

    if (info->is_animated) /* the frame may be smaller than the canvas */
        memset(image->data, 0,
               ad_bytes(info->width * info->height, (size_t)info->channels * sizeof(float)));
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) {
        status = ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                         "this libwebp and its header have different interfaces");
        goto done;
    }
    config.output.colorspace = info->channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = pixels;
    config.output.u.RGBA.stride = (int)row_bytes;
    config.output.u.RGBA.size = bytes;
    VP8StatusCode code = WebPDecode(frame.at, frame.size, &config);
    WebPFreeDecBuffer(&config.output);
    if (code) {
        status = fail_decoding(ctx, code, bytes);
        goto done;
    }
    for (int64_t y = 0; y < frame.height; ++y)
        ad_samples_from_u8(image->data + ((frame.y + y) * info->width + frame.x) * info->channels,
                           pixels + (size_t)y * row_bytes, frame.width * info->channels);
    *out = image;
    image = NULL;
done:
    ad_image_free(image);
    ad_free(ctx, pixels, bytes);
    return status;
}

static int append(const uint8_t *data, size_t size, const WebPPicture *picture)
{
    ad_text *to = picture->custom_ptr;
    ad_text_bytes(to, data, size);
    return !to->failed;
}

static ad_status encode(ad_context *ctx, const WebPConfig *config, int channels,
                        const uint8_t *pixels, int width, int height, ad_text *to)
{
    WebPPicture picture;
    if (!WebPPictureInit(&picture))
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "this libwebp and its header have different interfaces");
    picture.use_argb = config->lossless;
    picture.width = width;
    picture.height = height;
    picture.writer = append;
    picture.custom_ptr = to;
    int stride = width * channels;
    bool good = channels == 4 ? WebPPictureImportRGBA(&picture, pixels, stride)
                              : WebPPictureImportRGB(&picture, pixels, stride);
    good = good && WebPEncode(config, &picture);
    int code = picture.error_code;
    WebPPictureFree(&picture);
    if (good) return AD_OK;
    if (to->failed) return AD_ERROR_MEMORY;
    if (code == VP8_ENC_OK || code == VP8_ENC_ERROR_OUT_OF_MEMORY ||
        code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY)
        return ad_fail(ctx, AD_ERROR_MEMORY, "out of memory in libwebp");
    return ad_fail(ctx, AD_ERROR_UNSUPPORTED, "this picture cannot be a WebP (libwebp error %d)",
                   code);
}

ad_status ad_webp_encode(ad_context *ctx, const ad_image *image,
                         const ad_image_write_options *options, ad_text *to)
{
    if (image->width > WEBP_MAX_DIMENSION || image->height > WEBP_MAX_DIMENSION)
        return ad_fail(
            ctx, AD_ERROR_UNSUPPORTED,
            "a WebP has at most %d pixels in a row or a column, this picture is %lld x %lld",
            WEBP_MAX_DIMENSION, (long long)image->width, (long long)image->height);
    WebPConfig config;
    if (!WebPConfigInit(&config))
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "this libwebp and its header have different interfaces");
    config.lossless = options->quality == 0;
    config.quality = options->quality ? (float)options->quality : 75; /* lossless: the effort */
    config.exact = 1; /* colours under full transparency are kept */

    ad_image *colour = NULL;
    if (image->channels < 3) {
        ad_status status = ad_image_convert(ctx, image, image->channels + 2, NULL, &colour);
        if (status) return status;
    }
    const ad_image *from = colour ? colour : image;
    int64_t samples = from->width * from->height * from->channels;
    ad_status status = AD_ERROR_MEMORY;
    uint8_t *pixels = ad_alloc(ctx, (size_t)samples);
    if (pixels) {
        ad_samples_to_u8(pixels, from->data, samples);
        status = encode(ctx, &config, from->channels, pixels, (int)from->width, (int)from->height,
                        to);
    }
    ad_free(ctx, pixels, (size_t)samples);
    ad_image_free(colour);
    return status;
}
