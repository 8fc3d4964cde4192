/* runs.c - `autodidact runs ...`: the runs that are there. */
#include "cli/verbs.h"

#include <autodidact/train.h>

static int report(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    int code = ctx ? AD_EXIT_OK : AD_EXIT_FAILURE;
    for (int i = 0; i < ad_command_operands(cmd) && !code; ++i) {
        const char *run = ad_command_operand(cmd, i);
        code = ad_command_check(cmd, ad_run_report(ctx, run));
        if (!code) ad_command_note(cmd, "wrote %s/report.html", run);
    }
    return code;
}

static const ad_option report_options[] = {AD_OPTION_QUIET, {0}};

const ad_verb ad_cli_runs_report = {
    AD_VERB("runs", "report", "RUN...", report_options, report, "write a run's report.html again"),
    .description = "Training writes it at its end and at checkpoints on the way. The page is one "
                   "file that needs no network."};
