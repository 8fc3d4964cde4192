/* choice.c - the network that the options ask for, for the data at hand. */
#include "zoo/graph/graph.h"

#define AT(member) AD_AT(graph_choice, member)
static const ad_option rows[] = {
    {"layers", 0, AD_OPTION_INT, AT(layers), .initial = "2", .min = 1, .max = GRAPH_LAYERS,
     .help = "layers"},
    {"heads", 0, AD_OPTION_INT, AT(heads), .initial = "8", .min = 1, .max = 1024,
     .help = "attention heads of the hidden layers"},
    {"out-heads", 0, AD_OPTION_INT, AT(out_heads), .initial = "1", .min = 1, .max = 1024,
     .help = "of the last layer, averaged"},
    {"width", 0, AD_OPTION_INT, AT(width), .initial = "8", .min = 1, .max = 65536,
     .help = "values of a head (without heads: of a node)"},
    {"skip", 0, AD_OPTION_FLAG, AT(skip), .help = "add each layer's input to its result"},
    {"dropout", 0, AD_OPTION_REAL, AT(dropout), .initial = "0.6", .min = 0, .max = 0.95,
     .help = "of features, projections and attention"},
    {"readout", 0, AD_OPTION_CHOICE, AT(readout), .initial = "sum", .choices = "sum|mean|max",
     .help = "how a graph is made of its nodes"},
    {"batch", 0, AD_OPTION_INT, AT(batch), .initial = "32", .min = 1, .max = 1 << 24,
     .help = "graphs in a step"},
    {"folds", 0, AD_OPTION_INT, AT(folds), .initial = "0", .min = 0, .max = 1000,
     .help = "stratified cross-validation: train this many networks, each tested on its own part"},
    {"val", 0, AD_OPTION_REAL, AT(validation), .initial = "0.1", .min = 0, .max = 0.5,
     .help = "with --folds: share of the rest that validates"},
    {0},
};
const ad_record graph_choice_record = {
    .title = "network", .options = rows, .size = sizeof(graph_choice)};

ad_status graph_choose(graph_job *g)
{
    const graph_choice *c = ad_job_value(&g->job, &graph_choice_record);
    const graph_source *source = ad_job_value(&g->job, &graph_source_record);
    const ad_graph_set *set = g->set;
    graph_model *m = g->job.model;
    m->layers = (int)c->layers, m->skip = c->skip, m->bias = true;
    m->readout = (graph_readout)c->readout;
    m->of_graphs = set->of_graphs, m->several = set->targets != NULL;
    m->features = set->features, m->raw = source->raw;
    for (int i = 0; i < m->layers; ++i) {
        bool last = i == m->layers - 1;
        m->heads[i] = m->kind != GRAPH_GAT ? 1 : (int)(last ? c->out_heads : c->heads);
        m->width[i] = last && !m->of_graphs ? set->classes : (int)c->width;
    }
    if (m->kind == GRAPH_GIN && !m->of_graphs)
        return ad_error_set(g->job.ctx, AD_ERROR_ARGUMENT,
                            "--model gin classifies graphs; these data label nodes");
    return graph_model_texts(g->job.ctx, m, set->class_names, set->classes);
}

bool graph_has_loops(const graph_model *m)
{
    return m->kind != GRAPH_GIN;
}
