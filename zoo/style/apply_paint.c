/* apply_paint.c - one picture through the network, at the size that the network wants. */
#include "zoo/style/apply.h"
#include "zoo/style/bands.h"

#include <stdlib.h>

void style_apply_drop_program(style_apply *a)
{
    ad_program_free(a->program);
    ad_graph_free(a->graph);
    free(a->input);
    a->program = NULL, a->graph = NULL, a->input = NULL;
}

/* What it paints has the picture's size. */
static ad_status check_size(const style_apply *a)
{
    ad_shape shape = ad_node_shape(a->result);
    ad_status status = ad_graph_status(a->graph);
    if (status) return ad_error_set(a->ctx, status, "%s", ad_graph_error(a->graph));
    if (shape.rank == 4 && shape.dim[1] == a->height && shape.dim[2] == a->width &&
        shape.dim[3] == 3)
        return AD_OK;
    char text[192];
    return ad_error_set(a->ctx, AD_ERROR_SHAPE,
                        "%s: makes %s of a picture of %lld x %lld, expected one of the same size",
                        ad_command_operand(a->cmd, 0), ad_shape_text(shape, text, sizeof text),
                        (long long)a->width, (long long)a->height);
}

static ad_status plan(style_apply *a, int64_t width, int64_t height)
{
    if (a->program && width == a->width && height == a->height) return AD_OK;
    style_apply_drop_program(a);
    a->width = width, a->height = height;
    a->bytes = (size_t)(width * height * 3) * sizeof(float);
    a->input = malloc(a->bytes);
    if (!a->input)
        return ad_error_set(a->ctx, AD_ERROR_MEMORY, "out of memory for a picture of %lld x %lld",
                            (long long)width, (long long)height);
    if (!(a->graph = ad_graph_new(a->ctx))) return AD_ERROR_MEMORY;
    ad_node *x = ad_input(a->graph, "image", AD_F32, ad_shape(1, height, width, 3));
    int64_t styles = a->painter.styles; /* an input, so that others need no other program */
    ad_node *mix = styles > 1 ? ad_input(a->graph, "mix", AD_F32, ad_shape(styles)) : NULL;
    a->result = style_painter_build(&a->painter, x, mix);
    if (!a->result) return ad_error_status(a->ctx);
    ad_status status = check_size(a);
    if (!status) status = ad_compile(&a->program, a->ctx, &a->result, 1, &a->compile);
    if (!status && mix) status = ad_bind(a->program, mix, a->mix, (size_t)styles * sizeof *a->mix);
    return status ? status : ad_bind(a->program, x, a->input, a->bytes);
}

static int64_t up(int64_t x)
{
    int64_t most = x < STYLE_NET_LEAST ? STYLE_NET_LEAST : x;
    return (most + STYLE_NET_MULTIPLE - 1) / STYLE_NET_MULTIPLE * STYLE_NET_MULTIPLE;
}

/* A picture's rows as the network sees them; borders that it needs are mirrored and cut off again.
 */
typedef struct framed {
    const ad_image *photo;
    ad_image *painted;
    int64_t width; /* of a row to the network */
} framed;

static void read_row(void *user, int64_t row, float *to)
{
    const framed *f = user;
    int64_t w = f->photo->width, y = vision_mirrored(row, f->photo->height);
    const float *from = f->photo->data + y * w * 3;
    for (int64_t i = 0; i < w * 3; ++i) to[i] = 255 * from[i];
    for (int64_t x = w; x < f->width; ++x)
        for (int c = 0; c < 3; ++c) to[x * 3 + c] = 255 * from[vision_mirrored(x, w) * 3 + c];
}

static void write_row(void *user, int64_t row, const float *from)
{
    framed *f = user;
    int64_t w = f->painted->width;
    for (int64_t i = 0; row < f->painted->height && i < w * 3; ++i) {
        float v = from[i] / 255;
        f->painted->data[row * w * 3 + i] = v < 0 ? 0 : v > 1 ? 1 : v;
    }
}

static ad_status paint_at_once(style_apply *a, framed *f, const char *path)
{
    for (int64_t y = 0; y < a->height; ++y) read_row(f, y, a->input + y * a->width * 3);
    ad_status status = ad_run(a->program);
    if (!status) status = ad_result_finite(a->program, a->result, path);
    const float *from = status ? NULL : ad_result(a->program, a->result);
    for (int64_t y = 0; from && y < a->height; ++y) write_row(f, y, from + y * a->width * 3);
    return status;
}

