/* tuning_folder.h - tuning.h's other half: the copy of the wisdom in a run's folder. */
#ifndef AD_TRAIN_TUNING_FOLDER_H
#define AD_TRAIN_TUNING_FOLDER_H

#include <autodidact/tuning.h>

#include "run/run.h"

/* As ad_tuning_open; where the file `kept` is there (NULL: none), it is read instead, also without
 * --tune and --wisdom. */
int ad_tuning_open_kept(ad_tuning **tuning, ad_command *cmd, const char *kept);
/* The wisdom that the run's programs were compiled with into its folder, and that of all parts; to
 * be called before each checkpoint. Nothing where run->options.tuning is NULL. */
ad_status ad_tuning_keep(ad_run_folder *run);

#endif
