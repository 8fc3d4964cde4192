/* image_read.c - from a file to an upright picture: tells the format by its first bytes, asks for
 * the header, checks the size, decodes, turns by the EXIF orientation, converts the channels. */
#include "base/file.h"
#include "io/image_codec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct image_reader {
    ad_status (*probe)(ad_context *ctx, ad_image_bytes *file, ad_image_info *info);
    ad_status (*decode)(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                        ad_image **out);
} image_reader;

/* A picture format by its first bytes: `magic` at 0 and, where given, `more` at `more_at`. Formats
 * without a reader are known by name, so that the error can say what the file is. */
typedef struct image_kind {
    const char *name;
    const char *magic, *more;
    unsigned char magic_size, more_at, more_size;
    const image_reader *reader;
} image_kind;

static const image_reader png = {ad_png_probe, ad_png_decode},
                          jpeg = {ad_jpeg_probe, ad_jpeg_decode},
                          webp = {ad_webp_probe, ad_webp_decode},
                          bmp = {ad_bmp_probe, ad_bmp_decode}, pnm = {ad_pnm_probe, ad_pnm_decode};

static const image_kind kinds[] = {
    {"PNG", "\x89PNG\r\n\x1a\n", NULL, 8, 0, 0, &png},
    {"JPEG", "\xff\xd8\xff", NULL, 3, 0, 0, &jpeg},
    {"WebP", "RIFF", "WEBP", 4, 8, 4, &webp},
    {"BMP", "BM", "\0\0\0", 2, 15, 3, &bmp}, /* the size of the second header is below 256 */
    {"PNM", "P2", NULL, 2, 0, 0, &pnm},
    {"PNM", "P3", NULL, 2, 0, 0, &pnm},
    {"PNM", "P5", NULL, 2, 0, 0, &pnm},
    {"PNM", "P6", NULL, 2, 0, 0, &pnm},
    {"GIF", "GIF8", NULL, 4, 0, 0, NULL},
    {"TIFF", "II*\0", NULL, 4, 0, 0, NULL},
    {"TIFF", "MM\0*", NULL, 4, 0, 0, NULL},
    {"AVIF", "", "ftypavif", 0, 4, 8, NULL},
    {"HEIF", "", "ftyphei", 0, 4, 7, NULL},
    {"HEIF", "", "ftypmif1", 0, 4, 8, NULL},
    {"JPEG 2000", "\0\0\0\x0cjP  ", NULL, 8, 0, 0, NULL},
    {"JPEG XL", "\xff\x0a", NULL, 2, 0, 0, NULL},
    {"Photoshop", "8BPS", NULL, 4, 0, 0, NULL},
    {"OpenEXR", "v/1\x01", NULL, 4, 0, 0, NULL},
};

/* Films that are given where a picture is expected. */
static const image_kind films[] = {
    {"MP4", "", "ftyp", 0, 4, 4, NULL},
    {"MP4", "", "moov", 0, 4, 4, NULL},
    {"Matroska", "\x1a\x45\xdf\xa3", NULL, 4, 0, 0, NULL},
    {"AVI", "RIFF", "AVI ", 4, 8, 4, NULL},
    {"FLV", "FLV\x01", NULL, 4, 0, 0, NULL},
    {"Ogg", "OggS", NULL, 4, 0, 0, NULL},
};

static const image_kind *find_kind(const ad_image_bytes *file, const image_kind *among,
                                   size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        const image_kind *k = among + i;
        if (file->size < k->magic_size || memcmp(file->at, k->magic, k->magic_size) != 0) continue;
        if (k->more && (file->size < (size_t)k->more_at + k->more_size ||
                        memcmp(file->at + k->more_at, k->more, k->more_size) != 0))
            continue;
        return k;
    }
    return NULL;
}

static const image_kind *kind_of(const ad_image_bytes *file)
{
    return find_kind(file, kinds, sizeof kinds / sizeof *kinds);
}

void ad_image_remark(ad_image_bytes *file, const char *format, ...)
{
    char remark[sizeof file->note];
    va_list args;
    va_start(args, format);
    vsnprintf(remark, sizeof remark, format, args);
    va_end(args);
    size_t used = strlen(file->note), more = strlen(remark);
    if (strstr(file->note, remark) || used + more + 3 > sizeof file->note) return;
    if (used) {
        memcpy(file->note + used, "; ", 2);
        used += 2;
    }
    memcpy(file->note + used, remark, more + 1);
}

/* Finds the reader and runs its probe; width and height as stored. */
static ad_status probe_stored(ad_context *ctx, ad_image_bytes *file, const image_reader **reader,
                              ad_image_info *info)
{
    if (!file->size) return ad_fail(ctx, AD_ERROR_FORMAT, "the file is empty");
    const image_kind *kind = kind_of(file),
                     *film = kind ? NULL : find_kind(file, films, sizeof films / sizeof *films);
    if (film)
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "a film (%s), and a picture is expected; `autodidact film convert` makes "
                       "pictures of it",
                       film->name);
    if (!kind)
        return ad_fail(ctx, AD_ERROR_FORMAT,
                       "not an image this program reads (PNG, JPEG, WebP, BMP, PGM, PPM)");
    if (!kind->reader)
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "a %s image, which cannot be read; PNG, JPEG, WebP, BMP, PGM and PPM can",
                       kind->name);
    *reader = kind->reader;
    return kind->reader->probe(ctx, file, info);
}

