/* verbs.h - the verbs that belong to no system. */
#ifndef AD_CLI_VERBS_H
#define AD_CLI_VERBS_H

#include <autodidact/command.h>

extern const ad_verb ad_cli_convert;
extern const ad_verb ad_cli_help;
extern const ad_verb ad_cli_info;
extern const ad_verb ad_cli_onnx_run;
extern const ad_verb ad_cli_runs_compare, ad_cli_runs_export, ad_cli_runs_film, ad_cli_runs_list,
    ad_cli_runs_prune, ad_cli_runs_report, ad_cli_runs_resume, ad_cli_runs_rm, ad_cli_runs_show;
extern const ad_verb ad_cli_version;

/* Of info. */
bool ad_cli_names_set(const char *path); /* a folder or an archive */
int ad_cli_info_set(ad_command *cmd, ad_context *ctx, const char *path);

/* Of convert and runs export, which leave out what only training reads: fails where writing `to`
 * would destroy that of the checkpoint `from`, or a run. */
int ad_cli_check_output(ad_command *cmd, const char *from, const char *to);

#endif
