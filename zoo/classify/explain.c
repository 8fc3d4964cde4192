/* explain.c - `autodidact explain classify`: how a training step is planned. */
#include "zoo/classify/classify.h"

#include <stdlib.h>

typedef struct sketch_settings {
    int64_t classes;
} sketch_settings;
static const ad_option sketch_rows[] = {{"classes", 0, AD_OPTION_INT,
                                         AD_AT(sketch_settings, classes), .initial = "10", .min = 2,
                                         .max = 100000, .help = "classes"},
                                        {0}};
static const ad_record sketch_record = {
    .title = "data", .options = sketch_rows, .size = sizeof(sketch_settings)};

/* Colour pictures of nothing. */
ad_status classify_sketch(ad_job *job)
{
    const classify_batches *batches = ad_job_value(job, &classify_batches_record);
    const sketch_settings *s = ad_job_value(job, &sketch_record);
    char **names = malloc((size_t)s->classes * sizeof *names);
    if (!names) return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < s->classes; ++i) names[i] = "class";
    job->batch = batches->rows;
    ad_status status = classify_fit(job->ctx, job->model, batches->side, batches->side, 3, names,
                                    s->classes, NULL, NULL);
    free(names);
    return status;
}

static const ad_record *const explain_records[] = {&classify_model_record, &classify_batches_record,
                                                   &sketch_record, NULL};
static const ad_default explain_defaults[] = {{"model", "resnet20"}, {"size", "32"}, {0}};
const ad_verb classify_explain_verb = {
    AD_VERB("explain", "classify", "", ad_explain_rows, ad_system_explain,
            "how one training step of a classifier is planned"),
    .records = explain_records, .defaults = explain_defaults, .user = &classify_system};
