/* graph_set.h - what the readers of graphs share. */
#ifndef AD_DATA_GRAPHS_GRAPH_SET_H
#define AD_DATA_GRAPHS_GRAPH_SET_H

#include <autodidact/graph_data.h>

#include "base/context.h"

enum { AD_GRAPH_CLASSES_MOST = 10000 };
static const int64_t ad_graph_most = 1 << 28; /* nodes, edges, values, features */

/* ---- filling in a set. Each takes sizes that were checked against ad_graph_most. ---- */

/* Memory for the arrays over nodes and graphs; labels -1, graph_start of one graph. */
ad_status ad_graph_set_nodes(ad_graph_set *set, int64_t nodes, int64_t graphs, bool of_graphs);
/* Edges from `count` pairs (source, target) of nodes that are there; sorted, each once, none from a
 * node to itself; unless `directed` each both ways. */
ad_status ad_graph_set_edges(ad_graph_set *set, const int32_t *pairs, int64_t count, bool directed);
/* Memory for that many features that are not zero; value_start is the caller's to fill. */
ad_status ad_graph_set_features(ad_graph_set *set, int64_t features, int64_t values);
/* Classes "0" .. count - 1, or these names (copied). */
ad_status ad_graph_set_classes(ad_graph_set *set, const char *const *names, int count);
/* The same, one more than the highest label. */
ad_status ad_graph_set_count_classes(ad_graph_set *set, const char *path);

/* A growing array of pairs. */
typedef struct ad_edge_list {
    ad_context *ctx;
    int32_t *data;
    int64_t count, capacity;
} ad_edge_list;
ad_status ad_edge_list_add(ad_edge_list *pairs, int32_t source, int32_t target);
void ad_edge_list_free(ad_edge_list *pairs);

ad_status ad_graph_fail_edge(ad_context *ctx, const char *path, const char *where, int64_t from,
                             int64_t to, int64_t nodes);

/* ---- the readers; each fills in an empty set ---- */
ad_status ad_read_planetoid(ad_graph_set *set, const char *folder, const char *name);
ad_status ad_read_graph_npz(ad_graph_set *set, const char *path,
                            const ad_graph_set_options *options);
ad_status ad_read_graph_csv(ad_graph_set *set, const char *folder,
                            const ad_graph_set_options *options);
ad_status ad_read_graph_texts(ad_graph_set *set, const char *path,
                              const ad_graph_set_options *options);

#endif
