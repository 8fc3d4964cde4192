/* image_codec.h - what the picture formats share: one probe, one decoder and one encoder each.
 *
 * A decoder returns the pixels as they lie in the file (before the EXIF orientation), in
 * info->channels channels; image_read.c has checked the size, and turns and converts afterwards.
 * Sentences here don't name the file; image_read.c and image_write.c put the name before them. */
#ifndef AD_IO_IMAGE_CODEC_H
#define AD_IO_IMAGE_CODEC_H

#include "base/text.h"

#include <autodidact/image.h>

/* A file's bytes, and the sentence about reading it that grows while it is decoded. */
typedef struct ad_image_bytes {
    const uint8_t *at;
    size_t size;
    char note[192];
} ad_image_bytes;

/* ad_image_new without setting the pixels: a file that promises more than it holds touches only the
 * memory of what it holds. */
ad_status ad_image_make(ad_context *ctx, int64_t width, int64_t height, int channels,
                        ad_image **out);

/* Adds a remark to the note, "; " between remarks; what does not fit or is there already is left
 * out. */
void ad_image_remark(ad_image_bytes *file, const char *format, ...) AD_PRINTF(2, 3);

/* In a probe's result width and height are as stored; image_read.c swaps them where needed. */
ad_status ad_png_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info);
ad_status ad_png_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                        ad_image **out);
ad_status ad_jpeg_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info);
ad_status ad_jpeg_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                         ad_image **out);
ad_status ad_webp_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info);
ad_status ad_webp_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                         ad_image **out);
ad_status ad_pnm_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info);
ad_status ad_pnm_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                        ad_image **out);
ad_status ad_bmp_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info);
ad_status ad_bmp_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                        ad_image **out);

/* Append the encoded file to `to`. */
ad_status ad_png_encode(ad_context *ctx, const ad_image *image,
                        const ad_image_write_options *options, ad_text *to);
ad_status ad_jpeg_encode(ad_context *ctx, const ad_image *image,
                         const ad_image_write_options *options, ad_text *to);
ad_status ad_webp_encode(ad_context *ctx, const ad_image *image,
                         const ad_image_write_options *options, ad_text *to);

/* `count` values between float and 8 bits, or 16 bits big-endian. To integers: clamped, rounded to
 * nearest, NaN is 0. */
void ad_samples_from_u8(float *to, const uint8_t *from, int64_t count);
void ad_samples_from_u16be(float *to, const uint8_t *from, int64_t count);
void ad_samples_to_u8(uint8_t *to, const float *from, int64_t count);
void ad_samples_to_u16be(uint8_t *to, const float *from, int64_t count);

/* The orientation (1 to 8) in a block of EXIF, from its "II" or "MM" on; 1 where there is none. */
int ad_exif_orientation(const uint8_t *exif, size_t size);
/* Whether an ICC profile calls itself sRGB in its description. */
bool ad_icc_is_srgb(const uint8_t *profile, size_t size);

#endif
