/* refine.h - what the parts of a refinement share: refine.c says what it is.
 *
 *   constraints.c   what the pictures ask for, as linear constraints
 *   relax.c         the equations, and relaxing them */
#ifndef AD_FLOW_REFINE_H
#define AD_FLOW_REFINE_H

#include "flow/estimate.h"

/* Sheets, whose rows are stored as their even and then their odd pixels: two half rows, so that
 * every other pixel lies beside the next. What lies around a half row is 0 unless it is written. */
enum {
    FLOW_U,
    FLOW_V,
    FLOW_ROBUST,
    FLOW_A12,
    FLOW_B1,
    FLOW_B2,
    FLOW_I11,
    FLOW_I22,
    FLOW_RIGHT,
    FLOW_DOWN,
    FLOW_LINES, /* z, x and y of each constraint */
    FLOW_SHEETS = FLOW_LINES + 3 * FLOW_CONSTRAINTS,
};

/* Planes: mean and difference of the pictures, their slopes, and where the second one is inside. */
enum {
    FLOW_MEAN,
    FLOW_DIFFERENCE,
    FLOW_MEAN_X,
    FLOW_MEAN_Y,
    FLOW_DIFFERENCE_X,
    FLOW_DIFFERENCE_Y,
    FLOW_INSIDE,
    FLOW_PLANES,
};

enum { FLOW_HALF_PAD = 16 }; /* floats before and behind a half row */

typedef struct ad_flow_refinement {
    const ad_flow_kernels *kernels;
    ad_flow_level *level;
    int64_t width, height, half; /* floats from half row to half row */
    float smoothness;
    int64_t block;        /* rows of a task of relaxation */
    float *sheets, *zero; /* [FLOW_SHEETS, height, 2, half]; a half row of zeros */
    ad_flow_plane plane[FLOW_PLANES];
    float *scratch; /* three rows per worker */
    size_t sheet_bytes, scratch_bytes;
} ad_flow_refinement;

static inline float *ad_flow_half(const ad_flow_refinement *r, int sheet, int64_t y, int64_t odd)
{
    return r->sheets + ((sheet * r->height + y) * 2 + odd) * r->half + FLOW_HALF_PAD;
}

static inline int64_t ad_flow_half_width(const ad_flow_refinement *r, int64_t odd)
{
    return (r->width + 1 - odd) / 2;
}

static inline ad_flow_constraint ad_flow_line(const ad_flow_refinement *r, int k, int64_t y,
                                              int odd)
{
    return (ad_flow_constraint){ad_flow_half(r, FLOW_LINES + 3 * k, y, odd),
                                ad_flow_half(r, FLOW_LINES + 3 * k + 1, y, odd),
                                ad_flow_half(r, FLOW_LINES + 3 * k + 2, y, odd)};
}

/* From the level's flow its constraints, and the sheets of u and v. */
void ad_flow_constrain(ad_context *ctx, ad_flow_refinement *r);
/* The level's flow from the constraints. */
void ad_flow_relax(ad_context *ctx, ad_flow_refinement *r, int rounds);

#endif
