/* measure.c - how like the real pictures the made ones are, in the features of a network, and
 * whether they show what was asked for: pictures into features, features into figures.
 *
 * Made pictures are rounded to bytes, as the files of `gan sample` are and the real ones were. */
#include "zoo/gan/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const gan_model *model_of(const gan_measure *e)
{
    return e->job->model;
}

static int64_t values_of(const gan_measure *e)
{
    const gan_model *m = model_of(e);
    return m->height * m->breadth * m->channels;
}

ad_feature_rows gan_feature_rows(const gan_measure *e, const gan_looked_at *l)
{
    return (ad_feature_rows){.features = l->features, .count = l->count, .width = e->looker.width};
}

int64_t gan_real_picture(const gan_measure *e, int64_t i)
{
    return i * e->set->count / e->real.count;
}

/* ---- looking ---- */

static ad_status make_room(gan_measure *e, gan_looked_at *l, int64_t count)
{
    bool classes = model_of(e)->classes.count > 0;
    l->count = count;
    l->nearest_count = (int)gan_least(AD_NEIGHBOURS_MOST, count - 1);
    l->features = ad_job_array(e->job, count * e->looker.width, sizeof *l->features);
    l->nearest = ad_job_array(e->job, count * l->nearest_count, sizeof *l->nearest);
    if (!l->features || !l->nearest) return AD_ERROR_MEMORY;
    if (l == &e->made) l->pixels = ad_job_array(e->job, count * values_of(e), 1);
    if (e->judge) l->taken = ad_job_array(e->job, count, sizeof *l->taken);
    if (e->judge) l->asked = ad_job_array(e->job, count, sizeof *l->asked);
    if (classes) l->class = ad_job_array(e->job, count, sizeof *l->class);
    bool judged = !e->judge || (l->taken && l->asked);
    return judged && (!classes || l->class) && (l == &e->real || l->pixels) ? AD_OK
                                                                            : AD_ERROR_MEMORY;
}

int32_t gan_find_name(const ad_texts *names, const char *name)
{
    for (int64_t i = 0; i < names->count; ++i)
        if (!strcmp(names->at[i], name)) return (int32_t)i;
    return -1;
}

static void say_class(const gan_measure *e, gan_looked_at *l, int64_t i, const char *name)
{
    if (l->asked) l->asked[i] = gan_find_name(e->judge->classes, name);
    if (l->class) l->class[i] = gan_find_name(&model_of(e)->classes, name);
}

/* Some pictures, by one network: `by` may be a judge alone, whose features are not kept. */
static ad_status look(gan_measure *e, gan_looker *by, gan_looked_at *l, float *unkept)
{
    int64_t values = values_of(e);
    ad_status status = AD_OK;
    unsigned char *shown = l->pixels ? NULL : malloc((size_t)(by->rows * values));
    if (!l->pixels && !shown) return ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t at = 0; at < l->count && !status; at += by->rows) {
        int64_t count = gan_least(by->rows, l->count - at);
        for (int64_t i = 0; shown && i < count; ++i)
            memcpy(shown + i * values, e->set->pixels + gan_real_picture(e, at + i) * values,
                   (size_t)values);
        status = gan_look(by, shown ? shown : l->pixels + at * values, count,
                          unkept ? unkept : l->features + at * by->width,
                          by == e->judge ? l->taken + at : NULL);
        if (!status)
            e->progress.relay.progress(
                &e->progress,
                &(ad_progress){.step = at + count, .steps = l->count, .counted = "pictures"});
        if (!status && ad_watch_interrupted(&e->watcher))
            status = ad_error_set(e->job->ctx, AD_ERROR_ARGUMENT,
                                  "stopped before all were looked at");
    }
    free(shown);
    return status;
}

static ad_status look_by_judge(gan_measure *e, gan_looked_at *l)
{
    if (!e->judge || e->judge == &e->looker) return AD_OK;
    float *unkept = malloc((size_t)(e->judge->rows * e->judge->width) * sizeof *unkept);
    if (!unkept) return ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory");
    gan_part(e, l == &e->real ? "real pictures, classified" : "samples, classified",
             gan_cost_of_looking(e->judge, l->count), 1);
    ad_status status = look(e, e->judge, l, unkept);
    free(unkept);
    return status;
}

