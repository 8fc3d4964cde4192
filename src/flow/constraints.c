/* constraints.c - what the pictures ask of a flow: that brightness and its two slopes stay, each
 * linear about the flow that is known (refine.c). */
#include "flow/refine.h"

#include <string.h>

enum { SLOPES_PAD = 2 }; /* pixels that a slope reaches beyond the picture */

static void extend_row(const ad_flow_refinement *r, int plane, int64_t y)
{
    float *row = ad_flow_row(&r->plane[plane], y), *end = row + r->width;
    row[-2] = row[-1] = row[0];
    end[0] = end[1] = end[-1];
}

static void extend_down(const ad_flow_refinement *r, int plane)
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
    const ad_flow_refinement *r = work;
    const ad_flow_level *l = r->level;
    (void)worker;
    r->kernels->warp(&l->to, ad_flow_row(&l->from, y), y, ad_flow_row(&l->u, y),
                     ad_flow_row(&l->v, y), ad_flow_row(&r->plane[FLOW_MEAN], y),
                     ad_flow_row(&r->plane[FLOW_DIFFERENCE], y),
                     ad_flow_row(&r->plane[FLOW_INSIDE], y));
    extend_row(r, FLOW_MEAN, y);
    extend_row(r, FLOW_DIFFERENCE, y);
}

static void slope_row(void *work, int64_t y, int worker)
{
    const ad_flow_refinement *r = work;
    const ad_flow_plane *p = r->plane;
    (void)worker;
    for (int i = FLOW_MEAN; i <= FLOW_DIFFERENCE; ++i) {
        const float *row = ad_flow_row(&p[i], y);
        int x_slope = i == FLOW_MEAN ? FLOW_MEAN_X : FLOW_DIFFERENCE_X;
        r->kernels->slope(row, 1, r->width, ad_flow_row(&p[x_slope], y));
        r->kernels->slope(row, p[i].stride, r->width, ad_flow_row(&p[x_slope + 1], y));
    }
    extend_row(r, FLOW_MEAN_X, y);
    extend_row(r, FLOW_MEAN_Y, y);
}

static void constrain_row(void *work, int64_t y, int worker)
{
    const ad_flow_refinement *r = work;
    const ad_flow_plane *p = r->plane;
    int64_t size = p[FLOW_MEAN].stride;
    float *xx = r->scratch + 3 * worker * size, *xy = xx + size, *yy = xy + size;
    const float *mean_x = ad_flow_row(&p[FLOW_MEAN_X], y),
                *mean_y = ad_flow_row(&p[FLOW_MEAN_Y], y);
    const float *u = ad_flow_row(&r->level->u, y), *v = ad_flow_row(&r->level->v, y);
    const float *inside = ad_flow_row(&p[FLOW_INSIDE], y);
    r->kernels->slope(mean_x, 1, r->width, xx);
    r->kernels->slope(mean_x, size, r->width, xy);
    r->kernels->slope(mean_y, size, r->width, yy);
    const float *const line[3][3] = {
        {ad_flow_row(&p[FLOW_DIFFERENCE], y), mean_x, mean_y},
        {ad_flow_row(&p[FLOW_DIFFERENCE_X], y), xx, xy},
        {ad_flow_row(&p[FLOW_DIFFERENCE_Y], y), xy, yy},
    };
    for (int odd = 0; odd < 2; ++odd) {
        int64_t n = ad_flow_half_width(r, odd);
        for (int k = 0; k < FLOW_CONSTRAINTS; ++k) {
            ad_flow_constraint to = ad_flow_line(r, k, y, odd);
            r->kernels->constrain(line[k][0] + odd, line[k][1] + odd, line[k][2] + odd, u + odd,
                                  v + odd, inside + odd, n, &to);
        }
        float *hu = ad_flow_half(r, FLOW_U, y, odd), *hv = ad_flow_half(r, FLOW_V, y, odd);
        for (int64_t i = 0; i < n; ++i) hu[i] = u[2 * i + odd], hv[i] = v[2 * i + odd];
    }
}

void ad_flow_constrain(ad_context *ctx, ad_flow_refinement *r)
{
    ad_flow_rows(ctx, r->width, r->height, warp_row, r);
    extend_down(r, FLOW_MEAN), extend_down(r, FLOW_DIFFERENCE);
    ad_flow_rows(ctx, r->width, r->height, slope_row, r);
    extend_down(r, FLOW_MEAN_X), extend_down(r, FLOW_MEAN_Y);
    ad_flow_rows(ctx, r->width, r->height, constrain_row, r);
}
