/* make.c - `autodidact dream make [IMAGE] -o OUT`: a picture, a film, or one that zooms for ever.
 */
#include "zoo/dream/make.h"
#include "zoo/vision/imagenet.h"

#include <autodidact/profile.h>
#include <autodidact/tuning.h>

#include <stdio.h>
#include <stdlib.h>

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .required = true,
     .help = "where the picture goes (.png, .jpg, .webp), or the film (.mp4, .webm, .gif, .apng, "
             "frames/)"},
    {"layer", 0, AD_OPTION_TEXTS, .unit = "LAYERS",
     .help = "layers of which more is to be seen (default: VGG's relu4_3, compact's relu4_4 and "
             "relu5_1, and their like)"},
    {"layer-weights", 0, AD_OPTION_REALS, .min = -1e30, .max = 1e30, .unit = "W1,W2,...",
     .help = "weight of each layer (default: 1)"},
    {"channel", 0, AD_OPTION_INT, .max = 1 << 20, .help = "of one layer: only this channel"},
    {"logit", 0, AD_OPTION_TEXT, .unit = "CLASS",
     .help = "dream of one class that the network knows: its number, or ImageNet's word for it"},
    {"guide", 0, AD_OPTION_FILE, .help = "dream of what this picture shows"},
    {"mask", 0, AD_OPTION_FILE,
     .help = "dream only where this picture is white; of a film perhaps a film or a folder"},
    {"noise", 0, AD_OPTION_FLAG, .help = "start from noise; then IMAGE only says the shape"},
    {"whole", 0, AD_OPTION_FLAG,
     .help = "enlarge the whole picture from size to size, not only what was dreamt"},
    {"size", 0, AD_OPTION_INT, .initial = "600", .min = DREAM_SMALLEST_SIDE, .max = 1 << 16,
     .unit = "PIXELS", .help = "longer side of the picture"},
    DREAM_OPTIONS,
    {"tile", 0, AD_OPTION_INT, .min = 64, .max = 1 << 16, .unit = "PIXELS",
     .help = "look at pieces of the picture, which takes less memory (no seams)"},
    {"zoom", 0, AD_OPTION_REAL, .initial = "1", .min = 0.1, .max = 100,
     .help = "a film: how many times closer after a second"},
    {"rotate", 0, AD_OPTION_REAL, .initial = "0", .min = -3600, .max = 3600, .unit = "DEGREES",
     .help = "a film: turned by so much after a second"},
    {"seconds", 0, AD_OPTION_REAL, .initial = "3", .min = 0.05, .max = 86400,
     .help = "of --zoom and --rotate: how long the film is"},
    {"blend", 0, AD_OPTION_REAL, .initial = "0.85", .max = 1,
     .help = "of a film: how much of each frame is its own, and not the dream before, which is "
             "carried along by the film's optical flow where that is to be trusted"},
    {"in-place", 0, AD_OPTION_FLAG,
     .help = "of a film: mix in the dream before as it lies, without optical flow"},
    FILM_OPTIONS,
    VISION_OPTIONS,
    AD_OPTION_PROFILE,
    AD_OPTION_TUNE,
    AD_COMMON_OPTIONS,
    {0},
};

/* ---- what is given ---- */

static int check_channel(dream_make *m)
{
    dream_settings *s = &m->settings;
    if (!ad_command_given(m->cmd, "channel")) return AD_EXIT_OK;
    s->channel = ad_command_int(m->cmd, "channel");
    if (s->layers > 1)
        return ad_command_usage(m->cmd, "--channel is of one layer, and --layer names %d",
                                s->layers);
    if (s->guide || ad_command_given(m->cmd, "guide"))
        return ad_command_usage(m->cmd, "--channel and --guide exclude each other");
    int64_t channels = dream_channels(s, m->ctx, s->layer[0]);
    if (s->channel < channels) return AD_EXIT_OK;
    return ad_command_usage(m->cmd, "--channel %lld: %s of %s has channels 0 to %lld",
                            (long long)s->channel, s->layer[0], vision_chosen_name(&s->net),
                            (long long)channels - 1);
}

