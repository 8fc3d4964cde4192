/* search.c - dense inverse search at one size (Kroeger et al. 2016, sections 2.1 and 2.2).
 *
 * Patches of the first picture lie on a grid. Each takes, of the flow that is known at its place
 * and at its neighbours', the one that matches best, and slides from there to the nearest minimum
 * of its difference (Gauss-Newton with the slopes of the first picture, whose matrix stays as it
 * is; held back a little, since noise has minima of its own). That is done several times, so that
 * what one patch found spreads: by one neighbour a pass, all patches at once, which any number of
 * threads can do alike. A pixel's flow is the mean of the patches over it, each weighted by how
 * well it matches there. */
#include "flow/estimate.h"

#include <math.h>

enum { SLIDES = 16 };

typedef struct motion {
    float u, v, mean; /* mean: of the difference of grey */
} motion;

typedef struct search {
    const ad_flow_kernels *kernels;
    ad_flow_level *level;
    int64_t stride, across, down; /* patches along the sides */
    motion *before, *found;       /* [down, across] */
    ad_flow_plane sum;            /* of weights */
} search;

static int64_t patches_along(int64_t side, int64_t stride)
{
    return (side - FLOW_PATCH + stride - 1) / stride + 1;
}

/* Where a patch begins; the last one ends with the picture. */
static int64_t patch_at(int64_t index, int64_t stride, int64_t side)
{
    return index * stride < side - FLOW_PATCH ? index * stride : side - FLOW_PATCH;
}

static float within(float x, float low, float high)
{
    return x > low ? (x < high ? x : high) : low;
}

/* A place outside of the picture is brought to where FLOW_PAD still has values. */
static ad_flow_place place_of(const ad_flow_plane *plane, int64_t x, int64_t y, const motion *m)
{
    float px = within((float)x + m->u, -FLOW_PATCH, (float)plane->width),
          py = within((float)y + m->v, -FLOW_PATCH, (float)plane->height);
    int64_t ix = (int64_t)(px + FLOW_PATCH) - FLOW_PATCH,
            iy = (int64_t)(py + FLOW_PATCH) - FLOW_PATCH;
    return (ad_flow_place){.at = ad_flow_row(plane, iy) + ix,
                           .stride = plane->stride,
                           .fx = px - (float)ix,
                           .fy = py - (float)iy};
}

static ad_flow_match match_of(const search *s, const ad_flow_patch *patch, int64_t x, int64_t y,
                              const motion *m)
{
    ad_flow_match match;
    ad_flow_place place = place_of(&s->level->to, x, y, m);
    s->kernels->patch_match(patch, &place, &match);
    return match;
}

/* From `m` downhill, for as long as the difference shrinks by more than the way costs. */
static motion slide(const search *s, const ad_flow_patch *patch, int64_t x, int64_t y, motion m,
                    ad_flow_match match)
{
    float far_u = 0, far_v = 0;
    for (int i = 0; i < SLIDES; ++i) {
        float sx = match.sx + FLOW_HOLD * far_u, sy = match.sy + FLOW_HOLD * far_v;
        float step_u = -(patch->xx * sx + patch->xy * sy),
              step_v = -(patch->xy * sx + patch->yy * sy);
        motion next = {.u = m.u + step_u, .v = m.v + step_v};
        float next_u = far_u + step_u, next_v = far_v + step_v,
              way = next_u * next_u + next_v * next_v;
        if (!(way < FLOW_PATCH * FLOW_PATCH)) break;
        ad_flow_match there = match_of(s, patch, x, y, &next);
        float before = match.error + FLOW_HOLD * (far_u * far_u + far_v * far_v);
        if (there.error + FLOW_HOLD * way >= before) break;
        m = next, match = there, far_u = next_u, far_v = next_v;
        if (step_u * step_u + step_v * step_v < 1e-4f) break;
    }
    m.mean = match.mean;
    return m;
}

