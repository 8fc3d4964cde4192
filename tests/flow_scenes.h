/* flow_scenes.h - pairs of pictures whose motion is known: textured layers over one another, each
 * moved by an affine map. The layer on top of a pixel says where that pixel goes. Pictures are grey
 * of 8 bits, so that other programs see the same ones (tests/oracle/flow.py). */
#ifndef AD_TESTS_FLOW_SCENES_H
#define AD_TESTS_FLOW_SCENES_H

#include <autodidact/flow.h>

#include <math.h>

typedef enum scene_shape { SCENE_ALL, SCENE_ELLIPSE, SCENE_BOX } scene_shape;

/* `shape` about (x, y), with half sides w and h, of the first picture; in the second one it is
 * turned by `degrees` and scaled about that point, and shifted. */
typedef struct scene_layer {
    scene_shape shape;
    double x, y, w, h, degrees, scale, dx, dy;
} scene_layer;

enum { SCENE_LAYERS = 5 };
typedef struct scene {
    const char *name;
    scene_layer layer[SCENE_LAYERS]; /* the background first; a scale of 0 ends them */
    double noise;                    /* deviation, of 255 */
    double gain, offset;             /* of the second picture's light; gain 0: 1 */
} scene;

/* For pictures of 320 x 180 and more. */
static const scene scenes[] = {
    {.name = "shift", .layer = {{SCENE_ALL, .scale = 1, .dx = 3.3, .dy = -1.7}}},
    {.name = "turn", .layer = {{SCENE_ALL, 160, 90, .degrees = 4, .scale = 1.04, .dx = 0.4}}},
    {.name = "objects",
     .layer = {{SCENE_ALL, .scale = 1, .dx = -1.25, .dy = 0.5},
               {SCENE_ELLIPSE, 90, 70, 45, 30, .scale = 1, .dx = 7.5, .dy = 3.25},
               {SCENE_BOX, 230, 110, 40, 28, .degrees = 9, .scale = 1, .dx = -3},
               {SCENE_ELLIPSE, 170, 40, 24, 24, .scale = 1.12, .dx = 1, .dy = 1.5}}},
    {.name = "fast",
     .layer = {{SCENE_ALL, 160, 90, .degrees = 1, .scale = 1, .dx = 2},
               {SCENE_ELLIPSE, 80, 80, 36, 26, .scale = 1, .dx = 26, .dy = 9},
               {SCENE_BOX, 240, 100, 30, 30, .degrees = -5, .scale = 1, .dx = -18, .dy = -12}}},
    {.name = "thin",
     .layer = {{SCENE_ALL, .scale = 1, .dx = 2.5, .dy = 1},
               {SCENE_BOX, 80, 90, 5, 60, .scale = 1, .dx = -3},
               {SCENE_BOX, 200, 60, 60, 4, .degrees = 3, .scale = 1, .dy = 3},
               {SCENE_ELLIPSE, 250, 130, 9, 9, .scale = 1, .dx = 5, .dy = -3}}},
    {.name = "noise",
     .layer = {{SCENE_ALL, .scale = 1, .dx = -1.25, .dy = 0.5},
               {SCENE_ELLIPSE, 90, 70, 45, 30, .scale = 1, .dx = 7.5, .dy = 3.25},
               {SCENE_BOX, 230, 110, 40, 28, .degrees = 9, .scale = 1, .dx = -3}},
     .noise = 3},
    {.name = "light",
     .layer = {{SCENE_ALL, 160, 90, .degrees = -2, .scale = 0.98, .dx = 1.5},
               {SCENE_ELLIPSE, 200, 90, 50, 40, .scale = 1, .dx = -5.5, .dy = 2.25}},
     .gain = 1.06,
     .offset = -4},
};
enum { SCENES = sizeof scenes / sizeof *scenes };

/* Smooth noise of wavelength 1, -1 to 1. */
static inline double scene_wave(uint64_t stream, double x, double y)
{
    double fx = floor(x), fy = floor(y), corner[2][2];
    for (int j = 0; j < 2; ++j)
        for (int i = 0; i < 2; ++i) {
            uint32_t h = (uint32_t)((int)fx + i) * 0x9e3779b1u ^
                         (uint32_t)((int)fy + j) * 0x85ebca6bu ^ (uint32_t)stream * 0xc2b2ae35u;
            h = (h ^ h >> 15) * 0x2c1b3c6du, h = (h ^ h >> 12) * 0x297a2d39u;
            corner[j][i] = (double)(h ^ h >> 15) / 2147483648.0 - 1;
        }
    x -= fx, y -= fy;
    x = x * x * x * (x * (6 * x - 15) + 10), y = y * y * y * (y * (6 * y - 15) + 10);
    double a = corner[0][0] + x * (corner[0][1] - corner[0][0]),
           b = corner[1][0] + x * (corner[1][1] - corner[1][0]);
    return a + y * (b - a);
}

