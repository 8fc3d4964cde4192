/* backbone_options.c - which layers of the chosen network are matched. */
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

static vision_form whole(vision_kind kind)
{
    const char *names[VISION_MAX_LAYERS];
    return (vision_form){.kind = kind, .layers = vision_layers(kind, names)};
}

int style_check_layer(ad_command *cmd, const style_settings *settings, const char *option,
                      const char *name)
{
    const vision_chosen chosen = {.form = whole(settings->backbone)};
    return vision_require_layer(cmd, &chosen, NULL, option, name);
}

/* Layers and weights of the losses are chosen for these. */
ad_status style_check_kind(ad_context *ctx, const ad_file *file, vision_kind kind)
{
    if (kind == VISION_VGG16 || kind == VISION_VGG19 || kind == VISION_COMPACT) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                        "%s: is %s; style looks through vgg16, vgg19 or compact",
                        ad_file_path(file), vision_name(kind));
}

int style_open_backbone(ad_command *cmd, style_settings *settings, ad_vars **weights,
                        ad_file **file)
{
    vision_chosen chosen = {.compile = settings->compile};
    int code = vision_choose(cmd, &chosen, weights, file);
    if (code) return code;
    if (chosen.onnx.file) {
        vision_close_chosen(&chosen);
        ad_vars_free(*weights);
        *weights = NULL;
        return ad_command_fail(cmd,
                               "%s: style looks through vgg16, vgg19 or compact, by their weights",
                               ad_command_text(cmd, "weights"));
    }
    settings->backbone = chosen.form.kind, settings->compile = chosen.compile;
    ad_status status = style_check_kind(ad_command_context(cmd), *file, settings->backbone);
    if (status) {
        ad_file_close(*file);
        *file = NULL;
        return ad_command_check(cmd, status);
    }
    style_default_layers(settings);
    settings->pooling = chosen.pooling;
    return AD_EXIT_OK;
}

int style_load_backbone(ad_command *cmd, const style_settings *settings, ad_vars *weights,
                        ad_file *file)
{
    const char *layers[STYLE_MAX_LAYERS + 1];
    int count = 0;
    for (; count < settings->style_count; ++count) layers[count] = settings->style_layers[count];
    layers[count++] = settings->content_layer;
    return vision_load_chosen(
        cmd, &(vision_chosen){.form = whole(settings->backbone), .pooling = settings->pooling},
        layers, count, weights, file);
}
