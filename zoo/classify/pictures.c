/* pictures.c - the data: splits, augmentation, and what the network takes from them. */
#include "zoo/classify/classify.h"

#include <stdio.h>

ad_augment classify_normalisation(const classify_model *m)
{
    ad_augment a = {0};
    for (int c = 0; c < 3; ++c) {
        a.mean[c] = (float)m->mean.at[c];
        a.deviation[c] = (float)m->deviation.at[c];
    }
    return a;
}

static ad_augment augmentation(const ad_job *job)
{
    const classify_augmentation *s = ad_job_value(job, &classify_augmentation_record);
    ad_augment a = classify_normalisation(job->model);
    a.pad = (int)s->crop, a.flip = s->flip, a.shift = (int)s->shift;
    a.rotate = (float)s->rotate, a.scale = (float)s->zoom;
    a.brightness = a.contrast = a.saturation = (float)s->jitter;
    a.cutout = (int)s->cutout;
    return a;
}

/* Nine digits, from which the same floats are read again. */
static ad_status set_three(ad_context *ctx, classify_model *m, const char *name,
                           const float value[3])
{
    char text[96];
    snprintf(text, sizeof text, "%.9g,%.9g,%.9g", value[0], value[1], value[2]);
    return ad_record_set(&classify_model_record, ctx, m, name, text);
}

ad_status classify_set_moments(ad_context *ctx, classify_model *m, const float mean[3],
                               const float deviation[3])
{
    ad_status status = set_three(ctx, m, "mean", mean);
    return status ? status : set_three(ctx, m, "deviation", deviation);
}

ad_status classify_fit(ad_context *ctx, classify_model *m, int64_t height, int64_t width,
                       int channels, char *const *class_names, int64_t classes, const float *mean,
                       const float *deviation)
{
    static const float zeros[3] = {0, 0, 0}, ones[3] = {1, 1, 1};
    const float picture[3] = {(float)height, (float)width, (float)channels};
    m->height = height, m->width = width, m->channels = channels;
    ad_status status = set_three(ctx, m, "picture", picture);
    if (!status)
        status = classify_set_moments(ctx, m, mean ? mean : zeros, deviation ? deviation : ones);
    return status ? status : ad_texts_copy(ctx, &m->classes, class_names, classes);
}

static ad_status make_rows(ad_job *job, ad_split split)
{
    const ad_image_splits *p = &((classifier *)job)->pictures;
    ad_augment augment = split == AD_SPLIT_TRAIN ? augmentation(job)
                                                 : classify_normalisation(job->model);
    if (!p->count[split]) return AD_OK;
    job->split[split].index = p->index[split];
    job->split[split].count = p->count[split];
    return ad_image_samples_new(&job->split[split].samples, p->set[split], &augment);
}

ad_status classify_read(ad_job *job)
{
    const classify_data *data = ad_job_value(job, &classify_data_record);
    const classify_batches *batches = ad_job_value(job, &classify_batches_record);
    ad_image_splits *p = &((classifier *)job)->pictures;
    const ad_image_splits_options options = {.height = batches->side,
                                             .width = batches->side,
                                             .channels = data->grey ? 1 : 0,
                                             .skip_bad = data->skip_bad,
                                             .watcher = &job->watcher,
                                             .validation = data->validation,
                                             .seed = job->part.seed,
                                             .fold = job->part.fold,
                                             .folds = job->part.folds};
    float mean[3], deviation[3];
    ad_status status = ad_image_splits_read(p, job->ctx, data->path, &options);
    if (status) return status;
    const ad_image_set *set = p->set[AD_SPLIT_TRAIN];
    if (set->classes < 2)
        return ad_error_set(job->ctx, AD_ERROR_FORMAT,
                            "%s: holds pictures of one class, \"%s\"; at least two are expected",
                            data->path, set->class_names[0]);
    ad_image_set_statistics(set, p->index[0], p->count[0], mean, deviation);
    status = classify_fit(job->ctx, job->model, set->height, set->width, set->channels,
                          set->class_names, set->classes, mean, deviation);
    for (int i = 0; i < AD_SPLITS && !status; ++i) status = make_rows(job, (ad_split)i);
    snprintf(job->summary, sizeof job->summary, "%lld pictures of %lld x %lld in %s, %d class%s",
             (long long)set->count, (long long)set->width, (long long)set->height,
             set->channels == 3 ? "colour" : "grey", set->classes, set->classes == 1 ? "" : "es");
    job->data = data->path, job->fingerprint = set->fingerprint;
    job->batch = batches->rows;
    job->monitor = set->classes == 2 ? "balanced_accuracy" : "accuracy";
    return status;
}
