/* make_film.c - `style make` of a film (Ruder, Dosovitskiy & Brox 2016, "Artistic style transfer
 * for videos"): a frame begins with the painted one before, carried along by the flow between the
 * two frames of the film, and is held to it where the flow is to be trusted. What has come into
 * view is free. */
#include "zoo/style/make.h"

#include <stddef.h>

/* ---- what is given ---- */

int style_make_check(style_make *m, bool *film)
{
    static const char *const of_pictures[] = {"save-every", "animate"}, *const of_films[] = {
                                                                            "from",
                                                                            "to",
                                                                            "fps",
                                                                            "crf",
                                                                            "no-sound",
                                                                            "frame-steps",
                                                                            "temporal-weight"};
    const char *path = ad_command_operand(m->cmd, 0),
               *read[] = {ad_command_text(m->cmd, "mask"), ad_command_text(m->cmd, "weights")};
    int code = ad_command_check(m->cmd, film_is(m->ctx, path, film));
    if (code) return code;
    for (size_t i = 0; *film && i < sizeof of_pictures / sizeof *of_pictures; ++i)
        if (ad_command_given(m->cmd, of_pictures[i]))
            return ad_command_usage(m->cmd, "--%s is for pictures, and %s is a film",
                                    of_pictures[i], path);
    for (size_t i = 0; !*film && i < sizeof of_films / sizeof *of_films; ++i)
        if (ad_command_given(m->cmd, of_films[i]))
            return ad_command_usage(m->cmd, "--%s is for films, and %s is none", of_films[i], path);
    if (!*film) return vision_check_output(m->cmd, read, 2);
    code = vision_check_not_input(m->cmd, read, 2);
    if (code) return code;
    return ad_command_check(m->cmd, ad_film_can_write(m->ctx, ad_command_text(m->cmd, "output")));
}

static int begin(void *user, const ad_film_info *info)
{
    style_make *m = user;
    int code = style_check_size(m->cmd, &m->settings,
                                &(ad_image){.width = info->width, .height = info->height});
    return code ? code : film_masks_begin(m->masks, info);
}

/* ---- a frame ---- */

/* The painted frame before becomes m->carried and the picture that this one begins with. */
static ad_status carry(style_make *m, const film_before *before, style_pixels *picture)
{
    style_pixels_free(&m->carried);
    m->trust = NULL;
    if (!before->painted) return AD_OK;
    ad_status status = style_pixels_from(&m->carried, m->ctx, before->painted);
    if (!status) status = style_pixels_from(picture, m->ctx, before->painted);
    m->trust = before->trust->data;
    return status;
}

/* From the frame before, at the last scale alone. */
static ad_status paint_on(style_make *m, style_pixels *picture, style_end *end)
{
    int64_t steps = ad_command_int(m->cmd, "frame-steps");
    m->at = m->scales - 1, m->step_base = 0;
    m->steps = steps ? steps : (ad_command_int(m->cmd, "steps") + 3) / 4;
    m->scale[m->at].steps = m->steps;
    return style_make_paint(m, picture, end);
}

static ad_status paint(style_make *m, style_pixels *picture)
{
    const style_scale *full = &m->scale[m->scales - 1];
    ad_image *source = NULL, *painted = NULL;
    film_before before;
    style_end end = STYLE_DONE;
    ad_status status = film_masks_next(m->masks, m->photo->width, m->photo->height, &m->mask);
    if (!status)
        status = ad_image_resize(m->ctx, m->photo, full->width, full->height, NULL, &source);
    if (!status) status = film_follow_begin(m->follow, source, &before);
    if (!status) status = carry(m, &before, picture);
    if (!status)
        status = m->carried.data ? paint_on(m, picture, &end) : style_make_scales(m, picture, &end);
    ad_image_free(source);
    /* stopped in a coarse scale there is nothing that the next frame could take over */
    if (status || picture->width != full->width) return status;
    status = style_pixels_to(picture, m->ctx, &painted);
    if (!status) status = film_follow_end(m->follow, painted);
    ad_image_free(painted);
    return status;
}

static ad_status paint_frame(void *user, ad_image **image)
{
    style_make *m = user;
    style_pixels picture = {0};
    ad_status status = style_make_take(m, *image);
    *image = NULL; /* it is the photo now */
    if (!m->frame) style_make_plan(m);
    if (!status) status = paint(m, &picture);
    if (!status) status = style_make_shown(m, &picture, image);
    style_pixels_free(&picture);
    ++m->frame;
    return status;
}

int style_make_film(style_make *m)
{
    int code = ad_command_check(m->cmd, film_follow_new(&m->follow, m->ctx, NULL));
    if (code) return code;
    code = film_frames(m->cmd, ad_command_operand(m->cmd, 0), ad_command_text(m->cmd, "output"),
                       &(film_work){.begin = begin, .frame = paint_frame, .user = m});
    return code ? code : ad_command_check(m->cmd, film_masks_end(m->masks));
}
