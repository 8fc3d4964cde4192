/* warp.c - pictures carried along by a flow, and where that is to be trusted. */
#include "flow/estimate.h"

#include <math.h>
#include <string.h>

static ad_status check_size(ad_context *ctx, const char *what, const ad_flow *flow, int64_t width,
                            int64_t height)
{
    if (flow->width == width && flow->height == height) return AD_OK;
    return ad_fail(ctx, AD_ERROR_SHAPE, "%s is %lld x %lld pixels, but the flow is %lld x %lld",
                   what, (long long)width, (long long)height, (long long)flow->width,
                   (long long)flow->height);
}

/* ---- warping ---- */

typedef struct warping {
    const ad_flow *flow;
    const ad_image *from;
    ad_image *to;
} warping;

/* A coordinate as the pixel before it and how far beyond that, held to 0 .. side - 1; NaN is 0. */
static int64_t hold(float at, int64_t side, float *beyond)
{
    float last = (float)(side - 1);
    at = at > 0 ? (at < last ? at : last) : 0;
    int64_t whole = (int64_t)at;
    *beyond = at - (float)whole;
    return whole;
}

/* Keys 1981, a = -0.5. */
static void cubic_weights(float x, float weight[4])
{
    weight[0] = x * (-0.5f + x * (1 - 0.5f * x));
    weight[1] = 1 + x * x * (1.5f * x - 2.5f);
    weight[2] = x * (0.5f + x * (2 - 1.5f * x));
    weight[3] = x * x * (0.5f * x - 0.5f);
}

static int64_t held(int64_t at, int64_t side)
{
    return at < 0 ? 0 : at < side ? at : side - 1;
}

static void warp_row(void *work, int64_t y, int worker)
{
    const warping *w = work;
    int channels = w->to->channels;
    int64_t width = w->to->width, height = w->to->height;
    float *to = w->to->data + y * width * channels;
    const float *flow = w->flow->data + 2 * y * width;
    (void)worker;
    for (int64_t x = 0; x < width; ++x, to += channels) {
        float fx, fy, wx[4], wy[4], sum[4] = {0};
        int64_t ix = hold((float)x + flow[2 * x], width, &fx),
                iy = hold((float)y + flow[2 * x + 1], height, &fy);
        cubic_weights(fx, wx), cubic_weights(fy, wy);
        for (int j = 0; j < 4; ++j) {
            const float *row = w->from->data + held(iy + j - 1, height) * width * channels;
            for (int i = 0; i < 4; ++i) {
                const float *pixel = row + held(ix + i - 1, width) * channels;
                for (int k = 0; k < channels; ++k) sum[k] += wy[j] * wx[i] * pixel[k];
            }
        }
        for (int k = 0; k < channels; ++k) to[k] = sum[k] > 0 ? (sum[k] < 1 ? sum[k] : 1) : 0;
    }
}

ad_status ad_flow_warp(ad_context *ctx, const ad_flow *flow, const ad_image *image, ad_image **out)
{
    *out = NULL;
    ad_status status = check_size(ctx, "the picture", flow, image->width, image->height);
    if (!status) status = ad_image_new(ctx, image->width, image->height, image->channels, out);
    if (status) return status;
    ad_flow_rows(ctx, image->width, image->height, warp_row, &(warping){flow, image, *out});
    return AD_OK;
}

/* ---- consistency ---- */

typedef struct comparison {
    const ad_flow *forward, *backward;
    ad_image *weights;
} comparison;

static float square(float x, float y)
{
    return x * x + y * y;
}

/* The flow at a place between pixels, which lies inside. */
static void between(const ad_flow *flow, float px, float py, float to[2])
{
    float fx, fy;
    int64_t x = hold(px, flow->width, &fx), y = hold(py, flow->height, &fy);
    int64_t right = held(x + 1, flow->width), below = held(y + 1, flow->height);
    for (int k = 0; k < 2; ++k) {
        const float *upper = flow->data + 2 * y * flow->width + k,
                    *lower = flow->data + 2 * below * flow->width + k;
        float a = upper[2 * x] + fx * (upper[2 * right] - upper[2 * x]),
              b = lower[2 * x] + fx * (lower[2 * right] - lower[2 * x]);
        to[k] = a + fy * (b - a);
    }
}

/* |grad u|^2 + |grad v|^2, by central differences. */
static float steepness(const ad_flow *flow, int64_t x, int64_t y)
{
    const float *row = flow->data + 2 * y * flow->width;
    const float *left = row + 2 * held(x - 1, flow->width),
                *right = row + 2 * held(x + 1, flow->width),
                *up = flow->data + 2 * (held(y - 1, flow->height) * flow->width + x),
                *down = flow->data + 2 * (held(y + 1, flow->height) * flow->width + x);
    return 0.25f * (square(right[0] - left[0], right[1] - left[1]) +
                    square(down[0] - up[0], down[1] - up[1]));
}

static void compare_row(void *work, int64_t y, int worker)
{
    const comparison *c = work;
    const ad_flow *forward = c->forward;
    int64_t width = forward->width, height = forward->height;
    (void)worker;
    for (int64_t x = 0; x < width; ++x) {
        const float *w = forward->data + 2 * (y * width + x);
        float px = (float)x + w[0], py = (float)y + w[1], back[2];
        bool inside = px >= 0 && py >= 0 && px <= (float)(width - 1) && py <= (float)(height - 1);
        bool trusted = inside && !(steepness(forward, x, y) > 0.01f * square(w[0], w[1]) + 0.002f);
        if (trusted) {
            between(c->backward, px, py, back);
            trusted = square(w[0] + back[0], w[1] + back[1]) <=
                      0.01f * (square(w[0], w[1]) + square(back[0], back[1])) + 0.5f;
        }
        c->weights->data[y * width + x] = trusted;
    }
}

ad_status ad_flow_consistency(ad_context *ctx, const ad_flow *forward, const ad_flow *backward,
                              ad_image **weights)
{
    *weights = NULL;
    ad_status status = check_size(ctx, "the flow back", forward, backward->width, backward->height);
    if (!status) status = ad_image_new(ctx, forward->width, forward->height, 1, weights);
    if (status) return status;
    ad_flow_rows(ctx, forward->width, forward->height, compare_row,
                 &(comparison){forward, backward, *weights});
    return AD_OK;
}
