/* drawing.h - pictures of trained networks on one graph. */
#ifndef ZOO_GRAPH_DRAWING_H
#define ZOO_GRAPH_DRAWING_H

#include "zoo/graph/graph.h"

/* What is drawn: values of the whole graph. */
typedef struct graph_look {
    ad_context *ctx;
    const ad_graph_set *set;
    ad_graph *graph;
    ad_program *program;
    graph_batch batch; /* whose edges attention belongs to */
    int layers;
    const float *attention[GRAPH_LAYERS]; /* [edges, heads] */
    int heads[GRAPH_LAYERS];
    const float *embedding; /* [nodes, width] */
    int64_t width;
} graph_look;

/* Computes it on the only graph of the set, with the weights of `vars`; close it in any case. */
ad_status graph_look_open(graph_look *look, ad_context *ctx, const graph_model *model,
                          ad_vars *vars, const ad_graph_set *set);
void graph_look_close(graph_look *look);
enum { GRAPH_AROUND = 30 }; /* neighbours that can be told apart */
/* The one with the most neighbours up to that many, else the one with the fewest. */
int64_t graph_chosen_node(const graph_look *look);
/* The three pictures into a run's report. */
ad_status graph_report(ad_run_folder *run, const graph_model *model, ad_vars *vars,
                       const ad_graph_set *set);

/* Of a class in all pictures; grey: no label. */
ad_colour graph_class_colour(int label);
/* A node in the middle of those that it looks at, the GRAPH_AROUND it looks at most: edges as wide
 * as the attention of `layer`, the mean over its heads. The drawings are the caller's. */
ad_status graph_draw_neighbourhood(ad_context *ctx, const graph_look *look, int layer, int64_t node,
                                   ad_drawing **out);
/* Histograms over nodes of the entropy of attention (bits), per layer and head, and on each the
 * outline of that of uniform attention. */
ad_status graph_draw_entropy(ad_context *ctx, const graph_look *look, ad_drawing **out);
/* t-SNE of the embeddings, coloured by class. */
ad_status graph_draw_embedding(ad_context *ctx, const graph_look *look, ad_drawing **out);

#endif
