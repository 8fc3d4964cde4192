/* landscape.c - a mountain lake in the evening, like a photo: eroded mountains with snow, lit from
 * the side through hazy air, clouds, a still lake, pines, and a cabin with a lit window.
 *
 * The terrain is a height field drawn column by column from near to far (each step paints what
 * rises above everything nearer), first as the lake mirrors it and then as it is. Erosion follows
 * I. Quilez: octaves count less where the sum of their slopes is steep. */
#include "scene.h"

#include <math.h>
#include <stdlib.h>

enum { PINES = 5200, COVER = 300 };

/* One rendering: the world above the water seen from `eye` (negative: the mirror image). */
typedef struct view {
    float *colour; /* [height, width, 3], linear light */
    float *depth;  /* [height, width]: distance along z */
    float eye;
} view;

typedef struct world {
    int64_t width, height;
    uint32_t seed;
    float focal, horizon; /* in pixels */
    scene_vec sun,
        light; /* towards the sun in the sky; towards what lights the land (more from the side) */
} world;

static const float eye_height = 0.42f, far_away = 70.0f;

/* ---- air ---------------------------------------------------------------------------------------
 */

static scene_vec clear_sky(const world *w, scene_vec ray)
{
    float up = fmaxf(ray.y, 0), towards = clamp01(dot(ray, w->sun));
    scene_vec colour = mix(vec(0.80f, 0.40f, 0.20f), vec(0.42f, 0.42f, 0.50f),
                           smooth(0, 0.13f, up));
    colour = mix(colour, vec(0.13f, 0.27f, 0.50f), smooth(0.08f, 0.28f, up));
    colour = mix(colour, vec(0.030f, 0.095f, 0.27f), smooth(0.20f, 0.58f, up));
    float near_sun = powf(towards, 12), glow = powf(towards, 110), disc = powf(towards, 2600);
    colour = add(colour, times(vec(0.62f, 0.27f, 0.06f), near_sun * 0.6f));
    colour = add(colour, times(vec(1.0f, 0.62f, 0.25f), glow * 0.9f));
    return add(colour, times(vec(1.0f, 0.85f, 0.6f), disc * 9));
}

static float cloud_density(const world *w, float x, float z)
{
    float warp = scene_fractal(w->seed + 300, x * 0.6f, z * 0.6f, 2);
    float d = scene_fractal(w->seed + 310, x + 1.3f * warp, z * 1.7f - 0.8f * warp, 5);
    return smooth(0.49f, 0.71f, d);
}

static scene_vec sky(const world *w, scene_vec ray)
{
    scene_vec colour = clear_sky(w, ray);
    if (ray.y < 0.02f) return colour;
    float t = 1 / (ray.y + 0.035f), x = ray.x * t * 0.85f,
          z = ray.z * t * 0.85f; /* a flat sheet of cloud */
    float density = cloud_density(w, x, z);
    if (density <= 0) return colour;
    float thicker = cloud_density(w, x + w->sun.x * 0.16f, z + w->sun.z * 0.16f);
    float lit = clamp01(0.55f + 1.9f * (density - thicker)), towards = clamp01(dot(ray, w->sun));
    scene_vec bright = mix(vec(1.0f, 0.72f, 0.54f), vec(1.25f, 0.80f, 0.42f), powf(towards, 5));
    scene_vec dark = mix(vec(0.27f, 0.25f, 0.36f), vec(0.50f, 0.28f, 0.26f), powf(towards, 3));
    scene_vec cloud = mix(dark, bright, lit);
    cloud = add(cloud, times(vec(1.2f, 0.7f, 0.3f),
                             powf(towards, 24) * (1 - density) * 1.5f)); /* thin rims */
    return mix(colour, cloud, density * 0.93f * smooth(0.02f, 0.10f, ray.y));
}

static scene_vec through_air(const world *w, scene_vec colour, scene_vec ray, float distance,
                             float altitude)
{
    float towards = clamp01(dot(ray, w->sun));
    scene_vec haze = mix(vec(0.20f, 0.28f, 0.44f), vec(0.85f, 0.45f, 0.22f), powf(towards, 9));
    float clear = expf(-distance * 0.015f * expf(-fmaxf(altitude, 0) * 0.10f));
    return mix(haze, colour, clear);
}

