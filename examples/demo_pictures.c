/* demo_pictures.c - paints the two pictures of `make demo`: demo_pictures CONTENT.png STYLE.png.
 *
 * The content is a lake between mountains at dusk, a function of the pixel; the style is a canvas
 * of brush strokes that follow a field of eddies. Both are drawn from noise made here, so they are
 * the same everywhere. */
#include <autodidact/image.h>

#include <math.h>
#include <stdio.h>

typedef struct colour {
    float r, g, b;
} colour;

static float mix(float a, float b, float t)
{
    return a + (b - a) * t;
}

static colour blend(colour a, colour b, float t)
{
    t = fminf(fmaxf(t, 0), 1);
    return (colour){mix(a.r, b.r, t), mix(a.g, b.g, t), mix(a.b, b.b, t)};
}

static float smooth(float low, float high, float x)
{
    float t = fminf(fmaxf((x - low) / (high - low), 0), 1);
    return t * t * (3 - 2 * t);
}

/* ---- noise ---- */

/* Uniform in [0, 1), from three whole numbers. */
static float hashed(int x, int y, int seed)
{
    uint32_t h = (uint32_t)x * 0x8da6b343u ^ (uint32_t)y * 0xd8163841u ^
                 (uint32_t)seed * 0xcb1ab31fu;
    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    h = (h ^ (h >> 12)) * 0x297a2d39u;
    return (float)((h ^ (h >> 15)) >> 8) * 0x1p-24f;
}

/* Values at whole points, smoothly joined. */
static float value_noise(float x, float y, int seed)
{
    float fx = floorf(x), fy = floorf(y), u = x - fx, v = y - fy;
    int i = (int)fx, j = (int)fy;
    u = u * u * (3 - 2 * u), v = v * v * (3 - 2 * v);
    return mix(mix(hashed(i, j, seed), hashed(i + 1, j, seed), u),
               mix(hashed(i, j + 1, seed), hashed(i + 1, j + 1, seed), u), v);
}

/* Five octaves, about 0 to 1. */
static float noise(float x, float y, int seed)
{
    float sum = 0, weight = 0.5f;
    for (int octave = 0; octave < 5; ++octave, x *= 2, y *= 2, weight /= 2)
        sum += weight * value_noise(x, y, seed + octave);
    return sum;
}

/* ---- the content: x from 0 to 4/3, y from 0 (top) to 1 ---- */

static const float shore = 0.66f;

static colour sky(float x, float y)
{
    colour c = blend((colour){0.16f, 0.27f, 0.52f}, (colour){0.98f, 0.72f, 0.48f},
                     powf(y / shore, 1.3f));
    float sun = hypotf(x - 0.90f, y - 0.235f), cloud = noise(3 * x + 7, 9 * y, 11);
    c = blend(c, (colour){1.0f, 0.87f, 0.62f}, 0.75f * expf(-9 * sun));
    c = blend(c, (colour){1.0f, 0.97f, 0.88f}, 1 - smooth(0.048f, 0.054f, sun));
    return blend(c, (colour){1.0f, 0.80f, 0.72f},
                 0.55f * smooth(0.52f, 0.75f, cloud) * (1 - 0.6f * y));
}

static colour land(float x, float y)
{
    static const struct {
        float height, rough, scale;
        colour top, foot;
    } ranges[] = {
        {0.34f, 0.26f, 2.2f, {0.52f, 0.53f, 0.68f}, {0.80f, 0.68f, 0.66f}},
        {0.46f, 0.20f, 3.1f, {0.30f, 0.37f, 0.50f}, {0.55f, 0.52f, 0.56f}},
        {0.57f, 0.12f, 4.7f, {0.13f, 0.25f, 0.24f}, {0.28f, 0.36f, 0.30f}},
    };
    colour c = sky(x, y);
    for (int i = 0; i < 3; ++i) {
        float ridge = ranges[i].height +
                      ranges[i].rough * (0.5f - noise(ranges[i].scale * x, 3.7f, 40 + 10 * i));
        if (y < ridge) continue;
        c = blend(ranges[i].top, ranges[i].foot, (y - ridge) / (shore - ridge + 0.01f));
        float light = noise(14 * x + 4 * y, 16 * y, 70 + i) - 0.5f;
        c.r += 0.16f * light, c.g += 0.14f * light, c.b += 0.12f * light;
        if (i == 0 && y < 0.29f + 0.09f * noise(18 * x, 1, 5))
            c = blend(c, (colour){0.97f, 0.93f, 0.93f}, 0.8f);
    }
    return c;
}

