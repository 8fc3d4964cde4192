/* pictures_of_job.c - sets of pictures as the data of a system. */
#include "system/job.h"

#include <stdio.h>

ad_status ad_job_read_pictures(ad_job *job, ad_split split, const char *path,
                               const ad_image_set_options *options, const ad_augment *augment,
                               const ad_image_set **out)
{
    ad_image_set **set = &job->inside->pictures[split];
    ad_image_set_options wanted = options ? *options : (ad_image_set_options){0};
    wanted.split = ad_split_name(split);
    if (!wanted.watcher) wanted.watcher = &job->watcher;
    ad_status status = ad_image_set_read(set, job->ctx, path, &wanted);
    *out = *set;
    if (status || !(*set)->count) return status;
    if (!job->data) {
        job->data = path;
        job->fingerprint = (*set)->fingerprint;
        int length = snprintf(job->summary, sizeof job->summary, "%lld pictures of %lld x %lld",
                              (long long)(*set)->count, (long long)(*set)->width,
                              (long long)(*set)->height);
        if ((*set)->classes > 1)
            snprintf(job->summary + length, sizeof job->summary - (size_t)length, " in %d classes",
                     (*set)->classes);
    }
    return ad_image_samples_new(&job->split[split].samples, *set, augment);
}
