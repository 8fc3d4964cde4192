/* graph.h - networks on graphs.
 *
 *   gat   Velickovic et al. 2018, "Graph attention networks". A layer of H heads, for edge j -> i:
 *             p = W x,  e_ij = LeakyReLU_0.2(<a_source, p_j> + <a_target, p_i>),
 *             alpha_ij = softmax of e_ij over the edges that enter i (and one from i to itself),
 *             x'_i = sum over j of alpha_ij p_j (+ skip), concatenated, ELU; the last layer: the
 *             heads' mean. With weights of edges: sum of w_ij alpha_ij p_j (as DGL)
 *   gcn   Kipf & Welling 2017: x'_i = sum of p_j / sqrt(d_i d_j), ReLU; d counts the loop. With
 *         weights of edges: w_ij p_j / sqrt(d_i d_j), d_i = 1 + sum of w_ij (as PyTorch Geometric)
 *   gin   Xu et al. 2019, for whole graphs: x'_i = MLP(x_i + sum of x_j), batch norm; a linear
 * layer on the sum over nodes of each layer's result, added up
 *
 * Graphs are kept sparse: attention exists for edges alone, features for those that are not zero.
 *
 * data.c      the set that the options ask for, its splits
 * batch.c     some graphs of a set side by side, as the arrays that a program is bound to;
 *             graph_samples.c: as rows that a loader makes batches of
 * layers.c    gat, gcn;  graph_level.c: gin, batch norm, pooling
 * model.c     what a network is built from again, in files of ours and of PyTorch
 * scores.c    of items with one label or several
 * choice.c    the network that the options ask for
 * open.c      a trained network and the data that it is shown
 * train.c (and explain), predict.c, show.c   the verbs
 * look.c      what show draws, and what the report shows: neighbourhood.c, entropy.c, embedding.c
 */
#ifndef ZOO_GRAPH_GRAPH_H
#define ZOO_GRAPH_GRAPH_H

#include <autodidact/autodidact.h>

extern const ad_verb graph_train_verb, graph_predict_verb, graph_show_verb, graph_explain_verb;

enum { GRAPH_LAYERS = 16 };

/* ---- data ---- */

/* What the options say of it. */
typedef struct graph_source {
    char *path, *name; /* name: of a folder's sets */
    char *label;       /* column or key of the class */
    bool directed, raw;
    int features; /* a graph_features */
    int64_t per_class, split_seed;
} graph_source;
typedef enum graph_features {
    GRAPH_AUTO,
    GRAPH_GIVEN,
    GRAPH_IDENTITY,
    GRAPH_DEGREE
} graph_features;
extern const ad_record graph_source_record;

typedef struct graph_part {
    int fold, folds;   /* of sets of graphs; folds 0: none */
    double validation; /* share of what is outside the fold */
} graph_part;

typedef struct graph_reading {
    graph_part part;
    int64_t features; /* that a network reads; 0: any */
    bool raw;         /* features as they are, whatever the source says */
    ad_watcher watcher;
} graph_reading;

/* The set that the source names, with features and splits. */
ad_status graph_read(ad_context *ctx, const graph_source *source, const graph_reading *how,
                     ad_graph_set **out);
void graph_summary(const ad_graph_set *set, char *text, size_t size);

/* ---- batches ---- */

/* Rooms of a program's inputs; a batch may fill less. */
typedef struct graph_sizes {
    int64_t nodes, edges, values, graphs; /* edges: with a loop for each node */
    bool weighted;                        /* edges have weights */
} graph_sizes;

/* The five arrays of a sparse pattern. */
typedef struct graph_pattern {
    int32_t *row_start, *row, *column, *column_start, *order;
    int64_t rows, columns, entries; /* room */
} graph_pattern;

/* What its arrays are called, as fields of a batch and as inputs of a network, in that order. */
enum { GRAPH_PATTERN_FIELDS = 5 };
extern const char *const graph_edges_names[GRAPH_PATTERN_FIELDS],
    *const graph_features_names[GRAPH_PATTERN_FIELDS],
        *const graph_pool_names[GRAPH_PATTERN_FIELDS]; /* "pool.row_start", ... */

