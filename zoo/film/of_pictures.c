/* of_pictures.c - see of_pictures.h. */
#include "zoo/film/of_pictures.h"
#include "zoo/film/frames.h"

#include <autodidact/table.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TRIES = 8, LEAST_SIDE = 48 };

typedef struct making {
    ad_command *cmd;
    ad_context *ctx;
    const char *path;
    const film_pictures *pictures;
    int64_t most;                  /* bytes of this try; 0: any */
    int64_t every;                 /* pictures for a frame */
    double scale;                  /* of their sides */
    int64_t width, height;         /* of frames */
    int64_t whole_width, smallest; /* of pictures; of their shorter side */
    int64_t frames, bytes;         /* of what was made */
    bool stopped;
} making;

/* Frames of this try: each picture whose number is a multiple, and the last. */
static int64_t frames_of(const making *m)
{
    return (m->pictures->count - 1 + m->every - 1) / m->every + 1;
}

static ad_status get_frame(making *m, int64_t frame, ad_image **image)
{
    int64_t last = m->pictures->count - 1, index = frame * m->every;
    ad_image *whole;
    ad_status status = m->pictures->picture(m->pictures->user, index < last ? index : last, &whole);
    if (status) return status;
    m->whole_width = whole->width;
    m->smallest = whole->width < whole->height ? whole->width : whole->height;
    m->width = llround((double)whole->width * m->scale);
    m->height = llround((double)whole->height * m->scale);
    if (m->scale < 1) {
        status = ad_image_resize(m->ctx, whole, m->width, m->height, NULL, image);
        ad_image_free(whole);
    } else
        *image = whole;
    return status;
}

/* Goes through the frames of this try until `add` fails or sets *full. */
static ad_status each_frame(making *m,
                            ad_status (*add)(making *m, void *to, ad_image *image, int64_t frame,
                                             bool *full),
                            void *to)
{
    int64_t count = frames_of(m);
    bool full = false;
    m->frames = 0;
    for (int64_t i = 0; i < count && !full; ++i) {
        ad_image *image = NULL;
        if ((m->stopped = ad_command_interrupted(m->cmd))) return AD_OK;
        ad_status status = get_frame(m, i, &image);
        if (!status) status = add(m, to, image, i, &full);
        ad_image_free(image);
        if (status) return status;
        m->frames = i + 1;
        ad_command_progress(m->cmd, &(ad_progress){.step = i + 1,
                                                   .steps = count,
                                                   .counted = "frames",
                                                   .seconds_left = -1,
                                                   .done = (double)(i + 1),
                                                   .whole = (double)count});
    }
    return AD_OK;
}

/* ---- a GIF ---- */

static ad_status add_to_gif(making *m, void *to, ad_image *image, int64_t frame, bool *full)
{
    (void)frame;
    ad_status status = ad_animation_add(to, image);
    m->bytes = ad_animation_bytes(to);
    *full = m->most && m->bytes > m->most;
    return status;
}

/* *fits: it is written, or was stopped. */
static ad_status try_gif(making *m, bool *fits)
{
    const film_pictures *p = m->pictures;
    ad_animation *gif;
    ad_status status = ad_animation_open(&gif, m->ctx, m->path, (double)m->every / p->fps);
    if (!status) status = each_frame(m, add_to_gif, gif);
    *fits = m->stopped || !m->most || m->bytes <= m->most;
    if (!status && *fits && !m->stopped) status = ad_animation_write(gif, p->last_seconds);
    ad_animation_free(gif);
    return status;
}

/* Fewer frames, or smaller ones, by how much too large it would have been; false: it cannot be made
 * smaller. */
static bool reduce(making *m)
{
    const film_pictures *p = m->pictures;
    double whole = (double)m->bytes * (double)frames_of(m) / (double)m->frames;
    double ratio = 0.92 * (double)p->most / whole, least = LEAST_SIDE / (double)m->smallest;
    int64_t every = m->every;
    while (p->count / (every + 1) >= p->frames_kept && (double)m->every / (double)every > ratio)
        ++every;
    if (every > m->every) {
        m->every = every;
        return true;
    }
    double scale = m->scale * sqrt(ratio);
    if (scale < least) scale = least < 1 ? least : 1;
    bool smaller = scale < 0.99 * m->scale;
    m->scale = scale < m->scale ? scale : m->scale;
    return smaller;
}

