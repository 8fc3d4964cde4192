/* runs.h - what the verbs about runs share. */
#ifndef AD_CLI_RUNS_H
#define AD_CLI_RUNS_H

#include <autodidact/autodidact.h>

/* "3 min ago", of seconds since 1970. */
const char *ad_cli_age(double written, char *buffer, size_t size);
/* What is monitored and its best, or the result's first number; false: there is neither. */
bool ad_cli_best(const ad_run_info *run, const char **name, double *value);
/* Opens every operand; NULL (reported) on a failure. Free with ad_cli_close_runs. */
ad_run_info **ad_cli_open_runs(ad_command *cmd, int *code);
void ad_cli_close_runs(ad_run_info **runs, int count);

#endif
