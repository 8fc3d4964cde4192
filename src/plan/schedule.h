/* schedule.h - what must run before what, and the order that follows: what kernel_edges.c and
 * schedule.c share. */
#ifndef AD_PLAN_SCHEDULE_H
#define AD_PLAN_SCHEDULE_H

#include "plan/emit.h"

/* Edges between kernels (0 .. n_kernels-1) and values (n_kernels + value). A value stands between
 * those that write it and those that read it, so that a concatenation of many parts with many
 * readers has as many edges as parts and readers, not as their product. */
typedef struct ad_edges {
    int *pairs; /* from, to */
    int n, capacity;
} ad_edges;

/* False: memory was refused. From the plan's scratch memory. */
bool ad_kernel_edges(ad_plan *plan, ad_edges *edges);

#endif
