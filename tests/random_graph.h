/* random_graph.h - random graphs of 8 x 8 nodes with views, reductions, products, concatenations,
 * gradients and assigns: what the planner's tests compile in more than one way. */
#ifndef RANDOM_GRAPH_H
#define RANDOM_GRAPH_H

#include <autodidact/nn.h>
#include <autodidact/ops.h>
#include <autodidact/program.h>

#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

enum { INPUTS = 3, MOST = 64 };

static uint64_t state; /* of pick */

static inline int pick(int n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int)((state >> 33) % (uint64_t)n);
}

static inline ad_node *unary(ad_node *x)
{
    switch (pick(9)) {
    case 0: return ad_relu(x);
    case 1: return ad_tanh(x);
    case 2: return ad_mul_scalar(x, 0.5 + pick(3));
    case 3: return ad_add_scalar(x, pick(2));
    case 4: return ad_neg(x);
    case 5: return ad_sigmoid(x);
    case 6:
        return ad_where(ad_greater(x, ad_fill(ad_node_graph(x), AD_F32, ad_node_shape(x), 0.1)), x,
                        ad_neg(x));
    case 7: return ad_cast(ad_cast(x, AD_F64), AD_F32);
    default: return ad_stop_gradient(x);
    }
}

/* Keeps values of depth-wise products small. */
static inline ad_node *binary(ad_node *a, ad_node *b)
{
    switch (pick(5)) {
    case 0: return ad_add(a, b);
    case 1: return ad_sub(a, b);
    case 2: return ad_mul(ad_tanh(a), b);
    case 3: return ad_maximum(a, b);
    default: return ad_minimum(a, b);
    }
}

static inline ad_node *view(ad_node *x)
{
    ad_shape s = ad_node_shape(x);
    switch (pick(6)) {
    case 0: return ad_transpose(x);
    case 1: return ad_reshape(x, ad_shape(s.dim[1], s.dim[0]));
    case 2: return ad_slice(x, pick(2), 0, INT64_MAX, 1);
    case 3: return ad_slice(x, 0, -1, INT64_MIN, -1);
    case 4: return ad_reshape(ad_reshape(x, ad_shape(s.dim[0] * s.dim[1])), s);
    default: return ad_broadcast(ad_sum(x, ad_axes(pick(2)), true), s);
    }
}

static inline ad_node *heavy(ad_node *a, ad_node *b)
{
    ad_shape s = ad_node_shape(a);
    switch (pick(6)) {
    case 0:
        return ad_mul_scalar(ad_matmul_with(a, b, (ad_matmul_options){.transpose_b = pick(2)}),
                             1.0 / 8);
    case 1: return ad_slice(ad_concat((ad_node *[]){a, b, a}, 3, pick(2)), 0, 0, s.dim[0], 1);
    case 2: return ad_add(a, ad_mean(b, ad_axes(1), true));
    case 3: return ad_softmax(a, -1);
    case 4: return ad_sub(a, ad_max(b, ad_axes(0), false));
    default: return ad_normalize(a, ad_axes(1), 1e-2);
    }
}

static inline ad_node *fit(ad_node *x)
{
    ad_shape s = ad_node_shape(x);
    if (s.rank == 2 && s.dim[0] == 8 && s.dim[1] == 8) return x;
    if (s.rank == 2 && s.dim[0] >= 8 && s.dim[1] >= 8)
        return ad_slice(ad_slice(x, 0, 0, 8, 1), 1, 0, 8, 1);
    return NULL;
}

/* A random graph of 8 x 8 nodes over the inputs and two variables; some of the last nodes are
 * outputs. */
