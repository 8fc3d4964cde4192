/* relax.c - the equations of a refinement, and relaxing them.
 *
 * A round takes 1 / psi from the flow as it is, which leaves two linear equations a pixel, and
 * relaxes them in two colours, as on a chessboard: what is changed at a time depends on nothing
 * that is changed with it, and can be done in any order. */
#include "flow/refine.h"

#include "base/pool.h"

enum { RELAXATIONS = 5 };

/* A sheet's values around a half row. Above the first row and below the last one is `outside`, or
 * where that is NULL the row itself. */
static ad_flow_cross cross(const ad_flow_refinement *r, int sheet, int64_t y, int odd,
                           const float *outside)
{
    const float *here = ad_flow_half(r, sheet, y, odd), *other = ad_flow_half(r, sheet, y, !odd);
    if (!outside) outside = here;
    return (ad_flow_cross){
        .here = here,
        .left = odd ? other : other - 1,
        .right = odd ? other + 1 : other,
        .up = y > 0 ? ad_flow_half(r, sheet, y - 1, odd) : outside,
        .down = y + 1 < r->height ? ad_flow_half(r, sheet, y + 1, odd) : outside,
    };
}

static ad_flow_equations equations_of(const ad_flow_refinement *r, int64_t y, int odd)
{
    return (ad_flow_equations){.u = ad_flow_half(r, FLOW_U, y, odd),
                               .v = ad_flow_half(r, FLOW_V, y, odd),
                               .a12 = ad_flow_half(r, FLOW_A12, y, odd),
                               .b1 = ad_flow_half(r, FLOW_B1, y, odd),
                               .b2 = ad_flow_half(r, FLOW_B2, y, odd),
                               .i11 = ad_flow_half(r, FLOW_I11, y, odd),
                               .i22 = ad_flow_half(r, FLOW_I22, y, odd),
                               .right = ad_flow_half(r, FLOW_RIGHT, y, odd),
                               .down = ad_flow_half(r, FLOW_DOWN, y, odd)};
}

static void robust_row(void *work, int64_t y, int worker)
{
    const ad_flow_refinement *r = work;
    (void)worker;
    for (int odd = 0; odd < 2; ++odd) {
        ad_flow_cross u = cross(r, FLOW_U, y, odd, NULL), v = cross(r, FLOW_V, y, odd, NULL);
        r->kernels->robust(&u, &v, ad_flow_half_width(r, odd),
                           ad_flow_half(r, FLOW_ROBUST, y, odd));
    }
}

static void equations_row(void *work, int64_t y, int worker)
{
    const ad_flow_refinement *r = work;
    (void)worker;
    for (int odd = 0; odd < 2; ++odd) {
        ad_flow_constraint lines[FLOW_CONSTRAINTS];
        for (int k = 0; k < FLOW_CONSTRAINTS; ++k) lines[k] = ad_flow_line(r, k, y, odd);
        ad_flow_cross robust = cross(r, FLOW_ROBUST, y, odd, r->zero);
        ad_flow_equations to = equations_of(r, y, odd);
        r->kernels->equations(lines, &robust, r->smoothness, &to, ad_flow_half_width(r, odd));
    }
}

static void relax_row(const ad_flow_refinement *r, int64_t y, int colour)
{
    int odd = (int)(y & 1) ^ colour;
    ad_flow_cross u = cross(r, FLOW_U, y, odd, NULL), v = cross(r, FLOW_V, y, odd, NULL);
    ad_flow_equations to = equations_of(r, y, odd);
    r->kernels->relax(&to, cross(r, FLOW_RIGHT, y, odd, NULL).left,
                      y > 0 ? ad_flow_half(r, FLOW_DOWN, y - 1, odd) : r->zero, &u, &v,
                      ad_flow_half_width(r, odd));
}

/* Both colours of a block of rows while it is in the caches: of a row the second one when the first
 * is done there and in the rows beside it. What touches other blocks is left for later. */
static void relax_block(void *work, int64_t index, int worker)
{
    const ad_flow_refinement *r = work;
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
    const ad_flow_refinement *r = work;
    int64_t first = index * r->block, last = first + r->block - 1;
    (void)worker;
    if (first > 0 || r->height == 1) relax_row(r, first, 1);
    if (last < r->height - 1 && last > first) relax_row(r, last, 1);
}

/* No slope towards what lies to the right of the last column. */
static void end_rows(const ad_flow_refinement *r)
{
    int64_t w = r->width;
    for (int sheet = FLOW_U; sheet <= FLOW_V; ++sheet)
        for (int64_t y = 0; y < r->height; ++y)
            ad_flow_half(r, sheet, y, w & 1)[w / 2] = ad_flow_half(r, sheet, y,
                                                                   ~w & 1)[(w - 1) / 2];
}

static void merge_row(void *work, int64_t y, int worker)
{
    const ad_flow_refinement *r = work;
    float *u = ad_flow_row(&r->level->u, y), *v = ad_flow_row(&r->level->v, y);
    (void)worker;
    for (int odd = 0; odd < 2; ++odd) {
        const float *hu = ad_flow_half(r, FLOW_U, y, odd), *hv = ad_flow_half(r, FLOW_V, y, odd);
        for (int64_t i = 0; i < ad_flow_half_width(r, odd); ++i)
            u[2 * i + odd] = hu[i], v[2 * i + odd] = hv[i];
    }
}

void ad_flow_relax(ad_context *ctx, ad_flow_refinement *r, int rounds)
{
    int64_t blocks = (r->height + r->block - 1) / r->block;
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
