/* graph_set.h - what the readers of graphs share. */
#ifndef AD_DATA_GRAPHS_GRAPH_SET_H
#define AD_DATA_GRAPHS_GRAPH_SET_H

#include <autodidact/graph_data.h>

#include "base/name_table.h"

enum { AD_GRAPH_CLASSES_MOST = 10000 };
static const int64_t ad_graph_most = 1 << 28; /* nodes, edges, values, features */

/* ---- filling in a set. Each takes sizes that were checked against ad_graph_most. ---- */

/* Memory for the arrays over nodes and graphs; labels -1, graph_start of one graph. */
ad_status ad_graph_set_nodes(ad_graph_set *set, int64_t nodes, int64_t graphs, bool of_graphs);
/* Edges from a list, of nodes that are there; sorted, each once, none from a node to itself; unless
 * `directed` each both ways. Two weights for one edge are an error. */
struct ad_edge_list;
ad_status ad_graph_set_edges(ad_graph_set *set, const struct ad_edge_list *list, const char *path,
                             bool directed);
/* Memory for that many features that are not zero; value_start is the caller's to fill. */
ad_status ad_graph_set_features(ad_graph_set *set, int64_t features, int64_t values);
/* Classes "0" .. count - 1, or these names (copied). */
ad_status ad_graph_set_classes(ad_graph_set *set, const char *const *names, int count);
/* The same, one more than the highest label. */
ad_status ad_graph_set_count_classes(ad_graph_set *set, const char *path);

/* The set's classes, those of `like` or those that were met, by number or name; `met` is numbered
 * anew like them. */
ad_status ad_graph_name_classes(ad_graph_set *set, ad_name_table *met, const char *path,
                                const ad_graph_set *like);

/* A growing array of edges. */
typedef struct ad_edge {
    int32_t source, target;
    float weight;
} ad_edge;
typedef struct ad_edge_list {
    ad_context *ctx;
    ad_edge *edge;
    int64_t count, capacity;
} ad_edge_list;
ad_status ad_edge_list_add(ad_edge_list *list, int32_t source, int32_t target, float weight);
void ad_edge_list_free(ad_edge_list *list);

/* Whether a feature or a weight can be computed with: its square and sums of those are finite. */
static inline bool ad_graph_value_fits(double value)
{
    return value >= -1e18 && value <= 1e18;
}

ad_status ad_graph_fail_edge(ad_context *ctx, const char *path, const char *where, int64_t from,
                             int64_t to, int64_t nodes);

/* ---- the readers; each fills in an empty set ---- */
ad_status ad_read_planetoid(ad_graph_set *set, const char *folder, const char *name);
ad_status ad_read_graph_npz(ad_graph_set *set, const char *path,
                            const ad_graph_set_options *options);
/* `gml`: the file that has the edges; NULL: edges.csv. */
ad_status ad_read_graph_csv(ad_graph_set *set, const char *folder, const char *gml,
                            const ad_graph_set_options *options);
bool ad_is_gml(const char *path);
ad_status ad_read_graph_gml(ad_graph_set *set, const char *path,
                            const ad_graph_set_options *options);
/* Edges alone, between nodes that have these names in the table at `nodes_path`. */
ad_status ad_read_gml_edges(ad_graph_set *set, const char *path, const ad_name_table *names,
                            const char *nodes_path, const ad_graph_set_options *options);
ad_status ad_read_graph_texts(ad_graph_set *set, const char *path,
                              const ad_graph_set_options *options);

#endif
