/* graph_weights.c - weights of edges, from the table to logits and gradients, against the formulas
 * written out densely in double (PyTorch Geometric's gcn_norm; DGL's GATConv with edge weights).
 * Gradients are held to differences of the dense loss. */
#include "case.h"
#include "zoo/graph/graph.h"

#include <math.h>

enum { NODES = 5, FEATURES = 3, CLASSES = 2, PARAMETERS = 16 };

static void begin_with_edges(const char *edges)
{
    begin();
    write_text("nodes.csv", "id,label,split,a,b,c\n"
                            "v,x,train,1,0.5,0\nw,y,train,0,-1,0.25\nx,x,train,0.5,0.5,1\n"
                            "y,y,train,-0.75,0,2\nz,x,train,0,0,0.5\n");
    write_text("edges.csv", edges);
}

/* ---- the formulas ---- */

typedef struct dense {
    double x[NODES][FEATURES], w[NODES][NODES]; /* w: loops are 1 */
    bool edge[NODES][NODES];                    /* to, from */
    int label[NODES];
} dense;

/* parameter: W [FEATURES, CLASSES], then bias, and of gat the target's and the source's vector. */
typedef void network(const dense *d, const double *parameter, double logits[NODES][CLASSES]);

static void project(const dense *d, const double *weight, double p[NODES][CLASSES])
{
    for (int i = 0; i < NODES; ++i)
        for (int c = 0; c < CLASSES; ++c) {
            p[i][c] = 0;
            for (int f = 0; f < FEATURES; ++f) p[i][c] += d->x[i][f] * weight[f * CLASSES + c];
        }
}

static void convolve(const dense *d, const double *parameter, double logits[NODES][CLASSES])
{
    double p[NODES][CLASSES], degree[NODES] = {0};
    const double *bias = parameter + FEATURES * CLASSES;
    project(d, parameter, p);
    for (int i = 0; i < NODES; ++i)
        for (int j = 0; j < NODES; ++j) degree[i] += d->w[i][j];
    for (int i = 0; i < NODES; ++i)
        for (int c = 0; c < CLASSES; ++c) {
            logits[i][c] = bias[c];
            for (int j = 0; j < NODES; ++j)
                logits[i][c] += d->w[i][j] / sqrt(degree[i] * degree[j]) * p[j][c];
        }
}

static void attend(const dense *d, const double *parameter, double logits[NODES][CLASSES])
{
    double p[NODES][CLASSES];
    const double *bias = parameter + FEATURES * CLASSES, *to = bias + CLASSES, *from = to + CLASSES;
    project(d, parameter, p);
    for (int i = 0; i < NODES; ++i) {
        double a[NODES] = {0}, sum = 0;
        for (int j = 0; j < NODES; ++j) {
            double e = 0;
            for (int c = 0; c < CLASSES; ++c) e += to[c] * p[i][c] + from[c] * p[j][c];
            if (d->edge[i][j]) sum += a[j] = exp(e > 0 ? e : 0.2 * e);
        }
        for (int c = 0; c < CLASSES; ++c) {
            logits[i][c] = bias[c];
            for (int j = 0; j < NODES; ++j) logits[i][c] += d->w[i][j] * a[j] / sum * p[j][c];
        }
    }
}

static double loss_of(const dense *d, network *of, const double *parameter)
{
    double logits[NODES][CLASSES], loss = 0;
    of(d, parameter, logits);
    for (int i = 0; i < NODES; ++i) {
        double sum = 0;
        for (int c = 0; c < CLASSES; ++c) sum += exp(logits[i][c]);
        loss += (log(sum) - logits[i][d->label[i]]) / NODES;
    }
    return loss;
}

static void fill_dense(dense *d, const ad_graph_set *set)
{
    *d = (dense){0};
    for (int i = 0; i < NODES; ++i) {
        d->w[i][i] = 1, d->edge[i][i] = true, d->label[i] = set->labels[i];
        for (int32_t k = set->value_start[i]; k < set->value_start[i + 1]; ++k)
            d->x[i][set->feature[k]] = (double)set->value[k];
        for (int32_t e = set->edge_start[i]; e < set->edge_start[i + 1]; ++e) {
            d->edge[i][set->source[e]] = true;
            d->w[i][set->source[e]] = set->weight ? (double)set->weight[e] : 1;
        }
    }
}

/* ---- the library's ---- */

typedef struct trial {
    ad_graph_set *set;
    graph_batch batch;
    ad_graph *graph;
    ad_vars *vars;
    ad_program *program;
    ad_variable *variable[4];
    int variables;
} trial;

