/* palette.c - few colours for many: the colours by median cut (Heckbert 1982, "Color image
 * quantization for frame buffer display"), the pixels by error diffusion (Floyd & Steinberg 1976).
 *
 * Colours are counted in cells of 8 x 8 x 8 values. The box of cells with the largest sum of
 * squared deviations along one axis is cut there at its mean, which serves small areas of a
 * colour of their own better than the median does; a palette colour is the mean of the pixels in
 * its box, not of the cells. Few colours, and greys, are taken as they are. */
#include "io/palette.h"

#include <string.h>

enum { BITS = 5, CELLS = 1 << (3 * BITS) };

/* What is known of the pixels of a cell, or of a box of cells. */
typedef struct moments {
    int64_t count;
    double sum[3], square[3];
} moments;

typedef struct box {
    int first, end; /* among the cells that occur */
    moments total;
} box;

typedef struct reduction {
    moments cell[CELLS];
    int used[CELLS];        /* the cells that occur, box by box */
    int16_t nearest[CELLS]; /* palette colour of a cell's middle; -1: not looked up yet */
} reduction;

static int cell_of(int r, int g, int b)
{
    enum { DROP = 8 - BITS };
    return (r >> DROP) << (2 * BITS) | (g >> DROP) << BITS | b >> DROP;
}

static void add(moments *to, const moments *from)
{
    to->count += from->count;
    for (int c = 0; c < 3; ++c) to->sum[c] += from->sum[c], to->square[c] += from->square[c];
}

/* The axis along which a box deviates most from its mean, and by how much. */
static double widest(const moments *m, int *axis)
{
    double most = -1;
    for (int c = 0; c < 3; ++c) {
        double deviation = m->square[c] - m->sum[c] * m->sum[c] / (double)m->count;
        if (deviation > most) most = deviation, *axis = c;
    }
    return most;
}

/* Moves the cells above the mean into a box of their own; false: they are all on one side. */
static bool cut(reduction *r, box *from, box *above)
{
    int axis = 0, middle = from->first;
    widest(&from->total, &axis);
    double mean = from->total.sum[axis] / (double)from->total.count;
    moments below = {0};
    for (int i = from->first; i < from->end; ++i) {
        int cell = r->used[i];
        const moments *m = &r->cell[cell];
        if (m->sum[axis] / (double)m->count > mean) continue;
        add(&below, m);
        r->used[i] = r->used[middle], r->used[middle++] = cell;
    }
    if (middle == from->first || middle == from->end) return false;
    *above = (box){middle, from->end, {0}};
    for (int i = middle; i < from->end; ++i) add(&above->total, &r->cell[r->used[i]]);
    from->end = middle, from->total = below;
    return true;
}

static void choose(reduction *r, const uint8_t *rgb, const uint8_t *still, int64_t pixels,
                   int most_colours, ad_palette *palette)
{
    box boxes[AD_PALETTE_COLOURS] = {{0}};
    for (int64_t i = 0; i < pixels; ++i) {
        const uint8_t *p = rgb + 3 * i;
        if (still && still[i]) continue;
        moments *m = &r->cell[cell_of(p[0], p[1], p[2])];
        ++m->count;
        for (int c = 0; c < 3; ++c) m->sum[c] += p[c], m->square[c] += (double)p[c] * p[c];
    }
    for (int i = 0; i < CELLS; ++i)
        if (r->cell[i].count) {
            r->used[boxes[0].end++] = i;
            add(&boxes[0].total, &r->cell[i]);
        }
    int count = 1;
    for (bool more = true; more && count < most_colours;) {
        int at = -1, axis;
        double most = 0;
        for (int i = 0; i < count; ++i) { /* a box of one cell is not cut */
            double deviation = widest(&boxes[i].total, &axis);
            if (boxes[i].end - boxes[i].first > 1 && deviation > most) most = deviation, at = i;
        }
        more = at >= 0 && cut(r, &boxes[at], &boxes[count]);
        count += more;
    }
    palette->count = count;
    for (int i = 0; i < count; ++i)
        for (int c = 0; c < 3; ++c)
            palette->colour[i][c] = (uint8_t)(boxes[i].total.sum[c] / (double)boxes[i].total.count +
                                              0.5);
}

static int nearest(reduction *r, const ad_palette *palette, const int *colour)
{
    int16_t *known = &r->nearest[cell_of(colour[0], colour[1], colour[2])];
    if (*known >= 0) return *known;
    int least = 1 << 30;
    for (int i = 0; i < palette->count; ++i) {
        int distance = 0;
        for (int c = 0; c < 3; ++c) {
            int d = (colour[c] & ~7) + 4 - palette->colour[i][c];
            distance += d * d;
        }
        if (distance < least) least = distance, *known = (int16_t)i;
    }
    return *known;
}

/* ---- colours as they are ---- */

enum { SLOTS = 1024 }; /* a power of two, four times as many as colours */

