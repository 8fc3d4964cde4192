/* film_convert.c - `autodidact film convert IN OUT`: a film in another format, size, rate or
 * length. */
#include "cli/film.h"
#include "cli/verbs.h"

#include <autodidact/run.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct conversion {
    ad_command *cmd;
    ad_context *ctx;
    const char *from, *to;
    ad_film *film;
    ad_film_writer *writer;
    int64_t width, height; /* wanted; 0: as it is */
    int64_t expected;      /* frames; 0: unknown */
    double end;            /* of what was written, in seconds */
    bool stopped;
} conversion;

/* "640x360", or "640": the longer side. */
static int read_size(conversion *c)
{
    enum { MOST = 1 << 15 };
    const char *text = ad_command_text(c->cmd, "size");
    const ad_film_info *info = ad_film_get_info(c->film);
    char *end;
    if (!text) return AD_EXIT_OK;
    long long width = strtoll(text, &end, 10), height = 1;
    bool both = *end == 'x';
    if (both) height = strtoll(end + 1, &end, 10);
    if (*end || width < 1 || width > MOST || height < 1 || height > MOST)
        return ad_command_usage(c->cmd,
                                "--size: \"%.40s\" is neither a size such as 640x360 nor a longer "
                                "side such as 640, of 1 to %d pixels",
                                text, MOST);
    c->width = width, c->height = height;
    if (!both) ad_image_fit_size(info->width, info->height, width, &c->width, &c->height);
    return AD_EXIT_OK;
}

static ad_film_options read_options(ad_command *cmd, const char *to)
{
    return (ad_film_options){.from = ad_command_real(cmd, "from"),
                             .to = ad_command_real(cmd, "to"),
                             .fps = ad_command_real(cmd, "fps"),
                             .keep_alpha = ad_film_can_be_transparent(to)};
}

/* Frames that lie equally far apart stay so exactly; all others keep their times. */
static ad_status create(conversion *c)
{
    const ad_film_options o = read_options(c->cmd, c->to);
    const ad_film_info *info = ad_film_get_info(c->film);
    double rate = (double)info->fps_num / (double)info->fps_den;
    bool sounds = info->audio[0] && !ad_command_flag(c->cmd, "no-sound");
    double span = (o.to > 0 && (o.to < info->seconds || !(info->seconds > 0)) ? o.to
                                                                              : info->seconds) -
                  o.from;
    c->expected = span > 0 ? llround(span * (o.fps > 0 ? o.fps : rate)) : 0;
    ad_film_write_options w = {
        .fps = o.fps > 0             ? o.fps
               : info->variable_rate ? 0
                                     : rate,
        .crf = (int)ad_command_int(c->cmd, "crf"),
        .audio = sounds ? c->from : NULL,
        .audio_from = o.from,
        .audio_to = o.to,
    };
    return ad_film_create(c->ctx, c->to, &w, &c->writer);
}

static ad_status resize(conversion *c, ad_image **image)
{
    ad_image *resized;
    if (!c->width || ((*image)->width == c->width && (*image)->height == c->height)) return AD_OK;
    ad_status status = ad_image_resize(c->ctx, *image, c->width, c->height, NULL, &resized);
    if (status) return status;
    ad_image_free(*image);
    *image = resized;
    return AD_OK;
}

static ad_status convert_frames(conversion *c)
{
    ad_film_frame frame;
    for (;;) {
        if ((c->stopped = ad_command_interrupted(c->cmd))) return AD_OK;
        ad_status status = ad_film_next(c->film, &frame);
        if (status || !frame.image) return status;
        status = resize(c, &frame.image);
        if (!status) status = ad_film_add(c->writer, frame.image, frame.time, frame.duration);
        ad_image_free(frame.image);
        if (status) return status;
        c->end = frame.time + frame.duration;
        ad_progress progress = {.step = frame.number + 1,
                                .steps = c->expected,
                                .counted = "frames",
                                .seconds_left = -1,
                                .notable = true};
        if (progress.steps && progress.steps < progress.step) progress.steps = progress.step;
        progress.done = (double)progress.step, progress.whole = (double)progress.steps;
        ad_command_progress(c->cmd, &progress);
    }
}

/* What was written when the film was not to go on, or could not be read further. */
static int keep(conversion *c, ad_status status)
{
    char why[1024];
    snprintf(why, sizeof why, "%s", status ? ad_error(c->ctx) : "");
    if (!status) snprintf(why, sizeof why, "%s: stopped", c->to);
    if (ad_film_writer_path(c->writer)[0] || strstr(why, "of the film remains"))
        return ad_command_fail(c->cmd, "%s", why); /* the writer's own failure, which says it */
    if (ad_film_writer_stop(c->writer)) return ad_command_fail(c->cmd, "%s", why);
    const char *path = ad_film_writer_path(c->writer);
    if (!path[0]) return ad_command_fail(c->cmd, "%s", why);
    int64_t frames = ad_film_writer_frames(c->writer);
    return ad_command_fail(c->cmd, "%s; %s holds %lld frame%s of it", why, path, (long long)frames,
                           frames == 1 ? "" : "s");
}

