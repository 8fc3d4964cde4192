/* load.c - weights into a store, and what is said about what did not go there. */
#include "system/job.h"
#include "base/context.h"

#include <stdio.h>
#include <string.h>

/* Other parts of a checkpoint, and counts that training frameworks keep, may be left; layers not.
 */
static ad_load_options options_for(const ad_job *job, ad_load_report *report)
{
    return (ad_load_options){.ignore = job->ignore ? job->ignore : "train.",
                             .allow_unused = true,
                             .whole = true,
                             .report = report};
}

/* Files of the bare network lack what all names of ours begin with ("transformer.", of GPT-2
 * without its output): that, in `prefix`, or NULL. */
static const char *lacking_prefix(const ad_vars *vars, const ad_file *file, char prefix[128])
{
    const char *first = NULL;
    size_t length = 0;
    for (int i = 0; i < ad_vars_count(vars); ++i) {
        const ad_variable *v = ad_vars_at(vars, i);
        const char *name = ad_variable_name(v), *dot = strchr(name, '.');
        if (ad_variable_is_buffer(v)) continue;
        if (!first) {
            if (!dot || dot - name > 100) return NULL;
            first = name;
            length = (size_t)(dot - name) + 1;
        } else if (strncmp(name, first, length) != 0) {
            return NULL;
        }
    }
    if (!first || ad_file_find(file, first) >= 0 || ad_file_find(file, first + length) < 0)
        return NULL;
    snprintf(prefix, 128, "%.*s", (int)length, first);
    return prefix;
}

static ad_status adapt(const ad_job *job, ad_file *file)
{
    return job->system->adapt ? job->system->adapt(job, file) : AD_OK;
}

ad_status ad_job_load(const ad_job *job, ad_file *file, ad_vars *vars)
{
    char prefix[128];
    ad_load_report report;
    ad_load_options options = options_for(job, &report);
    ad_status status = adapt(job, file);
    if (!status) options.add = lacking_prefix(vars, file, prefix);
    if (!status) status = ad_vars_load_file(vars, file, options);
    if (!status) ad_load_report_unused(&report, &job->watcher, ad_file_path(file));
    return status;
}

ad_status ad_job_start_from(const ad_job *job, const char *path)
{
    char prefix[128];
    ad_weights_place place;
    ad_load_report report;
    ad_load_options options = options_for(job, &report);
    ad_file *file = NULL;
    options.fitting = true;
    ad_status status = ad_job_find_weights(job, path, &place);
    if (!status) status = ad_job_open_weights(job, &place, &file);
    if (!status) status = adapt(job, file);
    if (!status) options.add = lacking_prefix(job->vars, file, prefix);
    if (!status) status = ad_vars_load_file(job->vars, file, options);
    ad_file_close(file);
    if (status) return status;
    ad_watch_note(&job->watcher, "%d of %d tensors start from %s%s%s", report.loaded,
                  report.variables, place.path, report.unfit ? "; " : "", report.unfit_names);
    if (report.missing > report.unfit)
        ad_watch_note(&job->watcher, "%s: does not have %s", place.path, report.missing_names);
    ad_load_report_unused(&report, &job->watcher, place.path);
    return AD_OK;
}