/* ---- land --------------------------------------------------------------------------------------
 */

/* Where the lake lies: 0 at its middle, 1 on its shore. */
static float lake(const world *w, float x, float z)
{
    float u = (x - 0.5f) / (4.6f + 0.10f * z), v = (z - 7.2f) / 6.3f;
    float ragged = scene_fractal(w->seed + 400, x * 0.55f, z * 0.55f, 4) - 0.5f;
    float dx = x + 1.35f, dz = z - 2.5f; /* a spit in front, on the left */
    return sqrtf(u * u + v * v) + 0.42f * ragged + 0.36f * expf(-dx * dx * 1.6f - dz * dz * 3);
}

static float terrain(const world *w, float x, float z, int octaves)
{
    float shore = lake(w, x, z), bank = smooth(0.93f, 1.06f, shore);
    float height = -0.3f + 0.36f * bank;
    if (shore < 0.93f) return height;
    float sum = 0, weight = 1, slope_x = 0, slope_z = 0, px = x * 0.105f + 3.7f,
          pz = z * 0.105f + 1.9f;
    for (int i = 0; i < octaves; ++i) {
        float gx, gz, n = scene_noise(w->seed + 500 + (uint32_t)i, px, pz, &gx, &gz);
        slope_x += gx, slope_z += gz;
        sum += weight * n / (1 + 0.55f * (slope_x * slope_x + slope_z * slope_z));
        weight *= 0.5f;
        float turned = 1.6f * px - 1.2f * pz;
        pz = 1.2f * px + 1.6f * pz;
        px = turned;
    }
    /* Hills beside the lake, mountains behind it, lower where the valley leads out. */
    float behind = smooth(10, 30, z), beside = smooth(1.05f, 2.4f, shore);
    float valley = 1 - 0.72f * expf(-(x + 0.22f * z) * (x + 0.22f * z) / (5 + 0.6f * z)) *
                           smooth(9, 16, z);
    return height + beside * (0.15f + 0.75f * sum) * (1 - behind) +
           behind * valley * 6.6f * powf(sum, 1.45f) + 0.05f * (sum - 0.5f) * bank;
}

static bool in_shadow(const world *w, scene_vec p)
{
    float t = 0.15f;
    for (int i = 0; i < 14; ++i) {
        scene_vec q = add(p, times(w->light, t));
        if (q.y > 9) return false;
        if (terrain(w, q.x, q.z, 5) > q.y + 0.02f * t) return true;
        t *= 1.42f;
    }
    return false;
}