static ad_status own_distances(gan_measure *e, gan_looked_at *l)
{
    const ad_feature_rows rows = gan_feature_rows(e, l);
    int64_t *own = malloc((size_t)l->count * sizeof *own);
    if (!own) return ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < l->count; ++i) own[i] = i;
    ad_status status = ad_nearest_rows(e->job->ctx, &rows, &rows, own, l->nearest_count,
                                       &e->progress.relay, l->nearest, NULL);
    free(own);
    return status;
}

static ad_status look_at_real(gan_measure *e)
{
    gan_looked_at *l = &e->real;
    const ad_image_set *set = e->set;
    for (int64_t i = 0; i < l->count; ++i)
        say_class(e, l, i, set->class_names[set->labels[gan_real_picture(e, i)]]);
    bool kept = gan_cache_read(e, &e->looker, l);
    gan_part(e, "real pictures", gan_cost_of_looking(&e->looker, l->count), 1);
    ad_status status = kept ? AD_OK : look(e, &e->looker, l, NULL);
    gan_part(e, "distances of real pictures", gan_pairs_cost(l->count, l->count, e->looker.width),
             1);
    if (!status && !kept) status = own_distances(e, l);
    if (!status && !kept) gan_cache_write(e, &e->looker, l);
    return status ? status : look_by_judge(e, l);
}

/* Rounded to bytes. */
static void keep_made(gan_measure *e, const float *rows, int64_t at, int64_t count)
{
    int64_t values = values_of(e);
    unsigned char *to = e->made.pixels + at * values;
    for (int64_t i = 0; i < count * values; ++i)
        to[i] = (unsigned char)(fminf(1, fmaxf(0, rows[i])) * 255 + 0.5f);
}

static ad_status make_samples(gan_measure *e)
{
    const gan_model *m = model_of(e);
    int64_t classes = m->classes.count;
    gan_points points;
    const float *rows;
    ad_status status = gan_points_new(e->job, GAN_ROWS, &points);
    for (int64_t at = 0; at < e->made.count && !status; at += GAN_ROWS) {
        int64_t count = gan_least(GAN_ROWS, e->made.count - at);
        if (classes) memset(points.class, 0, (size_t)(GAN_ROWS * classes) * sizeof(float));
        for (int64_t i = 0; i < count; ++i) {
            gan_latent(e->seed, at + i + 1, e->truncation, points.z + i * m->latent, m->latent);
            if (!classes) continue;
            points.class[i * classes + (at + i) % classes] = 1;
            say_class(e, &e->made, at + i, m->classes.at[(at + i) % classes]);
        }
        status = gan_make(e->job, &points, 0, count, &rows);
        if (!status) keep_made(e, rows, at, count);
    }
    return status;
}

static ad_status look_at_made(gan_measure *e)
{
    ad_status status = make_samples(e);
    gan_part(e, "samples", gan_cost_of_looking(&e->looker, e->made.count), 1);
    if (!status) status = look(e, &e->looker, &e->made, NULL);
    return status ? status : look_by_judge(e, &e->made);
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

/* Neighbours of real pictures as ad_neighbour_scores wants them: k each. */
static ad_status score_neighbours(gan_measure *e, ad_metrics *metrics)
{
    const ad_feature_rows real = gan_feature_rows(e, &e->real),
                          made = gan_feature_rows(e, &e->made);
    int k = e->neighbours, have = e->real.nearest_count;
    bool known = k <= have;
    ad_neighbour_result n;
    float *nearest = malloc((size_t)(e->real.count * k) * sizeof *nearest);
    if (!nearest) return ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < e->real.count * k && known; ++i)
        nearest[i] = e->real.nearest[i / k * have + i % k];
    gan_part(e, "distances", gan_pairs_cost(made.count, made.count + real.count, e->looker.width),
             2);
    ad_status status = ad_neighbour_scores(e->job->ctx, &real, &made, k, known ? nearest : NULL,
                                           &e->progress.relay, &n);
    free(nearest);
    if (status) return status;
    ad_metrics_add(metrics, "precision", n.precision);
    ad_metrics_add(metrics, "recall", n.recall);
    ad_metrics_add(metrics, "density", n.density);
    ad_metrics_add(metrics, "coverage", n.coverage);
    return AD_OK;
}

