/* work.c - what a verb works with. */
#include "base/file.h"
#include "base/notes.h"
#include "command/state.h"
#include "record/option_value.h"

#include <stdlib.h>
#include <string.h>

const ad_app *ad_command_app(const ad_command *cmd)
{
    return cmd->app;
}

static void say_note(void *user, const char *sentence)
{
    ad_command_note(user, "%s", sentence);
}

ad_context *ad_command_context(ad_command *cmd)
{
    if (cmd->ctx) return cmd->ctx;
    ad_context_options options = {0};
    if (ad_command_row_named(cmd, "threads", strlen("threads")))
        options.threads = (int)ad_command_int(cmd, "threads");
    const char *expand = getenv("AUTODIDACT_EXPAND_LIMIT");
    int64_t most = 0;
    if (expand && *expand && (!ad_parse_size(expand, &most) || most < 1)) {
        ad_command_usage(
            cmd, "AUTODIDACT_EXPAND_LIMIT: \"%.40s\" is not a number of bytes such as 16G", expand);
        return NULL;
    }
    cmd->ctx = ad_context_new(&options);
    if (!cmd->ctx)
        ad_command_fail(cmd, "out of memory");
    else
        ad_context_set_expand_limit(cmd->ctx, (size_t)most);
    if (cmd->ctx) ad_context_set_notes(cmd->ctx, say_note, cmd);
    return cmd->ctx;
}
