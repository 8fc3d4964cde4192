/* explain.c - `autodidact explain graph`: how a training step is planned. */
#include "zoo/graph/graph.h"

#include <stdio.h>
#include <string.h>

static const ad_option options[] = {
    GRAPH_DATA_OPTIONS,
    {"model", 0, AD_OPTION_CHOICE, .initial = "gat", .choices = "gat|gcn", .help = "the network"},
    {"heads", 0, AD_OPTION_INT, .initial = "8", .min = 1, .max = 1024,
     .help = "attention heads of the hidden layer"},
    {"width", 0, AD_OPTION_INT, .initial = "8", .min = 1, .max = 65536, .help = "values of a head"},
    {"stage", 0, AD_OPTION_CHOICE, .initial = "program", .choices = "graph|passes|kernels|program",
     .help = "as recorded; after the graph passes; as kernels; as scheduled, with memory"},
    {"format", 0, AD_OPTION_CHOICE, .initial = "text", .choices = "text|dot|json",
     .help = "text; for graph and passes also dot (Graphviz) and json"},
    AD_OPTION_THREADS,
    {0},
};

static void print(void *user, const char *text, size_t length)
{
    fwrite(text, 1, length, (FILE *)user);
}

static ad_status explain(ad_command *cmd, const ad_graph_set *set, ad_vars *vars, ad_graph *graph,
                         ad_optimizer *adam)
{
    graph_model m = {.layers = 2, .bias = true, .features = set->features, .classes = set->classes};
    graph_training form = {.dropout = 0.6, .rng = ad_rng(graph, vars)};
    ad_program *program = NULL;
    snprintf(m.kind, sizeof m.kind, "%s", ad_command_text(cmd, "model"));
    m.heads[0] = strcmp(m.kind, "gat") ? 1 : (int)ad_command_int(cmd, "heads");
    m.width[0] = (int)ad_command_int(cmd, "width");
    m.heads[1] = 1, m.width[1] = set->classes;
    graph_inputs in = graph_declare_inputs(graph, &m, graph_room(set, 1 << 30, true));
    ad_node *loss = graph_loss(&m, graph_network(&m, vars, &in, &form, NULL));
    ad_node *outputs[] = {loss, ad_minimize(adam, loss)};
    ad_status status = ad_compile(&program, ad_command_context(cmd), outputs, 2,
                                  &(ad_compile_options){.keep_stages = true});
    if (!status)
        status = ad_explain(program, (ad_stage)ad_command_choice(cmd, "stage"),
                            (ad_format)ad_command_choice(cmd, "format"), print,
                            ad_command_out(cmd));
    ad_program_free(program);
    return status;
}

static int run(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_graph_set *set = NULL;
    ad_vars *vars = NULL;
    ad_graph *graph = NULL;
    ad_optimizer *adam = NULL;
    if (!ctx) return AD_EXIT_FAILURE;
    ad_status status = graph_read(cmd, (graph_part){0}, NULL, &set);
    if (!status) {
        vars = ad_vars_new(ctx, 0), graph = ad_graph_new(ctx);
        adam = vars && graph ? ad_adam(vars, NULL, (ad_adam_options){0}) : NULL;
        status = adam ? explain(cmd, set, vars, graph, adam) : AD_ERROR_MEMORY;
    }
    int code = status ? ad_command_fail(cmd, "%s", ad_error(ctx)) : AD_EXIT_OK;
    ad_optimizer_free(adam);
    ad_graph_free(graph);
    ad_vars_free(vars);
    ad_graph_set_free(set);
    return code;
}

const ad_verb graph_explain_verb = {
    .system = "explain",
    .name = "graph",
    .operands = "",
    .options = options,
    .run = run,
    .summary = "how one training step of a graph network is planned",
};
