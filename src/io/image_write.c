/* image_write.c - from a picture to a file: the format by the name's ending, encoded in memory and
 * put in place at once, so that a file appears whole or not at all. */
#include "base/file.h"
#include "io/image_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct image_writer {
    const char *ending, *component; /* what it needs (tools/components) */
    ad_status (*encode)(ad_context *ctx, const ad_image *image,
                        const ad_image_write_options *options, ad_text *to);
} image_writer;

static const image_writer writers[] = {{".png", "png", ad_png_encode},
                                       {".jpg", "jpeg", ad_jpeg_encode},
                                       {".jpeg", "jpeg", ad_jpeg_encode},
                                       {".webp", "webp", ad_webp_encode}};

/* The writer for the name's ending; NULL if there is none. */
static const image_writer *writer_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path,
               *dot = strrchr(name, '.');
    for (size_t i = 0; dot && dot > name && i < sizeof writers / sizeof *writers; ++i)
        if (!strcasecmp(dot, writers[i].ending)) return &writers[i];
    return NULL;
}

static ad_status check_ending(ad_context *ctx, const char *path)
{
    const image_writer *writer = writer_of(path);
    if (writer && ad_has_component(writer->component)) return AD_OK;
    if (writer)
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED,
                       "%s: %s is not built in: this library was made without lib%s", path,
                       writer->component, writer->component);
    return ad_fail(
        ctx, AD_ERROR_ARGUMENT,
        "%s: a picture is written as .png, .jpg, .jpeg or .webp, and this name has none of "
        "these endings",
        path);
}

ad_status ad_image_can_write(ad_context *ctx, const char *path)
{
    ad_status status = check_ending(ctx, path);
    return status ? status : ad_output_check(ctx, path);
}

static ad_status put_in_place(ad_context *ctx, const char *path, const ad_text *file)
{
    ad_output *output;
    ad_status status = ad_output_open(&output, ctx, path);
    if (status) return status;
    ad_output_write(output, file->data, file->length); /* its failure is commit's */
    return ad_output_commit(output);
}

static ad_status encode(ad_context *ctx, const char *path, const ad_image *image,
                        const ad_image_write_options *options, ad_text *file)
{
    const ad_image_write_options defaults = {0}, *o = options ? options : &defaults;
    ad_status status = check_ending(ctx, path);
    if (status) return status;
    if (o->quality < 0 || o->quality > 100)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: a quality of %d is not between 1 and 100", path,
                       o->quality);
    if (o->bit_depth && o->bit_depth != 8 && o->bit_depth != 16)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "%s: %d bits per sample cannot be written, only 8 or 16", path,
                       o->bit_depth);
    status = writer_of(path)->encode(ctx, image, o, file);
    if (status) ad_fail_prefix(ctx, "%s", path);
    return status;
}

ad_status ad_image_write(ad_context *ctx, const char *path, const ad_image *image,
                         const ad_image_write_options *options)
{
    ad_text file;
    ad_text_init(&file, ctx);
    ad_status status = encode(ctx, path, image, options, &file);
    if (!status) status = put_in_place(ctx, path, &file);
    ad_text_free(&file);
    return status;
}

ad_status ad_image_encode(ad_context *ctx, const char *ending, const ad_image *image,
                          const ad_image_write_options *options, unsigned char **bytes,
                          size_t *size)
{
    char path[32];
    ad_text file;
    *bytes = NULL, *size = 0;
    snprintf(path, sizeof path, "picture%.20s", ending);
    ad_text_init(&file, ctx);
    ad_status status = encode(ctx, path, image, options, &file);
    if (!status && !(*bytes = malloc(file.length ? file.length : 1)))
        status = ad_fail(ctx, AD_ERROR_MEMORY, "out of memory for a picture");
    if (!status) {
        memcpy(*bytes, file.data, file.length);
        *size = file.length;
    }
    ad_text_free(&file);
    return status;
}