/* Where memory does not hold it at once. */
static ad_status paint_in_bands(style_apply *a, framed *f, int64_t height, const char *path)
{
    const style_painter *p = &a->painter;
    style_apply_drop_program(a);
    ad_status status = style_bands_paint(a->ctx, p->vars, &p->form, a->mix, &a->compile, f->width,
                                         height, &(style_rows){f, read_row, write_row});
    if (!status && !a->banded)
        ad_command_note(a->cmd, "%s: was painted in bands: at once it does not fit into memory",
                        path);
    a->banded = true;
    return status;
}

/* What the network makes of a picture. */
static ad_status paint(style_apply *a, const ad_image *photo, const char *path, ad_image **out)
{
    if (a->any)
        return style_any_paint(a->any, photo, path, ad_command_real(a->cmd, "strength"), out);
    int64_t w = up(photo->width), h = up(photo->height);
    bool same = w == a->width && h == a->height;
    if (!same) a->banded = false;
    ad_status status = a->banded ? AD_ERROR_LIMIT : plan(a, w, h);
    framed f = {.photo = photo, .width = w};
    bool bands = status == AD_ERROR_LIMIT && !a->painter.onnx;
    if (status && !bands) return status;
    if ((status = ad_image_new(a->ctx, photo->width, photo->height, 3, &f.painted))) return status;
    *out = f.painted;
    status = bands ? paint_in_bands(a, &f, h, path) : paint_at_once(a, &f, path);
    if (!status) return AD_OK;
    ad_image_free(*out);
    *out = NULL;
    return status;
}

/* Where and how much of it is shown, in whose colours. */
static ad_status mix(style_apply *a, const ad_image *photo, ad_image **painted)
{
    double strength = a->any ? 1 : ad_command_real(a->cmd, "strength"); /* of its features */
    ad_image *mask = NULL, *coloured = NULL;
    ad_status status = AD_OK;
    if (ad_command_flag(a->cmd, "keep-color")) {
        status = ad_image_keep_color(a->ctx, *painted, photo, &coloured);
        if (status) return status;
        ad_image_free(*painted);
        *painted = coloured;
    }
    if (strength == 1 && !a->mask) return AD_OK;
    if (a->mask)
        status = ad_image_resize(a->ctx, a->mask, photo->width, photo->height,
                                 &(ad_image_resize_options){.encoded = true}, &mask);
    for (int64_t i = 0; i < photo->width * photo->height * 3 && !status; ++i) {
        double part = strength * (mask ? mask->data[i / 3] : 1);
        (*painted)->data[i] = (float)(photo->data[i] +
                                      part * ((*painted)->data[i] - photo->data[i]));
    }
    ad_image_free(mask);
    return status;
}

static ad_status fit(style_apply *a, ad_image **image)
{
    ad_image *sized;
    if (!ad_command_given(a->cmd, "size")) return AD_OK;
    ad_status status = ad_image_fit(a->ctx, *image, ad_command_int(a->cmd, "size"), NULL, &sized);
    if (status) return status;
    ad_image_free(*image);
    *image = sized;
    return AD_OK;
}

/* --steady: what is painted, before a mask hides some of it, takes over some of the frame before.
 */
static ad_status steady(style_apply *a, const ad_image *photo, ad_image *painted)
{
    film_before before;
    if (!a->follow) return AD_OK;
    ad_status status = film_follow_begin(a->follow, photo, &before);
    if (status) return status;
    film_before_mix(&before, ad_command_real(a->cmd, "steady"), painted);
    return film_follow_end(a->follow, painted);
}

ad_status style_apply_paint(style_apply *a, ad_image **image, const char *path)
{
    ad_image *painted = NULL;
    ad_status status = fit(a, image);
    if (!status) status = film_masks_next(a->masks, (*image)->width, (*image)->height, &a->mask);
    if (!status) status = paint(a, *image, path, &painted);
    if (!status) status = steady(a, *image, painted);
    if (!status) status = mix(a, *image, &painted);
    if (status) {
        ad_image_free(painted);
        return status;
    }
    ad_image_free(*image);
    *image = painted;
    return AD_OK;
}
