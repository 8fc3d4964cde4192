/* painting.c - a night of visible brush strokes: a swirling sky with stars and a moon over hills, a
 * sleeping village and a cypress. Not a filter over a photo: strokes of paint are laid down in
 * layers, broad to fine, each following a flow field and taking the colour of the motif where it
 * starts. Every stroke has bristles and thickness; at the end light falls across the relief of the
 * paint. */
#include "scene.h"

#include <math.h>
#include <stdlib.h>

enum { STARS = 11, HOUSES = 9, CELL = 2, BRISTLES = 128 };

/* What there is at a place, and the way strokes run over it. Strokes end where the place changes.
 */
enum { SKY, HILL, CYPRESS = HILL + 3, PLACES };

typedef struct place {
    float fx, fy;       /* unit vector */
    unsigned char what; /* SKY, HILL + layer, CYPRESS */
    unsigned char
        part; /* of the village: 0 none, else house and part of it, seen by fine brushes only */
} place;

typedef struct star {
    float x, y, radius; /* in units of the picture's height, y downwards */
} star;

typedef struct canvas {
    ad_image *image;
    uint32_t seed;
    float scale;  /* pixels per unit */
    float aspect; /* width in units */
    int columns, rows;
    place *places;   /* [rows, columns]: one for CELL x CELL pixels */
    float *relief;   /* thickness of the paint, in pixels */
    uint32_t *owner; /* the last stroke that touched a pixel */
    star stars[STARS];
} canvas;

static scene_vec rgb(int hex)
{
    return vec(ad_srgb_to_linear((float)(hex >> 16 & 255) / 255),
               ad_srgb_to_linear((float)(hex >> 8 & 255) / 255),
               ad_srgb_to_linear((float)(hex & 255) / 255));
}

/* ---- the motif: what stands where --------------------------------------------------------------
 */

static float ridge(const canvas *c, float x, int layer)
{
    static const float base[3] = {0.70f, 0.765f, 0.90f}, swing[3] = {0.085f, 0.06f, 0.05f},
                       step[3] = {1.7f, 2.3f, 2.0f};
    return base[layer] -
           swing[layer] * (2 * scene_noise(c->seed + 40 + (uint32_t)layer, x * step[layer] + 3.3f,
                                           7.5f, NULL, NULL) -
                           1) -
           0.02f * sinf(x * 5 + (float)layer * 2);
}

/* How far inside the cypress: 1 at the middle of a flame, 0 at its edge. */
static float cypress(float x, float y)
{
    static const float tips[3][3] = {
        {0.20f, 0.13f, 0.085f}, {0.262f, 0.38f, 0.06f}, {0.142f, 0.47f, 0.06f}};
    float best = -1;
    for (int i = 0; i < 3; ++i) {
        float t = (y - tips[i][1]) / (1.05f - tips[i][1]);
        if (t < 0) continue;
        float centre = tips[i][0] + 0.012f * sinf(y * 19 + (float)i * 2);
        float half = tips[i][2] * powf(t, 0.62f) * (1.15f - 0.35f * t) *
                     (1 + 0.13f * sinf(y * 43 + (float)i));
        best = fmaxf(best, 1 - fabsf(x - centre) / half);
    }
    return best;
}

/* The wind in the sky: it swirls around vortices and stars. */
static void wind(const canvas *c, float x, float y, float *fx, float *fy)
{
    static const float vortices[3][4] = {
        {0.69f, 0.33f, 0.17f, 1.0f}, {0.98f, 0.425f, 0.11f, -0.9f}, {0.42f, 0.235f, 0.09f, 0.7f}};
    *fx = 1, *fy = 0.35f * sinf(x * 3.6f + 0.6f) + 0.25f * sinf(y * 9 + x * 2);
    for (int i = 0; i < 3; ++i) {
        float dx = x - vortices[i][0], dy = y - vortices[i][1],
              r = sqrtf(dx * dx + dy * dy) + 1e-4f;
        float weight = 3.4f * expf(-r * r / (vortices[i][2] * vortices[i][2] * 0.8f));
        float inward = 0.22f; /* a spiral, not a ring */
        *fx += weight * (-vortices[i][3] * dy - inward * dx) / r;
        *fy += weight * (vortices[i][3] * dx - inward * dy) / r;
    }
    for (int i = 0; i < STARS; ++i) {
        float dx = x - c->stars[i].x, dy = y - c->stars[i].y, r = sqrtf(dx * dx + dy * dy) + 1e-4f;
        float weight = 5 * expf(-r * r / (c->stars[i].radius * c->stars[i].radius * 4.5f));
        *fx -= weight * dy / r, *fy += weight * dx / r;
    }
}