static void turn_info(ad_image_info *info)
{
    if (info->orientation < 5) return;
    int64_t width = info->width;
    info->width = info->height;
    info->height = width;
}

/* Orientations 1 to 8 name the sides that row 0 and column 0 show (EXIF 4.6.4): 2 and 4 are
 * mirrored, 3 turned by half, 5 to 8 have rows and columns exchanged. */
static ad_status turn(ad_context *ctx, int orientation, ad_image **image)
{
    if (orientation == 1) return AD_OK;
    ad_image *from = *image, *to;
    bool exchanged = orientation >= 5;
    bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    ad_status status = ad_image_make(ctx, exchanged ? from->height : from->width,
                                     exchanged ? from->width : from->height, from->channels, &to);
    if (status) return status;
    size_t bytes = (size_t)from->channels * sizeof(float);
    float *target = to->data;
    for (int64_t y = 0; y < to->height; ++y) {
        for (int64_t x = 0; x < to->width; ++x, target += to->channels) {
            int64_t sx = exchanged ? y : x, sy = exchanged ? x : y;
            if (flip_x) sx = from->width - 1 - sx;
            if (flip_y) sy = from->height - 1 - sy;
            memcpy(target, from->data + (sy * from->width + sx) * from->channels, bytes);
        }
    }
    ad_image_free(from);
    *image = to;
    return AD_OK;
}

static ad_status decode(ad_context *ctx, ad_image_bytes *file, const ad_image_read_options *options,
                        ad_image **out)
{
    const image_reader *reader;
    ad_image_info info;
    ad_status status = probe_stored(ctx, file, &reader, &info);
    if (status) return status;
    int64_t limit = options->max_pixels > 0 ? options->max_pixels : AD_IMAGE_MAX_PIXELS, pixels;
    if (__builtin_mul_overflow(info.width, info.height, &pixels) || pixels > limit)
        return ad_fail(
            ctx, AD_ERROR_LIMIT,
            "the picture has %lld x %lld pixels (%.1f megapixels), the limit is %.1f megapixels",
            (long long)info.width, (long long)info.height,
            (double)info.width * (double)info.height / 1e6, (double)limit / 1e6);
    file->note[0] = 0; /* the probe may have said what the decoder says again */
    if (info.has_icc) ad_image_remark(file, "its ICC profile is ignored");
    if (info.is_animated) ad_image_remark(file, "it is animated, the first frame is used");
    ad_image *image = NULL, *converted;
    status = reader->decode(ctx, file, &info, &image);
    if (status) return status;
    status = turn(ctx, info.orientation, &image);
    if (!status) {
        turn_info(&info);
        image->source = info;
        snprintf(image->note, sizeof image->note, "%s", file->note);
    }
    if (!status && options->channels && options->channels != image->channels) {
        status = ad_image_convert(ctx, image, options->channels, options->background, &converted);
        ad_image_free(image);
        image = converted;
    }
    if (status)
        ad_image_free(image);
    else
        *out = image;
    return status;
}

ad_status ad_image_read_memory(ad_context *ctx, const char *name, const void *bytes, size_t size,
                               const ad_image_read_options *options, ad_image **out)
{
    ad_image_read_options defaults = {0};
    if (!options) options = &defaults;
    *out = NULL;
    if (options->channels < 0 || options->channels > 4)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %d channels cannot be read, only 1 to 4", name,
                       options->channels);
    if (decode(ctx, &(ad_image_bytes){.at = bytes, .size = size}, options, out))
        return ad_fail_prefix(ctx, "%s", name);
    return AD_OK;
}

ad_status ad_image_probe_memory(ad_context *ctx, const char *name, const void *bytes, size_t size,
                                ad_image_info *info)
{
    const image_reader *reader;
    *info = (ad_image_info){0};
    if (probe_stored(ctx, &(ad_image_bytes){.at = bytes, .size = size}, &reader, info))
        return ad_fail_prefix(ctx, "%s", name);
    turn_info(info);
    return AD_OK;
}

/* Far over any picture: a file of this size is something else. */
static const size_t max_file_bytes = (size_t)1 << 36;

ad_status ad_image_read(ad_context *ctx, const char *path, const ad_image_read_options *options,
                        ad_image **out)
{
    ad_file_bytes file;
    *out = NULL;
    ad_status status = ad_file_bytes_read(&file, ctx, path, max_file_bytes);
    if (status) return status;
    status = ad_image_read_memory(ctx, path, file.bytes, file.size, options, out);
    ad_file_bytes_free(&file);
    return status;
}

ad_status ad_image_begins(ad_context *ctx, const char *path, bool *is)
{
    unsigned char head[32];
    ad_image_bytes file = {.at = head, .size = sizeof head};
    *is = false;
    ad_status status = ad_file_begin(ctx, path, head, &file.size);
    if (status) return status;
    const image_kind *kind = kind_of(&file);
    *is = kind && kind->reader;
    return AD_OK;
}

ad_status ad_image_probe(ad_context *ctx, const char *path, ad_image_info *info)
{
    ad_file_bytes file;
    *info = (ad_image_info){0};
    ad_status status = ad_file_bytes_read(&file, ctx, path, max_file_bytes);
    if (status) return status;
    status = ad_image_probe_memory(ctx, path, file.bytes, file.size, info);
    ad_file_bytes_free(&file);
    return status;
}
