/* drawing.h - pictures of trained networks on one graph, as SVG. */
#ifndef ZOO_GRAPH_DRAWING_H
#define ZOO_GRAPH_DRAWING_H

#include "zoo/graph/graph.h"

/* ---- text that grows ---- */

typedef struct graph_svg {
    char *text; /* owned; NULL after a failure */
    size_t length, capacity;
} graph_svg;

void graph_svg_add(graph_svg *svg, const char *format, ...) AD_PRINTF(2, 3);
/* With <, > and & spelt out. */
void graph_svg_escaped(graph_svg *svg, const char *text);
void graph_svg_begin(graph_svg *svg, int width, int height, const char *title);
void graph_svg_end(graph_svg *svg);
const char *graph_colour(int which); /* of a class */

/* ---- the pictures ---- */

/* What is drawn: values of the whole graph. */
typedef struct graph_look {
    const ad_graph_set *set;
    const graph_batch *batch; /* whose edges attention belongs to */
    int layers;
    const float *attention[GRAPH_LAYERS]; /* [edges, heads] */
    int heads[GRAPH_LAYERS];
    const float *embedding; /* [nodes, width] */
    int64_t width;
} graph_look;

/* Runs a program whose outputs are logits and `inside`, on the only graph of the batch's set. */
ad_status graph_look_at(const graph_model *model, ad_program *program, const graph_inside *inside,
                        graph_batch *batch, graph_look *look);
/* One with many neighbours, but not more than can be told apart. */
int64_t graph_chosen_node(const graph_look *look);
/* The three pictures into a run's report, of the weights that `vars` holds. */
ad_status graph_report(ad_context *ctx, ad_run_folder *run, const graph_model *model, ad_vars *vars,
                       graph_batch *batch);

/* A node in the middle of those that it looks at: edges as wide as the attention of `layer`, the
 * mean over its heads. */
void graph_draw_neighbourhood(graph_svg *svg, const graph_look *look, int layer, int64_t node);
/* Histograms over nodes of the entropy of attention (bits), per layer and head, before that of even
 * attention. */
void graph_draw_entropy(graph_svg *svg, const graph_look *look);
/* t-SNE of the embeddings, coloured by class. */
ad_status graph_draw_embedding(ad_context *ctx, graph_svg *svg, const graph_look *look);

/* t-distributed stochastic neighbour embedding (van der Maaten & Hinton 2008): x [count, width] ->
 * y [count, 2]. Attraction to the nearest neighbours alone, repulsion between all pairs; perplexity
 * 30. The same for the same input. */
ad_status graph_tsne(ad_context *ctx, const float *x, int64_t count, int64_t width, float *y);

/* Room for the repulsion between `count` points, from 1 to INT32_MAX / 2; NULL: no memory. */
typedef struct graph_repulsion graph_repulsion;
graph_repulsion *graph_repulsion_new(int64_t count);
void graph_repulsion_free(graph_repulsion *r);
/* y [count, 2] -> force [count, 2]: with q = 1 / (1 + |y_i - y_j|^2), minus the sum over j of q^2
 * (y_i - y_j), to be divided by the result: the sum of q over all ordered pairs. */
double graph_repulsion_of(graph_repulsion *r, const float *y, float *force);

#endif