static ad_status make_gif(making *m)
{
    bool fits = false;
    m->most = m->pictures->most;
    ad_status status = try_gif(m, &fits);
    for (int i = 0; !status && !fits; ++i) {
        if (i == TRIES || !reduce(m)) m->most = 0;
        status = try_gif(m, &fits);
    }
    return status;
}

/* ---- other films ---- */

static ad_status add_to_film(making *m, void *to, ad_image *image, int64_t frame, bool *full)
{
    const film_pictures *p = m->pictures;
    double seconds = 1 / p->fps, time = (double)frame * seconds;
    bool last = frame == p->count - 1 && p->last_seconds > seconds && film_named(m->path);
    (void)full;
    /* once where it begins and once where it ends: not all players know how long a frame is shown
     */
    ad_status status = ad_film_add(to, image, time, last ? p->last_seconds - seconds : seconds);
    if (status || !last) return status;
    return ad_film_add(to, image, time + p->last_seconds - seconds, seconds);
}

static ad_status make_film(making *m)
{
    ad_film_writer *film;
    ad_status status = ad_film_create(m->ctx, m->path,
                                      &(ad_film_write_options){.fps = m->pictures->fps}, &film);
    if (status) return status;
    status = each_frame(m, add_to_film, film);
    if (!status) status = m->stopped ? ad_film_writer_stop(film) : ad_film_finish(film);
    if (!status && m->stopped && ad_film_writer_path(film)[0])
        ad_command_note(m->cmd, "%s holds %lld frames of it", ad_film_writer_path(film),
                        (long long)ad_film_writer_frames(film));
    ad_film_writer_free(film);
    return status;
}

/* ---- what is said ---- */

static void say(const making *m)
{
    const film_pictures *p = m->pictures;
    char size[32] = "", rest[64] = "";
    if (m->bytes) ad_bytes_text((double)m->bytes, size, sizeof size);
    if (m->bytes) snprintf(rest, sizeof rest, ", %s", size);
    if (m->every > 1)
        ad_command_note(m->cmd,
                        "%s: %lld of %lld frames are left out, so that it is no larger than --most",
                        m->path, (long long)(p->count - m->frames), (long long)p->count);
    if (m->scale < 1)
        ad_command_note(m->cmd, "%s: made smaller, from a width of %lld to %lld, for --most",
                        m->path, (long long)m->whole_width, (long long)m->width);
    if (p->most && m->bytes > p->most)
        ad_command_note(m->cmd, "%s: still larger than --most; an .mp4 would be smaller", m->path);
    if (!ad_command_json(m->cmd)) {
        ad_command_note(m->cmd, "%s: %lld frame%s of %lld x %lld, %.3g s%s", m->path,
                        (long long)m->frames, m->frames == 1 ? "" : "s", (long long)m->width,
                        (long long)m->height, (double)p->count / p->fps, rest);
        return;
    }
    ad_json_begin(m->cmd, "done");
    ad_json_text(m->cmd, "output", m->path);
    ad_json_int(m->cmd, "frames", m->frames);
    ad_json_int(m->cmd, "left_out", p->count - m->frames);
    ad_json_int(m->cmd, "width", m->width);
    ad_json_int(m->cmd, "height", m->height);
    if (m->bytes) ad_json_int(m->cmd, "bytes", m->bytes);
    ad_json_end(m->cmd);
}

static bool is_gif(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && !strcasecmp(dot, ".gif");
}

ad_status film_of_pictures(ad_command *cmd, const char *path, const film_pictures *pictures)
{
    making m = {.cmd = cmd,
                .ctx = ad_command_context(cmd),
                .path = path,
                .pictures = pictures,
                .every = 1,
                .scale = 1};
    if (!m.ctx) return AD_ERROR_MEMORY;
    (void)ad_command_interrupted(cmd); /* from here on Ctrl-C is asked for */
    ad_command_start(cmd);
    ad_status status = is_gif(path) ? make_gif(&m) : make_film(&m);
    if (!status && m.stopped) status = ad_error_set(m.ctx, AD_ERROR_IO, "%s: stopped", path);
    if (!status) say(&m);
    return status;
}
