/* help.c - `autodidact help`: help for a verb, and the forms of the tables that installing needs.
 */
#include "cli/verbs.h"

static int run(ad_command *cmd)
{
    const ad_app *app = ad_command_app(cmd);
    FILE *out = app->out ? app->out : stdout; /* text of our own */
    if (ad_command_flag(cmd, "man"))
        ad_app_manual(app, out);
    else if (ad_command_given(cmd, "completion"))
        ad_app_completion(app, out);
    else
        return ad_command_help(cmd, ad_command_operand(cmd, 0), ad_command_operand(cmd, 1));
    return AD_EXIT_OK;
}

static const ad_option options[] = {
    {"man", 0, AD_OPTION_FLAG, .help = "write the manual page, for man -l"},
    {"completion", 0, AD_OPTION_CHOICE, .choices = "bash",
     .help = "write the completion script for that shell"},
    {0},
};

const ad_verb ad_cli_help = {
    AD_VERB(NULL, "help", "[SYSTEM] [VERB]", options, run, "explain a verb and its options")};