static ad_status score_all(gan_measure *e, ad_metrics *metrics)
{
    ad_context *ctx = e->job->ctx;
    const ad_feature_rows real = gan_feature_rows(e, &e->real),
                          made = gan_feature_rows(e, &e->made);
    ad_kernel_result kernel;
    double frechet;
    gan_part(e, "Frechet distance", gan_cost_of_frechet(e), 1);
    ad_status status = ad_frechet_distance(ctx, &real, &made, &e->progress.relay, &frechet);
    gan_part(e, "kernel distance", gan_cost_of_kernel(e), 1);
    if (!status) status = ad_kernel_distance(ctx, &real, &made, NULL, &e->progress.relay, &kernel);
    if (status) return status;
    ad_metrics_add(metrics, "frechet", frechet);
    ad_metrics_add(metrics, "kernel_distance", kernel.distance);
    ad_metrics_add(metrics, "kernel_deviation", kernel.deviation);
    return score_neighbours(e, metrics);
}

static void add_shares(const gan_measure *e, ad_metrics *metrics)
{
    const gan_class_distances *c = &e->classes;
    bool classes = model_of(e)->classes.count > 0;
    if (classes && e->judge)
        ad_metrics_add(metrics, "label_accuracy", gan_share_right(&e->made, -1));
    if (e->judge) ad_metrics_add(metrics, "real_accuracy", gan_share_right(&e->real, -1));
    if (classes) {
        ad_metrics_add(metrics, "class_frechet", c->worst);
        ad_metrics_add(metrics, "classes_apart", c->least);
        ad_metrics_add(metrics, "class_ratio", c->worst / c->least);
    }
    if (!e->training) return;
    ad_metrics_add(metrics, "memorised", e->by_pixels.share);
    ad_metrics_add(metrics, "memorised_features", e->by_features.share);
    if (e->of_unseen.count) ad_metrics_add(metrics, "memorised_unseen", e->of_unseen.share);
    if (e->of_halves.count) ad_metrics_add(metrics, "memorised_halves", e->of_halves.share);
}

/* ---- all of it ---- */

static ad_status read_split(gan_measure *e, ad_split which, const ad_watcher *watcher,
                            ad_image_set **set)
{
    const gan_model *m = model_of(e);
    const gan_data *data = ad_job_value(e->job, &gan_data_record);
    const ad_image_set_options like = {.split = ad_split_name(which),
                                       .height = m->height,
                                       .width = m->breadth,
                                       .channels = (int)m->channels,
                                       .skip_bad = data->skip_bad,
                                       .loose = !gan_has_classes(m),
                                       .watcher = watcher};
    return ad_image_set_read(set, e->job->ctx, data->path, &like);
}

static ad_status read_set(gan_measure *e, ad_split which, ad_image_set **set)
{
    const gan_model *m = model_of(e);
    const gan_data *data = ad_job_value(e->job, &gan_data_record);
    ad_status status = read_split(e, which, &e->watcher, set);
    if (status) return status;
    if (!(*set)->count)
        return ad_error_set(e->job->ctx, AD_ERROR_NOT_FOUND, "%s: has no %s pictures", data->path,
                            ad_split_name(which));
    if ((*set)->height != m->height || (*set)->width != m->breadth ||
        (*set)->channels != m->channels)
        return ad_error_set(e->job->ctx, AD_ERROR_SHAPE,
                            "%s: pictures of %lld x %lld with %d channels; the generator makes "
                            "%lld x %lld with %lld",
                            data->path, (long long)(*set)->width, (long long)(*set)->height,
                            (*set)->channels, (long long)m->breadth, (long long)m->height,
                            (long long)m->channels);
    return AD_OK;
}

