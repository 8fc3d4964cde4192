/* any_styles.c - see any_styles.h. */
#include "zoo/style/any_styles.h"

#include <math.h>
#include <stddef.h>

enum { COLOURS = 5, WAVES = 4 };
/* Where the parts of a picture begin in the row's stream of random numbers. */
enum { AT_KIND = 16, AT_CROP = 32, AT_COLOUR = 48, AT_TEXTURE = 64 };

static double between(const ad_draws *draws, uint64_t index, double low, double high)
{
    return low + (high - low) * ad_draws_unit(draws, index);
}

/* ---- crops ---- */

/* A square of `side` to `side` * 3 pixels, as far as there are so many, each pixel the mean of
 * those that it covers; mirrored or not. */
static void crop(const photos *set, const ad_draws *draws, int64_t side, float *out)
{
    enum { MOST = 3 };
    const photo *p = &set->photo[ad_draws_below(draws, AT_CROP, set->count)];
    int64_t shorter = p->width < p->height ? p->width : p->height;
    double most = fmin(MOST, (double)shorter / (double)side);
    double scale = most > 1 ? between(draws, AT_CROP + 1, 1, most) : 1;
    int64_t span = (int64_t)((double)side * scale), parts = (int64_t)ceil(scale);
    int64_t top = ad_draws_below(draws, AT_CROP + 2, p->height - span + 1);
    int64_t left = ad_draws_below(draws, AT_CROP + 3, p->width - span + 1);
    bool mirror = ad_draws_unit(draws, AT_CROP + 4) < 0.5;
    for (int64_t i = 0; i < side * side; ++i) {
        int64_t y = i / side, x = mirror ? side - 1 - i % side : i % side;
        int sum[3] = {0};
        for (int64_t k = 0; k < parts * parts; ++k) {
            int64_t row = top + ((y * parts + k / parts) * span) / (side * parts);
            int64_t column = left + ((x * parts + k % parts) * span) / (side * parts);
            const uint8_t *rgb = p->rgb + (row * p->width + column) * 3;
            for (int c = 0; c < 3; ++c) sum[c] += rgb[c];
        }
        for (int c = 0; c < 3; ++c) out[i * 3 + c] = (float)sum[c] / (float)(parts * parts);
    }
}

/* Channels exchanged, turned over, stretched and moved. */
static void recolour(const ad_draws *draws, int64_t side, float *rgb)
{
    int64_t turn = ad_draws_below(draws, AT_COLOUR, 3),
            swap = ad_draws_below(draws, AT_COLOUR + 1, 2);
    float gain[3], offset[3];
    for (uint64_t c = 0; c < 3; ++c) {
        bool over = ad_draws_unit(draws, AT_COLOUR + 2 + c) < 0.3;
        double g = between(draws, AT_COLOUR + 5 + c, 0.5, 1.4) * (over ? -1 : 1);
        gain[c] = (float)g;
        offset[c] = (float)(127.5 - 127.5 * g + between(draws, AT_COLOUR + 8 + c, -40, 40));
    }
    for (int64_t i = 0; i < side * side; ++i) {
        const float was[3] = {rgb[i * 3], rgb[i * 3 + 1], rgb[i * 3 + 2]};
        for (int64_t c = 0; c < 3; ++c) {
            float v = was[((swap ? 2 - c : c) + turn) % 3] * gain[c] + offset[c];
            rgb[i * 3 + c] = v < 0 ? 0 : v > 255 ? 255 : v;
        }
    }
}

/* ---- textures ---- */

typedef struct wave {
    double u, v, phase, height;
} wave;

static wave draw_wave(const ad_draws *draws, uint64_t at, double shortest, double longest)
{
    double angle = between(draws, at, 0, 2 * M_PI);
    double length = shortest * pow(longest / shortest, ad_draws_unit(draws, at + 1));
    double k = 2 * M_PI / length;
    return (wave){k * cos(angle), k * sin(angle), between(draws, at + 2, 0, 2 * M_PI),
                  between(draws, at + 3, 0.3, 1)};
}

static double height_at(const wave *w, double x, double y, double bend)
{
    return w->height * sin(w->u * x + w->v * y + w->phase + bend);
}

/* SplitMix64's finaliser (Steele, Lea & Flood 2014), as a number of -1 to 1. */
static double grain(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
}

void style_any_texture(const ad_draws *draws, uint64_t first, int64_t side, float *out)
{
    wave waves[WAVES], bends[2];
    float colour[COLOURS][3];
    int64_t count = 1 + ad_draws_below(draws, first, WAVES);
    int64_t colours = 2 + ad_draws_below(draws, first + 1, COLOURS - 1);
    bool hard = ad_draws_unit(draws, first + 2) < 0.5;
    double bent = between(draws, first + 3, 0, 4), turns = between(draws, first + 4, 1, 4);
    double rough = ad_draws_unit(draws, first + 5), coarse = rough * rough * 60;
    uint64_t seed = (uint64_t)(ad_draws_unit(draws, first + 6) * 0x1p53);
    for (int64_t i = 0; i < count; ++i)
        waves[i] = draw_wave(draws, first + 8 + 4 * (uint64_t)i, 4, 64);
    for (uint64_t i = 0; i < 2; ++i) bends[i] = draw_wave(draws, first + 24 + 4 * i, 16, 128);
    for (uint64_t i = 0; i < COLOURS * 3; ++i)
        colour[i / 3][i % 3] = (float)between(draws, first + 32 + i, 0, 255);
    for (int64_t i = 0; i < side * side; ++i) {
        int64_t row = i / side, column = i % side;
        double y = (double)row, x = (double)column, sum = 0, whole;
        double bend = bent * (height_at(&bends[0], x, y, 0) + height_at(&bends[1], x, y, 0));
        for (int64_t k = 0; k < count; ++k) sum += height_at(&waves[k], x, y, bend);
        double at = modf(fabs(0.5 + 0.5 * turns * sum / sqrt((double)count)), &whole);
        at *= (double)colours;
        int64_t from = (int64_t)at % colours, to = (from + 1) % colours;
        double part = hard ? fmin(1, fmax(0, (at - floor(at) - 0.9) * 10)) : at - floor(at);
        double noise = coarse * grain(seed + (uint64_t)i * 0x9e3779b97f4a7c15u);
        for (int c = 0; c < 3; ++c) {
            double v = colour[from][c] + part * (colour[to][c] - colour[from][c]) + noise;
            out[i * 3 + c] = (float)fmin(255, fmax(0, v));
        }
    }
}

void style_any_style(const photos *paintings, const photos *others, const ad_draws *draws,
                     int64_t side, float *out)
{
    double kind = ad_draws_unit(draws, AT_KIND);
    if (kind >= 0.75) {
        style_any_texture(draws, AT_TEXTURE, side, out);
        return;
    }
    crop(kind < 0.5 ? paintings : others, draws, side, out);
    if (ad_draws_unit(draws, AT_KIND + 1) < 0.5) recolour(draws, side, out);
}
