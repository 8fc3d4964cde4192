/* runs.c - `autodidact runs ...`: the runs that are there. */
#include "cli/verbs.h"

#include <autodidact/train.h>

static int report(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    if (!ctx) return AD_EXIT_FAILURE;
    for (int i = 0; i < ad_command_operands(cmd); ++i) {
        if (ad_run_report(ctx, ad_command_operand(cmd, i)))
            return ad_command_fail(cmd, "%s", ad_error(ctx));
        ad_command_note(cmd, "wrote %s/report.html", ad_command_operand(cmd, i));
    }
    return AD_EXIT_OK;
}

static const ad_option report_options[] = {AD_OPTION_QUIET, {0}};

const ad_verb ad_cli_runs_report = {
    .system = "runs",
    .name = "report",
    .operands = "RUN...",
    .options = report_options,
    .run = report,
    .summary = "write a run's report.html again",
    .description = "Training writes it at its end and at checkpoints on the way. The page is one "
                   "file that needs no network.",
};