static colour scene(float x, float y)
{
    colour c;
    if (y < shore) {
        c = land(x, y);
    } else { /* the lake mirrors what is above it, broken by ripples that widen towards us */
        float depth = (y - shore) / (1 - shore);
        float ripple = (noise(10 * x, 90 * y / (0.3f + depth), 21) - 0.5f) * 0.06f * (0.2f + depth);
        c = land(x + ripple, shore - 0.75f * (y - shore) + 0.6f * ripple);
        c = blend(c, (colour){0.10f, 0.20f, 0.32f}, 0.25f + 0.3f * depth);
    }
    /* a sailing boat */
    float bx = x - 0.47f, by = y - 0.74f;
    if (by > -0.17f && by < -0.012f && bx > 0.005f && bx < 0.085f * (by + 0.17f) / 0.158f)
        c = blend((colour){0.98f, 0.93f, 0.82f}, (colour){0.90f, 0.70f, 0.55f}, bx * 10);
    if (by > -0.15f && by < -0.012f && bx < -0.003f && bx > -0.055f * (by + 0.15f) / 0.138f)
        c = (colour){0.84f, 0.36f, 0.24f};
    if (by >= -0.005f && by < 0.022f && fabsf(bx - 0.01f) < 0.085f - 1.4f * by)
        c = (colour){0.24f, 0.13f, 0.10f};
    /* firs on the near bank */
    for (int i = 0; i < 9; ++i) {
        float tx = i < 5 ? 0.02f + 0.052f * (float)i : 1.06f + 0.075f * (float)(i - 5),
              foot = 1.02f;
        float tall = 0.28f + 0.24f * hashed(i, 3, 9),
              up = (foot - y) / tall; /* 0 at the foot, 1 at the top */
        if (up < 0 || up > 1) continue;
        float tier = 0.55f + 0.45f * (1 - fmodf(up * 7, 1));
        float edge = 0.075f * (1 - up) * tier * (0.85f + 0.3f * value_noise(60 * x, 60 * y, 31));
        if (fabsf(x - tx) < edge)
            c = blend((colour){0.04f, 0.12f, 0.10f}, (colour){0.14f, 0.26f, 0.16f},
                      (x - tx) / edge);
    }
    return c;
}

static void paint_scene(ad_image *image)
{
    for (int64_t y = 0; y < image->height; ++y) {
        for (int64_t x = 0; x < image->width; ++x) {
            colour sum = {0, 0, 0};
            for (int s = 0; s < 9; ++s) { /* 3 x 3 samples a pixel */
                float scale = 1 / (float)image->height;
                colour c = scene(((float)x + (float)(s % 3) / 3) * scale,
                                 ((float)y + (float)(s / 3) / 3) * scale);
                sum.r += c.r, sum.g += c.g, sum.b += c.b;
            }
            float *pixel = image->data + (y * image->width + x) * 3;
            pixel[0] = sum.r / 9, pixel[1] = sum.g / 9, pixel[2] = sum.b / 9;
        }
    }
}

/* ---- the style ---- */

static const float eddies[][4] = {
    /* x, y, radius, turn */
    {0.30f, 0.30f, 0.20f, 1},  {0.78f, 0.44f, 0.26f, -1}, {1.14f, 0.20f, 0.13f, 1},
    {0.38f, 0.78f, 0.18f, -1}, {1.10f, 0.80f, 0.20f, 1},
};
enum { EDDIES = sizeof eddies / sizeof *eddies };

/* The direction of a stroke at (x, y). */
static float direction(float x, float y)
{
    float dx = 1, dy = 0.5f * (noise(2 * x, 2 * y, 51) - 0.5f);
    for (int i = 0; i < EDDIES; ++i) {
        float ex = x - eddies[i][0], ey = y - eddies[i][1], d = hypotf(ex, ey) + 1e-4f;
        float pull = 5 * expf(-d * d / (eddies[i][2] * eddies[i][2])) * eddies[i][3];
        dx -= pull * ey / d, dy += pull * ex / d;
    }
    return atan2f(dy, dx);
}

