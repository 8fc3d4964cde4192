/* film_flicker.c - `autodidact film flicker PAINTED SOURCE`: how much a film flickers, beside the
 * film that it was made from. */
#include "cli/film.h"
#include "zoo/film/flicker.h"

#include <math.h>
#include <string.h>

typedef struct comparison {
    ad_command *cmd;
    ad_context *ctx;
    ad_film *film[2]; /* painted, source */
    film_flicker_meter *meter;
    int64_t frames;
    bool stopped, ended[2];
} comparison;

static int open_films(comparison *c)
{
    const ad_film_options options = {.from = ad_command_real(c->cmd, "from"),
                                     .to = ad_command_real(c->cmd, "to")};
    ad_status status = AD_OK;
    for (int i = 0; i < 2 && !status; ++i)
        status = ad_film_open(c->ctx, ad_command_operand(c->cmd, i), &options, &c->film[i]);
    if (status) return ad_command_check(c->cmd, status);
    const ad_film_info *p = ad_film_get_info(c->film[0]), *s = ad_film_get_info(c->film[1]);
    if (p->width == s->width && p->height == s->height) return AD_EXIT_OK;
    /* A film that was painted smaller has the shape of its source, to a pixel or two. */
    double wide = (double)p->width * (double)s->height / (double)s->width;
    if (fabs(wide - (double)p->height) > 2)
        return ad_command_fail(c->cmd,
                               "%s is %lld x %lld and %s %lld x %lld: a film is measured beside "
                               "one of the same shape",
                               ad_command_operand(c->cmd, 0), (long long)p->width,
                               (long long)p->height, ad_command_operand(c->cmd, 1),
                               (long long)s->width, (long long)s->height);
    ad_command_note(c->cmd, "%s: measured at %lld x %lld, the size of %s",
                    ad_command_operand(c->cmd, 1), (long long)p->width, (long long)p->height,
                    ad_command_operand(c->cmd, 0));
    return AD_EXIT_OK;
}

/* Frame by frame is of use only where they belong together; pictures in a folder have no times. */
static ad_status check_times(const comparison *c, const ad_film_frame frame[2])
{
    double shift = fabs(frame[0].time - frame[1].time);
    for (int i = 0; i < 2; ++i)
        if (!strcmp(ad_film_get_info(c->film[i])->format, "pictures")) return AD_OK;
    if (shift <= 0.5 * frame[1].duration || shift < 0.02) return AD_OK;
    return ad_error_set(c->ctx, AD_ERROR_ARGUMENT,
                        "frame %lld of %s is at %.3f s and that of %s at %.3f s: films that are "
                        "compared have the same frames",
                        (long long)c->frames + 1, ad_command_operand(c->cmd, 0), frame[0].time,
                        ad_command_operand(c->cmd, 1), frame[1].time);
}

static ad_status add(comparison *c, ad_film_frame frame[2])
{
    const ad_image *painted = frame[0].image;
    ad_image *fitted = NULL;
    ad_status status = check_times(c, frame);
    if (!status &&
        (frame[1].image->width != painted->width || frame[1].image->height != painted->height))
        status = ad_image_resize(c->ctx, frame[1].image, painted->width, painted->height, NULL,
                                 &fitted);
    if (!status) status = film_flicker_add(c->meter, painted, fitted ? fitted : frame[1].image);
    ad_image_free(fitted);
    if (!status) ++c->frames;
    return status;
}