/* --logit instead of --layer and --channel. */
static int read_logit(dream_make *m, const ad_file *file)
{
    static const char *const instead[] = {"layer", "layer-weights", "channel", "guide"};
    dream_settings *s = &m->settings;
    for (size_t i = 0; i < sizeof instead / sizeof *instead; ++i)
        if (ad_command_given(m->cmd, instead[i]))
            return ad_command_usage(m->cmd, "--logit and --%s exclude each other", instead[i]);
    s->layer[0] = "logits", s->weight[0] = 1, s->layers = 1;
    return vision_require_layer(m->cmd, &s->net, file, "logit", s->layer[0]);
}

static int no_such_class(dream_make *m, int64_t classes, const char *text)
{
    char(*name)[VISION_CLASS_NAME] = malloc((size_t)classes * sizeof *name);
    const char **names = malloc((size_t)classes * sizeof *names), *nearest = NULL;
    for (int64_t i = 0; name && names && i < classes; ++i) {
        vision_class_name(classes, i, name[i]);
        names[i] = name[i];
    }
    if (name && names && vision_classes_worded(classes))
        nearest = ad_nearest(text, names, (int)classes);
    int code = ad_command_usage(
        m->cmd, "--logit: %s has no class \"%s\"%s%s%s; it has numbers 0 to %lld%s",
        vision_chosen_name(&m->settings.net), text, nearest ? " (did you mean " : "",
        nearest ? nearest : "", nearest ? "?)" : "", (long long)classes - 1,
        vision_classes_worded(classes) ? ", or ImageNet's words" : "");
    free(name), free(names);
    return code;
}

static int check_logit(dream_make *m)
{
    const char *text = ad_command_text(m->cmd, "logit");
    dream_settings *s = &m->settings;
    if (!text) return AD_EXIT_OK;
    int64_t classes = dream_channels(s, m->ctx, s->layer[0]);
    s->channel = vision_class_find(classes, text);
    return s->channel < 0 ? no_such_class(m, classes, text) : AD_EXIT_OK;
}

static int open_network(dream_make *m)
{
    dream_settings *s = &m->settings;
    ad_file *file;
    int code = vision_choose(m->cmd, &s->net, &s->weights, &file);
    if (code) return code;
    dream_read_options(m->cmd, s);
    s->details = !ad_command_flag(m->cmd, "whole");
    s->tile = ad_command_int(m->cmd, "tile");
    bool logit = ad_command_given(m->cmd, "logit");
    if ((code = logit ? read_logit(m, file) : dream_read_layers(m->cmd, s, file))) {
        ad_file_close(file);
        return code;
    }
    code = vision_load_chosen(m->cmd, &s->net, s->layer, s->layers, s->weights, file);
    if (!code) code = ad_command_check(m->cmd, dream_find_smallest(s, m->ctx));
    if (!code) code = check_logit(m);
    return code ? code : check_channel(m);
}

/* What a picture of these sides becomes at --size. */
static void fit_size(dream_make *m, int64_t *width, int64_t *height, const char *path)
{
    int64_t least = dream_smallest(&m->settings), w, h;
    ad_image_fit_size(*width, *height, ad_command_int(m->cmd, "size"), &w, &h);
    *width = w < least ? least : w, *height = h < least ? least : h;
    if ((w != *width || h != *height) && !m->frame) /* once for a film */
        ad_command_note(m->cmd, "%s: drawn as %lld x %lld, because no side may be below %lld", path,
                        (long long)*width, (long long)*height, (long long)least);
}

ad_status dream_fit(dream_make *m, ad_image **picture, const char *path)
{
    ad_image *image = *picture;
    int64_t width = image->width, height = image->height;
    fit_size(m, &width, &height, path);
    ad_status status = ad_image_resize(m->ctx, image, width, height, NULL, picture);
    if (status)
        *picture = image;
    else
        ad_image_free(image);
    return status;
}

