/* show.c - `graph show`: pictures of what a trained network looks at. */
#include "zoo/graph/drawing.h"

#include <autodidact/run.h>

#include <stdio.h>
#include <string.h>

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .initial = "graph", .unit = "FOLDER",
     .help = "where the pictures go"},
    {"node", 0, AD_OPTION_TEXT, .unit = "NAME",
     .help = "whose neighbourhood, by its name or number; else that of the node with the most "
             "neighbours that can be told apart"},
    {"layer", 0, AD_OPTION_INT, .initial = "1", .min = 1, .max = GRAPH_LAYERS,
     .help = "whose attention"},
    {"format", 0, AD_OPTION_CHOICE, .initial = "svg", .choices = "svg|png",
     .help = "of the pictures"},
    AD_OPTION_THREADS,
    AD_OPTION_QUIET,
    {0},
};

/* Frees the drawing. */
static ad_status write(ad_command *cmd, const char *name, ad_status status, ad_drawing *d)
{
    char path[4096];
    snprintf(path, sizeof path, "%.3900s/%s.%s", ad_command_text(cmd, "output"), name,
             ad_command_text(cmd, "format"));
    if (!status) status = ad_drawing_write(d, path);
    if (!status) ad_command_note(cmd, "wrote %s", path);
    ad_drawing_free(d);
    return status;
}

static ad_status draw(ad_command *cmd, const graph_job *g, const graph_look *look, int layer)
{
    ad_drawing *d;
    ad_status status = AD_OK;
    const char *name = ad_command_text(cmd, "node");
    int64_t node = graph_chosen_node(look);
    if (name && !look->attention[layer])
        ad_command_note(cmd, "--node: only networks with attention have neighbourhoods to draw");
    if (name) status = graph_find_node(g, name, &node);
    if (!status && look->attention[layer]) {
        status = graph_draw_neighbourhood(look->ctx, look, layer, node, &d);
        status = write(cmd, "neighbourhood", status, d);
        if (status) return status;
        status = graph_draw_entropy(look->ctx, look, &d);
        status = write(cmd, "entropy", status, d);
    }
    if (status) return status;
    status = graph_draw_embedding(look->ctx, look, &d);
    return write(cmd, "embedding", status, d);
}

static ad_status check(const graph_job *g, int layer)
{
    ad_context *ctx = g->job.ctx;
    const graph_model *m = g->job.model;
    if (g->set->graphs != 1 || m->several)
        return ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                            "pictures are drawn of one graph whose nodes have one label each");
    if (layer >= m->layers)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--layer: there are %d layers", m->layers);
    return AD_OK;
}

static ad_status show(ad_command *cmd, ad_job *job)
{
    graph_job *g = (graph_job *)job;
    graph_look look = {0};
    int layer = (int)ad_command_int(cmd, "layer") - 1;
    ad_status status = graph_attach(g, ad_command_operand(cmd, 0));
    if (!status) status = check(g, layer);
    if (!status) status = ad_trained_build(job, 1, NULL);
    if (!status) status = graph_look_open(&look, job->ctx, job->model, job->vars, g->set);
    if (!status) status = ad_run_make_folder(job->ctx, ad_command_text(cmd, "output"));
    if (!status) status = draw(cmd, g, &look, layer);
    graph_look_close(&look);
    return status;
}

static int run(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &graph_system, show);
}

static const ad_record *const records[] = {&graph_source_record, NULL};

const ad_verb graph_show_verb = {
    AD_VERB("graph", "show", "MODEL", options, run,
            "draw what a network looks at, and how it sees the nodes"),
    .records = records,
    .of_run = true,
    .description =
        "Writes three pictures: a node's neighbourhood with attention as the width of "
        "edges; histograms of the entropy of attention against uniform attention; the "
        "nodes by their embeddings (t-SNE), coloured by class. The data are those that the "
        "run was trained with, unless options say otherwise.\n\n"
        "  autodidact graph show runs/graph-20260101-1 -o cora/\n"
        "  autodidact graph show runs/graph-20260101-1 -o cora/ --node 1057",
};
