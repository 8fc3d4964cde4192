/* figures.c - plots as the figures of a run. */
#include "system/job.h"

ad_status ad_job_plot(ad_job *job, const char *name, const ad_plot *plot)
{
    ad_drawing *drawing = NULL;
    ad_status status = ad_plot_new(&drawing, job->ctx, plot);
    if (status) return status;
    const char *svg = ad_drawing_svg(drawing);
    status = svg ? ad_run_figure(job->run, name, svg) : ad_error_status(job->ctx);
    ad_drawing_free(drawing);
    return status;
}
