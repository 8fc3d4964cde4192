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
    {"tv-weight", 0, AD_OPTION_REAL, .initial = "0.1", .max = 1e30,
     .help = "how much smoothness counts"},
    {"steps", 0, AD_OPTION_INT, .initial = "350", .min = 1, .max = 1e9, .help = "L-BFGS steps"},
    {"history", 0, AD_OPTION_INT, .initial = "20", .min = 1, .max = 1000,
     .help = "steps that L-BFGS remembers"},
    {"seed", 0, AD_OPTION_INT, .initial = "0", .help = "seed of the noise"},
    VISION_OPTIONS,
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct reconstruction {
    ad_command *cmd;
    ad_context *ctx;
    style_settings settings;
    ad_vars *weights;
    ad_image *image;            /* as read */
    style_pixels seen, picture; /* the image at --size; what is drawn */
    style_targets targets;
    int64_t steps;
    style_progress last;
} reconstruction;

/* One of the two terms, with the weight of `style make`, so that the numbers are comparable. */
static int read_settings(ad_command *cmd, style_settings *settings)
{
    bool style = ad_command_choice(cmd, "from") == 1;
    int count = ad_command_count(cmd, "layer");
    settings->content_weight = style ? 0 : STYLE_CONTENT_WEIGHT;
    settings->style_weight = style ? STYLE_STYLE_WEIGHT : 0;
    settings->tv_weight = ad_command_real(cmd, "tv-weight");
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

static int read_inputs(reconstruction *r)
{
    ad_file *file;
    int code = vision_check_output(r->cmd, (const char *[]){ad_command_text(r->cmd, "weights")}, 1);
    if (!code) code = style_open_backbone(r->cmd, &r->settings, &r->weights, &file);
    if (code) return code;
    if ((code = read_settings(r->cmd, &r->settings))) {
        ad_file_close(file);
        return code;
    }
    if ((code = style_load_backbone(r->cmd, &r->settings, r->weights, file))) return code;
    r->image = vision_read_picture(r->cmd, ad_command_operand(r->cmd, 0), 3);
    return r->image ? style_check_size(r->cmd, &r->settings, r->image) : AD_EXIT_FAILURE;
}

static bool after_step(void *user, const style_progress *progress)
{
    reconstruction *r = user;
    r->last = *progress;
    ad_command_step(r->cmd, progress->step, r->steps, (ad_metric[]){{"loss", progress->total}}, 1);
    return !ad_command_interrupted(r->cmd);
}

static ad_status draw(reconstruction *r, style_end *end)
{
    int64_t width, height;
    style_fit_size(r->image, ad_command_int(r->cmd, "size"), &width, &height);
    ad_status status = style_pixels_resized(&r->seen, r->ctx, r->image, width, height);
    if (!status)
        status = style_targets_compute(&r->targets, r->ctx, &r->settings, r->weights, &r->seen,
                                       &r->seen, (double[]){1}, 1);
    if (!status) status = style_pixels_new(&r->picture, r->ctx, height, width);
    if (!status)
        status = style_pixels_noise(&r->picture, r->ctx, (uint64_t)ad_command_int(r->cmd, "seed"));
    (void)ad_command_interrupted(r->cmd); /* from here on Ctrl-C keeps the picture */
    ad_command_start(r->cmd);
    return status ? status
                  : style_optimize(r->ctx, &r->settings, r->weights, &r->targets, &(style_scene){0},
                                   r->steps, &r->picture, after_step, r, end);
}

static ad_status save(const reconstruction *r)
{
    ad_image *image = NULL;
    ad_status status = style_pixels_to(&r->picture, r->ctx, &image);
    if (!status) status = ad_image_write(r->ctx, ad_command_text(r->cmd, "output"), image, NULL);
    ad_image_free(image);
    return status;
}

static int run(ad_command *cmd)
{
    reconstruction r = {.cmd = cmd, .ctx = ad_command_context(cmd)};
    style_end end = STYLE_DONE;
    r.steps = ad_command_int(cmd, "steps");
    int code = r.ctx ? read_inputs(&r) : AD_EXIT_FAILURE;
    if (!code) {
        code = ad_command_check(cmd, draw(&r, &end));
        /* after an error too: the last good picture is worth having, if any step was made */
        if ((!code || r.last.step) && ad_command_check(cmd, save(&r))) code = AD_EXIT_FAILURE;
        if (!code) style_say_end(cmd, &r.last, end);
    }
    style_targets_free(&r.targets);
    style_pixels_free(&r.picture), style_pixels_free(&r.seen);
    ad_image_free(r.image);
    ad_vars_free(r.weights);
    return code;
}

const ad_verb style_reconstruct_verb = {
    AD_VERB("style", "reconstruct", "IMAGE", options, run,
            "draw what a layer of the network sees of an image"),
    .description =
        "Starts from noise and moves its pixels until one layer's features (--from content) or the "
        "Gram matrices of some layers (--from style) are those of the image. The deeper the layer, "
        "the more is lost.\n"
        "\n"
        "  autodidact style reconstruct photo.jpg --from content --layer relu3_1 -o seen.png\n"
        "  autodidact style reconstruct painting.jpg --from style -o texture.png"};
