/* one_picture.c - a picture file brought to what a network sees, and what was done to it in words.
 *
 * A network of ours was trained on pictures that were resized to its size, whatever their
 * proportions; one of ImageNet's on the centre of such whose shorter side is 8/7 of its own. */
#include "zoo/classify/classify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(classify_picture *p, const char *format, ...)
{
    size_t used = strlen(p->done);
    va_list args;
    if (!used) /* what it was comes first */
        snprintf(p->done, sizeof p->done, "%lld x %lld, ", (long long)p->width,
                 (long long)p->height);
    else
        snprintf(p->done + used, sizeof p->done - used, ", ");
    used = strlen(p->done);
    va_start(args, format);
    vsnprintf(p->done + used, sizeof p->done - used, format, args);
    va_end(args);
}

static ad_status crop_centre(ad_context *ctx, const ad_image *from, int64_t width, int64_t height,
                             ad_image **out)
{
    ad_status status = ad_image_new(ctx, width, height, from->channels, out);
    int64_t left = (from->width - width) / 2, top = (from->height - height) / 2;
    for (int64_t y = 0; !status && y < height; ++y)
        memcpy((*out)->data + y * width * from->channels,
               from->data + ((top + y) * from->width + left) * from->channels,
               (size_t)(width * from->channels) * sizeof(float));
    return status;
}

/* Shorter side and centre. */
static ad_status fit_centre(ad_context *ctx, const classify_model *m, const ad_image *whole,
                            classify_picture *p)
{
    ad_image *sized = NULL;
    int64_t side = m->height * 8 / 7, w = whole->width, h = whole->height;
    int64_t width = w < h ? side : (side * w + h / 2) / h;
    int64_t height = w < h ? (side * h + w / 2) / w : side;
    say(p, "resized to %lld x %lld, of which the centre of %lld x %lld is looked at",
        (long long)width, (long long)height, (long long)m->width, (long long)m->height);
    ad_status status = ad_image_resize(ctx, whole, width, height, NULL, &sized);
    if (!status) status = crop_centre(ctx, sized, m->width, m->height, &p->image);
    ad_image_free(sized);
    return status;
}

static ad_status fit(ad_context *ctx, const classify_model *m, const ad_image *whole,
                     classify_picture *p)
{
    if (m->published) return fit_centre(ctx, m, whole, p);
    if (whole->width != m->width || whole->height != m->height)
        say(p, "resized to %lld x %lld%s", (long long)m->width, (long long)m->height,
            whole->width * m->height == whole->height * m->width
                ? ""
                : " without keeping its proportions");
    return ad_image_resize(ctx, whole, m->width, m->height, NULL, &p->image);
}

static void say_colours(const classify_model *m, const ad_image *whole, classify_picture *p)
{
    const ad_image_info *source = &whole->source;
    if (source->channels < 3 && m->channels == 3) say(p, "widened from grey to colour");
    if (source->channels >= 3 && m->channels == 1) say(p, "made grey");
    if (source->channels == 2 || source->channels == 4) say(p, "laid on white");
    if (*whole->note) say(p, "%s", whole->note);
}

ad_status classify_open_picture(ad_context *ctx, const classify_model *m, const char *path,
                                classify_picture *out, float *pixels)
{
    const ad_image_read_options wanted = {.channels = (int)m->channels};
    const ad_augment normalised = classify_normalisation(m);
    ad_image *whole;
    *out = (classify_picture){0};
    ad_status status = ad_image_read(ctx, path, &wanted, &whole);
    if (status) return status;
    out->width = whole->width, out->height = whole->height;
    status = fit(ctx, m, whole, out);
    say_colours(m, whole, out);
    ad_image_free(whole);
    for (int64_t i = 0; !status && i < m->height * m->width * m->channels; ++i) {
        int64_t c = i % m->channels;
        float d = normalised.deviation[c] > 0 ? normalised.deviation[c] : 1;
        pixels[i] = (out->image->data[i] - normalised.mean[c]) / d;
    }
    return status;
}