/* All but the operand if that is a film. */
static int read_pictures(dream_make *m, bool film)
{
    const char *path = ad_command_operand(m->cmd, 0), *guide = ad_command_text(m->cmd, "guide");
    bool noise = ad_command_flag(m->cmd, "noise");
    int64_t side = ad_command_int(m->cmd, "size");
    if (!path && !noise)
        return ad_command_usage(m->cmd, "which IMAGE? (or --noise, to start from nothing)");
    if (path && !film && !(m->photo = vision_read_picture(m->cmd, path, 3))) return AD_EXIT_FAILURE;
    if (guide && !(m->guide = vision_read_picture(m->cmd, guide, 3))) return AD_EXIT_FAILURE;
    int code = film_masks_open(m->cmd, film, &m->masks);
    if (code) return code;
    ad_status status = m->photo ? dream_fit(m, &m->photo, path) : AD_OK;
    if (!status && m->guide) status = dream_fit(m, &m->guide, guide);
    if (status) return ad_command_check(m->cmd, status);
    m->settings.guide = m->guide;
    if (!noise || film) return AD_EXIT_OK;
    int64_t width = m->photo ? m->photo->width : side, height = m->photo ? m->photo->height : side;
    if (!m->photo) fit_size(m, &width, &height, "noise");
    ad_image_free(m->photo);
    m->photo = NULL;
    return ad_command_check(m->cmd,
                            dream_noise(m->ctx, width, height, m->settings.seed, &m->photo));
}

/* The picture's output, and options that would do nothing. */
static int check_picture(dream_make *m)
{
    static const char *const of_film[] = {"seconds", "fps", "blend", "in-place",
                                          "from",    "to",  "crf",   "no-sound"};
    const char *read[] = {ad_command_text(m->cmd, "guide"), ad_command_text(m->cmd, "mask"),
                          ad_command_text(m->cmd, "weights")};
    for (size_t i = 0; i < sizeof of_film / sizeof *of_film; ++i)
        if (ad_command_given(m->cmd, of_film[i]))
            return ad_command_usage(
                m->cmd, "--%s is for films: of a film, or with --zoom or --rotate", of_film[i]);
    return vision_check_output(m->cmd, read, 3);
}

/* ---- the work ---- */

/* Levels that are too small for the network are left out, which is said. */
void dream_plan(dream_make *m, const ad_image *picture)
{
    int left_out,
        levels = dream_sizes(&m->settings, picture->width, picture->height, m->size, &left_out);
    m->work = 0;
    for (int i = 0; i < levels; ++i)
        m->work += (double)(m->size[i][0] * m->size[i][1] * m->settings.steps);
    if (left_out)
        ad_command_note(m->cmd, "%d of %d sizes are left out: they would be below %lld pixels",
                        left_out, m->settings.levels, (long long)dream_smallest(&m->settings));
}

static bool watch(void *user, const dream_progress *p)
{
    dream_make *m = user;
    char part[96];
    double done = (double)m->frame * m->work;
    for (int i = 0; i < p->level; ++i)
        done += (double)(m->size[i][0] * m->size[i][1] * m->settings.steps);
    done += (double)(p->width * p->height * p->step);
    int length = m->frames > 1 ? snprintf(part, sizeof part, "frame %lld/%lld  ",
                                          (long long)m->frame + 1, (long long)m->frames)
                               : 0;
    snprintf(part + length, sizeof part - (size_t)length, "%lld x %lld", (long long)p->width,
             (long long)p->height);
    m->objective = p->objective;
    if (m->quiet) return !ad_command_interrupted(m->cmd);
    int64_t all = p->levels * p->steps;
    ad_command_progress(m->cmd,
                        &(ad_progress){.step = m->frame * all + p->level * p->steps + p->step,
                                       .steps = m->frames * all,
                                       .part = part,
                                       .metrics = (ad_metric[]){{"objective", p->objective}},
                                       .count = 1,
                                       .done = done,
                                       .whole = (double)m->frames * m->work,
                                       .notable = ad_command_json(m->cmd)});
    return !ad_command_interrupted(m->cmd);
}

