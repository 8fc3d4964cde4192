/* measure.c - how like the real pictures the made ones are, in the features of a classifier, and
 * whether they show what was asked for. */
#include "zoo/gan/gan.h"

#include <math.h>
#include <string.h>

static const gan_model *model_of(const gan_measure *e)
{
    return e->job->model;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- looking ---- */

static ad_status make_room(gan_measure *e, gan_looked_at *l, int64_t count)
{
    l->count = count;
    l->features = ad_job_array(e->job, count * e->looker.width, sizeof *l->features);
    l->taken = ad_job_array(e->job, count, sizeof *l->taken);
    l->asked = ad_job_array(e->job, count, sizeof *l->asked);
    return l->features && l->taken && l->asked ? AD_OK : AD_ERROR_MEMORY;
}

/* The classifier's class of that name, or -1. */
static int32_t class_of(const gan_measure *e, const char *name)
{
    const ad_texts *classes = e->looker.classes;
    for (int64_t i = 0; i < classes->count; ++i)
        if (!strcmp(classes->at[i], name)) return (int32_t)i;
    return -1;
}

static ad_status look(gan_measure *e, gan_looked_at *l, int64_t at, int64_t count)
{
    ad_status status = gan_look(&e->looker, count, l->features + at * e->looker.width,
                                l->taken + at);
    int64_t done = (l == &e->made ? e->real.count : 0) + at + count;
    if (e->watcher.progress)
        e->watcher.progress(e->watcher.user, &(ad_progress){.step = done,
                                                            .steps = e->real.count + e->made.count,
                                                            .counted = "pictures"});
    if (!status && ad_watch_interrupted(&e->watcher))
        status = ad_error_set(e->job->ctx, AD_ERROR_ARGUMENT, "stopped before all were looked at");
    return status;
}

/* Of all pictures evenly. */
static ad_status look_at_real(gan_measure *e)
{
    const ad_image_set *set = e->set;
    int64_t values = e->looker.values;
    ad_status status = AD_OK;
    for (int64_t at = 0; at < e->real.count && !status; at += GAN_ROWS) {
        int64_t count = least(GAN_ROWS, e->real.count - at);
        for (int64_t i = 0; i < count; ++i) {
            int64_t which = (at + i) * set->count / e->real.count;
            const unsigned char *bytes = set->pixels + which * values;
            for (int64_t v = 0; v < values; ++v)
                e->looker.input[i * values + v] = (float)bytes[v] / 255;
            e->real.asked[at + i] = class_of(e, set->class_names[set->labels[which]]);
        }
        status = look(e, &e->real, at, count);
    }
    return status;
}

static ad_status look_at_made(gan_measure *e)
{
    int64_t classes = model_of(e)->classes.count, latent = model_of(e)->latent;
    gan_points points;
    const float *rows;
    ad_status status = gan_points_new(e->job, GAN_ROWS, &points);
    for (int64_t at = 0; at < e->made.count && !status; at += GAN_ROWS) {
        int64_t count = least(GAN_ROWS, e->made.count - at);
        if (classes) memset(points.class, 0, (size_t)(GAN_ROWS * classes) * sizeof(float));
        for (int64_t i = 0; i < count; ++i) {
            gan_latent(e->seed, at + i + 1, e->truncation, points.z + i * latent, latent);
            if (!classes) continue;
            points.class[i * classes + (at + i) % classes] = 1;
            e->made.asked[at + i] = class_of(e, model_of(e)->classes.at[(at + i) % classes]);
        }
        status = gan_make(e->job, &points, 0, count, &rows);
        if (status) break;
        memcpy(e->looker.input, rows, (size_t)(count * e->looker.values) * sizeof *rows);
        status = look(e, &e->made, at, count);
    }
    return status;
}

/* ---- scores ---- */

double gan_share_right(const gan_looked_at *l, int32_t class)
{
    int64_t right = 0, all = 0;
    for (int64_t i = 0; i < l->count; ++i) {
        if (l->asked[i] < 0 || (class >= 0 && l->asked[i] != class)) continue;
        right += l->taken[i] == l->asked[i], ++all;
    }
    return all ? (double)right / (double)all : NAN;
}

double gan_share_taken(const gan_looked_at *l, int32_t class)
{
    int64_t taken = 0;
    for (int64_t i = 0; i < l->count; ++i) taken += l->taken[i] == class;
    return (double)taken / (double)l->count;
}

static ad_status score(gan_measure *e, ad_metrics *metrics)
{
    ad_context *ctx = e->job->ctx;
    const gan_looked_at *r = &e->real, *m = &e->made;
    const ad_feature_rows real = {.features = r->features, .count = r->count, .width = e->looker.width},
                          made = {.features = m->features, .count = m->count, .width = e->looker.width};
    ad_neighbour_result n;
    double frechet;
    ad_status status = ad_frechet_distance(ctx, &real, &made, NULL, &frechet);
    if (!status) status = ad_neighbour_scores(ctx, &real, &made, e->neighbours, NULL, NULL, &n);
    if (status) return status;
    ad_metrics_add(metrics, "frechet", frechet);
    ad_metrics_add(metrics, "precision", n.precision);
    ad_metrics_add(metrics, "recall", n.recall);
    ad_metrics_add(metrics, "density", n.density);
    ad_metrics_add(metrics, "coverage", n.coverage);
    if (model_of(e)->classes.count)
        ad_metrics_add(metrics, "label_accuracy", gan_share_right(&e->made, -1));
    ad_metrics_add(metrics, "real_accuracy", gan_share_right(&e->real, -1));
    return ad_metrics_status(metrics);
}

/* ---- all of it ---- */

static ad_status read_set(gan_measure *e)
{
    const gan_model *m = model_of(e);
    const gan_data *data = ad_job_value(e->job, &gan_data_record);
    const char *split = ad_split_name(e->split);
    const ad_image_set_options like = {.split = split,
                                       .height = m->height,
                                       .width = m->breadth,
                                       .channels = (int)m->channels,
                                       .skip_bad = data->skip_bad,
                                       .loose = !gan_has_classes(m),
                                       .watcher = &e->watcher};
    ad_status status = ad_image_set_read(&e->set, e->job->ctx, data->path, &like);
    if (status) return status;
    if (!e->set->count)
        return ad_error_set(e->job->ctx, AD_ERROR_NOT_FOUND, "%s: has no %s pictures", data->path,
                            split);
    if (e->set->height != m->height || e->set->width != m->breadth ||
        e->set->channels != m->channels)
        return ad_error_set(e->job->ctx, AD_ERROR_SHAPE,
                            "%s: pictures of %lld x %lld with %d channels; the generator makes "
                            "%lld x %lld with %lld",
                            data->path, (long long)e->set->width, (long long)e->set->height,
                            e->set->channels, (long long)m->breadth, (long long)m->height,
                            (long long)m->channels);
    return AD_OK;
}

ad_status gan_measure_run(gan_measure *e, ad_metrics *metrics)
{
    ad_status status = gan_look_open(&e->looker, e->job->ctx, e->classifier, e->job->model,
                                     &e->watcher);
    if (!status) status = read_set(e);
    if (!status) status = make_room(e, &e->real, least(e->count, e->set->count));
    if (!status) status = make_room(e, &e->made, e->count);
    if (!status) status = look_at_real(e);
    if (!status) status = look_at_made(e);
    return status ? status : score(e, metrics);
}

void gan_measure_free(gan_measure *e)
{
    gan_look_close(&e->looker);
    ad_image_set_free(e->set);
}