/* A surface: clouds of several sizes, and patches with edges. 0 to 255 or a little beyond. */
static inline double scene_texture(int layer, double x, double y)
{
    double value = 110 + 12 * layer;
    for (int octave = 0; octave < 5; ++octave) {
        double length = 48 >> octave, strength = 30.0 / (1 << octave) + 5;
        value += strength *
                 scene_wave(7 * (uint64_t)layer + (uint64_t)octave, x / length, y / length);
    }
    double edge = 6 * scene_wave(100 + (uint64_t)layer, x / 26, y / 26);
    return value + 24 * (edge > 1 ? 1 : edge < -1 ? -1 : edge);
}

static inline int scene_layers(const scene *s)
{
    int n = 0;
    while (n < SCENE_LAYERS && s->layer[n].scale > 0) ++n;
    return n;
}

/* Where a layer's point of the first picture goes to, or (back) comes from. */
static inline void scene_move(const scene_layer *l, bool back, double *x, double *y)
{
    double angle = l->degrees * 3.14159265358979323846 / 180, c = cos(angle), s = sin(angle);
    double px = *x - l->x, py = *y - l->y;
    if (back) {
        px = (px - l->dx) / l->scale, py = (py - l->dy) / l->scale;
        *x = l->x + c * px + s * py, *y = l->y - s * px + c * py;
    } else {
        *x = l->x + l->dx + l->scale * (c * px - s * py);
        *y = l->y + l->dy + l->scale * (s * px + c * py);
    }
}

static inline bool scene_covers(const scene_layer *l, double x, double y)
{
    double px = (x - l->x) / l->w, py = (y - l->y) / l->h;
    return l->shape == SCENE_ALL ||
           (l->shape == SCENE_ELLIPSE ? px * px + py * py < 1 : fabs(px) < 1 && fabs(py) < 1);
}

/* The topmost layer at a point of the first or of the second picture, which becomes that of the
 * first. */
static inline int scene_top(const scene *s, bool second, double *x, double *y)
{
    for (int i = scene_layers(s) - 1; i >= 0; --i) {
        double px = *x, py = *y;
        if (second) scene_move(&s->layer[i], true, &px, &py);
        if (i && !scene_covers(&s->layer[i], px, py)) continue;
        *x = px, *y = py;
        return i;
    }
    return 0;
}

static inline double scene_gauss(uint64_t stream, uint64_t index)
{
    double sum = -6;
    for (uint64_t i = 0; i < 12; ++i) sum += ad_random_unit(1, stream, 12 * index + i);
    return sum;
}

static inline ad_status scene_draw(ad_context *in, const scene *s, int64_t width, int64_t height,
                                   bool second, ad_image **out)
{
    enum { SAMPLES = 3 };
    ad_status status = ad_image_new(in, width, height, 1, out);
    for (int64_t i = 0; !status && i < width * height; ++i) {
        double sum = 0;
        for (int k = 0; k < SAMPLES * SAMPLES; ++k) {
            double x = (double)(i % width) + (k % SAMPLES + 0.5) / SAMPLES - 0.5,
                   y = (double)(i / width) + (k / SAMPLES + 0.5) / SAMPLES - 0.5;
            int layer = scene_top(s, second, &x, &y);
            sum += scene_texture(layer, x, y);
        }
        double value = sum / (SAMPLES * SAMPLES);
        if (second && s->gain > 0) value = s->gain * value + s->offset;
        if (s->noise > 0) value += s->noise * scene_gauss(second, (uint64_t)i);
        (*out)->data[i] = (float)(fmin(fmax(round(value), 0), 255) / 255);
    }
    return status;
}

/* Where each pixel of the first picture has gone to. */
static inline ad_status scene_truth(ad_context *in, const scene *s, int64_t width, int64_t height,
                                    ad_flow **out)
{
    ad_status status = ad_flow_new(in, width, height, out);
    for (int64_t i = 0; !status && i < width * height; ++i) {
        double x = (double)(i % width), y = (double)(i / width), px = x, py = y;
        scene_move(&s->layer[scene_top(s, false, &x, &y)], false, &x, &y);
        (*out)->data[2 * i] = (float)(x - px), (*out)->data[2 * i + 1] = (float)(y - py);
    }
    return status;
}

/* The mean distance of two flows, in pixels. */
static inline double scene_error(const ad_flow *flow, const ad_flow *truth)
{
    double sum = 0;
    int64_t pixels = flow->width * flow->height;
    for (int64_t i = 0; i < pixels; ++i)
        sum += hypot(flow->data[2 * i] - truth->data[2 * i],
                     flow->data[2 * i + 1] - truth->data[2 * i + 1]);
    return sum / (double)pixels;
}

#endif