static ad_status compute(trial *t, const graph_model *m)
{
    ad_node *outputs[2 + 4], *wrt[4];
    ad_mode form = {.training = true};
    int64_t first = 0;
    ad_status status = graph_batch_new(&t->batch, t->set, graph_room(t->set, 1, true), true);
    if (status) return status;
    graph_batch_fill(&t->batch, &first, 1, AD_GRAPH_TRAIN);
    t->graph = ad_graph_new(ctx);
    t->vars = ad_vars_new(ctx, 3);
    graph_inputs in = graph_declare_inputs(t->graph, m, t->batch.room);
    outputs[0] = graph_network(m, t->vars, &in, &form, NULL);
    outputs[1] = graph_loss(m, outputs[0]);
    for (int i = 0; i < ad_vars_count(t->vars); ++i) {
        t->variable[i] = ad_vars_at(t->vars, i);
        wrt[i] = ad_read(t->graph, t->variable[i]);
    }
    t->variables = ad_vars_count(t->vars);
    ad_gradients(outputs[1], wrt, t->variables, outputs + 2);
    status = ad_compile(&t->program, ctx, outputs, 2 + t->variables, NULL);
    if (!status) status = graph_batch_bind(&t->batch, t->program);
    return status ? status : ad_run(t->program);
}

static void close_trial(trial *t)
{
    ad_program_free(t->program);
    ad_graph_free(t->graph);
    ad_vars_free(t->vars);
    graph_batch_free(&t->batch);
    ad_graph_set_free(t->set);
}

/* Where a variable's values lie among the dense parameters. */
static int place_of(const char *name)
{
    if (strstr(name, "linear_proj")) return 0;
    if (strstr(name, "bias")) return FEATURES * CLASSES;
    return FEATURES * CLASSES + (strstr(name, "target") ? 1 : 2) * CLASSES;
}

static void agrees(const trial *t, const dense *d, network *of)
{
    double parameter[PARAMETERS] = {0}, logits[NODES][CLASSES];
    for (int v = 0; v < t->variables; ++v) {
        const float *data = ad_variable_data(t->vars, t->variable[v]);
        int64_t count = ad_shape_count(ad_variable_shape(t->variable[v]));
        for (int64_t k = 0; k < count; ++k)
            parameter[place_of(ad_variable_name(t->variable[v])) + k] = (double)data[k];
    }
    of(d, parameter, logits);
    const float *got = ad_result_at(t->program, 0);
    for (int i = 0; i < NODES; ++i)
        for (int c = 0; c < CLASSES; ++c)
            CHECK_NEAR((double)got[i * CLASSES + c], logits[i][c], 1e-5);
    for (int v = 0; v < t->variables; ++v) {
        const float *gradient = ad_result_at(t->program, 2 + v);
        int64_t count = ad_shape_count(ad_variable_shape(t->variable[v]));
        for (int64_t k = 0; k < count; ++k) {
            double *p = &parameter[place_of(ad_variable_name(t->variable[v])) + k], at = *p;
            *p = at + 1e-5;
            double above = loss_of(d, of, parameter);
            *p = at - 1e-5;
            double below = loss_of(d, of, parameter);
            *p = at;
            CHECK_NEAR((double)gradient[k], (above - below) / 2e-5, 1e-4);
        }
    }
}

static void check(const char *edges, bool directed, int kind)
{
    const graph_model m = {.kind = kind,
                           .layers = 1,
                           .heads = {1},
                           .width = {CLASSES},
                           .bias = true,
                           .features = FEATURES,
                           .classes = CLASSES};
    trial t = {0};
    dense d;
    begin_with_edges(edges);
    ad_status status = ad_graph_set_read(&t.set, ctx, folder,
                                         &(ad_graph_set_options){.directed = directed});
    if (!status) status = compute(&t, &m);
    if (status) CHECK_FAIL("%s", ad_error(ctx));
    if (!status) fill_dense(&d, t.set);
    if (!status) agrees(&t, &d, kind == GRAPH_GCN ? convolve : attend);
    close_trial(&t);
    end();
}

static const char weighted[] = "source,target,weight\nv,w,2\nw,x,0.5\nx,y,0\ny,v,3.25\nz,x,1\n";
static const char plain[] = "source,target\nv,w\nw,x\nx,y\ny,v\nz,x\n";

static void convolution(void)
{
    check(weighted, false, GRAPH_GCN);
    check(weighted, true, GRAPH_GCN);
    check(plain, false, GRAPH_GCN);
}

static void attention(void)
{
    check(weighted, false, GRAPH_GAT);
    check(weighted, true, GRAPH_GAT);
    check(plain, true, GRAPH_GAT);
}

static const check_case cases[] = {CASE(convolution), CASE(attention), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
