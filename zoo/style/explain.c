/* explain.c - `autodidact explain style`: how one optimisation step is planned. */
#include "zoo/style/style.h"

#include <autodidact/system.h>

static const ad_option options[] = {
    {"size", 0, AD_OPTION_INT, .initial = "512", .min = 32, .max = 1 << 16, .unit = "PIXELS",
     .help = "side of the (square) picture"},
    AD_OPTION_STAGE,
    AD_OPTION_FORMAT,
    VISION_OPTIONS,
    AD_OPTION_THREADS,
    {0},
};

static int run(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    style_settings settings = {.content_weight = STYLE_CONTENT_WEIGHT,
                               .style_weight = STYLE_STYLE_WEIGHT,
                               .tv_weight = STYLE_TV_WEIGHT};
    int64_t side = ad_command_int(cmd, "size");
    ad_vars *weights = NULL, *vars = NULL;
    ad_graph *graph = NULL;
    ad_file *file = NULL;
    if (!ctx) return AD_EXIT_FAILURE;
    int exit = style_open_backbone(cmd, &settings, &weights, &file);
    if (!exit) exit = style_load_backbone(cmd, &settings, weights, file);
    if (!exit && (!(vars = ad_vars_new(ctx, 0)) || !(graph = ad_graph_new(ctx))))
        exit = ad_command_check(cmd, ad_error_status(ctx));
    if (!exit) {
        ad_node *outputs[2], *image = ad_param(graph, vars, "image", ad_shape(1, side, side, 3),
                                               (ad_var_options){0});
        outputs[0] = style_loss_build(&settings, weights, image, NULL).total;
        ad_gradients(outputs[0], &image, 1, &outputs[1]);
        exit = ad_explain_planned(cmd, outputs, 2, &settings.compile);
    }
    ad_graph_free(graph);
    ad_vars_free(vars);
    ad_vars_free(weights);
    return exit;
}

const ad_verb style_explain_verb = {
    AD_VERB("explain", "style", "", options, run, "how one step of style transfer is planned"),
    .description = "Prints the computation of the loss and of its gradient to the picture at one "
                   "of the four stages between recording and running.\n"
                   "\n"
                   "  autodidact explain style --size 256\n"
                   "  autodidact explain style --stage graph --format dot | dot -Tsvg > graph.svg"};
