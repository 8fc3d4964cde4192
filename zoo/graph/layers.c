/* layers.c - graph attention and graph convolution, as graph; the loss.
 *
 * Reads like the formulas in graph.h. N nodes, E edges with the loops, H heads of width F. */
#include "zoo/graph/graph.h"

#include <stdio.h>
#include <string.h>

/* ---- inputs ---- */

static ad_sparse pattern(ad_graph *g, const char *const *name, int64_t rows, int64_t columns,
                         int64_t entries)
{
    return (ad_sparse){
        .row_start = ad_input(g, name[0], AD_I32, ad_shape(rows + 1)),
        .row = ad_input(g, name[1], AD_I32, ad_shape(entries)),
        .column = ad_input(g, name[2], AD_I32, ad_shape(entries)),
        .column_start = ad_input(g, name[3], AD_I32, ad_shape(columns + 1)),
        .order = ad_input(g, name[4], AD_I32, ad_shape(entries)),
    };
}

graph_inputs graph_declare_inputs(ad_graph *g, const graph_model *m, graph_sizes room)
{
    return (graph_inputs){
        .edges = pattern(g, graph_edges_names, room.nodes, room.nodes, room.edges),
        .features = pattern(g, graph_features_names, room.nodes, m->features, room.values),
        .pool = pattern(g, graph_pool_names, room.graphs, room.nodes, room.nodes),
        .value = ad_input(g, "features.value", AD_F32, ad_shape(room.values, 1)),
        .norm = ad_input(g, "edges.norm", AD_F32, ad_shape(room.edges, 1)),
        .weight = room.weighted ? ad_input(g, "edges.weight", AD_F32, ad_shape(room.edges, 1))
                                : NULL,
        .inside = ad_input(g, "inside", AD_F32, ad_shape(room.nodes, 1)),
        .room = room,
    };
}

/* ---- pieces ---- */

/* x W. The first layer's x is sparse (x NULL): only what is not zero is dropped and multiplied, and
 * its W lies by input, [features, width]. */
ad_node *graph_project(const graph_inputs *in, ad_vars *vars, const char *name, ad_node *x,
                       int64_t features, int64_t width, ad_mode *t)
{
    char weight[96];
    ad_init xavier = {.kind = AD_INIT_XAVIER_UNIFORM};
    if (x)
        return ad_linear(vars, name, ad_mode_dropout(t, x), width,
                         (ad_linear_options){.no_bias = true, .init = xavier});
    snprintf(weight, sizeof weight, "%s.weight", name);
    ad_node *w = ad_param(ad_node_graph(in->value), vars, weight, ad_shape(features, width),
                          (ad_var_options){.init = xavier, .layout = AD_LAYOUT_MATRIX});
    ad_node *y = ad_sparse_matmul(in->features, ad_mode_dropout(t, in->value),
                                  ad_reshape(w, ad_shape(features, 1, width)));
    return ad_reshape(y, ad_shape(-1, width));
}

static ad_node *param(ad_graph *g, ad_vars *vars, const char *net, int layer, const char *name,
                      ad_shape shape, ad_init init)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%d.%s", net, layer, name);
    return ad_param(g, vars, full, shape, (ad_var_options){.init = init});
}

/* ---- graph attention ---- */

#define SLOPE 0.2 /* of leaky ReLU, in the paper */

/* a [1, H, F] -> [H F, H]: a_h in the rows of head h of column h, else 0. A product with it is
 * <a_h, p_ih> for each node and head: sums over so few values as F, and their gradients, would take
 * longer one by one. */
static ad_node *columns(ad_node *a)
{
    ad_shape s = ad_node_shape(a);
    int64_t heads = s.dim[1], width = s.dim[2];
    ad_node *own = ad_one_hot(ad_iota(ad_node_graph(a), AD_I32, ad_shape(heads), 0), heads, AD_F32);
    ad_node *each = ad_mul(ad_reshape(a, ad_shape(heads, width, 1)),
                           ad_reshape(own, ad_shape(heads, 1, heads)));
    return ad_reshape(each, ad_shape(heads * width, heads));
}

/* The weights of all edges, [E, H], for pictures. scores [N, 2, H] */
static ad_node *weights(const graph_inputs *in, ad_node *scores)
{
    ad_shape s = ad_node_shape(scores), half = ad_shape(s.dim[0], s.dim[2]);
    ad_node *target = ad_reshape(ad_slice(scores, 1, 0, 1, 1), half);
    ad_node *source = ad_reshape(ad_slice(scores, 1, 1, 2, 1), half);
    ad_node *e = ad_add(ad_segment_spread(in->edges, target, false),
                        ad_segment_spread(in->edges, source, true));
    return ad_segment_softmax(in->edges, ad_leaky_relu(e, SLOPE));
}

/* What attention is multiplied by, [E, H]: dropout's mask, and the weights of edges. NULL: 1. */
static ad_node *factors(const graph_inputs *in, int64_t heads, ad_mode *t)
{
    bool drops = t && t->dropout > 0;
    if (!drops && !in->weight) return NULL;
    ad_node *ones = ad_fill(ad_node_graph(in->value), AD_F32, ad_shape(in->room.edges, heads), 1);
    ad_node *kept = drops ? ad_mode_dropout(t, ones) : ones;
    return in->weight ? ad_mul(kept, in->weight) : kept;
}

