/* image_samples.c - the pictures of a set as rows of batches. */
#include "base/context.h"
#include "data/pictures/augment.h"

typedef struct image_samples {
    ad_samples samples;
    ad_sample_field fields[2];
    ad_augmenter augmenter;
} image_samples;

static void fill(void *user, int64_t index, const ad_draws *draws, void *const *row)
{
    const image_samples *s = user;
    ad_augment_picture(&s->augmenter, draws->seed, draws->position, index, row[2], row[0]);
    *(int32_t *)row[1] = s->augmenter.set->labels[index];
}

static void release(ad_samples *samples)
{
    image_samples *s = samples->user;
    ad_free(s->augmenter.set->ctx, s, sizeof *s);
}

/* Whether it does the same to a picture each time. */
static bool draws_nothing(const ad_augment *o)
{
    return !o->pad && !o->flip && !o->shift && !o->cutout && !(o->brightness > 0) &&
           !(o->contrast > 0) && !(o->saturation > 0) && !(o->rotate > 0) && !(o->scale > 0);
}

ad_status ad_image_samples_new(ad_samples **out, const ad_image_set *set, const ad_augment *augment)
{
    *out = NULL;
    image_samples *s = ad_zalloc(set->ctx, sizeof *s);
    if (!s) return AD_ERROR_MEMORY;
    ad_augmenter_init(&s->augmenter, set, augment ? augment : &(ad_augment){0});
    s->fields[0] = (ad_sample_field){.name = "image",
                                     .dtype = AD_F32,
                                     .shape = ad_shape(set->height, set->width, set->channels)};
    s->fields[1] = (ad_sample_field){.name = "label", .dtype = AD_I32, .padding = -1};
    s->samples = (ad_samples){.count = set->count,
                              .fields = s->fields,
                              .field_count = 2,
                              .fixed = draws_nothing(&s->augmenter.options),
                              .scratch = ad_augment_scratch(&s->augmenter),
                              .fill = fill,
                              .user = s,
                              .release = release};
    *out = &s->samples;
    return AD_OK;
}
