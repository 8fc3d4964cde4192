/* augment.c - random changes of a picture: crop, flip, colour, shift, rotation and scale, and after
 * normalising a cut-out square.
 *
 * Crop, flip and shift only move pixels, so together they are one gather of bytes through a table
 * of 256 floats per channel; without colour and rotation the table holds normalised values, and
 * that is all the work there is. */
#include "data/pictures/augment.h"
#include "base/context.h"
#include "base/philox.h"

#include <math.h>
#include <string.h>

enum { WORDS = 12 };

/* The random words of one picture, and what each is for. */
typedef struct dice {
    uint32_t word[WORDS];
} dice;

enum {
    FLIP,
    MOVE_Y,
    MOVE_X,
    ANGLE,
    SCALE,
    SHIFT_Y,
    BRIGHTNESS,
    CONTRAST,
    SATURATION,
    CUT_Y,
    CUT_X,
    SHIFT_X
};

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

/* -reach .. reach */
static int64_t step(uint32_t word, int64_t reach)
{
    return pick(word, 2 * reach + 1) - reach;
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

void ad_augmenter_init(ad_augmenter *a, const ad_image_set *set, const ad_augment *options)
{
    const ad_augment *o = options;
    *a = (ad_augmenter){.set = set, .options = *o};
    a->colours = o->brightness > 0 || o->contrast > 0 || o->saturation > 0;
    a->turns = o->rotate > 0 || o->scale > 0 || (o->shift > 0 && (o->pad > 0 || a->colours));
    for (int c = 0; c < 3; ++c) {
        a->scale[c] = o->deviation[c] > 0 ? 1 / o->deviation[c] : 1;
        a->offset[c] = o->deviation[c] > 0 ? -o->mean[c] * a->scale[c] : 0;
        for (int v = 0; v < 256; ++v) {
            float x = (float)v * (1.0f / 255);
            a->value[c][v] = a->colours || a->turns ? x : x * a->scale[c] + a->offset[c];
        }
    }
}

static int64_t values_of(const ad_image_set *set)
{
    return set->height * set->width * set->channels;
}

size_t ad_augment_scratch(const ad_augmenter *a)
{
    return a->turns ? ad_bytes(values_of(a->set), sizeof(float)) : 0;
}

/* ---- moving pixels ---- */

/* `count` pixels from `from` on, to the right or (flip) to the left. */
static void gather(const ad_augmenter *a, const unsigned char *from, int64_t count, bool flip,
                   float *to)
{
    const float *v0 = a->value[0], *v1 = a->value[1], *v2 = a->value[2];
    if (a->set->channels == 1) {
        int64_t stride = flip ? -1 : 1;
        for (int64_t i = 0; i < count; ++i, from += stride) to[i] = v0[*from];
    } else {
        int64_t stride = flip ? -3 : 3;
        for (int64_t i = 0; i < count; ++i, from += stride, to += 3)
            to[0] = v0[from[0]], to[1] = v1[from[1]], to[2] = v2[from[2]];
    }
}

/* `count` times the pixel at `from`. */
static float *repeat(const ad_augmenter *a, const unsigned char *from, int64_t count, float *to)
{
    for (; count > 0; --count)
        for (int c = 0; c < a->set->channels; ++c) *to++ = a->value[c][from[c]];
    return to;
}

/* The picture seen from (dy, dx) on. Beyond its edges are zeros, or (edges) the edges' pixels. */
static void move(const ad_augmenter *a, const unsigned char *from, int64_t dy, int64_t dx,
                 bool flip, bool edges, float *to)
{
    static const unsigned char zero[3] = {0};
    const ad_image_set *set = a->set;
    int64_t height = set->height, width = set->width, channels = set->channels;
    /* pixel x of the result is pixel x + dx, flipped width - 1 - x + dx: inside from x0 to x1 */
    int64_t reach = flip ? -dx : dx, x0 = clamp(-reach, width), x1 = clamp(width - reach, width);
    if (x1 < x0) x1 = x0;
    int64_t first = clamp(flip ? width - 1 - x0 + dx : x0 + dx, width - 1);
    for (int64_t y = 0; y < height; ++y) {
        int64_t sy = clamp(y + dy, height - 1);
        const unsigned char *row = from + sy * width * channels;
        const unsigned char *left = row, *right = row + (width - 1) * channels;
        if (!edges) left = right = zero;
        if (!edges && sy != y + dy) {
            to = repeat(a, zero, width, to);
            continue;
        }
        to = repeat(a, flip ? right : left, x0, to);
        gather(a, row + first * channels, x1 - x0, flip, to);
        to = repeat(a, flip ? left : right, width - x1, to + (x1 - x0) * channels);
    }
}

/* Where a turned picture is looked at: y = y0 + cosine * (row) - sine * (column), and so on. */
typedef struct view {
    float cosine, sine, dy, dx;
} view;

/* Turned and scaled about the middle, then shifted, bilinear. Coordinates are held inside the
 * picture, which repeats its edges. Inlined, so that `channels` is a constant. */
static inline void turn_channels(const ad_image_set *set, const float *from, view v, int channels,
                                 float *to)
{
    int64_t height = set->height, width = set->width;
    float cy = (float)(height - 1) / 2, cx = (float)(width - 1) / 2;
    float bottom = (float)(height - 1), edge = (float)(width - 1);
    int last_y = (int)(height > 1 ? height - 2 : 0), last_x = (int)(width > 1 ? width - 2 : 0);
    int64_t down = height > 1 ? width * channels : 0, right = width > 1 ? channels : 0;
    for (int64_t y = 0; y < height; ++y) {
        float ry = (float)y - cy + v.dy, row_y = cy + v.cosine * ry, row_x = cx + v.sine * ry;
        for (int64_t x = 0; x < width; ++x, to += channels) {
            float rx = (float)x - cx + v.dx, fy = row_y - v.sine * rx, fx = row_x + v.cosine * rx;
            fy = fy > 0 ? fy < bottom ? fy : bottom : 0;
            fx = fx > 0 ? fx < edge ? fx : edge : 0;
            int y0 = (int)fy, x0 = (int)fx; /* truncation is floor: both are positive */
            y0 = y0 < last_y ? y0 : last_y, x0 = x0 < last_x ? x0 : last_x;
            float ay = fy - (float)y0, ax = fx - (float)x0;
            const float *p = from + (y0 * width + x0) * channels;
            const float *q = p + down;
            for (int k = 0; k < channels; ++k) {
                float above = p[k] + ax * (p[k + right] - p[k]);
                float below = q[k] + ax * (q[k + right] - q[k]);
                to[k] = above + ay * (below - above);
            }
        }
    }
}

static void turn(const ad_image_set *set, const float *from, view v, float *to)
{
    if (set->channels == 1)
        turn_channels(set, from, v, 1, to);
    else
        turn_channels(set, from, v, 3, to);
}

/* ---- changing values ---- */

/* The sum in a fixed order, by four lanes. */
static float mean_of(const float *p, int64_t count)
{
    float lane[4] = {0};
    int64_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (int k = 0; k < 4; ++k) lane[k] += p[i + k];
    for (; i < count; ++i) lane[0] += p[i];
    return (lane[0] + lane[1] + lane[2] + lane[3]) / (float)count;
}

static float within(float v)
{
    v = v > 0 ? v : 0;
    return v < 1 ? v : 1;
}

/* Brightness scales, saturation moves away from each pixel's grey, contrast from the mean grey. */
static void jitter(const ad_augmenter *a, const dice *d, float *p)
{
    int64_t pixels = a->set->height * a->set->width, count = pixels * a->set->channels;
    float brightness = 1 + a->options.brightness * swing(d->word[BRIGHTNESS]);
    float contrast = 1 + a->options.contrast * swing(d->word[CONTRAST]);
    float saturation = 1 + a->options.saturation * swing(d->word[SATURATION]);
    float grey = brightness * mean_of(p, count), rest = grey - contrast * grey;
    float own_part = brightness * contrast * (1 - saturation) / 3;
    float part = brightness * contrast * saturation;
    if (a->set->channels == 1)
        for (int64_t i = 0; i < pixels; ++i) p[i] = within(brightness * contrast * p[i] + rest);
    else
        for (int64_t i = 0; i < pixels; ++i, p += 3) {
            float own = own_part * (p[0] + p[1] + p[2]) + rest;
            p[0] = within(part * p[0] + own);
            p[1] = within(part * p[1] + own);
            p[2] = within(part * p[2] + own);
        }
}

static void normalise(const ad_augmenter *a, float *p)
{
    int64_t pixels = a->set->height * a->set->width;
    float s0 = a->scale[0], s1 = a->scale[1], s2 = a->scale[2];
    float o0 = a->offset[0], o1 = a->offset[1], o2 = a->offset[2];
    if (a->set->channels == 1)
        for (int64_t i = 0; i < pixels; ++i) p[i] = p[i] * s0 + o0;
    else
        for (int64_t i = 0; i < pixels; ++i, p += 3)
            p[0] = p[0] * s0 + o0, p[1] = p[1] * s1 + o1, p[2] = p[2] * s2 + o2;
}

/* The mean is zero once the picture is normalised. The square may reach over the edge. */
static void cut_out(const ad_augmenter *a, const dice *d, float *p)
{
    const ad_image_set *set = a->set;
    int64_t side = a->options.cutout;
    int64_t top = pick(d->word[CUT_Y], set->height) - side / 2;
    int64_t left = pick(d->word[CUT_X], set->width) - side / 2;
    int64_t y1 = clamp(top + side, set->height), x1 = clamp(left + side, set->width);
    float mean[3];
    for (int c = 0; c < 3; ++c) mean[c] = a->options.mean[c] * a->scale[c] + a->offset[c];
    for (int64_t y = clamp(top, set->height); y < y1; ++y)
        for (int64_t x = clamp(left, set->width); x < x1; ++x)
            for (int c = 0; c < set->channels; ++c)
                p[(y * set->width + x) * set->channels + c] = mean[c];
}

void ad_augment_picture(const ad_augmenter *a, uint64_t seed, uint64_t draw, int64_t index,
                        float *scratch, float *to)
{
    const ad_augment *o = &a->options;
    const unsigned char *from = a->set->pixels + index * values_of(a->set);
    dice d = roll(seed, draw);
    const uint32_t *word = d.word;
    float *moved = a->turns ? scratch : to;
    /* a shift by whole pixels is part of the gather unless something comes between */
    bool late = o->pad > 0 || a->colours;
    int64_t reach = late ? o->pad : o->shift;
    move(a, from, step(word[MOVE_Y], reach), step(word[MOVE_X], reach), o->flip && word[FLIP] >> 31,
         !late, moved);
    if (a->colours) jitter(a, &d, moved);
    if (a->turns) {
        float angle = o->rotate * swing(word[ANGLE]) * 0.0174532925f;
        float scale = 1 + o->scale * swing(word[SCALE]);
        view v = {.cosine = cosf(angle) / scale, .sine = sinf(angle) / scale};
        if (late)
            v.dy = (float)step(word[SHIFT_Y], o->shift),
            v.dx = (float)step(word[SHIFT_X], o->shift);
        turn(a->set, moved, v, to);
    }
    if (a->colours || a->turns) normalise(a, to);
    if (o->cutout > 0) cut_out(a, &d, to);
}
