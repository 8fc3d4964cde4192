/* work.c - what a verb works with: its context, and whether it is to go on. */
#include "command/state.h"

#include <signal.h>
#include <string.h>

const ad_app *ad_command_app(const ad_command *cmd)
{
    return cmd->app;
}

ad_context *ad_command_context(ad_command *cmd)
{
    if (cmd->ctx) return cmd->ctx;
    ad_context_options options = {0};
    if (ad_command_row_named(cmd, "threads", strlen("threads")))
        options.threads = (int)ad_command_int(cmd, "threads");
    cmd->ctx = ad_context_new(&options);
    if (!cmd->ctx) ad_command_fail(cmd, "out of memory");
    return cmd->ctx;
}

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

bool ad_command_interrupted(ad_command *cmd)
{
    if (!cmd->catching) {
        /* SA_RESETHAND: the second signal finds the default action, which ends the process. */
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        cmd->catching = true;
    }
    return interrupted;
}
