/* work.c - what a verb works with. */
#include "command/state.h"

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
