/* systems.h - the systems whose networks the verbs of no system know. */
#ifndef AD_CLI_SYSTEMS_H
#define AD_CLI_SYSTEMS_H

#include <autodidact/system.h>

/* The network that `path` stands for (ad_trained_open), opened by the system that knows it; *job
 * NULL: none does. An error only where that cannot be told, for want of memory. Closed with
 * ad_trained_close. */
ad_status ad_cli_recognise(ad_command *cmd, const char *path, ad_job **job);

/* Why it is no language model, which is what a folder of weights is. */
ad_status ad_cli_why_not(ad_command *cmd, const char *path);

/* The option --dtype of verbs that write weights. */
extern const char ad_cli_dtypes[];
typedef struct ad_cli_dtype {
    const ad_dtype *floats; /* NULL: as they are */
    bool q8_0;
} ad_cli_dtype;
ad_cli_dtype ad_cli_wanted_dtype(ad_command *cmd);

#endif
