/* show.c - `graph show`: pictures of what a trained network looks at. */
#include "zoo/graph/drawing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const ad_option options[] = {
    GRAPH_DATA_OPTIONS,
    {"output", 'o', AD_OPTION_FILE, .initial = "graph", .unit = "FOLDER",
     .help = "where the pictures go"},
    {"node", 0, AD_OPTION_INT,
     .help = "whose neighbourhood, else that of the node with the most neighbours below 40"},
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

static ad_status draw(ad_command *cmd, graph_trained *t)
{
    const char *folder = ad_command_text(cmd, "output");
    ad_context *ctx = ad_command_context(cmd);
    int layer = (int)ad_command_int(cmd, "layer") - 1;
    graph_look look;
    ad_drawing *d;
    int64_t node = ad_command_int(cmd, "node");
    if (node >= t->set->nodes)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--node: there are %lld nodes, from 0 on",
                            (long long)t->set->nodes);
    if (layer >= t->model.layers)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--layer: there are %d layers",
                            t->model.layers);
    if (mkdir(folder, 0777) && errno != EEXIST)
        return ad_error_set(ctx, AD_ERROR_IO, "%s: cannot make the folder: %s", folder,
                            strerror(errno));
    ad_status status = graph_look_at(&t->model, t->program, &t->inside, &t->batch, &look);
    if (!status && !ad_command_value(cmd, "node")) node = graph_chosen_node(&look);
    if (!status && look.attention[layer]) {
        status = graph_draw_neighbourhood(ctx, &look, layer, node, &d);
        status = write(cmd, "neighbourhood", status, d);
        if (status) return status;
        status = graph_draw_entropy(ctx, &look, &d);
        status = write(cmd, "entropy", status, d);
    }
    if (status) return status;
    status = graph_draw_embedding(ctx, &look, &d);
    return write(cmd, "embedding", status, d);
}

static int run(ad_command *cmd)
{
    graph_trained t;
    int code = graph_open(cmd, ad_command_operand(cmd, 0), true, &t);
    if (code) return code;
    ad_context *ctx = ad_command_context(cmd);
    ad_status status = t.set->graphs == 1 && !t.model.several
                           ? draw(cmd, &t)
                           : ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                                          "pictures are drawn of one graph whose nodes have one "
                                          "label each");
    if (status) code = ad_command_fail(cmd, "%s", ad_error(ctx));
    graph_close(&t);
    return code;
}

const ad_verb graph_show_verb = {
    .system = "graph",
    .name = "show",
    .operands = "MODEL",
    .options = options,
    .run = run,
    .summary = "draw what a network looks at, and how it sees the nodes",
    .description =
        "Writes three pictures: a node's neighbourhood with attention as the width of edges; "
        "histograms of the entropy of attention against even attention; the nodes by their "
        "embeddings (t-SNE), coloured by class.\n\n"
        "  autodidact graph show runs/graph-20260101-1 --data planetoid/ --dataset cora -o cora/",
};
