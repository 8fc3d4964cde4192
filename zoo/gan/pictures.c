/* pictures.c - the data: pictures of one size, with their classes where those are looked at. */
#include "zoo/gan/measure.h"

#include <string.h>

enum { OTHERWISE_SIDE = 64 };

/* Those that differ in size are made squares, as the reader says then. */
static ad_status read_set(ad_job *job, const gan_data *data, int64_t side, const ad_image_set **set)
{
    const ad_augment centred = {.mean = {0.5, 0.5, 0.5},
                                .deviation = {0.5, 0.5, 0.5}}; /* -1 to 1 */
    const gan_model *m = job->model;
    ad_image_set_options options = {.height = side,
                                    .width = side,
                                    .channels = data->grey ? 1 : 0,
                                    .skip_bad = data->skip_bad,
                                    .loose = !gan_has_classes(m)};
    ad_status status = ad_job_read_pictures(job, AD_SPLIT_TRAIN, data->path, &options, &centred,
                                            set);
    if (status != AD_ERROR_SHAPE || side) return status;
    ad_error_clear(job->ctx);
    options.height = options.width = OTHERWISE_SIDE;
    return ad_job_read_pictures(job, AD_SPLIT_TRAIN, data->path, &options, &centred, set);
}

static ad_status check_set(ad_job *job, const gan_data *data, const gan_batches *batches,
                           const ad_image_set *set)
{
    const gan_model *m = job->model;
    int64_t side = batches->side;
    if (!set->count)
        return ad_error_set(job->ctx, AD_ERROR_NOT_FOUND, "%s: holds no training pictures",
                            data->path);
    if (set->count < batches->rows)
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "%s: holds %lld pictures, fewer than a batch of %lld: --batch says how "
                            "many a step takes",
                            data->path, (long long)set->count, (long long)batches->rows);
    if (side && (set->height != side || set->width != side))
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "--size %lld: files of this kind come as they are, %lld x %lld",
                            (long long)side, (long long)set->width, (long long)set->height);
    if (data->grey && set->channels != 1)
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "--grey: files of this kind come as they are, in colour");
    if (gan_has_classes(m) && set->classes < 2)
        return ad_error_set(job->ctx, AD_ERROR_FORMAT,
                            "%s: holds pictures of one class, \"%s\"; a conditional network wants "
                            "two at least",
                            data->path, set->class_names[0]);
    if (set->height <= GAN_SIDE_MOST && set->width <= GAN_SIDE_MOST) return AD_OK;
    return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                        "%s: pictures of %lld x %lld, and %d a side is the most: --size makes them "
                        "smaller",
                        data->path, (long long)set->width, (long long)set->height, GAN_SIDE_MOST);
}

/* What the sheet shows: the first samples of the run's seed; with classes the same noise as each
 * class, in columns. */
static ad_status plan_sheet(gan *own)
{
    const gan_model *m = own->job.model;
    int64_t classes = m->classes.count, rows = m->height <= 32 && m->breadth <= 32 ? 10 : 6;
    own->columns = (int)(classes && classes < 10 ? classes : classes ? 10 : rows);
    own->pictures = own->columns * (int)(classes ? 8 : rows);
    ad_status status = gan_points_new(&own->job, GAN_ROWS, &own->shown);
    for (int64_t i = 0; i < own->pictures && !status; ++i) {
        int64_t number = 1 + (classes ? i / own->columns : i);
        gan_latent(own->job.part.seed, number, 0, own->shown.z + i * m->latent, m->latent);
        if (classes) own->shown.class[i * classes + i % own->columns] = 1;
    }
    own->job.eval_batch = GAN_ROWS;
    return status;
}

/* The networks that are to look in the end are there. */
static ad_status check_lookers(ad_job *job)
{
    const gan_training *t = ad_job_value(job, &gan_training_record);
    const char *paths[2] = {t->features, t->classifier};
    ad_status status = AD_OK;
    for (int i = 0; i < 2 && t->measured && !status; ++i) {
        const ad_watcher quiet = {0};
        gan_looker looker;
        if (!paths[i]) continue;
        status = gan_look_open(&looker, job->ctx,
                               &(gan_look_options){.path = paths[i],
                                                   .judges = i == 1,
                                                   .pixels = -1,
                                                   .model = job->model,
                                                   .watcher = &quiet});
        gan_look_close(&looker);
    }
    return status;
}

/* A penalty is on the gradient of each picture's own logit, which batch norm mixes with others';
 * and what it stretches the features by is not what spectral norm bounds. */
static bool is_plain(const gan_model *m, const gan_training *t)
{
    return t->r1 > 0 || t->penalty > 0 || m->spectral != GAN_SPECTRAL_NONE ||
           m->kind == GAN_WGAN_GP;
}

static ad_status fit(ad_job *job, int64_t height, int64_t width, int channels, char *const *names,
                     int64_t classes)
{
    gan_model *m = job->model;
    m->height = height, m->breadth = width, m->channels = channels;
    m->plain = is_plain(m, ad_job_value(job, &gan_training_record));
    if (!gan_has_classes(m)) return AD_OK;
    return ad_texts_copy(job->ctx, &m->classes, names, classes);
}

ad_status gan_read(ad_job *job)
{
    const gan_data *data = ad_job_value(job, &gan_data_record);
    const gan_batches *batches = ad_job_value(job, &gan_batches_record);
    const ad_image_set *set = NULL;
    ad_status status = ad_record_check(&gan_training_record, job->ctx, "--",
                                       ad_job_value(job, &gan_training_record));
    if (!status) status = read_set(job, data, batches->side, &set);
    if (!status) status = check_set(job, data, batches, set);
    if (!status)
        status = fit(job, set->height, set->width, set->channels, set->class_names, set->classes);
    if (!status) status = ad_record_check(&gan_model_record, job->ctx, data->path, job->model);
    if (!status) status = check_lookers(job);
    job->batch = batches->rows;
    ((gan *)job)->set = set;
    return status ? status : plan_sheet((gan *)job);
}

/* Pictures of nothing. */
ad_status gan_sketch(ad_job *job)
{
    const gan_batches *batches = ad_job_value(job, &gan_batches_record);
    static char *names[10] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    const gan_model *m = job->model;
    bool convolutions = gan_has_maps(m);
    int64_t side = batches->side ? batches->side : convolutions ? OTHERWISE_SIDE : 28;
    job->batch = batches->rows;
    return fit(job, side, side, convolutions ? 3 : 1, names, 10);
}
