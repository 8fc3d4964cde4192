/* graph.c - a training step of graph attention on a random graph of Cora's size. */
#include "zoo/bench/bench.h"
#include "zoo/graph/graph.h"

#include <stdlib.h>
#include <string.h>

enum { NODES = 2708, LINKS = 5278, FEATURES = 1433, VALUES = 18, CLASSES = 7, TRAINED = 140 };

typedef struct citation {
    ad_graph_set set;
    graph_batch batch;
    int32_t start[2], edge_start[NODES + 1], source[2 * LINKS];
    int32_t value_start[NODES + 1], feature[NODES * VALUES];
    float value[NODES * VALUES];
    int32_t labels[NODES];
    unsigned char split[NODES];
} citation;

typedef struct graph_link {
    int32_t to, from;
} graph_link;

static int by_target(const void *a, const void *b)
{
    const graph_link *x = a, *y = b;
    return x->to != y->to ? (x->to > y->to) - (x->to < y->to)
                          : (x->from > y->from) - (x->from < y->from);
}

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Links in both directions, each once; none from a node to itself. */
static void draw_links(citation *c)
{
    graph_link all[2 * LINKS];
    int64_t count = 0;
    for (uint64_t i = 0; count < 2 * LINKS; ++i) {
        int32_t a = (int32_t)ad_random_below(1, 10, 2 * i, NODES);
        int32_t b = (int32_t)ad_random_below(1, 10, 2 * i + 1, NODES);
        bool known = a == b;
        for (int64_t k = 0; k < count && !known; ++k) known = all[k].to == a && all[k].from == b;
        if (known) continue;
        all[count++] = (graph_link){a, b}, all[count++] = (graph_link){b, a};
    }
    qsort(all, 2 * LINKS, sizeof *all, by_target);
    for (int64_t e = 0; e < 2 * LINKS; ++e) {
        c->source[e] = all[e].from;
        ++c->edge_start[all[e].to + 1];
    }
    for (int64_t i = 0; i < NODES; ++i) c->edge_start[i + 1] += c->edge_start[i];
}

/* As many words as a paper of Cora has, each once, with values that add up to 1. */
static void draw_features(citation *c)
{
    for (int64_t i = 0; i < NODES; ++i) {
        int32_t *row = c->feature + i * VALUES;
        uint64_t draw = 0;
        for (int k = 0; k < VALUES;) {
            bool known = false;
            row[k] = (int32_t)ad_random_below(1, 11, (uint64_t)i << 16 | draw++, FEATURES);
            for (int j = 0; j < k; ++j) known = known || row[j] == row[k];
            if (!known) ++k;
        }
        qsort(row, VALUES, sizeof *row, ascending);
        for (int k = 0; k < VALUES; ++k) c->value[i * VALUES + k] = 1.0f / VALUES;
        c->value_start[i + 1] = (int32_t)(VALUES * (i + 1));
        c->labels[i] = (int32_t)ad_random_below(1, 12, (uint64_t)i, CLASSES);
        c->split[i] = i < TRAINED ? AD_GRAPH_TRAIN : AD_GRAPH_NO_SPLIT;
    }
}

static ad_status save_array(bench_job *job, const char *name, ad_dtype dtype, int64_t count,
                            const void *data)
{
    void *to = bench_array(job, name, dtype, ad_shape(count));
    if (!to) return ad_error_status(job->ctx);
    memcpy(to, data, (size_t)count * 4);
    return AD_OK;
}

static ad_status graph_build(bench_job *job)
{
    static const graph_model model = {.kind = GRAPH_GAT,
                                      .layers = 2,
                                      .heads = {8, 1},
                                      .width = {8, CLASSES},
                                      .bias = true,
                                      .features = FEATURES,
                                      .classes = CLASSES};
    citation *c = job->own = calloc(1, sizeof *c);
    int64_t all = 0;
    if (!c) return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    draw_links(c), draw_features(c);
    c->start[1] = NODES;
    c->set = (ad_graph_set){.ctx = job->ctx,
                            .nodes = NODES,
                            .graphs = 1,
                            .graph_start = c->start,
                            .edges = 2 * LINKS,
                            .edge_start = c->edge_start,
                            .source = c->source,
                            .features = FEATURES,
                            .values = (int64_t)NODES * VALUES,
                            .value_start = c->value_start,
                            .feature = c->feature,
                            .value = c->value,
                            .items = NODES,
                            .classes = CLASSES,
                            .labels = c->labels,
                            .split = c->split,
                            .has_splits = true};
    ad_status status = graph_batch_new(&c->batch, &c->set, graph_room(&c->set, 1, true), true);
    if (status) return status;
    graph_batch_fill(&c->batch, &all, 1, AD_GRAPH_TRAIN);
    graph_inputs in = graph_declare_inputs(job->graph, &model, c->batch.room);
    ad_mode mode = {.training = true,
                    .dropout = job->exact ? 0 : 0.6,
                    .rng = job->exact ? NULL : ad_rng(job->graph, job->vars)};
    ad_node *loss = graph_loss(&model, graph_network(&model, job->vars, &in, &mode, NULL));
    job->optimizer[0] = ad_adam(job->vars, NULL,
                                (ad_adam_options){.lr = 5e-3, .weight_decay = 5e-4});
    bench_output(job, loss), bench_output(job, ad_minimize(job->optimizer[0], loss));
    if (!job->exact) bench_output(job, ad_rng_advance(job->graph, job->vars));
    return AD_OK;
}

static ad_status graph_ready(bench_job *job)
{
    const citation *c = job->own;
    const graph_batch *b = &c->batch;
    int32_t nodes[TRAINED];
    for (int i = 0; i < TRAINED; ++i) nodes[i] = i;
    ad_status status = graph_batch_bind(b, job->program);
    const struct {
        const char *name;
        ad_dtype dtype;
        int64_t count;
        const void *data;
    } array[] = {{"edge_target", AD_I32, b->filled.edges, b->edges.row},
                 {"edge_source", AD_I32, b->filled.edges, b->edges.column},
                 {"feature_row", AD_I32, b->filled.values, b->features.row},
                 {"feature_column", AD_I32, b->filled.values, b->features.column},
                 {"feature_value", AD_F32, b->filled.values, b->value},
                 {"labels", AD_I32, NODES, c->labels},
                 {"train_nodes", AD_I32, TRAINED, nodes}};
    for (size_t i = 0; i < sizeof array / sizeof *array && !status; ++i)
        status = save_array(job, array[i].name, array[i].dtype, array[i].count, array[i].data);
    return status;
}

static void graph_end(bench_job *job)
{
    citation *c = job->own;
    if (c) graph_batch_free(&c->batch);
    free(c);
}

const bench_workload bench_gat = {"gat",
                                  "graph attention on a graph of Cora's size: training step",
                                  .dropout = true,
                                  .build = graph_build,
                                  .ready = graph_ready,
                                  .end = graph_end};
