/* model.c - what a network is built from again, as its files say it; and PyTorch's files of graph
 * attention networks, whose shape is read off their tensors. */
#include "zoo/graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) AD_AT(graph_model, member)
static const ad_option rows[] = {
    {"model", 0, AD_OPTION_CHOICE, AT(kind), .initial = "gat", .choices = "gat|gcn|gin",
     .help = "the network"},
    {"layer-shapes", 0, AD_OPTION_TEXT, AT(shape), .key = "layers", .derived = true},
    {"flags", 0, AD_OPTION_TEXT, AT(flags), .derived = true},
    {"feature-count", 0, AD_OPTION_INT, AT(features), .key = "features", .derived = true, .min = 1,
     .max = 1 << 28},
    {"classes", 0, AD_OPTION_TEXTS, AT(class_names), .derived = true},
    {0},
};
static const char *const readouts[] = {"sum", "mean", "max"};

ad_status graph_model_texts(ad_context *ctx, graph_model *m, char *const *names, int count)
{
    char shape[16 * GRAPH_LAYERS] = "", flags[64];
    for (int i = 0, at = 0; i < m->layers; ++i)
        at += snprintf(shape + at, sizeof shape - (size_t)at, "%s%dx%d", i ? "," : "", m->heads[i],
                       m->width[i]);
    snprintf(flags, sizeof flags, "%s%s%s%s%s%s", m->skip ? "skip," : "", m->bias ? "bias," : "",
             m->of_graphs ? "graphs," : "", m->several ? "several," : "", m->raw ? "raw," : "",
             readouts[m->readout]);
    ad_status status = ad_record_set(&graph_model_record, ctx, m, "layer-shapes", shape);
    if (!status) status = ad_record_set(&graph_model_record, ctx, m, "flags", flags);
    if (!status) status = ad_texts_copy(ctx, &m->class_names, names, count);
    m->classes = (int)m->class_names.count;
    return status;
}

static bool flag(const char *flags, const char *word)
{
    const char *at = flags ? strstr(flags, word) : NULL;
    return at && at[strlen(word)] == ',';
}

static ad_status damaged(ad_context *ctx, const char *where, const char *what)
{
    return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: its %s is damaged", where, what);
}

/* The layers and flags that the texts of a file say. */
static ad_status complete(ad_context *ctx, const char *where, void *value)
{
    graph_model *m = value;
    const char *shape = m->shape, *last = m->flags ? strrchr(m->flags, ',') : NULL;
    const char *readout = last ? last + 1 : m->flags ? m->flags : "";
    for (m->layers = 0; shape && *shape; shape += *shape == ',') {
        char *end;
        long heads = strtol(shape, &end, 10), width = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
        if (m->layers == GRAPH_LAYERS || heads < 1 || heads > 1024 || width < 1 ||
            width > 1 << 20 || (*end && *end != ','))
            return damaged(ctx, where, "list of layers");
        m->heads[m->layers] = (int)heads;
        m->width[m->layers++] = (int)width;
        shape = end;
    }
    if (!m->layers || m->features < 1) return damaged(ctx, where, "list of layers");
    if (m->class_names.count < 1 || m->class_names.count > 10000)
        return damaged(ctx, where, "list of classes");
    m->classes = (int)m->class_names.count;
    for (int i = 0; i < 3; ++i)
        if (!strcmp(readout, readouts[i])) m->readout = (graph_readout)i;
    m->skip = flag(m->flags, "skip"), m->bias = flag(m->flags, "bias");
    m->of_graphs = flag(m->flags, "graphs"), m->several = flag(m->flags, "several");
    m->raw = flag(m->flags, "raw");
    return AD_OK;
}

const ad_record graph_model_record = {.title = "network",
                                      .prefix = "graph.",
                                      .options = rows,
                                      .size = sizeof(graph_model),
                                      .complete = complete};

/* gat_net.N.scoring_fn_source [1, heads, width], gat_net.0.linear_proj.weight [.., features]. The
 * classes have numbers until the data name them. */
ad_status graph_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                          bool *known)
{
    graph_model *m = model;
    char name[96], numbers[10000][8], *names[10000];
    int first = ad_file_find(file, "gat_net.0.linear_proj.weight");
    (void)config;
    for (m->layers = 0; m->layers < GRAPH_LAYERS; ++m->layers) {
        snprintf(name, sizeof name, "gat_net.%d.scoring_fn_source", m->layers);
        int at = ad_file_find(file, name);
        if (at < 0) break;
        ad_shape s = ad_file_at(file, at)->shape;
        if (s.rank != 3 || s.dim[0] != 1 || s.dim[1] < 1 || s.dim[1] > 1024 || s.dim[2] < 1 ||
            s.dim[2] > 1 << 20)
            return damaged(ctx, ad_file_path(file), name);
        m->heads[m->layers] = (int)s.dim[1];
        m->width[m->layers] = (int)s.dim[2];
    }
    *known = m->layers > 0 && first >= 0 && ad_file_at(file, first)->shape.rank == 2;
    int classes = *known ? m->width[m->layers - 1] : 0;
    if (!*known) return AD_OK;
    if (classes > 10000) return damaged(ctx, ad_file_path(file), "number of classes");
    m->kind = GRAPH_GAT;
    m->features = ad_file_at(file, first)->shape.dim[1];
    m->bias = ad_file_find(file, "gat_net.0.bias") >= 0;
    const char *skip = ad_file_metadata(file, "add_skip_connection");
    m->skip = skip ? !strcmp(skip, "true") : ad_file_find(file, "gat_net.0.skip_proj.weight") >= 0;
    for (int i = 0; i < classes; ++i) {
        snprintf(numbers[i], sizeof numbers[i], "%d", i);
        names[i] = numbers[i];
    }
    return graph_model_texts(ctx, m, names, classes);
}