enum { GRAPH_FIELDS = 25 };
typedef struct graph_batch {
    ad_context *ctx;
    const ad_graph_set *set;
    graph_sizes room, filled;
    bool loops;                          /* a loop for each node */
    graph_pattern edges, features, pool; /* pool: nodes of each graph */
    float *value;                        /* of features */
    float *edge_weight;     /* [edges, 1], a loop's is 1; if they are not weighted [1, 1] */
    float *degree;          /* of nodes: d, the sum of weights of edges that enter */
    float *norm;            /* of edges: weight / sqrt(d_i d_j) */
    float *inside;          /* [nodes]: 1, and 0 behind what is filled */
    int32_t *label;         /* [items]: -1 outside the split, and behind what is filled */
    float *target, *weight; /* several labels: [items, classes], and [items] */
    float *share;           /* [1]: 1 / items of the split, or 0 */
    int32_t *item;          /* [items]: the set's number; -1 behind what is filled */
    int64_t items;
    void *owned[GRAPH_FIELDS]; /* the memory of all, where it is the batch's own */
} graph_batch;

ad_status graph_batch_new(graph_batch *batch, const ad_graph_set *set, graph_sizes room,
                          bool loops);
void graph_batch_free(graph_batch *batch);
/* The arrays of a batch, by the names of a network's inputs, and "item"; returns how many. */
int graph_batch_fields(const ad_graph_set *set, graph_sizes room,
                       ad_sample_field fields[GRAPH_FIELDS]);
/* A batch whose arrays lie in `block`, in the order of those fields. */
void graph_batch_at(graph_batch *batch, const ad_graph_set *set, graph_sizes room, bool loops,
                    void *const *block);
/* How many of the graphs numbered in `index`, from the first on, there is room for. */
int64_t graph_fit(const ad_graph_set *set, graph_sizes room, bool loops, const int64_t *index,
                  int64_t count);
/* Takes as many graphs as fit; returns how many. Labels are those of items in `split`
 * (AD_GRAPH_NO_SPLIT: all). */
int64_t graph_batch_fill(graph_batch *batch, const int64_t *index, int64_t count,
                         ad_graph_split split);
/* Rooms for one graph set as a whole, or for `graphs` graphs at a time. */
graph_sizes graph_room(const ad_graph_set *set, int64_t graphs, bool loops);
/* Binds the arrays that the program has inputs for; of a batch that graph_batch_new made. */
ad_status graph_batch_bind(const graph_batch *batch, ad_program *program);

/* The set's graphs as rows that a loader packs into batches with these rooms, labelled in `split`.
 * The set must outlive the samples. */
ad_status graph_samples_new(ad_samples **out, const ad_graph_set *set, graph_sizes room, bool loops,
                            ad_graph_split split);
/* A loader's batch of them, to read. */
void graph_batch_view(graph_batch *view, const ad_samples *samples, const ad_batch *batch);
/* Numbers of the graphs with items in the split; index [set->graphs]. Returns how many. */
int64_t graph_list(const ad_graph_set *set, ad_graph_split split, int64_t *index);

/* ---- networks ---- */

typedef enum graph_kind { GRAPH_GAT, GRAPH_GCN, GRAPH_GIN } graph_kind;
typedef enum graph_readout { GRAPH_SUM, GRAPH_MEAN, GRAPH_MAX } graph_readout;

