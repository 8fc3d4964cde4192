/* long_paths.h - a quick proof that one node leads to another: by way of a long path. */
#ifndef AD_PLAN_LONG_PATHS_H
#define AD_PLAN_LONG_PATHS_H

#include "plan/plan.h"

enum { AD_LONG_PATHS = 4 };

/* All by node id; only nodes with memory of their own (bases) count. */
typedef struct ad_long_path {
    int *joins;  /* the earliest place on the path that the node leads to, or INT_MAX */
    int *leaves; /* the latest place on the path that leads to the node, or -1 */
    int *way;    /* a reader of the node that leads to the same place, or to the next; or -1 */
} ad_long_path;

typedef struct ad_long_paths {
    ad_long_path path[AD_LONG_PATHS];
} ad_long_paths;

/* After ad_plan_values. False: memory was refused. */
bool ad_find_long_paths(ad_plan *plan, ad_long_paths *paths);
/* Whether it is proved that something outside the group depends on a value that the group makes,
 * and makes what the group loads. False tells nothing. */
bool ad_path_returns(const ad_plan *plan, const ad_long_paths *paths, const ad_group *group);

#endif
