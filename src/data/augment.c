/* augment.c - random changes of a picture: shift or crop, flip, rotation and scale, colour, and
 * after normalising a cut-out square. Without rotation and scale pixels only move, and the whole is
 * one gather of bytes. */
#include "data/augment.h"
#include "base/philox.h"

#include <math.h>
#include <string.h>

enum { WORDS = 12 };

/* The random words of one picture. */
typedef struct dice {
    uint32_t word[WORDS];
} dice;

static dice roll(uint64_t seed, uint64_t draw)
{
    dice d;
    for (int i = 0; i < WORDS / 4; ++i) {
        ad_philox block = ad_philox_block(seed, draw, 0xA06E00000000u + (uint64_t)i);
        memcpy(d.word + 4 * i, block.v, sizeof block.v);
    }
    return d;
}

/* 0 .. count - 1 */
static int64_t pick(uint32_t word, int64_t count)
{
    return (int64_t)((uint64_t)word * (uint64_t)count >> 32);
}

/* -1 .. 1 */
static float swing(uint32_t word)
{
    return 2 * ad_philox_uniform(word) - 1;
}

static int64_t clamp(int64_t v, int64_t most)
{
    return v < 0 ? 0 : v > most ? most : v;
}

int64_t ad_augment_scratch(const ad_image_set *set)
{
    return set->height * set->width * set->channels;
}

/* The picture moved by (dy, dx): beyond the edge zeros, or (repeat) the edge's pixels. */
static void move(const ad_image_set *set, const unsigned char *from, int64_t dy, int64_t dx,
                 bool flip, bool repeat, float *to)
{
    int64_t height = set->height, width = set->width;
    int channels = set->channels;
    for (int64_t y = 0; y < height; ++y) {
        int64_t sy = y + dy;
        bool outside = sy < 0 || sy >= height;
        if (repeat) sy = clamp(sy, height - 1), outside = false;
        const unsigned char *row = from + clamp(sy, height - 1) * width * channels;
        for (int64_t x = 0; x < width; ++x, to += channels) {
            int64_t sx = (flip ? width - 1 - x : x) + dx;
            if (repeat) sx = clamp(sx, width - 1);
            if (outside || sx < 0 || sx >= width) {
                for (int c = 0; c < channels; ++c) to[c] = 0;
                continue;
            }
            for (int c = 0; c < channels; ++c) to[c] = row[sx * channels + c] * (1.0f / 255);
        }
    }
}

/* Whole rows where nothing moves. */
static void copy(const unsigned char *from, int64_t count, float *to)
{
    for (int64_t i = 0; i < count; ++i) to[i] = from[i] * (1.0f / 255);
}

/* Turned by `angle` (radians) and scaled about the middle, bilinear, edges repeated. */
static void turn(const ad_image_set *set, const float *from, float angle, float scale, float *to)
{
    int64_t height = set->height, width = set->width;
    int channels = set->channels;
    float cy = (float)(height - 1) / 2, cx = (float)(width - 1) / 2;
    float cosine = cosf(angle) / scale, sine = sinf(angle) / scale;
    for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x, to += channels) {
            float ry = (float)y - cy, rx = (float)x - cx;
            float fy = cy + cosine * ry - sine * rx, fx = cx + sine * ry + cosine * rx;
            float by = floorf(fy), bx = floorf(fx), ay = fy - by, ax = fx - bx;
            int64_t y0 = clamp((int64_t)by, height - 1), y1 = clamp((int64_t)by + 1, height - 1);
            int64_t x0 = clamp((int64_t)bx, width - 1), x1 = clamp((int64_t)bx + 1, width - 1);
            const float *a = from + (y0 * width + x0) * channels;
            const float *b = from + (y0 * width + x1) * channels;
            const float *c = from + (y1 * width + x0) * channels;
            const float *d = from + (y1 * width + x1) * channels;
            for (int k = 0; k < channels; ++k)
                to[k] = (1 - ay) * ((1 - ax) * a[k] + ax * b[k]) +
                        ay * ((1 - ax) * c[k] + ax * d[k]);
        }
}

/* Brightness scales, contrast moves away from the mean grey, saturation away from each pixel's. */
static void jitter(const ad_image_set *set, const ad_augment *a, const dice *d, float *p)
{
    int64_t pixels = set->height * set->width;
    float brightness = 1 + a->brightness * swing(d->word[6]);
    float contrast = 1 + a->contrast * swing(d->word[7]);
    float saturation = 1 + a->saturation * swing(d->word[8]);
    double sum = 0;
    for (int64_t i = 0; i < pixels * set->channels; ++i) p[i] *= brightness, sum += p[i];
    float grey = (float)(sum / (double)(pixels * set->channels));
    for (int64_t i = 0; i < pixels; ++i, p += set->channels) {
        float own = 0;
        for (int c = 0; c < set->channels; ++c) own += p[c] / (float)set->channels;
        for (int c = 0; c < set->channels; ++c) {
            float v = own + saturation * (p[c] - own);
            v = grey + contrast * (v - grey);
            p[c] = v < 0 ? 0 : v > 1 ? 1 : v;
        }
    }
}

static void normalise(const ad_image_set *set, const ad_augment *a, float *p)
{
    float scale[3], shift[3];
    for (int c = 0; c < set->channels; ++c) {
        scale[c] = a->deviation[c] > 0 ? 1 / a->deviation[c] : 1;
        shift[c] = a->deviation[c] > 0 ? -a->mean[c] * scale[c] : 0;
    }
    int64_t pixels = set->height * set->width;
    if (set->channels == 1)
        for (int64_t i = 0; i < pixels; ++i) p[i] = p[i] * scale[0] + shift[0];
    else
        for (int64_t i = 0; i < pixels; ++i, p += 3)
            for (int c = 0; c < 3; ++c) p[c] = p[c] * scale[c] + shift[c];
}

/* Zero is the mean once the picture is normalised, so it must be. */
static void cut_out(const ad_image_set *set, int side, const dice *d, float *p)
{
    int64_t cy = pick(d->word[9], set->height), cx = pick(d->word[10], set->width);
    int64_t y0 = clamp(cy - side / 2, set->height), y1 = clamp(cy - side / 2 + side, set->height);
    int64_t x0 = clamp(cx - side / 2, set->width), x1 = clamp(cx - side / 2 + side, set->width);
    for (int64_t y = y0; y < y1; ++y)
        memset(p + (y * set->width + x0) * set->channels, 0,
               (size_t)((x1 - x0) * set->channels) * sizeof *p);
}

void ad_augment_picture(const ad_image_set *set, const ad_augment *a, uint64_t seed, uint64_t draw,
                        int64_t index, float *scratch, float *to)
{
    int64_t count = set->height * set->width * set->channels, reach = a->pad + a->shift;
    const unsigned char *from = set->pixels + index * count;
    bool turned = a->rotate > 0 || a->scale > 0;
    dice d = roll(seed, draw);
    float *moved = turned ? scratch : to;
    bool flip = a->flip && d.word[0] >> 31;
    if (!reach && !flip)
        copy(from, count, moved);
    else
        move(set, from, pick(d.word[1], 2 * reach + 1) - reach,
             pick(d.word[2], 2 * reach + 1) - reach, flip, a->shift > 0, moved);
    if (turned)
        turn(set, moved, a->rotate * swing(d.word[3]) * 0.0174532925f,
             1 + a->scale * swing(d.word[4]), to);
    if (a->brightness > 0 || a->contrast > 0 || a->saturation > 0) jitter(set, a, &d, to);
    normalise(set, a, to);
    if (a->cutout > 0) cut_out(set, a->cutout, &d, to);
}
