/* patch.c - the kernels of the search: a patch against a place in the other picture. */
#include "flow/kernels/builds.h"

#include <string.h>

enum { LANES = FLOW_PATCH };

static float total(const float *lane)
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static void without_mean(float *value)
{
    float lane[LANES] = {0};
    for (int j = 0; j < FLOW_PIXELS; j += LANES)
        for (int i = 0; i < LANES; ++i) lane[i] += value[j + i];
    float mean = total(lane) / FLOW_PIXELS;
    for (int i = 0; i < FLOW_PIXELS; ++i) value[i] -= mean;
}

static float product(const float *a, const float *b)
{
    float lane[LANES] = {0};
    for (int j = 0; j < FLOW_PIXELS; j += LANES)
        for (int i = 0; i < LANES; ++i) lane[i] += a[j + i] * b[j + i];
    return total(lane);
}

void AD_ISA_NAME(ad_flow_patch_open)(ad_flow_patch *patch, const float *grey, int64_t stride)
{
    for (int j = 0; j < FLOW_PATCH; ++j) {
        const float *row = grey + j * stride, *above = row - stride, *below = row + stride;
        for (int i = 0; i < LANES; ++i) {
            patch->grey[j * LANES + i] = row[i];
            patch->dx[j * LANES + i] = 0.5f * (row[i + 1] - row[i - 1]);
            patch->dy[j * LANES + i] = 0.5f * (below[i] - above[i]);
        }
    }
    without_mean(patch->dx);
    without_mean(patch->dy);
    float xx = product(patch->dx, patch->dx) + FLOW_HOLD,
          yy = product(patch->dy, patch->dy) + FLOW_HOLD, xy = product(patch->dx, patch->dy);
    float determinant = xx * yy - xy * xy;
    patch->xx = yy / determinant, patch->xy = -xy / determinant, patch->yy = xx / determinant;
}

/* A row of the place, between its pixels. */
#define BETWEEN(i) (w00 * a[i] + w01 * a[(i) + 1] + (w10 * b[i] + w11 * b[(i) + 1]))
#define WEIGHTS(place)                                                                             \
    float w11 = (place)->fx * (place)->fy, w01 = (place)->fx - w11, w10 = (place)->fy - w11,       \
          w00 = 1 - (place)->fx - w10

void AD_ISA_NAME(ad_flow_patch_match)(const ad_flow_patch *patch, const ad_flow_place *place,
                                      ad_flow_match *match)
{
    WEIGHTS(place);
    float sum[LANES] = {0}, squares[LANES] = {0}, sx[LANES] = {0}, sy[LANES] = {0};
    const float *a = place->at, *grey = patch->grey, *dx = patch->dx, *dy = patch->dy;
    for (int j = 0; j < FLOW_PATCH; ++j, a += place->stride) {
        const float *b = a + place->stride;
        for (int i = 0; i < LANES; ++i) {
            float d = BETWEEN(i) - grey[j * LANES + i];
            sum[i] += d;
            squares[i] += d * d;
            sx[i] += d * dx[j * LANES + i];
            sy[i] += d * dy[j * LANES + i];
        }
    }
    match->mean = total(sum) / FLOW_PIXELS;
    match->error = total(squares) - total(sum) * match->mean;
    match->sx = total(sx), match->sy = total(sy);
}

void AD_ISA_NAME(ad_flow_patch_splat)(const float *grey, const ad_flow_place *place, float mean,
                                      float u, float v, float *restrict sum_u,
                                      float *restrict sum_v, float *restrict sum)
{
    WEIGHTS(place);
    const float *a = place->at, *b = a + place->stride;
    for (int i = 0; i < LANES; ++i) {
        float d = BETWEEN(i) - grey[i] - mean, fit = 1 / (1 + d * d), weight = fit * fit;
        sum_u[i] += weight * u;
        sum_v[i] += weight * v;
        sum[i] += weight;
    }
}
