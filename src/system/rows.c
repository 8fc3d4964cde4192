/* rows.c - which rows each split has. */
#include "system/job.h"

ad_status ad_job_index(ad_job *job, ad_split split, int64_t count)
{
    ad_split_data *data = &job->split[split];
    data->index = ad_job_array(job, count, sizeof *data->index);
    data->count = data->index ? count : 0;
    return data->index ? AD_OK : AD_ERROR_MEMORY;
}

/* 0 .. count - 1 in an order that follows from the seed. */
static int64_t *shuffled(ad_job *job, int64_t count)
{
    enum { STREAM = 0x524f5753 }; /* "ROWS" */
    int64_t *order = ad_job_array(job, count, sizeof *order);
    for (int64_t i = 0; order && i < count; ++i) {
        int64_t at = ad_random_below(job->part.seed, STREAM, (uint64_t)i, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    return order;
}

/* At least one, where any are wanted. */
static int64_t part_of(int64_t count, double share)
{
    if (!(share > 0) || !count) return 0;
    int64_t part = (int64_t)((double)count * share + 0.5);
    return part < 1 ? 1 : part < count ? part : count;
}

static void give(ad_job *job, ad_split split, ad_samples *samples, int64_t *index, int64_t count)
{
    if (count > 0) job->split[split] = (ad_split_data){samples, index, count};
}

ad_status ad_job_split_rows(ad_job *job, ad_samples *samples, double validation, double test)
{
    const int64_t count = samples->count, fold = job->part.fold, folds = job->part.folds;
    int64_t *order = shuffled(job, count), from = 0, tested = part_of(count, test);
    job->split[AD_SPLIT_TRAIN].samples = samples; /* which the job frees in any case */
    if (!order) return AD_ERROR_MEMORY;
    if (folds > 1) {
        from = count * fold / folds;
        tested = count * (fold + 1) / folds - from;
    }
    /* To the front, by an exchange that keeps them apart: the rows that are tested. */
    for (int64_t i = 0; i < tested; ++i) {
        int64_t row = order[i];
        order[i] = order[from + i];
        order[from + i] = row;
    }
    int64_t validated = part_of(count - tested, validation);
    int64_t trained = count - tested - validated;
    if (trained < 1)
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "%s: of %lld rows, %lld for validation and %lld for testing leave none "
                            "to train on",
                            job->data ? job->data : job->system->name, (long long)count,
                            (long long)validated, (long long)tested);
    give(job, AD_SPLIT_TEST, samples, order, tested);
    give(job, AD_SPLIT_VALIDATION, samples, order + tested, validated);
    give(job, AD_SPLIT_TRAIN, samples, order + tested + validated, trained);
    return AD_OK;
}
