/* animation.c - pictures one after the other as an animated GIF (CompuServe 1990, "Graphics
 * interchange format, version 89a"), which every browser and chat shows. Writing only.
 *
 * Of a frame the rectangle is written that differs from the frame before, and in it only pixels
 * that do: the others are transparent, so that what stands still costs little, and does not change
 * its dithering. Frames of few colours, and grey ones, keep them exactly, in a palette that all of
 * these share; others have one of their own. The file is put together in memory and written at the
 * end, so that it appears whole or not at all. */
#include "base/file.h"
#include "io/gif_lzw.h"
#include "io/image_codec.h"
#include "io/palette.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    LARGEST_SIDE = 65535,
    CLEAR_PIXEL = 0, /* the colour that stands for the frame before; the others follow it */
    COLOURS = AD_PALETTE_COLOURS - 1,
};

struct ad_animation {
    ad_context *ctx;
    char *path;
    ad_text file;          /* of the frames; what is before them is written last */
    int64_t width, height; /* of all frames; 0: none yet */
    int delay;             /* hundredths of a second */
    size_t last_delay_at;  /* where the last frame's is in the file */
    ad_palette shared;     /* without the clear colour */
    uint8_t *before;       /* [height, width, 3]: the last frame, as it was given */
};

/* What is made of one frame. */
typedef struct frame {
    const uint8_t *rgb; /* [height, width, 3] */
    int64_t left, top, width, height;
    uint8_t *part;  /* [height, width, 3] of the rectangle, */
    uint8_t *still; /*   whether a pixel is as before, */
    uint8_t *index; /*   and its colour */
    ad_palette palette;
    bool exact, own; /* the palette has all colours; goes into the file with the frame */
} frame;

/* ---- what differs ---- */

/* The rectangle that holds all pixels that differ; one pixel where none does. */
static void find_rectangle(const ad_animation *a, frame *f)
{
    int64_t left = a->width, right = -1, top = a->height, bottom = -1;
    for (int64_t y = 0; y < a->height; ++y) {
        const uint8_t *row = f->rgb + 3 * y * a->width, *old = a->before + 3 * y * a->width;
        int64_t from = 0, to = a->width - 1;
        if (!memcmp(row, old, (size_t)(3 * a->width))) continue;
        while (!memcmp(row + 3 * from, old + 3 * from, 3)) ++from;
        while (!memcmp(row + 3 * to, old + 3 * to, 3)) --to;
        left = from < left ? from : left, right = to > right ? to : right;
        top = y < top ? y : top, bottom = y;
    }
    f->left = f->top = 0, f->width = f->height = 1;
    if (right < 0) return;
    f->left = left, f->top = top, f->width = right - left + 1, f->height = bottom - top + 1;
}

static void cut_rectangle(const ad_animation *a, frame *f, bool first)
{
    for (int64_t y = 0; y < f->height; ++y) {
        int64_t at = (f->top + y) * a->width + f->left;
        memcpy(f->part + 3 * y * f->width, f->rgb + 3 * at, (size_t)(3 * f->width));
        for (int64_t x = 0; x < f->width; ++x)
            f->still[y * f->width + x] = !first && !memcmp(f->rgb + 3 * (at + x),
                                                           a->before + 3 * (at + x), 3);
    }
}

/* ---- colours ---- */

/* The shared colour that is this one; once no more fit, one that nobody can tell from it. -1: there
 * is none. */
static int shared_colour(ad_palette *shared, const uint8_t *colour)
{
    int near = -1;
    for (int i = 0; i < shared->count; ++i) {
        int most = 0;
        for (int c = 0; c < 3; ++c) {
            int d = abs(colour[c] - shared->colour[i][c]);
            most = d > most ? d : most;
        }
        if (!most) return i;
        if (most == 1 && near < 0) near = i;
    }
    if (shared->count == COLOURS) return near;
    memcpy(shared->colour[shared->count], colour, 3);
    return shared->count++;
}

