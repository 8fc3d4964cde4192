/* flow.c - from two pictures to a flow, over a pyramid of their sizes from small to large. */
#include "flow/estimate.h"

#include "base/cpu.h"
#include "base/finite.h"
#include "base/pool.h"
#include "device/cpu/isa.h"

#include <string.h>

enum {
    MOST_LEVELS = 24,
    PIXELS_PER_TASK = 6144, /* fewer are not worth another thread */
    PASSES = 10,            /* of the search; one at full size, where what is found is near */
};

/* ---- the builds of the kernels ---- */

#define DECLARE(isa, level, unused) extern const ad_flow_kernels ad_flow_kernels_##isa;
AD_FOR_ISAS(DECLARE, )

const ad_flow_kernels *ad_flow_kernels_for(const ad_context *ctx)
{
#define ROW(isa, level, unused) [level] = &ad_flow_kernels_##isa,
    static const ad_flow_kernels *const builds[] = {AD_FOR_ISAS(ROW, )};
    return builds[ad_context_isa_level(ctx)];
}

typedef struct rows {
    ad_flow_row_work *row;
    void *work;
    int64_t height, per_task;
} rows;

static void rows_task(void *user, int64_t index, int worker)
{
    const rows *r = user;
    int64_t end = (index + 1) * r->per_task;
    for (int64_t y = index * r->per_task; y < end && y < r->height; ++y) r->row(r->work, y, worker);
}

void ad_flow_rows(ad_context *ctx, int64_t width, int64_t height, ad_flow_row_work *row, void *work)
{
    rows r = {.row = row, .work = work, .height = height, .per_task = PIXELS_PER_TASK / width + 1};
    ad_parallel(ad_context_pool(ctx), (height + r.per_task - 1) / r.per_task, rows_task, &r);
}

/* ---- flows ---- */

static size_t flow_bytes(int64_t width, int64_t height)
{
    int64_t count;
    return __builtin_mul_overflow(width, height, &count) ? SIZE_MAX
                                                         : ad_bytes(count, 2 * sizeof(float));
}

ad_status ad_flow_new(ad_context *ctx, int64_t width, int64_t height, ad_flow **out)
{
    *out = NULL;
    if (width < 1 || height < 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "a flow of %lld x %lld pixels cannot be made",
                       (long long)width, (long long)height);
    ad_flow *flow = ad_zalloc(ctx, sizeof *flow);
    if (!flow) return AD_ERROR_MEMORY;
    *flow = (ad_flow){.width = width, .height = height, .ctx = ctx};
    flow->data = ad_zalloc(ctx, flow_bytes(width, height));
    if (!flow->data) {
        ad_free(ctx, flow, sizeof *flow);
        return AD_ERROR_MEMORY;
    }
    *out = flow;
    return AD_OK;
}

void ad_flow_free(ad_flow *flow)
{
    if (!flow) return;
    ad_free(flow->ctx, flow->data, flow_bytes(flow->width, flow->height));
    ad_free(flow->ctx, flow, sizeof *flow);
}

/* ---- estimation ---- */

typedef struct estimation {
    ad_context *ctx;
    ad_flow_options options;
    ad_flow_level level[MOST_LEVELS]; /* from the pictures' own size down */
    int levels;
} estimation;

/* How often the pictures are halved: until the longer side is a few patches, and no further than
 * that the shorter one still holds a patch. */
static int levels_for(int64_t width, int64_t height)
{
    int64_t longer = width > height ? width : height, shorter = width > height ? height : width;
    int levels = 1;
    while (levels < MOST_LEVELS && longer >= 6 * FLOW_PATCH && shorter >= 2 * FLOW_PATCH)
        longer = (longer + 1) / 2, shorter = (shorter + 1) / 2, ++levels;
    return levels;
}

