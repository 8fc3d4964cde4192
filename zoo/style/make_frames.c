/* make_frames.c - the picture on its way: files that are numbered without gaps, as ffmpeg reads
 * them, or one animation. */
#include "zoo/style/make.h"

#include <stdio.h>
#include <string.h>

/* An animation's frames, if --save-every does not say how far they are apart; how long one is shown
 * and how long the last. */
enum { FRAMES = 40 };
static const double frame_seconds = 0.1, last_seconds = 2;

int style_frames_begin(style_make *m)
{
    const char *animate = ad_command_text(m->cmd, "animate");
    m->frame_every = ad_command_int(m->cmd, "save-every");
    if (!animate) return AD_EXIT_OK;
    if (!m->frame_every) m->frame_every = m->steps < FRAMES ? 1 : m->steps / FRAMES;
    return ad_command_check(m->cmd,
                            ad_animation_open(&m->animation, m->ctx, animate, frame_seconds));
}

/* OUT.png and frame 1: OUT-00001.png */
static void frame_path(char *path, size_t size, const char *output, int64_t frame)
{
    const char *dot = strrchr(output, '.');
    snprintf(path, size, "%.*s-%05lld%s", (int)(dot - output), output, (long long)frame, dot);
}

/* All frames as ffmpeg names them: OUT-%05d.png, with each % of OUT itself doubled. */
static void frame_pattern(char *path, size_t size, const char *output)
{
    const char *dot = strrchr(output, '.');
    size_t used = 0;
    for (const char *c = output; c < dot && used + 2 < size; ++c) {
        if (*c == '%') path[used++] = '%';
        path[used++] = *c;
    }
    snprintf(path + used, size - used, "-%%05d%s", dot);
}

ad_status style_frames_step(style_make *m, const style_pixels *picture, int64_t step)
{
    char path[4096];
    ad_image *image = NULL;
    if (!m->frame_every || (step % m->frame_every && step != m->steps)) return AD_OK;
    ad_status status = style_make_shown(m, picture, &image);
    if (!status && m->animation) {
        status = ad_animation_add(m->animation, image);
    } else if (!status) {
        frame_path(path, sizeof path, ad_command_text(m->cmd, "output"), m->frames + 1);
        status = ad_image_write(m->ctx, path, image, NULL);
    }
    if (!status) ++m->frames;
    ad_image_free(image);
    return status;
}

ad_status style_frames_end(style_make *m)
{
    char pattern[4096], title[64];
    if (!m->frames) return AD_OK;
    if (m->animation) {
        ad_status status = ad_animation_write(m->animation, last_seconds);
        if (!status)
            ad_command_note(m->cmd, "%s: %lld frames", ad_command_text(m->cmd, "animate"),
                            (long long)m->frames);
        return status;
    }
    if (m->frames == 1) return AD_OK;
    frame_pattern(pattern, sizeof pattern, ad_command_text(m->cmd, "output"));
    snprintf(title, sizeof title, "%lld frames, as a film", (long long)m->frames);
    /* the codec of .mp4 takes even sides alone */
    ad_command_suggest(m->cmd, title,
                       (const char *[]){"ffmpeg", "-framerate", "10", "-i", pattern, "-vf",
                                        "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-pix_fmt", "yuv420p",
                                        "film.mp4", NULL});
    return AD_OK;
}
