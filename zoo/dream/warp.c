/* warp.c - a picture seen closer, and turned. */
#include "zoo/dream/dream.h"

#include <math.h>

static float at(const ad_image *p, int64_t y, int64_t x, int c)
{
    return p->data[(vision_mirrored(y, p->height) * p->width + vision_mirrored(x, p->width)) *
                       p->channels +
                   c];
}

ad_status dream_warp(ad_context *ctx, const ad_image *p, double zoom, double degrees,
                     ad_image **out)
{
    ad_status status = ad_image_new(ctx, p->width, p->height, p->channels, out);
    if (status) return status;
    double angle = degrees * acos(-1) / 180, c = cos(angle) / zoom, s = sin(angle) / zoom;
    double mx = (double)(p->width - 1) / 2, my = (double)(p->height - 1) / 2;
    float *to = (*out)->data;
    for (int64_t y = 0; y < p->height; ++y)
        for (int64_t x = 0; x < p->width; ++x) {
            double dx = (double)x - mx, dy = (double)y - my;
            double fx = mx + c * dx + s * dy, fy = my - s * dx + c * dy;
            int64_t x0 = (int64_t)floor(fx), y0 = (int64_t)floor(fy);
            float tx = (float)(fx - (double)x0), ty = (float)(fy - (double)y0);
            for (int k = 0; k < p->channels; ++k) {
                float above = at(p, y0, x0, k) * (1 - tx) + at(p, y0, x0 + 1, k) * tx;
                float below = at(p, y0 + 1, x0, k) * (1 - tx) + at(p, y0 + 1, x0 + 1, k) * tx;
                *to++ = above * (1 - ty) + below * ty;
            }
        }
    return AD_OK;
}