static scene_vec land_colour(const world *w, scene_vec p, float distance)
{
    float e = 0.004f * distance + 0.004f;
    float hx = terrain(w, p.x + e, p.z, 9) - terrain(w, p.x - e, p.z, 9);
    float hz = terrain(w, p.x, p.z + e, 9) - terrain(w, p.x, p.z - e, 9);
    scene_vec normal = scene_normalize(vec(-hx, 2 * e, -hz));
    float patch = scene_fractal(w->seed + 600, p.x * 1.3f, p.z * 1.3f, 3),
          grain = scene_fractal(w->seed + 610, p.x * 9, p.z * 9 + p.y * 14, 3);
    float low = 1 - smooth(0.25f, 0.8f, p.y),
          fine = scene_fractal(w->seed + 620, p.x * 70, p.z * 25, 3);
    if (distance < 5) grain = 0.5f * grain + 0.5f * fine;
    normal = scene_normalize(
        mix(normal, vec(0, 1, 0), 0.75f * (1 - smooth(0.03f, 0.12f, p.y)))); /* the shore is flat */
    scene_vec rock = mix(vec(0.105f, 0.092f, 0.090f), vec(0.25f, 0.20f, 0.17f), grain);
    scene_vec grass = mix(vec(0.040f, 0.062f, 0.014f), vec(0.15f, 0.13f, 0.034f),
                          0.6f * patch + 0.4f * grain);
    scene_vec forest = mix(vec(0.012f, 0.028f, 0.014f), vec(0.035f, 0.055f, 0.020f), grain);
    scene_vec albedo = mix(rock, grass,
                           fmaxf(low, smooth(0.55f, 0.80f, normal.y)) *
                               (1 - smooth(1.5f, 2.6f, p.y + patch)));
    albedo = mix(albedo, forest,
                 smooth(0.42f, 0.58f, patch + 0.10f * normal.y) * smooth(0.45f, 0.66f, normal.y) *
                     (1 - smooth(1.2f, 2.0f, p.y)) * smooth(0.10f, 0.25f, p.y));
    albedo = mix(vec(0.13f, 0.105f, 0.075f), albedo,
                 smooth(0.045f, 0.085f, p.y + 0.03f * grain)); /* the beach */
    float snow = smooth(2.1f, 3.3f, p.y + 1.5f * (patch - 0.5f)) *
                 smooth(0.42f, 0.72f, normal.y + 0.15f * grain);
    albedo = mix(albedo, vec(0.80f, 0.83f, 0.90f), snow);
    float direct = clamp01(dot(normal, w->light));
    if (direct > 0 && in_shadow(w, add(p, times(normal, 0.02f)))) direct = 0;
    scene_vec sunlight = times(vec(2.5f, 1.35f, 0.62f), direct),
              skylight = times(vec(0.22f, 0.30f, 0.46f), 0.55f + 0.45f * normal.y);
    float bounce = 0.12f * clamp01(-normal.x * w->light.x - normal.z * w->light.z);
    scene_vec light = add(add(sunlight, skylight), times(vec(1.0f, 0.6f, 0.35f), bounce));
    return vec(albedo.x * light.x, albedo.y * light.y, albedo.z * light.z);
}

static scene_vec ray_through(const world *w, float px, float py)
{
    return scene_normalize(
        vec((px - 0.5f * (float)w->width) / w->focal, (w->horizon - py) / w->focal, 1));
}

static bool open_between(const world *w, const view *v, int64_t px, int64_t first, int64_t last)
{
    for (int64_t y = first; y < last; ++y)
        if (v->depth[y * w->width + px] == INFINITY) return true;
    return false;
}

static int64_t whole_row(const world *w, float row)
{
    return row <= 0 ? 0 : row >= (float)w->height ? w->height : (int64_t)ceilf(row - 0.5f);
}

/* Draws sky and land of column `px`, from z = near on. Each step fills what is still open between
 * the rows of the last point and this one; out of the water, between the shore line and this one.
 */
static void draw_column(const world *w, view *v, int64_t px, float near)
{
    float side = ((float)px + 0.5f - 0.5f * (float)w->width) / w->focal,
          last_row = (float)w->height;
    scene_vec before = vec(0, 0, 0);
    bool have = false,
         afloat = v->eye > 0; /* the mirror's eye sees nothing while it is in the ground */
    for (float z = near; z < far_away; z *= 1.0042f) {
        float height = terrain(w, side * z, z, 9);
        if (height <= 0) {
            last_row = w->horizon + v->eye / z * w->focal;
            have = false, afloat = true;
            continue;
        }
        if (!afloat) continue;
        float row = w->horizon - (height - v->eye) / z * w->focal;
        int64_t first = whole_row(w, row), last = whole_row(w, last_row);
        last_row = row;
        if (!open_between(w, v, px, first, last)) {
            have = false;
            continue;
        }
        scene_vec p = vec(side * z, height, z), ray = ray_through(w, (float)px + 0.5f, row);
        float distance = z * sqrtf(1 + side * side);
        scene_vec colour = through_air(w, land_colour(w, p, distance), ray, distance, height);
        if (!have) before = colour;
        for (int64_t y = first; y < last; ++y) {
            int64_t at = y * w->width + px;
            if (v->depth[at] < INFINITY) continue;
            scene_vec c = mix(colour, before, (float)(y - first) / (float)(last - first));
            v->colour[3 * at] = c.x, v->colour[3 * at + 1] = c.y, v->colour[3 * at + 2] = c.z;
            v->depth[at] = z;
        }
        before = colour, have = true;
    }
    for (int64_t y = 0; y < w->height; ++y) {
        if (v->depth[y * w->width + px] < INFINITY || (float)y > w->horizon + 1) continue;
        scene_vec c = sky(w, ray_through(w, (float)px + 0.5f, (float)y + 0.5f));
        float *to = v->colour + 3 * (y * w->width + px);
        to[0] = c.x, to[1] = c.y, to[2] = c.z;
    }
}

