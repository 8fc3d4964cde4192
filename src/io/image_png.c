/* image_png.c - PNG (ISO/IEC 15948) by libpng. Its errors arrive by longjmp; the state that lives
 * across the jump is one struct, the work runs in a body function, and `guarded` turns a jump into
 * a status. gAMA and cHRM are ignored: what is not marked otherwise is taken for sRGB. */
#include "io/image_codec.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

typedef struct png_work {
    ad_context *ctx;
    png_structp png;
    png_infop info;
    jmp_buf jump;
    char error[160];
    bool refused; /* memory was: the context has the sentence */
    /* reading */
    ad_image_bytes *file;
    size_t at; /* next byte of the file */
    bool truncated;
    ad_image_info *found;
    ad_image *image;
    /* writing */
    const ad_image *source;
    int bit_depth;
    ad_text *to;
    uint8_t *rows; /* raw samples: one row, or the whole picture when interlaced */
    size_t rows_bytes;
} png_work;

static void on_error(png_structp png, png_const_charp message)
{
    png_work *work = png_get_error_ptr(png);
    snprintf(work->error, sizeof work->error, "%s", message);
    longjmp(work->jump, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    png_work *work = png_get_error_ptr(png);
    if (work->file) ad_image_remark(work->file, "%s", message);
}

/* libpng's own memory comes from the context as well; in front of it stands how much there is. */
enum { HEAD = 64 };

static png_voidp on_allocate(png_structp png, png_alloc_size_t bytes)
{
    png_work *work = png_get_mem_ptr(png);
    size_t whole = bytes > SIZE_MAX - HEAD ? SIZE_MAX : bytes + HEAD;
    unsigned char *memory = ad_alloc(work->ctx, whole);
    work->refused |= !memory;
    if (!memory) return NULL;
    memcpy(memory, &whole, sizeof whole);
    return memory + HEAD;
}

static void on_release(png_structp png, png_voidp memory)
{
    png_work *work = png_get_mem_ptr(png);
    unsigned char *whole = (unsigned char *)memory - HEAD;
    size_t bytes;
    memcpy(&bytes, whole, sizeof bytes);
    ad_free(work->ctx, whole, bytes);
}

static void on_read(png_structp png, png_bytep to, size_t count)
{
    png_work *work = png_get_io_ptr(png);
    if (work->file->size - work->at < count) {
        work->truncated = true;
        png_error(png, "the data ends too early");
    }
    memcpy(to, work->file->at + work->at, count);
    work->at += count;
}

static void on_write(png_structp png, png_bytep from, size_t count)
{
    png_work *work = png_get_io_ptr(png);
    ad_text_bytes(work->to, from, count);
    work->refused |= work->to->failed;
    if (work->to->failed) png_error(png, "out of memory");
}

static void on_flush(png_structp png)
{
    (void)png;
}

/* Runs `body`; false after a jump. */
static bool guarded(png_work *work, void (*body)(png_work *))
{
    if (setjmp(work->jump)) return false;
    body(work);
    return true;
}

static void begin_reading(png_work *work)
{
    png_set_user_limits(work->png, PNG_UINT_31_MAX,
                        PNG_UINT_31_MAX); /* our own limit has a better sentence */
    png_set_read_fn(work->png, work, on_read);
    png_read_info(work->png, work->info);
}

/* The data of the first chunk of that type, wherever in the file it is; NULL if there is none. */
static const uint8_t *find_chunk(const ad_image_bytes *file, const char *type, size_t *size)
{
    for (size_t at = 8; at <= file->size && file->size - at >= 12;) {
        const uint8_t *p = file->at + at;
        size_t length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (length > file->size - at - 12) return NULL;
        if (!memcmp(p + 4, type, 4)) {
            *size = length;
            return p + 8;
        }
        at += 12 + length;
    }
    return NULL;
}

static void read_header(png_work *work)
{
    begin_reading(work);
    png_structp png = work->png;
    ad_image_info *found = work->found;
    int colour = png_get_color_type(png, work->info);
    bool alpha = (colour & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, work->info, PNG_INFO_tRNS);
    *found = (ad_image_info){.format = AD_IMAGE_PNG,
                             .width = png_get_image_width(png, work->info),
                             .height = png_get_image_height(png, work->info),
                             .channels = (colour & PNG_COLOR_MASK_COLOR ? 3 : 1) + alpha,
                             .bit_depth = png_get_bit_depth(png, work->info),
                             .orientation = 1,
                             .is_palette = colour == PNG_COLOR_TYPE_PALETTE};
    png_charp name;
    png_bytep profile;
    png_uint_32 profile_size;
    int compression;
    if (png_get_iCCP(png, work->info, &name, &compression, &profile, &profile_size))
        found->has_icc = !ad_icc_is_srgb(profile, profile_size);
    size_t size;
    const uint8_t *exif = find_chunk(work->file, "eXIf", &size);
    if (exif) found->orientation = ad_exif_orientation(exif, size);
    found->is_animated = find_chunk(work->file, "acTL", &size) != NULL;
}

static void read_pixels(png_work *work)
{
    begin_reading(work);
    png_structp png = work->png;
    ad_image *image = work->image;
    png_set_expand(png); /* palettes to colour, few bits to eight, tRNS to alpha */
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, work->info);
    size_t row_bytes = png_get_rowbytes(png, work->info);
    bool wide = png_get_bit_depth(png, work->info) == 16;
    int64_t samples = image->width * image->channels;
    if (row_bytes != ad_bytes(samples, wide ? 2 : 1))
        png_error(png, "the rows have an unexpected length");
    work->rows_bytes = ad_bytes(passes > 1 ? image->height : 1, row_bytes);
    work->rows = ad_alloc(work->ctx, work->rows_bytes);
    work->refused |= !work->rows;
    if (!work->rows) png_error(png, "out of memory");
    for (int pass = 0; pass < passes; ++pass) {
        bool last = pass == passes - 1;
        for (int64_t y = 0; y < image->height; ++y) {
            uint8_t *row = work->rows + (passes > 1 ? (size_t)y * row_bytes : 0);
            png_read_row(png, row, NULL);
            if (last)
                (wide ? ad_samples_from_u16be : ad_samples_from_u8)(image->data + y * samples, row,
                                                                    samples);
        }
    }
    png_read_end(png, NULL);
}

