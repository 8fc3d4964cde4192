/* make_paint.c - painting at one size, and saving. */
#include "zoo/style/make.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A picture of a coarse scale is enlarged to the size asked for: frames are of one size, and so is
 * what an interrupted run leaves. */
ad_status style_make_shown(style_make *m, const style_pixels *picture, ad_image **out)
{
    const style_scale *full = &m->scale[m->scales - 1];
    ad_image *image = NULL, *coloured = NULL;
    ad_status status = style_pixels_to(picture, m->ctx, &image);
    if (!status && m->grey) {
        status = ad_image_keep_color(m->ctx, image, m->shown_photo, &coloured);
        ad_image_free(image);
        image = coloured;
    }
    *out = NULL;
    if (!status && image->width == full->width && image->height == full->height)
        *out = image, image = NULL;
    else if (!status)
        status = ad_image_resize(m->ctx, image, full->width, full->height, NULL, out);
    ad_image_free(image);
    return status;
}

ad_status style_make_save(style_make *m, const style_pixels *picture, const char *path)
{
    ad_image *image = NULL;
    ad_status status = style_make_shown(m, picture, &image);
    if (!status) status = ad_image_write(m->ctx, path, image, NULL);
    ad_image_free(image);
    return status;
}

/* A step's work grows with the pixels, so that the last scale has most of it. */
static double work(const style_make *m, int64_t step, double *whole)
{
    double done = 0;
    *whole = 0;
    for (int i = 0; i < m->scales; ++i) {
        const style_scale *s = &m->scale[i];
        double pixels = (double)(s->width * s->height);
        *whole += pixels * (double)s->steps;
        if (i <= m->at) done += pixels * (double)(i < m->at ? s->steps : step - m->step_base);
    }
    return done;
}

static void show(style_make *m, const style_progress *progress, int64_t step)
{
    char part[64];
    double whole, done = work(m, step, &whole);
    const style_scale *s = &m->scale[m->at];
    int used = m->follow ? snprintf(part, sizeof part, "frame %lld  ", (long long)m->frame + 1) : 0;
    if (m->scales > 1 && !m->carried.data)
        used += snprintf(part + used, sizeof part - (size_t)used, "scale %d/%d  ", m->at + 1,
                         m->scales);
    snprintf(part + used, sizeof part - (size_t)used, "%lld x %lld", (long long)s->width,
             (long long)s->height);
    ad_metric metrics[] = {{"loss", progress->total},
                           {"content", progress->content},
                           {"style", progress->style},
                           {"tv", progress->tv},
                           {"temporal", progress->temporal}};
    ad_command_progress(m->cmd, &(ad_progress){.step = step,
                                               .steps = m->steps,
                                               .part = m->scales > 1 || m->follow ? part : NULL,
                                               .metrics = metrics,
                                               .count = m->carried.data ? 5 : 4,
                                               .done = done,
                                               .whole = m->follow ? 0 : whole,
                                               .seconds_left = -1,
                                               .notable = ad_command_json(m->cmd) && !m->follow});
}

static bool after_step(void *user, const style_progress *progress)
{
    style_make *m = user;
    int64_t step = m->step_base + progress->step;
    show(m, progress, step);
    m->last = *progress;
    m->last.step = step;
    m->frame_status = style_frames_step(m, progress->picture, step);
    return !m->frame_status && !ad_command_interrupted(m->cmd);
}

/* Painting i at --style-scale times `side`. */
static ad_status sized_painting(style_make *m, int i, int64_t side, style_pixels *pixels)
{
    int64_t width, height;
    style_fit_size(m->painting[i], llround((double)side * ad_command_real(m->cmd, "style-scale")),
                   &width, &height);
    return style_pixels_resized(pixels, m->ctx, m->painting[i], width, height);
}

