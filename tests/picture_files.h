/* picture_files.h - makes picture files in memory for tests, of kinds that the library doesn't
 * write: interlaced and palette PNG, CMYK and progressive JPEG, EXIF, bitmaps. By libpng and
 * libjpeg. */
#ifndef AD_TESTS_PICTURE_FILES_H
#define AD_TESTS_PICTURE_FILES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

typedef struct made_file {
    unsigned char *bytes;
    size_t size;
} made_file;

static inline void made_add(made_file *file, const void *bytes, size_t size)
{
    file->bytes = realloc(file->bytes, file->size + size + 1);
    if (!file->bytes) abort();
    if (size) memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

static inline void made_add_le(made_file *file, uint32_t value, int bytes)
{
    for (; bytes--; value >>= 8) made_add(file, (unsigned char[]){value & 255}, 1);
}

static inline void made_insert(made_file *file, size_t at, const made_file *part)
{
    made_file whole = {0};
    made_add(&whole, file->bytes, at);
    made_add(&whole, part->bytes, part->size);
    made_add(&whole, file->bytes + at, file->size - at);
    free(file->bytes);
    *file = whole;
}

static inline void made_png_write(png_structp png, png_bytep bytes, size_t size)
{
    made_add(png_get_io_ptr(png), bytes, size);
}

static inline void made_png_flush(png_structp png)
{
    (void)png;
}

typedef struct made_png_options {
    int colour_type, bit_depth;
    int interlaced;
    const png_color *palette;
    int colours;
    const unsigned char *alpha; /* tRNS of a palette */
    int alphas;
    const png_color_16 *transparent; /* tRNS otherwise */
    const void *icc;
    int icc_size;
} made_png_options;

/* `rows`: packed rows of `row_bytes`, as PNG stores them. */
static inline made_file made_png(int width, int height, const unsigned char *rows, size_t row_bytes,
                                 made_png_options o)
{
    made_file file = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &file, made_png_write, made_png_flush);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, o.bit_depth, o.colour_type,
                 o.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
    if (o.palette) png_set_PLTE(png, info, o.palette, o.colours);
    if (o.alpha || o.transparent) png_set_tRNS(png, info, o.alpha, o.alphas, o.transparent);
    if (o.icc) png_set_iCCP(png, info, "a profile", 0, o.icc, (png_uint_32)o.icc_size);
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    while (passes--)
        for (int y = 0; y < height; ++y) png_write_row(png, rows + (size_t)y * row_bytes);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return file;
}

typedef struct made_jpeg_options {
    J_COLOR_SPACE from, stored; /* stored: JCS_YCCK, JCS_CMYK, JCS_YCbCr, ... */
    int progressive, no_adobe;
    int orientation, motorola; /* EXIF, big-endian where motorola */
    const void *icc;           /* an APP2 segment's profile */
    int icc_size;
} made_jpeg_options;

static inline made_file made_exif(int orientation, int motorola)
{
    static const unsigned char intel_bytes[26] = {'I', 'I', 42,   0, 8, 0, 0, 0,
                                                  1,   0,   0x12, 1, 3, 0, 1};
    static const unsigned char motorola_bytes[26] = {'M', 'M', 0,    42, 0, 0, 0, 8, 0,
                                                     1,   1,   0x12, 0,  3, 0, 0, 0, 1};
    made_file exif = {0};
    made_add(&exif, motorola ? motorola_bytes : intel_bytes, 26);
    exif.bytes[motorola ? 19 : 18] = (unsigned char)orientation;
    return exif;
}