static ad_status build_pyramid(estimation *e, const ad_image *from, const ad_image *to)
{
    e->levels = levels_for(from->width, from->height);
    ad_flow_level *l = e->level;
    ad_status status = ad_flow_plane_grey(&l->from, e->ctx, from);
    if (!status) status = ad_flow_plane_grey(&l->to, e->ctx, to);
    for (int i = 0; i < e->levels && !status; ++i, ++l) {
        if (i) status = ad_flow_plane_halve(&l->from, e->ctx, &l[-1].from);
        if (i && !status) status = ad_flow_plane_halve(&l->to, e->ctx, &l[-1].to);
        if (!status) status = ad_flow_plane_new(&l->u, e->ctx, l->from.width, l->from.height);
        if (!status) status = ad_flow_plane_new(&l->v, e->ctx, l->from.width, l->from.height);
    }
    return status;
}

static void free_pyramid(estimation *e)
{
    for (int i = 0; i < MOST_LEVELS; ++i) {
        ad_flow_level *l = &e->level[i];
        ad_flow_plane_free(&l->from, e->ctx), ad_flow_plane_free(&l->to, e->ctx);
        ad_flow_plane_free(&l->u, e->ctx), ad_flow_plane_free(&l->v, e->ctx);
    }
}

static ad_status descend(estimation *e)
{
    ad_status status = AD_OK;
    for (int i = e->levels - 1; i >= 0 && !status; --i) {
        ad_flow_level *l = &e->level[i];
        if (i < e->levels - 1) {
            ad_flow_plane_double(&l->u, &l[1].u);
            ad_flow_plane_double(&l->v, &l[1].v);
        }
        if (i < e->options.finest && i < e->levels - 1) continue;
        status = ad_flow_search(e->ctx, l, e->options.stride, i || e->levels == 1 ? PASSES : 1);
        if (!status && e->options.rounds > 0)
            status = ad_flow_refine(e->ctx, l, e->options.smoothness, e->options.rounds);
    }
    return status;
}

static ad_status check(ad_context *ctx, const ad_image *from, const ad_image *to,
                       const ad_flow_options *o)
{
    if (from->width != to->width || from->height != to->height)
        return ad_fail(ctx, AD_ERROR_SHAPE,
                       "optical flow is between pictures of one size, not %lld x %lld and %lld x "
                       "%lld",
                       (long long)from->width, (long long)from->height, (long long)to->width,
                       (long long)to->height);
    if (o->stride < 1 || o->stride > FLOW_PATCH)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "stride is %d, expected 1 to %d pixels", o->stride,
                       FLOW_PATCH);
    if (!(o->smoothness > 0 && o->smoothness <= 1e6))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "smoothness is %g, expected 0 to 1e6",
                       o->smoothness);
    if (o->rounds > 1000 || o->finest < 0 || o->finest > 8)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "rounds are %d and finest is %d, expected up to 1000 and 0 to 8", o->rounds,
                       o->finest);
    const ad_image *image[2] = {from, to};
    ad_status status = AD_OK;
    for (int i = 0; i < 2 && !status; ++i)
        status = ad_check_finite(ctx, i ? "the second picture" : "the first picture",
                                 image[i]->data, AD_F32,
                                 image[i]->width * image[i]->height * image[i]->channels);
    return status;
}

ad_status ad_flow_estimate(ad_flow **out, ad_context *ctx, const ad_image *from, const ad_image *to,
                           const ad_flow_options *options)
{
    estimation e = {.ctx = ctx, .options = options ? *options : (ad_flow_options){0}};
    ad_flow_options *o = &e.options;
    if (!o->stride) o->stride = 4;
    if (o->smoothness == 0) o->smoothness = 20;
    if (!o->rounds) o->rounds = 5;
    *out = NULL;
    ad_status status = check(ctx, from, to, o);
    if (!status) status = build_pyramid(&e, from, to);
    if (!status) status = descend(&e);
    if (!status) status = ad_flow_new(ctx, from->width, from->height, out);
    for (int64_t y = 0; !status && y < from->height; ++y) {
        const float *u = ad_flow_row(&e.level[0].u, y), *v = ad_flow_row(&e.level[0].v, y);
        float *to_row = (*out)->data + 2 * y * from->width;
        for (int64_t x = 0; x < from->width; ++x) to_row[2 * x] = u[x], to_row[2 * x + 1] = v[x];
    }
    free_pyramid(&e);
    return status;
}
