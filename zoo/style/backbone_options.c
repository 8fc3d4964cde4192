/* backbone_options.c - from --weights and its companions to a loaded network. */
#include "zoo/style/style.h"

/* Gatys' choices for VGG-19, as in the paper; VGG-16's as in Johnson et al. 2016. Of the compact
 * network relu4_2 alone does not say what is light and what is dark. */
void style_default_layers(style_settings *settings)
{
    static const char *const first[] = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"};
    static const char *const last[] = {"relu1_2", "relu2_2", "relu3_3", "relu4_3"};
    bool vgg16 = settings->backbone == VISION_VGG16;
    bool compact = settings->backbone == VISION_COMPACT;
    settings->content_layer = vgg16 ? "relu2_2" : compact ? "relu2_1" : "relu4_2";
    settings->pooling = compact ? VISION_AVERAGE : VISION_MAX;
    settings->style_count = vgg16 ? 4 : 5;
    for (int i = 0; i < settings->style_count; ++i)
        settings->style_layers[i] = vgg16 ? last[i] : first[i];
}

int style_check_layer(ad_command *cmd, const style_settings *settings, const char *option,
                      const char *name)
{
    char layers[512];
    if (vision_find(settings->backbone, name) >= 0) return AD_EXIT_OK;
    vision_layers_text(settings->backbone, layers, sizeof layers);
    return ad_command_usage(cmd, "--%s: %s has no layer %s; it has %s", option,
                            vision_name(settings->backbone), name, layers);
}

int style_open_backbone(ad_command *cmd, style_settings *settings, ad_vars **weights,
                        ad_file **file)
{
    ad_context *ctx = ad_command_context(cmd);
    const char *path = ad_command_text(cmd, "weights");
    int wanted = ad_command_choice(cmd, "backbone");
    *weights = NULL, *file = NULL;
    if (!ctx) return AD_EXIT_FAILURE;
    settings->compile.precision = (ad_precision)ad_command_choice(cmd, "precision");
    settings->compile.memory_limit = ad_command_given(cmd, "memory-limit")
                                         ? (size_t)ad_command_size(cmd, "memory-limit")
                                         : style_machine_memory();
    if (!path && wanted >= 0 && wanted != VISION_COMPACT)
        return ad_command_usage(cmd, "--backbone %s needs --weights FILE: only compact is embedded",
                                vision_name(wanted));
    if (path ? ad_file_open(file, ctx, path) : vision_open_embedded(file, ctx)) goto failed;
    if (wanted >= 0)
        settings->backbone = (vision_kind)wanted;
    else if (vision_detect(ctx, *file, &settings->backbone))
        goto failed;
    *weights = ad_vars_new(ctx, 0);
    if (!*weights) goto failed;
    style_default_layers(settings);
    if (ad_command_given(cmd, "pooling"))
        settings->pooling = (vision_pooling)ad_command_choice(cmd, "pooling");
    return AD_EXIT_OK;
failed:
    ad_file_close(*file);
    *file = NULL;
    return ad_command_fail(cmd, "%s", ad_error(ctx));
}

int style_load_backbone(ad_command *cmd, const style_settings *settings, ad_vars *weights,
                        ad_file *file)
{
    const char *layers[STYLE_MAX_LAYERS + 1];
    ad_node *features[STYLE_MAX_LAYERS + 1];
    ad_context *ctx = ad_vars_context(weights);
    ad_status status = AD_ERROR_MEMORY;
    int count = 0;
    for (; count < settings->style_count; ++count) layers[count] = settings->style_layers[count];
    layers[count++] = settings->content_layer;
    ad_graph *graph = ad_graph_new(ctx);
    if (graph) { /* building the network once, at any size, declares its parameters */
        ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, 64, 64, 3));
        vision_build(weights, "", settings->backbone, settings->pooling, image, layers, count,
                     features);
        status = ad_graph_status(graph);
        if (status) ad_error_set(ctx, status, "%s", ad_graph_error(graph));
    }
    ad_load_report report = {0};
    ad_watcher watcher = ad_command_watcher(cmd);
    if (!status)
        status = ad_vars_load_file(weights, file,
                                   (ad_load_options){.allow_unused = true, .report = &report});
    if (ad_command_text(cmd, "weights"))
        ad_load_report_unused(&report, &watcher, ad_file_path(file));
    int exit = ad_command_check(cmd, status);
    ad_graph_free(graph);
    ad_file_close(file);
    return exit;
}