/* The place of a colour among `slot`, where it is or could be. */
static int place_of(const int *slot, const ad_palette *palette, const uint8_t *colour)
{
    uint32_t key = (uint32_t)colour[0] << 16 | (uint32_t)colour[1] << 8 | colour[2];
    int at = (int)(key * 2654435761u >> 22);
    while (slot[at] >= 0 && memcmp(palette->colour[slot[at]], colour, 3) != 0)
        at = (at + 1) & (SLOTS - 1);
    return at;
}

/* False: there are more. */
static bool few(const uint8_t *rgb, const uint8_t *still, int64_t pixels, int most,
                ad_palette *palette, uint8_t *index)
{
    int slot[SLOTS];
    memset(slot, -1, sizeof slot);
    palette->count = 0;
    for (int64_t i = 0; i < pixels; ++i) {
        index[i] = 0;
        if (still && still[i]) continue;
        int at = place_of(slot, palette, rgb + 3 * i);
        if (slot[at] < 0 && palette->count == most) return false;
        if (slot[at] < 0) {
            memcpy(palette->colour[palette->count], rgb + 3 * i, 3);
            slot[at] = palette->count++;
        }
        index[i] = (uint8_t)slot[at];
    }
    if (!palette->count) memset(palette->colour[palette->count++], 0, 3);
    return true;
}

/* All levels in `most` steps; false: some are not grey. */
static bool greys(const uint8_t *rgb, const uint8_t *still, int64_t pixels, int most,
                  ad_palette *palette, uint8_t *index)
{
    enum { LEAST = 128 }; /* else steps would be seen */
    if (most < LEAST) return false;
    for (int64_t i = 0; i < pixels; ++i) {
        const uint8_t *p = rgb + 3 * i;
        index[i] = 0;
        if (still && still[i]) continue;
        if (p[0] != p[1] || p[1] != p[2]) return false;
        index[i] = (uint8_t)((2 * p[0] * (most - 1) + 255) / 510);
    }
    for (palette->count = 0; palette->count < most; ++palette->count)
        memset(palette->colour[palette->count],
               (2 * palette->count * 255 + most - 1) / (2 * (most - 1)), 3);
    return true;
}

/* ---- the others ---- */

/* What a pixel's colour misses is handed on: 7/16 to the right, 3, 5 and 1 to the row below. `row`
 * and `below` hold these errors, one pixel of margin on either side, in sixteenths. */
static void dither_row(reduction *r, const ad_palette *palette, const uint8_t *rgb,
                       const uint8_t *still, int64_t width, int *row, int *below, uint8_t *index)
{
    for (int64_t x = 0; x < width; ++x) {
        int wanted[3];
        index[x] = 0;
        if (still && still[x]) continue;
        for (int c = 0; c < 3; ++c) {
            int v = rgb[3 * x + c] + row[3 * (x + 1) + c] / 16;
            wanted[c] = v < 0 ? 0 : v > 255 ? 255 : v;
        }
        index[x] = (uint8_t)nearest(r, palette, wanted);
        for (int c = 0; c < 3; ++c) {
            int error = wanted[c] - palette->colour[index[x]][c];
            row[3 * (x + 2) + c] += 7 * error;
            below[3 * x + c] += 3 * error;
            below[3 * (x + 1) + c] += 5 * error;
            below[3 * (x + 2) + c] += error;
        }
    }
}

static void dither(reduction *r, const ad_palette *palette, const uint8_t *rgb,
                   const uint8_t *still, int64_t width, int64_t height, int *errors, uint8_t *index)
{
    size_t line = (size_t)(3 * (width + 2));
    memset(r->nearest, -1, sizeof r->nearest);
    for (int64_t y = 0; y < height; ++y) {
        int *row = errors + (y & 1 ? line : 0), *below = errors + (y & 1 ? 0 : line);
        memset(below, 0, line * sizeof *below);
        dither_row(r, palette, rgb + 3 * y * width, still ? still + y * width : NULL, width, row,
                   below, index + y * width);
    }
}

ad_status ad_palette_reduce(ad_context *ctx, const uint8_t *rgb, const uint8_t *still,
                            int64_t width, int64_t height, int most, ad_palette *palette,
                            uint8_t *index, bool *exact)
{
    *exact = few(rgb, still, width * height, most, palette, index) ||
             greys(rgb, still, width * height, most, palette, index);
    if (*exact) return AD_OK;
    size_t bytes = 2 * (size_t)(3 * (width + 2)) * sizeof(int);
    reduction *r = ad_zalloc(ctx, sizeof *r);
    int *errors = ad_zalloc(ctx, bytes);
    if (r && errors) {
        choose(r, rgb, still, width * height, most, palette);
        dither(r, palette, rgb, still, width, height, errors, index);
    }
    ad_status status = r && errors ? AD_OK : AD_ERROR_MEMORY;
    ad_free(ctx, errors, bytes);
    ad_free(ctx, r, sizeof *r);
    return status;
}
