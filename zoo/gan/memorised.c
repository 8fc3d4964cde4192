/* memorised.c - has the generator learnt pictures by heart? A sample is suspicious that is nearer
 * to a training picture than that one's own nearest neighbour among the training pictures: by
 * pixels, of all of them; and by features, of those that were looked at. */
#include "zoo/gan/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t values_of(const gan_measure *e)
{
    const gan_model *m = e->job->model;
    return m->height * m->breadth * m->channels;
}

static ad_status make_room(gan_measure *e, gan_memory *memory)
{
    memory->which = ad_job_array(e->job, e->made.count, sizeof *memory->which);
    memory->ratio = ad_job_array(e->job, e->made.count, sizeof *memory->ratio);
    return memory->which && memory->ratio ? AD_OK : AD_ERROR_MEMORY;
}

/* Squared distances of samples and of the pictures that they are nearest to. */
static void judge(const gan_measure *e, gan_memory *memory, const float *sample, const float *own)
{
    int64_t nearer = 0;
    for (int64_t i = 0; i < e->made.count; ++i) {
        memory->ratio[i] = sqrt((double)sample[i] / fmax((double)own[i], 1e-30));
        nearer += sample[i] < own[i];
    }
    memory->share = (double)nearer / (double)e->made.count;
}

/* ---- by features ---- */

static ad_status by_features(gan_measure *e)
{
    const ad_feature_rows real = gan_feature_rows(e, &e->real),
                          made = gan_feature_rows(e, &e->made);
    gan_memory *memory = &e->by_features;
    float *sample = calloc((size_t)made.count, sizeof *sample),
          *own = calloc((size_t)made.count, sizeof *own);
    ad_status status = make_room(e, memory);
    if (!status && (!sample || !own))
        status = ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory");
    gan_part(e, "nearest pictures by features", gan_pairs_cost(made.count, real.count, real.width),
             1);
    if (!status)
        status = ad_nearest_rows(e->job->ctx, &made, &real, NULL, 1, &e->progress.relay, sample,
                                 memory->which);
    for (int64_t i = 0; i < made.count && !status; ++i)
        own[i] = e->real.nearest[memory->which[i] * e->real.nearest_count];
    memory->count = real.count;
    if (!status) judge(e, memory, sample, own);
    for (int64_t i = 0; i < made.count && !status; ++i)
        memory->which[i] = gan_real_picture(e, memory->which[i]);
    free(sample), free(own);
    return status;
}

/* ---- by pixels ---- */

/* Pictures that are somebody's nearest are asked for their own, each once. */
typedef struct asked {
    unsigned char *pixels; /* [count, values] */
    int64_t *which;        /* [count]: which they are */
    float *own;            /* [count] */
    int64_t *place;        /* [training pictures]: where one is among them; -1: it is not */
    int64_t count;
} asked;

static ad_status ask(const gan_measure *e, const gan_memory *memory, asked *a)
{
    const ad_image_set *set = e->training;
    int64_t values = values_of(e), most = e->made.count < set->count ? e->made.count : set->count;
    a->pixels = malloc((size_t)(most * values)), a->which = malloc((size_t)most * sizeof *a->which);
    a->own = malloc((size_t)most * sizeof *a->own);
    a->place = malloc((size_t)set->count * sizeof *a->place);
    if (!a->pixels || !a->which || !a->own || !a->place)
        return ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory for pictures");
    for (int64_t i = 0; i < set->count; ++i) a->place[i] = -1;
    for (int64_t i = 0; i < e->made.count; ++i) {
        int64_t which = memory->which[i];
        if (a->place[which] >= 0) continue;
        memcpy(a->pixels + a->count * values, set->pixels + which * values, (size_t)values);
        a->place[which] = a->count;
        a->which[a->count++] = which;
    }
    return AD_OK;
}

static ad_status find_own(gan_measure *e, asked *a, const ad_feature_rows *all)
{
    const ad_feature_rows some = {.bytes = a->pixels, .count = a->count, .width = all->width};
    gan_part(e, "their own neighbours", gan_pairs_cost(a->count, all->count, all->width), 1);
    return ad_nearest_rows(e->job->ctx, &some, all, a->which, 1, &e->progress.relay, a->own, NULL);
}

static ad_status by_pixels(gan_measure *e)
{
    const ad_feature_rows all = {.bytes = e->training->pixels,
                                 .count = e->training->count,
                                 .width = values_of(e)},
                          made = {.bytes = e->made.pixels,
                                  .count = e->made.count,
                                  .width = values_of(e)};
    gan_memory *memory = &e->by_pixels;
    asked a = {0};
    float *sample = calloc((size_t)made.count, sizeof *sample),
          *own = calloc((size_t)made.count, sizeof *own);
    ad_status status = make_room(e, memory);
    if (!status && (!sample || !own))
        status = ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory");
    gan_part(e, "nearest pictures", gan_pairs_cost(made.count, all.count, all.width), 1);
    if (!status)
        status = ad_nearest_rows(e->job->ctx, &made, &all, NULL, 1, &e->progress.relay, sample,
                                 memory->which);
    if (!status) status = ask(e, memory, &a);
    if (!status) status = find_own(e, &a, &all);
    for (int64_t i = 0; i < made.count && !status; ++i) own[i] = a.own[a.place[memory->which[i]]];
    memory->count = all.count;
    if (!status) judge(e, memory, sample, own);
    free(sample), free(own);
    free(a.pixels), free(a.which), free(a.own), free(a.place);
    return status;
}

ad_status gan_measure_memory(gan_measure *e)
{
    ad_status status = AD_OK;
    e->by_features.share = NAN; /* of pictures that it was not trained on none is known by heart */
    if (e->split == AD_SPLIT_TRAIN) status = by_features(e);
    return status ? status : by_pixels(e);
}