static inline int random_outputs(ad_graph *g, ad_vars *vars, ad_node **outputs)
{
    ad_node *nodes[MOST];
    int n = 0;
    for (int i = 0; i < INPUTS; ++i) {
        char name[8];
        snprintf(name, sizeof name, "x%d", i);
        nodes[n++] = ad_input(g, name, AD_F32, ad_shape(8, 8));
    }
    ad_var_options normal = {.init = {.kind = AD_INIT_NORMAL, .a = 1}};
    ad_variable *v = ad_var(vars, "v", ad_shape(8, 8), normal),
                *w = ad_var(vars, "w", ad_shape(8, 8), normal);
    nodes[n++] = ad_read(g, v);
    nodes[n++] = ad_read(g, w);
    nodes[n++] = ad_fill(g, AD_F32, ad_shape(8, 8), pick(3));
    int want = 12 + pick(30);
    while (n < want) {
        ad_node *a = nodes[pick(n)], *b = nodes[pick(2) ? n - 1 : pick(n)], *made;
        int what = pick(10);
        made = what < 3 ? unary(b) : what < 6 ? binary(a, b) : what < 8 ? view(b) : heavy(a, b);
        made = fit(made);
        if (made) nodes[n++] = made;
    }
    int count = 0;
    outputs[count++] = nodes[n - 1];
    for (int i = 0; i < 3; ++i) outputs[count++] = nodes[pick(n)];
    outputs[count++] = ad_sum(ad_mul(nodes[n - 2], nodes[n - 3]), AD_ALL_AXES, false);
    if (pick(2)) {
        ad_node *gradients[2];
        ad_gradients(ad_sum(nodes[n - 1], AD_ALL_AXES, false), (ad_node *[]){nodes[0], nodes[3]}, 2,
                     gradients);
        outputs[count++] = gradients[0], outputs[count++] = gradients[1];
    }
    outputs[count++] = ad_assign(g, v, pick(3) ? nodes[n - 1 - pick(4)] : nodes[4]);
    outputs[count++] = ad_assign(g, w, pick(3) ? nodes[n - 1 - pick(4)] : nodes[3]);
    return count;
}

typedef struct outcome {
    float values[16][64];
    float v[64], w[64];
} outcome;

/* What the inputs and variables hold. */
typedef struct start {
    float inputs[INPUTS][64], v[64], w[64];
} start;

static inline start random_start(uint64_t seed)
{
    start s;
    state = seed * 7919 + 1;
    for (int i = 0; i < 64; ++i) {
        s.v[i] = (float)pick(200) / 100 - 1, s.w[i] = (float)pick(200) / 100 - 1;
        for (int k = 0; k < INPUTS; ++k) s.inputs[k][i] = (float)pick(200) / 100 - 1;
    }
    return s;
}

/* Two runs of the program, which is verified. *stats may be NULL. */
static inline bool run_once(ad_context *ctx, ad_node **outputs, int count,
                            const ad_compile_options *options, ad_vars *vars, const start *from,
                            outcome *out, ad_program_stats *stats)
{
    ad_program *p;
    memset(out, 0, sizeof *out);
    ad_variable *vv = ad_var_find(vars, "v"), *ww = ad_var_find(vars, "w");
    if (ad_compile(&p, ctx, outputs, count, options) != AD_OK) return false;
    bool good = ad_program_verify(p) == AD_OK;
    ad_variable_set(vars, vv, from->v);
    ad_variable_set(vars, ww, from->w);
    for (int i = 0; i < INPUTS; ++i) {
        char name[8];
        snprintf(name, sizeof name, "x%d", i);
        if (ad_bind_name(p, name, from->inputs[i], sizeof from->inputs[i]) != AD_OK)
            ad_error_clear(ctx); /* not every graph needs all */
    }
    for (int step = 0; step < 2 && good; ++step) good = ad_run(p) == AD_OK;
    for (int i = 0; i < count && good; ++i)
        memcpy(out->values[i], ad_result_at(p, i),
               (size_t)ad_shape_count(ad_node_shape(outputs[i])) * sizeof(float));
    ad_variable_get(vars, vv, out->v);
    ad_variable_get(vars, ww, out->w);
    if (stats) *stats = ad_program_get_stats(p);
    ad_program_free(p);
    return good;
}

#endif
