/* refine.c - the variational refinement of a flow at one size: the (u, v) near the one given that
 * makes least
 *
 *     sum of 5 psi(brightness stays) + 10 psi(its slopes stay) + smoothness psi(grad u, grad v),
 *     psi(s^2) = sqrt(s^2 + epsilon^2)
 *
 * (Brox et al. 2004). Each constraint is linear about the flow given, z + x u + y v = 0, and scaled
 * to the length of (x, y), so that strong edges do not count for more (Zimmer et al. 2011). That is
 * done twice, the second time about what the first one found. */
#include "flow/refine.h"

#include "base/pool.h"

enum { WARPS = 2, BLOCK_PIXELS = 16384 /* of a task of relaxation */ };

ad_status ad_flow_refine(ad_context *ctx, ad_flow_level *level, double smoothness, int rounds)
{
    ad_flow_refinement r = {.kernels = ad_flow_kernels_for(ctx),
                            .level = level,
                            .width = level->u.width,
                            .height = level->u.height,
                            .smoothness = (float)smoothness};
    ad_status status = AD_OK;
    r.block = BLOCK_PIXELS / r.width + 2;
    r.half = ((r.width + 1) / 2 + 2 * FLOW_HALF_PAD + 15) / 16 * 16;
    r.sheet_bytes = ad_bytes((FLOW_SHEETS * r.height * 2 + 1) * r.half, sizeof(float));
    r.scratch_bytes = ad_bytes(3 * ad_pool_size(ad_context_pool(ctx)) * level->u.stride,
                               sizeof(float));
    for (int i = 0; i < FLOW_PLANES && !status; ++i)
        status = ad_flow_plane_new(&r.plane[i], ctx, r.width, r.height);
    if (!status && !(r.sheets = ad_zalloc(ctx, r.sheet_bytes))) status = AD_ERROR_MEMORY;
    if (!status && !(r.scratch = ad_zalloc(ctx, r.scratch_bytes))) status = AD_ERROR_MEMORY;
    if (!status) {
        r.zero = ad_flow_half(&r, FLOW_SHEETS, 0, 0);
        for (int i = 0; i < WARPS; ++i) {
            ad_flow_constrain(ctx, &r);
            ad_flow_relax(ctx, &r, rounds);
        }
    }
    ad_free(ctx, r.scratch, r.scratch_bytes);
    ad_free(ctx, r.sheets, r.sheet_bytes);
    for (int i = 0; i < FLOW_PLANES; ++i) ad_flow_plane_free(&r.plane[i], ctx);
    return status;
}