static int say_end(conversion *c)
{
    char seconds[32];
    int64_t frames = ad_film_writer_frames(c->writer);
    if (!ad_command_json(c->cmd)) {
        snprintf(seconds, sizeof seconds, "%.2f s", c->end);
        ad_command_note(c->cmd, "%s: %lld frame%s, %s, written in %.1f s", c->to, (long long)frames,
                        frames == 1 ? "" : "s", seconds, ad_command_seconds(c->cmd));
        return AD_EXIT_OK;
    }
    ad_json_begin(c->cmd, "done");
    ad_json_text(c->cmd, "output", c->to);
    ad_json_int(c->cmd, "frames", frames);
    ad_json_real(c->cmd, "film_seconds", c->end);
    ad_json_real(c->cmd, "seconds", ad_command_seconds(c->cmd));
    ad_json_end(c->cmd);
    return AD_EXIT_OK;
}

static int convert(conversion *c)
{
    const ad_film_options options = read_options(c->cmd, c->to);
    int code = ad_command_check(c->cmd, ad_film_open(c->ctx, c->from, &options, &c->film));
    if (!code) code = read_size(c);
    if (!code) code = ad_command_check(c->cmd, create(c));
    if (code) return code;
    (void)ad_command_interrupted(c->cmd); /* from here on Ctrl-C keeps what there is */
    ad_command_start(c->cmd);
    ad_status status = convert_frames(c);
    if (status || c->stopped) return keep(c, status);
    code = ad_command_check(c->cmd, ad_film_finish(c->writer));
    return code ? code : say_end(c);
}

static int run(ad_command *cmd)
{
    conversion c = {.cmd = cmd,
                    .ctx = ad_command_context(cmd),
                    .from = ad_command_operand(cmd, 0),
                    .to = ad_command_operand(cmd, 1)};
    if (!c.ctx) return AD_EXIT_FAILURE;
    int code = ad_cli_check_output(cmd, c.from, c.to);
    if (!code) code = ad_command_check(cmd, ad_film_can_write(c.ctx, c.to));
    if (!code) code = convert(&c);
    ad_film_free(c.film);
    ad_film_writer_free(c.writer);
    return code;
}

static const ad_option options[] = {
    {"from", 0, AD_OPTION_REAL, .initial = "0", .max = 1e7, .unit = "SECONDS",
     .help = "where it begins: with the frame that is shown then"},
    {"to", 0, AD_OPTION_REAL, .min = 1e-3, .max = 1e7, .unit = "SECONDS", .help = "where it ends",
     .otherwise = "the end"},
    {"fps", 0, AD_OPTION_REAL, .min = 0.01, .max = 1000,
     .help =
         "frames a second: they are repeated or left out, whichever is nearest in time; of a "
         "folder of pictures, how fast they follow one another (default: the film's own times; a "
         "folder's 25)"},
    {"size", 0, AD_OPTION_TEXT, .unit = "WxH|LONG",
     .help = "another size, or the longer side of one of the same shape"},
    {"crf", 0, AD_OPTION_INT, .min = 1, .max = 63,
     .help = "smaller is better and larger (default: 18 in .mp4, 30 in .webm)"},
    {"no-sound", 0, AD_OPTION_FLAG, .help = "leave the sound out"},
    AD_COMMON_OPTIONS,
    {0},
};

const ad_verb ad_cli_film_convert = {
    AD_VERB("film", "convert", "IN OUT", options, run,
            "write a film in another format, size, rate or length"),
    .description =
        "IN is a video file, a GIF or an animated PNG, told by its content, or a folder of "
        "numbered "
        "pictures of one size. The ending of OUT chooses what is written: .mp4 (H.264), .webm "
        "(VP9), "
        ".gif, .apng, or numbered PNGs in a folder (frames/) or by a name (frame-%05d.png). Sound "
        "is "
        "copied as it is where OUT can hold it.\n\n"
        "Ctrl-C, a full disk or a film that is damaged leaves what was written till then as "
        "OUT.partial.mp4, which can be played; what OUT was stays.\n\n"
        "  autodidact film convert holiday.mov small.mp4 --size 640 --from 12 --to 20\n"
        "  autodidact film convert frames/ film.webm --fps 24\n"
        "  autodidact film convert film.mp4 frame-%05d.png",
};