ad_status dream_once(dream_make *m, const ad_image *picture, ad_image **out)
{
    ad_status status = film_masks_next(m->masks, picture->width, picture->height, &m->mask);
    if (status) return status;
    return dream_picture(&m->settings, m->ctx, picture, m->mask, &m->draw, watch, m, &m->stopped,
                         out);
}

static void say_end(dream_make *m)
{
    const char *output = ad_command_text(m->cmd, "output"), *end = m->stopped ? "stopped" : "done";
    if (!ad_command_json(m->cmd)) {
        ad_command_note(m->cmd, "%s: %s, objective %.4g, %.1f s", output, end, m->objective,
                        ad_command_seconds(m->cmd));
        return;
    }
    ad_json_begin(m->cmd, "done");
    ad_json_text(m->cmd, "output", output);
    ad_json_text(m->cmd, "end", end);
    ad_json_real(m->cmd, "objective", m->objective);
    ad_json_real(m->cmd, "seconds", ad_command_seconds(m->cmd));
    ad_json_end(m->cmd);
}

static int make_picture(dream_make *m)
{
    ad_image *picture = NULL;
    dream_plan(m, m->photo);
    m->frames = 1;
    (void)ad_command_interrupted(m->cmd); /* from here on Ctrl-C keeps what there is */
    ad_command_start(m->cmd);
    ad_status status = dream_once(m, m->photo, &picture);
    if (!status) status = ad_image_write(m->ctx, ad_command_text(m->cmd, "output"), picture, NULL);
    int code = ad_command_check(m->cmd, status);
    if (!code) say_end(m);
    ad_image_free(picture);
    return code;
}

static int make(ad_command *cmd)
{
    dream_make m = {.cmd = cmd, .ctx = ad_command_context(cmd)};
    const char *path = ad_command_operand(cmd, 0);
    bool film = false, zooms = dream_zooms(cmd);
    if (!m.ctx) return AD_EXIT_FAILURE;
    int code = path && !zooms ? ad_command_check(cmd, film_is_or_folder(m.ctx, path, &film))
                              : AD_EXIT_OK;
    if (!code) code = film || zooms ? dream_check_film(&m) : check_picture(&m);
    if (!code) code = open_network(&m);
    if (!code) code = read_pictures(&m, film);
    if (!code) code = film ? dream_film(&m) : zooms ? dream_zoom(&m) : make_picture(&m);
    ad_image_free(m.photo), ad_image_free(m.guide), ad_image_free(m.last);
    film_masks_free(m.masks);
    film_follow_free(m.follow);
    ad_vars_free(m.settings.weights);
    vision_close_chosen(&m.settings.net);
    return code;
}

static int run(ad_command *cmd)
{
    return ad_tuning_run(cmd, make);
}

const ad_verb dream_make_verb = {
    AD_VERB("dream", "make", "[IMAGE]", options, run, "let a network see more in a picture"),
    .description =
        "Moves a picture until a layer of a network is more excited by it (DeepDream: Mordvintsev, "
        "Olah and Tyka, 2015), from a small form of it to a large one. Early layers give strokes, "
        "late ones whole things. Stronger: raise --steps or --lr. Larger forms: raise --levels. "
        "Ctrl-C saves the picture as it is. A film that zooms has 15 frames a second unless --fps "
        "says otherwise.\n"
        "\n"
        "  autodidact dream make photo.jpg -o dream.png\n"
        "  autodidact dream make photo.jpg --layer relu3_3,relu4_2 --layer-weights 1,3 -o "
        "dream.png\n"
        "  autodidact dream make photo.jpg --guide flowers.jpg --weights vgg16.pth -o dream.png\n"
        "  autodidact dream make photo.jpg --weights googlenet.pth --logit goldfish -o dream.png\n"
        "  autodidact dream make --noise --channel 12 --size 400 -o pattern.png\n"
        "  autodidact dream make photo.jpg --zoom 2 --rotate 20 --seconds 4 --size 320 -o "
        "film.mp4\n"
        "  autodidact dream make film.mp4 -o dream.mp4 --size 320 --steps 4 --blend 0.6"};
