/* graph_level.c - whole graphs into classes: pooling over the nodes of each, and the graph
 * isomorphism network (Xu et al. 2019), with batch norm that leaves the free places of a batch out.
 */
#include "zoo/graph/graph.h"

#include <stdio.h>
#include <string.h>

static ad_node *pooled(const graph_model *m, const graph_inputs *in, ad_node *x)
{
    /* entries of the pattern are the nodes themselves, in order */
    if (m->readout == GRAPH_MAX) return ad_segment_max(in->pool, x);
    return m->readout == GRAPH_MEAN ? ad_segment_mean(in->pool, x)
                                    : ad_segment_sum(in->pool, x, false);
}

ad_node *graph_level(const graph_model *m, ad_vars *vars, const graph_inputs *in, ad_node *x,
                     ad_mode *t)
{
    ad_node *y = ad_mode_dropout(t, pooled(m, in, ad_elu(x, 1)));
    return ad_name(ad_linear(vars, "fc", y, m->classes, (ad_linear_options){0}), "logits");
}

/* ---- batch norm over the nodes that are there ---- */

static ad_node *moving(ad_graph *g, ad_vars *vars, const char *name, const char *part,
                       int64_t width, double first, ad_variable **variable)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%s", name, part);
    *variable = ad_var(vars, full, ad_shape(width),
                       (ad_var_options){.init = {AD_INIT_CONSTANT, first, 0, 0},
                                        .buffer = strncmp(part, "running", 7) == 0});
    return ad_read(g, *variable);
}

static void move(ad_graph *g, ad_variable *variable, ad_node *old, ad_node *now, ad_mode *t)
{
    ad_node *value = ad_add(ad_mul_scalar(old, 0.9), ad_mul_scalar(ad_stop_gradient(now), 0.1));
    ad_mode_update(t, ad_assign(g, variable, value));
}

/* x [N, width]; rows outside have weight 0. */
static ad_node *batch_norm(ad_vars *vars, const char *name, const graph_inputs *in, ad_node *x,
                           int64_t width, ad_mode *t)
{
    ad_graph *g = ad_node_graph(x);
    ad_variable *v[4];
    ad_node *scale = moving(g, vars, name, "weight", width, 1, &v[0]);
    ad_node *shift = moving(g, vars, name, "bias", width, 0, &v[1]);
    ad_node *mean = moving(g, vars, name, "running_mean", width, 0, &v[2]);
    ad_node *variance = moving(g, vars, name, "running_var", width, 1, &v[3]);
    if (t) {
        ad_node *count = ad_clamp(ad_sum(in->inside, AD_ALL_AXES, false), 1, 1e9);
        ad_node *m = ad_div(ad_sum(ad_mul(x, in->inside), ad_axes(0), false), count);
        ad_node *d = ad_mul(ad_sub(x, m), in->inside);
        ad_node *s = ad_div(ad_sum(ad_square(d), ad_axes(0), false), count);
        ad_node *others = ad_clamp(ad_add_scalar(count, -1), 1, 1e9);
        move(g, v[2], mean, m, t);
        move(g, v[3], variance, ad_mul(s, ad_div(count, others)), t); /* without bias */
        mean = m, variance = s;
    }
    ad_node *y = ad_mul(ad_sub(x, mean), ad_rsqrt(ad_add_scalar(variance, 1e-5)));
    return ad_add(ad_mul(y, scale), shift);
}

/* ---- the network ---- */

static ad_node *linear(ad_vars *vars, const graph_inputs *in, const char *name, ad_node *x,
                       int64_t width)
{
    (void)in;
    return ad_linear(vars, name, x, width, (ad_linear_options){0});
}

/* The features as dense rows: they are few (tags). */
static ad_node *dense_features(const graph_model *m, const graph_inputs *in)
{
    ad_graph *g = ad_node_graph(in->value);
    ad_node *each = ad_one_hot(ad_iota(g, AD_I32, ad_shape(m->features), 0), m->features, AD_F32);
    ad_node *x = ad_sparse_matmul(in->features, in->value,
                                  ad_reshape(each, ad_shape(m->features, 1, m->features)));
    return ad_reshape(x, ad_shape(-1, m->features));
}

static ad_node *neighbours(const graph_inputs *in, ad_node *x)
{
    ad_graph *g = ad_node_graph(x);
    int64_t nodes = in->room.nodes, width = ad_node_shape(x).dim[1];
    ad_node *ones = ad_fill(g, AD_F32, ad_shape(in->room.edges, 1), 1);
    ad_node *y = ad_sparse_matmul(in->edges, ones, ad_reshape(x, ad_shape(nodes, 1, width)));
    return ad_reshape(y, ad_shape(nodes, width));
}

/* Layers are convolutions; the readout takes the features too (jumping knowledge). */
ad_node *graph_isomorphism_network(const graph_model *m, ad_vars *vars, const graph_inputs *in,
                                   ad_mode *t, graph_inside *inside)
{
    ad_graph *g = ad_node_graph(in->value);
    ad_node *x = dense_features(m, in), *logits = NULL;
    int64_t width = (int64_t)m->heads[0] * m->width[0];
    char name[96];
    for (int layer = 0; layer <= m->layers; ++layer) {
        ad_scope_push(g, "gin.%d", layer);
        snprintf(name, sizeof name, "linears_prediction.%d", layer);
        ad_node *of_graph = pooled(m, in, ad_mul(x, in->inside));
        ad_node *part = ad_linear(vars, name, of_graph, m->classes, (ad_linear_options){0});
        part = ad_mode_dropout(t, part);
        logits = logits ? ad_add(logits, part) : part;
        if (layer < m->layers) {
            x = ad_add(x, neighbours(in, x));
            snprintf(name, sizeof name, "mlps.%d.linears.0", layer);
            x = linear(vars, in, name, x, width);
            snprintf(name, sizeof name, "mlps.%d.batch_norms.0", layer);
            x = ad_relu(batch_norm(vars, name, in, x, width, t));
            snprintf(name, sizeof name, "mlps.%d.linears.1", layer);
            x = linear(vars, in, name, x, width);
            snprintf(name, sizeof name, "batch_norms.%d", layer);
            x = ad_relu(batch_norm(vars, name, in, x, width, t));
        }
        ad_scope_pop(g);
    }
    if (inside) inside->embedding = x;
    return ad_name(logits, "logits");
}
