/* layers.c - `autodidact dream layers -o SHEET`: what each layer, or each channel of one, dreams
 * of. */
#include "zoo/dream/dream.h"

#include <autodidact/draw.h>
#include <autodidact/tuning.h>

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 1024, CAPTION = 32 };

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .required = true,
     .help = "where the sheet goes (.png, .jpg, .webp)"},
    {"layer", 0, AD_OPTION_TEXT, .unit = "LAYER",
     .help = "show the channels of this layer (default: all layers)"},
    {"channels", 0, AD_OPTION_INT, .initial = "36", .min = 1, .max = MOST,
     .help = "with --layer: how many of them, evenly spread"},
    {"size", 0, AD_OPTION_INT, .initial = "128", .min = DREAM_SMALLEST_SIDE, .max = 2048,
     .unit = "PIXELS", .help = "side of each picture"},
    DREAM_OPTIONS,
    VISION_OPTIONS,
    AD_OPTION_TUNE,
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct sheet {
    ad_command *cmd;
    ad_context *ctx;
    dream_settings settings;
    ad_image *picture[MOST];
    char caption[MOST][CAPTION];
    int64_t channel[MOST];
    const char *layer[MOST];
    int count, at;
    int silent;       /* pictures that nothing excited */
    double objective; /* of the last step */
    bool stopped;
} sheet;

static void list(sheet *s, const char *layer, const char *const *names, int layers)
{
    if (!layer) {
        for (int i = 0; i < layers; ++i) {
            s->layer[i] = names[i], s->channel[i] = -1;
            snprintf(s->caption[i], CAPTION, "%s", names[i]);
        }
        s->count = layers;
        return;
    }
    int64_t channels = dream_channels(&s->settings, s->ctx, layer),
            shown = ad_command_int(s->cmd, "channels");
    s->count = (int)(shown < channels ? shown : channels);
    for (int i = 0; i < s->count; ++i) {
        s->layer[i] = layer, s->channel[i] = channels * i / s->count;
        snprintf(s->caption[i], CAPTION, "%lld", (long long)s->channel[i]);
    }
}

static bool watch(void *user, const dream_progress *p)
{
    sheet *s = user;
    int64_t all = p->levels * p->steps;
    s->objective = p->objective;
    ad_command_progress(s->cmd,
                        &(ad_progress){.step = s->at * all + p->level * p->steps + p->step,
                                       .steps = s->count * all,
                                       .part = s->caption[s->at],
                                       .metrics = (ad_metric[]){{"objective", p->objective}},
                                       .count = 1});
    return !ad_command_interrupted(s->cmd);
}

static ad_status dream(sheet *s)
{
    int64_t side = ad_command_int(s->cmd, "size");
    ad_image *noise;
    ad_status status = dream_noise(s->ctx, side, side, s->settings.seed, &noise);
    if (status) return status;
    for (int64_t i = 0; i < side * side * 3; ++i) noise->data[i] = 0.4f + 0.2f * noise->data[i];
    s->settings.layers = 1, s->settings.weight[0] = 1;
    for (s->at = 0; s->at < s->count && !status && !s->stopped; ++s->at) {
        uint64_t draw = 0;
        s->settings.layer[0] = s->layer[s->at], s->settings.channel = s->channel[s->at];
        status = dream_picture(&s->settings, s->ctx, noise, NULL, &draw, watch, s, &s->stopped,
                               &s->picture[s->at]);
        s->silent += s->objective == 0;
    }
    ad_image_free(noise);
    return status;
}

static ad_status write(sheet *s)
{
    ad_image *image = NULL;
    const char **captions = malloc((size_t)s->at * sizeof *captions);
    if (!captions) return ad_error_set(s->ctx, AD_ERROR_MEMORY, "out of memory for captions");
    for (int i = 0; i < s->at; ++i) captions[i] = s->caption[i];
    ad_status status = ad_image_sheet(
        s->ctx, (const ad_image *const *)s->picture, s->at,
        &(ad_sheet_options){.gap = 6, .captions = captions, .caption_size = 12}, &image);
    if (!status) status = ad_image_write(s->ctx, ad_command_text(s->cmd, "output"), image, NULL);
    ad_image_free(image);
    free(captions);
    return status;
}

