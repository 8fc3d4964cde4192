/* graph_find.c - a node by what a person calls it. */
#include "data/graphs/graph_set.h"

#include "base/nearest.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MOST = 1 << 20 }; /* that are compared for the nearest one */

static bool is_number(const char *text)
{
    return *text && strlen(text) < 19 && text[strspn(text, "0123456789")] == 0;
}

static ad_status not_found(const ad_graph_set *set, const char *name)
{
    int count = (int)(set->nodes < NAMES_MOST ? set->nodes : NAMES_MOST);
    const char *near = set->node_names && !is_number(name)
                           ? ad_nearest(name, (const char *const *)set->node_names, count)
                           : NULL;
    if (near)
        return ad_fail(set->ctx, AD_ERROR_NOT_FOUND, "there is no node %.60s; did you mean %.60s?",
                       name, near);
    if (set->node_names)
        return ad_fail(set->ctx, AD_ERROR_NOT_FOUND,
                       "there is no node %.60s; there are %lld nodes, %.60s the first", name,
                       (long long)set->nodes, set->node_names[0]);
    return ad_fail(set->ctx, AD_ERROR_NOT_FOUND,
                   "there is no node %.60s; there are %lld nodes, from 0 on", name,
                   (long long)set->nodes);
}

ad_status ad_graph_set_find(const ad_graph_set *set, const char *name, int64_t *node)
{
    bool numbers = false;
    *node = -1;
    for (int64_t i = 0; set->node_names && i < set->nodes; ++i) {
        numbers |= is_number(set->node_names[i]);
        if (strcmp(set->node_names[i], name)) continue;
        if (*node >= 0)
            return ad_fail(set->ctx, AD_ERROR_ARGUMENT, "several nodes are called %.60s", name);
        *node = i;
    }
    if (*node >= 0) return AD_OK;
    if (!numbers && is_number(name)) *node = strtoll(name, NULL, 10);
    if (*node >= 0 && *node < set->nodes) return AD_OK;
    return not_found(set, name);
}