/* Turns the frame's colours into shared ones, if all can be, and makes room for the clear one. */
static void share_colours(ad_animation *a, frame *f)
{
    int to[AD_PALETTE_COLOURS], before = a->shared.count;
    f->own = !f->exact;
    for (int i = 0; i < f->palette.count; ++i) {
        to[i] = f->own ? i : shared_colour(&a->shared, f->palette.colour[i]);
        if (to[i] >= 0) continue;
        f->own = true;
        a->shared.count = before;
        i = -1; /* again, with its own */
    }
    for (int64_t i = 0; i < f->width * f->height; ++i)
        f->index[i] = (uint8_t)(f->still[i] ? CLEAR_PIXEL : to[f->index[i]] + 1);
}

/* Bits that number the colours of the palette and the clear one. */
static int bits_for(const ad_palette *palette)
{
    int bits = 2;
    while (palette->count + 1 > 1 << bits) ++bits;
    return bits;
}

/* ---- the file ---- */

static void put16(ad_text *to, int64_t value)
{
    uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    ad_text_bytes(to, bytes, 2);
}

static void put_palette(ad_text *to, const ad_palette *palette)
{
    static const uint8_t none[3 * AD_PALETTE_COLOURS];
    int rest = (1 << bits_for(palette)) - 1 - palette->count;
    ad_text_bytes(to, none, 3); /* the clear one */
    ad_text_bytes(to, palette->colour, (size_t)(3 * palette->count));
    ad_text_bytes(to, none, (size_t)(3 * rest));
}

static void put_header(const ad_animation *a, ad_text *to)
{
    uint8_t flags[3] = {(uint8_t)(a->shared.count ? 0xf0 | (bits_for(&a->shared) - 1) : 0x70)};
    ad_text_bytes(to, "GIF89a", 6);
    put16(to, a->width), put16(to, a->height);
    ad_text_bytes(to, flags, 3);
    if (a->shared.count) put_palette(to, &a->shared);
    ad_text_bytes(to, "\x21\xff\x0bNETSCAPE2.0\3\1\0\0\0", 19); /* again and again */
}

static void put_frame(ad_animation *a, const frame *f, ad_lzw *z)
{
    int bits = bits_for(f->own ? &f->palette : &a->shared);
    uint8_t flags = (uint8_t)(f->own ? 0x80 | (bits - 1) : 0);
    ad_text_bytes(&a->file, "\x21\xf9\4\5", 4); /* stays when its time is over; clear: 0 */
    a->last_delay_at = a->file.length;
    put16(&a->file, a->delay);
    ad_text_bytes(&a->file, "\0\0\x2c", 3);
    put16(&a->file, f->left), put16(&a->file, f->top);
    put16(&a->file, f->width), put16(&a->file, f->height);
    ad_text_bytes(&a->file, &flags, 1);
    if (f->own) put_palette(&a->file, &f->palette);
    ad_lzw_put(z, bits, f->index, f->width * f->height, &a->file);
}

/* Shorter than two of them, viewers take ten. */
static int hundredths(double seconds)
{
    return (int)lround(100 * fmin(fmax(seconds, 0.02), 600));
}

ad_status ad_animation_open(ad_animation **out, ad_context *ctx, const char *path, double seconds)
{
    const char *dot = strrchr(path, '.');
    *out = NULL;
    if (!dot || strcasecmp(dot, ".gif"))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: an animation's name ends in .gif", path);
    ad_status status = ad_output_check(ctx, path);
    if (status) return status;
    ad_animation *a = ad_zalloc(ctx, sizeof *a);
    if (!a) return AD_ERROR_MEMORY;
    a->ctx = ctx;
    ad_text_init(&a->file, ctx);
    a->delay = hundredths(seconds);
    a->path = ad_string_copy(ctx, path);
    if (!a->path) {
        ad_animation_free(a);
        return AD_ERROR_MEMORY;
    }
    *out = a;
    return AD_OK;
}

static ad_status compress(ad_animation *a, frame *f, bool first)
{
    ad_lzw *z = ad_alloc(a->ctx, sizeof *z);
    if (!z) return AD_ERROR_MEMORY;
    cut_rectangle(a, f, first);
    ad_status status = ad_palette_reduce(a->ctx, f->part, f->still, f->width, f->height, COLOURS,
                                         &f->palette, f->index, &f->exact);
    if (!status) {
        share_colours(a, f);
        put_frame(a, f, z);
        if (a->file.failed) status = AD_ERROR_MEMORY;
    }
    ad_free(a->ctx, z, sizeof *z);
    return status;
}

