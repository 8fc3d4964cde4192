/* refine.c - the variational refinement of a flow at one size: the (u, v) near the one given that
 * makes least
 *
 *     sum of  5 psi(brightness stays)  +  10 psi(its two slopes stay)  +  smoothness psi(grad u,
 * grad v), psi(s^2) = sqrt(s^2 + epsilon^2)
 *
 * (Brox et al. 2004). Each constraint is linear about the flow given, z + x u + y v = 0, and scaled
 * to the length of (x, y), so that strong edges do not count for more (Zimmer et al. 2011); that is
 * done twice, the second time about what the first one found. Each
 * round takes 1 / psi from the flow as it is, which leaves linear equations, and relaxes them.
 *
 * Relaxing goes in two colours, as on a chessboard: what is changed at a time depends on nothing
 * that is changed with it, and can be done in any order. So that a colour lies together, rows are
 * stored as their even and then their odd pixels: two half rows. */
#include "flow/estimate.h"

#include "base/pool.h"

#include <string.h>

enum { BLOCK_PIXELS = 16384 };
enum { WARPS = 2, RELAXATIONS = 5, PAD = 16, SLOPES_PAD = 2 };

/* Sheets of half rows. */
enum { U, V, ROBUST, A12, B1, B2, I11, I22, RIGHT, DOWN, CONSTRAINTS, SHEETS = CONSTRAINTS + 9 };
/* Planes: mean and difference of the pictures, and their slopes. */
enum { MEAN, DIFFERENCE, MEAN_X, MEAN_Y, DIFFERENCE_X, DIFFERENCE_Y, INSIDE, PLANES };

typedef struct refinement {
    const ad_flow_kernels *kernels;
    ad_flow_level *level;
    int64_t width, height, half; /* floats from half row to half row */
    float smoothness;
    int64_t block;        /* rows of a task of relaxation */
    float *sheets, *zero; /* [SHEETS, height, 2, half]; a half row of zeros */
    ad_flow_plane plane[PLANES];
    float *scratch; /* three rows per worker */
    size_t sheet_bytes, scratch_bytes;
} refinement;

static float *half_row(const refinement *r, int sheet, int64_t y, int64_t odd)
{
    return r->sheets + ((sheet * r->height + y) * 2 + odd) * r->half + PAD;
}

static int64_t half_width(const refinement *r, int64_t odd)
{
    return (r->width + 1 - odd) / 2;
}

/* ---- the constraints ---- */

static void extend_row(const refinement *r, int plane, int64_t y)
{
    float *row = ad_flow_row(&r->plane[plane], y), *end = row + r->width;
    row[-2] = row[-1] = row[0];
    end[0] = end[1] = end[-1];
}

static void extend_down(const refinement *r, int plane)
{
    const ad_flow_plane *p = &r->plane[plane];
    size_t bytes = (size_t)(r->width + 2 * SLOPES_PAD) * sizeof(float);
    for (int i = 1; i <= SLOPES_PAD; ++i) {
        memcpy(ad_flow_row(p, -i) - SLOPES_PAD, ad_flow_row(p, 0) - SLOPES_PAD, bytes);
        memcpy(ad_flow_row(p, r->height - 1 + i) - SLOPES_PAD,
               ad_flow_row(p, r->height - 1) - SLOPES_PAD, bytes);
    }
}

static void warp_row(void *work, int64_t y, int worker)
{
    const refinement *r = work;
    const ad_flow_level *l = r->level;
    (void)worker;
    r->kernels->warp(&l->to, ad_flow_row(&l->from, y), y, ad_flow_row(&l->u, y),
                     ad_flow_row(&l->v, y), ad_flow_row(&r->plane[MEAN], y),
                     ad_flow_row(&r->plane[DIFFERENCE], y), ad_flow_row(&r->plane[INSIDE], y));
    extend_row(r, MEAN, y);
    extend_row(r, DIFFERENCE, y);
}

static void slope_row(void *work, int64_t y, int worker)
{
    const refinement *r = work;
    const ad_flow_plane *p = r->plane;
    (void)worker;
    for (int i = MEAN; i <= DIFFERENCE; ++i) {
        const float *row = ad_flow_row(&p[i], y);
        int x_slope = i == MEAN ? MEAN_X : DIFFERENCE_X;
        r->kernels->slope(row, 1, r->width, ad_flow_row(&p[x_slope], y));
        r->kernels->slope(row, p[i].stride, r->width, ad_flow_row(&p[x_slope + 1], y));
    }
    extend_row(r, MEAN_X, y);
    extend_row(r, MEAN_Y, y);
}