static colour pigment(float x, float y, float chance)
{
    static const colour night[] = {{0.05f, 0.10f, 0.34f},
                                   {0.10f, 0.24f, 0.58f},
                                   {0.22f, 0.45f, 0.74f},
                                   {0.50f, 0.70f, 0.80f},
                                   {0.12f, 0.33f, 0.40f}};
    static const colour light[] = {
        {0.98f, 0.86f, 0.35f}, {0.95f, 0.66f, 0.18f}, {0.98f, 0.95f, 0.75f}, {0.75f, 0.80f, 0.50f}};
    float glow = 0;
    for (int i = 0; i < EDDIES; ++i) {
        float d = hypotf(x - eddies[i][0], y - eddies[i][1]) / eddies[i][2];
        glow += expf(-6 * d * d) +
                0.5f * expf(-30 * (d - 0.75f) * (d - 0.75f)); /* a core and a ring */
    }
    float shade = 0.7f * noise(4 * x, 4 * y, 61) + 0.5f * chance - 0.1f;
    if (chance < glow) return light[(int)(chance * 7919) % 4];
    return night[(int)(fminf(fmaxf(shade, 0), 0.999f) * 5)];
}

/* One stroke: a row of discs along the field, with streaks across its width as bristles leave them.
 */
static void stroke(ad_image *image, float x, float y, float radius, float length, colour c,
                   int seed)
{
    float h = (float)image->height;
    for (float walked = 0; walked < length; walked += 1) {
        float angle = direction(x / h, y / h), fade = radius * (1 - 0.5f * walked / length);
        for (int64_t py = (int64_t)(y - fade); py <= (int64_t)(y + fade) + 1; ++py) {
            for (int64_t px = (int64_t)(x - fade); px <= (int64_t)(x + fade) + 1; ++px) {
                float ox = (float)px - x, oy = (float)py - y;
                if (px < 0 || py < 0 || px >= image->width || py >= image->height ||
                    ox * ox + oy * oy > fade * fade)
                    continue;
                float across = oy * cosf(angle) - ox * sinf(angle);
                float bristle = 0.30f *
                                    (value_noise(across * 1.3f + 50, walked * 0.06f, seed) - 0.5f) +
                                0.10f * across / fade;
                float *pixel = image->data + (py * image->width + px) * 3;
                pixel[0] = mix(pixel[0], c.r + bristle, 0.75f);
                pixel[1] = mix(pixel[1], c.g + bristle, 0.75f);
                pixel[2] = mix(pixel[2], c.b + bristle, 0.75f);
            }
        }
        x += cosf(angle), y += sinf(angle);
    }
}

static void paint_strokes(ad_image *image)
{
    float w = (float)image->width, h = (float)image->height;
    for (int64_t i = 0; i < image->width * image->height; ++i) {
        image->data[3 * i] = 0.10f, image->data[3 * i + 1] = 0.24f, image->data[3 * i + 2] = 0.58f;
    }
    for (int i = 0; i < 6400; ++i) { /* broad strokes first */
        float x = (w + 40) * hashed(i, 1, 81) - 40, y = (h + 40) * hashed(i, 2, 81) - 20,
              fine = (float)i / 6400;
        stroke(image, x, y, mix(7, 2.6f, fine), mix(44, 22, fine),
               pigment(x / h, y / h, hashed(i, 3, 81)), i);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: demo_pictures CONTENT.png STYLE.png\n");
        return 2;
    }
    ad_context *ctx = ad_context_new(NULL);
    if (!ctx) return 1;
    ad_image *content = NULL, *style = NULL;
    int status = 1;
    if (ad_image_new(ctx, 512, 384, 3, &content) || ad_image_new(ctx, 512, 384, 3, &style))
        goto done;
    paint_scene(content);
    paint_strokes(style);
    if (ad_image_write(ctx, argv[1], content, NULL) || ad_image_write(ctx, argv[2], style, NULL))
        goto done;
    status = 0;

done:
    if (status) fprintf(stderr, "demo_pictures: %s\n", ad_error(ctx));
    ad_image_free(content);
    ad_image_free(style);
    ad_context_free(ctx);
    return status;
}
