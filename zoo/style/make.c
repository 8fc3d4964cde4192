/* make.c - `autodidact style make CONTENT STYLE... -o OUT`. */
#include "zoo/style/make.h"

#include <autodidact/profile.h>
#include <autodidact/tuning.h>

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .required = true,
     .help = "where the picture goes (.png, .jpg, .webp), or the film (.mp4, .webm, .gif, .apng, "
             "frames/)"},
    {"size", 0, AD_OPTION_INT, .initial = "512", .min = STYLE_SMALLEST_SIDE, .max = 1 << 16,
     .unit = "PIXELS", .help = "longer side of the picture"},
    {"steps", 0, AD_OPTION_INT, .initial = "300", .min = 1, .max = 1e9,
     .help = "optimisation steps, over all scales"},
    {"optimizer", 0, AD_OPTION_CHOICE, .initial = "lbfgs", .choices = "lbfgs|adam",
     .help = "how the pixels are moved"},
    {"init", 0, AD_OPTION_CHOICE, .initial = "content", .choices = "content|style|noise",
     .help = "the picture to start from"},
    {"content-weight", 0, AD_OPTION_REAL, .initial = STYLE_TEXT(STYLE_CONTENT_WEIGHT), .max = 1e30,
     .help = "how much the photo counts"},
    {"style-weight", 0, AD_OPTION_REAL, .initial = STYLE_TEXT(STYLE_STYLE_WEIGHT), .max = 1e30,
     .help = "how much the painting counts"},
    {"tv-weight", 0, AD_OPTION_REAL, .initial = STYLE_TEXT(STYLE_TV_WEIGHT), .max = 1e30,
     .help = "how much smoothness counts"},
    {"content-layer", 0, AD_OPTION_TEXT, .unit = "LAYER",
     .help = "layer in which the photo is matched (default: relu4_2; vgg16: relu2_2; compact: "
             "relu2_1)"},
    {"style-layers", 0, AD_OPTION_TEXTS, .unit = "LAYERS",
     .help = "layers in which the painting is matched (default: relu1_1 to relu5_1; vgg16: relu1_2 "
             "to relu4_3)"},
    {"style-blend", 0, AD_OPTION_REALS, .max = 1e30, .unit = "W1,W2,...",
     .help = "weight of each painting (default: equal)"},
    {"style-scale", 0, AD_OPTION_REAL, .initial = "1", .min = 0.05, .max = 20,
     .help = "size of the paintings relative to the picture: larger makes larger strokes"},
    {"keep-color", 0, AD_OPTION_FLAG, .help = "keep the photo's colours, paint its luminance"},
    {"mask", 0, AD_OPTION_FILE,
     .help = "paint only where this picture is white; of a film perhaps a film or a folder"},
    {"scales", 0, AD_OPTION_INT, .initial = "2", .min = 1, .max = STYLE_MAX_SCALES,
     .help = "sizes to paint at, coarse to fine, each twice the last"},
    {"lr", 0, AD_OPTION_REAL, .initial = "10", .min = 1e-6, .max = 1e6,
     .help = "adam: step in grey levels of 0..255"},
    {"history", 0, AD_OPTION_INT, .initial = "20", .min = 1, .max = 1000,
     .help = "lbfgs: steps that are remembered"},
    {"seed", 0, AD_OPTION_INT, .initial = "0", .help = "seed of the noise to start from"},
    {"save-every", 0, AD_OPTION_INT, .min = 1, .max = 1e9, .unit = "STEPS",
     .help = "also save the picture on its way, as OUT-00001.png and so on"},
    {"animate", 0, AD_OPTION_FILE,
     .help = "save it on its way as one animated .gif instead (default: 40 frames)"},
    {"temporal-weight", 0, AD_OPTION_REAL, .initial = "5e4", .max = 1e30,
     .help = "film: how much it counts that a frame is painted as the one before"},
    {"frame-steps", 0, AD_OPTION_INT, .min = 1, .max = 1e9, .unit = "STEPS",
     .help = "film: steps of each frame behind the first", .otherwise = "a quarter of --steps"},
    FILM_OPTIONS,
    VISION_OPTIONS,
    AD_OPTION_PROFILE,
    AD_OPTION_TUNE,
    AD_COMMON_OPTIONS,
    {0},
};

bool style_make_failed(style_make *m, ad_status status)
{
    return ad_command_check(m->cmd, status) != AD_EXIT_OK;
}

void style_make_plan(style_make *m)
{
    int64_t side = ad_command_int(m->cmd, "size");
    m->scales = (int)ad_command_int(m->cmd, "scales");
    for (int i = 0; i < m->scales; ++i) {
        style_scale *s = &m->scale[i];
        s->side = side >> (m->scales - 1 - i);
        if (s->side < STYLE_SMALLEST_SIDE) s->side = STYLE_SMALLEST_SIDE;
        style_fit_size(m->photo, s->side, &s->width, &s->height);
        s->steps = m->steps * (i + 1) / m->scales - m->steps * i / m->scales;
    }
}

