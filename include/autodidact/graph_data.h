/* graph_data.h - graphs with features and labels: citation networks, your own, sets of molecules.
 *
 * Read from these forms, recognised by their files:
 *   - Planetoid's ind.NAME.{x,tx,allx,y,ty,ally,graph,test.index} (Yang et al. 2016): Python-2
 *     pickles of scipy matrices, numpy arrays and a dictionary; nothing in them is executed;
 *   - .npz with CSR arrays: adj_indptr, adj_indices, perhaps adj_data (weights), attr_* and labels
 *     (Shchur et al. 2018), or edges, perhaps edge_weight, feat_*, labels and idx_train, idx_val,
 *     idx_test;
 *   - a folder with nodes.csv (id,label[,split][,graph][,features...]) and edges.csv (source,target
 *     [,weight]), in any dialect (table_data.h);
 *   - a .gml file (Himsolt 1997), as networkx, igraph and Gephi write it: nodes with `id`, perhaps
 *     `label` or `name` (what they are called), and a class under one of the keys club, gt, class,
 * group, community, category, value; edges with `source`, `target` and perhaps `weight` or `value`.
 * It may also stand beside nodes.csv instead of edges.csv;
 *   - many graphs as text (.txt, also .xz): their number, then for each "nodes label" and a line
 *     "tag neighbours neighbour..." per node.
 * A folder may hold several by name. Everything is hostile until parsed: every failure names the
 * file.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_GRAPH_DATA_H
#define AUTODIDACT_GRAPH_DATA_H

#include <autodidact/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ad_graph_split {
    AD_GRAPH_NO_SPLIT = 0, /* used for its edges and features alone */
    AD_GRAPH_TRAIN,
    AD_GRAPH_VALIDATION,
    AD_GRAPH_TEST,
} ad_graph_split;

/* All graphs of a set lie behind one another, as one graph whose parts are not connected. */
typedef struct ad_graph_set {
    int64_t nodes, graphs;
    int32_t *graph_start; /* [graphs + 1]: nodes of each graph */
    /* Edges by target, then source; no edge twice and none from a node to itself (those of the data
     * are left out: networks add their own). */
    int64_t edges;
    int32_t *edge_start; /* [nodes + 1] */
    int32_t *source;     /* [edges] */
    float *weight;       /* [edges]; NULL: all are 1 */
    /* Features of each node, those that are not zero. */
    int64_t features, values;
    int32_t *value_start; /* [nodes + 1] */
    int32_t *feature;     /* [values]: 0 .. features - 1 */
    float *value;         /* [values] */
    /* Classes of the nodes, or of the graphs. */
    bool of_graphs;
    int64_t items; /* nodes, or graphs */
    int classes;
    char **class_names;   /* [classes]; numbers where the data have none */
    int32_t *labels;      /* [items]; -1: not known. With `targets`, unused */
    float *targets;       /* [items, classes] of 0 and 1, where an item can be of several classes;
                             else NULL */
    unsigned char *split; /* [items], an ad_graph_split */
    bool has_splits;      /* the data say which item is for what */
    char **node_names;    /* [nodes]; NULL: by number */
    uint64_t fingerprint;
    ad_context *ctx;
} ad_graph_set;

typedef struct ad_graph_set_options {
    const char *name;         /* which of a folder's sets; NULL: the only one */
    const char *label;        /* column of nodes.csv, or key of GML, that is the class; NULL: as
                                 above */
    bool directed;            /* edges of .npz and .csv lead one way only (GML says it itself) */
    ad_watcher watcher;       /* is told what is in the data and not used */
    const ad_graph_set *like; /* its classes and features: another number of features or a class
                                 that it lacks is an error */
} ad_graph_set_options;

/* Owned by the caller. Errors: a missing file, an edge to a missing node, a node that is
 * there twice, a label out of range, sizes that do not agree, an edge with two weights, a feature
 * or a weight that is not finite or beyond 1e18. `features` is 0 where the data have none. */
AD_API ad_status ad_graph_set_read(ad_graph_set **out, ad_context *ctx, const char *path,
                                   const ad_graph_set_options *options);
AD_API void ad_graph_set_free(ad_graph_set *set); /* NULL is ignored */

/* The node of that name, or where no name is a number, that number from 0 on. AD_ERROR_NOT_FOUND
 * says which name is the nearest. */
AD_API ad_status ad_graph_set_find(const ad_graph_set *set, const char *name, int64_t *node);

/* Divides each node's features by the sum of their magnitudes, where that is not 0 (Kipf & Welling
 * 2017, none of whose features is negative, divide by their sum). */
AD_API void ad_graph_set_normalise(ad_graph_set *set);
/* Instead of the features that there are: one of its own for each node, as Kipf & Welling 2017 do
 * without features. For one graph: AD_ERROR_ARGUMENT. */
AD_API ad_status ad_graph_set_identity(ad_graph_set *set);
/* One for each number of edges that enter a node, up to `most`, which stands for more as well; 0:
 * the greatest number there is. */
AD_API ad_status ad_graph_set_degrees(ad_graph_set *set, int64_t most);
/* Draws new splits: `per_class` items of each class train, then `validation` and `test` others of
 * those with a label; test 0: all that are left. */
AD_API void ad_graph_set_draw(ad_graph_set *set, uint64_t seed, int64_t per_class,
                              int64_t validation, int64_t test);
/* Stratified cross-validation: fold `fold` of `folds` is the test split, a share of the others
 * (also stratified; 0: none) validates, the rest trains. Depends on the seed. */
AD_API void ad_graph_set_fold(ad_graph_set *set, int fold, int folds, double validation,
                              uint64_t seed);
AD_API int64_t ad_graph_set_count(const ad_graph_set *set, ad_graph_split split);

#ifdef __cplusplus
}
#endif
#endif