/* Those of the test split, where there is one of such pictures. */
static ad_status read_unseen(gan_measure *e)
{
    ad_status status = read_split(e, AD_SPLIT_TEST, &(ad_watcher){0}, &e->unseen);
    const ad_image_set *set = e->unseen, *own = e->set;
    if (status == AD_ERROR_MEMORY || (!status && !set->count)) return status;
    if (status) {
        ad_watch_note(&e->watcher, "%s; samples are not compared with unseen pictures",
                      ad_error(e->job->ctx));
        ad_error_clear(e->job->ctx);
        return AD_OK;
    }
    if (set->height == own->height && set->width == own->width && set->channels == own->channels)
        return AD_OK;
    ad_image_set_free(e->unseen);
    e->unseen = NULL;
    return AD_OK;
}

static ad_status read_sets(gan_measure *e)
{
    ad_status status = read_set(e, e->split, &e->set);
    if (!status && e->split != AD_SPLIT_TRAIN) status = read_set(e, AD_SPLIT_TRAIN, &e->own_set);
    if (!status) status = read_unseen(e);
    e->training = e->own_set ? e->own_set : e->set;
    if (e->count || status) return status;
    e->count = gan_least(e->most ? e->most : GAN_MEASURED, e->set->count);
    if (e->count < GAN_MEASURED_LEAST) e->count = GAN_MEASURED_LEAST;
    return AD_OK;
}

static ad_status open_lookers(gan_measure *e)
{
    const char *features = e->features ? e->features : e->classifier ? e->classifier : "backbone";
    bool same = e->classifier && !strcmp(features, e->classifier);
    gan_look_options o = {.path = features,
                          .judges = same,
                          .layer = e->layer,
                          .pixels = e->pixels,
                          .model = model_of(e),
                          .watcher = &e->watcher};
    ad_status status = gan_look_open(&e->looker, e->job->ctx, &o);
    if (same) e->judge = &e->looker;
    if (status || same || !e->classifier) return status;
    o.path = e->classifier, o.judges = true, o.layer = NULL;
    e->judge = &e->other;
    return gan_look_open(&e->other, e->job->ctx, &o);
}

static void warn_of_few(const gan_measure *e)
{
    int64_t fewer = gan_least(e->real.count, e->made.count);
    if (fewer <= e->looker.width)
        ad_watch_note(&e->watcher,
                      "frechet: %lld pictures are no more than the %lld features of %s: of so few "
                      "the distance is larger than of many, and only to be compared with others of "
                      "as many",
                      (long long)fewer, (long long)e->looker.width, e->looker.name);
}

ad_status gan_measure_run(gan_measure *e, ad_metrics *metrics)
{
    ad_status status = read_sets(e);
    if (!status && e->only_of_enough && e->set->count < GAN_MEASURED_LEAST) {
        ad_watch_note(&e->watcher,
                      "%lld pictures: what is made is not measured beside fewer than %d",
                      (long long)e->set->count, GAN_MEASURED_LEAST);
        return AD_OK;
    }
    if (!status) status = open_lookers(e);
    if (!status) status = make_room(e, &e->real, gan_least(e->count, e->set->count));
    if (!status) status = make_room(e, &e->made, e->count);
    if (status) return status;
    gan_plan_progress(e);
    warn_of_few(e);
    status = look_at_real(e);
    if (!status) status = look_at_made(e);
    if (!status) status = score_all(e, metrics);
    if (!status && e->made.class) status = gan_measure_classes(e);
    if (!status) status = gan_measure_memory(e);
    if (status) return status;
    add_shares(e, metrics);
    return ad_metrics_status(metrics);
}

void gan_measure_free(gan_measure *e)
{
    gan_look_close(&e->looker);
    gan_look_close(&e->other);
    ad_image_set_free(e->set);
    ad_image_set_free(e->own_set);
    ad_image_set_free(e->unseen);
}
