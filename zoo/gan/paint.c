/* paint.c - pictures of a trained generator, in evaluation form. */
#include "zoo/gan/gan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ad_status gan_bind(ad_job *job)
{
    const gan_model *m = job->model;
    const gan_points *own = &((gan *)job)->shown;
    ad_program *p = job->evaluation.program;
    ad_status status = ad_bind_name(p, "z", own->z,
                                    (size_t)(GAN_ROWS * m->latent) * sizeof *own->z);
    if (status || !own->class) return status;
    return ad_bind_name(p, "class", own->class,
                        (size_t)(GAN_ROWS * m->classes.count) * sizeof *own->class);
}

/* The form has always the same number of rows, because another could choose other kernels. */
ad_status gan_paint_begin(ad_job *job)
{
    ad_status status = gan_points_new(job, GAN_ROWS, &((gan *)job)->shown);
    if (!status) status = ad_trained_build(job, GAN_ROWS, NULL);
    return status ? status : gan_bind(job);
}

static ad_status picture_of(ad_job *job, const float *row, ad_image **picture)
{
    const gan_model *m = job->model;
    ad_status status = ad_image_new(job->ctx, m->breadth, m->height, (int)m->channels, picture);
    if (!status)
        memcpy((*picture)->data, row, (size_t)(m->height * m->breadth * m->channels) * sizeof *row);
    return status;
}

ad_status gan_make(ad_job *job, const gan_points *points, int64_t from, int64_t count,
                   const float **rows)
{
    const gan_model *m = job->model;
    const gan_points *own = &((gan *)job)->shown;
    int64_t classes = m->classes.count;
    memcpy(own->z, points->z + from * m->latent, (size_t)(count * m->latent) * sizeof *own->z);
    if (classes)
        memcpy(own->class, points->class + from * classes,
               (size_t)(count * classes) * sizeof *own->class);
    ad_status status = ad_run(job->evaluation.program);
    if (!status)
        status = ad_result_finite(job->evaluation.program, job->evaluation.result,
                                  "what the generator makes");
    *rows = ad_result(job->evaluation.program, job->evaluation.result);
    return status;
}

ad_status gan_paint(ad_job *job, const gan_points *points, int64_t from, int64_t count,
                    ad_image **picture)
{
    const gan_model *m = job->model;
    const float *rows;
    int64_t done = 0, values = m->height * m->breadth * m->channels;
    ad_status status = gan_make(job, points, from, count, &rows);
    while (!status && done < count) {
        status = picture_of(job, rows + done * values, &picture[done]);
        if (!status) ++done;
    }
    while (status && done > 0) {
        ad_image_free(picture[--done]);
        picture[done] = NULL;
    }
    return status;
}

ad_status gan_paint_sheet(ad_job *job, const gan_points *points, int columns,
                          const char *const *captions, const char *path)
{
    const ad_sheet_options look = {
        .columns = columns, .side = GAN_LOOKED_AT, .gap = captions ? 4 : 0, .captions = captions};
    ad_image **picture = calloc((size_t)points->count, sizeof(ad_image *)), *sheet = NULL;
    ad_status status = picture ? AD_OK : ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < points->count && !status; i += GAN_ROWS) {
        int64_t left = points->count - i;
        status = gan_paint(job, points, i, left < GAN_ROWS ? left : GAN_ROWS, picture + i);
    }
    if (!status)
        status = ad_image_sheet(job->ctx, (const ad_image *const *)picture, (int)points->count,
                                &look, &sheet);
    if (!status) status = ad_image_write(job->ctx, path, sheet, NULL);
    for (int64_t i = 0; picture && i < points->count; ++i) ad_image_free(picture[i]);
    free(picture);
    ad_image_free(sheet);
    return status;
}

ad_status gan_find_class(const ad_job *job, const char *option, const char *name, int64_t *class)
{
    const gan_model *m = job->model;
    const char *path = ad_file_path(ad_trained_file(job));
    char list[320] = "";
    size_t used = 0;
    if (!m->classes.count)
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "%s %s: %s has no classes; it was not trained with --conditional",
                            option, name, path);
    for (*class = 0; *class < m->classes.count; ++*class)
        if (!strcmp(m->classes.at[*class], name)) return AD_OK;
    for (int64_t i = 0; i < m->classes.count && used < sizeof list - 1; ++i)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                                 m->classes.at[i]);
    return ad_error_set(job->ctx, AD_ERROR_NOT_FOUND, "%s %s: is none of the classes of %s: %s%s",
                        option, name, path, list, used < sizeof list ? "" : "...");
}