enum { WALL = 1, ROOF, WINDOW, SPIRE, PARTS };

/* The village's part at a place: 0, or PARTS * house + part; `shaded`: on its dark side. */
static int village(const canvas *c, float x, float y, bool *shaded)
{
    if (y < 0.6f || y > 0.9f) return 0;
    for (int i = 0; i < HOUSES; ++i) {
        uint32_t k = (uint32_t)i;
        float wide = 0.022f + 0.026f * scene_random(c->seed, k, 901),
              tall = 0.022f + 0.03f * scene_random(c->seed, k, 902);
        float cx = 0.52f + 0.072f * (float)i + 0.05f * scene_random(c->seed, k, 903);
        float up = 0.89f - 0.06f * scene_random(c->seed, k, 904) - y, dx = fabsf(x - cx);
        *shaded = x < cx - wide * 0.15f;
        float spire = 0.19f - up;
        if (i == 4 && up > 0 && spire > 0 && dx < 0.014f * fminf(1, spire / 0.09f))
            return PARTS * (i + 1) + SPIRE;
        if (up > 0 && up < tall) {
            bool window = fabsf(dx - wide * 0.45f) < 0.0075f && up > tall * 0.3f &&
                          up < tall * 0.8f;
            if (dx < wide) return PARTS * (i + 1) + (window ? WINDOW : WALL);
        }
        if (up >= tall && up < tall + 0.034f && dx < (wide + 0.009f) * (1 - (up - tall) / 0.037f))
            return PARTS * (i + 1) + ROOF;
    }
    return 0;
}

static place survey(const canvas *c, float x, float y)
{
    place p = {.what = SKY};
    bool shaded;
    p.part = (unsigned char)village(c, x, y, &shaded);
    if (cypress(x, y) > 0) {
        p.what = CYPRESS;
        p.part = 0;
        p.fx = 0.28f * sinf(y * 21 + x * 9), p.fy = -1; /* flames upwards */
    } else if (y > ridge(c, x, 0)) {                    /* along the slopes */
        int layer = y > ridge(c, x, 2) ? 2 : y > ridge(c, x, 1) ? 1 : 0;
        float e = 0.02f;
        p.what = (unsigned char)(HILL + layer);
        p.fx = 1, p.fy = (ridge(c, x + e, layer) - ridge(c, x - e, layer)) / (2 * e);
        p.fy += 0.5f * (scene_noise(c->seed + 50, x * 6, y * 9, NULL, NULL) - 0.5f);
    } else {
        wind(c, x, y, &p.fx, &p.fy);
    }
    float norm = 1 / (sqrtf(p.fx * p.fx + p.fy * p.fy) + 1e-6f);
    p.fx *= norm, p.fy *= norm;
    return p;
}

static const place *at(const canvas *c, float x, float y)
{
    int column = (int)(x * c->scale / CELL), row = (int)(y * c->scale / CELL);
    column = column < 0 ? 0 : column >= c->columns ? c->columns - 1 : column;
    row = row < 0 ? 0 : row >= c->rows ? c->rows - 1 : row;
    return &c->places[row * c->columns + column];
}

