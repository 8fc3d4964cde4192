/* image.c - the picture in memory: making, freeing, converting between numbers of channels and
 * sample formats. Reading and writing files is in image_read.c and image_write.c. */
#include <autodidact/image.h>

#include "io/image_codec.h"

#include <string.h>

static const char *const format_names[] = {"unknown", "PNG", "JPEG", "WebP", "BMP", "PNM"};

const char *ad_image_format_name(ad_image_format format)
{
    unsigned index = (unsigned)format;
    return format_names[index < sizeof format_names / sizeof *format_names ? index : 0];
}

static size_t image_bytes(int64_t width, int64_t height, int channels)
{
    int64_t count;
    if (__builtin_mul_overflow(width, height, &count) ||
        __builtin_mul_overflow(count, (int64_t)channels, &count))
        return SIZE_MAX;
    return ad_bytes(count, sizeof(float));
}

ad_status ad_image_make(ad_context *ctx, int64_t width, int64_t height, int channels,
                        ad_image **out)
{
    *out = NULL;
    if (width < 1 || height < 1 || channels < 1 || channels > 4)
        return ad_fail(
            ctx, AD_ERROR_ARGUMENT,
            "a picture of %lld x %lld pixels and %d channels cannot be made: sides must be "
            "positive, channels 1 to 4",
            (long long)width, (long long)height, channels);
    ad_image *image = ad_zalloc(ctx, sizeof *image);
    if (!image) return AD_ERROR_MEMORY;
    *image = (ad_image){.width = width, .height = height, .channels = channels, .ctx = ctx};
    image->data = ad_alloc(ctx, image_bytes(width, height, channels));
    if (!image->data) {
        ad_free(ctx, image, sizeof *image);
        return AD_ERROR_MEMORY;
    }
    *out = image;
    return AD_OK;
}

ad_status ad_image_new(ad_context *ctx, int64_t width, int64_t height, int channels, ad_image **out)
{
    ad_status status = ad_image_make(ctx, width, height, channels, out);
    if (!status) memset((*out)->data, 0, image_bytes(width, height, channels));
    return status;
}

ad_status ad_image_from_bytes(ad_context *ctx, const unsigned char *bytes, int64_t width,
                              int64_t height, int channels, ad_image **out)
{
    ad_status status = ad_image_make(ctx, width, height, channels, out);
    for (int64_t i = 0; !status && i < width * height * channels; ++i)
        (*out)->data[i] = (float)bytes[i] / 255;
    return status;
}

void ad_image_free(ad_image *image)
{
    if (!image) return;
    ad_free(image->ctx, image->data, image_bytes(image->width, image->height, image->channels));
    ad_free(image->ctx, image, sizeof *image);
}

static void convert_pixel(const float *from, int have, float *to, int want, const float *background)
{
    int colours = have >= 3 ? 3 : 1;
    bool grey = want <= 2;
    float alpha = have == 2 || have == 4 ? from[have - 1] : 1, c[3];
    for (int i = 0; i < 3; ++i) c[i] = from[colours == 3 ? i : 0];
    if (want == 2 || want == 4) {
        to[want - 1] = alpha;
    } else if (alpha != 1) {
        for (int i = 0; i < 3; ++i)
            c[i] = ad_linear_to_srgb(alpha * ad_srgb_to_linear(c[i]) +
                                     (1 - alpha) *
                                         ad_srgb_to_linear(background ? background[i] : 1));
    }
    if (!grey) {
        memcpy(to, c, sizeof c);
    } else if (c[0] == c[1] && c[1] == c[2]) {
        to[0] = c[0];
    } else { /* the luminance of Rec. 709 primaries */
        to[0] = ad_linear_to_srgb(0.2126f * ad_srgb_to_linear(c[0]) +
                                  0.7152f * ad_srgb_to_linear(c[1]) +
                                  0.0722f * ad_srgb_to_linear(c[2]));
    }
}

ad_status ad_image_convert(ad_context *ctx, const ad_image *image, int channels,
                           const float *background, ad_image **out)
{
    ad_status status = ad_image_make(ctx, image->width, image->height, channels, out);
    if (status) return status;
    ad_image *to = *out;
    to->source = image->source;
    memcpy(to->note, image->note, sizeof to->note);
    int64_t pixels = image->width * image->height;
    if (channels == image->channels) {
        memcpy(to->data, image->data, image_bytes(image->width, image->height, channels));
        return AD_OK;
    }
    for (int64_t i = 0; i < pixels; ++i)
        convert_pixel(image->data + i * image->channels, image->channels, to->data + i * channels,
                      channels, background);
    return AD_OK;
}

void ad_samples_from_u8(float *to, const uint8_t *from, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) to[i] = (float)from[i] / 255.0f;
}

void ad_samples_from_u16be(float *to, const uint8_t *from, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        to[i] = (float)(from[2 * i] << 8 | from[2 * i + 1]) / 65535.0f;
}

/* The comparisons are false for NaN, which gives 0. */
static float clamp(float x)
{
    return x > 0 ? (x < 1 ? x : 1) : 0;
}

void ad_samples_to_u8(uint8_t *to, const float *from, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) to[i] = (uint8_t)(clamp(from[i]) * 255.0f + 0.5f);
}

void ad_samples_to_u16be(uint8_t *to, const float *from, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        unsigned v = (unsigned)((double)clamp(from[i]) * 65535 + 0.5);
        to[2 * i] = (uint8_t)(v >> 8), to[2 * i + 1] = (uint8_t)v;
    }
}
