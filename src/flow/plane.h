/* plane.h - the sheets of numbers that the estimation of a flow works on. */
#ifndef AD_FLOW_PLANE_H
#define AD_FLOW_PLANE_H

#include <autodidact/flow.h>

#include "base/context.h"

enum { FLOW_PAD = 16 }; /* pixels around a plane that hold its border's values */

/* One number a pixel, rows one after another; row 0 begins at `data`, and FLOW_PAD rows and columns
 * lie around it. */
typedef struct ad_flow_plane {
    int64_t width, height, stride;
    float *data;
    float *memory;
    size_t bytes;
} ad_flow_plane;

/* All zero. AD_ERROR_MEMORY leaves an empty plane, which may be freed. */
ad_status ad_flow_plane_new(ad_flow_plane *plane, ad_context *ctx, int64_t width, int64_t height);
void ad_flow_plane_free(ad_flow_plane *plane, ad_context *ctx);

static inline float *ad_flow_row(const ad_flow_plane *plane, int64_t y)
{
    return plane->data + y * plane->stride;
}

/* Fills what lies around the plane with the nearest value of it. */
void ad_flow_plane_extend(ad_flow_plane *plane);

/* A picture as grey of 0 to 255, extended. */
ad_status ad_flow_plane_grey(ad_flow_plane *plane, ad_context *ctx, const ad_image *image);
/* Half as large (odd sides rounded up), each value the mean of four; extended. Pixel x of it covers
 * pixels 2x and 2x + 1. */
ad_status ad_flow_plane_halve(ad_flow_plane *half, ad_context *ctx, const ad_flow_plane *plane);
/* A component of a flow, brought from half of a size (which is extended) to it: bilinear, and twice
 * as far. */
void ad_flow_plane_double(ad_flow_plane *plane, ad_flow_plane *half);

#endif
