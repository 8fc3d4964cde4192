/* follow.c - see follow.h. */
#include "zoo/film/follow.h"

#include <stdlib.h>

struct film_follow {
    ad_context *ctx;
    ad_flow_options options;
    ad_image *source, *painted; /* of the last frame; NULL: there is none */
    ad_image *next;             /* the source of the frame that has begun */
    ad_image *warped, *trust;   /* for it */
    ad_flow *back;
};

ad_status film_follow_new(film_follow **out, ad_context *ctx, const ad_flow_options *options)
{
    film_follow *follow = *out = calloc(1, sizeof *follow);
    if (!follow) return ad_error_set(ctx, AD_ERROR_MEMORY, "no memory to follow a film");
    follow->ctx = ctx;
    if (options) follow->options = *options;
    return AD_OK;
}

static void drop(ad_image **image)
{
    ad_image_free(*image);
    *image = NULL;
}

static void drop_frame(film_follow *f)
{
    drop(&f->next), drop(&f->warped), drop(&f->trust);
    ad_flow_free(f->back);
    f->back = NULL;
}

void film_follow_free(film_follow *follow)
{
    if (!follow) return;
    drop_frame(follow);
    drop(&follow->source), drop(&follow->painted);
    free(follow);
}

static ad_status carry(film_follow *f)
{
    ad_flow *forth = NULL;
    ad_status status = ad_flow_estimate(&f->back, f->ctx, f->next, f->source, &f->options);
    if (!status) status = ad_flow_estimate(&forth, f->ctx, f->source, f->next, &f->options);
    if (!status) status = ad_flow_consistency(f->ctx, f->back, forth, &f->trust);
    if (!status) status = ad_flow_warp(f->ctx, f->back, f->painted, &f->warped);
    ad_flow_free(forth);
    return status;
}

ad_status film_follow_begin(film_follow *follow, const ad_image *source, film_before *before)
{
    *before = (film_before){0};
    drop_frame(follow);
    ad_status status = ad_image_convert(follow->ctx, source, source->channels, NULL, &follow->next);
    if (!status && follow->painted) status = carry(follow);
    if (!status) *before = (film_before){follow->warped, follow->trust, follow->back};
    return status;
}

ad_status film_follow_end(film_follow *follow, const ad_image *painted)
{
    ad_image *copy;
    ad_status status = ad_image_convert(follow->ctx, painted, painted->channels, NULL, &copy);
    if (status) return status;
    drop(&follow->painted), drop(&follow->source);
    follow->painted = copy;
    follow->source = follow->next, follow->next = NULL;
    return AD_OK;
}

void film_before_mix(const film_before *before, double amount, ad_image *image)
{
    int channels = image->channels;
    for (int64_t i = 0; before->painted && i < image->width * image->height; ++i) {
        float share = (float)amount * (before->trust ? before->trust->data[i] : 1);
        for (int k = 0; k < channels; ++k) {
            float *value = &image->data[i * channels + k];
            *value += share * (before->painted->data[i * channels + k] - *value);
        }
    }
}
