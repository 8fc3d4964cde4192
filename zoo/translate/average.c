/* average.c - the mean of the weights of a run's last checkpoints (section 6.1 of the paper: the
 * last 5 of a base network, the last 20 of a big one). */
#include "zoo/translate/translate.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

static int is_step(const struct dirent *entry)
{
    static const char ending[] = ".safetensors";
    size_t length = strlen(entry->d_name), tail = sizeof ending - 1;
    return !strncmp(entry->d_name, "step-", 5) && length > tail &&
           !strcmp(entry->d_name + length - tail, ending);
}

/* Adds a checkpoint's values, [parameters] one variable behind the other. */
static ad_status add_checkpoint(ad_job *job, const char *path, ad_vars *vars, double *sums)
{
    ad_job *one;
    ad_status status = ad_trained_open(&one, job->ctx, job->system, path, NULL);
    if (status) return status;
    status = ad_trained_load(one, vars);
    ad_trained_close(one);
    for (int i = 0; i < ad_vars_count(vars) && !status; ++i) {
        const ad_variable *v = ad_vars_at(vars, i);
        if (ad_variable_is_buffer(v)) continue;
        const float *value = ad_variable_data(vars, v);
        int64_t count = ad_shape_count(ad_variable_shape(v));
        for (int64_t k = 0; k < count; ++k) *sums++ += (double)value[k];
    }
    return status;
}

static ad_status set_means(ad_job *job, ad_vars *vars, const double *sums, int64_t count)
{
    ad_status status = AD_OK;
    for (int i = 0; i < ad_vars_count(vars) && !status; ++i) {
        ad_variable *v = ad_vars_at(vars, i);
        if (ad_variable_is_buffer(v)) continue;
        int64_t size = ad_shape_count(ad_variable_shape(v));
        float *mean = malloc((size_t)(size + 1) * sizeof *mean);
        if (!mean) return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
        for (int64_t k = 0; k < size; ++k) mean[k] = (float)(*sums++ / (double)count);
        status = ad_variable_set(vars, v, mean);
        free(mean);
    }
    return status;
}

static ad_status average(ad_job *job, const char *folder, struct dirent **found, int64_t count,
                         ad_vars *vars)
{
    char path[PATH_BYTES];
    double *sums = calloc((size_t)ad_vars_parameters(vars) + 1, sizeof *sums);
    ad_status status = sums ? AD_OK : ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < count && !status; ++i) {
        int length = snprintf(path, sizeof path, "%s/%s", folder, found[i]->d_name);
        status = length < PATH_BYTES ? add_checkpoint(job, path, vars, sums)
                                     : ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                                                    "%s: the path is too long", folder);
    }
    if (!status) status = set_means(job, vars, sums, count);
    free(sums);
    return status;
}

ad_status translate_average(ad_job *job, ad_vars *vars, int64_t count)
{
    const char *folder = ad_trained_folder(job);
    struct dirent **found = NULL;
    if (count < 1) return AD_OK;
    int there = scandir(folder, &found, is_step, alphasort); /* names rise with the steps */
    ad_status status = AD_OK;
    if (there < count)
        status = ad_error_set(job->ctx, AD_ERROR_NOT_FOUND,
                              "%s: there are %d checkpoints, not the %lld of --average (train with "
                              "--keep %lld)",
                              folder, there < 0 ? 0 : there, (long long)count, (long long)count);
    if (!status) status = average(job, folder, found + there - count, count, vars);
    for (int i = 0; i < there; ++i) free(found[i]);
    free(found);
    return status;
}