/* The first picture, or the last scale's enlarged. */
static ad_status start(style_make *m, const style_pixels *photo, style_pixels *picture)
{
    if (picture->data) {
        ad_image *coarse = NULL;
        ad_status status = style_pixels_to(picture, m->ctx, &coarse);
        style_pixels_free(picture);
        if (!status)
            status = style_pixels_resized(picture, m->ctx, coarse, photo->width, photo->height);
        ad_image_free(coarse);
        return status;
    }
    int init = ad_command_choice(m->cmd, "init");
    if (init == 1)
        return style_pixels_resized(picture, m->ctx, m->painting[0], photo->width, photo->height);
    ad_status status = style_pixels_new(picture, m->ctx, photo->height, photo->width);
    if (status) return status;
    memcpy(picture->data, photo->data, photo->bytes);
    if (init == 2)
        status = style_pixels_noise(picture, m->ctx, (uint64_t)ad_command_int(m->cmd, "seed"));
    return status;
}

ad_status style_make_fits(style_make *m)
{
    const style_scale *last = &m->scale[m->scales - 1];
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(m->ctx);
    ad_node *gradient;
    if (!graph) return AD_ERROR_MEMORY;
    ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, last->height, last->width, 3));
    style_loss loss = style_loss_build(&m->settings, m->weights, image, NULL);
    ad_gradients(loss.total, &image, 1, &gradient);
    ad_status status = ad_compile(&program, m->ctx, (ad_node *[]){loss.total, gradient}, 2,
                                  &m->settings.compile);
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

/* Of a film the paintings are looked at once. */
static ad_status find_targets(style_make *m, const style_pixels *photo, int64_t side)
{
    style_pixels paintings[STYLE_MAX_PAINTINGS] = {{0}};
    style_targets found;
    bool known = m->targets_side == side;
    ad_status status = AD_OK;
    for (int i = 0; i < m->paintings && !known && !status; ++i)
        status = sized_painting(m, i, side, &paintings[i]);
    if (!status)
        status = style_targets_compute(&found, m->ctx, &m->settings, m->weights, photo, paintings,
                                       m->blend, known ? 0 : m->paintings);
    for (int i = 0; i < m->paintings; ++i) style_pixels_free(&paintings[i]);
    if (status) return status;
    if (known) {
        memcpy(found.gram, m->targets.gram, sizeof found.gram);
        memcpy(found.gram_bytes, m->targets.gram_bytes, sizeof found.gram_bytes);
        memset(m->targets.gram, 0, sizeof m->targets.gram);
    }
    style_targets_free(&m->targets);
    m->targets = found, m->targets_side = side;
    return AD_OK;
}

ad_status style_make_paint(style_make *m, style_pixels *picture, style_end *end)
{
    const style_scale *scale = &m->scale[m->at];
    style_pixels photo = {0};
    ad_image *mask = NULL, *shown = NULL;
    int64_t width = scale->width, height = scale->height;
    ad_status status = ad_image_resize(m->ctx, m->photo, width, height, NULL, &shown);
    if (!status)
        status = style_pixels_resized(&photo, m->ctx, m->grey ? m->grey : m->photo, width, height);
    if (!status && m->mask)
        status = ad_image_resize(m->ctx, m->mask, width, height,
                                 &(ad_image_resize_options){.encoded = true}, &mask);
    if (!status) status = find_targets(m, &photo, scale->side);
    if (!status) status = start(m, &photo, picture);
    if (!status) {
        ad_image_free(m->shown_photo);
        m->shown_photo = shown, shown = NULL;
        const style_scene scene = {.photo = &photo,
                                   .mask = mask ? mask->data : NULL,
                                   .before = m->carried.data ? &m->carried : NULL,
                                   .trust = m->trust};
        status = style_optimize(m->ctx, &m->settings, m->weights, &m->targets, &scene, scale->steps,
                                picture, after_step, m, end);
    }
    if (!status) status = m->frame_status;
    ad_image_free(mask);
    ad_image_free(shown);
    style_pixels_free(&photo);
    return status;
}
