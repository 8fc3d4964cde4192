/* explain.c - `autodidact explain style`: how one optimisation step is planned. */
#include "zoo/style/style.h"

#include <stdio.h>

static const ad_option options[] = {
    {"size", 0, AD_OPTION_INT, .initial = "512", .min = 32, .max = 1 << 16, .unit = "PIXELS",
     .help = "side of the (square) picture"},
    {"stage", 0, AD_OPTION_CHOICE, .initial = "program", .choices = "graph|passes|kernels|program",
     .help = "as recorded; after the graph passes; as kernels; as scheduled, with memory"},
    {"format", 0, AD_OPTION_CHOICE, .initial = "text", .choices = "text|dot|json",
     .help = "text; for graph and passes also dot (Graphviz) and json"},
    STYLE_NETWORK_OPTIONS,
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
    style_settings settings = {.content_weight = 1e5, .style_weight = 3e4, .tv_weight = 1};
    int64_t side = ad_command_int(cmd, "size");
    ad_vars *weights = NULL, *vars = NULL;
    ad_graph *graph = NULL;
    ad_program *program = NULL;
    ad_file *file = NULL;
    ad_status status = AD_ERROR_MEMORY;
    int exit = AD_EXIT_FAILURE;
    if (!ctx || (exit = style_open_backbone(cmd, &settings, &weights, &file))) goto done;
    if ((exit = style_load_backbone(cmd, &settings, weights, file))) goto done;
    vars = ad_vars_new(ctx, 0);
    graph = ad_graph_new(ctx);
    if (!vars || !graph) goto failed;
    ad_node *image = ad_param(graph, vars, "image", ad_shape(1, side, side, 3),
                              (ad_var_options){0}),
            *gradient;
    style_loss loss = style_loss_build(&settings, weights, image, NULL);
    ad_gradients(loss.total, &image, 1, &gradient);
    settings.compile.keep_stages = true;
    status = ad_compile(&program, ctx, (ad_node *[]){loss.total, gradient}, 2, &settings.compile);
    if (!status)
        status = ad_explain(program, (ad_stage)ad_command_choice(cmd, "stage"),
                            (ad_format)ad_command_choice(cmd, "format"), print,
                            ad_command_out(cmd));
failed:
    exit = status ? ad_command_fail(cmd, "%s", ad_error(ctx)) : AD_EXIT_OK;
done:
    ad_program_free(program);
    ad_graph_free(graph);
    ad_vars_free(vars);
    ad_vars_free(weights);
    return exit;
}

const ad_verb style_explain_verb = {
    .system = "explain",
    .name = "style",
    .operands = "",
    .options = options,
    .run = run,
    .summary = "how one step of style transfer is planned",
    .description = "Prints the computation of the loss and of its gradient to the picture at one "
                   "of the four stages between recording and running.\n"
                   "\n"
                   "  autodidact explain style --size 256\n"
                   "  autodidact explain style --stage graph --format dot | dot -Tsvg > graph.svg",
};
