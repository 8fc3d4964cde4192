/* class_distances.c - of a network with classes: how far what is made as each class is from its
 * real pictures, beside how far real pictures of two classes are from one another. A distance of a
 * class that is no small part of that says that what is made is not of the class. */
#include "zoo/gan/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of one class, side by side. */
typedef struct members {
    ad_feature_rows rows;
    float *memory;
} members;

static ad_status gather(const gan_measure *e, const gan_looked_at *l, int32_t class, members *out)
{
    int64_t width = e->looker.width, count = 0;
    for (int64_t i = 0; i < l->count; ++i) count += l->class[i] == class;
    out->memory = malloc((size_t)(count * width + 1) * sizeof(float));
    if (!out->memory) return ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory");
    out->rows = (ad_feature_rows){.features = out->memory, .width = width};
    for (int64_t i = 0; i < l->count; ++i)
        if (l->class[i] == class)
            memcpy(out->memory + out->rows.count++ * width, l->features + i * width,
                   (size_t)width * sizeof(float));
    return AD_OK;
}

/* NaN where there are too few. */
static ad_status between(gan_measure *e, const members *a, const members *b, double *distance)
{
    *distance = NAN;
    if (a->rows.count < 2 || b->rows.count < 2) return AD_OK;
    return ad_frechet_distance(e->job->ctx, &a->rows, &b->rows, NULL, distance);
}

static ad_status step(gan_measure *e, int64_t done, int64_t all)
{
    const ad_watcher *relay = &e->progress.relay;
    relay->progress(relay->user, &(ad_progress){.step = done, .steps = all});
    if (!ad_watch_interrupted(&e->watcher)) return AD_OK;
    return ad_error_set(e->job->ctx, AD_ERROR_ARGUMENT, "stopped before all classes were compared");
}

static int rising(const void *a, const void *b)
{
    return ad_compare_numbers(*(const double *)a, *(const double *)b);
}

/* Of real pictures; pairs of which one has too few are left out. */
static ad_status compare_pairs(gan_measure *e, const members *real, int64_t classes, int64_t done,
                               int64_t all)
{
    gan_class_distances *c = &e->classes;
    double *apart = malloc((size_t)(classes * classes) * sizeof *apart), distance;
    int64_t count = 0;
    ad_status status = AD_OK;
    if (!apart) return ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t a = 0; a < classes && !status; ++a)
        for (int64_t b = 0; b < a && !status; ++b) {
            status = between(e, &real[a], &real[b], &distance);
            if (!status && !isnan(distance)) apart[count++] = distance;
            if (!status) status = step(e, ++done, all);
        }
    qsort(apart, (size_t)count, sizeof *apart, rising);
    if (count) c->least = apart[0], c->median = apart[count / 2];
    free(apart);
    return status;
}

/* Made ones beside real ones. */
static ad_status compare_own(gan_measure *e, int32_t class, const members *real)
{
    gan_class_distances *c = &e->classes;
    members made;
    ad_status status = gather(e, &e->made, class, &made);
    if (!status) status = between(e, &made, real, &c->own[class]);
    free(made.memory);
    if (!status) c->worst = fmax(c->worst, c->own[class]); /* which passes NaN over */
    return status;
}

static ad_status compare_classes(gan_measure *e, const members *real, int64_t classes)
{
    bool pairs = classes <= GAN_PAIRED_CLASSES;
    int64_t all = classes + (pairs ? classes * (classes - 1) / 2 : 0);
    ad_status status = AD_OK;
    gan_part(e, "classes", 1e-9 * (double)all * pow((double)e->looker.width, 3), 1);
    for (int64_t i = 0; i < classes && !status; ++i) {
        status = compare_own(e, (int32_t)i, &real[i]);
        if (!status) status = step(e, i + 1, all);
    }
    if (!status && pairs) status = compare_pairs(e, real, classes, classes, all);
    if (!status && !pairs)
        ad_watch_note(&e->watcher,
                      "%lld classes: no two of them are compared with one another; %d are the most",
                      (long long)classes, GAN_PAIRED_CLASSES);
    return status;
}

ad_status gan_measure_classes(gan_measure *e)
{
    int64_t classes = ((const gan_model *)e->job->model)->classes.count;
    members *real = calloc((size_t)classes, sizeof *real);
    e->classes = (gan_class_distances){.worst = NAN, .least = NAN, .median = NAN};
    e->classes.own = ad_job_array(e->job, classes, sizeof(double));
    ad_status status = AD_OK;
    if (!real || !e->classes.own)
        status = ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory for classes");
    for (int64_t i = 0; i < classes && !status; ++i)
        status = gather(e, &e->real, (int32_t)i, &real[i]);
    if (!status) status = compare_classes(e, real, classes);
    for (int64_t i = 0; real && i < classes; ++i) free(real[i].memory);
    free(real);
    return status;
}