typedef struct graph_model {
    int kind; /* a graph_kind */
    int layers;
    int heads[GRAPH_LAYERS],
        width[GRAPH_LAYERS]; /* of a layer's result: heads of this width each */
    bool skip, bias;
    bool of_graphs, several;
    bool raw;              /* features as they are */
    graph_readout readout; /* of graphs */
    int64_t features;
    int classes;
    ad_texts class_names; /* [classes] */
    char *shape, *flags;  /* of the above, as files have them: "8x8,1x7"; "bias,sum" */
} graph_model;
extern const ad_record graph_model_record;
/* Makes the texts of layers and flags, and copies the names of the classes. */
ad_status graph_model_texts(ad_context *ctx, graph_model *model, char *const *names, int count);
/* PyTorch's files of graph attention networks, by their tensors. */
ad_status graph_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                          bool *known);

/* What a network is computed from: inputs of the graph, by name. */
typedef struct graph_inputs {
    ad_sparse edges, features, pool;
    ad_node *value, *norm, *inside;
    ad_node *weight; /* of edges, [E, 1]; NULL: they have none */
    graph_sizes room;
} graph_inputs;
graph_inputs graph_declare_inputs(ad_graph *graph, const graph_model *model, graph_sizes room);

/* What can be looked at inside. */
typedef struct graph_inside {
    ad_node *attention[GRAPH_LAYERS]; /* gat: [edges, heads] */
    ad_node *embedding; /* of nodes: what the last layer of all reads, [nodes, width] */
} graph_inside;

/* -> logits [nodes or graphs, classes]. `mode` NULL: in evaluation form; `inside` may be NULL.
 */
ad_node *graph_network(const graph_model *model, ad_vars *vars, const graph_inputs *in,
                       ad_mode *mode, graph_inside *inside);
ad_node *graph_level(const graph_model *model, ad_vars *vars, const graph_inputs *in, ad_node *x,
                     ad_mode *mode);
ad_node *graph_isomorphism_network(const graph_model *model, ad_vars *vars, const graph_inputs *in,
                                   ad_mode *mode, graph_inside *inside);
/* x W of sparse or (from the second layer on) dense x, [nodes, width]. */
ad_node *graph_project(const graph_inputs *in, ad_vars *vars, const char *name, ad_node *x,
                       int64_t features, int64_t width, ad_mode *mode);
/* The mean loss over the batch's items of the split: inputs label, or target and weight; share. */
ad_node *graph_loss(const graph_model *model, ad_node *logits);

/* ---- scores ---- */

/* Of items with one label each, or with several at once. */
typedef struct graph_scores {
    ad_class_scores *one; /* the other one is NULL */
    ad_label_scores *several;
} graph_scores;
ad_status graph_scores_new(ad_context *ctx, graph_scores *scores, const graph_model *model);
void graph_scores_free(graph_scores *scores);
void graph_scores_clear(graph_scores *scores);
/* Adds the rows of a batch that have a label. */
ad_status graph_scores_add(graph_scores *scores, const graph_batch *batch, const float *logits);

typedef struct graph_result {
    const char *name; /* "accuracy", or with several labels "micro_f1" */
    double value, loss;
    int64_t items;
} graph_result;
ad_status graph_scores_result(const graph_scores *scores, graph_result *result);

/* ---- the system ---- */

/* What `graph train` can be told of its network. */
typedef struct graph_choice {
    int64_t layers, heads, out_heads, width, batch, folds;
    bool skip;
    double dropout, validation;
    int readout;
} graph_choice;
extern const ad_record graph_choice_record;

typedef struct graph_job {
    ad_job job;
    ad_graph_set *set;
    graph_scores scores;
} graph_job;
extern const ad_system graph_system;
/* Whether the network can compute with the weights of the data's edges. */
ad_status graph_check_weights(const graph_job *job);
/* The model of a job whose data were read: its last layer has a head for the classes, or several to
 * average. */
ad_status graph_choose(graph_job *job);
/* Whether each node has an edge to itself. */
bool graph_has_loops(const graph_model *model);
/* `predict`, `show`: reads the data that the options name for the model opened from `path`, and
 * checks that they go together. */
ad_status graph_attach(graph_job *job, const char *path);
/* The node that --node means. */
ad_status graph_find_node(const graph_job *job, const char *name, int64_t *node);

#endif
