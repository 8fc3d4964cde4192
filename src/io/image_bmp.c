/* image_bmp.c - Windows and OS/2 bitmaps: 1, 2, 4, 8, 16, 24 and 32 bits, palettes, bit fields,
 * both row orders, RLE4 and RLE8. Reading only. Alpha exists only where a mask says so. */
#include "io/image_codec.h"

#include <string.h>

enum {
    FILE_HEADER = 14,
    CORE_HEADER = 12, /* OS/2 1.x: 16-bit sides, palette entries of three bytes */
    INFO_HEADER = 40,
    MASKS_AT = FILE_HEADER + INFO_HEADER, /* in the header from version 2 on, behind it before */
};

enum { PLAIN = 0, RLE8 = 1, RLE4 = 2, BIT_FIELDS = 3, ALPHA_BIT_FIELDS = 6 };

typedef struct bmp_header {
    int64_t width, height;
    bool top_down;
    int bits;
    uint32_t compression;
    uint32_t mask[4];             /* red, green, blue, alpha */
    size_t palette_at, pixels_at; /* offsets into the file */
    int palette_count, palette_entry;
} bmp_header;

static uint32_t read16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}
static uint32_t read32(const uint8_t *p)
{
    return read16(p) | read16(p + 2) << 16;
}

static ad_status truncated(ad_context *ctx)
{
    return ad_fail(ctx, AD_ERROR_FORMAT, "truncated BMP: the data ends too early");
}

/* A mask is one run of set bits, or empty. */
static bool mask_sound(uint32_t mask)
{
    if (!mask) return true;
    uint32_t low = mask & -mask, run = mask / low;
    return (run & (run + 1)) == 0;
}

static ad_status read_masks(ad_context *ctx, const ad_image_bytes *file, uint32_t header_size,
                            bmp_header *h)
{
    if (h->compression == PLAIN) {
        static const uint32_t masks16[3] = {0x7c00, 0x03e0, 0x001f},
                              masks32[3] = {0xff0000, 0xff00, 0xff};
        memcpy(h->mask, h->bits == 16 ? masks16 : masks32, sizeof masks16);
        return AD_OK;
    }
    bool alpha = h->compression == ALPHA_BIT_FIELDS || header_size >= 56;
    int count = alpha ? 4 : 3;
    if (file->size < MASKS_AT + 4 * (size_t)count) return truncated(ctx);
    for (int i = 0; i < count; ++i) {
        h->mask[i] = read32(file->at + MASKS_AT + 4 * i);
        if (!mask_sound(h->mask[i]))
            return ad_fail(ctx, AD_ERROR_FORMAT, "damaged BMP: the bit mask 0x%08x has gaps",
                           h->mask[i]);
    }
    return AD_OK;
}

static ad_status read_header(ad_context *ctx, const ad_image_bytes *file, bmp_header *h)
{
    *h = (bmp_header){0};
    if (file->size < FILE_HEADER + CORE_HEADER) return truncated(ctx);
    const uint8_t *p = file->at;
    uint32_t header_size = read32(p + FILE_HEADER), colours = 0;
    if (header_size != CORE_HEADER && (header_size < INFO_HEADER || header_size > 4096))
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "a BMP with a header of %u bytes is not supported", header_size);
    if (file->size - FILE_HEADER < header_size) return truncated(ctx);
    h->pixels_at = read32(p + 10);
    h->palette_at = FILE_HEADER + header_size;
    if (header_size == CORE_HEADER) {
        h->width = read16(p + 18), h->height = read16(p + 20);
        h->bits = (int)read16(p + 24);
        h->palette_entry = 3;
    } else {
        h->width = (int32_t)read32(p + 18), h->height = (int32_t)read32(p + 22);
        h->bits = (int)read16(p + 28);
        h->compression = read32(p + 30);
        colours = read32(p + 46);
        h->palette_entry = 4;
        if (header_size == INFO_HEADER && h->compression == BIT_FIELDS) h->palette_at += 12;
        if (header_size == INFO_HEADER && h->compression == ALPHA_BIT_FIELDS) h->palette_at += 16;
    }
    h->top_down = h->height < 0;
    if (h->top_down) h->height = -h->height;
    if (h->width < 1 || h->height < 1)
        return ad_fail(ctx, AD_ERROR_FORMAT, "damaged BMP: its size is %lld x %lld",
                       (long long)h->width, (long long)h->height);

    bool indexed = h->bits == 1 || h->bits == 2 || h->bits == 4 || h->bits == 8;
    bool direct = h->bits == 16 || h->bits == 24 || h->bits == 32;
    bool fits = false;
    switch (h->compression) {
    case PLAIN: fits = indexed || direct; break;
    case RLE8: fits = h->bits == 8 && !h->top_down; break;
    case RLE4: fits = h->bits == 4 && !h->top_down; break;
    case BIT_FIELDS:
    case ALPHA_BIT_FIELDS: fits = h->bits == 16 || h->bits == 32; break;
    default: break;
    }
    if (!fits)
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "a BMP of %d bits per pixel with compression %u is not supported", h->bits,
                       h->compression);
    if (indexed) {
        uint32_t all = 1u << h->bits;
        h->palette_count = (int)(colours && colours < all ? colours : all);
        if (h->palette_at > file->size) return truncated(ctx);
        size_t room = (file->size - h->palette_at) / (size_t)h->palette_entry;
        if ((size_t)h->palette_count > room)
            h->palette_count = (int)room; /* the missing ones are black */
        return AD_OK;
    }
    return read_masks(ctx, file, header_size, h);
}

