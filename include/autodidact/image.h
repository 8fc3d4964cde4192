/* image.h - pictures: reading, writing, resampling, and the colour work of style transfer.
 *
 * A picture in memory is float32, interleaved [height, width, channels], rows from the top. Values
 * are sRGB-encoded (what a file holds and a screen shows), 0 to 1, whatever the depth of the file
 * they came from; alpha is straight, not premultiplied. Functions that average light (resizing,
 * compositing) decode to linear light and back, unless told not to.
 *
 * Files are taken for hostile: sizes are checked before memory is asked for, and every failure is
 * one sentence in ad_error(ctx) that names the file. libpng, libjpeg and libwebp do the decoding;
 * the working memory of the latter two is their own, all other comes through the context's
 * allocator. Memory that is refused is AD_ERROR_MEMORY, wherever it was, and no broken picture.
 *
 * Stability: stable (base.h says what that means). */
#ifndef AUTODIDACT_IMAGE_H
#define AUTODIDACT_IMAGE_H

#include <autodidact/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ad_image_format {
    AD_IMAGE_UNKNOWN = 0,
    AD_IMAGE_PNG,
    AD_IMAGE_JPEG,
    AD_IMAGE_WEBP,
    AD_IMAGE_BMP, /* read, not written */
    AD_IMAGE_PNM, /* PGM and PPM; likewise */
} ad_image_format;

AD_API const char *ad_image_format_name(ad_image_format format); /* "PNG", ...; "unknown" */

/* What a file's header says. */
typedef struct ad_image_info {
    ad_image_format format;
    int64_t width, height; /* as shown: after `orientation` */
    int channels;    /* 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha; a palette counts as
                        colour */
    int bit_depth;   /* of one stored sample, or of a palette's index */
    int orientation; /* EXIF: 1 (upright) to 8 */
    bool has_icc;    /* carries an ICC profile other than sRGB, which is ignored */
    bool is_cmyk;    /* a JPEG in CMYK or YCCK; `channels` is 3 */
    bool is_palette;
    bool is_animated; /* only the first frame is read */
} ad_image_info;

typedef struct ad_image {
    int64_t width, height;
    int channels;         /* 1 grey, 2 grey and alpha, 3 red, green and blue, 4 with alpha */
    float *data;          /* [height, width, channels]; owned by the image */
    ad_image_info source; /* the file it was read from; zero for a picture made here */
    char note[192];       /* what a person should know about how it was read, "" if nothing:
                             "its ICC profile is ignored" */
    ad_context *ctx;
} ad_image;

/* A new picture, all zero. Both sides must be positive, channels 1 to 4. */
AD_API ad_status ad_image_new(ad_context *ctx, int64_t width, int64_t height, int channels,
                              ad_image **out);
AD_API void ad_image_free(ad_image *image); /* NULL is ignored */
/* Of bytes [height, width, channels], 255 being 1, which are copied. */
AD_API ad_status ad_image_from_bytes(ad_context *ctx, const unsigned char *bytes, int64_t width,
                                     int64_t height, int channels, ad_image **out);

/* A copy with another number of channels (1 to 4; the same number: a plain copy). Grey is repeated;
 * colour becomes grey by its luminance (Rec. 709, in linear light); a missing alpha is 1; a dropped
 * alpha is composited over `background` (three encoded values; NULL: white) in linear light. */
AD_API ad_status ad_image_convert(ad_context *ctx, const ad_image *image, int channels,
                                  const float *background, ad_image **out);

/* ---- files ---- */

#define AD_IMAGE_MAX_PIXELS ((int64_t)256 * 1024 * 1024)

typedef struct ad_image_read_options {
    int channels;            /* wanted, 1 to 4; 0: as many as the file has */
    const float *background; /* as in ad_image_convert */
    int64_t max_pixels;      /* larger pictures are refused; 0: AD_IMAGE_MAX_PIXELS */
} ad_image_read_options;

/* Reads PNG, JPEG (CMYK too), WebP, BMP, PGM or PPM, told apart by content, turned upright by the
 * EXIF orientation. `options` may be NULL. A truncated file is an error, never a half picture. */
AD_API ad_status ad_image_read(ad_context *ctx, const char *path,
                               const ad_image_read_options *options, ad_image **out);
/* The same from memory; `name` stands for the file in errors. */
AD_API ad_status ad_image_read_memory(ad_context *ctx, const char *name, const void *bytes,
                                      size_t size, const ad_image_read_options *options,
                                      ad_image **out);

/* Whether a name ends as those of pictures that can be read do (.png, .jpg, .jpeg, .jpe, .jfif,
 * .webp, .bmp, .pgm, .ppm and their kin; upper case too), for picking pictures out of a folder:
 * reading goes by content. */
AD_API bool ad_image_ending_known(const char *name);
/* The ending of a name that is a picture's in a format that cannot be read (".gif", ".tif",
 * ".heic", ...), in lower case; NULL: it is none. Who picks pictures out of a folder says what was
 * left out. */
AD_API const char *ad_image_ending_unread(const char *name);

/* Whether the file begins as a picture that can be read does; what follows may still be broken. */
AD_API ad_status ad_image_begins(ad_context *ctx, const char *path, bool *is);

/* The header alone, without decoding and without a limit on the size. */
AD_API ad_status ad_image_probe(ad_context *ctx, const char *path, ad_image_info *info);
AD_API ad_status ad_image_probe_memory(ad_context *ctx, const char *name, const void *bytes,
                                       size_t size, ad_image_info *info);