static scene_vec sky_colour(const canvas *c, float x, float y, float roll)
{
    /* Bands of blue that follow the swirls: the phase is carried along the flow. */
    float px = x, py = y;
    for (int i = 0; i < 6; ++i) {
        const place *p = at(c, px, py);
        px -= 0.03f * p->fx, py -= 0.03f * p->fy;
    }
    float band = scene_fractal(c->seed + 60, px * 5, py * 11, 3);
    float t = smooth(0.25f, 0.75f, band) + 0.35f * (roll - 0.5f);
    static const int blues[6] = {0x0b1a4a, 0x163a86, 0x2257b0, 0x3f86c6, 0x7fb8d4, 0xc3dccb};
    float s = clamp01(t * 0.86f + 0.12f * smooth(0.25f, 0.7f, y)) * 4.999f;
    int k = (int)s;
    scene_vec colour = mix(rgb(blues[k]), rgb(blues[k + 1]), s - (float)k);
    if (y > 0.56f) { /* a pale band of dawn behind the hills */
        float dawn = smooth(0.56f, 0.70f, y) * (0.35f + 0.5f * roll);
        colour = mix(colour, rgb(roll > 0.5f ? 0xe9e2a4 : 0x9cc9b8), dawn);
    }
    for (int i = 0; i < STARS; ++i) {
        float dx = x - c->stars[i].x, dy = y - c->stars[i].y,
              r = sqrtf(dx * dx + dy * dy) / c->stars[i].radius;
        if (r < 0.55f)
            return rgb(i == 0        ? (roll > 0.4f ? 0xffb52e : 0xff9418)
                       : roll > 0.5f ? 0xfff3c0
                                     : 0xffd65a);
        if (i == 0 && r < 0.8f) return rgb(0xffe27a);
        float halo = expf(-(r - 0.5f) * 1.15f) * (0.75f + 0.5f * sinf(r * 9));
        if (r < 3.4f && roll < halo * 1.15f)
            return rgb(roll < halo * 0.5f ? 0xf6d04a : r < 1.6f ? 0xf3e58c : 0xa9d3b0);
    }
    return colour;
}

static scene_vec hill_colour(int layer, float x, float y, float roll)
{
    static const int tones[3][4] = {{0x1d3f7c, 0x2b5f8f, 0x16305f, 0x4b86a0},
                                    {0x1f4f4a, 0x2f6b4d, 0x163a45, 0x6b8f45},
                                    {0x24482a, 0x4d6b25, 0x1a3326, 0xa79b3c}};
    float patch = scene_noise(17u + (uint32_t)layer, x * 7, y * 18, NULL, NULL);
    int k = roll < 0.4f ? 0 : roll < 0.7f ? 1 : roll < 0.9f - 0.15f * patch ? 2 : 3;
    return rgb(tones[layer][k]);
}

static scene_vec village_colour(int part, bool shaded, float roll)
{
    switch (part % PARTS) {
    case WINDOW: return rgb(roll > 0.3f ? 0xffc93c : 0xfff0a0);
    case ROOF:
        return rgb(shaded        ? (roll > 0.5f ? 0x5a2a33 : 0x43263c)
                   : roll > 0.5f ? 0xb4552f
                                 : 0x8f3f2c);
    case SPIRE: return rgb(shaded ? 0x27325f : roll > 0.5f ? 0x5f7899 : 0x46608a);
    default:
        return rgb(shaded        ? (roll > 0.5f ? 0x50667c : 0x3f5470)
                   : roll > 0.5f ? 0xc3c3a0
                                 : 0x9fb0b0);
    }
}

/* The colour that a painter would take up for a stroke here; `roll` in [0, 1) chooses among
 * neighbours. */
static scene_vec motif(const canvas *c, float x, float y, float roll, bool fine)
{
    const place *p = at(c, x, y);
    bool shaded = false;
    if (p->what == CYPRESS) {
        static const int greens[5] = {0x0d1f1c, 0x16331f, 0x2a4a22, 0x0a1524, 0x5b5a24};
        return rgb(greens[(int)(roll * 4.2f + (cypress(x, y) < 0.3f ? 0.7f : 0))]);
    }
    if (fine && p->part) {
        village(c, x, y, &shaded);
        return village_colour(p->part, shaded, roll);
    }
    return p->what == SKY ? sky_colour(c, x, y, roll) : hill_colour(p->what - HILL, x, y, roll);
}

/* ---- paint -------------------------------------------------------------------------------------
 */

typedef struct brush {
    float width, length; /* in units */
    float spacing;       /* between strokes' starts */
    float share;         /* of the starts that become strokes */
    bool fine;           /* sees the village */
    bool village_only;
} brush;

static void dab(canvas *c, int64_t at, scene_vec colour, float cover, float thick)
{
    float *to = c->image->data + 3 * at;
    to[0] += cover * (colour.x - to[0]);
    to[1] += cover * (colour.y - to[1]);
    to[2] += cover * (colour.z - to[2]);
    c->relief[at] += cover * (thick - c->relief[at]) + 0.15f * cover * thick;
}