/* ---- things on the land ------------------------------------------------------------------------
 */

static void put(const world *w, view *v, float px, float py, float z, scene_vec colour)
{
    if (px < 0 || py < 0 || px >= (float)w->width || py >= (float)w->height) return;
    int64_t at = (int64_t)py * w->width + (int64_t)px;
    if (v->depth[at] < z - 0.25f) return;
    v->depth[at] = z;
    v->colour[3 * at] = colour.x, v->colour[3 * at + 1] = colour.y,
                  v->colour[3 * at + 2] = colour.z;
}

/* A pine: tiers of branches on a cone, light on the side of the sun. */
static void draw_pine(const world *w, view *v, scene_vec foot, float tall, uint32_t id)
{
    float unit = w->focal / foot.z, base = w->horizon - (foot.y - v->eye) * unit,
          x0 = 0.5f * (float)w->width + foot.x * unit;
    float pixels = tall * unit, lean = 0.05f * (scene_random(w->seed, id, 31) - 0.5f),
          tint = scene_random(w->seed, id, 32);
    scene_vec ray = ray_through(w, x0, base);
    float tiers = 7 + 6 * scene_random(w->seed, id, 33),
          slim = 0.15f + 0.07f * scene_random(w->seed, id, 34);
    for (float up = 0; up < pixels; up += 0.5f) {
        float t = up / pixels, tier = t * tiers - floorf(t * tiers);
        float ragged = scene_noise(id, t * tiers * 3, 0.5f, NULL, NULL);
        float half = t < 0.05f ? 0.018f
                               : slim * (1 - t) * (1.12f - 0.62f * tier) * (0.72f + 0.5f * ragged);
        half = fmaxf(half * pixels, 0.5f);
        for (float dx = -half; dx <= half; dx += 0.5f) {
            float u = dx / half,
                  grain = scene_noise(id + 1, u * 5 + t * 31, t * tiers * 4, NULL, NULL);
            float lit = clamp01(0.25f + 0.75f * (w->light.x < 0 ? -u : u)) *
                        (0.35f + 0.9f * grain) * (1.1f - 0.75f * tier);
            scene_vec needles = mix(vec(0.006f, 0.016f, 0.012f), vec(0.020f, 0.030f, 0.010f), tint);
            scene_vec colour = add(needles, times(vec(0.20f, 0.135f, 0.035f), lit * lit * 0.75f));
            if (t < 0.05f) colour = vec(0.03f, 0.018f, 0.010f);
            put(w, v, x0 + dx + lean * up, base - up, foot.z,
                through_air(w, colour, ray, foot.z, foot.y));
        }
    }
}

static void draw_forest(const world *w, view *v, float near)
{
    for (uint32_t i = 0; i < PINES; ++i) {
        float z = 2.2f + 26 * powf(scene_random(w->seed, i, 41), 1.4f),
              x = (2 * scene_random(w->seed, i, 42) - 1) * 0.75f * z;
        float grove = scene_fractal(w->seed + 700, x * 0.5f, z * 0.5f, 3), y = terrain(w, x, z, 9);
        if (z < near || y < 0.055f || y > 1.9f || grove < 0.46f) continue;
        if (fabsf(x - 2.05f) < 0.75f && fabsf(z - 11.6f) < 2.4f && z < 12.6f)
            continue; /* the cabin's meadow */
        draw_pine(w, v, vec(x, y - 0.01f, z), 0.24f + 0.30f * scene_random(w->seed, i, 43),
                  i + 1000);
    }
}