static ad_status measure(comparison *c)
{
    int64_t expected = ad_film_get_info(c->film[0])->frames;
    bool part = ad_command_given(c->cmd, "from") || ad_command_given(c->cmd, "to");
    ad_status status = film_flicker_new(&c->meter, c->ctx);
    while (!status && !(c->stopped = ad_command_interrupted(c->cmd))) {
        ad_film_frame frame[2] = {{0}, {0}};
        for (int i = 0; i < 2 && !status; ++i) {
            status = ad_film_next(c->film[i], &frame[i]);
            c->ended[i] = !status && !frame[i].image;
        }
        bool both = frame[0].image && frame[1].image;
        if (!status && both) status = add(c, frame);
        ad_image_free(frame[0].image), ad_image_free(frame[1].image);
        if (!both) break;
        ad_progress progress = {.step = c->frames,
                                .steps = part || expected < c->frames ? 0 : expected,
                                .counted = "frames",
                                .seconds_left = -1,
                                .notable = true};
        progress.done = (double)progress.step, progress.whole = (double)progress.steps;
        ad_command_progress(c->cmd, &progress);
    }
    return status;
}

static int report(comparison *c)
{
    film_flicker f = film_flicker_get(c->meter);
    if (c->stopped)
        ad_command_note(c->cmd, "stopped: the figures are of %lld frames", (long long)c->frames);
    else if (c->ended[0] != c->ended[1])
        ad_command_note(c->cmd, "%s goes on: %lld frames were compared",
                        ad_command_operand(c->cmd, c->ended[0] ? 1 : 0), (long long)c->frames);
    if (!f.pairs)
        return ad_command_fail(c->cmd,
                               "%s: nothing to compare: that takes two frames, and pixels "
                               "that can be followed from one to the next",
                               ad_command_operand(c->cmd, 0));
    double ratio = f.source > 0 ? f.painted / f.source : NAN;
    if (!ad_command_json(c->cmd)) {
        ad_command_print(c->cmd, "%-24s%12.6f\n", "painted", f.painted);
        ad_command_print(c->cmd, "%-24s%12.6f\n", "source", f.source);
        if (f.source > 0) ad_command_print(c->cmd, "%-24s%12.2f\n", "painted / source", ratio);
        ad_command_print(c->cmd, "%-24s%11.1f%%\n", "pixels compared", 100 * f.trusted);
        return AD_EXIT_OK;
    }
    ad_json_begin(c->cmd, "flicker");
    ad_json_int(c->cmd, "frames", c->frames);
    ad_json_real(c->cmd, "painted", f.painted);
    ad_json_real(c->cmd, "source", f.source);
    ad_json_real(c->cmd, "ratio", ratio);
    ad_json_real(c->cmd, "compared", f.trusted);
    ad_json_end(c->cmd);
    return AD_EXIT_OK;
}

static int run(ad_command *cmd)
{
    comparison c = {.cmd = cmd, .ctx = ad_command_context(cmd)};
    if (!c.ctx) return AD_EXIT_FAILURE;
    int code = open_films(&c);
    if (!code) {
        ad_command_start(cmd);
        code = ad_command_check(cmd, measure(&c));
    }
    if (!code) code = report(&c);
    film_flicker_free(c.meter);
    ad_film_free(c.film[0]), ad_film_free(c.film[1]);
    return code;
}

static const ad_option options[] = {
    {"from", 0, AD_OPTION_REAL, .initial = "0", .max = 1e7, .unit = "SECONDS",
     .help = "of both films: where the comparison begins"},
    {"to", 0, AD_OPTION_REAL, .min = 1e-3, .max = 1e7, .unit = "SECONDS",
     .help = "of both films: where it ends", .otherwise = "the end"},
    AD_COMMON_OPTIONS,
    {0},
};

const ad_verb ad_cli_film_flicker = {
    AD_VERB("film", "flicker", "PAINTED SOURCE", options, run,
            "how much a film flickers, beside the one that it was made from"),
    .description =
        "Measures the warping error of both films: each frame is compared with the one before it, "
        "carried along by the optical flow of SOURCE, where that flow leads there and back and "
        "does not break off; the mean of the squared difference, of colours from 0 to 1. SOURCE's "
        "own error is what noise, light and the flow itself make up; a film that was painted frame "
        "by frame has a multiple of it. Both are films or folders of pictures with the same "
        "frames.\n\n"
        "  autodidact style apply udnie.safetensors film.mp4 -o painted.mp4\n"
        "  autodidact film flicker painted.mp4 film.mp4",
};
