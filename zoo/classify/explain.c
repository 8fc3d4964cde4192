/* explain.c - `autodidact explain classify`: how a training step is planned. */
#include "zoo/classify/classify.h"

#include <stdio.h>

static const ad_option options[] = {
    {"model", 0, AD_OPTION_CHOICE, .initial = "resnet20", .choices = CLASSIFY_MODELS,
     .help = "the network"},
    {"size", 0, AD_OPTION_INT, .initial = "32", .min = 4, .max = 4096, .unit = "PIXELS",
     .help = "side of the pictures"},
    {"batch", 0, AD_OPTION_INT, .initial = "128", .min = 1, .max = 65536,
     .help = "pictures in a step"},
    {"classes", 0, AD_OPTION_INT, .initial = "10", .min = 2, .max = 100000, .help = "classes"},
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

static int run(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    classify_model m = {.channels = 3, .classes = (int)ad_command_int(cmd, "classes")};
    classify_training form = {0};
    ad_program *program = NULL;
    if (!ctx) return AD_EXIT_FAILURE;
    int64_t batch = ad_command_int(cmd, "batch"), side = ad_command_int(cmd, "size");
    snprintf(m.kind, sizeof m.kind, "%s", ad_command_text(cmd, "model"));
    ad_vars *vars = ad_vars_new(ctx, 0);
    ad_graph *graph = ad_graph_new(ctx);
    ad_optimizer *optimizer = vars && graph ? ad_sgd(vars, NULL, (ad_sgd_options){.momentum = 0.9})
                                            : NULL;
    ad_status status = AD_ERROR_MEMORY;
    if (optimizer) {
        ad_node *outputs[CLASSIFY_UPDATES + 2];
        ad_node *x = ad_input(graph, "image", AD_F32, ad_shape(batch, side, side, m.channels));
        ad_node *labels = ad_input(graph, "label", AD_I32, ad_shape(batch));
        outputs[0] = ad_cross_entropy_loss(classify_network(&m, vars, x, &form), labels);
        outputs[1] = ad_minimize(optimizer, outputs[0]);
        for (int i = 0; i < form.count; ++i) outputs[2 + i] = form.update[i];
        status = ad_compile(&program, ctx, outputs, 2 + form.count,
                            &(ad_compile_options){.keep_stages = true});
    }
    if (!status)
        status = ad_explain(program, (ad_stage)ad_command_choice(cmd, "stage"),
                            (ad_format)ad_command_choice(cmd, "format"), print,
                            ad_command_out(cmd));
    int code = status ? ad_command_fail(cmd, "%s", ad_error(ctx)) : AD_EXIT_OK;
    ad_program_free(program);
    ad_optimizer_free(optimizer);
    ad_graph_free(graph);
    ad_vars_free(vars);
    return code;
}

const ad_verb classify_explain_verb = {
    .system = "explain",
    .name = "classify",
    .operands = "",
    .options = options,
    .run = run,
    .summary = "how one training step of a classifier is planned",
};
