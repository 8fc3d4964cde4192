/* messages.c - why a command failed, in a line. */
#include "command/state.h"
#include "command/width.h"

#include <stdarg.h>

/* One line, whatever the sentence holds. What fails after the first is a consequence, and a note.
 */
static void report(ad_command *cmd, const char *format, va_list args)
{
    ad_command_erase_live(cmd);
    fflush(cmd->out);
    if (!cmd->failed) fprintf(cmd->err, "%s: ", cmd->app->name);
    cmd->failed = true;
    ad_print_format(cmd->err, format, args);
    fputc('\n', cmd->err);
}

int ad_command_fail(ad_command *cmd, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(cmd, format, args);
    va_end(args);
    return AD_EXIT_FAILURE;
}

int ad_command_check(ad_command *cmd, ad_status status)
{
    return status ? ad_command_fail(cmd, "%s", ad_error(ad_command_context(cmd))) : AD_EXIT_OK;
}

int ad_command_usage(ad_command *cmd, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(cmd, format, args);
    va_end(args);
    cmd->usage = true;
    return AD_EXIT_USAGE;
}