/* Quality 100, 4:4:4. `pixels` are interleaved samples of `from`. */
static inline made_file made_jpeg(int width, int height, const unsigned char *pixels,
                                  made_jpeg_options o)
{
    struct jpeg_compress_struct out;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    out.err = jpeg_std_error(&errors);
    jpeg_create_compress(&out);
    jpeg_mem_dest(&out, &bytes, &size);
    out.image_width = (JDIMENSION)width, out.image_height = (JDIMENSION)height;
    out.input_components = o.from == JCS_GRAYSCALE ? 1 : o.from == JCS_CMYK ? 4 : 3;
    out.in_color_space = o.from;
    jpeg_set_defaults(&out);
    jpeg_set_colorspace(&out, o.stored);
    jpeg_set_quality(&out, 100, TRUE);
    for (int i = 0; i < out.num_components; ++i)
        out.comp_info[i].h_samp_factor = out.comp_info[i].v_samp_factor = 1;
    if (o.progressive) jpeg_simple_progression(&out);
    if (o.no_adobe) out.write_Adobe_marker = FALSE;
    jpeg_start_compress(&out, TRUE);
    if (o.orientation) {
        made_file segment = {0}, exif = made_exif(o.orientation, o.motorola);
        made_add(&segment, "Exif\0", 6);
        made_add(&segment, exif.bytes, exif.size);
        jpeg_write_marker(&out, JPEG_APP0 + 1, segment.bytes, (unsigned)segment.size);
        free(exif.bytes), free(segment.bytes);
    }
    if (o.icc) {
        made_file segment = {0};
        made_add(&segment, "ICC_PROFILE\0\1\1", 14);
        made_add(&segment, o.icc, (size_t)o.icc_size);
        jpeg_write_marker(&out, JPEG_APP0 + 2, segment.bytes, (unsigned)segment.size);
        free(segment.bytes);
    }
    while (out.next_scanline < out.image_height) {
        JSAMPROW row = (JSAMPROW)pixels +
                       (size_t)out.next_scanline * (size_t)width * (size_t)out.input_components;
        jpeg_write_scanlines(&out, &row, 1);
    }
    jpeg_finish_compress(&out);
    jpeg_destroy_compress(&out);
    made_file file = {0};
    made_add(&file, bytes, size);
    free(bytes);
    return file;
}

typedef struct made_bmp_options {
    int bits, compression, top_down, core; /* core: the OS/2 header */
    const uint32_t *masks;             /* three, or four with header_size >= 56 or compression 6 */
    int header_size;                   /* 0: 40 */
    const unsigned char (*palette)[3]; /* blue, green, red */
    int colours;
} made_bmp_options;

/* `data`: what follows the palette, already padded. */
static inline made_file made_bmp(int width, int height, const void *data, size_t size,
                                 made_bmp_options o)
{
    made_file file = {0};
    int header = o.core ? 12 : o.header_size ? o.header_size : 40;
    int masks = !o.masks                             ? 0
                : o.compression == 6 || header >= 56 ? 4
                                                     : 3,
        loose = header == 40 ? 4 * masks : 0;
    int palette = o.colours * (o.core ? 3 : 4);
    made_add(&file, "BM", 2);
    made_add_le(&file, (uint32_t)(14 + header + loose + palette + (int)size), 4);
    made_add_le(&file, 0, 4);
    made_add_le(&file, (uint32_t)(14 + header + loose + palette), 4);
    made_add_le(&file, (uint32_t)header, 4);
    made_add_le(&file, (uint32_t)width, o.core ? 2 : 4);
    made_add_le(&file, (uint32_t)(o.top_down ? -height : height), o.core ? 2 : 4);
    made_add_le(&file, 1, 2);
    made_add_le(&file, (uint32_t)o.bits, 2);
    if (!o.core) {
        made_add_le(&file, (uint32_t)o.compression, 4);
        made_add_le(&file, (uint32_t)size, 4);
        made_add_le(&file, 2835, 4), made_add_le(&file, 2835, 4);
        made_add_le(&file, (uint32_t)o.colours, 4), made_add_le(&file, 0, 4);
        for (int i = 0; i < masks; ++i) made_add_le(&file, o.masks[i], 4);
        while (file.size < (size_t)(14 + header)) made_add_le(&file, 0, 1);
    }
    for (int i = 0; i < o.colours; ++i) {
        made_add(&file, o.palette[i], 3);
        if (!o.core) made_add_le(&file, 0, 1);
    }
    made_add(&file, data, size);
    return file;
}

#endif
