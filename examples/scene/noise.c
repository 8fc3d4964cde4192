/* noise.c - hashed value noise with analytic slopes, and its octaves. */
#include "scene.h"

#include <math.h>

scene_vec scene_normalize(scene_vec v)
{
    return times(v, 1 / sqrtf(dot(v, v)));
}

float scene_random(uint32_t seed, uint32_t a, uint32_t b)
{
    uint32_t h = seed * 0x9e3779b9u ^ a * 0x85ebca6bu ^ b * 0xc2b2ae35u;
    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    h = (h ^ (h >> 12)) * 0x297a2d39u;
    h ^= h >> 15;
    return (float)(h >> 8) * 0x1p-24f;
}

float scene_noise(uint32_t seed, float x, float y, float *slope_x, float *slope_y)
{
    float fx = floorf(x), fy = floorf(y), u = x - fx, v = y - fy;
    uint32_t i = (uint32_t)(int32_t)fx, j = (uint32_t)(int32_t)fy;
    float a = scene_random(seed, i, j), b = scene_random(seed, i + 1, j),
          c = scene_random(seed, i, j + 1), d = scene_random(seed, i + 1, j + 1);
    float su = u * u * u * (u * (u * 6 - 15) + 10), sv = v * v * v * (v * (v * 6 - 15) + 10),
          k = a - b - c + d;
    if (slope_x) *slope_x = 30 * u * u * (u - 1) * (u - 1) * (b - a + k * sv);
    if (slope_y) *slope_y = 30 * v * v * (v - 1) * (v - 1) * (c - a + k * su);
    return a + (b - a) * su + (c - a) * sv + k * su * sv;
}

float scene_fractal(uint32_t seed, float x, float y, int octaves)
{
    float sum = 0, weight = 0.5f, total = 0;
    for (int i = 0; i < octaves; ++i) {
        sum += weight * scene_noise(seed + (uint32_t)i, x, y, NULL, NULL);
        total += weight;
        float turned = 1.6f * x - 1.2f * y;
        y = 1.2f * x + 1.6f * y;
        x = turned;
        weight *= 0.5f;
    }
    return sum / total;
}
