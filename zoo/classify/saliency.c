/* saliency.c - see saliency.h. The gradient of a score to the input is one more program over the
 * same weights. */
#include "zoo/classify/saliency.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DISTURBED = 32, BLUR = 2 };
static const float noise = 0.25f; /* of the pictures' deviation, which is 1 once normalised */

/* Nearly normal noise that is the same everywhere: the sum of four uniform numbers. */
static float disturbance(uint64_t *state)
{
    float sum = 0;
    for (int i = 0; i < 4; ++i) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        sum += (float)(*state >> 40) * 0x1p-24f - 0.5f;
    }
    return sum * 1.7320508f;
}

static void blur(float *heat, int64_t height, int64_t width, float *scratch)
{
    memcpy(scratch, heat, (size_t)(height * width) * sizeof *heat);
    for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x) {
            float sum = 0, weight = 0;
            for (int64_t v = -BLUR; v <= BLUR; ++v)
                for (int64_t u = -BLUR; u <= BLUR; ++u) {
                    if (y + v < 0 || y + v >= height || x + u < 0 || x + u >= width) continue;
                    float w = expf(-0.5f * (float)(v * v + u * u));
                    sum += w * scratch[(y + v) * width + x + u], weight += w;
                }
            heat[y * width + x] = sum / weight;
        }
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* So that the top per cent is 1. */
static void scale(float *heat, int64_t count, float *scratch)
{
    memcpy(scratch, heat, (size_t)count * sizeof *heat);
    qsort(scratch, (size_t)count, sizeof *scratch, by_value);
    float most = fmaxf(scratch[count - 1 - count / 100], 1e-20f);
    for (int64_t i = 0; i < count; ++i) heat[i] = fminf(heat[i] / most, 1);
}

ad_status classify_saliency(ad_context *ctx, const classify_trained *t, const float *pixels,
                            int target, float *heat)
{
    const classify_model *m = &t->model;
    int64_t area = m->height * m->width, size = area * m->channels;
    float *batch = malloc((size_t)(DISTURBED * size) * sizeof *batch);
    float *pick = malloc((size_t)m->classes * sizeof *pick);
    ad_graph *g = ad_graph_new(ctx);
    ad_program *program = NULL;
    ad_status status = AD_OK;
    if (!batch || !pick || !g) {
        status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
        goto done;
    }
    for (int c = 0; c < m->classes; ++c)
        pick[c] = c == target ? 1 : -1.0f / (float)(m->classes > 1 ? m->classes - 1 : 1);
    uint64_t state = 1;
    for (int64_t i = 0; i < DISTURBED * size; ++i)
        batch[i] = pixels[i % size] + noise * disturbance(&state);

    ad_node *x = ad_input(g, "image", AD_F32,
                          ad_shape(DISTURBED, m->height, m->width, m->channels));
    ad_node *logits = classify_network(m, t->vars, x, NULL);
    ad_node *chosen = ad_constant(g, AD_F32, ad_shape(1, m->classes), pick), *gradient;
    ad_node *score = ad_sum(ad_mul(logits, chosen), AD_ALL_AXES, false);
    ad_gradients(score, &x, 1, &gradient);
    /* [n, h, w, c] -> [h, w]: the largest channel's, mean over the disturbed */
    ad_node *strength = ad_mean(ad_max(ad_abs(gradient), ad_axes(3), false), ad_axes(0), false);
    status = ad_compile(&program, ctx, &strength, 1, NULL);
    if (!status) status = ad_bind(program, x, batch);
    if (!status) status = ad_run(program);
    if (status) goto done;
    memcpy(heat, ad_result(program, strength), (size_t)area * sizeof *heat);
    blur(heat, m->height, m->width, batch);
    scale(heat, area, batch);
done:
    ad_program_free(program);
    ad_graph_free(g);
    free(batch), free(pick);
    return status;
}

/* Black body colours: 0 black, then red, yellow, white. */
static void glow(float v, float rgb[3])
{
    for (int c = 0; c < 3; ++c) rgb[c] = fminf(fmaxf(3 * v - (float)c, 0), 1);
}

ad_status classify_saliency_picture(ad_context *ctx, const ad_image *picture, const float *heat,
                                    ad_image **out)
{
    int64_t w = picture->width, h = picture->height, gap = 2;
    ad_status status = ad_image_new(ctx, 2 * w + gap, h, 3, out);
    if (status) return status;
    for (int64_t y = 0; y < h; ++y)
        for (int64_t x = 0; x < 2 * w + gap; ++x) {
            float *to = (*out)->data + (y * (2 * w + gap) + x) * 3, rgb[3];
            int64_t px = x < w ? x : x - w - gap;
            const float *from = picture->data + (y * w + (px < 0 ? 0 : px)) * picture->channels;
            float grey = 0;
            for (int c = 0; c < picture->channels; ++c) grey += from[c] / (float)picture->channels;
            for (int c = 0; c < 3; ++c) {
                if (px < 0) {
                    to[c] = 1; /* the gap */
                } else if (x < w) {
                    to[c] = from[picture->channels == 3 ? c : 0];
                } else {
                    float v = heat[y * w + px];
                    glow(v, rgb);
                    to[c] = (1 - 0.75f * v) * grey * 0.8f + 0.75f * v * rgb[c];
                }
            }
        }
    return AD_OK;
}
