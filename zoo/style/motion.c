/* motion.c - see motion.h. */
#include "zoo/style/motion.h"

#include <math.h>

enum { WAVES = 2 };

/* The most that there is of each, between neighbouring frames and between frames that are far
 * apart: of a crop's side, as an angle, of the size, of a pixel. */
typedef struct reach {
    double shift, turn, zoom, bend;
} reach;
static const reach reaches[] = {{0.02, 0.02, 0.02, 0.7}, {0.15, 0.12, 0.12, 3}};
static const double noise_most = 5, light_most = 0.03; /* grey levels; of the brightness */

/* Where a pixel was: first = matrix (second - middle) + middle + shift + waves. */
typedef struct motion {
    double middle, cosine, sine, shift[2];
    double wave[WAVES][4]; /* of each: amount, frequency along x and y, phase */
    double noise, light;
} motion;

static double signed_unit(const ad_draws *draws, uint64_t *number)
{
    return 2 * ad_draws_unit(draws, (*number)++) - 1;
}

static motion draw_motion(const ad_draws *draws, int64_t side, const reach *r, uint64_t *number)
{
    double pi = acos(-1), turn = r->turn * signed_unit(draws, number),
           zoom = 1 + r->zoom * signed_unit(draws, number);
    motion m = {.middle = (double)(side - 1) / 2, .cosine = zoom * cos(turn)};
    m.sine = zoom * sin(turn);
    for (int i = 0; i < 2; ++i) m.shift[i] = r->shift * (double)side * signed_unit(draws, number);
    for (int i = 0; i < WAVES; ++i) {
        double length = (double)side * (0.2 + 0.4 * ad_draws_unit(draws, (*number)++));
        double along = pi * signed_unit(draws, number);
        m.wave[i][0] = r->bend * signed_unit(draws, number);
        m.wave[i][1] = 2 * pi * cos(along) / length, m.wave[i][2] = 2 * pi * sin(along) / length;
        m.wave[i][3] = pi * signed_unit(draws, number);
    }
    m.noise = noise_most * ad_draws_unit(draws, (*number)++);
    m.light = 1 + light_most * signed_unit(draws, number);
    return m;
}

/* The waves bend along x and y in turn. */
static void was_at(const motion *m, double x, double y, double was[2])
{
    double dx = x - m->middle, dy = y - m->middle;
    was[0] = m->middle + m->cosine * dx - m->sine * dy + m->shift[0];
    was[1] = m->middle + m->sine * dx + m->cosine * dy + m->shift[1];
    for (int i = 0; i < WAVES; ++i) {
        const double *w = m->wave[i];
        was[i & 1] += w[0] * sin(w[1] * x + w[2] * y + w[3]);
    }
}

/* The cell of a grid of `count` pixels that a place lies in, and how far into it; places outside
 * are its edges. */
static int64_t cell(double at, int64_t count, double *into)
{
    double most = (double)(count - 1), inside = at < 0 ? 0 : at > most ? most : at;
    int64_t index = (int64_t)inside;
    if (index > count - 2) index = count - 2;
    *into = inside - (double)index;
    return index;
}

/* What the photo shows at a place of the crop, also beyond the crop. */
static void look(const photo_place *at, int64_t side, const double was[2], double rgb[3])
{
    const photo *p = at->of;
    double fx, fy, column = at->mirror ? (double)(side - 1) - was[0] : was[0];
    int64_t x = cell((double)at->left + column, p->width, &fx),
            y = cell((double)at->top + was[1], p->height, &fy);
    const uint8_t *upper = p->rgb + (y * p->width + x) * 3, *lower = upper + p->width * 3;
    for (int c = 0; c < 3; ++c)
        rgb[c] = (1 - fy) * ((1 - fx) * upper[c] + fx * upper[3 + c]) +
                 fy * ((1 - fx) * lower[c] + fx * lower[3 + c]);
}

/* The four pixels of the first around a place. */
static void trace(int64_t side, const double was[2], int32_t base, int32_t *from, float *part)
{
    int64_t area = side * side;
    double fx, fy, most = (double)(side - 1);
    int64_t x = cell(was[0], side, &fx), y = cell(was[1], side, &fy);
    bool seen = was[0] >= 0 && was[1] >= 0 && was[0] <= most && was[1] <= most;
    for (int k = 0; k < 4; ++k) {
        double share = (k & 1 ? fx : 1 - fx) * (k & 2 ? fy : 1 - fy);
        from[k * area] = base + (int32_t)((y + (k >> 1)) * side + x + (k & 1));
        part[k * area] = seen ? (float)share : 0;
    }
}

void motion_pair(const photos *set, const ad_draws *draws, int64_t side, bool far, int32_t base,
                 float *first, float *second, int32_t *from, float *part)
{
    uint64_t number = 0;
    photo_place at = photos_place(set, draws->seed, draws->position, side);
    motion m = draw_motion(draws, side, &reaches[far], &number);
    photos_crop(set, draws->seed, draws->position, side, first);
    for (int64_t i = 0; i < side * side; ++i) {
        double was[2], rgb[3];
        int64_t row = i / side, column = i % side;
        was_at(&m, (double)column, (double)row, was);
        look(&at, side, was, rgb);
        trace(side, was, base, from + i, part + i);
        for (int c = 0; c < 3; ++c) {
            double value = m.light * rgb[c] + m.noise * signed_unit(draws, &number);
            second[i * 3 + c] = (float)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
}