/* A bough of an old pine: needles along an arm that droops and lifts its tip. */
static void draw_bough(const world *w, view *v, float x0, float y0, float z, float reach,
                       float around, uint32_t id)
{
    float out = cosf(around) * reach, front = sinf(around), needle = 0.10f * reach + 2.2f;
    float side = 0.5f -
                 0.5f * cosf(around) * (w->light.x < 0 ? 1.0f : -1.0f); /* towards the light */
    for (float s = 0; s < 1; s += 0.8f / (reach + 1)) {
        float x = x0 + out * s,
              y = y0 + reach * (0.34f * s - 0.16f * s * s * s) + front * reach * 0.16f * s;
        uint32_t at = (uint32_t)(s * reach * 4);
        for (uint32_t k = 0; k < 5; ++k) {
            float angle = 6.2832f * scene_random(id, at, k),
                  length = needle * (1.1f - 0.7f * s) * scene_random(id, at, k + 9);
            float fall = sinf(angle) * length, gleam = scene_random(id, at, k + 20);
            float lit = clamp01(0.12f + side * (0.45f + 0.55f * s)) *
                        (0.55f - 0.45f * fall / needle) * (0.6f + 0.4f * front);
            scene_vec colour = add(
                mix(vec(0.005f, 0.012f, 0.010f), vec(0.016f, 0.028f, 0.012f), gleam),
                times(vec(0.34f, 0.21f, 0.055f), lit * gleam * 0.9f));
            put(w, v, x + cosf(angle) * length, y + fall * 0.8f, z - 0.02f * front, colour);
            put(w, v, x + cosf(angle) * length * 0.5f, y + fall * 0.4f, z - 0.02f * front,
                times(colour, 0.7f));
        }
    }
}

/* The old pines in front, which frame the view. */
static void draw_old_pines(const world *w, view *v)
{
    static const float pines[5][3] = {{-1.36f, 2.75f, 1.45f},
                                      {-1.14f, 2.55f, 1.02f},
                                      {-1.50f, 2.95f, 1.15f},
                                      {-0.97f, 2.45f, 0.40f},
                                      {-1.27f, 2.4f, 0.46f}};
    for (uint32_t i = 0; i < 5; ++i) {
        float x = pines[i][0], z = pines[i][1], unit = w->focal / z, pixels = pines[i][2] * unit;
        float foot = w->horizon - (fmaxf(terrain(w, x, z, 9), 0) - 0.01f - v->eye) * unit,
              stem = 0.5f * (float)w->width + x * unit;
        for (float up = 0; up < 0.97f * pixels; up += 0.5f)
            for (float dx = -0.012f * pixels; dx <= 0.012f * pixels; dx += 0.5f)
                if (fabsf(dx) < 0.012f * (pixels - up))
                    put(w, v, stem + dx, foot - up, z, vec(0.030f - 0.0006f * dx, 0.018f, 0.011f));
        int boughs = (int)(pixels * 0.55f);
        for (int k = 0; k < boughs;
             ++k) { /* from the top down, so that lower boughs lie in front */
            uint32_t id = 7919 * (i + 1) + (uint32_t)k;
            float t = ((float)k + scene_random(w->seed, id, 1)) / (float)boughs;
            float reach = pixels * (0.012f + 0.185f * powf(t, 0.8f)) *
                          (0.65f + 0.45f * scene_random(w->seed, id, 2)) * (t > 0.93f ? 0.75f : 1);
            draw_bough(w, v, stem, foot - pixels * (1 - 0.93f * t), z, reach,
                       6.2832f * scene_random(w->seed, id, 3), id);
        }
    }
}

