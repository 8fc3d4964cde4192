/* kernels.h - the inner loops of the estimation of a flow, one build per instruction set.
 *
 * They are plain C that compilers vectorise. Sums run over eight lanes in every build and nothing
 * is contracted, so all builds give the same bits. */
#ifndef AD_FLOW_KERNELS_H
#define AD_FLOW_KERNELS_H

#include "flow/plane.h"

enum {
    FLOW_PATCH = 8, /* pixels along a side */
    FLOW_PIXELS = FLOW_PATCH * FLOW_PATCH,
    FLOW_HOLD = 50, /* what sliding a pixel costs, in squares of grey values */
};

/* A patch of the first picture: its grey values, and their slopes without the mean slope. */
typedef struct ad_flow_patch {
    float grey[FLOW_PIXELS], dx[FLOW_PIXELS], dy[FLOW_PIXELS];
    float xx, xy, yy; /* the inverse of sum (dx, dy)^T (dx, dy) + FLOW_HOLD */
} ad_flow_patch;

/* How it differs from a place in the second picture. */
typedef struct ad_flow_match {
    float error;  /* sum of squared differences from the mean difference */
    float sx, sy; /* sum of difference times slope */
    float mean;   /* difference */
} ad_flow_match;

/* A place between pixels: the whole pixel, and how far beyond it, 0 to 1. */
typedef struct ad_flow_place {
    const float *at;
    int64_t stride;
    float fx, fy;
} ad_flow_place;

/* Of every other pixel of a row: constraints z + x u + y v = 0, of brightness and of its two
 * slopes. */
enum { FLOW_CONSTRAINTS = 3 };
typedef struct ad_flow_constraint {
    float *z, *x, *y;
} ad_flow_constraint;

/* Of every other pixel of a row the equations of relax.c: what is solved for, the matrix with the
 * inverse of its diagonal, the right side, and the weights of the edges to the next pixel and to
 * the next row. */
typedef struct ad_flow_equations {
    float *u, *v, *a12, *b1, *b2, *i11, *i22, *right, *down;
} ad_flow_equations;

/* A value of every other pixel of a row, and its neighbours'. */
typedef struct ad_flow_cross {
    const float *here, *left, *right, *up, *down;
} ad_flow_cross;

typedef struct ad_flow_kernels {
    void (*patch_open)(ad_flow_patch *patch, const float *grey, int64_t stride);
    void (*patch_match)(const ad_flow_patch *patch, const ad_flow_place *place,
                        ad_flow_match *match);
    /* Adds a row of a patch's flow to what is summed, weighted by how well its pixels match. */
    void (*patch_splat)(const float *grey, const ad_flow_place *place, float mean, float u, float v,
                        float *sum_u, float *sum_v, float *sum);
    /* 1 / sqrt(|grad u|^2 + |grad v|^2 + epsilon) */
    void (*robust)(const ad_flow_cross *u, const ad_flow_cross *v, int64_t n, float *to);
    /* The equations but for u and v, from what these are now. */
    void (*equations)(const ad_flow_constraint *constraints, const ad_flow_cross *robust,
                      float smoothness, const ad_flow_equations *to, int64_t n);
    /* A step of successive over-relaxation. */
    void (*relax)(const ad_flow_equations *to, const float *left, const float *up,
                  const ad_flow_cross *u, const ad_flow_cross *v, int64_t n);
    /* (left - 8 right + ...) / 12: the slope along `step` floats. */
    void (*slope)(const float *from, int64_t step, int64_t n, float *to);
    /* Every other value: a constraint on the whole of (u, v) where (u, v) was its origin, scaled to
     * the length of its slope; 0 where `inside` is. */
    void (*constrain)(const float *z, const float *x, const float *y, const float *u,
                      const float *v, const float *inside, int64_t n, const ad_flow_constraint *to);
    /* Row y of a plane at (x + u, y + v), cubic: the mean with what is in `from`, and the
     * difference from it; `inside` is 0 where that place is outside of the plane, else 1. */
    void (*warp)(const ad_flow_plane *plane, const float *from, int64_t y, const float *u,
                 const float *v, float *mean, float *difference, float *inside);
} ad_flow_kernels;

const ad_flow_kernels *ad_flow_kernels_for(const ad_context *ctx);

#endif
