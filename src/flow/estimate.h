/* estimate.h - the two steps of the estimation at one size. */
#ifndef AD_FLOW_ESTIMATE_H
#define AD_FLOW_ESTIMATE_H

#include "flow/kernels.h"

/* One size of the pyramid: the pictures as grey, and the flow as it is known so far. */
typedef struct ad_flow_level {
    ad_flow_plane from, to, u, v;
} ad_flow_level;

/* search.c: patches that slide to where they match, in so many passes. Nothing where a side is
 * shorter than a patch. */
ad_status ad_flow_search(ad_context *ctx, ad_flow_level *level, int stride, int passes);

/* refine.c: smooth but for edges. */
ad_status ad_flow_refine(ad_context *ctx, ad_flow_level *level, double smoothness, int rounds);

/* Runs row(work, y, worker) for all y < height, rows of so many pixels, by the context's threads.
 */
typedef void ad_flow_row_work(void *work, int64_t y, int worker);
void ad_flow_rows(ad_context *ctx, int64_t width, int64_t height, ad_flow_row_work *row,
                  void *work);

#endif
