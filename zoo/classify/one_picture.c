/* one_picture.c - a picture file brought to what a network sees, and what was done to it in words.
 *
 * A network of ours was trained on pictures that were resized to its size, whatever their
 * proportions; one of ImageNet's on the centre of such whose shorter side is 256 or 342. */
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

/* Shorter side and centre, resized as in such networks' trainings. */
static ad_status fit_centre(ad_context *ctx, const classify_model *m, const ad_image *whole,
                            classify_picture *p)
{
    const ad_image_resize_options options = {AD_IMAGE_LINEAR, .encoded = true};
    say(p, "resized to a shorter side of %lld, of which the centre of %lld x %lld is looked at",
        (long long)m->resize, (long long)m->width, (long long)m->height);
    return ad_image_centre(ctx, whole, m->resize, m->width, m->height, &options, &p->image);
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
