/* any_paint.c - pictures as the networks want them: paintings at the size they are looked at,
 * photos with borders that are cut off again. */
#include "zoo/style/any_inside.h"

#include <stdio.h>
#include <stdlib.h>

const char *style_any_form(const style_any *any)
{
    return any->form;
}

int64_t style_any_square(const style_any *any)
{
    return any->coded.predict ? STYLE_ONNX_SIDE : 0;
}

bool style_any_has_choice(const style_any *any)
{
    return any->passes > 0;
}

static int64_t up(const style_any *any, int64_t side)
{
    int64_t most = side < any->least ? any->least : side;
    return (most + any->multiple - 1) / any->multiple * any->multiple;
}

/* 0 to 255; sides become what the network takes by what lies beyond them in a mirror. */
static ad_status bordered(const style_any *any, const ad_image *image, style_pixels *out)
{
    int64_t w = image->width, h = image->height;
    ad_status status = style_pixels_new(out, any->ctx, up(any, h), up(any, w));
    for (int64_t i = 0; !status && i < out->height * out->width; ++i) {
        int64_t y = vision_mirrored(i / out->width, h), x = vision_mirrored(i % out->width, w);
        for (int c = 0; c < 3; ++c) out->data[i * 3 + c] = 255 * image->data[(y * w + x) * 3 + c];
    }
    return status;
}

static ad_status without_border(const style_any *any, const style_pixels *pixels, int64_t width,
                                int64_t height, ad_image **out)
{
    ad_status status = ad_image_new(any->ctx, width, height, 3, out);
    for (int64_t i = 0; !status && i < width * height; ++i)
        for (int c = 0; c < 3; ++c) {
            float v = pixels->data[(i / width * pixels->width + i % width) * 3 + c] / 255;
            (*out)->data[i * 3 + c] = v < 0 ? 0 : v > 1 ? 1 : v;
        }
    return status;
}

/* A picture as a predictor looks at it: the middle square. */
static ad_status as_square(const style_any *any, const ad_image *image, style_pixels *out)
{
    ad_image *square;
    ad_status status = ad_image_centre(any->ctx, image, STYLE_ONNX_SIDE, STYLE_ONNX_SIDE,
                                       STYLE_ONNX_SIDE, NULL, &square);
    if (status) return status;
    status = style_pixels_from(out, any->ctx, square);
    ad_image_free(square);
    return status;
}

static ad_status as_painting(const style_any *any, const ad_image *image, style_pixels *out)
{
    ad_image *sized;
    if (any->coded.predict) return as_square(any, image, out);
    ad_status status = ad_image_fit(any->ctx, image, any->options.style_size, NULL, &sized);
    if (status) return status;
    status = bordered(any, sized, out);
    ad_image_free(sized);
    return status;
}

/* For errors. */
typedef struct subject {
    char text[512];
} subject;

static subject made_of(const char *path)
{
    subject s;
    snprintf(s.text, sizeof s.text, "what the network makes of %s", path);
    return s;
}

ad_status style_any_look(style_any *any, const ad_image *painting, const char *path, double part)
{
    style_pixels pixels = {0};
    const subject made = made_of(path);
    const ad_compile_options *compile = &any->options.compile;
    ad_status status = as_painting(any, painting, &pixels);
    for (int i = 0; i < any->passes && !status; ++i)
        status = style_pass_look(&any->pass[i], any->ctx, compile, &pixels, made.text, part);
    if (!status && !any->passes)
        status = style_coded_look(&any->coded, any->ctx, compile, &pixels, made.text, part,
                                  any->coded.code);
    style_pixels_free(&pixels);
    return status;
}

/* What a predictor says of the photo itself, towards which a lesser strength goes. */
static ad_status look_at_photo(style_any *any, const ad_image *photo, const char *path, float **own)
{
    style_pixels pixels = {0};
    *own = calloc((size_t)any->coded.length, sizeof **own);
    if (!*own) return ad_error_set(any->ctx, AD_ERROR_MEMORY, "out of memory for %s", path);
    ad_status status = as_square(any, photo, &pixels);
    if (!status)
        status = style_coded_look(&any->coded, any->ctx, &any->options.compile, &pixels, path, 1,
                                  *own);
    style_pixels_free(&pixels);
    return status;
}

ad_status style_any_paint(style_any *any, const ad_image *photo, const char *path, double strength,
                          ad_image **out)
{
    style_pixels picture = {0};
    float *own = NULL;
    const subject made = made_of(path);
    const ad_compile_options *compile = &any->options.compile;
    ad_status status = AD_OK;
    if (any->coded.predict && strength < 1) status = look_at_photo(any, photo, made.text, &own);
    if (!status) status = bordered(any, photo, &picture);
    for (int i = 0; i < any->passes && !status; ++i)
        status = style_pass_paint(&any->pass[i], any->ctx, compile, &picture, made.text, strength);
    if (!status && !any->passes)
        status = style_coded_paint(&any->coded, any->ctx, compile, &picture, made.text, strength,
                                   own);
    if (!status) status = without_border(any, &picture, photo->width, photo->height, out);
    style_pixels_free(&picture);
    free(own);
    return status;
}
