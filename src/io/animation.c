/* animation.c - pictures one after the other as an animated GIF (CompuServe 1990, "Graphics
 * interchange format, version 89a"), which every browser and chat shows. Writing only.
 *
 * Each frame has a palette of its own. The file is put together in memory and written at the end,
 * so that it appears whole or not at all. The compressor is LZW with codes of up to 12 bits: when
 * they are used up, it starts anew. */
#include "base/file.h"
#include "io/image_codec.h"
#include "io/palette.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum {
    LARGEST_SIDE = 65535,
    CLEAR = AD_PALETTE_COLOURS, /* LZW codes behind those of the colours */
    END = CLEAR + 1,
    CODES = 4096,
    SLOTS = 8192, /* of the table that finds codes; a power of two */
};

struct ad_animation {
    ad_context *ctx;
    char *path;
    ad_text file;
    int64_t width, height; /* of all frames; 0: none yet */
    int delay;             /* hundredths of a second */
    size_t last_delay_at;  /* where the last frame's is in the file */
};

/* ---- LZW ---- */

/* Codes of a growing number of bits, packed into blocks of up to 255 bytes. */
typedef struct packer {
    ad_text *to;
    uint32_t bits;
    int count;
    uint8_t block[256]; /* its length, then its bytes */
} packer;

static void flush_block(packer *p)
{
    if (p->block[0]) ad_text_bytes(p->to, p->block, p->block[0] + (size_t)1);
    p->block[0] = 0;
}

static void put_bits(packer *p, int code, int width)
{
    for (p->bits |= (uint32_t)code << p->count, p->count += width; p->count >= 8;
         p->count -= 8, p->bits >>= 8) {
        p->block[++p->block[0]] = (uint8_t)p->bits;
        if (p->block[0] == 255) flush_block(p);
    }
}

/* The strings known so far: the code of each, by the code of all but its last colour and that
 * colour. */
typedef struct lzw {
    int32_t key[SLOTS]; /* prefix << 8 | colour; -1: free */
    int16_t code[SLOTS];
    int next, width;
} lzw;

static void forget(lzw *z)
{
    memset(z->key, -1, sizeof z->key);
    z->next = END + 1, z->width = 9;
}

/* Where the string is, or where it would be put. */
static unsigned slot_of(const lzw *z, int32_t key)
{
    unsigned slot = (uint32_t)key * 2654435761u >> 19;
    while (z->key[slot] >= 0 && z->key[slot] != key) slot = (slot + 1) & (SLOTS - 1);
    return slot;
}

static void compress(lzw *z, const uint8_t *index, int64_t count, ad_text *to)
{
    packer p = {.to = to};
    forget(z);
    put_bits(&p, CLEAR, z->width);
    int prefix = index[0];
    for (int64_t i = 1; i < count; ++i) {
        int32_t key = prefix << 8 | index[i];
        unsigned slot = slot_of(z, key);
        if (z->key[slot] == key) {
            prefix = z->code[slot];
            continue;
        }
        put_bits(&p, prefix, z->width);
        prefix = index[i];
        if (z->next == CODES) {
            put_bits(&p, CLEAR, z->width);
            forget(z);
            continue;
        }
        /* the reader knows a code one step later, and so widens one step later */
        if (z->next >> z->width) ++z->width;
        z->key[slot] = key, z->code[slot] = (int16_t)z->next++;
    }
    put_bits(&p, prefix, z->width);
    if (z->next < CODES && z->next >> z->width) ++z->width;
    put_bits(&p, END, z->width);
    if (p.count) put_bits(&p, 0, 8 - p.count);
    flush_block(&p);
    ad_text_bytes(to, "", 1); /* an empty block ends them */
}

/* ---- the file ---- */

static void put16(ad_text *to, int64_t value)
{
    uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    ad_text_bytes(to, bytes, 2);
}

static void put_header(ad_animation *a)
{
    ad_text_bytes(&a->file, "GIF89a", 6);
    put16(&a->file, a->width), put16(&a->file, a->height);
    ad_text_bytes(&a->file, "\x70\0\0", 3);                           /* no palette for all */
    ad_text_bytes(&a->file, "\x21\xff\x0bNETSCAPE2.0\3\1\0\0\0", 19); /* again and again */
}

static void put_frame(ad_animation *a, const ad_palette *palette, const uint8_t *index, lzw *z)
{
    ad_text_bytes(&a->file, "\x21\xf9\4\0", 4);
    a->last_delay_at = a->file.length;
    put16(&a->file, a->delay);
    ad_text_bytes(&a->file, "\0\0\x2c\0\0\0\0", 7);
    put16(&a->file, a->width), put16(&a->file, a->height);
    ad_text_bytes(&a->file, "\x87", 1); /* a palette of 256 follows */
    ad_text_bytes(&a->file, palette->colour, sizeof palette->colour);
    ad_text_bytes(&a->file, "\x08", 1); /* bits of a colour */
    compress(z, index, a->width * a->height, &a->file);
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
    int64_t pixels = image->width * image->height;
    size_t bytes = (size_t)pixels;
    uint8_t *rgb = ad_alloc(a->ctx, 3 * bytes), *index = ad_alloc(a->ctx, bytes);
    lzw *z = ad_alloc(a->ctx, sizeof *z);
    ad_palette palette = {0};
    status = rgb && index && z ? AD_OK : AD_ERROR_MEMORY;
    if (!status) {
        ad_samples_to_u8(rgb, colour->data, 3 * pixels);
        status = ad_palette_reduce(a->ctx, rgb, image->width, image->height, &palette, index);
    }
    if (!status) {
        bool first = !a->width;
        a->width = image->width, a->height = image->height;
        if (first) put_header(a);
        put_frame(a, &palette, index, z);
        if (a->file.failed) status = AD_ERROR_MEMORY;
    }
    ad_free(a->ctx, z, sizeof *z);
    ad_free(a->ctx, index, bytes);
    ad_free(a->ctx, rgb, 3 * bytes);
    ad_image_free(colour);
    return status;
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
    ad_status status = ad_output_open(&output, a->ctx, path);
    if (status) return status;
    ad_output_write(output, a->file.data, a->file.length); /* its failure is commit's */
    ad_output_write(output, "\x3b", 1);
    return ad_output_commit(output);
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
    ad_string_free(a->ctx, a->path);
    ad_free(a->ctx, a, sizeof *a);
}
