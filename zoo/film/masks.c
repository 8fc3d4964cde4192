/* masks.c - see masks.h. */
#include "zoo/film/masks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct film_masks {
    ad_command *cmd;
    ad_context *ctx;
    const char *path;
    ad_film *film;    /* NULL: a picture, or not begun yet */
    bool moves;       /* a film or a folder */
    bool numbered;    /* pictures, which have no times: one for each frame of the film */
    double rate;      /* of the film that is masked, in frames a second */
    ad_image *mask;   /* the current one */
    int64_t at, next; /* its number; the frame whose mask is asked for next */
    bool ended, compared;
};

/* Numbered pictures: a folder, or a pattern of names. */
static bool is_numbered(const char *path)
{
    struct stat about;
    if (!stat(path, &about)) return S_ISDIR(about.st_mode);
    return strchr(path, '%') != NULL;
}

static ad_status read_picture(film_masks *m)
{
    ad_status status = ad_image_read(m->ctx, m->path, &(ad_image_read_options){.channels = 1},
                                     &m->mask);
    if (!status && m->mask->note[0]) ad_command_note(m->cmd, "%s: %s", m->path, m->mask->note);
    return status;
}

int film_masks_open(ad_command *cmd, bool film, film_masks **out)
{
    const char *path = ad_command_text(cmd, "mask");
    *out = NULL;
    if (!path) return AD_EXIT_OK;
    film_masks *m = *out = calloc(1, sizeof *m);
    if (!m) return ad_command_fail(cmd, "out of memory for masks");
    *m = (film_masks){.cmd = cmd, .ctx = ad_command_context(cmd), .path = path, .at = -1};
    m->numbered = is_numbered(path), m->moves = m->numbered;
    ad_status status = m->moves ? AD_OK : film_is(m->ctx, path, &m->moves);
    if (status) return ad_command_check(cmd, status);
    if (m->moves && !film)
        return ad_command_usage(cmd, "--mask %s: is for a film, and the input is none", path);
    return m->moves ? AD_EXIT_OK : ad_command_check(cmd, read_picture(m));
}

int film_masks_begin(film_masks *m, const ad_film_info *info)
{
    if (!m || !m->moves) return AD_EXIT_OK;
    ad_film_options options = {.from = ad_command_real(m->cmd, "from"),
                               .fps = ad_command_real(m->cmd, "fps")};
    m->rate = info->fps_num > 0 ? (double)info->fps_num / (double)info->fps_den : 0;
    if (m->numbered) /* times are counted here */
        options = (ad_film_options){.fps = m->rate <= 1000 ? m->rate : 0};
    return ad_command_check(m->cmd, ad_film_open(m->ctx, m->path, &options, &m->film));
}

/* Which of the masks belongs to frame number `frame`. */
static int64_t number_of(const film_masks *m, int64_t frame)
{
    double fps = ad_command_real(m->cmd, "fps"), from = ad_command_real(m->cmd, "from");
    if (!m->numbered || !(m->rate > 0)) return frame;
    /* the frame that is shown at `from` is the first, as of the film */
    int64_t first = (int64_t)floor(from * m->rate + 1e-6);
    return fps > 0 ? llround((from + (double)frame / fps) * m->rate) : first + frame;
}

/* Reads on to mask `number`, or to the last one. */
static ad_status read_on(film_masks *m, int64_t number)
{
    ad_film_frame frame;
    while (m->at < number && !m->ended) {
        ad_status status = ad_film_next(m->film, &frame);
        if (status) return status;
        if (!frame.image) {
            m->ended = true;
            if (m->mask)
                ad_command_note(m->cmd,
                                "%s: ends behind mask %lld, before the film does; the last stays",
                                m->path, (long long)m->at + 1);
            break;
        }
        ad_image_free(m->mask);
        m->mask = NULL;
        status = ad_image_convert(m->ctx, frame.image, 1, NULL, &m->mask);
        ad_image_free(frame.image);
        if (status) return status;
        ++m->at;
    }
    if (m->mask) return AD_OK;
    return ad_error_set(m->ctx, AD_ERROR_NOT_FOUND, "%s: holds no mask of the film's first frame",
                        m->path);
}

static void compare(film_masks *m, int64_t width, int64_t height)
{
    double is = (double)m->mask->width / (double)m->mask->height,
           wanted = (double)width / (double)height;
    m->compared = true;
    if (fabs(is / wanted - 1) > 0.02)
        ad_command_note(m->cmd, "%s: %lld x %lld, stretched to %lld x %lld", m->path,
                        (long long)m->mask->width, (long long)m->mask->height, (long long)width,
                        (long long)height);
}

ad_status film_masks_next(film_masks *m, int64_t width, int64_t height, const ad_image **mask)
{
    *mask = NULL;
    if (!m) return AD_OK;
    ad_status status = m->moves ? read_on(m, number_of(m, m->next++)) : AD_OK;
    if (status) return status;
    if (!m->compared) compare(m, width, height);
    *mask = m->mask;
    return AD_OK;
}

ad_status film_masks_end(film_masks *m)
{
    ad_film_frame frame;
    if (!m || !m->film || m->ended || ad_command_given(m->cmd, "to")) return AD_OK;
    ad_status status = ad_film_next(m->film, &frame);
    if (!status && frame.image)
        ad_command_note(m->cmd, "%s: has more masks than the film has frames", m->path);
    if (!status) ad_image_free(frame.image);
    return status;
}

void film_masks_free(film_masks *m)
{
    if (!m) return;
    ad_film_free(m->film);
    ad_image_free(m->mask);
    free(m);
}