/* Takes *rgb where all goes well. */
static ad_status add(ad_animation *a, int64_t width, int64_t height, uint8_t **rgb)
{
    bool first = !a->width;
    frame f = {.rgb = *rgb, .width = width, .height = height};
    if (first)
        a->width = width, a->height = height;
    else
        find_rectangle(a, &f);
    size_t pixels = (size_t)(f.width * f.height);
    f.part = ad_alloc(a->ctx, 3 * pixels);
    f.still = ad_alloc(a->ctx, pixels), f.index = ad_alloc(a->ctx, pixels);
    ad_status status = f.part && f.still && f.index ? compress(a, &f, first) : AD_ERROR_MEMORY;
    ad_free(a->ctx, f.index, pixels);
    ad_free(a->ctx, f.still, pixels);
    ad_free(a->ctx, f.part, 3 * pixels);
    if (status) {
        if (first) a->width = a->height = 0;
        return status;
    }
    uint8_t *old = a->before;
    a->before = *rgb, *rgb = old;
    return AD_OK;
}

ad_status ad_animation_add(ad_animation *a, const ad_image *image)
{
    ad_image *colour = NULL;
    if (a->width && (image->width != a->width || image->height != a->height))
        return ad_fail(a->ctx, AD_ERROR_SHAPE,
                       "%s: a frame of %lld x %lld among frames of %lld x %lld", a->path,
                       (long long)image->width, (long long)image->height, (long long)a->width,
                       (long long)a->height);
    if (image->width > LARGEST_SIDE || image->height > LARGEST_SIDE)
        return ad_fail(a->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: a GIF has at most %d pixels in a row or a column, this frame is %lld "
                       "x %lld",
                       a->path, LARGEST_SIDE, (long long)image->width, (long long)image->height);
    ad_status status = ad_image_convert(a->ctx, image, 3, NULL, &colour);
    if (status) return status;
    uint8_t *rgb = ad_alloc(a->ctx, (size_t)(3 * image->width * image->height));
    status = rgb ? AD_OK : AD_ERROR_MEMORY;
    if (!status) {
        ad_samples_to_u8(rgb, colour->data, 3 * image->width * image->height);
        status = add(a, image->width, image->height, &rgb);
    }
    ad_free(a->ctx, rgb, (size_t)(3 * image->width * image->height));
    ad_image_free(colour);
    return status;
}

int64_t ad_animation_bytes(const ad_animation *a)
{
    enum { AROUND = 13 + 3 * AD_PALETTE_COLOURS + 19 + 1 };
    return (int64_t)a->file.length + AROUND;
}

void ad_animation_show(ad_animation *a, double seconds)
{
    int delay = hundredths(seconds);
    if (!a->width) return;
    a->file.data[a->last_delay_at] = (char)delay;
    a->file.data[a->last_delay_at + 1] = (char)(delay >> 8);
}

ad_status ad_animation_write_as(ad_animation *a, const char *path)
{
    ad_output *output;
    if (!a->width)
        return ad_fail(a->ctx, AD_ERROR_ARGUMENT, "%s: an animation without frames", path);
    ad_text header;
    ad_text_init(&header, a->ctx);
    put_header(a, &header);
    ad_status status = header.failed ? AD_ERROR_MEMORY : ad_output_open(&output, a->ctx, path);
    if (!status) {
        ad_output_write(output, header.data, header.length); /* its failure is commit's */
        ad_output_write(output, a->file.data, a->file.length);
        ad_output_write(output, "\x3b", 1);
        status = ad_output_commit(output);
    }
    ad_text_free(&header);
    return status;
}

ad_status ad_animation_write(ad_animation *a, double last_seconds)
{
    if (last_seconds > 0) ad_animation_show(a, last_seconds);
    return ad_animation_write_as(a, a->path);
}

void ad_animation_free(ad_animation *a)
{
    if (!a) return;
    ad_text_free(&a->file);
    ad_free(a->ctx, a->before, (size_t)(3 * a->width * a->height));
    ad_string_free(a->ctx, a->path);
    ad_free(a->ctx, a, sizeof *a);
}
