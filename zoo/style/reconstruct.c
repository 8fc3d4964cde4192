/* reconstruct.c - `autodidact style reconstruct`: what a layer sees, from noise. */
#include "zoo/style/style.h"

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .required = true,
     .help = "where the picture goes (.png, .jpg, .webp)"},
    {"from", 0, AD_OPTION_CHOICE, .initial = "content", .choices = "content|style",
     .help = "match the layer's features, or only their Gram matrix"},
    {"layer", 0, AD_OPTION_TEXTS, .unit = "LAYER",
     .help = "the layer (style: one or more; default: the layers that `style make` matches)"},
    {"size", 0, AD_OPTION_INT, .initial = "512", .min = 32, .max = 1 << 16, .unit = "PIXELS",
     .help = "longer side of the picture"},
    {"steps", 0, AD_OPTION_INT, .initial = "350", .min = 1, .max = 1e9, .help = "L-BFGS steps"},
    {"history", 0, AD_OPTION_INT, .initial = "20", .min = 1, .max = 1000,
     .help = "steps that L-BFGS remembers"},
    {"seed", 0, AD_OPTION_INT, .initial = "0", .help = "seed of the noise"},
    STYLE_NETWORK_OPTIONS,
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct progress_to {
    ad_command *cmd;
    int64_t steps;
    style_progress last;
} progress_to;

static bool after_step(void *user, const style_progress *progress)
{
    progress_to *to = user;
    to->last = *progress;
    ad_command_step(to->cmd, progress->step, to->steps, (ad_metric[]){{"loss", progress->total}},
                    1);
    return !ad_command_interrupted(to->cmd);
}

/* One term alone, with the weight of `style make`, so that the numbers are comparable. */
static int read_settings(ad_command *cmd, style_settings *settings)
{
    bool style = ad_command_choice(cmd, "from") == 1;
    int count = ad_command_count(cmd, "layer");
    settings->content_weight = style ? 0 : 1e5;
    settings->style_weight = style ? 3e4 : 0;
    settings->history = (int)ad_command_int(cmd, "history");
    if (count > (style ? STYLE_MAX_LAYERS : 1))
        return ad_command_usage(cmd, "--layer: %d layers; %s", count,
                                style ? "at most 16" : "content is one layer");
    for (int i = 0; i < count; ++i) {
        const char *name = ad_command_item(cmd, "layer", i);
        int exit = style_check_layer(cmd, settings, "layer", name);
        if (exit) return exit;
        if (style) {
            settings->style_layers[i] = name;
            settings->style_count = count;
        } else
            settings->content_layer = name;
    }
    return AD_EXIT_OK;
}

static int run(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    const char *output = ad_command_text(cmd, "output");
    progress_to to = {.cmd = cmd, .steps = ad_command_int(cmd, "steps")};
    style_settings settings = {0};
    style_pixels seen = {0}, picture = {0};
    style_targets targets = {0};
    style_end end = STYLE_DONE;
    ad_vars *weights = NULL;
    ad_file *file = NULL;
    ad_image *image = NULL, *result = NULL;
    int64_t width, height;
    int exit = AD_EXIT_FAILURE;
    if (!ctx) return exit;
    if ((exit = style_check_output(cmd, NULL))) return exit;
    if ((exit = style_open_backbone(cmd, &settings, &weights, &file))) goto done;
    if ((exit = read_settings(cmd, &settings))) {
        ad_file_close(file);
        goto done;
    }
    if ((exit = style_load_backbone(cmd, &settings, weights, file))) goto done;
    exit = AD_EXIT_FAILURE;
    if (!(image = style_read_picture(cmd, ad_command_operand(cmd, 0), 3))) goto done;

    if ((exit = style_check_size(cmd, &settings, image))) goto done;
    style_fit_size(image, ad_command_int(cmd, "size"), &width, &height);
    ad_status status = style_pixels_resized(&seen, ctx, image, width, height);
    if (!status)
        status = style_targets_compute(&targets, ctx, &settings, weights, &seen, &seen,
                                       (double[]){1}, 1);
    if (!status) status = style_pixels_new(&picture, ctx, seen.height, seen.width);
    /* noise of +-90 grey levels about ImageNet's mean, as the reference implementation starts */
    if (!status)
        status = style_pixels_noise(&picture, ctx, (uint64_t)ad_command_int(cmd, "seed"), 24, 204);
    (void)ad_command_interrupted(cmd);
    ad_command_start(cmd);
    if (!status)
        status = style_optimize(ctx, &settings, weights, &targets, &seen, NULL, to.steps, &picture,
                                after_step, &to, &end);
    exit = status ? ad_command_fail(cmd, "%s", ad_error(ctx)) : AD_EXIT_OK;
    if (status && !to.last.step) goto done;
    status = style_pixels_to(&picture, ctx, &result);
    if (!status) status = ad_image_write(ctx, output, result, NULL);
    if (status) exit = ad_command_fail(cmd, "%s", ad_error(ctx));
    if (exit) goto done;
    ad_json_begin(cmd, "done");
    ad_json_text(cmd, "output", output);
    ad_json_text(cmd, "end", style_end_name(end));
    ad_json_int(cmd, "steps", to.last.step);
    ad_json_real(cmd, "loss", to.last.total);
    ad_json_real(cmd, "seconds", ad_command_seconds(cmd));
    ad_json_end(cmd);
    if (!ad_command_json(cmd))
        ad_command_note(cmd, "%s: %s after %lld steps, loss %.4g, %.1f s", output,
                        style_end_name(end), (long long)to.last.step, to.last.total,
                        ad_command_seconds(cmd));
done:
    ad_image_free(result);
    ad_image_free(image);
    style_targets_free(&targets);
    style_pixels_free(&picture);
    style_pixels_free(&seen);
    ad_vars_free(weights);
    return exit;
}

const ad_verb style_reconstruct_verb = {
    .system = "style",
    .name = "reconstruct",
    .operands = "IMAGE",
    .options = options,
    .run = run,
    .summary = "draw what a layer of the network sees of an image",
    .description =
        "Starts from noise and moves its pixels until one layer's features (--from content) or the "
        "Gram matrices of some layers (--from style) are those of the image. The deeper the layer, "
        "the more is lost.\n"
        "\n"
        "  autodidact style reconstruct photo.jpg --from content --layer relu3_1 -o seen.png\n"
        "  autodidact style reconstruct painting.jpg --from style -o texture.png",
};