/* Draws the brush along the flow from (x, y) both in position and time: fully loaded first, dry at
 * the end, where the gaps between bristles show. */
static void stroke(canvas *c, const brush *b, float x, float y, uint32_t id)
{
    float roll = scene_random(c->seed, id, 11), scale = c->scale;
    scene_vec colour = motif(c, x, y, roll, b->fine);
    float value = 0.86f + 0.28f * scene_random(c->seed, id, 12),
          warm = 0.06f * (scene_random(c->seed, id, 13) - 0.5f);
    colour = vec(colour.x * (value + warm), colour.y * value, colour.z * (value - warm));
    scene_vec other = motif(c, x, y, scene_random(c->seed, id, 14),
                            b->fine); /* a second colour on the brush */
    float half = 0.5f * b->width * scale * (0.75f + 0.5f * scene_random(c->seed, id, 15));
    float length = b->length * scale * (0.6f + 0.8f * scene_random(c->seed, id, 16)), step = 0.7f;
    float direction = scene_random(c->seed, id, 17) < 0.5f ? -1.0f : 1.0f;
    const place *start = at(c, x, y);
    float bristles[BRISTLES], px = x * scale, py = y * scale, fx = direction * start->fx,
                              fy = direction * start->fy;
    int steps = (int)(length / step), across = (int)(half / step);
    if (across > (BRISTLES - 1) / 2) across = (BRISTLES - 1) / 2;
    for (int s = 0; s < steps; ++s) {
        float along = (float)s / (float)steps;
        const place *here = at(c, px / scale, py / scale);
        if ((here->what == SKY) != (start->what == SKY) ||
            (here->what == CYPRESS) != (start->what == CYPRESS))
            break;
        if (b->fine && here->part != start->part) break;
        bool wall = b->fine && here->part;
        fx = 0.85f * fx + 0.15f * direction * (wall ? 0.1f : here->fx);
        fy = 0.85f * fy + 0.15f * direction * (wall ? 1 : here->fy);
        float norm = 1 / (sqrtf(fx * fx + fy * fy) + 1e-6f), nx = -fy * norm, ny = fx * norm;
        float press = fminf(1, 0.35f + 6 * along) * (along > 0.8f ? 1 - 1.8f * (along - 0.8f) : 1);
        for (int k = -across; s % 12 == 0 && k <= across; ++k)
            bristles[k + across] = scene_noise(c->seed + 70 + id % 64,
                                               (float)k * step * 0.75f + (float)(id % 997),
                                               (float)s * step * 0.012f, NULL, NULL);
        int reach = (int)((float)across * press);
        for (int k = -reach; k <= reach; ++k) {
            int64_t ix = (int64_t)(px + nx * (float)k * step + 1) - 1,
                    iy = (int64_t)(py + ny * (float)k * step + 1) - 1;
            if (ix < 0 || iy < 0 || ix >= c->image->width || iy >= c->image->height) continue;
            int64_t pixel = iy * c->image->width + ix;
            if (c->owner[pixel] == id) continue; /* a stroke covers itself once */
            c->owner[pixel] = id;
            float bristle = bristles[k + across], u = fabsf((float)k) / ((float)reach + 0.5f);
            float edge = 1 - u * u * u * u * u * u;
            float load = clamp01((1.25f - along * 0.85f - bristle * 0.9f) *
                                 3.5f); /* the paint that is left */
            float cover = edge * load * 0.96f;
            if (cover < 0.04f) continue;
            float thick = (0.25f + 1.5f * bristle * bristle + 0.8f * smooth(0.65f, 0.98f, u)) *
                          (1 - 0.4f * along);
            scene_vec mixed = mix(colour, other, smooth(0.55f, 0.85f, bristle) * 0.55f);
            mixed = times(mixed, 0.9f + 0.22f * bristle);
            dab(c, pixel, mixed, cover, thick * half * 0.16f);
        }
        px += fx * norm * step, py += fy * norm * step;
    }
}

