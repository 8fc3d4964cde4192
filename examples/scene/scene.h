/* scene.h - the two pictures of the demo, painted from numbers alone. */
#ifndef SCENE_H
#define SCENE_H

#include <autodidact/image.h>

/* Both fill a picture of linear light, [height, width, 3]. */
void scene_landscape(ad_image *image, uint32_t seed);
void scene_painting(ad_image *image, uint32_t seed);

typedef struct scene_vec {
    float x, y, z;
} scene_vec;

static inline scene_vec vec(float x, float y, float z)
{
    return (scene_vec){x, y, z};
}
static inline scene_vec add(scene_vec a, scene_vec b)
{
    return vec(a.x + b.x, a.y + b.y, a.z + b.z);
}
static inline scene_vec times(scene_vec a, float s)
{
    return vec(a.x * s, a.y * s, a.z * s);
}
static inline float dot(scene_vec a, scene_vec b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
static inline scene_vec mix(scene_vec a, scene_vec b, float t)
{
    return add(times(a, 1 - t), times(b, t));
}

static inline float clamp01(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}
static inline float smooth(float low, float high, float x)
{
    float t = clamp01((x - low) / (high - low));
    return t * t * (3 - 2 * t);
}

scene_vec scene_normalize(scene_vec v);

/* A number in [0, 1) from integers, always the same one. */
float scene_random(uint32_t seed, uint32_t a, uint32_t b);
/* Value noise in [0, 1], smooth, one cell per unit; its slope where wanted. */
float scene_noise(uint32_t seed, float x, float y, float *slope_x, float *slope_y);
/* Octaves of it, each twice as fine and half as strong, each turned; in [0, 1]. */
float scene_fractal(uint32_t seed, float x, float y, int octaves);

#endif
