/* drawing.h - pictures of trained networks on one graph, as SVG. */
#ifndef ZOO_GAT_DRAWING_H
#define ZOO_GAT_DRAWING_H

#include "zoo/gat/gat.h"

/* ---- text that grows ---- */

typedef struct gat_svg {
    char *text; /* owned; NULL after a failure */
    size_t length, capacity;
} gat_svg;

void gat_svg_add(gat_svg *svg, const char *format, ...) AD_PRINTF(2, 3);
/* With <, > and & spelt out. */
void gat_svg_escaped(gat_svg *svg, const char *text);
void gat_svg_begin(gat_svg *svg, int width, int height, const char *title);
void gat_svg_end(gat_svg *svg);
const char *gat_colour(int which); /* of a class */

/* ---- the pictures ---- */

/* What is drawn: values of the whole graph. */
typedef struct gat_look {
    const ad_graph_set *set;
    const gat_batch *batch; /* whose edges attention belongs to */
    int layers;
    const float *attention[GAT_LAYERS]; /* [edges, heads] */
    int heads[GAT_LAYERS];
    const float *embedding; /* [nodes, width] */
    int64_t width;
} gat_look;

/* Runs a program whose outputs are logits and `inside`, on the only graph of the batch's set. */
ad_status gat_look_at(const gat_model *model, ad_program *program, const gat_inside *inside,
                      gat_batch *batch, gat_look *look);
/* One with many neighbours, but not more than can be told apart. */
int64_t gat_chosen_node(const gat_look *look);
/* The three pictures into a run's report, of the weights that `vars` holds. */
ad_status gat_report(ad_context *ctx, ad_run_folder *run, const gat_model *model, ad_vars *vars,
                     gat_batch *batch);

/* A node in the middle of those that it looks at: edges as wide as the attention of `layer`, the
 * mean over its heads. */
void gat_draw_neighbourhood(gat_svg *svg, const gat_look *look, int layer, int64_t node);
/* Histograms over nodes of the entropy of attention (bits), per layer and head, before that of even
 * attention. */
void gat_draw_entropy(gat_svg *svg, const gat_look *look);
/* t-SNE of the embeddings, coloured by class. */
ad_status gat_draw_embedding(ad_context *ctx, gat_svg *svg, const gat_look *look);

/* t-distributed stochastic neighbour embedding (van der Maaten & Hinton 2008): x [count, width] ->
 * y [count, 2]. Attraction to the nearest neighbours alone, repulsion between all pairs; perplexity
 * 30. The same for the same input. */
ad_status gat_tsne(ad_context *ctx, const float *x, int64_t count, int64_t width, float *y);

/* Room for the repulsion between `count` points, from 1 to INT32_MAX / 2; NULL: no memory. */
typedef struct gat_repulsion gat_repulsion;
gat_repulsion *gat_repulsion_new(int64_t count);
void gat_repulsion_free(gat_repulsion *r);
/* y [count, 2] -> force [count, 2]: with q = 1 / (1 + |y_i - y_j|^2), minus the sum over j of q^2
 * (y_i - y_j), to be divided by the result: the sum of q over all ordered pairs. */
double gat_repulsion_of(gat_repulsion *r, const float *y, float *force);

#endif