typedef struct ad_image_write_options {
    int quality;   /* JPEG and lossy WebP, 1 to 100; 0: JPEG 95, WebP lossless */
    int bit_depth; /* PNG: 8 or 16; 0: 8 */
} ad_image_write_options;

/* Writes by the name's ending (.png, .jpg, .jpeg, .webp; upper case too). The file appears whole or
 * not at all: it is written beside, flushed and renamed. Values are clamped and rounded to nearest;
 * NaN is written as 0. JPEG takes no alpha: the picture is composited over white. `options` may be
 * NULL. */
AD_API ad_status ad_image_write(ad_context *ctx, const char *path, const ad_image *image,
                                const ad_image_write_options *options);
/* The same into memory, in the format of an ending, ".png". *bytes are of malloc, and the caller's
 * to free. */
AD_API ad_status ad_image_encode(ad_context *ctx, const char *ending, const ad_image *image,
                                 const ad_image_write_options *options, unsigned char **bytes,
                                 size_t *size);
/* Whether ad_image_write could succeed, for asking before long work: the ending is known, the
 * folder exists and is writable, the path is not a folder. Touches nothing that exists. */
AD_API ad_status ad_image_can_write(ad_context *ctx, const char *path);

/* ---- animations ---- */

/* Pictures of one size, one after the other, as a GIF that repeats. A GIF has 256 colours a frame:
 * up to 255 of them, and greys (to one in 255), are kept as they are; of more, 255 are chosen for
 * each frame, and what lies between them is dithered. Of a frame only what changes is kept. Films
 * (film.h) write their GIFs by this, too. */
typedef struct ad_animation ad_animation;

/* `path` ends in .gif. Each frame is shown for `seconds` (0.02 to 600, to the hundredth). Nothing
 * is written yet; the frames, compressed, are kept in memory. */
AD_API ad_status ad_animation_open(ad_animation **out, ad_context *ctx, const char *path,
                                   double seconds);
AD_API ad_status ad_animation_add(ad_animation *animation, const ad_image *frame);
/* At most so long will the file be, with the frames so far. */
AD_API int64_t ad_animation_bytes(const ad_animation *animation);
/* Shows the frame that was added last for another time than `seconds` of all. */
AD_API void ad_animation_show(ad_animation *animation, double seconds);
/* Writes the file, whole or not at all; the last frame is shown for `last_seconds` (0: as long as
 * it is). At least one frame is needed. */
AD_API ad_status ad_animation_write(ad_animation *animation, double last_seconds);
/* The same, by another name. */
AD_API ad_status ad_animation_write_as(ad_animation *animation, const char *path);
AD_API void ad_animation_free(ad_animation *animation); /* NULL is ignored */

/* ---- resampling ---- */

/* Each filter is stretched by the reduction when shrinking, so that nothing aliases (but nearest).
 */
typedef enum ad_image_filter {
    AD_IMAGE_LANCZOS = 0, /* 3 lobes; sharpest */
    AD_IMAGE_CUBIC,       /* Keys 1981, a = -0.5 */
    AD_IMAGE_LINEAR,      /* triangle */
    AD_IMAGE_AREA,        /* box: the mean of what a pixel covers */
    AD_IMAGE_NEAREST,
} ad_image_filter;

typedef struct ad_image_resize_options {
    ad_image_filter filter;
    bool encoded; /* average the encoded values as they are, as most other programs do */
} ad_image_resize_options;

/* Separable resampling; colour weighted by alpha; edges renormalised; results clamped to 0..1. The
 * same bits with any number of threads. `options` may be NULL. */
AD_API ad_status ad_image_resize(ad_context *ctx, const ad_image *image, int64_t width,
                                 int64_t height, const ad_image_resize_options *options,
                                 ad_image **out);
/* The size with the longer side `long_side` and the same aspect, each side rounded and at least 1.
 */
AD_API void ad_image_fit_size(int64_t width, int64_t height, int64_t long_side, int64_t *fit_width,
                              int64_t *fit_height);
/* Resizes so that the longer side is `long_side`; a copy when it is already. */
AD_API ad_status ad_image_fit(ad_context *ctx, const ad_image *image, int64_t long_side,
                              const ad_image_resize_options *options, ad_image **out);

/* Resizes so that the shorter side is `short_side`, whose other side is rounded, and cuts width x
 * height out of the middle: how networks of ImageNet are shown pictures. Sizes that do not fit into
 * that are AD_ERROR_ARGUMENT. */
AD_API ad_status ad_image_centre(ad_context *ctx, const ad_image *image, int64_t short_side,
                                 int64_t width, int64_t height,
                                 const ad_image_resize_options *options, ad_image **out);

/* ---- colour ---- */

/* The transfer function of IEC 61966-2-1, exact and piecewise; odd for negative values. */
AD_API float ad_srgb_to_linear(float encoded);
AD_API float ad_linear_to_srgb(float linear);

/* Preserving colour (Gatys, Bethge, Hertzmann, Shechtman 2016, "Preserving color in neural artistic
 * style transfer"). Both pictures have three channels.
 * ad_image_keep_color: the luminance of `stylised` with the chroma of `content`, in YIQ (section
 * 4); both have the same size. */
AD_API ad_status ad_image_keep_color(ad_context *ctx, const ad_image *stylised,
                                     const ad_image *content, ad_image **out);
/* `image` moved by the linear map of colours that gives it the mean and covariance of `reference`
 * (section 3; the map is C_ref^1/2 C_img^-1/2); sizes may differ. */
AD_API ad_status ad_image_match_color(ad_context *ctx, const ad_image *image,
                                      const ad_image *reference, ad_image **out);

#ifdef __cplusplus
}
#endif
#endif
