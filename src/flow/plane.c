/* plane.c - see plane.h. */
#include "flow/plane.h"

#include "base/pool.h"

#include <string.h>

ad_status ad_flow_plane_new(ad_flow_plane *plane, ad_context *ctx, int64_t width, int64_t height)
{
    *plane = (ad_flow_plane){.width = width, .height = height};
    plane->stride = (width + 2 * FLOW_PAD + 15) / 16 * 16;
    plane->bytes = ad_bytes(height + 2 * FLOW_PAD, ad_bytes(plane->stride, sizeof(float)));
    plane->memory = ad_zalloc(ctx, plane->bytes);
    if (!plane->memory) return AD_ERROR_MEMORY;
    plane->data = plane->memory + FLOW_PAD * plane->stride + FLOW_PAD;
    return AD_OK;
}

void ad_flow_plane_free(ad_flow_plane *plane, ad_context *ctx)
{
    if (plane->memory) ad_free(ctx, plane->memory, plane->bytes);
    *plane = (ad_flow_plane){0};
}

void ad_flow_plane_extend(ad_flow_plane *plane)
{
    size_t row = (size_t)plane->stride * sizeof(float);
    for (int64_t y = 0; y < plane->height; ++y) {
        float *at = ad_flow_row(plane, y);
        for (int i = 1; i <= FLOW_PAD; ++i)
            at[-i] = at[0], at[plane->width + i - 1] = at[plane->width - 1];
    }
    for (int i = 1; i <= FLOW_PAD; ++i) {
        memcpy(ad_flow_row(plane, -i) - FLOW_PAD, ad_flow_row(plane, 0) - FLOW_PAD, row);
        memcpy(ad_flow_row(plane, plane->height + i - 1) - FLOW_PAD,
               ad_flow_row(plane, plane->height - 1) - FLOW_PAD, row);
    }
}

ad_status ad_flow_plane_grey(ad_flow_plane *plane, ad_context *ctx, const ad_image *image)
{
    ad_status status = ad_flow_plane_new(plane, ctx, image->width, image->height);
    const float *pixel = image->data;
    for (int64_t y = 0; !status && y < image->height; ++y) {
        float *to = ad_flow_row(plane, y);
        for (int64_t x = 0; x < image->width; ++x, pixel += image->channels) {
            float luma = image->channels < 3
                             ? pixel[0]
                             : 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
            to[x] = 255 * (luma > 0 ? (luma < 1 ? luma : 1) : 0);
        }
    }
    if (!status) ad_flow_plane_extend(plane);
    return status;
}

ad_status ad_flow_plane_halve(ad_flow_plane *half, ad_context *ctx, const ad_flow_plane *plane)
{
    ad_status status = ad_flow_plane_new(half, ctx, (plane->width + 1) / 2,
                                         (plane->height + 1) / 2);
    for (int64_t y = 0; !status && y < half->height; ++y) {
        const float *a = ad_flow_row(plane, 2 * y), *b = ad_flow_row(plane, 2 * y + 1);
        float *to = ad_flow_row(half, y);
        for (int64_t x = 0; x < half->width; ++x)
            to[x] = 0.25f * ((a[2 * x] + a[2 * x + 1]) + (b[2 * x] + b[2 * x + 1]));
    }
    if (!status) ad_flow_plane_extend(half);
    return status;
}

/* Pixel 2x lies a quarter of a pixel to the left of pixel x of the half, 2x + 1 as far to the
 * right. */
void ad_flow_plane_double(ad_flow_plane *plane, ad_flow_plane *half)
{
    ad_flow_plane_extend(half);
    for (int64_t y = 0; y < plane->height; ++y) {
        const float *near = ad_flow_row(half, y / 2),
                    *far = ad_flow_row(half, y / 2 + (y & 1 ? 1 : -1));
        float *to = ad_flow_row(plane, y);
        for (int64_t x = 0; x < plane->width; ++x) {
            int64_t at = x / 2, beside = at + (x & 1 ? 1 : -1);
            to[x] = 2 * (0.5625f * near[at] + 0.1875f * (near[beside] + far[at]) +
                         0.0625f * far[beside]);
        }
    }
}