static void constrain_row(void *work, int64_t y, int worker)
{
    const refinement *r = work;
    const ad_flow_plane *p = r->plane;
    int64_t size = p[MEAN].stride;
    float *xx = r->scratch + 3 * worker * size, *xy = xx + size, *yy = xy + size;
    const float *mean_x = ad_flow_row(&p[MEAN_X], y), *mean_y = ad_flow_row(&p[MEAN_Y], y);
    const float *u = ad_flow_row(&r->level->u, y), *v = ad_flow_row(&r->level->v, y);
    const float *inside = ad_flow_row(&p[INSIDE], y);
    r->kernels->slope(mean_x, 1, r->width, xx);
    r->kernels->slope(mean_x, size, r->width, xy);
    r->kernels->slope(mean_y, size, r->width, yy);
    const float *const line[3][3] = {
        {ad_flow_row(&p[DIFFERENCE], y), mean_x, mean_y},
        {ad_flow_row(&p[DIFFERENCE_X], y), xx, xy},
        {ad_flow_row(&p[DIFFERENCE_Y], y), xy, yy},
    };
    for (int odd = 0; odd < 2; ++odd) {
        int64_t n = half_width(r, odd);
        for (int k = 0; k < FLOW_CONSTRAINTS; ++k)
            r->kernels->constrain(
                line[k][0] + odd, line[k][1] + odd, line[k][2] + odd, u + odd, v + odd,
                inside + odd, n,
                &(ad_flow_constraint){half_row(r, CONSTRAINTS + 3 * k, y, odd),
                                      half_row(r, CONSTRAINTS + 3 * k + 1, y, odd),
                                      half_row(r, CONSTRAINTS + 3 * k + 2, y, odd)});
        float *hu = half_row(r, U, y, odd), *hv = half_row(r, V, y, odd);
        for (int64_t i = 0; i < n; ++i) hu[i] = u[2 * i + odd], hv[i] = v[2 * i + odd];
    }
}

/* ---- solving ---- */

/* A sheet's values around a half row. Above the first row and below the last one is `outside`, or
 * where that is NULL the row itself. */
static ad_flow_cross cross(const refinement *r, int sheet, int64_t y, int odd, const float *outside)
{
    const float *here = half_row(r, sheet, y, odd), *other = half_row(r, sheet, y, !odd);
    if (!outside) outside = here;
    return (ad_flow_cross){
        .here = here,
        .left = odd ? other : other - 1,
        .right = odd ? other + 1 : other,
        .up = y > 0 ? half_row(r, sheet, y - 1, odd) : outside,
        .down = y + 1 < r->height ? half_row(r, sheet, y + 1, odd) : outside,
    };
}

static ad_flow_equations equations_of(const refinement *r, int64_t y, int odd)
{
    return (ad_flow_equations){.u = half_row(r, U, y, odd),
                               .v = half_row(r, V, y, odd),
                               .a12 = half_row(r, A12, y, odd),
                               .b1 = half_row(r, B1, y, odd),
                               .b2 = half_row(r, B2, y, odd),
                               .i11 = half_row(r, I11, y, odd),
                               .i22 = half_row(r, I22, y, odd),
                               .right = half_row(r, RIGHT, y, odd),
                               .down = half_row(r, DOWN, y, odd)};
}

static void robust_row(void *work, int64_t y, int worker)
{
    const refinement *r = work;
    (void)worker;
    for (int odd = 0; odd < 2; ++odd) {
        ad_flow_cross u = cross(r, U, y, odd, NULL), v = cross(r, V, y, odd, NULL);
        r->kernels->robust(&u, &v, half_width(r, odd), half_row(r, ROBUST, y, odd));
    }
}

static void equations_row(void *work, int64_t y, int worker)
{
    const refinement *r = work;
    (void)worker;
    for (int odd = 0; odd < 2; ++odd) {
        ad_flow_constraint lines[FLOW_CONSTRAINTS];
        for (int k = 0; k < FLOW_CONSTRAINTS; ++k)
            lines[k] = (ad_flow_constraint){half_row(r, CONSTRAINTS + 3 * k, y, odd),
                                            half_row(r, CONSTRAINTS + 3 * k + 1, y, odd),
                                            half_row(r, CONSTRAINTS + 3 * k + 2, y, odd)};
        ad_flow_cross robust = cross(r, ROBUST, y, odd, r->zero);
        ad_flow_equations to = equations_of(r, y, odd);
        r->kernels->equations(lines, &robust, r->smoothness, &to, half_width(r, odd));
    }
}

static void relax_row(const refinement *r, int64_t y, int colour)
{
    int odd = (int)(y & 1) ^ colour;
    ad_flow_cross u = cross(r, U, y, odd, NULL), v = cross(r, V, y, odd, NULL);
    ad_flow_equations to = equations_of(r, y, odd);
    r->kernels->relax(&to, cross(r, RIGHT, y, odd, NULL).left,
                      y > 0 ? half_row(r, DOWN, y - 1, odd) : r->zero, &u, &v, half_width(r, odd));
}

