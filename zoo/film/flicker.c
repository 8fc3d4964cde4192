/* flicker.c - see flicker.h. */
#include "zoo/film/flicker.h"

#include <stdlib.h>

struct film_flicker_meter {
    ad_context *ctx;
    film_follow *follow;
    ad_image *source;             /* of the last frame */
    int64_t frames, pairs;        /* that were compared */
    double painted, from, shares; /* sums over pairs; of shares over all pairs */
};

ad_status film_flicker_new(film_flicker_meter **out, ad_context *ctx)
{
    film_flicker_meter *meter = *out = calloc(1, sizeof *meter);
    if (!meter) return ad_error_set(ctx, AD_ERROR_MEMORY, "no memory to measure a film");
    meter->ctx = ctx;
    return film_follow_new(&meter->follow, ctx, NULL);
}

void film_flicker_free(film_flicker_meter *meter)
{
    if (!meter) return;
    film_follow_free(meter->follow);
    ad_image_free(meter->source);
    free(meter);
}

/* The sum of squared differences over trusted pixels. */
static double difference(const ad_image *now, const ad_image *before, const ad_image *trust)
{
    double sum = 0;
    for (int64_t i = 0; i < now->width * now->height; ++i)
        for (int k = 0; trust->data[i] > 0 && k < 3; ++k) {
            double d = (double)now->data[3 * i + k] - (double)before->data[3 * i + k];
            sum += d * d;
        }
    return sum;
}

static ad_status compare(film_flicker_meter *m, const ad_image *painted, const ad_image *source,
                         const film_before *before)
{
    ad_image *warped;
    ad_status status = ad_flow_warp(m->ctx, before->flow, m->source, &warped);
    if (status) return status;
    double pixels = (double)(painted->width * painted->height), trusted = 0;
    for (int64_t i = 0; i < painted->width * painted->height; ++i)
        trusted += (double)before->trust->data[i];
    m->shares += trusted / pixels;
    if (trusted > 0) {
        m->painted += difference(painted, before->painted, before->trust) / (3 * trusted);
        m->from += difference(source, warped, before->trust) / (3 * trusted);
        ++m->pairs;
    }
    ad_image_free(warped);
    return AD_OK;
}

ad_status film_flicker_add(film_flicker_meter *meter, const ad_image *painted,
                           const ad_image *source)
{
    film_before before;
    ad_status status = film_follow_begin(meter->follow, source, &before);
    if (!status && before.painted) status = compare(meter, painted, source, &before);
    if (!status) status = film_follow_end(meter->follow, painted);
    if (status) return status;
    ad_image_free(meter->source);
    ++meter->frames;
    return ad_image_convert(meter->ctx, source, 3, NULL, &meter->source);
}

film_flicker film_flicker_get(const film_flicker_meter *meter)
{
    double pairs = meter->pairs ? (double)meter->pairs : 1;
    return (film_flicker){
        .pairs = meter->pairs,
        .painted = meter->painted / pairs,
        .source = meter->from / pairs,
        .trusted = meter->frames > 1 ? meter->shares / (double)(meter->frames - 1) : 0,
    };
}