/* Runs `body` and frees what it left behind but the image. */
static ad_status finish(png_work *work, void (*body)(png_work *))
{
    bool good = work->info && guarded(work, body);
    if (!work->info) snprintf(work->error, sizeof work->error, "libpng could not be started");
    if (work->file)
        png_destroy_read_struct(&work->png, &work->info, NULL);
    else
        png_destroy_write_struct(&work->png, &work->info);
    ad_free(work->ctx, work->rows, work->rows_bytes);
    if (work->refused) return AD_ERROR_MEMORY; /* also where libpng went on without a chunk */
    if (good) return AD_OK;
    if (work->truncated)
        return ad_fail(work->ctx, AD_ERROR_FORMAT, "truncated PNG: the data ends too early");
    if (work->file) return ad_fail(work->ctx, AD_ERROR_FORMAT, "damaged PNG: %s", work->error);
    return ad_fail(work->ctx, AD_ERROR_UNSUPPORTED, "this picture cannot be a PNG: %s",
                   work->error);
}

static ad_status read_with(png_work *work, void (*body)(png_work *))
{
    work->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, work, on_error, on_warning, work,
                                         on_allocate, on_release);
    if (work->png) work->info = png_create_info_struct(work->png);
    return finish(work, body);
}

ad_status ad_png_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info)
{
    return read_with(&(png_work){.ctx = ctx, .file = file, .found = info}, read_header);
}

ad_status ad_png_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                        ad_image **out)
{
    png_work work = {.ctx = ctx, .file = file};
    ad_status status = ad_image_make(ctx, info->width, info->height, info->channels, &work.image);
    if (status) return status;
    status = read_with(&work, read_pixels);
    if (status)
        ad_image_free(work.image);
    else
        *out = work.image;
    return status;
}

static void write_picture(png_work *work)
{
    static const int colour_types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                       PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    const ad_image *image = work->source;
    png_structp png = work->png;
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_write_fn(png, work, on_write, on_flush);
    png_set_IHDR(png, work->info, (png_uint_32)image->width, (png_uint_32)image->height,
                 work->bit_depth, colour_types[image->channels - 1], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(png, work->info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_write_info(png, work->info);
    int64_t samples = image->width * image->channels;
    for (int64_t y = 0; y < image->height; ++y) {
        (work->bit_depth == 16 ? ad_samples_to_u16be
                               : ad_samples_to_u8)(work->rows, image->data + y * samples, samples);
        png_write_row(png, work->rows);
    }
    png_write_end(png, work->info);
}

ad_status ad_png_encode(ad_context *ctx, const ad_image *image,
                        const ad_image_write_options *options, ad_text *to)
{
    if (image->width > PNG_UINT_31_MAX || image->height > PNG_UINT_31_MAX)
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "a PNG has at most 2147483647 pixels in a row or a column");
    png_work work = {
        .ctx = ctx, .source = image, .bit_depth = options->bit_depth == 16 ? 16 : 8, .to = to};
    work.rows_bytes = ad_bytes(image->width, (size_t)(image->channels * work.bit_depth / 8));
    work.rows = ad_alloc(ctx, work.rows_bytes);
    if (!work.rows) return AD_ERROR_MEMORY;
    work.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &work, on_error, on_warning, &work,
                                         on_allocate, on_release);
    if (work.png) work.info = png_create_info_struct(work.png);
    return finish(&work, write_picture);
}
