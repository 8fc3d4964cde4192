/* runs_opened.c - what the verbs about runs share: opening them, and what they say of one. */
#include "cli/runs.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

ad_run_info **ad_cli_open_runs(ad_command *cmd, int *code)
{
    int count = ad_command_operands(cmd);
    ad_context *ctx = ad_command_context(cmd);
    ad_run_info **runs = ctx ? calloc((size_t)count, sizeof *runs) : NULL;
    *code = AD_EXIT_OK;
    for (int i = 0; i < count && runs && !*code; ++i)
        *code = ad_command_check(cmd, ad_run_info_open(&runs[i], ctx, ad_command_operand(cmd, i)));
    if (!runs) *code = ctx ? ad_command_fail(cmd, "out of memory") : AD_EXIT_FAILURE;
    if (!*code) return runs;
    ad_cli_close_runs(runs, count);
    return NULL;
}

void ad_cli_close_runs(ad_run_info **runs, int count)
{
    for (int i = 0; runs && i < count; ++i) ad_run_info_close(runs[i]);
    free(runs);
}

const char *ad_cli_age(double written, char *buffer, size_t size)
{
    double s = difftime(time(NULL), (time_t)written);
    if (written <= 0)
        snprintf(buffer, size, "-");
    else if (s < 90)
        snprintf(buffer, size, "%.0f s ago", fmax(s, 0));
    else if (s < 5400)
        snprintf(buffer, size, "%.0f min ago", s / 60);
    else if (s < 172800)
        snprintf(buffer, size, "%.0f h ago", s / 3600);
    else
        snprintf(buffer, size, "%.0f days ago", s / 86400);
    return buffer;
}

bool ad_cli_best(const ad_run_info *run, const char **name, double *value)
{
    bool monitored = *run->monitor && !isnan(run->best);
    if (!monitored && !run->result.count) return false;
    *name = monitored ? run->monitor : run->result.at[0].name;
    *value = monitored ? run->best : run->result.at[0].value;
    return !isnan(*value);
}
