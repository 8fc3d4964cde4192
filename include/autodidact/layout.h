/* layout.h - places in the plane for points of many dimensions, and for the nodes of graphs. The
 * same places for the same input, with any number of threads.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_LAYOUT_H
#define AUTODIDACT_LAYOUT_H

#include <autodidact/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { AD_LAYOUT_MOST = 1 << 20 }; /* points or nodes */

/* t-distributed stochastic neighbour embedding (van der Maaten & Hinton 2008): x [count, width] ->
 * y [count, 2], around 0. Attraction to the 90 nearest neighbours alone, found by comparing all
 * pairs; repulsion by Barnes and Hut's method; perplexity 30, or a third of fewer neighbours; 400
 * steps. Values that are not finite are AD_ERROR_NUMERIC. */
AD_API ad_status ad_tsne(ad_context *ctx, const float *x, int64_t count, int64_t width, float *y);

/* A graph's nodes by forces: neighbours attract each other like springs, all nodes repel each other
 * by 1 / distance (the model of Jacomy et al. 2014, "ForceAtlas2", without weights of nodes), and
 * parts without an edge between them are held together weakly. edges [edge_count, 2], of numbers
 * below `nodes`; loops and directions do not count -> y [nodes, 2], around 0. */
AD_API ad_status ad_layout_graph(ad_context *ctx, int64_t nodes, const int32_t *edges,
                                 int64_t edge_count, float *y);

#ifdef __cplusplus
}
#endif
#endif