static int work(sheet *s)
{
    const char *names[VISION_MAX_LAYERS], *layer = ad_command_text(s->cmd, "layer");
    ad_file *file;
    if (!layer && ad_command_given(s->cmd, "channels"))
        return ad_command_usage(s->cmd, "--channels is of one layer: --layer NAME");
    int code = vision_check_output(s->cmd, (const char *[]){ad_command_text(s->cmd, "weights")}, 1);
    if (!code) code = vision_choose(s->cmd, &s->settings.net, &s->settings.weights, &file);
    if (code) return code;
    dream_read_options(s->cmd, &s->settings);
    s->settings.details = true;
    int layers = vision_chosen_layers(&s->settings.net, names);
    if (!layers)
        return ad_command_fail(s->cmd, "%s: has no activations to dream of",
                               vision_chosen_name(&s->settings.net));
    if (layer && (code = vision_require_layer(s->cmd, &s->settings.net, file, "layer", layer))) {
        ad_file_close(file);
        return code;
    }
    code = vision_load_chosen(s->cmd, &s->settings.net, layer ? &layer : names, layer ? 1 : layers,
                              s->settings.weights, file);
    if (code) return code;
    s->settings.layer[0] = layer ? layer : names[layers - 1], s->settings.layers = 1;
    if ((code = ad_command_check(s->cmd, dream_find_smallest(&s->settings, s->ctx)))) return code;
    if (ad_command_int(s->cmd, "size") < s->settings.smallest)
        return ad_command_usage(s->cmd, "--size: %s of %s wants %lld pixels or more",
                                s->settings.layer[0], vision_chosen_name(&s->settings.net),
                                (long long)s->settings.smallest);
    list(s, layer, names, layers);
    (void)ad_command_interrupted(s->cmd); /* from here on Ctrl-C keeps what there is */
    ad_command_start(s->cmd);
    code = ad_command_check(s->cmd, dream(s));
    if (!code) code = ad_command_check(s->cmd, write(s));
    if (!code)
        ad_command_note(s->cmd, "%s: %d of %d pictures, %.1f s", ad_command_text(s->cmd, "output"),
                        s->at, s->count, ad_command_seconds(s->cmd));
    if (!code && s->silent)
        ad_command_note(s->cmd,
                        "%d of them stayed noise, in which nothing excites them; before its "
                        "activation (conv4_2 of relu4_2) a layer has no such channels",
                        s->silent);
    return code;
}

static int make(ad_command *cmd)
{
    int code = AD_EXIT_FAILURE;
    sheet *s = calloc(1, sizeof *s);
    if (!s) return ad_command_fail(cmd, "out of memory");
    s->cmd = cmd, s->ctx = ad_command_context(cmd);
    if (s->ctx) code = work(s);
    for (int i = 0; i < s->count; ++i) ad_image_free(s->picture[i]);
    ad_vars_free(s->settings.weights);
    vision_close_chosen(&s->settings.net);
    free(s);
    return code;
}

static int run(ad_command *cmd)
{
    return ad_tuning_run(cmd, make);
}

const ad_verb dream_layers_verb = {
    AD_VERB("dream", "layers", "", options, run, "show what each layer of a network dreams of"),
    .description =
        "Each picture begins as the same faint noise and is moved until one layer, or one channel "
        "of --layer, is excited by it (Mordvintsev, Olah and Tyka, 2015).\n"
        "\n"
        "  autodidact dream layers -o layers.png\n"
        "  autodidact dream layers --layer relu4_2 --channels 64 -o channels.png"};