/* Both colours of a block of rows while it is in the caches: of a row the second one when the first
 * is done there and in the rows beside it. What touches other blocks is left for later. */
static void relax_block(void *work, int64_t index, int worker)
{
    const refinement *r = work;
    int64_t y = index * r->block,
            last = y + r->block < r->height ? y + r->block - 1 : r->height - 1;
    (void)worker;
    for (int64_t first = y; y <= last; ++y) {
        relax_row(r, y, 0);
        if (y - 1 > first || y == 1) relax_row(r, y - 1, 1);
    }
    if (last == r->height - 1 && last > index * r->block) relax_row(r, last, 1);
}

static void relax_seams(void *work, int64_t index, int worker)
{
    const refinement *r = work;
    int64_t first = index * r->block, last = first + r->block - 1;
    (void)worker;
    if (first > 0 || r->height == 1) relax_row(r, first, 1);
    if (last < r->height - 1 && last > first) relax_row(r, last, 1);
}

/* No slope towards what lies to the right of the last column. */
static void end_rows(const refinement *r)
{
    int64_t w = r->width;
    for (int sheet = U; sheet <= V; ++sheet)
        for (int64_t y = 0; y < r->height; ++y)
            half_row(r, sheet, y, w & 1)[w / 2] = half_row(r, sheet, y, ~w & 1)[(w - 1) / 2];
}

static void merge_row(void *work, int64_t y, int worker)
{
    const refinement *r = work;
    float *u = ad_flow_row(&r->level->u, y), *v = ad_flow_row(&r->level->v, y);
    (void)worker;
    for (int odd = 0; odd < 2; ++odd) {
        const float *hu = half_row(r, U, y, odd), *hv = half_row(r, V, y, odd);
        for (int64_t i = 0; i < half_width(r, odd); ++i)
            u[2 * i + odd] = hu[i], v[2 * i + odd] = hv[i];
    }
}

static void solve(ad_context *ctx, refinement *r, int rounds)
{
    int64_t blocks = (r->height + r->block - 1) / r->block;
    ad_flow_rows(ctx, r->width, r->height, warp_row, r);
    extend_down(r, MEAN), extend_down(r, DIFFERENCE);
    ad_flow_rows(ctx, r->width, r->height, slope_row, r);
    extend_down(r, MEAN_X), extend_down(r, MEAN_Y);
    ad_flow_rows(ctx, r->width, r->height, constrain_row, r);
    for (int round = 0; round < rounds; ++round) {
        end_rows(r);
        ad_flow_rows(ctx, r->width, r->height, robust_row, r);
        ad_flow_rows(ctx, r->width, r->height, equations_row, r);
        for (int i = 0; i < RELAXATIONS; ++i) {
            ad_parallel(ad_context_pool(ctx), blocks, relax_block, r);
            ad_parallel(ad_context_pool(ctx), blocks, relax_seams, r);
        }
    }
    ad_flow_rows(ctx, r->width, r->height, merge_row, r);
}

ad_status ad_flow_refine(ad_context *ctx, ad_flow_level *level, double smoothness, int rounds)
{
    refinement r = {.kernels = ad_flow_kernels_for(ctx),
                    .level = level,
                    .width = level->u.width,
                    .height = level->u.height,
                    .smoothness = (float)smoothness};
    ad_status status = AD_OK;
    r.block = BLOCK_PIXELS / r.width + 2;
    r.half = ((r.width + 1) / 2 + 2 * PAD + 15) / 16 * 16;
    r.sheet_bytes = ad_bytes((SHEETS * r.height * 2 + 1) * r.half, sizeof(float));
    r.scratch_bytes = ad_bytes(3 * ad_pool_size(ad_context_pool(ctx)) * level->u.stride,
                               sizeof(float));
    for (int i = 0; i < PLANES && !status; ++i)
        status = ad_flow_plane_new(&r.plane[i], ctx, r.width, r.height);
    if (!status && !(r.sheets = ad_zalloc(ctx, r.sheet_bytes))) status = AD_ERROR_MEMORY;
    if (!status && !(r.scratch = ad_zalloc(ctx, r.scratch_bytes))) status = AD_ERROR_MEMORY;
    if (!status) {
        r.zero = half_row(&r, SHEETS, 0, 0);
        for (int i = 0; i < WARPS; ++i) solve(ctx, &r, rounds);
    }
    ad_free(ctx, r.scratch, r.scratch_bytes);
    ad_free(ctx, r.sheets, r.sheet_bytes);
    for (int i = 0; i < PLANES; ++i) ad_flow_plane_free(&r.plane[i], ctx);
    return status;
}