/* x [N, features] (NULL: the sparse ones) -> [N, H F], or [N, F] in the last layer. */
static ad_node *attention_layer(const graph_model *m, int layer, ad_vars *vars,
                                const graph_inputs *in, ad_node *x, int64_t features, ad_mode *t,
                                graph_inside *inside)
{
    ad_graph *g = ad_node_graph(in->value);
    int64_t nodes = in->room.nodes, heads = m->heads[layer], width = m->width[layer];
    bool last = layer == m->layers - 1;
    char name[96];
    ad_init uniform = {.kind = AD_INIT_XAVIER_UNIFORM, .fan_in = heads * width, .fan_out = width};
    ad_scope_push(g, "gat_net.%d", layer);
    snprintf(name, sizeof name, "gat_net.%d.linear_proj", layer);
    ad_node *p = graph_project(in, vars, name, x, features, heads * width, t);
    p = ad_mode_dropout(t, ad_reshape(p, ad_shape(nodes, heads, width))); /* [N, H, F] */
    ad_shape one = ad_shape(1, heads, width);
    ad_node *to = param(g, vars, "gat_net", layer, "scoring_fn_target", one, uniform);
    ad_node *from = param(g, vars, "gat_net", layer, "scoring_fn_source", one, uniform);
    ad_node *both = ad_concat((ad_node *[]){columns(to), columns(from)}, 2, 1); /* [H F, 2 H] */
    ad_node *scores = ad_matmul(ad_reshape(p, ad_shape(nodes, heads * width)), both);
    scores = ad_reshape(scores, ad_shape(nodes, 2, heads));
    if (inside) inside->attention[layer] = ad_name(weights(in, scores), "attention");
    ad_node *y = ad_graph_attention(in->edges, scores, p, factors(in, heads, t), SLOPE);
    if (m->skip) {
        snprintf(name, sizeof name, "gat_net.%d.skip_proj", layer);
        bool equal = x && features == width;
        ad_node *skip = equal ? ad_reshape(x, ad_shape(nodes, 1, features))
                              : ad_reshape(
                                    graph_project(in, vars, name, x, features, heads * width, t),
                                    ad_shape(nodes, heads, width));
        y = ad_add(y, skip);
    }
    y = last ? ad_mean(y, ad_axes(1), false) : ad_reshape(y, ad_shape(nodes, heads * width));
    if (m->bias)
        y = ad_add(y, param(g, vars, "gat_net", layer, "bias",
                            ad_shape(last ? width : heads * width), (ad_init){0}));
    ad_scope_pop(g);
    return last ? y : ad_elu(y, 1);
}

/* ---- graph convolution ---- */

static ad_node *convolution_layer(const graph_model *m, int layer, ad_vars *vars,
                                  const graph_inputs *in, ad_node *x, int64_t features, ad_mode *t)
{
    ad_graph *g = ad_node_graph(in->value);
    int64_t nodes = in->room.nodes, width = (int64_t)m->heads[layer] * m->width[layer];
    char name[96];
    ad_scope_push(g, "gcn_net.%d", layer);
    snprintf(name, sizeof name, "gcn_net.%d.linear_proj", layer);
    ad_node *p = graph_project(in, vars, name, x, features, width, t);
    ad_node *y = ad_sparse_matmul(in->edges, in->norm, ad_reshape(p, ad_shape(nodes, 1, width)));
    y = ad_add(ad_reshape(y, ad_shape(nodes, width)),
               param(g, vars, "gcn_net", layer, "bias", ad_shape(width), (ad_init){0}));
    ad_scope_pop(g);
    return layer == m->layers - 1 ? y : ad_relu(y);
}

/* ---- all of it ---- */

ad_node *graph_network(const graph_model *m, ad_vars *vars, const graph_inputs *in, ad_mode *t,
                       graph_inside *inside)
{
    if (m->kind == GRAPH_GIN) return graph_isomorphism_network(m, vars, in, t, inside);
    bool attention = m->kind == GRAPH_GAT;
    ad_node *x = NULL;
    int64_t features = m->features;
    for (int layer = 0; layer < m->layers; ++layer) {
        if (inside && x) inside->embedding = x;
        x = attention ? attention_layer(m, layer, vars, in, x, features, t, inside)
                      : convolution_layer(m, layer, vars, in, x, features, t);
        features = (int64_t)m->heads[layer] * m->width[layer];
    }
    if (inside && !inside->embedding) inside->embedding = x;
    return m->of_graphs ? graph_level(m, vars, in, x, t) : ad_name(x, "logits");
}

/* Cross-entropy, or binary cross-entropy of every class, over the items of the split. */
ad_node *graph_loss(const graph_model *m, ad_node *logits)
{
    ad_graph *g = ad_node_graph(logits);
    int64_t items = ad_node_shape(logits).dim[0];
    ad_node *share = ad_input(g, "share", AD_F32, ad_shape(1)), *each;
    if (m->several) {
        ad_node *target = ad_input(g, "target", AD_F32, ad_shape(items, m->classes));
        ad_node *weight = ad_input(g, "weight", AD_F32, ad_shape(items, 1));
        each = ad_sub(ad_softplus(logits), ad_mul(logits, target)); /* -log sigmoid, both ways */
        each = ad_mul_scalar(ad_mul(each, weight), 1.0 / m->classes);
    } else {
        each = ad_cross_entropy(logits, ad_input(g, "label", AD_I32, ad_shape(items)));
    }
    ad_node *sum = ad_sum(each, AD_ALL_AXES, false);
    return ad_name(ad_mul(sum, ad_reshape(share, (ad_shape){0})), "loss");
}