static void search_row(void *work, int64_t j, int worker)
{
    const search *s = work;
    const ad_flow_plane *from = &s->level->from;
    static const int beside[5][2] = {{0, 0}, {-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    int64_t y = patch_at(j, s->stride, from->height);
    (void)worker;
    for (int64_t i = 0; i < s->across; ++i) {
        int64_t x = patch_at(i, s->stride, from->width);
        ad_flow_patch patch;
        ad_flow_match best = {.error = INFINITY};
        motion start = {0};
        s->kernels->patch_open(&patch, ad_flow_row(from, y) + x, from->stride);
        for (int k = 0; k < 5; ++k) {
            int64_t ni = i + beside[k][0], nj = j + beside[k][1];
            if (ni < 0 || nj < 0 || ni >= s->across || nj >= s->down) continue;
            const motion *m = &s->before[nj * s->across + ni];
            ad_flow_match match = match_of(s, &patch, x, y, m);
            if (match.error < best.error) best = match, start = *m;
        }
        s->found[j * s->across + i] = slide(s, &patch, x, y, start, best);
    }
}

static void splat_row(void *work, int64_t y, int worker)
{
    const search *s = work;
    const ad_flow_level *l = s->level;
    float *u = ad_flow_row(&l->u, y), *v = ad_flow_row(&l->v, y), *sum = ad_flow_row(&s->sum, y);
    (void)worker;
    for (int64_t x = 0; x < l->u.width; ++x) u[x] = v[x] = sum[x] = 0;
    int64_t first = y / s->stride - FLOW_PATCH; /* or somewhat further down */
    for (int64_t j = first > 0 ? first : 0; j < s->down; ++j) {
        int64_t top = patch_at(j, s->stride, l->from.height);
        if (top > y) break;
        if (top + FLOW_PATCH <= y) continue;
        for (int64_t i = 0; i < s->across; ++i) {
            int64_t x = patch_at(i, s->stride, l->from.width);
            const motion *m = &s->found[j * s->across + i];
            ad_flow_place place = place_of(&l->to, x, top, m);
            place.at += (y - top) * place.stride;
            s->kernels->patch_splat(ad_flow_row(&l->from, y) + x, &place, m->mean, m->u, m->v,
                                    u + x, v + x, sum + x);
        }
    }
    for (int64_t x = 0; x < l->u.width; ++x) u[x] /= sum[x], v[x] /= sum[x];
}

/* What is known in the middle of each patch. */
static void begin(search *s)
{
    const ad_flow_level *l = s->level;
    for (int64_t j = 0; j < s->down; ++j)
        for (int64_t i = 0; i < s->across; ++i) {
            int64_t x = patch_at(i, s->stride, l->from.width) + FLOW_PATCH / 2,
                    y = patch_at(j, s->stride, l->from.height) + FLOW_PATCH / 2;
            s->found[j * s->across + i] = (motion){.u = ad_flow_row(&l->u, y)[x],
                                                   .v = ad_flow_row(&l->v, y)[x]};
        }
}

ad_status ad_flow_search(ad_context *ctx, ad_flow_level *level, int stride, int passes)
{
    const ad_flow_plane *from = &level->from;
    if (from->width < FLOW_PATCH || from->height < FLOW_PATCH) return AD_OK;
    search s = {.kernels = ad_flow_kernels_for(ctx),
                .level = level,
                .stride = stride,
                .across = patches_along(from->width, stride),
                .down = patches_along(from->height, stride)};
    size_t bytes = ad_bytes(s.across * s.down, sizeof(motion));
    ad_status status = AD_ERROR_MEMORY;
    s.before = ad_alloc(ctx, bytes), s.found = ad_alloc(ctx, bytes);
    if (s.before && s.found) status = ad_flow_plane_new(&s.sum, ctx, from->width, from->height);
    if (!status) begin(&s);
    for (int pass = 0; !status && pass < passes; ++pass) {
        motion *last = s.before;
        s.before = s.found, s.found = last;
        ad_flow_rows(ctx, FLOW_PIXELS * s.across, s.down, search_row, &s);
    }
    if (!status) ad_flow_rows(ctx, from->width, from->height, splat_row, &s);
    ad_flow_plane_free(&s.sum, ctx);
    ad_free(ctx, s.before, bytes);
    ad_free(ctx, s.found, bytes);
    return status;
}