static void fill_quad(const world *w, view *v, const scene_vec corner[4], scene_vec colour,
                      float boards)
{
    float x[4], y[4], low = INFINITY, high = -INFINITY, z = corner[0].z;
    for (int i = 0; i < 4; ++i) {
        x[i] = 0.5f * (float)w->width + corner[i].x / corner[i].z * w->focal;
        y[i] = w->horizon - (corner[i].y - v->eye) / corner[i].z * w->focal;
        low = fminf(low, y[i]), high = fmaxf(high, y[i]);
    }
    for (float row = floorf(low) + 0.5f; row < high; ++row) {
        float left = INFINITY, right = -INFINITY;
        for (int i = 0; i < 4; ++i) {
            int j = (i + 1) % 4;
            if ((y[i] <= row) == (y[j] <= row)) continue;
            float cross = x[i] + (row - y[i]) / (y[j] - y[i]) * (x[j] - x[i]);
            left = fminf(left, cross), right = fmaxf(right, cross);
        }
        float shade = 1 - boards * scene_noise(w->seed + 800, row * 0.9f, 0.5f, NULL, NULL);
        for (float px = floorf(left) + 0.5f; px < right; ++px)
            if (px >= left) put(w, v, px, row, z, times(colour, shade));
    }
}

/* A cabin on the far shore: front, side, two slopes of roof, chimney, window and door. */
static void draw_cabin(const world *w, view *v)
{
    float x = 2.05f, z = 11.2f, g = 0.055f, wide = 0.42f, deep = 0.5f, wall = 0.26f, roof = 0.50f;
    scene_vec a = vec(x, g, z), b = vec(x + wide, g, z), c = vec(x - 0.30f, g, z + deep),
              up = vec(0, wall, 0);
    scene_vec peak = vec(x + 0.5f * wide, g + roof, z - 0.03f),
              peak_back = add(peak, vec(-0.30f, 0, deep));
    scene_vec eave = vec(x - 0.05f, g + wall - 0.05f, z - 0.04f),
              eave_back = add(eave, vec(-0.30f, 0, deep));
    fill_quad(w, v, (scene_vec[4]){a, add(a, up), add(c, up), c}, vec(0.42f, 0.22f, 0.11f), 0.45f);
    fill_quad(w, v, (scene_vec[4]){a, b, add(b, up), add(a, up)}, vec(0.085f, 0.052f, 0.040f),
              0.5f);
    fill_quad(w, v, (scene_vec[4]){add(a, up), add(b, up), peak, peak}, vec(0.085f, 0.052f, 0.040f),
              0.5f);
    fill_quad(w, v, (scene_vec[4]){eave, peak, peak_back, eave_back}, vec(0.34f, 0.145f, 0.085f),
              0.3f);
    scene_vec chimney = vec(x + 0.07f, g + 0.36f, z + 0.05f);
    fill_quad(w, v,
              (scene_vec[4]){chimney, add(chimney, vec(0.06f, 0, 0)),
                             add(chimney, vec(0.06f, 0.18f, 0)), add(chimney, vec(0, 0.18f, 0))},
              vec(0.16f, 0.10f, 0.08f), 0.2f);
    scene_vec window = vec(x + 0.24f, g + 0.09f, z - 0.02f), door = vec(x + 0.07f, g, z - 0.02f);
    fill_quad(w, v,
              (scene_vec[4]){window, add(window, vec(0.11f, 0, 0)),
                             add(window, vec(0.11f, 0.11f, 0)), add(window, vec(0, 0.11f, 0))},
              vec(3.2f, 1.75f, 0.55f), 0.1f);
    fill_quad(w, v,
              (scene_vec[4]){door, add(door, vec(0.09f, 0, 0)), add(door, vec(0.09f, 0.19f, 0)),
                             add(door, vec(0, 0.19f, 0))},
              vec(0.035f, 0.02f, 0.015f), 0.1f);
}

/* ---- water -------------------------------------------------------------------------------------
 */

static scene_vec look(const world *w, const view *v, float px, float py)
{
    px = fminf(fmaxf(px - 0.5f, 0), (float)w->width - 1.001f);
    py = fminf(fmaxf(py - 0.5f, 0), (float)w->height - 1.001f);
    int64_t x = (int64_t)px, y = (int64_t)py;
    float u = px - (float)x, t = py - (float)y;
    const float *p = v->colour + 3 * (y * w->width + x), *q = p + 3 * w->width;
    scene_vec upper = mix(vec(p[0], p[1], p[2]), vec(p[3], p[4], p[5]), u);
    return mix(upper, mix(vec(q[0], q[1], q[2]), vec(q[3], q[4], q[5]), u), t);
}