static uint32_t layer_of_strokes(canvas *c, const brush *b, uint32_t first)
{
    int columns = (int)(c->aspect / b->spacing) + 3, rows = (int)(1 / b->spacing) + 3,
        count = columns * rows;
    /* A stride prime to the count visits every cell once, in an order without pattern. */
    int stride = (int)(count * 0.618f) | 1;
    for (int a = count, m = stride; m;) { /* gcd */
        int r = a % m;
        a = m, m = r;
        if (!m && a != 1) stride += 2, a = count, m = stride;
    }
    for (int64_t i = 0; i < count; ++i) {
        uint32_t id = first + (uint32_t)i;
        int cell = (int)(i * stride % count);
        float x = ((float)(cell % columns) - 1 + scene_random(c->seed, id, 1)) * b->spacing;
        float y = ((float)(cell / columns) - 1 + scene_random(c->seed, id, 2)) * b->spacing;
        if (scene_random(c->seed, id, 3) >= b->share) continue;
        if (b->village_only && !at(c, x, y)->part) continue;
        stroke(c, b, x, y, id);
    }
    return first + (uint32_t)count;
}

/* Light from the upper left over the relief, with a faint shine on steep edges. */
static void light_the_relief(const canvas *c)
{
    int64_t w = c->image->width, h = c->image->height;
    for (int64_t y = 0; y < h; ++y) {
        for (int64_t x = 0; x < w; ++x) {
            int64_t left = x ? -1 : 0, right = x + 1 < w, up = y ? -w : 0, down = y + 1 < h ? w : 0;
            const float *r = c->relief + y * w + x;
            float dx = (r[right] - r[left]) * 0.5f, dy = (r[down] - r[up]) * 0.5f;
            float light = -(dx * 0.62f + dy * 0.78f) / sqrtf(1 + dx * dx + dy * dy);
            float *p = c->image->data + 3 * (y * w + x), gain = fmaxf(0.35f, 1 + 0.75f * light);
            float shine = light > 0.25f ? 0.10f * (light - 0.25f) : 0;
            for (int k = 0; k < 3; ++k) p[k] = p[k] * gain + shine;
        }
    }
}

void scene_painting(ad_image *image, uint32_t seed)
{
    static const star stars[STARS] = {
        {1.185f, 0.145f, 0.078f}, {0.42f, 0.075f, 0.026f}, {0.60f, 0.13f, 0.030f},
        {0.80f, 0.075f, 0.022f},  {0.98f, 0.17f, 0.024f},  {0.06f, 0.12f, 0.028f},
        {0.05f, 0.36f, 0.024f},   {0.36f, 0.43f, 0.030f},  {0.555f, 0.53f, 0.020f},
        {0.80f, 0.545f, 0.022f},  {1.22f, 0.43f, 0.024f}};
    static const brush layers[] = {{0.056f, 0.26f, 0.024f, 1, false, false},
                                   {0.029f, 0.16f, 0.0140f, 0.9f, false, false},
                                   {0.0175f, 0.095f, 0.0100f, 0.75f, true, false},
                                   {0.0110f, 0.050f, 0.0085f, 0.35f, true, false},
                                   {0.0072f, 0.030f, 0.0042f, 0.9f, true, true}};
    size_t pixels = (size_t)(image->width * image->height);
    canvas c = {.image = image,
                .seed = seed,
                .scale = (float)image->height,
                .aspect = (float)image->width / (float)image->height};
    c.relief = calloc(pixels, sizeof *c.relief);
    c.owner = calloc(pixels, sizeof *c.owner);
    c.columns = (int)image->width / CELL, c.rows = (int)image->height / CELL;
    c.places = calloc((size_t)c.columns * (size_t)c.rows, sizeof *c.places);
    for (int i = 0; i < STARS; ++i) c.stars[i] = stars[i];
    if (c.relief && c.owner && c.places) {
        for (int row = 0; row < c.rows; ++row)
            for (int column = 0; column < c.columns; ++column)
                c.places[row * c.columns + column] = survey(&c,
                                                            ((float)column + 0.5f) * CELL / c.scale,
                                                            ((float)row + 0.5f) * CELL / c.scale);
        scene_vec ground = rgb(0x6b5a3a); /* the toned canvas shows where no brush went */
        for (size_t i = 0; i < pixels; ++i)
            image->data[3 * i] = ground.x, image->data[3 * i + 1] = ground.y,
                            image->data[3 * i + 2] = ground.z;
        uint32_t id = 1;
        for (size_t i = 0; i < sizeof layers / sizeof *layers; ++i)
            id = layer_of_strokes(&c, &layers[i], id);
        light_the_relief(&c);
    }
    free(c.places);
    free(c.relief);
    free(c.owner);
}
