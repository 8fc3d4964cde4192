/* smooth.c - a picture blurred by weights of 9 x 9, in bands of rows, so that a large one needs
 * little memory besides itself. */
#include "zoo/dream/dream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 9, HALF = SIDE / 2, BAND = 256 };

struct dream_blur {
    ad_context *ctx;
    int64_t width, height, rows; /* of a band */
    ad_graph *graph;
    ad_program *program;
    ad_node *result;
    float *band, *copy; /* a band with its borders; the picture as it was */
    float weights[SIDE * SIDE * 3];
};

ad_status dream_blur_new(dream_blur **blur, ad_context *ctx, int64_t width, int64_t height)
{
    dream_blur *b = calloc(1, sizeof *b);
    *blur = b;
    if (!b) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for a blur");
    *b = (dream_blur){.ctx = ctx, .width = width, .height = height};
    b->rows = height < BAND ? height : BAND;
    int64_t h = b->rows + 2 * HALF, w = width + 2 * HALF;
    size_t bytes = (size_t)(h * w * 3) * sizeof(float);
    b->band = malloc(bytes), b->copy = malloc((size_t)(width * height * 3) * sizeof(float));
    b->graph = ad_graph_new(ctx);
    ad_status status = AD_ERROR_MEMORY;
    if (!b->band || !b->copy)
        ad_error_set(ctx, status, "out of memory for a picture of %lld x %lld", (long long)width,
                     (long long)height);
    else if (b->graph) {
        ad_node *x = ad_input(b->graph, "x", AD_F32, ad_shape(1, h, w, 3)),
                *weights = ad_input(b->graph, "weights", AD_F32, ad_shape(SIDE, SIDE, 1, 3));
        b->result = ad_conv2d(x, weights, (ad_conv){.groups = 3});
        status = ad_compile(&b->program, ctx, &b->result, 1, NULL);
        if (!status) status = ad_bind(b->program, x, b->band, bytes);
        if (!status) status = ad_bind(b->program, weights, b->weights, sizeof b->weights);
    }
    if (!status) return AD_OK;
    dream_blur_free(b);
    *blur = NULL;
    return status;
}

void dream_blur_free(dream_blur *b)
{
    if (!b) return;
    ad_program_free(b->program);
    ad_graph_free(b->graph);
    free(b->band), free(b->copy);
    free(b);
}

/* The mean of three Gaussians, each of weights that add up to 1. */
static void set_weights(dream_blur *b, double sigma)
{
    static const double times[3] = {0.5, 1, 2};
    double sum[SIDE * SIDE] = {0};
    for (int k = 0; k < 3; ++k) {
        double s = fmax(times[k] * sigma, 1e-3), all = 0, g[SIDE * SIDE];
        for (int i = 0; i < SIDE * SIDE; ++i) {
            int y = i / SIDE - HALF, x = i % SIDE - HALF;
            all += g[i] = exp(-(double)(x * x + y * y) / (2 * s * s));
        }
        for (int i = 0; i < SIDE * SIDE; ++i) sum[i] += g[i] / all / 3;
    }
    for (int i = 0; i < SIDE * SIDE * 3; ++i) b->weights[i] = (float)sum[i / 3];
}

ad_status dream_blur_apply(dream_blur *b, double sigma, ad_image *picture)
{
    int64_t row = b->width * 3, wide = b->width + 2 * HALF;
    ad_status status = AD_OK;
    set_weights(b, sigma);
    memcpy(b->copy, picture->data, (size_t)(row * b->height) * sizeof(float));
    for (int64_t begin = 0; begin < b->height && !status; begin += b->rows) {
        if (begin > b->height - b->rows) begin = b->height - b->rows;
        for (int64_t y = 0; y < b->rows + 2 * HALF; ++y) {
            const float *from = b->copy + vision_mirrored(begin + y - HALF, b->height) * row;
            for (int64_t x = 0; x < wide; ++x)
                memcpy(b->band + (y * wide + x) * 3, from + vision_mirrored(x - HALF, b->width) * 3,
                       3 * sizeof(float));
        }
        status = ad_run(b->program);
        if (!status)
            memcpy(picture->data + begin * row, ad_result(b->program, b->result),
                   (size_t)(row * b->rows) * sizeof(float));
    }
    return status;
}
