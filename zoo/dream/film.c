/* film.c - films: one that zooms into a picture for ever, and the frames of one that is there. */
#include "zoo/dream/make.h"

#include <math.h>

static const double usual_fps = 15;

bool dream_zooms(ad_command *cmd)
{
    return ad_command_given(cmd, "zoom") || ad_command_given(cmd, "rotate");
}

int dream_check_film(dream_make *m)
{
    static const char *const of_input[] = {"blend", "in-place", "from", "to", "no-sound"};
    const char *read[] = {ad_command_text(m->cmd, "guide"), ad_command_text(m->cmd, "mask"),
                          ad_command_text(m->cmd, "weights")};
    for (size_t i = 0; dream_zooms(m->cmd) && i < sizeof of_input / sizeof *of_input; ++i)
        if (ad_command_given(m->cmd, of_input[i]))
            return ad_command_usage(
                m->cmd, "--%s is of a film that is read, not of --zoom and --rotate", of_input[i]);
    if (!dream_zooms(m->cmd) && ad_command_given(m->cmd, "seconds"))
        return ad_command_usage(m->cmd,
                                "--seconds is of --zoom and --rotate; a film has --from and --to");
    if (!dream_zooms(m->cmd) && ad_command_flag(m->cmd, "noise"))
        return ad_command_usage(m->cmd, "--noise is for pictures, and %s is a film",
                                ad_command_operand(m->cmd, 0));
    int code = vision_check_not_input(m->cmd, read, 3);
    if (code) return code;
    return ad_command_check(m->cmd, ad_film_can_write(m->ctx, ad_command_text(m->cmd, "output")));
}

/* ---- for ever closer ---- */

/* Each frame's picture is the dream before, seen a little closer: as much in a second whatever the
 * rate. */
static ad_status zoom_on(dream_make *m, ad_film_writer *writer, double fps)
{
    double zoom = pow(ad_command_real(m->cmd, "zoom"), 1 / fps),
           degrees = ad_command_real(m->cmd, "rotate") / fps;
    ad_status status = AD_OK;
    for (m->frame = 0; m->frame < m->frames && !status && !m->stopped; ++m->frame) {
        ad_image *dreamt = NULL, *next = NULL;
        status = dream_once(m, m->photo, &dreamt);
        if (!status) status = ad_film_add(writer, dreamt, (double)m->frame / fps, 1 / fps);
        if (!status) status = dream_warp(m->ctx, dreamt, zoom, degrees, &next);
        ad_image_free(dreamt);
        if (status) break;
        ad_image_free(m->photo);
        m->photo = next;
    }
    return status;
}

static void say_end(dream_make *m, const ad_film_writer *writer)
{
    const char *output = ad_command_text(m->cmd, "output"), *end = m->stopped ? "stopped" : "done";
    int64_t frames = ad_film_writer_frames(writer);
    if (!ad_command_json(m->cmd)) {
        ad_command_note(m->cmd, "%s: %s, %lld frames, %.1f s", output, end, (long long)frames,
                        ad_command_seconds(m->cmd));
        return;
    }
    ad_json_begin(m->cmd, "done");
    ad_json_text(m->cmd, "output", output);
    ad_json_text(m->cmd, "end", end);
    ad_json_int(m->cmd, "frames", frames);
    ad_json_real(m->cmd, "seconds", ad_command_seconds(m->cmd));
    ad_json_end(m->cmd);
}

int dream_zoom(dream_make *m)
{
    ad_film_writer *writer = NULL;
    double fps = ad_command_given(m->cmd, "fps") ? ad_command_real(m->cmd, "fps") : usual_fps;
    const ad_film_write_options options = {.fps = fps, .crf = (int)ad_command_int(m->cmd, "crf")};
    m->frames = (int64_t)fmax(1, round(ad_command_real(m->cmd, "seconds") * fps));
    dream_plan(m, m->photo);
    ad_status status = ad_film_create(m->ctx, ad_command_text(m->cmd, "output"), &options, &writer);
    (void)ad_command_interrupted(m->cmd); /* from here on Ctrl-C ends the film */
    ad_command_start(m->cmd);
    if (!status) status = zoom_on(m, writer, fps);
    if (!status) status = ad_film_finish(writer);
    int code = ad_command_check(m->cmd, status);
    if (!code) say_end(m, writer);
    ad_film_writer_free(writer);
    return code;
}

/* ---- a film's frames ---- */

static ad_status keep_last(dream_make *m, const ad_image *dreamt)
{
    if (!ad_command_flag(m->cmd, "in-place")) return film_follow_end(m->follow, dreamt);
    ad_image_free(m->last);
    return ad_image_convert(m->ctx, dreamt, 3, NULL, &m->last);
}

/* Each frame begins with some of the dream before it, so that a dream stays where it began: on what
 * it began on, if that moves. */
static ad_status dream_frame(void *user, ad_image **image)
{
    dream_make *m = user;
    film_before before = {.painted = m->last};
    ad_image *dreamt = NULL;
    ad_status status = dream_fit(m, image, ad_command_operand(m->cmd, 0));
    if (!status && m->frame++ == 0) dream_plan(m, *image);
    if (!status && !ad_command_flag(m->cmd, "in-place"))
        status = film_follow_begin(m->follow, *image, &before);
    if (status) return status;
    film_before_mix(&before, 1 - ad_command_real(m->cmd, "blend"), *image);
    status = dream_once(m, *image, &dreamt);
    if (status) return status;
    ad_image_free(*image);
    *image = dreamt;
    return keep_last(m, dreamt);
}

static int begin_film(void *user, const ad_film_info *info)
{
    return film_masks_begin(((dream_make *)user)->masks, info);
}

int dream_film(dream_make *m)
{
    m->quiet = true;
    int code = ad_command_check(m->cmd, film_follow_new(&m->follow, m->ctx, NULL));
    if (code) return code;
    code = film_frames(m->cmd, ad_command_operand(m->cmd, 0), ad_command_text(m->cmd, "output"),
                       &(film_work){.begin = begin_film, .frame = dream_frame, .user = m});
    return code ? code : ad_command_check(m->cmd, film_masks_end(m->masks));
}
