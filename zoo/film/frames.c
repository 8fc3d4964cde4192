/* frames.c - see frames.h. */
#include "zoo/film/frames.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { MOST_RATE = 1000 };

typedef struct film_job {
    ad_command *cmd;
    ad_context *ctx;
    const char *from, *to;
    const film_work *work;
    ad_film *film;
    ad_film_writer *writer;
    int64_t expected; /* frames; 0: unknown */
    double end;       /* of what was written, in seconds */
    bool stopped;
} film_job;

static ad_film_options read_options(ad_command *cmd, const char *to)
{
    return (ad_film_options){.from = ad_command_real(cmd, "from"),
                             .to = ad_command_real(cmd, "to"),
                             .fps = ad_command_real(cmd, "fps"),
                             .keep_alpha = ad_film_can_be_transparent(to)};
}

/* Frames that lie equally far apart stay so exactly; all others keep their times. */
static ad_status create(film_job *j)
{
    const ad_film_options o = read_options(j->cmd, j->to);
    const ad_film_info *info = ad_film_get_info(j->film);
    double rate = (double)info->fps_num / (double)info->fps_den;
    bool even = !info->variable_rate && rate > 0 && rate <= MOST_RATE; /* headers err */
    bool sounds = info->audio[0] && !ad_command_flag(j->cmd, "no-sound");
    double span = (o.to > 0 && (o.to < info->seconds || !(info->seconds > 0)) ? o.to
                                                                              : info->seconds) -
                  o.from;
    j->expected = span > 0 ? llround(span * (o.fps > 0 ? o.fps : rate)) : 0;
    ad_film_write_options w = {
        .fps = o.fps > 0 ? o.fps
               : even    ? rate
                         : 0,
        .crf = (int)ad_command_int(j->cmd, "crf"),
        .audio = sounds ? j->from : NULL,
        .audio_from = o.from,
        .audio_to = o.to,
    };
    return ad_film_create(j->ctx, j->to, &w, &j->writer);
}

static ad_status work_through(film_job *j)
{
    ad_film_frame frame;
    for (;;) {
        if ((j->stopped = ad_command_interrupted(j->cmd))) return AD_OK;
        ad_status status = ad_film_next(j->film, &frame);
        if (status || !frame.image) return status;
        status = j->work->frame(j->work->user, &frame.image);
        if (!status) status = ad_film_add(j->writer, frame.image, frame.time, frame.duration);
        ad_image_free(frame.image);
        if (status) return status;
        j->end = frame.time + frame.duration;
        ad_progress progress = {.step = frame.number + 1,
                                .steps = j->expected,
                                .counted = "frames",
                                .seconds_left = -1,
                                .notable = true};
        if (progress.steps && progress.steps < progress.step) progress.steps = progress.step;
        progress.done = (double)progress.step, progress.whole = (double)progress.steps;
        ad_command_progress(j->cmd, &progress);
    }
}

/* What was written when the film was not to go on, or could not be read further. */
static int keep(film_job *j, ad_status status)
{
    char why[1024];
    snprintf(why, sizeof why, "%s", status ? ad_error(j->ctx) : "");
    if (!status) snprintf(why, sizeof why, "%s: stopped", j->to);
    if (ad_film_writer_path(j->writer)[0] || strstr(why, "of the film remains"))
        return ad_command_fail(j->cmd, "%s", why); /* the writer's own failure, which says it */
    if (ad_film_writer_stop(j->writer)) return ad_command_fail(j->cmd, "%s", why);
    const char *path = ad_film_writer_path(j->writer);
    if (!path[0]) return ad_command_fail(j->cmd, "%s", why);
    int64_t frames = ad_film_writer_frames(j->writer);
    return ad_command_fail(j->cmd, "%s; %s holds %lld frame%s of it", why, path, (long long)frames,
                           frames == 1 ? "" : "s");
}

static int say_end(film_job *j)
{
    char seconds[32];
    int64_t frames = ad_film_writer_frames(j->writer);
    double took = ad_command_seconds(j->cmd), rate = took > 0 ? (double)frames / took : 0;
    if (!ad_command_json(j->cmd)) {
        snprintf(seconds, sizeof seconds, "%.2f s", j->end);
        ad_command_note(j->cmd, "%s: %lld frame%s, %s, written in %.1f s, %.3g frames a second",
                        j->to, (long long)frames, frames == 1 ? "" : "s", seconds, took, rate);
        return AD_EXIT_OK;
    }
    ad_json_begin(j->cmd, "done");
    ad_json_text(j->cmd, "output", j->to);
    ad_json_int(j->cmd, "frames", frames);
    ad_json_real(j->cmd, "film_seconds", j->end);
    ad_json_real(j->cmd, "seconds", took);
    ad_json_real(j->cmd, "frames_per_second", rate);
    ad_json_end(j->cmd);
    return AD_EXIT_OK;
}

static int run(film_job *j)
{
    const ad_film_options options = read_options(j->cmd, j->to);
    int code = ad_command_check(j->cmd, ad_film_open(j->ctx, j->from, &options, &j->film));
    const ad_film_info *info = code ? NULL : ad_film_get_info(j->film);
    if (!code && j->work->begin) code = j->work->begin(j->work->user, info);
    if (!code) code = ad_command_check(j->cmd, create(j));
    if (code) return code;
    (void)ad_command_interrupted(j->cmd); /* from here on Ctrl-C keeps what there is */
    ad_command_start(j->cmd);
    ad_status status = work_through(j);
    if (status || j->stopped) return keep(j, status);
    code = ad_command_check(j->cmd, ad_film_finish(j->writer));
    return code ? code : say_end(j);
}

int film_frames(ad_command *cmd, const char *from, const char *to, const film_work *work)
{
    film_job j = {.cmd = cmd, .ctx = ad_command_context(cmd), .from = from, .to = to, .work = work};
    if (!j.ctx) return AD_EXIT_FAILURE;
    int code = ad_command_check(cmd, ad_film_can_write(j.ctx, to));
    if (!code) code = run(&j);
    ad_film_free(j.film);
    ad_film_writer_free(j.writer);
    return code;
}

ad_status film_is(ad_context *ctx, const char *path, bool *is)
{
    ad_status status = ad_film_begins(ctx, path, is);
    *is = *is && ad_has_component("libav");
    return status;
}

ad_status film_is_or_folder(ad_context *ctx, const char *path, bool *is)
{
    struct stat about;
    *is = !stat(path, &about) && S_ISDIR(about.st_mode);
    return *is ? AD_OK : film_is(ctx, path, is);
}

bool film_named(const char *path)
{
    static const char *const endings[] = {".mp4", ".m4v", ".webm", ".gif", ".apng"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; ++i)
        if (!strcasecmp(dot, endings[i])) return true;
    return false;
}
