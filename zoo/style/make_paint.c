/* make_paint.c - painting at one size, and saving. */
#include "zoo/style/make.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A picture of a coarse scale is enlarged to the size asked for: frames are of one size, and so is
 * what an interrupted run leaves. */
ad_status style_make_save(style_make *m, const style_pixels *picture, const char *path)
{
    ad_image *image = NULL, *coloured = NULL, *enlarged = NULL;
    int64_t width, height;
    style_fit_size(m->photo, ad_command_int(m->cmd, "size"), &width, &height);
    ad_status status = style_pixels_to(picture, m->ctx, &image);
    if (!status && m->grey) status = ad_image_keep_color(m->ctx, image, m->shown_photo, &coloured);
    const ad_image *made = coloured ? coloured : image;
    if (!status && (made->width != width || made->height != height))
        status = ad_image_resize(m->ctx, made, width, height, NULL, &enlarged);
    if (!status) status = ad_image_write(m->ctx, path, enlarged ? enlarged : made, NULL);
    ad_image_free(enlarged);
    ad_image_free(coloured);
    ad_image_free(image);
    return status;
}

/* OUT.png and 40 -> OUT-0040.png */
static void frame_path(char *path, size_t size, const char *output, int64_t step)
{
    const char *dot = strrchr(output, '.');
    snprintf(path, size, "%.*s-%04lld%s", (int)(dot - output), output, (long long)step, dot);
}

static bool after_step(void *user, const style_progress *progress)
{
    style_make *m = user;
    int64_t step = m->step_base + progress->step, every = ad_command_int(m->cmd, "save-every");
    ad_metric metrics[] = {{"loss", progress->total},
                           {"content", progress->content},
                           {"style", progress->style},
                           {"tv", progress->tv}};
    ad_command_step(m->cmd, step, m->steps, metrics, 4);
    m->last = *progress;
    m->last.step = step;
    if (every > 0 && step % every == 0) {
        char path[4096];
        frame_path(path, sizeof path, ad_command_text(m->cmd, "output"), step);
        if ((m->frame_status = style_make_save(m, progress->picture, path))) return false;
    }
    return !ad_command_interrupted(m->cmd);
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

ad_status style_make_fits(style_make *m, int64_t side)
{
    int64_t width, height;
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(m->ctx);
    ad_node *gradient;
    if (!graph) return AD_ERROR_MEMORY;
    style_fit_size(m->photo, side, &width, &height);
    ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, height, width, 3));
    style_loss loss = style_loss_build(&m->settings, m->weights, image, NULL);
    ad_gradients(loss.total, &image, 1, &gradient);
    ad_status status = ad_compile(&program, m->ctx, (ad_node *[]){loss.total, gradient}, 2,
                                  &m->settings.compile);
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

ad_status style_make_paint(style_make *m, int64_t side, int64_t steps, style_pixels *picture,
                           style_end *end)
{
    style_pixels photo = {0}, paintings[STYLE_MAX_PAINTINGS] = {{0}};
    style_targets targets = {0};
    ad_image *mask = NULL, *shown = NULL;
    int64_t width, height;
    style_fit_size(m->photo, side, &width, &height);
    ad_status status = ad_image_resize(m->ctx, m->photo, width, height, NULL, &shown);
    if (!status)
        status = style_pixels_resized(&photo, m->ctx, m->grey ? m->grey : m->photo, width, height);
    for (int i = 0; i < m->paintings && !status; ++i)
        status = sized_painting(m, i, side, &paintings[i]);
    if (!status && m->mask)
        status = ad_image_resize(m->ctx, m->mask, width, height,
                                 &(ad_image_resize_options){.encoded = true}, &mask);
    if (!status)
        status = style_targets_compute(&targets, m->ctx, &m->settings, m->weights, &photo,
                                       paintings, m->blend, m->paintings);
    for (int i = 0; i < m->paintings; ++i) style_pixels_free(&paintings[i]);
    if (!status) status = start(m, &photo, picture);
    if (!status) {
        ad_image_free(m->shown_photo);
        m->shown_photo = shown, shown = NULL;
        status = style_optimize(m->ctx, &m->settings, m->weights, &targets, &photo,
                                mask ? mask->data : NULL, steps, picture, after_step, m, end);
    }
    if (!status) status = m->frame_status;
    style_targets_free(&targets);
    ad_image_free(mask);
    ad_image_free(shown);
    style_pixels_free(&photo);
    return status;
}