ad_status style_make_scales(style_make *m, style_pixels *picture, style_end *end)
{
    /* Whether the last scale fits must not show only when the ones before it are painted. */
    ad_status status = m->scales > 1 ? style_make_fits(m) : AD_OK;
    for (m->at = 0; m->at < m->scales && !status && *end != STYLE_STOPPED; ++m->at) {
        if (m->scale[m->at].steps) status = style_make_paint(m, picture, end);
        m->step_base += m->scale[m->at].steps;
    }
    return status;
}

static void release(style_make *m)
{
    ad_vars_free(m->weights);
    for (int i = 0; i < STYLE_MAX_PAINTINGS; ++i) ad_image_free(m->painting[i]);
    ad_image_free(m->photo), ad_image_free(m->shown_photo), ad_image_free(m->grey);
    style_targets_free(&m->targets);
    style_pixels_free(&m->carried);
    film_masks_free(m->masks);
    film_follow_free(m->follow);
    ad_animation_free(m->animation);
}

/* What there is of the picture is saved; after an error too, if any step was made. */
static int save(style_make *m, const style_pixels *picture, ad_status status, style_end end)
{
    const char *output = ad_command_text(m->cmd, "output");
    int exit = ad_command_check(m->cmd, status);
    if (!picture->data || (status && !m->last.step)) return exit;
    if (style_make_failed(m, style_make_save(m, picture, output)) ||
        style_make_failed(m, style_frames_end(m)))
        return AD_EXIT_FAILURE;
    if (status) /* Adam knows the loss of a picture one step later */
        ad_command_note(
            m->cmd, "%s: the last good picture, after %lld steps", output,
            (long long)(m->last.step - (m->settings.adam && status == AD_ERROR_NUMERIC)));
    else
        style_say_end(m->cmd, &m->last, end);
    return exit;
}

static int make_picture(style_make *m)
{
    style_pixels picture = {0};
    style_end end = STYLE_DONE;
    int exit = style_check_size(m->cmd, &m->settings, m->photo);
    if (!exit) exit = style_frames_begin(m);
    if (exit) return exit;
    style_make_plan(m);
    (void)ad_command_interrupted(m->cmd); /* from here on Ctrl-C keeps the picture */
    ad_command_start(m->cmd);
    ad_status status = film_masks_next(m->masks, m->photo->width, m->photo->height, &m->mask);
    if (!status) status = style_make_scales(m, &picture, &end);
    exit = save(m, &picture, status, end);
    style_pixels_free(&picture);
    return exit;
}

static int make(ad_command *cmd)
{
    style_make m = {.cmd = cmd, .ctx = ad_command_context(cmd)};
    bool film = false;
    ad_file *file;
    if (!m.ctx) return AD_EXIT_FAILURE;
    int exit = style_make_check(&m, &film);
    if (!exit) exit = style_open_backbone(cmd, &m.settings, &m.weights, &file);
    if (!exit) exit = style_make_settings(&m, file);
    if (!exit) exit = style_make_pictures(&m, film);
    if (!exit) exit = film ? style_make_film(&m) : make_picture(&m);
    release(&m);
    return exit;
}

static int run(ad_command *cmd)
{
    return ad_tuning_run(cmd, make);
}

const ad_verb style_make_verb = {
    AD_VERB("style", "make", "CONTENT STYLE...", options, run,
            "paint a photo, or a film, in the style of one or more paintings"),
    .description =
        "Moves the pixels of a picture until a network sees the photo's content and the paintings' "
        "style in it (Gatys, Ecker and Bethge, 2016).\n"
        "\n"
        "More style: raise --style-weight. Too noisy: raise --tv-weight. Larger strokes: "
        "--scales 3 or --style-scale 1.5. Ctrl-C saves the picture as it is.\n"
        "\n"
        "With the embedded network 512 pixels take one to two minutes on two cores, twice the "
        "size four times as long; a VGG takes about eight times as long. --size 256 shows soon "
        "what it will be like.\n"
        "\n"
        "Of a film each frame begins with the one before as it was painted, carried along by what "
        "moves, and is held to it (Ruder, Dosovitskiy and Brox, 2016). Calmer: raise "
        "--temporal-weight. Ctrl-C keeps the frames that are done.\n"
        "\n"
        "  autodidact style make photo.jpg painting.jpg -o out.png\n"
        "  autodidact style make photo.jpg a.jpg b.jpg --style-blend 3,1 --keep-color -o out.png\n"
        "  autodidact style make photo.jpg painting.jpg --weights vgg19.pth --size 1024 --scales 3 "
        "-o out.jpg\n"
        "  autodidact style make photo.jpg painting.jpg -o out.png --animate out.gif\n"
        "  autodidact style make film.mp4 painting.jpg -o out.mp4 --size 384 --steps 100"};