ad_status ad_bmp_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info)
{
    bmp_header h;
    ad_status status = read_header(ctx, file, &h);
    if (status) return status;
    *info = (ad_image_info){.format = AD_IMAGE_BMP,
                            .width = h.width,
                            .height = h.height,
                            .channels = h.mask[3] ? 4 : 3,
                            .bit_depth = h.bits <= 8    ? h.bits
                                         : h.bits == 16 ? 5
                                                        : 8,
                            .orientation = 1,
                            .is_palette = h.bits <= 8};
    return AD_OK;
}

static void put_index(const ad_image_bytes *file, const bmp_header *h, unsigned index, float *to)
{
    static const uint8_t black[3];
    const uint8_t *entry = black;
    if (index < (unsigned)h->palette_count)
        entry = file->at + h->palette_at + index * (size_t)h->palette_entry;
    for (int i = 0; i < 3; ++i) to[i] = (float)entry[2 - i] / 255.0f;
}

static float masked(uint32_t value, uint32_t mask)
{
    if (!mask) return 0;
    uint32_t low = mask & -mask;
    /* Both divisions shift down and are exact. NOLINTNEXTLINE(bugprone-integer-division) */
    return (float)((double)((value & mask) / low) / (double)(mask / low));
}

static void put_row(const ad_image_bytes *file, const bmp_header *h, const uint8_t *row,
                    int channels, float *to)
{
    for (int64_t x = 0; x < h->width; ++x, to += channels) {
        if (h->bits <= 8) {
            int64_t bit = x * h->bits;
            put_index(file, h,
                      (unsigned)(row[bit / 8] >> (8 - h->bits - bit % 8)) & ((1u << h->bits) - 1),
                      to);
        } else if (h->bits == 24) {
            for (int i = 0; i < 3; ++i) to[i] = (float)row[3 * x + 2 - i] / 255.0f;
        } else {
            uint32_t value = h->bits == 16 ? read16(row + 2 * x) : read32(row + 4 * x);
            for (int i = 0; i < channels; ++i) to[i] = masked(value, h->mask[i]);
        }
    }
}

static ad_status decode_plain(ad_context *ctx, const ad_image_bytes *file, const bmp_header *h,
                              ad_image *image)
{
    size_t stride = ((size_t)h->width * (size_t)h->bits + 31) / 32 * 4;
    size_t used = ((size_t)h->width * (size_t)h->bits + 7) /
                  8; /* the last row's padding may be missing */
    size_t need;
    if (__builtin_mul_overflow(stride, (size_t)h->height - 1, &need) || h->pixels_at > file->size ||
        need > file->size - h->pixels_at || used > file->size - h->pixels_at - need)
        return truncated(ctx);
    for (int64_t y = 0; y < h->height; ++y) {
        int64_t to = h->top_down ? y : h->height - 1 - y;
        put_row(file, h, file->at + h->pixels_at + (size_t)y * stride, image->channels,
                image->data + to * h->width * image->channels);
    }
    return AD_OK;
}

/* Run-length coding: (count, value) runs; (0, 0) ends a row, (0, 1) the picture, (0, 2, dx, dy)
 * moves on, (0, n, values padded to 16 bits) is literal. Pixels never written keep index 0. */
static ad_status decode_rle(ad_context *ctx, const ad_image_bytes *file, const bmp_header *h,
                            ad_image *image)
{
    int64_t x = 0, y = 0;
    for (int64_t i = 0; i < h->width * h->height; ++i) put_index(file, h, 0, image->data + 3 * i);
    for (size_t at = h->pixels_at; at <= file->size && file->size - at >= 2;) {
        unsigned count = file->at[at], second = file->at[at + 1];
        const uint8_t *literal = NULL;
        at += 2;
        if (!count && second == 1) return AD_OK;
        if (!count && second == 0) {
            x = 0, ++y;
            continue;
        }
        if (!count && second == 2) {
            if (file->size - at < 2) return truncated(ctx);
            x += file->at[at], y += file->at[at + 1];
            at += 2;
            continue;
        }
        if (!count) {
            count = second;
            size_t bytes = ((size_t)count * (size_t)h->bits + 15) / 16 * 2;
            if (file->size - at < bytes) return truncated(ctx);
            literal = file->at + at;
            at += bytes;
        }
        for (unsigned i = 0; i < count; ++i, ++x) {
            if (x >= h->width || y >= h->height)
                return ad_fail(ctx, AD_ERROR_FORMAT, "damaged BMP: a run leaves the picture");
            unsigned value = literal ? literal[h->bits == 8 ? i : i / 2] : second;
            if (h->bits == 4) value = i % 2 ? value & 15 : value >> 4;
            put_index(file, h, value, image->data + 3 * ((h->height - 1 - y) * h->width + x));
        }
    }
    return truncated(ctx);
}

/* Some programs leave every alpha at 0 and mean an opaque picture. */
static void repair_alpha(ad_image *image)
{
    int64_t pixels = image->width * image->height;
    for (int64_t i = 0; i < pixels; ++i)
        if (image->data[4 * i + 3] > 0) return;
    for (int64_t i = 0; i < pixels; ++i) image->data[4 * i + 3] = 1;
}

ad_status ad_bmp_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                        ad_image **out)
{
    bmp_header h;
    ad_image *image = NULL;
    ad_status status = read_header(ctx, file, &h);
    if (!status) status = ad_image_make(ctx, info->width, info->height, info->channels, &image);
    if (status) return status;
    bool rle = h.compression == RLE8 || h.compression == RLE4;
    status = (rle ? decode_rle : decode_plain)(ctx, file, &h, image);
    if (!status && image->channels == 4) repair_alpha(image);
    if (status)
        ad_image_free(image);
    else
        *out = image;
    return status;
}