static void draw_water(const world *w, view *v, const view *mirror)
{
    for (int64_t y = (int64_t)w->horizon + 1; y < w->height; ++y) {
        float below = (float)y + 0.5f - w->horizon, z = v->eye * w->focal / below;
        for (int64_t x = 0; x < w->width; ++x) {
            int64_t at = y * w->width + x;
            if (v->depth[at] < INFINITY) continue;
            float side = ((float)x + 0.5f - 0.5f * (float)w->width) / w->focal, wx = side * z;
            /* Ripples are long across the view; a breeze roughens some stretches. */
            float breeze = 0.25f + smooth(0.45f, 0.75f,
                                          scene_fractal(w->seed + 900, wx * 0.35f, z * 0.5f, 3));
            float n1 = scene_fractal(w->seed + 910, wx * 5, z * 17, 3) - 0.5f,
                  n2 = scene_fractal(w->seed + 920, wx * 9 + 5, z * 8, 2) - 0.5f;
            float tilt = 0.030f * breeze * n1 * fminf(1, 9 / z), sway = 0.006f * breeze * n2;
            scene_vec reflected = look(w, mirror, (float)x + 0.5f + sway * w->focal,
                                       w->horizon - below - tilt * 2 * w->focal - 0.5f);
            float angle = below / w->focal, grazing = 1 - angle / sqrtf(1 + angle * angle);
            float fresnel = 0.06f + 0.94f * powf(grazing, 3.2f);
            scene_vec deep = mix(vec(0.010f, 0.040f, 0.048f), vec(0.030f, 0.060f, 0.045f),
                                 smooth(0.05f, 0.35f, angle));
            scene_vec c = mix(deep, times(reflected, 0.94f), fresnel);
            c = through_air(w, c, vec(side, 0, 1), z * 0.35f, 0);
            float *to = v->colour + 3 * at;
            to[0] = c.x, to[1] = c.y, to[2] = c.z;
        }
    }
}

/* ---- the picture -------------------------------------------------------------------------------
 */

static void draw_view(const world *w, view *v, float near)
{
    for (int64_t i = 0; i < w->width * w->height; ++i) v->depth[i] = INFINITY;
    for (int64_t x = 0; x < w->width; ++x) draw_column(w, v, x, near);
    draw_forest(w, v, near);
    draw_old_pines(w, v);
    draw_cabin(w, v);
}

/* A soft shoulder for the highlights, a little contrast, darker corners. */
static float film(float x)
{
    x *= 0.70f;
    return clamp01(x * (2.51f * x + 0.03f) / (x * (2.43f * x + 0.59f) + 0.14f));
}

void scene_landscape(ad_image *image, uint32_t seed)
{
    size_t pixels = (size_t)(image->width * image->height);
    world w = {.width = image->width, .height = image->height, .seed = seed};
    w.focal = 0.92f * (float)w.width, w.horizon = 0.575f * (float)w.height;
    w.sun = scene_normalize(vec(-0.30f, 0.175f, 1)),
    w.light = scene_normalize(vec(-0.85f, 0.42f, 0.16f));
    view seen = {.colour = image->data, .depth = calloc(pixels, sizeof(float)), .eye = eye_height};
    view mirror = {.colour = calloc(pixels, 3 * sizeof(float)),
                   .depth = calloc(pixels, sizeof(float)),
                   .eye = -eye_height};
    if (seen.depth && mirror.colour && mirror.depth) {
        draw_view(&w, &mirror, 0.8f);
        draw_view(&w, &seen, 0.8f);
        draw_water(&w, &seen, &mirror);
        for (int64_t y = 0; y < w.height; ++y) {
            for (int64_t x = 0; x < w.width; ++x) {
                float u = (float)x / (float)w.width - 0.5f, v = (float)y / (float)w.height - 0.5f;
                float corner = 1 - 0.55f * (u * u + v * v);
                float *p = image->data + 3 * (y * w.width + x);
                for (int k = 0; k < 3; ++k) p[k] = film(p[k] * corner);
            }
        }
    }
    free(seen.depth);
    free(mirror.depth);
    free(mirror.colour);
}
