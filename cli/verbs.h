/* verbs.h - the verbs that belong to no system. */
#ifndef AD_CLI_VERBS_H
#define AD_CLI_VERBS_H

#include <autodidact/command.h>

extern const ad_verb ad_cli_convert;
extern const ad_verb ad_cli_help;
extern const ad_verb ad_cli_info;
extern const ad_verb ad_cli_version;

#endif
