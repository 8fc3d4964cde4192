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

static ad_status make_room(gan_measure *e, gan_memory *memory, int64_t count)
{
    memory->which = ad_job_array(e->job, count, sizeof *memory->which);
    memory->ratio = ad_job_array(e->job, count, sizeof *memory->ratio);
    return memory->which && memory->ratio ? AD_OK : AD_ERROR_MEMORY;
}

/* Squared distances of samples and of the pictures that they are nearest to. */
static void judge(gan_memory *memory, int64_t count, const float *sample, const float *own)
{
    int64_t nearer = 0;
    for (int64_t i = 0; i < count; ++i) {
        memory->ratio[i] = sqrt((double)sample[i] / fmax((double)own[i], 1e-30));
        nearer += sample[i] < own[i];
    }
    memory->share = (double)nearer / (double)count;
}

/* ---- by features ---- */

static ad_status by_features(gan_measure *e)
{
    const ad_feature_rows real = gan_feature_rows(e, &e->real),
                          made = gan_feature_rows(e, &e->made);
    gan_memory *memory = &e->by_features;
    float *sample = calloc((size_t)made.count, sizeof *sample),
          *own = calloc((size_t)made.count, sizeof *own);
    ad_status status = make_room(e, memory, made.count);
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
    if (!status) judge(memory, made.count, sample, own);
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
    int64_t *place;        /* [all]: where one is among them; -1: it is not */
    int64_t count;
} asked;

static ad_status ask(const gan_measure *e, const ad_feature_rows *all, const gan_memory *memory,
                     int64_t count, asked *a)
{
    int64_t values = all->width, most = count < all->count ? count : all->count;
    a->pixels = malloc((size_t)(most * values)), a->which = malloc((size_t)most * sizeof *a->which);
    a->own = malloc((size_t)most * sizeof *a->own);
    a->place = malloc((size_t)all->count * sizeof *a->place);
    if (!a->pixels || !a->which || !a->own || !a->place)
        return ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory for pictures");
    for (int64_t i = 0; i < all->count; ++i) a->place[i] = -1;
    for (int64_t i = 0; i < count; ++i) {
        int64_t which = memory->which[i];
        if (a->place[which] >= 0) continue;
        memcpy(a->pixels + a->count * values, all->bytes + which * values, (size_t)values);
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

/* Pictures that were made, or that nobody was trained on, beside all that somebody was. */
static ad_status by_pixels(gan_measure *e, const unsigned char *pixels, int64_t count,
                           const ad_feature_rows *all, const char *part, gan_memory *memory)
{
    const ad_feature_rows some = {.bytes = pixels, .count = count, .width = all->width};
    asked a = {0};
    float *sample = calloc((size_t)count, sizeof *sample),
          *own = calloc((size_t)count, sizeof *own);
    ad_status status = make_room(e, memory, count);
    if (!status && (!sample || !own))
        status = ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory");
    gan_part(e, part, gan_pairs_cost(count, all->count, all->width), 1);
    if (!status)
        status = ad_nearest_rows(e->job->ctx, &some, all, NULL, 1, &e->progress.relay, sample,
                                 memory->which);
    if (!status) status = ask(e, all, memory, count, &a);
    if (!status) status = find_own(e, &a, all);
    for (int64_t i = 0; i < count && !status; ++i) own[i] = a.own[a.place[memory->which[i]]];
    memory->count = all->count;
    if (!status) judge(memory, count, sample, own);
    free(sample), free(own);
    free(a.pixels), free(a.which), free(a.own), free(a.place);
    return status;
}

/* What pictures are like that nobody knows by heart. */

/* Of each `step`-th picture of `pixels`, `count` in all, some that lie evenly among them: [wanted,
 * values], of malloc, or NULL and an error. */
static unsigned char *some_of(const gan_measure *e, const unsigned char *pixels, int64_t step,
                              int64_t count, int64_t wanted)
{
    int64_t values = values_of(e);
    unsigned char *some = malloc((size_t)(wanted * values));
    if (!some) ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory for pictures");
    for (int64_t i = 0; i < wanted && some; ++i)
        memcpy(some + i * values, pixels + i * count / wanted * step * values, (size_t)values);
    return some;
}

static ad_status unseen_by_pixels(gan_measure *e, const ad_feature_rows *all)
{
    int64_t count = gan_least(e->unseen->count, GAN_UNSEEN_MOST);
    unsigned char *some = some_of(e, e->unseen->pixels, 1, e->unseen->count, count);
    if (!some) return AD_ERROR_MEMORY;
    ad_status status = by_pixels(e, some, count, all, "unseen pictures", &e->of_unseen);
    free(some);
    return status;
}

/* Without a test split: every other training picture, as if the rest were all there is. */
static ad_status halves_by_pixels(gan_measure *e, const ad_feature_rows *all)
{
    int64_t half = all->count / 2, count = gan_least(half, GAN_UNSEEN_MOST);
    if (half < 2) return AD_OK;
    unsigned char *some = some_of(e, all->bytes, 2, half, count),
                  *rest = some ? some_of(e, all->bytes + all->width, 2, half, half) : NULL;
    const ad_feature_rows other = {.bytes = rest, .count = half, .width = all->width};
    ad_status status = rest ? by_pixels(e, some, count, &other, "unseen pictures", &e->of_halves)
                            : AD_ERROR_MEMORY;
    free(some), free(rest);
    return status;
}

ad_status gan_measure_memory(gan_measure *e)
{
    const ad_feature_rows all = {
        .bytes = e->training->pixels, .count = e->training->count, .width = values_of(e)};
    ad_status status = AD_OK;
    /* of pictures that it was not trained on none is known by heart */
    e->by_features.share = e->of_unseen.share = e->of_halves.share = NAN;
    if (e->split == AD_SPLIT_TRAIN) status = by_features(e);
    if (!status)
        status = by_pixels(e, e->made.pixels, e->made.count, &all, "nearest pictures",
                           &e->by_pixels);
    if (status) return status;
    return e->unseen && e->unseen->count ? unseen_by_pixels(e, &all) : halves_by_pixels(e, &all);
}
